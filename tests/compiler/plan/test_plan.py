"""Plans give the numbers of the interpreter, in few groups, and read as formulas."""

import math
import random
from array import array
from importlib import import_module
from itertools import pairwise

import numpy as np
import pytest

import autograd_lite as ag
import nn
from autograd_lite import Value, compile
from autograd_lite.compiler.lift import lift
from autograd_lite.compiler.plan import plan
from autograd_lite.compiler.plan.check import check
from autograd_lite.compiler.plan.groups import Repeat
from autograd_lite.derivatives import value_and_grad
from tests.support.agreement import parameters_of, values_in
from tests.support.lifting import Lifted
from tests.support.plans import Runner, plan_agrees
from tests.support.scalar_programs import KINDS, program


@pytest.mark.parametrize("seed", range(6 * len(KINDS)))
def test_a_plan_gives_what_the_interpreter_does(seed):
    function, args = program(seed)
    assert plan_agrees(Lifted(function, *args))


@pytest.mark.parametrize("seed", range(1, 20 * len(KINDS), len(KINDS)))
def test_repetitions_of_three_turns(monkeypatch, seed):
    monkeypatch.setattr(import_module("autograd_lite.compiler.plan.roll"), "MIN_TURNS", 3)
    function, args = program(seed)
    assert plan_agrees(Lifted(function, *args))


OPTIMIZERS = [
    lambda parameters: nn.optim.SGD(parameters, lr=0.01, momentum=0.9),
    nn.optim.Adam,
]


# A step cannot add to .grad of an argument.
STEPS = [seed for seed in range(3 * len(KINDS)) if not values_in(program(seed)[1])]


@pytest.mark.parametrize("seed", STEPS)
def test_whole_steps(seed):
    """The numbers of the loss and of all state that a step writes."""
    function, args = program(seed)
    optimizer = OPTIMIZERS[seed % 2](parameters_of(function, args))

    def step(*args):
        loss = ag.sum(values_in(function(*args)))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss

    compiled = compile(step, executor="interpret", check="never")
    compiled(*args)
    (recorded,) = compiled.programs()
    made = plan(lift(recorded.tape, recorded.choice.wrt))
    check(made)
    rng = np.random.default_rng(seed)
    leaves = 0.05 + 0.5 * rng.random(recorded.tape.leaves)
    indices = np.zeros(recorded.tape.indices, np.int64)
    found, _, _ = Runner(made, indices, 0).run(leaves, [])
    run = recorded.choice.interpreter.forward(array("d", leaves), array("q", indices))
    np.testing.assert_allclose(found, run.outputs, rtol=1e-9, atol=1e-9)


def test_a_wrong_plan_is_noticed():
    function, args = program(0)
    lifted = Lifted(function, *args)
    wrong = plan(lifted.program)
    wrong.backward.pop()
    with pytest.raises(AssertionError):
        plan_agrees(lifted, wrong)


def rosenbrock(x):
    return ag.sum([100 * (b - a**2) ** 2 + (1 - a) ** 2 for a, b in pairwise(x)])


def test_the_gradient_of_a_chain_is_two_loops_and_the_ends():
    lifted = Lifted(value_and_grad(rosenbrock), [0.1 * i for i in range(40)])
    assert plan_agrees(lifted)
    made = plan(lifted.program)
    assert (len(lifted.program.forward), len(made.forward), made.backward) == (16, 3, [])


def pendulum(length, speed):
    angle, rate = Value(1.0), speed
    for _ in range(60):
        rate = rate - 0.05 * ag.sin(angle) / length
        angle = angle + 0.05 * rate
    return angle * rate


def paths(normals):
    """The mean of what an option pays that goes by the mean price on the way."""
    price, volatility = PRICE
    total = []
    for path in normals:
        x, mean = price, 0.0
        for z in path:
            x = x * ag.exp(volatility * math.sqrt(1 / 20) * z - volatility**2 / 40)
            mean = mean + x
        total.append((mean / len(path) - 1.0).relu())
    return ag.mean(total)


PRICE = Value(1.1), Value(0.3)
WEIGHTS = [[Value(math.sin(3 * i + j)) for j in range(3)] for i in range(3)]


def network(sequence):
    h, total = [0.0] * 3, 0.0
    for x in sequence:
        h = [ag.tanh(ag.dot(row, h) + x) for row in WEIGHTS]
        total = total + ag.sum([y * y for y in h])
    return total


def numbers(*sizes):
    rng = random.Random(0)
    return [[rng.gauss(0, 1) for _ in range(sizes[1])] for _ in range(sizes[0])]


@pytest.mark.parametrize(
    ("function", "args", "groups"),
    [
        (pendulum, (Value(1.5), Value(0.2)), (3, 9)),
        (paths, (numbers(5, 20),), (8, 13)),
        (network, ([math.cos(i) for i in range(30)],), (12, 20)),
    ],
)
def test_a_recurrence_becomes_a_repetition(function, args, groups):
    lifted = Lifted(function, *args)
    assert plan_agrees(lifted)
    made = plan(lifted.program)
    assert any(isinstance(group, Repeat) for group in made.forward)
    assert any(isinstance(group, Repeat) for group in made.backward)
    assert len(made.forward) <= groups[0]
    assert len(made.backward) <= groups[1]


def test_an_operation_of_a_users_stays():
    @ag.operation(lambda x, out: 3 * x**2)
    def cubed_in_a_plan(x):
        return x**3

    lifted = Lifted(
        lambda xs: sum(cubed_in_a_plan(ag.sin(x * p)) for x in xs for p in PRICE), [1.0]
    )
    assert plan_agrees(lifted)
