"""The views of a stepping page: the whole graph, and the view that each of its boxes opens to."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field
from functools import cached_property
from itertools import count
from types import MappingProxyType

from autograd_lite import Value
from autograd_lite.graph import cotangents
from visualize.model.diagram import Diagram, by_group
from visualize.model.fold import (
    APART,
    Group,
    by_scope,
    by_tensor,
    by_title,
    folded,
    staged,
    title_of,
)
from visualize.model.nodes import Graph
from visualize.model.scopes import scopes_in
from visualize.model.select import ONE_BY_ONE, products_of, refuse_large
from visualize.picture.dot import heading
from visualize.picture.text import short

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = ["Book", "View"]

VIEW_BOXES = 40
"""The most boxes in one view; a larger one starts collapsed."""

VIEW_LINES = 120
"""The most lines in one view."""

PAGE_BOXES = 600
"""The most boxes in a page; boxes beyond stay closed, and say so."""

SCALARS = 24
"""The most boxes of a view in which each number of a tensor has a box of its own."""


@dataclass(eq=False)
class View:
    """One picture of the page.

    groups   [boxes] the group of each box; none of the views of products
    outer    the index of the view whose box opened to this one, if any
    opens    the index of the view that each box opens to, by the box's index
    times    how many groups of the same structure the box that opened to this one stands for
    alike    the indices of the views of these, in order, as far as the page has room for them
    """

    title: str
    diagram: Diagram
    groups: list[Group]
    outer: int | None
    opens: dict[int, int] = field(default_factory=dict)
    times: int = 1
    alike: list[int] = field(default_factory=list)


class Book:
    """The views of a page: the whole graph first, then those that boxes open to.

    graph   the graph, with its nodes in order
    grads   the gradient of each node, of one `backward()` from zero
    index   the index of each node
    scopes  the innermost scope around each node
    names   the name of each node
    called  how many nodes and scopes have each name
    large   whether the whole graph is too large for a box for each node
    views   the views, in the order in which boxes refer to them
    """

    def __init__(
        self,
        root: Value,
        depth: int | None,
        fold: bool,
        products: bool,
        names: Mapping[Value, str] = MappingProxyType({}),
    ) -> None:
        if products:
            refuse_large(root, ONE_BY_ONE)
        self.graph = graph = Graph(root, names)
        self.nodes = nodes = graph.nodes
        self.grads = cotangents(graph.nodes[::-1])
        self.index = {node: i for i, node in enumerate(nodes)}
        self.scopes = scopes_in(graph)
        self.names = _names(graph)
        scopes = {outer for scope in self.scopes.values() for outer in scope.path}
        titles = [short(scope.title) for scope in scopes]
        self.called = Counter([*titles, *self.names.values()])
        self.views: list[View] = []
        self.large = False
        if products:
            diagram = products_of(graph, self.grads, measured=True)
            self._add(View("The whole graph", diagram, [], None))
            return
        edges = sum(len(graph.parents(node)) for node in nodes)
        small = len(nodes) <= VIEW_BOXES and edges <= VIEW_LINES
        self.large = not small
        if depth is None and self.large:
            depth = 0
        self._open("The whole graph", nodes, depth, None, fold)
        k = 0
        waiting: deque[tuple[View, Group]] = deque()  # a box shows the first of many before others
        while k < len(self.views) or (waiting and self._room()):
            if k == len(self.views):
                self._open_next(*waiting.popleft())
            waiting += self._open_boxes(k)
            k += 1

    def _room(self) -> bool:
        """True if the page may have another view."""
        return sum(len(view.diagram.boxes) for view in self.views) < PAGE_BOXES

    def _open_boxes(self, k: int) -> list[tuple[View, Group]]:
        """Add the views that the boxes of view k open to; of many alike, the view of the first.

        Returns (view of the first, group) of the others.
        """
        view = self.views[k]
        others: list[tuple[View, Group]] = []
        for i, group in enumerate(view.groups):
            # Nodes that are all alike are seen as a map of their numbers.
            opens = len(group.nodes) > 1 and group.collapsed and not group.outside
            if not opens or not self._room():
                continue
            view.opens[i] = len(self.views)
            parts = [part for part in group.parts if part.title == group.title]
            first = parts[0] if len(parts) > 1 else group
            inner = self._open(heading(view.diagram.boxes[i]), first.nodes, group.inner, k)
            if len(parts) > 1:
                inner.times, inner.alike = len(parts), [view.opens[i]]
                others += [(inner, part) for part in parts[1:]]
        return others

    def _open_next(self, first: View, part: Group) -> None:
        """Add the view of another group of the same structure as the one of the first view."""
        first.alike.append(len(self.views))
        view = self._open(first.title, part.nodes, part.inner, first.outer)
        view.times, view.alike = first.times, first.alike

    def _open(
        self,
        title: str,
        nodes: Iterable[Value],
        depth: int | None,
        outer: int | None,
        fold: bool = False,
    ) -> View:
        """Add the view of some nodes, folded if asked or too large, and of the others they use."""
        nodes = sorted(nodes, key=self.index.__getitem__)
        groups = by_scope(nodes, self.scopes, depth, self.graph)
        needed = {parent for node in nodes for parent in self.graph.parents(node)}
        outside = sorted(needed.difference(nodes), key=self.index.__getitem__)
        around = [Group(title_of(node), [node], outside=True) for node in outside]
        if self.large and len(groups) + len(around) > SCALARS:
            groups = by_tensor(groups, self.graph)
            around = by_tensor(around, self.graph)
        if fold or self._crowded([*around, *groups]):
            if len(around) > APART:
                around = by_title(around)
            groups = folded(groups, self.graph)
        if len(groups) > VIEW_BOXES:
            groups = staged(groups, self.graph)
        groups = around + groups
        diagram = by_group(groups, self.grads.__getitem__, self.graph, measured=True)
        return self._add(View(title, diagram, groups, outer))

    def _crowded(self, groups: Sequence[Group]) -> bool:
        """Whether these are too many boxes or lines for a view."""
        if len(groups) > VIEW_BOXES:
            return True
        place = {node: i for i, group in enumerate(groups) for node in group.nodes}
        lines = {
            (i, place[parent])
            for i, group in enumerate(groups)
            if not group.outside
            for node in group.nodes
            for parent in self.graph.parents(node)
        }
        return len(lines) > VIEW_LINES

    def _add(self, view: View) -> View:
        """Add a view, and name its boxes that have no title."""
        taken = set(self.names.values())
        products = (name for name in map("p{}".format, count()) if name not in taken)
        for box in view.diagram.boxes:
            label = self.graph.label(box.members[0]) if box.members else ""
            if box.size == 1 and box.kind != "constant" and box.title == label:
                box.title = self.names[box.members[0]] if box.members else next(products)
        self.views.append(view)
        return view

    def root_of(self, view: View) -> int:
        """The index of the box that holds the root of the graph; of the last box if none does."""
        boxes, root = view.diagram.boxes, self.nodes[-1]
        # By identity: a plain number that an observer saw equals a root of that number.
        found = (i for i, box in enumerate(boxes) if any(node is root for node in box.members))
        return next(found, len(boxes) - 1)

    def seeds(self, view: View) -> list[tuple[float, int]]:
        """[boxes] the gradient received from users outside the view, and over how many edges."""
        boxes = view.diagram.boxes
        if view.outer is None:
            return [(float(i == self.root_of(view)), 0) for i in range(len(boxes))]
        within = {node for group in view.groups if not group.outside for node in group.nodes}
        seeds = []
        for box in boxes:
            node = box.members[0]
            sent = [amount for user, amount in self.received.get(node, ()) if user not in within]
            start = float(node is self.nodes[-1])
            seeds.append((sum(sent, start), len(sent)) if box.size == 1 else (0.0, 0))
        return seeds

    def results(self, group: Group) -> set[Value]:
        """The nodes of the group that others use, and the root."""
        inside = set(group.nodes)
        return {
            node
            for node in group.nodes
            if node is self.nodes[-1] or any(user not in inside for user in self.users[node])
        }

    @cached_property
    def users(self) -> dict[Value, list[Value]]:
        """The users of each node."""
        users: dict[Value, list[Value]] = {node: [] for node in self.nodes}
        for node in self.nodes:
            for parent in self.graph.parents(node):
                users[parent].append(node)
        return users

    @cached_property
    def received(self) -> dict[Value, list[tuple[Value, float]]]:
        """(user, amount) of all that a node receives, in the order in which the engine adds.

        The nodes are those that stand alone in a box of a view other than the first.
        """
        shown: dict[Value, list[tuple[Value, float]]] = {
            box.members[0]: []
            for view in self.views
            if view.outer is not None
            for box in view.diagram.boxes
            if box.size == 1
        }
        for node in reversed(self.nodes) if shown else ():
            grad = self.grads[node]
            for parent, partial in self.graph.sent(node):
                if parent in shown:
                    shown[parent].append((node, grad * partial if grad else 0.0))
        return shown


_SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


def _names(graph: Graph) -> dict[Value, str]:
    """The label of each node; else v and its index, or a later number if that name is taken.

    The result is `out`, as in the formulas of a compiled function, if no other node is. Of several
    nodes with one label the first has it as it is, the others h₂, h₃, so that equations hold.
    """
    names = {node: graph.label(node) for node in graph.nodes}
    root = graph.nodes[-1]
    if "out" not in names.values():
        names[root] = names[root] or "out"
    taken = set(names.values())
    times: Counter[str] = Counter()
    for node, name in names.items():
        times[name] += 1
        if name and times[name] > 1:
            numbered = (name + str(k).translate(_SUBSCRIPTS) for k in count(times[name]))
            names[node] = next(one for one in numbered if one not in taken)
            taken.add(names[node])
    later = (name for name in map("v{}".format, count(len(names))) if name not in taken)
    for i, (node, name) in enumerate(names.items()):
        if not name:
            names[node] = next(later) if f"v{i}" in taken else f"v{i}"
    return names
