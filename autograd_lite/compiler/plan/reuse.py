"""Less memory for a plan that is run as a whole: a thrifty order, and places that are handed on.

Such a plan, as that of an export, may overwrite a number as soon as nobody reads it any more. So it
counts how many are alive at a time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

import numpy as np

from autograd_lite.compiler.plan.groups import Group, Loop, reads_of, writes_of
from autograd_lite.compiler.plan.result import Plan
from autograd_lite.compiler.tape.ranges import Ints

__all__ = ["handed_on", "thrifty"]


def thrifty(plan: Plan) -> Plan:
    """The plan with its groups in an order in which few numbers are alive at a time.

    Of the groups that may come next it is always the one that leaves least; and those that leave as
    much as they find, or find nothing, wait until they are needed.
    """
    kept = np.zeros(plan.size, bool)  # what has a place of its own
    for name in ("leaves", "constants", "outputs", "deciding", "cotangents", "gradients"):
        kept[getattr(plan, name)] = True
    touched = []
    for group in (*plan.forward, *plan.backward):
        every = np.unique(_all([*reads_of(group), *writes_of(group)]))
        touched.append(every[~kept[every]])
    left = np.zeros(plan.size, np.int64)  # groups that will touch a number
    for addresses in touched:
        left[addresses] += 1
    begun = np.zeros(plan.size, bool)

    def growth(i: int) -> int:
        """How many more numbers are alive behind a group."""
        here = touched[i]
        return int((~begun[here]).sum()) - int((left[here] == 1).sum())

    parts = []
    for start, groups in ((0, plan.forward), (len(plan.forward), plan.backward)):
        before, behind = _dependences(groups)
        ready = {i for i in range(len(groups)) if not before[i]}
        order, able = [], set[int]()
        while ready:
            more, i = min((growth(start + i), i) for i in ready)
            ready.remove(i)
            order.append(i)
            here = touched[start + i]
            if more == 0 or not begun[here].any():
                able.add(i)
            begun[here] = True
            left[here] -= 1
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


def handed_on(
    loop: Loop, block: Ints, low: Ints, size: Ints, ending: Live, beginning: Live
) -> Iterator[tuple[int, int]]:
    """Pairs of blocks, the second of which may take over the place of the first: a loop reads the
    one for the last time and writes the other, element by element.

    block      [memory] the block of each address, which is moved as a whole; -1 of none
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


def _all(arrays: Sequence[Ints]) -> Ints:
    return np.concatenate(arrays) if arrays else np.zeros(0, np.int64)


TYPE_CHECKING = False
if TYPE_CHECKING:
    from numpy.typing import NDArray

    from autograd_lite.compiler.lift.instructions import Ref

    Live = NDArray[np.bool_]
