"""The printer of Python: what it writes is what it is given, with few parentheses."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd_lite.compiler.export.expressions import Cut, Turn, index, name, number, operation
from autograd_lite.compiler.export.numpy import DIALECT
from autograd_lite.compiler.export.python import Printer, numbered

printer = Printer(DIALECT)
x, y = name("x", ()), name("y", ())
leaves = st.sampled_from([x, y, number(2.0), number(-0.5), number(1e300), number(0.1)])
trees = st.recursive(
    leaves,
    lambda of: st.one_of(
        st.tuples(st.sampled_from("+-*/"), of, of).map(lambda t: operation(*t)),
        of.map(lambda t: operation("-", t)),
        st.tuples(of, of, of, of).map(
            lambda t: operation("where", operation("<=", t[0], t[1]), t[2], t[3])
        ),
    ),
)


def value(tree, at):
    """The value of a tree, with NumPy's doubles."""
    match tree.op, [value(arg, at) for arg in tree.args]:
        case "name", _:
            return at[tree.params[0]]
        case "number", _:
            return np.float64(tree.params[0])
        case "-", [a]:
            return -a
        case "+", [a, b]:
            return a + b
        case "-", [a, b]:
            return a - b
        case "*", [a, b]:
            return a * b
        case "/", [a, b]:
            return a / b
        case "<=", [a, b]:
            return a <= b
        case "where", [condition, a, b]:
            return a if condition else b


@given(tree=trees)
def test_a_text_means_its_expression(tree):
    at = {"x": np.float64(1.7), "y": np.float64(-0.3)}
    with np.errstate(all="ignore"):
        text = printer.text(tree)
        # Python's own numbers raise errors where NumPy's do not.
        found = eval(text, {"np": np, **at}) if "x" in text or "y" in text else None
        if found is not None:
            np.testing.assert_array_equal(found, value(tree, at))


mask = operation("where", operation("<=", x, y), number(1), number(0))
opposite = operation("where", operation("<=", x, y), number(0), number(1))


@pytest.mark.parametrize(
    ("tree", "text"),
    [
        (operation("-", x, operation("+", y, x)), "x - (y + x)"),
        (operation("*", x, x), "x**2"),
        (operation("power", x, number(-1.5)), "x**-1.5"),
        (
            operation("where", operation("<=", x, number(0)), number(0), x),
            "np.maximum(x, 0)",
        ),
        (
            operation("*", y, operation("where", operation("<=", x, y), number(0), number(1))),
            "y * (x > y)",
        ),
        (
            operation("where", operation("!=", mask, number(0)), x, y),
            "np.where(x <= y, x, y)",
        ),
        (
            operation("where", operation("!=", opposite, number(0)), x, y),
            "np.where(x <= y, y, x)",
        ),
        (index(name("h", (5, 2)), (Turn(2, 1), Cut(0, 2, 1, 2))), "h[t + 2]"),
        (index(name("h", (5, 2)), (Turn(4, -1), Cut(0, 2, 1, 2))), "h[4 - t]"),
        (number(float("inf")), "np.inf"),
        (number(-0.0), "-0.0"),
    ],
)
def test_texts(tree, text):
    assert printer.text(tree) == text


def test_numbers_are_given_in_order():
    names = ["z3", "a7", "z9", "dz9", "w", "da7", "dz1", "dz3_2"]
    assert numbered(names) == {
        "z3": "z1",
        "a7": "a1",
        "z9": "z2",
        "dz9": "dz2",
        "da7": "da1",
        "dz1": "dz3",
        "dz3_2": "dz1_2",
    }


def test_a_number_times_a_condition_is_a_float():
    """As what it is added to is, in place."""
    mask = operation("where", operation("<=", x, number(0.0)), number(0.0), number(1.0))
    assert printer.text(operation("*", number(2.0), mask)) == "2.0 * (x > 0)"
