"""One recording for an export: what it leaves as it was, and what it refuses."""

import random

import numpy as np
import pytest

from autograd_lite import Value, callback, compile, nn, operation, sample, scan, take
from autograd_lite.compiler.export.reading import read
from autograd_lite.compiler.export.recorded import ExportError

w = Value(0.5)


def test_a_step_changes_nothing():
    model = nn.Linear(2, 1, rng=0)
    optimizer = nn.optim.Adam(model.parameters())

    def step(x):
        loss = model(x)[0] ** 2
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss

    before = model.state_dict(), optimizer.state_dict()
    exported = read(step, ([1.0, 2.0],))
    assert (model.state_dict(), optimizer.state_dict()) == before
    assert exported.is_step


def test_generators_of_random_numbers_are_as_before():
    rng = random.Random(0)

    def f(x):
        rng.random()
        return w * x

    state = rng.getstate()
    with pytest.raises(ExportError, match="draws random numbers"):
        read(f, (1.0,))
    assert rng.getstate() == state


def test_a_cache_that_the_first_call_fills_is_no_fault():
    cache = {}

    def f(x):
        return w * x * cache.setdefault("k", 2.0)

    assert [a.name for a in read(f, (1.0,)).arguments] == ["x"]


def test_what_each_call_changes_is_named():
    seen = []

    def f(x):
        seen.append(1)
        return w * x

    with pytest.raises(ExportError, match="each call of f changes the variable seen"):
        read(f, (1.0,))


@operation(lambda x, out: 3.0)
def thrice(x):
    return 3 * x


def log(*numbers):
    pass


@pytest.mark.parametrize(
    ("f", "named"),
    [
        (lambda x: thrice(w) * x, "thrice, an operation in Python"),
        (lambda x: callback(log, w) or w * x, "calls back log"),
        (lambda x: sample(random.random) * w, "draws 1 random number"),
        (lambda x: scan(lambda c, _: (c * w, None), x, length=20)[0], "scan"),
        (lambda x: object(), "returns a object"),
        (lambda x: 2.0, "returns no number that it computes"),
        (lambda x: [w, w * x], r"returns a Value that it has not computed. Return its \.data"),
    ],
)
def test_what_no_language_has_is_named(f, named):
    with pytest.raises(ExportError, match=named):
        read(f, (1.0,))


def test_errors_of_the_function_are_its_own():
    with pytest.raises(TypeError, match="missing 1 required positional argument"):
        read(lambda x: x, ())
    with pytest.raises(ZeroDivisionError):
        read(lambda x: w * (x / 0), (1.0,))
    with pytest.raises(TypeError, match="export: expected a function, not int"):
        read(3, ())


def test_ints_are_data_unless_the_function_asks_what_they_are():
    exported = read(lambda xs, i, n: take(xs, i) * w * sum(range(n)), ([1.0, 2.0], 1, 3))
    assert {a.name: a.integer for a in exported.arguments} == {"xs": False, "i": True}
    assert exported.fixed == {"n": 3}


def test_a_compiled_function_remembers_the_arguments_of_its_last_call():
    f = compile(lambda xs: sum(x * w for x in xs))
    with pytest.raises(ExportError, match="nothing yet; call it first, or pass its arguments"):
        read(f, ())
    f([1.0, 2.0])
    f([1.0, 2.0, 4.0])
    exported = read(f, ())
    assert exported.arguments[0].numbers.tolist() == [1.0, 2.0, 4.0]
    assert exported.reference[0].results[0] == 3.5


def test_a_function_without_arguments_needs_none():
    assert read(compile(lambda: w * 2), ()).reference[0].results == [1.0]
    assert read(lambda: np.ones(2) * w, ()).reference[0].results[0].tolist() == [0.5, 0.5]
