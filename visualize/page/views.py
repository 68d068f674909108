"""Which views a stepping page has: the whole graph, and what each of its boxes opens to."""

from __future__ import annotations

from collections import Counter
from functools import cached_property
from itertools import count

from autograd_lite import Value
from autograd_lite.graph import cotangents
from visualize.model.diagram import Diagram, by_group
from visualize.model.fold import Group, by_scope, folded, staged
from visualize.model.nodes import Graph
from visualize.model.scopes import scopes_in
from visualize.model.select import ONE_BY_ONE, products_of, refuse_large
from visualize.picture.dot import heading
from visualize.picture.text import short

TYPE_CHECKING = False
if TYPE_CHECKING:
    from visualize.model.diagram import Box

__all__ = ["Book", "View"]

VIEW_BOXES = 40
"""The most boxes in one view; a larger one starts collapsed."""

PAGE_BOXES = 600
"""The most boxes in a page; what is left then stays closed, and says so."""

ALIKE = 24
"""How many of many like nodes a view shows."""


class View:
    """One picture of the page.

    groups  what the boxes stand for, if they are groups
    outer   the view whose box it opens
    opens   the view that opens each box, by the box's index
    """

    def __init__(
        self,
        title: str,
        caption: str,
        diagram: Diagram,
        groups: list[Group],
        outer: int | None,
    ) -> None:
        self.title, self.caption, self.diagram = title, caption, diagram
        self.groups, self.outer = groups, outer
        self.opens: dict[int, int] = {}


class Book:
    """The views of a page, the whole graph first, then what its boxes open to.

    names   the name of each node
    called  how many nodes and scopes have a name
    """

    def __init__(self, root: Value, depth: int | None, fold: bool, products: bool) -> None:
        if products:
            refuse_large(root, ONE_BY_ONE)
        self.graph = graph = Graph(root)
        self.nodes = nodes = graph.nodes
        self.grads = cotangents(graph.nodes[::-1])
        self.place = {node: i for i, node in enumerate(nodes)}
        self.scopes = scopes_in(graph)
        self.names = _names(graph)
        scopes = {outer for scope in self.scopes.values() for outer in scope.path}
        titles = [short(scope.title) for scope in scopes]
        self.called = Counter([*titles, *self.names.values()])
        self.views: list[View] = []
        if products:
            diagram = products_of(graph, self.grads, measured=True)
            self._add(View("The whole graph", "", diagram, [], None))
            return
        edges = sum(len(graph.parents(node)) for node in nodes)
        small = len(nodes) <= VIEW_BOXES and edges <= 4 * VIEW_BOXES
        if depth is None and not small:
            depth = 0
        self._open("The whole graph", "", nodes, depth, None, fold)
        for k, view in enumerate(self.views):  # the list grows while it is walked
            for i, group in enumerate(view.groups):
                box = view.diagram.boxes[i]
                opens = len(group.nodes) > 1 and not group.outside and box.kind != "constant"
                if opens and self._room():
                    view.opens[i] = len(self.views)
                    self._open_group(group, box, k)

    def _room(self) -> bool:
        return sum(len(view.diagram.boxes) for view in self.views) < PAGE_BOXES

    def _open_group(self, group: Group, box: Box, outer: int) -> None:
        nodes, caption, depth = group.nodes, "", group.inner
        if group.collapsed and group.times > 1:
            nodes, caption = (
                list(group.unit),
                f"The first of {group.times:,} of the same structure.",
            )
        elif not group.collapsed and len(nodes) > ALIKE:
            nodes = nodes[:ALIKE]
            caption = f"{ALIKE} of {len(group.nodes):,} nodes, all of the same structure."
        self._open(heading(box), caption, sorted(nodes, key=self.place.__getitem__), depth, outer)

    def _open(
        self,
        title: str,
        caption: str,
        nodes: list[Value],
        depth: int | None,
        outer: int | None,
        fold: bool = False,
    ) -> None:
        groups = by_scope(nodes, self.scopes, depth, self.graph)
        if fold or len(groups) > VIEW_BOXES:
            groups = folded(groups, self.graph)
        if len(groups) > VIEW_BOXES:
            groups = staged(groups, self.graph)
        inside = set(nodes)
        needed = {parent for node in nodes for parent in self.graph.parents(node)}
        outside = sorted(needed - inside, key=self.place.__getitem__)
        if len(outside) > ALIKE:
            around = [Group("from outside", outside, collapsed=True, outside=True)]
        else:
            around = [Group("", [node], outside=True) for node in outside]
        groups = around + groups
        diagram = by_group(groups, self.grads.__getitem__, self.graph, measured=True)
        self._add(View(title, caption, diagram, groups, outer))

    def _add(self, view: View) -> None:
        taken = set(self.names.values())
        products = (name for name in map("p{}".format, count()) if name not in taken)
        for box in view.diagram.boxes:
            if box.size == 1 and box.kind != "constant" and not box.title:
                box.title = self.names[box.members[0]] if box.members else next(products)
        self.views.append(view)

    def root_of(self, view: View) -> int:
        """The box that holds the root of the graph; in a part of the graph without it, the last."""
        boxes = view.diagram.boxes
        found = (i for i, box in enumerate(boxes) if self.nodes[-1] in box.members)
        return next(found, len(boxes) - 1)

    def seeds(self, view: View) -> list[tuple[float, int]]:
        """What each box receives from users outside the view, and from how many edges."""
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
        """What each node that a view within shows receives, by user, in the engine's order."""
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


def _names(graph: Graph) -> dict[Value, str]:
    """The label of each node; or else v and its place, or a later number if that is taken."""
    names = {node: graph.label(node) for node in graph.nodes}
    taken = set(names.values())
    later = (name for name in map("v{}".format, count(len(names))) if name not in taken)
    for i, (node, name) in enumerate(names.items()):
        if not name:
            names[node] = next(later) if f"v{i}" in taken else f"v{i}"
    return names
