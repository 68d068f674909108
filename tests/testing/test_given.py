"""`given_gradcheck` makes a test of whatever can be one, and says so where it cannot."""

import asyncio
import math
import unittest

import pytest
from hypothesis import Phase, example, given, seed, settings
from hypothesis import strategies as st
from hypothesis.errors import FailedHealthCheck

import autograd_lite as al
import nn
from autograd_lite import Value, log, operation
from autograd_lite.testing import GradientError, given_gradcheck
from nn.testing import modules

unshrunk = settings(phases=[Phase.generate], deadline=None)
"""For what is to fail: the simplest example takes seconds to find."""


@operation(lambda x, out: 2 * x * out)
def bell_of_tests(x):
    return math.exp(x * x)


# ------------------------------------------------------------------ what it is written above


class TestMethods:
    scale = 2.0

    @given_gradcheck((0.1, 5.0))
    def test_a_method(self, x):
        return log(x) * self.scale

    @given_gradcheck((1, 2))
    @staticmethod
    def test_above_staticmethod(x):
        return x * x

    @staticmethod
    @given_gradcheck((1, 2))
    def test_below_staticmethod(x):
        return x * x

    @given_gradcheck((1, 2))
    @classmethod
    def test_a_classmethod(cls, x):
        return x * cls.scale


class TestOfUnittest(unittest.TestCase):
    def setUp(self):
        self.scale = 2.0

    @given_gradcheck((0.1, 5.0))
    def test_log(self, x):
        return log(x) * self.scale

    @given_gradcheck(x=(0.1, 5.0))
    def test_by_name(self, x):
        return log(x) * self.scale


def test_a_method_of_unittest_fails_as_it_should():
    class Case(unittest.TestCase):
        @unshrunk
        @given_gradcheck((-3.0, 3.0))
        def test_off(self, x):
            return off_below_zero(x)

    result = unittest.TestResult()
    Case("test_off").run(result)
    assert len(result.failures) == 1
    assert "wrong derivative d test_off / d x" in result.failures[0][1]


@pytest.fixture
def scale():
    return 3.0


@given_gradcheck((0.1, 5.0))
def test_a_fixture(scale, x):
    assert scale == 3.0
    return log(x) * scale


@pytest.mark.parametrize("n", [1, 2.0])
@given_gradcheck(x=(0.1, 5.0))
def test_parametrize_above(x, n):
    return x**n


@given_gradcheck((0.1, 5.0))
@pytest.mark.parametrize("n", [1, 2.0])
def test_parametrize_below(n, scale, x):
    return x**n * scale


def test_examples_settings_and_seed_go_above_and_below():
    def f(seen):
        def log_times(scale, x, *, y):
            seen.add((x, y) if isinstance(x, float) else (x.data, y.data))
            return log(x) * y * scale

        return log_times

    def used(decorate):
        seen = set()
        decorate(f(seen))(2.0)
        return seen

    few = settings(max_examples=2, derandomize=False)
    domains = given_gradcheck((0.1, 5.0), y=(1, 2), tol_rel=1e-4)
    above = used(lambda f: few(seed(3)(example(x=0.125, y=1.625)(domains(f)))))
    assert (0.125, 1.625) in above
    assert used(lambda f: domains(few(seed(3)(example(0.125, 1.625)(f))))) == above
    assert used(lambda f: few(seed(4)(domains(example(0.125, 1.625)(f))))) != above
    assert len(above) < len(used(domains)) / 2


def test_an_argument_with_a_default_is_drawn_if_there_is_a_domain_for_it():
    seen = set()

    class Holder:
        def f(self, x, y=1.0):
            seen.add(y if isinstance(y, float) else y.data)
            return log(x) * y

    given_gradcheck((0.1, 5.0))(Holder.f)(Holder())
    assert seen == {1.0}
    given_gradcheck((0.1, 5.0), (1, 2))(Holder.f)(Holder())
    assert len(seen) > 5


def test_an_example_that_is_wrong_fails():
    with pytest.raises(GradientError):
        example(-1.0)(given_gradcheck((0.0, 3.0))(off_below_zero))()


test_any_number_of_arguments = given_gradcheck((1, 2), (1, 2))(lambda *xs: xs[0] * xs[1])
test_a_function_in_c = given_gradcheck(
    (1, 2), (1, 2), grad=lambda x, y: (x / math.hypot(x, y), y / math.hypot(x, y))
)(math.hypot)
test_a_module = given_gradcheck(st.just([1.0, 2.0]))(nn.MLP(2, [2, 1], activation="tanh", rng=0))


def test_names_go_to_keywords():
    test = given_gradcheck(x=(0.1, 5.0), scale=(1, 2))(lambda **named: named["x"] * named["scale"])
    test()
    wrong = given_gradcheck((1, 2), y=(-3, 3))(lambda x, y: x * off_below_zero(y))
    with pytest.raises(GradientError, match="d <lambda> / d y"):
        unshrunk(wrong)()


def test_what_is_no_input_is_not_differentiated_by():
    @given_gradcheck(x=(1, 2))
    def f(x, n):
        assert type(n) is float
        return x**n

    f(n=2.0)
    f(2.0)
    with pytest.raises(TypeError, match=r"missing 1 required positional argument: 'n'"):
        f()


async def later(x):
    await asyncio.sleep(0)
    return x


def generator(x):
    yield x


async def later_still(x):
    yield x


@pytest.mark.parametrize("f", [later, generator, later_still])
def test_what_gives_no_numbers_when_called_is_refused(f):
    with pytest.raises(TypeError, match=rf"{f.__name__} is a generator or async.* plain function"):
        given_gradcheck((1, 2))(f)


def keyword_only(*, x):
    return x


@pytest.mark.parametrize(
    ("decorate", "match"),
    [
        (lambda: given_gradcheck((1, 2))(given(st.floats(1, 2))(lambda x: x)), "instead of given"),
        (lambda: given_gradcheck((1, 2))(TestMethods), "each method of a class by itself"),
        (lambda: given_gradcheck((1, 2))(3.0), "a function, not 3.0"),
        (lambda: given_gradcheck(y=(1, 2))(log), "log takes no 'y'; it takes x, and check_grad"),
        (lambda: given_gradcheck((1, 2), (1, 2))(log), r"2 domains .* arguments for them: x"),
        (lambda: given_gradcheck((1, 2), x=(1, 2))(log), r"1 domain by .* for them: none"),
        (lambda: given_gradcheck((1, 2))(keyword_only), r"none; give that of x by name, x=\(low, "),
        (lambda: given_gradcheck(x=3.0), "a domain of 'x' is an interval"),
        (lambda: given_gradcheck(), "give a domain"),
        (lambda: given_gradcheck(log), r"write @given_gradcheck\(\(low, high\)\) above it"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_an_error_where_it_is_written(decorate, match):
    with pytest.raises(TypeError, match=match):
        decorate()


# ------------------------------------------------------------------------ given_gradcheck


def off_below_zero(x):
    """x², with a wrong derivative for negative x."""
    out = Value(x.data**2, (x,), "off")

    def backward():
        x.grad += (2 if x.data >= 0 else 3) * x.data * out.grad

    out._backward = backward
    return out


@given_gradcheck((-2, 2), st.lists(st.floats(0.1, 3), min_size=1, max_size=3))
def test_the_function_below_is_the_test(x, ys):
    return bell_of_tests(x) * al.norm(ys)


test_a_test_in_one_line = given_gradcheck((0.1, 5.0))(al.log)
test_modules_in_one_line = settings(max_examples=5)(
    given_gradcheck(modules())(lambda pair: pair[0](pair[1]))
)


def test_a_domain_with_a_wrong_derivative_in_it_fails():
    given_gradcheck((0.0, 3.0))(off_below_zero)()
    with pytest.raises(GradientError):
        unshrunk(given_gradcheck((-3.0, 3.0))(off_below_zero))()
    assert given_gradcheck((-3.0, 3.0))(off_below_zero).function is off_below_zero


def test_options_of_check_grad_are_passed_on():
    given_gradcheck((-3.0, 3.0), grad=math.cos)(math.sin)()
    with pytest.raises(GradientError):
        unshrunk(given_gradcheck((-3.0, 3.0), grad=math.sin)(math.sin))()


def test_a_test_that_compares_nothing_fails():
    with pytest.raises(FailedHealthCheck):
        given_gradcheck((-2.0, -1.0))(al.log)()


@pytest.mark.parametrize("domain", [1.0, (1, 2, 3), "ab", "12", (2.0, 1.0), ("1", "2"), None])
def test_a_domain_is_an_interval_or_a_strategy(domain):
    with pytest.raises(TypeError, match=r"an interval .* not"):
        given_gradcheck(domain)


def test_a_slow_function_has_no_deadline():
    now = [0.0]  # hypothesis reads this clock

    def slow(x):
        now[0] += 10.0
        return x * x

    profile = settings.get_current_profile_name()
    settings.load_profile("default")  # that of this suite has no deadline
    try:
        test = given_gradcheck((0.0, 1.0))(slow)
    finally:
        settings.load_profile(profile)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("time.perf_counter", lambda: now[0])
        test()
