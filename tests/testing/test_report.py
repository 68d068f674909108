"""The outcome of a check as text, and its error, which travels to other processes."""

import pickle

import pytest

from autograd_lite import Value, operation
from autograd_lite.testing import Exclusion, GradientError, Report, check_grad

KINK = Exclusion("f", "x", "kink", 1.0, -1.0, 1.0)
INFINITE = Exclusion("f", "y", "infinite", 2.0, float("inf"), 3.0)


def test_the_text_of_a_report():
    assert str(Report(3, 0, 1.2e-9, ())) == "3 derivatives compared; worst relative error 1.2e-09"
    assert str(Report(3, 2, 0.0, (KINK,))).splitlines() == [
        "3 derivatives compared, 2 of them below tol_min; worst relative error 0.0e+00",
        "1 not compared:",
        "  d f / d x: kink, slope -1 from the left and 1 from the right; the gradient says 1",
    ]


def test_kinks_are_some_of_what_was_not_compared():
    assert Report(0, 0, 0.0, (INFINITE, KINK)).kinks == (KINK,)


@operation(lambda x, out: 3.0)
def tripled(x):
    return 2 * x


def test_an_error_comes_back_from_another_process():
    with pytest.raises(GradientError) as caught:
        check_grad(lambda x: tripled(x) + 1, Value(2.0))
    error = pickle.loads(pickle.dumps(caught.value))
    assert str(error) == str(caught.value)
    assert error.reproduction == caught.value.reproduction
    assert (error.reverse, error.by) == (3.0, "x")
    assert error.differences == pytest.approx(2.0)
    assert error.node._op == "tripled"
    assert error.place is error.fault
