"""Runs the reader's program in the worker, and tells the page what came of it."""

from __future__ import annotations

import ast
import builtins
import importlib
import io
import json
import linecache
import random
import sys
import time
import traceback
from types import ModuleType

from autograd_lite import Value
from autograd_lite.observers import observe
from autograd_lite.value import Node
from visualize import Drawing, Page, explain
from visualize.model.names import names_in
from visualize.page.code import Call, Recording

FILE = "program.py"
RESULT = "_result_"  # the name of what the last line is
LONGEST = 100_000  # characters that a program may print

NOTHING = (
    "The program computed no Value to show. Let its last line be one that is computed from others, "
    "such as loss, or give it a name."
)
OWN = (
    "This program has a class Value of its own. The laboratory shows the graphs of autograd_lite's "
    "Value, which has the operations and fields of micrograd's and microgpt's."
)
MODULES = "There are Python's own library, autograd_lite, nn and visualize."
INSTEAD = {
    "micrograd": "Write  from autograd_lite import Value, nn",
    "numpy": f"{MODULES} compile and optimize need NumPy, too: without @compile a function runs as "
    "it is.",
}
PICTURE = (
    "<!DOCTYPE html><html lang='en'><title>Picture</title>"
    "<style>:root {{ color-scheme: light dark }}</style>{}"
)


def begin():
    """What the worker does once, after Python has started."""
    importlib.invalidate_caches()  # what a snapshot knows of folders is from another time
    random.seed()  # and its random numbers would be the same in each tab
    Call.beside = True  # a page that the program makes of a function has its lines in the editor
    # Python frees a chain of objects recursively for as long as it counts its stack as free, and
    # the stack of WebAssembly in a worker is shorter: long graphs must not rely on that.
    Node.__del__ = Node.__dealloc__


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
        program = _Program(source)
        page = program.page(program.run(vars(main)))
    except BaseException as error:
        output.flush()
        tell("error", **_described(error))
    else:
        output.flush()
        tell("page", **page)
    finally:
        sys.stdout, sys.stderr, builtins.input, sys.modules["__main__"] = before


class _Program(Recording):
    """The reader's program, and the lines that made its nodes, which the editor lights."""

    beside = True

    def __init__(self, source):
        tree = ast.parse(source, FILE)
        self._assigned = _assigned(tree)
        self._classes = [one for one in tree.body if isinstance(one, ast.ClassDef)]
        if tree.body and isinstance(tree.body[-1], ast.Expr):
            last = tree.body[-1]
            tree.body[-1] = ast.Assign([ast.Name(RESULT, ast.Store())], last.value)
            ast.copy_location(tree.body[-1], last)
            ast.fix_missing_locations(tree)
        super().__init__(compile(tree, FILE, "exec", dont_inherit=True))
        self.blocks = [(1, source.split("\n"))]

    def run(self, variables):
        """Run it; what its last line is, if that can be shown, else the Value named last."""
        with observe(self):
            exec(self._code, variables)
        self._frame = None  # it holds this program
        result = variables.pop(RESULT, None)
        self.names = names_in({k: x for k, x in variables.items() if not k.startswith("_")})
        if _is_shown(result):
            return result
        if result is not None:
            print(repr(result))
        for name in self._assigned:
            found = variables.get(name)
            if _is_shown(found) and not getattr(found, "is_leaf", False):
                return found
        return None

    def page(self, shown):
        """The page of what the program ended with; or a word about what to do."""
        if isinstance(shown, Value):
            self.root = shown
            shown = explain(self)
        if isinstance(shown, Page):
            return {"html": shown.html}
        if isinstance(shown, Drawing):
            return {"html": PICTURE.format(shown.svg)}
        for one in self._classes:
            if one.name == "Value":
                return {"html": None, "says": OWN, "own": [one.lineno, one.end_lineno]}
        return {"html": None, "says": NOTHING}


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


def _no_input(prompt=""):
    raise RuntimeError("input() can ask nobody here: write what it should give into the program")


def _described(error):
    """The line of the program at which an error arose, or None; its message, and who called."""
    line = error.lineno if isinstance(error, SyntaxError) and error.filename == FILE else None
    frames = traceback.extract_tb(error.__traceback__)
    lines = [frame.lineno for frame in frames if frame.filename == FILE]
    calls = list(dict.fromkeys(reversed(lines)))  # the innermost first, each once
    if calls:
        line = calls.pop(0)
    text = "".join(traceback.format_exception_only(error)).strip()
    if isinstance(error, SyntaxError):
        text = f"{type(error).__name__}: {error.msg}"
    # An ImportError that says what to install hides which module was not found.
    missing = error.__context__ if type(error) is ImportError else error
    if isinstance(missing, ModuleNotFoundError):
        package = (missing.name or "").partition(".")[0]
        hint = INSTEAD.get(package, MODULES)
        text = f"ModuleNotFoundError: no module named {package!r} here. {hint}"
    if isinstance(error, SystemExit):
        text = f"the program ended itself: {text}"
    if calls:
        text += f"\nCalled from line {', which was called from line '.join(map(str, calls))}."
    return {"line": line, "text": text}
