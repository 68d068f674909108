"""The loops of the interpreter, against the rule table."""

import math
from array import array

import numpy as np
import pytest

from autograd_lite.compiler.tape import loops
from autograd_lite.compiler.tape.interpreter import Interpreter
from autograd_lite.compiler.tape.opcodes import LEAF
from autograd_lite.compiler.tape.tape import Tape
from autograd_lite.operations import kernels
from autograd_lite.operations.rules import CODES


@pytest.mark.parametrize("name", ["add", "sub", "mul"])
def test_partials_that_are_written_out_are_those_of_the_rule(name):
    code = CODES[name]
    tape = Tape([LEAF, LEAF, code], [0, 0, 0, 2], [0, 1], [0] * 3, [0, 1, -1], [2], 2)
    run = Interpreter(tape, [0, 1]).forward(array("d", [3.0, -0.7]), array("q"))
    value, *partials = kernels.binary(code, 3.0, -0.7)
    assert run.outputs.tolist() == [value]
    assert run.gradient([2.0]).tolist() == [2.0 * partial for partial in partials]


def test_dot_is_a_sum_of_products():
    n, xs = 3, np.array([3.0, -0.7, 0.3, 1.1, 2.3, -5.0])
    tape = Tape(
        [LEAF] * 2 * n + [CODES["dot"]],
        [0] * 2 * n + [0, 2 * n],
        np.arange(2 * n),
        np.zeros(2 * n + 1),
        [*range(2 * n), -1],
        [2 * n],
        2 * n,
    )
    run = Interpreter(tape, range(2 * n)).forward(array("d", xs), array("q"))
    products = [kernels.binary(CODES["mul"], xs[i], xs[n + i]) for i in range(n)]
    assert run.outputs.tolist() == [sum(value for value, _, _ in products)]
    expected = [dx for _, dx, _ in products] + [dy for _, _, dy in products]
    assert run.gradient([1.0]).tolist() == expected


def test_numbers_are_collected_and_looked_at():
    values, places = array("d", [0.5, 1.5, -0.0, 2.5, math.inf]), array("q", [1, 2, 3, 0])
    out = array("d", bytes(32))
    assert loops.collect(values, places, out)
    assert out.tobytes() == array("d", [1.5, -0.0, 2.5, 0.5]).tobytes()
    for place in range(4):
        values[places[place]], before = math.nan, values[places[place]]
        assert not loops.collect(values, places, out)
        values[places[place]] = before
