"""The lifted program as an object: what a back end reads, what `print` shows and `pickle` keeps."""

import pickle

import numpy as np
import pytest

from autograd_lite import Value, dot, take, tanh
from autograd_lite.compiler.lift import lift
from autograd_lite.compiler.lift.instructions import target_of
from tests.support.lifting import Lifted, Poisoned
from tests.support.scalar_programs import KINDS, program


def layer(weights, xs):
    return sum(tanh(dot(row, xs)) for row in weights)


WEIGHTS = [[Value(0.1 * i + j) for i in range(3)] for j in range(4)]


def lifted_layer():
    return Lifted(layer, WEIGHTS, [1.0, 2.0, 3.0]).program


PRINTED = """\
28 scalars, 15 of them leaves

arrays:
    p0[12] at 0
    x[3] at 12
    constants[4] at 15
    z1[4] at 19
    a1[4] at 23
    z2[1] at 27
    dout[1] at 32
    dp0[12] at 33
    dz1[4] at 47

forward:
    z1[4] = p0 @ x
    a1[4] = tanh(z1)
    z2 = a1.sum()

backward:
    dz1[4] = dout * (1 - a1 * a1)
    dp0[4, 3] = outer(dz1, x)"""


def test_it_prints_its_arrays_and_its_instructions():
    assert str(lifted_layer()) == PRINTED
    assert repr(lifted_layer()) == "<ArrayProgram: 28 scalars, 3 instructions forward, 3 backward>"


def test_inputs_and_outputs_have_addresses():
    """Leaves come first; what is written are no inputs, and all outputs are."""
    program = lifted_layer()
    assert sorted(program.leaves) == list(range(program.tape.leaves))
    written = [target_of(it) for it in (*program.forward, *program.backward)]
    written = np.unique(np.concatenate(written))
    constants, cotangents = program.constants, program.cotangents
    for given in (program.leaves, range(constants.base, constants.base + constants.size)):
        assert not np.isin(given, written).any()
    assert cotangents.size == program.tape.results
    assert not np.isin(range(cotangents.base, cotangents.base + cotangents.size), written).any()
    assert np.isin(program.outputs, written).all()
    assert np.isin(program.gradients, written).all()


def test_arrays_have_the_names_that_are_given():
    found = lifted_layer().arrays({range(12): "W", range(12, 15): "xs"})
    sizes = {
        "W": 12,
        "xs": 3,
        "constants": 4,
        "z1": 4,
        "a1": 4,
        "z2": 1,
        "dout": 1,
        "dW": 12,
        "dz1": 4,
    }
    assert {array.name: array.total for array in found if array.name} == sizes
    assert [array.base for array in found] == sorted(array.base for array in found)


def test_stretches_of_one_name_count_on():
    named = [array for array in lifted_layer().arrays({range(3, 6): "w"}) if array.name == "p0"]
    assert [(array.base, array.size, array.start) for array in named] == [(0, 3, 0), (6, 6, 3)]
    assert {array.total for array in named} == {9}


def test_a_leaf_that_is_not_used_has_a_gradient_that_nothing_writes():
    program = lift(Lifted(lambda x, y: x * x, Value(3.0), Value(4.0)).tape, [1, 0])
    written = np.concatenate([target_of(it) for it in (*program.forward, *program.backward)])
    assert np.isin(program.gradients, written).tolist() == [False, True]
    assert program.parameters.tolist() == [0, -1]


def test_choices_are_those_of_the_shortest_list():
    xs = [Value(0.5 * i) for i in range(4)]
    lifted = Lifted(
        lambda i, j: take(xs, i) + take(xs, j) * take(xs[1:], i), np.int64(1), np.int64(2)
    )
    assert lifted.program.choices.tolist() == [3, 4]


@pytest.mark.parametrize("seed", range(len(KINDS)))
def test_programs_can_be_pickled(seed):
    function, args = program(seed)
    lifted = Lifted(function, *args)
    one = np.ones(lifted.tape.results)
    before = lifted.by_arrays(lifted.leaves, one)
    lifted.arrays = Poisoned(pickle.loads(pickle.dumps(lifted.program)), lifted.reference)
    assert np.array_equal(lifted.by_arrays(lifted.leaves, one), before)


@pytest.mark.parametrize(
    ("wrt", "error", "message"),
    [
        ([-1], IndexError, "wrt has the slot -1, but the leaves are 0 to 14"),
        ([15], IndexError, "wrt has the slot 15, but the leaves are 0 to 14"),
        ([2**63 + 12], IndexError, "wrt has the slot 9223372036854775820"),
        ([0.7], TypeError, "list of slots, which are ints, not"),
        ([True, False], TypeError, "list of slots, which are ints, not"),
        (3, TypeError, "list of slots, which are ints, not 3"),
        ("ab", TypeError, "list of slots, which are ints, not 'ab'"),
        (None, TypeError, "list of slots, which are ints, not None"),
    ],
)
def test_slots_that_are_none_are_named(wrt, error, message):
    with pytest.raises(error, match=message):
        lift(lifted_layer().tape, wrt)


def test_what_is_no_tape_is_named():
    with pytest.raises(TypeError, match=r"lift takes a Tape, such as .*, not ArrayProgram"):
        lift(lifted_layer(), [0])
