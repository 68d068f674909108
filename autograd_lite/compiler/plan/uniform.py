"""A number that many steps of a loop compute alike is computed once, and read again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import prod

import numpy as np

from autograd_lite.compiler.lift.instructions import Contraction, Ref
from autograd_lite.compiler.plan.groups import Group, Loop, moved, reads_of, writes_of
from autograd_lite.compiler.plan.join import span
from autograd_lite.compiler.plan.space import moved_ref
from autograd_lite.compiler.plan.statements import group_of
from autograd_lite.compiler.tape.ranges import Ints

__all__ = ["with_uniform_once"]

LEAST = 8  # numbers that are alike, for it to be worth while


def with_uniform_once(groups: Sequence[Group], size: int, fixed: Iterable[Ints]) -> list[Group]:
    """The groups, of one statement each, where no operand of a map moves in a loop without that
    loop; who reads the numbers reads the first of them, with stride 0.

    size   number of doubles in the memory
    fixed  addresses that are read from outside

    That is how derivatives come: each term of a sum has the same cotangent.
    """
    if not any(_still(group) for group in groups):
        return list(groups)
    found = list(groups)
    writers = np.zeros(size, np.int64)
    for group in groups:
        for addresses in writes_of(group):
            writers[addresses] += 1
    tables = (x for g in groups if not isinstance(g, (Loop, Contraction)) for x in reads_of(g))
    for addresses in (*fixed, *tables):
        writers[addresses] = 2
    spans = [
        (*span(ref, sizes), i) for i, group in enumerate(groups) for ref, sizes in _refs(group)
    ]
    low, high, owner = np.array(spans, np.int64).reshape(-1, 3).T
    new = np.arange(size)
    for i in range(len(found)):
        group = found[i]
        still = _still(group)
        if not still:
            continue
        assert isinstance(group, Loop)
        s = group.statements[0]
        addresses = s.out.spread(*group.sizes)
        if (writers[addresses] != 1).any():
            continue
        first = tuple(0 if k in still else step for k, step in enumerate(s.out.strides))
        new[addresses] = Ref(s.out.base, first).spread(*group.sizes)
        near = (low <= addresses.max()) & (high >= addresses.min())
        others = sorted(set(owner[near].tolist()) - {i})
        changed = [_changed(found[k], new) for k in others]
        if all(group is not None for group in changed):
            for k, other in zip(others, changed, strict=True):
                assert other is not None
                found[k] = other
            found[i] = _without(group, still)
        new[addresses] = addresses
    return found


def _still(group: Group) -> list[int]:
    """The loops of a map in which none of its operands moves."""
    if not isinstance(group, Loop) or len(group.statements) != 1:
        return []
    (s,) = group.statements
    if s.kind != "map" or s.add or not s.operands:
        return []
    refs = s.operands.values()
    still = [i for i in range(len(group.sizes)) if not any(ref.strides[i] for ref in refs)]
    return still if prod(group.sizes[i] for i in still) >= LEAST else []


def _without(loop: Loop, still: Sequence[int]) -> Loop:
    keep = [i for i in range(len(loop.sizes)) if i not in still]

    def at(ref: Ref) -> Ref:
        return Ref(ref.base, tuple(ref.strides[i] for i in keep))

    less = moved(loop, at)
    assert isinstance(less, Loop)
    return Loop(tuple(loop.sizes[i] for i in keep), less.statements)


def _refs(group: Group) -> list[tuple[Ref, tuple[int, ...]]]:
    """The refs of a loop or product, with the sizes of their loops."""
    if isinstance(group, Loop):
        return [(x, group.sizes) for s in group.statements for x in (s.out, *s.operands.values())]
    if isinstance(group, Contraction):
        whole = (*group.loops, *group.sums)
        factors = [(x, whole) for x in (group.a, group.b) if x is not None]
        return [(group.out, group.loops), *factors]
    return []


def _changed(group: Group, new: Ints) -> Group | None:
    """A loop or product that reads at the new addresses; None if that is no loops."""
    assert isinstance(group, (Loop, Contraction))
    found = [moved_ref(ref, sizes, new) for ref, sizes in _refs(group)]
    if any(ref is None for ref in found):
        return None
    left = iter([ref for ref in found if ref is not None])
    changed = moved(group, lambda _: next(left))
    return group_of(changed) if isinstance(changed, Contraction) else changed
