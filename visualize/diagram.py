"""What a picture shows: boxes and edges, before any of it has a place on the page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import hypot, isfinite

from autograd_lite import Value
from visualize.fold import Group
from visualize.graph import kind_of, partials_of
from visualize.scopes import Call

__all__ = ["Box", "Diagram", "Edge", "Frame", "by_group", "by_node"]

GradOf = Callable[[Value], float]


@dataclass
class Box:
    """One node, one product of a dot, or a group of nodes.

    kind     "operation", "parameter", "data", "constant", "group", or "outside" for an operation
             that the picture shows only because others use it
    size     how many nodes it stands for
    grad     of a group, the Euclidean norm of its gradients
    low, data  of a group, the range of its numbers; otherwise both are the number
    """

    kind: str
    title: str
    operation: str
    formula: str
    low: float
    data: float
    grad: float
    size: int = 1
    parameters: int = 0
    times: int = 1
    members: Sequence[Value] = ()
    frame: int | None = None

    @property
    def finite(self) -> bool:
        return isfinite(self.low) and isfinite(self.data) and isfinite(self.grad)


@dataclass
class Edge:
    """From a parent's box to its user's box, for `count` edges of the graph."""

    parent: int
    user: int
    partial: float | None
    count: int = 1


@dataclass
class Frame:
    """A scope that is open: a frame around its boxes."""

    title: str
    outer: int | None


@dataclass
class Diagram:
    """Boxes in topological order, parents before their users; edges in their users' order."""

    boxes: list[Box] = field(default_factory=list)
    edges: list[Edge] = field(default_factory=list)
    frames: list[Frame] = field(default_factory=list)

    def add(self, box: Box) -> int:
        self.boxes.append(box)
        return len(self.boxes) - 1


def single(node: Value, grad: float) -> Box:
    """The box of one node."""
    kind = kind_of(node)
    rule = node.rule
    formula = (rule.value or rule.name) if rule else node._op
    return Box(kind, node.label, node._op, formula, node.data, node.data, grad, members=(node,))


def several(group: Group, grad_of: GradOf) -> Box:
    """The box of a group of nodes."""
    nodes = group.nodes
    numbers = [node.data for node in nodes]
    nans = [x for x in numbers if x != x]  # which min and max would miss
    kinds = {kind_of(node) for node in nodes}
    leaves = not group.collapsed and kinds != {"operation"}
    return Box(
        kinds.pop() if leaves else "group",
        f"{group.title} × {group.times:,}" if group.times > 1 else group.title,
        "",
        "",
        nans[0] if nans else min(numbers),
        nans[0] if nans else max(numbers),
        hypot(*map(grad_of, nodes)),
        len(nodes),
        sum(kind_of(node) == "parameter" for node in nodes) if group.collapsed else 0,
        group.times,
        nodes,
    )


def by_node(nodes: Sequence[Value], grad_of: GradOf, products: bool = False) -> Diagram:
    """A box for each node; with `products` one for each product x * y of a dot, too."""
    diagram = Diagram()
    index: dict[Value, int] = {}
    for node in nodes:
        parents, partials = node.parents, partials_of(node)
        box = single(node, grad_of(node))
        n = len(parents) // 2
        split = (
            products
            and node._op == "dot"
            and parents[n:]
            and partials[:n] == tuple(parent.data for parent in parents[n:])
        )
        if split:
            sources = []
            for x, y, dx, dy in zip(
                parents[:n], parents[n:], partials[:n], partials[n:], strict=True
            ):
                made = Box("operation", "", "*", "x * y", dx * dy, dx * dy, box.grad)
                i = diagram.add(made)
                diagram.edges += Edge(index[x], i, dx), Edge(index[y], i, dy)
                sources.append((i, 1.0))
            box.operation, box.formula = "sum", "sum of the products"
        else:
            sources = [
                (index[parent], partial) for parent, partial in zip(parents, partials, strict=True)
            ]
        index[node] = i = diagram.add(box)
        diagram.edges += (Edge(source, i, partial) for source, partial in sources)
    return diagram


def by_group(groups: Sequence[Group], grad_of: GradOf) -> Diagram:
    """A box for each group, an edge between two for all that run between their nodes.

    groups  in topological order; one that stands for a single node is drawn as that node
    """
    diagram = Diagram()
    index = {node: i for i, group in enumerate(groups) for node in group.nodes}
    frames: dict[Call, int] = {}
    for i, group in enumerate(groups):
        alone = len(group.nodes) == 1 and not group.collapsed
        box = single(group.nodes[0], grad_of(group.nodes[0])) if alone else several(group, grad_of)
        box.frame = _frame(diagram, frames, group.call)
        diagram.add(box)
        if group.outside:
            box.kind = box.kind if kind_of(group.nodes[0]) != "operation" else "outside"
            continue
        if alone:
            (node,) = group.nodes
            places = (index[p] for p in node.parents)
            sources: list[tuple[int, float | None]] = list(
                zip(places, partials_of(node), strict=True)
            )
        else:
            sources = [(index[p], None) for node in group.nodes for p in node.parents]
        many: dict[int, Edge] = {}
        for parent, partial in sources:
            if parent in many:
                many[parent].count += 1
            elif parent != i:
                edge = Edge(parent, i, partial)
                diagram.edges.append(edge)
                if len(groups[parent].nodes) > 1 or partial is None:
                    many[parent] = edge
                    edge.partial = None
    return diagram


def _frame(diagram: Diagram, frames: dict[Call, int], call: Call | None) -> int | None:
    """The frame of an open scope, and those around it."""
    if call is None:
        return None
    if call not in frames:
        outer = _frame(diagram, frames, call.outer)
        diagram.frames.append(Frame(call.title, outer))
        frames[call] = len(diagram.frames) - 1
    return frames[call]
