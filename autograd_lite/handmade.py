"""A `_backward` written by hand, and the cycles that it may close.

A plain Value of the compiled build has no cycle collector, as its parents are older than it is.
"""

from __future__ import annotations

from types import CellType, FunctionType, ModuleType

import autograd_lite.memory as memory

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from autograd_lite.memory import Node

__all__ = ["StrongBackward", "WeakBackward", "by_hand", "watch_for_cycles"]

_HAVE_GC = 1 << 14  # Py_TPFLAGS_HAVE_GC: Python's own collector sees the instances of a class
_WITHOUT_CYCLES = (float, int, str, type, ModuleType, type(None))


class WeakBackward:
    """A `_backward` written by hand that does not hold the node which owns it.

    The function reads `out.grad` of that node. As a plain Value has no cycle collector, the
    reference would keep the whole graph alive for ever. So this is a copy of the function with a
    cell of its own in the place of `out`, which is filled for the time of a call; defaults
    likewise.
    """

    may_close_a_cycle = True  # until that is known: a collection may meet it half made

    def __init__(self, function: FunctionType, node: Node) -> None:
        self.own = CellType()
        cells = [self.own if holds(cell, node) else cell for cell in function.__closure__ or ()]
        self.function = FunctionType(
            function.__code__, function.__globals__, function.__name__, None, tuple(cells)
        )
        keywords = function.__kwdefaults__ or {}
        self.defaults = [None if d is node else (d,) for d in function.__defaults__ or ()]
        self.keywords = {name: None if d is node else (d,) for name, d in keywords.items()}
        cells = [cell for cell in cells if cell is not self.own]
        held = [*cells, *(function.__defaults__ or ()), *keywords.values()]
        self.may_close_a_cycle = not all(map(cannot_close_a_cycle, held))

    def __call__(self, owner: Node) -> None:
        function = self.function
        self.own.cell_contents = owner
        function.__defaults__ = tuple([owner if d is None else d[0] for d in self.defaults])
        function.__kwdefaults__ = {
            name: owner if d is None else d[0] for name, d in self.keywords.items()
        }
        try:
            function()
        finally:
            del self.own.cell_contents
            function.__defaults__ = function.__kwdefaults__ = None


class StrongBackward:
    """A `_backward` that is no plain function: all that it refers to stays alive."""

    may_close_a_cycle = True

    def __init__(self, function: Callable[[], None]) -> None:
        self.function = function

    def __call__(self, owner: Node) -> None:
        self.function()


def by_hand(function: Callable[[], None], node: Node) -> WeakBackward | StrongBackward:
    """The `_backward` of a node, of the function that was written for it."""
    if type(function) is FunctionType:
        return WeakBackward(function, node)
    return StrongBackward(function)


def holds(cell: CellType, node: Node) -> bool:
    try:
        return cell.cell_contents is node
    except ValueError:  # a variable that has no value yet
        return False


def cannot_close_a_cycle(held: Any) -> bool:
    """True if nothing reachable from `held` can refer to a node that holds it, so no cycle closes.

    held  an object, or the cell that has it
    """
    try:
        thing = held.cell_contents if type(held) is CellType else held
    except ValueError:
        return False
    # By type: a proxy answers isinstance with code of its own, which may lie or raise.
    return issubclass(type(thing), (memory.VALUE, *_WITHOUT_CYCLES))


_watched = False


def watch_for_cycles() -> None:
    """Have cycles through Values collected from now on."""
    global _watched
    if not _watched:
        if not memory.VALUE.__flags__ & _HAVE_GC:
            from autograd_lite import cycles

            cycles.watch((WeakBackward, StrongBackward))
        _watched = True
