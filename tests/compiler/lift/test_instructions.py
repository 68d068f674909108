"""Instructions: which addresses they read and write."""

from functools import reduce

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd_lite.compiler.lift.instructions import (
    Contraction,
    Elementwise,
    Gather,
    IndexTable,
    Ref,
    RowMax,
    Scatter,
    ScatterAdd,
    SegmentSum,
    Take,
    Zero,
    ZeroPadding,
    adds,
    operands_of,
    target_of,
)
from autograd_lite.compiler.lift.specialized import formula

TABLE = np.array([7, 5, 9])
INDEX = IndexTable(np.array([0, 1]), 3, np.array([10, 20]), 2)


@given(st.lists(st.tuples(st.integers(1, 4), st.integers(-3, 3)), max_size=3), st.integers(0, 99))
def test_addresses_of_loops(loops, base):
    ref, sizes = Ref(base, tuple(stride for _, stride in loops)), [size for size, _ in loops]
    expected = reduce(
        lambda found, loop: [x + loop[1] * i for x in found for i in range(loop[0])], loops, [base]
    )
    assert ref.spread(*sizes).tolist() == expected
    moving = [loop for loop in loops if loop[1]]
    expected = reduce(
        lambda found, loop: [x + loop[1] * i for x in found for i in range(loop[0])], moving, [base]
    )
    assert ref.addresses(*sizes).tolist() == expected


@pytest.mark.parametrize(
    ("instruction", "target", "operands"),
    [
        (
            Contraction((2,), (3,), Ref(90, (1,)), Ref(0, (3, 1)), Ref(6, (0, 1))),
            [90, 91],
            [[0, 1, 2, 3, 4, 5], [6, 7, 8]],
        ),
        (Contraction((), (2,), Ref(9, ()), Ref(3, (1,)), None, add=True), [9], [[3, 4]]),
        (
            Elementwise(
                (2,), Ref(4, (1,)), formula("x * y"), {"x": Ref(0, (1,)), "y": Ref(2, (0,))}
            ),
            [4, 5],
            [[0, 1], [2]],
        ),
        (RowMax((2,), (2,), Ref(8, (1,)), Ref(0, (2, 1))), [8, 9], [[0, 1, 2, 3]]),
        (Gather(20, TABLE), [20, 21, 22], [[7, 5, 9]]),
        (Scatter(20, TABLE), [7, 5, 9], [[20, 21, 22]]),
        (SegmentSum(30, TABLE, None, np.array([0, 2])), [30, 31], [[7, 5, 9]]),
        (SegmentSum(30, TABLE, TABLE + 1, np.array([0])), [30], [[7, 5, 9], [8, 6, 10]]),
        (Zero(3, 2), [3, 4], []),
        (ZeroPadding(3, np.array([False, True, True])), [4, 5], []),
        (Take(40, INDEX), [40, 41], [[10, 12, 14, 20, 22, 24]]),
        (ScatterAdd(TABLE[:2], INDEX), [10, 12, 14, 20, 22, 24], [[7, 5]]),
    ],
    ids=lambda it: type(it).__name__ if not isinstance(it, list) else "",
)
def test_what_is_read_and_written(instruction, target, operands):
    assert target_of(instruction).tolist() == target
    assert [addresses.tolist() for addresses in operands_of(instruction)] == operands


def test_an_index_may_choose_from_a_table():
    table = np.array([[3, 1], [4, 1]])
    assert IndexTable(np.array([0, 1]), 2, table[:, 0], 0, table).addresses().tolist() == [
        3,
        1,
        4,
        1,
    ]


def test_those_that_add():
    out, x = Ref(9, ()), Ref(3, (1,))
    assert adds(Contraction((), (2,), out, x, None, add=True))
    assert adds(Scatter(20, TABLE, add=True))
    assert adds(ScatterAdd(TABLE[:2], INDEX))
    assert not adds(Contraction((), (2,), out, x, None))
    assert not adds(Scatter(20, TABLE))
    assert not adds(Take(40, INDEX))
