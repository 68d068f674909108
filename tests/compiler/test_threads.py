"""Threads call one compiled function: each gets the numbers and gradients of its own call."""

import threading

import numpy as np
import pytest

import autograd_lite as ag
from autograd_lite import Value, compile
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
