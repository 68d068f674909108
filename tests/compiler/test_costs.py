"""What recording, lifting, explaining and replaying cost, counted in steps."""

import math
import sys
from pathlib import Path

import pytest

import autograd_lite as ag
import nn
from autograd_lite import Value, compile, dot, softmax, tanh
from autograd_lite.compiler.explain import explain_groups
from autograd_lite.compiler.lift import lift
from autograd_lite.compiler.lift.sums import progressions
from autograd_lite.compiler.record.captured import CapturedState
from tests.support.lifting import Lifted

PACKAGE = str(Path(ag.__file__).parent)


def test_parameters_are_not_looked_into_one_by_one():
    def lines_of(model):
        return steps(lambda: CapturedState([("the model", model)]))

    small, large = nn.Linear(10, 10, rng=0), nn.Linear(30, 30, rng=0)
    assert lines_of(large) - lines_of(small) < 20 * (930 - 110)


def test_a_parameter_with_a_state_of_its_own_is_looked_into():
    class Scaled(nn.Parameter):
        __slots__ = ("scale",)

    weights = [Scaled(1.0), Scaled(2.0)]
    for w in weights:
        w.scale = 1.0
    f = compile(lambda x: sum(w * w.scale * x for w in weights))
    assert f(1.0).data == 3.0
    weights[1].scale = 10.0
    assert f(1.0).data == 21.0


def steps(work):
    """How many lines of autograd_lite run in it, each turn of a loop counted."""
    count = 0

    def trace(frame, event, arg):
        nonlocal count
        count += event == "line"
        return trace if PACKAGE in frame.f_code.co_filename else None

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        work()
    finally:
        sys.settrace(before)
    return count


def oscillator(n):
    """Steps of Runge and Kutta, which nothing makes loops of."""
    p = [Value(0.5), Value(0.3), Value(2.0)]

    def rate(x, v):
        return v, -(p[0] * x + p[1] * v + x**3) / p[2]

    def function(x, v):
        for _ in range(n):
            a = rate(x, v)
            b = rate(x + 0.05 * a[0], v + 0.05 * a[1])
            x, v = x + 0.1 * b[0], v + 0.1 * b[1]
        return x * x

    return function, (1.0, 0.5)


def boxes(n):
    """Causal attention at each of many steps: rows of different lengths."""

    def function(xs):
        h = [0.1, 0.2, 0.3, 0.4]
        for x in xs:
            rows = [softmax([h[i] * h[j] * x for j in range(i + 1)]) for i in range(4)]
            h = [tanh(dot(row, h[: len(row)])) for row in rows]
        return ag.sum(h)

    return function, ([Value(0.1 * i) for i in range(n)],)


@pytest.mark.parametrize(("program", "n"), [(oscillator, 10), (boxes, 5)])
def test_lifting_twice_the_scalars_takes_twice_the_steps(program, n):
    def cost(n):
        function, args = program(n)
        lifted = Lifted(function, *args)
        return steps(lambda: lift(lifted.tape, lifted.wrt)) / len(lifted.tape)

    assert cost(2 * n) < 1.2 * cost(n)


def test_explaining_twice_the_scalars_takes_twice_the_steps():
    def cost(n):
        function, args = oscillator(n)
        lifted = Lifted(function, *args)
        program, size = lifted.program, len(lifted.tape)
        lines = dict.fromkeys(range(0, size, 50), "a line")
        return steps(lambda: explain_groups(program, program.steps(), 1000, lines)) / size

    assert cost(16) < 1.2 * cost(8)


def test_finding_steps_takes_time_in_proportion():
    """Also where there are none, and where many lie among one another."""

    def cost(n):
        squares = [(i * i, 0) for i in range(n)]
        woven = [(i % 7, i // 7) for i in range(n)]
        return steps(lambda: [list(progressions(starts)) for starts in (squares, woven)]) / n

    assert cost(400) < 1.2 * cost(100)


@pytest.mark.skipif(not ag.compiled, reason="the loops over them are in C")
def test_guards_and_results_take_no_steps_each():
    def function(xs):
        return [x * x for x in sorted(xs)]

    def cost(n):
        f = compile(function, check="never")
        xs = [math.sin(i * i) for i in range(n)]
        for _ in range(3):
            f(xs)
        return steps(lambda: f(xs))

    assert cost(200) == cost(20)


def test_lists_without_bools_are_not_searched_for_them(monkeypatch):
    monkeypatch.delenv("AUTOGRAD_LITE_CHECK", raising=False)
    batched, n = ag.vmap(lambda x, y: x[0] * x[1] - y), 400
    xs, ys = [[float(i), 2.0] for i in range(n)], [float(i) for i in range(n)]
    for _ in range(3):
        batched(xs, ys)
    assert steps(lambda: batched(xs, ys)) < (20 if ag.compiled else 120) * n
