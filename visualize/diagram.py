"""What a picture shows: boxes and edges, before any of it has a place on the page."""

from __future__ import annotations

from collections import Counter
from math import hypot, isfinite

from autograd_lite import Value
from visualize.calls import Call
from visualize.fold import Group
from visualize.graph import kind_of, partials_of, sides_of

__all__ = ["Box", "Diagram", "Edge", "Frame", "by_group", "by_product", "single"]

PARALLEL = 8
"""The most edges between the same two boxes that are drawn one by one."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    GradOf = Callable[[Value], float]


class Box:
    """One node, one product of a dot, or a group of nodes.

    kind       "operation", "parameter", "data", "constant", "group", or "outside" for an operation
               that is there only because others use it
    title      the label of a node, or what the group is called
    operation  the symbol of the operation, "" if none made it
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
    """From a parent's box to its user's box, for `count` edges of the graph."""

    def __init__(self, parent: int, user: int, partial: float | None, count: int = 1) -> None:
        self.parent, self.user, self.partial, self.count = parent, user, partial, count


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

    def add(self, box: Box, sources: Iterable[tuple[int, float | None]] = ()) -> int:
        """Add a box and the edges to it, from (parent, partial); its index."""
        i = len(self.boxes)
        self.boxes.append(box)
        self.edges += (Edge(parent, i, partial) for parent, partial in sources)
        return i


def single(node: Value, grad: float) -> Box:
    """The box of one node."""
    return Box(kind_of(node), node.label, node._op, node.data, grad, (node,))


def _partials(node: Value, measured: bool) -> Sequence[float | None]:
    """The partials of a node, each None if it would have to be measured and is not to be."""
    by_hand = node.rule is None and not node.is_leaf
    return partials_of(node) if measured or not by_hand else (None,) * len(node.parents)


def _several(group: Group, grad_of: GradOf) -> Box:
    """The box of a group of nodes."""
    nodes = group.nodes
    # A constant neither changes nor has a gradient that anybody asks for.
    counted = [node for node in nodes if not node.is_constant] or nodes
    numbers = [node.data for node in counted]
    nans = [x for x in numbers if x != x]  # which min and max would miss
    kinds = {kind_of(node) for node in nodes}
    leaves = not group.collapsed and kinds != {"operation"}
    name = _common_name(nodes) if leaves else ""
    return Box(
        min(kinds) if leaves else "group",
        (name or group.title) + _times(group.times),
        "",
        nans[0] if nans else max(numbers),
        hypot(*map(grad_of, counted)),
        nodes,
        low=nans[0] if nans else min(numbers),
        times=group.times,
        parameters=sum(kind_of(node) == "parameter" for node in nodes) if group.collapsed else 0,
    )


def _common_name(nodes: Sequence[Value]) -> str:
    """W of W[0][0], W[0][1] and so on; "" if they are not all of one name."""
    names = {node.label.partition("[")[0] for node in nodes}
    return names.pop() if len(names) == 1 else ""


# --------------------------------------------------------------------------------- groups


def by_group(groups: Sequence[Group], grad_of: GradOf, *, measured: bool) -> Diagram:
    """A box for each group, edges between two for those that run between their nodes.

    groups    in topological order; one that stands for a single node is drawn as that node
    measured  whether a `_backward` written by hand is run for its partials
    """
    diagram = Diagram()
    index = {node: i for i, group in enumerate(groups) for node in group.nodes}
    frames: dict[Call, int] = {}
    folded = _calls_in_frames(groups)
    for i, group in enumerate(groups):
        node = group.nodes[0]
        alone = len(group.nodes) == 1 and not group.collapsed
        box = single(node, grad_of(node)) if alone else _several(group, grad_of)
        box.frame = _frame(diagram, frames, group.call)
        diagram.add(box)
        if group.outside:
            if not node.is_leaf:
                box.kind = "outside"
            continue
        parents = [index[parent] for member in group.nodes for parent in member.parents]
        partials = _partials(node, measured) if alone else None
        drawn: dict[int, Edge] = {}
        times = Counter(parents)
        for k, parent in enumerate(parents):
            if parent == i:
                continue
            one_by_one = (
                partials is not None
                and len(groups[parent].nodes) == 1
                and times[parent] <= PARALLEL
            )
            if one_by_one and partials is not None:
                diagram.edges.append(Edge(parent, i, partials[k]))
            elif parent not in drawn:
                drawn[parent] = Edge(parent, i, None, times[parent])
                diagram.edges.append(drawn[parent])
    for call, f in frames.items():
        diagram.frames[f].title += _times(len(folded[call]))
    return diagram


def _times(n: int) -> str:
    return f" × {n:,}" if n > 1 else ""


def _calls_in_frames(groups: Sequence[Group]) -> dict[Call, set[Call]]:
    """The calls that the frame of an open scope stands for, itself among them."""
    calls: dict[Call, set[Call]] = {}
    for group in groups:
        if group.call is not None:
            for k, call in enumerate(group.call.path):
                alike = (other.path[k] for other in group.calls if len(other.path) > k)
                calls.setdefault(call, set()).update(c for c in alike if c.title == call.title)
    return calls


def _frame(diagram: Diagram, frames: dict[Call, int], call: Call | None) -> int | None:
    """The frame of an open scope, and those around it."""
    if call is None:
        return None
    if call not in frames:
        outer = _frame(diagram, frames, call.outer)
        diagram.frames.append(Frame(call.title, outer))
        frames[call] = len(diagram.frames) - 1
    return frames[call]


# -------------------------------------------------------------------------------- products


def by_product(
    nodes: Sequence[Value], grad_of: GradOf, owner: Mapping[Value, Call], *, measured: bool
) -> Diagram:
    """A box for each node, and one for each product that a dot adds up.

    owner     the innermost open scope around each node
    measured  whether a `_backward` written by hand is run for its partials
    """
    diagram = Diagram()
    frames: dict[Call, int] = {}
    index: dict[Value, int] = {}
    for node in nodes:
        box = single(node, grad_of(node))
        box.frame = _frame(diagram, frames, owner.get(node))
        sources = [
            (index[parent], partial)
            for parent, partial in zip(node.parents, _partials(node, measured), strict=True)
        ]
        if node.rule is not None and node.rule.name == "dot":
            box.operation = "sum"
            factors = [index[parent] for parent in node.parents]
            sources = [(diagram.add(*made), 1.0) for made in _products(node, box, factors)]
        index[node] = diagram.add(box, sources)
    return diagram


def _products(
    node: Value, box: Box, factors: list[int]
) -> Iterable[tuple[Box, list[tuple[int, float | None]]]]:
    """Each product of a dot: its box, and its one or two sources.

    factors  the indices of the dot's parents
    """
    xs, ys = sides_of(node)
    sources = list(zip(factors, node.partials, strict=True))
    for k, (parent, (x, dx)) in enumerate(zip(xs, sources, strict=False)):
        if ys:  # the partial by one side is the number of the other
            y, dy = sources[len(xs) + k]
            product = Box("operation", "", "*", dx * dy, box.grad)
            taken: list[tuple[int, float | None]] = [(x, dx), (y, dy)]
        else:
            product = Box("operation", "", f"*{dx:g}", dx * parent.data, box.grad)
            taken = [(x, dx)]
        product.frame = box.frame
        yield product, taken
