"""The order of a lifted program: nothing is read before it is complete, nothing is lost.

Addresses are written in one place of the program and read behind it. A copy that is read before it
is made would have the numbers of the run before, which look like right ones. A sum to which one
operation adds twice would look right as well: arrays keep but one of both terms.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import TypeAlias

import numpy as np

from autograd_lite.compiler.lift.instructions import (
    Contraction,
    Elementwise,
    Instruction,
    Ref,
    RowMax,
    ScatterAdd,
    adds,
    operands_of,
    target_of,
)
from autograd_lite.compiler.tape.ranges import Ints

__all__ = ["check_order"]


def check_order(instructions: Sequence[Instruction], size: int, results: Ints) -> None:
    """Raise RuntimeError unless each number is complete when read, and written once at a time.

    size     number of doubles in the memory
    results  addresses that are read at the end
    """
    writes, reads = _Accesses(), _Accesses()
    for position, it in enumerate(instructions):
        match it:
            case Contraction(loops, sums, out, a, b):
                writes.add(position, out, loops)
                for ref in (a,) if b is None else (a, b):
                    reads.add(position, ref, loops + sums)
            case Elementwise(loops, out, _, operands):
                writes.add(position, out, loops)
                for ref in operands.values():
                    reads.add(position, ref, loops)
            case RowMax(loops, sums, out, a):
                writes.add(position, out, loops)
                reads.add(position, a, loops + sums)
            case _:
                writes.tables.append((position, target_of(it)))
                reads.tables += [(position, operand) for operand in operands_of(it)]
    # The positions of the first and the last instruction that writes each address. Of equal
    # addresses the last one counts when an array is written.
    first, last = np.full(size, len(instructions)), np.full(size, -1)
    for positions, addresses in writes.each(often=True):
        if np.bincount(addresses[0] - addresses[0].min()).max() > 1:
            for i in positions.ravel().tolist():
                if not isinstance(instructions[i], ScatterAdd):
                    raise _wrong(instructions[i], "writes an address twice")
        last[addresses] = np.maximum(last[addresses], positions)
        addresses, positions = addresses[::-1], positions[::-1]
        first[addresses] = np.minimum(first[addresses], positions)
    read = np.zeros(size, bool)
    read[results] = True
    for positions, addresses in reads.each(often=False):
        read[addresses] = True
        early = (last[addresses] > positions).any(1)
        if early.any():
            i = int(positions[early.argmax(), 0])
            raise _wrong(instructions[i], "reads what is written behind it")
    added = np.array([*map(adds, instructions), False])
    if (added[first] & read).any():
        raise _wrong(instructions[0], "is before a sum that begins with nothing")


_Moves: TypeAlias = tuple[tuple[int, ...], tuple[int, ...]]  # the strides and sizes of loops


class _Accesses:
    """The addresses that instructions read, or write: those that move alike at once.

    tables  (position of the instruction, addresses) of what is no loops
    """

    def __init__(self) -> None:
        self.tables: list[tuple[int, Ints]] = []
        self._refs: dict[_Moves, list[tuple[int, int]]] = defaultdict(list)

    def add(self, position: int, ref: Ref, sizes: tuple[int, ...]) -> None:
        self._refs[ref.strides, sizes].append((position, ref.base))

    def each(self, often: bool) -> Iterator[tuple[Ints, Ints]]:
        """Positions [n, 1] of instructions, in order, and the addresses of each [n, k].

        often  True to have an address as often as it is accessed
        """
        for (strides, sizes), found in self._refs.items():
            position, base = np.array(found).T
            ref = Ref(0, strides)
            moves = ref.spread(*sizes) if often else ref.addresses(*sizes)
            yield position[:, None], base[:, None] + moves
        for at, table in self.tables:
            if len(table):
                yield np.array([[at]]), table.ravel()[None]


def _wrong(it: Instruction, why: str) -> RuntimeError:
    return RuntimeError(
        f"an error of autograd_lite, please report it: {type(it).__name__} {why}; "
        "executor='interpret' computes this function right"
    )
