"""Access to memory: both twins have the same functions, which do what their docstrings say."""

from array import array
from types import CellType

import pytest

from autograd_lite import Value, memory
from tests.support import twins


def test_both_twins_have_the_same_functions():
    found = twins.in_c("autograd_lite/memory.pxd")
    assert len(found) > 20
    assert twins.in_python(memory, found) == found


def test_arrays_grow_and_are_read():
    numbers, ints = array("d", [0.5]), array("i")
    memory.append(numbers, 1.5)
    memory.append_int(ints, 7)
    assert list(numbers) == [0.5, 1.5]
    assert memory.doubles(numbers)[1] == 1.5
    assert memory.ints(ints)[0] == 7
    assert memory.part(memory.doubles(numbers), 1, 1)[0] == 1.5
    assert len(memory.room(numbers, 5)) == 5


def test_lists_and_dicts_hold_these_very_objects():
    x, y = Value(1.0), Value(1.0)
    assert memory.lists([x, y], (x, y))
    assert memory.lists([], ())
    assert not memory.lists([x], (y,))
    assert not memory.lists([x], (x, y))
    assert memory.maps({"a": x}, ("a", x), 0)
    assert memory.maps({"a": x}, (y, "a", x), 1)
    assert memory.maps({}, (), 0)
    assert not memory.maps({"a": x}, ("a", y), 0)
    assert not memory.maps({"a": x}, (), 0)
    assert not memory.maps({"a": x, "b": y}, ("b", y, "a", x), 0)


def test_variables_and_names():
    x, y = Value(1.0), Value(1.0)
    assert memory.encloses(CellType(x), (x,))
    assert not memory.encloses(CellType(x), (y,))
    assert not memory.encloses(CellType(x), ())
    assert memory.encloses(CellType(), ())
    assert not memory.encloses(CellType(), (x,))


def test_functions_and_attributes():
    def function(x, y=1.0, *, z=2.0):
        return x

    defined = function.__code__, function.__defaults__, function.__kwdefaults__
    assert memory.is_defined_by(function, defined)
    assert not memory.is_defined_by(function, (*defined[:2], None))
    plain = lambda: None  # noqa: E731
    assert memory.is_defined_by(plain, (plain.__code__, None, None))
    function.w = 1.0
    assert memory.attributes(function) is vars(function)
    assert memory.class_attributes(Kept)["w"] == 3.0
    with pytest.raises(AttributeError):
        memory.attributes(1.0)


def test_slots():
    thing, missing = Slotted(), object()
    assert memory.in_slot(thing, Slotted.w, missing) is missing
    thing.w = 2.0
    assert memory.in_slot(thing, Slotted.w, missing) == 2.0


class Kept:
    w = 3.0


class Slotted:
    __slots__ = ("w",)
