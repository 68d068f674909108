"""trunc, fmod, %, //, divmod, sinc, degrees, radians and the tests for NaN, beside Python's own."""

import math
from math import copysign, inf, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_lite as al
from autograd_lite import Value
from tests.support.rules import bits

EDGES = [
    sign * size
    for size in (0.0, 5e-324, 1e-300, 0.1, 0.5, 1.0, 1.1, 3.0, 7.3, 2.0**53, 1e17, 1e300, inf)
    for sign in (1, -1)
] + [nan]  # fmt: skip
anything = st.floats() | st.floats(-10, 10) | st.sampled_from(EDGES)


def in_python(x, y):
    """x // y and x % y of Python; by 0, those of IEEE 754."""
    if y != 0:
        return x // y, x % y
    return (nan if x == 0 or x != x else copysign(inf, x) * copysign(1.0, y)), nan


def check_quotient(x, y):
    expected = [*map(bits, in_python(x, y))]
    assert [bits((Value(x) // Value(y)).data), bits((Value(x) % Value(y)).data)] == expected
    assert [bits((x // Value(y)).data), bits((x % Value(y)).data)] == expected
    assert [bits((Value(x) // y).data), bits((Value(x) % y).data)] == expected
    for pair in (divmod(Value(x), Value(y)), divmod(x, Value(y)), divmod(Value(x), y)):
        assert [bits(node.data) for node in pair] == expected


def test_quotient_and_remainder_at_the_edges():
    for x in EDGES:
        for y in EDGES:
            check_quotient(x, y)


@given(anything, anything)
def test_quotient_and_remainder(x, y):
    check_quotient(x, y)


@given(st.floats(-1e6, 1e6), st.floats(-1e3, 1e3).filter(lambda y: abs(y) > 1e-3))
def test_their_slopes_are_the_quotients(x, y):
    """Exactly, also where x / y rounds up to a whole number: 1.0 % 0.1."""
    for remainder, quotient in (
        (lambda a, b: a % b, in_python(x, y)[0]),
        (al.fmod, float(round((x - math.fmod(x, y)) / y))),
    ):
        v, w = Value(x), Value(y)
        remainder(v, w).backward()
        assert (v.grad, w.grad) == (1.0, -quotient)
    v, w = Value(x), Value(y)
    (v // w).backward()
    assert (v.grad, w.grad) == (0.0, 0.0)


def test_a_quotient_that_rounds_up():
    assert 1.0 / 0.1 == 10.0
    for remainder in (lambda a, b: a % b, al.fmod):
        w = Value(0.1)
        remainder(Value(1.0), w).backward()
        assert w.grad == -9.0


@pytest.mark.parametrize("wrong", ["x", None, 1j, [1.0]], ids=repr)
def test_an_operand_that_is_no_number_is_an_error(wrong):
    v = Value(2.0)
    for operation in (lambda: v % wrong, lambda: v // wrong, lambda: divmod(v, wrong)):
        with pytest.raises(TypeError, match="unsupported operand"):
            operation()
    with pytest.raises(TypeError, match="fmod: expected a real number or a Value"):
        v.fmod(wrong)


def test_text_is_still_formatted():
    assert "%s" % Value(2.0) == "Value(data=2.0, grad=0.0)"  # noqa: UP031


@given(anything, anything)
def test_fmod_is_that_of_c(x, y):
    try:
        expected = math.fmod(x, y)
    except ValueError:
        expected = nan
    assert bits(al.fmod(x, y)) == bits(Value(x).fmod(y).data) == bits(expected)


@pytest.mark.parametrize("x", [x for x in EDGES if abs(x) < inf])
def test_trunc_degrees_and_radians_are_those_of_math(x):
    assert bits(al.trunc(x)) == bits(copysign(float(math.trunc(x)), x))
    assert bits(math.trunc(Value(x)).data) == bits(al.trunc(x))
    for name in ("degrees", "radians"):
        assert bits(getattr(Value(x), name)().data) == bits(getattr(math, name)(x))


# ------------------------------------------------------------------------------------- sinc


def test_sinc_is_zero_at_whole_numbers_but_zero():
    assert al.sinc(0.0) == al.sinc(-0.0) == al.sinc(5e-324) == 1.0
    assert not any(al.sinc(sign * x) for x in (1.0, 2.0, 7.0, 1e15, 1e300) for sign in (1, -1))


@pytest.mark.parametrize("x", [5e-324, 1e-300, 1e-12, 1e-8, 1e-5])
def test_sinc_is_smooth_at_zero(x):
    for sign in (1, -1):
        v = Value(sign * x)
        v.sinc().backward()
        assert v.grad == pytest.approx(-(math.pi**2) / 3 * sign * x, rel=1e-9, abs=1e-322)
    v = Value(0.0)
    v.sinc().backward()
    assert v.grad == 0.0


def test_both_formulas_of_its_slope_agree_where_they_meet():
    below, above = math.nextafter(0.5, 0), 0.5
    slopes = [al.sinc(Value(x)).partials[0] for x in (below, above)]
    assert slopes[0] == pytest.approx(slopes[1], rel=1e-15)


@given(st.floats(-1e15, 1e15))
def test_sinc_is_even(x):
    v, w = Value(x), Value(-x)
    left, right = v.sinc(), w.sinc()
    assert (left.data, *left.partials) == (right.data, *[-p for p in right.partials])


# ------------------------------------------------------------------------ NaN and infinities


@given(anything)
def test_what_a_number_is(x):
    for name in ("isnan", "isinf", "isfinite"):
        expected = getattr(math, name)(x)
        found = getattr(al, name)(x), getattr(al, name)(Value(x)), getattr(Value(x), name)()
        assert all(answer is expected for answer in found)


@pytest.mark.parametrize("name", ["isnan", "isinf", "isfinite"])
def test_what_is_no_number_is_an_error(name):
    with pytest.raises(TypeError, match=f"{name}: its operand must be a real number, not str"):
        getattr(al, name)("nan")
