"""The source of a function beside its graph: which line made each node."""

from __future__ import annotations

import functools
import inspect
import sys
from textwrap import dedent
from types import CodeType, FrameType, FunctionType, MethodType
from weakref import WeakKeyDictionary

from autograd_lite import Value
from autograd_lite.callables import CompiledFunction, name_of, runs_later
from autograd_lite.observers import Observer, observe
from visualize.model.names import names_in

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import Any

__all__ = ["Call", "Recording"]

LINES = 1_000
"""The most lines that a page shows."""


class Recording(Observer):
    """The lines of a file that make nodes, while a piece of its code runs under `observe`.

    root    the Value that the page is about
    names   what variables call the Values that they hold in the end
    blocks  (number of the first line, lines) of what the page shows of the file
    beside  True if the page is in a frame beside an editor that has the lines; the page tells it
            which of them are lit, and shows none itself
    """

    root: Value
    names: Mapping[Value, str]
    blocks: list[tuple[int, list[str]]]
    beside = False

    def __init__(self, code: CodeType | None) -> None:
        self._code = code
        self._seen = {code} if code is not None else set()
        self._frame: FrameType | None = None
        self._made: WeakKeyDictionary[Any, tuple[int, ...]] = WeakKeyDictionary()

    def made(self, node: Any) -> None:
        if self._code is None:
            return
        lines = []
        frame: FrameType | None = sys._getframe(1)
        while frame is not None:
            if frame.f_code.co_filename == self._code.co_filename:
                lines.append(frame.f_lineno)
                self._seen.add(frame.f_code)
                if frame.f_code is self._code:
                    self._frame = frame
                    self._made[node] = tuple(lines)
                    return
            frame = frame.f_back

    def lines(self, nodes: Iterable[Value]) -> tuple[list[int], list[int]]:
        """The lines that made these nodes, and the lines from which those were called.

        Of what the page shows: Python finds a lambda of several lines in part.
        """
        whole = {self._made[node] for node in nodes if node in self._made}
        ways = [shown for way in whole if (shown := [*filter(self._is_shown, way)])]
        made = {way[0] for way in ways}
        return sorted(made), sorted({line for way in ways for line in way[1:]} - made)

    def _is_shown(self, line: int) -> bool:
        return any(first <= line < first + len(lines) for first, lines in self.blocks)


class Call(Recording):
    """One call of a function, and the lines that made its nodes.

    The engine tells of each node while this call runs, and of none at any other time. The blocks
    are the functions of its file that made a node, as they stand in the file; there are none where
    there is no source, and none of a lambda.
    """

    def __init__(self, function: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
        name = name_of(function)
        super().__init__(_code_of(function))
        leaves = [Value(x) if isinstance(x, float) else x for x in arguments]
        given = _by_name(function, name, leaves)
        if runs_later(function):
            raise TypeError(f"explain: {name} runs after its call has returned: explain its result")
        with observe(self):
            root = function(*leaves)
        if not isinstance(root, Value):
            hint = ": give it Values or floats" if isinstance(root, (int, float)) else ""
            raise TypeError(
                f"explain: {name} must give one Value, such as a loss, not "
                f"{type(root).__name__}{hint}"
            )
        self.root = root
        self.names = names_in(given)
        if self._frame is not None:
            taken = set(self.names.values())
            inside = names_in(self._frame.f_locals)
            self.names = {**{y: n for y, n in inside.items() if n not in taken}, **self.names}
            self._frame = None  # it holds all that its variables hold
        if name.isidentifier() and name not in self.names.values():
            self.names.setdefault(root, name)
        self.blocks = _blocks(self._code, self._seen)


def _code_of(function: Any) -> CodeType | None:
    """The code of what a function runs in the end; None if that is not Python of the user's."""
    while not isinstance(function, FunctionType):
        if isinstance(function, CompiledFunction):
            function = function.function
        elif isinstance(function, functools.partial):
            function = function.func
        elif isinstance(function, MethodType):
            function = function.__func__
        elif hasattr(function, "__wrapped__"):
            function = function.__wrapped__
        elif hasattr(function, "__dict__") and not isinstance(function, type):
            function = getattr(function, "forward", type(function).__call__)  # of a module
        else:
            return None
    user = inspect.unwrap(function)
    package = (user.__module__ or "").partition(".")[0]
    return None if package in ("autograd_lite", "nn") else user.__code__


def _by_name(function: Callable[..., Any], name: str, arguments: list[Any]) -> dict[str, Any]:
    """The arguments by the names of the function's parameters.

    Raises TypeError where they do not fit.
    """
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):  # of a function in C
        return {}
    try:
        return signature.bind(*arguments).arguments
    except TypeError as error:
        program = f"; visualize.draw({name}) shows its program"
        raise TypeError(
            f"explain(f, *arguments) calls the function, and {name} does not take these: {error}"
            f"{program if isinstance(function, CompiledFunction) else ''}"
        ) from None


def _blocks(main: CodeType | None, codes: Iterable[CodeType]) -> list[tuple[int, list[str]]]:
    """(number of the first line, lines) of each function; one within another is part of that."""
    if main is None or main.co_name == "<lambda>":
        return []
    blocks: list[tuple[int, list[str]]] = []
    end = 0
    for code in sorted(codes, key=lambda code: (code.co_firstlineno, code is not main)):
        if code.co_firstlineno < end:
            continue
        try:
            lines, first = inspect.getsourcelines(code)
        except (OSError, TypeError, SyntaxError, IndentationError):  # typed at a prompt
            if code is main:
                return []
            continue
        end = first + len(lines)
        blocks.append((first, dedent("".join(lines)).rstrip("\n").split("\n")))
    return blocks if sum(len(lines) for _, lines in blocks) <= LINES else []
