"""What a picture shows: boxes and edges, before any of it has a place on the page."""

from __future__ import annotations

from collections import Counter
from math import hypot, isfinite

from autograd_lite import Value
from autograd_lite.graph import partials
from autograd_lite.operations.rules import CODES, RULES
from autograd_lite.value import static_of
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


class Box:
    """One node, one product of a dot, or a group of nodes.

    kind       "operation", "parameter", "data", "constant", "group", or "outside" for an operation
               that is there only because others use it
    title      the label of a node, or what the group is called
    operation  the symbol of the operation, "" if none made it
    rule       its rule, None if it was made by hand; static is the rule's parameter c
    operands   what it was made of: the box that each lies in, and which of its nodes it is, None
               for a product; () for several nodes and for what is made outside the picture
    low, data  the range of a group's numbers, constants aside; of a node both are its number
    grad       the gradient of a node, the Euclidean norm of those of a group, constants aside
    members    the nodes it stands for; none if it is a product
    times      how often what the title says is there
    parameters  how many there are in a collapsed scope
    frame      the index of the open scope around it
    wrong      whether it has the node where a check or a computation went wrong
    """

    def __init__(
        self,
        kind: str,
        title: str,
        operation: str,
        data: float,
        grad: float,
        members: Sequence[Value] = (),
        *,
        low: float | None = None,
        times: int = 1,
        parameters: int = 0,
    ) -> None:
        self.kind, self.title, self.operation = kind, title, operation
        self.data, self.grad, self.members = data, grad, members
        self.low = data if low is None else low
        self.rule: Rule | None = None
        self.static = 0.0
        self.operands: Sequence[Operand] = ()
        self.times, self.parameters = times, parameters
        self.frame: int | None = None
        self.wrong = False

    @property
    def size(self) -> int:
        """How many nodes it stands for, 1 for a product."""
        return len(self.members) or 1

    @property
    def finite(self) -> bool:
        """Whether no number in it is inf or nan."""
        return isfinite(self.low) and isfinite(self.data) and isfinite(self.grad)


class Edge:
    """From a parent's box to its user's box, for `count` edges of the graph.

    operand  which operand of the user the parent is, if it is one edge with a partial
    """

    def __init__(
        self, parent: int, user: int, partial: float | None, operand: int = 0, count: int = 1
    ) -> None:
        self.parent, self.user, self.partial, self.count = parent, user, partial, count
        self.operand = operand


class Frame:
    """A scope that is open: a frame around its boxes, within an outer one."""

    def __init__(self, title: str, outer: int | None) -> None:
        self.title, self.outer = title, outer


class Diagram:
    """Boxes in topological order, parents before their users; edges in their users' order."""

    def __init__(self) -> None:
        self.boxes: list[Box] = []
        self.edges: list[Edge] = []
        self.frames: list[Frame] = []

    def add(self, box: Box, sources: Iterable[tuple[int, int, float | None]] = ()) -> int:
        """Add a box and the edges to it, from (operand, parent, partial) of each; its index."""
        i = len(self.boxes)
        self.boxes.append(box)
        self.edges += (Edge(parent, i, partial, k) for k, parent, partial in sources)
        return i


def single(node: Value, grad: float, label: str) -> Box:
    """The box of one node, which is called by its label."""
    box = Box(kind_of(node), label, node._op, node.data, grad, (node,))
    box.rule, box.static = node.rule, static_of(node)
    return box


def _sources(node: Value, graph: Graph, measured: bool) -> list[tuple[int, Value, float | None]]:
    """(operand, parent, partial) of each edge to a node.

    The partial is None if it would have to be measured and is not to be, and by a plain number.
    Of an operation written by hand only the sum of its partials by one parent is known, so it has
    one edge from each.
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
    """The box of a group of nodes, or of one that is called as the group."""
    nodes = group.nodes
    # A constant neither changes nor has a gradient that anybody asks for.
    counted = [node for node in nodes if not node.is_constant] or nodes
    numbers = [node.data for node in counted]
    nans = [x for x in numbers if x != x]  # which min and max would miss
    kinds = {kind_of(node) for node in nodes}
    leaves = not group.collapsed and kinds != {"operation"}
    name = _common_name(map(graph.label, nodes)) if leaves else ""
    alone = len(nodes) == 1
    box = Box(
        min(kinds) if leaves else "group",
        (name or group.title) + _times(group.times),
        nodes[0]._op if alone else "",
        nans[0] if nans else max(numbers),
        grad_of(nodes[0]) if alone else hypot(*map(grad_of, counted)),
        nodes,
        low=nans[0] if nans else min(numbers),
        times=group.times,
        parameters=sum(kind_of(node) == "parameter" for node in nodes) if group.collapsed else 0,
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
    """A box for each group, edges between two for those that run between their nodes.

    groups    in topological order; one that stands for a single node is drawn as that node
    measured  whether a `_backward` written by hand is run for its partials
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
        partials = {k: p for k, _, p in _sources(node, graph, measured)} if alone else {}
        times = Counter(parents)
        merged: set[int] = set()
        for k, parent in enumerate(parents):
            if parent == i:
                continue
            if alone and len(groups[parent].nodes) == 1 and times[parent] <= PARALLEL:
                if k in partials:
                    diagram.edges.append(Edge(parent, i, partials[k], k))
            elif parent not in merged:
                merged.add(parent)
                diagram.edges.append(Edge(parent, i, None, count=times[parent]))
    for scope, f in frames.items():
        diagram.frames[f].title += _times(len(folded[scope]))
    return diagram


def _times(n: int) -> str:
    return f" × {n:,}" if n > 1 else ""


def _scopes_in_frames(groups: Sequence[Group]) -> dict[Scope, set[Scope]]:
    """The scopes that the frame of an open scope stands for, itself among them."""
    alike: dict[Scope, set[Scope]] = {}
    for group in groups:
        if group.scope is not None:
            for k, scope in enumerate(group.scope.path):
                others = (other.path[k] for other in group.scopes if len(other.path) > k)
                own = (other for other in others if other.title == scope.title)
                alike.setdefault(scope, set()).update(own)
    return alike


def _frame(diagram: Diagram, frames: dict[Scope, int], scope: Scope | None) -> int | None:
    """The frame of an open scope, and those around it."""
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

    owner     the innermost open scope around each node
    measured  whether a `_backward` written by hand is run for its partials
    """
    diagram = Diagram()
    frames: dict[Scope, int] = {}
    index: dict[Value, int] = {}
    for node in graph.nodes:
        box = single(node, grad_of(node), graph.label(node))
        box.frame = _frame(diagram, frames, owner.get(node))
        box.operands = [(index[x], x) for x in graph.parents(node)]
        sources = [(k, index[x], p) for k, x, p in _sources(node, graph, measured)]
        if node.rule is not None and node.rule.name == "dot":
            products = [diagram.add(*made) for made in _products(diagram, box, sources)]
            box.operation, box.rule = "sum", RULES[CODES["sum"]]
            box.operands = [(product, None) for product in products]
            sources = [(k, product, 1.0) for k, product in enumerate(products)]
        index[node] = diagram.add(box, sources)
    return diagram


def _products(
    diagram: Diagram, dot: Box, sources: Sequence[tuple[int, int, float | None]]
) -> Iterable[tuple[Box, list[tuple[int, int, float | None]]]]:
    """Each product of a dot: its box, and its two sources."""
    half = len(sources) // 2
    numbers = dot.members[0].partials  # of the other side
    for k, ((_, x, dx), (_, y, dy)) in enumerate(zip(sources[:half], sources[half:], strict=True)):
        left = numbers[half + k] if half + k < len(numbers) else diagram.boxes[x].data
        product = Box("operation", "", "*", left * numbers[k], dot.grad)
        product.rule, product.frame = RULES[CODES["mul"]], dot.frame
        product.operands = [(i, diagram.boxes[i].members[0]) for i in (x, y)]
        yield product, [(0, x, dx), (1, y, dy)]
