"""Graphs a million nodes deep or wide, within a stack of 8 MB and the usual recursion limit."""

import os
from itertools import product

import pytest

import autograd_lite

SCRIPT = """
import copy, pickle, sys, threading, weakref
import autograd_lite as al
from autograd_lite import Value

N = {n}

def chain(x):
    one = Value(1.0)
    for _ in range(N):
        x = x + one
    return x

def wide(x):
    return al.sum([-x for _ in range(N)])

def sum(x):
    return al.sum([x] * N)

def dot(x):
    return al.dot([x] * N, [1.0] * N)

def build():
    x = Value(1.0, label="x")
    return x, {shape}(x)

def leaf_of(root):
    return next(n for n in reversed(al.topological_order(root)) if n.label == "x")

def main():
    x, root = build()
    {job}
    done.append(True)

done = []
assert sys.getrecursionlimit() == 1000
threading.stack_size(8 << 20)
thread = threading.Thread(target=main)
thread.start()
thread.join()
assert done
"""

LONG = os.environ.get("HYPOTHESIS_PROFILE") == "long"
JOBS = {
    "backward": "root.backward(); root.backward(); assert x.grad == {grad} * 2, x.grad",
    "drop": "gone = weakref.ref(root); del root; assert gone() is None; assert x.grad == 0",
    "copy": "twin = copy.copy(root); twin.backward(); assert x.grad == {grad}",
    "deepcopy": (
        "twin = copy.deepcopy(root); twin.backward(); "
        "assert x.grad == 0; assert leaf_of(twin).grad == {grad}"
    ),
    "pickle": (
        "twin = pickle.loads(pickle.dumps(root)); twin.backward(); "
        "assert x.grad == 0; assert leaf_of(twin).grad == {grad}"
    ),
}
GRADS = {"chain": "1.0", "wide": "-N", "sum": "N", "dot": "N"}
SLOWEST = ("wide", "deepcopy"), ("wide", "pickle")  # no more to them than to a chain


@pytest.mark.slow
@pytest.mark.parametrize(
    ("shape", "job"), [case for case in product(GRADS, JOBS) if case not in SLOWEST]
)
def test_a_million_nodes(python, shape, job):
    slow = job in ("deepcopy", "pickle") or not autograd_lite.compiled
    brief = slow and not LONG  # a fifth is deep enough for the stack, too
    script = SCRIPT.replace("{n}", "200_000" if brief else "1_000_000").replace("{shape}", shape)
    python("-c", script.replace("{job}", JOBS[job]).replace("{grad}", GRADS[shape]))


def test_a_deep_chain_of_a_subclass_is_dropped(python):
    """Its finaliser is that of a Python class, which recurses by other ways."""
    python(
        "-c",
        """
import threading
from autograd_lite import Value

class Sub(Value):
    pass

def main():
    x = Sub(1.0)
    for _ in range(200_000):
        y = Sub(1.0, (x,), "+")
        x = y
    del x, y
    done.append(True)

done = []
threading.stack_size(8 << 20)
thread = threading.Thread(target=main)
thread.start()
thread.join()
assert done
""",
    )
