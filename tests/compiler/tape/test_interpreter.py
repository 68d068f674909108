"""The interpreter, which is the reference: the values of the engine, bit for bit."""

import random
from array import array

import numpy as np
import pytest

import autograd_lite as ag
from autograd_lite import Value, compile
from tests.support.lifting import Lifted


def test_the_interpreter_gives_the_values_of_the_engine_bit_for_bit():
    def f(xs):
        total = ag.mean(xs) * ag.norm(xs) + ag.logsumexp(xs) / ag.dot(xs, xs)
        total += ag.softmax(xs)[0] - ag.log_softmax(xs)[1]
        return total + sum(x.tanh() * x.exp() - x.sigmoid() ** 3 for x in xs)

    rng, compiled = random.Random(0), compile(f, executor="interpret")
    for _ in range(20):
        xs = [Value(rng.gauss(0, 1)) for _ in range(5)]
        assert compiled(xs).data == f(xs).data


@pytest.mark.parametrize("amplified", [1.0, 1e9])
def test_the_bound_on_rounding(amplified):
    """It bounds what other orders of adding up give, and not by much more than the worst case."""
    numbers = np.random.default_rng(0).normal(size=100)
    lifted = Lifted(lambda xs: (ag.sum(xs) - sum(xs[::-1])) * amplified, [*numbers])
    run = lifted.reference.forward(array("d", lifted.leaves), array("q"))
    bound = lifted.reference.rounding(run, 0)
    for seed in range(20):
        order = np.random.default_rng(seed).permutation(100)
        assert abs(sum(numbers[order]) - sum(numbers)) * amplified <= bound
    assert bound <= 8 * 2.3e-16 * amplified * 200 * np.abs(numbers).sum()


def test_numbers_that_no_operation_made_are_exact():
    lifted = Lifted(lambda xs: [xs[0], xs[0] + 2.0], [1e9])
    run = lifted.reference.forward(array("d", lifted.leaves), array("q"))
    assert lifted.reference.rounding(run, 0) == 0.0
    assert 0.0 < lifted.reference.rounding(run, 1) < 1e-5
