"""Calls of whole steps, made at once: their numbers and state, and what goes the ordinary way."""

import gc
import math
import threading
import time
import weakref
from array import array

import numpy as np
import pytest

import autograd_lite as ag
import nn
from autograd_lite import Value, compile, no_grad
from autograd_lite.compiler import choice
from autograd_lite.compiler.tape.executor import _arenas
from autograd_lite.placement import place
from tests.support.in_c import C


@pytest.fixture(autouse=True)
def no_checks_at_every_call(monkeypatch):
    monkeypatch.delenv("AUTOGRAD_LITE_CHECK", raising=False)  # with it nothing is replayed


class Training:
    """Six parameters, and a step that picks some of them by their indices."""

    def __init__(self, wrap=lambda f: f, make=lambda w: nn.optim.Adam(w, 0.1)):
        self.w = [nn.Parameter(0.25 * i - 0.5) for i in range(6)]
        self.optimizer = make(self.w)
        self.step = wrap(self.function)

    def function(self, xs, picked, scale):
        w = self.w
        loss = ag.mean([(ag.tanh(w[0] * x[0] + w[1] * x[1]) - w[2]) ** 2 for x in xs])
        loss = loss + scale * ag.sum([ag.take(w, i) ** 2 for i in picked])
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        return loss, loss.data / 2

    def state(self):
        numbers = [number for p in self.w for number in (p.data, p.grad)]
        arrays = [x for x in vars(self.optimizer).values() if type(x) is array]
        return [*numbers, *[number for x in arrays for number in x], self.optimizer.steps]


def calls(f):
    """How many calls have been replayed since the function counted them."""
    return sum(replay.calls for replay in f.replays)


def replayed(f, *args):
    """The result of a call that is replayed."""
    f.programs()  # counts what was replayed
    result = f(*args)
    assert calls(f) == 1
    return result


def not_replayed(f, *args):
    """The result of a call that goes the ordinary way."""
    f.programs()
    result = f(*args)
    assert calls(f) == 0
    return result


def ready(f, *args):
    """f after eight calls: seven more are not checked."""
    for _ in range(8):
        f(*args)
    assert len(f.replays) == 1
    return f


def arguments(k):
    return np.sin(np.arange(8.0) + k).reshape(4, 2), np.array([k % 6, -1]), 0.125 * k


@pytest.mark.parametrize("executor", ["interpret", "numpy", C])
@pytest.mark.parametrize(
    "make",
    [
        lambda w: nn.optim.SGD(w, 0.1, momentum=0.9),
        lambda w: nn.optim.Adam(w, 0.1),
        lambda w: nn.optim.SGD(w[::-1], 0.1),
    ],
    ids=["momentum", "adam", "backwards"],
)
def test_numbers_and_state(executor, make):
    training = Training(lambda f: compile(f, executor=executor), make)
    twin = Training(make=make)
    count = 0
    for k in range(40):
        if k == 20:
            training.w[3].data = twin.w[3].data = 0.75
        if k == 25:
            place((training.w[1], training.w[0]))  # they leave the block of the program
        before = calls(training.step)
        (loss, half), expected = training.step(*arguments(k)), twin.step(*arguments(k))
        count += calls(training.step) > before
        assert (type(loss), type(half)) == (Value, float)
        assert (loss.data, half) == pytest.approx((expected[0].data, expected[1]), rel=1e-10)
        assert training.state() == pytest.approx(twin.state(), rel=1e-9, abs=1e-14)
    assert count >= 30
    assert training.step.recordings <= 2
    with pytest.raises(RuntimeError, match="no graph is left"):
        loss.backward()


@pytest.mark.parametrize("executor", ["numpy", C])
def test_programs_share_their_memory(executor):
    """What one leaves behind there is nothing to the others."""
    training, twin = Training(lambda f: compile(f, executor=executor, check="never")), Training()
    other = Training(lambda f: compile(f, executor=executor, check="never"))
    calls = [
        (xs[: 2 + k % 3], picked, scale) for k in range(30) for xs, picked, scale in [arguments(k)]
    ]
    for k, args in enumerate(calls):
        if k > 15:  # by now all are replayed
            assert {arena.is_busy for arena in _arenas.values()} == {False}
            for arena in _arenas.values():
                if k % 2:
                    arena.owner = None
                    arena.numbers[:] = array("d", [math.nan]) * len(arena.numbers)
        other.step(*args)
        training.step(*args)
        twin.step(*args)
        assert training.state() == pytest.approx(twin.state(), rel=1e-9, abs=1e-14)
    assert len(training.step.replays) == len(other.step.replays) == 3
    assert other.state() == training.state()


def test_a_step_that_gives_nothing_is_made_once():
    w = [Value(1.0)]
    optimizer = nn.optim.SGD(w, 0.5)

    @compile
    def step(x):
        optimizer.zero_grad()
        (w[0] * x).backward()
        optimizer.step()

    ready(step, 0.125)
    assert replayed(step, 0.25) is None
    assert (w[0].data, optimizer.steps) == (1.0 - 8 * 0.0625 - 0.125, 9)


def test_a_number_that_is_not_finite_goes_the_ordinary_way():
    def training(wrap):
        w = [Value(0.5), Value(2.0)]

        @wrap
        def step(x):
            loss = ag.log(w[0] * x) * w[1]
            for p in w:
                p.grad = 0.0
            loss.backward()
            for p in w:
                p.data -= 0.01 * p.grad
            return loss

        return w, step

    (v, step), (w, eager) = training(compile), training(lambda f: f)
    for _ in range(8):
        step(1.0)
        eager(1.0)
    assert not_replayed(step, 0.0).data == eager(0.0).data == -np.inf
    assert [p.data for p in v] == pytest.approx([p.data for p in w], nan_ok=True)


def test_a_guard_that_does_not_hold_and_an_index_that_is_out_of_range_change_nothing():
    w = [Value(1.0), Value(3.0)]

    @compile
    def step(i, x):
        w[0].data = w[0].data + (x if x > 0 else 2 * x)
        return ag.take(w, i[0])

    ready(step, np.array([1]), 0.5)
    assert replayed(step, np.array([0]), 0.5).data == 5.5
    with pytest.raises(IndexError, match="out of range"):
        step(np.array([2]), 0.5)
    assert w[0].data == 5.5
    assert not_replayed(step, np.array([0]), -0.5).data == 4.5
    assert step.recordings == 2


def test_state_of_another_type_goes_the_ordinary_way():
    training = Training(compile)
    ready(training.step, *arguments(1))
    training.optimizer.lr = 1
    not_replayed(training.step, *arguments(1))
    twin = Training()
    for _ in range(8):
        twin.step(*arguments(1))
    twin.optimizer.lr = 1
    twin.step(*arguments(1))
    assert training.state() == pytest.approx(twin.state(), rel=1e-9)


def test_what_the_function_reads_is_looked_at():
    w, settings = Value(1.0), {"rate": 0.5}

    @compile
    def step(x):
        w.data = w.data - settings["rate"] * x

    ready(step, 0.25)
    settings["rate"] = 1.0
    not_replayed(step, 0.25)
    assert w.data == 1.0 - 8 * 0.125 - 0.25


def test_a_step_with_a_pass_within_no_grad_goes_the_ordinary_way():
    w = Value(1.0)

    @compile
    def step(x):
        w.grad = 0.0
        (w * x).backward()
        w.data -= w.grad

    ready(step, 0.125)
    with no_grad(), pytest.warns(RuntimeWarning, match="within no_grad"):
        not_replayed(step, 0.125)


def test_a_step_in_a_step_is_recorded_with_it():
    w = Value(0.0)

    @compile
    def inner(x):
        w.data += x

    @compile
    def outer(x):
        inner(x)
        w.data *= 2

    ready(inner, 1.0)
    for _ in range(4):
        outer(1.0)
    other = 8.0
    for _ in range(4):
        other = 2 * (other + 1.0)
    assert w.data == other


def test_threads_step_one_after_the_other():
    w = Value(0.0)

    @compile
    def step(x):
        w.data = w.data + x
        return w.data

    ready(step, 1.0)
    found = []

    def run():
        found.extend([step(1.0) for _ in range(300)])

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == [9.0 + i for i in range(900)]


def test_a_step_and_what_it_reads_are_collected():
    training = Training(compile)
    ready(training.step, *arguments(1))
    gone = weakref.ref(training.optimizer)
    del training
    gc.collect()
    assert gone() is None


def test_arrays_are_replayed_until_the_program_is_compiled(monkeypatch):
    """And replays count as their runs."""
    monkeypatch.setattr(choice, "PATIENCE", 0.0)
    monkeypatch.setattr(choice, "preferred", lambda executors, *_: executors[0])
    w = [Value(0.001 * i) for i in range(300)]

    @compile
    def step(x):
        loss = ag.sum([ag.tanh(p * x) ** 2 for p in w])
        for p in w:
            p.grad = 0.0
        loss.backward()
        for p in w:
            p.data -= 0.1 * p.grad

    for _ in range(3):
        step(0.5)
    (program,) = step.programs()
    assert program.executor == "numpy"
    if program.choice.is_settled:
        pytest.skip("there is no compiler")
    assert step.replays[0].executor is program.choice.executor
    for _ in range(2000):
        if program.choice.is_settled:
            break
        for _ in range(51):
            step(0.5)
        time.sleep(0.01)
    assert program.choice.is_settled
    step.programs()
    assert len(step.replays) == 1
    for _ in range(52):
        step(0.5)
    assert step.replays[0].executor is program.choice.executor


def test_results_of_all_steps_share_the_node_that_says_no_graph_is_left():
    training = Training(lambda f: compile(f, check="never"))
    args = [[0.1, 0.2]], [0, 1], 0.5
    for _ in range(3):
        training.step(*args)
    first, second = (replayed(training.step, *args)[0] for _ in range(2))
    assert first.parents[0] is second.parents[0]
    assert first.data != second.data
    before = training.state()
    for result in first, second, first + second, first:
        with pytest.raises(RuntimeError, match="no graph is left"):
            result.backward()
    assert training.state() == before
