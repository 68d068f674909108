"""A program: one recording of a function, ready to run on other numbers."""

from __future__ import annotations

from array import array

import numpy as np

from autograd_lite.compiler.executors import Executor
from autograd_lite.compiler.record import NotRecordedError
from autograd_lite.compiler.tape import tape_of
from autograd_lite.value import Value, number_of, replayed_nodes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from autograd_lite.compiler._flatten import Flat
    from autograd_lite.compiler.captures import Captures
    from autograd_lite.compiler.record import Guard, Recording

__all__ = ["Program"]


class Program:
    """What a recorded call computes, as a tape for an executor, and what it returned.

    The leaves of its tape are the arguments' numbers, then random numbers, then the numbers of
    the Values that were there before the call (`parameters`).
    """

    captures: Captures

    def __init__(self, recording: Recording, flat: Flat, name: str, executor: str) -> None:
        self.name = name
        self._results: list[Value] = []
        self._template = self._taken_apart(recording.result)
        outputs = list(self._results)
        places: dict[Value, int] = {}
        self._guards = _Guards(recording.guards, outputs, places)
        self._calls = [
            (
                function,
                [
                    (_place_among(x, outputs, places), 0.0) if isinstance(x, Value) else (-1, x)
                    for x in values
                ],
            )
            for function, values in recording.calls
        ]
        self.draws = tuple(recording.draws.values())
        self.drawn = [number_of(leaf) for leaf in recording.draws]  # for the first run
        self._n_arguments = len(recording.arguments)
        leaves = dict(recording.arguments)
        leaves |= {leaf: self._n_arguments + i for i, leaf in enumerate(recording.draws)}
        try:
            self.tape, parameters = tape_of(
                recording.made,
                outputs,
                leaves,
                indices=recording.indices,
                picks=recording.picks,
                sources=recording.sources,
            )
        except ValueError as problem:
            raise NotRecordedError(str(problem)) from None
        self.parameters = tuple(parameters)
        self._leaves_all = all(parameter.is_leaf for parameter in parameters)
        self._wrt = [*range(len(leaves), self.tape.leaves), *flat.slots]
        self._n_results, self._results = len(self._results), []
        exact = any(test[1] == "is" for test in self._guards.tests)
        self.executor = Executor(self.tape, self._wrt, executor, exact)

    def decisions(self) -> str:
        """Where its last guard stands."""
        return self._guards.tests[-1][-1] if self._guards.tests else "another object each time"

    def explain(self) -> str:
        """The lifted program, the counts, and the guards."""
        lines = [f"{self.name}: {len(self._guards.tests)} guards"] if self._guards.tests else []
        lines += [f"    {op} at {place}" for _, op, _, _, _, place in self._guards.tests[:10]]
        return "\n".join([*lines, self.executor.explain()])

    def _taken_apart(self, thing: Any) -> Any:
        """The result with the place among the results instead of each Value."""
        if isinstance(thing, Value):
            self._results.append(thing)
            return _Place(len(self._results) - 1)
        if isinstance(thing, (list, tuple)):
            parts = [self._taken_apart(element) for element in thing]
            return type(thing)(*parts) if hasattr(thing, "_fields") else type(thing)(parts)
        if isinstance(thing, dict):
            return {key: self._taken_apart(element) for key, element in thing.items()}
        if getattr(getattr(thing, "dtype", None), "kind", "") == "O":
            array = np.empty(thing.size, object)
            for i, element in enumerate(thing.ravel().tolist()):
                array[i] = self._taken_apart(element)
            return array.reshape(thing.shape)
        return thing

    def run(self, flat: Flat) -> tuple[bool, Any]:
        """Whether all guards hold for these arguments, and what the function returns."""
        leaves, drawn = flat.floats, self.drawn
        if self.draws:
            drawn, self.drawn = drawn or [float(draw()) for draw in self.draws], []
            leaves = leaves + array("d", drawn)
        run = self.executor.forward(leaves, flat.integers, self.parameters)
        outputs = run.outputs
        if self._guards.tests and not self._guards.hold(outputs):
            self.drawn = drawn
            return False, None
        for function, values in self._calls:
            function(*[outputs[i] if i >= 0 else number for i, number in values])
        wrt, leaves_all = self.parameters, self._leaves_all
        if flat.values:
            wrt += tuple(flat.values)
            leaves_all = leaves_all and all(value.is_leaf for value in flat.values)
        results = outputs[: self._n_results]
        nodes = replayed_nodes(self.name, wrt, leaves_all, results, run.gradient)
        return True, _put_together(self._template, nodes)


class _Place:
    """Stands in a template for a result."""

    __slots__ = ("i",)

    def __init__(self, i: int) -> None:
        self.i = i


def _put_together(template: Any, nodes: list[Value]) -> Any:
    if type(template) is _Place:
        return nodes[template.i]
    if isinstance(template, (list, tuple)):
        parts = [_put_together(part, nodes) for part in template]
        return type(template)(*parts) if hasattr(template, "_fields") else type(template)(parts)
    if isinstance(template, dict):
        return {key: _put_together(part, nodes) for key, part in template.items()}
    if getattr(getattr(template, "dtype", None), "kind", "") == "O":
        parts = template.copy()
        parts.flat = [_put_together(part, nodes) for part in template.ravel().tolist()]
        return parts
    return template


class _Guards:
    """The guards of a recording, on its tape's outputs."""

    def __init__(
        self, guards: Iterable[Guard], outputs: list[Value], places: dict[Value, int]
    ) -> None:
        self.tests: list[tuple[int, str, int, float, bool, str]] = []
        seen = set()
        for guard in guards:
            y = -1
            if isinstance(guard.y, Value):
                y = _place_among(guard.y, outputs, places)
            number = 0.0 if y >= 0 else float(guard.y)
            x = _place_among(guard.x, outputs, places)
            test = (x, guard.op, y, number, guard.outcome, guard.place)
            if test[:5] not in seen:
                seen.add(test[:5])
                self.tests.append(test)

    def hold(self, outputs: Any) -> bool:
        return all(
            _decided(outputs[x], op, outputs[y] if y >= 0 else number) == outcome
            for x, op, y, number, outcome, _ in self.tests
        )


def _place_among(node: Value, outputs: list[Value], places: dict[Value, int]) -> int:
    if node not in places:
        places[node] = len(outputs)
        outputs.append(node)
    return places[node]


def _decided(x: float, op: str, y: float) -> bool:
    if op == "<":
        return x < y
    if op == "<=":
        return x <= y
    if op == ">":
        return x > y
    if op == ">=":
        return x >= y
    if op == "!=":
        return x != y
    return x == y or (op == "is" and x != x and y != y)
