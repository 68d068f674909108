"""Runs of both executors, their gradients, and the workspaces that they share."""

import sys
from array import array
from threading import Thread

import numpy as np
import pytest

from autograd_lite import Value, compiled, take
from autograd_lite.compiler.tape.executor import MAX_WORKSPACES
from tests.support.lifting import Lifted
from tests.support.scalar_programs import KINDS, program

W = [Value(0.3), Value(-0.7), Value(1.1)]


def lifted_network():
    function, args = program(len(KINDS))
    return Lifted(function, *args)


EXECUTORS = pytest.mark.parametrize("executor", ["arrays", "reference"])


@EXECUTORS
def test_many_runs_live_on_a_few_workspaces(executor):
    """The gradient of each is that of its own numbers, in whatever order, and a second time."""
    lifted = lifted_network()
    executor = getattr(lifted, executor)
    numbers = [lifted.leaves + 0.1 * i for i in range(3 * MAX_WORKSPACES)]
    runs = [executor.forward(array("d", x), array("q", lifted.indices)) for x in numbers]
    one = np.ones(lifted.tape.results)
    order = [*range(len(runs)), *reversed(range(len(runs))), 0, 5, 0, 5]
    found = [runs[i].gradient(one.tolist()) for i in order]
    for i, gradient in zip(order, found, strict=True):
        expected = lifted.by_reference(numbers[i], one)[len(one) :]
        np.testing.assert_allclose(gradient, expected, rtol=1e-9, atol=1e-12)
        assert executor.inputs_of(runs[i]).leaves.tolist() == numbers[i].tolist()
    assert executor.workspaces <= MAX_WORKSPACES + (executor is lifted.reference)


@EXECUTORS
def test_a_run_that_is_dropped_leaves_its_workspace_to_the_next(executor):
    lifted = lifted_network()
    executor = getattr(lifted, executor)
    made = executor.workspaces
    for _ in range(10):
        executor.forward(array("d", lifted.leaves), array("q", lifted.indices))
    most = max(made, 1) if compiled else MAX_WORKSPACES  # interpreted, no run is told of its end
    assert executor.workspaces <= most


@EXECUTORS
def test_a_run_that_fails_leaves_its_workspace_to_the_next(executor):
    lifted = Lifted(lambda xs, i: take(xs, i) * W[0], [1.0, 2.0], np.int64(1))
    executor = getattr(lifted, executor)
    for _ in range(10):
        with pytest.raises(IndexError, match="take: the index 2 is out of range"):
            executor.forward(array("d", lifted.leaves), array("q", [2]))
    assert executor.workspaces == 1
    assert lifted.agrees()


@EXECUTORS
def test_threads_may_share_a_program(executor):
    """Each with more runs than there are workspaces."""
    lifted = lifted_network()
    executor = getattr(lifted, executor)
    one = np.ones(lifted.tape.results)
    wrong, done = [], []

    def work(seed):
        rng = np.random.default_rng(seed)
        runs = []
        for _ in range(60):
            leaves = lifted.leaves + rng.normal(size=len(lifted.leaves))
            runs.append((leaves, executor.forward(array("d", leaves), array("q"))))
            leaves, run = runs[rng.integers(len(runs))]
            gradient = run.gradient(one.tolist())
            expected = lifted.by_reference(leaves, one)[len(one) :]
            if not np.allclose(gradient, expected, rtol=1e-9, atol=1e-12):
                wrong.append(seed)
            runs = runs[-6:]
        done.append(seed)

    threads = [Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    assert len(done) == 4


@EXECUTORS
def test_threads_may_share_a_run(executor):
    """One waits for the other, also while the run has to give up its workspace."""
    lifted = lifted_network()
    executor = getattr(lifted, executor)
    arguments = array("d", lifted.leaves), array("q")
    shared, found = executor.forward(*arguments), []
    one = np.ones(lifted.tape.results)
    expected = lifted.by_reference(lifted.leaves, one)[len(one) :]

    def work(factor):
        for _ in range(50):
            others = [executor.forward(*arguments) for _ in range(MAX_WORKSPACES)]
            gradient = shared.gradient((factor * one).tolist())
            found.append(np.allclose(gradient, factor * expected, rtol=1e-9, atol=1e-12))
            del others

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        threads = [Thread(target=work, args=(factor,)) for factor in (1.0, -2.0, 3.0)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert found == [True] * 150
