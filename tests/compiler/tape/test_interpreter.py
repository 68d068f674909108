"""The interpreter, which is the reference: the values of the engine, bit for bit."""

import random

import autograd_lite as ag
from autograd_lite import Value, compile


def test_the_interpreter_gives_the_values_of_the_engine_bit_for_bit():
    def f(xs):
        total = ag.mean(xs) * ag.norm(xs) + ag.logsumexp(xs) / ag.dot(xs, xs)
        total += ag.softmax(xs)[0] - ag.log_softmax(xs)[1]
        return total + sum(x.tanh() * x.exp() - x.sigmoid() ** 3 for x in xs)

    rng, compiled = random.Random(0), compile(f, executor="interpret")
    for _ in range(20):
        xs = [Value(rng.gauss(0, 1)) for _ in range(5)]
        assert compiled(xs).data == f(xs).data
