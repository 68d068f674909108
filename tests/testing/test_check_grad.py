"""What check_grad takes, what it finds, and what it tells."""

import math
import pickle
import random
import struct
from collections import namedtuple

import pytest

import autograd_lite as al
import nn
from autograd_lite import Value
from autograd_lite.graph import cotangents, topological_order
from autograd_lite.testing import GradientError, check_grad

Pair = namedtuple("Pair", "left right")

CYCLE = [1.0]
CYCLE.append(CYCLE)


def wrong(x):
    """x², with the derivative 3x."""
    out = Value(x.data**2, (x,), "wrong")

    def backward():
        x.grad += 3 * x.data * out.grad

    out._backward = backward
    return out


# ---------------------------------------------------------------------- what it is given


@pytest.mark.parametrize(
    ("f", "args", "compared"),
    [
        (lambda x: x.exp(), (0.5,), 1),
        (lambda x, y: x * y, (0.5, 2.0), 2 + 2),  # coordinates and directions
        (lambda xs: al.norm(xs), ([1.0, 2.0, 3.0],), 3 + 2),
        (lambda d: d["w"][0] * d["w"][1] + d["b"], ({"w": (1.0, 2.0), "b": 3.0},), 3 + 2),
        (lambda pair: pair.left**2 * pair.right, (Pair(2.0, 3.0),), 2 + 2),
        (lambda x, n: x**n, (1.5, 3), 1),  # an int is no input
        (lambda x, name, flag: x * len(name), (1.5, "abc", True), 1),
        (lambda x: [x, [x * x, 2.0]], (1.5,), 3),  # every number of a nested result
        (lambda x: {"a": x, "b": x.sin()}, (1.5,), 2),
        (lambda v: v * v, (Value(1.5),), 1),
        (lambda x, y: x * y, (Value(1.5), 2.0), 2 + 2),
        (lambda x: 3.0 + 0 * x, (1.5,), 1),
    ],
)  # fmt: skip
def test_it_takes(f, args, compared):
    report = check_grad(f, *args)
    assert (report.compared, report.excluded) == (compared, ())


def test_one_value_given_twice_is_one_input():
    v = Value(1.5)
    assert check_grad(lambda x, y: x * y, v, v).compared == 1


def test_it_takes_numpy_arrays():
    numpy = pytest.importorskip("numpy")
    x, i = numpy.array([[1.0, 2.0], [3.0, 4.0]]), numpy.array([1, 0])
    assert check_grad(lambda x, i: numpy.sum(numpy.tanh(x[i] @ x)), x, i).compared == 4 + 2
    objects = numpy.array([Value(1.0), 2.0], dtype=object)
    assert check_grad(lambda x: x[0] * x[1], objects).compared == 2 + 2
    assert check_grad(lambda x: x * x, numpy.array([1.0, 2.0])).compared == 2 * (2 + 2)
    assert check_grad(lambda x: x * x, numpy.float64(2.0)).compared == 1


def test_an_array_of_low_precision_does_not_loosen_the_check_of_values():
    numpy = pytest.importorskip("numpy")
    off = by_hand(math.sin, lambda x: 1.0001 * math.cos(x))
    for dtype in ("float32", "float16", ">f4", ">f8"):
        x = numpy.array([0.5], dtype=dtype)
        assert check_grad(lambda x: al.sin(x[0]), x).compared == 1
        with pytest.raises(GradientError):
            check_grad(lambda x: off(x[0]), x)
    for scalar in (numpy.float32(0.5), numpy.array(0.5)):
        assert check_grad(al.sin, scalar).compared == 1
        with pytest.raises(GradientError):
            check_grad(off, scalar)


def test_numbers_that_cannot_be_checked_are_not_passed_over():
    numpy = pytest.importorskip("numpy")
    long = numpy.array([0.5], dtype=numpy.longdouble)
    for thing in (1j, numpy.complex64(1j), numpy.array([1j]), long, long[0]):
        with pytest.raises(TypeError, match=r"z\[0\] is of the type .* give it as float64"):
            check_grad(lambda x, z: x * x, 1.0, [thing])


def test_arguments_are_named_as_the_function_names_them():
    def f(a, *rest, scale=2.0):
        return a * wrong(rest[1]) * scale

    with pytest.raises(GradientError, match=r"d f / d rest\[1\]"):
        check_grad(f, 1.0, 2.0, 3.0)
    with pytest.raises(GradientError, match=r"input +args\[0\] = 3.0\n"):
        check_grad(math.hypot, 3.0, grad=lambda x: 2.0)


def test_a_module_need_not_have_a_state():
    class Bare:
        def __init__(self):
            self.p = Value(1.0)

        def named_parameters(self):
            return [("p", self.p)]

    model = nn.BatchNorm1d(1)
    before = model.state_dict()
    check_grad(lambda bare, m, x: m([[x], [bare.p]])[0][0], Bare(), model, 2.0)
    assert model.state_dict() == before


def test_a_module_is_checked_by_its_parameters_and_its_input():
    model = nn.MLP(2, [3, 1], activation="tanh", rng=0)
    assert check_grad(model, [1.0, 2.0]).compared == 13 + 2 + 2
    assert check_grad(lambda m, x: m(x) ** 2, model, [1, 2]).compared == 13 + 2


def test_a_wrong_derivative_within_a_module_is_named_by_its_parameter():
    class Model(nn.Module):
        def __init__(self):
            self.scales = [nn.Parameter(2.0), nn.Parameter(3.0)]

        def forward(self, x):
            return self.scales[0] * x + wrong(self.scales[1])

    with pytest.raises(GradientError) as caught:
        check_grad(Model(), 1.0)
    assert caught.value.by == "Model.scales[1]"


def test_all_is_as_it_was_once_the_check_is_over():
    model = nn.Sequential(nn.Linear(2, 2, rng=0), nn.BatchNorm1d(2))
    outside = Value(5.0)
    given = Value(1.5)
    values = [*model.parameters(), outside, given]
    for value in values:
        value.grad = 7.0
    before = [value.data for value in values], model.state_dict()
    f = lambda m, x: [wrong(given) * outside, *m([[x, 1.0], [2.0, x]])]  # noqa: E731
    with pytest.raises(GradientError):
        check_grad(lambda m, x, given: f(m, x), model, 1.5, given)
    assert ([value.data for value in values], model.state_dict()) == before
    assert {value.grad for value in values} == {7.0}


def test_an_exception_of_f_leaves_all_as_it_was():
    v = Value(1.5)

    def f(x):
        if x.data != 1.5:
            raise KeyError("away from home")
        return x * x

    with pytest.raises(KeyError):
        check_grad(f, v)
    assert (v.data, v.grad) == (1.5, 0.0)


@pytest.mark.parametrize(
    ("f", "args", "error", "match"),
    [
        (lambda n: n, (2,), ValueError, "write 2.0, not 2"),
        (lambda x: [], (2.0,), ValueError, "gives no number to differentiate"),
        (lambda x: x, (CYCLE,), ValueError, r"x\[1\] holds itself"),
        (lambda x: "text", (2.0,), TypeError, "must be a number or an array of them, not 'text'"),
        (lambda x: x, (Value(1.0) + 1,), ValueError, r"computed by '\+'; give x.detach\(\)"),
        (lambda x: x * random.random(), (2.0,), ValueError, "for the same input"),
    ],
)
def test_what_cannot_be_checked_is_named(f, args, error, match):
    with pytest.raises(error, match=match):
        check_grad(f, *args)


def test_a_result_that_changes_its_length_is_named():
    with pytest.raises(ValueError, match="gives 2 numbers, but 1 for an input nearby"):
        check_grad(lambda x: [x, x] if x.data == 1.0 else [x], 1.0)


# ------------------------------------------------------------------- kinks, nan, infinity


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
    for wrong in (-3.0, 0.5, 5.0):
        with pytest.raises(GradientError):
            check_grad(f, x, grad=lambda x, by=wrong: by)


@pytest.mark.parametrize("x", [1e-10, -1e-10, 1e-12, -1e-15, 1e-100])
@pytest.mark.parametrize("f", NEAR_KINKS)
def test_a_kink_that_no_step_sees_past_is_one(f, x):
    report = check_grad(f, x)
    assert (report.compared, len(report.kinks)) == (0, 1)
    for wrong in (-3.0, 5.0):
        with pytest.raises(GradientError):
            check_grad(f, x, grad=lambda x, by=wrong: by)


def test_the_tie_of_two_inputs_is_a_kink_by_both():
    report = check_grad(al.maximum, 1.0, 1.0)
    assert (report.compared, len(report.kinks)) == (0, 2)
    assert check_grad(lambda x: al.maximum(x, x), 1.0).compared == 1


@pytest.mark.parametrize("f", [al.sqrt, al.cbrt])
def test_an_infinite_slope_matches_infinity(f):
    assert check_grad(f, 0.0).compared == 1


def by_hand(function, slope):
    """An operation with this function of a float and this derivative."""

    def operate(x):
        out = Value(function(x.data), (x,), "made")

        def backward():
            x.grad += slope(x.data) * out.grad

        out._backward = backward
        return out

    return operate


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


# --------------------------------------------------------------- how exact the differences are


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


# ------------------------------------------------------------------------- what an error says


def test_the_message_says_all_there_is_to_know():
    with pytest.raises(GradientError) as caught:
        check_grad(lambda x, y: al.exp(wrong(x) * y) + y, 0.5, 2.0)
    error = caught.value
    message = str(error)
    assert message.startswith("wrong derivative d <lambda> / d x\n")
    assert "test_check_grad.py" in message
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
