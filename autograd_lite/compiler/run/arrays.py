"""Runs of a lifted program, as operations on views of one memory."""

from __future__ import annotations

from array import array

import numpy as np

from autograd_lite.compiler.run.binder import Binder
from autograd_lite.compiler.run.operations import compile_calls
from autograd_lite.compiler.tape import loops
from autograd_lite.compiler.tape.executor import Executor, Inputs, UserResults

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from autograd_lite.compiler.lift import ArrayProgram
    from autograd_lite.compiler.tape.ranges import Ints
    from autograd_lite.value import Value

__all__ = ["ArrayExecutor"]


class ArrayExecutor(Executor):
    """Runs an `ArrayProgram`; as many operations for a batch of a hundred as for one of ten.

    program    the program
    reference  an executor of its tape, whose numbers are the same to rounding where all outputs,
               gradients, and numbers that decide are finite; where one is not, it may be NaN here
               and infinite there
    calls      the numbers of operations of a run, and of its gradient
    """

    def __init__(self, program: ArrayProgram, reference: Executor | None = None) -> None:
        super().__init__(reference)
        self.program = program
        self.leaves, self.outputs = _longs(program.leaves), _longs(program.outputs)
        self._in_place = _in_row(program.leaves, 0)
        self._in_row = _in_row(program.outputs, int(program.outputs[:1].sum()))
        self._gradients, self._choices = _longs(program.gradients), _longs(program.choices)
        self._deciding = _longs(program.deciding)
        space = self._take_workspace()
        self.calls = len(space.forward_calls), len(space.backward_calls)
        self._free.append([space])

    def workspace(self) -> Workspace:
        return Workspace(self)

    def _forward(
        self,
        space: Workspace,
        leaves: array[float],
        indices: array[int],
        parameters: tuple[Value, ...],
    ) -> array[float] | None:
        loops.spread(leaves, parameters, space.numbers, self.leaves, self._in_place)
        if self._choices:
            space.indices[:] = indices
            wrong = loops.outside(indices, self._choices)
            if wrong >= 0:
                raise IndexError(
                    f"take: the index {indices[wrong]} is out of range for "
                    f"{self._choices[wrong]} elements"
                )
        space.forward()
        outputs = loops.room(len(self.outputs))
        finite = loops.collect(space.numbers, self.outputs, outputs, self._in_row)
        if finite and self._deciding:
            finite = loops.collect(space.numbers, self._deciding, loops.room(len(self._deciding)))
        return outputs if finite else None

    def _gradient(self, space: Workspace, cotangents: Sequence[float]) -> array[float] | None:
        space.cotangents[:] = cotangents
        space.backward()
        gradient = loops.room(len(self._gradients))
        finite = loops.collect(space.numbers, self._gradients, gradient)
        return gradient if finite else None


class Workspace:
    """The memory of one run, and the operations that are bound to it.

    numbers, memory                the memory, and a view of it
    indices                        the ints of the run
    cotangents                     a view of those of the results
    user_results                   what the operations of users gave
    forward_calls, backward_calls  the operations of a run, and of its gradient
    forward, backward              functions that run the operations
    """

    number: int

    def __init__(self, executor: ArrayExecutor) -> None:
        program = executor.program
        self.numbers = array("d", bytes(8 * program.size))
        self.memory = np.frombuffer(self.numbers)
        self.indices = np.zeros(program.tape.indices, np.int64)
        constants, cotangents = program.constants, program.cotangents
        self.memory[constants.base :][: constants.size] = constants.values
        self.cotangents = self.memory[cotangents.base :][: cotangents.size]
        _, starts = program.tape.user_results()
        self.user_results = UserResults(loops.room(int(starts[-1])))
        self._leaves = executor.leaves
        binder = Binder(self.memory, self.indices, self.user_results)
        self.forward_calls = binder.bind(program.forward)
        self.backward_calls = binder.bind(program.backward)
        self.forward = compile_calls(self.forward_calls)
        self.backward = compile_calls(self.backward_calls)

    def inputs(self) -> Inputs:
        leaves = loops.room(len(self._leaves))
        loops.collect(self.numbers, self._leaves, leaves)
        return Inputs(leaves, self.user_results.copy())


def _in_row(places: Ints, start: int) -> int:
    """How many of the places, from the first on, are start, start + 1, ..."""
    moved = np.flatnonzero(places != start + np.arange(len(places)))
    return int(moved[0]) if len(moved) else len(places)


def _longs(numbers: Ints) -> array[int]:
    return array("q", numbers.tolist())
