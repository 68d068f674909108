"""A function recorded, and both executors of its tape side by side."""

from array import array
from functools import cached_property

import numpy as np

from autograd_lite import compile
from autograd_lite.compiler.explain import explain
from autograd_lite.compiler.lift import lift
from autograd_lite.compiler.plan.groups import writes_of
from autograd_lite.compiler.record.flatten import FlatArguments, flatten
from autograd_lite.compiler.run.arrays import ArrayExecutor


class Poisoned(ArrayExecutor):
    """An ArrayExecutor that gives no result where it reads what it has not yet written."""

    def workspace(self):
        space = super().workspace()
        for group in (*self.plan.forward, *self.plan.backward):
            for written in writes_of(group):
                space.memory[written] = np.nan
        return space


class Lifted:
    """The program of one call.

    tape, wrt, reference  of the recording
    program               the lifted program
    arrays                its executor
    leaves, indices       the numbers of the call
    """

    def __init__(self, function, *args):
        compiled = compile(function)
        compiled(*args)
        (program,) = compiled.programs()
        self.tape, self.wrt = program.tape, program.choice.wrt
        self.reference = program.choice.interpreter
        flat = FlatArguments()
        flatten(args, flat)
        flatten({}, flat)
        parameters = [x.data for x in program.parameters]
        self.leaves = np.array([*flat.floats, *parameters])
        self.indices = np.array(flat.integers, np.int64)

    @cached_property
    def program(self):
        return lift(self.tape, self.wrt)

    @cached_property
    def arrays(self):
        return Poisoned(self.program, self.reference)

    def explain(self, names=None):
        return explain(self.program, self.program.steps(names or {}), self.arrays.calls)

    def run(self, leaves):
        return self.arrays.forward(array("d", leaves), array("q", self.indices))

    def numbers(self, executor, leaves, cotangents):
        run = executor.forward(array("d", leaves), array("q", self.indices))
        return np.array([*run.outputs, *run.gradient(list(cotangents))])

    def by_reference(self, leaves, cotangents):
        """The outputs, then the gradient."""
        return self.numbers(self.reference, leaves, cotangents)

    def by_arrays(self, leaves, cotangents):
        """The outputs, then the gradient; None if one of these numbers is not finite."""
        before = self.arrays.fallbacks
        found = self.numbers(self.arrays, leaves, cotangents)
        return found if self.arrays.fallbacks == before else None

    def agrees(self, seed=0, runs=3):
        """Whether the arrays give finite numbers, for those of the call and for others.

        Raises AssertionError where the reference differs by more than 1e-9. Numbers that are lost
        to rounding anyway, as in sin(exp(40)), are not compared: those that the last digit of the
        leaves changes as much.
        """
        rng = np.random.default_rng(seed)
        finite = True
        for run in range(runs):
            leaves = self.leaves + (0.5 * rng.normal(size=len(self.leaves)) if run else 0)
            cotangents = rng.normal(size=self.tape.results)
            lifted = self.by_arrays(leaves, cotangents)
            finite &= lifted is not None
            if lifted is not None:
                expected = self.by_reference(leaves, cotangents)
                close = 1e-9 * (1 + np.abs(expected))
                known = np.ones(len(expected), bool)
                for _ in range(4):
                    moved = leaves * (1 + 1e-15 * rng.normal(size=len(leaves)))
                    known &= np.abs(expected - self.by_reference(moved, cotangents)) < 0.01 * close
                assert np.all(np.abs(lifted - expected)[known] < close[known])
        return finite
