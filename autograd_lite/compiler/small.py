"""The call of a small program, from its arguments to its result, in one compiled piece.

The interpreter's loops compute it. A Value and its gradient are computed at once: it is one node
with these partials. So a call need not take its arguments apart, find its signature, hold a
workspace, or run anything in `backward()`. What is not plain goes the ordinary way, in
`function.py`.

Plain Python, compiled with `small.pxd` beside it as `autograd_lite/value.py` is.
"""

from __future__ import annotations

from array import array

import autograd_lite.compiler.tape.loops as loops
import autograd_lite.extra as extra
import autograd_lite.fields as fields
import autograd_lite.kinds as kinds
import autograd_lite.memory as memory
import autograd_lite.operations.kernels as kernels
import autograd_lite.value as engine
from autograd_lite.block import Call, hub_of
from autograd_lite.compiler.record.template import Hole, put_together
from autograd_lite.compiler.record.tokens import VALUE
from autograd_lite.compiler.replay import MISSED, Given, Replay, shape_of
from autograd_lite.compiler.tape.derive import RunBlock
from autograd_lite.compiler.tape.opcodes import INDEX, TAKE
from autograd_lite.operations.rules import RULES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from autograd_lite.compiler.choice import ExecutorChoice
    from autograd_lite.compiler.program import Program
    from autograd_lite.compiler.record.flatten import FlatArguments
    from autograd_lite.compiler.signature import Signature
    from autograd_lite.memory import Node

__all__ = ["SmallReplay", "small_replay_of"]

MOST_SCALARS = 1000
"""In a larger program, a gradient that nobody asks for would cost more than the call."""

_MISSED = MISSED  # as C knows it
_NO_CALLS: list[Any] = []
_NO_BLOCKS: tuple[Any, ...] = ()
_NO_INTS, _NO_DOUBLES = array("q"), array("d")


class Space(Given):
    """The numbers of one call, as `loops.forward` and `loops.backward` name them."""

    __slots__ = ("cotangents", "gradient", "outputs", "partials", "values")

    def __init__(self, n: int, parents: int, leaves: int, outputs: int, integers: int) -> None:
        Given.__init__(self, loops.room(leaves), array("q", bytes(8 * integers)))
        self.values, self.cotangents, self.partials = (loops.room(k) for k in (n, n, parents))
        self.gradient, self.outputs = loops.room(leaves), loops.room(outputs)


class SmallReplay(Replay):
    """A replay of a small program.

    origin  makes the hub of a result when one is asked for
    """

    __slots__ = (
        *("codes", "constants", "finite", "guards", "integers", "is_float", "is_node"),
        *("leaves_all", "n_leaves", "name", "offsets", "only_values", "origin", "out", "outputs"),
        *("parameters", "parents", "slots", "spare", "static", "template", "wrt"),
    )

    def __init__(
        self,
        program: Program,
        flat: FlatArguments,
        shape: array[int],
        signature: Signature,
    ) -> None:
        Replay.__init__(self, program, flat, shape, signature)
        choice = program.choice
        interpreter = choice.interpreter
        self.origin, self.name = Origin(program.name, choice), program.name
        self.codes, self.offsets, self.parents, self.slots = interpreter.program
        self.static, self.outputs, self.wrt = (
            interpreter.static,
            interpreter.outputs,
            interpreter.wrt,
        )
        self.out, self.n_leaves = self.outputs[0], interpreter.leaves
        self.guards, self.constants = program.guards.written, program.guards.constants
        self.template, self.finite = program.template, program.finite
        self.is_node = program.n_results > 0
        self.is_float = type(self.template) is Hole and self.template.number is float
        self.parameters, self.leaves_all = program.parameters, program.leaves_all
        self.only_values = shape[2:].tolist() == [VALUE] * self.n_args
        self.integers = len(flat.integers)
        self.spare: Space | None = None

    def result(self, args: tuple[Any, ...], connected: bool) -> Any:
        if self.due <= 0 or len(args) != self.n_args:
            return _MISSED
        space = self.space()
        try:
            found = self.result_in(space, args, connected)
        except Exception:  # of an operation; the ordinary way knows whether it was to be computed
            return _MISSED
        self.spare = space
        if found is not _MISSED:
            self.due -= 1
            self.calls += 1
        return found

    def space(self) -> Space:
        """Room that no other call has, as those of other threads may."""
        space, self.spare = self.spare, None
        if space is None or not kernels.COMPILED:  # interpreted, another thread may have it now
            sizes = len(self.codes), len(self.parents), self.n_leaves, len(self.outputs)
            space = Space(*sizes, self.integers)
        return space

    def result_in(self, space: Space, args: tuple[Any, ...], connected: bool) -> Any:
        n = len(args)
        space.begin()
        xs: tuple[Any, ...] = self.parameters
        if self.only_values:
            leaf = memory.doubles(space.leaves)
            for i in range(n):
                if type(args[i]) is not engine.Value:
                    return _MISSED
                leaf[i] = memory.data_of(args, i)
            space.filled = n
            xs = xs + args if xs else args
        else:
            values: list[Any] = []
            for i in range(n):
                if not self.takes(args[i], space, values):
                    return _MISSED
            if values:
                xs = xs + tuple(values)
        if not self.is_current():
            return _MISSED
        leaf = memory.doubles(space.leaves)
        n_parameters, n_leaves = len(self.parameters), self.n_leaves
        for i in range(n_parameters):
            leaf[space.filled + i] = memory.data_of(self.parameters, i)
        # fmt: off
        loops.forward(
            self.codes, self.offsets, self.parents, self.slots, space.values, space.partials,
            self.static, space.leaves, _NO_DOUBLES, _NO_BLOCKS, _NO_CALLS, _NO_INTS, False,
        )
        # fmt: on
        value = memory.doubles(space.values)
        if len(self.constants) > 0:
            loops.collect(space.values, self.outputs, space.outputs)
            if loops.broken(space.outputs, self.guards, self.constants) >= 0:
                return _MISSED
        data = value[self.out]
        if not self.is_node:
            return self.plain(space, data)
        if not connected:
            return fields.filled_node(kinds.LEAF, 0, None, None, data, 0.0, 0.0)
        loops.clear(space.cotangents)
        loops.clear(space.gradient)
        cotangent, gradient = memory.doubles(space.cotangents), memory.doubles(space.gradient)
        cotangent[self.out] = 1.0
        # fmt: off
        loops.backward(
            self.codes, self.offsets, self.parents, self.slots, space.values, space.partials,
            space.cotangents, space.gradient, _NO_BLOCKS, _NO_CALLS, _NO_INTS,
        )
        # fmt: on
        n = len(xs)
        partials = memory.buffer(n + n_leaves)
        d, where = memory.pointer(partials), memory.longs(self.wrt)
        deep = 0
        for i in range(n):
            d[i] = gradient[where[i]]
            if d[i] - d[i] != 0.0:  # with the cotangent of a pass it may be finite
                return _MISSED
            if i >= n_parameters:
                deep += memory.is_deep(xs, i)
        for i in range(n_leaves):
            d[n + i] = leaf[i]
        more = extra.make(xs, (), partials, None, self.leaves_all and deep == 0)
        more.op, more.block = self.name, self.origin
        return fields.filled_node(kinds.REPLAYED, 0, None, more, data, 0.0, 0.0)

    def plain(self, space: Space, data: float) -> Any:
        """The result if it has plain numbers only; MISSED if one is no number of Python's."""
        if self.is_float:
            return data if data - data == 0.0 else _MISSED
        outputs = loops.room(len(self.outputs))
        loops.collect(space.values, self.outputs, outputs)
        if len(self.finite) > 0:
            found = loops.room(len(self.finite))
            if not loops.collect(outputs, self.finite, found):
                return _MISSED
        return put_together(self.template, (), outputs)


class Origin:
    """What a result of a replay comes from: the hub of its call, should one be asked for.

    It leads to nothing that the function reads, which may hold the result itself.
    """

    def __init__(self, name: str, choice: ExecutorChoice) -> None:
        self.name, self.choice = name, choice

    def hub(self, data: float, parents: tuple[Any, ...], numbers: tuple[float, ...]) -> Node:
        """The hub of the call with this result.

        numbers  the partials with respect to the parents, and the numbers of the leaves
        """
        choice = self.choice
        leaves = array("d", numbers[len(parents) :])
        run = choice.interpreter.forward(leaves, array("q"))
        block = RunBlock(choice.tape, choice.wrt, run)
        only_leaves = all(x.is_leaf for x in parents)
        return hub_of(self.name, parents, only_leaves, Call([data], run.gradient, block, parents))


def small_replay_of(
    program: Program, flat: FlatArguments, signature: Signature
) -> SmallReplay | None:
    """The replay of a program for calls with arguments like these; None if it can have none.

    It can if the program gives a single Value, or plain numbers only, and does nothing but
    arithmetic, node by node; if it reads and changes no state; and if the arguments are Values,
    numbers, arrays of doubles, text, None and objects, and lists and tuples of them.
    """
    tape, template = program.tape, program.template
    choice = program.choice
    may = (
        choice.executor is choice.interpreter
        and max(len(tape), tape.leaves) <= MOST_SCALARS
        and (type(template) is Hole or not program.n_results)
        and program.n_results + program.n_numbers > 0
        and not (tape.blocks or program.calls or program.draws or program.passed)
        and not (program.changes or len(program.reads))
        and all(map(is_arithmetic, set(tape.codes.tolist())))
        and (program.parameters or flat.values or not program.n_results)
    )
    shape = shape_of(flat) if may else None
    return None if shape is None else SmallReplay(program, flat, shape, signature)


def is_arithmetic(code: int) -> bool:
    """True if a node of this code reads no index, and is no operation that users made."""
    return code not in (TAKE, INDEX) if code <= 0 else RULES[code].user_module is None
