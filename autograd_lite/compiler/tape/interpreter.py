"""The reference executor: a compiled sweep over the tape, node by node."""

from __future__ import annotations

from array import array

import numpy as np

from autograd_lite.compiler.tape import loops
from autograd_lite.compiler.tape.executor import Executor, Inputs, Kept
from autograd_lite.compiler.tape.ranges import ranges
from autograd_lite.compiler.tape.tape import Tape

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from autograd_lite.compiler.tape.executor import State
    from autograd_lite.compiler.tape.ranges import Ints
    from autograd_lite.value import Value

__all__ = ["Interpreter"]


def in_runs(tape: Tape) -> Ints:
    """The nodes by level and operation: a processor foresees a run of alike ones."""
    levels = array("i", bytes(4 * len(tape)))
    loops.levels(_ints(tape.offsets), _ints(tape.parents), levels)
    return np.lexsort((tape.codes, np.frombuffer(levels, np.intc)))


def _ints(numbers: Ints) -> array[int]:
    return array("i", numbers.astype(np.intc).tobytes())


class Workspace:
    """Room for all nodes' numbers and cotangents, the local partials by their parents, and leaves.

    indices  the ints of the run
    kept     what the operations of users gave
    """

    def __init__(self, interpreter: Interpreter) -> None:
        n = len(interpreter.codes)
        self.values, self.cotangents = loops.room(n), loops.room(n)
        self.partials = loops.room(len(interpreter.parents))
        self.leaves, self.gradient = (loops.room(interpreter.leaves) for _ in range(2))
        self.indices = array("q")
        self.kept = Kept(loops.room(interpreter.kept))

    def inputs(self) -> Inputs:
        return Inputs(self.leaves[:], self.kept.numbers[:])


class Interpreter(Executor):
    """Runs a tape node by node, with the values of the eager engine's operations bit for bit.

    tape  the program
    wrt   the slots of the leaves whose gradients are wanted
    """

    def __init__(self, tape: Tape, wrt: Sequence[int]) -> None:
        super().__init__()
        order = in_runs(tape)
        place = np.empty(len(tape), np.int64)
        place[order] = np.arange(len(tape))
        first = tape.offsets[order]
        counts = tape.offsets[order + 1] - first
        self.codes = _ints(tape.codes[order])
        self.offsets = _ints(np.append(0, np.cumsum(counts)))
        self.parents = _ints(place[tape.parents[ranges(first, counts)]])
        users, kept = tape.kept()
        static = tape.static.copy()
        static[users] = kept[:-1]
        self.static = array("d", static[order].tobytes())
        self.kept = int(kept[-1])
        self.slots = _ints(tape.slots[order])
        self.outputs = array("q", place[tape.outputs].tolist())
        self.results = self.outputs[: tape.results]
        self.leaves = tape.leaves
        self.wrt = array("q", wrt)
        self._in_order = array("q", range(tape.leaves))

    def gradient_and_magnitude(
        self, state: State, cotangents: Sequence[float]
    ) -> tuple[array[float], float]:
        """The gradient of a run, and the largest finite number or cotangent on the way to it."""
        with self._pool.lock:  # until both are read, no other run takes the workspace
            gradient = self.gradient(state, cotangents)
            assert gradient is not None
            space = state.holds[0]
            numbers = np.abs([np.asarray(space.values), np.asarray(space.cotangents)])
            return gradient, float(numbers[np.isfinite(numbers)].max(initial=0.0))

    def workspace(self) -> Workspace:
        return Workspace(self)

    def _forward(
        self,
        space: Workspace,
        leaves: array[float],
        indices: array[int],
        parameters: tuple[Value, ...],
    ) -> array[float]:
        space.indices = indices
        loops.spread(leaves, parameters, space.leaves, self._in_order, self.leaves)
        loops.forward(
            self.codes,
            self.offsets,
            self.parents,
            self.static,
            self.slots,
            space.leaves,
            indices,
            space.values,
            space.partials,
            space.kept.numbers,
            space.kept.known,
        )
        outputs = loops.room(len(self.outputs))
        loops.collect(space.values, self.outputs, outputs)
        return outputs

    def _gradient(self, space: Workspace, cotangents: Sequence[float]) -> array[float]:
        loops.clear(space.cotangents)
        loops.clear(space.gradient)
        for node, cotangent in zip(self.results, cotangents, strict=True):
            space.cotangents[node] += cotangent
        loops.backward(
            self.codes,
            self.offsets,
            self.parents,
            self.slots,
            space.indices,
            space.values,
            space.partials,
            space.cotangents,
            space.gradient,
        )
        gradient = loops.room(len(self.wrt))
        loops.collect(space.gradient, self.wrt, gradient)
        return gradient
