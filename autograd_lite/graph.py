"""Orders of a graph and derivatives along it: what drawing, testing, copying and compiling share.

Nothing here recurses, so graphs a million nodes deep are as good as any. Nothing is imported from
the engine: a node is whatever has `parents`.
"""

from __future__ import annotations

import sys

from autograd_lite.forks import give_lock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any, Protocol, TypeVar

    class Node(Protocol):
        """The part of a Value that is read here."""

        grad: Any

        @property
        def parents(self) -> tuple[Any, ...]: ...
        @property
        def partials(self) -> tuple[float, ...]: ...
        @property
        def is_leaf(self) -> bool: ...
        @property
        def rule(self) -> Any: ...
        @property
        def _block(self) -> Any: ...
        @property
        def _backward(self) -> Callable[[], None]: ...

    N = TypeVar("N", bound=Node)

__all__ = ["cotangents", "grads", "operands", "partials", "reachable", "topological_order"]


def topological_order(root: N) -> list[N]:
    """Every node that root depends on, once each: users before their parents, root first.

    It is the order of `Value.backward`, and depends on nothing but the graph (Kahn's algorithm,
    first in, first out). Raises TypeError if root is not a Value.
    """
    if not hasattr(root, "is_leaf"):
        raise TypeError(f"topological_order: expected a Value, not {type(root).__name__}")
    return order_without(root, lambda node: False)


def order_without(root: N, skip: Callable[[N], bool]) -> list[N]:
    """The topological order of root and its ancestors, without those behind skipped nodes only."""
    users = {root: 0}
    met = [root]
    for node in met:  # the list grows while it is walked
        for parent in node.parents:
            if parent in users:
                users[parent] += 1
            elif not skip(parent):
                users[parent] = 1
                met.append(parent)
    order = [root]
    for node in order:
        for parent in node.parents:
            if parent in users:
                users[parent] -= 1
                if users[parent] == 0:
                    order.append(parent)
    return order


def reachable(root: N) -> set[N]:
    """Root and all nodes that it depends on, in no order."""
    nodes = {root}
    stack = [root]
    while stack:
        fresh = set(stack.pop().parents) - nodes
        nodes |= fresh
        stack.extend(fresh)
    return nodes


# ------------------------------------------------------------------- derivatives along a graph

# Held while `partials` borrows the gradients of some nodes; whoever reads gradients waits.
_borrowing: Any = None
give_lock(sys.modules[__name__], "_borrowing")


def operands(node: N) -> tuple[N, ...]:
    """The nodes that node was computed from, in order: its parents.

    The results of a block have one parent, the hub in which they meet, which has no number; their
    operands are those of the block.
    """
    block = node._block
    found: tuple[N, ...] = node.parents if block is None else block[0].parents
    return found


def partials(node: Node) -> tuple[float, ...]:
    """The derivatives of node with respect to its `operands`, one for each.

    A `_backward` written by hand states no partials, so it is run with gradient 1 to see what it
    adds to the parents' gradients; then all gradients are put back. Meanwhile no other thread may
    run a `backward()` through these nodes. Of a parent that appears twice only the sum is known,
    which is given to the first.
    """
    if node.rule is not None or node.is_leaf:
        return node.partials
    block = node._block
    if block is not None:  # its `_backward` would leave a cotangent behind
        hub, call = block
        found: tuple[float, ...] = (0.0,) * len(hub.parents)
        return found if hub is node else call.partials(node)
    parents = tuple(dict.fromkeys(node.parents))
    with _borrowing:
        before = [(n, n.grad) for n in (node, *parents)]
        try:
            for parent in parents:
                parent.grad = 0.0
            node.grad = 1.0
            node._backward()
            measured = {parent: parent.grad for parent in parents}
        finally:
            for n, grad in before:
                n.grad = grad
    return tuple(measured.pop(parent, 0.0) for parent in node.parents)


def cotangents(order: Sequence[N], ends: Iterable[N] = ()) -> dict[N, float]:
    """The derivatives of order[0] with respect to each node of a topological order.

    They are what one `backward()` from gradients of 0 gives, bit for bit, as the order of additions
    is the engine's, but no `.grad` is touched.

    ends  parents of these nodes that are not in the order, but whose derivatives are wanted
    """
    total = dict.fromkeys((*order, *ends), 0.0)
    total[order[0]] = 1.0
    left: dict[N, list[float]] = {}  # of hubs, what the results of the block have left
    for node in order:
        cotangent = total[node]
        block = node._block
        if node in left:  # the hub of a block
            for operand, sent in zip(node.parents, block[1].gradient(left[node]), strict=True):
                total[operand] += sent
        elif cotangent == 0.0:  # and stays 0 through an infinite partial
            continue
        elif block is not None and block[0] in total:
            hub, call = block
            left.setdefault(hub, [0.0] * len(call.numbers))[call.index_of(node)] += cotangent
        else:  # an order may be without hubs
            for operand, partial in zip(operands(node), partials(node), strict=True):
                total[operand] += cotangent * partial
    return total


def grads(nodes: Iterable[N]) -> dict[N, float]:
    """The `.grad` of each node, none of them while `partials` borrows it in another thread."""
    with _borrowing:
        return {node: node.grad for node in nodes}
