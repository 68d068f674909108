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
    assert repr(made) == "<Plan: 14 doubles, 1 groups forward, 1 backward>"
    assert str(made) == TEXT


TEXT = """\
memory of 14 doubles

forward:
    for i < 3:
        m[6 + i] = tanh(m[3 + i] * m[i])
        m[9] = sum over i of m[6 + i] * m[6 + i]

backward:
    for i < 3:
        m[11 + i] = m[10] * (2 * m[6 + i]) * (1 - m[6 + i] * m[6 + i]) * m[i]"""
