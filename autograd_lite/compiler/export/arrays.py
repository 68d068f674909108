"""The memory of a program as arrays that have names: which element of which each address is.

Reading gives an expression of arrays for any addresses, writing gives lines. A copy is no line: its
addresses are other names for the elements that were copied; and what is alike along an axis is one
element.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import prod

import numpy as np

from autograd_lite.compiler.export.expressions import (
    Cut,
    Expression,
    Shape,
    index,
    name,
    number,
    operation,
    reshape,
    transpose,
)
from autograd_lite.compiler.export.lines import Assign
from autograd_lite.compiler.export.recorded import ExportError
from autograd_lite.compiler.export.views import moving, spread, view

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import NDArray

    from autograd_lite.compiler.tape.ranges import Ints

__all__ = [
    "CONSTANT",
    "GLOBAL",
    "MOST_PARTS",
    "RESERVED",
    "UNWRITTEN",
    "Arrays",
    "NotInArraysError",
    "along",
    "ranked",
    "whole",
]

UNWRITTEN, CONSTANT = -1, -2
MOST_PARTS = 64  # arrays that are put together for one operand

GLOBAL = {
    *("np", "jnp", "jax", "torch", "special", "SHAPES", "checked"),
    *("float", "int", "bool", "tuple", "range", "len", "ValueError"),
}
"""What functions of a module refer to."""

RESERVED = GLOBAL | {"parameters", "n", "t", "step", "arrays", "valid", "results"}
"""Names that a function of a module uses itself: no array has them."""


class NotInArraysError(ExportError):
    """What the languages of arrays have no line for."""


@dataclass
class Array:
    """An array that has a name. It is made when something has been written to it."""

    name: str
    shape: Shape
    made: bool = False

    @property
    def size(self) -> int:
        return prod(self.shape)

    @property
    def expression(self) -> Expression:
        return name(self.name, self.shape)


class Arrays:
    """Which element of which array each address is, and the lines that write to them.

    owner, place  [size] the array, by its number, and the position in it
    home, spot    [size] the same of arrays that are known before anything is written to them
    numbers       [size] the constants
    same          [size] the first address of the same element
    written       [size] True where something has been
    writes        [size] how often the program writes there
    names         (first address, size, name) of stretches that have a name
    turn          1 in a loop, whose turn is the first axis of all addresses; else 0
    leads         {array: {place in its first row: address of what a loop carries there at first}}
    lines         what has been written, in order
    """

    def __init__(self, size: int, writes: Ints, names: Sequence[tuple[int, int, str]]) -> None:
        self.arrays: list[Array] = []
        self.tables: dict[str, NDArray[Any]] = {}
        self.known: set[str] = set()
        self.constants: dict[str, int] = {}
        self.owner, self.home = np.full(size, UNWRITTEN), np.full(size, UNWRITTEN)
        self.place, self.spot = np.zeros(size, np.int64), np.zeros(size, np.int64)
        self.numbers, self.written = np.zeros(size), np.zeros(size, bool)
        self.same = np.arange(size)
        self.writes, self.names = writes, sorted(names)
        self.turn = 0
        self.leads: dict[int, dict[int, int]] = {}
        self.lines: list[Any] = []
        self.before: list[Assign] = []

    def array(self, wish: str, shape: Shape, made: bool) -> int:
        """The number of a new array of this name, or of one like it if that is taken."""
        found, k = wish, 1
        while found in self.known or found in RESERVED:
            k += 1
            found = f"{wish}_{k}"
        self.known.add(found)
        self.arrays.append(Array(found, shape, made))
        return len(self.arrays) - 1

    def own(self, addresses: Ints, k: int, places: Ints) -> None:
        self.owner[addresses], self.place[addresses] = k, places
        flat = np.asarray(addresses).ravel()
        _, first, which = np.unique(places, return_index=True, return_inverse=True)
        self.same[flat] = flat[first][which.ravel()]

    def constant(self, addresses: Ints, values: NDArray[np.float64]) -> None:
        self.owner[addresses], self.numbers[addresses] = CONSTANT, values
        flat = np.asarray(addresses).ravel().tolist()
        for address, x in zip(flat, np.asarray(values).ravel().tolist(), strict=True):
            self.same[address] = self.constants.setdefault(repr(x), address)

    def fresh(self, addresses: Ints, shape: Shape) -> int:
        """A new array for what is computed to these addresses, by the name that they have."""
        base = int(addresses.min())
        wish = next((x for start, n, x in self.names if start <= base < start + n), "v")
        return self.array("".join(c if c.isalnum() else "_" for c in wish), shape, made=True)

    def table(self, values: NDArray[Any], wish: str = "TABLE") -> Expression:
        """A constant array, under a name."""
        for known, others in self.tables.items():
            same = others.dtype == values.dtype and others.shape == values.shape
            if same and others.tobytes() == values.tobytes():
                return name(known, values.shape)
        found, k = wish, 1
        while found in self.tables or found in RESERVED:
            k += 1
            found = f"{wish}_{k}"
        self.tables[found] = values
        return name(found, values.shape)

    def ints(self, places: Ints) -> Expression:
        """An array of ints: a range, or a table."""
        if places.ndim == 1 and len(places) > 1:
            steps = np.diff(places)
            if (steps == steps[0]).all() and steps[0]:
                return _range(int(places[0]), len(places), int(steps[0]))
            times = int(np.argmax(steps != 0)) + 1
            count = len(places) // times
            whole_times = count > 1 and len(places) % times == 0
            if whole_times and (places == np.arange(len(places)) // times).all():
                return Expression("repeat", (_range(0, count, 1),), (times,), places.shape)
        if places.ndim == 2 and (places >= 0).all():
            rows, columns = np.ogrid[: places.shape[0], : places.shape[1]]
            if (places == np.minimum(rows, columns)).all():
                both = [_range(0, n, 1) for n in places.shape]
                down = index(both[0], (Cut(0, len(rows), 1, len(rows)), None))
                return Expression("minimum", (down, both[1]), (), places.shape)
            start = int(places[0, 0])
            if (places == start + rows + columns).all():
                both = [_range(0, n, 1) for n in places.shape]
                down = index(both[0], (Cut(0, len(rows), 1, len(rows)), None))
                found = operation("+", down, both[1])
                return operation("+", number(start), found) if start else found
        return self.table(places, "INDEX")

    # ----------------------------------------------------------------------------- reading

    def read(self, addresses: Ints) -> Expression:
        """What is at these addresses, in their shape but for axes of 1, as `view` gives it."""
        turn = self.turn
        axes = moving(addresses)
        if addresses.size > 1 and not turn:
            k = int(self.owner[addresses.flat[0]])
            if k >= 0 and self.arrays[k].shape == addresses.shape and self.is_all_of(k, addresses):
                return self.arrays[k].expression
        dense = addresses[tuple([slice(None) if i in axes else 0 for i in range(addresses.ndim)])]
        turns = bool(turn) and 0 in axes
        found = self._dense(dense, turns)
        return spread(found, [i - turn for i in axes if i or not turn], addresses.ndim - turn)

    def is_all_of(self, k: int, addresses: Ints) -> bool:
        """True if these are all elements of an array, in order."""
        if addresses.size != self.arrays[k].size or (self.owner[addresses] != k).any():
            return False
        return bool((self.place[addresses].ravel() == np.arange(addresses.size)).all())

    def _dense(self, addresses: Ints, turns: bool) -> Expression:
        """The same, of addresses that move along each axis."""
        owners, places = self.owner[addresses], self.place[addresses]
        first = int(owners.flat[-1])
        if turns and first in self.leads:
            self._led(addresses, owners, places)
        if (owners == first).all():
            if first >= 0:
                return self._elements(self.arrays[first].expression, places, turns)
            values = self.numbers[addresses]
            if len({repr(x) for x in values.ravel().tolist()}) == 1:
                return number(float(values.flat[0]))
            places = np.arange(values.size).reshape(values.shape)
            return self._elements(self.table(values), places, turns)
        found = None if turns else self._together(addresses, owners)
        return found or self._among(addresses, owners, turns)

    def _elements(self, x: Expression, places: Ints, turns: bool) -> Expression:
        """Elements of an array at places that move along each axis, all axes kept."""
        axes = moving(places)
        found = view(x, places, self.ints, turns)
        shape = places.shape[turns:]
        if found.shape == shape:
            return found
        return whole(ranked(found, len(shape)), shape) if len(axes) < places.ndim else found

    def _led(self, addresses: Ints, owners: Ints, places: Ints) -> None:
        """At the first turn, what a loop carries is the first row of the array that takes it."""
        k = int(owners.flat[-1])
        inner = self.arrays[k].size // self.arrays[k].shape[0]
        if (owners[1:] != k).any():
            return
        before = places[1] - inner
        known = self.leads[k]
        if all(
            known.get(p) == a
            for p, a in zip(before.ravel().tolist(), addresses[0].ravel().tolist(), strict=True)
        ):
            owners[0], places[0] = k, before

    def _together(self, addresses: Ints, owners: Ints) -> Expression | None:
        """Parts of several arrays, put together along an axis; None if there is no such axis."""
        for axis in range(addresses.ndim):
            line = along(owners, axis)
            if (line != line[:, :1]).any():
                continue
            cuts = [0, *(np.flatnonzero(np.diff(line[:, 0])) + 1).tolist(), len(line)]
            if len(cuts) > MOST_PARTS:
                continue
            parts = []
            if len(cuts) == len(line) + 1:
                others = (*addresses.shape[:axis], *addresses.shape[axis + 1 :])
                for k in range(len(line)):
                    row = self.read_still(np.asarray(addresses.take(k, axis=axis)))
                    parts.append(whole(ranked(row, len(others)), others))
                return Expression("stack", tuple(parts), (axis,), addresses.shape)
            for start, end in pairwise(cuts):
                part = addresses.take(range(start, end), axis=axis)
                parts.append(whole(ranked(self.read_still(part), part.ndim), part.shape))
            return Expression("concatenate", tuple(parts), (axis,), addresses.shape)
        for axis in range(addresses.ndim):
            line = along(owners, axis)
            for period in _periods(line):
                shape = list(addresses.shape)
                shape[axis : axis + 1] = [len(line) // period, period]
                finer = addresses.reshape(shape)
                found = self._together_if_even(finer)
                if found is not None:
                    return reshape(found, addresses.shape)
        return None

    def _together_if_even(self, addresses: Ints) -> Expression | None:
        owners = self.owner[addresses]
        for axis in range(addresses.ndim):
            line = along(owners, axis)
            if not (line != line[:, :1]).any():
                return self._together(addresses, owners)
        return None

    def read_still(self, addresses: Ints) -> Expression:
        """What is at these addresses, no axis of which is the turn of a loop."""
        turn, self.turn = self.turn, 0
        try:
            return self.read(addresses)
        finally:
            self.turn = turn

    def _among(self, addresses: Ints, owners: Ints, turns: bool) -> Expression:
        """What is chosen, place by place, from several arrays one behind the other."""
        joined, places = self.joined(addresses, owners)
        return self._elements(joined, places, turns)

    def joined(self, addresses: Ints, owners: Ints) -> tuple[Expression, Ints]:
        """The arrays of these addresses one behind the other, and their places in that."""
        parts, total = [], 0
        places = np.zeros(addresses.shape, np.int64)
        for owner in np.unique(owners).tolist():
            here = owners == owner
            if owner >= 0:
                array = self.arrays[owner]
                places[here] = total + self.place[addresses[here]]
                parts.append(reshape(array.expression, (array.size,)))
            else:
                values, which = np.unique(self.numbers[addresses[here]], return_inverse=True)
                places[here] = total + which
                parts.append(self.table(values))
            total += parts[-1].shape[0]
        if len(parts) == 1:
            return parts[0], places
        return Expression("concatenate", tuple(parts), (0,), (total,)), places

    # ----------------------------------------------------------------------------- writing

    def write(self, addresses: Ints, value: Expression, add: int = 0) -> None:
        """Lines that put a value to these addresses, or add it with this sign.

        value  of the shape of the addresses, without the turn, or one that is broadcast to it
        """
        if add and value.op == "number" and value.params[0] == 0:
            return
        owners = self.homes(addresses)
        first = int(owners.flat[0])
        if (owners != first).any():
            if self.turn:
                raise NotInArraysError("its loop writes to several arrays at once")
            self._parts(addresses, owners, value, add)
        elif first < 0:
            self._new(addresses, value, add)
        else:
            self._part(first, addresses, value, add)

    def homes(self, addresses: Ints) -> Ints:
        """The arrays to which what is written there belongs; UNWRITTEN where none is known."""
        home, owner = self.home[addresses], self.owner[addresses]
        return np.where(home >= 0, home, np.maximum(owner, UNWRITTEN))

    def _new(self, addresses: Ints, value: Expression, add: int) -> None:
        """An array of its own, of the value's shape: what is alike along an axis is one element."""
        if add < 0:
            value = operation("-", value)
        if value.op == "number" and (self.writes[addresses] == 1).all():
            self.constant(addresses, np.full(addresses.shape, value.params[0]))
            self.written[addresses] = True
            return
        shape = addresses.shape
        sizes = (1,) * (len(shape) - len(value.shape)) + value.shape
        if (self.writes[addresses] > 1).any():
            sizes = shape
            value = whole(value, shape)
        kept = tuple([size for size in sizes if size != 1])
        k = self.fresh(addresses, kept)
        places = np.broadcast_to(np.arange(prod(kept)).reshape(sizes), shape)
        self.own(addresses, k, places)
        self.written[addresses] = True
        self.lines.append(Assign(self.arrays[k].expression, reshape(value, kept)))

    def _part(self, k: int, addresses: Ints, value: Expression, add: int) -> None:
        """A value for an array that is known, or for a part of it."""
        array = self.arrays[k]
        at_home = self.home[addresses.flat[0]] == k
        places = (self.spot if at_home else self.place)[addresses]
        fresh = not self.written[addresses].any()
        if add < 0 and fresh:
            value = operation("-", value)
        op = "=" if not add or fresh else "+=" if add > 0 else "-="
        if at_home:
            self.own(addresses, k, places)
        if addresses.size == array.size and not self.turn:
            back = np.argsort(places.ravel()).reshape(array.shape)
            in_order = np.array_equal(back.ravel(), np.arange(back.size))
            if not in_order or op == "=" or addresses.shape != array.shape:
                value = whole(ranked(value, addresses.ndim), addresses.shape)
                value = value if in_order else view(value, back, self.ints)
                value = reshape(value, array.shape)
            self.lines.append(Assign(array.expression, value, op))
        else:
            self.make(k)
            target = view(array.expression, places, self.ints, bool(self.turn))
            shape = places.shape[self.turn :]
            if prod(target.shape) != prod(shape):
                raise NotInArraysError("it writes to one place more than once")
            if target.op in ("reshape", "transpose") or (value.shape and target.shape != shape):
                value = reshape(whole(ranked(value, len(shape)), shape), target.shape)
                target, value = _as_part(target, value)
            self.lines.append(Assign(target, value, op))
        array.made = True
        self.written[addresses] = True

    def make(self, k: int) -> None:
        """A line that makes an array of zeros, unless something has been written to it."""
        array = self.arrays[k]
        if array.made:
            return
        zeros = Expression("full", (number(0.0),), array.shape, array.shape)
        (self.before if self.turn else self.lines).append(Assign(array.expression, zeros))
        everywhere = np.flatnonzero(self.home == k)
        self.own(everywhere, k, self.spot[everywhere])
        array.made = True

    def _parts(self, addresses: Ints, owners: Ints, value: Expression, add: int) -> None:
        """A value for parts of several arrays."""
        value = whole(ranked(value, addresses.ndim), addresses.shape)
        if value.op != "name":
            k = self.array("parts", value.shape, made=True)
            self.lines.append(Assign(self.arrays[k].expression, value))
            value = self.arrays[k].expression
        own = np.arange(addresses.size).reshape(addresses.shape)
        for axis in range(addresses.ndim):
            line = along(owners, axis)
            if (line == line[:, :1]).all():
                for k in dict.fromkeys(line[:, 0].tolist()):
                    here = np.flatnonzero(line[:, 0] == k)
                    part = view(value, own.take(here, axis=axis), self.ints)
                    self.write(addresses.take(here, axis=axis), part, add)
                return
        for k in dict.fromkeys(owners.ravel().tolist()):
            here = np.flatnonzero(owners.ravel() == k)
            self.write(addresses.ravel()[here], view(value, here, self.ints), add)

    def is_open(self, addresses: Ints) -> bool:
        """True if these addresses belong to no array yet."""
        return bool((self.homes(addresses) < 0).all() and (self.owner[addresses] != CONSTANT).all())

    def is_free(self, to: Ints) -> bool:
        """True if these addresses belong to no array yet and are written once."""
        return bool((self.homes(to) < 0).all() and (self.writes[to] == 1).all())

    def state(self) -> dict[str, Any]:
        """All that is known, to which `set_state` goes back."""
        kept = "owner", "place", "home", "spot", "numbers", "written", "same"
        found: dict[str, Any] = {known: getattr(self, known).copy() for known in kept}
        return found | {"arrays": [replace(array) for array in self.arrays]}

    def set_state(self, state: dict[str, Any]) -> None:
        for known, thing in state.items():
            setattr(self, known, thing)


# ------------------------------------------------------------------------- shapes and axes


def _range(start: int, count: int, step: int) -> Expression:
    return Expression("arange", (), (start, count, step), (count,))


def _as_part(target: Expression, value: Expression) -> tuple[Expression, Expression]:
    """The same without what turns a part of an array once it is chosen: the value is turned."""
    while target.op in ("reshape", "transpose"):
        (inner,) = target.args
        if target.op == "reshape" and inner.op == "name":
            break
        if target.op == "reshape":
            value = reshape(value, inner.shape)
        else:
            order = target.params
            value = transpose(value, tuple(sorted(range(len(order)), key=order.__getitem__)))
        target = inner
    return target, value


def along(x: Ints, axis: int) -> Ints:
    """x as a matrix, whose rows are its parts along an axis."""
    return np.moveaxis(x, axis, 0).reshape(x.shape[axis], -1)


def _periods(line: Ints) -> list[int]:
    """The periods in which rows may come again, shortest first."""
    n = len(line)
    return [p for p in range(2, n // 2 + 1) if n % p == 0 and (line[p:] == line[:-p]).all()][:1]


def ranked(x: Expression, rank: int) -> Expression:
    """x with axes of 1 in front, to as many as these."""
    return reshape(x, (1,) * (rank - len(x.shape)) + x.shape)


def whole(x: Expression, shape: Shape) -> Expression:
    """x broadcast to a shape."""
    if x.shape == shape:
        return x
    if prod(x.shape) == prod(shape) and x.op != "number":
        return reshape(x, shape)
    return Expression("full", (x,), shape, shape)
