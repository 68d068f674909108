"""`python -m autograd_lite export train:loss --to c --args train:batch -o loss.c`."""

from __future__ import annotations

import argparse
import ast
import sys
import traceback
from importlib import import_module

import autograd_lite

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class ImportedError(Exception):
    """A module of the user's cannot be imported, or what it has is not what is needed."""


def main(arguments: list[str] | None = None) -> int:
    """Write the source of a function in another language; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m autograd_lite")
    commands = parser.add_subparsers(title="commands", required=True, metavar="export")
    command = commands.add_parser(
        "export",
        help="write a function as source in another language",
        description="Write a function as source in another language: as autograd_lite.export does.",
    )
    command.add_argument("function", help="module:function, as train:loss for loss of train.py")
    command.add_argument("--to", required=True, metavar="LANGUAGE", help="numpy, jax, c ...")
    command.add_argument(
        "--args",
        metavar="MODULE:NAME",
        help="example arguments: a tuple, or a function that gives one. A compiled function that "
        "its module has called needs none: those of its last call count",
    )
    command.add_argument(
        "-o", "--output", help="the file to write, in place of printing the source"
    )
    command.add_argument(
        "--option",
        nargs="+",
        action="extend",
        default=[],
        metavar="NAME=VALUE",
        help="options of export, as name=model or real=float; an object as optimizer=train:adam",
    )
    options = parser.parse_args(arguments)
    folders = [*sys.path]
    if "" not in sys.path:  # as python -m has it
        sys.path.insert(0, "")
    try:
        source = autograd_lite.export(
            _found(options.function),
            options.to,
            *_tuple(options.args),
            **dict(_option(text) for text in options.option),
        )
        if options.output:
            source.save(options.output)
    except (ValueError, TypeError, OSError, ImportedError) as error:
        message = error.strerror if isinstance(error, OSError) and error.strerror else error
        print(f"error: {message}", file=sys.stderr)
        return 2
    finally:
        sys.path[:] = folders
    if options.output:
        print(f"wrote {options.output}")
    else:
        sys.stdout.write(source.text)
    return 0


def _found(text: str) -> Any:
    """The thing that module:name stands for."""
    module, colon, path = text.partition(":")
    if module.endswith(".py") or "/" in module:
        module = module.removesuffix(".py").replace("/", ".").lstrip(".")
        raise ImportedError(f"{text} is a file: write its module, as {module}:{path or 'loss'}")
    if not colon or not module or not path:
        raise ImportedError(f"expected module:name, as train:loss, not {text!r}")
    try:
        thing: Any = import_module(module)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{module}.".startswith(f"{error.name}."):
            raise ImportedError(_fails(module, error)) from None
        raise ImportedError(f"there is no module {error.name} here") from None
    except SystemExit:
        raise ImportedError(f"{module} ends the program when it is imported") from None
    except Exception as error:
        raise ImportedError(_fails(module, error)) from None
    for name in path.split("."):
        if not hasattr(thing, name):
            raise ImportedError(f"{module} has nothing called {path}")
        thing = getattr(thing, name)
    return thing


def _fails(module: str, error: Exception) -> str:
    """What Python says of an import that fails: the module's own lines."""
    within = error.__traceback__
    ours = {__file__, import_module.__code__.co_filename}
    while within is not None and (
        within.tb_frame.f_code.co_filename in ours
        or within.tb_frame.f_code.co_filename.startswith("<frozen importlib")
    ):
        within = within.tb_next
    lines = traceback.format_exception(type(error), error, within)
    return f"{module} fails:\n{''.join(lines).rstrip()}"


def _tuple(text: str | None) -> tuple[Any, ...]:
    """The example arguments."""
    if text is None:
        return ()
    found = _found(text)
    if callable(found):
        found = found()
    if not isinstance(found, tuple):
        raise ImportedError(
            f"--args {text} must be a tuple of arguments, or a function that gives one, not "
            f"{type(found).__name__}; a tuple of one argument is (x,)"
        )
    return found


def _option(text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if not equals or not name.isidentifier():
        raise ImportedError(f"--option expects NAME=VALUE, not {text!r}")
    try:
        return name, ast.literal_eval(value)
    except (ValueError, SyntaxError):
        return name, _found(value) if ":" in value else value


if __name__ == "__main__":
    sys.exit(main())
