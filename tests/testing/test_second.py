"""Second derivatives against differences of the gradient, in both modes."""

import math

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from scipy.optimize import newton

import autograd_lite as al
import nn
from autograd_lite import Value, compile, grad, operation
from autograd_lite.implicit import implicit_root
from autograd_lite.loops import fori_loop
from autograd_lite.operations.rules import OPERATIONS
from autograd_lite.testing import (
    GradientError,
    check_grad,
    expressions,
    given_gradcheck,
    inputs_for,
    second,
)
from autograd_lite.testing.spelling import call
from tests.support.mistakes import by_hand


def fixed(x):
    """x, lost to differentiation."""
    return x.detach() if isinstance(x, Value) else x


@operation(lambda x, out: al.cos(fixed(x)))
def sine_of_lost_slope(x):
    return math.sin(x)


@operation(lambda x, out: al.sin(x))  # of the wrong sign
def cosine_by_hand(x):
    return math.cos(x)


@operation(lambda x, out: cosine_by_hand(x))
def sine_of_wrong_slope(x):
    return math.sin(x)


@operation(lambda x, out: math.cos(x))
def sine_of_floats(x):
    return math.sin(x)


def f(x, y):
    return al.exp(x * y) + al.sin(y)


# --------------------------------------------------------------------------- what is compared


def test_all_second_derivatives_are_compared_along_inputs_and_directions():
    report = check_grad(f, 0.5, 2.0, order=2)
    first = check_grad(f, 0.5, 2.0)
    assert first.compared == 4  # by x, by y, along two directions
    assert report.compared == 4 + 4 * 2
    assert report.excluded == ()
    assert report.worst < 1e-8


def test_each_number_of_a_result_has_a_gradient():
    report = check_grad(lambda x: [x * x, {"a": al.tanh(x)}], 0.5, order=2)
    assert report.compared == 2 + 2


def test_directions_alone_compare_the_whole_gradient():
    report = check_grad(lambda xs: al.norm(xs), [1.0, 2.0, 3.0], order=2, coordinates=False)
    assert report.compared == 2 + 2 * 3


@pytest.mark.parametrize("rule", OPERATIONS, ids=lambda rule: rule.name)
@settings(max_examples=5)
@given(data=st.data())
def test_every_rule_passes_over_its_domain(rule, data):
    operands = data.draw(inputs_for(rule))
    n = len(operands) - rule.static
    report = check_grad(lambda *xs: call(rule, *xs, *operands[n:]), *operands[:n], order=2)
    assert report.compared >= n


@settings(max_examples=20)
@given(program=expressions(depth=4))
def test_random_programs_pass(program):
    check_grad(program, *program.inputs, order=2)


@pytest.mark.parametrize(
    ("function", "args"),
    [
        (compile(f), (0.5, 2.0)),
        (nn.MLP(2, [3, 1], rng=0), ([0.5, -0.3],)),
        (lambda w: grad(lambda x: al.tanh(w * x) * x)(0.7), (0.5,)),
        (lambda a: implicit_root(lambda x, a: x * x - a, newton)(1.0, a), (2.0,)),
        (lambda a: fori_loop(0, 5, lambda i, x: al.sin(a * x), 0.5), (1.2,)),
        (lambda x: al.largest([x * x, x]) + x, (2.0,)),
    ],
    ids=["compiled", "module", "a gradient", "root", "loop", "largest"],
)
def test_what_is_differentiable_twice_passes(function, args):
    report = check_grad(function, *args, order=2)
    assert report.compared
    assert report.excluded == ()


def test_all_is_as_it_was_once_the_check_is_over():
    x, w = Value(0.5), Value(3.0)
    x.grad, w.grad = 7.0, 8.0
    check_grad(lambda x: al.sin(x) * w, x, order=2)
    assert (x.data, x.grad, w.data, w.grad) == (0.5, 7.0, 3.0, 8.0)


# ------------------------------------------------------------------------------ what it finds


def test_the_message_says_all_there_is_to_know():
    with pytest.raises(GradientError) as caught:
        check_grad(lambda x, y: sine_of_lost_slope(x) * y, 0.5, 2.0, order=2)
    error = caught.value
    message = str(error)
    assert message.startswith("wrong derivative d (d <lambda> / d x) / d x\n")
    assert "forward over reverse         0.0" in message
    assert error.reverse == 0.0
    assert error.differences == pytest.approx(-2 * math.sin(0.5))
    assert f"differences of the gradient  {error.differences!r} ± " in message
    assert "first apart at               the leaf 0.5\n" in message
    assert "its number follows the input with the slope 1: something read .data" in message
    assert ", order=2)" in error.reproduction
    assert (error.output, error.by) == ("(d <lambda> / d x)", "x")


def test_a_gradient_that_is_a_mere_number_is_told():
    @operation(lambda x, out: math.cos(x.data if isinstance(x, Value) else x))
    def sine(x):
        return math.sin(x)

    with pytest.raises(GradientError, match="the gradient, a number to which no input leads"):
        check_grad(sine, 0.5, order=2)


def test_the_reproduction_is_of_the_function_and_not_of_its_gradient():
    def local(x, y):
        return al.exp(sine_of_wrong_slope(x) * y)

    with pytest.raises(GradientError, match=r"first apart at +cosine_by_hand") as caught:
        check_grad(local, 0.5, 2.0, order=2)
    code = caught.value.reproduction
    assert "return n2" in code  # of sine, product and exp
    assert "cosine" not in code
    with pytest.raises(GradientError) as again:
        exec(code, {})
    assert again.value.reverse == caught.value.reverse


def test_the_first_order_is_checked_first():
    with pytest.raises(GradientError, match="wrong derivative d <lambda> / d x\n"):
        check_grad(lambda x: x * x.data, 0.5, order=2)


@pytest.mark.parametrize("mode", [second.FORWARD, second.REVERSE, second.BACKWARD])
@pytest.mark.parametrize("mistake", [lambda d: -d, lambda d: 2 * d, lambda d: d + 1e-3])
def test_a_mistake_in_one_mode_is_found(monkeypatch, mode, mistake):
    right = second.SecondOrder._products

    def products(self, of, gradient, line):
        found = right(self, of, gradient, line)
        return [mistake(d) for d in found] if of == mode else found

    monkeypatch.setattr(second.SecondOrder, "_products", products)
    with pytest.raises(GradientError, match=f"\n  {mode.replace('(', '.').replace(')', '.')}  "):
        check_grad(f, 0.5, 2.0, order=2)


def test_a_mistake_of_mixed_derivatives_alone_is_found():
    """The partial with respect to x forgets that it depends on y."""

    @operation(lambda x, y, out: (fixed(y), x))
    def product(x, y):
        return x * y

    with pytest.raises(GradientError, match=r"d \(d product / d x\) / d y|d \(d product / d y\)"):
        check_grad(product, 2.0, 3.0, order=2)


def test_a_wrong_node_within_a_larger_graph_is_named():
    with pytest.raises(GradientError) as caught:
        check_grad(lambda x, y: al.exp(sine_of_lost_slope(al.tanh(x))) * y, 0.5, 2.0, order=2)
    assert caught.value.node.is_leaf  # to which the operand was cut
    assert caught.value.node.data == math.tanh(0.5)


# --------------------------------------------------------------------------- what it cannot do


def test_kinks_are_excluded_as_at_first_order():
    report = check_grad(lambda x, y: al.relu(x) * y, 0.0, 2.0, order=2)
    reasons = {(e.output, e.by): e.reason for e in report.excluded}
    assert reasons == {
        ("<lambda>", "x"): "kink",
        ("(d <lambda> / d x)", "x"): "kink",  # a step of the gradient
        ("(d <lambda> / d y)", "x"): "kink",
    }
    report = check_grad(lambda x: al.elu(x), 0.0, order=2)  # whose gradient has a kink alone
    assert [(e.output, e.reason) for e in report.excluded] == [("(d <lambda> / d x)", "kink")]


def test_where_the_gradient_is_infinite_nothing_is_compared():
    report = check_grad(al.sqrt, 0.0, order=2)
    assert [(e.output, e.reason) for e in report.excluded] == [("(d sqrt / d x)", "not finite")]


@pytest.mark.parametrize(
    ("function", "match"),
    [
        (by_hand(math.sin, math.cos), "made by hand, and its _backward gives numbers only"),
        (sine_of_floats, "sine_of_floats: its partials have no derivative.*exp for math.exp"),
    ],
)
def test_what_is_not_differentiable_twice_says_what_to_write(function, match):
    assert check_grad(function, 0.5).compared == 1
    with pytest.raises(TypeError, match=match):
        check_grad(function, 0.5, order=2)


@pytest.mark.parametrize("order", [0, 3, "2", None])
def test_other_orders_are_refused(order):
    with pytest.raises(ValueError, match="order is 1 or 2, not"):
        check_grad(f, 0.5, 2.0, order=order)


def test_a_gradient_of_another_library_has_no_second_order():
    with pytest.raises(ValueError, match="check grad as a function of its own"):
        check_grad(math.sin, 0.5, grad=math.cos, order=2)


# ---------------------------------------------------------------------------------- properties


@given_gradcheck((-2.0, 2.0), (0.5, 2.0), order=2)
def test_a_property_of_second_order(x, y):
    return al.tanh(x * y) / y


def test_a_property_that_fails():
    @settings(phases=[Phase.generate], deadline=None)
    @given_gradcheck((-2.0, 2.0), order=2)
    def lost(x):
        return sine_of_lost_slope(x)

    with pytest.raises(GradientError, match=r"d \(d lost / d x\) / d x"):
        lost()
