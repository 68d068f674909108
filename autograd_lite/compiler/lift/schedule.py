"""In which order a program is computed: before, in, and behind its recurrences.

What a loop does at every turn is of one class: one operation on operands of the same classes.
Classes that wait for one another in a circle are a recurrence, which has to go step by step. A
class before it, or behind it, is computed for all steps at once.
"""

from __future__ import annotations

import numpy as np

from autograd_lite.compiler.lift.canonical import MAP, NUMBER, SUM
from autograd_lite.compiler.lift.hashes import mixed, of_sets
from autograd_lite.compiler.lift.levels import levels_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from numpy.typing import NDArray

    from autograd_lite.compiler.lift.canonical import Form
    from autograd_lite.compiler.lift.hashes import Hashes
    from autograd_lite.compiler.tape.ranges import Ints

__all__ = ["Stages"]

DEPTH = 3  # so many operations, from a node down, tell its class
MOST = 256  # a program of more classes has no loops to speak of


class Stages:
    """Levels of nodes, in an order in which they can be computed.

    levels     in order: a node's operands are in the levels before
    recurrent  [n] the class of a node that is computed step by step; -1 of another
    """

    def __init__(self, form: Form) -> None:
        self._form, self._nodes = form, np.flatnonzero(form.kind >= SUM)
        self._class = np.full(len(form), -1)
        self._name(_colours(form)[self._nodes])
        self.recurrent = self._class.copy()
        before: list[Ints] = []
        behind: list[Ints] = []
        while 0 < self._classes <= MOST:
            before, behind = self._around()
            ends = self._ends()
            if not ends.any():
                break
            self._name((2 * self._class + ends)[self._nodes])
        steps = levels_of(self.recurrent >= 0, form.owner, form.a, form.b)
        self.levels = [*before, *steps, *behind]

    def _name(self, marks: NDArray[np.generic]) -> None:
        """Let the nodes of one mark be one class."""
        classes, self._class[self._nodes] = np.unique(marks, return_inverse=True)
        self._classes = len(classes)

    def _around(self) -> tuple[list[Ints], list[Ints]]:
        """The levels before the recurrences and behind them; what is left is recurrent."""
        form, n = self._form, self._classes
        waits = np.zeros((n + 1, n + 1), bool)  # the last is none
        for operand in (form.a, form.b):
            waits[self._class[form.owner], self._class[operand]] = True
        waits = waits[:n, :n]
        before, left = _peeled(waits, np.ones(n, bool))
        behind, left = _peeled(waits.T, left)
        self.recurrent = np.where(np.append(left, False)[self._class], self._class, -1)
        order = np.argsort(self._class[self._nodes], kind="stable")
        starts = np.cumsum(np.bincount(self._class[self._nodes]))[:-1]
        members = np.split(self._nodes[order], starts)
        before, behind = (
            [np.concatenate([members[k] for k in level]) for level in levels]
            for levels in (before, behind[::-1])
        )
        return before, behind

    def _ends(self) -> NDArray[np.bool_]:
        """[n] the recurrent nodes that no other waits for, if one of their class that goes on has
        the same operand.

        They are of no step: U h of a gate goes on, but the error of h at each step does not. The
        last steps of sequences of different lengths are steps like others.
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
        both = np.intersect1d(use[ends[owner]], use[~ends[owner]]) // len(form)
        beside: NDArray[np.bool_] = ends & np.isin(self._class, both)
        return beside


def _peeled(
    waits: NDArray[np.bool_], left: NDArray[np.bool_]
) -> tuple[list[Ints], NDArray[np.bool_]]:
    """The classes that wait for none but those of earlier levels, and which ones are left."""
    levels: list[Ints] = []
    while len(level := np.flatnonzero(left & ~(waits & left).any(1))):
        levels.append(level)
        left = left.copy()
        left[level] = False
    return levels, left


def _colours(form: Form) -> Hashes:
    """[n] a number for each node that tells its operation, and those of a few below it."""
    one = (form.kind == NUMBER) & (form.number == 1)
    number = (form.kind == NUMBER) & ~one
    inner = form.kind >= SUM
    operation = mixed(np.where(inner, form.formula, one) * 8 + form.kind)
    nodes = np.flatnonzero(inner)
    starts = form.offsets[nodes]
    mapped = (form.kind == MAP)[form.owner]
    place = (np.arange(len(form.owner)) - form.offsets[form.owner]).astype(np.uint64)
    # A constant beside other operands says nothing, as in groups.py.
    plain = mapped | ~(number[form.a] | number[form.b])
    some = np.zeros(len(form), bool)
    some[form.owner[plain]] = True
    counted = plain | ~some[form.owner]
    colour = operation
    for _ in range(DEPTH):
        a, b = colour[form.a], colour[form.b]
        a, b = np.where(mapped, a, np.minimum(a, b)), np.where(mapped, place, np.maximum(a, b))
        colour = operation.copy()
        colour[nodes] = mixed(operation[nodes] + of_sets(mixed(mixed(a) + b), counted, starts))
    return colour
