"""Plans give the numbers of the interpreter, in few groups, and read as formulas."""

import math
import random
from itertools import pairwise

import pytest

import autograd_lite as ag
from autograd_lite import Value
from autograd_lite.compiler.plan import plan
from autograd_lite.compiler.plan.groups import Repeat
from autograd_lite.derivatives import value_and_grad
from tests.support.lifting import Lifted
from tests.support.plans import plan_agrees
from tests.support.scalar_programs import KINDS, program


@pytest.mark.parametrize("seed", range(6 * len(KINDS)))
def test_a_plan_gives_what_the_interpreter_does(seed):
    function, args = program(seed)
    assert plan_agrees(Lifted(function, *args))


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
