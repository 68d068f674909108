"""Exports: a function's program as source that imports nothing of ours, in a language of choice.

Read in the order in which `export` goes:

    recorded   one recording, which changes nothing; what no export can have is refused by name
    arguments  the arguments as tensors
    naming     the names that the user's code has for Values
    bounds     what decisions say of the arguments
    exported   what a language reads: a program, and tensors with names
    reading    makes it
    stepped    a loss and its optimiser as one whole step
    tensors    a program of named arrays with axes, for languages of arrays: of `expressions`, in
               `lines`; `arrays` knows which element each address is, `views`, `choices` and
               `products` say it in expressions, `takes` and `loops` write lines; `samples` makes
               sizes formulas of n; `python`, `python_function`, `python_step` and `module` print
               it, by `module_names`, and `module_run` runs it
    language   what a language is; each has a file of its own, in `LANGUAGES`
    check      a source is run once, beside the interpreter, before it is given out
    source     the text
"""

from __future__ import annotations

import inspect
from functools import partial
from importlib import import_module
from math import inf
from textwrap import wrap

from autograd_lite.compiler.export.check import CannotRunError, check
from autograd_lite.compiler.export.naming import is_plain
from autograd_lite.compiler.export.reading import read
from autograd_lite.compiler.export.recorded import ExportError
from autograd_lite.compiler.export.samples import recordings
from autograd_lite.compiler.export.source import Source
from autograd_lite.compiler.export.stepped import stepped

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from autograd_lite.compiler.export.exported import Exported
    from autograd_lite.compiler.export.language import Language

__all__ = ["LANGUAGES", "ExportError", "Source", "export", "written"]

WIDTH = 90  # of the lines of a head

LANGUAGES: dict[str, str] = {
    "c": "c",
    "jax": "jax",
    "numpy": "numpy",
    "torch": "torch",
    "wasm": "wasm",
}
"""{language: its module in this package}."""


def export(
    f: Callable[..., Any], language: str, /, *args: Any, name: str = "", **options: Any
) -> Source:
    """The source of f(*args) in another language. See `autograd_lite.export`."""
    module = _module(language)
    _check_options(language, module, options)
    if name and not name.isidentifier():
        raise ValueError(f"export: name must be an identifier, not {name!r}")
    exported = read(f, args, name)
    exported.others = partial(recordings, lambda others: read(f, others, name), args)
    if options.get("optimizer") is not None:
        exported = stepped(exported, options["optimizer"])
    return written(exported, language, module, options)


def written(
    exported: Exported, language: str, module: Language, options: Mapping[str, Any]
) -> Source:
    """The source, once it is checked. Raises ExportError if it gives other numbers."""
    text, shapes = module.write(exported, **options)
    try:
        numbers, by = module.run(text, exported, **options)
    except CannotRunError as problem:
        checked = f"Not checked: {problem}."
    else:
        how = check(exported, numbers, language)
        checked = (
            f"Checked when it was made: run by {by} on the numbers of a recorded call, beside "
            f"autograd_lite's interpreter, {how}."
        )
    head = module.head([*described(exported, shapes), "", *wrap(checked, WIDTH)])
    return Source(head + text, language, exported, module.fence, shapes)


def _module(language: str) -> Language:
    if not isinstance(language, str) or language not in LANGUAGES:
        known = ", ".join(map(repr, LANGUAGES))
        raise ValueError(f"export: the language must be one of {known}, not {language!r}")
    module: Any = import_module(f"autograd_lite.compiler.export.{LANGUAGES[language]}")
    return module  # type: ignore[no-any-return]


def _check_options(language: str, module: Language, options: Mapping[str, Any]) -> None:
    """Raise TypeError for an option that the language does not have."""
    _, *parameters = inspect.signature(module.write).parameters
    for option in options:
        if option not in parameters:
            has = f"it has {', '.join(parameters)}" if parameters else "it has none"
            raise TypeError(
                f"export: {language!r} has no option {option!r}; {has}. Arguments of the function "
                "are passed by position"
            )


def described(exported: Exported, shapes: Mapping[str, tuple[int | str, ...]]) -> list[str]:
    """What a source computes, in lines: what it is given, and what it gives.

    shapes  {tensor: its shape} of those that differ from the recorded ones
    """
    lines = [f"{exported.name}, exported by autograd_lite."]
    if exported.title:
        lines += wrap(exported.title, WIDTH)

    def rows(title: str, tensors: list[tuple[str, tuple[int, ...], str]]) -> None:
        if not tensors:
            return
        width = max(len(name) for name, _, _ in tensors)
        lines.extend(["", title])
        for name, shape, what in tensors:
            sizes = ", ".join(map(str, shapes.get(name, shape)))
            shown = f"    {name:{width}}  ({sizes}{',' * (len(shape) == 1)})  {what}"
            lines.append(shown.rstrip())

    rows("Parameters:", [(p.name, p.shape, "") for p in exported.parameters])
    rows("Arguments:", [(a.name, a.shape, _range(a)) for a in exported.arguments])
    state = [(s.name, s.shape, "int" if s.integer else "") for s in exported.state]
    rows("State:", state)
    rows("Results:", [(r.name, r.outputs.shape, "") for r in exported.results])
    for name, thing in exported.fixed.items():
        plain = all(map(is_plain, thing)) if isinstance(thing, list) else is_plain(thing)
        shown = " ".join(repr(thing).split()) if plain else f"a {type(thing).__name__}"
        lines.append(f"Fixed: {name} = {shown if len(shown) < 60 else shown[:57] + '...'}")
    return lines


def _range(argument: Any) -> str:
    """The kind and the bounds of an argument in words."""
    lowest, highest = argument.lowest, argument.highest
    words = ["int"] if argument.integer else []
    if lowest > -inf and highest < inf:
        words.append(f"from {lowest:g} to {highest:g}")
    elif lowest > -inf or highest < inf:
        words.append(f"at least {lowest:g}" if lowest > -inf else f"at most {highest:g}")
    return ", ".join(words)
