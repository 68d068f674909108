"""A program whose calls are made in one compiled piece, from the arguments to the result.

So a call need not take its arguments apart, nor find its signature. `small.py` does so for small
functions, `stepping.py` for whole steps. What is not plain goes the ordinary way, in `function.py`.

Plain Python, compiled with `replay.pxd` beside it as `autograd_lite/value.py` is.
"""

from __future__ import annotations

from array import array

import numpy as np

import autograd_lite.compiler.record.flatten as flatten
import autograd_lite.compiler.record.held as held
import autograd_lite.memory as memory
import autograd_lite.observers as observers
import autograd_lite.value as engine
from autograd_lite.compiler.record.flatten import Exact, Identity
from autograd_lite.compiler.record.tokens import (
    DICT,
    FLOAT,
    FLOATS,
    INT,
    INTEGERS,
    LIST,
    STATIC,
    TUPLE,
    VALUE,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from autograd_lite.compiler.program import Program
    from autograd_lite.compiler.record.flatten import FlatArguments
    from autograd_lite.compiler.signature import Signature

__all__ = ["MISSED", "Given", "Replay", "Replaying", "shape_of"]

MISSED = object()
"""What a replay gives for a call that it is not for."""
_MISSED = MISSED  # as C knows it

MOST_REPLAYS = 8
"""Of a function, so many programs are tried; those that ran last."""

_opened = observers.opened
_ndarray, _float64 = np.ndarray, np.float64


class Given:
    """The numbers of the arguments of one call.

    leaves           where they go
    integers         where the ints among them go, too
    at               how much of the shape has been read
    filled, counted  how many leaves, and ints, have their numbers
    """

    __slots__ = ("at", "counted", "filled", "integers", "leaves")

    def __init__(self, leaves: array[float], integers: array[int]) -> None:
        self.leaves, self.integers = leaves, integers
        self.begin()

    def begin(self) -> None:
        """Go to what stands behind the token of the arguments, and how many they are."""
        self.at, self.filled, self.counted = 2, 0, 0


class Replay:
    """A program whose calls are made at once.

    program, signature  the program, and the signature of its calls
    due       so many calls may be made before the next check
    calls     so many have been made that the program does not know of
    shape     [tokens] of the arguments; statics has the things in it that are the same in all calls
    executor  that of the program when this was made
    captured  the state that the function reads, whose things hold what stands in held
    """

    __slots__ = (
        *(
            "calls",
            "captured",
            "due",
            "executor",
            "held",
            "n_args",
            "program",
            "shape",
            "signature",
        ),
        *("statics", "things"),
    )

    def __init__(
        self, program: Program, flat: FlatArguments, shape: array[int], signature: Signature
    ) -> None:
        self.program, self.signature = program, signature
        self.due = self.calls = 0
        self.shape, self.n_args = shape, shape[1]
        self.statics = [x.thing if isinstance(x, Identity) else x for _, x in flat.statics]
        self.executor = program.choice.executor
        self.captured = program.captured
        self.things, self.held = program.captured.compared

    def taken(self) -> int:
        """The calls that the program does not know of, which from now on it does."""
        calls, self.calls = self.calls, 0
        return calls

    def result(self, args: tuple[Any, ...], connected: bool) -> Any:
        """What the function gives; MISSED if the call is not one for this program.

        connected  True if the result is a node with parents
        """
        raise NotImplementedError

    def is_current(self) -> bool:
        """True if the function reads what it read when it was recorded."""
        known = held.first_changed(self.things, self.held, 0) < 0
        return known or not self.captured.changed()

    def takes(self, thing: Any, space: Given, values: list[Any] | None) -> bool:
        """Whether a thing is one of the shape, and has its numbers among the leaves."""
        shape, leaf = memory.ints(self.shape), memory.doubles(space.leaves)
        token = shape[space.at]
        space.at += 1
        if token == VALUE:
            if type(thing) is not engine.Value:
                return False
            leaf[space.filled] = engine.number_of(thing)
            space.filled += 1
            if values is not None:
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
            memory.longs(space.integers)[space.counted] = thing
            space.filled += 1
            space.counted += 1
        elif token == INTEGERS:
            n = shape[space.at]
            if n == 0 or type(thing) is not _ndarray:
                return False
            ints = memory.longs(space.integers)
            # fmt: off
            size = memory.read_integers(
                thing, shape, space.at + 1, n, leaf, space.filled, ints, space.counted
            )
            # fmt: on
            space.at += 1 + n
            space.filled += size
            space.counted += size
            return size >= 0
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


class Replaying:
    """What is called: it tries its replays, the one that ran last first.

    replays  of programs that are ready
    """

    __slots__ = ("replays",)

    replays: tuple[Replay, ...]

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        result = _MISSED if kwargs else self.replayed(args)
        return self._ordinarily(args, kwargs) if result is _MISSED else result

    def replayed(self, args: tuple[Any, ...]) -> Any:
        """What the first of its replays gives that is for these arguments; MISSED if none is."""
        replays = self.replays
        connected = True
        if replays and memory.current(_opened):
            watching, detaching = observers.here()
            if watching:
                return _MISSED
            connected = not detaching
        for i in range(len(replays)):
            replay = replays[i]
            result = replay.result(args, connected)
            if result is not _MISSED:
                if i > 0 and self.replays is replays:  # else a check may have dropped them
                    self.replays = (replay, *[x for x in replays if x is not replay])
                return result
        return _MISSED

    def _ordinarily(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """The result of a call that no replay is for."""
        raise NotImplementedError


def shape_of(flat: FlatArguments) -> array[int] | None:
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
        elif token in (FLOATS, INTEGERS) and shape[i] >= 0:
            found.extend(shape[i : i + 1 + shape[i]])
            i += 1 + shape[i]
        elif token not in (VALUE, FLOAT, INT):
            return None
    return found
