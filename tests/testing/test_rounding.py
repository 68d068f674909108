"""Where terms cancel, what is left of a gradient is rounding: no reason to call it wrong."""

import math
from fractions import Fraction

import pytest

import autograd_lite as al
from autograd_lite import Value, dot, mean, norm
from autograd_lite.testing import GradientError, check_grad
from autograd_lite.testing.differences import DOUBT
from autograd_lite.testing.rounding import blur_of_gradient, blur_of_value
from tests.testing.cancelling import KINDS, caught, false_alarms, program

EPSILON = 2.0**-52


def unit_along(xs):
    return dot(xs, [1.0, 2.0]) / norm(xs)


def cosine(a, b):
    return dot(a, b) / (norm(a) * norm(b))


def variance(xs):
    return mean([x * x for x in xs]) - mean(xs) ** 2


CANCELLING = [
    (unit_along, [1e-8, 2e-8]),
    (cosine, [1e-6, 2e-6, 3e-6], [1e-6, 2e-6, 3e-6]),
    (variance, [1e6, 1e6 + 1e-6, 1e6 - 1e-6]),
]


@pytest.mark.parametrize(("f", "args"), [(f, args) for f, *args in CANCELLING])
def test_a_right_gradient_passes(f, args):
    check_grad(f, *args)
    check_grad(al.compile(f), *args)


@pytest.mark.parametrize(
    ("f", "args"),
    [
        (unit_along, ([1e-8, 3e-8],)),
        (cosine, ([1e-6, 2e-6, 3e-6], [1e-6, 2e-6, 3.1e-6])),
        (variance, ([1e6, 1e6 + 1, 1e6 - 2],)),
    ],
)
def test_a_backward_that_ignores_its_gradient_fails_there_too(f, args):
    def wrong(*xs):
        y = f(*xs)
        out = Value(y.data, (y,), "wrong")

        def backward():
            y.grad += 1.0

        out._backward = backward
        return out

    with pytest.raises(GradientError, match="own gradient is -1024"):
        check_grad(wrong, *args)


def test_terms_that_cancel_within_a_node_made_by_hand():
    def variance_by_hand(xs):
        n, middle = len(xs), sum(x.data for x in xs) / len(xs)
        out = Value(sum(x.data * x.data for x in xs) / n - middle**2, xs, "variance")

        def backward():
            for x in xs:
                x.grad += 2 * x.data / n * out.grad
                x.grad -= 2 * middle / n * out.grad

        out._backward = backward
        return out

    for k in range(20):
        at = [1e6 + k, 1e6 + 1e-6 * k, 1e6 - 1e-6]
        check_grad(variance_by_hand, at)


def test_there_are_hardly_any_false_alarms():
    """`python tests/testing/cancelling.py` looks at 100,000 programs."""
    assert {program(seed)[0] for seed in range(300)} == {kind.__name__ for kind in KINDS}
    assert false_alarms(range(300)) == []


def test_small_mistakes_are_caught():
    programs = [program(seed)[1:] for seed in range(40)]
    assert sum(caught(*f_and_args, by=2.0**-17) for f_and_args in programs) >= 14
    assert sum(caught(*f_and_args, by=2.0**-7) for f_and_args in programs) >= 20


@pytest.mark.parametrize("seed", range(60))
def test_the_blur_of_a_gradient_covers_its_error(seed):
    """The recorded partials are multiplied and added up without rounding, to compare."""
    _, f, args = program(seed)
    root = al.sum(y if isinstance(y := f(*valued(args)), list) else [y])
    root.backward()
    order = al.topological_order(root)
    exact = dict.fromkeys(order, Fraction(0))
    exact[root] = Fraction(1)
    for node in order:
        for parent, partial in zip(node.parents, node.partials, strict=True):
            exact[parent] += exact[node] * Fraction(partial)
    blurs = blur_of_gradient(root, EPSILON)
    for node in order:
        if not node.is_constant:
            assert abs(Fraction(node.grad) - exact[node]) <= int(DOUBT) * Fraction(blurs[node])


def valued(args):
    return [[Value(x) for x in arg] if isinstance(arg, list) else Value(arg) for arg in args]


def test_the_blur_of_a_gradient_is_no_wild_guess():
    x, y = Value(0.3), Value(2.0)
    blurs = blur_of_gradient(al.tanh(x * y) + x, EPSILON)
    assert 0 < blurs[x] < 10 * EPSILON
    assert 0.5e8 * EPSILON < blur_of_gradient(x * 1e8 - x * 1e8, EPSILON)[x] < 4e8 * EPSILON


def telescope(x, depth):
    """x, by terms that cancel, within terms that cancel, and so on."""
    for _ in range(depth):
        x = x * 1e6 - x * 1e6 + x
    return x


def test_what_terms_share_does_not_blur_their_difference():
    x = Value(0.3)
    for depth in range(1, 5):
        assert blur_of_gradient(telescope(x, depth), EPSILON)[x] < 2e7 * EPSILON


@pytest.mark.parametrize("depth", [1, 2, 3, 4])
def test_a_backward_that_overwrites_fails_among_terms_that_cancel(depth):
    def overwriting(x):
        out = Value(math.sin(x.data), (x,), "sine")

        def backward():
            x.grad = math.cos(x.data) * out.grad

        out._backward = backward
        return out

    with pytest.raises(GradientError, match="used twice"):
        check_grad(lambda x: telescope(overwriting(x), depth), 0.3)
    check_grad(lambda x: telescope(x.sin(), depth), 0.3)


def test_what_is_rounded_in_a_sum_is_its_terms():
    x = Value(0.3)
    for root in (al.sum([x, 1e8, -1e8]), dot([x, 1e8, x], [1.0, 1.0, -1.0]) - 1e8):
        root.backward()
        assert 1e7 * EPSILON < blur_of_value(al.topological_order(root), EPSILON) < 1e9 * EPSILON


def test_a_derivative_that_is_noise_is_unclear():
    """Of (x - mean)² at numbers that share their first digits; nothing tells -0.98 from -1.08."""

    def f(xs):
        middle = mean(xs)
        return (1.69 * (xs[0] - middle) + 1.8 * (xs[1] - middle) + 0.43 * (xs[2] - middle)) ** 2

    at = [35242810.48805821, 35242810.48805757, 35242810.48805768]
    reasons = {exclusion.reason for exclusion in check_grad(f, at).excluded}
    assert reasons <= {"unclear"}
    with pytest.raises(GradientError):
        check_grad(lambda xs: by_factor(f(xs), 10.0), at)


QUOTIENTS = {
    "cos": lambda x: (1 - al.cos(x)) / (x * x),
    "exp": lambda x: (al.exp(x) - 1) / x,
    "sqrt": lambda x: (al.sqrt(1 + x) - 1) / x,
    "log": lambda x: al.log(1 + x) / x,
    "square": lambda x: ((1 + x) ** 2 - 1) / x,
    "sinh": lambda x: (al.exp(x) - al.exp(-x)) / (2 * x),
}


@pytest.mark.parametrize("name", QUOTIENTS)
def test_a_quotient_of_differences_near_0_is_no_false_alarm(name):
    """Numbers near 1 lose the digits of x, and the next floats of x do not show it."""
    f = QUOTIENTS[name]
    for k in range(30):
        check_grad(f, 10.0 ** (-k / 4) * 0.77)
    with pytest.raises(GradientError):
        check_grad(lambda x: by_factor(f(x), 1.01), 0.3)


def by_factor(y, factor):
    out = Value(y.data, (y,), "off")

    def backward():
        y.grad += factor * out.grad

    out._backward = backward
    return out


@pytest.mark.parametrize("seed", [1787, 2769, 3073, 3086, 3831, 4288])
def test_an_input_far_below_the_steps_has_a_scale_of_its_own(seed):
    """From afar a cosine is a step from -1 to 1: an infinite slope, or noise of the size 1."""
    assert program(seed)[0] == "cosine"
    assert false_alarms(range(seed, seed + 1)) == []
