"""What the comparison of a derivative with slopes makes of steps, kinks, noise and scales."""

import math

import pytest

import autograd_lite as al
from autograd_lite import Value
from autograd_lite.testing import GradientError, check_grad
from tests.support.mistakes import by_hand


def slope_of(f, x):
    v = Value(x)
    f(v).backward()
    return v.grad


def test_inputs_of_very_different_size_have_a_direction_in_common():
    report = check_grad(lambda x, y: al.log(x) * y, 1.5e-4, 2387.0)
    assert (report.compared, report.excluded) == (4, ())


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


def test_where_two_kinks_meet_the_derivative_may_take_each_from_another_side():
    def apart(x, y):
        return 0.5 * al.relu(-0.7 * x + y) - 0.5 * al.relu(0.6 * x)

    report = check_grad(apart, 0.0, 0.0)
    assert {exclusion.by for exclusion in report.kinks} >= {"x"}


@pytest.mark.parametrize("number", [0.2, -1.0, math.inf, math.nan])
def test_where_two_kinks_meet_a_derivative_of_no_side_fails(number):
    def apart(x, y):
        return 0.5 * al.relu(-0.7 * x + y) - 0.5 * al.relu(0.6 * x)

    def gradient(x, y):
        return number, 0.0

    with pytest.raises(GradientError):
        check_grad(apart, 0.0, 0.0, grad=gradient)


def test_a_cusp_is_a_kink():
    cusp = by_hand(lambda x: al.sqrt(abs(x)), lambda x: 0.0)
    assert len(check_grad(cusp, 0.0).kinks) == 1


def test_nan_at_a_step_fails():
    with pytest.raises(GradientError):
        check_grad(by_hand(al.sign, lambda x: math.nan), 0.0)
