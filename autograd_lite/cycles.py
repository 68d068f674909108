"""Collects reference cycles through Values, which Python's own collector does not see.

A plain Value of the compiled build carries no collector's header, as its parents are older than it
is. Two things can close a cycle all the same: an attribute of a subclass's instance, and a
`_backward` written by hand that reaches its node through a list, a partial or a bound method. Once
a program has either, each full collection of Python's is followed by one here: what the suspects
reach and nothing outside holds (trial deletion; Jones and Lins, Garbage Collection, 1996) is cut.
That takes some microseconds a node: such cycles should be few, or broken by hand.
"""

from __future__ import annotations

import gc
import sys
from types import FunctionType, ModuleType

from autograd_lite.value import Other, Unheld, Value, holds_attributes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
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
    garbage = _unheld(_suspects())
    found = set(map(id, garbage))
    # Other threads may have been at work meanwhile. What is garbage stays so, so look again.
    garbage = _unheld(garbage)
    if found != set(map(id, garbage)):
        return 0
    nodes = [thing for thing in garbage if isinstance(thing, Value)]
    for node in nodes:
        _cut(node)
    return len(nodes)


def _unheld(suspects: list[Any]) -> list[Any]:
    """What the suspects lead to that is held by nothing else; the list is emptied."""
    things = {id(thing): thing for thing in suspects}
    edges: dict[int, list[int]] = {}
    while suspects:
        thing = suspects.pop()
        referents = _referents(thing)
        edges[id(thing)] = [id(referent) for referent in referents]
        for referent in referents:
            if id(referent) not in things:
                things[id(referent)] = referent
                suspects.append(referent)
    thing = referent = None  # as what this function refers to is counted next
    referents = []
    probe = object()
    things[id(probe)] = probe
    edges[id(probe)] = []
    held = {name: sys.getrefcount(thing) for name, thing in things.items()}
    nothing = held[id(probe)] - 1  # what this function holds; the probe it holds once more
    for targets in edges.values():
        for target in targets:
            held[target] -= 1
    alive = [name for name in things if held[name] > nothing]
    for name in alive:  # it grows while it is walked
        things.pop(name, None)
        alive += [target for target in edges[name] if target in things]
    return list(things.values())


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


def _cut(node: Value) -> None:
    """Make it a leaf: it lets go of its parents and its `_backward`, not of its attributes."""
    node._set_slots(((0, 0, None, None, node.data, 0.0, 0.0), node.grad, None))
