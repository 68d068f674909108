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

    def add(group: Group, known: bool = True) -> None:
        parts = lay_out(group)
        for part in parts:
            group_of[part.members] = len(groups)
            parted[len(groups)] = len(parts) > 1 or not known
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
    found = len(groups)
    for nodes in schedule.levels:
        alike = _level_of(known, found, len(nodes)) if known else []
        found += len(alike)
        terms, _ = form.terms_of(nodes)
        same = bool(alike) and not parted[group_of[[form.a[terms], form.b[terms]]]].any()
        if not same:
            within = bool(schedule.recurrent[nodes[0]] >= 0)
            signature = _signatures(form, nodes, partial(mark, within))
            before, alike = alike, _alike(nodes, form.program_order, operation[nodes], signature)
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


def _signatures(form: CanonicalProgram, nodes: Ints, mark: Callable[[Ints], Ints]) -> Hashes:
    """[nodes] hash of the set of each node's operands' marks; in order, if it is ELEMENTWISE.

    Puts the two factors of each term in the order of their marks, constants last.
    """
    terms, counts = form.terms_of(nodes)
    starts = np.cumsum(counts) - counts
    kind = np.repeat(form.kind[nodes], counts)
    a, b = mark(form.a[terms]), mark(form.b[terms])
    constant = a == CONSTANTS, b == CONSTANTS
    swapped = (constant[0] & ~constant[1]) | (~(constant[0] | constant[1]) & (a > b))
    swapped &= kind == SUM
    a, b = np.where(swapped, b, a), np.where(swapped, a, b)
    swap = terms[swapped]
    form.a[swap], form.b[swap] = form.b[swap], form.a[swap]
    b = np.where(kind == ELEMENTWISE, np.arange(len(terms)) - np.repeat(starts, counts), b)

    # A constant beside other operands says nothing: the padding of an image, a bias that is none.
    one = form.number[form.b[terms]] == 1
    counted = (kind == ELEMENTWISE) | ((a != CONSTANTS) & ((b != CONSTANTS) | one))
    return of_sets(of_pairs(a, b), counted, starts)


def _alike(nodes: Ints, program_order: Ints, operation: Ints, signature: Hashes) -> list[Ints]:
    """The nodes of each operation and signature, in order of their first."""
    order = np.lexsort((program_order[nodes], signature, operation))
    operation, signature = operation[order], signature[order]
    cuts = (operation[1:] != operation[:-1]) | (signature[1:] != signature[:-1])
    nodes, edges = nodes[order], [0, *(np.flatnonzero(cuts) + 1).tolist(), len(nodes)]
    alike = [nodes[start:end] for start, end in pairwise(edges)]
    return sorted(alike, key=lambda members: int(program_order[members[0]]))
