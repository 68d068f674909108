"""Two loops of one space as one, if each number stays what it was."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from autograd_lite.compiler.lift.instructions import Ref
from autograd_lite.compiler.plan.groups import Loop, Statement, refs_read, with_refs
from autograd_lite.compiler.plan.space import full
from autograd_lite.operations.formulas import with_terms

__all__ = ["joined", "span"]

MAX_STATEMENTS = 64  # of a loop
MAX_OPERANDS = 24  # of a statement that others are put into


def joined(first: Loop, second: Loop, lead: int, apart: bool) -> Loop | None:
    """A loop that computes the statements of both; None if one would meet the other's numbers at
    another step, or too early.

    lead   see space.py
    apart  True if it is known that neither writes where the other goes

    A number is passed on at the step that computes it. What is added to it is added there, so that
    it is written once.
    """
    assert first.sizes == second.sizes
    if len(first.statements) + len(second.statements) > MAX_STATEMENTS:
        return None
    if len({s.sums for s in (*first.statements, *second.statements) if s.sums}) > 1:
        return None
    second = _re_named(second, sum(not s.stored for s in first.statements))
    # Of single steps, whatever meets does so in step.
    if not (apart or not first.sizes or _meet_in_step(first, second, lead)):
        return None
    return _chained(first, second)


def _re_named(loop: Loop, names: int) -> Loop:
    """The loop with other names of what is not stored, as so many are taken."""

    def moved(ref: Ref) -> Ref:
        return Ref(ref.base - names, ref.strides) if ref.base < 0 else ref

    if not names or all(s.stored for s in loop.statements):
        return loop
    return Loop(loop.sizes, [with_refs(s, moved) for s in loop.statements])


def _meet_in_step(first: Loop, second: Loop, lead: int) -> bool:
    """True if whatever one loop writes is met by the other at the same step, or not at all."""
    sizes = full(first, lead)
    before = {s.out: s for s in first.statements if s.stored}
    behind = {s.out: s for s in second.statements if s.stored}
    spans = {ref: span(ref, sizes) for loop in (first, second) for ref in _stored_refs(loop)}

    def others(ref: Ref, written: Iterable[Ref]) -> bool:
        low, high = spans[ref]
        near = [x for x in written if x != ref and spans[x][0] <= high and low <= spans[x][1]]
        return any(_overlap(ref, x, sizes) for x in near)

    for ref in refs_read(second):
        if ref in before and before[ref].sums and ref not in behind:
            return False
        if others(ref, before):
            return False
    for ref in refs_read(first):
        if ref in behind and behind[ref].sums and ref not in before:
            return False
        if others(ref, behind):
            return False
    return not any(others(ref, before) for ref in behind)


def _stored_refs(loop: Loop) -> list[Ref]:
    refs = [s.out for s in loop.statements if s.stored]
    return [*refs, *(ref for ref in refs_read(loop) if ref.base >= 0)]


def span(ref: Ref, sizes: Sequence[int]) -> tuple[int, int]:
    """The first and the last address of a ref."""
    low = high = ref.base
    for stride, size in zip(ref.strides, sizes, strict=False):
        if stride > 0:
            high += stride * (size - 1)
        else:
            low += stride * (size - 1)
    return low, high


def _overlap(one: Ref, other: Ref, sizes: tuple[int, ...]) -> bool:
    """True if two refs go to an address both."""
    return bool(np.isin(one.addresses(*sizes), other.addresses(*sizes)).any())


def _chained(first: Loop, second: Loop) -> Loop | None:
    """The statements of both loops; those that write to one place are made one."""
    found = list(first.statements)
    place = {s.out: i for i, s in enumerate(found) if s.stored}
    gone: set[int] = set()
    for s in second.statements:
        if s.out in place and s.stored:
            i = place[s.out]
            earlier = found[i]
            if (earlier.kind, earlier.sums) != (s.kind, s.sums) or s.kind == "max":
                return None
            reads = [x for x in (*found[i + 1 :], s) if s.out in x.operands.values()]
            written = {x.out for x in found[i + 1 :]}
            short = len(earlier.operands) + len(s.operands) <= MAX_OPERANDS
            if s.add and short and not reads and written.isdisjoint(earlier.operands.values()):
                gone.add(i)
                s = _total(earlier, s)
            elif s.sums or earlier.add:
                return None
            else:
                name = Ref(-1 - sum(not x.stored for x in (*found, *second.statements)),
                           (0,) * len(s.out.strides))  # fmt: skip
                out = s.out

                def moved(ref: Ref, out: Ref = out, name: Ref = name) -> Ref:
                    return name if ref == out else ref

                found[i] = replace(earlier, out=name, stored=False)
                found[i + 1 :] = [with_refs(x, moved) for x in found[i + 1 :]]
                s = replace(with_refs(s, moved), out=out)
                if s.add:
                    s = _total(Statement(out, "x", {"x": name}), s)
        found.append(s)
        if s.stored:
            place[s.out] = len(found) - 1
    return Loop(first.sizes, [s for i, s in enumerate(found) if i not in gone])


def _total(first: Statement, second: Statement) -> Statement:
    """out (+)= both trees: the first writes or adds, the second adds to the same place."""
    tree, operands = _named([first, second])
    sign = "+" if second.add == (first.add or 1) else "-"
    return replace(first, tree=(sign, *tree), operands=operands)


def _named(statements: list[Statement]) -> tuple[list[Tree], dict[str, Ref]]:
    """The trees of statements with the names x0, x1, ... for all their refs, and these."""
    names: dict[Ref, str] = {}
    trees = []
    for s in statements:
        terms = {name: names.setdefault(ref, f"x{len(names)}") for name, ref in s.operands.items()}
        trees.append(with_terms(s.tree, terms))
    return trees, {name: ref for ref, name in names.items()}


TYPE_CHECKING = False
if TYPE_CHECKING:
    from autograd_lite.operations.formulas import Tree
