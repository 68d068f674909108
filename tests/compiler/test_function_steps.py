"""Whole steps in compiled functions: how they fail, and what they leave behind then."""

import math
import random
import sys
import threading
import warnings

import numpy as np
import pytest

import autograd_lite as ag
import nn
from autograd_lite import Value, compile
from autograd_lite.compiler import places
from autograd_lite.compiler.program import Program
from tests.support.in_c import C


class Training:
    """Two parameters, and a step of Adam with a schedule."""

    def __init__(self, executor="interpret", hook=None):
        self.w = [nn.Parameter(0.5), nn.Parameter(-0.3)]
        self.optimizer = nn.optim.Adam(self.w, 0.1)
        self.schedule = nn.optim.CosineAnnealingLR(self.optimizer, 7)
        self.hook = hook or (lambda: None)
        self.compiled = compile(self.step, executor=executor)

    def step(self, x):
        loss = ag.tanh(self.w[0] * x + self.w[1]) ** 2
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        self.schedule.step()
        self.hook()
        return loss

    def state(self):
        numbers = [number for p in self.w for number in (p.data, p.grad)]
        state = self.optimizer.state_dict()
        return [*numbers, state, self.schedule.last_epoch]


def is_free(lock):
    """True if no thread has the lock."""
    found = []

    def ask():
        found.append(lock.acquire(blocking=False))
        if found[0]:
            lock.release()

    thread = threading.Thread(target=ask)
    thread.start()
    thread.join()
    return found[0]


# ------------------------------------------------------------------------- what a step gives


@pytest.mark.parametrize("choose", [ag.logsumexp, ag.largest, lambda ws: ag.take(ws, 1)])
def test_a_choice_among_numbers_that_the_step_sets(choose):
    """Which was chosen was looked up by its number, when the step had set that."""

    def trained(wrap):
        ws = [Value(0.5), Value(2.0), Value(-1.0)]

        def step(x):
            loss = choose(ws) * x
            loss.backward()
            for w in ws:
                w.data -= 0.5 * w.grad
            ws[0].data += 0.25
            return loss

        made = wrap(step)
        losses = [made(x).data for x in (1.0, 0.5, 2.0)]
        return [*losses, *[number for w in ws for number in (w.data, w.grad)]]

    assert trained(compile) == pytest.approx(trained(lambda f: f), rel=1e-14)


def test_backward_of_a_result_says_what_to_write():
    training = Training()
    for _ in range(4):
        loss = training.compiled(0.5)
    for result in (loss, loss * 2):
        with pytest.raises(RuntimeError, match=r"Call backward\(\) in the compiled function"):
            result.backward()
    with pytest.raises(RuntimeError, match="no graph is left"):
        ag.pullback([loss], [1.0], training.w)
    before = training.state()
    with pytest.raises(RuntimeError, match="no graph is left"):
        Training().compiled(0.5).backward()  # of the recorded call
    assert training.state() == before


def test_results_of_a_step_are_numbers_to_keep():
    training = Training()
    losses = [training.compiled(0.5) for _ in range(9)]
    twin = Training()
    assert [x.data for x in losses] == pytest.approx([twin.step(0.5).data for _ in range(9)])


def test_programs_and_explain_show_the_updates_and_change_nothing():
    model = nn.Linear(3, 8, rng=0)
    optimizer = nn.optim.SGD(model.parameters(), 0.1)

    @compile
    def step(x, y):
        loss = nn.mse_loss(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss

    x, y = np.ones((16, 3)), np.zeros((16, 8))
    for _ in range(3):
        step(x, y)
    before = [p.data for p in model.parameters()], optimizer.steps
    text = step.explain()
    assert "dp[8, 3] = dz1.T @ x" in text
    assert "lr * " in text
    (program,) = step.programs()
    assert program.tape.results == 0
    assert program.writes.data == program.writes.grads == tuple(model.parameters())
    assert ([p.data for p in model.parameters()], optimizer.steps) == before


@pytest.mark.parametrize("calls", [0, 1, 2, 5])
def test_what_a_step_sets_may_be_passed_to_it_as_well(calls):
    """Then it runs eagerly: what stood for the argument had the old number."""

    def trained(wrap):
        w, other = Value(2.0), Value(1.0)
        optimizer = nn.optim.SGD([w], 0.1)

        def step(x):
            w.grad = 0.5
            optimizer.step()
            return (x * 3.0).data

        step = wrap(step)
        found = [step(other) for _ in range(calls)]
        return found, step, (w, other)

    found, step, (w, other) = trained(lambda f: f)
    compiled, compiled_step, (v, like) = trained(compile)
    assert compiled == found
    with pytest.warns(RuntimeWarning, match=r"it sets \.data of a Value that it is passed"):
        assert compiled_step(v) == step(w)
    assert compiled_step(like) == step(other)
    assert compiled_step(v) == step(w)
    assert v.data == w.data


# ------------------------------------------------------------------------- how a step fails


@pytest.mark.parametrize("calls", [0, 1, 2, 4])
def test_an_exception_of_the_function_leaves_state_as_before(calls):
    fails = []

    def hook():
        if fails:
            raise KeyError("mine")

    training, twin = Training(hook=hook), Training()
    for _ in range(calls):
        training.compiled(0.5)
        twin.step(0.5)
    before = training.state()
    fails.append(True)  # what the function reads has changed, so that it is recorded anew
    with pytest.raises(KeyError, match="mine"):
        training.compiled(0.5)
    assert training.state() == before
    assert is_free(places.alone())
    fails.clear()
    twin.step(0.5)
    training.compiled(0.5)
    assert training.state()[:4] == pytest.approx(twin.state()[:4], rel=1e-12)


@pytest.mark.parametrize("calls", range(6))
def test_an_exception_of_a_callback_leaves_state_as_before(calls):
    count = []

    def log(number):
        count.append(number)
        if len(count) > calls:
            raise OSError("full")

    w = Value(1.0)
    optimizer = nn.optim.SGD([w], 0.5, momentum=0.9)

    @compile
    def step(x):
        (w * x).backward()
        optimizer.step()
        ag.callback(log, w)
        return w.data

    for _ in range(calls):
        step(0.5)
    before = w.data, w.grad, optimizer.state_dict()
    with pytest.raises(OSError, match="full"):
        step(0.5)
    assert (w.data, w.grad, optimizer.state_dict()) == before
    assert is_free(places.alone())


def interrupted(training, x, at):
    """Raise a KeyboardInterrupt at this call of those that a step makes; False if it ends first.

    Signals come as functions begin, and loops turn.
    """
    left = [at]

    def trace(frame, event, argument):
        if event == "call" and "autograd_lite" in frame.f_code.co_filename:
            left[0] -= 1
            if left[0] == 0:
                sys.settrace(None)
                raise KeyboardInterrupt

    sys.settrace(trace)
    try:
        training.compiled(x)
    except KeyboardInterrupt:
        pass
    finally:
        sys.settrace(None)
    return left[0] <= 0  # a finaliser may have lost it


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("calls", [0, 1, 2])
@pytest.mark.skipif(not ag.compiled, reason="interpreted, an interrupt comes between two numbers")
def test_an_interrupt_at_any_call_leaves_the_state_before_or_after(calls):
    """In a recording, a check and a run."""
    twin = Training()
    known = [twin.state()]
    for _ in range(calls + 1):
        twin.compiled(0.5)
        known.append(twin.state())
    draw, at = random.Random(calls), 1
    while True:
        training = Training()
        for _ in range(calls):
            training.compiled(0.5)
        assert training.state() == known[calls]
        if not interrupted(training, 0.5, at):
            break
        state = training.state()
        assert state in known[calls:]
        assert is_free(places.alone())
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            training.compiled(0.5)  # and it goes on
        assert training.compiled.recordings <= 2
        at += 1 + int(at * 0.03 * draw.random())


def test_a_guard_that_fails_changes_nothing():
    def training():
        w = Value(1.0)

        def step(x):
            loss = (w * x - 1) ** 2
            w.grad = 0.0
            loss.backward()
            w.data -= 0.1 * w.grad
            if w.data > 1:  # known after the update only
                w.data = w.data / 2
            return loss.data

        return w, step

    (w, eager), (v, step) = training(), training()
    compiled = compile(step)
    for x in (0.5, 3.0, 0.5, 0.2, 4.0, -1.0, 0.5, 0.5, 0.1):
        assert compiled(x) == pytest.approx(eager(x))
        assert (v.data, v.grad) == pytest.approx((w.data, w.grad))
    assert compiled.recordings == 2


@pytest.mark.parametrize("executor", ["auto", "interpret", "numpy", C])
def test_numbers_that_are_not_finite_are_those_of_the_function(executor):
    def training():
        w = [nn.Parameter(0.5) for _ in range(4)]
        optimizer = nn.optim.SGD(w, 0.5)

        def step(x):
            loss = ag.sum([ag.log(p * x) * p for p in w])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            return loss

        return w, step

    (w, eager), (v, step) = training(), training()
    compiled = compile(step, executor=executor)
    for x in (1.0, 2.0, 1.0, -1.0, 1e308, 0.0, 1.0):
        assert compiled(x).data == pytest.approx(eager(x).data, nan_ok=True)
        found = [number for p in v for number in (p.data, p.grad)]
        expected = [number for p in w for number in (p.data, p.grad)]
        assert found == pytest.approx(expected, nan_ok=True)
    assert any(map(math.isnan, found))


def test_an_overflow_of_a_plain_number_raises_and_leaves_state_as_before():
    w = Value(1.0)

    @compile
    def step(x):
        w.data = w.data * x
        return w.data**100.0

    assert step(2.0) == 2.0**100
    assert step(2.0) == 4.0**100
    w.data = 1e300
    with pytest.raises(OverflowError):
        step(2.0)
    assert w.data == 1e300


def test_a_mistake_in_new_state_is_found(monkeypatch):
    training, twin = Training(), Training()
    training.compiled(0.5)
    twin.step(0.5)
    init = Program.run

    def wrong(self, call):
        run = init(self, call)
        run.outputs[self.new_at + 1] += 0.5
        return run

    monkeypatch.setattr(Program, "run", wrong)
    label = r"gave -?\d.* as \.data of a Value, and the function"
    with pytest.warns(RuntimeWarning, match=label):
        training.compiled(0.5)
    twin.step(0.5)
    assert training.state() == twin.state()  # the function's counts
    monkeypatch.undo()
    before = training.state()
    assert "runs eagerly" in training.compiled.explain()
    assert training.state() == before


def test_checks_at_every_call():
    training, twin = Training(), Training()
    step = compile(training.step, check="always")
    for k in range(9):
        assert step(k / 9).data == twin.step(k / 9).data
        assert training.state() == twin.state()


def test_state_that_no_name_leads_to_is_refused():
    hidden = {}

    def make():
        w = Value(1.0)
        hidden["w"] = w
        return lambda: hidden["w"]

    get = make()

    def step(x):
        w = get()
        w.data = w.data * x
        return w.data

    compiled = compile(step)
    assert [compiled(2.0) for _ in range(4)] == [2.0, 4.0, 8.0, 16.0]


def test_threads_step_one_after_the_other():
    w = Value(0.0)
    steps = [compile(lambda x, k=k: setattr(w, "data", w.data + x * k)) for k in (1.0, 2.0)]
    for step in steps:
        for _ in range(3):
            step(1.0)
    assert w.data == 9.0
    threads = [
        threading.Thread(target=lambda step=step: [step(1.0) for _ in range(300)])
        for step in (*steps, *steps)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert w.data == 9.0 + 2 * 300 * 3


def test_a_step_in_a_step_and_in_a_loss():
    w = Value(1.0)
    halve = compile(lambda: setattr(w, "data", w.data / 2))

    @compile
    def step(x):
        halve()
        return w * x

    assert [step(4.0).data for _ in range(5)] == [2.0, 1.0, 0.5, 0.25, 0.125]


def test_blocks_and_loops_in_a_step():
    def training():
        w = [Value(0.5), Value(0.1)]

        def step(x):
            carry, _ = ag.scan(lambda c, _: (ag.tanh(w[0] * c + w[1]), None), x, [1.0, 2.0, 3.0])
            loss = (carry - 0.3) ** 2
            for p in w:
                p.grad = None
            loss.backward()
            for p in w:
                p.data = p.data - 0.5 * p.grad
            return loss

        return w, step

    (w, eager), (v, step) = training(), training()
    compiled = compile(step)
    for k in range(9):
        assert compiled(k / 9).data == pytest.approx(eager(k / 9).data, rel=1e-12)
        assert [p.data for p in v] == pytest.approx([p.data for p in w], rel=1e-12)
    assert compiled.recordings == 1


def test_an_operation_made_by_hand_runs_eagerly_with_a_reason():
    w = Value(2.0)

    def step(x):
        out = Value(w.data * x, (w,), "by hand")

        def _backward():
            w.grad += out.grad * x

        out._backward = _backward
        out.backward()
        return out

    compiled = compile(step)
    with pytest.warns(RuntimeWarning, match="by hand"):
        compiled(3.0)
    assert w.grad == 3.0


@pytest.mark.parametrize("executor", ["numpy", C])
def test_a_decision_on_state_that_the_step_changes_keeps_the_executor(executor):
    """Whether the guards hold is asked of the old numbers: the new ones go the other way."""
    w = Value(2.5)

    def step(x):
        if w.data < 3:
            w.data = w.data + 1
        return w.data * x

    compiled = compile(step, executor=executor)
    assert [compiled(2.0) for _ in range(4)] == [7.0] * 4
    assert w.data == 3.5
    assert [program.executor for program in compiled.programs()] == [executor, executor]


@pytest.mark.parametrize("late", [False, True])
def test_a_number_that_is_computed_and_then_replaced_is_not_asked_for(late):
    w, v = Value(0.5), Value(0.3)

    def step(x):
        if not late:
            w.data = v.data * 2
            w.data = 1.5
        loss = (w * x - v) ** 2
        loss.backward()
        v.data -= 0.1 * v.grad
        w.data -= 0.1 * w.grad
        w.data = 1.0 + x if late else w.data
        return loss

    found = []
    for wrap in (lambda f: f, compile):
        w.data, v.data, w.grad, v.grad = 0.5, 0.3, 0.0, 0.0
        run = wrap(step)
        losses = [run(1.0 + i).data for i in range(5)]
        found.append([*losses, w.data, v.data, w.grad, v.grad])
    assert found[0] == pytest.approx(found[1], rel=1e-13)
    assert run.programs()


@pytest.mark.parametrize("executor", ["interpret", "numpy", C])
def test_an_int_that_a_schedule_makes_a_float(executor):
    def trained(wrap):
        training = Training(executor)
        step = wrap(training)
        for k in range(8):
            if k == 3:
                training.optimizer.lr = 1
            step(k / 4)
        return training.state()

    eager, compiled = trained(lambda t: t.step), trained(lambda t: t.compiled)
    assert compiled[:4] == pytest.approx(eager[:4], rel=1e-12)
    assert compiled[4]["lr"] == pytest.approx(eager[4]["lr"], rel=1e-12)
