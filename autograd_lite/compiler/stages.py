"""In which order a program is computed: before, in, and behind its recurrences.

What a loop does at every turn is of one class: one operation on operands of the same classes.
Classes that wait for one another in a circle are a recurrence, which has to go step by step. A
class before it, or behind it, is computed for all steps at once.
"""

from __future__ import annotations

import numpy as np

from autograd_lite.compiler.canonical import MAP, NUMBER, SUM
from autograd_lite.compiler.hashes import mixed, of_sets
from autograd_lite.compiler.levels import levels_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from numpy.typing import NDArray

    from autograd_lite.compiler.canonical import Form, Ints
    from autograd_lite.compiler.hashes import Hashes

__all__ = ["Stages"]

DEPTH = 3  # so many operations below a node tell its class
MOST = 256  # a program of more classes has no loops to speak of


class Stages:
    """Levels of nodes, in an order in which they can be computed.

    levels     in order: a node's operands are in the levels before
    recurrent  [n] the class of a node that is computed step by step; -1 of another
    """

    def __init__(self, form: Form) -> None:
        inner = form.kind >= SUM
        nodes = np.flatnonzero(inner)
        self.recurrent = np.full(len(form), -1)
        classes, which = np.unique(_colours(form)[nodes], return_inverse=True)
        if len(classes) > MOST:
            self.recurrent[nodes] = which
            self.levels = list(form.levels())
            return
        # [class, class] whether one of the first waits for one of the second.
        n = len(classes)
        class_of = np.full(len(form), n)
        class_of[nodes] = which
        waits = np.zeros((n + 1, n + 1), bool)
        for operand in (form.a, form.b):
            waits[class_of[form.owner], class_of[operand]] = True
        waits = waits[:n, :n]
        members = np.split(nodes[np.argsort(which, kind="stable")], np.cumsum(np.bincount(which)))
        before, left = _peeled(waits, np.ones(n, bool))
        behind, left = _peeled(waits.T, left)
        circle = inner & np.append(left, False)[class_of]
        self.recurrent[circle] = class_of[circle]

        def together(levels: list[Ints]) -> list[Ints]:
            return [np.concatenate([members[k] for k in level]) for level in levels]

        steps = levels_of(circle, form.owner, form.a, form.b)
        self.levels = [*together(before), *steps, *together(behind[::-1])]


def _peeled(
    waits: NDArray[np.bool_], left: NDArray[np.bool_]
) -> tuple[list[Ints], NDArray[np.bool_]]:
    """The classes that wait for none but those of earlier levels, and those that are left."""
    levels = []
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
