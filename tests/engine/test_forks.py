"""A forked process waits for no thread of its parent: such a thread is not there to finish."""

import os
import signal
import threading

import pytest

from autograd_lite import Value, compile

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork"),
    pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning"),
]


def forked(work, meanwhile):
    """Whether work() is true in a child that is forked while a thread is in meanwhile(wait)."""
    within, finished = threading.Event(), threading.Event()

    def wait():
        within.set()
        finished.wait()

    thread = threading.Thread(target=meanwhile, args=(wait,))
    thread.start()
    within.wait()
    child = os.fork()
    if child == 0:
        signal.alarm(10)
        os._exit(0 if work() else 1)
    _, status = os.waitpid(child, 0)
    finished.set()
    thread.join()
    return status == 0


def test_while_a_thread_records():
    w = Value(2.0)
    f = compile(lambda x: x * w)

    def record(wait):
        with f._lock:
            wait()

    assert forked(lambda: f(3.0).data == 6.0, record)


def test_while_a_thread_differentiates():
    def differentiate(backward):
        node = Value(1.0, (Value(1.0),), "by hand")
        node._backward = backward
        node.backward()
        return True

    assert forked(lambda: differentiate(lambda: None), differentiate)


def test_while_a_program_is_differentiated():
    w = Value(2.0)
    f = compile(lambda x: x * w)
    for _ in range(2):
        f(3.0).backward()
    executor = f.programs()[-1].choice.interpreter

    def differentiate(wait):
        with executor.lock:
            wait()

    def work():
        w.grad = 0.0
        f(3.0).backward()
        return w.grad == 3.0

    assert forked(work, differentiate)
