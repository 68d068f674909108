"""Recording: one call of a function, on stand-ins for its arguments, watched by an observer.

The graph is the trace. What a graph does not show is noted as it happens: decisions taken on
numbers become guards; what `take` picked, what `draw` drew, and what was detached is kept.
"""

from __future__ import annotations

import inspect
import random
from itertools import repeat
from math import prod

import numpy as np

from autograd_lite.anomaly import place
from autograd_lite.blocks import Observer, observe, observers
from autograd_lite.compiler._flatten import Same
from autograd_lite.value import Value, number_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Any

    from autograd_lite.compiler._flatten import Flat

__all__ = ["Guard", "Index", "NotRecordedError", "Recorder", "Recording", "record"]

# As in _flatten.py.
FLOAT, VALUE, INTEGER, STATIC, LIST, TUPLE, DICT, FLOATS, INTEGERS, OBJECTS = range(-1, -11, -1)

_GENERATORS = (random.Random, np.random.Generator)


class NotRecordedError(Exception):
    """The function cannot be recorded; the message says why, and what to write instead."""


class Argument(Value):
    """Stands for a float that was passed to the function; `==` compares it as a number."""

    __slots__ = ()

    def __eq__(self, other: object) -> Any:
        return self is other or _equal(self, other)

    def __ne__(self, other: object) -> Any:
        return not self == other

    __hash__ = Value.__hash__


class Index(Argument):
    """Stands for an integer of NumPy's. `take` reads it anew at each call; as an index or with
    int() it is read once, which is a guard.
    """

    __slots__ = ()

    def __index__(self) -> int:
        return int(self.data)

    __int__ = __index__


def _equal(x: Argument, other: object) -> bool:
    if not isinstance(other, (int, float, Argument)):
        return False
    y = number_of(other) if isinstance(other, Argument) else other
    outcome = number_of(x) == y
    for observer in observers():
        observer.compared(x, "==", other, outcome)
    return outcome


class Guard:
    """A decision that the recorded call took on numbers: x op y, or what x was.

    x, y     results of the tape, by their place; y is a number where it was one
    op       "<", "<=", ">", ">=", "!=", "==", or "is" for a number that was read
    outcome  what came of it
    place    the line that decided
    """

    def __init__(self, x: Value, op: str, y: Value | float, outcome: Any, where: str) -> None:
        self.x, self.op, self.y, self.outcome, self.place = x, op, y, outcome, where


class Recording:
    """What a call left behind.

    result    what it returned
    names     of the arguments, by the slots of their numbers
    lines     of nodes, where in the function they were made; empty unless it was watched for
    made      all nodes, in the order in which they were made
    sources   of a leaf that was detached, the node whose number it has
    picks     the nodes that `take` made
    calls     the functions that `callback` was given, and the nodes or numbers for each
    draws     the leaves that hold random numbers, and what draws them anew
    """

    def __init__(self, arguments: dict[Value, int], indices: dict[Value, int]) -> None:
        self.result: Any = None
        self.names: dict[range, str] = {}
        self.arguments, self.indices = arguments, indices
        self.lines: dict[Value, str] = {}
        self.made: list[Value] = []
        self.sources: dict[Value, Value] = {}
        self.picks: set[Value] = set()
        self.draws: dict[Value, Callable[[], float]] = {}
        self.calls: list[tuple[Callable[..., object], tuple[Value | float, ...]]] = []
        self.guards: list[Guard] = []


class Recorder(Observer):
    """Notes what a recording needs of what the engine does.

    generators  things, of which those that draw random numbers matter
    """

    replays = True

    def __init__(self, recording: Recording, generators: Iterable[object]) -> None:
        self.recording = recording
        self.generators = [thing for thing in generators if isinstance(thing, _GENERATORS)]
        self.random = self.random_state()

    def made(self, node: Value) -> None:
        self.recording.made.append(node)

    def detached(self, leaf: Value, source: Value) -> None:
        self.recording.made.append(leaf)
        self.recording.sources[leaf] = source

    def picked(self, node: Value) -> None:
        self.recording.picks.add(node)

    def draw(self, function: Callable[[], float]) -> Value:
        self.check_random()
        leaf = Value(float(function()))
        self.random = self.random_state()
        self.recording.draws[leaf] = function
        return leaf

    def call(self, function: Callable[..., object], values: tuple[Value | float, ...]) -> bool:
        self.recording.calls.append((function, values))
        return True

    def random_state(self) -> object:
        """Of the generators that programs share, and of those that the function reaches."""
        shared: object = np.random.get_state(legacy=False)
        own = [
            thing.getstate() if isinstance(thing, random.Random) else thing.bit_generator.state
            for thing in self.generators
        ]
        return random.getstate(), repr((shared, own))

    def check_random(self) -> None:
        """Raise NotRecordedError if random numbers were drawn without `draw`."""
        if self.random_state() != self.random:
            raise NotRecordedError(
                "it draws random numbers, which a recording would repeat for ever; write "
                "autograd_lite.draw(random.random) for random.random()"
            )

    def read(self, node: Value) -> None:
        number = number_of(node)
        self.recording.guards.append(Guard(node, "is", number, True, place()))

    def compared(self, x: Value, op: str, y: Value | float, outcome: bool) -> None:
        self.recording.guards.append(Guard(x, op, y, outcome, place()))

    def wrote(self, node: Value) -> None:
        raise RuntimeError(
            "a compiled function may not set .data or .grad: the recorded program would not do "
            f"it again; do it outside\n  {place()}"
        )

    def sent(self, node: Value, root: Value) -> None:
        raise RuntimeError(
            "a compiled function may not call backward(): return the loss, and call backward() "
            f"on what the compiled function gives\n  {place()}"
        )


def record(
    function: Callable[..., Any],
    flat: Flat,
    generators: Iterable[object],
    watch: Callable[[Recording, Iterable[object]], Recorder] = Recorder,
) -> Recording:
    """Call function on stand-ins for the numbers of the arguments, which flat took apart.

    generators  things that the function reaches, of which those that draw random numbers matter
    """
    stand_ins = _StandIns(flat)
    args, kwargs = stand_ins.call(_positional(function))
    recording = Recording(stand_ins.arguments, stand_ins.indices)
    recording.names = stand_ins.names
    recorder = watch(recording, generators)
    with observe(recorder):
        recording.result = function(*args, **kwargs)
    recorder.check_random()
    return recording


def _positional(function: Callable[..., Any]) -> Iterator[str]:
    """What the function calls its first argument, its second, and so on."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):  # it does not tell
        parameters = {}.values()
    for parameter in parameters:
        if parameter.kind is parameter.VAR_POSITIONAL:
            yield from repeat(parameter.name)
        yield parameter.name
    yield from repeat("x")


class _StandIns:
    """Puts what `_flatten.flatten` took apart together, with stand-ins in the numbers' places.

    arguments  the stand-ins, and where the number of each stands among the floats
    indices    those of integers, and where each stands among the integers
    names      of the arguments, by the slots of their numbers
    """

    def __init__(self, flat: Flat) -> None:
        self._tokens, self._statics = iter(flat.shape), iter(flat.statics)
        self._numbers = flat.floats
        self.arguments: dict[Value, int] = {}
        self.indices: dict[Value, int] = {}
        self.names: dict[range, str] = {}

    def call(self, names: Iterator[str]) -> tuple[list[Any], dict[str, Any]]:
        """The arguments of a call; the names are those of the ones by position."""
        _, n = next(self._tokens), next(self._tokens)
        args = [self._named(next(names)) for _ in range(n)]
        _, n = next(self._tokens), next(self._tokens)
        keys = [(key := self.next(), self._named(key)) for _ in range(n)]
        return args, dict(keys)

    def _named(self, name: str) -> Any:
        start = len(self.arguments)
        thing = self.next()
        self.names[range(start, len(self.arguments))] = name
        return thing

    def next(self) -> Any:
        token = next(self._tokens)
        if token in _NUMBERS:
            return self._number(_NUMBERS[token])
        if token == STATIC:
            _, thing = next(self._statics)
            return thing.thing if isinstance(thing, Same) else thing
        if token in (FLOATS, INTEGERS, OBJECTS):
            return self._array(token)
        n = next(self._tokens)
        if token == DICT:
            return {self.next(): self.next() for _ in range(n)}
        elements = [self.next() for _ in range(n)]
        return elements if token == LIST else tuple(elements)

    def _number(self, kind: type[Value]) -> Value:
        slot = len(self.arguments)
        stand_in = kind(self._numbers[slot])
        self.arguments[stand_in] = slot
        if kind is Index:
            self.indices[stand_in] = len(self.indices)
        return stand_in

    def _array(self, token: int) -> Any:
        shape = [next(self._tokens) for _ in range(next(self._tokens))]
        array = np.empty(prod(shape), object)
        for i in range(len(array)):
            if token == OBJECTS:
                array[i] = self.next()
            else:
                array[i] = self._number(Argument if token == FLOATS else Index)
        return array.reshape(shape)


_NUMBERS = {VALUE: Value, FLOAT: Argument, INTEGER: Index}
