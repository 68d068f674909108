"""What an optimiser remembers is checked before the compiled step reads it through a pointer."""

from array import array

import pytest

import nn


@pytest.mark.parametrize("memory", [None, [0.0], array("f", [0.0]), array("d", [0.0, 0.0])])
def test_a_memory_of_another_kind_is_refused(memory):
    parameter = nn.Parameter(1.0)
    optimiser = nn.optim.SGD([parameter], lr=0.1, momentum=0.9)
    parameter.grad = 1.0
    optimiser.velocity = memory
    with pytest.raises(ValueError, match="SGD: velocity"):
        optimiser.step()
    assert (parameter.data, optimiser.steps) == (1.0, 0)


def test_the_parameters_cannot_be_replaced():
    optimiser = nn.optim.Adam([nn.Parameter(1.0)])
    with pytest.raises(AttributeError):
        optimiser.params = (None,)


def test_a_rate_set_to_an_int_loads_a_fraction():
    saved = nn.optim.SGD([nn.Parameter(1.0)], lr=0.1).state_dict()
    optimiser = nn.optim.SGD([nn.Parameter(1.0)], lr=1.0)
    optimiser.lr = 1
    optimiser.load_state_dict(saved)
    assert optimiser.lr == 0.1


@pytest.mark.parametrize(
    ("name", "wrong"),
    [("lr", -1.0), ("lr", float("nan")), ("steps", 2.5), ("steps", float("nan")), ("beta1", 1.0)],
)
def test_a_state_that_makes_no_sense_changes_nothing(name, wrong):
    optimiser = nn.optim.Adam([nn.Parameter(1.0)], lr=0.5)
    before = optimiser.state_dict()
    with pytest.raises(ValueError, match=name):
        optimiser.load_state_dict(before | {"weight_decay": 0.25, name: wrong})
    assert optimiser.state_dict() == before
