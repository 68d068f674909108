"""vmap(f) gives what a loop gives, and records f for one sample, whatever the size of the batch."""

import os
import random
import threading
import warnings
from collections import deque
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd_lite as ag
import nn
from autograd_lite import Value, compile, no_grad, take, vmap
from tests.support.agreement import agree, outcome

LONG = os.environ.get("HYPOTHESIS_PROFILE") == "long"
W = [Value(0.5), Value(-1.5), Value(2.0)]


def as_a_loop(batched, loop, args, leaves=W):
    """Both give the same, also at the second and third call, when arrays may take over."""
    agree(loop, [args], leaves, None, compiled=batched, times=3, rel=1e-9)


def test_one_recording_for_all_sizes():
    model = nn.MLP(2, [4, 1], rng=0)

    def error(x, y):
        return (model(x) - y) ** 2

    batched, rng = vmap(error), np.random.default_rng(0)
    batched(rng.normal(size=(3, 2)), [1.0, 2.0, 3.0])
    for n in (1, 2, 50, 3):
        args = rng.normal(size=(n, 2)), rng.normal(size=n).tolist()
        found = [outcome(batched, args, model.parameters()) for _ in range(3)]
        assert batched.recordings == 1
        eager = outcome(lambda x, y: list(map(error, x, y)), args, model.parameters())
        assert found == [pytest.approx(eager, rel=1e-9, abs=1e-12)] * 3


def test_the_batch_becomes_the_rows_of_matrices():
    model = nn.Linear(3, 4, rng=0)
    batched = vmap(lambda x: ag.sum([z.relu() for z in model(x)]))
    lengths = set()
    for n in (300, 400):
        for _ in range(2):
            batched(np.ones((n, 3)))
        text = batched.explain()
        assert f"z1[{n}, 4] = x @ p0.T" in text
        assert "dp0[4, 3] = dz1.T @ x" in text
        assert "run by these operations" in text
        lengths.add(text.count("\n"))
    assert len(lengths) == 1
    assert batched.recordings == 1


def test_one_value_in_several_samples_and_shared():
    x = Value(2.0)
    as_a_loop(
        vmap(lambda a, b, c: a * b + c * W[0], in_axes=(0, 0, None)),
        lambda xs, ys, c: [a * b + c * W[0] for a, b in zip(xs, ys, strict=True)],
        ([x, x, Value(3.0)], [1.0, 2.0, 3.0], x),
        [*W, x],
    )


def test_arrays_of_results_are_an_array():
    found = vmap(lambda row: row * W[0])(np.ones((3, 2)))
    assert isinstance(found, np.ndarray)
    assert found.shape == (3, 2)
    assert found[2, 1].data == 0.5


def test_samples_may_go_different_ways():
    def huber(x):
        return x * x / 2 * W[0] if abs(x) <= 1 else abs(x) - 0.5

    batched = vmap(huber)
    for numbers in ([0.5, 2.0, -1.0, -3.0], [3.0, 2.0], [0.1], [0.1, 5.0, 0.2]):
        xs = [Value(x) for x in numbers]
        as_a_loop(batched, lambda xs: list(map(huber, xs)), (xs,), [*W, *xs])
    assert batched.recordings == 2


def test_the_way_that_was_not_taken_leaves_nothing():
    seen = deque()

    def f(i, x):
        if i < 0:
            return x * W[0]
        ag.callback(seen.append, x)
        return take(W, i) * ag.log(x)

    batched = vmap(f)
    for indices, xs in (([0, -5], [2.0, -3.0]), ([-9, 2], [0.0, 1.0]), ([1, 2], [3.0, 4.0])):
        for kind in (np.array, list):
            seen.clear()
            as_a_loop(
                batched,
                lambda indices, xs: [f(i, x) for i, x in zip(indices, xs, strict=True)],
                (kind(indices), kind(xs)),
            )
            assert sorted(seen) == sorted(
                4 * [x for i, x in zip(indices, xs, strict=True) if i >= 0]
            )
    assert batched.recordings == 4  # two ways, for ints of Python's and of NumPy's
    with pytest.raises(IndexError):
        batched([0, 3], [1.0, 1.0])


def test_what_a_callback_raises_is_raised():
    seen = []

    def note(x):
        seen.append(x)
        if x == 2.0:
            raise OSError("disk full")

    batched = vmap(lambda x: (ag.callback(note, x), x * 2.0)[1])
    batched([5.0, 6.0])
    seen.clear()
    with pytest.raises(OSError, match="disk full"):
        batched([0.0, 1.0, 2.0, 3.0])
    assert seen == [0.0, 1.0, 2.0]


def test_too_many_ways_are_taken_eagerly():
    batched = vmap(lambda x: x * float(x.data))
    with pytest.warns(RuntimeWarning, match="it took 16 different ways"):
        assert [y.data for y in batched([Value(float(i)) for i in range(20)])] == [
            float(i * i) for i in range(20)
        ]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert [y.data for y in batched([Value(-2.0), Value(3.0)])] == [4.0, 9.0]


def test_draws_are_those_of_the_loop():
    drops = nn.Dropout(0.5)
    batched = vmap(lambda x: ag.sum(drops([x, x, x])) * W[0])
    for _ in range(3):
        state = random.getstate()
        expected = [(ag.sum(drops([x, x, x])) * W[0]).data for x in (1.0, 2.0, 3.0)]
        random.setstate(state)
        assert [y.data for y in batched([1.0, 2.0, 3.0])] == expected


def test_nesting():
    @compile
    def square(x):
        return x * x * W[0]

    @compile
    def loss(xs):
        return ag.mean(vmap(square)(xs))

    rows = vmap(vmap(lambda x, w: x * w, in_axes=(0, None)), in_axes=(0, None))
    for n in (2, 3, 2):
        xs = [Value(float(i)) for i in range(n)]
        as_a_loop(
            lambda xs: [loss(xs)],
            lambda xs: [ag.mean([x * x * W[0] for x in xs])],
            (xs,),
            [*W, *xs],
        )
    assert (loss.recordings, square.recordings) == (2, 0)
    as_a_loop(compile(vmap(square)), lambda xs: [x * x * W[0] for x in xs], ([1.0, 2.0, 3.0],))
    as_a_loop(
        rows,
        lambda table, w: [[x * w for x in row] for row in table],
        ([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], W[0]),
    )
    assert rows.recordings == 1


def test_derivatives_of_each_sample():
    """The per-sample gradients that a batch usually adds up."""
    x, y = np.array([1.0, 2.0, 3.0]), np.array([2.0, 0.5, 1.0])
    for i, error in enumerate(vmap(lambda x, y: (W[0] * x - y) ** 2)(x, y)):
        W[0].grad = 0.0
        error.backward()
        assert W[0].grad == pytest.approx(2 * (0.5 * x[i] - y[i]) * x[i])


def test_under_no_grad_and_detect_anomaly():
    batched = vmap(lambda x: ag.log(x) * W[0])
    with no_grad():
        assert all(y.is_leaf for y in batched([1.0, 2.0]))
    with ag.detect_anomaly(), pytest.raises(ag.AnomalyError, match="log gave -inf"):
        batched([Value(1.0), Value(0.0)])


def test_parameters_are_read_anew_and_exchanged_ones_recorded():
    box = {"w": Value(2.0)}
    batched = vmap(lambda x: box["w"] * x)
    assert [y.data for y in batched([1.0, 2.0])] == [2.0, 4.0]
    box["w"].data = 3.0
    assert [y.data for y in batched([1.0, 2.0])] == [3.0, 6.0]
    box["w"] = Value(4.0)
    assert [y.data for y in batched([1.0, 2.0])] == [4.0, 8.0]
    assert batched.recordings == 2


@settings(max_examples=500 if LONG else 15)
@given(st.integers(0, 2**32 - 1), st.integers(1, 5))
def test_random_functions(seed, n):
    """Operations drawn at random on shared and own numbers, of which some results are shared."""
    draw = random.Random(seed)
    steps = [(draw.randrange(5), draw.random(), draw.random()) for _ in range(8)]

    def f(x, shared, i):
        values = [*x, *shared, *W, take(W, i)]
        for kind, *places in steps:
            a, b = (values[int(place * len(values))] for place in places)
            values.append([a + b, a * b, ag.tanh(a), ag.maximum(a, b), ag.dot([a, b], W[:2])][kind])
        return values[-1], [values[-2], values[3], W[0]]

    xs = [[Value(draw.uniform(-2, 2)), draw.uniform(-2, 2)] for _ in range(n)]
    shared, indices = [Value(draw.uniform(-2, 2))], np.array([draw.randrange(3) for _ in range(n)])

    def loop(xs, shared, indices):
        all_ = [f(x, shared, i) for x, i in zip(xs, indices, strict=True)]
        return [one[0] for one in all_], [one[1] for one in all_]

    leaves = [*W, *shared, *(x[0] for x in xs)]
    as_a_loop(vmap(f, in_axes=(0, None, 0)), loop, (xs, shared, indices), leaves)


def test_results_of_several_forms_are_a_list():
    batched = vmap(lambda x: (x, x) if x > 0 else [x, x])
    assert [type(result) for result in batched([1.0, -1.0])] == [tuple, list]
    batched = vmap(lambda x: (x, x) if x > 0 else (x,))
    assert [*map(len, batched([1.0, -1.0]))] == [2, 1]


def test_the_warning_stands_at_the_line_that_calls():
    with pytest.warns(RuntimeWarning, match="runs eagerly") as warned:
        vmap(lambda x: x * W[0].grad)([1.0, 2.0])
    assert warned[0].filename == __file__


def sample(i, found, first):
    return f"argument 0: sample {i} has {found} where sample 0 has {first}"


def test_tables_need_not_form_one_pattern():
    """Two tables for different indices, a table of numbers, a row of x that is left out."""
    other, scale = [Value(10.0), Value(20.0), Value(30.0)], Value(1.5)

    def picked(x, indices):
        tables = W, [0.5, 2.0, 3.0], other, other, x[0], x[2]
        return [take(t, i) * scale for t, i in zip(tables, indices, strict=True)]

    batched, rng = vmap(picked), np.random.default_rng(0)
    for n in (3, 50, 50, 20):
        x, indices = rng.normal(size=(n, 3, 3)), rng.integers(-3, 3, (n, 6))
        leaves = [*W, *other, scale]
        as_a_loop(batched, lambda x, i: list(map(picked, x, i)), (x, indices), leaves)
    assert batched.recordings == 1


# ----------------------------------------------------------------------------------------- checks


def with_samples(function):
    """The function, and the samples for which it was run itself."""
    seen = []

    def f(x):
        if type(x) is float:
            seen.append(x)
        return function(x)

    return f, seen


def test_one_sample_runs_beside_the_program_at_runs_2_4_8(monkeypatch):
    monkeypatch.delenv("AUTOGRAD_LITE_CHECK", raising=False)
    f, seen = with_samples(lambda x: W[0] * x)
    batched, checked = vmap(f), {}
    for call in range(1, 20):
        seen.clear()
        assert [y.data for y in batched([1.0, 2.0, 3.0])] == [0.5, 1.0, 1.5]
        checked |= {call: [*seen]} if seen else {}
    assert [*checked] == [1, 3, 7, 15]  # the recorded sample was the first run
    assert {*map(len, checked.values())} == {1}
    assert len({samples[0] for samples in checked.values()}) > 1  # not always the same


def test_a_change_that_no_guard_sees_is_seen_by_a_check(monkeypatch):
    monkeypatch.delenv("AUTOGRAD_LITE_CHECK", raising=False)
    hidden = threading.local()
    hidden.factor = 1.0
    batched = vmap(lambda x: W[0] * x * hidden.factor)
    for _ in range(2):  # the runs 1 to 3 of the program
        assert [y.data for y in batched([1.0, 2.0, 3.0])] == [0.5, 1.0, 1.5]
    hidden.factor = 2.0
    with pytest.warns(RuntimeWarning, match=r"runs eagerly from now on: its program gave"):
        assert [y.data for y in batched([1.0, 2.0, 3.0])] == [1.0, 2.0, 3.0]
    hidden.factor = 3.0
    assert [y.data for y in batched([1.0, 2.0])] == [1.5, 3.0]


@pytest.mark.parametrize("kind", [vmap, lambda f: vmap(compile(f, check="always"))])
def test_each_sample_is_checked_always_where_that_is_wanted(kind, monkeypatch):
    if kind is vmap:
        monkeypatch.setenv("AUTOGRAD_LITE_CHECK", "1")
    f, seen = with_samples(lambda x: W[0] * x)
    batched = kind(f)
    for _ in range(3):
        seen.clear()
        assert [y.data for y in batched([1.0, 2.0, 3.0])] == [0.5, 1.0, 1.5]
        assert seen[-2:] == [2.0, 3.0]


def test_no_sample_is_checked_where_that_is_wanted():
    f, seen = with_samples(lambda x: W[0] * x)
    batched = vmap(compile(f, check="never"))
    for _ in range(9):
        batched([1.0, 2.0, 3.0])
    assert seen == []


def test_a_checked_sample_calls_back_once_and_draws_the_same():
    seen = deque()

    def f(x):
        y = ag.sample(random.random) * x * W[0]
        ag.callback(seen.append, y)
        return y

    for check in ("auto", "always", "never"):
        batched = vmap(compile(f, check=check))
        for _ in range(9):
            seen.clear()
            found = [y.data for y in batched([1.0, 2.0, 3.0])]
            assert [*seen] == pytest.approx(found, rel=1e-12)


@pytest.mark.parametrize(
    "one",
    [
        lambda x: np.maximum(np.array([-1.0, 2.0]), abs(x)),
        lambda x: x * np.ones((3, 2)).T,
        lambda x: np.array([1.0, 2.0]) < x,
        lambda x: np.stack([np.ones(2) * x, np.zeros(2)]),
    ],
)
def test_arrays_of_numbers_are_one_array_at_every_call(one):
    batched = vmap(lambda x: {"y": (one(x), 1.0)})
    for xs in ([4.0, 0.5], [1.0, 1.5], [2.5, -3.0]):
        found, expected = batched(xs)["y"][0], np.stack([one(x) for x in xs])
        assert type(found) is np.ndarray
        assert (found.dtype, found.strides) == (expected.dtype, expected.strides)
        assert found.tolist() == expected.tolist()
    assert batched.recordings == 1


def test_a_sample_that_goes_on_after_a_recording_that_failed_does_not_call_back_again():
    seen = []

    def f(x, k):
        ag.callback(seen.append, x)
        return float(Decimal(k)) * x if x > 0 else x * k  # Decimal takes no tracer

    batched = vmap(compile(f, check="never"), in_axes=(0, None))
    for xs, k in (([-1.0], 1), ([-2.0], 2), ([3.0, 4.0], 1)):
        assert batched(xs, k) == [x * k for x in xs]
    assert seen == [-1.0, -2.0, 3.0, 4.0]
