"""Instructions with tables in C: loops where the addresses are regular, else constant tables.

A table holds its numbers less the least of them, in the smallest type that holds those.
"""

from __future__ import annotations

import numpy as np

from autograd_lite.compiler.lift.affine import nest, stretches
from autograd_lite.compiler.lift.instructions import (
    Gather,
    IndexTable,
    Scatter,
    ScatterAdd,
    SegmentSum,
    Take,
    ZeroPadding,
)
from autograd_lite.compiler.run.c_lines import counting
from autograd_lite.operations.formulas import NotInCError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from autograd_lite.compiler.plan.groups import Group
    from autograd_lite.compiler.tape.ranges import Ints

__all__ = ["Tables"]

_TYPES = ((1 << 8, "uint8_t"), (1 << 16, "uint16_t"), (1 << 32, "uint32_t"))


class Tables:
    """Writes instructions with tables, and the tables that they need.

    real, index  the types of a number, and of an index
    definitions  the tables, each of them once
    """

    real, index = "double", "long"

    def __init__(self) -> None:
        self.definitions: list[str] = []
        self._names: dict[bytes, str] = {}

    def at(self, address: int, further: str = "") -> str:
        """The number at an address, or so much further."""
        return f"m[{address}{f' + {further}' if further else ''}]"

    def table_name(self, number: int) -> str:
        return f"table_{number}"

    def counting(self, name: str, size: int) -> str:
        return counting(name, size, self.index)

    def moved(self, it: Group) -> list[str]:
        """The lines of an instruction."""
        match it:
            case Gather(base, table):
                return self._move(_from(base, table.size), table, "=")
            case Scatter(base, table, add):
                return self._move(table, _from(base, len(table)), "+=" if add else "=")
            case ZeroPadding(base, padding):
                return self._move(base + np.flatnonzero(padding), None, "=")
            case SegmentSum():
                return self._segment_sum(it)
            case Take(base, index_table):
                return self._indexed(_from(base, len(index_table.slots)), index_table, "{} = {};")
            case ScatterAdd(source, index_table):
                return self._indexed(source, index_table, "{1} += {0};")
        raise NotInCError(f"{type(it).__name__} calls Python")

    def _table(self, numbers: Ints) -> str:
        """The name of a constant table of numbers that are not negative."""
        key = numbers.tobytes()
        if key not in self._names:
            name = self._names[key] = self.table_name(len(self._names))
            kind = next((kind for n, kind in _TYPES if numbers.max() < n), "uint64_t")
            text = ",".join(map(str, numbers.tolist()))
            self.definitions.append(f"static const {kind} {name}[] = {{{text}}};")
        return self._names[key]

    def _address(self, addresses: Ints, index: str = "i") -> str:
        """Those that an index counts through: m[7 + i], or m[7 + table_2[i]]."""
        steps = np.diff(addresses)
        low = int(addresses.min())
        if not len(steps):
            return self.at(low)
        if (steps == steps[0]).all():
            return self.at(int(addresses[0]), f"{steps[0]} * {index}")
        return self.at(low, f"{self._table(addresses - low)}[{index}]")

    def _move(self, to: Ints, source: Ints | None, sign: str) -> list[str]:
        """m[to[i]] = m[source[i]], or 0; stretches of one step are loops of their own."""
        every = np.stack([to] if source is None else [to, source])
        starts, lengths = stretches(every)
        if 2 * len(starts) > len(to):  # tables of the starts would be no shorter
            value = "0" if source is None else self._address(source)
            return [self.counting("i", len(to)), f"{self._address(to)} {sign} {value};", "}"]
        long = int(starts[np.argmax(lengths)])
        steps = every[:, long + 1] - every[:, long] if lengths.max() > 1 else every[:, 0] * 0
        low = every.min(1)
        places = []
        for begins, least, step in zip(every[:, starts], low, steps, strict=True):
            places.append(
                self.at(int(least), f"{self._number(begins - least, 'row')} + {step} * i")
            )
        value = places[1] if len(places) > 1 else "0"
        count = self._number(lengths, "row")
        inner = f"for ({self.index} i = 0; i < {count}; i++)"
        return [self.counting("row", len(starts)), f"{inner} {places[0]} {sign} {value};", "}"]

    def _number(self, numbers: Ints, index: str) -> str:
        """Number `index` of these: from a table, if they are not all the same."""
        if (numbers == numbers[0]).all():
            return str(int(numbers[0]))
        return f"{self._table(numbers)}[{index}]"

    def _segment_sum(self, it: SegmentSum) -> list[str]:
        ends = np.append(it.starts[1:], len(it.a))
        term = self._address(it.a, "k")
        if it.b is not None:
            term += f" * {self._address(it.b, 'k')}"
        return [
            self.counting("i", len(it.starts)),
            f"{self.real} sum = 0;",
            f"const {self.index} end = {self._number(ends, 'i')};",
            f"for ({self.index} k = {self._number(it.starts, 'i')}; k < end; k++) sum += {term};",
            f"{self.at(it.base, 'i')} = sum;",
            "}",
        ]

    def _indexed(self, here: Ints, it: IndexTable, line: str) -> list[str]:
        """A line of what stands here and what an index chooses, for each of them."""
        n, among = len(it.slots), it.among
        place = _from(0, n)
        loops = [self.counting("i", n)]
        if it.table is None:
            found = nest(np.stack([place, here, it.first, it.slots]))
            if found is not None:
                return self._indexed_in_loops(here, it, line, found)
            slot = self._number(it.slots, "i")
            low = int(it.first.min())
            chosen = self.at(low, f"{self._number(it.first - low, 'i')} + {it.step} * chosen")
        else:
            slot = self._number(it.slots, "i")
            low = int(it.table.min())
            table = self._table((it.table - low).ravel())
            chosen = self.at(low, f"{table}[i * {among} + chosen]")
        return [*loops, self.chosen(slot, among), line.format(self._address(here), chosen), "}"]

    def _indexed_in_loops(
        self, here: Ints, it: IndexTable, line: str, loops: list[tuple[int, tuple[int, ...]]]
    ) -> list[str]:
        """The same for regular addresses: an index is read once where it chooses a whole row."""
        lines = []
        moving = [i for i, (_, steps) in enumerate(loops) if steps[3]]
        last = max(moving, default=-1)
        slot = " + ".join([str(it.slots[0]), *(f"{loops[i][1][3]} * i{i}" for i in moving)])
        for i in range(-1, len(loops)):
            if i >= 0:
                lines.append(self.counting(f"i{i}", loops[i][0]))
            if i == last:
                lines.append(self.chosen(slot, it.among))

        def moves(table: int) -> list[str]:
            return [f"{steps[table]} * i{i}" for i, (_, steps) in enumerate(loops) if steps[table]]

        chosen = self.at(int(it.first[0]), " + ".join([*moves(2), f"{it.step} * chosen"]))
        lines.append(line.format(self.at(int(here[0]), " + ".join(moves(1))), chosen))
        return [*lines, *["}"] * len(loops)]

    def chosen(self, slot: str, among: int) -> str:
        """The index in this slot, within bounds; a negative one counts from the end."""
        return f"const {self.index} chosen = index[{slot}] + (index[{slot}] < 0 ? {among} : 0);"


def _from(base: int, size: int) -> Ints:
    return base + np.arange(size)
