"""Access to memory: both twins have the same functions, which do what their docstrings say."""

from array import array

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


def test_containers_are_alike_if_they_hold_the_same_objects():
    x, y = Value(1.0), Value(1.0)
    assert memory.alike([x, y], [x, y])
    assert memory.alike({"a": x}, {"a": x})
    assert not memory.alike([x], [y])
    assert not memory.alike([x], [x, y])
    assert not memory.alike({"a": x}, {"a": y})
    assert not memory.alike([x], {0: x})
