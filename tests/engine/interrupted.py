"""Run as a script: interrupts work with real signals at random moments, and looks what is left.

    python interrupted.py WORK TRIALS

A trial does the work again and again for a while that a timer can hit. After the KeyboardInterrupt
the objects that were in use are as after one of these times, and go on as fresh ones do.
"""

import os
import random
import signal
import sys
import tempfile
from fractions import Fraction
from math import ceil
from time import perf_counter

import autograd_lite as al
import nn
from autograd_lite import Value, no_grad

SHORTEST = 300e-6  # seconds that a trial works; a timer needs some 50 to fire


class Forward:
    """Builds a graph, part of it within no_grad, and of numbers that Python's own code tells."""

    def __init__(self):
        self.x = Value(0.5)
        self.weight = nn.Parameter(1.0)

    def work(self):
        x = self.x
        with no_grad():
            for _ in range(20):
                x * 2.0
        y = x
        for _ in range(30):
            y = al.sum([y * x, 1.0, y])
            y = y * self.weight / Fraction(1)  # a subclass is asked first
        self.y = y

    def state(self):
        return (self.x * 2.0).is_leaf

    def check(self, states):
        assert self.state() in states
        self.work()
        fresh = Forward()
        fresh.work()
        assert self.y.data == fresh.y.data


class Backward:
    """Differentiates a graph: each leaf has all of the gradient or none."""

    def __init__(self):
        self.leaves = [Value(0.5 + i) for i in range(10)]
        y = al.sum(self.leaves)
        for leaf in self.leaves:
            y = y + leaf * 2.0
        for _ in range(20):
            y = y * 0.5 + self.leaves[0]
        self.root = y

    def work(self):
        self.root.backward()

    def state(self):
        return [leaf.grad for leaf in self.leaves]

    def check(self, states):
        assert self.state() in states
        for leaf in self.leaves:
            leaf.grad = 0.0
        self.work()
        assert self.state() == states[1]
        (self.leaves[3] * 4.0).backward()
        assert self.leaves[3].grad == states[1][3] + 4.0


class ByHand(Backward):
    """The same through an operation by hand, where Python code runs within the pass."""

    def __init__(self):
        super().__init__()
        y = self.root
        self.root = Value(y.data, (y, self.leaves[1]), "by hand")

        def _backward():
            for _ in range(50):
                y.grad += self.root.grad / 64
            self.leaves[1].grad += self.root.grad

        self.root._backward = _backward


class Replay(Backward):
    """The same through a compiled function, whose runs are dropped all the time."""

    leaves = tuple([Value(0.5 + i) for i in range(10)])
    function = staticmethod(al.compile(lambda xs: al.tanh(al.dot(Replay.leaves, xs))))

    def __init__(self):
        for leaf in self.leaves:
            leaf.grad = 0.0

    def work(self):
        self.function([0.01] * 10).backward()


class Step:
    """An optimiser's step, compiled: all parameters and moments are before it or after it, but the
    count of steps may lack the last one. Interpreted, each number is before it or after it.
    """

    def __init__(self):
        self.model = nn.Linear(8, 4, rng=0)
        self.optimizer = nn.optim.Adam(self.model.parameters())
        for parameter in self.optimizer.params:
            parameter.grad = 1.0

    def work(self):
        self.optimizer.step()

    def state(self):
        state = self.optimizer.state_dict()
        numbers = [p.data for p in self.optimizer.params] + state["exp_avg"] + state["exp_avg_sq"]
        return numbers, state["steps"]

    def check(self, states):
        numbers, steps = self.state()
        after = [numbers for numbers, _ in states]
        if al.compiled:
            assert steps in (after.index(numbers) - 1, after.index(numbers))
        for number, known in zip(numbers, zip(*after, strict=True), strict=True):
            assert number in known
        twin = Step()
        twin.optimizer.load_state_dict(self.optimizer.state_dict())
        for mine, other in zip(self.optimizer.params, twin.optimizer.params, strict=True):
            other.data = mine.data
        for optimizer in (self.optimizer, twin.optimizer):
            optimizer.step()
        assert self.state() == twin.state()


class WholeStep:
    """A compiled step, recorded, then checked, then run: all state is before it or after it."""

    def __init__(self):
        self.model = nn.Linear(4, 2, rng=0)
        self.optimizer = nn.optim.Adam(self.model.parameters())
        self.compiled = al.compile(self.step)

    def step(self, x):
        loss = sum(y * y for y in self.model(x))
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        return loss

    def work(self):
        for _ in range(3):
            self.compiled([1.0, 2.0, 3.0, 4.0])

    def state(self):
        numbers = [number for p in self.optimizer.params for number in (p.data, p.grad)]
        return numbers, self.optimizer.state_dict()

    def check(self, states):
        twin = WholeStep()
        known = [twin.state()]
        for _ in range(3 * len(states)):
            twin.compiled([1.0, 2.0, 3.0, 4.0])
            known.append(twin.state())
        if al.compiled:
            assert self.state() in known
        self.work()


class Save:
    """Writes a file where one was: it is the one or the other, and no third lies beside it."""

    def __init__(self):
        self.folder = tempfile.TemporaryDirectory()
        self.path = os.path.join(self.folder.name, "model.safetensors")
        nn.save({"w": [0.0] * 1000}, self.path)

    def work(self):
        nn.save({"w": [1.0] * 1000}, self.path)

    def state(self):
        assert os.listdir(self.folder.name) == ["model.safetensors"]
        return nn.load(self.path)

    def check(self, states):
        assert self.state() in states
        self.work()
        assert self.state() == states[1]


KINDS = Forward, Backward, ByHand, Replay, Step, WholeStep, Save


def states(kind, n):
    """What a thing is after 0, 1, ..., n times."""
    thing = kind()
    yield thing.state()
    for _ in range(n):
        thing.work()
        yield thing.state()


def wait(seconds):
    """In a function of its own: in Python 3.13 no `except` covers the jump of a loop around it."""
    end = perf_counter() + seconds
    while perf_counter() < end:
        pass


def main(name, trials):
    kind = {cls.__name__: cls for cls in KINDS}[name]
    signal.signal(signal.SIGALRM, signal.default_int_handler)
    lost = []
    sys.unraisablehook = lost.append
    rng = random.Random(name)
    durations = []
    for _ in range(20):
        thing = kind()
        start = perf_counter()
        thing.work()
        durations.append(perf_counter() - start)
    duration = sorted(durations)[10]
    times = ceil(SHORTEST / duration)
    known = list(states(kind, times))
    span = took = times * duration
    interrupted = 0
    for _ in range(trials):
        thing = kind()
        at_work = False
        try:
            signal.setitimer(signal.ITIMER_REAL, rng.uniform(2e-6, span))
            at_work = True
            start = perf_counter()
            for _ in range(times):
                thing.work()
            took = perf_counter() - start
            at_work = False
            wait(1.0)  # for the signal, if no finaliser swallowed it
        except KeyboardInterrupt:
            interrupted += at_work
            # Other processes come and go: the span follows the work.
            span = span * 1.02 if at_work else took
        thing.check(known)
    assert not lost or name == "Save", f"finalisers lost {len(lost)} interrupts"  # tempfile's do
    assert interrupted > trials / 4, f"{interrupted} of {trials} signals came during the work"


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
