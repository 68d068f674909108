"""A loss and its optimiser in Python: the module of the loss, and the whole step below it."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np

from autograd_lite.compiler.export.language import Written
from autograd_lite.compiler.export.lines import renamed, with_names
from autograd_lite.compiler.export.module import (
    given_of,
    joined,
    module,
    names_of,
    readable,
    with_free_names,
)
from autograd_lite.compiler.export.module_names import function_name
from autograd_lite.compiler.export.python import Printer
from autograd_lite.compiler.export.python_function import Function
from autograd_lite.compiler.export.stepped import gradient_slots

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from autograd_lite.compiler.export.exported import Exported
    from autograd_lite.compiler.export.python import Dialect
    from autograd_lite.compiler.export.stepped import Stepped
    from autograd_lite.compiler.export.tensors import TensorProgram
    from autograd_lite.compiler.tape.ranges import Ints

__all__ = ["module_with_step"]


def module_with_step(exported: Stepped, dialect: Dialect, gradients: bool) -> Written:
    """The functions of a loss, and NAME_step, which calls one of them.

    gradients  as in `module`
    """
    text, shapes = module(exported.loss, dialect, gradients)
    free = with_free_names(exported)
    names, printer = names_of(free), (dialect.printer or Printer)(dialect)
    given, loss = given_of(free, names), exported.loss
    inputs, unread = [], []
    taken = {*names.values(), *[a.name for a in free.arguments]}
    for p, again, at in zip(free.parameters, exported.again, _gradients(exported), strict=True):
        short = names[p.name]
        gradient = f"d{short}"
        while gradient in taken:
            gradient += "_"
        taken.add(gradient)
        inputs += [(short, _before(again, loss.tape.leaves)), (gradient, at)]
        if any(p.name == q.name for q in loss.parameters):
            given[gradient] = ("gradients", p.name)
        elif (at >= 0).any():
            unread.append(f"    {gradient} = {dialect.module}.zeros({p.shape})")
    inputs += [(names[s.name], _before(s.slots, loss.tape.leaves)) for s in free.state]
    n = len(loss.tape.outputs)
    outputs = [(names[t.name], _before(t.new, n)) for t in free.changed]
    program = readable(free, exported.update.primal_program, inputs, [], outputs, [])
    program = _with_other_tables(program, text)
    new = dict(zip([known for known, _ in outputs], program.result, strict=True))
    results = "value" if len(loss.results) == 1 else "results"
    called = f"{function_name(loss)}_step"
    before = [*_call(free, dialect, results, gradients), *unread]
    step = Function(free, printer, given).update(called, before, results, program.forward, new)
    return Written(joined(printer, program, step, below=text), shapes)


def _with_other_tables(program: TensorProgram, text: str) -> TensorProgram:
    """The program, whose constant arrays have other names than those of a module."""
    names = {x: f"{x}_OF_STEP" for x in program.tables if re.search(rf"^{x} = ", text, re.M)}
    lines = renamed(program.forward, names)
    result = [with_names(x, names) for x in program.result]
    tables = {names.get(x, x): values for x, values in program.tables.items()}
    return replace(program, forward=lines, result=result, tables=tables)


def _before(indices: Ints, n: int) -> Ints:
    """The indices, n less; -1 stays."""
    return np.where(indices >= 0, indices - n, -1)


def _gradients(exported: Stepped) -> Iterator[Ints]:
    """Of each parameter [shape] the slots in which the update reads its gradients, or -1."""
    slot_of = gradient_slots(exported.update)
    for p in exported.parameters:
        slots = [slot_of.get(id(x), -1) for x in p.values.flat]
        yield np.array(slots, np.int64).reshape(p.shape)


def _call(exported: Exported, dialect: Dialect, results: str, gradients: bool) -> Iterator[str]:
    """The lines that call the loss, for its results and its gradients."""
    called = function_name(exported)
    given = ", ".join(["parameters", *[a.name for a in exported.arguments]])
    if gradients:
        yield f"    {results}, gradients = {called}_and_grad({given})"
    elif results == "value":
        yield f"    value, gradients = {dialect.gradient}({called})({given})"
    else:
        yield ""
        yield "    def value_of(parameters):"
        yield f"        results = {called}({given})"
        yield f"        return results[{exported.value}], results"
        yield ""
        found = f"{dialect.gradient}(value_of, has_aux=True)(parameters)"
        yield f"    (_, results), gradients = {found}"
