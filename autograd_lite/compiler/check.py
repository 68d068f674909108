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
from autograd_lite.compiler.record.template import Array, Hole, Made, plain, put_together
from autograd_lite.graph import cotangents, order_without
from autograd_lite.leaves import form
from autograd_lite.observers import Observer, observe, unobserved
from autograd_lite.tree import children, items, rebuild, rebuildable
from autograd_lite.value import Node, Value, grad_enabled, is_number, number_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from autograd_lite.compiler.call import Call
    from autograd_lite.compiler.program import Program
    from autograd_lite.compiler.tape.executor import Run

__all__ = ["CHECKS", "Witness", "difference", "is_checking"]

CHECKS = ("auto", "always", "never")


class Witness(Observer):
    """Watches the function in a call of which a part has been done: what was drawn for it is not
    drawn again, and no callback is made twice.

    asked   how many random numbers the function has asked for
    called  what each callback was called with
    """

    told = False

    def __init__(self, call: Call) -> None:
        self._call, self._made, self.asked = call, call.called, 0
        self.called: list[tuple[Any, ...]] = []

    def sample(self, function: Callable[[], float]) -> Any:
        self.asked += 1
        return self._call.draw(self.asked - 1, function)

    def call(self, function: Callable[..., object], values: tuple[Node | float, ...]) -> bool:
        self.called.append(plain(values))
        if len(self.called) > self._made:
            unobserved(function, *self.called[-1])
        return True

    def checked(self, function: Callable[..., Any]) -> Any:
        """What the function gives for the call, to be compared with what its program gave."""
        around = is_checking()
        try:  # before the change: an interrupt may come behind it
            _checking.set(True)
            with observe(self):
                args, kwargs = tuple(self._call.args), self._call.kwargs
                return function(*_as_doubles(args), **_as_doubles(kwargs))
        finally:
            _checking.set(around)


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
    program: Program, run: Run, call: Call, result: Any, witness: Witness, gradients: bool
) -> str:
    """How the program's run differs from what the function gave; "" if it does not."""
    if witness.asked != len(program.draws):
        return f"drew {counted(len(program.draws), 'number')}, and the function {witness.asked}"
    holes = [Hole(i) for i in range(len(run.outputs))]
    compared = Comparison(run.outputs)
    template = put_together(program.template, holes, holes[program.n_results :])
    compared.follow(template, result, "result")
    compared.follow(program.called_with(holes), witness.called, "callbacks")
    for i, x in enumerate(program.writes.now() if program.changes else ()):
        compared.follow(Hole(program.new_at + i, type(x)), x, program.writes.name(i))
    found = compared.different(program, run)
    if found or program.changes or not gradients or not grad_enabled():
        return found
    return _other_gradient(program, run, call, compared.nodes)


class Comparison:
    """What a program gave, beside what the function gave.

    outputs  the program's numbers
    nodes    {index of a result: the Value that the function gave for it}
    form     the first difference that is not one of numbers, or ""
    """

    def __init__(self, outputs: Sequence[float]) -> None:
        self.outputs = outputs
        self.nodes: dict[int, Value] = {}
        self.form = ""
        self._numbers: list[tuple[float, float, str, int]] = []  # found, expected, where, output

    def follow(self, x: Any, y: Any, path: str) -> None:
        """Note what the program gave as x, and the function as y.

        x  a thing with a hole for each of the program's outputs
        """
        hole = x if isinstance(x, Hole) else None
        x, cls = (self.outputs[hole.i], hole.number or Value) if hole else (x, type(x))
        if is_number(x) and (is_number(y) or isinstance(y, Value)):
            if cls is Value and isinstance(y, Value) and hole:
                self.nodes[hole.i] = y
            self._note(x, _kind(cls), y, path, hole.i if hole else -1)
        elif isinstance(x, Made) and type(x.like) is type(y):
            for p, (name, q) in zip(x.parameters, y.named_parameters(), strict=True):
                self.follow(p, q, f"{path}.{name}")
        elif not rebuildable(x) and not isinstance(x, Array):
            if x is not y and (type(x) is not type(y) or not (x == y or (x != x and y != y))):
                self._differs(repr(x), repr(y), path)
        elif _form(x) != _form(y):
            self._differs(repr(_form(x)), repr(_form(y)), path)
        elif isinstance(x, (np.ndarray, Array)):
            held = x.holes if isinstance(x, Array) else x
            for a, b in zip(held.ravel().tolist(), y.ravel().tolist(), strict=True):
                self.follow(a, b, path)
        else:
            for (key, a), b in zip(items(x), children(y), strict=True):
                self.follow(a, b, path + key)

    def _note(self, x: Any, kind: type, y: Any, path: str, output: int) -> None:
        """Note a number of the program, its kind and its output, and the function's number."""
        if kind is not _kind(type(y)):
            found, expected = kind.__name__, _kind(type(y)).__name__
            self._differs(f"{x!r} ({found})", f"{y!r} ({expected})", path)
        elif kind is Value or kind is float:
            y = number_of(y) if kind is Value else y
            self._numbers.append((float(x), float(y), path, output))
        elif x != y:  # whole numbers, with all their digits
            self._differs(repr(x), repr(y), path)

    def _differs(self, found: str, expected: str, path: str) -> None:
        self.form = self.form or _said(found, expected, path)

    def different(self, program: Program, run: Run) -> str:
        """The first difference, or "": more than rounding can make of the numbers on the way."""
        found, expected = [x for x, *_ in self._numbers], [y for _, y, *_ in self._numbers]
        wrong = others(found, expected, 0.0)
        if len(wrong):
            magnitude = program.choice.reference(run, [0.0] * program.tape.results)[2]
            wrong = others(found, expected, magnitude)
        for i in wrong:
            x, y, path, output = self._numbers[i]
            if output < 0 or not abs(x - y) <= program.choice.rounding(run, output):
                return _said(repr(x), repr(y), path)
        return self.form


def _said(found: str, expected: str, path: str) -> str:
    return f"gave {found} as {path}, and the function {expected}"


def _kind(cls: type) -> type:
    """Value, bool, int or float: what a type of numbers is, NumPy's or Python's."""
    kinds = (Value, Value), ((bool, np.bool_), bool), ((int, np.integer), int)
    return next((kind for types, kind in kinds if issubclass(cls, types)), float)


def _form(thing: Any) -> Any:
    """The form of a container, and of an array what it holds, too."""
    if isinstance(thing, Array):
        return form(thing.holes), "of numbers"
    if isinstance(thing, np.ndarray):
        return form(thing), "of objects" if thing.dtype.hasobject else "of numbers"
    return form(thing)


def _other_gradient(program: Program, run: Run, call: Call, nodes: dict[int, Value]) -> str:
    """How the gradient of a sum of the results differs, or ""; no `.grad` is touched."""
    weights = [x if i in nodes else 0.0 for i, x in enumerate(cotangents_for(program.n_results))]
    wrt = [*program.parameters, *call.flat.values]
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
            by = f"derivative with respect to {label!r}" if label else "a derivative"
            return _said(repr(gradient[i]), repr(expected[i]), by)
    return ""
