"""The diagram of a graph: boxes, edges and frames, before a layout engine arranges them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from math import hypot, isfinite

from autograd_lite import Value
from autograd_lite.fields import static_of
from autograd_lite.graph import partials
from autograd_lite.operations.rules import CODES, RULES
from visualize.model.fold import Group
from visualize.model.nodes import Graph, kind_of
from visualize.model.scopes import Scope

__all__ = ["Box", "Diagram", "Edge", "Frame", "by_group", "by_product", "single"]

PARALLEL = 8
"""The most edges between the same two boxes that are drawn one by one."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from autograd_lite.operations.rules import Rule

    GradOf = Callable[[Value], float]
    Operand = tuple[int, Value | None]


@dataclass(eq=False)
class Box:
    """One node, one product of a dot, or a group of nodes.

    kind        "operation", "parameter", "data", "constant", "group", or "outside" for an operation
                that is drawn only because others use it
    title       the label of a node, or the name of the group
    operation   the symbol of the operation that made the node, "" if none did
    low, data   the range of a group's numbers, constants aside; of a node both are its number
    grad        the gradient of a node; of a group their Euclidean norm, constants aside
    members     the nodes in the box; none of a product
    rule        the operation's rule, None if it was written by hand
    static      the rule's parameter c
    operands    (box, node) of each operand: the index of the box that it lies in, and the node in
                it, None for a product; () for several nodes and for operations outside the picture
    times       how often the box has the structure that the title names
    parameters  how many parameters a collapsed scope has
    frame       the index of the innermost frame around the box, if any
    wrong       True if a check or a computation went wrong at a node in the box
    shape       how many numbers a tensor has along each axis; () of what is none
    """

    kind: str
    title: str
    operation: str
    low: float
    data: float
    grad: float
    members: Sequence[Value] = ()
    rule: Rule | None = None
    static: float = 0.0
    operands: Sequence[Operand] = ()
    times: int = 1
    parameters: int = 0
    frame: int | None = None
    wrong: bool = False
    shape: tuple[int, ...] = ()

    @property
    def size(self) -> int:
        """How many nodes the box stands for, 1 for a product."""
        return len(self.members) or 1

    @property
    def finite(self) -> bool:
        """True if no number in the box is inf or nan."""
        return isfinite(self.low) and isfinite(self.data) and isfinite(self.grad)


@dataclass(eq=False)
class Edge:
    """A line from a parent's box to its user's box.

    parent, user  the indices of the boxes
    partial       the local partial, None if it is unknown or if the line is several edges
    operand       the index of the parent among the user's operands, of a single edge
    count         how many edges of the graph the line stands for
    """

    parent: int
    user: int
    partial: float | None
    operand: int = 0
    count: int = 1


@dataclass(eq=False)
class Frame:
    """A frame around the boxes of an open scope; outer is the index of the frame around this."""

    title: str
    outer: int | None


@dataclass(eq=False)
class Diagram:
    """Boxes in topological order, parents before their users; edges in the order of their users."""

    boxes: list[Box] = field(default_factory=list)
    edges: list[Edge] = field(default_factory=list)
    frames: list[Frame] = field(default_factory=list)

    def add(self, box: Box, sources: Iterable[tuple[int, int, float | None]] = ()) -> int:
        """Add a box and its edges, each (operand, parent, partial), and return the box's index."""
        i = len(self.boxes)
        self.boxes.append(box)
        self.edges += (Edge(parent, i, partial, k) for k, parent, partial in sources)
        return i


def single(node: Value, grad: float, label: str) -> Box:
    """The box of one node."""
    kind, rule, static = kind_of(node), node.rule, static_of(node)
    return Box(kind, label, node._op, node.data, node.data, grad, (node,), rule, static)


def _sources(node: Value, graph: Graph, measured: bool) -> list[tuple[int, Value, float | None]]:
    """(operand, parent, partial) of each edge to a node.

    The partial is None with respect to a plain number, and where it could only be measured while
    `measured` is False. An operation written by hand has one edge from each parent, as only the sum
    of the partials with respect to a parent is known.
    """
    parents = graph.parents(node)
    if node.rule is not None or node.is_leaf:
        recorded: list[float | None] = [*node.partials]
        recorded += [None] * (len(parents) - len(recorded))
        return list(zip(range(len(parents)), parents, recorded, strict=True))
    first: dict[Value, tuple[int, float | None]] = {}
    known = partials(node) if measured else [None] * len(parents)
    for k, (parent, partial) in enumerate(zip(parents, known, strict=True)):
        first.setdefault(parent, (k, partial))
    return [(k, parent, partial) for parent, (k, partial) in first.items()]


def _several(group: Group, grad_of: GradOf, graph: Graph) -> Box:
    """The box of several nodes, or of a single one that has the title of its group."""
    nodes = group.nodes
    # A constant does not change, and nobody asks for its gradient.
    counted = [node for node in nodes if not node.is_constant] or nodes
    numbers = [node.data for node in counted]
    nans = [x for x in numbers if x != x]  # min and max would miss them
    kinds = Counter(map(kind_of, nodes))
    leaves = not group.collapsed and kinds.keys() != {"operation"}
    name = _common_name(map(graph.label, nodes)) if leaves and not group.shape else ""
    alone = len(nodes) == 1
    box = Box(
        min(kinds) if leaves else "group",
        (name or group.title) + _times(group.times),
        nodes[0]._op if alone else "",
        nans[0] if nans else min(numbers),
        nans[0] if nans else max(numbers),
        grad_of(nodes[0]) if alone else hypot(*map(grad_of, counted)),
        nodes,
        times=group.times,
        parameters=kinds["parameter"] if group.collapsed else 0,
        shape=group.shape,
    )
    if alone:
        box.rule, box.static = nodes[0].rule, static_of(nodes[0])
    return box


def _common_name(labels: Iterable[str]) -> str:
    """W of W[0][0], W[0][1] and so on; "" if they are not all of one name."""
    names = {label.partition("[")[0] for label in labels}
    return names.pop() if len(names) == 1 else ""


# --------------------------------------------------------------------------------- groups


def by_group(groups: Sequence[Group], grad_of: GradOf, graph: Graph, *, measured: bool) -> Diagram:
    """A box for each group, and a line for the edges between the nodes of two groups.

    groups    in topological order; a single node that is not collapsed is drawn as itself
    grad_of   the function that gives the gradient of a node
    measured  True if a `_backward` written by hand is to be run for its partials
    """
    diagram = Diagram()
    index = {node: i for i, group in enumerate(groups) for node in group.nodes}
    frames: dict[Scope, int] = {}
    folded = _scopes_in_frames(groups)
    for i, group in enumerate(groups):
        node = group.nodes[0]
        alone = len(group.nodes) == 1
        if alone and not group.collapsed:
            box = single(node, grad_of(node), graph.label(node))
        else:
            box = _several(group, grad_of, graph)
        box.frame = _frame(diagram, frames, group.scope)
        diagram.add(box)
        if group.outside:
            if not node.is_leaf:
                box.kind = "outside"
            continue
        parents = [index[x] for member in group.nodes for x in graph.parents(member)]
        box.operands = list(zip(parents, graph.parents(node), strict=True)) if alone else ()
        known = {k: p for k, _, p in _sources(node, graph, measured)} if alone else {}
        times = Counter(parents)
        merged: set[int] = set()
        for k, parent in enumerate(parents):
            if parent == i:
                continue
            if alone and len(groups[parent].nodes) == 1 and times[parent] <= PARALLEL:
                if k in known:
                    diagram.edges.append(Edge(parent, i, known[k], k))
            elif parent not in merged:
                merged.add(parent)
                diagram.edges.append(Edge(parent, i, None, count=times[parent]))
    for scope, f in frames.items():
        diagram.frames[f].title += _times(len(folded[scope]))
    return diagram


def _times(n: int) -> str:
    return f" × {n:,}" if n > 1 else ""


def _scopes_in_frames(groups: Sequence[Group]) -> dict[Scope, set[Scope]]:
    """For each open scope, all scopes that its frame stands for, itself among them."""
    alike: dict[Scope, set[Scope]] = {}
    for group in groups:
        if group.scope is not None:
            for k, scope in enumerate(group.scope.path):
                paths = (part.scope.path for part in group.parts or [group] if part.scope)
                others = (path[k] for path in paths if len(path) > k)
                own = (other for other in others if other.title == scope.title)
                alike.setdefault(scope, set()).update(own)
    return alike


def _frame(diagram: Diagram, frames: dict[Scope, int], scope: Scope | None) -> int | None:
    """The index of the frame of an open scope; makes that frame, and those around it, if new."""
    if scope is None:
        return None
    if scope not in frames:
        outer = _frame(diagram, frames, scope.outer)
        diagram.frames.append(Frame(scope.title, outer))
        frames[scope] = len(diagram.frames) - 1
    return frames[scope]


# -------------------------------------------------------------------------------- products


def by_product(
    graph: Graph, grad_of: GradOf, owner: Mapping[Value, Scope], *, measured: bool
) -> Diagram:
    """A box for each node, and one for each product that a dot adds up.

    owner     the innermost scope around each node
    measured  True if a `_backward` written by hand is to be run for its partials
    """
    diagram = Diagram()
    frames: dict[Scope, int] = {}
    index: dict[Value, int] = {}
    for node in graph.nodes:
        box = single(node, grad_of(node), graph.label(node))
        box.frame = _frame(diagram, frames, owner.get(node))
        box.operands = [(index[x], x) for x in graph.parents(node)]
        sources = [(k, index[x], p) for k, x, p in _sources(node, graph, measured)]
        if node.rule is not None and node.rule.pairs:
            products = [diagram.add(*made) for made in _products(diagram, box, sources)]
            box.operation, box.rule = "sum", RULES[CODES["sum"]]
            box.operands = [(product, None) for product in products]
            sources = [(k, product, 1.0) for k, product in enumerate(products)]
        index[node] = diagram.add(box, sources)
    return diagram


def _products(
    diagram: Diagram, dot: Box, sources: Sequence[tuple[int, int, float | None]]
) -> Iterable[tuple[Box, list[tuple[int, int, float | None]]]]:
    """The box of each product of a dot, and the sources of its two edges."""
    half = len(sources) // 2
    numbers = dot.members[0].partials  # the partial with respect to x is the number of y
    for k, ((_, x, dx), (_, y, dy)) in enumerate(zip(sources[:half], sources[half:], strict=True)):
        left = numbers[half + k] if half + k < len(numbers) else diagram.boxes[x].data
        out = left * numbers[k]
        product = Box("operation", "", "*", out, out, dot.grad, rule=RULES[CODES["mul"]])
        product.operands = [(i, diagram.boxes[i].members[0]) for i in (x, y)]
        product.frame = dot.frame
        yield product, [(0, x, dx), (1, y, dy)]
