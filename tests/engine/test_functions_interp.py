"""interp: beside numpy.interp, and its slopes beside differences."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_lite as al
from autograd_lite import Value
from autograd_lite.testing import check_grad

np = pytest.importorskip("numpy")

XS, YS = [1.0, 2.0, 4.0], [3.0, 2.0, 6.0]


@st.composite
def tables(draw):
    n = draw(st.integers(1, 6))
    steps = draw(st.lists(st.floats(0.1, 3), min_size=n, max_size=n))
    xs = [sum(steps[: i + 1]) - 3 for i in range(n)]
    return xs, draw(st.lists(st.floats(-5, 5), min_size=n, max_size=n))


@given(tables(), st.floats(-5, 20))
def test_as_in_numpy(table, x):
    xs, ys = table
    expected = pytest.approx(float(np.interp(x, xs, ys)), rel=1e-12, abs=1e-12)
    found = al.interp(x, xs, ys)
    assert type(found) is float
    assert found == expected
    for operands in ((Value(x), xs, ys), (x, [*map(Value, xs)], ys), (x, xs, [*map(Value, ys)])):
        node = al.interp(*operands)
        assert type(node) is Value or len(xs) == 1
        assert getattr(node, "data", node) == found
    for x, y in zip(xs, ys, strict=True):
        assert al.interp(x, xs, ys) == y  # exactly


@given(tables(), st.floats(-5, 20))
def test_its_gradient_is_that_of_differences(table, x):
    xs, ys = table
    if all(abs(x - knot) > 1e-2 for knot in xs):
        check_grad(lambda x, xs, ys: al.interp(x, xs, ys), x, xs, ys)


# x, the value, and the slopes by x, by xs and by ys
SLOPES = [
    (0.0, 3.0, 0.0, [0, 0, 0], [1, 0, 0]),  # before the first point
    (1.0, 3.0, -1.0, [1, 0, 0], [1, 0, 0]),  # at it: the slope on its right
    (1.5, 2.5, -1.0, [0.5, 0.5, 0], [0.5, 0.5, 0]),
    (2.0, 2.0, 2.0, [0, -2, 0], [0, 1, 0]),  # at one in between: the slope on its right
    (3.0, 4.0, 2.0, [0, -1, -1], [0, 0.5, 0.5]),
    (4.0, 6.0, 2.0, [0, 0, -2], [0, 0, 1]),  # at the last one: the slope on its left
    (5.0, 6.0, 0.0, [0, 0, 0], [0, 0, 1]),
    (math.inf, 6.0, 0.0, [0, 0, 0], [0, 0, 1]),
]


@pytest.mark.parametrize(("x", "value", "by_x", "by_xs", "by_ys"), SLOPES)
@pytest.mark.parametrize("way", ["eager", "interpret", "numpy"])
def test_slopes_at_the_points_and_beyond(way, x, value, by_x, by_xs, by_ys):
    f = al.interp if way == "eager" else al.compile(al.interp, executor=way)
    v, xs, ys = Value(x), [*map(Value, XS)], [*map(Value, YS)]
    out = f(v, xs, ys)
    out.backward()
    assert (out.data, v.grad) == (value, by_x)
    assert [knot.grad for knot in xs] == by_xs
    assert [height.grad for height in ys] == by_ys


@pytest.mark.parametrize("way", ["eager", "interpret", "numpy"])
def test_of_nan_it_is_nan(way):
    f = al.interp if way == "eager" else al.compile(al.interp, executor=way)
    assert math.isnan(f(Value(math.nan), XS, YS).data)
    assert math.isnan(al.interp(math.nan, XS, YS))


@pytest.mark.parametrize("executor", ["interpret", "numpy", "auto"])
@pytest.mark.parametrize("fixed", [True, False])
def test_a_compiled_function_finds_the_interval_anew(executor, fixed):
    """With a table of its own, and with one that it is passed."""
    rng = np.random.default_rng(0)

    def function(points, table):
        xs, ys = table if table else (XS, YS)
        return al.sum([al.interp(x, xs, ys) ** 2 for x in points])

    f = al.compile(function, executor=executor)
    for _ in range(6):
        table = None if fixed else (np.cumsum(rng.uniform(0.1, 1, 5)), rng.normal(size=5))
        numbers = rng.uniform(0, 5, 10).tolist()
        points, others = [*map(Value, numbers)], [*map(Value, numbers)]
        expected, found = function(points, table), f(others, table)
        assert found.data == pytest.approx(expected.data, rel=1e-12)
        expected.backward(), found.backward()
        assert [x.grad for x in others] == pytest.approx([x.grad for x in points], rel=1e-12)
    assert f.recordings == 1


def test_in_a_batch():
    points = np.linspace(0, 5, 23)
    f = al.vmap(lambda x: al.interp(x, XS, YS))
    assert [*f(points)] == pytest.approx(np.interp(points, XS, YS).tolist())
    assert f.recordings == 1


@pytest.mark.parametrize(
    ("xs", "ys", "error", "message"),
    [
        ([], [], ValueError, "interp of no points"),
        ([1.0, 2.0], [1.0], ValueError, "interp: the lengths differ, 2 and 1"),
        ([1.0, 1.0], [1.0, 2.0], ValueError, r"xs must increase, but xs\[1\] is not above xs\[0\]"),
        ([1.0, 3.0, 2.0], [1.0] * 3, ValueError, r"but xs\[2\] is not above xs\[1\]"),
        ([1.0, math.nan], [1.0, 2.0], ValueError, r"xs\[1\] is not above xs\[0\]"),
        ([1.0, "2"], [1.0, 2.0], TypeError, "interp: element 1 must be a real number, not str"),
        (2.0, [1.0], TypeError, "interp: expected a list of numbers and Values, not float"),
    ],
)
def test_a_table_that_is_none_is_an_error(xs, ys, error, message):
    for x in (1.5, Value(1.5)):
        with pytest.raises(error, match=message):
            al.interp(x, xs, ys)
    if error is ValueError and xs:  # in a compiled function at each call
        f = al.compile(lambda x, xs, ys: al.interp(x, xs, ys))
        f(1.5, [float(i) for i in range(len(xs))], [1.0] * len(xs))
        with pytest.raises(error, match=message):
            f(1.5, xs, ys)


def test_x_that_is_no_number_is_an_error():
    with pytest.raises(TypeError, match="interp: x must be a real number, not str"):
        al.interp("1", XS, YS)
