"""The file of an export in C: what the caller sees of it, and the functions below that."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np

from autograd_lite.compiler.export.c_formulas import number_in_c
from autograd_lite.compiler.export.c_functions import (
    FINITE,
    IN_C,
    PRODUCT,
    PUT,
    definitions,
    put_in,
)
from autograd_lite.compiler.export.c_groups import GroupWriter, c_name
from autograd_lite.compiler.export.c_memory import Wanted, laid_out
from autograd_lite.compiler.export.c_update import with_update
from autograd_lite.compiler.export.recorded import ExportError
from autograd_lite.compiler.export.stepped import Stepped
from autograd_lite.compiler.lift.names import Names
from autograd_lite.compiler.plan import plan
from autograd_lite.compiler.plan.groups import writes_of
from autograd_lite.compiler.plan.reuse import thrifty
from autograd_lite.operations.formulas import NotInCError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import Any

    from autograd_lite.compiler.export.c_memory import Laid, Step
    from autograd_lite.compiler.export.exported import Exported
    from autograd_lite.compiler.plan import Plan
    from autograd_lite.compiler.tape.ranges import Ints

__all__ = ["File"]

_IN_ONE_FUNCTION = 48  # things to do: a compiler takes longer for a long function

# Names of arrays, and the ends of names of macros.
_TAKEN: tuple[str, ...] = (
    "parameters",
    "gradients",
    "state",
    "work",
    "constants",
    "results",
    "value",
)
_TAKEN += ("real", "implementation", "h", "problem")


class File:
    """The file of an export.

    function    the name of the function in C
    upper       what the names of macros begin with
    parameters, arguments  of each its name in C
    integers    the arguments that are ints in C
    results     the name of the array of results
    n_results, n_outputs  how many numbers that has, and how many outputs the plan
    laid        what is done, and where the numbers are
    """

    def __init__(self, exported: Exported) -> None:
        self.exported = exported
        prefix = c_name(exported.name)
        self.prefix, self.upper = prefix, prefix.upper()
        self.real = f"{self.upper}_REAL"
        self.function = f"{prefix}_{_ends(exported)}"
        taken = set(_TAKEN)
        taken |= {f"{prefix}_{end}" for end in ("product", "finite", "put", *IN_C)}
        self.parameters = _names(exported.parameters, taken, "d")
        self.arguments = _names(exported.arguments, taken)
        given = zip(self.arguments, exported.arguments, strict=True)
        self.integers = {
            name
            for name, a in given
            if (a.indices >= 0).any() and np.abs(a.numbers).max() <= np.iinfo(np.int32).max
        }
        self.n_results = sum(r.outputs.size for r in exported.results)
        self.results = "value" if self.n_results == 1 else "results"
        self.state = _names(exported.state, taken)
        self.starts, self.state_starts = _starts(exported.parameters), _starts(exported.state)
        made = thrifty(_plan(exported))
        self.n_outputs = len(made.outputs)
        self.laid = self._laid(made)
        program, names = exported.array_program, dict(self._slots())
        program.steps(names)
        starts = [*zip(self.starts, self.parameters, strict=False)]
        pointers = {
            "parameters": starts,
            "state": [*zip(self.state_starts, self.state, strict=False)],
            "gradients": [(start, f"d{name}") for start, name in starts],
        }
        found = Names(program.arrays(names))
        self._writer = GroupWriter(self.laid, prefix, pointers, found, self.integers)
        self._writer.tables.places = self._index_places()

    def _laid(self, made: Plan) -> Laid:
        """What is done, on the arrays of the caller's."""
        exported = self.exported
        wanted = [
            _read("parameters", _flat(p.slots for p in exported.parameters), made),
            _read("state", _flat(s.slots for s in exported.state), made),
        ]
        if isinstance(exported, Stepped):
            wanted.append(_read("parameters", _flat(exported.again), made))
        for name, argument in zip(self.arguments, exported.arguments, strict=True):
            wanted.append(_read(name, argument.slots.ravel(), made, copied=name in self.integers))
        outputs = _flat(r.outputs for r in exported.results)
        at, places = made.outputs[outputs], np.arange(len(outputs))
        if exported.is_step:
            return self._laid_step(made, wanted, at)
        wanted.append(Wanted(self.results, len(outputs), places, at, "forward"))
        if exported.differentiable:
            index = _flat(exported.gradient(p) for p in exported.parameters)
            places = np.flatnonzero(index >= 0)
            at = made.gradients[index[places]]
            wanted.append(Wanted("gradients", len(index), places, at, "backward"))
        return laid_out(made, wanted)

    def _laid_step(self, made: Plan, wanted: list[Wanted], results: Ints) -> Laid:
        """The same for a whole step."""
        exported = self.exported
        news, olds = [], []
        tensors: tuple[Sequence[Any], ...] = exported.parameters, exported.state
        for some in tensors:
            old, new = _flat(x.slots for x in some), _flat(x.new for x in some)
            if isinstance(exported, Stepped) and some is exported.parameters:
                old = _flat(exported.again)
            replaced = new >= 0
            news.append(np.where(replaced, made.outputs[new], -1))
            olds.append(np.where(replaced & (old >= 0), made.leaves[old], -1))
        old, new = np.concatenate(olds), np.concatenate(news)
        there = new >= 0
        made, moved, may_be_over, n = with_update(made, old[there], new[there])
        new[there] = moved
        over = np.zeros(len(new), bool)
        over[there] = may_be_over
        last = np.zeros(made.size, bool)
        for group in made.forward[len(made.forward) - n :]:
            for written in writes_of(group):
                last[written] = True
        for part, chosen in (("forward", ~last[results]), ("update", last[results])):
            places = np.flatnonzero(chosen)
            wanted.append(Wanted(self.results, len(results), places, results[places], part))
        first = len(news[0])
        for array, at, free in zip(
            wanted[:2], np.split(new, [first]), np.split(over, [first]), strict=True
        ):
            for chosen, copied in ((free, False), (~free & (at >= 0), True)):
                held = np.flatnonzero(chosen)
                final = Wanted(array.name, array.size, held, at[held], "update", copied, True)
                wanted.append(final)
        return laid_out(made, wanted, n)

    def _slots(self) -> Iterator[tuple[range, str]]:
        """Slots that have a name of the user's."""
        for tensor in (*self.exported.parameters, *self.exported.arguments):
            slots = tensor.slots.ravel()
            if len(slots) and slots[0] >= 0 and (np.diff(slots) == 1).all():
                yield range(int(slots[0]), int(slots[-1]) + 1), tensor.name

    def _index_places(self) -> list[tuple[str, int]]:
        """The argument that has each index, and its place there."""
        found = [("", 0)] * self.exported.tape.indices
        for name, argument in zip(self.arguments, self.exported.arguments, strict=True):
            for place, index in enumerate(argument.indices.ravel().tolist()):
                if index >= 0:
                    found[index] = name, place
        return found

    # -------------------------------------------------------------------------------- text

    def text(self) -> str:
        """The file. Raises ExportError for a function that C has not."""
        try:
            forward = [*self._functions("forward", self.laid.forward)]
            update = [*self._functions("update", self.laid.update)]
            backward = [*self._functions("backward", self.laid.backward)]
        except NotInCError as problem:
            name = self.exported.name
            raise ExportError(f"export: {name} uses {problem}, which C has not") from None
        parts = forward, update, backward
        public = self._public(*([call for call, _ in part] for part in parts))
        writer = self._writer
        helpers = [*definitions(writer.functions, self.prefix, self.real)]
        helpers += [put_in(PRODUCT, self.prefix, self.real)] if writer.products else []
        helpers += [put_in(PUT, self.prefix, self.real)] if writer.puts else []
        helpers += [put_in(FINITE, self.prefix, self.real)] if writer.checks else []
        tables = [*self._constants(), *writer.tables.definitions]
        lines = [
            self._usage(),
            f"#ifndef {self.upper}_H",
            f"#define {self.upper}_H",
            "#include <stdint.h>",
            "",
            f"#ifndef {self.real}",
            f"#define {self.real} double",
            "#endif",
            "",
            *self._sizes(),
            "",
            "#ifdef __cplusplus",
            'extern "C"',
            "#endif",
            f"{self._signature()};",
            "",
            "#endif",
            "",
            f"#ifdef {self.upper}_IMPLEMENTATION",
            "#ifdef __cplusplus",
            f"#error compile the file that defines {self.upper}_IMPLEMENTATION as C",
            "#endif",
            "#include <math.h>",
            "",
            *([*tables, ""] if tables else []),
            *helpers,
            *(text for part in parts for _, text in part),
            public,
            f"#endif /* {self.upper}_IMPLEMENTATION */",
            "",
        ]
        return "\n".join(lines)

    def _usage(self) -> str:
        """How the file is used."""
        name, upper, real = self.prefix, self.upper, self.real
        name_of = "value" if self.n_results == 1 else f"results[{self.n_results}]"
        results = [f"{real} {name_of};"] if self.n_results else []
        arrays = [f"{real} parameters[{upper}_PARAMETERS];"] if self.parameters else []
        if self.exported.differentiable:
            arrays.append(f"{real} gradients[{upper}_PARAMETERS];")
        arrays += [f"{real} state[{upper}_STATE];"] if self.state else []
        arrays.append(f"{real} work[{upper}_WORK / sizeof({real})];")
        given = [x.split("*")[-1].split()[-1] for x in self._given()]
        passed = [f"&{x}" if x == "value" else x for x in given]
        lines = [
            f"#define {upper}_IMPLEMENTATION  // in one file; in others it is a header",
            f"#define {real} float  // in all of them; double unless it is defined",
            f'#include "{name}.h"',
            "",
            *(f"static {line}" for line in arrays),
            *results,
            f"int problem = {self.function}({', '.join(passed)});",
        ]
        text = [f"       {line}".rstrip() for line in lines]
        held = [x for x in ("parameters", "state") if getattr(self, x)]
        if held:
            text += [
                "",
                f"   Set {' and '.join(f'`{x}`' for x in held)} before the first call: "
                f"source.{'() and source.'.join(held)}() have the numbers.",
            ]
        text += [
            "",
            "   It returns 0; 1 if a number is not finite, 2 if an argument is out of range.",
        ]
        if self.exported.differentiable:
            text.append("   `gradients` may be NULL: then the value alone is computed.")
        text.append(
            "   It allocates nothing and keeps nothing, so several threads may call it at once."
        )
        return "/* Usage:\n\n" + "\n".join(text) + " */"

    def _sizes(self) -> Iterator[str]:
        """What the caller needs to know."""
        upper = self.upper
        yield "/* Bytes of `work`, whose numbers need not be set. */"
        yield f"#define {upper}_WORK ({max(self.laid.regions[-1].size, 1)} * sizeof({self.real}))"
        both = " and of `gradients`" if self.exported.differentiable else ""
        for array, others, names, tensors, starts in (
            ("PARAMETERS", both, self.parameters, self.exported.parameters, self.starts),
            ("STATE", "", self.state, self.exported.state, self.state_starts),
        ):
            held = zip(names, tensors, starts, strict=False)
            yield from self._places(array, others, held, starts[-1])

    def _places(
        self, array: str, others: str, held: Iterable[tuple[str, Any, int]], size: int
    ) -> Iterator[str]:
        """Where each tensor begins in an array."""
        if not size:
            return
        yield f"/* Numbers of `{array.lower()}`{others}, and where each begins, row by row. */"
        yield f"#define {self.upper}_{array} {size}"
        lines = []
        for name, x, start in held:
            what = "".join(f"[{n}]" for n in x.shape)
            what += ", a whole number" if getattr(x, "integer", False) else ""
            called = x.name.replace("*/", "* /")
            lines.append(f"{self.upper}_{name.upper()} = {start}, /* {called}{what} */")
        lines[-1] = lines[-1].replace(",", "", 1)
        yield "\n".join(["enum {", *(f"  {line}" for line in lines), "};"])

    def _given(self) -> list[str]:
        """The parameters of the function in C."""
        constant = "" if self.exported.is_step else "const "
        given = [f"{constant}{self.real} *parameters"] if self.parameters else []
        given += [f"{self.real} *state"] if self.state else []
        for name, argument in zip(self.arguments, self.exported.arguments, strict=True):
            kind = "int32_t" if name in self.integers else self.real
            given.append(f"const {kind} *{name}" if argument.shape else f"{kind} {name}")
        given += [f"{self.real} *{self.results}"] if self.n_results else []
        given += [f"{self.real} *gradients"] if self.exported.differentiable else []
        return [*given, f"{self.real} *work"]

    def _signature(self) -> str:
        return _signature(f"int {self.function}", self._given())

    def _functions(self, which: str, steps: Sequence[Step]) -> Iterator[tuple[str, str]]:
        """Static functions that do these steps: the call of each, and its definition."""
        writer = self._writer
        starts = range(0, len(steps), _IN_ONE_FUNCTION)
        for number, start in enumerate(starts):
            writer.used, writer.regions = {}, {}
            writer.replaced = {"parameters", "state"} if which == "update" else set()
            some = steps[start : start + _IN_ONE_FUNCTION]
            lines = [line for step in some for line in writer.step(step)]
            checks = any("finite &=" in line for line in lines)
            given, passed = [], []
            for region in self.laid.regions:
                array = region.name
                if array in writer.regions and array != "constants":
                    given.append(self._array(array))
                    passed.append(f"&{array}" if self._is_scalar(array) else array)
            if which == "update":
                given.append("int commit")
                passed.append("COMMIT")
            if checks:
                lines = ["int finite = 1;", *lines, "return finite;"]
            lines = [*self._pointers(), *lines]
            name = f"{self.prefix}_{which}" + (f"_{number}" if len(starts) > 1 else "")
            head = _signature(f"static {'int' if checks else 'void'} {name}", given)
            call = f"{'finite &= ' if checks else ''}{name}({', '.join(passed)});"
            yield call, f"{head}\n{{\n{_indented(lines)}\n}}\n"

    def _pointers(self) -> Iterator[str]:
        """The names that a function has for parts of arrays."""
        for name, pointer in self._writer.used.items():
            array = pointer.split()[0]
            constant = array in ("parameters", "state") and array not in self._replaced()
            kind = f"const {self.real}" if constant else self.real
            yield f"{kind} *const {name} = {pointer};"

    def _array(self, name: str) -> str:
        """The parameter of a static function."""
        written = name in ("gradients", self.results, "work") or name in self._replaced()
        kind = "int32_t" if name in self.integers else self.real
        return f"{'' if written else 'const '}{kind} *restrict {name}"

    def _replaced(self) -> set[str]:
        """The arrays whose numbers the function replaces."""
        return {"parameters", "state"} if self.exported.is_step else set()

    def _is_scalar(self, name: str) -> bool:
        given = zip(self.arguments, self.exported.arguments, strict=True)
        return any(name == other and not argument.shape for other, argument in given)

    def _public(
        self, forward: Sequence[str], update: Sequence[str], backward: Sequence[str]
    ) -> str:
        body = ["int finite = 1;", *self._range_checks(), *forward]
        if update:
            body += [call.replace("COMMIT", "0") for call in update]
            body += ["if (finite) {", *(call.replace("COMMIT", "1") for call in update), "}"]
        if self.exported.differentiable:
            body += ["if (gradients) {", *backward, "}"]
        text = "\n".join(body)
        names = [given.split("*")[-1].split()[-1] for given in self._given()]
        body += [f"(void){name};" for name in names if not re.search(rf"\b{name}\b", text)]
        body.append("return finite ? 0 : 1;")
        return f"{self._signature()}\n{{\n{_indented(body)}\n}}\n"

    def _range_checks(self) -> Iterator[str]:
        """What arguments must be: within their bounds; indices of as much as there is."""
        choices = np.append(self.exported.array_program.choices, 0)
        for name, argument in zip(self.arguments, self.exported.arguments, strict=True):
            integer = name in self.integers
            at = f"{name}[i]" if argument.shape else name
            tests = []
            for sign, bound in ((">=", argument.lowest), ("<=", argument.highest)):
                if np.isfinite(bound):
                    limit = str(int(bound)) if integer else number_in_c(bound, self.real)
                    tests.append(f"!({at} {sign} {limit})")
            among = choices[argument.indices.ravel()]
            if among.any():
                among[among == 0] = np.iinfo(np.int32).max
                limit = self._writer.tables.number(among, "i")
                tests.append(f"{at} < -{limit} || {at} >= {limit}")
            if tests:
                loop = (
                    f"for (int32_t i = 0; i < {argument.slots.size}; i++) "
                    if argument.shape
                    else ""
                )
                yield f"{loop}{{ if ({' || '.join(tests)}) return 2; }}"

    def _constants(self) -> Iterator[str]:
        numbers = self.laid.constants.tolist()
        if numbers:
            text = ", ".join(number_in_c(x, self.real) for x in numbers)
            yield f"static const {self.real} {self.prefix}_constants[{len(numbers)}] = {{{text}}};"


_NONE = np.zeros(0, np.int64)


def _plan(exported: Exported) -> Plan:
    """The plan, in which outputs of which nobody asks, as gradients of a step, are not computed."""
    if isinstance(exported, Stepped):
        return exported.plan
    program = exported.array_program
    asked = [r.outputs for r in exported.results]
    asked += [x.new for x in exported.parameters] + [x.new for x in exported.state]
    every = np.unique(_flat(asked))
    every = every[every >= 0]
    if len(every) == len(program.outputs):
        return exported.plan
    made = plan(replace(program, outputs=program.outputs[every]))
    outputs = np.full(len(program.outputs), -1)
    outputs[every] = made.outputs
    return replace(made, outputs=outputs)


def _ends(exported: Exported) -> str:
    """What the name of the function ends with."""
    if exported.is_step:
        return "step"
    return "value_and_grad" if exported.differentiable else "value"


def _starts(tensors: Iterable[Any]) -> list[int]:
    """Where each begins in an array of all, and the size of that."""
    found: list[int] = np.cumsum([0, *(x.slots.size for x in tensors)]).tolist()
    return found


def _flat(arrays: Iterable[Ints]) -> Ints:
    return np.concatenate([_NONE, *(x.ravel() for x in arrays)])


def _read(name: str, slots: Ints, made: Plan, copied: bool = False) -> Wanted:
    places = np.flatnonzero(slots >= 0)
    return Wanted(name, len(slots), places, made.leaves[slots[places]], "", copied)


def _names(tensors: Sequence[Any], taken: set[str], other: str = "") -> list[str]:
    """The names of tensors in C, each its own; so that those with `other` before them are free."""
    found = []
    for tensor in tensors:
        name = made = c_name(tensor.name)
        k = 1
        while taken & {name.lower(), other + name.lower()}:  # as macros have no other letters
            k += 1
            name = f"{made}_{k}"
        taken |= {name.lower(), other + name.lower()}
        found.append(name)
    return found


def _signature(start: str, given: Sequence[str]) -> str:
    """The head of a function, in lines that are not too long."""
    lines, line = [], f"{start}("
    for k, each in enumerate(given):
        if k and len(line) + len(each) > 97:
            lines.append(f"{line},")
            line = " " * (len(start) + 1) + each
        else:
            line += f"{', ' if k else ''}{each}"
    return "\n".join([*lines, f"{line}{'' if given else 'void'})"])


def _indented(lines: Sequence[str]) -> str:
    """The lines, two columns further in each pair of braces."""
    depth, found = 1, []
    for line in lines:
        closes = line.startswith("}")
        found.append("  " * (depth - closes) + line)
        depth += line.count("{") - line.count("}")
    return "\n".join(found)
