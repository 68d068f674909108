"""The places of state, from which a program reads numbers and to which it writes them.

Plain Python, compiled with `places.pxd` beside it as `autograd_lite/value.py` is. A program gives
all new numbers beside the old ones, and then they are written in one go: no interrupt comes in
between.
"""

from __future__ import annotations

import sys
from array import array
from itertools import chain

import autograd_lite.memory as memory
from autograd_lite.forks import give_lock
from autograd_lite.placement import placed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from threading import RLock
    from typing import Any

    from autograd_lite.placement import Placement
    from autograd_lite.value import Value

__all__ = ["Places", "alone", "grads_of", "hold", "let_go", "set_grads"]

_NONE = array("d")

_lock: Any = None  # of one that runs from old numbers of state to new ones
give_lock(sys.modules[__name__], "_lock")


def alone() -> RLock:
    """The lock of a step: in all threads, one at a time goes from old numbers to new ones."""
    return _lock  # type: ignore[no-any-return]


def hold(holder: Any) -> None:
    """Take the lock, and note so in `holder.locked`: in C no interrupt comes in between."""
    _lock.acquire()
    holder.locked = True


def let_go(holder: Any) -> None:
    """Release the lock, if the holder has it."""
    if holder.locked:
        holder.locked = False
        _lock.release()


class Places:
    """Places of numbers, one after the other.

    data     Values, of which they are the data
    grads    Values, of which they are the gradients
    arrays   (object, attribute, length) of arrays of doubles
    numbers  (object, attribute, type) of plain numbers
    """

    def __init__(
        self,
        data: Iterable[Value],
        grads: Iterable[Value],
        arrays: Iterable[tuple[Any, str, int]],
        numbers: Iterable[tuple[Any, str, type]],
    ) -> None:
        self.data, self.grads = tuple(data), tuple(grads)
        if self.data == self.grads:
            self.grads = self.data  # and they are looked at once
        self._data_in, self._grads_in = placed(self.data), placed(self.grads)
        self.arrays, self.numbers = [*arrays], [*numbers]
        self._arrays = [vars(thing) for thing, _, _ in self.arrays]
        self._array_names = [name for _, name, _ in self.arrays]
        self._lengths = [n for _, _, n in self.arrays]
        self._spaces = [vars(thing) for thing, _, _ in self.numbers]
        self._names = [name for _, name, _ in self.numbers]
        self._types = [cls for _, _, cls in self.numbers]
        values = len(self.data) + len(self.grads)
        self._length = values + sum(self._lengths) + len(self.numbers)

    def __len__(self) -> int:
        return self._length

    def owners(self) -> list[Any]:
        """The Values and objects that have the places."""
        held = [thing for thing, _, _ in chain(self.arrays, self.numbers)]
        return [*self.data, *self.grads, *held]

    def read(self, before: array[float] = _NONE) -> array[float] | None:
        """The numbers, behind others; None if one is of another type or an array of another length.

        before  those others
        """
        arrays = arrays_in(self._arrays, self._array_names, self._lengths)
        found = numbers_in(self._spaces, self._names, self._types)
        if arrays is None or found is None:
            return None
        numbers = room(len(before) + self._length)
        take(numbers, before, self.data, self._data_in, self.grads, self._grads_in, arrays, found)
        return numbers

    def now(self) -> list[Any]:
        """The numbers, ints as ints."""
        numbers = self.read()
        if numbers is None:
            return []
        n = len(numbers) - len(self.numbers)
        return [*numbers[:n], *[vars(thing)[name] for thing, name, _ in self.numbers]]

    def name(self, i: int) -> str:
        """What errors call place i."""
        for what, values in ("data", self.data), ("grad", self.grads):
            if i < len(values):
                label = values[i].label
                return f".{what} of {label!r}" if label else f".{what} of a Value"
            i -= len(values)
        for thing, name, n in self.arrays:
            if i < n:
                return f"{name}[{i}] of the {type(thing).__name__}"
            i -= n
        thing, name, _ = self.numbers[i]
        return f"{name} of the {type(thing).__name__}"

    def names(self, start: int) -> dict[range, str]:
        """{indices of numbers: the name of the attribute that has them}, counted from start."""
        found = {}
        held = [("grad", len(self.grads)), *[(name, n) for _, name, n in self.arrays]]
        for name, n in [
            ("p", len(self.data)),
            *held,
            *[(name, 1) for _, name, _ in self.numbers],
        ]:
            found[range(start, start + n)] = name
            start += n
        return {indices: name for indices, name in found.items() if indices}

    def write(self, numbers: array[float], start: int = 0) -> None:
        """Set the numbers, which begin at start: all of them, whatever comes between."""
        arrays = arrays_in(self._arrays, self._array_names, self._lengths)
        if arrays is None:
            raise RuntimeError("an array of state was replaced while a step ran")
        end = start + self._length
        last = numbers[end - len(self._types) : end]
        found = [cls(number) for cls, number in zip(self._types, last, strict=True)]
        given = (
            *(numbers, start, self.data, self._data_in, self.grads, self._grads_in),
            *(arrays, self._spaces, self._names, found),
        )
        try:
            put(*given)
        except KeyboardInterrupt:  # interpreted: between two numbers
            put(*given)
            raise


def arrays_in(
    spaces: list[dict[str, Any]], names: list[str], lengths: list[int]
) -> list[array[float]] | None:
    """The arrays of doubles of these names; None if one is not of this length, or none."""
    found = []
    for i in range(len(names)):
        x: Any = spaces[i].get(names[i])
        if type(x) is not array or x.typecode != "d" or len(x) != lengths[i]:
            return None
        found.append(x)
    return found


def numbers_in(
    spaces: list[dict[str, Any]], names: list[str], types: list[type]
) -> list[Any] | None:
    """The numbers of these names; None if one is not of this type."""
    found = []
    for i in range(len(names)):
        x = spaces[i].get(names[i])
        if type(x) is not types[i]:
            return None
        found.append(x)
    return found


def room(n: int) -> array[float]:
    """An array of n doubles of any value."""
    return memory.room(_NONE, n)


def take(
    numbers: array[float],
    before: array[float],
    data: tuple[Value, ...],
    data_in: Placement | None,
    grads: tuple[Value, ...],
    grads_in: Placement | None,
    arrays: list[array[float]],
    found: list[Any],
) -> None:
    """Write the numbers of the places to an array, behind others.

    data_in, grads_in  the blocks of Values, or None; those that are not intact do not count
    """
    out, read = memory.doubles(numbers), memory.doubles(before)
    n = len(before)
    for i in range(n):
        out[i] = read[i]
    if data_in is not None and data_in.intact:
        read = memory.doubles(data_in.numbers)
        for i in range(len(data)):
            out[n + i] = read[i]
    else:
        for i in range(len(data)):
            out[n + i] = memory.data_of(data, i)
    n += len(data)
    if grads_in is not None and grads_in.intact:
        read = memory.doubles(grads_in.grads)
        for i in range(len(grads)):
            out[n + i] = read[i]
    else:
        for i in range(len(grads)):
            out[n + i] = memory.grad_of(grads, i)
    n += len(grads)
    for each in arrays:
        read = memory.doubles(each)
        for i in range(len(each)):
            out[n + i] = read[i]
        n += len(each)
    for i in range(len(found)):
        out[n + i] = float(found[i])


def put(
    numbers: array[float],
    start: int,
    data: tuple[Value, ...],
    data_in: Placement | None,
    grads: tuple[Value, ...],
    grads_in: Placement | None,
    arrays: list[array[float]],
    spaces: list[dict[str, Any]],
    names: list[str],
    found: list[Any],
) -> None:
    """Write the numbers of an array to the places; `found` are those of attributes."""
    read = memory.doubles(numbers)
    n = start
    m = len(data)
    if data_in is not None and data_in.intact:
        out = memory.doubles(data_in.numbers)
        for i in range(m):
            out[i] = read[n + i]
    else:
        for i in range(m):
            memory.set_data(data, i, read[n + i])
    if grads_in is not None and grads_in.intact:
        out = memory.doubles(grads_in.grads)
        for i in range(len(grads)):
            out[i] = read[n + m + i]
    else:
        for i in range(len(grads)):
            memory.set_grad(grads, i, read[n + m + i])
    n += m + len(grads)
    for each in arrays:
        out = memory.doubles(each)
        for i in range(len(each)):
            out[i] = read[n + i]
        n += len(each)
    for i in range(len(names)):
        spaces[i][names[i]] = found[i]


def set_grads(values: tuple[Value, ...], numbers: Sequence[float]) -> None:
    """Set the gradients of Values; no observer is told."""
    for i in range(len(values)):
        memory.set_grad(values, i, numbers[i])


def grads_of(values: tuple[Value, ...]) -> list[float]:
    """The gradients of Values; no observer is told."""
    return [memory.grad_of(values, i) for i in range(len(values))]
