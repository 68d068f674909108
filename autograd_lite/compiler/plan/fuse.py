"""Loops over the same steps become one, so that numbers are read once and passed on in registers.

Groups are taken in order, and each goes to an earlier one if nothing that it depends on stands
between. What it depends on is looked up address by address, so that the time is linear. Then they
are taken from the end, and each goes to a later one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from math import prod

import numpy as np

from autograd_lite.compiler.lift.instructions import Contraction, Ref
from autograd_lite.compiler.plan.groups import (
    Group,
    Loop,
    Repeat,
    reads_of,
    refs_read,
    writes_of,
)
from autograd_lite.compiler.plan.join import joined, span
from autograd_lite.compiler.plan.space import full, matched, refs_of
from autograd_lite.compiler.tape.ranges import Ints

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeAlias, TypeVar

    G = TypeVar("G", Group, "Loop | Contraction")
    Place: TypeAlias = "tuple[Ref, tuple[int, ...]] | Ints"

__all__ = ["fused"]

RECENT = 4  # loops that read the same numbers, of which one is to be joined


def fused(groups: Sequence[Group], size: int) -> list[Group]:
    """The groups with loops joined; each number is computed as before, of the same operands.

    size  number of doubles in the memory
    """
    found = [_within(group, size) if isinstance(group, Repeat) else group for group in groups]
    return _joined_loops(found, size, 0)


def _joined_loops(groups: Sequence[G], size: int, lead: int) -> list[G]:
    groups = _Sweep(size, lead, forward=False).run(groups[::-1])[::-1]
    return _Sweep(size, lead, forward=True).run(groups)


def _within(repeat: Repeat, size: int) -> Repeat:
    """A repetition with its loops joined, as in its first turn.

    If two refs move alike from turn to turn, they meet in all turns or in none. If some do not, and
    may meet in another turn, the order is left as it is.
    """
    if _meets_in_turns(repeat, size):
        return repeat
    return Repeat(repeat.count, _joined_loops(repeat.groups, size, 1))


def _meets_in_turns(repeat: Repeat, size: int) -> bool:
    """True if a group may write where another goes that moves otherwise from turn to turn."""
    touched: dict[int, list[Ints]] = defaultdict(list)
    written: dict[int, list[Ints]] = defaultdict(list)
    for group in repeat.groups:
        for ref, sizes, writing in _accesses(group):
            whole = ref.addresses(repeat.count, *sizes[1:])
            touched[ref.strides[0]].append(whole)
            if writing:
                written[ref.strides[0]].append(whole)
    if len(touched) == 1:
        return False
    for stride, writes in written.items():
        here = np.zeros(size, bool)
        for addresses in writes:
            here[addresses] = True
        others = (x for other, every in touched.items() if other != stride for x in every)
        if any(here[addresses].any() for addresses in others):
            return True
    return False


def _accesses(group: Loop | Contraction) -> Iterator[tuple[Ref, tuple[int, ...], bool]]:
    """(ref, sizes of its loops, True if it is written) of a group in a repetition."""
    if isinstance(group, Loop):
        sizes = full(group, 1)
        yield from ((ref, sizes, False) for ref in refs_read(group) if ref.base >= 0)
        yield from ((s.out, sizes, True) for s in group.statements if s.stored)
    else:
        sizes = (1, *group.loops, *group.sums)
        yield from ((ref, sizes, False) for ref in (group.a, group.b) if ref is not None)
        yield group.out, sizes, True


class _Sweep:
    """One pass over the groups, in their order or, with forward=False, from the end.

    Positions count in the direction of the pass; a group may go to any position that is not before
    the last one it conflicts with: where one of both writes what the other reads or writes.
    """

    def __init__(self, size: int, lead: int, forward: bool) -> None:
        self._lead, self._forward = lead, forward
        self._written, self._read = (np.full(size, -1) for _ in range(2))  # the last positions
        self._groups: list[Group] = []
        self._spans: dict[tuple[int, int], list[int]] = defaultdict(list)
        self._once = -1  # the last group of single steps

    def run(self, groups: Iterable[G]) -> list[G]:
        for group in groups:
            self._place(group)
        return self._groups  # type: ignore[return-value]

    def _place(self, group: Group) -> None:
        reads, writes = ([*of(group, self._lead)] for of in (_reads, _writes))
        last = -1
        for place in (*reads, *writes):
            last = max(last, _last(self._written, place))
        for place in writes:
            last = max(last, _last(self._read, place))
        position = self._joined(group, last) if isinstance(group, Loop) else -1
        if position < 0:
            position = len(self._groups)
            self._groups.append(group)
        for place in writes:
            _mark(self._written, place, position)
        for place in reads:
            _mark(self._read, place, position)
        if isinstance(group, Loop):
            for key in _spans(group, self._lead):
                known = self._spans[key]
                if position not in known:
                    self._spans[key] = [*known[1 - RECENT :], position]
            if not group.sizes:
                self._once = position

    def _joined(self, loop: Loop, last: int) -> int:
        """The position of the group that a loop was joined to; -1 if to none.

        Joined is what it depends on, or what has read as many of the same numbers.
        """
        positions = [last] if last >= 0 else []
        if loop.sizes:
            near = {p for key in _spans(loop, self._lead) for p in self._spans[key] if p > last}
            positions += sorted(near)
        elif self._once > last:
            positions.append(self._once)
        for position in positions:
            other = self._groups[position]
            if isinstance(other, Loop) and prod(other.sizes) == prod(loop.sizes):
                found = self._both(other, loop, position == last)
                if found is not None:
                    self._groups[position] = found
                    return position
        return -1

    def _both(self, other: Loop, loop: Loop, depends: bool) -> Loop | None:
        """Two loops as one, in a space in which they meet."""
        for one, two in self._alike(other, loop, depends):
            first, second = (one, two) if self._forward else (two, one)
            found = joined(first, second, self._lead, not depends)
            if found is not None:
                return found
        return None

    def _alike(self, other: Loop, loop: Loop, depends: bool) -> Iterator[tuple[Loop, Loop]]:
        """Both loops in one space, in each way that may serve."""
        lead = self._lead
        alike = depends or not loop.sizes or _moving(other, lead) & _moving(loop, lead)
        if other.sizes == loop.sizes and alike:
            yield other, loop
        left, right = _spans(other, lead), _spans(loop, lead)
        for key in [key for key in right if key in left][:RECENT]:
            changes = matched(other.sizes, left[key], loop.sizes, right[key], lead)
            if changes is not None:
                yield changes[0].loop(other, lead), changes[1].loop(loop, lead)


def _moving(loop: Loop, lead: int) -> set[Ref]:
    """The refs that move in each of its loops."""
    return {ref for ref in refs_of(loop) if all(ref.strides[lead:])}


def _spans(loop: Loop, lead: int) -> dict[tuple[int, int], Ref]:
    """The refs that move in each of its loops, by their first and last address."""
    sizes = full(loop, lead)
    return {span(ref, sizes): ref for ref in _moving(loop, lead)} if loop.sizes else {}


# Where a group reads or writes: a ref and the sizes of its loops, or addresses.


def _reads(group: Group, lead: int) -> Iterator[Place]:
    match group:
        case Loop():
            sizes = full(group, lead)
            yield from ((ref, sizes) for ref in refs_read(group) if ref.base >= 0)
        case Contraction(loops, sums, out, a, b):
            ones = (1,) * lead
            yield from ((ref, (*ones, *loops, *sums)) for ref in (a, b) if ref is not None)
            if group.add:
                yield out, (*ones, *loops)
        case _:
            yield from reads_of(group)


def _writes(group: Group, lead: int) -> Iterator[Place]:
    match group:
        case Loop():
            sizes = full(group, lead)
            yield from ((s.out, sizes) for s in group.statements if s.stored)
        case Contraction(loops, _, out):
            yield out, (*(1,) * lead, *loops)
        case _:
            yield from writes_of(group)


def _last(positions: Ints, place: Place) -> int:
    """The last position at some of these addresses."""
    if not isinstance(place, tuple):
        return int(positions[place].max(initial=-1))
    if not any(place[0].strides):
        return int(positions[place[0].base])
    return int(_view(positions, *place).max())


def _mark(positions: Ints, place: Place, position: int) -> None:
    if not isinstance(place, tuple):
        positions[place] = np.maximum(positions[place], position)
    elif not any(place[0].strides):
        base = place[0].base
        positions[base] = max(int(positions[base]), position)
    else:
        view = _view(positions, *place)
        np.maximum(view, position, out=view)


def _view(positions: Ints, ref: Ref, sizes: Sequence[int]) -> Ints:
    moving = [(size, 8 * step) for size, step in zip(sizes, ref.strides, strict=False) if step]
    shape, strides = zip(*moving, strict=True)
    return np.ndarray(shape, np.int64, positions, 8 * ref.base, strides)
