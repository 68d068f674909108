"""Runs of a lifted program, as operations on views of one memory."""

from __future__ import annotations

from array import array

import numpy as np

from autograd_lite.compiler.plan import plan
from autograd_lite.compiler.plan.groups import writes_of
from autograd_lite.compiler.run.binder import Binder
from autograd_lite.compiler.run.native import collect, stretches_of
from autograd_lite.compiler.run.operations import compile_calls
from autograd_lite.compiler.tape import loops
from autograd_lite.compiler.tape.executor import Bare, Executor, Inputs, UserResults, arena_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from autograd_lite.compiler.lift import ArrayProgram
    from autograd_lite.compiler.plan import Plan
    from autograd_lite.compiler.tape.ranges import Ints
    from autograd_lite.value import Value

__all__ = ["ArrayExecutor"]


class ArrayExecutor(Executor):
    """Runs an `ArrayProgram`; as many operations for a batch of a hundred as for one of ten.

    program    the program
    reference  an executor of its tape, whose numbers are the same to rounding where all outputs,
               gradients, and numbers that decide are finite; where one is not, it may be NaN here
               and infinite there
    plan       its plan, which is made if it is not given
    calls      the numbers of operations, the groups of its plan, of a run and of its gradient
    """

    def __init__(
        self, program: ArrayProgram, reference: Executor | None = None, made: Plan | None = None
    ) -> None:
        super().__init__(reference)
        self.program = program
        self.plan = it = made or plan(program)
        self.leaves, self._choices = _longs(it.leaves), _longs(program.choices)
        self._in_place = _in_row(it.leaves, 0)
        self._outputs, self._gradients, self._deciding = map(
            stretches_of, (it.outputs, it.gradients, it.deciding)
        )
        space = self._take_workspace()
        self.calls = len(it.forward), len(it.backward)
        self._free.append([space])

    def workspace(self, numbers: array[float] | None = None) -> Workspace:
        """A new workspace, in an array of at least `room` numbers if one is given: what is to be in
        it at first is not written there then.
        """
        return Workspace(self, numbers)

    @property
    def room(self) -> int:
        """How many numbers a workspace has."""
        return self.plan.size

    def bare(self) -> Bare | None:
        if self._in_place < len(self.leaves):
            return None
        it, arena = self.plan, arena_of(self.room)
        space = self.workspace(arena.numbers)
        space.user_results.read(None)
        numbers = np.zeros(it.size)
        numbers[it.constants] = it.numbers
        is_fixed = np.ones(it.size, bool)
        for addresses in (it.leaves, *[x for group in it.forward for x in writes_of(group)]):
            is_fixed[addresses] = False
        fixed = np.flatnonzero(is_fixed)
        begin = array("d", numbers[fixed].tolist())
        given = space.forward, space.numbers, space.integers, self._choices
        return Bare(arena, _longs(fixed), begin, *given, space.numbers, it.outputs, it.deciding)

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
        outputs = loops.room(len(self.plan.outputs))
        finite = collect(space.numbers, self._outputs, outputs)
        return outputs if finite and collect(space.numbers, self._deciding) else None

    def _gradient(self, space: Workspace, cotangents: Sequence[float]) -> array[float] | None:
        space.memory[space.cotangents] = cotangents
        space.backward()
        gradient = loops.room(len(self.plan.gradients))
        return gradient if collect(space.numbers, self._gradients, gradient) else None


class Workspace:
    """The memory of one run, and the operations that are bound to it.

    numbers, memory                the memory, and a view of it
    integers, indices              the ints of the run, and a view of them
    cotangents                     the addresses of those of the results
    user_results                   what the operations of users gave
    forward_calls, backward_calls  the operations of a run, and of its gradient
    forward, backward              functions that run the operations
    """

    number: int

    def __init__(self, executor: ArrayExecutor, numbers: array[float] | None) -> None:
        plan, tape = executor.plan, executor.program.tape
        self.numbers = array("d", bytes(8 * executor.room)) if numbers is None else numbers
        self.memory = np.frombuffer(self.numbers)
        if numbers is None:
            self.memory[plan.constants] = plan.numbers
        self.integers = array("q", bytes(8 * tape.indices))
        self.indices = np.asarray(self.integers)
        self.cotangents = plan.cotangents
        _, starts = tape.user_results()
        self.user_results = UserResults(loops.room(int(starts[-1])))
        self._leaves = executor.leaves
        self.bind(plan)

    def bind(self, plan: Plan) -> None:
        """Make the functions that run the plan on this memory."""
        binder = Binder(self.memory, self.indices, self.user_results)
        self.forward_calls = binder.bind(plan.forward)
        self.backward_calls = binder.bind(plan.backward)
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
