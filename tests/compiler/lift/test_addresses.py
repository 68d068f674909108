"""Addresses: what is used alike lies side by side, and rows of different lengths are padded."""

import math
from itertools import pairwise

import numpy as np
import pytest

import autograd_lite as ag
from autograd_lite import Value, dot
from autograd_lite.compiler.lift.instructions import Elementwise, Ref, ZeroPadding, target_of
from tests.support.lifting import Lifted
from tests.support.scalar_programs import KINDS, program


def table(n, m):
    return [[Value(0.1 * i - 0.3 * j) for i in range(m)] for j in range(n)]


@pytest.mark.parametrize("seed", range(len(KINDS)))
def test_every_leaf_has_an_address_of_its_own(seed):
    function, args = program(seed)
    lifted = Lifted(function, *args).program
    assert sorted(lifted.leaves) == list(range(lifted.tape.leaves))
    assert lifted.constants.base == lifted.tape.leaves
    written = np.concatenate([target_of(it) for it in (*lifted.forward, *lifted.backward)])
    assert written.min() >= lifted.constants.base + lifted.constants.size
    assert written.max() < lifted.size


def test_leaves_lie_as_they_are_given_if_their_uses_are_loops():
    """Rows of a weight, each with its bias behind it."""
    rows = [(row, Value(1.0)) for row in table(3, 2)]
    lifted = Lifted(lambda xs: [dot(row, xs) + bias for row, bias in rows], [1.0, 2.0])
    assert lifted.program.leaves.tolist() == list(range(11))
    assert lifted.program.parameters.tolist() == [-1, -1, 0, 0, 1, 0, 0, 1, 0, 0, 1]


def test_leaves_that_lie_anywhere_are_put_in_the_order_of_their_uses():
    xs, places = [Value(0.5 * i) for i in range(8)], [0, 3, 1, 7, 4, 2, 6, 5]
    ys = [1.0 + i * i for i in range(8)]
    lifted = Lifted(lambda xs, ys: [xs[i] * y for i, y in zip(places, ys, strict=True)], xs, ys)
    assert lifted.program.leaves[places].tolist() == list(range(8))
    assert len(lifted.program.forward) == 1
    assert lifted.agrees()


def causal(rows):
    """Softmax of the rows of a lower triangle, weighted: each one longer than the one before."""
    seen = [row[: i + 1] for i, row in enumerate(rows)]
    return ag.sum([dot(ag.softmax(row), row) for row in seen])


def test_rows_of_different_lengths_are_padded_to_the_longest():
    few, many = (Lifted(causal, table(n, n)) for n in (6, 9))
    assert many.agrees()
    assert many.arrays.calls == few.arrays.calls
    instructions = [*many.program.forward, *many.program.backward]
    assert any(isinstance(it, ZeroPadding) for it in instructions)


def test_padding_that_nobody_adds_up_is_not_set_to_zero():
    lifted = Lifted(lambda rows: [[ag.tanh(x) for x in row] for row in rows], [
        [Value(0.1 * i) for i in range(n)] for n in (1, 2, 3, 4)
    ])  # fmt: skip
    assert not any(isinstance(it, ZeroPadding) for it in lifted.program.forward)


def test_equal_constants_of_one_use_are_one_number():
    xs = [Value(0.5 * i) for i in range(6)]
    same, different = (
        Lifted(lambda xs, cs=cs: [ag.tanh(x * c) for x, c in zip(xs, cs, strict=True)], xs).program
        for cs in ([3.0] * 6, [1.5, 2.5, 3.5, 4.5, 5.5, 6.5])
    )
    assert different.constants.size - same.constants.size == 5
    assert len(same.forward) == len(different.forward)


def test_derivatives_lie_upwards_as_what_they_are_of():
    """They are made for the last operand first; loops that go down are not fused with others."""

    def chained(xs):
        return ag.sum([100 * (y - x * x) ** 2 + (1 - x) ** 2 for x, y in pairwise(xs)])

    f = ag.compile(ag.value_and_grad(chained))
    f([0.1 * i for i in range(30)])
    program = f.programs()[0].array_program
    refs = [ref for it in program.forward for ref in vars(it).values() if isinstance(ref, Ref)]
    assert len(refs) > 10
    assert all(min(ref.strides, default=0) >= 0 for ref in refs)
    assert np.count_nonzero(np.diff(program.outputs) != 1) <= 4


def test_a_number_between_two_parts_is_put_where_it_makes_loops():
    """Gates of two layers read a state: those of one lie at every place, of the other at every
    second one. With one number more in the first part, each step lost a number to the next.
    """
    n = 6
    w = [[Value(0.1 * i - 0.2 * j) for i in range(n)] for j in range(6)]

    def states(xs):
        h, g = [0.1] * n, [0.2] * n
        for x in xs:
            gates = [
                (ag.sigmoid(a * u), ag.sigmoid(a * v))
                for a, u, v in zip(h, w[0], w[1], strict=True)
            ]
            other = [
                (ag.sigmoid(a * u), ag.tanh(a * v)) for a, u, v in zip(g, w[2], w[3], strict=True)
            ]
            g = [p * q + a + x for (p, q), a in zip(gates, h, strict=True)]
            h = [p * q + a for (p, q), a in zip(other, g, strict=True)]
        return ag.sum([*h, *g])

    counts = []
    for steps in (6, 9, 12):
        lifted = Lifted(states, [0.1 * t for t in range(steps)])
        assert lifted.agrees()
        counts.append(len(lifted.program.forward) + len(lifted.program.backward))
    assert counts[2] - counts[1] == counts[1] - counts[0]
    groups = [it for it in lifted.program.forward if isinstance(it, Elementwise)]
    assert all(math.prod(it.loops) % n == 0 for it in groups)
