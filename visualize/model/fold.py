"""Collapsing: which nodes of a graph share a box.

There are four ways, applied in turn: a scope is one box; leaves of one tensor are one; boxes of the
same structure fold into one ("tanh × 16"); and a graph that is still too large is cut into stages
from the leaves to the root.
Each box says how many nodes it stands for, so nothing is left out unseen.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from itertools import chain, groupby

from autograd_lite import Value
from visualize.model.nodes import Graph, kind_of
from visualize.model.scopes import Scope
from visualize.model.tensors import Tensor, tensors

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Hashable, Iterable, Sequence

__all__ = ["Group", "by_scope", "by_tensor", "by_title", "folded", "staged", "title_of"]

STAGES = 12
"""The most stages that a graph is cut into."""

APART = 12
"""The most leaves that stay apart from the stages that use them."""

TURN = 64
"""The longest turn of a loop that is looked for, in operations that follow one another."""


@dataclass(eq=False)
class Group:
    """Nodes that share a box.

    title      the operation of the nodes, the kind of leaves, or the title of a scope or a tensor
    nodes      the nodes, in their order in the graph, or in that of their tensor
    scope      the innermost open scope around the group, if any
    collapsed  True for a closed scope and for a stage, drawn as such even with a single node
    inner      how many scopes are open in the picture that a closed scope opens to, else None
    outside    True if the picture shows the nodes only because others use them
    parts      the groups that were folded into this one, if it is folded
    shape      how many numbers a tensor has along each axis; () of what is none
    """

    title: str
    nodes: list[Value]
    scope: Scope | None = None
    collapsed: bool = False
    inner: int | None = None
    outside: bool = False
    parts: Sequence[Group] = ()
    shape: tuple[int, ...] = ()

    @property
    def times(self) -> int:
        """How often the structure of the title was folded into the group: 16 of "tanh × 16"."""
        return sum(part.title == self.title for part in self.parts) or 1

    @property
    def closed(self) -> bool:
        """True if the group is one closed scope."""
        return self.inner is not None and self.times == 1


def by_scope(
    nodes: Sequence[Value], owner: dict[Value, Scope], depth: int | None, graph: Graph
) -> list[Group]:
    """A group for each scope that lies within `depth` others, and for each node in no such scope.

    owner  the innermost scope around each node
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
            groups.append(Group(title_of(node), [*vector], path[-1] if path else None))
            continue
        scope = path[depth]
        if scope not in closed:
            closed[scope] = Group(scope.title, [], scope.outer, collapsed=True, inner=depth + 1)
            groups.append(closed[scope])
        closed[scope].nodes.append(node)
    return _ordered(groups, _parents_of(groups, graph)) if closed else groups


def by_tensor(groups: Sequence[Group], graph: Graph) -> list[Group]:
    """The groups, those of the leaves of one tensor as one, if no scope parts them."""
    alone: dict[Scope | None, list[Value]] = {}
    for group in groups:
        node = group.nodes[0]
        if len(group.nodes) == 1 and node.is_leaf and not group.collapsed:
            alone.setdefault(group.scope, []).append(node)
    made = [tensor for leaves in alone.values() for tensor in tensors(leaves, graph)]
    waiting = {node: tensor for tensor in made for node in tensor.nodes}
    placed: dict[Value | Tensor, Group] = {}
    for group in groups:
        node = group.nodes[0]
        tensor = waiting.get(node)
        if tensor is None:
            placed[node] = group
        elif tensor not in placed:  # at the place of its first leaf, before all users
            nodes = [*tensor.nodes]
            placed[tensor] = replace(group, title=tensor.title, nodes=nodes, shape=tensor.shape)
    return list(placed.values())


def by_title(groups: Sequence[Group]) -> list[Group]:
    """Groups of one title as one: "ReLU × 16" of what others make."""
    alike: dict[str, list[Group]] = {}
    for group in groups:
        alike.setdefault(group.title, []).append(group)
    return list(map(_together, alike.values()))


def title_of(node: Value) -> str:
    """The operation that made a node, or the kind of a leaf."""
    return node._op or kind_of(node)


def _ordered(groups: Sequence[Group], parents: Sequence[Collection[int]]) -> list[Group]:
    """The groups, parents before their users; in their own order if that is so already.

    parents  [groups] the indices of the other groups that hold the parents of a group's nodes
    """
    if all(parent < i for i, above in enumerate(parents) for parent in above):
        return list(groups)
    users = _users_of(parents)
    waiting = [len(above) for above in parents]
    order = [i for i, n in enumerate(waiting) if n == 0]
    for i in order:  # the list grows while it is walked
        for user in users[i]:
            waiting[user] -= 1
            if waiting[user] == 0:
                order.append(user)
    # Scopes that read each other's results form a cycle, and come last.
    order += sorted(set(range(len(groups))) - set(order))
    return [groups[i] for i in order]


def _parents_of(groups: Sequence[Group], graph: Graph) -> list[list[int]]:
    """[groups] the indices of the other groups that the parents lie in, one for each edge."""
    index = {node: i for i, group in enumerate(groups) for node in group.nodes}
    parents = []
    for i, group in enumerate(groups):
        above: list[int | None] = []
        for node in group.nodes:
            above += map(index.get, graph.parents(node))
        parents.append([parent for parent in above if parent is not None and parent != i])
    return parents


def _users_of(parents: Sequence[Iterable[int]]) -> list[list[int]]:
    """[groups] the indices of the groups that use a group, one for each edge."""
    users: list[list[int]] = [[] for _ in parents]
    for i, above in enumerate(parents):
        for parent in above:
            users[parent].append(i)
    return users


def folded(groups: Sequence[Group], graph: Graph) -> list[Group]:
    """Groups of the same structure as one group, such as "tanh" 16 times.

    Two groups have the same structure if they have the same title and were made, in the same order,
    of groups of the same structure. Two leaves have it if they are of the same kind and their users
    have the same structure; a parameter that only the calls of one scope use is part of them. A row
    of additions, each the only user of the one before, is one group as well, and so is a row of
    multiplications.

    groups  in topological order
    """
    parents = _parents_of(groups, graph)
    leaf = [not above and not group.collapsed for group, above in zip(groups, parents, strict=True)]
    class_of = _structures(groups, parents, leaf)
    merged: dict[int, list[Group]] = {}
    for i in sorted(range(len(groups)), key=leaf.__getitem__):  # a scope before its parameters
        merged.setdefault(class_of[i], []).append(groups[i])
    index = {c: k for k, c in enumerate(merged)}
    around: list[set[int]] = [set() for _ in merged]
    for c, above in zip(class_of, parents, strict=True):
        around[index[c]].update(index[class_of[parent]] for parent in above)
    for k, others in enumerate(around):
        others.discard(k)
    return _ordered(list(map(_together, merged.values())), around)


def _together(parts: Sequence[Group]) -> Group:
    """The group of all nodes of the parts, with the title of the first."""
    if len(parts) == 1:
        return parts[0]
    nodes = list(chain.from_iterable(part.nodes for part in parts))
    return replace(parts[0], nodes=nodes, parts=parts)


def _structures(
    groups: Sequence[Group], parents: list[list[int]], leaf: Sequence[bool]
) -> list[int]:
    """[groups] the class of each group: groups of one class have the same structure.

    leaf  [groups] True for leaves that are drawn one by one
    """
    classes: dict[Hashable, int] = {}
    class_of = [0] * len(groups)
    titles = [(group.title, group.scope and group.scope.title) for group in groups]
    for i, above in enumerate(parents):
        runs = tuple((c, len(list(same))) for c, same in groupby(class_of[p] for p in above))
        class_of[i] = classes.setdefault((*titles[i], runs), len(classes))
    class_of = _rows(groups, parents, class_of)
    collapsed = {c for c, group in zip(class_of, groups, strict=True) if group.collapsed}
    users = _users_of(parents)
    for i in (i for i, alone in enumerate(leaf) if alone):
        using = frozenset(class_of[user] for user in users[i])
        part = len(using) == 1 and using <= collapsed
        if part and kind_of(groups[i].nodes[0]) == "parameter":
            (class_of[i],) = using  # the calls of one module, of which the parameter is a part
        else:
            class_of[i] = classes.setdefault((*titles[i], using), len(classes))
    return class_of


def _rows(groups: Sequence[Group], parents: list[list[int]], class_of: list[int]) -> list[int]:
    """The classes, that of a + or * joined to that of its only user if equal in size and title."""
    size = Counter(class_of)
    classes = zip(class_of, groups, strict=True)
    title = {c: group.title for c, group in classes if not group.collapsed}
    users: dict[int, set[int]] = {}
    for c, above in zip(class_of, parents, strict=True):
        for parent in above:
            users.setdefault(class_of[parent], set()).add(c)
    joined: dict[int, int] = {}
    for i in reversed(range(len(groups))):  # users first, so that a whole row joins its last
        c = class_of[i]
        if c in joined or len(users.get(c, ())) != 1 or not parents[i]:
            continue
        (user,) = users[c]
        if user != c and size[user] == size[c] and title.get(user) == title.get(c) in ("+", "*"):
            joined[c] = joined.get(user, user)
    return [joined.get(c, c) for c in class_of]


def staged(groups: Sequence[Group], graph: Graph) -> list[Group]:
    """The groups in `STAGES` boxes or fewer, by their distance from the leaves.

    What is repeated, such as the turns of a loop, is cut between two turns. Leaves that have
    a name or that several stages use stay apart, if they are few.

    groups  in topological order
    """
    parents = _parents_of(groups, graph)
    users = _users_of(parents)
    depth = [0] * len(groups)
    for i, above in enumerate(parents):
        depth[i] = 1 + max((depth[parent] for parent in above), default=-1)
    start, turn = _turns(groups, depth)
    turns = -(-(max(depth) + 1 - start) // (STAGES * turn))  # of a stage, rounded up
    stage = [max(level - start, 0) // (turn * turns) for level in depth]
    named: set[int] = set()
    shared: set[int] = set()
    for i in (i for i, above in enumerate(parents) if not above and users[i]):
        using = {stage[user] for user in users[i]}
        stage[i] = min(using)  # a leaf stands with its first user
        node = groups[i].nodes[0]
        if node.is_leaf and not groups[i].collapsed:
            shared.update([i] if len(using) > 1 else [])
            named.update([i] if graph.label(node) else [])
    apart = next(few for few in (named | shared, shared, set[int]()) if len(few) <= APART)
    made: dict[int, Group] = {}
    for i, group in enumerate(groups):
        if i not in apart:
            made.setdefault(stage[i], Group("", [], collapsed=True)).nodes += group.nodes
    for k, (_, group) in enumerate(sorted(made.items())):
        group.title = f"{k + 1} of {len(made)}: {_summary(group.nodes)}"
    return [groups[i] for i in sorted(apart)] + [made[k] for k in sorted(made)]


def _turns(groups: Sequence[Group], depth: Sequence[int]) -> tuple[int, int]:
    """The depth at which repeated turns begin, and that of each; (0, 1) if nothing is repeated."""
    titles: list[list[str]] = [[] for _ in range(max(depth) + 1)]
    for group, level in zip(groups, depth, strict=True):
        if not group.nodes[0].is_leaf:
            titles[level].append(group.title)
    levels = [tuple(sorted(level)) for level in titles]
    for turn in range(1, min(TURN, len(levels) // 3) + 1):
        again = [one == next_ for one, next_ in zip(levels, levels[turn:], strict=False)]
        if sum(again) >= 0.8 * len(again):
            return again.index(True), turn
    return 0, 1


def _summary(nodes: Sequence[Value]) -> str:
    """The most common operations: "500 +, 500 *, ..."."""
    common = Counter(node._op for node in nodes if not node.is_leaf).most_common()
    titles = [f"{n:,} {title}" for title, n in common[:3]]
    return ", ".join(titles + ["..."] * (len(common) > 3))
