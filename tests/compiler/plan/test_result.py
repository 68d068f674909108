"""A plan as it is printed."""

import autograd_lite as ag
from autograd_lite import Value
from autograd_lite.compiler.plan import plan
from tests.support.lifting import Lifted

W = [Value(0.5), Value(-0.25), Value(2.0)]


def squares(xs):
    return ag.sum([ag.tanh(x * w) ** 2 for x, w in zip(xs, W, strict=True)])


def test_a_plan_reads_as_formulas():
    made = plan(Lifted(squares, [1.0, 2.0, 3.0]).program)
    assert repr(made) == "<Plan: 34 doubles, 1 groups forward, 1 backward>"
    assert str(made) == TEXT


TEXT = """\
memory of 34 doubles

forward:
    for i < 3:
        t1 = m[3 + i] * m[i]
        m[12 + i] = tanh(t1)
        m[15] = sum over i of m[12 + i] * m[12 + i]

backward:
    for i < 3:
        t1 = 2 * m[12 + i]
        t2 = m[22] * t1
        t3 = 1 - m[12 + i] * m[12 + i]
        t4 = t2 * t3
        m[23 + i] = t4 * m[i]"""
