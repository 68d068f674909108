"""Places of state are read and written all at once."""

from array import array
from types import SimpleNamespace

import pytest

import autograd_lite as ag
from autograd_lite import Value
from autograd_lite.compiler import places as module
from autograd_lite.compiler.places import Places, grads_of, set_grads
from autograd_lite.placement import place


def places():
    v, w = Value(1.0, label="v"), Value(2.0)
    w.grad = 0.5
    thing = SimpleNamespace(memory=array("d", [3.0, 4.0]), steps=7, on=False, lr=0.1)
    numbers = [(thing, "steps", int), (thing, "on", bool), (thing, "lr", float)]
    return v, w, thing, Places([v, w], [w], [(thing, "memory", 2)], numbers)


def test_numbers_are_read_in_order_and_written_with_their_types():
    v, w, thing, all_of_them = places()
    assert all_of_them.read().tolist() == [1.0, 2.0, 0.5, 3.0, 4.0, 7.0, 0.0, 0.1]
    assert len(all_of_them) == 8
    memory = thing.memory
    all_of_them.write(array("d", [99.0, 10.0, 20.0, 30.0, 40.0, 50.0, 60.0, 1.0, 0.25]), 1)
    assert (v.data, w.data, v.grad, w.grad) == (10.0, 20.0, 0.0, 30.0)
    assert thing.memory is memory
    assert memory.tolist() == [40.0, 50.0]
    assert (thing.steps, thing.on, thing.lr) == (60, True, 0.25)
    assert (type(thing.steps), type(thing.on)) == (int, bool)
    assert all_of_them.now() == [10.0, 20.0, 30.0, 40.0, 50.0, 60, True, 0.25]


@pytest.mark.parametrize("moved", [False, True])
def test_values_whose_gradients_are_state_too(moved):
    v, w = Value(1.0), Value(2.0)
    w.grad = 0.5
    all_of_them = Places([v, w], [v, w], [], [])
    again = Places([v, w], [v, w], [], [])
    if moved:  # by another program, to blocks of its own
        place((w,))
    v.data = 3.0
    for these in (all_of_them, again):
        assert these.read().tolist() == [3.0, 2.0, 0.0, 0.5]
    all_of_them.write(array("d", [5.0, 6.0, 7.0, 8.0]))
    assert (v.data, w.data, v.grad, w.grad) == (5.0, 6.0, 7.0, 8.0)
    assert again.read().tolist() == [5.0, 6.0, 7.0, 8.0]


def test_each_place_has_a_name():
    *_, all_of_them = places()
    assert [all_of_them.name(i) for i in range(8)] == [
        ".data of 'v'",
        ".data of a Value",
        ".grad of a Value",
        "memory[0] of the SimpleNamespace",
        "memory[1] of the SimpleNamespace",
        "steps of the SimpleNamespace",
        "on of the SimpleNamespace",
        "lr of the SimpleNamespace",
    ]


@pytest.mark.parametrize(
    ("name", "held"), [("steps", 7.0), ("lr", 1), ("memory", array("d", [1.0])), ("memory", [1, 2])]
)
def test_what_is_of_another_kind_is_not_read(name, held):
    *_, thing, all_of_them = places()
    setattr(thing, name, held)
    assert all_of_them.read() is None


def test_an_array_of_another_length_is_not_written():
    v, _, thing, all_of_them = places()
    thing.memory = array("d")
    with pytest.raises(RuntimeError, match="an array of state was replaced"):
        all_of_them.write(array("d", [5.0] * 8))
    assert v.data == 1.0


@pytest.mark.skipif(ag.compiled, reason="what takes room in C cannot be replaced")
def test_without_room_nothing_is_written(monkeypatch):
    v, w, thing, all_of_them = places()
    taken, room = [], module.room

    def last_room(n):
        if taken:
            raise MemoryError
        taken.append(n)
        return room(n)

    monkeypatch.setattr(module, "room", last_room)
    taken.append(0)
    with pytest.raises(MemoryError):
        all_of_them.write(array("d", [5.0] * 8))
    assert (v.data, w.data, w.grad, thing.steps) == (1.0, 2.0, 0.5, 7)
    taken.clear()
    all_of_them.write(array("d", [5.0] * 8))
    assert (v.data, w.data, w.grad, thing.steps) == (5.0, 5.0, 5.0, 5)


def test_the_places_belong_to_values_and_objects():
    v, w, thing, all_of_them = places()
    assert all_of_them.owners() == [v, w, w, *[thing] * 4]


def test_gradients_at_once():
    v, w = Value(1.0), Value(2.0)
    set_grads((v, w), [3.0, 4.0])
    assert grads_of((w, v)) == [4.0, 3.0]
