"""How a compiled function arrives out of a pickle: found by its name, or made of its function."""

from __future__ import annotations

import sys
from weakref import WeakValueDictionary

from autograd_lite.callables import CompiledFunction

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FunctionType
    from typing import Any

__all__ = ["arrived", "found_at"]


def found_at(module: Any, name: Any) -> Any:
    """What stands under this name in a module that was imported, or None."""
    thing: Any = sys.modules.get(module)
    for part in str(name).split("."):
        thing = getattr(thing, part, None)
    return thing


_arrivals: WeakValueDictionary[int, Any] = WeakValueDictionary()  # by their functions


def arrived(cls: type[Any], function: FunctionType, *arguments: Any) -> Any:
    """The compiled function that was pickled as its function: found by its name, or made."""
    name = function.__qualname__.removesuffix(".function")
    found = found_at(function.__module__, name)
    if isinstance(found, CompiledFunction) and found.function is function:
        return found
    made = _arrivals.get(id(function))
    if made is None:
        function.__qualname__ = name
        _arrivals[id(function)] = made = cls(function, *arguments)
    # One that reads itself has not had its attributes before.
    vars(made).update(vars(function), __wrapped__=function)
    return made
