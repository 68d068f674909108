"""The bulk instructions: the closed set that a lifted program is made of.

They work on one flat memory of doubles. A `Ref` is where an operand lies in it: its first address,
and how far it moves with each step of each loop; with 0, it is used again. All can be pickled.

No instruction reads what it writes, but element by element: back ends rely on it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

TYPE_CHECKING = False
if TYPE_CHECKING:
    from numpy.typing import NDArray

    from autograd_lite.compiler.lift.specialized import Formula
    from autograd_lite.compiler.tape.ranges import Ints

__all__ = [
    "Contract",
    "Drop",
    "Fill",
    "Gather",
    "Instruction",
    "Largest",
    "Lookup",
    "Map",
    "Mask",
    "Pick",
    "Ref",
    "Scatter",
    "SegmentSum",
    "adds",
    "operands_of",
    "target_of",
]


@dataclass
class Ref:
    """base + i * strides[0] + j * strides[1] + ... in loops of i, j, ..."""

    base: int
    strides: tuple[int, ...]

    def addresses(self, *sizes: int) -> Ints:
        """Those that it goes to in loops of these sizes, without the loops where it stays."""
        moving = [i for i in range(len(sizes)) if self.strides[i]]
        ref = Ref(self.base, tuple(self.strides[i] for i in moving))
        return ref.spread(*(sizes[i] for i in moving))

    def spread(self, *sizes: int) -> Ints:
        """The address at each step of loops of these sizes."""
        found = np.array(self.base)
        for size, stride in zip(sizes, self.strides, strict=False):
            found = np.add.outer(found, stride * np.arange(size))
        return found.ravel()


@dataclass
class Contract:
    """out (+)= sum over the inner loops of a * b; b is None for one.

    loops, sums  the sizes of the outer loops and of the inner ones
    add          whether to add to what is there
    negate       whether to subtract a rather than add it, where b is None
    """

    loops: tuple[int, ...]
    sums: tuple[int, ...]
    out: Ref
    a: Ref
    b: Ref | None
    add: bool = False
    negate: bool = False


@dataclass
class Map:
    """out = formula(operands), elementwise."""

    loops: tuple[int, ...]
    out: Ref
    formula: Formula
    operands: dict[str, Ref]


@dataclass
class Largest:
    """out = the largest a of the inner loops."""

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
    """memory[table[i]] (+)= memory[base + i]; no address stands in the table twice."""

    base: int
    table: Ints
    add: bool = False


@dataclass
class SegmentSum:
    """memory[base + i] = the sum of memory[a] * memory[b] over row i, of any length.

    a, b    [m] addresses, row by row; b is None for one
    starts  [n] where each row begins
    """

    base: int
    a: Ints
    b: Ints | None
    starts: Ints


@dataclass
class Fill:
    """memory[base : base + size] = 0."""

    base: int
    size: int


@dataclass
class Mask:
    """memory[base + i] = 0 for each i of a hole."""

    base: int
    holes: NDArray[np.bool_]


@dataclass
class Lookup:
    """n addresses that depend on indices: first[i] + step * index, with index = indices[slots[i]].

    among  how many there are to choose from; a negative index counts from the end
    table  [n, among] the addresses, where they are no such steps; else None
    """

    slots: Ints
    among: int
    first: Ints
    step: int
    table: Ints | None = None

    def addresses(self) -> Ints:
        """All that it may choose."""
        steps = self.step * np.arange(self.among)
        table = np.add.outer(self.first, steps) if self.table is None else self.table
        return table.ravel()


@dataclass
class Pick:
    """memory[base + i] = memory[address i of the lookup]."""

    base: int
    lookup: Lookup


@dataclass
class Drop:
    """memory[address i of the lookup] += memory[source[i]], for one i after the other."""

    source: Ints
    lookup: Lookup


Instruction = Contract | Map | Largest | Gather | Scatter | SegmentSum | Fill | Mask | Pick | Drop


def operands_of(it: Instruction) -> list[Ints]:
    """The addresses of each operand; those that are only added to are none."""
    match it:
        case Contract(loops, sums, _, a, b):
            return [ref.addresses(*loops, *sums) for ref in (a, b) if ref is not None]
        case Map(loops, _, _, operands):
            return [ref.addresses(*loops) for ref in operands.values()]
        case Largest(loops, sums, _, a):
            return [a.addresses(*loops, *sums)]
        case Gather(_, table):
            return [table]
        case Scatter(base, table):
            return [base + np.arange(len(table))]
        case SegmentSum(_, a, b):
            return [a] if b is None else [a, b]
        case Fill() | Mask():
            return []
        case Pick(_, lookup):
            return [lookup.addresses()]
        case Drop(source):
            return [source]


def target_of(it: Instruction) -> Ints:
    """The addresses that it writes, or may write."""
    match it:
        case Contract(loops, _, out) | Map(loops, out) | Largest(loops, _, out):
            return out.spread(*loops)
        case Scatter(_, table):
            return table
        case Gather(base, table):
            return base + np.arange(table.size)
        case SegmentSum(base, _, _, starts):
            return base + np.arange(len(starts))
        case Fill(base, size):
            return base + np.arange(size)
        case Mask(base, holes):
            return base + np.flatnonzero(holes)
        case Pick(base, lookup):
            return base + np.arange(len(lookup.slots))
        case Drop(_, lookup):
            return lookup.addresses()


def adds(it: Instruction) -> bool:
    """Whether it adds to what is there."""
    return isinstance(it, Drop) or (isinstance(it, (Contract, Scatter)) and it.add)
