"""Collects reference cycles through Values, which Python's own collector does not see.

A plain Value of the compiled build carries no collector's header, as its parents are older than it
is. Two things can close a cycle all the same: an attribute of a subclass's instance, and a
`_backward` written by hand that reaches its node through a list, a partial or a bound method. Once
a program has either, each full collection of Python's is followed by one here: what the suspects
reach and nothing outside holds (trial deletion; Jones and Lins, Garbage Collection, 1996) is cut.
"""

from __future__ import annotations

import gc
import sys
from types import FunctionType, ModuleType

from autograd_lite.value import Other, Unheld, Value, holds_attributes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

__all__ = ["collect", "watch"]

_HAS_REFERENTS = 1 << 14  # Py_TPFLAGS_HAVE_GC


def watch() -> None:
    """Collect cycles through Values from now on, after each full collection."""
    gc.callbacks.append(_after_collection)


def _after_collection(phase: str, info: dict[str, int]) -> None:
    if phase == "stop" and info["generation"] == 2:
        collect()


def collect() -> int:
    """Cut all nodes that are held by nothing but such cycles; how many there were."""
    things = _reachable(_suspects())
    probe = object()
    things[id(probe)] = probe
    before = _counts(things)
    edges = {name: [id(r) for r in _referents(thing)] for name, thing in things.items()}
    held = _counts(things)
    if held != before:
        return 0  # another thread is at work on them; there will be another collection
    for targets in edges.values():
        for target in targets:
            if target in held:
                held[target] -= 1
    nothing = held[id(probe)] - 1  # references by this function; the probe is held once more
    alive = [name for name in things if held[name] > nothing]
    for name in alive:  # it grows while it is walked
        for target in edges[name]:
            if things.pop(target, None) is not None:
                alive.append(target)
        things.pop(name, None)
    garbage = [thing for thing in things.values() if isinstance(thing, Value)]
    for node in garbage:
        _cut(node)
    return len(garbage)


def _suspects() -> list[Any]:
    """The instances with attributes, and the `_backward`s, that may lead to younger nodes."""
    kinds = {id(cls) for cls in (*_subclasses(Value), Other, Unheld)}
    return [
        thing
        for thing in gc.get_objects()
        if id(type(thing)) in kinds and (isinstance(thing, Value) or thing.may_lead_anywhere)
    ]


def _subclasses(cls: type[Value]) -> Iterator[type[Value]]:
    """The subclasses whose instances have attributes, at any depth."""
    for subclass in cls.__subclasses__():
        if holds_attributes(subclass):
            yield subclass
        yield from _subclasses(subclass)


def _reachable(suspects: Iterable[Any]) -> dict[int, Any]:
    """The suspects and all that they lead to, by id."""
    things = {id(thing): thing for thing in suspects}
    stack = list(things.values())
    while stack:
        for thing in _referents(stack.pop()):
            if id(thing) not in things:
                things[id(thing)] = thing
                stack.append(thing)
    return things


def _referents(thing: Any) -> list[Any]:
    """What it refers to, once for each reference, but for what leads out of any graph."""
    if isinstance(thing, FunctionType):  # not its globals
        found = [thing.__closure__, thing.__defaults__, thing.__kwdefaults__]
    else:
        found = gc.get_referents(thing)
    if isinstance(thing, Value):
        (_, _, x, y, *_), _, more = thing._get_slots()
        found += (x, y)
        if isinstance(more, tuple):
            xs, ys, _, _, _, backward = more
            found += (xs, ys, backward)
    return [
        r
        for r in found
        if isinstance(r, Value)
        or (type(r).__flags__ & _HAS_REFERENTS and not isinstance(r, (type, ModuleType)))
    ]


def _counts(things: dict[int, Any]) -> dict[int, int]:
    return {name: sys.getrefcount(thing) for name, thing in things.items()}


def _cut(node: Value) -> None:
    """Make it a leaf: it lets go of its parents and its `_backward`, not of its attributes."""
    node._set_slots(((0, 0, None, None, node.data, 0.0, 0.0), node.grad, None))
