"""Formulas: what they are parsed to, and that each printer prints what was parsed."""

import math

import numpy as np
import pytest

from autograd_lite.compiler.run import special_functions
from autograd_lite.operations import ieee
from autograd_lite.operations.formulas import (
    CONSTANTS,
    FUNCTIONS,
    OPERATORS,
    NotInCError,
    functions_of,
    names_of,
    parse,
    split_sums,
    to_c,
    to_javascript,
    to_python,
    to_text,
    with_terms,
)
from autograd_lite.operations.rules import RULES, TABLE

FORMULAS = {
    f"{rule.name}: {formula}": formula
    for rule in RULES[1:TABLE]
    for formula in (rule.value, *rule.partials)
    if formula.text
}
every_formula = pytest.mark.parametrize("formula", FORMULAS.values(), ids=FORMULAS)


@pytest.mark.parametrize(
    ("text", "tree", "python", "c"),
    [
        ("1", 1, "1.0", "1.0"),
        ("x - y - 2", ("-", ("-", "x", "y"), 2), "((x - y) - 2.0)", "((x - y) - 2.0)"),
        ("x - (y - 2)", ("-", "x", ("-", "y", 2)), "(x - (y - 2.0))", "(x - (y - 2.0))"),
        ("-x * y", ("*", ("-", "x"), "y"), "((-x) * y)", "((-x) * y)"),
        ("1 / x", ("/", 1, "x"), "divide(1.0, x)", "(1.0 / x)"),
        ("cbrt(x)", ("cbrt", "x"), "cbrt(x)", "ieee_cbrt(x)"),
        (
            "where(x < 0, -1, PI)",
            ("where", ("<", "x", 0), ("-", 1), "PI"),
            "((-1.0) if (x < 0.0) else PI)",
            f"((x < 0.0) ? (-1.0) : {math.pi!r})",
        ),
    ],
)
def test_a_tree_and_its_printers(text, tree, python, c):
    assert parse(text) == tree
    assert (to_text(tree), to_python(tree), to_c(tree)) == (text, python, c)


def test_a_sum_in_python():
    assert to_python(parse("sqrt(sum(x * x) / n)")) == (
        "sqrt(divide(total([(x * x) for x in xs]), n))"
    )
    with pytest.raises(NotInCError, match=r"sum\(x \* x\)"):
        to_c(parse("sum(x * x)"))


@pytest.mark.parametrize(
    ("text", "javascript"),
    [
        ("1 / x - y", "((1 / x) - y)"),
        ("-exp(x) + copysign(x, y)", "((-Math.exp(x)) + copysign(x, y))"),
        ("where(x == 0, 0.5, LN2)", f"((x === 0) ? 0.5 : {math.log(2)!r})"),
        ("where(x != 0, x, -1)", "((x !== 0) ? x : (-1))"),
    ],
)
def test_javascript(text, javascript):
    assert to_javascript(parse(text)) == javascript


def test_numbers_in_javascript():
    printed = [to_javascript(x) for x in (math.inf, -math.inf, math.nan, 1e-300)]
    assert printed == ["Infinity", "(-Infinity)", "NaN", "1e-300"]


@every_formula
def test_what_is_printed_is_parsed_to_the_same_tree(formula):
    assert to_text(formula.tree) == formula.text
    assert parse(to_text(formula.tree)) == formula.tree


@pytest.mark.parametrize("text", ["x / (y * z)", "(x + y) * z", "-(x + y)", "-x * y", "x - -y"])
def test_brackets_stand_where_they_are_needed(text):
    assert to_text(parse(text)) == text


@every_formula
def test_the_table_uses_what_the_language_has(formula):
    known = {*FUNCTIONS, *OPERATORS, "where", "sum", "norm", "logsumexp"}
    assert functions_of(formula.tree) <= known
    assert names_of(formula.tree) <= {*"xyzcn", "out", *CONSTANTS, "total"}


@pytest.mark.parametrize(
    "text",
    ["x y", "x +", "x ** 2", "x < y < z", "[x]", "x.y", "f(x=1)", "lambda: x", "'x'", "True", ""],
)
def test_what_is_no_formula(text):
    with pytest.raises(SyntaxError):
        parse(text)


def test_names_functions_and_terms():
    tree = parse("exp(x) * PI + where(x <= y, 1, out)")
    assert names_of(tree) == {"x", "y", "PI", "out"}
    assert functions_of(tree) == {"exp", "*", "+", "where", "<="}
    doubled = with_terms(tree, {"x": ("*", 2, "x"), "out": 0})
    assert to_text(doubled) == "exp(2 * x) * PI + where(2 * x <= y, 1, 0)"


def test_sums_are_split_off():
    terms, value = split_sums(parse("sqrt(sum(x * x) / n) + 1"))
    assert terms == [("*", "x", "x")]
    assert to_text(value) == "sqrt(total / n) + 1"
    assert split_sums("n") == ([], "n")


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_is_there_in_python_and_in_arrays_and_is_zero_where_it_says_so(name):
    function = getattr(ieee, name, None) or getattr(math, name)
    if FUNCTIONS[name].zero:
        operands = [0.0] * (2 if name in ("copysign", "hypot") else 1)
        assert function(*operands) == function(*[-x for x in operands]) == 0.0
    if FUNCTIONS[name].arrays is None:
        known = {*dir(np), *special_functions.FUNCTIONS, *special_functions.OF_AN_ORDER}
        assert FUNCTIONS[name].numpy in known
    else:
        assert functions_of(FUNCTIONS[name].arrays.tree) <= {*"+-*/", *FUNCTIONS}
        assert names_of(FUNCTIONS[name].arrays.tree) <= {"x", "y", *CONSTANTS}
