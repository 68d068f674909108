"""Groups that come again and again, at addresses that move evenly, become a repetition."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Sequence
from typing import cast

import numpy as np

from autograd_lite.compiler.lift.instructions import Contraction, Ref
from autograd_lite.compiler.plan.groups import Group, Loop, Repeat, moved
from autograd_lite.compiler.tape.ranges import Ints

__all__ = ["rolled"]

MIN_TURNS = 8  # fewer are better fused than repeated; of two turns `_chosen` knows nothing
PERIODS = 24  # lengths of a turn that are tried, those that are met most often
OCCURRENCES = 8  # how often one kind of group may come in a turn, for its length to be found


def rolled(groups: Sequence[Group]) -> list[Group]:
    """The same groups in the same order, with repetitions in place of stretches of them.

    Every turn of a repetition has the groups of the one before, with each ref moved by the stride
    of that ref from turn to turn; so a recurrence of a thousand steps is one group.
    """
    if len(groups) < MIN_TURNS:
        return list(groups)
    kinds, bases = _kinds(groups)
    found: list[Group] = []
    end = 0
    for start, length, turns in _chosen(kinds, bases):
        steps = bases[start + length : start + 2 * length] - bases[start : start + length]
        body = cast("Sequence[Loop | Contraction]", groups[start : start + length])
        inner = [_moving(g, row) for g, row in zip(body, steps.tolist(), strict=True)]
        found += [*groups[end:start], Repeat(turns, inner)]
        end = start + length * turns
    return [*found, *groups[end:]]


def _kinds(groups: Sequence[Group]) -> tuple[Ints, Ints]:
    """[n] what a group is but for the bases of its refs, as a number, and [n, m] these bases.

    What has tables is not like any other.
    """
    numbers: dict[Hashable, int] = {}
    kinds, rows = [], []
    for i, group in enumerate(groups):
        refs = _refs(group)
        kind: Hashable = tuple(ref.strides for ref in refs)
        if isinstance(group, Loop):
            statements = [(s.tree, *s.operands, s.kind, s.sums, s.add) for s in group.statements]
            kind = (group.sizes, *statements, kind)
        elif isinstance(group, Contraction):
            kind = (group.loops, group.sums, group.add, group.negate, kind)
        else:
            kind = i
        kinds.append(numbers.setdefault(kind, len(numbers)))
        rows.append([ref.base for ref in refs])
    bases = np.zeros((len(groups), max(map(len, rows))), np.int64)
    for to, row in zip(bases, rows, strict=True):
        to[: len(row)] = row
    return np.array(kinds), bases


def _refs(group: Group) -> list[Ref]:
    """The refs of a group, in an order that does not depend on where they are."""
    if isinstance(group, Loop):
        return [ref for s in group.statements for ref in (s.out, *s.operands.values())]
    if isinstance(group, Contraction):
        return [ref for ref in (group.out, group.a, group.b) if ref is not None]
    return []


def _moving(group: Loop | Contraction, steps: Sequence[int]) -> Loop | Contraction:
    """The group with a stride for each of its refs, before the others."""
    left = iter(steps)
    return moved(group, lambda ref: Ref(ref.base, (next(left), *ref.strides)))


def _chosen(kinds: Ints, bases: Ints) -> list[tuple[int, int, int]]:
    """(start, length of a turn, turns) of the repetitions, in order: first those that save most."""
    candidates = []
    for period in _periods(kinds):
        same = kinds[period:] == kinds[:-period]
        step = bases[period:] - bases[:-period]
        even = same[period:] & same[:-period] & (step[period:] == step[:-period]).all(1)
        edges = np.flatnonzero(np.diff(even, prepend=False, append=False))
        for start, end in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
            turns = (end - start) // period + 2
            if turns >= MIN_TURNS:
                candidates.append(((turns - 1) * period, -period, start, turns))
    taken = np.zeros(len(kinds), bool)
    found = []
    for _, period, start, turns in sorted(candidates, reverse=True):
        place = slice(start, start - period * turns)
        if not taken[place].any():
            taken[place] = True
            found.append((start, -period, turns))
    return sorted(found)


def _periods(kinds: Ints) -> list[int]:
    """The commonest distances from a group to one of the next of its kind."""
    order = np.argsort(kinds, kind="stable")
    distances: dict[int, int] = defaultdict(int)
    for lag in range(1, OCCURRENCES + 1):
        alike = kinds[order[lag:]] == kinds[order[:-lag]]
        found, counts = np.unique((order[lag:] - order[:-lag])[alike], return_counts=True)
        for distance, count in zip(found.tolist(), counts.tolist(), strict=True):
            distances[distance] += count
    common = sorted(distances, key=lambda d: (-distances[d], d))
    return [d for d in common if d * MIN_TURNS <= len(kinds)][:PERIODS]
