"""A program: one recording of a function, ready to run on other numbers."""

from __future__ import annotations

from array import array

import numpy as np

from autograd_lite.compiler.executors import Executor, Run
from autograd_lite.compiler.record import NotRecordedError
from autograd_lite.compiler.tape import tape_of
from autograd_lite.value import Value, number_of, replayed_nodes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import Any

    from autograd_lite.compiler._flatten import Flat
    from autograd_lite.compiler.captures import Captures
    from autograd_lite.compiler.record import Guard, Recording

__all__ = ["Place", "Program", "put_together"]


class Program:
    """What a recorded call computes, as a tape for an executor, and what it returned.

    The leaves of its tape are the arguments' numbers, then random numbers, then the numbers of
    the Values that were there before the call (`parameters`). Its outputs are the results, then
    what guards and callbacks ask for.

    names      of the arguments, by the slots of their numbers
    template   what the function returned, with places among the results
    guards     on the outputs
    calls      callbacks, and the place among the outputs, or the number, of each of their operands
    lines      of nodes, where in the function they were made, if the recording has it
    example    the numbers that it was recorded with, as `Flat` has them
    draws      what draws the random numbers; `drawn` are those of the recorded call, until it ran
    """

    captures: Captures

    def __init__(self, recording: Recording, flat: Flat, name: str, executor: str) -> None:
        self.name = name
        outputs: list[Value] = []
        self.template = _taken_apart(recording.result, outputs)
        self.n_results = len(outputs)
        places: dict[Value, int] = {}
        self.guards = _Guards(recording.guards, outputs, places)
        self.calls = [
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
        leaves = dict(recording.arguments)
        leaves |= {leaf: len(leaves) + i for i, leaf in enumerate(recording.draws)}
        self.names = recording.names | {range(len(recording.arguments), len(leaves)): "drawn"}
        try:
            self.tape, parameters, place = tape_of(
                recording.made,
                outputs,
                leaves,
                indices=recording.indices,
                picks=recording.picks,
                sources=recording.sources,
            )
        except ValueError as problem:
            raise NotRecordedError(str(problem)) from None
        self.lines = {place[node]: line for node, line in recording.lines.items() if node in place}
        self.example = flat.shape, flat.statics, flat.floats, flat.integers
        self.parameters = tuple(parameters)
        self._leaves_all = all(parameter.is_leaf for parameter in parameters)
        self._wrt = [*range(len(leaves), self.tape.leaves), *flat.slots]
        self.executor = Executor(self.tape, self._wrt, executor, self.guards.exact)

    def __getstate__(self) -> dict[str, Any]:
        return {name: thing for name, thing in self.__dict__.items() if name != "captures"}

    def decisions(self) -> str:
        """Where its last guard stands."""
        return self.guards.tests[-1][-1] if self.guards.tests else "another object each time"

    def explain(self, lines: Callable[[Program], Mapping[int, str]]) -> str:
        """The lifted program, the counts, and the guards.

        lines  gives of nodes where in the function they were made; asked for what stayed scalar
        """
        text = [f"{self.name}: {len(self.guards.tests)} guards"] if self.guards.tests else []
        text += [f"    {op} at {place}" for _, op, _, _, _, place in self.guards.tests[:10]]
        return "\n".join([*text, self.executor.explain(self.names, lambda: lines(self))])

    def run(self, flat: Flat) -> tuple[bool, Any]:
        """Whether all guards hold for these arguments, and what the function returns.

        Raises IndexError for an index that `take` was given and that is out of range, unless a
        guard might have said that this program is not the one.
        """
        drawn, self.drawn = self.drawn or [float(draw()) for draw in self.draws], []
        try:
            state = self.forward(self.executor, flat, drawn)
        except IndexError:
            if not self.guards.tests:
                raise
            return False, None
        if self.guards.tests and not self.guards.hold(state.outputs):
            self.drawn = drawn
            return False, None
        self.call_back(state.outputs)
        return True, put_together(self.template, self.nodes(state, self.n_results, flat))

    def forward(self, executor: Executor, flat: Flat, drawn: list[float]) -> Run:
        """The run on the numbers of flat, the random ones drawn, and the parameters' own."""
        leaves = flat.floats + array("d", drawn) if drawn else flat.floats
        return executor.forward(leaves, flat.integers, self.parameters)

    def nodes(self, run: Run, n_results: int, flat: Flat) -> list[Value]:
        """The results of a run as nodes of the eager graph."""
        wrt, leaves_all = self.parameters, self._leaves_all
        if flat.values:
            wrt += tuple(flat.values)
            leaves_all = leaves_all and all(value.is_leaf for value in flat.values)
        results = run.outputs[:n_results]
        return replayed_nodes(self.name, wrt, leaves_all, results, run.gradient)

    def call_back(self, outputs: list[float]) -> None:
        """Do the callbacks."""
        for function, values in self.calls:
            function(*[outputs[i] if i >= 0 else number for i, number in values])


class Place:
    """Stands in a template for a result."""

    __slots__ = ("i",)

    def __init__(self, i: int) -> None:
        self.i = i


def _taken_apart(thing: Any, results: list[Value]) -> Any:
    """A result with the place among the results instead of each Value, which is added to them."""
    if isinstance(thing, Value):
        results.append(thing)
        return Place(len(results) - 1)
    if isinstance(thing, (list, tuple)):
        parts = [_taken_apart(element, results) for element in thing]
        return type(thing)(*parts) if hasattr(thing, "_fields") else type(thing)(parts)
    if isinstance(thing, dict):
        return {key: _taken_apart(element, results) for key, element in thing.items()}
    if getattr(getattr(thing, "dtype", None), "kind", "") == "O":
        array = np.empty(thing.size, object)
        for i, element in enumerate(thing.ravel().tolist()):
            array[i] = _taken_apart(element, results)
        return array.reshape(thing.shape)
    return thing


def put_together(template: Any, nodes: list[Value]) -> Any:
    """The result with a node in each place."""
    if type(template) is Place:
        return nodes[template.i]
    if isinstance(template, (list, tuple)):
        parts = [put_together(part, nodes) for part in template]
        return type(template)(*parts) if hasattr(template, "_fields") else type(template)(parts)
    if isinstance(template, dict):
        return {key: put_together(part, nodes) for key, part in template.items()}
    if getattr(getattr(template, "dtype", None), "kind", "") == "O":
        parts = template.copy()
        parts.flat = [put_together(part, nodes) for part in template.ravel().tolist()]
        return parts
    return template


class _Guards:
    """The guards of a recording, on its tape's outputs.

    exact  whether one compares a number bit for bit
    """

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
        self.exact = any(test[1] == "is" for test in self.tests)

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
