"""What a program of arrays takes by indices, and adds at them; and rows that are padded with 0."""

from __future__ import annotations

from dataclasses import replace
from math import inf

import numpy as np
from numpy.typing import NDArray

from autograd_lite.compiler.export.arrays import (
    UNWRITTEN,
    Arrays,
    NotInArraysError,
    ranked,
    whole,
)
from autograd_lite.compiler.export.choices import choice
from autograd_lite.compiler.export.expressions import (
    Expression,
    number,
    operation,
)
from autograd_lite.compiler.export.lines import Assign
from autograd_lite.compiler.export.views import moving, spread
from autograd_lite.compiler.lift.instructions import (
    IndexTable,
)
from autograd_lite.compiler.tape.ranges import Ints

__all__ = ["Takes"]


class Takes(Arrays):
    """Writes the lines of instructions that depend on indices, or that mask numbers.

    index_of  {slot among the indices of a call: (array, position in it)}
    """

    index_of: dict[int, tuple[int, int]]

    def _padded(self, addresses: Ints, padding: NDArray[np.bool_]) -> None:
        """0 at some of these addresses, in each array that they are of."""
        owners = self.owner[addresses]
        for k in np.unique(owners[padding]).tolist():
            if k < 0:
                raise NotInArraysError("its rows of different lengths are padded with numbers")
            array = self.arrays[k]
            out = np.zeros(array.size, bool)
            out[self.place[addresses[padding & (owners == k)]]] = True
            mask = self._mask(~out.reshape(array.shape))
            self._guard(array.expression, mask)
            value = operation("where", mask, array.expression, number(0.0))
            self.lines.append(Assign(array.expression, value))

    def _guard(self, target: Expression, mask: Expression) -> None:
        """Have what is computed of padding finite, where it is a logarithm and the like: times its
        derivative, the cotangent 0 of padding would be NaN in JAX.
        """
        before = [k for k, it in enumerate(self.lines) if it.name == target.params[0]]
        it = self.lines[before[-1]] if before else None
        if it is None or it.op != "=" or it.target != target or not _may_be_infinite(it.value):
            return
        ones = {
            x.params[0]: operation("where", mask, x, number(1.0))
            for x in _names_in(it.value)
            if x.shape == target.shape
        }
        self.lines[before[-1]] = Assign(target, it.value.replaced(ones))

    def _mask(self, keep: NDArray[np.bool_]) -> Expression:
        """What is kept of an array: True there, in as few axes as it takes."""
        axes = moving(keep.astype(int))
        dense = keep[tuple([slice(None) if i in axes else 0 for i in range(keep.ndim)])]
        if dense.ndim == 2 and np.array_equal(dense, np.tri(*dense.shape, dtype=bool)):
            found = Expression("lower", (), dense.shape, dense.shape)
        else:
            found = self.table(dense, "MASK")
        return spread(found, axes, keep.ndim)

    def _triangle(self, at: Ints) -> Expression | None:
        """Rows that grow by one, as those of causal attention, for their maxima: all of the array,
        with -inf behind the ends of rows. None of other addresses.
        """
        places, k = self.place[at], int(self.owner[at.flat[0]])
        axes = moving(at)
        places = places[tuple([slice(None) if i in axes else 0 for i in range(at.ndim)])]
        if k < 0 or (self.owner[at] != k).any() or places.shape != self.arrays[k].shape:
            return None
        every = np.arange(places.size).reshape(places.shape)
        columns = np.arange(places.shape[-1])
        for axis, size in enumerate(places.shape[:-1]):
            rows = np.arange(size).reshape([size if i == axis else 1 for i in range(places.ndim)])
            inside = columns <= rows
            ends = every - columns + rows  # which come again behind, where there is nothing
            if size == len(columns) and (places == np.where(inside, every, ends)).all():
                mask = self._mask(np.broadcast_to(inside, places.shape))
                return operation("where", mask, self.arrays[k].expression, number(-inf))
        return None

    def _chosen(self, table: IndexTable, x: Expression, places: Ints) -> Expression:
        """The elements of x that indices choose; places are those of the table's addresses."""
        chosen_by = [self.index_of[slot] for slot in table.slots.tolist()]
        positions = np.array([position for _, position in chosen_by])
        ids = self.arrays[chosen_by[0][0]].expression
        return choice(x, places, ids, positions, self.ints)

    def _apart(self, table: IndexTable, owner: Ints) -> list[tuple[Ints, IndexTable]]:
        """(which of its indices, the table of these) for each argument that has some of them, and
        each array that they choose from.

        owner  [size] the array of each address
        """
        owners = owner[table.addresses()].reshape(-1, table.among)
        each = np.where((owners == owners[:, :1]).all(axis=1), owners[:, 0], UNWRITTEN)
        arguments = [self.index_of[slot][0] for slot in table.slots.tolist()]
        kinds = list(zip(arguments, each.tolist(), strict=True))
        if len({*kinds}) == 1:
            return [(np.arange(len(kinds)), table)]
        found = []
        for kind in dict.fromkeys(kinds):
            here = np.array([k for k, other in enumerate(kinds) if other == kind])
            irregular = None if table.table is None else table.table[here]
            part = replace(table, slots=table.slots[here], first=table.first[here], table=irregular)
            found.append((here, part))
        return found

    def _take(self, to: Ints, table: IndexTable) -> None:
        addresses = table.addresses().reshape(len(table.slots), table.among)
        if (self.same[addresses] == self.same[addresses[0, 0]]).all():  # there is no choice
            self.write(to, self.read(addresses[0, 0]))
            return
        owners = self.owner[addresses]
        k = int(owners.flat[0])
        if k >= 0 and (owners == k).all():
            x, places = self.arrays[k].expression, self.place[addresses]
        else:
            x, places = self.joined(addresses, owners)
        value = self._chosen(table, x, places)
        self.write(to.reshape(value.shape), value)

    def _add_at(self, source: Ints, table: IndexTable) -> None:
        addresses = table.addresses().reshape(len(table.slots), table.among)
        if (addresses == addresses[0, 0]).all():
            value = whole(self.read(source), source.shape)
            self.write(addresses[0, 0], Expression("sum", (value,), (0,), ()), 1)
            return
        homes = self.homes(addresses)
        k = int(homes.flat[0])
        if k >= 0 and (homes == k).all():
            self.make(k)
            self.written[addresses] = True
            self._added(source, table, self.arrays[k].expression, self.place[addresses])
            return
        every, places = np.unique(addresses, return_inverse=True)
        if (self.homes(every) < 0).all():
            rows = (
                addresses if len(every) == addresses.size else every
            )  # each row is one of its own
            k = self.fresh(rows, tuple([size for size in rows.shape if size != 1]))
            self.arrays[k].made = False
            self.home[rows], self.spot[rows] = k, np.arange(rows.size).reshape(rows.shape)
            self._add_at(source, table)
            return
        k = self.array("sums", (len(every),), made=False)
        self.make(k)
        sums = self.arrays[k].expression
        self._added(source, table, sums, places.reshape(addresses.shape))
        self.write(every, sums, 1)

    def _added(self, source: Ints, table: IndexTable, x: Expression, places: Ints) -> None:
        target = self._chosen(table, x, places)
        shaped = source.reshape(target.shape)
        value = self.read(shaped)
        if value.shape:
            value = whole(ranked(value, shaped.ndim), shaped.shape)
        self.lines.append(Assign(target, value, "at"))


_INFINITE = {"log", "log2", "log10", "log1p", "sqrt", "cbrt", "power", "/"}


def _may_be_infinite(x: Expression) -> bool:
    """True if a number of it, or a derivative, may be infinite where its operands are 0."""
    return x.op in _INFINITE or any(map(_may_be_infinite, x.args))


def _names_in(x: Expression) -> list[Expression]:
    return [x] if x.op == "name" else [y for arg in x.args for y in _names_in(arg)]
