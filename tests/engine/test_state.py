"""Attributes that are state."""

import copy
import pickle

import pytest

from autograd_lite.state import State, names_of_state, state_of


class Counter:
    count = State()

    def __init__(self):
        self.count = 0
        self.step = 2


class Doubler(Counter):
    rate = State()


def test_state_is_an_attribute_like_others():
    counter = Counter()
    counter.count += counter.step
    assert (counter.count, vars(counter)) == (2, {"count": 2, "step": 2})
    assert state_of(counter) is vars(counter)
    for other in copy.deepcopy(counter), pickle.loads(pickle.dumps(counter)):
        assert other.count == 2


def test_state_that_is_not_set_is_an_error_that_names_it():
    doubler = Doubler()
    with pytest.raises(AttributeError, match="'Doubler' object has no attribute 'rate'"):
        _ = doubler.rate
    doubler.rate = 0.5
    assert doubler.rate == 0.5


def test_a_class_has_the_state_of_its_bases():
    assert names_of_state(Doubler) == {"count", "rate"}
    assert names_of_state(Counter) == {"count"}
    assert names_of_state(int) == set()
    assert type(Counter.count) is State
