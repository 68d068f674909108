"""Groups of alike scalars: one level, pass and operation, operands from the same groups.

The number of operands does not count, so that the rows of causal attention, each one longer than
the one before, are one group. Grouping is free to be wrong: it only decides what is tried as one
array operation. The addresses, which are compared exactly, decide what is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

import numpy as np

from autograd_lite.compiler.lift.canonical import CONSTANT, ELEMENTWISE, LEAF, SUM, CanonicalProgram
from autograd_lite.compiler.lift.hashes import Hashes, of_pairs, of_sets
from autograd_lite.compiler.lift.schedule import Schedule
from autograd_lite.compiler.tape.ranges import Ints

__all__ = ["CONSTANTS", "WRT", "Group", "groups_of"]

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
        alike = _level_of(known, found, len(nodes)) if known else []
        found += len(alike)
        same = bool(alike)
        if same and any_parted:
            terms, _ = form.terms_of(nodes)
            same = not parted[group_of[[form.a[terms], form.b[terms]]]].any()
        if not same:
            told_apart = told_apart or [_Levels(form, schedule.levels, operation)]
            within = bool(schedule.recurrent[nodes[0]] >= 0)
            before, alike = alike, told_apart[0].alike(k, partial(mark, within))
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
        self._nodes = nodes = np.concatenate([np.zeros(0, np.int64), *levels])
        self._order, self._operation = form.program_order[nodes], operation[nodes]
        self._terms, counts = form.terms_of(nodes)
        self._edges = np.cumsum([0, *map(len, levels)]).tolist()
        self._starts = np.append(0, np.cumsum(counts))
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

    def alike(self, k: int, mark: Callable[[Ints], Ints]) -> list[Ints]:
        """The nodes of level k of each operation and signature, in order of their first.

        mark  the mark of each of some operands
        """
        first, last = self._edges[k : k + 2]
        nodes, program_order = self._nodes[first:last], self._order[first:last]
        signature, operation = self._signatures(k, mark), self._operation[first:last]
        order = np.lexsort((program_order, signature, operation))
        operation, signature = operation[order], signature[order]
        cuts = (operation[1:] != operation[:-1]) | (signature[1:] != signature[:-1])
        nodes, edges = nodes[order], [0, *(np.flatnonzero(cuts) + 1).tolist(), len(nodes)]
        alike = [nodes[start:end] for start, end in pairwise(edges)]
        return sorted(alike, key=lambda members: int(self._form.program_order[members[0]]))

    def _signatures(self, k: int, mark: Callable[[Ints], Ints]) -> Hashes:
        """[nodes] hash of the set of each node's operands' marks; in order, if it is ELEMENTWISE.

        Puts the two factors of each term in the order of their marks, constants last.
        """
        first, last = self._edges[k : k + 2]
        starts = self._starts[first : last + 1]
        start, end = starts[[0, -1]].tolist()
        terms, mapped = self._terms[start:end], self._mapped[start:end]
        a, b = mark(self._form.a[terms]), mark(self._form.b[terms])
        swapped = self._free[start:end] & (a > b)
        if swapped.any():
            a, b = np.where(swapped, b, a), np.where(swapped, a, b)
            self._swap(terms[swapped])
        if mapped.any():
            b = np.where(mapped, self._position[start:end], b)
        return of_sets(of_pairs(a, b), self._counted[start:end], starts[:-1] - start)

    def _swap(self, terms: Ints) -> None:
        """Put the factors of terms in the other order."""
        form = self._form
        form.a[terms], form.b[terms] = form.b[terms], form.a[terms]
