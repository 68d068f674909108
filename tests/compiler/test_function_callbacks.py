"""`callback` is called once a call with its numbers; what it writes is for the calls to come."""

import random
import warnings
from collections import deque
from decimal import Decimal

import numpy as np
import pytest

import autograd_lite as ag
from autograd_lite import Value, compile

W = [Value(0.5), Value(-1.5), Value(2.0)]


@pytest.fixture(autouse=True)
def checked_now_and_then(monkeypatch):
    """A check is where the function calls back, so they are counted."""
    monkeypatch.delenv("AUTOGRAD_LITE_CHECK", raising=False)


def append(x, cache):
    cache.append(x)
    return ag.sum(cache)


@pytest.mark.parametrize("kind", [deque, list])
@pytest.mark.parametrize("check", ["auto", "always", "never"])
def test_callback_is_called_with_the_numbers_of_each_call(kind, check):
    seen = kind()
    f = compile(lambda x: ag.callback(seen.append, x * W[0]) or x * 2, check=check)
    for number in (1.0, 2.0, 3.0):
        f(number)
    assert list(seen) == [0.5 * number for number in (1.0, 2.0, 3.0)]
    ag.callback(seen.append, 7.0)
    assert seen[-1] == 7.0
    assert f.recordings == 1


def tracked(read):
    """A function of x and a running mean, which a callback moves towards x; the mean; the calls."""
    mean, moved = Value(0.0, label="mean"), []

    def track(x):
        moved.append(x)
        mean.data = 0.9 * mean.data + 0.1 * x

    return lambda x: read(x, mean, lambda: ag.callback(track, x)), mean, moved


READ_AFTER = {
    "operand": lambda x, mean, call: call() or x - mean,
    "detached": lambda x, mean, call: call() or x - mean.detach(),
    "compared": lambda x, mean, call: call() or (x if mean > 0.15 else -x),
    "returned": lambda x, mean, call: call() or [x, mean],
    "before and after": lambda x, mean, call: ag.sum([x * mean, call() or mean]),
    "later": lambda x, mean, call: call() or ag.callback(list, ()) or x - mean,
}


def numbers_of(function, mean):
    """What it gives for three numbers, and the mean after each."""
    return [
        ([y.data if isinstance(y, Value) else y for y in np.ravel(function(x))], mean.data)
        for x in (1.0, 2.0, 3.0)
    ]


@pytest.mark.parametrize("read", READ_AFTER.values(), ids=READ_AFTER)
def test_what_a_callback_writes_and_the_call_reads_is_found_by_the_check(read):
    function, mean, _ = tracked(read)
    expected = numbers_of(function, mean)
    function, mean, moved = tracked(read)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert numbers_of(compile(function), mean) == expected
    if read not in (READ_AFTER["compared"], READ_AFTER["returned"]):  # recorded anew; itself
        assert "its program gave" in str(caught[0].message)
    assert moved == [1.0, 2.0, 3.0]


READ_BEFORE = {
    "operand": lambda x, mean, call: (x - mean, call())[0] * W[0],
    "compared": lambda x, mean, call: (x - W[0] if mean < 5 else x, call())[0],
    "never": lambda x, mean, call: call() or x * W[0],
}


@pytest.mark.parametrize("read", READ_BEFORE.values(), ids=READ_BEFORE)
def test_a_callback_may_write_what_was_read_before(read):
    function, mean, _ = tracked(read)
    expected = numbers_of(function, mean)
    function, mean, moved = tracked(read)
    compiled = compile(function)
    assert numbers_of(compiled, mean) == expected
    assert (compiled.recordings, moved) == (1, [1.0, 2.0, 3.0])


def test_what_a_callback_writes_is_given_to_the_next():
    mean, seen = Value(1.0, label="mean"), deque()

    def f(x):
        ag.callback(lambda number: setattr(mean, "data", number), x)
        ag.callback(seen.append, mean)
        return x * W[0]

    compiled = compile(f)
    compiled(5.0)
    with pytest.warns(RuntimeWarning, match=r"gave 5.0 as callbacks\[1\]\[0\], and the function 6"):
        compiled(6.0)
    compiled(7.0)
    assert list(seen) == [5.0, 6.0, 7.0]


def test_a_callback_that_writes_an_argument_which_is_read_after_it():
    def f(mean, x):
        ag.callback(lambda number: setattr(mean, "data", number), x)
        return mean * W[0]

    mean, compiled = Value(1.0), compile(f)
    compiled(mean, 5.0)
    with pytest.warns(RuntimeWarning, match=r"as result, and the function 3.0"):
        assert compiled(mean, 6.0).data == 3.0


def test_a_callback_is_not_watched_while_the_call_is_recorded():
    mean, double = Value(0.0), compile(lambda x: x * 2)

    def store(number):
        mean.data = double(Value(number)).data
        (mean * 3).backward()

    f = compile(lambda x: ag.callback(store, x) or x * W[0])
    for x in (1.0, 2.0, 3.0):
        f(Value(x))
        assert mean.data == 2 * x
    assert (mean.grad, f.recordings, double.recordings) == (9.0, 1, 1)


def test_what_a_callback_raises_comes_out():
    def fails(number):
        raise OSError("disk full")

    f = compile(lambda x: ag.callback(fails, x) or x * W[0])
    for _ in range(3):
        with pytest.raises(OSError, match="disk full"):
            f(1.0)


def test_a_callback_is_given_numbers_of_the_types_that_the_function_gives():
    given = []

    def f(x, i, w):
        for number in (x, i, x > 1, w):
            ag.callback(given.append, number)
        return i * x * w

    compiled = compile(f, check="never")
    for i in range(5):
        compiled(i * 0.5, i, Value(2.0))
    assert given == [x for i in range(5) for x in (i * 0.5, i, i > 2, 2.0)]
    assert [type(x) for x in given] == [float, int, bool, float] * 5


@pytest.mark.parametrize("check", ["auto", "never"])
def test_a_function_that_raises_calls_back_and_draws_once(check):
    rng, other, seen = random.Random(0), random.Random(0), []

    @compile(check=check)
    def f(x):
        ag.callback(seen.append, x)
        number = ag.sample(rng.random)
        if x > 2:
            raise KeyError(number)
        return number

    for x in 3.0, 1.0, 1.5, 4.0, 1.0:
        if x > 2:
            with pytest.raises(KeyError) as raised:
                f(x)
            assert raised.value.args == (other.random(),)
        else:
            assert f(x) == other.random()
    assert seen == [3.0, 1.0, 1.5, 4.0, 1.0]


def test_what_fails_on_tracers_goes_on_where_it_failed():
    rng, other, seen = random.Random(0), random.Random(0), []

    def f(x):
        ag.callback(seen.append, x)
        y = x + ag.sample(rng.random)
        ag.callback(seen.append, 0.0)
        return float.__mul__(x, 0.75) + y  # a tracer is no float

    with pytest.warns(RuntimeWarning, match="fails on what stands for the numbers"):
        assert compile(f, check="never")(2.0) == 1.5 + (2.0 + other.random())
    assert seen == [2.0, 0.0]


def test_a_program_does_not_call_back_again_what_a_recording_called_that_failed():
    seen = []

    def f(x, k):
        ag.callback(seen.append, x)
        return float(Decimal(k)) * x if x > 0 else x * k  # Decimal takes no tracer

    compiled = compile(f, check="never")
    for x, k in ((1.0, 1), (-2.0, 2), (3.0, 1)):  # recorded; with ints that move; replayed
        assert compiled(x, k) == x * k
    assert seen == [1.0, -2.0, 3.0]
    assert compiled.recordings == 2


@pytest.mark.parametrize("check", ["auto", "always", "never"])
def test_containers_of_numbers_come_with_the_numbers_of_each_call(check):
    seen, expected = [], []

    def f(a, into):
        ag.callback(into, {"loss": a * 2}, [a, (a > 1, "text")], np.array([a, a * 3]))
        return a * W[0]

    compiled = compile(f, check=check)
    for number in (0.5, 2.0, 3.0, 1.5):
        compiled(number, lambda *values: seen.append(values))
        f(number, lambda *values: expected.append(values))
    for found, values in zip(seen, expected, strict=True):
        assert found[:2] == values[:2]
        assert found[1][1][0] is values[1][1][0]
        assert found[2].tolist() == values[2].tolist()
        assert found[2].dtype == values[2].dtype


@pytest.mark.parametrize("check", ["auto", "always", "never"])
def test_what_a_program_drew_that_was_not_the_one_is_not_lost(check):
    rng, other = random.Random(0), random.Random(0)
    f = compile(lambda x: (x if x > 0 else -x) * 10 + ag.sample(rng.random), check=check)
    for x in 1.0, 2.0, -1.0, 1.0, -2.0, -3.0:
        assert f(x) == abs(x) * 10 + other.random()


statistics = 0.0


def update(number):
    global statistics
    statistics = 0.9 * statistics + 0.1 * number


class Averaging:
    def __init__(self):
        self.mean = Value(0.0)

    def update(self, number):
        self.mean.data = 0.9 * self.mean.data + 0.1 * number

    def __call__(self, x):
        ag.callback(self.update, x)
        return x if x > 0 else -x


def averaging(x):
    ag.callback(update, x)
    return x if x > 0 else -x


@pytest.mark.parametrize(
    ("function", "mean"),
    [(averaging, lambda _: statistics), (Averaging(), lambda function: function.mean.data)],
)
def test_what_a_callback_keeps_in_a_value_or_a_global_of_its_own(function, mean):
    """As the documentation has it: no warning."""
    f, expected = compile(function), 0.0
    for x in (-3.0, -2.0, 1.0, 2.0, 3.0, -1.0):
        assert f(x) == abs(x)
        expected = 0.9 * expected + 0.1 * x
        assert mean(function) == expected
    assert f.recordings == 2


def test_an_array_that_a_callback_writes_into_is_its_own():
    def spoil(x):
        x[:] = 0.0

    @compile(check="never")
    def f(x):
        y = 2.0 * x
        ag.callback(spoil, y)
        return y

    for k in range(4):
        assert f(np.arange(3.0) + k).tolist() == [2.0 * k, 2.0 * k + 2, 2.0 * k + 4]
