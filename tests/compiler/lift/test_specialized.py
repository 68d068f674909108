"""Formulas of rules as the lift needs them: powers, partials, and where they are zero."""

import pytest

from autograd_lite.compiler.lift.specialized import (
    Specialized,
    formula,
    is_zero_where,
    partials_of,
    value_of,
)
from autograd_lite.operations.rules import CODES


@pytest.mark.parametrize(
    ("c", "text", "partial"),
    [
        (-1.0, "1 / x", "-1.0 * (1 / (x * x))"),
        (0.5, "sqrt(x)", "0.5 * (1 / sqrt(x))"),
        (3.0, "x * x * x", "3.0 * (x * x)"),
        (2.5, "power(x, 2.5)", "2.5 * (x * sqrt(x))"),
    ],
)
def test_powers_become_what_is_fast(c, text, partial):
    assert str(value_of(CODES["pow_c"], c)) == text
    assert [str(p) for p in partials_of(CODES["pow_c"], c)] == [partial]


def test_numbers_and_names():
    assert [str(p) for p in partials_of(CODES["sub"], 0.0)] == ["1", "-1.0"]
    assert partials_of(CODES["exp"], 0.0)[0].names == ("out",)
    assert formula("exp(x - out)").names == ("x", "out")


@pytest.mark.parametrize(
    ("text", "zero", "whether"),
    [
        ("x / y", {"x"}, True),
        ("x / y", {"y"}, False),
        ("x / y", {"x", "y"}, False),
        ("-out / y", {"out"}, True),
        ("2 * x", {"x"}, True),
        ("x * y", {"y"}, True),
        ("x + y", {"x"}, False),
        ("x - y", {"x", "y"}, True),
        ("where(x <= 0, 0, x)", {"x"}, True),
        ("where(x <= 0, 0, 1)", {"x"}, False),
        ("exp(x)", {"x"}, False),
        ("tanh(x)", {"x"}, True),
    ],
)
def test_what_is_zero(text, zero, whether):
    assert is_zero_where(formula(text), zero) is whether


def test_a_function_in_python_is_not_said_to_be_zero():
    mine = Specialized(("fabs", "x0"), ("x0", "place"), "fabs", code=99, part=0)
    assert not is_zero_where(mine, {"x0"})
