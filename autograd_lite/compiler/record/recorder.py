"""Recording: one call of a function, on tracers for its arguments, watched by an observer.

The graph is the trace. What a graph does not show is noted as it happens: decisions taken on
numbers become guards; nodes of `take` and `largest`, numbers that `sample` drew, and leaves that
were detached from nodes are noted as such.
"""

from __future__ import annotations

import inspect
from dataclasses import fields, is_dataclass
from itertools import repeat
from math import inf, nan, nextafter, prod
from numbers import Integral
from typing import NamedTuple

import numpy as np

from autograd_lite.anomaly import user_line
from autograd_lite.compiler.messages import said
from autograd_lite.compiler.record.flatten import Identity
from autograd_lite.compiler.record.generators import Generators
from autograd_lite.compiler.record.tokens import (
    DICT,
    FLOAT,
    FLOATS,
    INTEGER,
    INTEGERS,
    LIST,
    NAMED,
    OBJECTS,
    STATIC,
    VALUE,
)
from autograd_lite.observers import Observer, active, observe
from autograd_lite.value import Value, is_number, is_plain_number, number_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from typing import Any

    from autograd_lite.compiler.record.flatten import FlatArguments

__all__ = [
    "Callback",
    "FormerTracer",
    "Guard",
    "NotAllowedError",
    "NotRecordedError",
    "Recorder",
    "Recording",
    "TracerError",
    "Tracers",
    "positional",
    "record",
]


class NotRecordedError(Exception):
    """The function cannot be recorded; the message says why, and what to write instead."""


class TracerError(NotRecordedError):
    """The function must be given its arguments themselves: it changes them, or asks for them."""


class NotAllowedError(RuntimeError):
    """The function did what no recorded program does, and what it must not do."""


class FloatTracer(Value):
    """Stands for a float that was passed to the function, or drawn."""

    __slots__ = ()


class IntTracer(FloatTracer):
    """Stands for an integer of NumPy's, or one that was drawn. `take` reads it anew at each call;
    as an index or with int() it is read once, which is a guard.
    """

    __slots__ = ()

    def __index__(self) -> int:
        return int(self.data)

    __int__ = __index__


class ValueTracer(Value):
    """Stands for a Value that was passed to the function. Which one it was, it cannot say."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Value) and other is not self and not is_plain_number(other):
            _cannot_say("compares")
        return Value.__eq__(self, other)

    def __hash__(self) -> int:
        _cannot_say("looks up")
        return Value.__hash__(self)

    @property
    def label(self) -> str:
        _cannot_say("asks for the label of")
        return ""

    @label.setter
    def label(self, name: str) -> None:
        _cannot_say("labels")


def _cannot_say(what: str) -> None:
    for observer in active():
        if isinstance(observer, Recorder):
            observer.recording.misled = True
            observer.trouble(
                said(
                    f"it {what} a Value that it is passed, and each call may pass another one",
                    "Pass a flag that says which one it is",
                    user_line(),
                )
            )


class FormerTracer(Value):
    """A tracer after the call: a node like any other, which the compiler's tables know by its
    identity.
    """

    __slots__ = ()


class Guard:
    """A decision that the recorded call took on numbers: x op y, or what x was.

    x, y     results of the tape, by their place; y is a number where it was one
    op       "<", "<=", ">", ">=", "!=", "==", or "is" for a number that was read
    outcome  what came of it
    draws    how many random numbers had been drawn
    place    the line that decided
    """

    def __init__(
        self, x: Value, op: str, y: Value | float, outcome: Any, draws: int, where: str
    ) -> None:
        self.x, self.op, self.y, self.outcome = x, op, y, outcome
        self.draws, self.place = draws, where


class Draw(NamedTuple):
    """A random number, the function that gave it, and the leaf that holds it."""

    number: float
    function: Callable[[], float]
    leaf: Value


class Callback(NamedTuple):
    """A function that `callback` was given, nodes or numbers for it, and which nodes were read
    after it and before the next one.
    """

    function: Callable[..., object]
    values: tuple[Value | float, ...]
    read: list[Value]


class Recording:
    """What a call left behind.

    result     what it returned
    names      of the arguments, by the slots of their numbers
    arguments  the slot of each tracer for a number
    indices    the place among the integers of each that stands for one
    lines      of nodes, where in the function they were made; empty unless it was watched for
    made       all nodes, in the order in which they were made
    detached_from  {leaf: the node that it was detached from, whose number it has}
    takes      the nodes that `take` made
    largest    the nodes that `largest` made
    calls      the callbacks
    draws      the random numbers
    guards     the decisions on numbers
    why_not    why it cannot be replayed for other calls, or ""
    misled     whether tracers gave another answer than what they stand for
    """

    def __init__(self) -> None:
        self.result: Any = None
        self.names: dict[range, str] = {}
        self.arguments: dict[Value, int] = {}
        self.indices: dict[Value, int] = {}
        self.lines: list[tuple[Value, str]] = []
        self.made: list[Value] = []
        self.detached_from: dict[Value, Value] = {}
        self.takes: set[Value] = set()
        self.largest: set[Value] = set()
        self.draws: list[Draw] = []
        self.calls: list[Callback] = []
        self.guards: list[Guard] = []
        self.why_not = ""
        self.misled = False

    def leave_behind(self, flat: FlatArguments) -> None:
        """Let gradients flow from tracers, which something may hold, to what they stood for."""
        values = dict(zip(flat.slots, flat.values, strict=True))
        for tracer, slot in self.arguments.items():
            if slot in values:
                tracer._set_slots((values[slot] ** 1)._get_slots())


class Recorder(Observer):
    """Notes what a recording needs of what the engine does.

    generators  things, of which those that draw random numbers matter
    drawn       the random numbers with which the call begins
    """

    traces = True

    def __init__(
        self, recording: Recording, generators: Iterable[object], drawn: Sequence[float]
    ) -> None:
        self.recording = recording
        self.drawn = drawn
        self.generators = Generators(generators)
        # By ids, as a table of nodes would ask for their hashes: a guard for each plain number.
        self._detached: dict[int, tuple[Value, Value]] = {}  # by ids of leaves
        self._takes: list[Value] = []
        self._largest: list[Value] = []
        self._plain: set[int] = set()  # ids of nodes, of the first ones of `recording.made`
        self._looked_at = 0  # how many of these

    def trouble(self, why: str) -> None:
        """Note, the first time, why the call cannot be replayed."""
        self.recording.why_not = self.recording.why_not or why

    def ended(self) -> None:
        """The call is over."""
        self.recording.detached_from = dict(self._detached.values())
        self.recording.takes, self.recording.largest = set(self._takes), set(self._largest)
        if self.generators.disturbed():
            self.trouble(
                said(
                    "it draws random numbers, which a recording would repeat for ever",
                    "Write autograd_lite.sample(random.random) for random.random()",
                )
            )

    def made(self, node: Value) -> None:
        self.recording.made.append(node)
        if self.recording.calls:
            self.recording.calls[-1].read.extend(node.parents)

    def detached(self, leaf: Value, source: Value) -> None:
        self.recording.made.append(leaf)
        self._detached[id(leaf)] = leaf, source
        if self.recording.calls:
            self.recording.calls[-1].read.append(source)

    def took(self, node: Value) -> None:
        self._takes.append(node)

    def largest(self, node: Value) -> None:
        self._largest.append(node)

    def sample(self, function: Callable[[], float]) -> Value:
        i = len(self.recording.draws)
        number = self.drawn[i] if i < len(self.drawn) else self.generators.sample(function)
        if not is_number(number):
            raise NotRecordedError(
                said(
                    f"what sample calls gives {type(number).__name__}, not a number",
                    "Draw each number by itself, or pass what is drawn as an argument",
                    user_line(),
                )
            )
        kind = IntTracer if isinstance(number, Integral) else FloatTracer
        leaf = kind(float(number))
        self.recording.draws.append(Draw(number, function, leaf))
        return leaf

    def call(self, function: Callable[..., object], values: tuple[Value | float, ...]) -> bool:
        if self.recording.calls:
            self.recording.calls[-1].read.extend([x for x in values if isinstance(x, Value)])
        self.recording.calls.append(Callback(function, values, []))
        return True

    def read(self, node: Value) -> None:
        self._guard(node, "is", number_of(node), True)

    def compared(self, x: Value, op: str, y: Value | float, outcome: bool) -> None:
        self._guard(x, op, y if isinstance(y, Value) else _double(op, y), outcome)

    def plain(self, node: Value) -> bool:
        """A node that no Value leads to is a plain number in the function itself."""
        made = self.recording.made
        if isinstance(node, FloatTracer):
            return True
        for i in range(self._looked_at, len(made)):  # parents come before their users
            _, source = self._detached.get(id(made[i]), (None, None))
            parents = made[i].parents if source is None else (source,)
            if all(map(self._known, parents)) if parents else made[i].is_constant:
                self._plain.add(id(made[i]))
        self._looked_at = len(made)
        return id(node) in self._plain

    def _known(self, node: Value) -> bool:
        return id(node) in self._plain or isinstance(node, FloatTracer)

    def _guard(self, x: Value, op: str, y: Value | float, outcome: bool) -> None:
        draws = len(self.recording.draws)
        if self.recording.calls:
            self.recording.calls[-1].read.extend(
                [node for node in (x, y) if isinstance(node, Value)]
            )
        self.recording.guards.append(Guard(x, op, y, outcome, draws, user_line()))

    def looked(self, node: Value, what: str) -> None:
        self.recording.misled |= isinstance(node, (FloatTracer, ValueTracer))
        self.trouble(
            said(
                f"it reads {what}, which a recording would repeat for ever",
                "Do it outside, or in autograd_lite.callback",
                user_line(),
            )
        )

    def wrote(self, node: Value) -> None:
        raise NotAllowedError(
            said(
                "a compiled function may not set .data or .grad, as the recorded program would "
                "not do it again",
                "Do it outside",
                user_line(),
            )
        )

    def sent(self, node: Value, root: Value) -> None:
        raise NotAllowedError(
            said(
                "a compiled function may not call backward(), as the recorded program would not "
                "do it again",
                "Return the loss, and call backward() on what the compiled function gives",
                user_line(),
            )
        )


def _double(op: str, y: Any) -> float:
    """The double with which x op y comes out as with the number y, whatever the double x."""
    try:
        number = float(y.real)  # of a complex number, too, to which x may be equal
    except OverflowError:
        number = inf if y > 0 else -inf
    if op == "==":
        return number if number == y else nan
    if number < y and op in ("<", ">="):
        return nextafter(number, inf)
    if number > y and op in ("<=", ">"):
        return nextafter(number, -inf)
    return number


def record(
    function: Callable[..., Any],
    flat: FlatArguments,
    generators: Iterable[object],
    drawn: Sequence[float] = (),
    watch: type[Recorder] | None = None,
) -> Recording:
    """Call function on tracers for the numbers of the arguments, which flat took apart.

    generators  things that the function reaches, of which those that draw random numbers matter
    drawn       the random numbers with which the call begins

    Raises TracerError if it has changed its arguments, and what the function raises.
    """
    tracers = Tracers(flat)
    args, kwargs = tracers.call(positional(function))
    recording = Recording()
    recorder = (watch or Recorder)(recording, generators, drawn)
    with observe(recorder):
        recording.result = function(*args, **kwargs)
    recorder.ended()
    tracers.check()
    tracers.retire(recording)
    return recording


def positional(function: Callable[..., Any]) -> Iterator[str]:
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


class Tracers:
    """Puts what `flatten` took apart together, with tracers in the numbers' places.

    arguments  the tracers, in the order of the floats
    indices    those of integers, in the order of the integers
    names      of the arguments, by the slots of their numbers
    """

    def __init__(self, flat: FlatArguments) -> None:
        self._tokens, self._statics = iter(flat.shape), iter(flat.statics)
        self._numbers = flat.floats
        self._containers: list[tuple[Any, list[Any]]] = []
        self.arguments: list[Value] = []
        self.indices: list[Value] = []
        self.names: dict[range, str] = {}

    def call(self, names: Iterator[str]) -> tuple[list[Any], dict[str, Any]]:
        """The arguments of a call; the names are those of the ones by position."""
        _, n = next(self._tokens), next(self._tokens)
        args = [self._named(next(names)) for _ in range(n)]
        _, n = next(self._tokens), next(self._tokens)
        keys = [self.next() for _ in range(n)]
        return args, {key: self._named(key) for key in keys}

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
            kind, thing = next(self._statics)
            if kind is np.ndarray:  # of bools
                shape, bits = thing
                return self._noted(np.frombuffer(bits, bool).reshape(shape).copy())
            return thing.thing if isinstance(thing, Identity) else thing
        if token in (FLOATS, INTEGERS, OBJECTS):
            return self._noted(self._array(token))
        n = next(self._tokens)
        cls = self.next() if token == NAMED else None
        keys = [self.next() for _ in range(n)] if token == DICT else []
        elements = [self.next() for _ in range(n)]
        if token == DICT:
            return self._noted(dict(zip(keys, elements, strict=True)))
        if token == LIST:
            return self._noted(elements)
        thing = tuple(elements) if cls is None else cls._make(elements)
        return thing if isinstance(thing, tuple) else self._noted(thing)  # a dataclass of vmap's

    def check(self) -> None:
        """Raise TracerError if a container is not what it was."""
        for container, held in self._containers:
            found = _elements(container)
            if len(found) != len(held) or any(x is not y for x, y in zip(found, held, strict=True)):
                raise TracerError(
                    said(
                        f"it changes an argument, a {type(container).__name__}, which a program "
                        "would not",
                        "Return what is new instead",
                    )
                )

    def retire(self, recording: Recording) -> None:
        """The call is over."""
        for tracer in [*self.arguments, *[draw.leaf for draw in recording.draws]]:
            tracer.__class__ = FormerTracer
        recording.arguments = {x: i for i, x in enumerate(self.arguments)}
        recording.indices = {x: i for i, x in enumerate(self.indices)}
        recording.names = self.names

    def _noted(self, container: Any) -> Any:
        self._containers.append((container, _elements(container)))
        return container

    def _number(self, kind: type[Value]) -> Value:
        tracer = kind(self._numbers[len(self.arguments)])
        self.arguments.append(tracer)
        if kind is IntTracer:
            self.indices.append(tracer)
        return tracer

    def _array(self, token: int) -> Any:
        shape = [next(self._tokens) for _ in range(next(self._tokens))]
        array = np.empty(prod(shape), object)
        for i in range(len(array)):
            if token == OBJECTS:
                array[i] = self.next()
            else:
                array[i] = self._number(FloatTracer if token == FLOATS else IntTracer)
        return array.reshape(shape)


def _elements(container: Any) -> list[Any]:
    if isinstance(container, dict):
        return [*container, *container.values()]
    if is_dataclass(container):
        return [getattr(container, field.name) for field in fields(container)]
    return list(container) if isinstance(container, list) else list(container.ravel())


_NUMBERS = {VALUE: ValueTracer, FLOAT: FloatTracer, INTEGER: IntTracer}
