"""A module in Python: functions of parameters and arguments, made of a tensor program."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from keyword import iskeyword
from math import inf

import numpy as np

from autograd_lite.compiler.export.arrays import GLOBAL, RESERVED, NotInArraysError
from autograd_lite.compiler.export.check import check
from autograd_lite.compiler.export.exported import Numbers
from autograd_lite.compiler.export.expressions import Expression
from autograd_lite.compiler.export.language import Written
from autograd_lite.compiler.export.lines import (
    Assign,
    Line,
    assigns,
    is_view,
    renamed,
    tidied,
    with_copies,
)
from autograd_lite.compiler.export.python import COMPUTED, NUMPY, Dialect, Printer, numbered
from autograd_lite.compiler.export.recorded import ExportError
from autograd_lite.compiler.export.samples import DifferentError, Size, unified
from autograd_lite.compiler.export.tensors import TensorProgram, tensor_program
from autograd_lite.compiler.messages import said

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from typing import Any

    from autograd_lite.compiler.export.exported import Argument, Exported
    from autograd_lite.compiler.tape.ranges import Ints

__all__ = [
    "called",
    "function_name",
    "head",
    "local_names",
    "module",
    "run_in_numpy",
    "value_of",
]

TABLES = {"TABLE", "INDEX", "MASK", "STARTS"}
"""What the names of its constant arrays begin with."""


def head(lines: Sequence[str]) -> str:
    """The docstring of a module."""
    text = "\n".join(lines).replace("\\", "\\\\").replace('"""', "'''")
    return f'"""{text}\n"""\n\n'


def module(exported: Exported, dialect: Dialect, gradients: bool) -> Written:
    """The functions, below the docstring of the module.

    gradients  True if those of the function are written out; else the library finds them
    """
    if exported.is_step:
        raise ExportError(
            said(
                f"export: {exported.name} changes what it reads, as a step of training does; "
                f"{dialect.module} has no such export yet",
                "Export the loss, and write the step around its gradients",
            )
        )
    free = _with_free_names(exported)
    names = _names(free)
    found = _of_any_size(free, names, dialect, gradients)
    if found is None:
        return Written(_text(free, names, dialect, _tensors(free, names, gradients)))
    known = {x.name: y.name for x, y in zip(free.arguments, exported.arguments, strict=True)}
    return Written(found.text, {known.get(x, x): shape for x, shape in found.shapes.items()})


def _with_free_names(exported: Exported) -> Exported:
    """The same, with arguments whose names the module needs for nothing else."""
    names = [argument.name for argument in exported.arguments]
    free = list(map(_free, names))
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


def _free(name: str) -> str:
    """A name with a line behind it, if the module needs that name."""
    taken = (
        name in RESERVED
        or iskeyword(name)
        or COMPUTED.match(name)
        or name.partition("_")[0] in TABLES
    )
    return f"{name}_" if taken else name


def _names(exported: Exported) -> dict[str, str]:
    """{parameter: its name in the source}."""
    known = [p.name for p in exported.parameters]
    return dict(zip(known, local_names(known, [a.name for a in exported.arguments]), strict=True))


def _tensors(exported: Exported, names: dict[str, str], gradients: bool) -> TensorProgram:
    inputs = [(names[p.name], p.slots) for p in exported.parameters]
    inputs += [(a.name, a.slots) for a in exported.arguments]
    indices = [(a.name, a.indices) for a in exported.arguments if (a.indices >= 0).any()]
    wanted = list(names.values()) if gradients and exported.differentiable else []
    outputs = [result.outputs for result in exported.results]
    try:
        program = exported.array_program if gradients else exported.primal_program
        return tensor_program(program, inputs, indices, outputs, wanted)
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
        others, larger = ([*map(_with_free_names, some)] for some in recorded[:2])
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
            if few is None or not _holds(tried, _with_free_names(few), gradients):
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
    return [t.name for t in (*exported.arguments, *exported.parameters)]


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
    given = {short: known for known, short in names.items()}
    body = _Function(exported, printer, given, lead, shapes, least)
    text = body.of(function_name(exported), program.forward, program.result, {})
    if program.gradients:
        lines = [*program.forward, *program.backward]
        both = program.result, program.gradients
        text += ["", "", *body.of(f"{function_name(exported)}_and_grad", lines, *both)]
    tables = [line for table in program.tables.items() for line in printer.table(*table)]
    used = any(function.startswith("special.") for function in printer.used)
    imports = [*dialect.imports, *([dialect.special] if used else [])]
    return "\n".join([*imports, "", *tables, *([""] if tables else []), "", *text, ""])


class _Function:
    """Writes functions of parameters and arguments."""

    def __init__(
        self,
        exported: Exported,
        printer: Printer,
        given: dict[str, str],
        lead: str,
        shapes: Mapping[str, Sequence[int | str]],
        least: int,
    ) -> None:
        self.exported, self.printer, self.given, self.lead = exported, printer, given, lead
        self.shapes, self.least = shapes, least

    def of(
        self,
        called: str,
        lines: Sequence[Line],
        results: Sequence[Expression],
        gradients: dict[str, Expression],
    ) -> list[str]:
        ends = [*results, *gradients.values()]
        needed = [x for end in ends for x in end.names()]
        found = tidied(lines, needed, lambda x: len(self.printer.text(x)))
        names = numbered([it.name for it in assigns(found)])
        found = renamed(found, names)
        results, grads = (
            [_renamed(x, names) for x in some] for some in (results, gradients.values())
        )
        if self.printer.dialect.in_place:
            found = with_copies(found, [x for end in grads for x in end.names()])
        lines_shown, value = self.printer.lines(found), self._results(results)
        shown = "\n".join([*lines_shown, value, *map(self.printer.text, grads)])
        text = [f"def {called}({', '.join(self._given())}):"]
        shapes, checks = self._shapes(), self._checks()
        read = {x for it in assigns(found) for x in it.reads()}
        read |= {x for end in (*results, *grads) for x in end.names()}
        sized = bool(self.lead) and re.search(r"\bn\b", "\n".join([shown, *shapes])) is not None
        read |= {self.lead} if sized else set()
        used = [(known, key) for known, key in self.given.items() if known in read]
        text += [f"    {known} = parameters[{_quoted(key)}]" for known, key in used]
        text += self._numbers("\n".join([shown, *[f"{self.printer.text(x)}." for x in grads]]))
        text += self._converted()
        least = max(self.least, _taken_away(shown))
        counted = "any number of samples" if least == 1 else f"at least {least} samples"
        text += [f"    n = len({self.lead})  # {counted}"] if sized else []
        if sized and least > 1:
            text += [f"    if n < {least}:"]
            text += [f'        raise ValueError("there must be at least {least} samples")']
        text += shapes
        if not self.printer.dialect.traced:
            for check, said in checks:
                text += [f"    if not {check}:", f'        raise ValueError("{said}")']
        text += lines_shown
        if self.printer.dialect.traced and checks:
            value = self._or_nan(value, [check for check, _ in checks], text)
        if not gradients:
            return [*text, f"    return {value}"]
        text.append(f"    return {value}, {{")
        seen, made = set[str](), {it.name for it in assigns(found)}
        for known, x in zip(gradients, grads, strict=True):
            shown = self.printer.text(x)
            own = shown not in seen and shown in made if x.op == "name" else not is_view(x)
            key, module = _quoted(self.given[known]), self.printer.dialect.module
            copied = f"{shown}.copy()" if x.shape else f"{module}.array({shown})"
            text.append(f"        {key}: {shown if own else copied},")
            seen.add(shown)
        return [*text, "    }"]

    def _shapes(self) -> list[str]:
        """The lines that refuse arguments of other shapes, whose numbers would be other ones."""
        shapes = {
            a.name: _written(self.shapes.get(a.name, a.shape)) for a in self.exported.arguments
        }
        if not shapes:
            return []
        wrong = " or ".join(f"{self.printer.shape(x)} != {shape}" for x, shape in shapes.items())
        said = ", ".join(f"{known} {shape}" for known, shape in shapes.items())
        return [f"    if {wrong}:", f'        raise ValueError("the shapes must be {said}")']

    def _converted(self) -> Iterator[str]:
        """The lines that make arrays of floats of the arguments, which may be lists, and of ints of
        what is read as indices: small ints of NumPy wrap around, and lists add up to longer ones.
        """
        for a in self.exported.arguments:
            dialect = self.printer.dialect
            form = dialect.ints if _counts(self.exported, a).size else dialect.floats
            yield f"    {a.name} = {form.format(a.name)}"

    def _given(self) -> list[str]:
        """What the function is passed."""
        arguments = [a.name for a in self.exported.arguments]
        return ["parameters", *arguments] if self.exported.parameters else arguments

    def _checks(self) -> list[tuple[str, str]]:
        """(condition, what is wrong where it does not hold) of each argument that has bounds."""
        found = []
        xp = self.printer.dialect.module
        for a, (low, high) in ranges(self.exported):
            ends = [f"{a} >= {low:.17g}"] * (low > -inf) + [f"{a} <= {high:.17g}"] * (high < inf)
            text = " & ".join(f"({end})" for end in ends) if len(ends) > 1 else ends[0]
            said = [f"at least {low:g}"] * (low > -inf) + [f"at most {high:g}"] * (high < inf)
            if low > -inf and high < inf:
                said = [f"from {low:g} to {high:g}"]
            found.append((f"{xp}.all({text})", f"{a} must be {said[0]}"))
        return found

    def _or_nan(self, value: str, checks: Sequence[str], text: list[str]) -> str:
        """The value, or NaN if a check fails: what is traced cannot raise an error."""
        xp = self.printer.dialect.module
        text.append(f"    valid = {' & '.join(checks)}")
        if len(self.exported.results) == 1:
            return f"{xp}.where(valid, {value}, {xp}.nan)"
        text.append(f"    results = {value}")
        return f"tuple({xp}.where(valid, x, {xp}.nan) for x in results)"

    def _numbers(self, shown: str) -> Iterator[str]:
        """The lines that make arrays of numbers whose methods the text calls: floats have none."""
        parameters = zip(self.given, self.exported.parameters, strict=True)
        for known in [known for known, p in parameters if not p.shape]:
            if re.search(rf"(?<![\w.]){known}\.", shown):
                yield f"    {known} = {self.printer.as_array(known)}"

    def _results(self, results: Sequence[Expression]) -> str:
        texts = [self.printer.text(x) for x in results]
        if len(texts) == 1:
            return texts[0]
        return f"({', '.join(texts)})"


def _taken_away(shown: str) -> int:
    """The least n at which no n - k is below 0, where it would index from the end.

    Up to three samples have been tried; the function may not read what is behind such an index.
    """
    found = re.findall(r"(?:(\d+) \* )?\bn - (\d+)", shown)
    least = max((-(-int(away) // int(times or 1)) for times, away in found), default=1)
    return least if least > 3 else 1


def _renamed(x: Expression, names: dict[str, str]) -> Expression:
    (line,) = renamed([Assign(x, x)], names)
    assert isinstance(line, Assign)
    return line.value


def ranges(exported: Exported) -> Iterator[tuple[str, tuple[float, float]]]:
    """(argument, (lowest, highest)) of those that must be within bounds."""
    for a in exported.arguments:
        low, high = a.lowest, a.highest
        among = _counts(exported, a)
        if among.size:
            low, high = max(low, -int(among.min())), min(high, int(among.min()) - 1)
        if low > -inf or high < inf:
            yield a.name, (low, high)


def _counts(exported: Exported, a: Argument) -> Ints:
    """Among how many each int of an argument chooses that is read as an index."""
    among = exported.array_program.choices[a.indices[a.indices >= 0]]
    return among[among > 0]


def called(
    text: str,
    exported: Exported,
    array: Callable[[Any], Any],
    gradients: Callable[..., Any] | None,
    prepared: Callable[[Any], Any] = lambda function: function,
) -> Numbers:
    """What the functions of a text give for the numbers of the recorded call.

    array      makes an array of the library of one of NumPy's
    gradients  given the module, what calls it for the results and the gradients; or None
    prepared   what the library makes of a function before it is called
    """
    space: dict[str, Any] = {}
    exec(compile(text, f"<{exported.name}>", "exec"), space)
    parameters = {p.name: array(p.numbers) for p in exported.parameters}
    arguments = [
        array(a.numbers.astype(int) if a.integer else a.numbers) for a in exported.arguments
    ]
    given = [parameters, *arguments] if exported.parameters else arguments
    results = prepared(space[function_name(exported)])(*given)
    results = [results] if len(exported.results) == 1 else list(results)
    found = None
    if exported.differentiable and gradients is not None:
        both, found = gradients(space, given)
        again = [both] if len(results) == 1 else both
        for k, (x, y) in enumerate(zip(results, again, strict=True)):
            if not np.array_equal(np.asarray(x), np.asarray(y), equal_nan=True):
                results[k] = y
        found = {known: np.asarray(x) for known, x in found.items()}
    return Numbers([np.asarray(x) for x in results], found, {})


def value_of(exported: Exported, results: Any) -> Any:
    """The value among what the function of a module gives, which is differentiated."""
    return results if len(exported.results) == 1 else results[exported.value]


def run_in_numpy(text: str, exported: Exported, differentiated: bool = True) -> Numbers:
    """What the functions of a text in NumPy give.

    differentiated  False if there is none of the gradients
    """

    def gradients(space: dict[str, Any], given: list[Any]) -> Any:
        return space[f"{function_name(exported)}_and_grad"](*given)

    with np.errstate(all="ignore"):
        return called(text, exported, np.array, gradients if differentiated else None)


def function_name(exported: Exported) -> str:
    """The name of the function in the module."""
    name = exported.name
    taken = name in GLOBAL or iskeyword(name) or name.partition("_")[0] in TABLES
    return f"{name}_" if taken else name


def local_names(parameters: Sequence[str], taken: Sequence[str]) -> list[str]:
    """A short name for each parameter: w0 for "layers.0.weight", hidden for "hidden.weight"."""
    short = [_short(known, parameters) for known in parameters]
    used = {*taken, *RESERVED}
    full = [re.sub(r"\W", "_", known) for known in parameters]
    once = [x for x in short if short.count(x) == 1 and x not in used and _is_name(x)]
    found: list[str] = []
    for x, y in zip(short, full, strict=True):
        wish = x if x in once else y if y.isidentifier() else f"p_{y}"
        while wish in used or not _is_name(wish):
            wish += "_"
        used.add(wish)
        found.append(wish)
    return found


def _quoted(text: str) -> str:
    """A text as Python has it, in double quotes."""
    return json.dumps(text, ensure_ascii=False)


def _is_name(x: str) -> bool:
    return x.isidentifier() and not iskeyword(x)


LETTER = {"weight": "w", "bias": "b", "w": "w", "b": "b"}
CONTAINERS = {"layers", "neurons", "model", "network", "net", "self"}


def _short(known: str, every: Sequence[str]) -> str:
    parts: list[str] = re.findall(r"\w+", known)
    if len(parts) < 2:
        return "".join(parts)
    last = parts[-1]
    places = [part for part in parts[:-1] if part.isdigit()]
    words = [part for part in parts[:-1] if not part.isdigit() and part not in CONTAINERS]
    if last in LETTER:
        if not words:
            return LETTER[last] + "_".join(places)
        stem = "_".join([*words[-1:], *places])
        alone = sum(_is_of(other, known) for other in every) == 1
        return stem if alone else f"{stem}_{LETTER[last]}"
    return "_".join([last.removesuffix("_weight"), *places])


def _is_of(other: str, known: str) -> bool:
    """True if two parameters belong to the same layer."""
    return other.rpartition(".")[0] == known.rpartition(".")[0]


def _written(shape: Sequence[int | str]) -> str:
    """A shape as a tuple."""
    return f"({', '.join(map(str, shape))}{',' * (len(shape) == 1)})"
