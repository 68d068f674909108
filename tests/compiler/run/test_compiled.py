"""The executor of what was compiled: its memory, its indices, and runs that outlive it."""

from array import array

import numpy as np
import pytest

import autograd_lite as ag
import nn
from autograd_lite import Value
from autograd_lite.compiler.run import compiled
from tests.support.in_c import InC, needs_compiler

pytestmark = needs_compiler


def test_a_step_of_a_network_agrees():
    model = nn.MLP(3, [16, 16, 1], rng=0)
    rng = np.random.default_rng(0)
    lifted = InC(lambda x, y: nn.mse_loss(model(x), y), rng.normal(size=(20, 3)), np.ones(20))
    assert lifted.agrees()


def test_runs_that_live_at_the_same_time_keep_their_numbers():
    lifted = InC(lambda xs: ag.sum([x * x.tanh() for x in xs]), [Value(0.1 * i) for i in range(9)])
    rng = np.random.default_rng(0)
    leaves = [rng.normal(size=9) for _ in range(7)]
    runs = [lifted.run(x) for x in leaves]
    for x, run in reversed([*zip(leaves, runs, strict=True)]):
        slope = np.tanh(x) + x * (1 - np.tanh(x) ** 2)
        np.testing.assert_allclose(run.gradient([2.0]), 2 * slope)


def test_indices_are_checked_before_they_are_used():
    table = [Value(0.5 * i) for i in range(10)]
    lifted = InC(lambda i: ag.take(table, i) ** 2, np.int64(3))
    leaves = array("d", lifted.leaves)
    for index, found in ((9, 4.5**2), (-1, 4.5**2), (0, 0.0)):
        assert lifted.arrays.forward(leaves, array("q", [index])).outputs[0] == found
    for index in (10, -11):
        with pytest.raises(IndexError, match=f"the index {index} is out of range"):
            lifted.arrays.forward(leaves, array("q", [index]))


def test_what_is_not_finite_is_left_to_the_reference():
    lifted = InC(lambda xs: ag.sum([ag.log(x) for x in xs]), [Value(1.0 + i) for i in range(9)])
    run = lifted.run([0.0, *range(1, 9)])
    assert run.outputs[0] == -np.inf
    assert run.executor is lifted.reference
    assert lifted.arrays.fallbacks == 1


def test_without_the_extension_it_is_called_by_ctypes(monkeypatch):
    monkeypatch.setattr(compiled, "IN_C", False)
    lifted = InC(lambda xs: ag.sum([x * x for x in xs]), [Value(0.1 * i) for i in range(9)])
    assert lifted.agrees()
