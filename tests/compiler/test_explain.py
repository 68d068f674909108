"""A lifted program as text, with the formulas of the chapter on backpropagation in it."""

import random
import re
from pathlib import Path

import numpy as np
import pytest

import autograd_lite as ag
import nn
from autograd_lite import Value, compile, vmap
from autograd_lite.compiler import source_lines
from tests.support import networks
from tests.support.lifting import Lifted
from tests.support.networks import Box

W = [Value(0.5)]

PERCEPTRON = """\
7940 scalars, 637 of them leaves

forward: 13 operations
    z1[100, 16] = xs @ W0.T
    z1[100, 16] += b0
    a1[1600] = relu(z1)
    z2[100, 16] = a1 @ W1.T
    z2[100, 16] += b1
    a2[1600] = relu(z2)
    z3[100] = a2 @ W2
    z3[100] += b2
    z4[100] = ys * z3
    z5[100] = 1 - z4
    a3[100] = relu(z5)
    z6 = a3.sum()
    z7 = z6 * 0.01

backward: 17 operations
    dz6 = dout * 0.01
    dz5[100] = dz6 * relu'(z5)
    dz4[100] = -dz5
    dz3[100] = dz4 * ys
    da2[100, 16] = outer(dz3, W2)
    dz2[1600] = da2 * relu'(z2)
    da1[100, 16] = dz2 @ W1
    dz1[1600] = da1 * relu'(z1)
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
    assert "z1[100, 16] = x @ p0.T" in text
    assert "dp2[16, 16] = dz2.T @ a1" in text


def lines_of(function, *args):
    """The instructions in words."""
    text = Lifted(function, *args).explain()
    return [line.strip() for line in text.splitlines() if line.startswith("    ")]


def test_layers_that_are_computed_together_are_all_named():
    model = nn.MLP(3, [4] * 6 + [1], rng=0)
    text = "\n".join(lines_of(model, [1.0, 2.0, 3.0]))
    assert "(dp4, dp6, dp8, dp10)[4, 4, 4] = (dz3..dz6) * (a2..a5)" in text
    assert "(dp3, dp5, ..., dp11)[5, 4] = (dz2..dz6)" in text
    assert "dz4[4] = da4 * relu'(z4)" in text  # though relu' is one operation for all layers


def test_constants_that_differ_are_no_number():
    assert "z1 = x @ constants" in lines_of(
        lambda xs: W[0] + sum(k * x for k, x in enumerate(xs, 1)), [1.0, 2.0]
    )


def test_numbers_from_several_groups_and_static_parameters():
    text = lines_of(lambda xs: sum(sum(W[0] * x**k for k in range(1, 6)) for x in xs), [1.0, 2.0])
    assert "a2[2] = pow_c(x, 4)" in text
    assert "z3 = p0 @ (z1, z2, a1..a3)" in text
    assert not any("0.sum()" in line for line in text)
    assert lines_of(lambda x: ag.leaky_relu(x, 0.25), Value(1.0))[:2] == [
        "a1 = leaky_relu(p0, 0.25)",
        "dp0 = dout * leaky_relu'(p0, 0.25)",
    ]


def test_a_difference_is_one_and_names_its_operands():
    """In whatever order they lie; its 0 has the sign of the engine's."""
    text = text_of(lambda xs: xs[1] - xs[0], [Value(1.0), Value(2.0)])
    assert "z1 = xs[1:] - xs" in text
    xs = [Value(-2.0), Value(3.0), Value(-1.0)]
    lifted = Lifted(lambda xs: [ag.copysign(1.0, x - x) for x in xs], xs)
    assert lifted.run(lifted.leaves).outputs.tolist() == [1.0, 1.0, 1.0]


def test_a_guard_is_no_result_and_has_no_gradient():
    compiled = compile(lambda x: x.data * W[0])
    compiled(Value(2.0))
    assert "dp0 = dout * 2" in compiled.explain()
    assert "dx" not in compiled.explain()
    (program,) = compiled.programs()
    assert program.tape.results == 1


def test_attention():
    function, args = networks.microgpt()
    text = Lifted(function, *args).explain()
    assert "z9[8, 4, 8] = einsum('ijl,jkl->ijk', z8, z8[16:])" in text  # q k^T, for each head
    assert "a3[padding] = 0" in text
    assert "p0[indices]" in text
    assert "not on views" not in text


def test_what_did_not_lift_is_said_with_the_reason():
    w = [Value(0.1 * i) for i in range(50)]

    @ag.operation(lambda x, out: 3 * x**2)
    def cubed_by_hand(x):
        return x**3

    def function(xs):
        order = [7, 3, 31, 4, 1, 12, 9, 44, 2, 5]
        return sum(cubed_by_hand(x * w[i]) for x, i in zip(xs, order, strict=True))

    text = Lifted(function, [float(i) for i in range(10)]).explain()
    assert "10 times cubed_by_hand(x0): one by one, as it is in Python" in text


def test_rows_that_nothing_makes_equal():
    def function(rows):
        return [sum(ag.tanh(x) for x in row) for row in rows]

    lengths = [1, 5, 2, 6, 3, 7, 4]
    text = Lifted(function, [[0.5] * n for n in lengths]).explain()
    assert "7 sums of 28 terms: rows of different lengths that no padding makes equal" in text


@ag.operation(lambda x, out: 3 * x**2)
def stays_scalar(x):
    return x**3


def text_of(function, *args, executor="auto"):
    compiled = compile(function, executor=executor)
    compiled(*args)
    return compiled.explain()


def test_the_lines_of_what_stayed_scalar():
    def function(xs):
        return sum(
            stays_scalar(x * W[0])  # this is the line
            for x in xs
        )

    text = text_of(function, [0.5, 1.5, 2.5])
    found = re.findall(r"3 times stays_scalar.*\n.*\n.*", text)
    assert len(found) == 1  # its partials are made with it
    assert "one by one, as it is in Python" in found[0]
    here = Path(__file__).name
    assert re.search(rf"{here}:\d+\n +stays_scalar\(x \* W\[0\]\)  # this is the line$", found[0])


def test_it_is_recorded_again_only_where_something_stayed_scalar(monkeypatch):
    recorded = []
    monkeypatch.setattr(source_lines, "record", lambda *_, **__: recorded.append(1))
    text = text_of(lambda xs: sum(x * x for x in xs), [0.5] * 10, executor="numpy")
    assert "not on views" not in text
    assert recorded == []
    text_of(lambda xs: sum(stays_scalar(x) for x in xs), [0.5] * 10, executor="numpy")
    assert recorded == [1]


def test_the_lines_that_keep_a_program_with_the_interpreter():
    def function(x):
        for _ in range(50):
            x = ag.tanh(x * W[0])  # one after the other
        return x

    text = text_of(function, 0.5)
    found = re.search(r"node by node: (\d+) operations on arrays are too many for (\d+)", text)
    assert found
    assert int(found[2]) == 102
    assert re.search(r" \d\d\d of them for .*:\d+\n +x = ag.tanh.*  # one after the other", text)
    assert text_of(function, 0.5, executor="interpret").endswith("node by node")


def test_the_lines_are_left_out_where_the_function_does_something_else_by_now():
    def function(xs):
        return sum(stays_scalar(x) if switch else x for x in xs)

    switch = True
    compiled = compile(function)
    compiled([0.5, 1.5])
    switch = False
    text = compiled.explain()
    assert "2 times stays_scalar" in text
    assert "switch" not in text


def test_random_numbers_are_not_drawn_for_the_lines():
    compiled = compile(lambda xs: sum(stays_scalar(x * ag.sample(random.random)) for x in xs))
    compiled([0.5, 1.5])
    state = random.getstate()
    assert "for x in xs" in compiled.explain()
    assert random.getstate() == state
    assert "xs * drawn" in compiled.explain() or "drawn * xs" in compiled.explain()


def test_the_lines_of_a_batch():
    batched = vmap(lambda x: stays_scalar(x * W[0]))
    batched([1.0, 2.0, 3.0])
    assert re.search(r"3 times stays_scalar.*\n.*\n +batched = vmap\(lambda", batched.explain())


def test_arguments_have_their_names():
    def function(points, *others, scale):
        return sum(x * y * scale for x, y in zip(points, others, strict=True))

    compiled = compile(function)
    compiled([1.0, 2.0, 3.0], 0.5, 1.5, 2.5, scale=2.0)
    assert "z1[3] = points * others" in compiled.explain()
    assert "scale" in compiled.explain()


def test_guards_alike_are_told_once_with_their_number():
    @compile
    def total(xs):
        return sum(x if x > 0 else -x for x in xs) if xs[0] < 5 else xs[0]

    total([1.0, 2.0, 3.0])
    first, *rest = total.explain().splitlines()
    assert first == "total: 4 guards"
    guards = [line.split(" at ")[0].strip() for line in rest if " at " in line]
    assert guards == ["<", "3 x >"]


def test_one_of_a_thing_is_told_in_the_singular():
    one = compile(lambda x: x * 2 if x > 0 else x)
    one(Value(1.0))
    text = one.explain()
    assert "1 guard\n" in text
    assert "forward: 1 operation\n" in text
    batched = vmap(lambda x: x * 2)
    batched([1.0])
    assert ": 1 sample\n" in batched.explain()


def test_partials_that_are_scattered():
    """Those of the norms of growing rows of maxima."""
    rows = [[Value(0.5 * i - j) for j in range(3)] for i in range(4)]

    def function():
        peaks = [-ag.largest(row) for row in rows]
        return [ag.norm(peaks[: i + 1]) for i in range(4)]

    text = Lifted(function).explain()
    assert re.search(r"(memory\[\d+\]) = 10 numbers, scattered\n(.*\n)* .* \* \1", text), text


def test_explain_shows_the_program():
    model = nn.MLP(3, [6, 2], rng=0)
    f = compile(lambda points: nn.mse_loss(model(points), [[1.0, 0.0]] * len(points)))
    with pytest.raises(ValueError, match="has recorded nothing yet; call it first"):
        f.explain()
    f(np.ones((20, 3)))
    text = f.explain()
    assert "forward: " in text
    assert "relu" in text


def test_a_compiled_method_explains_itself():
    class Model(Box):
        @compile
        def loss(self, x):
            return self(x) * 1

    model = Model()
    model.loss(Value(1.0))
    assert model.loss.recordings == 1
    assert "scalars" in model.loss.explain()
