"""The lifted program: a scalar tape run as operations on arrays."""

from __future__ import annotations

from array import array
from collections import Counter
from copy import deepcopy

import numpy as np

from autograd_lite.compiler.explain import (
    Regions,
    in_words,
    leaf_regions,
    lines_of_steps,
    regions_of,
)
from autograd_lite.compiler.lift.check import check_order
from autograd_lite.compiler.lift.instructions import Pick
from autograd_lite.compiler.lift.lower import Lowering
from autograd_lite.compiler.lift.reverse import Reverse
from autograd_lite.compiler.run.native import compile_calls
from autograd_lite.compiler.run.numpy_calls import Binder
from autograd_lite.compiler.tape import loops
from autograd_lite.compiler.tape.executor import Executor, Inputs, Kept

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from autograd_lite.compiler.explain import Step
    from autograd_lite.compiler.tape.ranges import Ints
    from autograd_lite.compiler.tape.tape import Tape
    from autograd_lite.value import Value

__all__ = ["ArrayExecutor"]


class ArrayExecutor(Executor):
    """Runs a tape as operations on arrays; as many for a batch of a hundred as for one of ten.

    tape  the program
    wrt   the slots of the leaves whose gradients are wanted

    The numbers are those of the reference executor to rounding where all outputs and gradients are
    finite. Where one is not, it may be nan here and infinite there, so only that executor knows.
    """

    def __init__(self, tape: Tape, wrt: Ints) -> None:
        super().__init__()
        wrt = np.asarray(wrt, np.int64)
        lowered = Lowering(tape, wrt)
        reverse = Reverse(lowered, wrt)
        layout = lowered.layout
        self.leaves, self.indices, self.size = layout.leaves, tape.indices, layout.size
        self.numbers, self.outputs = layout.numbers, _places(lowered.outputs)
        self.results = tape.results
        self.seeds, self.gradient_at = reverse.seeds, reverse.gradient
        self.places = _places(np.argsort(self.leaves))
        moved = np.flatnonzero(self.leaves != np.arange(tape.leaves))
        self._in_place = int(moved[0]) if len(moved) else tape.leaves
        self.forward_instructions = layout.without_idle_masks(lowered.forward)
        self.backward_instructions = layout.without_idle_masks(reverse.instructions)
        gradients = reverse.gradient + reverse.order
        self._gradients = _places(gradients)
        every = [*self.forward_instructions, *self.backward_instructions]
        check_order(every, layout.size, np.concatenate([lowered.outputs, gradients]))
        any_number = np.iinfo(np.int64).max
        among = np.full(tape.indices, any_number)
        for instruction in lowered.forward:
            if isinstance(instruction, Pick):
                lookup = instruction.lookup
                np.minimum.at(among, lookup.slots, lookup.among)
        self._among = _places(np.where(among == any_number, 0, among))
        self._regions = regions_of(lowered, reverse)
        self.wanted, self._blocks = reverse.wanted.tolist(), layout.blocks.tolist()
        self._scalars = len(tape)
        self.kept = int(tape.kept()[1][-1])

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
        if self.indices:
            space.indices[:] = indices
            wrong = loops.outside(indices, self._among)
            if wrong >= 0:
                raise IndexError(
                    f"take: the index {indices[wrong]} is out of range for "
                    f"{self._among[wrong]} elements"
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

    def steps(self, names: Mapping[range, str] | None = None) -> tuple[list[Step], list[Step]]:
        """The instructions in words, forward and backward.

        names  of ranges of leaves, by their slots
        """
        leaves = leaf_regions(self.leaves.tolist(), self._blocks, names or {})
        place = {address: i for i, address in enumerate(self.wanted)}
        gradients = [
            leaf.gradient(self.gradient_at + place[leaf.base])
            for leaf in leaves
            if leaf.base in place
        ]
        regions = Regions([*deepcopy(self._regions), *leaves, *gradients])
        forward = in_words(self.forward_instructions, regions)
        return forward, in_words(self.backward_instructions, regions)

    def explain(
        self,
        names: Mapping[range, str] | None = None,
        lines: Callable[[], Mapping[int, str]] = dict,
    ) -> str:
        """The program, a line for each instruction, and what is no operation on arrays.

        names  of ranges of leaves, by their slots
        lines  gives of nodes where they were made
        """
        passes = self.steps(names)
        text = [f"{self._scalars} scalars, {len(self.leaves)} of them leaves"]
        parts = zip(("forward", "backward"), self.calls, passes, strict=True)
        for title, calls, steps in parts:
            text += ["", f"{title}: {calls} operation{'s' * (calls != 1)}"]
            text += [f"    {step.text}" for step in steps if step.text]
        every = [*passes[0], *passes[1]]
        if any(step.left for step in every):
            text += ["", "not on views of the memory:"]
            for step, line in zip(every, lines_of_steps(every, lines()), strict=True):
                if step.left:
                    parts_of_line = [f"        {part.strip()}" for part in line.splitlines()]
                    text += [f"    {step.left}", *parts_of_line]
        return "\n".join(text)

    def explain_groups(self, lines: Callable[[], Mapping[int, str]]) -> str:
        """Why it is not worth its while, and which lines make most of its groups."""
        passes = self.steps()
        every = [*passes[0], *passes[1]]
        where = Counter(lines_of_steps(every, lines()))
        del where[""]
        text = [f"{len(every)} operations on arrays are too many for {self._scalars} scalars"]
        for line, count in where.most_common(3):
            first, *others = [part.strip() for part in line.splitlines()]
            text += [f"    {count} of them for {first}", *(f"        {part}" for part in others)]
        return "\n".join(text)


class Workspace:
    """The memory of one run, and the calls that are bound to it."""

    def __init__(self, program: ArrayExecutor) -> None:
        self.numbers = array("d", bytes(8 * program.size))
        self.memory = np.frombuffer(self.numbers)
        self.indices = np.zeros(program.indices, np.int64)
        self.leaves = program.places
        first, numbers = program.numbers
        self.memory[first : first + len(numbers)] = numbers
        self.seeds = self.memory[program.seeds :][: program.results]
        self.kept = Kept(loops.room(program.kept))
        binder = Binder(self.memory, self.indices, self.kept)
        self.forward_calls = binder.bind(program.forward_instructions)
        self.backward_calls = binder.bind(program.backward_instructions)
        self.forward = compile_calls(self.forward_calls)
        self.backward = compile_calls(self.backward_calls)

    def inputs(self) -> Inputs:
        leaves = loops.room(len(self.leaves))
        loops.collect(self.numbers, self.leaves, leaves)
        return Inputs(leaves, self.kept.numbers[:])


def _places(addresses: Ints) -> array[int]:
    return array("q", addresses.tolist())
