"""The call of a small program, from its arguments to its result, in one compiled piece.

The interpreter's loops compute it. A Value and its gradient are computed at once: it is one node
with these partials. So a call need not take its arguments apart, find its signature, hold a
workspace, or run anything in `backward()`. What is not plain goes the ordinary way, in
`function.py`.

Plain Python, compiled with `replay.pxd` beside it as `autograd_lite/value.py` is.
"""

from __future__ import annotations

from array import array

import numpy as np

import autograd_lite.compiler.record.flatten as flatten
import autograd_lite.compiler.record.held as held
import autograd_lite.compiler.tape.loops as loops
import autograd_lite.extra as extra
import autograd_lite.fields as fields
import autograd_lite.kinds as kinds
import autograd_lite.memory as memory
import autograd_lite.observers as observers
import autograd_lite.operations.kernels as kernels
import autograd_lite.value as engine
from autograd_lite.block import Call, hub_of
from autograd_lite.compiler.record.flatten import Exact, Identity
from autograd_lite.compiler.record.template import Hole, put_together
from autograd_lite.compiler.record.tokens import (
    DICT,
    FLOAT,
    FLOATS,
    INT,
    LIST,
    STATIC,
    TUPLE,
    VALUE,
)
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

__all__ = ["Replay", "Replaying", "replay_of"]

MOST_SCALARS = 1000
"""In a larger program, a gradient that nobody asks for would cost more than the call."""

MOST_REPLAYS = 8
"""Of a function, so many programs are tried; those that ran last."""

_opened = observers.opened
_ndarray, _float64 = np.ndarray, np.float64
_NO_CALLS: list[Any] = []
_NO_BLOCKS: tuple[Any, ...] = ()
_NO_INTS, _NO_DOUBLES = array("q"), array("d")


class Replaying:
    """What is called: it tries its replays, the one that ran last first.

    replays  of programs that are ready
    """

    __slots__ = ("replays",)

    replays: tuple[Replay, ...]

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        result = None if kwargs else self.replayed(args)
        return self._ordinarily(args, kwargs) if result is None else result

    def replayed(self, args: tuple[Any, ...]) -> Any:
        """What the first of its replays gives that is for these arguments; None if none is."""
        replays = self.replays
        connected = True
        if replays and memory.current(_opened):
            watching, detaching = observers.here()
            if watching:
                return None
            connected = not detaching
        for i in range(len(replays)):
            replay = replays[i]
            result = replay.result(args, connected)
            if result is not None:
                if i > 0:
                    self.replays = (replay, *[x for x in replays if x is not replay])
                return result
        return None

    def _ordinarily(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """The result of a call that no replay is for."""
        raise NotImplementedError


class Space:
    """The numbers of one call.

    at      how much of the shape has been read
    filled  how many leaves have their numbers
    others  as `loops.forward` and `loops.backward` name them
    """

    __slots__ = (
        "at",
        "cotangents",
        "filled",
        "gradient",
        "leaves",
        "outputs",
        "partials",
        "values",
    )

    def __init__(self, n: int, parents: int, leaves: int, outputs: int) -> None:
        self.values, self.cotangents, self.partials = (loops.room(k) for k in (n, n, parents))
        self.leaves, self.gradient, self.outputs = (
            loops.room(k) for k in (leaves, leaves, outputs)
        )
        self.at = self.filled = 0


class Replay:
    """A program whose calls are made at once.

    program, signature  the program, and the signature of its calls
    due       so many calls may be made before the next check
    calls     so many have been made that the program does not know of
    origin    makes the hub of a result when one is asked for
    shape     [tokens] of the arguments; statics has the things in it that are the same in all calls
    captured  the state that the function reads, whose things hold what stands in held
    """

    __slots__ = (
        *("calls", "captured", "codes", "constants", "due", "guards", "held"),
        *("finite", "is_float", "is_node", "leaves_all", "n_leaves", "n_args", "name", "offsets"),
        *("only_values", "origin", "out", "outputs", "parameters", "parents", "program"),
        *("shape", "signature", "slots", "spare", "static", "statics", "template", "things", "wrt"),
    )

    def __init__(
        self,
        program: Program,
        flat: FlatArguments,
        shape: array[int],
        signature: Signature,
    ) -> None:
        choice = program.choice
        interpreter = choice.interpreter
        self.program, self.signature = program, signature
        self.due = self.calls = 0
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
        self.shape, self.n_args = shape, shape[1]
        self.statics = [x.thing if isinstance(x, Identity) else x for _, x in flat.statics]
        self.only_values = shape[2:].tolist() == [VALUE] * self.n_args
        self.captured = program.captured
        self.things, self.held = program.captured.compared
        self.spare: Space | None = None

    def taken(self) -> int:
        """The calls that the program does not know of, which from now on it does."""
        calls, self.calls = self.calls, 0
        return calls

    def result(self, args: tuple[Any, ...], connected: bool) -> Any:
        """What the function gives; None if the call is not one for this program.

        connected  True if the result is a node with parents
        """
        if self.due <= 0 or len(args) != self.n_args:
            return None
        space = self.space()
        try:
            found = self.result_in(space, args, connected)
        except Exception:  # of an operation; the ordinary way knows whether it was to be computed
            return None
        self.spare = space
        if found is not None:
            self.due -= 1
            self.calls += 1
        return found

    def space(self) -> Space:
        """Room that no other call has, as those of other threads may."""
        space, self.spare = self.spare, None
        if space is None or not kernels.COMPILED:  # interpreted, another thread may have it now
            sizes = len(self.codes), len(self.parents), self.n_leaves, len(self.outputs)
            space = Space(*sizes)
        return space

    def result_in(self, space: Space, args: tuple[Any, ...], connected: bool) -> Any:
        n = len(args)
        space.at, space.filled = 2, 0  # behind the token of the arguments and their number
        xs: tuple[Any, ...] = self.parameters
        if self.only_values:
            leaf = memory.doubles(space.leaves)
            for i in range(n):
                if type(args[i]) is not engine.Value:
                    return None
                leaf[i] = memory.data_of(args, i)
            space.filled = n
            xs = xs + args if xs else args
        else:
            values: list[Any] = []
            for i in range(n):
                if not self.takes(args[i], space, values):
                    return None
            if values:
                xs = xs + tuple(values)
        if held.first_changed(self.things, self.held, 0) >= 0 and self.captured.changed():
            return None
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
                return None
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
                return None
            if i >= n_parameters:
                deep += memory.is_deep(xs, i)
        for i in range(n_leaves):
            d[n + i] = leaf[i]
        more = extra.make(xs, (), partials, None, self.leaves_all and deep == 0)
        more.op, more.block = self.name, self.origin
        return fields.filled_node(kinds.REPLAYED, 0, None, more, data, 0.0, 0.0)

    def plain(self, space: Space, data: float) -> Any:
        """The result if it has plain numbers only; None if the function raises an error for one."""
        if self.is_float:
            return data if data - data == 0.0 else None
        outputs = loops.room(len(self.outputs))
        loops.collect(space.values, self.outputs, outputs)
        if len(self.finite) > 0:
            found = loops.room(len(self.finite))
            if not loops.collect(outputs, self.finite, found):
                return None
        return put_together(self.template, (), outputs)

    def takes(self, thing: Any, space: Space, values: list[Any]) -> bool:
        """Whether a thing is one of the shape, and has its numbers among the leaves."""
        shape, leaf = memory.ints(self.shape), memory.doubles(space.leaves)
        token = shape[space.at]
        space.at += 1
        if token == VALUE:
            if type(thing) is not engine.Value:
                return False
            leaf[space.filled] = engine.number_of(thing)
            space.filled += 1
            values.append(thing)
        elif token == FLOAT:
            if type(thing) is not float:
                return False
            leaf[space.filled] = thing
            space.filled += 1
        elif token == FLOATS:
            n = shape[space.at]
            if n == 0:
                if type(thing) is not _float64:
                    return False
                leaf[space.filled] = thing
                size = 1
            elif type(thing) is _ndarray:
                size = memory.read_array(thing, shape, space.at + 1, n, leaf, space.filled)
            else:
                size = -1
            space.at += 1 + n
            space.filled += size
            return size >= 0
        elif token == INT:
            if type(thing) is not int or not flatten.LEAST < thing < flatten.EXACT:
                return False
            leaf[space.filled] = thing
            space.filled += 1
        elif token == STATIC:
            known = self.statics[shape[space.at]]
            space.at += 1
            cls = type(known)
            if cls is int or cls is str:
                return type(thing) is cls and bool(thing == known)
            return thing is known
        else:
            if type(thing) is not (list if token == LIST else tuple):
                return False
            n = shape[space.at]
            space.at += 1
            if len(thing) != n:
                return False
            for x in thing:
                if not self.takes(x, space, values):
                    return False
        return True


class Origin:
    """What a result of a replay comes from: the hub of its call, should one be asked for.

    It leads to nothing that the function reads, which may hold the result itself.
    """

    def __init__(self, name: str, choice: ExecutorChoice) -> None:
        self.name, self.choice = name, choice

    def hub(self, data: float, parents: tuple[Any, ...], numbers: tuple[float, ...]) -> Node:
        """The hub of the call with this result.

        numbers  the partials by the parents, and the numbers of the leaves
        """
        choice = self.choice
        leaves = array("d", numbers[len(parents) :])
        run = choice.interpreter.forward(leaves, array("q"))
        block = RunBlock(choice.tape, choice.wrt, run)
        only_leaves = all(x.is_leaf for x in parents)
        return hub_of(self.name, parents, only_leaves, Call([data], run.gradient, block, parents))


def replay_of(program: Program, flat: FlatArguments, signature: Signature) -> Replay | None:
    """The replay of a program for calls with arguments like these; None if it can have none.

    It can if the program gives a single Value, or plain numbers only, and does nothing but
    arithmetic, node by node; if it reads and changes no state; and if the arguments are Values,
    numbers, arrays of doubles, text, None and objects, and lists and tuples of them.
    """
    tape, template = program.tape, program.template
    may = (
        max(len(tape), tape.leaves) <= MOST_SCALARS
        and (type(template) is Hole or not program.n_results)
        and program.n_results + program.n_numbers > 0
        and not (tape.blocks or program.calls or program.draws or program.passed)
        and not (program.changes or len(program.reads))
        and all(map(is_arithmetic, set(tape.codes.tolist())))
        and (program.parameters or flat.values or not program.n_results)
    )
    shape = written(flat) if may else None
    return None if shape is None else Replay(program, flat, shape, signature)


def is_arithmetic(code: int) -> bool:
    """True if a node of this code reads no index, and is no operation that users made."""
    return code not in (TAKE, INDEX) if code <= 0 else RULES[code].user_module is None


def written(flat: FlatArguments) -> array[int] | None:
    """The shape of arguments, with the index of each static behind its token.

    None if there are other things among them than a replay takes.
    """
    shape, found = flat.shape.tolist(), array("i")
    if shape[-2:] != [DICT, 0]:  # no keywords
        return None
    i = n_statics = 0
    while i < len(shape) - 2:
        token = shape[i]
        found.append(token)
        i += 1
        if token in (LIST, TUPLE):
            found.append(shape[i])
            i += 1
        elif token == STATIC:
            if type(flat.statics[n_statics][1]) is Exact:
                return None
            found.append(n_statics)
            n_statics += 1
        elif token == FLOATS and shape[i] >= 0:
            found.extend(shape[i : i + 1 + shape[i]])
            i += 1 + shape[i]
        elif token not in (VALUE, FLOAT, INT):
            return None
    return found
