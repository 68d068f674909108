"""Views: what an expression of an array gives is what is at the places that it was asked for."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd_lite.compiler.export.expressions import name
from autograd_lite.compiler.export.numpy import DIALECT
from autograd_lite.compiler.export.python import Printer
from autograd_lite.compiler.export.views import loops_of, moving, suffix, view

shapes = st.lists(st.integers(1, 4), min_size=1, max_size=3).map(tuple)


def shown(shape, places, turn=None):
    """The text of a view of an array of this shape, and what it gives, broadcast."""
    tables = {}

    def ints(table):
        known = f"TABLE{len(tables)}"
        tables[known] = table
        return name(known, table.shape)

    x = np.arange(float(np.prod(shape))).reshape(shape)
    found = view(name("x", shape), places, ints, turn is not None)
    text = Printer(DIALECT).text(found)
    value = eval(text, {"np": np, "x": x, "t": turn, **tables})
    assert np.shape(value) == found.shape
    return text, np.broadcast_to(value, places.shape[turn is not None :])


@given(shape=shapes, data=st.data())
def test_any_places_are_read(shape, data):
    size = int(np.prod(shape))
    wanted = data.draw(shapes)
    flat = data.draw(
        st.lists(
            st.integers(0, size - 1),
            min_size=int(np.prod(wanted)),
            max_size=int(np.prod(wanted)),
        )
    )
    places = np.array(flat).reshape(wanted)
    _, value = shown(shape, places)
    np.testing.assert_array_equal(value, places)


@given(shape=shapes, data=st.data())
def test_strided_places_are_read(shape, data):
    size = int(np.prod(shape))
    places = np.zeros((), np.int64)
    for n in data.draw(shapes):
        step = data.draw(st.integers(-size, size))
        places = np.add.outer(places, step * np.arange(n))
    places = (places + data.draw(st.integers(0, size))) % size
    _, value = shown(shape, places)
    np.testing.assert_array_equal(value, places)


@given(shape=shapes, count=st.integers(2, 4), data=st.data())
def test_a_turn_of_a_loop_reads_its_places(shape, count, data):
    size = int(np.prod(shape))
    inner = data.draw(shapes)
    n = int(np.prod(inner))
    start, step = data.draw(st.integers(0, size)), data.draw(st.integers(-size, size))
    rows = [(start + step * t + np.arange(n)) % size for t in range(count)]
    places = np.array(rows).reshape(count, *inner)
    for t in range(count):
        _, value = shown(shape, places, turn=t)
        np.testing.assert_array_equal(value, places[t])


@pytest.mark.parametrize(
    ("shape", "places", "text"),
    [
        ((3, 4), np.arange(12).reshape(3, 4), "x"),
        ((3, 4), np.arange(12).reshape(3, 4).T, "x.T"),
        ((3, 4), np.arange(12), "x.reshape(12)"),
        ((3, 4), np.arange(4, 12).reshape(2, 4), "x[1:]"),
        ((3, 4), np.array([1, 5, 9]), "x[:, 1]"),
        ((6,), np.array([5, 3, 1]), "x[::-2]"),
        ((3,), np.array([[0], [1], [2]]), "x[:, None]"),
        ((2, 6), np.array([[2, 3], [8, 9]]), "x[:, 2:4]"),
        ((4, 2), np.array([[2, 3], [0, 1], [2, 3]]), "x[TABLE0]"),
    ],
)
def test_places_read_as_one_writes_them(shape, places, text):
    assert shown(shape, places)[0] == text


def test_axes_loops_and_strides():
    places = np.array([[0, 0], [4, 4]])
    assert moving(places) == [0]
    assert suffix((2, 3, 4)) == (12, 4, 1)
    assert loops_of(np.arange(6).reshape(2, 3)) == ([2, 3], [3, 1])
    assert loops_of(np.array([0, 1, 3, 7])) is None
