"""`python -m visualize "tanh(w*x + b)" --at w=0.5 x=2 b=-1 -o graph.svg`."""

from __future__ import annotations

import argparse
import os
import re
import runpy
import sys
import traceback
import webbrowser
from pathlib import Path
from typing import Any

from autograd_lite import Value
from autograd_lite.callables import CompiledFunction
from visualize.drawing import draw, ending_of
from visualize.formula_reader import evaluate
from visualize.model.nodes import trace
from visualize.page.stepping import explain
from visualize.picture.engine import LayoutError


class FileError(Exception):
    """A file of the user's does not run."""


def main(arguments: list[str] | None = None) -> int:
    """Draw a formula, or a Value or compiled function of a Python file; the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m visualize",
        description="Draw the computation graph of a formula, or of a Value in a Python file, or "
        "the program of a compiled function in one.",
        epilog='A formula that begins with a minus stands in parentheses: "(-x)**2".',
    )
    parser.add_argument("what", help='a formula such as "tanh(w*x + b)", or model.py:loss')
    parser.add_argument(
        "--at",
        nargs="+",
        action="extend",
        default=[],
        type=_setting,
        metavar="NAME=NUMBER",
        help="the numbers of the formula's variables",
    )
    parser.add_argument(
        "-o",
        "--output",
        help="the file to write: .svg, .png, .pdf, .dot or .html (graph.svg)",
    )
    parser.add_argument("--html", action="store_true", help="write the stepping page")
    parser.add_argument("--open", action="store_true", help="show the file in the browser")
    parser.add_argument(
        "--partials",
        action="store_true",
        help="write local partials on the edges, as the page always does",
    )
    parser.add_argument("--fold", action="store_true", help="draw what is alike once")
    parser.add_argument("--depth", type=int, help="how many scopes around a node are open")
    parser.add_argument("--products", action="store_true", help="draw the products of a dot too")
    parser.add_argument("--rankdir", help="the direction: LR, TB, RL or BT")
    parser.add_argument("--number", default=".4g", help="how numbers are written, such as .2f")
    options = parser.parse_args(arguments)
    look = {
        name: getattr(options, name) for name in ("depth", "fold", "products", "rankdir", "number")
    }
    output = options.output or ("graph.html" if options.html else "graph.svg")
    try:
        page = ending_of(output) == ".html"  # checked before a file is run, which may take long
        if options.html and not page:
            raise ValueError(f"the stepping page is HTML: --html cannot write {output}")
        root = _root(options.what, options.at)
        if page:
            explain(root, path=output, **look)
        else:
            draw(root, partials=options.partials, **look).save(output)
    except (ValueError, TypeError, OSError, ImportError, LayoutError, FileError) as error:
        message = error.strerror if isinstance(error, OSError) and error.strerror else error
        print(f"error: {message}", file=sys.stderr)
        return 2
    print(f"wrote {output}")
    if options.open:
        webbrowser.open(Path(output).resolve().as_uri())
    return 0


def _setting(text: str) -> tuple[str, float]:
    name, equals, number = text.partition("=")
    if not equals or not name.strip().isidentifier():
        raise argparse.ArgumentTypeError(f"expected NAME=NUMBER, not {text!r}")
    try:
        return name.strip(), float(number)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{number!r} is not a number, in {text!r}") from None


def _root(what: str, at: list[tuple[str, float]]) -> Any:
    """The Value to draw, with its gradients, or the compiled function."""
    if what.endswith(".py"):
        raise ValueError(f"{what} is a file: say which Value of it to draw, as in {what}:loss")
    found = re.fullmatch(r"(.+\.py):(\w+)", what)
    if found is None:
        numbers: dict[str, float] = {}
        for name, number in at:
            if name in numbers:
                raise ValueError(f"--at gives {name} twice")
            numbers[name] = number
        root = evaluate(what, numbers)
        root.backward()
        return root
    if at:
        raise ValueError("--at goes with a formula, not with a file")
    path, name = found[1], found[2]
    names = _run(path)
    if name not in names:
        raise ValueError(f"{path} has nothing called {name}")
    if isinstance(names[name], CompiledFunction):
        return names[name]
    if not isinstance(names[name], Value):
        raise TypeError(
            f"{name} in {path} must be a Value or a compiled function, not "
            f"{type(names[name]).__name__}"
        )
    value: Value = names[name]
    if value.grad == 0.0 and not value.is_leaf:  # no pass began here: it would have left 1
        for node in trace(value)[0]:
            node.grad = 0.0
        value.backward()
        print(f"{name} had no gradient: set all to 0 and called {name}.backward()")
    return value


def _run(path: str) -> dict[str, Any]:
    """The names that the file defines.

    Raises FileError with what Python says of the file's own lines, if it fails.
    """
    if not os.path.isfile(path):
        raise FileNotFoundError(f"there is no file {path}")
    folder = os.path.dirname(os.path.abspath(path))
    sys.path.insert(0, folder)  # where the file finds the modules beside it
    try:
        return runpy.run_path(path)
    except SystemExit:
        raise FileError(f"{path} ends the program before it can be drawn") from None
    except Exception as error:
        within = error.__traceback__
        while within is not None and within.tb_frame.f_code.co_filename != path:
            within = within.tb_next  # the frames of this program, above the file's
        lines = traceback.format_exception(type(error), error, within)
        raise FileError(f"{path} fails:\n{''.join(lines).rstrip()}") from None
    finally:
        sys.path.remove(folder)


if __name__ == "__main__":
    sys.exit(main())
