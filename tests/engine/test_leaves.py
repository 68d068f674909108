"""Numbers and Values taken out of containers, put in again, and containers compared."""

from collections import namedtuple

import numpy as np
import pytest

from autograd_lite import Value
from autograd_lite.leaves import difference, leaves, number, put, with_values

Pair = namedtuple("Pair", "a b")
V = Value(3.0)


@pytest.mark.parametrize(
    ("thing", "found"),
    [
        (2, [2]),
        (V, [V]),
        ([1.0, (V, {"a": 4.0})], [1.0, V, 4.0]),
        (Pair(1.0, [V]), [1.0, V]),
        (np.array([[1.0, 2.0], [3.0, 4.0]]), [1.0, 2.0, 3.0, 4.0]),
        (np.array([V, 1.0], object), [V, 1.0]),
        ([], []),
    ],
)
def test_leaves_and_back(thing, found):
    assert list(leaves(thing, "f")) == found
    again = put(thing, found)
    assert difference(thing, again, "x") == ""
    assert list(leaves(again, "f")) == found


def test_values_make_an_array_of_objects():
    array = np.ones((2, 2))
    assert put(array, [1.0] * 4).dtype == float
    assert put(array, [V] * 4).tolist() == [[V, V], [V, V]]


@pytest.mark.parametrize("thing", ["a", None, {1.0}, np.array(["a"])])
def test_what_holds_no_numbers(thing):
    with pytest.raises(TypeError, match="f: expected numbers and Values, not"):
        list(leaves([1.0, thing], "f"))


@pytest.mark.parametrize(
    ("thing", "other", "message"),
    [
        (1.0, [1.0], "x is a list of 1, not a number"),
        ([1.0, 2.0], [1.0], "x is a list of 1, not a list of 2"),
        ([1.0], (1.0,), "x is a tuple of 1, not a list of 1"),
        ({"a": [1.0]}, {"a": [(1.0, 2.0)]}, "x['a'][0] is a tuple of 2, not a number"),
        ({"a": 1.0}, {"b": 1.0}, "x is a dict with the keys 'b', not a dict with the keys 'a'"),
        (np.ones(2), np.ones(3), "x is an array of shape (3,), not an array of shape (2,)"),
    ],
)
def test_where_two_containers_part(thing, other, message):
    assert difference(thing, other, "x") == message


def test_numbers():
    assert (number(V), number(2), number(True)) == (3.0, 2.0, 1.0)


def test_with_values():
    x, y = Value(1.0), Value(2.0)
    thing = {"a": [x, 3, "b", None], "c": (np.array([y, 1.0], object), np.array([1, 2]))}
    found = with_values(thing, lambda node: node.data * 10)
    assert found["a"] == [10.0, 3, "b", None]
    assert found["c"][0].tolist() == [20.0, 1.0]
    assert found["c"][1].dtype == int
    assert thing["a"][0] is x
    assert with_values(x, lambda node: y) is y
