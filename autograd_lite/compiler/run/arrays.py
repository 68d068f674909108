"""The lifted program: a scalar tape run as operations on arrays."""

from __future__ import annotations

from array import array

import numpy as np

from autograd_lite.compiler.run.native import compile_calls
from autograd_lite.compiler.run.numpy_calls import Binder
from autograd_lite.compiler.tape import loops
from autograd_lite.compiler.tape.executor import Executor, Inputs, Kept

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from autograd_lite.compiler.lift import ArrayProgram
    from autograd_lite.compiler.tape.ranges import Ints
    from autograd_lite.value import Value

__all__ = ["ArrayExecutor"]


class ArrayExecutor(Executor):
    """Runs a lifted program by operations on views of one memory.

    program  the program

    The numbers are those of the reference executor to rounding where all outputs and gradients are
    finite. Where one is not, it may be nan here and infinite there, so only that executor knows.
    """

    def __init__(self, program: ArrayProgram) -> None:
        super().__init__()
        self.program = program
        self.outputs = _places(program.outputs)
        self.places = _places(program.leaves)
        moved = np.flatnonzero(program.leaves != np.arange(len(program.leaves)))
        self._in_place = int(moved[0]) if len(moved) else len(program.leaves)
        self._gradients = _places(program.gradients)
        self._choices = _places(program.choices)

    def workspace(self) -> Workspace:
        return Workspace(self)

    def _forward(
        self,
        space: Workspace,
        leaves: array[float],
        indices: array[int],
        parameters: tuple[Value, ...],
    ) -> array[float] | None:
        loops.spread(leaves, parameters, space.numbers, self.places, self._in_place)
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
        finite = loops.collect(space.numbers, self.outputs, outputs)
        return outputs if finite else None

    def _gradient(self, space: Workspace, cotangents: Sequence[float]) -> array[float] | None:
        space.seeds[:] = cotangents
        space.backward()
        gradient = loops.room(len(self._gradients))
        finite = loops.collect(space.numbers, self._gradients, gradient)
        return gradient if finite else None

    @property
    def calls(self) -> tuple[int, int]:
        """How many operations a run takes, and how many its gradient."""
        with self.borrowed() as space:
            return len(space.forward_calls), len(space.backward_calls)


class Workspace:
    """The memory of one run, and the calls that are bound to it."""

    def __init__(self, arrays: ArrayExecutor) -> None:
        program = arrays.program
        self.numbers = array("d", bytes(8 * program.size))
        self.memory = np.frombuffer(self.numbers)
        self.indices = np.zeros(program.tape.indices, np.int64)
        self.leaves = arrays.places
        constants, cotangents = program.constants, program.cotangents
        self.memory[constants.base :][: constants.size] = constants.values
        self.seeds = self.memory[cotangents.base :][: cotangents.size]
        self.kept = Kept(loops.room(int(program.tape.kept()[1][-1])))
        binder = Binder(self.memory, self.indices, self.kept)
        self.forward_calls = binder.bind(program.forward)
        self.backward_calls = binder.bind(program.backward)
        self.forward = compile_calls(self.forward_calls)
        self.backward = compile_calls(self.backward_calls)

    def inputs(self) -> Inputs:
        leaves = loops.room(len(self.leaves))
        loops.collect(self.numbers, self.leaves, leaves)
        return Inputs(leaves, self.kept.numbers[:])


def _places(addresses: Ints) -> array[int]:
    return array("q", addresses.tolist())
