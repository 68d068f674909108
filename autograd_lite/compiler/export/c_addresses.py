"""What the groups of a plan read and write, as addresses: in loops, in tables, in stretches."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from autograd_lite.compiler.lift.instructions import (
    Contraction,
    Gather,
    Ref,
    Scatter,
    ScatterAdd,
    SegmentSum,
    Take,
    ZeroPadding,
)
from autograd_lite.compiler.plan.groups import Loop, Repeat, reads_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from autograd_lite.compiler.plan import Plan
    from autograd_lite.compiler.plan.groups import Group
    from autograd_lite.compiler.tape.ranges import Ints

__all__ = ["pieces", "refs", "side_by_side", "tabled", "tables"]


def tabled(plan: Plan, also: Ints) -> NDArray[np.bool_]:
    """[constants] True of those that are read otherwise than as one number in a loop."""
    found = np.zeros(plan.size, bool)
    found[also] = True

    def note(group: Group, turns: tuple[int, ...] = ()) -> None:
        match group:
            case Repeat(count, groups):
                for inner in groups:
                    note(inner, (count,))
            case Loop(sizes, statements):
                for s in statements:
                    for ref in s.operands.values():
                        if ref.base >= 0 and any(ref.strides):
                            found[ref.addresses(*turns, *sizes)] = True
            case Contraction():
                for ref, sizes in refs(group, turns):
                    found[ref.addresses(*sizes)] = True
            case _:
                for read in reads_of(group):
                    found[read] = True

    for group in (*plan.forward, *plan.backward):
        note(group)
    return found[plan.constants]


def refs(group: Group, turns: tuple[int, ...] = ()) -> Iterator[tuple[Ref, tuple[int, ...]]]:
    """The refs to memory of a group, each with the sizes of its loops."""
    match group:
        case Repeat(count, groups):
            for inner in groups:
                yield from refs(inner, (count,))
        case Loop(sizes, statements):
            for s in statements:
                if s.stored:
                    yield s.out, (*turns, *(1 if i in s.sums else n for i, n in enumerate(sizes)))
                for ref in s.operands.values():
                    if ref.base >= 0:
                        yield ref, (*turns, *sizes)
        case Contraction(loops, sums, out, a, b):
            yield out, (*turns, *loops)
            for factor in (a, b):
                if factor is not None:
                    yield factor, (*turns, *loops, *sums)


def tables(group: Group) -> list[Ints]:
    """The addresses that a group reads or writes through one table, or side by side."""
    match group:
        case Gather(base, table):
            return [base + np.arange(table.size)]
        case Scatter(base, table):
            return [base + np.arange(table.size)]
        case SegmentSum(base, a, b, starts):
            return [base + np.arange(len(starts)), a, *([] if b is None else [b])]
        case ZeroPadding(base, padding):
            return [base + np.arange(len(padding))]
        case Take(base, table):
            return [base + np.arange(len(table.slots)), table.addresses()]
        case ScatterAdd(source, table):
            return [source, table.addresses()]
    return []


def pieces(ref: Ref, sizes: Sequence[int]) -> list[tuple[Ref, Sequence[int]]]:
    """A ref as two, if its outermost loop has two steps that lie apart: they may lie anywhere.

    Those of two such loops may not: they are the corners of a parallelogram.
    """
    moving = [k for k, stride in enumerate(ref.strides) if stride and sizes[k] > 1]
    widest = max(moving, key=lambda k: abs(ref.strides[k]), default=-1)
    inner = sum(abs(ref.strides[k]) * (sizes[k] - 1) for k in moving if k != widest)
    if widest < 0 or sizes[widest] != 2 or abs(ref.strides[widest]) <= inner + 1:
        return [(ref, sizes)]
    one = [1 if k == widest else size for k, size in enumerate(sizes)]
    other = Ref(ref.base + ref.strides[widest], ref.strides)
    return [(ref, one), (other, one)]


def side_by_side(group: Group) -> Iterator[tuple[Ints, Ints]]:
    """The first and the last addresses of stretches that a group with tables goes through."""
    match group:
        case Gather(base, table) | Scatter(base, table):
            yield np.array([base]), np.array([base + len(table) - 1])
        case SegmentSum(base, _, _, starts):
            yield np.array([base]), np.array([base + len(starts) - 1])
        case ZeroPadding(base, padding):
            yield np.array([base]), np.array([base + len(padding) - 1])
        case Take(base, table):
            yield np.array([base]), np.array([base + len(table.slots) - 1])
    if isinstance(group, (Take, ScatterAdd)) and group.table.table is None:
        ends = np.stack([group.table.first, group.table.first], 1)
        ends[:, 1] += group.table.step * (group.table.among - 1)
        yield ends.min(1), ends.max(1)
