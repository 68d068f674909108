"""Remainders, steps and sinc in compiled functions; isnan and the like are decisions there."""

import math

import numpy as np
import pytest

import autograd_lite as ag
from autograd_lite import Value, compile, vmap
from tests.support.agreement import data_of
from tests.support.lifting import Lifted

OPERATIONS = {
    "mod": lambda x, y: x % y,
    "mod of a number": lambda x, y: (x * y) % 0.75,
    "floordiv": lambda x, y: (x // y) * x,
    "divmod": lambda x, y: sum(divmod(x, y)),
    "fmod": lambda x, y: ag.fmod(x, y),
    "fmod of a number": lambda x, y: ag.fmod(x * y, -0.75),
    "trunc": lambda x, y: ag.trunc(x) * y + x,
    "sinc": lambda x, y: ag.sinc(x) * y,
    "degrees": lambda x, y: ag.degrees(x) * y,
    "radians": lambda x, y: ag.radians(x) * y,
}
every_operation = pytest.mark.parametrize("name", OPERATIONS)
every_executor = pytest.mark.parametrize("executor", ["interpret", "numpy", "auto"])
W = [Value(0.7), Value(-1.3)]


def network(name):
    operation = OPERATIONS[name]
    return lambda xs: [ag.sum([ag.tanh(operation(x * 3.1, w)) for x in xs]) for w in W]


@every_operation
@pytest.mark.parametrize("n", [1, 7, 200])
def test_as_arrays(name, n):
    rng = np.random.default_rng(n)
    assert Lifted(network(name), rng.normal(size=n).tolist()).agrees()


@every_operation
@every_executor
def test_compiled_as_eagerly(name, executor):
    f, rng = network(name), np.random.default_rng(0)
    g = compile(f, executor=executor)
    for _ in range(4):
        xs = rng.normal(size=12).tolist()
        found = []
        for function in (f, g):
            for w in W:
                w.grad = 0.0
            y = ag.sum(function(xs))
            y.backward()
            found.append([y.data, *(w.grad for w in W)])
        assert found[1] == pytest.approx(found[0], rel=1e-9, abs=1e-12)
    assert g.recordings == 1


@every_operation
def test_in_a_batch(name):
    batch = np.random.default_rng(0).normal(size=(9, 3))
    f = network(name)
    for found, xs in zip(vmap(f)(batch), batch.tolist(), strict=True):
        assert [y.data for y in found] == pytest.approx([y.data for y in f(xs)], rel=1e-9)


@pytest.mark.parametrize("x", [0.0, 1e-300, 1e-9, -1e-5, 1.0, 2.5, 1e6 + 0.5, 1e12 + 0.25])
def test_sinc_as_arrays_loses_no_digits(x):
    lifted = Lifted(lambda xs: ag.sum([ag.sinc(x * W[0]) for x in xs]), [x / 0.7] * 30)
    found, expected = (
        run(lifted.leaves, np.ones(1)) for run in (lifted.by_arrays, lifted.by_reference)
    )
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-15)


@every_executor
@pytest.mark.parametrize("name", ["isnan", "isinf", "isfinite"])
def test_what_a_number_is_decides_anew_at_each_call(name, executor):
    function = getattr(ag, name)
    f = compile(lambda x, w: w * 2 if function(x * w) else w * 3, executor=executor)
    w = Value(1.0)
    numbers = [1.0, math.nan, 2.0, math.inf, -math.inf, math.nan, -5.0, math.inf]
    for x in numbers:
        assert f(x, w).data == (2.0 if getattr(math, name)(x) else 3.0)
    assert f.recordings <= 3


@every_executor
def test_every_second_one(executor):
    """A remainder of what a function is passed compares as a number, which is a guard."""
    w = Value(3.0)
    f = compile(lambda i, x: x * w if i % 2 == 0 else -x, executor=executor)
    for i in (0, 1, 2, 3, 7, 8):
        assert data_of(f(np.int64(i), 1.0)) == (3.0 if i % 2 == 0 else -1.0)
        assert data_of(f(float(i), 1.0)) == (3.0 if i % 2 == 0 else -1.0)
    assert f.recordings == 4


@every_executor
@pytest.mark.parametrize("x", [math.nan, -2.0, 0.5, 2.0])
def test_the_heights_that_interp_sends_gradients_to(executor, x):
    ys = [Value(1.0), Value(3.0), Value(-1.0)]

    def f(x):
        return ag.interp(x, [-1.0, 0.5, 2.0], ys)

    found = []
    for function in (f, compile(f, executor=executor)):
        for y in ys:
            y.grad = 0.0
        function(Value(x)).backward()
        found.append([y.grad for y in ys])
    np.testing.assert_array_equal(*found)
