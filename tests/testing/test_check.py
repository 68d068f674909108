"""What check_grad finds, and what it tells."""

import math
import pickle

import pytest

import autograd_lite as al
from autograd_lite import Value
from autograd_lite.graph import cotangents, topological_order
from autograd_lite.testing import GradientError, check_grad
from tests.support.mistakes import by_hand, wrong


def slope_of(f, x):
    v = Value(x)
    f(v).backward()
    return v.grad


def test_the_message_says_all_there_is_to_know():
    with pytest.raises(GradientError) as caught:
        check_grad(lambda x, y: al.exp(wrong(x) * y) + y, 0.5, 2.0)
    error = caught.value
    message = str(error)
    assert message.startswith("wrong derivative d <lambda> / d x\n")
    assert "test_check.py" in message
    assert "x = 0.5, y = 2.0" in message
    assert error.reverse == pytest.approx(3 * math.exp(0.5))
    assert f"reverse mode    {error.reverse!r}" in message
    assert error.differences == pytest.approx(2 * math.exp(0.5))
    assert f"differences     {error.differences!r} ± " in message
    assert "relative error  0.4" in message
    assert "first apart at  wrong(x = 0.5) = 0.25" in message
    assert "its slope is 1, but 1.5 by its partial derivatives (1.5)" in message
    assert "To reproduce:" in message
    assert (error.output, error.by) == ("<lambda>", "x")
    assert error.fault.node._op == "wrong"


def test_a_gradient_lost_through_data_is_found():
    with pytest.raises(GradientError, match=r"something read \.data"):
        check_grad(lambda x: x * al.exp(x.data), 0.5)
    with pytest.raises(GradientError, match="a number that carries no gradient"):
        check_grad(lambda x: x.data**2, 0.5)


def test_the_source_of_nan_is_found():
    with pytest.raises(GradientError, match=r"sqrt\(0.0\) = 0.0\n +its partial derivatives are "):
        check_grad(lambda x: (x * 0).sqrt(), 0.5)


def test_a_gradient_of_0_that_meets_an_infinite_slope_is_found():
    """acosh(x)² has the slope 2 at 1, but 0 times infinity counts as 0."""
    with pytest.raises(GradientError, match="as its own gradient is 0, it sends 0") as caught:
        check_grad(lambda x: al.acosh(x) ** 2, 1.0)
    assert caught.value.fault.node._op == "acosh"


def test_inputs_of_very_different_size_have_a_direction_in_common():
    report = check_grad(lambda x, y: al.log(x) * y, 1.5e-4, 2387.0)
    assert (report.compared, report.excluded) == (4, ())


def test_a_function_that_branches_is_checked_though_no_node_is_named():
    def f(x):
        return wrong(x) if x.data > 0.5 else x * x

    with pytest.raises(GradientError) as caught:
        check_grad(lambda x: f(x) * 1.0 + 0.1 * abs(x - 0.7), 0.7 + 1e-3)
    assert caught.value.fault.node._op == "wrong"
    with pytest.raises(GradientError) as caught:
        check_grad(lambda x: wrong(x) if x.data > 0.5 else x * 0.0 + wrong(x), 0.5)
    assert caught.value.fault is None


def test_one_of_many_inputs_is_named_without_the_others():
    def f(xs):
        return al.sum(xs) + wrong(xs[17])

    with pytest.raises(GradientError, match=r"input +xs\[17\] = 1.0, and 29 more\n"):
        check_grad(f, [1.0] * 30)


def test_an_error_comes_back_from_another_process():
    with pytest.raises(GradientError) as info:
        check_grad(lambda x: (x * 0).sqrt(), 0.5)
    twin = pickle.loads(pickle.dumps(info.value))
    assert str(twin) == str(info.value)
    assert twin.node._op == info.value.node._op == "sqrt"
    assert twin.node in al.topological_order(twin.root)


def test_an_error_is_an_assertion_error():
    assert issubclass(GradientError, AssertionError)


@pytest.mark.parametrize(
    "factor",
    [
        lambda g: 1.0,
        abs,
        lambda g: g * g,
        lambda g: g if g > 0 else 0.0,
        lambda g: max(-1.0, min(1.0, g)),
    ],
)
def test_a_backward_that_is_not_linear_in_the_gradient_it_gets_fails(factor):
    def square(x):
        out = Value(x.data**2, (x,), "square")

        def backward():
            x.grad += 2 * x.data * factor(out.grad)

        out._backward = backward
        return out

    with pytest.raises(GradientError, match=r"must multiply by out\.grad") as caught:
        check_grad(square, 1.5)
    assert caught.value.fault.node.data == 1.5
    assert "when the result's own gradient is -1024" in str(caught.value)
    with pytest.raises(GradientError):
        check_grad(lambda x: [square(x), square(x + 1.0)], 1.5)


def test_an_assignment_to_the_gradient_of_an_inner_node_fails():
    def square(x):
        out = Value(x.data**2, (x,), "square")

        def backward():
            x.grad = 2 * x.data * out.grad

        out._backward = backward
        return out

    with pytest.raises(GradientError, match="made by hand has another user") as caught:
        check_grad(lambda x: 3 * square(al.tanh(x)), 0.5)
    assert caught.value.fault.node._op == "tanh"
    assert check_grad(lambda x: by_hand(math.sin, math.cos)(al.tanh(x)), 0.5).compared == 1


def test_rounding_of_a_large_result_does_not_excuse_a_wrong_gradient():
    with pytest.raises(GradientError):
        check_grad(by_hand(al.exp, lambda x: 1.01 * math.exp(x)), 600.0)
    assert check_grad(al.exp, 600.0).compared == 1


def test_the_smallest_input_has_steps():
    assert check_grad(al.sqrt, 5e-324).excluded[0].reason == "infinite"


@pytest.mark.parametrize(
    ("f", "x"),
    [
        (al.sin, 1e12),
        (al.sin, 1e15),
        (lambda x: al.cos(1 / x), 1e-7),
        (lambda x: al.sigmoid((x - 1) * 1e12), 1.0),
    ],
)
def test_steps_too_coarse_for_the_function_are_no_evidence(f, x):
    (exclusion,) = check_grad(f, x).excluded
    assert exclusion.reason == "unclear"
    for factor in (-1.0, 3.0, 100.0):
        with pytest.raises(GradientError):
            check_grad(f, x, grad=lambda x, by=factor: by * slope_of(f, x))


def test_the_last_float_before_a_pole_is_a_step():
    assert len(check_grad(al.atanh, 1 - 1e-16).kinks) == 1


@pytest.mark.parametrize("f", [lambda x: al.sqrt(abs(x)), lambda x: al.sqrt(x * x)])
def test_nan_at_a_kink_fails(f):
    with pytest.raises(GradientError):
        check_grad(f, 0.0)


@pytest.mark.parametrize("number", [-0.1, 1.1, -math.inf, math.inf, math.nan])
def test_a_gradient_at_a_kink_lies_between_its_sides(number):
    with pytest.raises(GradientError):
        check_grad(by_hand(al.relu, lambda x: number), 0.0)
    for inside in (0.0, 0.3, 1.0):
        assert len(check_grad(by_hand(al.relu, lambda x, inside=inside: inside), 0.0).kinks) == 1


def test_a_cusp_is_a_kink():
    cusp = by_hand(lambda x: al.sqrt(abs(x)), lambda x: 0.0)
    assert len(check_grad(cusp, 0.0).kinks) == 1


def test_nan_at_a_step_fails():
    with pytest.raises(GradientError):
        check_grad(by_hand(al.sign, lambda x: math.nan), 0.0)


@pytest.mark.parametrize("error", [ValueError, ZeroDivisionError])
def test_a_function_that_refuses_an_input_nearby_still_gets_its_report(error):
    def f(x):
        if x.data <= 1.0 - 1e-9:
            raise error("outside of the domain")
        return wrong(x)

    v = Value(1.0)
    with pytest.raises(GradientError) as caught:
        check_grad(f, v)
    assert caught.value.root.data == 1.0
    assert (v.data, v.grad) == (1.0, 0.0)


def test_the_node_within_a_compiled_function_is_named():
    @al.operation(lambda x, out: 3 * x)
    def tripled(x):
        return x * x

    def f(x):
        return al.exp(tripled(x)) * x

    compiled = al.compile(f)
    with pytest.raises(GradientError, match="f, compiled") as caught:
        check_grad(compiled, 0.5)
    assert caught.value.fault.node.rule.name == "tripled"


def test_looking_at_a_replayed_result_leaves_nothing_behind():
    f = al.compile(lambda x, y: (x * y, x + y))
    x, y = Value(2.0), Value(3.0)
    f(x, y)
    product, total = f(x, y)
    assert cotangents(topological_order(product * total))[x] == 21.0
    total.backward()
    assert (x.grad, y.grad) == (1.0, 1.0)
