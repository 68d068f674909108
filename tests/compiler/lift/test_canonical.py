"""The canonical form: leaves, constants and powers that are nodes of other kinds."""

import math
from array import array

from autograd_lite import Value, sigmoid
from autograd_lite.compiler.lift import lift
from autograd_lite.compiler.run.arrays import ArrayExecutor
from autograd_lite.compiler.tape.opcodes import LEAF
from autograd_lite.compiler.tape.tape import Tape
from autograd_lite.operations.rules import CODES
from tests.support.lifting import Lifted

W = [Value(0.5), Value(-1.5), Value(2.0)]


def test_results_that_are_leaves_constants_or_the_same():
    assert Lifted(lambda x: (x, W[0], x, x * 1, Value(3.0)), Value(2.0)).agrees()


def test_powers_that_are_constants_and_the_base():
    assert Lifted(lambda xs: sum(w**0 + w**1 for w in xs), W).agrees()


def test_one_leaf_may_be_several_nodes():
    """leaf 0 + leaf 0 * leaf 1, with two nodes for leaf 0."""
    codes = [LEAF, LEAF, LEAF, CODES["mul"], CODES["add"]]
    tape = Tape(codes, [0, 0, 0, 0, 2, 4], [1, 2, 0, 3], [0.0] * 5, [0, 0, 1, -1, -1], [4], 2)
    arrays = ArrayExecutor(lift(tape, [1, 0]))
    run = arrays.forward(array("d", [2.0, 5.0]), array("q"))
    assert run.outputs.tolist() == [12.0]
    assert run.gradient([1.0]).tolist() == [2.0, 6.0]


def test_what_is_detached_is_a_number_of_its_own_for_those_who_differentiate_again():
    lifted = Lifted(lambda x: x * W[0].detach() + W[0].data, 2.0)
    assert lifted.agrees()
    assert "detached(" not in str(lift(lifted.tape, []))
    assert str(lift(lifted.tape, [], detached=True)).count("detached(") == 1


def test_the_derivative_of_a_sigmoid_is_finite_where_it_is_0():
    """exp(800) is infinite; it was 0 * (0 * inf)."""
    arrays = ArrayExecutor(lift(Lifted(lambda x: sigmoid(x), Value(1.0)).tape, [0]))
    for x in (-800.0, -40.0, 0.0, 40.0, 800.0):
        run = arrays.forward(array("d", [x]), array("q"))
        value = Value(x)
        sigmoid(value).backward()
        assert math.isclose(run.gradient([1.0])[0], value.grad, rel_tol=1e-14, abs_tol=1e-300)
