"""Loops in one space."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd_lite.compiler.lift.instructions import Contraction, Ref
from autograd_lite.compiler.plan.groups import Loop, Repeat, Statement
from autograd_lite.compiler.plan.space import matched, tidied, tidy

SIZES = st.lists(st.integers(2, 4), min_size=1, max_size=4)


def loop_of(sizes, out, **operands):
    return Loop(tuple(sizes), [Statement(out, "x", operands)])


def contiguous(sizes):
    return tuple(math.prod(sizes[i + 1 :]) for i in range(len(sizes)))


@given(SIZES, st.data())
def test_loops_that_go_to_the_same_addresses_are_matched(sizes, data):
    """Whatever the order of the loops, their direction, and where one is cut or several are one."""
    strides = contiguous(sizes)
    order = data.draw(st.permutations(range(len(sizes))))
    back = data.draw(st.lists(st.booleans(), min_size=len(sizes), max_size=len(sizes)))
    base = 7 + sum((sizes[i] - 1) * strides[i] for i in order if back[i])
    turned = Ref(base, tuple(-strides[i] if back[i] else strides[i] for i in order))
    mixed = tuple(sizes[i] for i in order)
    whole = (math.prod(sizes),)
    for of, ref in ((whole, Ref(7, (1,))), (sizes, Ref(7, strides))):
        changes = matched(of, ref, mixed, turned, 0)
        assert changes is not None
        other = Ref(100, tuple(3 * s for s in ref.strides))
        one = changes[0].loop(loop_of(of, ref, x=other), 0)
        two = changes[1].loop(loop_of(mixed, turned, x=turned), 0)
        assert one.sizes == two.sizes
        (a,), (b,) = one.statements, two.statements
        assert a.out == b.out
        np.testing.assert_array_equal(
            3 * (a.out.spread(*one.sizes) - 7) + 100, a.operands["x"].spread(*one.sizes)
        )


@pytest.mark.parametrize(
    ("sizes", "ref"),
    [
        ((6,), Ref(8, (1,))),  # one address further
        ((6,), Ref(7, (2,))),
        ((2, 3), Ref(7, (3, 0))),  # the same number three times
        ((2, 3), Ref(7, (4, 1))),
        ((5,), Ref(7, (1,))),
    ],
)
def test_loops_that_do_not_are_not(sizes, ref):
    assert matched((6,), Ref(7, (1,)), sizes, ref, 0) is None
    assert matched((3, 2), Ref(7, (2, 1)), sizes, ref, 0) is None


def test_a_cut_across_another_is_not_matched():
    """Six steps of four each, and four of six each, have no loops in common."""
    assert matched((6, 4), Ref(0, (4, 1)), (4, 6), Ref(0, (6, 1)), 0) is None


def test_refs_that_move_otherwise_from_turn_to_turn_are_not_matched():
    assert matched((6,), Ref(7, (6, 1)), (6,), Ref(7, (6, 1)), 1) is not None
    assert matched((6,), Ref(7, (6, 1)), (6,), Ref(7, (0, 1)), 1) is None


def test_a_tidy_loop_has_steps_of_one_innermost_and_is_as_flat_as_can_be():
    turned = loop_of((3, 2, 4), Ref(0, (1, 12, 3)), x=Ref(50, (1, 12, 3)))
    assert tidy(turned, 0) == loop_of((24,), Ref(0, (1,)), x=Ref(50, (1,)))
    rows = loop_of((4, 2, 3), Ref(0, (1, 12, 4)), x=Ref(50, (0, 3, 1)))
    assert tidy(rows, 0) == loop_of((6, 4), Ref(0, (4, 1)), x=Ref(50, (1, 0)))
    total = Loop((4, 6), [Statement(Ref(0, (0, 1)), "x", {"x": Ref(9, (6, 1))}, "sum", (0,))])
    assert tidy(total, 0) == total


def test_loops_go_the_way_of_most_of_their_refs():
    back = loop_of((4,), Ref(3, (1,)), x=Ref(19, (-1,)), y=Ref(29, (-1,)))
    assert tidy(back, 0) == loop_of((4,), Ref(6, (-1,)), x=Ref(16, (1,)), y=Ref(26, (1,)))
    tie = loop_of((4,), Ref(6, (-1,)), x=Ref(10, (1,)))
    assert tidy(tie, 0) == loop_of((4,), Ref(3, (1,)), x=Ref(13, (-1,)))


def test_products_do_too():
    """C[i] = the sum over k of A[i, k] b[k], whose rows and columns come from the end."""
    product = Contraction((2,), (3,), Ref(51, (0, -1)), Ref(15, (0, -3, -1)), Ref(29, (0, 0, -1)))
    forward = Contraction((2,), (3,), Ref(50, (0, 1)), Ref(10, (0, 3, 1)), Ref(27, (0, 0, 1)))
    assert tidied([Repeat(9, [product])]) == [Repeat(9, [forward])]
