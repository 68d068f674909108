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
