"""Stretches of groups that come again and again become repetitions, and mean the same."""

import random

import pytest

from autograd_lite.compiler.lift.instructions import Contraction, Gather, Ref
from autograd_lite.compiler.plan.groups import Loop, Repeat, Statement, turns_of
from autograd_lite.compiler.plan.roll import rolled


def activation(out, x):
    return Loop((4,), [Statement(Ref(out, (1,)), ("tanh", "x"), {"x": Ref(x, (1,))})])


def turn(t):
    """Two loops of one kind, a product, and another loop."""
    at = 100 + 20 * t
    return [
        activation(at, at - 4),
        activation(at + 4, at - 4),
        Contraction((4,), (4,), Ref(at + 8, (1,)), Ref(0, (4, 1)), Ref(at + 4, (0, 1))),
        Loop((), [Statement(Ref(at + 12, ()), "x", {"x": Ref(50 - t, ())}, add=1)]),
    ]


def unrolled(groups):
    return [x for g in groups for x in (turns_of(g) if isinstance(g, Repeat) else [g])]


HEAD = [Gather(0, Ref(60, (1,)).addresses(4)), Loop((4,), [Statement(Ref(4, (1,)), 0.0, {})])]


@pytest.mark.parametrize("turns", [8, 9, 40])
def test_a_recurrence_becomes_one_group(turns):
    groups = [*HEAD, *(g for t in range(turns) for g in turn(t)), *HEAD]
    found = rolled(groups)
    assert [type(g) for g in found] == [Gather, Loop, Repeat, Gather, Loop]
    assert (found[2].count, len(found[2].groups)) == (turns, 4)
    assert unrolled(found) == groups


def test_few_turns_stay():
    groups = [g for t in range(7) for g in turn(t)]
    assert rolled(groups) == groups


def test_a_step_that_is_uneven_cuts_a_repetition():
    even = [g for t in range(30) for g in turn(t if t < 13 else t + 1)]
    found = rolled(even)
    assert [g.count for g in found if isinstance(g, Repeat)] in ([13, 17], [12, 17], [13, 16])
    assert unrolled(found) == even


@pytest.mark.parametrize("seed", range(20))
def test_the_groups_and_their_order_stay(seed):
    draw = random.Random(seed)
    groups = []
    for _ in range(6):
        start, turns, length = draw.randrange(50), draw.randrange(1, 20), draw.randrange(1, 5)
        groups += [g for t in range(turns) for g in turn(start + t)[:length]]
        groups += draw.sample(HEAD, draw.randrange(3))
    assert unrolled(rolled(groups)) == groups
