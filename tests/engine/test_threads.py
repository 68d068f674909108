"""Threads build and differentiate graphs of their own, and may share leaves."""

import threading

import pytest

import autograd_lite as al
from autograd_lite import Value

pytestmark = pytest.mark.usefixtures("threads_switch_often")
THREADS, ROUNDS, LENGTH = 4, 20, 200


def in_threads(work):
    """work(i) for i in range(THREADS), all at once; its results in order."""
    results = [None] * THREADS
    start = threading.Barrier(THREADS)

    def run(i):
        start.wait()
        results[i] = work(i)

    threads = [threading.Thread(target=run, args=(i,)) for i in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def chain(x):
    for _ in range(LENGTH):
        x = al.sin(x) * 1.01 + x
    return x


def test_separate_graphs():
    def work(i):
        grads = []
        for _ in range(ROUNDS):
            x = Value(0.1 * (i + 1))
            chain(x).backward()
            grads.append(x.grad)
        return grads

    expected = [work(i) for i in range(THREADS)]
    assert in_threads(work) == expected


def test_shared_leaves_get_every_gradient():
    x = Value(0.5)
    weights = [Value(float(i)) for i in range(20)]

    def work(i):
        for _ in range(ROUNDS):
            al.sum([x * w * (i + 1) for w in weights]).backward()

    in_threads(work)
    rounds = ROUNDS * sum(range(1, THREADS + 1))
    assert x.grad == rounds * sum(range(20))
    assert [w.grad for w in weights] == [rounds * 0.5] * 20


def test_a_shared_graph_is_differentiated_by_one_at_a_time():
    x = Value(0.5)
    y = x
    for _ in range(LENGTH):
        y = y + x

    def work(i):
        for _ in range(ROUNDS):
            y.backward()

    in_threads(work)
    assert x.grad == THREADS * ROUNDS * (LENGTH + 1)


def test_nodes_by_hand():
    def work(i):
        x = Value(1.0)
        for _ in range(ROUNDS):
            y = x * (i + 1)
            out = Value(y.data, (y,), "same")

            def _backward(y=y, out=out):
                inner = Value(3.0)
                (inner * inner).backward()
                y.grad += out.grad * inner.grad

            out._backward = _backward
            out.backward()
        return x.grad

    assert in_threads(work) == [6.0 * ROUNDS * (i + 1) for i in range(THREADS)]


def test_no_grad_in_one_thread_alone():
    def work(i):
        leaves = []
        for _ in range(ROUNDS):
            x = Value(1.0)
            if i % 2:
                with al.no_grad():
                    leaves.append(chain(x).is_leaf)
            else:
                leaves.append(chain(x).is_leaf)
        return set(leaves)

    assert in_threads(work) == [{bool(i % 2)} for i in range(THREADS)]
