"""Loops side by side, against one after the other: the same bits."""

from array import array

import numpy as np
import pytest

from autograd_lite.compiler.tape import lanes, scan
from autograd_lite.compiler.tape.instructions import LANES
from autograd_lite.compiler.tape.lanes import Lanes
from autograd_lite.compiler.tape.opcodes import LESS
from tests.compiler.tape.test_scan import body

RNG = np.random.default_rng(0)
N = 5
SIZE = N + 2  # a carry, the x of each step, and what is captured
NOWHERE = array("d")


@pytest.mark.parametrize("every", [1, 2])
@pytest.mark.parametrize("width", [1, 3, LANES])
def test_forward_and_backward(width, every):
    _, steps = body()
    first = 2
    numbers = array("d", RNG.uniform(0.1, 1, (first + width) * SIZE))
    results, sent = array("d", bytes(8 * len(numbers))), array("d", bytes(8 * len(numbers)))
    cotangents = array("d", RNG.normal(size=(first + width) * (N + 1)))
    side = Lanes(steps.copy(), N)
    side.load(numbers, first, width, False)
    carries = array("d", bytes(8 * -(-N // every) * width))
    assert lanes.forward(side, numbers, results, carries, every, 0, N)
    side.load(numbers, first, width, True)
    bars = lanes.begin_backward(side, cotangents)
    for begin in reversed(range(0, N, every)):
        here = carries
        end = min(N, begin + every)
        if every > 1:
            here = array("d", bytes(8 * every * width))
            side.restore(carries, begin // every)
            assert lanes.forward(side, numbers, NOWHERE, here, 1, begin, end)
        elif begin:
            continue  # all at once
        else:
            end = N
        lanes.backward(side, numbers, here, bars, cotangents, sent, begin, end)
    for i in range(first, first + width):
        mine = numbers[i * SIZE : (i + 1) * SIZE]
        ys, kept, of_x = (array("d", bytes(8 * N)) for _ in range(3))
        xs, one = mine[1:-1], steps.copy()
        one.load(mine[:1], mine[-1:])
        assert scan.forward(one, xs, ys, kept, 0, N) == N
        assert results[i * (N + 1) : (i + 1) * (N + 1)] == one.carry() + ys
        given = cotangents[i * (N + 1) : (i + 1) * (N + 1)]
        bar = given[:1]
        scan.backward(one, xs, kept, bar, given[1:], of_x, 0, N)
        assert sent[i * SIZE : (i + 1) * SIZE] == bar + of_x + one.cotangents[2:3]


def test_a_guard_that_fails_in_one_lane():
    _, steps = body((array("q", [1, LESS, -1]), array("d", [1.0])))  # that the y is less than 1
    numbers = array("d", [0.1] * (3 * SIZE))
    results, carries = array("d", bytes(8 * 3 * (N + 1))), array("d", bytes(8 * 3 * N))
    side = Lanes(steps.copy(), N)
    side.load(numbers, 0, 3, False)
    assert lanes.forward(side, numbers, results, carries, 1, 0, N)
    numbers[2 * SIZE + 2] = 90.0
    side.load(numbers, 0, 3, False)
    assert not lanes.forward(side, numbers, results, carries, 1, 0, N)
