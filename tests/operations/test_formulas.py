"""The language of formulas: its trees, its printers, and its table of functions."""

import numpy as np
import pytest

from autograd_lite.compiler.run import special_functions
from autograd_lite.operations import ieee
from autograd_lite.operations.formulas import (
    FUNCTIONS,
    NotInCError,
    functions_of,
    names_of,
    parse,
    split_sums,
    to_c,
    to_python,
    to_text,
    with_terms,
)
from autograd_lite.operations.rules import RULES, TABLE

FORMULAS = [formula for rule in RULES[1:TABLE] for formula in (rule.value, *rule.partials)]


def test_a_tree_is_a_number_a_name_or_a_function_of_operands():
    assert parse("1 - x * tanh(y)") == ("-", 1, ("*", "x", ("tanh", "y")))
    assert parse("where(-x <= 0.5, LN2, x)") == ("where", ("<=", ("-", "x"), 0.5), "LN2", "x")


@pytest.mark.parametrize("formula", FORMULAS, ids=str)
def test_a_tree_is_written_as_it_was_read(formula):
    assert to_text(formula.tree) == formula.text
    assert parse(to_text(formula.tree)) == formula.tree


@pytest.mark.parametrize(
    "text", ["x - (y - z)", "x / (y * z)", "(x + y) * z", "-(x + y)", "-x * y", "x - -y"]
)
def test_brackets_stand_where_they_are_needed(text):
    assert to_text(parse(text)) == text


@pytest.mark.parametrize(
    "text", ["x **2", "x and y", "x < y < z", "x[0]", "x.y", "f(x=1)", "'x'", "True", "", "1 +"]
)
def test_what_is_no_formula(text):
    with pytest.raises(SyntaxError):
        parse(text)


def test_python_and_c():
    tree = parse("where(x < 1, -x / 2, cbrt(PI))")
    assert to_python(tree) == "(divide((-x), 2.0) if (x < 1.0) else cbrt(PI))"
    assert to_c(tree) == "((x < 1.0) ? ((-x) / 2.0) : ieee_cbrt(3.141592653589793))"
    assert to_python(parse("sum(x * x) / n")) == "divide(total([(x * x) for x in xs]), n)"
    with pytest.raises(NotInCError, match="lgamma"):
        to_c(parse("1 + lgamma(x)"))


def test_names_functions_terms_and_sums():
    tree = parse("sqrt(sum(x * x) / n) + LN2")
    assert names_of(tree) == {"x", "n", "LN2"}
    assert functions_of(tree) == {"+", "/", "*", "sqrt", "sum"}
    assert with_terms(parse("x * y"), {"x": parse("y + 1")}) == ("*", ("+", "y", 1), "y")
    assert split_sums(tree) == ([("*", "x", "x")], parse("sqrt(total / n) + LN2"))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_is_known_to_the_engine_and_to_arrays(name):
    function = FUNCTIONS[name]
    assert callable(getattr(ieee, name))
    if function.arrays is None:
        assert hasattr(np, function.numpy) or function.numpy in (
            *special_functions.FUNCTIONS,
            "polygamma",
        )
    else:
        assert functions_of(function.arrays.tree) <= {*"+-*/", *FUNCTIONS}
        assert names_of(function.arrays.tree) <= {"x", "y", "PI"}


@pytest.mark.parametrize("name", [name for name in FUNCTIONS if FUNCTIONS[name].zero])
def test_a_function_that_is_zero_at_zero(name):
    function = getattr(ieee, name)
    operands = 2 if name in ("copysign", "hypot") else 1
    assert function(*[0.0] * operands) == function(*[-0.0] * operands) == 0
