"""The forward pass: tangents from inputs to outputs, parents before users.

`forward.pxd` gives the functions here their C types. While one of them runs, `_users` of a node is
its place in the pass: that in an array of tangents, in which 0 is the place of all that do not
depend on inputs. So none of them runs within a pass of `backward`, whose counts are there.
"""

from __future__ import annotations

from array import array

import autograd_lite.kinds as kinds
import autograd_lite.memory as memory
import autograd_lite.operations.kernels as kernels
from autograd_lite import value
from autograd_lite.backward import under_way
from autograd_lite.graph import reachable
from autograd_lite.partials import is_flat

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from autograd_lite.extra import Extra
    from autograd_lite.memory import Node

__all__ = ["active_nodes", "depends_on_others", "pushforward"]


class Order:
    """Nodes in the order of their discovery, which nodes[:ready] overwrite in topological order."""

    __slots__ = ("nodes", "ready")

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self.ready = 0


def pushforward(
    outputs: tuple[Node, ...], inputs: tuple[Node, ...], directions: Sequence[Sequence[float]]
) -> list[list[float]] | None:
    """For each direction, the sum of d output / d input times tangent, for each output.

    directions  for each, the tangent of each input

    None where the partials that nodes have do not suffice: of blocks, and of nodes made by hand.
    """
    with value._lock:
        if under_way():
            return None
        try:
            nodes = placed(outputs, inputs)
            found = None
            if not any_by_hand(nodes):
                found = [swept(nodes, outputs, len(inputs), along) for along in directions]
            forget(nodes, inputs)
        except BaseException:
            forget_all(outputs, inputs)
            raise
        return found


def active_nodes(outputs: tuple[Node, ...], inputs: tuple[Node, ...]) -> list[Node] | None:
    """What outputs depend on, and what depends on inputs, which are not among it: parents first.

    None within a pass of `backward`.
    """
    with value._lock:
        if under_way():
            return None
        try:
            nodes = placed(outputs, inputs)
            forget(nodes, inputs)
        except BaseException:
            forget_all(outputs, inputs)
            raise
        return nodes


def depends_on_others(outputs: tuple[Node, ...], inputs: tuple[Node, ...]) -> bool | None:
    """True if outputs depend on leaves that are neither inputs nor plain numbers.

    None within a pass of `backward`.
    """
    with value._lock:
        if under_way():
            return None
        try:
            nodes = ordered(outputs, inputs)
            others = 0
            for node in outputs:
                others += is_other(node)
            for node in nodes:
                others += has_other(node)
            forget([], inputs)
        except BaseException:
            forget_all(outputs, inputs)
            raise
        return others > 0


def any_by_hand(nodes: list[Node]) -> bool:
    """True if the partials of a node are not in it."""
    found = 0
    for i in range(len(nodes)):
        found += memory.listed(nodes, i)._kind >= kinds.BY_HAND
    return found > 0


def ordered(outputs: tuple[Node, ...], inputs: tuple[Node, ...]) -> list[Node]:
    """What outputs depend on, parents first, without leaves, inputs and what is behind these.

    Then `_users` of inputs is -1, and that of all others 0.
    """
    order = Order()
    nodes = order.nodes
    for node in inputs:
        node._users = -1
    for node in outputs:
        meet(node, order)
    i = 0
    while i < len(nodes):  # it grows while it is walked
        meet_parents(memory.listed(nodes, i), order)
        i += 1
    for node in outputs:
        leave(node, order)
    i = 0
    while i < order.ready:
        leave_parents(memory.listed(nodes, i), order)
        i += 1
    nodes.reverse()
    return nodes


def meet(node: Node, order: Order) -> None:
    if node._kind > kinds.LEAF and node._users >= 0:
        if node._users == 0:
            order.nodes.append(node)
        node._users += 1


def leave(node: Node, order: Order) -> None:
    if node._kind > kinds.LEAF and node._users > 0:
        node._users -= 1
        if node._users == 0:
            order.nodes[order.ready] = node
            order.ready += 1


def meet_parents(node: Node, order: Order) -> None:
    if node._kind == kinds.UNARY:
        meet(node._x, order)
    elif node._kind == kinds.BINARY:
        meet(node._x, order)
        meet(memory.node(node._y), order)
    else:
        more: Extra = node._y
        for i in range(len(more.xs)):
            meet(memory.value_at(more.xs, i), order)
        for i in range(len(more.ys)):
            meet(memory.value_at(more.ys, i), order)


def leave_parents(node: Node, order: Order) -> None:
    if node._kind == kinds.UNARY:
        leave(node._x, order)
    elif node._kind == kinds.BINARY:
        leave(node._x, order)
        leave(memory.node(node._y), order)
    else:
        more: Extra = node._y
        for i in range(len(more.xs)):
            leave(memory.value_at(more.xs, i), order)
        for i in range(len(more.ys)):
            leave(memory.value_at(more.ys, i), order)


def is_other(node: Node) -> bool:
    """True if a node is a leaf, but neither an input nor a number."""
    is_leaf: bool = node._kind == kinds.LEAF
    return is_leaf and node._number == kinds.NO_NUMBER and node._users != -1


def has_other(node: Node) -> bool:
    """True if a parent of a node is a leaf, but neither an input nor a number."""
    if node._kind == kinds.UNARY:
        return is_other(node._x)
    if node._kind == kinds.BINARY:
        return is_other(node._x) or is_other(memory.node(node._y))
    more: Extra = node._y
    others = 0
    for i in range(len(more.xs)):
        others += is_other(memory.value_at(more.xs, i))
    for i in range(len(more.ys)):
        others += is_other(memory.value_at(more.ys, i))
    return others > 0


def placed(outputs: tuple[Node, ...], inputs: tuple[Node, ...]) -> list[Node]:
    """The `active_nodes`, which have their places: from 1 on, after the inputs."""
    nodes = ordered(outputs, inputs)
    place = 1
    for node in inputs:
        node._users = place
        place += 1
    n = 0
    for i in range(len(nodes)):
        node = memory.listed(nodes, i)
        if depends(node) and not (node._kind < kinds.BY_HAND and is_silent(node._code)):
            nodes[n] = node
            n += 1
            node._users = place
            place += 1
    del nodes[n:]
    return nodes


def depends(node: Node) -> bool:
    """True if a parent of a node has a place."""
    if node._kind == kinds.UNARY:
        return has_place(node._x)
    if node._kind == kinds.BINARY:
        return has_place(node._x) or has_place(memory.node(node._y))
    more: Extra = node._y
    found = 0
    for i in range(len(more.xs)):
        found += has_place(memory.value_at(more.xs, i))
    for i in range(len(more.ys)):
        found += has_place(memory.value_at(more.ys, i))
    return found > 0


def has_place(node: Node) -> bool:
    is_placed: bool = node._users > 0
    return is_placed


_silent: list[bool] = []  # by the code of a rule


def is_silent(code: int) -> bool:
    """True if all derivatives of a rule are 0, so that not even an infinite tangent goes on."""
    while len(_silent) <= code:
        _silent.append(is_flat(len(_silent)))
    return _silent[code]


def forget(nodes: list[Node], inputs: tuple[Node, ...]) -> None:
    for i in range(len(nodes)):
        memory.listed(nodes, i)._users = 0
    for node in inputs:
        node._users = 0


def forget_all(outputs: tuple[Node, ...], inputs: tuple[Node, ...]) -> None:
    """Forget places after an interrupt, wherever it was."""
    for output in outputs:
        forget([], tuple(reachable(output)))
    forget([], inputs)


def swept(
    nodes: list[Node], outputs: tuple[Node, ...], n: int, direction: Sequence[float]
) -> list[float]:
    """The tangents of outputs along one direction of the n inputs."""
    tangents = array("d", bytes(8 * (1 + n + len(nodes))))
    t = memory.doubles(tangents)
    for i in range(n):
        t[i + 1] = direction[i]
    for i in range(len(nodes)):
        t[1 + n + i] = tangent(memory.listed(nodes, i), t)
    return [tangents[node._users] for node in outputs]


def tangent(node: Node, t: list[float]) -> float:
    """The sum of partial times tangent over a node's parents."""
    if node._kind == kinds.UNARY:
        return times(t[node._x._users], node._dx)
    if node._kind == kinds.BINARY:
        y = memory.node(node._y)
        return times(t[node._x._users], node._dx) + times(t[y._users], node._dy)
    more: Extra = node._y
    out = 0.0
    if node._kind == kinds.UNIFORM:
        for i in range(len(more.xs)):
            out += times(t[memory.value_at(more.xs, i)._users], node._dx)
        return out
    d = memory.pointer(more.dxs)
    for i in range(len(more.xs)):
        # The arm that was not taken sends nothing, not even a nan.
        if d[i] != 0.0 or node._code != kernels.WHERE:
            out += times(t[memory.value_at(more.xs, i)._users], d[i])
    if node._kind == kinds.DOT:
        d = memory.pointer(more.dys)
        for i in range(len(more.ys)):
            # Of a chain it is a cotangent, which stays 0 where its partial changes infinitely fast.
            if d[i] != 0.0 or node._code != kernels.CHAIN:
                out += times(t[memory.value_at(more.ys, i)._users], d[i])
    return out


def times(tangent: float, partial: float) -> float:
    """tangent * partial, but a tangent of 0 stays 0 through an infinite partial."""
    return tangent * partial if tangent != 0.0 else 0.0
