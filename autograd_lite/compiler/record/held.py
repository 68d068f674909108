"""What things hold, and whether it is still the same: the objects, or numbers equal to them.

Plain Python, compiled with `held.pxd` beside it as `autograd_lite/value.py` is.
"""

from __future__ import annotations

from itertools import chain
from types import CellType, FunctionType

import numpy as np

import autograd_lite.memory as memory

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

__all__ = [
    "MISSING",
    "Look",
    "Part",
    "contents",
    "first_changed",
    "owner",
    "pairs",
    "same",
]

MISSING = object()
"""What a name stands for that a namespace does not have."""

_EXACT = (int, bool, str, bytes)  # equal if `==` says so; other numbers if they are written alike
_WRITTEN = (float, complex)


class Part:
    """Names in a namespace, or slots of an object. Its contents are its type and what is there."""

    def __init__(self, of: Any, keys: list[Any]) -> None:
        self.of, self.keys = of, keys


class Look:
    """What else an object holds, given by a function of it."""

    def __init__(self, of: Any, look: Callable[[Any], tuple[Any, ...]]) -> None:
        self.of, self.look = of, look


def owner(thing: Any) -> Any:
    """The object whose contents are those of a thing."""
    return thing.of if type(thing) in (Part, Look) else thing


def contents(thing: Any) -> tuple[Any, ...]:
    """What a thing holds, one after the other.

    Of a list its elements; of a dict its keys and values in turn; of a cell its variable, if that
    has a value; of a class its attributes, as of a dict; of a function its code, its defaults and
    then its attributes; of any other object its class and then its attributes.
    """
    cls = type(thing)
    if cls is list:
        return tuple(thing)
    if cls is dict:
        return pairs(thing)
    if cls is Part:
        if type(thing.of) is dict:
            return (dict, *[memory.item(thing.of, x, MISSING) for x in thing.keys])
        return (type(thing.of), *[memory.in_slot(thing.of, x, MISSING) for x in thing.keys])
    if cls is CellType:
        try:
            return (thing.cell_contents,)
        except ValueError:  # no value yet
            return ()
    if isinstance(thing, type):
        return pairs(vars(thing))
    if cls is Look:
        try:
            return (MISSING, *thing.look(thing.of))
        except Exception:  # such as that of a memoryview that was released
            return (MISSING,)
    if cls is FunctionType:
        defined = thing.__code__, thing.__defaults__, thing.__kwdefaults__
        return defined + pairs(memory.attributes(thing))
    return (cls, *pairs(memory.attributes(thing)))


def pairs(items: Mapping[Any, Any]) -> tuple[Any, ...]:
    """The keys and values of a mapping in turn."""
    return tuple(chain.from_iterable(items.items()))


def first_changed(things: list[Any], held: list[tuple[Any, ...]], start: int) -> int:
    """The index, from `start` on, of the first thing that may hold other objects, or -1."""
    for i in range(start, len(things)):
        if not holds(things[i], held[i]):
            return i
    return -1


def holds(thing: Any, held: tuple[Any, ...]) -> bool:
    """True if the contents of a thing are these very objects; False for any `Look`."""
    cls = type(thing)
    if cls is list:
        return memory.lists(thing, held)
    if cls is dict:
        return memory.maps(thing, held, 0)
    if cls is Part:
        return is_there(thing, held)
    if cls is CellType:
        return memory.encloses(thing, held)
    if isinstance(thing, type):
        return memory.maps(memory.class_attributes(thing), held, 0)
    if cls is FunctionType:
        return memory.is_defined_by(thing, held) and memory.maps(memory.attributes(thing), held, 3)
    return cls is held[0] and memory.maps(memory.attributes(thing), held, 1)


def is_there(part: Part, held: tuple[Any, ...]) -> bool:
    """True if the namespace or the object is of this type, and has these very objects there."""
    i, of, keys = 0, part.of, part.keys
    if type(of) is not held[0]:
        return False
    if type(of) is dict:
        while i < len(keys) and memory.item(of, keys[i], MISSING) is held[i + 1]:
            i += 1
    else:
        while i < len(keys) and memory.in_slot(of, keys[i], MISSING) is held[i + 1]:
            i += 1
    return i == len(keys)


def same(held: Any, found: Any) -> bool:
    """True if what was found does as well as what was held.

    That is, if it is the same object, the same number or text, or a list, tuple or dict of such.
    What is in a list that was held is compared by itself, too.
    """
    try:
        return is_same(held, found)
    except RecursionError:  # two lists, each of which is in itself
        return False


def is_same(held: Any, found: Any) -> bool:
    if held is found:
        return True
    cls = type(held)
    if cls is not type(found):
        return False
    if cls in _EXACT:
        return bool(held == found)
    if cls in _WRITTEN or issubclass(cls, np.generic):  # 0.0 is not -0.0, and nan is nan
        return repr(held) == repr(found)
    if cls is dict:
        held, found = pairs(held), pairs(found)
    elif cls is not list and not issubclass(cls, tuple):
        return False
    return len(held) == len(found) and all(map(is_same, held, found))
