"""Functions that others make, and questions about a function: its name, does it run later?"""

from __future__ import annotations

import functools
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

__all__ = ["CompiledFunction", "Transformed", "name_of", "runs_later"]


class CompiledFunction:
    """The class of compiled functions, by which one is known without importing the compiler.

    function  the function itself, which runs eagerly
    """

    __slots__ = ()

    function: Callable[..., Any]

    def transformed(self, key: object, transform: Callable[[Any], Any]) -> Any:
        """transform(function), compiled; None where that is not the transform of the compiled.

        It is the same one for the same key.
        """


class Transformed:
    """What a transform gives: a function with the name of the one that it was given.

    It is pickled as the call of the transform; one that is a decorator, as the name that it has.
    """

    __slots__ = ("__dict__", "_made_by", "_run")  # what wraps it gets the __dict__

    def __init__(self, run: Callable[..., Any], transform: Any, f: Any, *options: Any) -> None:
        functools.update_wrapper(self, f)
        self._run, self._made_by = run, (transform, (f, *options))

    def __call__(self, /, *args: Any, **kwargs: Any) -> Any:
        return self._run(*args, **kwargs)

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        return self if instance is None else functools.partial(self._run, instance)

    def __repr__(self) -> str:
        transform, (f, *_) = self._made_by
        return f"<{transform.__name__} of {name_of(f)}>"

    def __reduce__(self) -> Any:
        found: Any = sys.modules.get(getattr(self, "__module__", ""))
        name = getattr(self, "__qualname__", "")
        for part in name.split("."):
            found = getattr(found, part, None)
        return name if found is self else self._made_by


def name_of(function: Any) -> str:
    """The name of a function; of an object that is called, that of its class."""
    return str(getattr(function, "__name__", type(function).__name__))


def runs_later(function: Any) -> bool:
    """True if a call of the function returns before its code runs: a generator or a coroutine."""
    import inspect

    return (
        inspect.isgeneratorfunction(function)
        or inspect.iscoroutinefunction(function)
        or inspect.isasyncgenfunction(function)
    )
