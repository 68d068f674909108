"""Recording: one call of a function, on stand-ins for its arguments, watched by an observer.

The graph is the trace. What a graph does not show is noted as it happens: decisions taken on
numbers become guards; what `take` picked, what `draw` drew, and what was detached is kept.
"""

from __future__ import annotations

import random

import numpy as np

from autograd_lite.anomaly import place
from autograd_lite.blocks import Observer, observe, observers
from autograd_lite.value import Value, number_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from autograd_lite.compiler._flatten import Flat

__all__ = ["Guard", "Index", "NotRecordedError", "Recording", "record"]


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
    made      all nodes, in the order in which they were made
    sources   of a leaf that was detached, the node whose number it has
    picks     the nodes that `take` made
    calls     the functions that `callback` was given, and the nodes or numbers for each
    draws     the leaves that hold random numbers, and what draws them anew
    """

    def __init__(self, arguments: dict[Value, int], indices: dict[Value, int]) -> None:
        self.result: Any = None
        self.arguments, self.indices = arguments, indices
        self.made: list[Value] = []
        self.sources: dict[Value, Value] = {}
        self.picks: set[Value] = set()
        self.draws: dict[Value, Callable[[], float]] = {}
        self.calls: list[tuple[Callable[..., object], tuple[Value | float, ...]]] = []
        self.guards: list[Guard] = []


class _Recorder(Observer):
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
    function: Callable[..., Any], flat: Flat, args: Any, kwargs: Any, generators: Iterable[object]
) -> Recording:
    """Call function with stand-ins for the numbers of (args, kwargs), which flat took apart.

    generators  things that the function reaches, of which those that draw random numbers matter
    """
    arguments: dict[Value, int] = {}
    indices: dict[Value, int] = {}
    stand_ins = _StandIns(flat, arguments, indices)
    args, kwargs = stand_ins.of(args), {key: stand_ins.of(x) for key, x in kwargs.items()}
    recording = Recording(arguments, indices)
    recorder = _Recorder(recording, generators)
    with observe(recorder):
        recording.result = function(*args, **kwargs)
    recorder.check_random()
    return recording


class _StandIns:
    """Puts Arguments in the places of numbers and Values, in the order of `_flatten.flatten`."""

    def __init__(self, flat: Flat, arguments: dict[Value, int], indices: dict[Value, int]) -> None:
        self.numbers = flat.floats
        self.arguments, self.indices = arguments, indices

    def number(self, kind: type[Value]) -> Value:
        slot = len(self.arguments)
        stand_in = kind(self.numbers[slot])
        self.arguments[stand_in] = slot
        if kind is Index:
            self.indices[stand_in] = len(self.indices)
        return stand_in

    def of(self, thing: Any) -> Any:
        kind = type(thing)
        if kind is list or kind is tuple:
            return kind([self.of(element) for element in thing])
        if kind is dict:
            return {key: self.of(element) for key, element in thing.items()}
        if kind is not float and not isinstance(thing, Value) and hasattr(thing, "dtype"):
            return self.of_numpy(thing)
        if isinstance(thing, Value):
            return self.number(Value)
        if isinstance(thing, float):
            return self.number(Argument)
        return thing

    def of_numpy(self, thing: Any) -> Any:
        kind = thing.dtype.kind
        if kind not in "fiubO" or not hasattr(thing, "shape"):
            return thing
        number = Argument if kind == "f" else Index
        if thing.shape == ():
            return self.number(number)
        stand_ins = np.empty(thing.size, object)
        for i, element in enumerate(thing.ravel().tolist()):
            stand_ins[i] = self.of(element) if kind == "O" else self.number(number)
        return stand_ins.reshape(thing.shape)
