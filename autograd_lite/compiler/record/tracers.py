"""Tracers: Values that stand for the numbers and the Values of a call while it is recorded.

`flatten` takes arguments apart; `Tracers` puts others like them together, with a tracer in place of
each number. `numbers.py` has the tracers of plain numbers. Of what a tracer of a Value cannot know,
such as which Value it stands for, it tells the observer.
"""

from __future__ import annotations

import inspect
from functools import lru_cache
from itertools import repeat
from math import prod

import numpy as np

import autograd_lite.compiler.record.array_functions  # noqa: F401  # which arrays have
import autograd_lite.kinds as kinds
from autograd_lite.anomaly import user_line
from autograd_lite.compiler.messages import said
from autograd_lite.compiler.record import tokens
from autograd_lite.compiler.record.arrays import DTYPES, TracerArray
from autograd_lite.compiler.record.flatten import Identity
from autograd_lite.compiler.record.numbers import ENDED, TracingObserver, is_int
from autograd_lite.fields import number_leaf, number_leaves
from autograd_lite.observers import active
from autograd_lite.plain import change_classes, set_class
from autograd_lite.tree import children, from_fields
from autograd_lite.value import Node, Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from typing import Any

    from autograd_lite.compiler.record.flatten import FlatArguments

__all__ = [
    "NotRecordedError",
    "TracerError",
    "Tracers",
    "ValueTracer",
    "end",
    "known_by_identity",
]


class NotRecordedError(Exception):
    """The function cannot be recorded; the message says why, and what to write instead."""


class TracerError(NotRecordedError):
    """The function must be given its arguments themselves: it changes them, or asks for them."""


class ValueTracer(Value):
    """Stands for a Value that was passed to the function. It cannot say which one that is."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Value) and other is not self:
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
    """A tracer of a Value after the call: a node like any other."""

    __slots__ = ()


_ENDED: dict[type, type] = ENDED | {ValueTracer: FormerTracer}


@lru_cache(128)
def _tracer_of(cls: type) -> type[ValueTracer]:
    """The class of the tracers of Values of this class."""
    if issubclass(ValueTracer, cls):
        return ValueTracer
    tracer = type(cls.__name__, (ValueTracer, cls), {"__slots__": ()})
    _ENDED[tracer] = FormerTracer
    return tracer


def end(nodes: list[Node]) -> list[Node]:
    """The call is over: the compiler's tables may have the tracers among the nodes as keys.

    Gives those that stand for plain numbers.
    """
    return change_classes(nodes, _ENDED)


class known_by_identity:
    """A block in which tables have tracers as keys by their identity, rather than their numbers.

    nodes  nodes, among them tracers of a call that is still recorded
    """

    def __init__(self, nodes: Iterable[Node]) -> None:
        self._tracers = [(x, type(x)) for x in nodes if type(x) in _ENDED]

    def __enter__(self) -> None:
        end([tracer for tracer, _ in self._tracers])

    def __exit__(self, *exception: object) -> None:
        for tracer, cls in self._tracers:
            set_class(tracer, cls)


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
        self._value_tracer: type[ValueTracer] = ValueTracer
        self._containers: list[tuple[Any, list[Any]]] = []
        self.arguments: list[Node] = []
        self.indices: list[Node] = []
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
        if token == tokens.CLASS:
            self._n_statics += 1
            self._value_tracer = _tracer_of(next(self._statics)[1])
            token = next(self._tokens)
        if token > tokens.STATIC:
            kind = ~token
            return self._tracer(kind) if kind < tokens.ARRAY else self._array(kind - tokens.ARRAY)
        if token == tokens.STATIC:
            self._n_statics += 1
            cls, thing = next(self._statics)
            if cls is np.ndarray:
                shape, order, dtype, numbers = thing
                array = np.frombuffer(numbers, dtype).reshape(shape)
                return self._noted(_in_memory(array, order or range(len(shape))))
            return thing.thing if isinstance(thing, Identity) else thing
        n = next(self._tokens)
        cls = self.next() if token == tokens.NAMED else None
        keys = [self.next() for _ in range(n)] if token == tokens.DICT else []
        elements = [self.next() for _ in range(n)]
        if token == tokens.DICT:
            return self._noted(dict(zip(keys, elements, strict=True)))
        if token == tokens.LIST:
            return self._noted(elements)
        if cls is None:
            return tuple(elements)
        if issubclass(cls, tuple):
            return cls._make(elements)
        return self._noted(from_fields(cls, elements))

    def check(self) -> None:
        """Raise TracerError if the call has changed a container."""
        for container, held in self._containers:
            found = _elements(container)
            if len(found) != len(held) or not all(map(_same, found, held)):
                raise TracerError(
                    said(
                        f"it changes an argument, a {container.__class__.__name__}, which a "
                        "program would not",
                        "Return what is new instead",
                    )
                )

    def _noted(self, container: Any) -> Any:
        self._containers.append((container, _elements(container)))
        return container

    def _tracer(self, kind: int) -> Node:
        number = self._numbers[len(self.arguments)]
        tracer: Node = number_leaf(kind, number) if kind else ValueTracer(number)
        if not kind and self._value_tracer is not ValueTracer:
            set_class(tracer, self._value_tracer)
        self.arguments.append(tracer)
        if is_int(tracer):
            self.indices.append(tracer)
        return tracer

    def _tracers(self, kind: int, count: int) -> list[Node]:
        """Tracers of the next numbers, which are plain numbers of one kind."""
        start = len(self.arguments)
        tracers: list[Node] = number_leaves(kind, self._numbers[start : start + count])
        self.arguments += tracers
        if kind & kinds.FLOAT == kinds.INT:
            self.indices += tracers
        return tracers

    def _array(self, kind: int) -> Any:
        n = next(self._tokens)
        shape = [next(self._tokens) for _ in range(abs(n))]
        order = [next(self._tokens) for _ in range(-n)] or range(n)
        if kind and not shape:
            return self._tracer(kind)
        count = prod(shape)
        held = self._tracers(kind, count) if kind else (self.next() for _ in range(count))
        objects = np.fromiter(held, object, count)
        return self._noted(TracerArray(_in_memory(objects.reshape(shape), order), DTYPES[kind]))


def _in_memory(array: Any, order: Sequence[int]) -> Any:
    """A copy of an array whose axes lie in memory in this order."""
    return array.transpose(order).copy().transpose(np.argsort(order))


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
    if type(container) is TracerArray:  # another tracer may well have the same number
        return list(container.objects.ravel())
    if isinstance(container, np.ndarray):
        return list(container.ravel()) if container.dtype.hasobject else [container.tobytes()]
    return [*children(container), *(container if isinstance(container, dict) else ())]


def _same(x: Any, y: Any) -> bool:
    """Whether x is y, or both are the bytes of one array."""
    return x is y or (type(x) is bytes and type(y) is bytes and x == y)
