"""A function of a module in Python: what it is given and refuses, its lines, what it returns."""

from __future__ import annotations

import json
import re
from math import inf
from typing import NamedTuple

from autograd_lite.compiler.export.expressions import Expression
from autograd_lite.compiler.export.lines import (
    Line,
    assigns,
    is_view,
    renamed,
    tidied,
    with_copies,
    with_names,
)
from autograd_lite.compiler.export.python import Printer, numbered

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from autograd_lite.compiler.export.exported import Argument, Exported
    from autograd_lite.compiler.tape.ranges import Ints

__all__ = ["Function", "quoted"]


CHECKED = '''\
def checked(parameters):
    """%s."""
    for name, shape in SHAPES.items():
        if name not in parameters or %s != shape:
            raise ValueError(f"the parameters must have {name}, of the shape {shape}")
    return %s
'''


class _Body(NamedTuple):
    """The lines of a function, and the expressions behind them, under the names of a source.

    lines  as text
    ends   the expressions
    made   the names that the lines write
    read   the names that the lines and the expressions read
    """

    lines: list[str]
    ends: list[Expression]
    made: set[str]
    read: set[str]


class Function:
    """Writes functions of parameters and arguments.

    given   {name in the source: (the dict that has it, its key)}
    lead    the array whose length is n, the number of samples; or ""
    shapes  {tensor: its shape} of those whose shape has n
    least   the least n
    """

    def __init__(
        self,
        exported: Exported,
        printer: Printer,
        given: dict[str, tuple[str, str]],
        lead: str = "",
        shapes: Mapping[str, Sequence[int | str]] = {},
        least: int = 1,
    ) -> None:
        self.exported, self.printer, self.given, self.lead = exported, printer, given, lead
        self.shapes, self.least = shapes, least
        self.checks = list(self._checks())

    def of(
        self,
        called: str,
        lines: Sequence[Line],
        results: Sequence[Expression],
        gradients: dict[str, Expression],
    ) -> list[str]:
        """A function that gives the results, and the gradients if there are any."""
        body = self._body(lines, [*results, *gradients.values()], gradients.values())
        k = len(results)
        text, value = self._text(called, self._given(), body, body.ends[:k])
        if not gradients:
            return [*text, f"    return {value}"]
        grads = dict(zip(gradients, body.ends[k:], strict=True))
        return [*text, f"    return {value}, {{", *self._entries(grads, body), "    }"]

    def step(
        self,
        called: str,
        lines: Sequence[Line],
        results: Sequence[Expression],
        new: dict[str, Expression],
    ) -> list[str]:
        """A function that gives the results, and new parameters and new state.

        new  {name in the source: the new numbers of what has it}
        """
        body = self._body(lines, [*results, *new.values()], new.values())
        body.read.update(new if self.kept else ())
        k = len(results)
        text, value = self._text(called, self._step_given(), body, body.ends[:k])
        text += self._replaced(dict(zip(new, body.ends[k:], strict=True)), body)
        return [
            *text,
            f"    return {value}, parameters, state" if k else "    return parameters, state",
        ]

    def update(
        self,
        called: str,
        loss: Sequence[str],
        results: str,
        lines: Sequence[Line],
        new: dict[str, Expression],
    ) -> list[str]:
        """A function that gives what a loss gives, and new parameters and new state.

        loss     the lines that call it
        results  the name of what it gives: "value", or "results" if that is one of several
        """
        body = self._body(lines, [*new.values()], new.values())
        body.read.update(new if self.kept else ())
        text = [f"def {called}({', '.join(self._step_given())}):", *loss]
        text += [*self._read(body), *self._numbers(body), *body.lines]
        if self.kept:
            value = f"results[{self.exported.value}]" if results == "results" else results
            text.append(f"    valid = ~{self.printer.dialect.module}.isnan({value})")
        text += self._replaced(dict(zip(new, body.ends, strict=True)), body)
        return [*text, f"    return {results}, parameters, state"]

    @property
    def fixed_shapes(self) -> dict[str, str]:
        """{parameter: its shape} of those that are checked: others would be broadcast."""
        every = self.exported.parameters
        return {p.name: _written(p.shape) for p in every if p.name not in self.shapes}

    def checked(self) -> list[str]:
        """The function that checks the parameters, and their shapes."""
        if not self.fixed_shapes:
            return []
        shapes = [f"    {quoted(known)}: {shape}," for known, shape in self.fixed_shapes.items()]
        said, given = "The parameters", "parameters"
        if self.printer.dialect.in_place:
            said += " as arrays of floats"
            given = "{name: np.asarray(x, float) for name, x in parameters.items()}"
        text = CHECKED % (said, self.printer.shape("parameters[name]"), given)
        return ["SHAPES = {", *shapes, "}", "", "", *text.splitlines(), "", ""]

    @property
    def kept(self) -> bool:
        """True if a step keeps what is old where an argument is out of its bounds."""
        return self.printer.dialect.traced and bool(self.checks)

    def _body(
        self, lines: Sequence[Line], ends: Sequence[Expression], given: Iterable[Expression]
    ) -> _Body:
        """The lines in order, short, and numbered.

        ends   what is read behind them
        given  those of these that are given to the caller as arrays of their own
        """
        needed = [x for end in ends for x in end.names()]
        found = tidied(lines, needed, lambda x: len(self.printer.text(x)))
        names = numbered([it.name for it in assigns(found)])
        found, ends = renamed(found, names), [with_names(x, names) for x in ends]
        if self.printer.dialect.in_place:
            own = [with_names(x, names) for x in given]
            found = with_copies(found, [x for end in own for x in end.names()])
        read = {x for it in assigns(found) for x in it.reads()}
        read |= {x for end in ends for x in end.names()}
        made = {it.name for it in assigns(found)}
        return _Body(self.printer.lines(found), ends, made, read)

    def _text(
        self, called: str, given: Sequence[str], body: _Body, results: Sequence[Expression]
    ) -> tuple[list[str], str]:
        """The lines of a function but for the last, and its results."""
        value = self._results(results)
        shown = "\n".join([*body.lines, value, *map(self.printer.text, body.ends)])
        shapes = self._shapes()
        sized = bool(self.lead) and re.search(r"\bn\b", "\n".join([shown, *shapes])) is not None
        body.read.update({self.lead} if sized else ())
        text = [f"def {called}({', '.join(given)}):"]
        if self.fixed_shapes:
            text.append("    parameters = checked(parameters)")
        text += [*self._read(body), *self._numbers(body), *self._converted()]
        least = max(self.least, _taken_away(shown))
        counted = "any number of samples" if least == 1 else f"at least {least} samples"
        text += [f"    n = len({self.lead})  # {counted}"] if sized else []
        if sized and least > 1:
            text += [f"    if n < {least}:"]
            text += [f'        raise ValueError("there must be at least {least} samples")']
        text += shapes
        if not self.printer.dialect.traced:
            for check, said in self.checks:
                text += [f"    if not {check}:", f'        raise ValueError("{said}")']
        text += body.lines
        if self.printer.dialect.traced and self.checks:
            text.append(f"    valid = {' & '.join(check for check, _ in self.checks)}")
            value = self._or_nan(value, text) if results else value
        return text, value

    def _read(self, body: _Body) -> Iterator[str]:
        """The lines that give names to what the lines read.

        Arrays of NumPy have no `at`, by which JAX changes parts of an array.
        """
        in_parts = self.printer.dialect.traced and any(".at[" in line for line in body.lines)
        for known, (source, key) in self.given.items():
            if known in body.read:
                text = f"{source}[{quoted(key)}]"
                yield f"    {known} = {self.printer.as_array(text) if in_parts else text}"

    def _entries(self, arrays: dict[str, Expression], body: _Body) -> Iterator[str]:
        """The lines of a dict of arrays, each one of its own where arrays can be written to."""
        seen, module = set[str](), self.printer.dialect.module
        for known, x in arrays.items():
            shown = self.printer.text(x)
            if x.op == "number":  # an array, as the old one is
                shown = f"{module}.array({self.printer.real(x.params[0])})"
            elif self.printer.dialect.in_place:
                own = shown not in seen and shown in body.made if x.op == "name" else not is_view(x)
                copied = f"{shown}.copy()" if x.shape else f"{module}.array({shown})"
                seen.add(shown)
                shown = shown if own else copied
            if self.kept:
                shown = f"{module}.where(valid, {shown}, {known})"
            yield f"        {quoted(self.given[known][1])}: {shown},"

    def _replaced(self, new: dict[str, Expression], body: _Body) -> Iterator[str]:
        """The lines that make dicts of new parameters and new state."""
        for source in "parameters", "state":
            every = [known for known, (held, _) in self.given.items() if held == source]
            arrays = {known: new[known] for known in every if known in new}
            if arrays:
                others = [f"        **{source},"] if len(arrays) < len(every) else []
                yield from [f"    {source} = {{", *others, *self._entries(arrays, body), "    }"]

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

    def _step_given(self) -> list[str]:
        """What a whole step is passed."""
        return ["parameters", "state", *[a.name for a in self.exported.arguments]]

    def _given(self) -> list[str]:
        """What the function is passed."""
        arguments = [a.name for a in self.exported.arguments]
        return ["parameters", *arguments] if self.exported.parameters else arguments

    def _checks(self) -> Iterator[tuple[str, str]]:
        """(condition, what is wrong where it does not hold) of each argument that has bounds."""
        xp = self.printer.dialect.module
        for a, (low, high) in ranges(self.exported):
            ends = [f"{a} >= {low:.17g}"] * (low > -inf) + [f"{a} <= {high:.17g}"] * (high < inf)
            text = " & ".join(f"({end})" for end in ends) if len(ends) > 1 else ends[0]
            said = [f"at least {low:g}"] * (low > -inf) + [f"at most {high:g}"] * (high < inf)
            if low > -inf and high < inf:
                said = [f"from {low:g} to {high:g}"]
            yield f"{xp}.all({text})", f"{a} must be {said[0]}"

    def _or_nan(self, value: str, text: list[str]) -> str:
        """The value, or NaN if a check fails: what is traced cannot raise an error."""
        xp = self.printer.dialect.module
        if len(self.exported.results) == 1:
            return f"{xp}.where(valid, {value}, {xp}.nan)"
        text.append(f"    results = {value}")
        return f"tuple({xp}.where(valid, x, {xp}.nan) for x in results)"

    def _numbers(self, body: _Body) -> Iterator[str]:
        """The lines that make arrays of numbers whose methods the text calls: floats have none."""
        shown = "\n".join([*body.lines, *[f"{self.printer.text(x)}." for x in body.ends]])
        numbers = {p.name for p in (*self.exported.parameters, *self.exported.state) if not p.shape}
        for known, (_, key) in self.given.items():
            if key in numbers and re.search(rf"(?<![\w.]){known}\.", shown):
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


def quoted(text: str) -> str:
    """A text as Python has it, in double quotes."""
    return json.dumps(text, ensure_ascii=False)


def _written(shape: Sequence[int | str]) -> str:
    """A shape as a tuple."""
    return f"({', '.join(map(str, shape))}{',' * (len(shape) == 1)})"
