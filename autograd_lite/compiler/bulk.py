"""The bulk instructions: the closed set that a lifted program is made of.

They work on one flat memory of doubles. A `Ref` is where an operand lies in it: its first address,
and how far it moves with each step of each loop; with 0, it is used again. All can be pickled.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeAlias

    from numpy.typing import NDArray

    from autograd_lite.compiler.formulas import Formula

    Ints: TypeAlias = NDArray[np.int64]

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
    "operands_of",
    "target_of",
]


@dataclass
class Ref:
    """base + i * strides[0] + j * strides[1] + ... in loops of i, j, ..."""

    base: int
    strides: tuple[int, ...]


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
    """Addresses of each operand: all, or the first one of a view."""
    match it:
        case Contract():
            return [np.array([ref.base]) for ref in (it.a, it.b) if ref is not None]
        case Map():
            return [np.array([ref.base]) for ref in it.operands.values()]
        case Largest():
            return [np.array([it.a.base])]
        case Gather():
            return [it.table]
        case Scatter(base) | Mask(base):
            return [np.array([base])]
        case SegmentSum():
            return [it.a] if it.b is None else [it.a, it.b]
        case Fill():
            return []
        case Pick(_, lookup):
            return [lookup.first if lookup.table is None else lookup.table]
        case Drop(source):
            return [source]


def target_of(it: Instruction) -> Ints:
    """Addresses that it writes to: all, or the first one of a view."""
    match it:
        case Contract() | Map() | Largest():
            return np.array([it.out.base])
        case Scatter():
            return it.table
        case Drop(_, lookup):
            return lookup.first
        case Gather(base) | SegmentSum(base) | Fill(base) | Mask(base) | Pick(base):
            return np.array([base])
