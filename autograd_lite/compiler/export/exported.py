"""What a language reads of an exported function: `Exported`, a program with the user's names.

Everything is a tensor: an array of places in the program, with a name and a shape. So a language
never asks what a list or a network is. Of the program it reads `array_program`, or `plan`, or
`tape`, whose outputs are the results and the new state alone.
"""

from __future__ import annotations

import re
from array import array
from dataclasses import dataclass, field
from functools import cached_property
from math import inf
from typing import NamedTuple

import numpy as np

from autograd_lite.compiler.choice import cotangents_for
from autograd_lite.compiler.lift import lift
from autograd_lite.compiler.plan import plan
from autograd_lite.compiler.tape.interpreter import Interpreter

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from numpy.typing import NDArray

    from autograd_lite.compiler.lift import ArrayProgram
    from autograd_lite.compiler.plan import Plan
    from autograd_lite.compiler.tape.ranges import Ints
    from autograd_lite.compiler.tape.tape import Tape

__all__ = ["Argument", "Exported", "Numbers", "Parameter", "Recordings", "Result", "State"]


@dataclass(frozen=True, eq=False)
class Tensor:
    """Numbers that a program is given.

    name     the name that the user's code has for it, such as "layers.0.weight"
    slots    [shape] slot of the leaf of each number; -1 of a number that the program does not read
    numbers  [shape] the numbers of the recorded call
    """

    name: str
    slots: Ints
    numbers: NDArray[np.float64]

    @property
    def shape(self) -> tuple[int, ...]:
        return self.slots.shape


@dataclass(frozen=True, eq=False)
class Argument(Tensor):
    """Plain numbers that the function is passed.

    integer  True if they are ints
    indices  [shape] index among `tape.indices` of each int that `take` may read as an index, else
             -1: below 0 it counts from the end, and out of range it is an error
    lowest, highest  what the numbers must be at least, and at most, for the recorded way; from -inf
             to inf if all may be
    """

    integer: bool
    indices: Ints
    lowest: float = -inf
    highest: float = inf


@dataclass(frozen=True, eq=False)
class Parameter(Tensor):
    """Values that the function reads, or is passed.

    values  [shape] the Values; None where only their numbers are known
    new     [shape] for a whole step the output that is the new number of each; else -1
    """

    values: Any
    new: Ints


@dataclass(frozen=True, eq=False)
class State(Tensor):
    """Other numbers that a whole step reads or writes, such as the memory of an optimiser.

    integer  True if they are ints, such as the number of steps
    new      [shape] the output that is the new number of each; -1 of what stays
    """

    integer: bool
    new: Ints


class Result(NamedTuple):
    """Numbers that the function returns.

    name     "value", or what the function's dict or tuple has them under: "loss", "value_0"
    outputs  [shape] the output that is each number
    """

    name: str
    outputs: Ints


class Numbers(NamedTuple):
    """What a run of a program gives.

    results    an array for each result
    gradients  {parameter: the derivatives of the value with respect to it}; None unless
               `differentiable`
    state      {parameter or state: its new numbers} of those that change; {} but for whole steps
    """

    results: list[NDArray[np.float64]]
    gradients: dict[str, NDArray[np.float64]] | None
    state: dict[str, NDArray[np.float64]]


@dataclass(eq=False)
class Exported:
    """An exported function: what a language reads.

    name        the name of the function, an identifier
    title       the first line of its docstring, or ""
    tape        the scalar program, whose outputs are the results, then the new state
    parameters  the Values that it reads, in the order of the user's code
    arguments   plain numbers that it is passed, in the order of its signature
    fixed       {argument: thing} of what is the same in all calls, such as a size, and is no
                argument of the export
    results     what it returns
    state       of a whole step what is read and written besides the parameters; else []
    others      what records it again with other numbers of samples, as `samples.recordings`; or
                None
    """

    name: str
    title: str
    tape: Tape
    parameters: list[Parameter]
    arguments: list[Argument]
    fixed: dict[str, Any]
    results: list[Result]
    state: list[State]
    others: Callable[[], Iterator[Recordings]] | None = field(default=None, kw_only=True)

    @property
    def is_step(self) -> bool:
        """True for a whole step, which changes parameters or state, and has no gradients."""
        return bool(self.state) or any((p.new >= 0).any() for p in self.parameters)

    @property
    def changed(self) -> list[Parameter | State]:
        """The parameters and the state that a whole step changes."""
        every: list[Parameter | State] = [*self.parameters, *self.state]
        return [t for t in every if (t.new >= 0).any()]

    @property
    def differentiable(self) -> bool:
        """True if the gradients of the value are there."""
        return self.value is not None and bool(self.parameters) and not self.is_step

    @property
    def value(self) -> int | None:
        """The place among the results of the value: no other one is a Value, and it is no list."""
        if self.tape.results != 1:
            return None
        found = [k for k, r in enumerate(self.results) if not r.outputs.shape and not r.outputs]
        return found[0] if found else None

    @cached_property
    def wrt(self) -> Ints:
        """[g] the slots by which the value is differentiated: those of all parameters, in order."""
        if not self.differentiable:
            return np.empty(0, np.int64)
        slots = np.concatenate([p.slots.ravel() for p in self.parameters])
        return slots[slots >= 0]

    def gradient(self, parameter: Parameter) -> Ints:
        """[shape] the index in `wrt` of each number of a parameter; -1 if its derivative is 0."""
        found = np.full(self.tape.leaves + 1, -1)
        found[self.wrt] = np.arange(len(self.wrt))
        return found[parameter.slots]

    @cached_property
    def array_program(self) -> ArrayProgram:
        """The program as instructions on arrays, with the gradients of `wrt`."""
        return lift(self.tape, self.wrt)

    @cached_property
    def primal_program(self) -> ArrayProgram:
        """The same for a library that differentiates it again: with `detached(x)` for what it must
        not differentiate through.
        """
        return lift(self.tape, self.wrt, detached=True)

    @cached_property
    def plan(self) -> Plan:
        """The program as groups."""
        return plan(self.array_program)

    @cached_property
    def leaves(self) -> NDArray[np.float64]:
        """[tape.leaves] the numbers of the recorded call."""
        found = np.zeros(self.tape.leaves)
        for tensor in (*self.arguments, *self.parameters, *self.state):
            read = tensor.slots >= 0
            found[tensor.slots[read]] = tensor.numbers[read]
        return found

    @cached_property
    def indices(self) -> Ints:
        """[tape.indices] the ints of the recorded call."""
        found = np.zeros(self.tape.indices, np.int64)
        for argument in self.arguments:
            read = argument.indices >= 0
            found[argument.indices[read]] = argument.numbers[read]
        return found

    @cached_property
    def reference(self) -> tuple[Numbers, float]:
        """What the interpreter gives for the recorded call, and the largest number on the way."""
        interpreter = Interpreter(self.tape, self.wrt.tolist())
        leaves, indices = array("d", self.leaves), array("q", self.indices.tolist())
        run = interpreter.forward(leaves, indices)
        cotangents = cotangents_for(self.tape.results)
        found, magnitude = interpreter.gradient_and_magnitude(run, cotangents)
        return self.numbers(np.array(run.outputs), np.array(found)), magnitude

    def numbers(self, outputs: NDArray[np.float64], gradients: NDArray[np.float64]) -> Numbers:
        """Outputs of the program, and derivatives with respect to `wrt`, as tensors."""
        padded = np.append(gradients, 0.0)
        return Numbers(
            [outputs[result.outputs] for result in self.results],
            {p.name: padded[self.gradient(p)] for p in self.parameters}
            if self.differentiable
            else None,
            {t.name: np.where(t.new >= 0, outputs[t.new], t.numbers) for t in self.changed},
        )


def identifier(name: str) -> str:
    """A name as an identifier: layers_0_weight; "function" for a lambda."""
    made = re.sub(r"\W", "_", name, flags=re.ASCII).strip("_")
    return f"_{made}" if made[:1].isdigit() else made or "function"


class Recordings(NamedTuple):
    """A function recorded with several numbers of samples.

    sizes   the recordings at each of `samples.SIZES`
    larger  those with more samples than the arguments have, and with
            `samples.MANY` if it takes so many
    fewer   those with two samples and with one; None where the function cannot be recorded so
    """

    sizes: list[Exported]
    larger: list[Exported]
    fewer: list[Exported | None]
