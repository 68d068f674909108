"""What common networks are lifted to: as many NumPy calls for a batch of any size."""

import networks
import pytest
from lifting import Lifted
from scalar_programs import KINDS, irregular, program

from autograd_lite.compiler.lower import is_regular


@pytest.mark.parametrize(
    ("network", "forward", "backward", "regular"),
    [
        ("moons", 14, 16, True),
        ("perceptron", 13, 17, True),
        ("chapter", 17, 15, True),
        ("microgpt", 52, 88, True),
        ("convolution", 10, 14, True),
        ("lstm", 108, 119, False),
        ("actor_and_critic", 17, 19, False),
    ],
)
def test_calls(network, forward, backward, regular):
    function, args = getattr(networks, network)()
    lifted = Lifted(function, *args)
    assert lifted.agrees()
    assert lifted.arrays.calls == (forward, backward)
    assert is_regular(lifted.tape, lifted.wrt) is regular


def test_longer_texts_take_as_many_calls():
    function, args = networks.microgpt(length=13)
    lifted = Lifted(function, *args)
    assert lifted.agrees()
    assert lifted.arrays.calls == (52, 88)


def test_the_parameters_may_be_used_in_any_order():
    """The row of a weight, then its bias, as they are met: yet the matrices are found."""
    function, args = networks.moons()
    lifted = Lifted(function, *args)
    assert "not on views" not in lifted.arrays.explain()


def test_irregular_programs_are_not_worth_it():
    function, args = program(KINDS.index(irregular))
    lifted = Lifted(function, *args)
    assert not is_regular(lifted.tape, lifted.wrt)


def test_a_long_chain_is_refused_at_once():
    def function(x):
        for _ in range(20_000):
            x = (x * 0.5).tanh()
        return x

    lifted = Lifted(function, 0.5)
    assert not is_regular(lifted.tape, lifted.wrt)
