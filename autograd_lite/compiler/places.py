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

    from autograd_lite.value import Value

__all__ = ["Places", "alone", "grads_of", "hold", "let_go", "set_grads"]

_NONE = array("d")

_lock: Any = None  # of one that runs from old numbers of state to new ones
give_lock(sys.modules[__name__], "_lock")


def alone() -> RLock:
    """The lock of a step: in all threads, one at a time goes from old numbers to new ones."""
    return _lock  # type: ignore[no-any-return]


def hold(holder: Any) -> bool:
    """Take the lock if no other thread has it, and note so in `holder.locked`: in C no interrupt
    comes in between.
    """
    taken = bool(_lock.acquire(False))
    if taken:
        holder.locked = True
    return taken


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
        self.arrays, self.numbers = [*arrays], [*numbers]
        self.access = Access(self.data, self.grads, self.arrays, self.numbers)

    def __len__(self) -> int:
        return self.access.length

    def owners(self) -> list[Any]:
        """The Values and objects that have the places."""
        held = [thing for thing, _, _ in chain(self.arrays, self.numbers)]
        return [*self.data, *self.grads, *held]

    def read(self, before: array[float] = _NONE) -> array[float] | None:
        """The numbers, behind others; None if one is of another type or an array of another length.

        before  those others
        """
        numbers = room(len(before) + len(self))
        numbers[: len(before)] = before
        return numbers if self.access.read(numbers, len(before)) else None

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
        n = len(self)
        self.write_from(numbers, array("q", (start, n)), numbers[start : start + n])

    def write_from(self, numbers: array[float], stretches: array[int], last: array[float]) -> None:
        """Set the numbers, which lie in stretches of an array.

        stretches  [first, number of ...]
        last       the numbers, or at least those of the attributes, which are the last ones
        """
        try:
            written = self.access.write(numbers, stretches, last)
        except KeyboardInterrupt:  # interpreted: between two numbers
            self.access.write(numbers, stretches, last)
            raise
        if not written:
            raise RuntimeError("an array of state was replaced while a step ran")


class Access:
    """Reads and writes the numbers of places.

    length   how many they are
    data_in  the block of the data, or None; if it is not intact, it does not count
    stretch  of the numbers that are written, the stretch that is read, and of this how many have
    begun    been
    """

    __slots__ = (
        *(
            "array_names",
            "arrays",
            "begun",
            "data",
            "data_in",
            "grads",
            "grads_in",
            "length",
            "lengths",
        ),
        *("names", "spaces", "stretch", "types"),
    )

    def __init__(
        self,
        data: tuple[Value, ...],
        grads: tuple[Value, ...],
        arrays: list[tuple[Any, str, int]],
        numbers: list[tuple[Any, str, type]],
    ) -> None:
        self.data, self.grads = data, grads
        self.data_in, self.grads_in = placed(data), placed(grads)
        self.arrays = [vars(thing) for thing, _, _ in arrays]
        self.array_names = [name for _, name, _ in arrays]
        self.lengths = [n for _, _, n in arrays]
        self.spaces = [vars(thing) for thing, _, _ in numbers]
        self.names = [name for _, name, _ in numbers]
        self.types = [cls for _, _, cls in numbers]
        self.length = len(data) + len(grads) + sum(self.lengths) + len(numbers)

    def read(self, numbers: array[float], start: int) -> bool:
        """Write the numbers of the places to an array, from `start` on.

        False if one is of another type, or an array of another length.
        """
        out, n = memory.doubles(numbers), start
        if self.data_in is not None and self.data_in.intact:
            memory.copy(out, n, memory.doubles(self.data_in.numbers), 0, len(self.data))
        else:
            for i in range(len(self.data)):
                out[n + i] = memory.data_of(self.data, i)
        n += len(self.data)
        if self.grads_in is not None and self.grads_in.intact:
            memory.copy(out, n, memory.doubles(self.grads_in.grads), 0, len(self.grads))
        else:
            for i in range(len(self.grads)):
                out[n + i] = memory.grad_of(self.grads, i)
        n += len(self.grads)
        for i in range(len(self.arrays)):
            each = array_in(self.arrays[i], self.array_names[i], self.lengths[i])
            if each is None:
                return False
            memory.copy(out, n, memory.doubles(each), 0, len(each))
            n += len(each)
        for i in range(len(self.spaces)):
            number: Any = self.spaces[i].get(self.names[i])
            if type(number) is not self.types[i]:
                return False
            out[n + i] = number
        return True

    def write(self, numbers: array[float], stretches: array[int], last: array[float]) -> bool:
        """Set the numbers of the places, as `Places.write_from` does.

        False, and none is set, if an array is of another length.
        """
        read, where = memory.doubles(numbers), memory.longs(stretches)
        arrays: list[Any] = []
        for i in range(len(self.arrays)):
            each = array_in(self.arrays[i], self.array_names[i], self.lengths[i])
            if each is None:
                return False
            arrays.append(each)
        first = len(last) - len(self.types)
        found = [self.types[i](last[first + i]) for i in range(len(self.types))]
        data_in, grads_in = self.data_in, self.grads_in
        if data_in is not None and not data_in.intact:
            data_in = None
        if grads_in is not None and not grads_in.intact:
            grads_in = None
        # All room is taken before anything is written: where there is none, nothing is.
        n = len(self.data) if data_in is None else 0
        some = room(n if grads_in is not None else max(n, len(self.grads)))
        self.stretch = self.begun = 0
        if data_in is not None:
            self.fill(memory.doubles(data_in.numbers), len(self.data), read, where)
        elif len(self.data) > 0:
            self.fill(memory.doubles(some), len(self.data), read, where)
            for i in range(len(self.data)):
                memory.set_data(self.data, i, some[i])
        if grads_in is not None:
            self.fill(memory.doubles(grads_in.grads), len(self.grads), read, where)
        elif len(self.grads) > 0:
            self.fill(memory.doubles(some), len(self.grads), read, where)
            for i in range(len(self.grads)):
                memory.set_grad(self.grads, i, some[i])
        for each in arrays:
            self.fill(memory.doubles(each), len(each), read, where)
        for i in range(len(self.names)):
            self.spaces[i][self.names[i]] = found[i]
        return True

    def fill(self, out: Any, n: int, read: Any, where: Any) -> None:
        """Write the next n numbers of the stretches to out."""
        done = 0
        while done < n:
            first = where[2 * self.stretch] + self.begun
            left = where[2 * self.stretch + 1] - self.begun
            count = min(left, n - done)
            memory.copy(out, done, read, first, count)
            done += count
            self.begun += count
            if count == left:
                self.stretch, self.begun = self.stretch + 1, 0


def array_in(space: dict[str, Any], name: str, length: int) -> array[float] | None:
    """The array of doubles of this name; None if it is not of this length, or none."""
    found: Any = space.get(name)
    if type(found) is not array or found.typecode != "d" or len(found) != length:
        return None
    return found


def room(n: int) -> array[float]:
    """An array of n doubles of any value."""
    return memory.room(_NONE, n)


def set_grads(values: tuple[Value, ...], numbers: Sequence[float]) -> None:
    """Set the gradients of Values; no observer is told."""
    for i in range(len(values)):
        memory.set_grad(values, i, numbers[i])


def grads_of(values: tuple[Value, ...]) -> list[float]:
    """The gradients of Values; no observer is told."""
    return [memory.grad_of(values, i) for i in range(len(values))]
