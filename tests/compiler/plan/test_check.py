"""Every fault in a plan is found."""

from dataclasses import replace

import numpy as np
import pytest

from autograd_lite.compiler.lift.instructions import Contraction, Ref
from autograd_lite.compiler.plan.check import check
from autograd_lite.compiler.plan.groups import Loop, Repeat, Statement
from autograd_lite.compiler.plan.result import Plan

NONE = np.zeros(0, np.int64)
X, Y, Z, T = Ref(0, (1,)), Ref(3, (1,)), Ref(6, (1,)), Ref(-1, (0,))
SUM = Statement(Ref(9, (0,)), "x", {"x": Y}, "sum", (0,))
GOOD = [
    Statement(T, ("*", "x", "x"), {"x": X}, stored=False),
    Statement(Y, ("+", "t", "PI"), {"t": T}),
    SUM,
]


def plan_of(*groups):
    return Plan(
        12, np.arange(3), NONE, np.zeros(0), np.array([9]), NONE, NONE, NONE, list(groups), []
    )


def test_a_plan_as_it_should_be():
    check(plan_of(Loop((3,), GOOD)))


def changed(i, **fields):
    return [*GOOD[:i], replace(GOOD[i], **fields), *GOOD[i + 1 :]]


@pytest.mark.parametrize(
    "groups",
    [
        [Loop((3,), [])],
        [Loop((3,), changed(0, out=Ref(-1, (1,))))],
        [Loop((3,), GOOD[::-1])],  # reads what is written behind it
        [Loop((3,), GOOD[1:])],  # reads what nobody computes
        [Loop((3,), changed(2, sums=()))],
        [Loop((3,), changed(2, out=Ref(9, (1,))))],
        [Loop((3,), changed(1, out=Ref(10, (1,))))],  # outside of the memory
        [Loop((3,), changed(1, out=Ref(3, (0,))))],  # writes an address three times
        [Loop((3,), [*GOOD, Statement(Ref(4, (1,)), "x", {"x": X})])],  # so do two statements
        [Loop((3,), changed(1, operands={}))],
        [Loop((3,), [Statement(Y, "x", {"x": Ref(4, (1,))})])],  # the element of the next step
        [Loop((3,), [*GOOD, Statement(Z, "x", {"x": Ref(9, (0,))})])],  # a sum, within its loop
        [Loop((3,), [Statement(Y, "x", {"x": Z})]), Loop((3,), [Statement(Z, "x", {"x": X})])],
        [Loop((3,), [replace(SUM, add=1)])],  # adds to what the run before has left
        [Contraction((), (3,), Ref(1, ()), X, None)],  # reads what it writes
        [Repeat(2, [Repeat(1, [])])],
        [Repeat(4, [Loop((), [Statement(Ref(9, (1,)), "x", {"x": Ref(0, (1,))})])])],
    ],
)
def test_a_fault_is_found(groups):
    with pytest.raises(AssertionError):
        check(plan_of(*groups))
