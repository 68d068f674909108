"""Questions about a function: does it run later, and did `compile` make it?"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

__all__ = ["CompiledFunction", "runs_later"]


class CompiledFunction:
    """The class of compiled functions, by which one is known without importing the compiler.

    function  the function itself, which runs eagerly
    """

    __slots__ = ()

    function: Callable[..., Any]


def runs_later(function: Any) -> bool:
    """True if a call of the function returns before its code runs: a generator or a coroutine."""
    import inspect

    return (
        inspect.isgeneratorfunction(function)
        or inspect.iscoroutinefunction(function)
        or inspect.isasyncgenfunction(function)
    )
