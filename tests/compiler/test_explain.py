"""A lifted program as text, with the formulas of the chapter on backpropagation in it."""

import numpy as np
import pytest

import autograd_lite as ag
import nn
from autograd_lite import Value, compile, vmap
from autograd_lite.compiler.function import EXPLAINED
from tests.support.lifting import Lifted
from tests.support.networks import Box

W = [Value(0.5)]


def test_a_guard_is_no_result_and_has_no_gradient():
    compiled = compile(lambda x: x.data * W[0])
    compiled(Value(2.0))
    assert "dp1 = dout * x" in compiled.explain()
    assert "dx" not in compiled.explain()
    (program,) = compiled.programs()
    assert program.tape.results == 1


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
    batched([1.0])
    assert ": 1 sample\n" in batched.explain()


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


def test_of_many_programs_the_last_are_explained():
    f = compile(lambda xs: ag.sum(xs) * 2, check="never")
    for n in range(1, EXPLAINED + 3):
        f([1.0] * n)
    text = f.explain()
    assert text.count("<program of <lambda>: ") == 2
    assert text.startswith(repr(f.programs()[0]))
    assert text.count("forward: ") == EXPLAINED


def squared_error(w, xs, ys):
    """Of one layer of sigmoids."""
    rows = [
        (row, x, y)
        for x, ys_of_x in zip(xs, ys, strict=True)
        for row, y in zip(w, ys_of_x, strict=True)
    ]
    errors = [ag.sigmoid(ag.dot(row, x)) - y for row, x, y in rows]
    return ag.dot(errors, errors)


def product(w, v, xs, ys):
    return ag.hvp(lambda w: squared_error(w, xs, ys), (w,), (v,))


RNG = np.random.default_rng(0)
W0, V0, XS, YS = (RNG.normal(size=shape) for shape in [(4, 3), (4, 3), (16, 3), (16, 4)])


def steps_of(function, *args):
    compiled = compile(function)
    compiled(*args)
    return [line.strip() for line in compiled.explain().splitlines()]


def test_a_hessian_times_a_vector_reads_as_the_r_operator():
    """Pearlmutter (1994): each formula of the passes, and R of it; a1 is exp(-z1)."""
    program = steps_of(product, W0, V0, XS, YS)
    assert [line for line in program if line.startswith(("z1", "R{z1}"))] == [
        "z1[16, 4] = xs @ w.T",
        "R{z1}[4, 16] = v @ xs.T",
    ]
    for line in (
        "a2[16, 4] = 1 / (1 + a1)",
        "z3[16, 4] = a2 - ys",
        "dz3[16, 4] = z3 * 2",
        "z4[16, 4] = a2 * a4",  # the derivative of the sigmoid
        "R{z3}[4, 16] = R{z1} * z4.T",
        "R{dz3}[4, 16] = R{z3} * 2",
        "R{z4}[4, 16] += a2.T * R{a4}",
        "R{dz1}[4, 16] = z4.T * R{dz3}",
        "R{dz1}[4, 16] += dz3.T * R{z4}",
        "R{dw}[4, 3] = R{dz1} @ xs",
    ):
        assert line in program, line


def test_a_gradient_reads_as_backpropagation_and_so_does_its_own():
    """The program's own gradient of what depends on dw has cotangents of other names."""
    program = steps_of(
        lambda w, xs, ys: ag.sum([g * g for row in ag.grad(squared_error)(w, xs, ys) for g in row]),
        [[Value(x) for x in row] for row in W0.tolist()],
        XS,
        YS,
    )
    backward = program.index(next(line for line in program if line.startswith("backward")))
    first, second = program[:backward], program[backward:]
    assert "dw[4, 3] = dz1.T @ xs" in first
    assert [line for line in second if line.startswith("ddw")] == ["ddw[4, 3] = dout * (2 * dw)"]
    assert "dout/dw[4, 3] = dout/dz1.T @ xs" in second
    assert not {line.split("[")[0] for line in first if "[" in line} & {
        line.split("[")[0] for line in second if "[" in line
    }


def test_a_batch_of_derivatives_has_their_names():
    rows = vmap(compile(lambda w, v: ag.hvp(lambda w: ag.tanh(ag.dot(w, W0[0])), (w,), (v,))))
    for _ in range(2):
        rows(XS, XS[::-1].copy())
    text = rows.explain()
    assert "R{z1}[16] = v @ constants" in text
    assert "R{dw}[16, 3] = " in text


def test_several_gradients_by_one_group_are_of_one_name():
    """The rows of a Jacobian, each by a pass of its own."""

    def f(w):
        a = [ag.tanh(x) for x in w]
        return [ag.dot(a, x.tolist()) for x in XS[:2]]

    program = steps_of(ag.jacrev(f), W0[0])
    assert [line for line in program if line.startswith("dw")] != []
