"""Instructions in words: the formulas of the chapter on backpropagation."""

import re

import autograd_lite as ag
from autograd_lite import Value, compile
from tests.support import networks
from tests.support.lifting import Lifted

W = [Value(0.5)]


PERCEPTRON = """\
7940 scalars, 637 of them leaves

forward: 7 operations
    z1[100, 16] = xs @ W0.T
    z1[100, 16] += b0
    a1[100, 16] = relu(z1)
    z2[100, 16] = a1 @ W1.T
    z2[100, 16] += b1
    a2[100, 16] = relu(z2)
    z3[100] = a2 @ W2
    z3[100] += b2
    z4[100] = ys * z3
    z5[100] = 1 - z4
    a3[100] = relu(z5)
    z6 = a3.sum()
    z7 = z6 * 0.01

backward: 8 operations
    dz6 = dout * 0.01
    dz5[100] = dz6 * relu'(z5)
    dz4[100] = -dz5
    dz3[100] = dz4 * ys
    da2[100, 16] = outer(dz3, W2)
    dz2[100, 16] = da2 * relu'(z2)
    da1[100, 16] = dz2 @ W1
    dz1[100, 16] = da1 * relu'(z1)
    dW1[16, 16] = dz2.T @ a1
    dW0[16, 2] = dz1.T @ xs
    db0[16] = dz1.sum(axis=0)
    db1[16] = dz2.sum(axis=0)
    dW2[16] = a2.T @ dz3
    db2 = dz3.sum()"""


def test_the_delta_recursion():
    function, args = networks.perceptron()
    lifted = Lifted(function, *args)
    names = {range(200): "xs", range(200, 300): "ys"}
    # A row of weights is followed by its bias, in the order in which the network has them.
    start = 300
    for layer, (rows, width) in enumerate([(16, 2), (16, 16), (1, 16)]):
        for _ in range(rows):
            names[range(start, start + width)] = f"W{layer}"
            names[range(start + width, start + width + 1)] = f"b{layer}"
            start += width + 1
    assert lifted.explain(names) == PERCEPTRON


def test_without_names():
    function, args = networks.perceptron()
    text = Lifted(function, *args).explain()
    assert "z1[100, 16] = x[:200] @ p0.T" in text
    assert "dp2[16, 16] = dz2.T @ a1" in text


def lines_of(function, *args):
    """The instructions in words."""
    text = Lifted(function, *args).explain()
    return [line.strip() for line in text.splitlines() if line.startswith("    ")]


def test_a_product_with_1_by_a_number_is_a_quotient():
    """sqrt' is 1 / (2 sqrt), log' is 1 / x: what arrives is divided, not multiplied by 1 first."""
    xs = [Value(1.0), Value(2.0), Value(3.0)]
    text = lines_of(lambda xs: ag.sum([ag.log(ag.sqrt(x * x)) for x in xs]), xs)
    assert "da1[3] = dout / a1" in text
    assert "dz1[3] = da1 / (2 * a1)" in text


def test_constants_that_differ_are_no_number():
    assert "z1 = x @ constants" in lines_of(
        lambda xs: W[0] + sum(k * x for k, x in enumerate(xs, 1)), [1.0, 2.0]
    )


def test_numbers_from_several_groups_and_static_parameters():
    text = lines_of(lambda xs: sum(sum(W[0] * x**k for k in range(1, 6)) for x in xs), [1.0, 2.0])
    assert "a2[2] = pow_c(x, 4)" in text
    assert "z3 = p0 @ (z1, a1..a3)" in text
    assert not any("0.sum()" in line for line in text)
    assert lines_of(lambda x: ag.leaky_relu(x, 0.25), Value(1.0))[:2] == [
        "a1 = leaky_relu(p0, 0.25)",
        "dp0 = dout * leaky_relu'(p0, 0.25)",
    ]


def test_a_difference_is_one_and_names_its_operands():
    """In whatever order they lie; its 0 has the sign of the engine's."""
    text = text_of(lambda xs: xs[1] - xs[0], [Value(1.0), Value(2.0)])
    assert "z1 = xs[1] - xs[0]" in text
    xs = [Value(-2.0), Value(3.0), Value(-1.0)]
    lifted = Lifted(lambda xs: [ag.copysign(1.0, x - x) for x in xs], xs)
    assert lifted.run(lifted.leaves).outputs.tolist() == [1.0, 1.0, 1.0]


def test_attention():
    function, args = networks.microgpt()
    text = Lifted(function, *args).explain()
    # q k^T, for each head
    assert "z9[8, 4, 8] = einsum('ijl,jkl->ijk', z8[:, :16], z8[:, 16:32])" in text
    assert "a3[padding] = 0" in text
    assert "p0[indices]" in text
    assert "not on views" not in text


def text_of(function, *args, executor="auto"):
    compiled = compile(function, executor=executor)
    compiled(*args)
    return compiled.explain()


def test_partials_that_are_scattered():
    """Those of the norms of growing rows of maxima."""
    rows = [[Value(0.5 * i - j) for j in range(3)] for i in range(4)]

    def function():
        peaks = [-ag.largest(row) for row in rows]
        return [ag.norm(peaks[: i + 1]) for i in range(4)]

    text = Lifted(function).explain()
    assert re.search(r"(memory\[\d+\])\S* = 10 numbers, scattered\n(.*\n)* .* \* \1", text), text
