"""Kinks, steps and infinite slopes as differences see them, and how exact these are."""

import math
import struct

import pytest

import autograd_lite as al
import nn
from autograd_lite import Value
from autograd_lite.testing import GradientError, check_grad
from tests.support.mistakes import by_hand, wrong


@pytest.mark.parametrize(
    ("f", "args", "left", "right"),
    [
        (abs, (0.0,), -1, 1),
        (al.relu, (0.0,), 0, 1),
        (lambda x: al.relu(x - 1e5), (1e5,), 0, 1),
        (lambda x: abs(x) * 0.01 + x, (0.0,), 0.99, 1.01),
        (lambda x: al.maximum(x, 2 * x), (0.0,), 1, 2),
    ],
)
def test_a_kink_is_reported_and_not_failed(f, args, left, right):
    report = check_grad(f, *args)
    (kink,) = report.kinks
    assert report.excluded == report.kinks
    assert report.compared == 0
    assert kink.by in ("x", "xs[0]")  # the latter of relu, which takes any number of operands
    assert (kink.left, kink.right) == (pytest.approx(left), pytest.approx(right))
    assert "kink" in str(report)


def single(x):
    """x in single precision."""
    return struct.unpack("f", struct.pack("f", x))[0]


NOISY = {
    "a difference of large numbers": (lambda x: (math.sin(x) + 1e8) - 1e8, math.cos),
    "single precision within": (lambda x: single(math.sin(single(x))), math.cos),
    "a variance by the mean of squares": (
        lambda x: ((x + 1e5) ** 2 + 1e10) / 2 - ((x + 2e5) / 2) ** 2,
        lambda x: x / 2,
    ),
    "rounded to 6 decimals": (lambda x: round(math.sin(x), 6), math.cos),
}  # fmt: skip


@pytest.mark.parametrize(("f", "slope"), NOISY.values(), ids=NOISY)
def test_noise_that_no_graph_tells_of_is_measured(f, slope):
    """The right gradient is at worst unclear, and never a kink; a wrong one fails nevertheless."""
    for k in range(20):
        x = 0.01 + 0.04 * k
        assert check_grad(by_hand(f, slope), x).kinks == ()
        assert check_grad(f, x, grad=slope).kinks == ()
        for factor in (0.0, 2.0):
            with pytest.raises(GradientError):
                check_grad(by_hand(f, lambda x, by=factor: by * slope(x)), x)


def test_a_kink_that_noise_hides_is_unclear():
    (exclusion,) = check_grad(lambda x: (abs(x) + 1e8) - 1e8, 0.0, grad=lambda x: 0.0).excluded
    assert exclusion.reason == "unclear"


@pytest.mark.parametrize("f", [al.floor, al.sign])
def test_a_step_is_reported(f):
    report = check_grad(f, 0.0)
    assert (report.compared, len(report.kinks)) == (0, 1)


NEAR_KINKS = [abs, al.relu, lambda x: al.maximum(x, -x), lambda x: al.sqrt(x * x)]


@pytest.mark.parametrize("x", [-1e-2, 1e-4, -1e-4, 1e-6, -1e-6, 1e-8, -1e-8])
@pytest.mark.parametrize("f", NEAR_KINKS)
def test_a_kink_nearby_is_no_kink(f, x):
    report = check_grad(f, x)
    assert (report.compared, report.excluded) == (1, ())
    for other in (-3.0, 0.5, 5.0):
        with pytest.raises(GradientError):
            check_grad(f, x, grad=lambda x, by=other: by)


@pytest.mark.parametrize("x", [1e-10, -1e-10, 1e-12, -1e-15, 1e-100])
@pytest.mark.parametrize("f", NEAR_KINKS)
def test_a_kink_that_no_step_sees_past_is_one(f, x):
    report = check_grad(f, x)
    assert (report.compared, len(report.kinks)) == (0, 1)
    for other in (-3.0, 5.0):
        with pytest.raises(GradientError):
            check_grad(f, x, grad=lambda x, by=other: by)


def test_the_tie_of_two_inputs_is_a_kink_by_both():
    report = check_grad(al.maximum, 1.0, 1.0)
    assert (report.compared, len(report.kinks)) == (0, 2)
    assert check_grad(lambda x: al.maximum(x, x), 1.0).compared == 1


@pytest.mark.parametrize("f", [al.sqrt, al.cbrt])
def test_an_infinite_slope_matches_infinity(f):
    assert check_grad(f, 0.0).compared == 1


@pytest.mark.parametrize("number", [0.0, 1.0, -math.inf, math.nan])
def test_an_infinite_slope_matches_nothing_else(number):
    with pytest.raises(GradientError):
        check_grad(by_hand(al.sqrt, lambda x: number), 0.0)


@pytest.mark.parametrize("number", [math.inf, -math.inf, math.nan])
def test_a_slope_that_is_a_number_matches_no_nan_and_no_infinity(number):
    with pytest.raises(GradientError):
        check_grad(by_hand(al.sin, lambda x: number), 1.0)


def test_a_steep_slope_is_not_taken_for_infinity():
    report = check_grad(lambda x: x**0.3, 1e-30)
    assert [e.reason for e in report.excluded] in ([], ["infinite"])
    assert check_grad(lambda x: al.tanh(1e6 * x), 1e-9).compared == 1


def test_one_side_is_enough_at_the_edge_of_a_domain():
    assert check_grad(lambda x: x**2.5, 0.0).compared == 1
    assert check_grad(al.asin, 1.0 - 1e-7).compared == 1
    with pytest.raises(GradientError):
        check_grad(by_hand(lambda x: al.pow(x, 1.5), lambda x: 0.1), 0.0)


@pytest.mark.parametrize(("f", "x"), [(al.log, 0.0), (al.log, -1.0), (al.exp, 1000.0),
                                      (al.tanh, math.inf), (lambda x: x, math.nan)])  # fmt: skip
def test_where_something_is_not_finite_nothing_is_compared(f, x):
    (exclusion,) = check_grad(lambda x, one: [f(x), one], x, 1.0).excluded[:1]
    assert exclusion.reason == "not finite"
    with pytest.raises(ValueError, match=r"nothing could be compared, as .* is not finite"):
        check_grad(f, x)


def test_a_function_that_refuses_every_neighbour_is_not_checked():
    def f(x):
        if x.data != 0.5:
            raise ValueError("a bug")
        return wrong(x)

    with pytest.raises(ValueError, match="nothing could be compared") as caught:
        check_grad(f, 0.5)
    assert str(caught.value.__cause__) == "a bug"


def test_a_function_that_refuses_its_input_has_an_edge_there():
    report = check_grad(math.sqrt, 0.0, grad=lambda x: math.inf)
    assert report.compared == 1
    with pytest.raises(ValueError, match="math domain error"):
        check_grad(math.sqrt, -1.0, grad=lambda x: 0.0)


@pytest.mark.parametrize(
    ("f", "x"),
    [
        (lambda x: (x + 1e8) - 1e8, 0.3),  # rounded to 1e-8
        (lambda x: 1e6 + 1e-3 * x, 0.3),
        (lambda x: al.sin(1e6 * x), 0.3),
        (lambda x: al.exp(50 * x), 3.0),
        (lambda x: al.log(x), 1e-5),
        (lambda x: x**2, 1e9),
        (lambda x: 1 / x, 1e-4),
        (lambda x: 1 - al.cos(x), 1e-3),
        (lambda x: al.lgamma(x), 50.0),
    ],
)
def test_differences_are_as_exact_as_they_need_to_be(f, x):
    report = check_grad(f, x)
    assert (report.compared, report.excluded) == (1, ())
    for factor in (1.001, 0.5, -1.0):
        with pytest.raises(GradientError):
            check_grad(f, x, grad=lambda x, factor=factor: factor * slope_of(f, x))


def slope_of(f, x):
    v = Value(x)
    f(v).backward()
    return v.grad


def test_a_slope_below_tol_min_is_counted_as_tiny():
    report = check_grad(lambda x: 1e-12 * x, 1.0)
    assert (report.compared, report.tiny) == (1, 1)
    assert "1 of them below tol_min" in str(report)
    with pytest.raises(GradientError):
        check_grad(lambda x: 1e-12 * wrong(x), 1.0, tol_min=0.0)


def test_the_tolerance_is_relative_to_the_average():
    off = lambda x: 1.001 * 2 * x  # noqa: E731
    square = lambda x: x * x  # noqa: E731
    with pytest.raises(GradientError):
        check_grad(square, 3.0, grad=off)
    assert check_grad(square, 3.0, grad=off, tol_rel=1e-2).compared == 1
    assert check_grad(square, 3.0, grad=off, tol_min=1e-1).compared == 1


def test_a_direction_sees_what_the_seed_says():
    seen = []

    def f(x, y):
        seen.append((x.data, y.data))
        return x * y

    check_grad(f, 1.0, 2.0)
    first, seen[:] = list(seen), []
    check_grad(f, 1.0, 2.0)
    again, seen[:] = list(seen), []
    check_grad(f, 1.0, 2.0, seed=1)
    assert first == again != seen
    seen.clear()
    check_grad(f, 1.0, 2.0, directions=0)
    assert all(x == 1.0 or y == 2.0 for x, y in seen)


def test_directions_alone_find_a_wrong_gradient():
    model = nn.MLP(4, [5, 1], activation="tanh", rng=0)
    assert check_grad(model, [0.1] * 4, coordinates=False).compared == 2
    assert check_grad(al.sin, 1.0, coordinates=False, directions=3).compared == 3
    with pytest.raises(GradientError, match="/ d direction 0\n") as caught:
        check_grad(lambda m, x: wrong(m(x)), model, [0.1] * 4, coordinates=False)
    assert caught.value.fault.node._op == "wrong"
    with pytest.raises(ValueError, match="it needs directions of 1 or more"):
        check_grad(al.sin, 1.0, coordinates=False, directions=0)


def test_a_parameter_is_written_only_when_it_moves():
    writes = []

    class Watched(Value):
        @property
        def data(self):
            return Value.data.__get__(self)

        @data.setter
        def data(self, number):
            writes.append(number)
            Value.data.__set__(self, number)

    inputs = [Watched(float(i)) for i in range(20)]
    calls = []
    check_grad(lambda xs: calls.append(1) or al.norm(xs), inputs, directions=0)
    assert len(writes) < 3 * len(calls)
