"""Recorded, replayed, and run eagerly later, a function gives the same types and numbers."""

import contextlib
import copy
import itertools
import math
import random
import types
from collections import deque, namedtuple

import numpy as np
import pytest

import autograd_lite as ag
from autograd_lite import Value, compile, take, vmap
from autograd_lite.compiler import function as compiled_functions
from tests.support.agreement import data_of

W = [Value(0.5), Value(-1.5), Value(2.0)]
THREE = Value(3.0)


def runs_eagerly(compiled):
    """Whether it does for some arguments."""
    try:
        return "runs eagerly" in compiled.explain()
    except ValueError as no_program:
        return "runs eagerly" in str(no_program)


def statics():
    return (lambda x, n: ag.tanh(x * int(n))), lambda i: (str(i),)


def ways():
    def f(x, numbers):
        total = x * 0.0
        for number in numbers:
            if number > 0:
                total = total + ag.exp(x * number)
        return total

    return f, lambda i: ([1.0 if i >> k & 1 else -1.0 for k in range(6)],)


def reads():
    return (lambda x: ag.sin(x) * int(40 * data_of(x))), lambda i: ()


def indexes():
    return (lambda x, k: x * W[k[0]] * W[k[1]] * W[k[2]] + take(W, k[1]) * k[2]), lambda i: (
        np.array([i % 3, i // 3 % 3, i // 9 % 3]),
    )


def arrays():
    def f(x, rows, named):
        return ag.sum([v * x for v in rows[0]]) + (rows * x).sum() + len(named["k"][0]) * ag.sin(x)

    return f, lambda i: (np.full((2, 3), float(i)), {"k": (str(i), None)})


def compares():
    def f(x, y, z, n):
        found = [y, 7.0].index(7.0) + (y == z) + 2 * (y != 4.0) + 3 * (y in {0.0, 1.0, z})
        return ag.sin(x * found) * {0.0: 2.0}.get(y, 1.0) * n

    return f, lambda i: (float(i % 5), float(i % 3), i)


def captured():
    state = types.SimpleNamespace(rate=0.0)
    return (lambda x: ag.sin(x) * state.rate), lambda i: setattr(state, "rate", float(i)) or ()


def counts():
    state = types.SimpleNamespace(calls=0)

    def f(x):
        state.calls += 1
        return ag.tanh(x * state.calls)

    return f, lambda i: ()


def shapes():
    return (lambda x, ys: ag.sin(x) * ag.sum(ys)), lambda i: ([1.0] * (i % 7),)


def random_numbers():
    rng = random.Random(0)
    return (lambda x: ag.tanh(x * rng.random())), lambda i: ()


def draws():
    rng = random.Random(0)

    def f(x, n):
        return ag.sqrt(ag.sample(rng.random)) * x * int(n) * take(W, ag.sample(lambda: 1))

    return f, lambda i: (str(i),)


def iterator():
    numbers = itertools.count()
    return (lambda x: ag.tanh(x * next(numbers))), lambda i: ()


def returns_a_deque():
    return (lambda x: deque([ag.tanh(x * 2)])), lambda i: ()


def calls_back():
    mean = Value(0.0)

    def f(x, number):
        ag.callback(lambda n: setattr(mean, "data", n), x * number)
        return ag.tanh(x * mean)

    return f, lambda i: (float(i),)


def copies():
    return (lambda x: ag.tanh(copy.copy(x) * x)), lambda i: ()


def returns_its_argument():
    return (lambda x, n: x), lambda i: (str(i),)


CASES = [
    *(statics, ways, reads, indexes, arrays, compares, captured, counts, shapes, random_numbers),
    *(draws, iterator, returns_a_deque, calls_back, copies, returns_its_argument),
]


def only(result):
    """The result, or what it holds."""
    return result[0] if isinstance(result, deque) else result


@pytest.fixture
def few_shapes(monkeypatch):
    monkeypatch.setattr(compiled_functions, "FREE_IN_ALL", 3)
    monkeypatch.setattr(compiled_functions, "FREE_PER_SIGNATURE", 3)


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("kind", [float, Value])
@pytest.mark.filterwarnings("ignore:.*runs eagerly from now on")
def test_every_call_gives_what_the_function_gives(case, kind, few_shapes):
    (function, arguments), (other, its_arguments) = case(), case()
    compiled = compile(other)
    for i in range(40):
        x, y = kind(0.25 + i / 40), kind(0.25 + i / 40)
        expected, found = function(x, *arguments(i)), compiled(y, *its_arguments(i))
        assert type(found) is type(expected)
        expected, found = only(expected), only(found)
        assert isinstance(found, Value) == isinstance(expected, Value)
        assert data_of(found) == pytest.approx(data_of(expected), rel=1e-12)
        if kind is Value and case is not copies:
            expected.backward(), found.backward()
            assert y.grad == pytest.approx(x.grad, rel=1e-12)
    assert runs_eagerly(compiled) or (case is copies and kind is float)


@pytest.mark.filterwarnings("ignore:.*runs eagerly from now on")
def test_arguments_that_come_back_are_what_they_were():
    Pair = namedtuple("Pair", "x y")
    compiled = compile(lambda x, xs, n: {"a": [x, xs, n], "b": Pair(x * n, (x, None))})
    for n in range(20):
        result = compiled(0.5, np.ones(2), n)
        x, xs, same = result["a"]
        assert (xs.dtype, xs.tolist()) == (float, [1.0, 1.0])
        assert (x, same, result["b"]) == (0.5, n, Pair(0.5 * n, (0.5, None)))
        assert [type(v) for v in (x, same, result["b"].x)] == [float, int, float]


def changes_a_list():
    return (lambda x, xs: xs.append(x * 2) or sum(xs)), lambda i: ([1.0],)


def changes_an_array():
    def f(x, array):
        array[0] = x
        return array.sum()

    return f, lambda i: (np.ones(3),)


@pytest.mark.parametrize("case", [changes_a_list, changes_an_array])
def test_what_needs_its_arguments_themselves_gets_them_from_the_first_call_on(case):
    function, arguments = case()
    compiled = compile(function)
    for i in range(20):
        mine, its = arguments(i), arguments(i)
        expected = function(0.5 + i, *mine)
        if i == 0:
            with pytest.warns(RuntimeWarning, match="runs eagerly from now on"):
                found = compiled(0.5 + i, *its)
        else:
            found = compiled(0.5 + i, *its)
        assert found == expected
        assert type(found) is type(expected)
        assert list(map(repr, its)) == list(map(repr, mine))


def test_an_exception_of_an_eager_call_is_the_functions_own():
    calls = []

    def f(x, n):
        calls.append(n)
        raise ZeroDivisionError("mine")

    compiled = compile(f)
    for n in range(3):
        with pytest.raises(ZeroDivisionError, match="mine"):
            compiled(1.0, n)
    assert calls == [0, 1, 2]


@pytest.mark.parametrize("watch", [ag.detect_anomaly, contextlib.nullcontext])
def test_an_error_of_the_functions_own_is_no_failure_on_tracers(watch):
    def f(x):
        if x > 1:
            raise ValueError("too large")
        return ag.tanh(x * 2)

    compiled = compile(f)
    for x in (2.0, 0.5, 3.0, 0.5):
        with watch():
            if x > 1:
                with pytest.raises(ValueError, match="too large"):
                    compiled(x)
            else:
                assert compiled(x) == math.tanh(2 * x)
    assert not runs_eagerly(compiled)


@pytest.mark.filterwarnings("ignore:.*runs eagerly from now on")
def test_what_was_drawn_is_a_number_at_every_call():
    rng, again = random.Random(0), random.Random(0)
    compiled = compile(lambda x, n: ag.sample(rng.random) ** 0.5 * x * n)
    for n in range(20):
        found = compiled(2.0, n)
        assert found == pytest.approx(math.sqrt(again.random()) * 2.0 * n)


@pytest.mark.filterwarnings("ignore:.*runs eagerly from now on")
def test_every_sample_of_a_batch_has_numbers():
    batched = vmap(lambda x: ag.tanh(x * float(x)), in_axes=0)
    for i in range(4):
        xs = [float(i + k) for k in range(12)]
        assert batched(xs) == pytest.approx([math.tanh(x * x) for x in xs])


@pytest.mark.parametrize("kind", [compile, lambda f: lambda x: vmap(f)([x])[0]])
def test_an_observed_call_has_numbers_too(kind):
    compiled = kind(lambda x: ag.tanh(x * 2))
    for _ in range(2):
        with ag.detect_anomaly():
            assert compiled(0.5) == math.tanh(1.0)
        assert compiled(0.5) == math.tanh(1.0)


def test_compiled_functions_in_an_eager_one_run_their_programs():
    inner = compile(lambda x: x * 2)

    @compile
    def outer(x, n):
        return inner(x) * int(n)

    for n in range(64):
        outer(1.0, str(n))
    assert inner.recordings == 0
    with pytest.warns(RuntimeWarning, match="of type str"):
        outer(1.0, "64")
    assert [outer(x, "17") for x in (1.0, 2.0)] == [34.0, 68.0]
    assert inner.recordings == 1


@pytest.mark.parametrize("kind", [compile, lambda f: lambda x: vmap(f)([x])[0]])
def test_plain_numbers_are_compared_in_a_call_that_is_observed_first(kind):
    compiled = kind(lambda x: x if x * 2.0 == x + x else -x)
    with ag.detect_anomaly():
        assert compiled(3.0) == 3.0


@pytest.mark.filterwarnings("ignore:.* runs eagerly")
def test_half_an_index_takes_nothing():
    @compile
    def f(i, x):
        return take([1.0, 2.0, 3.0], i / 2) * x if i == i + 0 else x

    for block in (contextlib.nullcontext(), ag.detect_anomaly()):
        with block, pytest.raises(TypeError, match="indices must be integers"):
            f(np.int64(3), Value(2.0))


@pytest.mark.filterwarnings("ignore:.* runs eagerly")
@pytest.mark.parametrize(
    "decides",
    [
        lambda x: x * 2.0 == x + x,
        lambda x: x * 2.0 in {x + x: "found"},
        lambda x: [x, x - x].index(0.0) == 1,
        lambda x: x == Value(3.0),
        lambda x: THREE in [0.0, x],
        lambda x: ag.sample(lambda: 3.0) + x == 2 * x,
    ],
)
def test_a_way_that_no_recording_took_compares_plain_numbers(decides):
    def f(x, n):
        if n > 16:
            return x * 2.0 if decides(x) else -x
        return x * n

    compiled = compile(f)
    for n in range(20):
        assert compiled(3.0, n) == (6.0 if n > 16 else 3.0 * n)
