"""Leaves whose numbers and gradients lie in blocks, which a program reads and writes as a whole.

A leaf in a block has its place in `_dy`, and in `_y` an Extra that keeps the block alive. All that
reads or writes it goes there, so that nothing is copied to or from the block. A copy of a leaf has
its numbers to itself again, as one from a file has.
"""

from __future__ import annotations

from array import array

import autograd_lite.extra as extra
import autograd_lite.fields as fields
import autograd_lite.memory as memory

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from autograd_lite.memory import Node


_any = False  # True once there is a placement


def any_placed() -> bool:
    """False if no leaf lies in a block, so that nobody has to look."""
    return _any


class Placement:
    """The blocks in which leaves lie, in their order.

    numbers  [leaves] their numbers
    grads    [leaves] their gradients
    order    [leaves] their addresses
    intact   False once one of the leaves has moved to other blocks
    """

    __slots__ = ("first_grad", "first_number", "grads", "intact", "locks", "numbers", "order")

    def __init__(self, numbers: array[float], grads: array[float], order: list[int]) -> None:
        self.numbers, self.grads, self.order = numbers, grads, order
        self.locks: Any = memoryview(numbers), memoryview(grads)  # against resizing
        self.first_number, self.first_grad = memory.doubles(numbers), memory.doubles(grads)
        self.intact = True


def place(leaves: tuple[Node, ...]) -> Placement:
    """Move the numbers and gradients of leaves, none of them twice, into blocks of their own.

    Raises TypeError for what is no Value, and ValueError for the result of an operation, and for a
    leaf that is given twice.
    """
    n = len(leaves)
    if not memory.all_nodes(leaves):
        raise TypeError("place: expected Values")
    if len(set(leaves)) < n:
        raise ValueError("place: a leaf is given twice")
    for i in range(n):
        if memory.is_deep(leaves, i):
            raise ValueError("place: the result of an operation has no place in a block")
    global _any
    _any = True
    numbers, grads = array("d", bytes(8 * n)), array("d", bytes(8 * n))
    here = Placement(numbers, grads, addresses(leaves))
    extras = [extra.make(()) for _ in range(n)]
    for i in range(n):
        leaf = memory.value_at(leaves, i)
        here.first_number[i], here.first_grad[i] = memory.number(leaf), memory.gradient(leaf)
        move(leaf, i, here, extras[i])
    return here


def move(leaf: Node, i: int, here: Placement, more: extra.Extra) -> None:
    """Let a leaf lie in place i, in which its numbers are already."""
    more.label = fields.label_of(leaf)
    more.block = here
    if memory.is_placed(leaf):
        memory.placement(leaf).intact = False
    leaf._y = more
    memory.set_place(leaf, memory.part(here.first_number, i, len(here.numbers) - i))


def placed(leaves: tuple[Node, ...]) -> Placement | None:
    """The blocks of these leaves in this order, to which they move if none lies in blocks yet.

    None if there are none, if they lie otherwise, one is given twice, or is no leaf.
    """
    n = len(leaves)
    if n == 0 or len(set(leaves)) < n:
        return None
    elsewhere = 0
    for i in range(n):
        if memory.is_deep(leaves, i):
            return None
        elsewhere += memory.is_placed(memory.value_at(leaves, i))
    if elsewhere == 0:
        return place(leaves)
    here = placement_of(memory.value_at(leaves, 0))
    if here is None or elsewhere < n or len(here.numbers) != n:
        return None
    for i in range(n):
        if memory.placement(memory.value_at(leaves, i)) is not here:
            return None
    return here if here.order == addresses(leaves) else None


def addresses(leaves: tuple[Node, ...]) -> list[int]:
    """What tells the leaves of a placement apart: each is alive, and none joins them later."""
    return [memory.address(memory.value_at(leaves, i)) for i in range(len(leaves))]


def placement_of(leaf: Node) -> Placement | None:
    """The placement of a leaf that lies in blocks, else None."""
    return memory.placement(leaf) if memory.is_placed(leaf) else None
