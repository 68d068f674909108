"""Arguments put together again: what they were, with tracers in the places of their numbers."""

from collections import namedtuple

import numpy as np
import pytest

from autograd_lite import Value
from autograd_lite.compiler.record.flatten import flatten_call
from autograd_lite.compiler.record.numbers import IntTracer, NumberTracer
from autograd_lite.compiler.record.tracers import TracerError, Tracers, ValueTracer, end
from autograd_lite.value import number_of

Point = namedtuple("Point", "x y")


def together(*args, moving=(), **kwargs):
    tracers = Tracers(flatten_call(args, kwargs, frozenset(moving)))
    return tracers, *tracers.call(lambda x, *rest, k=0: None)


def numbers(thing):
    """The thing with the numbers of the tracers in it."""
    if isinstance(thing, dict):
        return {key: numbers(x) for key, x in thing.items()}
    if isinstance(thing, (list, tuple)):
        return [*map(numbers, thing)]
    if isinstance(thing, np.ndarray) and thing.dtype == object:
        return [*map(numbers, thing)]
    return number_of(thing) if issubclass(type(thing), Value) else thing


def test_containers_hold_tracers_of_the_numbers():
    tracers, args, kwargs = together(1.5, Point(2.0, (Value(3.0),)), [{"w": 4.0}, "text"], k=5.0)
    assert numbers([args, kwargs]) == [[1.5, [2.0, [3.0]], [{"w": 4.0}, "text"]], {"k": 5.0}]
    assert type(args[1]) is Point
    assert [*map(number_of, tracers.arguments)] == [1.5, 2.0, 3.0, 4.0, 5.0]
    assert tracers.names == {range(1): "x", range(1, 3): "rest", range(3, 4): "rest",
                             range(4, 5): "k"}  # fmt: skip
    assert tracers.static_names == ["rest", "rest", "rest", ""]


@pytest.mark.parametrize(
    ("thing", "cls"), [(1.5, float), (np.float64(1.5), float), (np.int64(3), np.int64)]
)
def test_a_tracer_says_that_it_is_what_it_stands_for(thing, cls):
    _, (tracer,), _ = together(thing)
    assert isinstance(tracer, cls)
    assert issubclass(type(tracer), NumberTracer)


def test_ints_that_move_are_tracers_and_others_are_not():
    tracers, (i, j), _ = together(3, 4, moving=[1])
    assert (i, type(j), tracers.indices) == (3, IntTracer, [j])


def test_arrays_hold_tracers_of_numpys_numbers():
    _, (array,), _ = together(np.array([[1.0, 2.0]]))
    assert (array.shape, array.dtype) == ((1, 2), np.float64)
    assert numbers(array.nested()) == [[1.0, 2.0]]


@pytest.mark.parametrize("change", [lambda x: x.append(2.0), lambda x: x.__setitem__(0, x[0] + 1)])
def test_a_container_that_the_call_has_changed_is_an_error(change):
    tracers, (xs,), _ = together([1.0])
    tracers.check()
    change(xs)
    with pytest.raises(TracerError, match="it changes an argument, a list"):
        tracers.check()


@pytest.mark.parametrize("dtype", [float, int])
def test_an_array_is_changed_by_what_leaves_its_numbers_as_they_are(dtype):
    tracers, (xs,), _ = together(np.array([1, 1], dtype), moving=[0, 1])
    xs[0] = xs[0]
    tracers.check()
    xs[0] = xs[1]
    with pytest.raises(TracerError, match="it changes an argument, a ndarray"):
        tracers.check()


def test_after_the_call_tracers_are_nodes_that_tables_know():
    tracers, (x, v), _ = together(1.0, Value(2.0))
    assert type(v) is ValueTracer
    assert end([*tracers.arguments, Value(3.0)]) == [x]
    assert {x: 1, v: 2}[v] == 2
