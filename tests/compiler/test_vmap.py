"""vmap(f) gives what a loop gives, and records f for one sample, whatever the size of the batch."""

import dataclasses
import math
import os
import random
import warnings
from collections import deque
from typing import NamedTuple

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


@pytest.mark.parametrize("own", [Value, float])
def test_what_has_an_axis_and_what_is_shared(own):
    def f(w, x, b):
        return ag.dot(w, x) + b * W[0]

    w, xs, b = [Value(1.0), Value(2.0)], [[own(0.5), own(3.0)], [own(-1.0), own(4.0)]], Value(3.0)
    leaves = [*W, *w, b, *(x for row in xs for x in row if own is Value)]
    as_a_loop(
        vmap(f, in_axes=(None, 0, None)),
        lambda w, xs, b: [f(w, x, b) for x in xs],
        (w, xs, b),
        leaves,
    )


def test_one_value_in_several_samples_and_shared():
    x = Value(2.0)
    as_a_loop(
        vmap(lambda a, b, c: a * b + c * W[0], in_axes=(0, 0, None)),
        lambda xs, ys, c: [a * b + c * W[0] for a, b in zip(xs, ys, strict=True)],
        ([x, x, Value(3.0)], [1.0, 2.0, 3.0], x),
        [*W, x],
    )


@pytest.mark.parametrize("make", [np.array, lambda rows: rows])
def test_other_axes(make):
    table = [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]

    def f(column, row):
        return column[0] * W[0] + column[1] * W[1] + row[0] * row[1] * row[2]

    columns = [list(column) for column in zip(*table, strict=True)]
    rows = [[1.0, 2.0, 3.0], [0.5, 0.25, 1.0], [3.0, 3.0, 3.0]]
    as_a_loop(
        vmap(f, in_axes=(1, 0)),
        lambda table, rows: list(map(f, columns, rows)),
        (make(table), make(rows)),
    )
    cube = np.arange(24.0).reshape(2, 3, 4)
    as_a_loop(
        vmap(lambda x: x[1][2] * W[0] + x[0][0], in_axes=2),
        lambda _: [cube[1, 2, i] * W[0] + cube[0, 0, i] for i in range(4)],
        (make(cube.tolist()),),
    )


def test_tuples_and_dicts_have_the_axis_in_each_element():
    def f(pair, named):
        x, y = pair
        return {"sum": x * W[0] + named["b"], "both": (y * W[1], [x * W[2], y * x * W[0]])}

    def loop(pair, named):
        all_ = [f((x, y), {"b": b}) for x, y, b in zip(pair[0], pair[1], named["b"], strict=True)]
        return {
            "sum": [one["sum"] for one in all_],
            "both": ([one["both"][0] for one in all_], [one["both"][1] for one in all_]),
        }

    args = ([1.0, 2.0], np.array([3.0, 4.0])), {"b": [5.0, 6.0]}
    as_a_loop(vmap(f), loop, args)
    found = vmap(f)(*args)
    assert list(found) == ["sum", "both"]
    assert isinstance(found["both"], tuple)
    assert [len(found["sum"]), len(found["both"][0]), len(found["both"][1])] == [2, 2, 2]


def test_samples_that_are_tuples_in_a_list():
    as_a_loop(
        vmap(lambda point: point[0] * W[0] - point[1]),
        lambda points: [x * W[0] - y for x, y in points],
        ([(1.0, 2.0), (3.0, 4.0)],),
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
    assert batched.recordings == 2
    with pytest.raises(IndexError):
        batched([0, 3], [1.0, 1.0])


def test_what_a_callback_writes_is_seen_by_the_next_sample():
    mean = Value(0.0, label="mean")

    def f(x):
        y = x - mean
        ag.callback(lambda number: setattr(mean, "data", mean.data + number), x)
        return y

    batched = vmap(f)
    with pytest.warns(RuntimeWarning, match="writes the Value 'mean', which is read after it"):
        assert [y.data for y in batched([1.0, 2.0, 3.0])] == [1.0, 1.0, 0.0]
    assert [y.data for y in batched([1.0, 2.0])] == [-5.0, -5.0]
    assert mean.data == 9.0


def test_what_a_callback_writes_is_seen_by_the_next_sample_of_several_ways():
    def function():
        factor = Value(1.0, label="factor")

        def f(x, i):
            ag.callback(lambda number: setattr(factor, "data", number), x * 10.0)
            return (ag.take([x, x * 2.0], i) if x > 0 else x) * factor

        return f

    xs, indices = [1.0, 2.0, -1.0], np.array([0, 1, 7])
    loop, batched = function(), vmap(function())
    with pytest.warns(RuntimeWarning, match="writes the Value 'factor', which is read after it"):
        found = [y.data for y in batched(xs, indices)]
    assert found == [loop(x, i).data for x, i in zip(xs, indices, strict=True)]


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
    batched = vmap(lambda x: x * x.data)
    with pytest.warns(RuntimeWarning, match="runs eagerly from now on: it took 8 different ways"):
        assert [y.data for y in batched([Value(float(i)) for i in range(20)])] == [
            float(i * i) for i in range(20)
        ]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert [y.data for y in batched([Value(-2.0), Value(3.0)])] == [4.0, 9.0]


def test_python_ints_that_each_sample_has_are_numbers():
    def f(label, x, power):
        return label * x**power + (W[0] if label > 0 else 0.0)

    batched = vmap(f, in_axes=(0, 0, None))
    for labels in ([1, -1, 1], [-1, -1, 1], [1, 1, 1]):
        as_a_loop(
            batched,
            lambda labels, xs, power: [
                f(label, x, power) for label, x in zip(labels, xs, strict=True)
            ],
            (labels, [2.0, 3.0, 4.0], 3),
        )
    assert batched.recordings == 2  # two ways for the label
    scores = vmap(lambda tokens: take(W, tokens[0]) * tokens[1])
    assert [y.data for y in scores([[0, 1], [2, 3]])] == [0.5, 6.0]
    assert [y.data for y in scores([[1, 1], [1, 2]])] == [-1.5, -3.0]
    assert scores.recordings == 1


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


class Point(NamedTuple):
    x: Value
    y: Value


def test_named_tuples_stay_what_they_are():
    batched = vmap(lambda p: Point(p.x * W[0], p.y))
    for _ in range(2):
        found = batched(Point([1.0, 2.0], np.array([3.0, 4.0])))
        assert [v.data for v in found.x] == [0.5, 1.0]
        assert [v.data for v in found.y] == [3.0, 4.0]
        found = batched([Point(1.0, 2), Point(3.0, 4)])
        assert [v.data for v in found.y] == [2.0, 4.0]


def test_ints_among_floats_are_floats():
    for xs in ([1, 2.0, 3], [2.0, True, 0.0], [1.0, np.int64(2), 3]):
        as_a_loop(vmap(lambda x: x * W[0]), lambda xs: [x * W[0] for x in xs], (xs,))
    rows = [[1.0, 2.0], [0, 2.0], [3, 4]]
    as_a_loop(
        vmap(lambda x: ag.dot(x, W[:2])), lambda rows: [ag.dot(x, W[:2]) for x in rows], (rows,)
    )


def test_results_of_several_forms_are_a_list():
    batched = vmap(lambda x: (x, x) if x > 0 else [x, x])
    assert [type(result) for result in batched([1.0, -1.0])] == [tuple, list]
    batched = vmap(lambda x: (x, x) if x > 0 else (x,))
    assert [*map(len, batched([1.0, -1.0]))] == [2, 1]


def test_dicts_in_another_order_of_keys():
    batched = vmap(lambda p: {"sum": p["a"] * W[0] + p["in"]["b"] * 2.0 - p["in"]["c"]})
    ps = [{"a": 1.0, "in": {"b": 2.0, "c": 3.0}}, {"in": {"c": 30.0, "b": 20.0}, "a": 10.0}]
    assert [y.data for y in batched(ps)["sum"]] == [1.5, 15.0]
    assert [y.data for y in batched(ps[::-1])["sum"]] == [15.0, 1.5]
    batch = {"in": {"c": [3.0, 30.0], "b": [2.0, 20.0]}, "a": [1.0, 10.0]}
    assert [y.data for y in batched(batch)["sum"]] == [1.5, 15.0]


def test_dataclasses_are_taken_apart_and_given_back():
    def f(sample, shift):
        assert type(sample) is Sample
        return Sample(Pixel(sample.point.x * W[0] + shift.x, [sample.point.y]), sample.name)

    batched = vmap(f, in_axes=(0, None))
    for numbers in ([(1.0, 2.0), (3.0, 4.0)], [(5.0, 6.0)], [(7.0, Value(8.0)), (9.0, Value(0.0))]):
        samples, shift = [Sample(Pixel(*pair)) for pair in numbers], Pixel(1.0)
        found = batched(samples, shift)
        expected = [f(sample, shift) for sample in samples]
        assert type(found) is Sample
        assert found.name == ["a"] * len(samples)
        assert [x.data for x in found.point.x] == [y.point.x.data for y in expected]
        ys = [Value(0.0) + y for _, y in numbers]
        assert [y[0].data for y in found.point.y] == [y.data for y in ys]
    assert batched.recordings == 2 + 1  # another shift is another object


def test_the_axis_of_a_dataclass_is_that_of_each_field():
    batched = vmap(lambda point: point.x * W[0] + point.y)
    assert [y.data for y in batched(Pixel([1.0, 2.0], np.array([3.0, 4.0])))] == [3.5, 5.0]
    assert [y.data for y in batched(Pixel([1.0], [Value(3.0)]))] == [3.5]


def test_a_dataclass_that_the_function_changes_is_changed():
    def f(point):
        point.y = point.x * 2
        return point.y * W[0]

    points = [Pixel(1.0), Pixel(2.0)]
    with pytest.warns(RuntimeWarning, match="it changes an argument, a Pixel, which a program"):
        assert [y.data for y in vmap(f)(points)] == [1.0, 2.0]
    assert [point.y for point in points] == [2.0, 4.0]


def test_the_warning_stands_at_the_line_that_calls():
    with pytest.warns(RuntimeWarning, match="runs eagerly") as warned:
        vmap(lambda x: W[0] * math.sin(x))([1.0, 2.0])
    assert warned[0].filename == __file__


def x_times_y(x, y):
    return x * y


def sample(i, found, first):
    return f"argument 0: sample {i} has {found} where sample 0 has {first}"


@dataclasses.dataclass
class Pixel:
    x: object
    y: object = 1.0


@dataclasses.dataclass(frozen=True, slots=True)
class Sample:
    point: Pixel
    name: str = "a"


@pytest.mark.parametrize(
    ("in_axes", "args", "message"),
    [
        ((0, 0), ([1.0, 2.0], [1.0]), "argument 0 has 2 samples, but argument 1 has 1"),
        (0, ([], []), "argument 0 is an empty batch"),
        ((None, 0), ([], np.zeros((0, 3))), "argument 1 is an empty batch"),
        ((0, 1), ([1.0], [1.0]), "argument 1 has no axis 1"),
        (
            0,
            (2.0, [1.0]),
            "argument 0 has no axis 0; write None in in_axes for what all samples share",
        ),
        ((0, 2), ([1.0], np.ones((1, 1))), "argument 1 has no axis 2"),
        ((1, 0), ([[1.0, 2.0], [3.0]], [1.0]), "argument 0 has no axis 1 of one length"),
        ((0,), ([1.0], [1.0]), "in_axes gives the axes of 1 arguments, but there are 2"),
        (0, (), "vmap needs an argument that is a batch"),
        (0, ([[1.0], [1.0, 2.0]], [1.0, 1.0]), sample(1, "a list of 2", "a list of 1")),
        (0, (["a", "b"], [1.0, 1.0]), sample(1, "'b'", "'a'")),
        (0, ([1, 2.0, Value(1.0)], [1.0] * 3), sample(2, "a Value", "a float")),
        (0, ([object(), object()], [1.0, 1.0]), sample(1, "an object", "another")),
        (0, ([(1.0, [1.0]), (1.0, None)], [1.0, 1.0]), sample(1, r"None at \[1\]", "a list of 1")),
        (0, ([{"a": 1.0}, {"b": 1.0}], [1.0, 1.0]), sample(1, "the keys 'b'", "the keys 'a'")),
        (
            0,
            ([{"p": [Sample(Pixel(1.0))]}, {"p": [Sample(Pixel("b"))]}], [1.0, 1.0]),
            sample(1, r"'b' at \['p'\]\[0\]\.point\.x", "a float"),
        ),
        (
            0,
            ([Sample(Pixel(1.0)), Sample(Pixel(1.0), "b")], [1.0, 1.0]),
            sample(1, r"'b' at \.name", "'a'"),
        ),
        (0, ([Pixel(1.0), None], [1.0, 1.0]), sample(1, "None", "a Pixel")),
        (0, ({"p": Pixel([1.0, 2.0], 3.0)}, [1.0]), r"argument 0\['p'\]\.y has no axis 0"),
        (0, (Pixel([1.0, 2.0], [3.0]), [1.0]), "argument 0 has no axis 0 of one length"),
        (
            0,
            ([np.ones(2), np.ones(3)], [1.0, 1.0]),
            sample(1, r"an array of shape \(3,\)", "an"),
        ),
    ],
)
def test_wrong_batches(in_axes, args, message):
    batched = vmap(x_times_y, in_axes=in_axes)
    with pytest.raises(ValueError, match=rf"^x_times_y: {message}"):
        batched(*args)
    assert batched.recordings == 0


def test_wrong_axes_are_refused_at_once():
    for in_axes in ("0", -1, (0, 1.5), True):
        with pytest.raises(ValueError, match="an axis must be an int of 0 or more, or None, not"):
            vmap(x_times_y, in_axes=in_axes)
    for in_axes in (None, (None, None), ()):
        with pytest.raises(ValueError, match="one argument at least a batch axis"):
            vmap(x_times_y, in_axes=in_axes)
    with pytest.raises(TypeError, match="vmap: expected a function, not int"):
        vmap(3)
    with pytest.raises(TypeError, match="vmap takes no keyword argument"):
        vmap(x_times_y)([1.0], y=[1.0])
    with pytest.raises(ValueError, match="has recorded nothing yet"):
        vmap(x_times_y).explain()
    assert vmap(x_times_y, in_axes=(np.int64(0), None))([1.0], 2.0)[0].data == 2.0


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
