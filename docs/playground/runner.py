"""Runs the reader's program in the worker, and tells the page what came of it."""

from __future__ import annotations

import ast
import io
import json
import linecache
import sys
import time
import traceback
from types import ModuleType

from autograd_lite import Value
from visualize import Drawing, Page, explain

FILE = "program.py"
NOTHING = (
    "The program gave no Value to show. Let its last line be one, such as loss, or give one a name."
)
MODULES = "There are Python's own library, autograd_lite, nn and visualize."
LONGEST = 100_000  # characters that a program may print


class _Output(io.TextIOBase):
    """What is printed, told a few times a second."""

    def __init__(self, tell):
        self._tell, self._parts, self._room, self._last = tell, [], LONGEST, 0.0

    def writable(self):
        return True

    def write(self, text):
        if self._room > 0:
            self._parts.append(text[: self._room])
            self._room -= len(text)
            if self._room <= 0:
                self._parts.append("\n… (more was printed than is shown)\n")
            if time.monotonic() - self._last > 0.1:
                self.flush()
        return len(text)

    def flush(self):
        self._last = time.monotonic()
        if self._parts:
            self._tell("printed", text="".join(self._parts))
            self._parts.clear()


def run(source, post):
    """Run a program, and tell of it through post(kind, JSON)."""

    def tell(kind, **what):
        post(kind, json.dumps(what))

    output = _Output(tell)
    main = sys.modules["__main__"] = ModuleType("__main__")
    linecache.cache[FILE] = (len(source), None, source.splitlines(True), FILE)
    before = sys.stdout, sys.stderr
    sys.stdout = sys.stderr = output
    try:
        shown = _executed(source, vars(main))
        page = _page(shown, vars(main))
    except BaseException as error:
        output.flush()
        tell("error", **_described(error))
    else:
        output.flush()
        tell("page", **page)
    finally:
        sys.stdout, sys.stderr = before


def _executed(source, names):
    """Run the program; what its last line is, if that can be shown, else the Value named last."""
    tree = ast.parse(source, FILE)
    last = tree.body[-1] if tree.body else None
    if isinstance(last, ast.Expr):
        tree.body.pop()
    exec(compile(tree, FILE, "exec"), names)
    if isinstance(last, ast.Expr):
        result = eval(compile(ast.Expression(last.value), FILE, "eval"), names)
        if _is_shown(result):
            return result
        if result is not None:
            print(repr(result))
    for name in _assigned(tree):
        if _is_shown(names.get(name)) and not getattr(names[name], "is_leaf", False):
            return names[name]
    return None


def _is_shown(thing):
    return isinstance(thing, (Value, Page, Drawing))


def _assigned(tree):
    """The names to which the program assigns, the last first."""
    found = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    ]
    found.sort(key=lambda node: (node.lineno, node.col_offset), reverse=True)
    return [node.id for node in found]


def _page(shown, names):
    """The page of what the program ended with; or a word about what to do."""
    if isinstance(shown, Value):
        exec("__import__('visualize').label(**locals())", names)
        shown = explain(shown)
    if isinstance(shown, Page):
        return {"html": shown.html}
    if isinstance(shown, Drawing):
        return {"html": f"<!DOCTYPE html><title>Picture</title><body>{shown.svg}"}
    return {"html": None, "says": NOTHING}


def _described(error):
    """The line of the program at which an error arose, or None, and its message."""
    line = error.lineno if isinstance(error, SyntaxError) and error.filename == FILE else None
    for frame in traceback.extract_tb(error.__traceback__):
        if frame.filename == FILE:
            line = frame.lineno
    text = "".join(traceback.format_exception_only(error)).strip()
    if isinstance(error, SyntaxError):
        text = f"{type(error).__name__}: {error.msg}"
    if isinstance(error, ModuleNotFoundError):
        text = f"ModuleNotFoundError: no module named {error.name!r} here. {MODULES}"
    if isinstance(error, SystemExit):
        text = f"the program ended itself: {text}"
    return {"line": line, "text": text}
