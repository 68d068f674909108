"""A call that runs eagerly, on the tracers that a recording would have been given.

So a function that was recorded, and is so no longer, goes on as before: what it is passed as a
float is a Value, and so is what it returns. The Values among the arguments are passed themselves.
"""

from __future__ import annotations

from numbers import Integral
from operator import is_

from autograd_lite import observers
from autograd_lite.compiler.record.tracers import (
    FloatTracer,
    FormerTracer,
    IntTracer,
    Tracers,
    ValueTracer,
)
from autograd_lite.tree import children, rebuild, rebuildable
from autograd_lite.value import Value, is_number, number_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from autograd_lite.compiler.record.flatten import FlatArguments

__all__ = ["call_eagerly"]


def call_eagerly(function: Callable[..., Any], flat: FlatArguments) -> Any:
    """What the function gives for the arguments that flat took apart.

    Raises TracerError if the function has changed its arguments, and what the function raises.
    """
    tracers = _Eager(flat)
    args, kwargs = tracers.call(function)
    watch = _Watch()
    with observers.observe(watch):
        result = function(*args, **kwargs)
    tracers.check()
    result = _of_values(result, {})
    for leaf in [*tracers.arguments, *watch.drawn]:
        if isinstance(leaf, _Number):
            leaf.__class__ = FormerTracer  # type: ignore[assignment]
    return result


def _of_values(thing: Any, known: dict[int, Value]) -> Any:
    """A result with a Value for each tracer in it, as what a program gives.

    known  {id of a tracer: its Value} so far
    """
    if isinstance(thing, _Number):
        return known.setdefault(id(thing), Value(number_of(thing)))
    held = children(thing) if rebuildable(thing) else []
    found = [_of_values(x, known) for x in held]
    return thing if all(map(is_, held, found)) else rebuild(thing, found)


class _Number(Value):
    """Stands for a plain number. It is equal to others by its number, and has its hash."""

    __slots__ = ()

    def __eq__(self, other: object) -> Any:
        if isinstance(other, Value):
            return number_of(self) == number_of(other) if _is_plain(other) else NotImplemented
        return number_of(self) == other if is_number(other) else NotImplemented

    def __ne__(self, other: object) -> Any:
        equal = self.__eq__(other)
        return equal if equal is NotImplemented else not equal

    def __hash__(self) -> int:
        number = number_of(self)
        return hash(number) if number == number else Value.__hash__(self)


class _Float(_Number, FloatTracer):
    __slots__ = ()


class _Integer(_Number, IntTracer):
    __slots__ = ()


def _is_plain(node: Value) -> bool:
    """Whether a node was computed of plain numbers alone, or stands for one."""
    todo, seen = [node], set[int]()
    while todo:
        node = todo.pop()
        if id(node) not in seen:
            seen.add(id(node))
            if not (node.parents or node.is_constant or isinstance(node, _Number)):
                return False
            todo += node.parents
    return True


class _Eager(Tracers):
    """Passes Values themselves."""

    def __init__(self, flat: FlatArguments) -> None:
        super().__init__(flat)
        self._values = iter(flat.values)

    def _tracer(self, cls: type[Value]) -> Value:
        if cls is not ValueTracer:
            return super()._tracer(_Integer if cls is IntTracer else _Float)
        self.arguments.append(next(self._values))
        return self.arguments[-1]


class _Watch(observers.Observer):
    """Makes numbers of what is drawn, and says of what is computed whether it is one.

    drawn  what was drawn
    """

    told = False

    def __init__(self) -> None:
        self.drawn: list[Value] = []

    def sample(self, function: Callable[[], float]) -> Any:
        number = function()
        if not is_number(number):
            return number
        self.drawn.append((_Integer if isinstance(number, Integral) else _Float)(float(number)))
        return self.drawn[-1]

    def plain(self, node: Value) -> bool:
        return _is_plain(node)
