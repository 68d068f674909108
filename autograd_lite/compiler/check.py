"""A check: the function runs beside its program, and the numbers of both are compared.

It needs to know nothing of Python: of whatever a recording did not see, the numbers tell.
"""

from __future__ import annotations

from contextvars import ContextVar
from operator import is_

import numpy as np

import autograd_lite.functions as functions
from autograd_lite.compiler.choice import cotangents_for, others
from autograd_lite.compiler.messages import counted
from autograd_lite.compiler.program import Array, Hole, Row
from autograd_lite.compiler.record.flatten import Identity
from autograd_lite.graph import cotangents, order_without
from autograd_lite.observers import Observer, observe, unobserved
from autograd_lite.tree import children, items, rebuild, rebuildable
from autograd_lite.value import Value, grad_enabled, is_number, number_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from autograd_lite.compiler.call import Call
    from autograd_lite.compiler.program import Program
    from autograd_lite.compiler.record.flatten import FlatArguments
    from autograd_lite.compiler.tape.executor import Run

__all__ = ["CHECKS", "Witness", "difference", "is_checking"]

CHECKS = ("auto", "always", "never")


class Witness(Observer):
    """Watches the function in a check: it gives `sample` the numbers that the program drew.

    drawn   those numbers
    asked   how many the function has asked for
    called  the numbers that each callback was called with
    """

    told = False

    def __init__(self, drawn: Sequence[float]) -> None:
        self.drawn, self.asked = drawn, 0
        self.called: list[list[float]] = []

    def sample(self, function: Callable[[], float]) -> Any:
        self.asked += 1
        known = self.asked <= len(self.drawn)
        return self.drawn[self.asked - 1] if known else function()

    def call(self, function: Callable[..., object], values: tuple[Value | float, ...]) -> bool:
        self.called.append([number_of(x) if isinstance(x, Value) else x for x in values])
        unobserved(function, *self.called[-1])
        return True

    def run(self, function: Callable[..., Any], call: Call) -> Any:
        """What the function gives for a call."""
        token = _checking.set(True)
        try:
            with observe(self):
                return function(*_as_doubles(tuple(call.args)), **_as_doubles(call.kwargs))
        finally:
            _checking.reset(token)


_checking: ContextVar[bool] = ContextVar("checking", default=False)
is_checking = _checking.get
"""True if a function runs here so that its numbers are compared."""


def _as_doubles(thing: Any) -> Any:
    """The thing itself, or one like it whose numbers are as wide as in a program."""
    if isinstance(thing, (np.ndarray, np.generic)) and thing.dtype.kind in "fiu":
        wide = float if thing.dtype.kind == "f" else np.int64
        return thing.astype(wide) if thing.dtype.itemsize < 8 else thing
    if not rebuildable(thing):
        return thing
    held = children(thing)
    found = [_as_doubles(x) for x in held]
    return thing if all(map(is_, held, found)) else rebuild(thing, found)


def difference(
    program: Program,
    run: Run,
    flat: FlatArguments,
    result: Any,
    witness: Witness,
    gradients: bool,
) -> str:
    """How the program's run differs from what the function gave; "" if it does not."""
    if witness.asked != len(program.draws):
        return f"drew {counted(len(program.draws), 'number')}, and the function {witness.asked}"
    n = program.n_results
    compared = _Comparison(run.outputs, n)
    compared.follow(program.template, result, "result")
    calls = program.called_with(run.outputs)
    compared.follow(calls, witness.called, "callbacks")
    found = compared.different(lambda: program.choice.reference(run, [0.0] * n)[2])
    if found or not gradients or not grad_enabled():
        return found
    return _other_gradient(program, run, flat, compared.nodes)


class _Comparison:
    """A program's result beside the function's.

    outputs  the program's numbers
    nodes    {index of a result: the Value that the function gave for it}
    """

    def __init__(self, outputs: Sequence[float], n_results: int) -> None:
        self.outputs, self._n_results = outputs, n_results
        self.nodes: dict[int, Value] = {}
        self._found: list[float] = []
        self._expected: list[float] = []
        self._paths: list[str] = []
        self._form = ""  # the first difference that is not one of numbers

    def follow(self, template: Any, thing: Any, path: str) -> None:
        """Note each number of a template that is filled, and the function's number there."""
        if isinstance(template, Row):
            holes = range(template.start, template.stop)
            template = template.cls([Hole(i, template.number) for i in holes])
        if isinstance(template, Array):
            template = template.holes
        if isinstance(template, Hole) and template.number is not None:
            self._note(self.outputs[self._n_results + template.i], thing, path)
        elif isinstance(template, Hole):
            if isinstance(thing, Value):
                self.nodes[template.i] = thing
            self._note(self.outputs[template.i], thing, path)
        elif isinstance(template, Identity):
            if thing is not template.thing:
                self._differs(template.thing, thing, path)
        elif is_number(template):
            self._note(template, thing, path)
        elif not rebuildable(template):
            if type(thing) is not type(template) or thing != template:
                self._differs(template, thing, path)
        elif type(thing) is not type(template) or _form(thing) != _form(template):
            self._differs(_form(template), _form(thing), path)
        elif isinstance(template, np.ndarray):
            for x, y in zip(template.ravel().tolist(), thing.ravel().tolist(), strict=True):
                self.follow(x, y, path)
        else:
            for (key, x), y in zip(items(template), children(thing), strict=True):
                self.follow(x, y, path + key)

    def _note(self, found: float, expected: Any, path: str) -> None:
        if isinstance(expected, Value):
            expected = number_of(expected)
        if is_number(expected):
            self._found.append(float(found))
            self._expected.append(float(expected))
            self._paths.append(path)
        else:
            self._differs(found, expected, path)

    def _differs(self, found: Any, expected: Any, path: str) -> None:
        self._form = self._form or _said(found, expected, path)

    def different(self, magnitude: Callable[[], float]) -> str:
        """The first difference, or ""; magnitude gives the largest number on the way."""
        wrong = others(self._found, self._expected, 0.0)
        if len(wrong):
            wrong = others(self._found, self._expected, magnitude())
        for i in wrong[:1]:
            return _said(self._found[i], self._expected[i], self._paths[i])
        return self._form


def _said(found: Any, expected: Any, path: str) -> str:
    return f"gave {found!r} as {path}, and the function {expected!r}"


def _form(thing: Any) -> Any:
    """What two containers have in common that hold things in the same places."""
    if isinstance(thing, np.ndarray):
        return np.ndarray, thing.shape
    if not rebuildable(thing):
        return type(thing)
    return type(thing), [path for path, _ in items(thing)]


def _other_gradient(
    program: Program, run: Run, flat: FlatArguments, nodes: dict[int, Value]
) -> str:
    """How the gradient of a sum of the results differs, or ""; no `.grad` is touched."""
    weights = [x if i in nodes else 0.0 for i, x in enumerate(cotangents_for(program.n_results))]
    wrt = [*program.parameters, *flat.values]
    total = functions.sum([node * weights[i] for i, node in nodes.items()])
    if not isinstance(total, Value) or not wrt:
        return ""
    ends = dict.fromkeys(wrt)
    derivatives = cotangents(order_without(total, ends.__contains__), ends)
    found = dict.fromkeys(wrt, 0.0)
    for x, derivative in zip(wrt, run.gradient(weights), strict=True):
        found[x] += derivative  # of a Value that is passed twice, both
    gradient, expected = [found[x] for x in ends], [derivatives[x] for x in ends]
    if len(others(gradient, expected, 0.0)):
        magnitude = program.choice.reference(run, weights)[2]
        for i in others(gradient, expected, magnitude)[:1]:
            label = [*ends][i].label
            by = f"derivative by {label!r}" if label else "a derivative"
            return _said(gradient[i], expected[i], by)
    return ""
