"""Where the first NaN or infinity of a computation came from."""

from __future__ import annotations

import os
import sys
from functools import lru_cache
from math import isfinite, isnan

from autograd_lite.fields import static_of
from autograd_lite.graph import operands
from autograd_lite.observers import BlockOrDecorator, Observer, tracing
from autograd_lite.value import Value, number_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from types import FrameType
    from typing import Any
    from weakref import WeakKeyDictionary

__all__ = [
    "AnomalyError",
    "detect_anomaly",
    "first_line",
    "is_library",
    "is_ours",
    "line_at",
    "raised_at",
    "user_line",
    "user_place",
]

_OURS = ("autograd_lite", "nn", "visualize")  # the packages of this project
_PROJECT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
_LIBRARIES = (
    *("<frozen ", os.path.join(os.path.dirname(os.__file__), "")),
    *(os.path.join(_PROJECT, name, "") for name in _OURS),
)
_INSTALLED = tuple(f"{os.sep}{name}{os.sep}" for name in ("site-packages", "dist-packages"))
_LONGEST_PATH = 12


class AnomalyError(FloatingPointError):
    """The first number that is not finite, or the first NaN, while `detect_anomaly` watched.

    node  the node whose number it is, or which sent it to a parent
    root  the node on which `backward` was called; `node` itself in a forward pass
    """

    def __init__(self, message: str, node: Value, root: Value) -> None:
        super().__init__(message)
        self.node, self.root = node, root

    def __reduce__(self) -> tuple[Any, ...]:  # so that it comes back from another process
        return type(self), (*self.args, self.node, self.root)


class detect_anomaly(BlockOrDecorator):
    """Raise AnomalyError at the first NaN or infinity. A context manager and a decorator.

    check_inf  True if infinities raise, too; if not, "finite" below means "no NaN"

    `with detect_anomaly(): ...` and `@detect_anomaly()` or `@detect_anomaly` before a function.
    Forward, at an operation that gives one although its operands are finite; backward, at a node
    that sends one although its operands are. Inputs that are not finite raise nothing. The error
    names the operation, its operands, the line that made the node, and the path from there to the
    root of the pass.

    Nodes that were made before the block are checked as they send, but the lines that made them are
    not known. Threads that are started within the block are not watched.

    Raises RuntimeError within a compiled function, whose program would not look again.
    """

    _check_inf: bool

    def __new__(cls, function: Callable[..., Any] | None = None, *, check_inf: bool = True) -> Any:
        block = object.__new__(cls)
        block._check_inf = check_inf
        return block if function is None else block(function)

    def _again(self) -> Any:
        return type(self)(check_inf=self._check_inf)

    def __enter__(self) -> None:
        if tracing():
            raise RuntimeError(
                "detect_anomaly inside a compiled function sees its recording only; "
                "write it around the call"
            )
        self._enter(_Detector(self._check_inf))


class _Detector(Observer):
    def __init__(self, check_inf: bool) -> None:
        from weakref import WeakKeyDictionary

        self.fine: Callable[[float], bool] = isfinite if check_inf else _is_number
        self.lines: WeakKeyDictionary[Value, str] = WeakKeyDictionary()
        # For the root of each pass, the nodes whose gradients are anomalies because of an input's.
        self.excused: WeakKeyDictionary[Value, set[Value]] = WeakKeyDictionary()
        # For the root of each pass, the gradients that the `_backward` by hand that runs has found.
        self.found: WeakKeyDictionary[Value, dict[Value, float]] = WeakKeyDictionary()

    def made(self, node: Value) -> None:
        if node.is_leaf:
            return
        self.lines[node] = user_line()
        number = number_of(node)
        if not self.fine(number) and self._operands_are_fine(node):
            lines = [f"{_name(node)} gave {number}", *self._described(node)]
            raise AnomalyError("\n".join(lines), node, node)

    def sends(self, node: Value, root: Value) -> None:
        if node is root:
            self.excused[root] = set()
        if node.rule is None:
            self.found[root] = {parent: parent.grad for parent in node.parents}

    def wrote(self, node: Value, what: str, number: object) -> None:
        for found in self.found.values():  # it may be no parent of the node made by hand
            found.setdefault(node, node.grad)

    def sent(self, node: Value, root: Value) -> None:
        g = node.grad
        excused_nodes = self.excused[root]
        if not self.fine(g) and node not in excused_nodes:
            self._blame(node, root, f"the gradient that {_name(node)} received became {g}")
        excused = not self.fine(g) or not self._operands_are_fine(node)
        for receiver, problem in self._spoilt(node, root):
            if not excused:
                self._blame(node, root, problem)
            excused_nodes.add(receiver)

    def _spoilt(self, node: Value, root: Value) -> Iterator[tuple[Value, str]]:
        """Each receiver of a gradient from node that is an anomaly, and a sentence that says so."""
        if node.rule is None:  # then the gradients that it sent are known, but not the partials
            for receiver, found in self.found.pop(root).items():
                if self.fine(found) and not self.fine(receiver.grad):
                    problem = f"set the gradient of {_name(receiver)} to {receiver.grad}"
                    yield receiver, f"the _backward of {_name(node)} {problem}"
            return
        g = node.grad
        for parent, partial in zip(node.parents, node.partials, strict=True):
            if g != 0.0 and not self.fine(g * partial):
                problem = f"sent {g * partial}: its gradient {g:g} times its local partial"
                yield parent, f"{_name(node)} {problem} {partial:g}{_by(parent)}"

    def received(self, leaf: Value, grad: float, root: Value) -> None:
        if not self.fine(grad) and self.fine(leaf.grad) and leaf not in self.excused[root]:
            self._blame(leaf, root, f"the gradient of {_name(leaf)} became {grad}")

    def _operands_are_fine(self, node: Value) -> bool:
        numbers = [static_of(node), *(number_of(parent) for parent in operands(node))]
        if node.rule is not None and node.rule.pairs:
            numbers += node.partials  # the plain numbers of one side
        return all(map(self.fine, numbers))

    def _blame(self, node: Value, root: Value, problem: str) -> None:
        path = [x for x in _path(root, node) if x is node or not _is_hub(x)]
        shown = path if len(path) <= _LONGEST_PATH else path[: _LONGEST_PATH - 1] + path[-1:]
        way = [self._line(node) for node in shown]
        if len(shown) < len(path):
            way.insert(-1, f"... {len(path) - len(shown)} more ...")
        lines = [problem, *self._described(node), "  on the way to the root:"]
        raise AnomalyError("\n".join(lines + [f"    {line}" for line in way]), node, root)

    def _described(self, node: Value) -> list[str]:
        """Lines that give the node's operands, and the line that made it."""
        lines = [f"  operands: {', '.join(_operands(node))}"] if node.parents else []
        if node in self.lines:
            lines.append(f"  made at {self.lines[node]}")
        elif not node.is_leaf:
            lines.append("  made before detect_anomaly() began")
        return lines

    def _line(self, node: Value) -> str:
        made_at = self.lines.get(node, "").partition("\n")[0]
        number = "" if _is_hub(node) else f" = {number_of(node):g}"
        return f"{_name(node)}{number}" + (f", {made_at}" if made_at else "")


def _is_hub(node: Value) -> bool:
    """True if the results of a block meet in the node, which has no number."""
    return node._block is not None and node._block[0] is node


def _is_number(x: float) -> bool:
    return not isnan(x)


def _name(node: Value) -> str:
    operation = "a leaf" if node.is_leaf else node._op.strip() or "an operation made by hand"
    return f"{operation} (label {node.label!r})" if node.label else operation


def _by(parent: Value) -> str:
    name = parent.label or ("the operand" if parent.is_leaf else f"the operand {parent._op}")
    return f" with respect to {name} = {number_of(parent):g}"


def _operands(node: Value) -> Iterator[str]:
    parents = operands(node)
    for i, parent in enumerate(parents):
        if i == 8:
            yield f"... {len(parents) - i} more"
            return
        name = parent.label or parent._op.strip()
        yield f"{name} = {number_of(parent):g}" if name else f"{number_of(parent):g}"


def user_line() -> str:
    """The line of the user's code that is running: file, line number and text."""
    return line_at(user_place())


def user_place() -> tuple[str, int]:
    """The file and the number of that line, which take less time than its text."""
    frame = sys._getframe(2)
    while frame.f_back and is_ours(frame):
        frame = frame.f_back
    return _place_of_user(_outwards(frame))


def line_at(place: tuple[str, int]) -> str:
    """A line of code by its file and number: these, and its text."""
    import linecache

    file, number = place
    text = linecache.getline(file, number).strip()
    return f"{file}:{number}" + (f"\n    {text}" if text else "")


def raised_at(problem: BaseException) -> str:
    """The last line of the user's code on the way to where a problem was raised, likewise."""
    step, frames = problem.__traceback__, list[tuple["FrameType", int]]()
    while step:
        if not is_ours(step.tb_frame):
            frames.append((step.tb_frame, step.tb_lineno))
        step = step.tb_next
    return line_at(_place_of_user(reversed(frames))) if frames else ""


def first_line(function: Any) -> str:
    """The first line of a function as `user_line` gives it; "" if it is not written in Python."""
    code = getattr(function, "__code__", None)
    return line_at((code.co_filename, code.co_firstlineno)) if code else ""


def is_ours(frame: FrameType) -> bool:
    """True if the frame runs code of our packages."""
    return _is_of_ours(frame.f_globals.get("__name__"))


@lru_cache(maxsize=1024)
def _is_of_ours(module: Any) -> bool:
    return str(module).partition(".")[0] in _OURS


@lru_cache(maxsize=1024)
def is_library(file: str) -> bool:
    """True if the code in a file is of Python, of an installed package or of this project."""
    return file.startswith(_LIBRARIES) or any(folder in file for folder in _INSTALLED)


def _outwards(frame: FrameType) -> Iterator[tuple[FrameType, int]]:
    """The frame and what called it, up to our packages, such as the call of a compiled function."""
    yield frame, frame.f_lineno
    while frame.f_back and (not is_ours(frame.f_back) or _is_called_by_numpy(frame.f_back)):
        frame = frame.f_back
        if not is_ours(frame):
            yield frame, frame.f_lineno


def _is_called_by_numpy(frame: FrameType) -> bool:
    """True if the frame runs a method of ours that NumPy calls in place of its own function."""
    return frame.f_code.co_name in ("__array_function__", "__array_ufunc__")


def _place_of_user(frames: Iterable[tuple[FrameType, int]]) -> tuple[str, int]:
    """Of frames and their line numbers, the innermost first, the first that is of no library.

    The innermost one if there is none: the user's own program may be installed, too.
    """
    places = ((frame.f_code.co_filename, number) for frame, number in frames)
    innermost = next(places)
    if is_library(innermost[0]):
        return next((place for place in places if not is_library(place[0])), innermost)
    return innermost


def _path(root: Value, node: Value) -> list[Value]:
    """A shortest path from node to root, along users."""
    user: dict[Value, Value | None] = {root: None}
    row = [root]
    while node not in user:
        fresh = {parent: x for x in row for parent in x.parents if parent not in user}
        user.update(fresh)
        row = list(fresh)
    path: list[Value] = []
    step: Value | None = node
    while step is not None:
        path.append(step)
        step = user[step]
    return path
