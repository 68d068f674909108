"""The formulas of the command line: what they mean, and how errors point at them."""

import math
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd_lite import Value, polygamma
from visualize.formula_reader import ExpressionError, evaluate


@pytest.fixture(autouse=True)
def in_a_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_a_formula_is_a_graph_of_its_variables():
    root = evaluate("tanh(w*x + b) - 2**-x / 4", {"w": 0.5, "x": 2, "b": -1})
    root.backward()
    assert root.data == math.tanh(0.0) - 2**-2 / 4
    leaves = {leaf.label: leaf.grad for leaf in _leaves(root) if leaf.label}
    assert leaves.keys() == {"w", "x", "b"}
    assert leaves["w"] == 2.0


def _leaves(root):
    from visualize import trace

    return [node for node in trace(root)[0] if node.is_leaf]


def test_operations_of_any_number_of_operands_take_lists():
    assert evaluate("dot([x, y], [1, 2]) + norm((x, y))", {"x": 3, "y": 4}).data == 16.0


def test_plain_numbers_may_be_static_parameters_and_operands():
    at = {"x": 2.0}
    assert evaluate("polygamma(1, x)", at).data == polygamma(1, 2.0)
    assert evaluate("leaky_relu(-x, 0.1) + elu(x)", at).data == pytest.approx(1.8)
    assert evaluate("x * abs(-3) * sum([1, 2]) * polygamma(0, 1)", at).data == 18 * polygamma(0, 1)


@pytest.mark.parametrize("formula", ["{}", "tanh({})", "(({}))", "sum([{}, x])"])
@pytest.mark.parametrize("operator", ["+", "-", "*", "/"])
def test_a_row_has_any_number_of_terms(formula, operator):
    x = y = 1.0009765625
    for _ in range(2_999):
        y = {"+": y + x, "-": y - x, "*": y * x, "/": y / x}[operator]
    wanted = {"tanh": math.tanh(y), "sum(": y + x}.get(formula[:4], y)
    assert evaluate(formula.format(operator.join(["x"] * 3_000)), {"x": x}).data == wanted


def test_signs_and_powers_bind_as_in_python():
    x, y = 1.5, 2.25
    for formula in "-x**2", "2**-x**y", "x**y**x", "--x - -+y", "x - y - x", "x / y * x", "(-x)**2":
        assert evaluate(f"{formula} + 0*x*y", {"x": x, "y": y}).data == eval(formula)
    assert evaluate("x" + "**x" * 3_000, {"x": 1.0}).data == 1.0
    assert evaluate("-" * 4_000 + "x", {"x": 1.0}).data == 1.0
    assert evaluate("(" * 99 + "x" + ")" * 99, {"x": 1.0}).data == 1.0


def test_pi_is_a_number_unless_it_is_given_another():
    assert evaluate("x * pi", {"x": 2.0}).data == 2 * math.pi
    assert evaluate("x * pi", {"x": 2.0, "pi": 3.0}).data == 6.0


def test_numbers_alone_never_raise():
    assert evaluate("1/0 + 2**10**10 + exp(1000) + x", {"x": 1}).data == math.inf


@pytest.mark.parametrize(
    ("formula", "column", "message"),
    [
        ("w*q", 2, "q has no number: add --at q=1"),
        ("w + (w", 4, "was never closed"),
        ("w + tanh", 4, "tanh is an operation: write tanh(x)"),
        ("w + * w", 4, "an operand must stand here, not *"),
        ("中 + * w", 5, "an operand must stand here, not *"),
        ("w+", 2, "the formula ends where an operand must stand"),
        ("tanh(w *", 8, "the formula ends where an operand must stand"),
        ("w^2", 1, "a power is written x**2, not x^2"),
        ("2w", 1, "an operator is missing here, such as *"),
        ("max(w, 1)", 0, "max is no operation of autograd_lite: write maximum(x, y)"),
        ("ln(w)", 0, "ln is no operation of autograd_lite: write log(x)"),
        ("np.exp(w)", 2, "a formula has no attributes: write exp(x)"),
        ("math.pi", 4, "a formula has no attributes: write pi"),
        ("e*w", 0, "e has no number: add --at e=1, or write exp(1) for the number"),
        ("1__0*w", 0, "1__0 is no number"),
        ("w*'a'", 2, "a formula has numbers, names, + - * / // % **, calls and lists only"),
        ("w*True", 2, "a formula has numbers"),
        ("w.data", 1, "a formula has no attributes"),
        ("w + w.x.y", 5, "a formula has no attributes"),
        ("2*w.tanh()", 3, "a formula has no attributes: write tanh(x)"),
        ("w)", 1, "no bracket is open that ')' closes"),
        ("(w]", 2, "no bracket is open that ']' closes"),
        ("w*)", 2, "an operand must stand here, not )"),
        ("q.tanh()", 0, "q has no number"),
        ("中 + (w\n.ｘ)", 0, "a formula has no attributes"),
        ("w if w else w", 2, "a formula has numbers"),
        ("w @ w", 2, "a formula has numbers"),
        ("~w", 0, "a formula has numbers"),
        ("w + (lambda: w)()", 5, "a formula has numbers"),
        ("__import__('os').system('true')", 0, "__import__ is no operation"),
        ("w[0]", 1, "a formula has numbers"),
        ("w + eval(w)", 4, "eval is no operation of autograd_lite"),
        ("w + Value(w)", 4, "Value is no operation of autograd_lite"),
        ("w + leaf(w)", 4, "leaf is no operation"),
        ("w + tanh(w, w)", 4, "tanh takes 1 operand, not 2"),
        ("w + clip(w, 1)", 4, "clip takes 3 operands, not 2"),
        ("w + elu()", 4, "elu takes 1 or 2 operands, not 0"),
        ("w + dot([w])", 4, "dot takes 2 operands, not 1"),
        ("w + sum(w)", 8, "sum takes a list: write [x, y]"),
        ("dot([w], w)", 9, "dot takes a list: write [x, y]"),
        ("abs([w])", 4, "abs takes numbers, not a list"),
        ("w * [w]", 4, "a list goes into an operation such as sum only"),
        ("[w] + [w]", 0, "a list goes into an operation such as sum only"),
        ("polygamma(w, w)", 0, "the order must be an int"),
        ("w + tanh(x=w)", 10, "a formula has numbers"),
        ("w + tanh([w])", 9, "tanh takes numbers, not a list"),
        ("w + dot([w], [w, w])", 4, "dot: the lengths differ, 1 and 2"),
        ("[w, w]", 0, "the result is a list"),
        ("中 + 中 + w + 1" + "0" * 400, 14, "the number is too large"),
    ],
)
def test_errors_point_at_the_column(formula, column, message):
    at = {"w": 1.0} | ({"中": 1.0} if "中 +" in formula else {})
    with pytest.raises(ExpressionError) as caught:
        evaluate(formula, at)
    first, *_, arrow = str(caught.value).split("\n")
    assert message in first
    assert arrow == " " * (2 + column) + "^"


@pytest.mark.parametrize(
    ("formula", "message"),
    [
        (" ", "the formula is empty"),
        ("x" * 20_000, "over 10,000 characters"),
        ("(" * 4_000 + "x" + ")" * 4_000, "nested too deeply"),
        ("tanh(" * 1_000 + "x" + ")" * 1_000, "nested too deeply"),
        ("x + y", "y has no number"),
        ("x\0", "a formula has numbers, names"),
    ],
)
def test_other_errors(formula, message):
    with pytest.raises(ExpressionError, match=message):
        evaluate(formula, {"x": 1.0})


def test_a_formula_of_numbers_has_no_graph():
    with pytest.raises(ExpressionError, match="no variable: nothing to differentiate"):
        evaluate("1 + 2", {})


def test_a_number_for_no_variable():
    with pytest.raises(ExpressionError, match="y is given a number, but is not in the formula"):
        evaluate("x", {"x": 1.0, "y": 2.0})


@given(st.text(alphabet="中ｘ\nx y+-*/()[],.0123456789etanhl_'\"\\=:", max_size=30))
def test_any_text_is_a_graph_or_an_error(text):
    with suppress(ExpressionError):
        assert isinstance(evaluate(text, {"x": 1.0}), Value)
