"""Tracers: Values that stand for the numbers of a call while it is recorded.

`flatten` takes arguments apart; `Tracers` puts others like them together, with a tracer in place of
each number. Of what a tracer cannot know, such as which Value it stands for, it tells the observer.
"""

from __future__ import annotations

import inspect
from itertools import repeat
from math import prod
from numbers import Integral

import numpy as np

from autograd_lite.anomaly import user_line
from autograd_lite.compiler.messages import said
from autograd_lite.compiler.record import tokens
from autograd_lite.compiler.record.flatten import Identity
from autograd_lite.observers import Observer, active
from autograd_lite.tree import children
from autograd_lite.value import Value, is_plain_number

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from autograd_lite.compiler.record.flatten import FlatArguments

__all__ = [
    "FloatTracer",
    "FormerTracer",
    "IntTracer",
    "NotRecordedError",
    "TracerError",
    "Tracers",
    "TracingObserver",
    "ValueTracer",
    "tracer_of_drawn",
]


class NotRecordedError(Exception):
    """The function cannot be recorded; the message says why, and what to write instead."""


class TracerError(NotRecordedError):
    """The function must be given its arguments themselves: it changes them, or asks for them."""


class TracingObserver(Observer):
    """An observer of a call on tracers."""

    traces = True

    def misled(self, why_not: str) -> None:
        """A tracer gave another answer than the Value that it stands for."""
        raise NotImplementedError


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


def tracer_of_drawn(number: Any) -> FloatTracer:
    """What stands for a number that was drawn."""
    return (IntTracer if isinstance(number, Integral) else FloatTracer)(float(number))


class ValueTracer(Value):
    """Stands for a Value that was passed to the function. It cannot say which one that is."""

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


def _cannot_say(does: str) -> None:
    for observer in active():
        if isinstance(observer, TracingObserver):
            observer.misled(
                said(
                    f"it {does} a Value that it is passed, and each call may pass another one",
                    "Pass a flag that says which one it is",
                    user_line(),
                )
            )


class FormerTracer(Value):
    """A tracer after the call: a node like any other, which the compiler's tables know by its
    identity.
    """

    __slots__ = ()


class Tracers:
    """The arguments of a call put together again, with tracers in the places of their numbers.

    arguments     the tracers, in the order of the floats
    indices       the tracers of integers, in the order of the integers
    names         {slots of numbers: the parameter of the function that holds them}
    static_names  [statics] the parameter that holds each, or ""
    """

    def __init__(self, flat: FlatArguments) -> None:
        self._tokens, self._statics, self._n_statics = iter(flat.shape), iter(flat.statics), 0
        self._numbers = flat.floats
        self._containers: list[tuple[Any, list[Any]]] = []
        self.arguments: list[Value] = []
        self.indices: list[Value] = []
        self.names: dict[range, str] = {}
        self.static_names: list[str] = []

    def call(self, function: Callable[..., Any]) -> tuple[list[Any], dict[str, Any]]:
        """The arguments with which to call the function, by position and by keyword."""
        names = _positional(function)
        _, n = next(self._tokens), next(self._tokens)
        args = [self._named(next(names)) for _ in range(n)]
        _, n = next(self._tokens), next(self._tokens)
        keys = [self.next() for _ in range(n)]
        self.static_names += [""] * n
        return args, {key: self._named(key) for key in keys}

    def _named(self, name: str) -> Any:
        start = len(self.arguments)
        thing = self.next()
        self.names[range(start, len(self.arguments))] = name
        self.static_names += [name] * (self._n_statics - len(self.static_names))
        return thing

    def next(self) -> Any:
        """The thing that the next tokens stand for."""
        token = next(self._tokens)
        if token in _TRACERS:
            return self._tracer(_TRACERS[token])
        if token == tokens.STATIC:
            self._n_statics += 1
            cls, thing = next(self._statics)
            if cls is np.ndarray:  # of bools
                shape, bits = thing
                return self._noted(np.frombuffer(bits, bool).reshape(shape).copy())
            return thing.thing if isinstance(thing, Identity) else thing
        if token in (tokens.FLOATS, tokens.INTEGERS, tokens.OBJECTS):
            return self._noted(self._array(token))
        n = next(self._tokens)
        cls = self.next() if token == tokens.NAMED else None
        keys = [self.next() for _ in range(n)] if token == tokens.DICT else []
        elements = [self.next() for _ in range(n)]
        if token == tokens.DICT:
            return self._noted(dict(zip(keys, elements, strict=True)))
        if token == tokens.LIST:
            return self._noted(elements)
        thing = tuple(elements) if cls is None else cls._make(elements)
        return thing if isinstance(thing, tuple) else self._noted(thing)  # a dataclass of vmap's

    def check(self) -> None:
        """Raise TracerError if the call has changed a container."""
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

    def _noted(self, container: Any) -> Any:
        self._containers.append((container, _elements(container)))
        return container

    def _tracer(self, cls: type[Value]) -> Value:
        tracer = cls(self._numbers[len(self.arguments)])
        self.arguments.append(tracer)
        if cls is IntTracer:
            self.indices.append(tracer)
        return tracer

    def _array(self, token: int) -> Any:
        shape = [next(self._tokens) for _ in range(next(self._tokens))]
        array = np.empty(prod(shape), object)
        for i in range(len(array)):
            if token == tokens.OBJECTS:
                array[i] = self.next()
            else:
                array[i] = self._tracer(FloatTracer if token == tokens.FLOATS else IntTracer)
        return array.reshape(shape)


_TRACERS = {
    tokens.VALUE: ValueTracer,
    tokens.FLOAT: FloatTracer,
    tokens.INTEGER: IntTracer,
    tokens.INT: IntTracer,
}


def _positional(function: Callable[..., Any]) -> Iterator[str]:
    """The names of the parameters that are passed by position, and "x" where they are unknown."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):  # it does not tell
        parameters = {}.values()
    for parameter in parameters:
        if parameter.kind is parameter.VAR_POSITIONAL:
            yield from repeat(parameter.name)
        yield parameter.name
    yield from repeat("x")


def _elements(container: Any) -> list[Any]:
    """All that may be changed in a container: numbers of an array and keys of a dict, too."""
    if isinstance(container, np.ndarray):
        return list(container.ravel())
    return [*children(container), *(container if isinstance(container, dict) else ())]
