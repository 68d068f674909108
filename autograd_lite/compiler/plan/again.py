"""What is cheap is computed again where it is read, and not stored: that saves a pass over memory.

Of a leaf, twice its number need not lie in memory beside it. Each number stays what it is, bit for
bit, as it is computed by the same formula of the same numbers.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from autograd_lite.compiler.lift.instructions import Ref
from autograd_lite.compiler.plan.groups import (
    Group,
    Loop,
    Statement,
    reads_of,
    with_refs,
    writes_of,
)
from autograd_lite.compiler.plan.join import span
from autograd_lite.compiler.plan.space import moved_ref
from autograd_lite.compiler.tape.ranges import Ints
from autograd_lite.operations.formulas import with_terms

TYPE_CHECKING = False
if TYPE_CHECKING:
    from numpy.typing import NDArray

    from autograd_lite.operations.formulas import Tree

__all__ = ["with_cheap_again"]

CHEAP = {"+", "-", "*"}
MOST = 3  # operations of a formula that is computed again
MOST_GROUPS = 200  # of a plan: all are looked at for each formula
LEAST = 64  # numbers, for it to be worth while
NONE, SEVERAL = -1, -2


def with_cheap_again(groups: Sequence[Group], size: int, fixed: Iterable[Ints]) -> list[Group]:
    """The groups, as many, in which nobody reads from memory what a cheap formula gives of one row
    of numbers, which lie in memory anyhow.

    size   number of doubles in the memory
    fixed  addresses that are read from outside
    """
    if len(groups) > MOST_GROUPS:
        return list(groups)
    return _Again(groups, size, fixed).groups


class _Again:
    """Groups that are being changed.

    writer  [size] the index of the group that writes an address; NONE, or SEVERAL, if no loop does
            that once
    others  [size] True of an address that is read by what is no loop, or from outside
    """

    def __init__(self, groups: Sequence[Group], size: int, fixed: Iterable[Ints]) -> None:
        self.groups = list(groups)
        self._writer = np.full(size, NONE)
        self._others = np.zeros(size, bool)
        self._new = np.zeros(size, np.int64)
        for i, group in enumerate(groups):
            for addresses in writes_of(group):
                once = (self._writer[addresses] == NONE) & isinstance(group, Loop)
                self._writer[addresses] = np.where(once, i, SEVERAL)
            if not isinstance(group, Loop):
                for addresses in reads_of(group):
                    self._others[addresses] = True
        for addresses in fixed:
            self._others[addresses] = True
        for i in range(len(groups)):
            self._of_loop(i)

    def _of_loop(self, i: int) -> None:
        """Have what group i computes, if it is a loop, computed again by others."""
        loop = self.groups[i]
        if not isinstance(loop, Loop):
            return
        known: dict[Ref, Statement] = {}  # what is cheap, of what lies in memory anyhow
        computed: set[Ref] = set()
        for s in loop.statements:
            before = computed.copy()
            computed.add(s.out)
            if s.kind != "map" or s.add or not s.stored:
                continue
            out = s.out.addresses(*loop.sizes)
            if len(out) < LEAST:
                return
            if (self._writer[out] != i).any() or self._others[out].any():
                continue
            cheap = self._cheap(i, s, known, before)
            if cheap is None:
                continue
            readers = self._readers(i, out)
            if not readers or self._changed(cheap, loop.sizes, readers):
                known[s.out] = cheap

    def _cheap(
        self, i: int, s: Statement, known: dict[Ref, Statement], before: set[Ref]
    ) -> Statement | None:
        """A statement of loop i as a cheap formula of one row; None if it is none.

        before  what statements before it compute
        """
        loop = self.groups[i]
        assert isinstance(loop, Loop)
        terms: dict[str, Tree] = {}
        names: dict[Ref, str] = {}
        for name, ref in s.operands.items():
            inner = known.get(ref)
            operands = {name: ref} if inner is None else inner.operands
            of_inner = {x: names.setdefault(r, f"x{len(names)}") for x, r in operands.items()}
            terms[name] = of_inner[name] if inner is None else with_terms(inner.tree, of_inner)
        tree = with_terms(s.tree, terms)
        rows = [ref for ref in names if any(ref.strides)]
        if len(rows) != 1 or not 0 < _operations(tree) <= MOST:
            return None
        for ref in names:
            if ref.base < 0:
                return None
            writer = self._writer[ref.addresses(*loop.sizes)]
            final = (writer == NONE) | ((writer >= 0) & (writer < i))
            if not (final.all() or (ref in before and (writer == i).all())):
                return None  # it has another number later
        read = rows[0].addresses(*loop.sizes)
        writer = self._writer[read]
        if (writer >= 0).any() and not self._is_kept(int(writer.max()), read):
            return None
        return replace(s, tree=tree, operands={name: ref for ref, name in names.items()})

    def _is_kept(self, i: int, addresses: Ints) -> bool:
        """True if numbers that loop i writes lie in memory anyhow, for others."""
        return bool(self._others[addresses].any() or self._readers(i, addresses))

    def _readers(self, i: int, out: Ints) -> list[tuple[int, Ref]]:
        """The refs of other loops than number i that read some of these addresses."""
        inside: NDArray[np.bool_] = np.zeros(len(self._new), bool)
        inside[out] = True
        low, high = int(out.min()), int(out.max())
        found = []
        for k, group in enumerate(self.groups):
            if k != i and isinstance(group, Loop):
                refs = {ref for s in group.statements for ref in s.operands.values()}
                refs |= {s.out for s in group.statements if s.add}
                for ref in refs:
                    first, last = span(ref, group.sizes)
                    if first <= high and last >= low and inside[ref.addresses(*group.sizes)].any():
                        found.append((k, ref))
        return found

    def _changed(
        self, s: Statement, sizes: tuple[int, ...], readers: list[tuple[int, Ref]]
    ) -> bool:
        """Whether all readers compute the number themselves now."""
        found: dict[int, Loop] = {}
        for k, ref in readers:
            loop = found.get(k, self.groups[k])
            assert isinstance(loop, Loop)
            if not all(ref.strides) or any(x.add and x.out == ref for x in loop.statements):
                return False
            operands = {}
            self._new[:] = -1
            for name, operand in s.operands.items():
                self._new[s.out.spread(*sizes)] = operand.spread(*sizes)
                moved = moved_ref(ref, loop.sizes, self._new)
                if moved is None or (self._new[ref.addresses(*loop.sizes)] < 0).any():
                    return False
                operands[name] = moved
            unstored = sum(not x.stored for x in loop.statements)
            named = Ref(-1 - unstored, (0,) * len(loop.sizes))
            first = Statement(named, s.tree, operands, stored=False)

            def at(x: Ref, ref: Ref = ref, named: Ref = named) -> Ref:
                return named if x == ref else x

            found[k] = Loop(loop.sizes, [first, *[with_refs(x, at) for x in loop.statements]])
        for k, loop in found.items():
            self.groups[k] = loop
        return True


def _operations(tree: Tree) -> int:
    """How many operations a tree has; more than MOST if one is not cheap."""
    if not isinstance(tree, tuple):
        return 0
    function, *operands = tree
    return (1 if function in CHEAP else MOST + 1) + sum(map(_operations, operands))
