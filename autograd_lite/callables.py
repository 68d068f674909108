"""Questions about a function: its name, does it run later, and did `compile` make it?"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

__all__ = ["CompiledFunction", "name_of", "runs_later"]


class CompiledFunction:
    """The class of compiled functions, by which one is known without importing the compiler.

    function  the function itself, which runs eagerly
    """

    __slots__ = ()

    function: Callable[..., Any]


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
