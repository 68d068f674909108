"""What common networks are lifted to: as many operations on arrays for a batch of any size."""

import numpy as np
import pytest

import autograd_lite as ag
import nn
from autograd_lite.compiler.choice import most_groups
from autograd_lite.compiler.lift import lift_if_regular
from tests.support import networks
from tests.support.lifting import Lifted

# The operations on arrays that each network may take at most, forward and backward.
BUDGET = {
    "moons": (14, 16),
    "perceptron": (13, 17),
    "chapter": (17, 15),
    "microgpt": (52, 85),
    "convolution": (10, 13),
    "transformer": (52, 63),
    "lstm": (108, 119),
    "actor_and_critic": (17, 18),
}
# The same for each further step of a recurrence, and for the causal softmax below.
BUDGET_OF_A_STEP = {nn.RNN: (3, 4), nn.LSTM: (16, 14), nn.GRU: (14, 13)}
BUDGET_OF_A_SOFTMAX = (18, 11)


def is_within(calls, budget):
    return all(number <= most for number, most in zip(calls, budget, strict=True))


@pytest.mark.parametrize("network", BUDGET)
def test_calls(network):
    function, args = getattr(networks, network)()
    lifted = Lifted(function, *args)
    assert lifted.agrees()
    assert is_within(lifted.arrays.calls, BUDGET[network])
    assert lift_if_regular(lifted.tape, lifted.wrt, most_groups(lifted.tape))


@pytest.mark.parametrize(("network", "lengths"), [("microgpt", (8, 13)), ("transformer", (8, 5))])
def test_other_lengths_take_as_many_calls(network, lengths):
    programs = [getattr(networks, network)(length=length) for length in lengths]
    one, other = (Lifted(function, *args) for function, args in programs)
    assert other.agrees()
    assert other.arrays.calls == one.arrays.calls


@pytest.mark.parametrize("kind", BUDGET_OF_A_STEP)
def test_calls_of_a_step(kind):
    """All but the recurrence itself is computed for all steps at once: W x, errors, gradients."""
    programs = [networks.recurrent(kind, length) for length in (7, 9)]
    short, long = (Lifted(function, *args) for function, args in programs)
    assert long.agrees()
    both = zip(short.arrays.calls, long.arrays.calls, strict=True)
    assert is_within([(b - a) / 2 for a, b in both], BUDGET_OF_A_STEP[kind])


def test_a_row_of_one_is_as_the_others():
    """Of the causal softmax, whose first token has only itself to look at."""

    def function(rows):
        seen = [row[: i + 1] for i, row in enumerate(rows)]
        return ag.sum([ag.dot(ag.softmax(row), row) for row in seen])

    rows = np.random.default_rng(0).normal(size=(6, 6))
    lifted = Lifted(function, [list(map(ag.Value, row)) for row in rows])
    assert lifted.agrees()
    assert is_within(lifted.arrays.calls, BUDGET_OF_A_SOFTMAX)


def test_the_parameters_may_be_used_in_any_order():
    """The row of a weight, then its bias, as they are met: yet the matrices are found."""
    function, args = networks.moons()
    lifted = Lifted(function, *args)
    assert "not on views" not in lifted.explain()
