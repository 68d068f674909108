"""What things hold, compared in C by identity, and then as numbers and text."""

import math
from collections import namedtuple
from types import CellType

import numpy as np
import pytest

from autograd_lite import Value
from autograd_lite.compiler.record.held import (
    MISSING,
    Look,
    Part,
    contents,
    first_changed,
    same,
)

Pair = namedtuple("Pair", "x y")
X, Y = Value(1.0), Value(1.0)


class Box:
    size = 1.0

    def __init__(self):
        self.w = X


class Slotted:
    __slots__ = ("w",)


class AnotherSlotted:
    __slots__ = ("w",)


def function(x, y=1.0):
    return x


def test_the_contents_of_things():
    assert contents([X, 2.0]) == (X, 2.0)
    assert contents({"a": X, "b": 2.0}) == ("a", X, "b", 2.0)
    assert contents(CellType(X)) == (X,)
    assert contents(CellType()) == ()
    assert contents(Part(Slotted(), [Slotted.w])) == (Slotted, MISSING)
    assert contents(Part({"a": X}, ["a", "b"])) == (dict, X, MISSING)
    assert contents(Box()) == (Box, "w", X)
    assert contents(function) == (function.__code__, (1.0,), None)
    assert ("size", 1.0) in zip(contents(Box)[::2], contents(Box)[1::2], strict=True)


def changes():
    things = [1.0, X]
    yield things, lambda: things.__setitem__(1, Y)
    longer = []
    yield longer, lambda: longer.append(X)
    items = {"a": X}
    yield items, lambda: items.update(a=Y)
    keys = {"a": X, "b": Y}
    yield keys, lambda: keys.update(a=keys.pop("a"))
    slotted = Slotted()
    yield Part(slotted, [Slotted.w]), lambda: setattr(slotted, "w", Y)
    of_another_class = Slotted()
    yield (
        Part(of_another_class, [Slotted.w]),
        lambda: setattr(of_another_class, "__class__", AnotherSlotted),
    )
    space = {"a": X}
    yield Part(space, ["a"]), lambda: space.update(a=Y)
    later = {}
    yield Part(later, ["a"]), lambda: later.update(a=X)
    gone = {"a": X}
    yield Part(gone, ["a"]), lambda: gone.clear()
    cell = CellType(X)
    yield cell, lambda: setattr(cell, "cell_contents", Y)
    empty = CellType()
    yield empty, lambda: setattr(empty, "cell_contents", X)
    full = CellType(X)
    yield full, lambda: delattr(full, "cell_contents")
    box = Box()
    yield box, lambda: setattr(box, "w", Y)
    other = Box()
    yield other, lambda: setattr(other, "__class__", type("Other", (Box,), {}))
    cls = type("Cls", (), {})
    yield cls, lambda: setattr(cls, "w", X)
    f = lambda x, y=1.0: x  # noqa: E731
    yield f, lambda: setattr(f, "__defaults__", (2.0,))
    g = lambda x: x  # noqa: E731
    yield g, lambda: setattr(g, "__code__", f.__code__)
    h = lambda x: x  # noqa: E731
    yield h, lambda: setattr(h, "w", X)


@pytest.mark.parametrize(("thing", "change"), [*changes()])
def test_the_first_that_changed_is_found(thing, change):
    things = [[X], thing, {"a": 1.0}]
    held = [*map(contents, things)]
    assert first_changed(things, held, 0) == -1
    change()
    assert first_changed(things, held, 0) == 1
    assert first_changed(things, held, 2) == -1
    assert not same(held[1], contents(thing))


def test_a_look_is_always_taken():
    numbers = {1.0}
    things = [Look(numbers, list)]
    assert contents(things[0]) == (MISSING, 1.0)
    assert first_changed(things, [contents(things[0])], 0) == 0


def test_a_look_may_fail():
    assert contents(Look("a", int)) == (MISSING,)


@pytest.mark.parametrize(
    ("held", "found", "expected"),
    [
        (1.0, 1.0 + 0 * math.pi, True),
        (1.0, 2.0, False),
        (0.0, -0.0, False),
        (math.nan, float("nan"), True),
        (1, 1.0, False),
        (1, True, False),
        ("a" * 3, "aaa", True),
        (np.float64(1.0), np.float64(1.0), True),
        (np.float64(1.0), 1.0, False),
        (np.zeros(1), np.zeros(1), False),
        ([1.0, (2.0, {"a": 3.0})], [1.0, (2.0, {"a": 3.0})], True),
        ([1.0, (2.0, {"a": 3.0})], [1.0, (2.0, {"a": 4.0})], False),
        ({"a": 1.0, "b": 2.0}, {"b": 2.0, "a": 1.0}, False),
        ([1.0], [1.0, 2.0], False),
        ([1.0], (1.0,), False),
        (Pair(1.0, X), Pair(1.0, X), True),
        (Pair(1.0, X), (1.0, X), False),
        ([X], [X], True),
        ([X], [Y], False),
        ([X], [1.0], False),
        ({1.0}, {1.0}, False),
    ],
)
def test_what_does_as_well(held, found, expected):
    assert same(held, found) is expected


def test_what_holds_itself_is_no_other():
    held, found = [], []
    held.append(held)
    found.append(found)
    assert same(held, held)
    assert not same(held, found)
