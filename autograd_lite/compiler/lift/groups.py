"""Groups of alike scalars: one level, pass and operation, operands from the same groups.

The number of operands does not count, so that the rows of causal attention, each one longer than
the one before, are one group. Grouping is free to be wrong: it only decides what is tried as one
array operation. The addresses, which are compared exactly, decide what is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from operator import itemgetter

import numpy as np

from autograd_lite.compiler.lift.canonical import CONSTANT, ELEMENTWISE, LEAF, SUM, CanonicalProgram
from autograd_lite.compiler.lift.hashes import of_pairs, of_sets
from autograd_lite.compiler.lift.schedule import Schedule
from autograd_lite.compiler.tape.ranges import Ints

__all__ = ["CONSTANTS", "WRT", "Group", "groups_of"]

NEAR = 128  # so many groups may lie between the steps of a recurrence
WRT, CONSTANTS = 0, 2  # the positions of the group of the leaves in wrt, and of that of constants


@dataclass
class Group:
    """Scalars that are computed together.

    kind, formula  columns of CanonicalProgram, the same for all members
    members        [n] nodes, in the order of the program
    backward_only  True if only gradients need the group
    """

    kind: int
    formula: int
    members: Ints
    backward_only: bool = False


def groups_of(
    form: CanonicalProgram,
    schedule: Schedule,
    wrt: Ints,
    primal: int,
    lay_out: Callable[[Group], list[Group]] = lambda group: [group],
    known: Sequence[Group] = (),
) -> tuple[list[Group], Ints]:
    """The groups in an order in which they can be computed, and the group of each node.

    primal   number of nodes that are there without gradients; only gradients need the others
    lay_out  takes each group when those before it are known, and gives the group or its parts
    known    the groups as they are where none has parts, which most need not be found again

    The first three groups are the leaves in wrt, the other leaves, and the constants.
    """
    leaf = form.kind == LEAF
    in_wrt = leaf & np.isin(form.slot, wrt)
    groups: list[Group] = []
    group_of = np.full(len(form), -1)
    parted = np.zeros(len(form) + 1, bool)  # of each group, whether it is none of the known ones
    any_parted = False

    def add(group: Group, known: bool = True) -> None:
        nonlocal any_parted
        parts = lay_out(group)
        if len(parts) > 1 or not known:
            parted[len(groups) : len(groups) + len(parts)] = any_parted = True
        for part in parts:
            group_of[part.members] = len(groups)
            groups.append(part)

    def mark(within: bool, operands: Ints) -> Ints:
        """The group of each operand; read from outside, all of one class in a recurrence are one.

        within  True if the readers belong to a recurrence
        """
        group, recurrent = group_of[operands], schedule.recurrent[operands]
        return group if within else np.where(recurrent >= 0, len(form) + recurrent, group)

    add(Group(LEAF, 0, np.flatnonzero(in_wrt)))
    add(Group(LEAF, 0, np.flatnonzero(leaf & ~in_wrt)))
    add(Group(CONSTANT, 0, np.flatnonzero(form.kind == CONSTANT)))
    passes = form.passes
    operation = (form.formula * 8 + form.kind) * 2 + (np.arange(len(form)) >= primal)
    operation = operation * (passes.max(initial=0) + 1) + passes
    told_apart: list[_Levels] = []  # once that is asked for
    found = len(groups)
    for k, nodes in enumerate(schedule.levels):
        within = bool(schedule.recurrent[nodes[0]] >= 0)
        alike = _level_of(known, found, len(nodes)) if known else []
        found += len(alike)
        same = bool(alike)
        if any_parted or not same:
            told_apart = told_apart or [_Levels(form, schedule.levels, operation)]
            same = same and not parted[group_of[[*told_apart[0].operands(k)]]].any()
        if not same:
            here = len(groups) if within else 0
            before, alike = alike, told_apart[0].alike(k, partial(mark, within), here)
            same = len(before) == len(alike) and all(map(np.array_equal, before, alike))
        for members in alike:
            first = int(members[0])
            kind, formula = int(form.kind[first]), int(form.formula[first])
            add(Group(kind, formula, members, first >= primal), same)
    return groups, group_of


def _level_of(groups: Sequence[Group], start: int, size: int) -> list[Ints]:
    """The members of the groups from start on that are so many nodes in all."""
    end = start
    while size:
        size -= len(groups[end].members)
        end += 1
    return [group.members for group in groups[start:end]]


class _Levels:
    """What tells the nodes of each level apart, looked up for all levels at once."""

    def __init__(self, form: CanonicalProgram, levels: Sequence[Ints], operation: Ints) -> None:
        """operation is a mark of each node: nodes of different ones are never alike."""
        self._form = form
        self._edges = np.cumsum([0, *map(len, levels)]).tolist()
        nodes = np.concatenate([np.zeros(0, np.int64), *levels])
        level = np.repeat(np.arange(len(levels)), np.diff(self._edges))
        nodes = nodes[np.argsort(level * len(form) + form.program_order[nodes], kind="stable")]
        self._nodes, self._operation = nodes, operation[nodes]
        self._terms, counts = form.terms_of(nodes)
        self._starts = np.append(0, np.cumsum(counts))
        self._steps: dict[tuple[bytes, ...], tuple[list[Ints], Ints]] = {}
        terms, starts = self._terms, self._starts[:-1]
        if not len(terms):
            return
        kind = np.repeat(form.kind[nodes], counts)
        mapped, is_sum = kind == ELEMENTWISE, kind == SUM
        a, b = (form.kind[x[terms]] == CONSTANT for x in (form.a, form.b))
        self._swap(terms[is_sum & a & ~b])
        a, b = a & (b | ~is_sum), b | (is_sum & a)
        self._free = is_sum & ~b
        self._mapped = mapped
        self._position = np.arange(len(terms)) - np.repeat(starts, counts)
        # A constant beside other operands says nothing: the padding of an image, a bias that is
        # none. Where all of a node's are such, all count.
        counted = mapped | (~a & (~b | (form.number[form.b[terms]] == 1)))
        self._counted = counted | ~np.repeat(np.logical_or.reduceat(counted, starts), counts)

    def operands(self, k: int) -> tuple[Ints, Ints]:
        """The factors of the terms of level k."""
        terms = self._terms[slice(*self._starts[self._edges[k : k + 2]])]
        return self._form.a[terms], self._form.b[terms]

    def alike(self, k: int, mark: Callable[[Ints], Ints], here: int) -> list[Ints]:
        """The nodes of level k of each operation and signature, in order of their first.

        mark  the mark of each of some operands
        here  of a level of a recurrence, whose marks are groups, the number of groups so far; or 0
        """
        first, last = self._edges[k : k + 2]
        nodes, (a, b) = self._nodes[first:last], map(mark, self.operands(k))
        start = self._starts[first]
        if here:  # another step may have a level like this
            terms = slice(start, self._starts[last])
            told = [self._free[terms], self._counted[terms], self._starts[first:last] - start]
            # The groups of this step and the last lie as far back there, others where they are.
            told += [np.where(x < here - NEAR, x, x - here) for x in (a, b)]
            key = tuple([x.tobytes() for x in (self._operation[first:last], *told)])
            if key not in self._steps:
                self._steps[key] = self._parts(k, a, b)
            parts, swapped = self._steps[key]
        else:
            parts, swapped = self._parts(k, a, b)
        if len(swapped):
            self._swap(self._terms[start + swapped])
        return [nodes[part] for part in parts] if len(parts) > 1 else [nodes]

    def _parts(self, k: int, a: Ints, b: Ints) -> tuple[list[Ints], Ints]:
        """The positions in level k of the nodes that are alike, in order of their first; and those
        of the terms whose factors are to change places.

        a, b  the marks of the factors of each term; of a sum, the lower of two goes first, but
              constants go last
        """
        first, last = self._edges[k : k + 2]
        starts = self._starts[first : last + 1]
        terms = slice(*starts[[0, -1]])
        mapped, swapped = self._mapped[terms], self._free[terms] & (a > b)
        a, b = np.where(swapped, b, a), np.where(swapped, a, b)
        b = np.where(mapped, self._position[terms], b)
        signature = of_sets(of_pairs(a, b), self._counted[terms], starts[:-1] - starts[0])
        operation = self._operation[first:last]
        order = np.lexsort((signature, operation))
        operation, signature = operation[order], signature[order]
        cuts = (operation[1:] != operation[:-1]) | (signature[1:] != signature[:-1])
        parts = np.split(order, np.flatnonzero(cuts) + 1)
        return sorted(parts, key=itemgetter(0)), np.flatnonzero(swapped)

    def _swap(self, terms: Ints) -> None:
        """Put the factors of terms in the other order."""
        form = self._form
        form.a[terms], form.b[terms] = form.b[terms], form.a[terms]
