"""The space of a loop: the same steps as other loops, in which another's numbers lie alike.

In a repetition, a ref's first stride is that of the repetition: it counts as a loop of one step,
which no change touches. `lead` is the number of such loops, 0 or 1.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from math import prod
from typing import NamedTuple

from autograd_lite.compiler.lift.instructions import Contraction, Ref
from autograd_lite.compiler.plan.groups import Group, Loop, Repeat, with_refs
from autograd_lite.compiler.tape.ranges import Ints

__all__ = ["Change", "full", "matched", "moved_ref", "refs_of", "tidied", "tidy"]


def full(loop: Loop, lead: int) -> tuple[int, ...]:
    """The sizes of the loops that the refs of a loop have strides for, as in its first turn."""
    return (*(1,) * lead, *loop.sizes)


def refs_of(loop: Loop) -> Iterator[Ref]:
    """All refs that are places in memory."""
    for statement in loop.statements:
        if statement.stored:
            yield statement.out
        yield from (ref for ref in statement.operands.values() if ref.base >= 0)


def moved_ref(ref: Ref, sizes: Sequence[int], new: Ints) -> Ref | None:
    """The ref that goes from new[a] to new[b] where this one goes from a to b; None if there is
    none.
    """
    base = int(new[ref.base])
    steps = [
        int(new[ref.base + stride]) - base if stride and size > 1 else 0
        for stride, size in zip(ref.strides, sizes, strict=False)
    ]
    found = Ref(base, tuple(steps))
    same = found.spread(*sizes) == new[ref.spread(*sizes)]
    return found if same.all() else None


class Change(NamedTuple):
    """Other loops for the steps of given ones.

    sizes  of the new loops
    parts  for each, the index of the old loop that it is a part of, and how many steps of that one
           of it makes
    flips  of each old loop, the number of steps less 1 if it is gone through backward; else 0
    """

    sizes: tuple[int, ...]
    parts: Sequence[tuple[int, int]]
    flips: Sequence[int]

    def loop(self, loop: Loop, lead: int) -> Loop:
        return Loop(
            self.sizes,
            [
                replace(
                    with_refs(s, partial(self._ref, lead)),
                    sums=tuple(k for k, (i, _) in enumerate(self.parts) if i in s.sums),
                )
                for s in loop.statements
            ],
        )

    def _ref(self, lead: int, ref: Ref) -> Ref:
        if ref.base < 0:
            return Ref(ref.base, (0,) * (lead + len(self.sizes)))
        old = ref.strides[lead:]
        new = [(-old[i] if self.flips[i] else old[i]) * steps for i, steps in self.parts]
        return Ref(ref.base + _total(old, self.flips), (*ref.strides[:lead], *new))


def matched(
    sizes: Sequence[int], ref: Ref, others: Sequence[int], other: Ref, lead: int
) -> tuple[Change, Change] | None:
    """The loops in which two refs go to the same addresses at the same steps; None if there are
    none, or if a ref does not move in one of its loops.
    """
    if prod(sizes) != prod(others) or ref.strides[:lead] != other.strides[:lead]:
        return None
    one, two = _forward(sizes, ref, lead), _forward(others, other, lead)
    if one is None or two is None or one[0] != two[0]:
        return None
    (_, flipped, left), (_, other_flipped, right) = one, two
    new: list[int] = []
    parts: list[tuple[int, int]] = []
    other_parts: list[tuple[int, int]] = []
    while left and right:
        a, b = left[-1], right[-1]
        size = min(a.size, b.size)
        if a.stride != b.stride or a.size % size or b.size % size:
            return None
        new.insert(0, size)
        for side, of in ((left, parts), (right, other_parts)):
            part = side.pop()
            of.insert(0, (part.of, part.steps))
            if part.size > size:
                rest = _Part(part.stride * size, part.size // size, part.of, part.steps * size)
                insort(side, rest, key=_minus_stride)
    if left or right:
        return None
    made = tuple(new)
    return Change(made, parts, flipped), Change(made, other_parts, other_flipped)


class _Part(NamedTuple):
    """What is left of a loop: its stride and size, its index, its steps that one step makes."""

    stride: int
    size: int
    of: int
    steps: int


def _minus_stride(part: _Part) -> int:
    return -part.stride


def _forward(
    sizes: Sequence[int], ref: Ref, lead: int
) -> tuple[int, Sequence[int], list[_Part]] | None:
    """The first address of a ref whose loops go forward, their flips, the loops by their strides;
    None if it does not move in a loop.
    """
    strides = ref.strides[lead:]
    if not all(strides):
        return None
    flips = [size - 1 if stride < 0 else 0 for size, stride in zip(sizes, strides, strict=True)]
    parts = [_Part(abs(s), n, i, 1) for i, (s, n) in enumerate(zip(strides, sizes, strict=True))]
    return ref.base + _total(strides, flips), flips, sorted(parts, key=_minus_stride)


def _total(xs: Sequence[int], ys: Sequence[int]) -> int:
    return sum(x * y for x, y in zip(xs, ys, strict=True))


def tidied(groups: Sequence[Group]) -> list[Group]:
    """The groups, each of them `tidy`."""
    found: list[Group] = []
    for group in groups:
        if isinstance(group, Repeat):
            found.append(Repeat(group.count, [tidy(inner, 1) for inner in group.groups]))
        else:
            found.append(tidy(group, 0) if isinstance(group, (Loop, Contraction)) else group)
    return found


def tidy(group: Loop | Contraction, lead: int) -> Loop | Contraction:
    """The group with its loops in the direction of most of its refs; if it is no product, with
    steps of 1 in its innermost loop, and loops through one stretch as one.
    """
    if isinstance(group, Contraction):
        return _product_forward(group, lead)
    refs = list(refs_of(group))
    sizes = group.sizes

    def cost(i: int) -> tuple[float, int]:
        jumps = sum(abs(ref.strides[lead + i]) > 1 for ref in refs)
        return jumps + (sizes[i] < 4) / 2, -i

    def reach(i: int) -> int:
        return max(abs(ref.strides[lead + i]) for ref in refs)

    order = list(range(len(sizes)))
    if len(order) > 1:
        inner = min(order, key=cost)
        order = [*sorted((i for i in order if i != inner), key=reach, reverse=True), inner]
    flips = [sizes[i] - 1 if _is_backward(refs, lead + i) else 0 for i in range(len(sizes))]
    if order == sorted(order) and not any(flips):
        return _merged(group, lead)
    turned = Change(tuple(sizes[i] for i in order), [(i, 1) for i in order], flips)
    return _merged(turned.loop(group, lead), lead)


def _is_backward(refs: Sequence[Ref], i: int) -> bool:
    """True if most refs that move in a loop go back; of as many, if the first does."""
    moving = [ref.strides[i] for ref in refs if ref.strides[i]]
    back = sum(stride < 0 for stride in moving)
    return 2 * back > len(moving) or (2 * back == len(moving) > 0 and moving[0] < 0)


def _product_forward(it: Contraction, lead: int) -> Contraction:
    sizes = (*it.loops, *it.sums)
    n = len(it.loops)
    refs = [ref for ref in (it.out, it.a, it.b) if ref is not None]
    flips = []
    for i, size in enumerate(sizes):
        moving = [ref for ref in refs if i < n or ref is not it.out]
        flips.append(size - 1 if _is_backward(moving, lead + i) else 0)
    if not any(flips):
        return it

    def turned(ref: Ref, flips: Sequence[int] = flips) -> Ref:
        inner = ref.strides[lead : lead + len(flips)]
        strides = [-s if last else s for s, last in zip(inner, flips, strict=True)]
        return Ref(ref.base + _total(inner, flips), (*ref.strides[:lead], *strides))

    return replace(it, out=turned(it.out, flips[:n]), a=turned(it.a), b=it.b and turned(it.b))


def _merged(loop: Loop, lead: int) -> Loop:
    """Neighbouring loops as one where they are one stretch in all refs, and summed alike."""
    sizes = loop.sizes
    refs = [s.out for s in loop.statements]
    refs += [ref for s in loop.statements for ref in s.operands.values()]
    sums = {i for s in loop.statements for i in s.sums}
    maps_only = all(s.kind == "map" for s in loop.statements)
    keep: list[int] = []  # the inner loop of each that is left
    new: list[int] = []
    for i, size in enumerate(sizes):
        one = (
            keep
            and (maps_only or (i in sums) == (keep[-1] in sums))
            and all(r.strides[lead + keep[-1]] == size * r.strides[lead + i] for r in refs)
        )
        if one:
            keep[-1], new[-1] = i, new[-1] * size
        else:
            keep.append(i)
            new.append(size)
    if len(keep) == len(sizes):
        return loop
    return Change(tuple(new), [(i, 1) for i in keep], [0] * len(sizes)).loop(loop, lead)
