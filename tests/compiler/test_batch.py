"""The arguments of a batch: along which axis their samples lie, and what each sample is given."""

import dataclasses
from typing import NamedTuple

import numpy as np
import pytest

import autograd_lite as ag
from autograd_lite import Value, take, vmap
from tests.support.agreement import agree, data_of

W = [Value(0.5), Value(-1.5), Value(2.0)]


def as_a_loop(batched, loop, args, leaves=W):
    """Both give the same, also at the second and third call, when arrays may take over."""
    agree(loop, [args], leaves, None, compiled=batched, times=3, rel=1e-9)


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


class Point(NamedTuple):
    x: Value
    y: Value


def test_named_tuples_stay_what_they_are():
    batched = vmap(lambda p: Point(p.x * W[0], p.y))
    for _ in range(2):
        found = batched(Point([1.0, 2.0], np.array([3.0, 4.0])))
        assert [v.data for v in found.x] == [0.5, 1.0]
        assert found.y == [3.0, 4.0]
        found = batched([Point(1.0, 2), Point(3.0, 4)])
        assert found.y == [2, 4]


def test_ints_among_floats_are_floats():
    for xs in ([1, 2.0, 3], [2.0, True, 0.0], [1.0, np.int64(2), 3]):
        as_a_loop(vmap(lambda x: x * W[0]), lambda xs: [x * W[0] for x in xs], (xs,))
    rows = [[1.0, 2.0], [0, 2.0], [3, 4]]
    as_a_loop(
        vmap(lambda x: ag.dot(x, W[:2])), lambda rows: [ag.dot(x, W[:2]) for x in rows], (rows,)
    )


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
        assert [*map(data_of, [y for (y,) in found.point.y])] == [data_of(y) for _, y in numbers]
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
        (0, ([1, 2.0, Value(1.0)], [1.0] * 3), sample(2, "a Value", "an int")),
        (0, ([object(), object()], [1.0, 1.0]), sample(1, "an object", "another")),
        (0, ([(1.0, [1.0]), (1.0, None)], [1.0, 1.0]), sample(1, r"None at \[1\]", "a list of 1")),
        (
            0,
            ([{"a": 1.0}, {"b": 1.0}], [1.0, 1.0]),
            sample(1, r"a dict with the keys \['b'\]", r".* \['a'\]"),
        ),
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
    assert vmap(x_times_y, in_axes=(np.int64(0), None))([1.0], 2.0)[0] == 2.0
