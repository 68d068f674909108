"""What check_grad finds, and what it tells."""

import math
import pickle

import pytest

import autograd_lite as al
from autograd_lite.testing import GradientError, check_grad
from tests.support.mistakes import wrong


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
