"""The backward pass: cotangents from a root to the leaves, users before parents.

Begin at `backpropagate`. `backward.pxd` gives the functions here their C types. A node is typed by
its fields alone, as the class lies above.
"""

from __future__ import annotations

from array import array

import autograd_lite.fields as fields
import autograd_lite.kinds as kinds
import autograd_lite.memory as memory
import autograd_lite.operations.kernels as kernels
from autograd_lite.graph import reachable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from autograd_lite.extra import Extra
    from autograd_lite.memory import Node
    from autograd_lite.observers import Observer

_LONGS = array("q")  # as wide as a pointer
_passes: list[Pass] = []  # the passes under way, each within a `_backward` of the one before
_FAR = 1e6  # times a larger cotangent, a partial that is 0 by underflow would be none


class Pass:
    """One backward pass from root.

    root         the node on which `backward` was called
    watching     observers of the pass
    order        interior nodes in the order of their discovery, each after a user of its own; while
                 sending, order[:ready] is overwritten with the topological order
    met          how many nodes are in order
    ready        how many nodes have been ready to send so far
    leaves       head of a linked list of the leaves met, threaded through their unused `_x`; the
                 list ends at root
    no_leaf      what `_x` of a leaf is outside of that list
    leaf_tuples  tuples of leaves, which are not in that list
    by_block     (parents, their gradient) of each call of a block whose parents are all leaves
    kept         (node, its `.grad`) of the interior nodes that had one, if the pass is to leave
                 them; else None

    An interior node's cotangent is in its `_grad`; a leaf's is in its `_dx`, as the gradient of
    earlier passes is still in its `_grad`. Root keeps all nodes alive, so that in C order and the
    list of leaves refer to them without being counted.
    """

    __slots__ = (
        "by_block",
        "kept",
        "leaf_tuples",
        "leaves",
        "met",
        "no_leaf",
        "order",
        "ready",
        "root",
        "watching",
    )

    def __init__(self, root: Node, watching: tuple[Observer, ...], keeps: bool) -> None:
        self.order: Any = memory.places(_LONGS)
        self.met = self.ready = 0
        self.root = root
        self.leaves = memory.borrowed(root)
        self.no_leaf = memory.borrowed(None)
        self.watching = watching
        self.leaf_tuples: list[tuple[Node, ...]] = []
        self.by_block: list[tuple[tuple[Node, ...], array[float]]] = []
        self.kept: list[tuple[Node, float]] | None = [] if keeps else None


def backpropagate(
    root: Node, watching: tuple[Observer, ...], inputs: tuple[Node, ...] | None = None
) -> tuple[list[float], list[Node]]:
    """Sort topologically by counting users (Kahn's algorithm), and send cotangents on the way.

    root      a node that is no leaf
    watching  observers that are told of the pass
    inputs    nodes whose cotangents are returned, and then every `.grad` is left as it was; or
              None, and the leaves' gradients are added to

    Returns the cotangents, and the `frontier` of inputs.
    """
    if _passes and is_under_way(root):
        raise RuntimeError(
            "backward() within backward() of the same graph: in a _backward written by hand, "
            "differentiate a graph of its own, made of detach()ed Values"
        )
    this = Pass(root, watching, inputs is not None)
    order = this.order
    before_by_hand: list[tuple[Node, float]] = []
    found: tuple[list[float], list[Node]] = [], []
    try:
        _passes.append(this)
        if inputs is not None:
            before_by_hand += cleared(inputs)
        meet(memory.borrowed(root), this)
        i = 0
        while i < this.met:  # it grows while it is walked
            memory.prefetch(order, i, this.met)
            node = memory.placed(order, i)
            if node._kind == kinds.BY_HAND:
                before_by_hand += by_hand_leaves(memory.owned(node), inputs is not None)
            meet_parents(node, this)
            i += 1
        receive(memory.borrowed(root), 1.0, this)
        i = 0
        while i < this.ready:
            memory.prefetch(order, i, this.met)
            for observer in watching:
                observer.sends(memory.owned(memory.placed(order, i)), root)
            send(memory.placed(order, i), this)
            for observer in watching:
                observer.sent(memory.owned(memory.placed(order, i)), root)
            i += 1
        if watching:
            for each in met_leaves(this):
                for observer in watching:
                    observer.received(each, memory.gradient(each) + each._dx, root)
        if inputs is not None:
            found = taken_out(inputs, this), frontier(inputs, this)
            forget(this)
    except BaseException:
        below = reachable(root)
        if this.ready > 0:  # all were met, and order has some no more
            this.met = 0
            for each in below:
                if each._kind > kinds.LEAF:
                    memory.put(order, this.met, memory.borrowed(each))
                    this.met += 1
        below.update(inputs or ())
        for each in below:
            each._users = 0
            if each._kind == kinds.BLOCK:
                more: Extra = each._y
                more.block.forget()
        put_back(before_by_hand)
        forget(this)
        raise
    finally:
        try:
            settle(this)
        except KeyboardInterrupt:  # interpreted: between two leaves, which leaves the rest
            settle(this)
            raise
        finally:
            _passes.pop()
            if inputs is not None:
                put_back(before_by_hand)
                restore(this)
    return found


def sent_at_once(root: Node) -> bool:
    """Send the cotangent of a root that was REPLAYED, if all its parents are leaves: True if so.

    There must be no interrupt and no other thread in it, nor a pass under way; so in C only.
    """
    more: Extra = root._y
    if not (kernels.COMPILED and more.only_leaves_x) or _passes:
        return False
    d = memory.pointer(more.dxs)
    for i in range(len(more.xs)):
        memory.receive(more.xs, i, d[i])
    for i in range(len(more.xs)):
        memory.settle(memory.borrowed_at(more.xs, i))
    root._grad = 1.0
    return True


def meet(node: Node, this: Pass) -> None:
    """Count a user of node; at the first one, take it into the pass with cotangent 0."""
    if node._kind > kinds.LEAF:
        if node._users == 0:
            if node._grad != 0.0:
                if this.kept is not None:
                    this.kept.append((memory.owned(node), node._grad))
                node._grad = 0.0
            memory.put(this.order, this.met, node)
            this.met += 1
        node._users += 1


def meet_parents(node: Node, this: Pass) -> None:
    if node._kind == kinds.UNARY:
        meet(node._x, this)
    elif node._kind == kinds.BINARY:
        meet(node._x, this)
        meet(memory.second(node), this)
    else:
        if node._kind == kinds.REPLAYED and this.watching:
            fields.through_hub(memory.owned(node))
        more: Extra = memory.extra(node)
        if not more.only_leaves_x:
            meet_each(more.xs, this)
        if not more.only_leaves_y:
            meet_each(more.ys, this)


def meet_each(parents: tuple[Node, ...], this: Pass) -> None:
    for i in range(len(parents)):
        meet(memory.borrowed_at(parents, i), this)


def send(node: Node, this: Pass) -> None:
    """The chain rule: node's cotangent times each local partial goes to that parent."""
    g = node._grad
    if node._kind == kinds.UNARY:
        receive(node._x, times(g, node._dx), this)
    elif node._kind == kinds.BINARY:
        receive(node._x, times(g, node._dx), this)
        receive(memory.second(node), times(g, node._dy), this)
    else:
        send_to_many(memory.owned(node), g, memory.extra(node), this)


def send_to_many(node: Node, g: float, more: Extra, this: Pass) -> None:
    if node._kind == kinds.UNIFORM:
        send_alike(more.xs, more.only_leaves_x, times(g, node._dx), this)
    elif node._kind == kinds.REPLAYED and not abs(g) <= _FAR:
        _, call = fields.block_of(node)
        numbers = call.gradient([g])
        send_each(more.xs, more.only_leaves_x, memory.doubles(numbers), 1.0, this)
    elif node._kind == kinds.NARY or node._kind == kinds.DOT or node._kind == kinds.REPLAYED:
        send_each(more.xs, more.only_leaves_x, memory.pointer(more.dxs), g, this)
        if node._kind == kinds.DOT:
            send_each(more.ys, more.only_leaves_y, memory.pointer(more.dys), g, this)
    elif node._kind == kinds.BLOCK:
        numbers = more.block.send()
        if more.only_leaves_x and not this.watching:
            this.by_block.append((more.xs, numbers))
        else:
            send_each(more.xs, more.only_leaves_x, memory.doubles(numbers), 1.0, this)
    elif more.dxs is not None:  # chosen among others
        send_each(more.xs, False, memory.pointer(more.dxs), g, this)
    else:
        if more.backward is not None:
            more.backward(node)
        send_alike(more.xs, False, 0.0, this)  # a user less for each, so that parents become ready


def send_alike(parents: tuple[Node, ...], only_leaves: bool, cotangent: float, this: Pass) -> None:
    if only_leaves:
        take_leaves(parents, this)
        for i in range(len(parents)):
            memory.receive(parents, i, cotangent)
    else:
        for i in range(len(parents)):
            receive(memory.borrowed_at(parents, i), cotangent, this)


def send_each(
    parents: tuple[Node, ...], only_leaves: bool, partials: list[float], g: float, this: Pass
) -> None:
    if only_leaves:
        take_leaves(parents, this)
        for i in range(len(parents)):
            memory.receive(parents, i, times(g, partials[i]))
    else:
        for i in range(len(parents)):
            receive(memory.borrowed_at(parents, i), times(g, partials[i]), this)


def take_leaves(leaves: tuple[Node, ...], this: Pass) -> None:
    """Take leaves into the pass, but not again for each node that shares the tuple.

    The first leaf's `_users`, which a leaf does not need, is one more than the index of the tuple.
    """
    first = memory.borrowed_at(leaves, 0)
    n = first._users
    if n == 0 or n > len(this.leaf_tuples) or this.leaf_tuples[n - 1] is not leaves:
        this.leaf_tuples.append(leaves)
        first._users = len(this.leaf_tuples)


def times(g: float, partial: float) -> float:
    """g * partial, but a cotangent of 0 stays 0 through an infinite partial."""
    return g * partial if g != 0.0 else 0.0


def receive(node: Node, cotangent: float, this: Pass) -> None:
    """Add the cotangent that one user sends; after the last user an interior node is ready."""
    if node._kind > kinds.LEAF:
        node._grad += cotangent
        if node._users > 0:
            node._users -= 1
            if node._users == 0:
                memory.put(this.order, this.ready, node)
                this.ready += 1
    else:
        node._dx += cotangent
        if node._x is this.no_leaf:
            node._x = this.leaves
            this.leaves = node


def settle(this: Pass) -> None:
    """Add to the leaves' gradients the cotangents that they received."""
    while this.leaves is not memory.borrowed(this.root):
        node = this.leaves
        this.leaves = node._x
        node._x = this.no_leaf
        memory.settle(node)
    for leaves in this.leaf_tuples:
        memory.borrowed_at(leaves, 0)._users = 0
        for i in range(len(leaves)):
            memory.settle(memory.borrowed_at(leaves, i))
    for leaves, gradient in this.by_block:
        numbers = memory.doubles(gradient)
        for i in range(len(leaves)):
            memory.add_to_grad(leaves, i, numbers[i])
            numbers[i] = 0.0  # as with `_dx`, in case of an interrupt


def taken_out(inputs: tuple[Node, ...], this: Pass) -> list[float]:
    """The cotangents of inputs."""
    for leaves, gradient in this.by_block:
        numbers = memory.doubles(gradient)
        for i in range(len(leaves)):
            receive(memory.borrowed_at(leaves, i), numbers[i], this)
    # Of a leaf, its gradient is what a `_backward` added.
    return [
        node._grad if node._kind > kinds.LEAF else node._dx + memory.gradient(node)
        for node in inputs
    ]


def frontier(inputs: tuple[Node, ...], this: Pass) -> list[Node]:
    """The Values from outside that a pass met: no constants, and not made from inputs, but parents
    of what is.

    What is made from inputs is marked by its `_users`, which nobody counts any more: inputs by -1.
    """
    found: dict[int, Node] = {}  # by their addresses
    order = this.order
    if not meets_values(this):
        return []
    for node in inputs:
        node._users = -1
    for i in range(this.met - 1, -1, -1):  # parents before their users
        node = memory.owned(memory.placed(order, i))
        if node._users != -1 and is_made_of(node):
            node._users = 1
            for parent in parents_of(node):
                if parent._kind != kinds.CONSTANT and not is_made(parent):
                    found[memory.address(parent)] = parent
    for i in range(this.met):
        memory.placed(order, i)._users = 0
    for node in inputs:
        node._users = 0
    return list(found.values())


def meets_values(this: Pass) -> bool:
    """True if a pass met a leaf that is no constant."""
    node = this.leaves
    while node is not memory.borrowed(this.root):
        if node._kind == kinds.LEAF:
            return True
        node = node._x
    for leaves in this.leaf_tuples:
        for leaf in leaves:
            if leaf._kind == kinds.LEAF:
                return True
    return False


def is_made(node: Node) -> bool:
    """True if a node is an input, or marked as made from one."""
    is_deep: bool = node._kind > kinds.LEAF
    return node._users < 0 or (is_deep and node._users > 0)


def is_made_of(node: Node) -> bool:
    """True if a parent of a node is made from inputs, or is one."""
    if node._kind == kinds.UNARY:
        return is_made(node._x)
    if node._kind == kinds.BINARY:
        return is_made(node._x) or is_made(node._y)
    more: Extra = node._y
    return any_is_made(more.xs) or any_is_made(more.ys)


def any_is_made(nodes: tuple[Node, ...]) -> bool:
    made = 0
    for i in range(len(nodes)):
        made += is_made(memory.value_at(nodes, i))
    return made > 0


def parents_of(node: Node) -> tuple[Node, ...]:
    """The parents of a node that is no leaf."""
    if node._kind == kinds.UNARY:
        return (node._x,)
    if node._kind == kinds.BINARY:
        return (node._x, node._y)
    more: Extra = node._y
    return more.xs + more.ys


def by_hand_leaves(node: Node, clear: bool) -> list[tuple[Node, float]]:
    """(leaf, its gradient) of the parents of a node made by hand, whose gradients it may change.

    clear  True to set them to 0
    """
    more: Extra = node._y
    if more.dxs is not None:  # it was chosen, and has no function
        return []
    before = [(x, x.grad) for x in node.parents if x.is_leaf]
    if clear:
        for x, _ in before:
            memory.set_gradient(x, 0.0)
    return before


def cleared(inputs: tuple[Node, ...]) -> list[tuple[Node, float]]:
    """(leaf, its gradient) of the leaves among inputs that have one, which is set to 0."""
    before = []
    for x in inputs:
        if x._kind <= kinds.LEAF and memory.gradient(x) != 0.0:
            before.append((x, memory.gradient(x)))
            memory.set_gradient(x, 0.0)
    return before


def put_back(grads: list[tuple[Node, float]]) -> None:
    """Give nodes the gradients that they had, the first of each being the earliest."""
    for node, grad in reversed(grads):
        memory.set_gradient(node, grad)


def restore(this: Pass) -> None:
    """Give interior nodes the gradients that they had before the pass."""
    order = this.order
    for i in range(this.met):
        memory.placed(order, i)._grad = 0.0
    assert this.kept is not None
    put_back(this.kept)


def met_leaves(this: Pass) -> list[Node]:
    """The leaves that a pass met, by their addresses: a number in a recording has another hash."""
    met = {memory.address(x): x for leaves in this.leaf_tuples for x in leaves}
    node = this.leaves
    while node is not memory.borrowed(this.root):
        met[memory.address(memory.owned(node))] = memory.owned(node)
        node = node._x
    return list(met.values())


def forget(this: Pass) -> None:
    """Drop the cotangents that the leaves received."""
    this.by_block.clear()
    node = this.leaves
    while node is not memory.borrowed(this.root):
        node._dx = 0.0
        node = node._x
    for leaves in this.leaf_tuples:
        for leaf in leaves:
            leaf._dx = 0.0


def under_way() -> bool:
    """True within a pass, which is within a `_backward` written by hand."""
    return len(_passes) > 0


def is_under_way(root: Node) -> bool:
    """True if root or an interior node that it depends on belongs to a pass under way."""
    sent: set[Node] = set()
    for this in _passes:
        for i in range(this.ready):
            sent.add(memory.owned(memory.placed(this.order, i)))
    for node in reachable(root):
        if (node._users > 0 and node._kind > kinds.LEAF) or node in sent:
            return True
    return False


def send_alone(node: Node) -> None:
    """Add node's gradient times its partials to its parents' gradients, outside a pass."""
    if node._kind == kinds.BY_HAND:
        if node._y.backward is not None:
            node._y.backward(node)
    elif node._kind == kinds.BLOCK:
        for parent, cotangent in zip(node.parents, node._y.block.send(), strict=True):
            parent.grad += cotangent
    elif node._kind == kinds.REPLAYED:
        more: Extra = node._y
        for parent, partial in zip(more.xs, memory.numbers(more.dxs), strict=False):
            parent.grad += times(node._grad, partial)
    else:
        for parent, partial in zip(node.parents, node.partials, strict=True):
            parent.grad += times(node._grad, partial)
