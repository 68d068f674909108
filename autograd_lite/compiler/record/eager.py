"""A call that runs eagerly, on tracers for plain numbers, as a recording would have been given.

So a function that was recorded, and is so no longer, goes on as before: what it is passed as a
float is a Value, and so is what it returns. The Values among the arguments are passed themselves.
"""

from __future__ import annotations

from operator import is_

from autograd_lite.compiler.record.tracers import (
    FloatTracer,
    FormerTracer,
    Tracers,
    ValueTracer,
    tracer_of_drawn,
)
from autograd_lite.observers import Observer, observe
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
    tracers, watch = _Eager(flat), _Watch()
    args, kwargs = tracers.call(function)
    with observe(watch):
        result = function(*args, **kwargs)
    tracers.check()
    result = _of_values(result, {})
    for leaf in [*tracers.arguments, *watch.drawn]:
        if isinstance(leaf, FloatTracer):
            leaf.__class__ = FormerTracer  # type: ignore[assignment]
    return result


def _of_values(thing: Any, known: dict[int, Value]) -> Any:
    """A result with a Value for each tracer in it, as what a program gives.

    known  {id of a tracer: its Value} so far
    """
    if isinstance(thing, FloatTracer):
        return known.setdefault(id(thing), Value(number_of(thing)))
    held = children(thing) if rebuildable(thing) else []
    found = [_of_values(x, known) for x in held]
    return thing if all(map(is_, held, found)) else rebuild(thing, found)


class _Eager(Tracers):
    """Passes Values themselves."""

    def __init__(self, flat: FlatArguments) -> None:
        super().__init__(flat)
        self._values = iter(flat.values)

    def _tracer(self, cls: type[Value]) -> Value:
        if cls is not ValueTracer:
            return super()._tracer(cls)
        self.arguments.append(next(self._values))
        return self.arguments[-1]


class _Watch(Observer):
    """Makes tracers of the numbers that are drawn, and says which nodes are plain numbers.

    drawn  the numbers drawn
    """

    told = False

    def __init__(self) -> None:
        self.drawn: list[Value] = []

    def sample(self, function: Callable[[], float]) -> Any:
        number = function()
        if not is_number(number):
            return number
        self.drawn.append(tracer_of_drawn(number))
        return self.drawn[-1]

    def plain(self, node: Value) -> bool:
        """Whether a node was computed of plain numbers alone, or stands for one."""
        todo, seen = [node], set[int]()
        while todo:
            node = todo.pop()
            if id(node) not in seen:
                seen.add(id(node))
                if not (node.parents or node.is_constant or isinstance(node, FloatTracer)):
                    return False
                todo += node.parents
        return True
