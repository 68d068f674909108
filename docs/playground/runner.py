"""Runs the reader's program in the worker, and tells the page what came of it."""

from __future__ import annotations

import ast
import builtins
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
OWN = (
    "This program has a class Value of its own. The laboratory shows the graphs of autograd_lite's "
    "Value, which has the operations and fields of micrograd's and microgpt's."
)
MODULES = "There are Python's own library, autograd_lite, nn and visualize."
PICTURE = (
    "<!DOCTYPE html><html lang='en'><title>Picture</title>"
    "<style>:root {{ color-scheme: light dark }}</style>{}"
)
INSTEAD = {"micrograd": "Write  from autograd_lite import Value, nn"}
LONGEST = 100_000  # characters that a program may print


class _Output(io.TextIOBase):
    """What is printed, told a few times a second."""

    def __init__(self, tell):
        self._tell, self._parts, self._room = tell, [], LONGEST
        self._last = time.monotonic()

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
    main = ModuleType("__main__")
    linecache.cache[FILE] = (len(source), None, source.splitlines(True), FILE)
    before = sys.stdout, sys.stderr, builtins.input, sys.modules["__main__"]
    sys.stdout = sys.stderr = output
    builtins.input = _no_input
    sys.modules["__main__"] = main
    try:
        tree = ast.parse(source, FILE)
        shown = _executed(tree, vars(main))
        page = _page(shown, tree, vars(main))
    except BaseException as error:
        output.flush()
        tell("error", **_described(error))
    else:
        output.flush()
        tell("page", **page)
    finally:
        sys.stdout, sys.stderr, builtins.input, sys.modules["__main__"] = before


def _executed(tree, names):
    """Run the program; what its last line is, if that can be shown, else the Value named last."""
    last = tree.body[-1] if tree.body else None
    before = tree.body[:-1] if isinstance(last, ast.Expr) else tree.body
    exec(compile(ast.Module(before, tree.type_ignores), FILE, "exec", dont_inherit=True), names)
    if isinstance(last, ast.Expr):
        result = eval(compile(ast.Expression(last.value), FILE, "eval", dont_inherit=True), names)
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


def _page(shown, tree, names):
    """The page of what the program ended with; or a word about what to do."""
    if isinstance(shown, Value):
        exec("__import__('visualize').label(**locals())", names)
        shown = explain(shown)
    if isinstance(shown, Page):
        return {"html": shown.html}
    if isinstance(shown, Drawing):
        return {"html": PICTURE.format(shown.svg)}
    own = [s for s in tree.body if isinstance(s, ast.ClassDef) and s.name == "Value"]
    if own:
        return {"html": None, "says": OWN, "own": [own[-1].lineno, own[-1].end_lineno]}
    return {"html": None, "says": NOTHING}


def _no_input(prompt=""):
    raise RuntimeError("input() can ask nobody here: write what it should give into the program")


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
        package = (error.name or "").partition(".")[0]
        words = [
            f"ModuleNotFoundError: no module named {package!r} here",
            INSTEAD.get(package, MODULES),
        ]
        text = ". ".join(words)
    if isinstance(error, SystemExit):
        text = f"the program ended itself: {text}"
    return {"line": line, "text": text}
