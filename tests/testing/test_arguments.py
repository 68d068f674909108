"""What check_grad takes: the numbers within arguments."""

import math
import random
from collections import namedtuple

import pytest

import autograd_lite as al
import nn
from autograd_lite import Value
from autograd_lite.testing import GradientError, check_grad
from tests.support.mistakes import by_hand, wrong

Pair = namedtuple("Pair", "left right")
CYCLE = [1.0]
CYCLE.append(CYCLE)


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
