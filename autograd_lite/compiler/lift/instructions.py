"""The instructions: the closed set that a lifted program is made of.

They work on one flat memory of doubles. A `Ref` tells where an operand lies: its first address, and
the stride from one step of each loop to the next; with stride 0, a number is used again.

No instruction reads an address that it writes, but for element i that only element i reads: back
ends rely on it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from autograd_lite.compiler.lift.specialized import Specialized
from autograd_lite.compiler.tape.ranges import Ints

__all__ = [
    "Contraction",
    "Elementwise",
    "Gather",
    "IndexTable",
    "Instruction",
    "Ref",
    "RowMax",
    "Scatter",
    "ScatterAdd",
    "SegmentSum",
    "Take",
    "Zero",
    "ZeroPadding",
    "adds",
    "operands_of",
    "target_of",
]


class Ref(NamedTuple):
    """base + i * strides[0] + j * strides[1] + ... in loops of i, j, ..."""

    base: int
    strides: tuple[int, ...]

    def addresses(self, *sizes: int) -> Ints:
        """The addresses in loops of these sizes, leaving out loops of stride 0."""
        moving = zip(sizes, self.strides, strict=False)
        return self.spread(*(size if stride else 1 for size, stride in moving))

    def spread(self, *sizes: int) -> Ints:
        """The address at each step of loops of these sizes."""
        found = np.array(self.base)
        for size, stride in zip(sizes, self.strides, strict=False):
            found = np.add.outer(found, stride * np.arange(size))
        return found.ravel()


@dataclass
class Contraction:
    """out (+)= sum over the inner loops of a * b, or of a if b is None.

    loops, sums  sizes of the outer loops, which write, and of the inner ones, which are added up
    add          True if the sum is added to the number that is there
    negate       True if the sum is subtracted; only where b is None
    """

    loops: tuple[int, ...]
    sums: tuple[int, ...]
    out: Ref
    a: Ref
    b: Ref | None
    add: bool = False
    negate: bool = False


@dataclass
class Elementwise:
    """out = formula(operands), elementwise."""

    loops: tuple[int, ...]
    out: Ref
    formula: Specialized
    operands: dict[str, Ref]


@dataclass
class RowMax:
    """out = the largest a of the inner loops; `loops` and `sums` are those of a Contraction."""

    loops: tuple[int, ...]
    sums: tuple[int, ...]
    out: Ref
    a: Ref


@dataclass
class Gather:
    """memory[base + i] = memory[table[i]]."""

    base: int
    table: Ints


@dataclass
class Scatter:
    """memory[table[i]] (+)= memory[base + i]; no address is in the table twice."""

    base: int
    table: Ints
    add: bool = False


@dataclass
class SegmentSum:
    """memory[base + i] = the sum of memory[a] * memory[b] over row i, whose length is its own.

    a, b    [m] addresses, row by row; b is None for a sum of a alone
    starts  [n] position in a where each row begins
    """

    base: int
    a: Ints
    b: Ints | None
    starts: Ints


@dataclass
class Zero:
    """memory[base : base + size] = 0."""

    base: int
    size: int


@dataclass
class ZeroPadding:
    """memory[base + i] = 0 where padding[i]."""

    base: int
    padding: NDArray[np.bool_]


@dataclass
class IndexTable:
    """n addresses that depend on the indices of a call: address i is first[i] + step * index.

    slots  [n] slot of the index among those of the call
    among  number of addresses that each index chooses from; a negative index counts from the end
    first  [n] address that the index 0 chooses
    step   distance from there to the address that the index 1 chooses, and so on
    table  [n, among] addresses, if they are not that regular; else None
    """

    slots: Ints
    among: int
    first: Ints
    step: int
    table: Ints | None = None

    def addresses(self) -> Ints:
        """The addresses that any index may choose."""
        steps = self.step * np.arange(self.among)
        table = np.add.outer(self.first, steps) if self.table is None else self.table
        return table.ravel()


@dataclass
class Take:
    """memory[base + i] = memory[address i of the table]."""

    base: int
    table: IndexTable


@dataclass
class ScatterAdd:
    """memory[address i of the table] += memory[source[i]], for one i after the other."""

    source: Ints
    table: IndexTable


Instruction = (
    Contraction
    | Elementwise
    | RowMax
    | Gather
    | Scatter
    | SegmentSum
    | Zero
    | ZeroPadding
    | Take
    | ScatterAdd
)


def operands_of(it: Instruction) -> list[Ints]:
    """The addresses of each operand; a target that is added to is no operand."""
    match it:
        case Contraction(loops, sums, _, a, b):
            return [ref.addresses(*loops, *sums) for ref in (a, b) if ref is not None]
        case Elementwise(loops, _, _, operands):
            return [ref.addresses(*loops) for ref in operands.values()]
        case RowMax(loops, sums, _, a):
            return [a.addresses(*loops, *sums)]
        case Gather(_, table):
            return [table]
        case Scatter(base, table):
            return [base + np.arange(len(table))]
        case SegmentSum(_, a, b):
            return [a] if b is None else [a, b]
        case Zero() | ZeroPadding():
            return []
        case Take(_, index_table):
            return [index_table.addresses()]
        case ScatterAdd(source):
            return [source]


def target_of(it: Instruction) -> Ints:
    """The addresses that an instruction writes, or may write."""
    match it:
        case Contraction(loops, _, out) | Elementwise(loops, out) | RowMax(loops, _, out):
            return out.spread(*loops)
        case Scatter(_, table):
            return table
        case Gather(base, table):
            return base + np.arange(table.size)
        case SegmentSum(base, _, _, starts):
            return base + np.arange(len(starts))
        case Zero(base, size):
            return base + np.arange(size)
        case ZeroPadding(base, padding):
            return base + np.flatnonzero(padding)
        case Take(base, index_table):
            return base + np.arange(len(index_table.slots))
        case ScatterAdd(_, index_table):
            return index_table.addresses()


def adds(it: Instruction) -> bool:
    """True if the instruction adds to the numbers that are there."""
    return isinstance(it, ScatterAdd) or (isinstance(it, (Contraction, Scatter)) and it.add)
