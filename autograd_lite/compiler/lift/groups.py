"""Groups of alike scalars: one level, one operation, operands from the same groups.

The number of operands does not count, so that the rows of causal attention, each one longer than
the one before, are one group. Grouping is free to be wrong: it only decides what is tried as one
array operation. The addresses, which are compared exactly, decide what is.
"""

from __future__ import annotations

from functools import partial

import numpy as np

from autograd_lite.compiler.lift.canonical import CONSTANT, ELEMENTWISE, LEAF, SUM
from autograd_lite.compiler.lift.hashes import mixed, of_sets
from autograd_lite.compiler.tape.ranges import ranges

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from autograd_lite.compiler.lift.canonical import CanonicalProgram
    from autograd_lite.compiler.lift.hashes import Hashes
    from autograd_lite.compiler.lift.schedule import Schedule
    from autograd_lite.compiler.tape.ranges import Ints

__all__ = ["CONSTANTS", "WANTED", "Group", "groups_of"]

WANTED, CONSTANTS = 0, 2  # the groups of the leaves that are wanted, and of the numbers


class Group:
    """Scalars that are computed together.

    kind, formula  as in CanonicalProgram, the same for all
    members        [n] nodes, in the order of the program
    partial        whether it is wanted for gradients only
    """

    def __init__(self, kind: int, formula: int, members: Ints, partial: bool) -> None:
        self.kind, self.formula, self.members, self.partial = kind, formula, members, partial


def groups_of(
    form: CanonicalProgram,
    schedule: Schedule,
    wrt: Ints,
    primal: int,
    placed: Callable[[Group], list[Group]] = lambda group: [group],
) -> tuple[list[Group], Ints]:
    """The groups in an order in which they can be computed, and the group of each node.

    schedule  in which order they are computed
    primal  nodes from this one on are wanted for gradients only
    placed  takes each group when those before it are known, and gives it or its parts

    The first three groups are the leaves in wrt, the other leaves, and numbers.
    """
    variable = form.kind == LEAF
    wanted = variable & np.isin(form.slot, wrt)
    groups: list[Group] = []
    group_of = np.full(len(form), -1)

    def add(kind: int, formula: int, members: Ints, partial: bool = False) -> None:
        for group in placed(Group(kind, formula, members, partial)):
            group_of[group.members] = len(groups)
            groups.append(group)

    def known(within: bool, operands: Ints) -> Ints:
        """The group of each; but not within a recurrence, all that it gives of a class is one."""
        group, recurrent = group_of[operands], schedule.recurrent[operands]
        return group if within else np.where(recurrent >= 0, len(form) + recurrent, group)

    add(LEAF, 0, np.flatnonzero(wanted))
    add(LEAF, 0, np.flatnonzero(variable & ~wanted))
    add(CONSTANT, 0, np.flatnonzero(form.kind == CONSTANT))
    offsets = form.offsets
    for nodes in schedule.levels:
        mark = partial(known, bool(schedule.recurrent[nodes[0]] >= 0))
        signature = _signatures(form, nodes, offsets, mark)
        operation = (form.formula[nodes] * 8 + form.kind[nodes]) * 2 + (nodes >= primal)
        for members in _alike(nodes, form.program_order, operation, signature):
            first = members[0]
            add(int(form.kind[first]), int(form.formula[first]), members, bool(first >= primal))
    return groups, group_of


def _signatures(
    form: CanonicalProgram, nodes: Ints, offsets: Ints, mark: Callable[[Ints], Ints]
) -> Hashes:
    """A number for each node: a hash of the set of its operands' marks, in order for a ELEMENTWISE.

    Puts the two factors of each term in the order of their marks, constants last.
    """
    first = offsets[nodes]
    count = offsets[nodes + 1] - first
    terms = ranges(first, count)
    row = np.repeat(np.arange(len(nodes)), count)
    a, b = mark(form.a[terms]), mark(form.b[terms])
    constant = a == CONSTANTS, b == CONSTANTS
    swapped = (constant[0] & ~constant[1]) | (~(constant[0] | constant[1]) & (a > b))
    swapped &= (form.kind[nodes] == SUM)[row]
    a, b = np.where(swapped, b, a), np.where(swapped, a, b)
    swap = terms[swapped]
    form.a[swap], form.b[swap] = form.b[swap], form.a[swap]
    mapped = form.kind[nodes][row] == ELEMENTWISE
    b = np.where(mapped, np.arange(len(terms)) - np.repeat(np.cumsum(count) - count, count), b)
    pair = mixed(mixed(a) + b.astype(np.uint64))

    # A constant beside other operands says nothing: the padding of an image, a bias that is none.
    one = form.number[form.b[terms]] == 1
    counted = mapped | ((a != CONSTANTS) & ((b != CONSTANTS) | one))
    return of_sets(pair, counted, np.cumsum(count) - count)


def _alike(nodes: Ints, program_order: Ints, operation: Ints, signature: Hashes) -> list[Ints]:
    """The nodes of each operation and signature, in order of their first."""
    order = np.lexsort((program_order[nodes], signature, operation))
    operation, signature = operation[order], signature[order]
    cuts = (operation[1:] != operation[:-1]) | (signature[1:] != signature[:-1])
    alike = np.split(nodes[order], np.flatnonzero(cuts) + 1)
    return sorted(alike, key=lambda members: int(program_order[members[0]]))
