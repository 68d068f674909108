"""What nobody reads is not computed, and what only its own loop reads is not stored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from autograd_lite.compiler.lift.instructions import Contraction, Elementwise, Ref, adds
from autograd_lite.compiler.plan.groups import (
    Group,
    Loop,
    Repeat,
    Statement,
    reads_of,
    with_refs,
    writes_of,
)
from autograd_lite.compiler.tape.ranges import Ints

__all__ = ["live_groups"]

MAX_FILLS = 4  # stretches to which a fill is narrowed

Live = NDArray[np.bool_]


def live_groups(groups: Sequence[Group], live: Live) -> list[Group]:
    """The groups, in order, without what is not needed.

    live  [size] True of an address whose number is read behind the groups; when this returns, True
          of one that must be there before them

    A statement stays if its number is read later, or by a statement of its loop that stays; it is
    stored in the first case only. A fill is narrowed to what is not overwritten.
    """
    found: list[Group] = []
    for group in reversed(groups):
        found += reversed(_live_group(group, live))
    return found[::-1]


def _live_group(group: Group, live: Live) -> list[Group]:
    if isinstance(group, Repeat):
        return _live_repeat(group, live)
    if isinstance(group, Loop):
        fills = _narrowed(group, live)
        if fills is not None:
            return fills
        statements = _needed(group, live, ())
        if not statements:
            return []
        group = Loop(group.sizes, statements)
        for s in statements:
            if s.stored and not s.add:
                live[s.out.addresses(*group.sizes)] = False
    elif isinstance(group, Elementwise):
        pass  # an operation of a user's: it may do more than give numbers
    elif not any(live[written].any() for written in writes_of(group)):
        return []
    elif not adds(group):
        for written in writes_of(group):
            live[written] = False
    for read in reads_of(group):
        live[read] = True
    return [group]


def _narrowed(loop: Loop, live: Live) -> list[Group] | None:
    """The fills that are left of one; None if the loop is none, or better left as it is."""
    (s, *others) = loop.statements
    if others or s.operands or s.add or s.kind != "map":
        return None
    addresses = np.sort(s.out.addresses(*loop.sizes))
    left = addresses[live[addresses]]
    if len(left) == len(addresses):
        return None
    stretches = runs_of(left)
    if len(stretches) > MAX_FILLS:
        return None
    live[left] = False
    return [
        Loop((size,), [replace(s, out=Ref(base, (1,)))])
        if size > 1
        else Loop((), [replace(s, out=Ref(base, ()))])
        for base, size in stretches
    ]


def runs_of(addresses: Ints) -> list[tuple[int, int]]:
    """(first address, size) of each stretch of sorted addresses."""
    cuts = np.flatnonzero(np.diff(addresses) != 1) + 1
    return [(int(part[0]), len(part)) for part in np.split(addresses, cuts) if len(part)]


def _needed(loop: Loop, live: Live, turns: tuple[int, ...]) -> list[Statement]:
    """The statements that are needed; those whose numbers only they themselves read get names."""
    sizes = (*turns, *loop.sizes)
    wanted: set[Ref] = set()  # the outs that later statements of the loop read
    kept: list[tuple[Statement, bool]] = []
    for s in reversed(loop.statements):
        store = s.stored and bool(live[s.out.addresses(*sizes)].any())
        if store or (s.kind == "map" and s.out in wanted):
            wanted.discard(s.out)
            wanted.update(s.operands.values())
            kept.append((s, store))
    names: dict[Ref, Ref] = {}
    found: list[Statement] = []
    for s, store in reversed(kept):
        named = with_refs(s, lambda ref: names.get(ref, ref))
        if store:
            named = replace(named, out=s.out)
        else:
            if s.add:
                tree = ("+" if s.add > 0 else "-", "old", s.tree)
                named = replace(named, tree=tree, operands={**named.operands, "old": s.out}, add=0)
            count = sum(not x.stored for x in found)
            name = Ref(-1 - count, (0,) * len(sizes))
            named = replace(named, out=name, stored=False)
            names[s.out] = name
        found.append(named)
    return found


def _live_repeat(repeat: Repeat, live: Live) -> list[Group]:
    """What is read in one turn may be written in another: needed is what is read behind the turns,
    or by what is needed, in any turn.
    """
    turns = (repeat.count,)
    inner = live.copy()
    groups: list[Loop | Contraction] = []
    while True:
        known, groups = groups, []
        for group in reversed(repeat.groups):
            left: Loop | Contraction = group
            if isinstance(group, Loop):
                left = Loop(group.sizes, _needed(group, inner, turns))
                if not left.statements:
                    continue
            elif not inner[group.out.addresses(*turns, *group.loops)].any():
                continue
            for read in reads_of(Repeat(repeat.count, [left])):
                inner[read] = True
            groups.insert(0, left)
        if groups == known:
            break
    if not groups:
        return []
    for group in groups:
        if isinstance(group, Loop):
            for s in group.statements:
                if s.stored and not s.add:
                    live[s.out.addresses(*turns, *group.sizes)] = False
        elif not group.add:
            live[group.out.addresses(*turns, *group.loops)] = False
    repeat = Repeat(repeat.count, groups)
    for read in reads_of(repeat):
        live[read] = True
    return [repeat]
