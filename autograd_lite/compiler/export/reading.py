"""From a function to its `Exported`: one recording, and the names of all that is in it."""

from __future__ import annotations

import inspect
from itertools import count

import numpy as np

import autograd_lite.kinds as kinds
from autograd_lite.callables import name_of
from autograd_lite.compiler.export.arguments import fixed_in, named_slots, parts_of
from autograd_lite.compiler.export.bounds import bounded
from autograd_lite.compiler.export.exported import (
    Argument,
    Exported,
    Parameter,
    Result,
    State,
    identifier,
)
from autograd_lite.compiler.export.naming import Named, named_values, variables
from autograd_lite.compiler.export.recorded import (
    ExportError,
    function_of,
    recorded,
    recorded_again,
)
from autograd_lite.compiler.function import Compiled
from autograd_lite.compiler.messages import said
from autograd_lite.compiler.record.flatten import Identity
from autograd_lite.compiler.record.template import Array, Hole, Row
from autograd_lite.compiler.tape.opcodes import LEAF
from autograd_lite.compiler.tape.tape import Tape
from autograd_lite.tree import items
from autograd_lite.value import Node, number_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from autograd_lite.compiler.program import Program
    from autograd_lite.compiler.record.flatten import FlatArguments
    from autograd_lite.compiler.tape.ranges import Ints

__all__ = ["argument_names", "read"]


def read(f: Callable[..., Any], args: tuple[Any, ...], name: str = "") -> Exported:
    """The `Exported` of f, recorded with these arguments; it changes nothing.

    Without arguments, those of the last call of a compiled function count.

    Raises ExportError for what cannot be exported, and what f raises.
    """
    compiled = getattr(f, "__func__", f)
    if not args and isinstance(compiled, Compiled) and _takes_any(f):
        f = compiled
        program, flat = recorded_again(compiled)
    else:
        program, flat = recorded(f, args)
    return _Reading(f, program, flat).exported(name)


def _takes_any(f: Any) -> bool:
    """True if a function must be passed arguments."""
    parameters = inspect.signature(f).parameters.values()
    variadic = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return any(p.default is p.empty and p.kind not in variadic for p in parameters)


class _Reading:
    """What is read off one program."""

    def __init__(self, f: Any, program: Program, flat: FlatArguments) -> None:
        self._f, self._program, self._flat = f, program, flat
        reads, writes = program.reads, program.writes
        n_given = len(flat.floats)
        slots = count(n_given)
        # {id of a Value or of an object with state: where its number is read, or written}
        self._data = {id(x): next(slots) for x in reads.data}
        self._grads = {id(x): next(slots) for x in reads.grads}
        self._arrays = {(id(x), k): [next(slots) for _ in range(n)] for x, k, n in reads.arrays}
        self._numbers = {(id(x), k): next(slots) for x, k, _ in reads.numbers}
        self._data |= {id(x): next(slots) for x in program.parameters}
        n = program.n_results + program.n_numbers
        outputs = count(n)
        self._new_data = {id(x): next(outputs) for x in writes.data}
        self._new_grads = {id(x): next(outputs) for x in writes.grads}
        self._new_arrays = {
            (id(x), k): [next(outputs) for _ in range(m)] for x, k, m in writes.arrays
        }
        self._new_numbers = {(id(x), k): next(outputs) for x, k, _ in writes.numbers}
        old = program.tape
        self._tape = Tape(
            old.codes,
            old.offsets,
            old.parents,
            old.static,
            old.slots,
            [*old.outputs[:n], *old.outputs[program.new_at :][: len(writes)]],
            old.leaves,
            old.indices,
            old.results,
            old.blocks,
            old.marks,
        )

    def exported(self, name: str) -> Exported:
        program = self._program
        passed, arguments, fixed = self._given()
        arguments = bounded(arguments, program)
        function = function_of(self._f)
        values = [*program.parameters, *program.reads.data]
        grads = [*program.reads.grads, *program.writes.grads]
        wanted = {id(x): x for x in [*values, *grads]}.values()
        named = named_values(function, wanted, fixed.items())
        taken = {parameter.name for parameter in passed}
        named = [Named(f"{x.name}_" if x.name in taken else x.name, x.values) for x in named]
        parameters = [self._parameter(*each) for each in named]
        state = [*self._grads_of(parameters), *self._state(function, parameters)]
        read = [p for p in parameters if (p.slots >= 0).any()]
        tensors = [*passed, *read, *arguments, *state]
        known = np.concatenate([np.empty(0, np.int64), *(x.slots.ravel() for x in tensors)])
        assert np.isin(self._tape.slots[self._tape.codes == LEAF], known).all()
        return Exported(
            name=name or identifier(name_of(self._f).replace("<lambda>", "")),
            title=(inspect.getdoc(function) or "").partition("\n")[0],
            tape=self._tape,
            parameters=[*passed, *read],
            arguments=arguments,
            fixed=fixed,
            results=self._results(),
            state=state,
        )

    # ----------------------------------------------------------------------- arguments

    def _given(self) -> tuple[list[Parameter], list[Argument], dict[str, Any]]:
        """The arguments: those of Values as parameters, those of numbers, and what is fixed."""
        flat = self._flat
        positional, by_keyword = parts_of(flat)
        names = argument_names(function_of(self._f), len(positional))
        parts = [*zip(names, positional, strict=True), *by_keyword.items()]
        numbers = np.array(flat.floats)
        values = dict(zip(flat.slots, flat.values, strict=True))
        passed: list[Parameter] = []
        arguments: list[Argument] = []
        fixed: dict[str, Any] = {}
        ints = 0
        for argument, part in parts:
            fixed |= dict(fixed_in(argument, part))
            for name, found in named_slots(argument, part, "."):
                at = found.at
                if found.kind == kinds.NO_NUMBER:
                    held = np.empty(at.shape, object)
                    for place, slot in np.ndenumerate(at):
                        held[place] = values.get(int(slot))
                    known = None if None in held.ravel().tolist() else held
                    none = np.full(at.shape, -1)
                    passed.append(Parameter(name, at, numbers[at], known, none))
                    continue
                integer = found.kind == kinds.INT
                indices = np.full(at.shape, -1)
                if integer:
                    indices = np.arange(ints, ints + at.size).reshape(at.shape)
                    ints += at.size
                name = identifier(name)
                arguments.append(Argument(name, at, numbers[at], integer, indices))
        return passed, arguments, fixed

    # ------------------------------------------------------------------ parameters, state

    def _parameter(self, name: str, values: Any) -> Parameter:
        slots, numbers = np.full(values.shape, -1), np.zeros(values.shape)
        new = np.full(values.shape, -1)
        for place, x in np.ndenumerate(values):
            slots[place] = self._data.get(id(x), -1)
            new[place] = self._new_data.get(id(x), -1)
            numbers[place] = number_of(x)
        return Parameter(name, slots, numbers, values, new)

    def _grads_of(self, parameters: list[Parameter]) -> Iterator[State]:
        """The gradients as state: those that the program reads, and all if it sets nothing else."""
        sets = bool(self._new_data or self._new_arrays or self._new_numbers)
        new_grads = {} if sets else self._new_grads
        if sets:
            new_grads = {k: x for k, x in self._new_grads.items() if k in self._grads}
        for p in parameters:
            slots, numbers = np.full(p.shape, -1), np.zeros(p.shape)
            new = np.full(p.shape, -1)
            for place, x in np.ndenumerate(p.values):
                slots[place] = self._grads.get(id(x), -1)
                new[place] = new_grads.get(id(x), -1)
                numbers[place] = x.grad
            if (slots >= 0).any() or (new >= 0).any():
                yield State(f"{p.name}.grad", slots, numbers, False, new)

    def _state(self, function: Any, parameters: list[Parameter]) -> Iterator[State]:
        """The state of objects, such as the memories of an optimiser, parameter by parameter."""
        program = self._program
        names = {id(thing): name for name, thing in variables(function)}
        arrays = dict.fromkeys(
            (id(x), k) for x, k, _ in [*program.reads.arrays, *program.writes.arrays]
        )
        owners = {id(x): x for x in [*program.reads.owners(), *program.writes.owners()]}
        for key in arrays:
            thing, attribute = owners[key[0]], key[1]
            owner = names.get(key[0], type(thing).__name__.lower())
            held = np.array(vars(thing)[attribute])
            none = [-1] * len(held)
            slots = np.array(self._arrays.get(key, none))
            new = np.array(self._new_arrays.get(key, none))
            for name, at in _by_parameter(thing, len(held), parameters):
                yield State(f"{owner}.{attribute}{name}", slots[at], held[at], False, new[at])
        numbers = dict.fromkeys(
            (id(x), k) for x, k, _ in [*program.reads.numbers, *program.writes.numbers]
        )
        for key in numbers:
            thing, attribute = owners[key[0]], key[1]
            owner = names.get(key[0], type(thing).__name__.lower())
            held = vars(thing)[attribute]
            yield State(
                f"{owner}.{attribute}",
                np.array(self._numbers.get(key, -1)),
                np.array(float(held)),
                isinstance(held, int),
                np.array(self._new_numbers.get(key, -1)),
            )

    # ------------------------------------------------------------------------- results

    def _results(self) -> list[Result]:
        program, template = self._program, self._program.template
        found: list[tuple[str, Ints]] = []
        if isinstance(template, Row) and template.cls is tuple:
            outputs = self._outputs(template)
            found = [(f"value_{i}", np.array(at)) for i, at in enumerate(outputs)]
        elif isinstance(template, (dict, tuple)) and not hasattr(template, "_fields"):
            parts = template.items() if isinstance(template, dict) else enumerate(template)
            for key, part in parts:
                name = str(key) if isinstance(template, dict) else f"value_{key}"
                found += self._numbers_in(name, part)
        else:
            found += self._numbers_in("value", template)
        if not found and not program.changes:
            raise ExportError(f"export: {program.name} returns no number that it computes")
        return [Result(identifier(name), outputs) for name, outputs in found]

    def _numbers_in(self, name: str, template: Any) -> Iterator[tuple[str, Ints]]:
        """(name, outputs) of the numbers in the template of a result."""
        found = self._outputs(template)
        if found is not None:
            yield name, found
        elif isinstance(template, Identity) and isinstance(template.thing, Node):
            raise ExportError(
                said(
                    f"export: {self._program.name} returns a Value that it has not computed",
                    "Return its .data",
                )
            )
        else:
            for path, held in items(template):
                yield from self._numbers_in(f"{name}_{path.strip(_BRACKETS)}", held)

    def _outputs(self, template: Any) -> Any:
        """[shape] the outputs in a hole, or in regularly nested lists of holes; None of others."""
        n = self._program.n_results
        if isinstance(template, Hole):
            return np.array(template.i + (0 if template.number is None else n))
        if isinstance(template, Row):
            first = 0 if template.number is None else n
            return np.arange(template.start, template.stop) + first
        shape = None
        if isinstance(template, (Array, np.ndarray)):
            held = template.holes if isinstance(template, Array) else template
            shape, parts = held.shape, held.ravel().tolist()
        elif isinstance(template, (list, tuple)):
            parts = [*template]
        else:
            return None
        rows = [self._outputs(x) for x in parts]
        if not rows or any(x is None or x.shape != rows[0].shape for x in rows):
            return None
        return np.stack(rows) if shape is None else np.reshape(rows, shape)


_BRACKETS = ".[]'\""


def _by_parameter(thing: Any, n: int, parameters: list[Parameter]) -> Iterator[tuple[str, Ints]]:
    """(name, [shape] indices) of the parts of an array that an object has of its parameters.

    All of it at once, without a name, if it has not a number for each of its `params`.
    """
    params = getattr(thing, "params", ())
    index = {id(x): i for i, x in enumerate(params)}
    known = [[id(x) in index for x in p.values.flat] for p in parameters]
    whole = all(all(row) or not any(row) for row in known)
    if len(params) != n or sum(map(sum, known)) != n or not whole:
        yield "", np.arange(n)
        return
    for p in parameters:
        inside = [index.get(id(x), -1) for x in p.values.flat]
        if max(inside) >= 0:
            yield f".{p.name}", np.reshape(inside, p.shape)


def argument_names(function: Any, n: int) -> list[str]:
    """The names of the first n parameters of a function, those of *args with a number."""
    try:
        parameters = [*inspect.signature(function).parameters.values()]
    except (TypeError, ValueError):  # it does not tell
        parameters = []
    names: list[str] = []
    for parameter in parameters:
        if parameter.kind is parameter.VAR_POSITIONAL:
            names += [f"{parameter.name}_{i}" for i in range(n - len(names))]
        names.append(parameter.name)
    names += [f"x_{i}" for i in range(n - len(names))]
    return names[:n]
