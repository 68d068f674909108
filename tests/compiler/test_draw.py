"""Random numbers in compiled functions: `draw`, and what draws without it."""

import random
from functools import partial

import numpy as np
import pytest

import autograd_lite as ag
from autograd_lite import Value, compile
from autograd_lite.compiler import generators
from autograd_lite.compiler.generators import Generators

GENERATORS = [
    random.Random(0),
    np.random.default_rng(0),
    np.random.RandomState(0),
    np.random.Generator(np.random.MT19937(0)),
]
W = Value(2.0)


@pytest.mark.parametrize("method", ["random", "gauss", "getrandbits"])
def test_draws_are_the_eager_ones_and_consume_as_many(method):
    rng, draws = random.Random(7), 6
    own = partial(rng.getrandbits, 4) if method == "getrandbits" else getattr(rng, method)
    f = compile(lambda x: sum(W * x * ag.draw(own) for _ in range(draws)))
    for _ in range(3):
        state = rng.getstate()
        expected = 2 * sum(own() for _ in range(draws))
        after = rng.getstate()
        rng.setstate(state)
        assert f(1.0).data == pytest.approx(expected, rel=1e-12)
        assert rng.getstate() == after
    assert f.recordings == 1


def test_a_state_is_not_looked_at_for_each_draw(monkeypatch):
    """That takes 50 microseconds."""
    looks = []
    state = generators._state
    monkeypatch.setattr(generators, "_state", lambda x: looks.append(x) or state(x))
    rng = np.random.default_rng(0)
    compile(lambda x: sum(W * x * ag.draw(rng.normal) for _ in range(1000)))(1.0)
    assert len(looks) < 20


@pytest.mark.parametrize("rng", GENERATORS, ids=lambda rng: type(rng).__name__)
@pytest.mark.parametrize("when", ["before", "between", "after"])
def test_numbers_drawn_beside_draw_are_noticed(rng, when):
    def f(x):
        noise = rng.random() if when == "before" else 0.0
        x = x * ag.draw(rng.random)
        noise += rng.random() if when == "between" else 0.0
        x = x * ag.draw(rng.random)
        noise += rng.random() if when == "after" else 0.0
        return x + noise

    with pytest.warns(RuntimeWarning, match="it draws random numbers"):
        compile(f)(Value(1.0))


def test_draws_of_functions_and_of_methods_take_turns():
    rng = np.random.default_rng(3)

    def f(x):
        ways = [rng.random, lambda: rng.random() * 2, random.random, random.SystemRandom().random]
        return sum(x * ag.draw(ways[i % 4]) for i in range(8))

    compiled = compile(f)
    assert len({compiled(Value(1.0)).data for _ in range(3)}) == 3
    assert compiled.recordings == 1


def test_generators_that_share_a_state():
    first = np.random.default_rng(0)
    second = np.random.Generator(first.bit_generator)
    watched = Generators([first, second])
    assert watched.draw(first.random) != watched.draw(second.random)
    assert not watched.disturbed()
    second.random()
    assert watched.disturbed()


def test_a_method_that_a_generator_was_given_is_no_method_of_its_twin():
    rng = random.Random(0)
    rng.random = lambda: 0.25
    watched = Generators([rng])
    assert watched.draw(rng.random) == 0.25
    assert not watched.disturbed()


def test_what_draw_gives_has_to_be_a_number():
    f = compile(lambda x: x * ag.draw(lambda: np.random.randn(3))[0])
    with pytest.warns(RuntimeWarning, match="what draw calls gives ndarray, not a number"):
        f(1.0)
