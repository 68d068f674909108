"""Memory for a plan that is run as a whole: numbers of different times at one address.

A *block* is a set of addresses that refs go through in steps, so that they must stay as far apart
as they are. It is alive from the first group that touches it to the last one. Blocks that are never
alive together may share a place; and so may two of which a loop reads one for the last time and
writes the other, element by element.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

import numpy as np

from autograd_lite.compiler.lift.instructions import (
    Contraction,
    Elementwise,
    Gather,
    IndexTable,
    Scatter,
    ScatterAdd,
    SegmentSum,
    Take,
    ZeroPadding,
)
from autograd_lite.compiler.plan.groups import Group, Loop, Repeat, reads_of, writes_of
from autograd_lite.compiler.plan.relocate import moved_plan
from autograd_lite.compiler.plan.result import Plan
from autograd_lite.compiler.tape.ranges import Ints

__all__ = ["handed_on", "reused", "thrifty"]


def reused(plan: Plan) -> Plan:
    """The plan in as little memory as was found, for runs of `forward` and then `backward`, once.

    Leaves, constants, results and gradients have places of their own, in their order. The backward
    groups overwrite what the forward groups have computed: a second gradient needs another run.
    """
    plans = [plan, _packed(plan), _packed(thrifty(plan))]
    return min(plans, key=lambda made: made.size)  # the first of those that are as small


class _Blocks:
    """The blocks of a plan.

    of       [size] the block of each address: its first address
    kept     [size] True of addresses that share their place with no other
    touched  for each group, forward and backward, the blocks that it touches and that are not kept
    length   [size] of each block, from its first address to its last
    """

    def __init__(self, plan: Plan) -> None:
        groups = [*plan.forward, *plan.backward]
        self.of = _joined(plan.size, [pair for group in groups for pair in _neighbours(group)])
        accesses = [(reads_of(group), writes_of(group)) for group in groups]
        kept = np.zeros(plan.size, bool)
        for name in ("leaves", "constants", "outputs", "deciding", "cotangents", "gradients"):
            kept[getattr(plan, name)] = True
        # What is read before it is written is 0, as the memory is at first, and has to stay so.
        known = kept.copy()
        for reads, writes in accesses:
            for read in reads:
                kept[read[~known[read]]] = True
            for written in writes:
                known[written] = True
        whole = np.zeros(plan.size, bool)
        whole[self.of[kept]] = True
        self.kept = whole[self.of]
        self.touched = [
            np.unique(self.of[x[~self.kept[x]]])
            for x in (_all([*reads, *writes]) for reads, writes in accesses)
        ]
        last = np.zeros(plan.size, np.int64)
        np.maximum.at(last, self.of, np.arange(plan.size))
        self.length = last + 1 - np.arange(plan.size)

    def lives(self) -> tuple[dict[int, int], dict[int, int]]:
        """The first and the last group that touches each block."""
        born: dict[int, int] = {}
        dead: dict[int, int] = {}
        for time, touched in enumerate(self.touched):
            for block in touched.tolist():
                born.setdefault(block, time)
                dead[block] = time
        return born, dead

    def handed_on(self, groups: Sequence[Group]) -> Iterator[tuple[int, int]]:
        """Pairs of blocks, the second of which may take over the place of the first."""
        first = np.full(len(self.of), len(groups))
        last = np.full(len(self.of), -1)
        for time, touched in enumerate(self.touched):
            first[touched] = np.minimum(first[touched], time)
            last[touched] = time
        block, low = np.where(self.kept, -1, self.of), np.arange(len(self.of))
        for time, group in enumerate(groups):
            if isinstance(group, Loop):
                ending, beginning = last == time, first == time
                yield from handed_on(group, block, low, self.length, ending, beginning)


def _packed(plan: Plan) -> Plan:
    """The plan with its groups as they are, and each block in the first place that is free."""
    blocks = _Blocks(plan)
    born, dead = blocks.lives()
    home: dict[int, int] = {}  # of a block that takes over another's place
    for block, heir in blocks.handed_on([*plan.forward, *plan.backward]):
        home[heir] = first = home.get(block, block)
        dead[first] = dead[heir]
        del born[heir]
    place: dict[int, int] = {}
    placed: list[int] = []
    # The largest first: the small ones fit into what these leave.
    for block in sorted(born, key=lambda b: (-blocks.length[b], born[b])):
        others = sorted(
            (place[b], place[b] + int(blocks.length[b]))
            for b in placed
            if born[b] <= dead[block] and born[block] <= dead[b]
        )
        at = 0
        for start, end in others:
            if at + blocks.length[block] <= start:
                break
            at = max(at, end)
        place[block] = at
        placed.append(block)
    place |= {heir: place[first] for heir, first in home.items()}
    kept = blocks.kept.copy()
    while True:
        base = int(kept.sum())
        new = np.cumsum(kept) - 1
        free = np.flatnonzero(~kept)
        of = blocks.of[free]
        places = np.array([place.get(block, 0) for block in of.tolist()], np.int64)
        new[free] = base + places + free - of
        size = base + max((at + int(blocks.length[b]) for b, at in place.items()), default=0)
        made, failures = moved_plan(plan, new, size)
        if not failures:
            return made
        for addresses in failures:
            kept[addresses.min() : addresses.max() + 1] = True


def handed_on(
    loop: Loop, block: Ints, low: Ints, size: Ints, ending: Live, beginning: Live
) -> Iterator[tuple[int, int]]:
    """Pairs of blocks, the second of which may take over the place of the first in a loop.

    block      [memory] the block of each address; -1 of none
    low, size  of each block, its first address and how far it goes
    ending, beginning  True of blocks that only this loop and earlier ones, or later ones, touch
    """
    whole: dict[Ref, int] = {}  # the block of each ref that lies in one
    seen: Counter[int] = Counter()  # refs that go to a block
    for ref in {ref for s in loop.statements for ref in (s.out, *s.operands.values())}:
        if ref.base >= 0:
            touched = np.unique(block[ref.addresses(*loop.sizes)]).tolist()
            seen.update(touched)
            if len(touched) == 1 and touched[0] >= 0:
                whole[ref] = touched[0]
    whole = {ref: b for ref, b in whole.items() if seen[b] == 1}
    for i, s in enumerate(loop.statements):
        heir = whole.get(s.out, -1)
        if heir < 0 or not beginning[heir] or s.kind != "map" or not all(s.out.strides):
            continue
        later = {ref for x in loop.statements[i + 1 :] for ref in x.operands.values()}
        for ref in s.operands.values():
            b = whole.get(ref, -1)
            if (
                b >= 0
                and ending[b]
                and not beginning[b]
                and ref not in later
                and ref.strides == s.out.strides
                and ref.base - low[b] == s.out.base - low[heir]
                and size[b] == size[heir]
            ):
                del whole[ref]
                yield b, heir
                break


def thrifty(plan: Plan) -> Plan:
    """The plan with its groups in an order in which little is alive at a time; see `reused`.

    Of the groups that may come next it is always the one that leaves least; and those that leave as
    much as they find, or find nothing, wait until they are needed.
    """
    blocks = _Blocks(plan)
    n = len(plan.forward)
    left = np.zeros(plan.size, np.int64)  # groups that will touch a block
    for touched in blocks.touched:
        left[touched] += 1
    begun = np.zeros(plan.size, bool)
    parts = []
    for start, groups in ((0, plan.forward), (n, plan.backward)):
        before, behind = _dependences(groups)
        ready = {i for i in range(len(groups)) if not before[i]}
        order, able = [], set[int]()
        while ready:

            def growth(i: int, start: int = start) -> tuple[int, int]:
                touched = blocks.touched[start + i]
                more = blocks.length[touched[~begun[touched]]].sum()
                return int(more - blocks.length[touched[left[touched] == 1]].sum()), i

            i = min(ready, key=growth)
            more, _ = growth(i)
            ready.remove(i)
            order.append(i)
            touched = blocks.touched[start + i]
            if more == 0 or not begun[touched].any():
                able.add(i)
            begun[touched] = True
            left[touched] -= 1
            for j in behind[i]:
                before[j] -= 1
                if not before[j]:
                    ready.add(j)
        parts.append([groups[i] for i in _waiting(order, able, behind)])
    return replace(plan, forward=parts[0], backward=parts[1])


def _waiting(
    order: Sequence[int], able: Collection[int], behind: Sequence[Sequence[int]]
) -> list[int]:
    """The order with those that are able to wait right before the first that waits for them."""
    found: list[int] = []  # the last first
    for i in reversed(order):
        at = len(found)
        if i in able and behind[i]:
            needed = set(behind[i])
            at = 1 + max(k for k, j in enumerate(found) if j in needed)
        found.insert(at, i)
    return found[::-1]


def _dependences(groups: Sequence[Group]) -> tuple[list[int], list[list[int]]]:
    """For each group, how many it has to wait for, and which wait for it."""
    accesses = []
    for i, group in enumerate(groups):
        for is_write, found in enumerate((reads_of(group), writes_of(group))):
            addresses = np.unique(_all(found))
            accesses.append(np.stack([addresses, np.full_like(addresses, 2 * i + is_write)]))
    every = np.concatenate(accesses or [np.zeros((2, 0), np.int64)], axis=1)
    address, access = every[:, np.lexsort(every[::-1])]
    writes, at = access % 2 == 1, np.arange(len(access))
    # An access waits for the write before it, and a write also for the reads since then.
    before = np.maximum.accumulate(np.where(writes, at, -1))[:-1]
    behind = np.minimum.accumulate(np.where(writes, at, len(at))[::-1])[::-1][1:]
    pairs = np.concatenate([np.stack([before, at[1:]]), np.stack([at[:-1], behind])], axis=1)
    first, second = pairs[:, (pairs[0] >= 0) & (pairs[1] < len(at))]
    first, second = (x[address[first] == address[second]] for x in (first, second))
    edges = np.unique(np.stack([access[first] // 2, access[second] // 2]), axis=1)
    waiting: list[list[int]] = [[] for _ in groups]
    counts = [0] * len(groups)
    for i, j in edges[:, edges[0] != edges[1]].T.tolist():
        waiting[i].append(j)
        counts[j] += 1
    return counts, waiting


# ------------------------------------------------------------------------------------ blocks


def _neighbours(group: Group, turns: tuple[int, ...] = ()) -> Iterator[tuple[Ints, Ints]]:
    """Pairs of addresses that must stay as far apart as they are.

    A loop of two steps may get any stride; one of more steps has one stride only.
    """
    match group:
        case Repeat(count, groups):
            for inner in groups:
                yield from _neighbours(inner, (count,))
        case Loop(sizes, statements):
            for s in statements:
                for place in (s.out, *s.operands.values()):
                    if place.base >= 0:
                        yield from _steps(place, (*turns, *sizes))
        case Contraction(loops, sums, out, a, b):
            yield from _steps(out, (*turns, *loops))
            for factor in (a, b):
                if factor is not None:
                    yield from _steps(factor, (*turns, *loops, *sums))
        case Elementwise(loops, out, _, operands):
            for ref in (out, *operands.values()):
                yield from _steps(ref, loops)
        case Gather(base, table) | Scatter(base, table):
            yield _row(base, table.size)
        case SegmentSum(base, _, _, starts):
            yield _row(base, len(starts))
        case ZeroPadding(base, padding):
            yield _row(base, len(padding))
        case Take(base, index_table):
            yield _row(base, len(index_table.slots))
            yield _rows(index_table)
        case ScatterAdd(_, index_table):
            yield _rows(index_table)


def _steps(ref: Ref, sizes: Sequence[int]) -> Iterator[tuple[Ints, Ints]]:
    """Each address of a ref and the next one, in each of its loops."""
    moving = [(size, stride) for size, stride in zip(sizes, ref.strides, strict=False) if stride]
    addresses = ref.spread(*(s if t else 1 for s, t in zip(sizes, ref.strides, strict=False)))
    grid = addresses.reshape([size for size, _ in moving])
    for axis, (size, _) in enumerate(moving):
        if size > 2:
            rows = np.moveaxis(grid, axis, 0)
            yield rows[:-1].ravel(), rows[1:].ravel()


def _row(base: int, size: int) -> tuple[Ints, Ints]:
    row = base + np.arange(size)
    return row[:-1], row[1:]


def _rows(table: IndexTable) -> tuple[Ints, Ints]:
    rows = table.addresses().reshape(len(table.slots), table.among)
    return rows[:, :-1].ravel(), rows[:, 1:].ravel()


def _joined(size: int, pairs: Sequence[tuple[Ints, Ints]]) -> Ints:
    """For each address, the first one that pairs lead to from it."""
    of = np.arange(size)
    if not pairs:
        return of
    a, b = (np.concatenate(side) for side in zip(*pairs, strict=True))
    while True:
        first = np.minimum(of[a], of[b])
        known = of.copy()
        for side in (of[a], of[b]):
            np.minimum.at(of, side, first)
        while (of[of] != of).any():
            of = of[of]
        if (of == known).all():
            return of


def _all(arrays: Sequence[Ints]) -> Ints:
    return np.concatenate(arrays) if arrays else np.zeros(0, np.int64)


TYPE_CHECKING = False
if TYPE_CHECKING:
    from numpy.typing import NDArray

    from autograd_lite.compiler.lift.instructions import Ref

    Live = NDArray[np.bool_]
