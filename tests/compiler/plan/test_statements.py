"""Instructions of the lift as loops of one statement."""

import pytest

from autograd_lite.compiler.lift.instructions import (
    Contraction,
    Elementwise,
    Gather,
    Ref,
    RowMax,
    Zero,
)
from autograd_lite.compiler.lift.specialized import formula
from autograd_lite.compiler.plan.groups import Loop, Statement
from autograd_lite.compiler.plan.statements import groups_of

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
    assert groups_of([it]) == [loop]


@pytest.mark.parametrize(
    "it",
    [
        Gather(0, A.addresses(2, 3)),
        Contraction((2,), (3,), Ref(0, (1,)), A, Ref(40, (0, 1))),  # of a matrix and a vector
        Contraction((2, 2), (3,), Ref(0, (2, 1)), Ref(10, (3, 0, 1)), Ref(40, (0, 3, 1))),
    ],
)
def test_products_and_what_has_tables_stay(it):
    assert groups_of([it]) == [it]
