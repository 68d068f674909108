"""The steps of a loop's body in one call, against the interpreter of the same tape."""

from array import array

import numpy as np
import pytest

from autograd_lite import Value, sin
from autograd_lite.compiler.tape import scan
from autograd_lite.compiler.tape.instructions import LANES
from autograd_lite.compiler.tape.interpreter import Interpreter
from autograd_lite.compiler.tape.opcodes import LESS
from autograd_lite.compiler.tape.steps import steps_of
from autograd_lite.compiler.tape.writer import write_tape
from tests.engine.test_loops import Made, observers

C, X, P = Value(0.3), Value(0.7), Value(1.5)
NO_GUARDS = array("q"), array("d")
RNG = np.random.default_rng(0)


def body(guards=NO_GUARDS):
    """carry, x, p -> sin(carry p) + x, carry x; an unused node is dropped."""
    watch = Made()
    with observers.observe(watch):
        after = sin(C * P) + X * 2.0
        y = C * X
    written = write_tape(watch.nodes, [after, y], {C: 0, X: 1, P: 2}, {}, {})
    tape = written.tape([after, y], 2, 0)
    return tape, steps_of(tape, 1, 1, 1, [], guards)


def test_forward_and_backward():
    tape, steps = body()
    assert steps.n_captured == 1
    n = 3 * LANES // 2  # some lanes stay empty
    xs, carry = array("d", RNG.normal(size=n)), array("d", [0.3])
    ys, carries = array("d", bytes(8 * n)), array("d", bytes(8 * n))
    steps.load(carry, array("d", [1.5]))
    assert scan.forward(steps, xs, ys, carries, 0, n) == n
    interpreter = Interpreter(tape, [0, 1, 2])
    runs, number = [], 0.3
    for t in range(n):
        assert carries[t] == number
        runs.append(interpreter.forward(array("d", [number, xs[t], 1.5]), array("q")))
        number, y = runs[-1].outputs
        assert ys[t] == y
    assert steps.carry() == array("d", [number])
    carry_bar, y_bar, x_bar = array("d", [2.0]), array("d", RNG.normal(size=n)), array("d", ys)
    scan.backward(steps, xs, carries, carry_bar, y_bar, x_bar, 0, n)
    bar, of_p = 2.0, 0.0
    for t in reversed(range(n)):
        bar, of_x, more = runs[t].gradient([bar, y_bar[t]])
        of_p += more
        assert x_bar[t] == of_x
    assert carry_bar[0] == bar
    assert steps.cotangents[2] == pytest.approx(of_p)


def test_a_part_of_the_steps():
    _, steps = body()
    xs, ys = array("d", [1.0, 2.0, 3.0, 4.0]), array("d", bytes(32))
    steps.load(array("d", [0.3]), array("d", [1.5]))
    scan.forward(steps, xs, ys, array("d"), 0, 4)
    whole = steps.carry(), ys[:]
    steps.load(array("d", [0.3]), array("d", [1.5]))
    for begin in (0, 2):
        scan.forward(steps, xs, ys, array("d"), begin, begin + 2)
    assert (steps.carry(), ys) == whole


def test_the_step_at_which_a_guard_does_not_hold():
    _, steps = body((array("q", [1, LESS, -1]), array("d", [1.0])))  # that the y is less than 1
    xs, none = array("d", [0.1, 0.2, 9.0, 0.1]), array("d")
    steps.load(array("d", [0.3]), array("d", [1.5]))
    assert scan.forward(steps, xs, none, none, 0, 4) == 2


def test_copies_have_room_of_their_own():
    _, steps = body()
    other = steps.copy()
    other.load(array("d", [5.0]), array("d", [6.0]))
    assert steps.carry() != other.carry()
