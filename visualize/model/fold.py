"""Collapsing: which nodes of a graph share a box.

Three ways, used one on the other: a scope is one box; boxes of the same structure fold into one
("tanh x 16"); and what is still too much is cut into stages from the leaves to the root. Each
box says how many nodes it stands for, so nothing is left out unseen.
"""

from __future__ import annotations

from collections import Counter
from itertools import groupby

from autograd_lite import Value
from visualize.model.nodes import Graph, kind_of
from visualize.model.scopes import Scope

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Sequence

__all__ = ["Group", "by_scope", "folded", "staged"]

STAGES = 12


class Group:
    """Nodes that share a box.

    title      what they are
    scope      the innermost open scope around them
    scopes     all such scopes, if the group is folded of several
    collapsed  whether it is a scope or a stage, drawn as one box even if it has a single node
    inner      how many scopes are open in the picture of what is inside
    outside    whether the picture shows the nodes only because others use them
    times      how often the title is there: 16 of "tanh"
    unit       the nodes of the first, if it is there several times
    """

    def __init__(
        self,
        title: str,
        nodes: list[Value],
        scope: Scope | None = None,
        *,
        collapsed: bool = False,
        inner: int | None = None,
        outside: bool = False,
    ) -> None:
        self.title, self.nodes, self.scope = title, nodes, scope
        self.collapsed, self.inner, self.outside = collapsed, inner, outside
        self.scopes = [scope] if scope else []
        self.times = 1
        self.unit = nodes

    @property
    def closed(self) -> bool:
        """Whether it is one scope that is closed."""
        return self.inner is not None and self.times == 1

    def copy(self) -> Group:
        """The same group, to which nodes may be added."""
        made = Group(
            self.title, list(self.nodes), self.scope, collapsed=self.collapsed, inner=self.inner
        )
        made.unit = self.nodes
        return made


def by_scope(
    nodes: Sequence[Value], owner: dict[Value, Scope], depth: int | None, graph: Graph
) -> list[Group]:
    """A group for each scope that lies within `depth` others, and for each node that is in none.

    depth  how many scopes around a node are open; None opens all
    """
    closed: dict[Scope, Group] = {}
    groups = []
    for node in nodes:
        path = owner[node].path if node in owner else ()
        if depth is None or len(path) <= depth:
            vector = graph.vectors.get(node, (node,))
            if vector[0] is not node:
                continue
            groups.append(Group(_title(node), [*vector], path[-1] if path else None))
            continue
        scope = path[depth]
        if scope not in closed:
            closed[scope] = Group(scope.title, [], scope.outer, collapsed=True, inner=depth + 1)
            groups.append(closed[scope])
        closed[scope].nodes.append(node)
    return ordered(groups, parents_of(groups, graph)) if closed else groups


def _title(node: Value) -> str:
    return node._op or kind_of(node)


def ordered(groups: Sequence[Group], parents: Sequence[Iterable[int]]) -> list[Group]:
    """The groups, parents before their users; as they come if that is so already.

    parents  for each group the others that it takes from
    """
    if all(parent < i for i, above in enumerate(parents) for parent in above):
        return list(groups)
    users: list[list[int]] = [[] for _ in groups]
    waiting = [0] * len(groups)
    for i, above in enumerate(parents):
        for parent in dict.fromkeys(above):
            users[parent].append(i)
            waiting[i] += 1
    order = [i for i, n in enumerate(waiting) if n == 0]
    for i in order:  # the list grows while it is walked
        for user in users[i]:
            waiting[user] -= 1
            if waiting[user] == 0:
                order.append(user)
    # A scope that reads the result of what reads its own is in a cycle, and comes last.
    order += sorted(set(range(len(groups))) - set(order))
    return [groups[i] for i in order]


def parents_of(groups: Sequence[Group], graph: Graph) -> list[list[int]]:
    """For each group the other groups that its parents lie in, one for each edge."""
    index = {node: i for i, group in enumerate(groups) for node in group.nodes}
    parents = []
    for i, group in enumerate(groups):
        above: list[int | None] = []
        for node in group.nodes:
            above += map(index.get, graph.parents(node))
        parents.append([parent for parent in above if parent is not None and parent != i])
    return parents


def folded(groups: Sequence[Group], graph: Graph) -> list[Group]:
    """Groups of the same structure as one, "tanh" 16 times.

    Two have the same structure if they are called the same and were made, in the same order, of
    groups of the same structure. Leaves are the same if their kind and their users are; a parameter
    that only the calls of one scope use is part of them.
    A row of additions, each the only one to use the one before, is one as well; so is a row of
    multiplications.

    groups  in topological order
    """
    parents = parents_of(groups, graph)
    leaf = [not above and not group.collapsed for group, above in zip(groups, parents, strict=True)]
    classes: dict[Hashable, int] = {}
    of = [0] * len(groups)
    for i, group in enumerate(groups):
        runs = tuple((c, len(list(same))) for c, same in groupby(of[p] for p in parents[i]))
        of[i] = classes.setdefault(
            (group.title, group.scope and group.scope.title, runs), len(classes)
        )
    of = _rows(groups, parents, of)
    users: dict[int, set[int]] = {i: set() for i, alone in enumerate(leaf) if alone}
    for i, above in enumerate(parents):
        for parent in above:
            if leaf[parent]:
                users[parent].add(of[i])
    collapsed = {of[i] for i, group in enumerate(groups) if group.collapsed}
    for i, using in users.items():
        if groups[i].title == "parameter" and len(using) == 1 and using <= collapsed:
            (of[i],) = using  # all calls of one module, so the parameter is the module's
            continue
        scope = groups[i].scope
        key = groups[i].title, scope and scope.title, frozenset(using)
        of[i] = classes.setdefault(key, len(classes))
    merged: dict[int, Group] = {}
    for i in sorted(range(len(groups)), key=lambda i: leaf[i]):  # a scope before what it takes in
        group = groups[i]
        if of[i] in merged:
            merged[of[i]].nodes += group.nodes
            merged[of[i]].scopes += group.scopes
            merged[of[i]].times += group.title == merged[of[i]].title
        else:
            merged[of[i]] = group.copy()
    place = {c: k for k, c in enumerate(merged)}
    around: list[set[int]] = [set() for _ in merged]
    for i, own in enumerate(parents):
        around[place[of[i]]].update(place[of[parent]] for parent in own)
    for k, above_it in enumerate(around):
        above_it.discard(k)
    return ordered(list(merged.values()), around)


def _rows(groups: Sequence[Group], parents: list[list[int]], of: list[int]) -> list[int]:
    """Join the class of + or * to that of its only user, if that is as many of the same."""
    size = Counter(of)
    title = {c: group.title for c, group in zip(of, groups, strict=True) if not group.collapsed}
    users: dict[int, set[int]] = {}
    for i, above in enumerate(parents):
        for parent in above:
            users.setdefault(of[parent], set()).add(of[i])
    joined: dict[int, int] = {}
    for i in reversed(range(len(groups))):  # users first, so that a row is joined to its last
        c = of[i]
        if c in joined or len(users.get(c, ())) != 1 or not parents[i]:
            continue
        (user,) = users[c]
        if user != c and size[user] == size[c] and title.get(user) == title.get(c) in ("+", "*"):
            joined[c] = joined.get(user, user)
    return [joined.get(c, c) for c in of]


def staged(groups: Sequence[Group], graph: Graph) -> list[Group]:
    """The groups in twelve boxes or fewer, by how many steps they are from the leaves.

    groups  in topological order
    """
    parents = parents_of(groups, graph)
    users: list[list[int]] = [[] for _ in groups]
    for i, above in enumerate(parents):
        for parent in above:
            users[parent].append(i)
    depth = [0] * len(groups)
    for i, above in enumerate(parents):
        depth[i] = 1 + max((depth[parent] for parent in above), default=-1)
    for i, above in enumerate(parents):
        if not above and users[i]:  # a leaf stands with its first user
            depth[i] = min(depth[user] for user in users[i])
    levels = max(depth) + 1
    made: dict[int, Group] = {}
    for group, level in zip(groups, depth, strict=True):
        stage = made.setdefault(level * STAGES // levels, Group("", [], collapsed=True))
        stage.nodes += group.nodes
    for group in made.values():
        group.title = _summary(group.nodes)
    return [made[i] for i in sorted(made)]


def _summary(nodes: Sequence[Value]) -> str:
    """The commonest operations: "500 +, 500 *, ..."."""
    common = Counter(node._op for node in nodes if not node.is_leaf).most_common()
    titles = [f"{n:,} {title}" for title, n in common[:3]]
    return ", ".join(titles + ["..."] * (len(common) > 3))
