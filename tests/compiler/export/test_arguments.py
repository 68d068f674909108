"""The arguments of a recorded call as tensors."""

from typing import NamedTuple

import numpy as np
import pytest

import autograd_lite.kinds as kinds
from autograd_lite import Value
from autograd_lite.compiler.export.arguments import fixed_in, named_slots, parts_of
from autograd_lite.compiler.record.flatten import flatten_call


class Pair(NamedTuple):
    x: float
    y: float


def tensors(thing, moving=True):
    """{name: (numbers, kind)} of an argument, and what is fixed in it."""
    flat = flatten_call((thing,), {}, {0} if moving else set())
    (part,), _ = parts_of(flat)
    numbers = np.array(flat.floats)
    found = {name: (numbers[x.at].tolist(), x.kind) for name, x in named_slots("a", part, ".")}
    return found, dict(fixed_in("a", part))


@pytest.mark.parametrize(
    ("thing", "expected"),
    [
        (2.5, {"a": (2.5, kinds.FLOAT)}),
        (3, {"a": (3.0, kinds.INT)}),
        (Value(1.5), {"a": (1.5, kinds.NO_NUMBER)}),
        ([1.0, 2.0], {"a": ([1.0, 2.0], kinds.FLOAT)}),
        ([[1, 2], (3, 4)], {"a": ([[1.0, 2.0], [3.0, 4.0]], kinds.INT)}),
        (np.ones((2, 1)), {"a": ([[1.0], [1.0]], kinds.FLOAT)}),
        (np.array([1, 2]), {"a": ([1.0, 2.0], kinds.INT)}),
        (np.float64(1.5), {"a": (1.5, kinds.FLOAT)}),
        ([np.ones(2), np.zeros(2)], {"a": ([[1.0, 1.0], [0.0, 0.0]], kinds.FLOAT)}),
        ([[1.0], [2.0, 3.0]], {"a.0": ([1.0], kinds.FLOAT), "a.1": ([2.0, 3.0], kinds.FLOAT)}),
        ([1.0, 2], {"a.0": (1.0, kinds.FLOAT), "a.1": (2.0, kinds.INT)}),
        ({"p": [1.0], "q": 2.0}, {"a.p": ([1.0], kinds.FLOAT), "a.q": (2.0, kinds.FLOAT)}),
        (Pair(1.0, 2.0), {"a.x": (1.0, kinds.FLOAT), "a.y": (2.0, kinds.FLOAT)}),
        ([], {}),
    ],
)
def test_numbers_of_one_shape_are_one_tensor(thing, expected):
    assert tensors(thing) == (expected, {})


def test_an_array_whose_axes_lie_otherwise_in_memory_has_its_own_order():
    numbers = np.arange(6.0).reshape(2, 3).T
    assert tensors(numbers)[0] == {"a": (numbers.tolist(), kinds.FLOAT)}
    objects = np.array([[Value(1.0), Value(2.0)]], object).T
    assert tensors(objects)[0] == {"a": ([[1.0], [2.0]], kinds.NO_NUMBER)}


def test_what_does_not_change_is_fixed():
    assert tensors("mean") == ({}, {"a": "mean"})
    assert tensors([1, 2], moving=False) == ({}, {"a": [1, 2]})
    found, fixed = tensors({"k": 3, "x": 1.0}, moving=False)
    assert (found, fixed) == ({"a.x": (1.0, kinds.FLOAT)}, {"a_k": 3})


def test_keywords_have_their_names():
    flat = flatten_call((1.0,), {"y": [2.0, 3.0]}, ())
    (first,), others = parts_of(flat)
    assert first.at.tolist() == 0
    assert others["y"].at.tolist() == [1, 2]
