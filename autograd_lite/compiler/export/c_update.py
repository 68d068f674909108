"""Whole steps in C: new numbers that take the place of old ones, all of them or none.

The *update* of a step is what writes new parameters and state over the old ones. It is done last,
and twice: first to see whether all new numbers are finite, then for good. So no room for the new
ones is needed, which would be three times that of the parameters for Adam.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from autograd_lite.compiler.lift.instructions import Gather
from autograd_lite.compiler.plan.groups import Loop, Statement, reads_of, refs_read, writes_of
from autograd_lite.compiler.plan.space import moved_ref

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from autograd_lite.compiler.plan import Plan
    from autograd_lite.compiler.plan.groups import Group
    from autograd_lite.compiler.tape.ranges import Ints

__all__ = ["with_update"]


def with_update(plan: Plan, old: Ints, new: Ints) -> tuple[Plan, Ints, NDArray[np.bool_], int]:
    """The plan with its update at the end of `forward`.

    old  [n] the addresses of numbers that are replaced; -1 of one that is not read
    new  [n] the address of the output that replaces each

    Returns the plan; the addresses of the new numbers, each its own; True of those that may be
    written over the old ones; and how many groups, the last ones, are the update. They read these
    old numbers at the steps that replace them, and nobody else reads new ones.
    """
    plan, new = _apart(plan, old, new)
    of = np.full(plan.size, -1)
    of[new] = old
    groups = [group for g in plan.forward for group in _without_copies(g, of)]
    groups, same = _with_old_numbers(plan.forward, groups, of)
    new = np.where(same[new], old, new)
    of[same] = -1
    update = _update(groups, of)
    forward = [g for g, last in zip(groups, update, strict=True) if not last]
    final = [g for g, last in zip(groups, update, strict=True) if last]
    over = np.zeros(plan.size, bool)
    for chosen, some in ((True, final), (False, forward)):
        for group in some:
            for written in writes_of(group):
                over[written] = chosen
    over[plan.leaves] = True  # that stay as they are
    return replace(plan, forward=[*forward, *final]), new, over[new], len(final)


def _apart(plan: Plan, old: Ints, new: Ints) -> tuple[Plan, Ints]:
    """Each new number at an address of its own: leaves and constants that are one are copied."""
    fixed = np.zeros(plan.size, bool)
    fixed[plan.leaves] = fixed[plan.constants] = True
    _, first = np.unique(new, return_index=True)
    again = np.ones(len(new), bool)
    again[first] = False
    away = np.flatnonzero(again | (fixed[new] & (new != old)))
    if not len(away):
        return plan, new
    copied = new.copy()
    copied[away] = plan.size + np.arange(len(away))
    origins = plan.origins
    if len(origins):
        origins = np.append(origins, np.full(len(away), -1))
    forward = [*plan.forward, Gather(plan.size, new[away])]
    return replace(plan, size=plan.size + len(away), forward=forward, origins=origins), copied


def _without_copies(group: Group, of: Ints) -> list[Group]:
    """The group without statements that copy old numbers to where new ones grow."""
    if not isinstance(group, Loop):
        return [group]
    left = [s for s in group.statements if not _is_copy(group, s, of)]
    return [Loop(group.sizes, left)] if left else []


def _is_copy(group: Loop, s: Statement, of: Ints) -> bool:
    if s.kind != "map" or s.add or not s.stored or s.tree not in s.operands:
        return False
    source = s.operands[str(s.tree)]
    if source.base < 0 or any(s.out in x.operands.values() for x in group.statements):
        return False
    return bool((of[s.out.spread(*group.sizes)] == source.spread(*group.sizes)).all())


def _with_old_numbers(
    before: Sequence[Group], groups: Sequence[Group], of: Ints
) -> tuple[list[Group], NDArray[np.bool_]]:
    """The groups, in which a number that was a copy of an old one is the old one; and [size] True
    of those that stay copies.

    If one that reads such a copy could not read the old number instead, the groups before.
    """
    none = np.zeros(len(of), bool)
    copied = np.zeros(len(of), bool)
    for group in before:
        if isinstance(group, Loop):
            for s in group.statements:
                if _is_copy(group, s, of):
                    copied[s.out.addresses(*group.sizes)] = True
    if not copied.any():
        return [*groups], none
    found: list[Group] = []
    for group in groups:
        reads = [read for read in reads_of(group) if copied[read].any()]
        if reads:
            made = _adding_to_old(group, of, copied) if isinstance(group, Loop) else None
            if made is None:
                return [*before], none
            group = made
        for written in writes_of(group):
            copied[written] = False
        found.append(group)
    return found, copied


def _adding_to_old(group: Loop, of: Ints, copied: NDArray[np.bool_]) -> Loop | None:
    """The loop with out = old + ... for out += ...; None if it reads copies otherwise."""
    statements = []
    for s in group.statements:
        if any(copied[r.addresses(*group.sizes)].any() for r in s.operands.values() if r.base >= 0):
            return None
        if s.add:
            out = s.out.addresses(*group.sizes)
            if copied[out].any():
                source = moved_ref(s.out, group.sizes, of)
                if not copied[out].all() or s.kind != "map" or source is None:
                    return None
                tree = ("+" if s.add > 0 else "-", "old", s.tree)
                s = replace(s, tree=tree, operands={**s.operands, "old": source}, add=0)
        statements.append(s)
    return Loop(group.sizes, statements)


def _update(groups: Sequence[Group], of: Ints) -> list[bool]:
    """[groups] True of those that are the update."""
    size = len(of)
    reads = [reads_of(group) for group in groups]
    writes = [writes_of(group) for group in groups]
    last = [
        isinstance(group, Loop) and any((of[x] >= 0).any() for x in written)
        for group, written in zip(groups, writes, strict=True)
    ]
    while True:
        # What each number, old or new, is replaced by: the group, or -1.
        by = np.full(size, -1)
        for k, written in enumerate(writes):
            if last[k]:
                for x in written:
                    new = x[of[x] >= 0]
                    by[new] = k
                    by[of[new]] = k
        changed = False
        written_last, read_last = np.zeros(size, bool), np.zeros(size, bool)
        for k, group in enumerate(groups):
            if last[k]:
                assert isinstance(group, Loop)
                others = [x for read in reads[k] for x in by[read].tolist() if x not in (-1, k)]
                if _may_replace(group, of) and not others:
                    for x in writes[k]:
                        written_last[x] = True
                    for x in reads[k]:
                        read_last[x] = True
                else:
                    last[k], changed = False, True
            if not last[k]:
                # It would come before what it waits for, or what has to be done before.
                waits = any(written_last[x].any() for x in reads[k])
                waits = waits or any((written_last | read_last)[x].any() for x in writes[k])
                if waits:
                    last = [x and j > k for j, x in enumerate(last)]
                    changed = True
        if not changed:
            return last


def _may_replace(group: Loop, of: Ints) -> bool:
    """True if its new numbers may be written over the old ones, twice: all that it stores is maps,
    and an old number is read at the step that replaces it, and not later.
    """
    sizes = group.sizes
    for s in group.statements:
        if s.stored:
            out = of[s.out.addresses(*sizes)] >= 0
            if s.kind != "map" or s.add or out.any() != out.all():
                return False
    replaced = {
        k: of[s.out.spread(*sizes)]
        for k, s in enumerate(group.statements)
        if s.stored and of[s.out.base] >= 0
    }
    old = np.zeros(len(of), bool)
    for addresses in replaced.values():
        old[addresses] = True
    outs = {s.out for s in group.statements if s.stored}
    for k, s in enumerate(group.statements):
        for ref in s.operands.values():
            if ref.base < 0 or ref in outs:
                continue
            read = ref.spread(*sizes)
            if old[read].any() and not any(
                k <= j and len(x) == len(read) and (x == read).all() for j, x in replaced.items()
            ):
                return False
    return all(
        ref in outs or not (of[ref.addresses(*sizes)] >= 0).any() for ref in refs_read(group)
    )
