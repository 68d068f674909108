"""A loop's body as instructions: which are fused, and which are the same at all steps."""

from array import array

import numpy as np
import pytest

import autograd_lite as ag
from autograd_lite import Value
from autograd_lite.block import Block
from autograd_lite.compiler.tape import instructions as do
from autograd_lite.compiler.tape import scan
from autograd_lite.compiler.tape.interpreter import Interpreter
from autograd_lite.compiler.tape.steps import steps_of
from autograd_lite.compiler.tape.writer import write_tape
from tests.engine.test_loops import Made, observers

A, B, P, Q = Value(0.3), Value(0.7), Value(1.5), Value(-0.4)
NO_GUARDS = array("q"), array("d")
NAMES = {getattr(do, name): name for name in vars(do) if name.isupper() and name[-3:] != "NES"}
RNG = np.random.default_rng(0)


def tape_of(f):
    """f(a, b, p, q) -> (a, b) after the step, and a y: its tape."""
    watch = Made()
    with observers.observe(watch):
        outputs = [+x if isinstance(x, Value) else x for x in f(A, B, P, Q)]
    written = write_tape(watch.nodes, outputs, {A: 0, B: 1, P: 2, Q: 3}, {}, {})
    return written.tape(outputs, 3, 0)


def steps(f):
    return steps_of(tape_of(f), 2, 0, 1, [], NO_GUARDS)


def kinds(code):
    return [NAMES[kind] for kind in code[:: do.SIZE]]


@pytest.mark.parametrize(
    ("f", "expected"),
    [
        (lambda a, b, p, q: a + b * 2.0, ["PLUS_SCALED"]),
        (lambda a, b, p, q: 2.0 * b + a, ["PLUS_SCALED"]),
        (lambda a, b, p, q: a - b * 2.0, ["MINUS_SCALED"]),
        (lambda a, b, p, q: b * 2.0 - a, ["SCALED", "DIFFERENCE"]),
        (lambda a, b, p, q: a + b * p, ["PLUS_PRODUCT"]),
        (lambda a, b, p, q: a - p * b, ["MINUS_PRODUCT"]),
        (lambda a, b, p, q: ag.sin(a) + b * 2.0, ["SINE", "PLUS_SCALED"]),
        (lambda a, b, p, q: b * 2.0 + ag.cos(a), ["SCALED", "COSINE", "TOTAL"]),  # another order
        (lambda a, b, p, q: (x := b * 2.0) + x, ["SCALED", "TOTAL"]),
        (lambda a, b, p, q: a + b * 2.0 + b * p, ["PLUS_SCALED", "PLUS_PRODUCT"]),
        (lambda a, b, p, q: ag.dot([a, p], [b, q]), ["DOT"]),
    ],
)
def test_a_product_and_the_sum_that_follows_are_one_instruction(f, expected):
    found = steps(lambda *args: (args[0], args[1], f(*args)))
    assert [x for x in kinds(found.each) if x != "UNARY"] == expected  # but for the outputs
    assert found.lanes == do.LANES


def test_a_product_that_another_reads_stays():
    found = steps(lambda a, b, p, q: (a, (x := b * 2.0), a + x))
    assert "TOTAL" in kinds(found.each)
    assert "SCALED" in kinds(found.each)


def test_what_is_the_same_at_all_steps_is_computed_once():
    found = steps(lambda a, b, p, q: (a, b, a * ag.exp(p * q) + q * 2.0))
    assert kinds(found.once) == ["PRODUCT", "UNARY", "SCALED"]
    assert "SCALED" not in kinds(found.each)
    assert len(found.back) == len(found.once) + len(found.each)


@ag.operation(lambda x, out: 0.5)
def half_of_steps(x):
    return x / 2


pair = Block("pair", lambda x: ([x[0] + 1, 2 * x[0]], x), None, lambda kept, g: [g[0] + 2 * g[1]])

BODIES = {
    "arithmetic": lambda a, b, p, q: (a * p - q * b, b + a * 0.5, a - 3.0 * b + (p - q)),
    "constants": lambda a, b, p, q: (b, b - a * p, -p * q + p),
    "functions": lambda a, b, p, q: (ag.sin(a) + p, ag.cos(b) * ag.exp(q), ag.tanh(a / b)),
    "choices": lambda a, b, p, q: (
        ag.where(a > b, a * q, p),
        ag.maximum(a, b) - 1,
        ag.clip(a, -1, 1),
    ),
    "pairs": lambda a, b, p, q: (
        ag.dot([a, b], [p, q]),
        ag.dot([a, 0.5], [p, b]),
        ag.sum([a, b, p]),
    ),
    "n-ary": lambda a, b, p, q: (ag.logsumexp([a, b, p]), ag.norm([a, q]), ag.mean([b, p])),
    "python": lambda a, b, p, q: (ag.lgamma(abs(a) + 1), half_of_steps(b) * q, ag.lgamma(p)),
    "block": lambda a, b, p, q: (*pair([a * q]), b * p),
    "infinite": lambda a, b, p, q: (ag.where(a < 9, a * p, ag.sqrt(a * 0)), b, a * ag.sqrt(a * 0)),
}


@pytest.mark.parametrize("name", BODIES)
def test_steps_compute_what_the_interpreter_computes_bit_for_bit(name):
    tape = tape_of(BODIES[name])
    found = steps_of(tape, 2, 0, 1, [], NO_GUARDS)
    n = do.LANES + 3
    carry, captured = array("d", [0.3, 0.7]), array("d", [0.9, -0.4])
    ys, carries, none = array("d", bytes(8 * n)), array("d", bytes(16 * n)), array("d")
    found.load(carry, captured)
    assert scan.forward(found, none, ys, carries, 0, n) == n
    interpreter, runs = Interpreter(tape, [0, 1, 2, 3]), []
    for t in range(n):
        assert carries[2 * t : 2 * t + 2].tobytes() == carry.tobytes()
        runs.append(interpreter.forward(carry + captured, array("q")))
        carry = array("d", runs[-1].outputs[:2])
        assert ys[t : t + 1].tobytes() == array("d", runs[-1].outputs[2:3]).tobytes()
    bar, y_bar = array("d", [2.0, -1.0]), array("d", RNG.normal(size=n))
    expected, of_captured = array("d", bar), np.zeros(2)
    scan.backward(found, none, carries, bar, y_bar, none, 0, n)
    for t in reversed(range(n)):
        found_by_run = runs[t].gradient([*expected, y_bar[t]])
        expected, of_captured = found_by_run[:2], of_captured + found_by_run[2:]
    assert bar.tolist() == pytest.approx(expected.tolist(), rel=1e-13, nan_ok=True)
    of_captured = pytest.approx(of_captured.tolist(), rel=1e-12, nan_ok=True)
    assert found.cotangents[2:4].tolist() == of_captured
