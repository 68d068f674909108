"""Formulas as somebody would write them, of the same numbers."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd_lite.compiler.lift.instructions import Ref
from autograd_lite.compiler.plan.groups import Loop, Repeat, Statement
from autograd_lite.compiler.plan.simplify import simplified, simplified_tree
from autograd_lite.operations.formulas import parse, to_text
from tests.support.plans import value

X, Y, Z, U = (Ref(10 * i, (1,)) for i in range(4))
T, V = Ref(-1, (0,)), Ref(-2, (0,))


def name(out, text, **operands):
    return Statement(out, parse(text), operands, stored=False)


def put(out, text, **operands):
    return Statement(out, parse(text), operands)


def simple(*statements):
    (loop,) = simplified([Loop((4,), list(statements))])
    return loop.statements


def test_what_one_statement_reads_once_goes_into_it():
    chain = name(T, "where(x <= 0, 1, 0)", x=X), name(V, "1 - t", t=T), put(Z, "v * y", v=V, y=Y)
    assert simple(*chain) == [put(Z, "where(x0 <= 0, 0, 1) * x1", x0=X, x1=Y)]


def test_a_number_that_is_read_twice_stays():
    twice = [name(T, "tanh(x)", x=X), put(Z, "t * t", t=T)]
    assert simple(*twice) == twice
    by_two = [name(T, "tanh(x)", x=X), put(Y, "t + 1", t=T), put(Z, "t - 1", t=T)]
    assert simple(*by_two) == by_two


def test_a_number_that_a_sum_reads_stays():
    total = Statement(Ref(9, (0,)), "t", {"t": T}, "sum", (0,))
    assert simple(name(T, "tanh(x)", x=X), total) == [name(T, "tanh(x)", x=X), total]


def test_nothing_is_read_behind_its_being_overwritten():
    """z = x * x of the old x, then x, then u."""
    order = [name(T, "x * x", x=X), put(X, "y + 1", y=Y), put(U, "t + y", t=T, y=Y)]
    assert simple(*order) == order
    copy = [name(T, "x", x=X), put(X, "y + 1", y=Y), put(U, "t * t", t=T)]
    assert simple(*copy) == copy


def test_copies_go():
    assert simple(name(T, "1 * x", x=X), put(Z, "t * t", t=T)) == [put(Z, "t * t", t=X)]
    chain = [name(T, "tanh(x)", x=X), name(V, "t", t=T), put(Z, "v * v", v=V)]
    assert simple(*chain) == [name(T, "tanh(x0)", x0=X), put(Z, "v * v", v=T)]


def test_statements_in_a_repetition_are_numbered_anew():
    refs = [Ref(10 * i, (4, 1)) for i in range(3)]
    t, v = Ref(-1, (0, 0)), Ref(-2, (0, 0))
    loop = Loop((4,), [
        name(t, "2 * x", x=refs[0]), name(v, "tanh(t)", t=t), put(refs[1], "v * v", v=v)
    ])  # fmt: skip
    assert simplified([Repeat(9, [loop])]) == [
        Repeat(9, [Loop((4,), [name(t, "tanh(2 * x0)", x0=refs[0]), put(refs[1], "v * v", v=t)])])
    ]


def test_a_formula_does_not_grow_for_ever():
    names = [Ref(-1 - i, (0,)) for i in range(20)]
    chain = [name(names[0], "x * y", x=X, y=Y)]
    chain += [name(names[i], "t + x", t=names[i - 1], x=Ref(100 * i, (1,))) for i in range(1, 20)]
    found = simple(*chain, put(Z, "t", t=names[-1]))
    assert max(len(s.operands) for s in found) == 8


NUMBERS = st.sampled_from([-1, 0, 1, 2, 0.5])
TREES = st.recursive(
    NUMBERS | st.sampled_from(["x", "y"]),
    lambda inner: st.one_of(
        st.tuples(st.just("-"), inner),
        st.tuples(st.sampled_from("+-*/"), inner, inner),
        st.tuples(st.just("where"), st.tuples(st.just("<="), inner, inner), inner, inner),
    ),
    max_leaves=12,
)


@given(TREES, st.sampled_from([0.0, -0.0, 1.0, -2.5, math.inf, math.nan]))
def test_the_simplified_formula_has_the_same_value(tree, x):
    numbers = {"x": np.float64(x), "y": np.float64(0.75)}
    with np.errstate(all="ignore"):
        expected, found = value(tree, numbers), value(simplified_tree(tree), numbers)
    np.testing.assert_array_equal(found, expected)
    if not np.isnan(expected):
        assert np.signbit(found) == np.signbit(expected)


@pytest.mark.parametrize(
    ("text", "simple"),
    [
        ("1 * (x / 1)", "x"),
        ("-1 * x", "-x"),
        ("-(-x)", "x"),
        ("x + -y", "x - y"),
        ("x - y * -1", "x + y"),
        ("1 - where(x <= 0, 1, 0)", "where(x <= 0, 0, 1)"),
        ("x + 0", "x + 0"),  # -0.0 + 0 is 0
        ("0 * x", "0 * x"),  # x may be infinite
    ],
)
def test_a_formula_as_it_is_written_by_hand(text, simple):
    assert to_text(simplified_tree(parse(text))) == simple
