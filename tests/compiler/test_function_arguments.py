"""What a compiled function takes: numbers, Values, containers and arrays of them."""

import copy
from collections import deque, namedtuple
from enum import Enum

import numpy as np
import pytest

import autograd_lite as ag
from autograd_lite import Value, compile, nn, vmap
from tests.support.agreement import agree, outcome
from tests.support.networks import Box

W = [Value(0.5), Value(-1.5), Value(2.0)]


def test_numbers_and_values():
    calls = [(Value(2.0), 3.0), (Value(-1.0), 0.25), (Value(0.5), float("nan"))]
    agree(lambda x, y: ag.tanh(x * y + W[0]) * W[1] - x, calls, W)


def test_parameters_are_read_anew():
    w = Value(2.0)
    f = compile(lambda x: w * x)
    assert f(3.0).data == 6.0
    w.data = 5.0
    assert f(3.0).data == 15.0


def test_lists_tuples_dicts_and_arrays():
    def f(xs, named, array):
        return ag.dot(xs, [W[0], W[1]]) * named["k"][0] + array.sum() + (array[0] * array[1])[1]

    rng = np.random.default_rng(0)
    calls = [
        (list(rng.normal(size=2).tolist()), {"k": (float(i),)}, rng.normal(size=(2, 3)))
        for i in range(3)
    ]
    agree(f, calls, W)


def test_an_argument_that_an_eager_operation_made():
    x = Value(2.0)
    f = compile(lambda y: y * y)
    (f(x * 3.0) + x).backward()
    assert x.grad == 2 * 6 * 3 + 1


def test_one_value_passed_twice_and_captured():
    x = Value(3.0)
    f = compile(lambda a, b: a * b * x)
    f(x, x).backward()
    assert x.grad == 27.0


def test_keyword_arguments():
    f = compile(lambda x, *, y: x * y)
    assert f(Value(2.0), y=3.0).data == 6.0
    assert f(Value(2.0), y=4.0).data == 8.0
    assert f.recordings == 1


Pair = namedtuple("Pair", "x y")


def test_named_tuples_are_taken_apart():
    agree(lambda pair: pair.x * pair.y * W[0], [(Pair(Value(2.0), y),) for y in (1.0, 3.0)], W)


@pytest.mark.parametrize("executor", ["auto", "interpret", "numpy"])
def test_another_dtype(executor):
    """Floats of any width are one kind, integers another, and bools are parts of the program."""
    f = compile(lambda xs: xs[0] * W[0] + xs[1], executor=executor)
    for dtype, recordings in (("f8", 1), ("f4", 1), ("f2", 1), ("i4", 2), ("u1", 2), ("?", 3)):
        for _ in range(2):
            xs = np.array([1, 3]).astype(dtype)
            assert f(xs).data == float(xs[0]) * 0.5 + float(xs[1])
        assert f.recordings == recordings
    assert (f([True, 2.0]).data, f([2, 2.0]).data, f.recordings) == (2.5, 3.0, 5)
    huge = np.array([2**63, 1], "u8")
    assert f(huge).data == float(2**63) * 0.5 + 1


@pytest.mark.parametrize("executor", ["auto", "interpret", "numpy"])
def test_no_samples(executor):
    f = compile(lambda xs: W[0] * 3 + ag.sum([x * W[1] for x in xs]), executor=executor)
    g = compile(lambda xs: [x * W[0] for x in xs], executor=executor)
    for empty in ([], (), np.zeros(0), np.zeros((0, 3)), {}):
        for _ in range(2):
            assert outcome(f, [empty], W) == [1.5, 3.0, 0.0, 0.0]
            assert g(empty) == []
    assert f([2.0]).data == -1.5
    assert "forward: 0 operations" in g.explain()


@pytest.mark.parametrize("executor", ["auto", "interpret", "numpy"])
def test_nan_and_infinity_are_numbers_like_others(executor):
    """A NaN decides as it does in the function, and is equal to itself where a number was read."""

    def f(x):
        if x < 1:
            return x * W[0]
        return x.data * W[1] if x.data != x.data else x * W[2]

    compiled = compile(f, executor=executor)
    nan, inf = float("nan"), float("inf")
    for number in (0.5, nan, 2.0, inf, -inf, nan, 2.0):
        found, expected = outcome(compiled, [Value(number)], W), outcome(f, [Value(number)], W)
        assert found == pytest.approx(expected, nan_ok=True)
    assert compiled.recordings == 3


def test_arguments_with_a_dtype_that_are_no_arrays():
    model = Box()
    model.dtype = "float64"
    f = compile(lambda model, x: model(x))
    assert [f(model, x).data for x in (1.0, 2.0)] == [5.0, 10.0]


def append(x, cache):
    cache.append(x)
    return ag.sum(cache)


def test_an_argument_that_contains_itself_is_refused():
    f, own = compile(lambda xs: W[0] * len(xs)), []
    own.append(own)
    with pytest.raises(ValueError, match="nested more than 200 deep, or contains itself"):
        f(own)


def insert(x, cache):
    cache["x"] = x
    return x * len(cache)


def write(x, cache):
    cache[0] = 7.0
    return x * cache[1]


def replace(x, cache):
    cache[1][0] = x
    return x * 2


@pytest.mark.parametrize(
    ("function", "cache"),
    [
        (append, [1.0]),
        (insert, {"a": 1.0}),
        (write, np.ones(2)),
        (write, np.array([Value(1.0)] * 2, object)),
        (replace, [0.0, [1.0]]),
        (append, deque([1.0])),
    ],
)
def test_a_function_that_changes_an_argument_runs_eagerly(function, cache):
    """As microgpt's does, which appends keys and values to lists that it is passed."""
    compiled, mine, its = compile(function), copy.deepcopy(cache), copy.deepcopy(cache)
    xs, ys = ([Value(x) for x in (1.0, 2.0, 3.0)] for _ in range(2))
    expected = [function(x, mine) for x in xs]
    with pytest.warns(RuntimeWarning, match="runs eagerly from now on: .*change"):
        found = [compiled(y, its) for y in ys]
    assert [v.data for v in found] == [v.data for v in expected]
    assert len(its) == len(mine)
    found[-1].backward()
    expected[-1].backward()
    assert [y.grad for y in ys] == [x.grad for x in xs]


class Odd(Value):
    """A Value whose products are others."""

    __slots__ = ()

    def __mul__(self, other):
        return Value.__mul__(self, other) + 10.0


class Frozen(Value):
    """A Value with an attribute."""

    def __init__(self, data, frozen):
        super().__init__(data)
        self.frozen = frozen


def test_subclasses_of_value_are_told_apart():
    def f(values):
        return [v * 2.0 + isinstance(v, nn.Parameter) + 3 * isinstance(v, Odd) for v in values]

    calls = [
        [kind(float(i)) for kind in kinds]
        for i, kinds in enumerate([(nn.Parameter, Value), (Value, nn.Parameter), (Odd, Odd)] * 3)
    ]
    compiled = compile(f, check="never")
    agree(f, [(values,) for values in calls], recordings=3, compiled=compiled)


def test_the_penalty_of_the_parameters_among_values():
    model = nn.Linear(2, 1, rng=0)
    values = [*model.parameters(), Value(100.0)]
    f = compile(lambda xs: sum(x * x for x in xs if isinstance(x, nn.Parameter)))
    for _ in range(3):
        assert f(values).data == sum(p * p for p in model.parameters()).data
    assert f.recordings == 1


def test_attributes_of_subclasses_of_value_are_guarded():
    values = [Frozen(1.0, True), Frozen(2.0, False), Frozen(4.0, False)]
    f = compile(
        lambda xs: sum(x * 1.0 for x in xs if not getattr(x, "frozen", False)), check="never"
    )
    for frozen in (False, True, False):
        values[1].frozen = frozen
        values[2].data += 1.0
        assert f(values).data == (0.0 if frozen else 2.0) + values[2].data


@pytest.mark.parametrize("kind", [nn.Parameter, Odd])
def test_subclasses_of_value_in_a_batch(kind):
    f = vmap(lambda p, x, q: p * x + isinstance(p, kind) + 5 * isinstance(q, kind), (None, 0, 0))
    for i in range(4):
        found = f(kind(2.0), [1.0, i], [Value(1.0), Value(2.0)])
        assert [v.data for v in found] == [(kind(2.0) * x).data + 1 for x in (1.0, i)]
        found = f(Value(2.0), [1.0, i], [kind(1.0), kind(2.0)])
        assert [v.data for v in found] == [7.0, 2.0 * i + 5]


class Rate(float, Enum):
    LOW = 0.5
    HIGH = 2.0


class Metres(float):
    def __add__(self, other):
        return float(self) + 1000 * other


def test_subclasses_of_float_are_themselves():
    f = compile(lambda rate, x: x * rate + (rate is Rate.LOW), check="never")
    assert [f(rate, 3.0) for rate in (*Rate, *Rate)] == [2.5, 6.0, 2.5, 6.0]
    g = compile(lambda distance, x: distance + x, check="never")
    assert [g(Metres(i), 2.0) for i in range(3)] == [2000.0, 2001.0, 2002.0]
