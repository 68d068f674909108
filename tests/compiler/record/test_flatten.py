"""Arguments taken apart: the shape, the numbers, the Values, and what is static."""

from collections import namedtuple
from copy import deepcopy

import numpy as np
import pytest

from autograd_lite import Value, compile
from autograd_lite.compiler.record import tokens
from autograd_lite.compiler.record.flatten import FlatArguments, Identity, flatten, flatten_call

Pair = namedtuple("Pair", "x y")


def taken_apart(thing):
    flat = FlatArguments()
    flatten(thing, flat)
    return flat


def test_the_tokens_are_told_apart_from_lengths_and_from_one_another():
    numbers = [number for name, number in vars(tokens).items() if name.isupper() and name[0] != "_"]
    assert len(numbers) == 15
    assert len(set(numbers)) == len(numbers)
    assert max(x for x in numbers if x != tokens.ARRAY) < 0


def test_numbers_values_and_integers_in_containers():
    x = Value(3.0)
    flat = taken_apart([(1.5, x), {"k": np.int64(7)}, np.array([[1.0], [2.0]])])
    assert flat.floats.tolist() == [1.5, 3.0, 7.0, 1.0, 2.0]
    assert (flat.values, flat.slots, flat.integers.tolist()) == ([x], [1], [7])
    assert flat.shape.tolist() == [
        tokens.LIST, 3,
        tokens.TUPLE, 2, tokens.FLOAT, tokens.VALUE,
        tokens.DICT, 1, tokens.STATIC, tokens.INTEGERS, 0,
        tokens.FLOATS, 2, 2, 1,
    ]  # fmt: skip
    assert flat.statics == [(str, "k")]


@pytest.mark.parametrize(("axes", "written"), [((0, 1), [2, 2, 3]), ((1, 0), [-2, 3, 2, 1, 0])])
def test_axes_that_lie_in_memory_in_another_order(axes, written):
    x = np.arange(6.0).reshape(2, 3).transpose(axes)
    flat = taken_apart([x, x > 2])
    assert flat.floats.tolist() == x.ravel().tolist()
    assert flat.shape.tolist() == [tokens.LIST, 2, tokens.FLOATS, *written, tokens.STATIC]
    assert flat.statics == [(np.ndarray, (x.shape, tuple(written[3:]), "|b1", (x > 2).tobytes()))]


def test_ints_that_move_are_numbers():
    thing = [3, True, {4: np.array([True])}, np.int64(5), 2**53, "a"]
    flat = flatten_call((thing, 7), {"k": 8, "l": [9]}, {0, "l"})
    assert flat.floats.tolist() == [3.0, 5.0, 9.0]
    assert flat.integers.tolist() == [3, 5, 9]
    assert (flat.ints, flat.owners) == ([0, 2], [(0, [0]), ("l", [2])])
    statics = [
        (bool, True),
        (int, 4),
        (np.ndarray, ((1,), (), "|b1", b"\1")),
        (int, 2**53),
        (str, "a"),
    ]
    assert flat.statics == [*statics, (int, 7), (str, "k"), (str, "l"), (int, 8)]
    assert flat.shape.tolist() == [
        tokens.TUPLE, 2,
        tokens.LIST, 6, tokens.INT, tokens.STATIC,
        tokens.DICT, 1, tokens.STATIC, tokens.STATIC,
        tokens.INTEGERS, 0, tokens.STATIC, tokens.STATIC,
        tokens.STATIC,
        tokens.DICT, 2, tokens.STATIC, tokens.STATIC, tokens.STATIC, tokens.LIST, 1, tokens.INT,
    ]  # fmt: skip


def test_bools_of_samples_are_numbers():
    flat = FlatArguments(moving=True, own=True)
    flatten([True, 2, np.array([[True], [False]]), np.True_], flat)
    assert flat.floats.tolist() == [1.0, 2.0, 1.0, 0.0, 1.0]
    assert flat.integers.tolist() == [2]
    assert flat.shape.tolist() == [
        tokens.LIST, 4, tokens.BOOL, tokens.INT, tokens.BOOLS, 2, 2, 1, tokens.BOOLS, 0
    ]  # fmt: skip


def test_a_call_is_taken_apart_as_its_arguments_by_place_and_by_keyword_are():
    args, kwargs = (1.0, [2, True]), {"k": np.zeros(2, bool)}
    flat, other = FlatArguments(), flatten_call(args, kwargs, ())
    flatten(args, flat)
    flatten(kwargs, flat)
    assert (flat.shape, flat.statics, flat.floats) == (other.shape, other.statics, other.floats)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ([1.0, 2.0], [3.0, float("nan")], True),
        ([1.0, 2.0], (1.0, 2.0), False),
        ([1.0, 2.0], [1.0, 2.0, 3.0], False),
        ([np.float64(1)], [np.float32(2)], True),
        ([1.0], [np.float64(1)], False),
        ([1.0], [Value(1.0)], False),
        ([1.0], [np.int64(1)], False),
        ([1], [2], False),
        ([1], [True], False),
        (Pair(1.0, 2.0), Pair(3.0, 4.0), True),
        (Pair(1.0, 2.0), (1.0, 2.0), False),
        (np.zeros((2, 3)), np.ones((2, 3)), True),
        (np.zeros((2, 3)), np.zeros((3, 2)), False),
        (np.zeros(3), np.zeros(3, int), False),
        (np.array([True, False]), np.array([True, True]), False),
        ({"a": 1.0}, {"b": 1.0}, False),
    ],
)
def test_two_calls_are_of_one_signature_if_only_numbers_differ(one, other, same):
    one, other = taken_apart(one), taken_apart(other)
    alike = one.shape == other.shape and one.statics == other.statics
    assert alike is same


def test_an_object_is_equal_to_itself_alone():
    class Equal:
        def __eq__(self, other):
            return True

        __hash__ = None

    one, other = Equal(), Equal()
    assert one == other
    assert Identity(one) == Identity(one) == one
    assert Identity(one) != Identity(other)
    assert taken_apart(one).statics != taken_apart(other).statics
    assert taken_apart(one).statics == taken_apart(one).statics


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (complex(-1, 0.0), complex(-1, -0.0)),
        ({0.0: 1.0}, {-0.0: 1.0}),
        ({(1,): 1.0}, {(True,): 1.0}),
        ({(0.0, "a"): 1.0}, {(0, "a"): 1.0}),
        (np.datetime64("2020"), np.datetime64("2020-01-01")),
    ],
)
def test_equal_statics_that_are_not_the_same_are_told_apart(one, other):
    assert one == other
    assert taken_apart(one).statics != taken_apart(other).statics
    assert taken_apart(one).statics == taken_apart(deepcopy(one)).statics
    assert hash(tuple(taken_apart(one).statics)) == hash(tuple(taken_apart(deepcopy(one)).statics))


@pytest.mark.parametrize(
    "thing", [np.uint64(2**64 - 1), np.int64(2**53), np.int64(-(2**53)), np.array([1, 2**60])]
)
def test_integers_that_no_double_holds_are_parts_of_the_shape(thing):
    flat = taken_apart([1.0, thing])
    assert (flat.floats.tolist(), flat.integers.tolist()) == ([1.0], [])
    assert type(compile(lambda x: x)(thing)) is type(thing)
    assert np.array_equal(compile(lambda x: x)(thing), thing)
    assert flat.statics == taken_apart([1.0, thing.copy()]).statics
    assert flat.statics != taken_apart([1.0, thing - thing.dtype.type(1)]).statics
    assert taken_apart(np.int64(2**53 - 1)).integers.tolist() == [2**53 - 1]


def test_what_contains_itself_is_refused():
    own = []
    own.append(own)
    with pytest.raises(ValueError, match="nested more than 200 deep, or contains itself"):
        taken_apart(own)
