"""Formulas in C99: few parentheses, and no division of two ints."""

import math

import pytest

from autograd_lite.compiler.export.c_formulas import (
    is_in_parentheses,
    number_in_c,
    to_readable_c,
)
from autograd_lite.operations.formulas import NotInCError, parse


@pytest.mark.parametrize(
    ("formula", "text"),
    [
        ("x + y * z", "(x + y * z)"),
        ("(x + y) * z - (y - z)", "((x + y) * z - (y - z))"),
        ("x / (y / z) / x", "(x / (y / z) / x)"),
        ("-(-x) - -y", "(-(-x) - -y)"),
        ("where(x <= 0, 0, x) * y", "((x <= 0 ? 0 : x) * y)"),
        ("where(x <= 0, 0, 1) * y", "((x <= 0 ? (R)0.0 : 1) * y)"),
        ("1 / 2 * x", "((R)1.0 / (R)2.0 * x)"),
        ("1 / where(x < y, 1, 2)", "((R)1.0 / (x < y ? (R)1.0 : (R)2.0))"),
        ("2 * x + 0.5", "(2 * x + (R)0.5)"),
        ("exp(2 * x) * LN2", "(my_exp(2 * x) * (R)0.6931471805599453)"),
        ("exp(1)", "my_exp(1)"),
    ],
)
def test_text(formula, text):
    assert to_readable_c(parse(formula), {"exp": "my_exp"}, "R") == text


def test_a_function_without_a_name_is_named():
    with pytest.raises(NotInCError, match="sinh"):
        to_readable_c(parse("1 + sinh(x)"), {}, "R")


def test_numbers():
    assert number_in_c(-0.0, "R") == "(R)-0.0"
    assert [number_in_c(x, "R") for x in (math.nan, -math.inf)] == ["(R)NAN", "(R)-INFINITY"]
    assert to_readable_c(("*", -0.0, "x"), {}, "R") == "((R)-0.0 * x)"


def test_parentheses_around_all_of_it():
    assert is_in_parentheses("((a) + (b))")
    assert not is_in_parentheses("(a) + (b)")
    assert not is_in_parentheses("a")
