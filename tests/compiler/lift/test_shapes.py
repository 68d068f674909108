"""The shapes of arrays: those in which most instructions go over the whole."""

import random
from itertools import pairwise

from autograd_lite import Value, exp, nn
from tests.support import networks
from tests.support.lifting import Lifted


def shapes_of(function, *args):
    steps = [step for half in Lifted(function, *args).program.steps() for step in half]
    return {x.name: x.shape for step in steps for x in (*step.reads, *step.writes)}


def test_a_perceptron():
    """Rows of weights have their biases between them, and are one matrix all the same."""
    function, args = networks.perceptron()
    shapes = shapes_of(function, *args)
    assert shapes["z1"] == shapes["a1"] == shapes["dz1"] == (100, 16)
    assert shapes["p0"] == shapes["dp0"] == (16, 2)
    assert shapes["p1"] == (16,)
    assert shapes["z3"] == (100,)
    assert shapes["z7"] == shapes["dp5"] == ()


def test_heads_of_attention():
    rng = random.Random(0)
    attention = nn.MultiheadAttention(8, 2, rng=rng)

    def loss(x):
        return nn.mse_loss(attention(x, x, x)[0], [[0.0] * 8] * 4)

    x = [[rng.gauss(0, 1) for _ in range(8)] for _ in range(4)]
    shapes = shapes_of(loss, x)
    assert (4, 8) in shapes.values()
    assert (3, 8, 8) in shapes.values()  # queries, keys and values
    assert (2, 4, 4) in shapes.values()  # heads of 4 by 4


def test_a_part_is_not_the_whole():
    """Windows of a row use numbers twice, and leave some out: that is not its shape."""
    ws = [Value(0.5), Value(0.25)]

    def windows(xs):
        return sum(ws[0] * a + ws[1] * b for a, b in pairwise(xs)) * xs[0]

    shapes = shapes_of(windows, [float(i) for i in range(7)])
    assert shapes["x"] == (7,)


def test_what_one_loop_goes_over_has_one_shape():
    """exp of a matrix is a single loop over all its numbers, and a matrix all the same."""
    ws = [[Value(0.1 * i + j) for j in range(3)] for i in range(4)]

    def total(rows):
        return sum(
            exp(exp(w * x)) for row in rows for vs in ws for w, x in zip(vs, row, strict=True)
        )

    shapes = shapes_of(total, [[0.1, 0.2, 0.3], [0.4, 0.5, 0.6]])
    assert {shapes[name] for name in ("z1", "a1", "a2")} == {(2, 4, 3)}
