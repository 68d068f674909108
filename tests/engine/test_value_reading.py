"""Reading a Value: comparisons, identity, truth, text, and the conversions it refuses."""

import cmath
import math
import operator
import random
import statistics
from array import array
from decimal import Decimal
from fractions import Fraction

import pytest

import autograd_lite as al
from autograd_lite import Value

COMPARISONS = [operator.lt, operator.le, operator.gt, operator.ge]


@pytest.mark.parametrize("compare", COMPARISONS)
@pytest.mark.parametrize("x", [1.0, 2.0, math.nan, math.inf])
@pytest.mark.parametrize("y", [1.0, 2.0, math.nan, -math.inf])
def test_order_is_that_of_the_data(compare, x, y):
    expected = compare(x, y)
    assert compare(Value(x), Value(y)) is expected
    assert compare(Value(x), y) is expected
    assert compare(x, Value(y)) is expected


@pytest.mark.parametrize("compare", COMPARISONS)
@pytest.mark.parametrize("wrong", ["2", None, 1j, [1.0]], ids=repr)
def test_order_with_what_is_no_number(compare, wrong):
    for operands in ((Value(1.0), wrong), (wrong, Value(1.0))):
        with pytest.raises(TypeError, match="not supported between instances"):
            compare(*operands)


def test_sorting_and_builtins():
    a, b, c = Value(3.0), Value(1.0), Value(2.0)
    assert [v.data for v in sorted([a, b, c])] == [1.0, 2.0, 3.0]
    assert max(a, b, c) is a
    assert min(a, 0.5, c) == 0.5
    assert sum([a, b, c]).data == 6.0


def test_equality_and_hash_are_identity():
    a, b = Value(1.0), Value(1.0)
    assert a == a
    assert a != b
    assert len({a, b, a}) == 2
    a.data = 5.0
    assert {a: "found"}[a] == "found"


@pytest.mark.parametrize("one", [1, True, 1.0, Fraction(1), Decimal(1), 1 + 0j])
def test_a_value_equals_its_number(one):
    v, w = Value(1.0), Value(2.0)
    for equal, other in ((operator.eq, operator.ne), (lambda x, y: operator.eq(y, x),
                                                      lambda x, y: operator.ne(y, x))):  # fmt: skip
        assert equal(v, one) is other(w, one) is True
        assert other(v, one) is equal(w, one) is False


def test_equality_with_numbers_is_that_of_floats():
    assert Value(0.0) == -0.0
    assert Value(math.nan) != math.nan
    assert Value(math.inf) == math.inf
    assert Value(math.inf) != 10**400
    assert Value(1e308) != Fraction(10**400)
    assert Value(0.1) != Fraction(1, 10)
    for other in (None, "1.0", [1.0], (1.0,), object, b"1"):
        assert Value(1.0) != other
        assert other != Value(1.0)


def test_lists_compare_numbers_where_sets_look_for_the_object():
    v = Value(1.0)
    assert v in [2.0, 1.0]
    assert [v, 1.0, 2.0].count(1.0) == 2
    assert [2.0, v].index(1) == 1
    assert v not in {1.0}
    assert 1.0 not in {v: "found"}
    assert [v, (v,)] == [1.0, (1.0,)]


def test_a_subclass_that_says_what_is_equal_to_it_is_asked():
    class Odd(Value):
        def __eq__(self, other):
            return other == "odd"

        __hash__ = Value.__hash__

    assert Odd(1.0) == "odd"
    assert operator.ne(Odd(1.0), "odd") is False
    assert Odd(1.0) != 1.0


def rotated(r, p):
    """p turned by the angle |r| about r: the case r = 0 is one of its own."""
    square = r[0] * r[0] + r[1] * r[1] + r[2] * r[2]
    if square != 0.0:
        angle = square.sqrt()
        axis = [a / angle for a in r]
        along = sum(a * b for a, b in zip(axis, p, strict=True)) * (1.0 - angle.cos())
        turned = [axis[i - 2] * p[i - 1] - axis[i - 1] * p[i - 2] for i in range(3)]
        return [p[i] * angle.cos() + turned[i] * angle.sin() + axis[i] * along for i in range(3)]
    return [p[i] + r[i - 2] * p[i - 1] - r[i - 1] * p[i - 2] for i in range(3)]


def test_a_decision_whether_a_value_is_zero():
    r = [Value(0.0) for _ in range(3)]
    first = rotated(r, [1.0, 2.0, 3.0])[0]
    first.backward()
    assert (first.data, [x.grad for x in r]) == (1.0, [0.0, 3.0, -2.0])
    quarter = rotated([Value(0.0), Value(0.0), Value(math.pi / 2)], [1.0, 0.0, 0.0])
    assert [x.data for x in quarter] == pytest.approx([0.0, 1.0, 0.0], abs=1e-12)


@pytest.mark.parametrize(("number", "truth"), [(0, False), (-0.0, False), (1e-300, True),
                                               (math.nan, True)])  # fmt: skip
def test_truth(number, truth):
    assert bool(Value(number)) is truth


def test_text():
    v = Value(1.5)
    v.grad = -2
    assert repr(v) == str(v) == f"{v}" == "Value(data=1.5, grad=-2.0)"
    assert f"{v:.3f} {v:>8.1f} {v:e}" == "1.500      1.5 1.500000e+00"
    with pytest.raises(ValueError, match="format"):
        f"{v:no}"


def test_item_reads_the_number():
    assert (type(Value(2).item()), Value(2).item()) == (float, 2.0)


CONVERSIONS = [float, complex, math.exp, math.sqrt, math.isnan, cmath.exp, "%f".__mod__]
CONVERSIONS += [lambda v: math.fsum([v]), lambda v: math.hypot(v, 1.0), lambda v: math.pow(v, 2.0)]
CONVERSIONS += [lambda v: statistics.mean([v]), lambda v: statistics.stdev([v, v])]
CONVERSIONS += [lambda v: statistics.fmean([v]), lambda v: random.betavariate(2 * v, 1.0)]
CONVERSIONS += [lambda v: random.choices("ab", weights=[v, v]), lambda v: array("d", [v])]


@pytest.mark.parametrize("convert", CONVERSIONS)
def test_conversions_that_would_drop_the_gradient(convert):
    with pytest.raises(
        TypeError,
        match=r"drop the gradient.*operation, write v\.exp\(\) or autograd_lite\.exp\(v\).*"
        r"take a list.*bare number, write v\.data$",
    ):
        convert(Value(1.0))


def test_int_would_drop_the_gradient():
    with pytest.raises(TypeError, match=r"drop the gradient.*list.*write int\(v\.data\)$"):
        int(Value(1.0))


def test_a_value_is_no_index():
    with pytest.raises(TypeError):
        [1, 2][Value(1.0)]


@pytest.mark.parametrize(("function", "rule"), [(round, "round"), (math.floor, "floor"),
                                                (math.ceil, "ceil")])  # fmt: skip
@pytest.mark.parametrize("number", [2.5, -2.5, 0.5, 1e300])
def test_rounding_gives_nodes(function, rule, number):
    v = Value(number)
    node = function(v)
    assert (node.data, node.rule.name) == (function(number), rule)
    node.backward()
    assert v.grad == 0.0


def test_rounding_to_digits_is_no_operation():
    with pytest.raises(TypeError, match=r"write round\(v\.data, digits\)"):
        round(Value(1.234), 2)


def test_rounding_what_is_no_finite_number():
    assert al.floor(math.inf) == round(Value(math.inf)).data == math.inf
