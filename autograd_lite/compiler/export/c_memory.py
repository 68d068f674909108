"""Where the numbers of a plan lie in C: in arrays of the caller's, and in a compact work memory.

Addresses are given anew. Each array of the caller's is a stretch of addresses, in its own order:
parameters, state, arguments, gradients. What the plan wants in another order, or across two arrays,
is copied to the work memory. There a number's place is another's as soon as nobody reads it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from autograd_lite.compiler.export.c_addresses import pieces, refs, side_by_side, tabled, tables
from autograd_lite.compiler.plan.groups import Loop, Repeat, reads_of, turns_of, writes_of
from autograd_lite.compiler.plan.join import span
from autograd_lite.compiler.plan.relocate import moved_plan
from autograd_lite.compiler.plan.reuse import handed_on

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from autograd_lite.compiler.plan import Plan
    from autograd_lite.compiler.plan.groups import Group
    from autograd_lite.compiler.tape.ranges import Ints

__all__ = ["Copy", "Finite", "Laid", "Region", "Step", "Unit", "Wanted", "Zeros", "laid_out"]


class Region(NamedTuple):
    """An array in C: its name, first address, and size."""

    name: str
    base: int
    size: int


class Wanted(NamedTuple):
    """An array of the caller's.

    name     its name
    size     how many numbers it has
    places   those of the numbers that are given here
    at       [places] the address of each in the plan
    written  "forward", "update" or "backward" for what is computed there; "" for what is read
    final    True for what replaces what is read from the array
    copied   True for what only a copy in the work memory is of use, as of ints
    """

    name: str
    size: int
    places: Ints
    at: Ints
    written: str = ""
    copied: bool = False
    final: bool = False


class Copy(NamedTuple):
    """memory[to[i]] = memory[source[i]]; if it is final, once all is known to be finite."""

    to: Ints
    source: Ints
    final: bool = False


class Zeros(NamedTuple):
    """memory[base : base + size] = 0."""

    base: int
    size: int


class Finite(NamedTuple):
    """The run has failed unless all of memory[at] are finite."""

    at: Ints


class Unit(NamedTuple):
    """Numbers that lie together in the work memory.

    base     their first address
    origins  the address of each in the lifted program, by which it has a name; -1 of none
    """

    base: int
    origins: Ints


class Step(NamedTuple):
    """One thing to do.

    what   a group of the plan, or one of the above
    units  indices of the units that it reads and writes; of two at one place the one that is read
           stands before the one that is written
    """

    what: Group | Copy | Zeros | Finite
    units: list[int]


@dataclass
class Laid:
    """A plan whose numbers have their places.

    regions   the arrays, by their first addresses; the last one is the work memory
    constants the numbers of the array of constants
    literals  {address: number} of constants that stand in formulas
    units     what the work memory has at some time
    forward, update, backward  what to do, in order
    """

    regions: list[Region]
    constants: NDArray[np.float64]
    literals: dict[int, float]
    units: list[Unit]
    forward: list[Step]
    update: list[Step]
    backward: list[Step]


@dataclass
class _Item:
    """One thing to do, with the addresses of the plan that it reads and writes."""

    what: Group | Copy | Zeros | Finite
    reads: Sequence[Ints]
    writes: Sequence[Ints]


def laid_out(plan: Plan, wanted: Sequence[Wanted], update: int = 0) -> Laid:
    """The plan in the caller's arrays.

    wanted  the arrays, in order; what is written must be finite
    update  the number of groups, the last ones of `forward`, that are the update
    """
    ones = np.ones(len(plan.cotangents))
    plan = replace(
        plan,
        constants=np.append(plan.constants, plan.cotangents),
        numbers=np.append(plan.numbers, ones),
    )
    in_table = tabled(plan, np.concatenate([w.at for w in wanted if w.written] or [_NONE]))
    regions, base = [], 0
    constants = int(in_table.sum())
    sizes = [("constants", constants), ("literals", len(in_table) - constants)]
    for name, size in [*dict.fromkeys((w.name, w.size) for w in wanted), *sizes]:
        regions.append(Region(name, base, size))
        base += size
    work = Region("work", base, plan.size)
    regions.append(work)

    identity = base + np.arange(plan.size)
    new, bound = identity.copy(), np.zeros(plan.size, bool)
    fixed = np.zeros(plan.size, bool)
    fixed[plan.constants] = fixed[plan.leaves] = True
    starts = np.full(plan.size, -1)  # where the numbers come from that are given
    by_name = {region.name: region for region in regions}
    for w in wanted:
        region = by_name[w.name]
        _, first = np.unique(w.at, return_index=True)
        at, places = w.at[first], w.places[first]
        if w.written:
            free = ~fixed[at] & ~bound[at] & (not w.copied)
            at, places = at[free], places[free]
        else:
            starts[at] = region.base + places
        if not w.copied:
            new[at], bound[at] = region.base + places, True
    for held, region in (
        (plan.constants[in_table], regions[-3]),
        (plan.constants[~in_table], regions[-2]),
    ):
        new[held] = starts[held] = region.base + np.arange(len(held))
        bound[held] = True
    while True:
        moved, failures = moved_plan(plan, new, base + plan.size)
        failures += _across(plan, moved, new, regions)
        left = np.unique(np.concatenate([x[bound[x]] for x in failures] or [_NONE]))
        if not len(left):
            break
        bound[left] = False
        new[left] = identity[left]
    return _Laying(plan, wanted, update, regions, new, starts, in_table).laid()


_NONE = np.zeros(0, np.int64)


def _across(plan: Plan, moved: Plan, new: Ints, regions: Sequence[Region]) -> Iterator[Ints]:
    """The addresses of each ref or table that would be in several arrays."""
    bases = np.array([region.base for region in regions])

    def region(addresses: Ints) -> Ints:
        found: Ints = np.searchsorted(bases, addresses, "right")
        return found

    groups = [*plan.forward, *plan.backward], [*moved.forward, *moved.backward]
    for old, there in zip(*groups, strict=True):
        for (ref, sizes), (at, _) in zip(refs(old), refs(there), strict=True):
            low, high = region(np.array(span(at, sizes)))
            if low != high:
                yield ref.spread(*sizes)
        for addresses in tables(old):
            if len(np.unique(region(new[addresses]))) > 1:
                yield addresses


class _Laying:
    """Gives the work memory its places, and says what to do."""

    def __init__(
        self,
        plan: Plan,
        wanted: Sequence[Wanted],
        update: int,
        regions: list[Region],
        new: Ints,
        starts: Ints,
        in_table: NDArray[np.bool_],
    ) -> None:
        self.plan, self.regions, self.new, self.starts = plan, regions, new, starts
        self.in_table = in_table
        work = regions[-1]
        self.in_work = new >= work.base
        groups, n = plan.forward, len(plan.forward) - update
        parts = {
            "forward": [*self._copies_in(), *self._with_checks(groups[:n])],
            "update": [*self._with_checks(groups[n:])],
            "backward": [
                _Item(group, reads_of(group), writes_of(group)) for group in plan.backward
            ],
        }
        by_name = {region.name: region for region in regions}
        for w in wanted:
            if w.written:
                parts[w.written] += self._written(w, by_name[w.name])
        self.parts = parts

    def _copies_in(self) -> Iterator[_Item]:
        """The numbers that are given and that the plan wants elsewhere."""
        read = np.zeros(self.plan.size, bool)
        for group in (*self.plan.forward, *self.plan.backward):
            for addresses in reads_of(group):
                read[addresses] = True
        read[self.plan.outputs] = True
        at = np.flatnonzero(self.in_work & (self.starts >= 0) & read)
        if len(at):
            yield _Item(Copy(at, self.starts[at]), [], [at])

    def _with_checks(self, groups: Sequence[Group]) -> Iterator[_Item]:
        """The groups; and checks of what others are decided by, where it is computed."""
        waiting = np.zeros(self.plan.size, bool)
        waiting[self.plan.deciding] = True
        last = np.full(self.plan.size, -1)
        for k, group in enumerate(groups):
            for written in writes_of(group):
                last[written] = k
        for k, group in enumerate(groups):
            yield _Item(group, reads_of(group), writes_of(group))
            for written in writes_of(group):
                at = np.unique(written[waiting[written] & (last[written] == k)])
                if len(at):
                    yield _Item(Finite(at), [at], [])

    def _written(self, w: Wanted, region: Region) -> Iterator[_Item]:
        """The copies of numbers that lie elsewhere, zeros for what is not there, and the check."""
        there = region.base + w.places
        away = self.new[w.at] != there
        if w.final:
            if away.any():
                yield _Item(Finite(w.at[away]), [w.at[away]], [])
                yield _Item(Copy(there[away], w.at[away], True), [w.at[away]], [])
            return
        if away.any():
            yield _Item(Copy(there[away], w.at[away]), [w.at[away]], [])
        missing = np.setdiff1d(np.arange(region.size), w.places)
        if w.written == "backward":  # what the value does not depend on
            for part in np.split(missing, np.flatnonzero(np.diff(missing) != 1) + 1):
                if len(part):
                    yield _Item(Zeros(region.base + int(part[0]), len(part)), [], [])
        if len(there):
            yield _Item(Finite(there), [], [])

    def laid(self) -> Laid:
        plan, work = self.plan, self.regions[-1]
        items = [item for part in self.parts.values() for item in part]
        unit, low, size = self._units(items)
        n = len(low)
        first, last = np.full(n, len(items)), np.full(n, -1)
        zero = np.zeros(n, bool)
        known = ~self.in_work
        known[plan.constants] = True
        for k, item in enumerate(items):
            for addresses in (*item.reads, *item.writes):
                here = unit[addresses[self.in_work[addresses]]]
                np.minimum.at(first, here, k)
                np.maximum.at(last, here, k)
            for read in self._unknown(item, known):
                zero[unit[read]] = True
            for written in item.writes:
                known[written] = True
        begins = first.copy()
        # The update is done twice, so that nothing of it may lie over anything else of it.
        start = len(self.parts["forward"])
        end = start + len(self.parts["update"])
        during = (first < end) & (last >= start)
        first[during] = np.minimum(first[during], start)
        last[during] = np.maximum(last[during], end - 1)
        once = [(k, item) for k, item in enumerate(items) if not start <= k < end]
        home = self._homes(once, unit, low, size, first, last, zero)
        np.maximum.at(last, home, last.copy())
        own = home == np.arange(n)
        packed = np.zeros(n, np.int64)
        packed[own] = _packed(first[own], last[own], size[own])
        for offset in (packed[home], low):  # if that cannot be, as they were
            total = int((offset + size)[last >= 0].max(initial=0))
            new = self.new.copy()
            used = self.in_work & (unit >= 0)
            at = np.flatnonzero(used)
            new[at] = work.base + offset[unit[at]] + at - low[unit[at]]
            new[self.in_work & ~used] = work.base
            moved, failures = moved_plan(plan, new, work.base + max(total, 1))
            if not failures:
                break
        self.regions[-1] = work._replace(size=total)
        groups = iter([*moved.forward, *moved.backward])
        done: list[list[Step]] = [[] for _ in self.parts]
        owners = [part for part, held in zip(done, self.parts.values(), strict=True) for _ in held]
        for k, (item, part) in enumerate(zip(items, owners, strict=True)):
            every = np.concatenate([*item.reads, *item.writes] or [_NONE])
            found = np.unique(unit[every[self.in_work[every]]])
            units = found[np.argsort(begins[found], kind="stable")].tolist()
            for u in units:
                if zero[u] and begins[u] == k:
                    part.append(Step(Zeros(int(work.base + offset[u]), int(size[u])), [u]))
            what = item.what
            match what:
                case Copy(to, source, final):
                    what = Copy(new[to], source) if item.writes else Copy(to, new[source], final)
                case Finite(at):
                    what = Finite(new[at]) if item.reads else what
                case Zeros():
                    pass
                case _:
                    what = next(groups)
            part.append(Step(what, units))
        numbers, literal = plan.numbers, ~self.in_table
        literals = new[plan.constants[literal]].tolist(), numbers[literal].tolist()
        origins = plan.origins if len(plan.origins) else np.full(plan.size, -1)
        made = [
            Unit(int(work.base + at), origins[a : a + n])
            for at, a, n in zip(offset.tolist(), low.tolist(), size.tolist(), strict=True)
        ]
        constants = numbers[self.in_table]
        return Laid(self.regions, constants, dict(zip(*literals, strict=True)), made, *done)

    def _homes(
        self,
        items: Iterable[tuple[int, _Item]],
        unit: Ints,
        low: Ints,
        size: Ints,
        first: Ints,
        last: Ints,
        zero: NDArray[np.bool_],
    ) -> Ints:
        """For each unit, itself, or one whose place it takes over, element by element."""
        home = np.arange(len(low))
        for k, item in items:
            if isinstance(item.what, Loop):
                beginning = (first == k) & ~zero
                for one, heir in handed_on(item.what, unit, low, size, last == k, beginning):
                    home[heir] = home[one]
        return home

    def _units(self, items: Sequence[_Item]) -> tuple[Ints, Ints, Ints]:
        """What stays together: [size] the unit of each address, -1 of none; the first address and
        the size of each.
        """
        n = self.plan.size
        edges = np.zeros(n + 1, np.int64)  # +1 where a stretch begins, -1 where it ends
        used = np.zeros(n, bool)
        for item in items:
            for addresses in (*item.reads, *item.writes):
                used[addresses] = self.in_work[addresses]
            if isinstance(item.what, (Copy, Zeros, Finite)):
                continue
            for low, high in self._stretches(item.what):
                edges[low] += 1
                edges[high] -= 1
        joined = np.cumsum(edges)[:n] > 0  # with the next one
        # What lies between the numbers of a stretch has room there, too, wherever it is itself.
        used |= joined | np.append(False, joined[:-1])
        begins = used & ~np.append(False, joined[:-1])
        unit = np.where(used, np.cumsum(begins) - 1, -1)
        firsts = np.flatnonzero(begins)
        return unit, firsts, np.bincount(unit[used], minlength=len(firsts))

    def _stretches(self, group: Group) -> Iterator[tuple[int, int]]:
        """The first and the last address of each stretch of the work memory that stays together."""
        for ref, sizes in refs(group):
            if self.in_work[ref.base]:
                yield from (span(*piece) for piece in pieces(ref, sizes))
        for lows, highs in side_by_side(group):
            if self.in_work[lows[0]]:
                yield from zip(lows.tolist(), highs.tolist(), strict=True)

    def _unknown(self, item: _Item, known: NDArray[np.bool_]) -> Iterator[Ints]:
        """The addresses that an item reads and that nothing has written."""
        for read in item.reads:
            if not known[read].all():
                break
        else:
            return
        if not isinstance(item.what, Repeat):
            for read in item.reads:
                yield read[~known[read]]
            return
        now = known.copy()
        for group in turns_of(item.what):
            for read in reads_of(group):
                yield read[~now[read]]
            for written in writes_of(group):
                now[written] = True


def _packed(first: Ints, last: Ints, size: Ints) -> Ints:
    """Where each stretch of memory lies: those that are in use at the same time beside each other.

    The largest comes first, and each goes to the lowest place that is free (Pisarchyk and Lee,
    "Efficient memory management for deep neural net inference", 2020).
    """
    offset = np.zeros(len(size), np.int64)
    order = np.lexsort((first, -size))
    for k, u in enumerate(order.tolist()):
        before = order[:k]
        near = before[(first[before] <= last[u]) & (last[before] >= first[u])]
        near = near[np.argsort(offset[near])]
        ends = np.maximum.accumulate(np.append(0, (offset + size)[near]))
        gaps = np.append(offset[near], np.iinfo(np.int64).max) - ends
        offset[u] = ends[np.argmax(gaps >= size[u])]
    return offset
