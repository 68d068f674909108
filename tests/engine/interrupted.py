"""Run as a script: interrupts work with real signals at random moments, and looks what is left.

    python interrupted.py WORK TRIALS

After each KeyboardInterrupt the objects that were in use are used again and must give what fresh
ones give.
"""

import os
import random
import signal
import sys
import tempfile
from time import perf_counter

import autograd_lite as al
import nn
from autograd_lite import Value, no_grad


class Forward:
    """Builds a graph, part of it within no_grad."""

    def __init__(self):
        self.x = Value(0.5)

    def work(self):
        x = self.x
        with no_grad():
            for _ in range(20):
                x * 2.0
        y = x
        for _ in range(30):
            y = al.sum([y * x, 1.0, y])
        return y

    def check(self):
        assert not (self.x * 2.0).is_leaf
        assert self.work().data == Forward().work().data


class Backward:
    """Differentiates a graph whose leaves have gradients already."""

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

    def gradients(self):
        """Those of one pass more."""
        before = [leaf.grad for leaf in self.leaves]
        self.work()
        return [leaf.grad - g for leaf, g in zip(self.leaves, before, strict=True)]

    def check(self):
        """Each leaf has got all of the gradient or none; the next pass is a whole one."""
        expected = Backward().gradients()
        got = [leaf.grad for leaf in self.leaves]
        assert got in (expected, [0.0] * len(got)), got
        for leaf in self.leaves:
            leaf.grad = 0.0
        assert self.gradients() == expected
        (self.leaves[3] * 4.0).backward()
        assert self.leaves[3].grad == expected[3] + 4.0


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

    def check(self):
        expected = ByHand().gradients()
        got = [leaf.grad for leaf in self.leaves]
        assert got in (expected, [0.0] * len(got)), got
        for leaf in self.leaves:
            leaf.grad = 0.0
        assert self.gradients() == expected


class Step:
    """An optimiser's step: each parameter is before it or after it, and the next one works."""

    def __init__(self):
        self.model = nn.Linear(8, 4, rng=0)
        self.optimizer = nn.optim.Adam(self.model.parameters())
        for parameter in self.optimizer.params:
            parameter.grad = 1.0
        self.before = [p.data for p in self.optimizer.params]

    def work(self):
        self.optimizer.step()

    def check(self):
        stepped = Step()
        stepped.work()
        after = [p.data for p in stepped.optimizer.params]
        got = [p.data for p in self.optimizer.params]
        if al.compiled:
            assert got in (self.before, after)
        for number, old, new in zip(got, self.before, after, strict=True):
            assert number in (old, new)
        self.optimizer.zero_grad()
        nn.mse_loss(self.model([1.0] * 8), [0.0] * 4).backward()
        self.work()
        assert self.optimizer.load_state_dict(self.optimizer.state_dict()) is None


class Save:
    """Writes a file where one was: it is the one or the other, and no third lies beside it."""

    def __init__(self):
        self.folder = tempfile.TemporaryDirectory()
        self.path = os.path.join(self.folder.name, "model.safetensors")
        self.states = [{"w": [float(i)] * 1000} for i in range(2)]
        nn.save(self.states[0], self.path)

    def work(self):
        nn.save(self.states[1], self.path)

    def check(self):
        assert nn.load(self.path) in self.states
        assert os.listdir(self.folder.name) == ["model.safetensors"]
        self.work()
        assert nn.load(self.path) == self.states[1]


def main(name, trials):
    kind = {cls.__name__: cls for cls in (Forward, Backward, ByHand, Step, Save)}[name]
    signal.signal(signal.SIGALRM, signal.default_int_handler)
    rng = random.Random(name)
    durations = []
    for _ in range(20):
        thing = kind()
        start = perf_counter()
        thing.work()
        durations.append(perf_counter() - start)
    duration = sorted(durations)[10]
    for _ in range(trials):
        thing = kind()
        try:
            signal.setitimer(signal.ITIMER_REAL, rng.uniform(2e-6, duration))
            thing.work()
            while True:  # the signal is still to come
                pass
        except KeyboardInterrupt:
            pass
        thing.check()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
