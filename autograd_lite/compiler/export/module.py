"""A module in Python: functions of parameters and arguments, made of a tensor program."""

from __future__ import annotations

from dataclasses import replace

from autograd_lite.compiler.export.arrays import NotInArraysError
from autograd_lite.compiler.export.check import check
from autograd_lite.compiler.export.language import Written
from autograd_lite.compiler.export.module_names import (
    free_name,
    function_name,
    local_names,
    step_names,
)
from autograd_lite.compiler.export.module_run import run_in_numpy
from autograd_lite.compiler.export.python import NUMPY, Dialect, Printer
from autograd_lite.compiler.export.python_function import Function
from autograd_lite.compiler.export.recorded import ExportError
from autograd_lite.compiler.export.samples import DifferentError, Size, unified
from autograd_lite.compiler.export.tensors import TensorProgram, tensor_program
from autograd_lite.compiler.messages import said

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from autograd_lite.compiler.export.exported import Exported
    from autograd_lite.compiler.lift import ArrayProgram

__all__ = [
    "given_of",
    "head",
    "joined",
    "module",
    "names_of",
    "readable",
    "with_free_names",
]


def head(lines: Sequence[str]) -> str:
    """The docstring of a module."""
    text = "\n".join(lines).replace("\\", "\\\\").replace('"""', "'''")
    return f'"""{text}\n"""\n\n'


def module(exported: Exported, dialect: Dialect, gradients: bool) -> Written:
    """The functions, below the docstring of the module.

    gradients  True if those of the function are written out; else the library finds them
    """
    free = with_free_names(exported)
    names = names_of(free)
    found = _of_any_size(free, names, dialect, gradients)
    if found is None:
        return Written(_text(free, names, dialect, _tensors(free, names, gradients)))
    known = {x.name: y.name for x, y in zip(free.arguments, exported.arguments, strict=True)}
    return Written(found.text, {known.get(x, x): shape for x, shape in found.shapes.items()})


def with_free_names(exported: Exported) -> Exported:
    """The same, with arguments whose names the module needs for nothing else."""
    names = [argument.name for argument in exported.arguments]
    taken = step_names(exported)
    free = [free_name(name, taken) for name in names]
    if len({*free}) < len(free):
        twice = next(x for x in free if free.count(x) > 1)
        raise ExportError(
            said(
                f"export: {exported.name} has two arguments that would be called {twice}",
                "Rename a key",
            )
        )
    if free == names:
        return exported
    arguments = [replace(a, name=x) for a, x in zip(exported.arguments, free, strict=True)]
    return replace(exported, arguments=arguments)


def names_of(exported: Exported) -> dict[str, str]:
    """{parameter or state: its name in the source}."""
    known = [t.name for t in (*exported.parameters, *exported.state)]
    taken = [*[a.name for a in exported.arguments], *step_names(exported)]
    return dict(zip(known, local_names(known, taken), strict=True))


def _tensors(exported: Exported, names: dict[str, str], gradients: bool) -> TensorProgram:
    inputs = [(names[t.name], t.slots) for t in (*exported.parameters, *exported.state)]
    inputs += [(a.name, a.slots) for a in exported.arguments]
    indices = [(a.name, a.indices) for a in exported.arguments if (a.indices >= 0).any()]
    wanted = list(names.values()) if gradients and exported.differentiable else []
    outputs = [("", result.outputs) for result in exported.results]
    outputs += [(names[t.name], t.new) for t in exported.changed]
    program = exported.array_program if gradients else exported.primal_program
    return readable(exported, program, inputs, indices, outputs, wanted)


def readable(exported: Exported, program: ArrayProgram, *tensors: Any) -> TensorProgram:
    """The program of these tensors. Raises ExportError if it does not read well."""
    try:
        return tensor_program(program, *tensors)
    except NotInArraysError as problem:
        raise ExportError(
            said(
                f"export: {exported.name} is no program of arrays that reads well: {problem}",
                'Export it to "c", which takes every program',
            )
        ) from None


def _of_any_size(
    exported: Exported, names: dict[str, str], dialect: Dialect, gradients: bool
) -> Written | None:
    """The functions for any number of samples n; None if there is no such axis.

    What the recordings of some n have in common is tried, in NumPy, on the recorded call, whose n
    is another one, and with more samples; then with fewer, for the least number that it takes.
    """
    for recorded in exported.others() if exported.others else ():
        others, larger = ([*map(with_free_names, some)] for some in recorded[:2])
        if any(_named(other) != _named(exported) for other in (*others, *larger)):
            continue  # some of them do not read a parameter
        try:
            program = unified([_tensors(other, names, gradients) for other in others])
            shapes = {
                t.name: unified([same.shape for same in every])
                for every in zip(
                    *[(*other.arguments, *other.parameters) for other in others], strict=True
                )
                for t in every[:1]
            }
            shown = {
                known: tuple([x if isinstance(x, int) else str(x) for x in shape])
                for known, shape in shapes.items()
                if _moves(shape)
            }
            first = next(known for known, shape in shown.items() if shape[0] == "n")
            lead = names.get(first, first)
            tried = _text(exported, names, NUMPY, program, lead, shown)
            for some in exported, *larger:
                check(some, run_in_numpy(tried, some, gradients), "numpy")
        except (DifferentError, ExportError, StopIteration):
            continue
        least = 3
        for few in recorded.fewer:
            if few is None or not _holds(tried, with_free_names(few), gradients):
                break
            least -= 1
        return Written(_text(exported, names, dialect, program, lead, shown, least), shown)
    return None


def _holds(text: str, exported: Exported, gradients: bool) -> bool:
    """True if a module in NumPy gives the numbers of this recording."""
    try:
        check(exported, run_in_numpy(text, exported, gradients), "numpy")
    except Exception:  # what the module raises for so few samples
        return False
    return True


def _named(exported: Exported) -> list[str]:
    return [t.name for t in (*exported.arguments, *exported.parameters, *exported.state)]


def _moves(shape: Any) -> bool:
    return any(isinstance(size, Size) for size in shape)


def _text(
    exported: Exported,
    names: dict[str, str],
    dialect: Dialect,
    program: TensorProgram,
    lead: str = "",
    shapes: Mapping[str, Sequence[int | str]] = {},
    least: int = 1,
) -> str:
    """The module.

    lead    the array whose length is n, the number of samples; or ""
    shapes  {tensor: its shape} of those whose shape has n
    least   the least n
    """
    printer = (dialect.printer or Printer)(dialect)
    body = Function(exported, printer, given_of(exported, names), lead, shapes, least)
    called, k = function_name(exported), len(exported.results)
    if exported.is_step:
        changed = [names[t.name] for t in exported.changed]
        new = dict(zip(changed, program.result[k:], strict=True))
        text = body.step(called, program.forward, program.result[:k], new)
        return joined(printer, program, [*body.checked(), *text])
    text = [*body.checked(), *body.of(called, program.forward, program.result, {})]
    if program.gradients:
        lines = [*program.forward, *program.backward]
        both = program.result, program.gradients
        text += ["", "", *body.of(f"{called}_and_grad", lines, *both)]
    return joined(printer, program, text)


def given_of(exported: Exported, names: dict[str, str]) -> dict[str, tuple[str, str]]:
    """`Function.given` of parameters and state."""
    found = {names[p.name]: ("parameters", p.name) for p in exported.parameters}
    return found | {names[s.name]: ("state", s.name) for s in exported.state}


def joined(printer: Printer, program: TensorProgram, text: Sequence[str], below: str = "") -> str:
    """Functions below what they import, and their tables; or these below another module."""
    tables = [line for table in program.tables.items() for line in printer.table(*table)]
    used = any(function.startswith("special.") for function in printer.used)
    imports = [*printer.dialect.imports, *([printer.dialect.special] if used else [])]
    if below:
        missing = [line for line in imports if line not in below]
        return "\n".join([*missing, below, "", *tables, *(["", ""] if tables else []), *text, ""])
    return "\n".join([*imports, "", *tables, *([""] if tables else []), "", *text, ""])
