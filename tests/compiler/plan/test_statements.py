"""Instructions of the lift as loops of one statement."""

import numpy as np
import pytest

from autograd_lite.compiler.lift.instructions import (
    Contraction,
    Elementwise,
    Gather,
    Ref,
    RowMax,
    Zero,
)
from autograd_lite.compiler.lift.names import Array
from autograd_lite.compiler.lift.specialized import formula
from autograd_lite.compiler.plan.groups import Loop, Statement
from autograd_lite.compiler.plan.statements import group_of, groups_of

A, B = Ref(10, (3, 1)), Ref(40, (3, 1))
SUM = {"kind": "sum", "sums": (1,)}


@pytest.mark.parametrize(
    ("it", "loop"),
    [
        (Zero(5, 2), Loop((2,), [Statement(Ref(5, (1,)), 0.0, {})])),
        (
            Elementwise((2, 1), Ref(0, (1, 9)), formula("tanh(x)"), {"x": Ref(10, (1, 5))}),
            Loop((2,), [Statement(Ref(0, (1,)), ("tanh", "x"), {"x": Ref(10, (1,))})]),
        ),
        (
            RowMax((2,), (3,), Ref(0, (1,)), A),
            Loop((2, 3), [Statement(Ref(0, (1, 0)), "x", {"x": A}, "max", (1,))]),
        ),
        (  # the dots of two rows each
            Contraction((2,), (3,), Ref(0, (1,)), A, B),
            Loop((2, 3), [Statement(Ref(0, (1, 0)), ("*", "x", "y"), {"x": A, "y": B}, **SUM)]),
        ),
        (
            Contraction((2,), (3,), Ref(0, (1,)), A, A, add=True),
            Loop((2, 3), [Statement(Ref(0, (1, 0)), ("*", "x", "x"), {"x": A}, **SUM, add=1)]),
        ),
        (
            Contraction((2,), (), Ref(0, (1,)), Ref(10, (1,)), None, negate=True),
            Loop((2,), [Statement(Ref(0, (1,)), ("-", "x"), {"x": Ref(10, (1,))})]),
        ),
        (  # a common factor
            Contraction((2,), (3,), Ref(0, (1,)), A, Ref(40, (1, 0))),
            Loop(
                (2, 3),
                [Statement(Ref(0, (1, 0)), ("*", "x", "y"), {"x": A, "y": Ref(40, (1, 0))}, **SUM)],
            ),
        ),
        (  # the same number three times
            Contraction((2,), (3,), Ref(0, (1,)), Ref(10, (1, 0)), None, add=True, negate=True),
            Loop(
                (2,),
                [Statement(Ref(0, (1,)), ("*", 3.0, "x"), {"x": Ref(10, (1,))}, add=-1)],
            ),
        ),
    ],
)
def test_an_instruction_as_a_loop(it, loop):
    assert group_of(it) == loop


@pytest.mark.parametrize(
    "it",
    [
        Gather(0, A.addresses(2, 3)),
        Contraction((2,), (3,), Ref(0, (1,)), A, Ref(40, (0, 1))),  # of a matrix and a vector
        Contraction((2, 2), (3,), Ref(0, (2, 1)), Ref(10, (3, 0, 1)), Ref(40, (0, 3, 1))),
    ],
)
def test_products_and_what_has_tables_stay(it):
    assert group_of(it) is it


def test_equal_constants_are_one_and_zero_and_one_stand_in_formulas():
    constants = Array(50, 6, "constants", values=np.array([0.1, 1.0, 0.1, 0.0, 0.1, -0.0]))
    read = [Contraction((2,), (), Ref(i, (1,)), A, Ref(50 + i, (0,))) for i in range(4)]
    read.append(Contraction((2,), (), Ref(4, (1,)), A, Ref(52, (2,))))
    read.append(Contraction((2,), (), Ref(4, (1,)), A, Ref(55, (0,))))
    found = [g.statements[0] for g in groups_of(read, constants)]
    assert [s.tree[2] for s in found] == ["y", 1, "y", 0, "y", "y"]
    assert [s.operands.get("y") for s in found] == [
        Ref(50, (0,)), None, Ref(50, (0,)), None, Ref(52, (2,)), Ref(55, (0,))
    ]  # fmt: skip
