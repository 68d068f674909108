"""The blocks of a tape that run together."""

from array import array

import numpy as np
import pytest

from autograd_lite import Value
from autograd_lite.block import Block
from autograd_lite.compiler.tape.calls import FEWEST
from autograd_lite.compiler.tape.interpreter import Interpreter
from autograd_lite.compiler.tape.writer import write_tape
from tests.engine.test_loops import Made, observers


class Scaled(Block):
    """factor * x, and x + y."""

    def __init__(self, factor, count=1):
        super().__init__("scaled", self._forward, None, self._backward)
        self.factor, self.count = factor, count

    def _forward(self, numbers):
        pairs = zip(numbers[::2], numbers[1::2], strict=True)
        return [z for x, y in pairs for z in (self.factor * x, x + y)], None

    def _backward(self, kept, cotangents):
        pairs = zip(cotangents[::2], cotangents[1::2], strict=True)
        return [z for g, h in pairs for z in (self.factor * g + h, h)]

    @property
    def kind(self):
        return self.factor

    def together(self, count):
        return Scaled(self.factor, count), 2


class Alone(Scaled):
    kind = None


def interpreter_of(made, outputs, leaves):
    written = write_tape(made, outputs, {x: i for i, x in enumerate(leaves)}, {}, {})
    return Interpreter(written.tape(outputs, len(outputs), 0), range(len(leaves)))


@pytest.mark.parametrize("n", [1, 2, FEWEST, 7])
def test_as_if_each_ran_alone(n):
    leaves = [Value(x) for x in np.random.default_rng(n).normal(size=n + 1).tolist()]
    runs = []
    for cls in (Scaled, Alone):
        watch = Made()
        with observers.observe(watch):
            found = []
            for k, x in enumerate(leaves[:-1]):
                p, q = cls(3.0 if k % 4 else 5.0)([x, leaves[-1]])
                found += [p * 0.1 + q, cls(3.0)([q, leaves[-1]])[1]]
        interpreter = interpreter_of(watch.nodes, found, leaves)
        numbers = array("d", [x.data for x in leaves])
        run = interpreter.forward(numbers, array("q"))
        cotangents = np.random.default_rng(0).normal(size=len(found)).tolist()
        runs.append((run.outputs, run.gradient(cotangents), interpreter.blocks))
    assert runs[0][0] == runs[1][0] == array("d", [y.data for y in found])
    assert runs[0][1].tolist() == pytest.approx(runs[1][1].tolist(), rel=1e-15)
    counts = sorted(block.count for block in runs[0][2])
    assert counts == {1: [1, 1], 2: [1] * 4, FEWEST: [1, 1, 1, 3], 7: [1, 1, 5, 7]}[n]
    assert len(runs[1][2]) == 2 * n


def test_the_bits_of_what_is_shared():
    """Cotangents are added to what all share in the order in which each alone would add them."""
    leaves = [Value(x) for x in (0.1, 0.2, 0.3, 0.7, 0.4)]
    sums = []
    for cls in (Scaled, Alone):
        watch = Made()
        with observers.observe(watch):
            found = [cls(3.0)([x, leaves[-1]])[1] for x in leaves[:-1]]
        interpreter = interpreter_of(watch.nodes, found, leaves)
        run = interpreter.forward(array("d", [x.data for x in leaves]), array("q"))
        sums.append(run.gradient([0.1, 1e16, -1e16, 0.7]))
    assert sums[0] == sums[1]
    assert sums[0][-1] != 0.8  # what another order would give, or none
