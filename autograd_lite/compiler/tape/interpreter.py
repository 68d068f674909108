"""The reference executor: a compiled sweep over the tape, node by node."""

from __future__ import annotations

from array import array
from functools import partial
from math import isfinite

import numpy as np

from autograd_lite.compiler.tape import loops
from autograd_lite.compiler.tape.calls import Calls
from autograd_lite.compiler.tape.executor import Arena, Bare, Executor, Inputs, UserResults
from autograd_lite.compiler.tape.opcodes import CONSTANT, INDEX, LEAF
from autograd_lite.compiler.tape.ranges import rows_of
from autograd_lite.compiler.tape.tape import Tape
from autograd_lite.operations.rules import CODES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from autograd_lite.compiler.tape.executor import Run
    from autograd_lite.compiler.tape.ranges import Ints
    from autograd_lite.value import Value

__all__ = ["Interpreter"]

_SUMS = [CODES[name] for name in ("sum", "dot", "mean")]
_ULPS = 8.0  # in which two libraries may differ: 4 each


def levels_of(tape: Tape) -> Ints:
    """[n] how many nodes come before each on the longest way to it."""
    levels = array("i", bytes(4 * len(tape)))
    loops.levels(_ints(tape.offsets), _ints(tape.parents), levels)
    return np.frombuffer(levels, np.intc)


def _ints(numbers: Ints) -> array[int]:
    return array("i", numbers.astype(np.intc).tobytes())


class Workspace:
    """Room for one run.

    values, cotangents  [n] of all nodes
    leaves, gradient    [leaves]
    indices             [tape.indices] the ints of the run
    user_results        what the operations of users, and blocks, gave
    forward             function of the ints, and of True if user_results are known, that computes
                        the nodes from the leaves
    backward            function of the ints that sends the cotangents to the gradient
    """

    number: int

    def __init__(self, interpreter: Interpreter) -> None:
        codes, _, parents, _ = program = interpreter.program
        self.values, self.cotangents = loops.zeros(len(codes)), loops.room(len(codes))
        self.leaves, self.gradient = (loops.room(interpreter.leaves) for _ in range(2))
        self.indices = array("q")
        blocks = interpreter.blocks
        self.user_results = UserResults(loops.room(interpreter.user_results), len(blocks))
        node = self.values, loops.room(len(parents))
        called = blocks, self.user_results.calls
        given = interpreter.static, self.leaves, self.user_results.numbers
        self.forward = partial(loops.forward, *program, *node, *given, *called)
        sent = self.cotangents, self.gradient
        self.backward = partial(loops.backward, *program, *node, *sent, *called)

    def inputs(self) -> Inputs:
        return Inputs(self.leaves[:], self.user_results.copy())


class Interpreter(Executor):
    """Runs a tape node by node, with the values of the eager engine's operations bit for bit.

    program       (codes, offsets, parents, slots) of the tape, by level
    static        [n] that of the tape; of an operation that users made, where its numbers begin
    user_results  how many numbers these operations give
    outputs       [k] the nodes whose numbers a call gives back, the results first
    leaves        how many numbers a call gives
    indices       how many ints
    blocks        the block of each BLOCK, of which one may be many of the tape
    wrt           the slots of the leaves whose gradients are wanted
    """

    def __init__(self, tape: Tape, wrt: Sequence[int]) -> None:
        super().__init__()
        # By level and operation: a processor foresees a run of nodes that are alike.
        levels = levels_of(tape)
        called = Calls(tape, levels)
        order = np.lexsort((called.rank, tape.codes, levels))
        position = np.empty(len(tape), np.int64)
        position[order] = np.arange(len(tape))
        places, counts = rows_of(tape.offsets, order)
        offsets = np.append(0, np.cumsum(counts))
        codes, slots = tape.codes.copy(), tape.slots.copy()
        called.join(codes, slots, position, offsets)
        self.program = (
            _ints(codes[order]),
            _ints(offsets),
            _ints(position[tape.parents[places]]),
            _ints(slots[order]),
        )
        nodes, starts = tape.user_results()
        static = tape.static.copy()
        static[nodes] = starts[:-1]
        self.static = array("d", static[order].tobytes())
        self.user_results = int(starts[-1])
        self.outputs = array("q", position[tape.outputs].tolist())
        self.results = self.outputs[: tape.results]
        self.indices = tape.indices
        self.leaves, self.blocks = tape.leaves, tuple(called.blocks)
        self.wrt = array("q", wrt)
        self._in_order = array("q", range(tape.leaves))

    def gradient_and_magnitude(
        self, run: Run, cotangents: Sequence[float]
    ) -> tuple[array[float], float]:
        """The gradient of a run, and the largest finite number or cotangent on the way to it."""
        with self.lock:  # until both are read, no other run takes the workspace
            gradient = self.gradient(run, cotangents)
            space = run.lease[0]
            numbers = np.abs([np.asarray(space.values), np.asarray(space.cotangents)])
            return gradient, float(numbers[np.isfinite(numbers)].max(initial=0.0))

    def rounding(self, run: Run, output: int) -> float:
        """How far rounding may move an output of a run, to first order; 0 if that is not known.

        Each node may be rounded by some eps of its number, which moves the output by its cotangent
        times that. A sum or product of n numbers is rounded n times, by eps of all its terms.
        (N. J. Higham, Accuracy and Stability of Numerical Algorithms, 2002, sections 3.1 and 4.2.)
        """
        codes, offsets, parents, _ = map(np.asarray, self.program)
        with self.lock:
            self.gradient(run, [0.0] * len(self.results))  # so that the run has its workspace
            space = run.lease[0]
            space.cotangents[self.outputs[output]] = 1.0
            space.backward(space.indices)
            numbers, cotangents = np.array(space.values), np.array(space.cotangents)
        sizes = np.abs(numbers)
        for i in np.flatnonzero(np.isin(codes, _SUMS)):
            terms = sizes[parents[offsets[i] : offsets[i + 1]]]
            if codes[i] == CODES["dot"]:
                terms = np.multiply(*np.split(terms, 2))
            sizes[i] = len(terms) * terms.sum()
        sizes[np.isin(codes, (LEAF, CONSTANT, INDEX))] = 0.0  # which are as they are
        moved = float(_ULPS * np.finfo(float).eps * (np.abs(cotangents) * sizes).sum())
        return moved if isfinite(moved) else 0.0

    def workspace(self) -> Workspace:
        return Workspace(self)

    def bare(self) -> Bare:
        space = self.workspace()
        space.indices = integers = array("q", bytes(8 * self.indices))
        run = partial(space.forward, integers, False)
        outputs, none = np.asarray(self.outputs), np.zeros(0, np.int64)
        free = Arena(0), array("q"), array("d")
        return Bare(*free, run, space.leaves, integers, array("q"), space.values, outputs, none)

    def _forward(
        self,
        space: Workspace,
        leaves: array[float],
        indices: array[int],
        parameters: tuple[Value, ...],
    ) -> array[float]:
        space.indices = indices
        loops.spread(leaves, parameters, space.leaves, self._in_order, self.leaves)
        space.forward(indices, space.user_results.known)
        outputs = loops.room(len(self.outputs))
        loops.collect(space.values, self.outputs, outputs)
        return outputs

    def _gradient(self, space: Workspace, cotangents: Sequence[float]) -> array[float]:
        loops.clear(space.cotangents)
        loops.clear(space.gradient)
        for node, cotangent in zip(self.results, cotangents, strict=True):
            space.cotangents[node] += cotangent
        space.backward(space.indices)
        gradient = loops.room(len(self.wrt))
        loops.collect(space.gradient, self.wrt, gradient)
        return gradient
