"""Threads call one compiled function: each gets the numbers and gradients of its own call."""

import threading

import numpy as np
import pytest

import autograd_lite as ag
from autograd_lite import Value, compile
from autograd_lite.compiler.places import alone
from autograd_lite.compiler.record.ledger import Ledger
from autograd_lite.compiler.signature import FREE_PER_SIGNATURE

W = [Value(0.5), Value(-1.5), Value(2.0)]


def append(x, cache):
    cache.append(x)
    return ag.sum(cache)


def test_threads():
    w = [Value(float(i)) for i in range(5)]
    f = compile(lambda x, n: ag.sum([(v * x).tanh() for v in w for _ in range(n)]))
    wrong = []

    def work(number):
        for n in range(1, 6):
            x = Value(number)
            expected = sum(np.tanh(v.data * number) for v in w) * n
            if abs(f(x, n).data - expected) > 1e-12:
                wrong.append((number, n))

    threads = [threading.Thread(target=work, args=(i / 7,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert f.recordings == 5


def test_threads_that_go_different_ways():
    @compile
    def f(xs):
        return ag.sum([x * W[0] if x > 0 else x * x for x in xs])

    start, wrong = threading.Barrier(6), []

    def work(k):
        numbers = [1.0 if k >> i & 1 else -2.0 for i in range(3)]
        start.wait()
        for _ in range(20):
            xs = [Value(x) for x in numbers]
            f(xs).backward()
            if [x.grad for x in xs] != [0.5 if x > 0 else 2 * x for x in numbers]:
                wrong.append(k)

    threads = [threading.Thread(target=work, args=(k % 4,)) for k in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert f.recordings == 4


def test_an_eager_function_runs_side_by_side_in_threads():
    start = threading.Barrier(3, timeout=20)

    def f(x):
        if x.data > 100:
            start.wait()
        return x * int(x.data)  # which is recorded for each number

    compiled = compile(f)
    for i in range(FREE_PER_SIGNATURE):
        compiled(Value(float(i)))
    with pytest.warns(RuntimeWarning, match="eagerly"):
        compiled(Value(-1.0))
    threads = [threading.Thread(target=compiled, args=(Value(200.0 + i),)) for i in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not start.broken


def test_a_callback_takes_a_step_that_another_thread_records(monkeypatch):
    """Each would wait for the other, if the recording kept its function while it waited."""
    v, w = Value(0.0), Value(0.0)
    called_back, recording = threading.Event(), threading.Event()
    inner = compile(lambda x: setattr(v, "data", v.data + x))
    found = []

    def callback(number):
        if number == 3.0:
            called_back.set()
            recording.wait(10)
            inner(1.0)

    @compile
    def outer(x):
        w.data += x
        ag.callback(callback, w)

    take_lock = Ledger._lock

    def slowly(self):
        if threading.current_thread() is others[1]:
            recording.set()
        take_lock(self)

    def record():
        called_back.wait(10)
        inner(1.0)

    def run():
        outer(1.0)
        found.append(w.data)

    others = [threading.Thread(target=f, daemon=True) for f in (run, record)]
    outer(1.0)
    outer(1.0)
    monkeypatch.setattr(Ledger, "_lock", slowly)
    for thread in others:
        thread.start()
    for thread in others:
        thread.join(10)
    assert not any(thread.is_alive() for thread in others)
    assert recording.is_set()
    assert (found, v.data, inner.recordings) == ([3.0], 2.0, 1)
    inner(1.0)
    assert v.data == 3.0


@pytest.mark.parametrize("swallowed", [False, True])
def test_a_step_is_recorded_while_another_thread_has_the_lock(swallowed):
    """It waits for it without its own."""
    v = Value(0.0)

    @compile
    def step(x):
        if not swallowed:
            v.data += x
            return
        try:
            v.data += x
        except Exception:
            v.data = 100.0

    thread = threading.Thread(target=step, args=(1.0,), daemon=True)
    with alone():
        thread.start()
        thread.join(0.2)
        assert thread.is_alive()
        assert step._lock.acquire(timeout=10)
        step._lock.release()
    thread.join(10)
    step(1.0)
    assert (v.data, step.recordings) == (2.0, 1)
