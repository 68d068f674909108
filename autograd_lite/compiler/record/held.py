"""What things hold, and whether it is still the same: the objects, or numbers equal to them.

Plain Python, compiled with `held.pxd` beside it as `autograd_lite/value.py` is.
"""

from __future__ import annotations

from types import CellType, FunctionType

import numpy as np

import autograd_lite.memory as memory

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

__all__ = ["MISSING", "contents", "first_changed", "first_exchanged", "same"]

MISSING = object()
"""What a name stands for that a namespace does not have."""

_EXACT = (int, bool, str, bytes)  # equal if `==` says so; other numbers if they are written alike
_WRITTEN = (float, complex)


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
    if cls is CellType:
        try:
            return (thing.cell_contents,)
        except ValueError:  # no value yet
            return ()
    if isinstance(thing, type):
        return pairs(vars(thing))
    if cls is FunctionType:
        defined = thing.__code__, thing.__defaults__, thing.__kwdefaults__
        return defined + pairs(memory.attributes(thing))
    return (cls, *pairs(memory.attributes(thing)))


def pairs(items: Mapping[Any, Any]) -> tuple[Any, ...]:
    """The keys and values of a mapping in turn."""
    return tuple([x for pair in items.items() for x in pair])


def first_changed(things: list[Any], held: list[tuple[Any, ...]], start: int) -> int:
    """The index, from `start` on, of the first thing that holds other objects; -1 if none does."""
    for i in range(start, len(things)):
        if not holds(things[i], held[i]):
            return i
    return -1


def holds(thing: Any, held: tuple[Any, ...]) -> bool:
    """True if the contents of a thing are these very objects."""
    cls = type(thing)
    if cls is list:
        return memory.lists(thing, held)
    if cls is dict:
        return memory.maps(thing, held, 0)
    if cls is CellType:
        return memory.encloses(thing, held)
    if isinstance(thing, type):
        return memory.maps(memory.class_attributes(thing), held, 0)
    if cls is FunctionType:
        return memory.is_defined_by(thing, held) and memory.maps(memory.attributes(thing), held, 3)
    return cls is held[0] and memory.maps(memory.attributes(thing), held, 1)


def first_exchanged(
    spaces: list[dict[str, Any]], names: list[str], held: list[Any], start: int
) -> int:
    """The index, from `start` on, of the first name that stands for another object, or -1."""
    for i in range(start, len(names)):
        if not memory.names(spaces[i], names[i], held[i], MISSING):
            return i
    return -1


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
