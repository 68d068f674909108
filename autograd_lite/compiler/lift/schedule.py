"""The order in which a program is computed: before, in, and behind its recurrences.

The nodes that a loop makes at every turn are of one class: one operation on operands of the same
classes. Classes that wait for one another in a circle are a recurrence, which has to go step by
step. A class before it, or behind it, is computed for all steps at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from autograd_lite.compiler.lift.canonical import CONSTANT, ELEMENTWISE, SUM, CanonicalProgram
from autograd_lite.compiler.lift.hashes import Hashes, mixed, numbered, of_pairs, of_sets
from autograd_lite.compiler.tape.ranges import Ints, distinct, offsets_of, rows_of

__all__ = ["Schedule", "has_few_levels"]

DEPTH = 3  # the number of operations, from a node down, that tell its class
_BLOCK = 1 << 12  # nodes whose terms lie in the second cache
MAX_CLASSES = 256  # a program of more has no loops to speak of


def levels_of(form: CanonicalProgram, inner: NDArray[np.bool_]) -> Iterator[Ints]:
    """The nodes of each level: those whose operands are all of levels before.

    inner  [n] True if the node counts; the others are there from the start
    """
    operand, user = np.append(form.a, form.b), np.tile(form.owner, 2)
    waits = inner[operand] & inner[user]
    operand, user = operand[waits], user[waits]
    order = np.argsort(operand, kind="stable")
    user = user[order]
    offsets = offsets_of(operand, len(inner))
    missing = np.bincount(user, minlength=len(inner))
    level, room = np.flatnonzero(inner & (missing == 0)), np.empty(len(inner), np.int64)
    while len(level):
        yield level
        users = user[rows_of(offsets, level)[0]]
        np.subtract.at(missing, users, 1)
        level = distinct(users[missing[users] == 0], room)


def has_few_levels(form: CanonicalProgram, most: int) -> bool:
    """True if the computed nodes have at most so many levels."""
    return len(list(islice(levels_of(form, form.kind >= SUM), most + 1))) <= most


class Schedule:
    """Levels of nodes, in an order in which they can be computed.

    levels     nodes of each level, in order: a node's operands are in the levels before
    recurrent  [n] class of a node that is computed step by step; -1 of another node
    """

    def __init__(self, form: CanonicalProgram) -> None:
        self._form, self._nodes = form, np.flatnonzero(form.kind >= SUM)
        self._class = np.full(len(form), -1)
        self._name(structural_hash(form)[self._nodes])
        self.recurrent = self._class.copy()
        before: list[Ints] = []
        behind: list[Ints] = []
        while 0 < self._classes <= MAX_CLASSES:
            before, behind = self._around()
            ends = self._not_in_step()
            if not ends.any():
                break
            self._name((2 * self._class + ends)[self._nodes])
        steps = levels_of(form, self.recurrent >= 0)
        self.levels = [*before, *steps, *behind]

    def _name(self, marks: Ints | Hashes) -> None:
        """Let the nodes of equal marks [nodes] be one class."""
        self._class[self._nodes], self._classes = numbered(marks)

    def _around(self) -> tuple[list[Ints], list[Ints]]:
        """The levels before the recurrences and behind them; other classes are recurrent."""
        form, n = self._form, self._classes
        waits = np.zeros((n + 1, n + 1), bool)  # the last class is that of leaves and constants
        for operand in (form.a, form.b):
            waits[self._class[form.owner], self._class[operand]] = True
        waits = waits[:n, :n]
        before, left = _peeled(waits, np.ones(n, bool))
        behind, left = _peeled(waits.T, left)
        self.recurrent = np.where(np.append(left, False)[self._class], self._class, -1)
        order = np.argsort(self._class[self._nodes].astype(np.uint16), kind="stable")  # by radix
        starts = np.cumsum(np.bincount(self._class[self._nodes]))[:-1]
        members = np.split(self._nodes[order], starts)
        before, behind = (
            [np.concatenate([members[k] for k in level]) for level in levels]
            for levels in (before, behind[::-1])
        )
        return before, behind

    def _not_in_step(self) -> NDArray[np.bool_]:
        """[n] True of a recurrent node for which no other waits, if one of its class for which
        others wait has the same operand.

        The node is not part of the recurrence: in an RNN, U h feeds the next step, and the loss at
        a step does not. Such nodes are computed for all steps at once afterwards. But the last
        steps of sequences of different lengths are steps like others.
        """
        form = self._form
        ends = self.recurrent >= 0
        users = ends[form.owner]
        ends[form.a[users]] = ends[form.b[users]] = False
        owner = np.tile(form.owner[users], 2)
        operand = np.append(form.a[users], form.b[users])
        within = self.recurrent[operand] >= 0
        owner, use = owner[within], self._class[owner] * len(form) + operand
        use = use[within]
        both = _common(use[ends[owner]], use[~ends[owner]]) // len(form)
        beside: NDArray[np.bool_] = ends & np.isin(self._class, both)
        return beside


def _common(x: Ints, y: Ints) -> Ints:
    """What stands in x and in y; `np.intersect1d` makes sets of them, which takes longer."""
    x, y = np.sort(x), np.sort(y)
    there = np.searchsorted(y, x)
    both: Ints = x[np.append(y, -1)[there] == x]
    return both


def _peeled(
    waits: NDArray[np.bool_], left: NDArray[np.bool_]
) -> tuple[list[Ints], NDArray[np.bool_]]:
    """Levels of classes that wait for classes of earlier levels only, and the classes left."""
    levels: list[Ints] = []
    while len(level := np.flatnonzero(left & ~(waits & left).any(1))):
        levels.append(level)
        left = left.copy()
        left[level] = False
    return levels, left


def structural_hash(form: CanonicalProgram) -> Hashes:
    """[n] hash of the operation of each node, and of the few operations below it."""
    one = (form.kind == CONSTANT) & (form.number == 1)
    number = (form.kind == CONSTANT) & ~one
    inner = form.kind >= SUM
    operation = mixed(np.where(inner, form.formula, one) * 8 + form.kind)
    mapped = (form.kind == ELEMENTWISE)[form.owner]
    # A constant beside other operands says nothing, as in groups.py.
    counted = mapped | ~(number[form.a] | number[form.b])
    nodes = np.flatnonzero(inner)
    blocks = []
    for start in range(0, len(nodes), _BLOCK):
        block = nodes[start : start + _BLOCK]
        starts = form.offsets[block]
        terms = slice(starts[0], form.offsets[block[-1] + 1])
        position = np.arange(terms.start, terms.stop) - form.offsets[form.owner[terms]]
        blocks.append((block, terms, starts - terms.start, position.astype(np.uint64)))
    hashes = operation
    for _ in range(DEPTH):
        below, hashes = hashes, operation.copy()
        for block, terms, starts, position in blocks:
            ordered, a, b = mapped[terms], below[form.a[terms]], below[form.b[terms]]
            pairs = of_pairs(
                np.where(ordered, a, np.minimum(a, b)),
                np.where(ordered, position, np.maximum(a, b)),
            )
            hashes[block] = of_pairs(operation[block], of_sets(pairs, counted[terms], starts))
    return hashes
