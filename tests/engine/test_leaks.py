"""No memory is lost: over many operations of every kind, what the process holds does not grow.

A scenario is run as a script of its own. Python counts the blocks of up to 512 bytes that are in
use, so that one of them lost in 5,000 operations shows. The profile `long` makes 10,000,000
operations of each, CI 100,000.
"""

import os
import sys

import pytest

SCENARIOS = {
    "graphs": """
def work(n):
    x, w = Value(0.5), Value(-1.5)
    for _ in range(n // 10):
        y = al.tanh(w * x + 1.0) ** 2
        z = al.sum([y, x, 2.0]) + al.dot([x, w], [w, y]) + al.where(x > 0, y, w) + al.norm([x, w])
        z.backward()
        x.grad = w.grad = 0.0
""",
    "exceptions": """
def fails():
    raise KeyError

def work(n):
    x = Value(0.5)
    for _ in range(n // 10):
        y = Value(1.0, (x * 2,), "by hand")
        y._backward = fails
        for attempt in (
            lambda: (y * 3 + x).backward(), lambda: x + "1", lambda: al.sum([x, None]),
            lambda: al.dot([x], [x, x]), lambda: setattr(x, "data", None), lambda: float(x),
        ):
            try:
                attempt()
            except (KeyError, TypeError, ValueError):
                pass
            else:
                raise AssertionError
""",
    "threads": """
import threading

def graphs(n):
    for i in range(n // 10):
        x = Value(0.5)
        y = x
        for _ in range(9):
            y = y * x + 1.0
        y.backward()

def work(n):
    threads = [threading.Thread(target=graphs, args=(n // 4,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
""",
    "instances with attributes": """
class Weight(Value):
    pass

def work(n):
    for i in range(n // 40):
        if i % 500 == 0:
            gc.collect()
        a, b = Weight(1.0), Weight(2.0)
        a.loss = al.dot([a, b], [b, a]) * a + 1.0
        b.history = [a.loss * b]
        a.loss.backward()
""",
    "by hand": """
def work(n):
    x = Value(0.5)
    for i in range(n // 10):
        out = Value(1.0, (x * 2,), "by hand")
        box = [out]
        if i % 2:
            out._backward = lambda: None
        else:
            def backward(out=out, x=x):
                box[0].grad
            out._backward = backward
        (out + x).backward()
""",
    "copies": """
import copy, pickle

def work(n):
    x = Value(0.5)
    for _ in range(n // 100):
        y = al.sum([x * 2, al.sin(x), x])
        copy.copy(y).backward()
        copy.deepcopy(y).backward()
        pickle.loads(pickle.dumps(y)).backward()
        with al.no_grad():
            x * 2
""",
    "training": """
import nn

def work(n):
    model = nn.Sequential(nn.Linear(4, 8, rng=0), nn.Tanh(), nn.Linear(8, 2, rng=1))
    optimizer = nn.optim.Adam(model.parameters())
    for _ in range(n // 50):
        optimizer.zero_grad()
        nn.cross_entropy(model([[1.0, 2.0, 3.0, 4.0]]), [1]).backward()
        optimizer.step()
""",
}

SCRIPT = """
import gc, os, sys
import autograd_lite as al
from autograd_lite import Value

{work}

def held():
    [Value(0.0) for _ in range(1000)]  # fills the free list of nodes: how far threads do, varies
    gc.collect()
    gc.collect()
    with open("/proc/self/statm") as file:
        resident = int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return sys.getallocatedblocks(), resident

n = {n}
work(n)  # fills the caches
for _ in range(10):  # and caches that are nearly full: a leak is in each round
    before = held()
    work(n)
    lost = [now - then for now, then in zip(held(), before)]
    if lost[0] < {few}:
        break
print(*lost)
"""

LONG = os.environ.get("HYPOTHESIS_PROFILE") == "long"
OPERATIONS = 10_000_000 if LONG else 100_000
FEW = 20  # blocks: what is cached once more or less, however many the operations


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
@pytest.mark.parametrize("work", SCENARIOS.values(), ids=SCENARIOS)
def test_nothing_is_lost(python, work):
    blocks, resident = map(
        int, python("-c", SCRIPT.format(work=work, few=FEW, n=OPERATIONS)).split()
    )
    assert blocks < FEW
    assert not LONG or resident < 4 * OPERATIONS  # what is larger than a block


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_a_leak_would_be_found(python):
    """One float kept in a thousand operations."""
    work = """
kept = []
def work(n):
    for i in range(n):
        node = Value(1.0) * 2
        if i % 1000 == 0:
            kept.append(node.data)
"""
    assert int(python("-c", SCRIPT.format(work=work, few=FEW, n=100_000)).split()[0]) > FEW
