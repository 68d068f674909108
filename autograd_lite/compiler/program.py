"""A program: one recording of a function, ready to run on other numbers."""

from __future__ import annotations

import copy
import dataclasses
import operator
from array import array
from collections import Counter, OrderedDict, defaultdict
from itertools import compress, cycle
from numbers import Integral
from typing import NamedTuple

import numpy as np

from autograd_lite.compiler.choice import ExecutorChoice
from autograd_lite.compiler.messages import said
from autograd_lite.compiler.record.callbacks import Callbacks
from autograd_lite.compiler.record.recorder import NotRecordedError
from autograd_lite.compiler.tape.loops import broken
from autograd_lite.compiler.tape.opcodes import GREATER, LESS, OPPOSITE, SAME, UNORDERED
from autograd_lite.compiler.tape.tape import tape_of
from autograd_lite.value import Value, replayed_nodes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Mapping, Sequence
    from typing import Any

    from autograd_lite.compiler.record.captured import CapturedState
    from autograd_lite.compiler.record.flatten import FlatArguments
    from autograd_lite.compiler.record.recorder import Guard, Recording
    from autograd_lite.compiler.tape.executor import Run

__all__ = [
    "Attempt",
    "Hole",
    "Program",
    "in_a_row",
    "is_made_of_fields",
    "parts_of",
    "put_together",
    "rebuilt",
]


class Program:
    """What a recorded call computes, as a tape for an executor, and what it returned.

    The leaves of its tape are the arguments' numbers, then random numbers, then the numbers of
    the Values that were there before the call (`parameters`). Its outputs are the results, then
    what guards and callbacks ask for.

    names      of the arguments, by the slots of their numbers
    template   what the function returned, with a hole for each result
    guards     on the outputs
    calls      the callbacks
    why_not    why the function must be run instead, which the first run tells, or ""
    lines      of nodes, where in the function they were made, if the recording has it
    example    the arguments that it was recorded with, and the random numbers
    draws      what draws the random numbers, and of each whether it is an index (`is_index`)

    Raises NotRecordedError for what cannot be replayed.
    """

    def __init__(
        self,
        recording: Recording,
        captured: CapturedState,
        flat: FlatArguments,
        name: str,
        executor: str,
    ) -> None:
        self.name, self.captured = name, captured
        outputs = _Outputs()
        self.template = _taken_apart(recording.result, outputs, captured)
        self.n_results = len(outputs.nodes)
        self.guards = _Guards(recording.guards, outputs, recording.indices)
        self.calls = Callbacks(recording.calls, outputs.index_of)
        self.why_not = ""
        self.draws = tuple(draw.function for draw in recording.draws)
        read = {node.parents[0] for node in recording.takes}
        self.is_index = [x.leaf in read and isinstance(x.number, Integral) for x in recording.draws]
        leaves = dict(recording.arguments)
        leaves |= {draw.leaf: len(leaves) + i for i, draw in enumerate(recording.draws)}
        drawn_indices = compress([draw.leaf for draw in recording.draws], self.is_index)
        n = len(recording.indices)
        indices = recording.indices | {leaf: n + i for i, leaf in enumerate(drawn_indices)}
        self.names = recording.names | {range(len(recording.arguments), len(leaves)): "drawn"}
        try:
            self.tape, parameters, position = tape_of(
                recording.made,
                outputs.nodes,
                self.n_results,
                leaves,
                indices,
                recording.takes,
                recording.largest,
                recording.detached_from,
            )
        except ValueError as problem:
            raise NotRecordedError(str(problem)) from None
        self.lines = {position[node]: line for node, line in recording.lines if node in position}
        drawn = [draw.number for draw in recording.draws]
        self.example = flat.shape, flat.statics, flat.floats, flat.integers, drawn
        self.parameters = tuple(parameters)
        if not all(map(captured.leads_to, self.parameters)):
            raise NotRecordedError(
                said(
                    "it computes with Values to which neither its arguments nor what it reads "
                    "lead, such as copies, or what another thread made",
                    "Compute them outside, and pass them",
                )
            )
        values = dict(zip(flat.slots, flat.values, strict=True))
        known = {x: values[slot] for x, slot in recording.arguments.items() if slot in values}
        known |= {x: x for x in self.parameters}
        self.calls.watch(recording.calls, known, outputs.nodes[: self.n_results])
        self._leaves_all = all(parameter.is_leaf for parameter in parameters)
        self._wrt = [*range(len(leaves), self.tape.leaves), *flat.slots]
        self.choice = ExecutorChoice(self.tape, self._wrt, executor, self.guards.exact)

    def explain(self, lines: Callable[[Program], Mapping[int, str]]) -> str:
        """The lifted program, the counts, and the guards.

        lines  gives of nodes where in the function they were made; asked for what stayed scalar
        """
        tests = self.guards.tests
        alike = Counter((test.op, test.place) for test in tests)
        shown = list(alike.items())[:10]
        more = len(tests) - sum(count for _, count in shown)
        guards = f"{len(tests)} guard{'s' * (len(tests) > 1)}"
        text = [f"{self.name}: {guards}"] if tests else []
        text += [
            f"    {f'{count} x ' if count > 1 else ''}{op} at {place}"
            for (op, place), count in shown
        ]
        text += [f"    and {more} more"] if more else []
        return "\n".join([*text, self.choice.explain(self.names, lambda: lines(self))])

    def run(self, flat: FlatArguments, attempt: Attempt) -> tuple[bool, Any]:
        """Whether all guards hold for these arguments, and what the function returns.

        Not so if there is trouble. Raises IndexError for an index that `take` was given and that
        is out of range, and what an operation of the user's raises, unless a guard might have said
        that this program is not the one.
        """
        drawn = self.drawn(attempt) if self.draws else []
        try:
            run = self.forward(self.choice, flat, drawn)
        except Exception:
            if not self.guards.tests:
                raise
            return False, None
        if not self.kept(run.outputs, attempt, drawn) or not self.called_back([run.outputs]):
            return False, None
        return True, put_together(self.template, self.nodes(run, self.n_results, flat))

    def holds(self, flat: FlatArguments, attempt: Attempt) -> bool:
        """Whether all guards hold for these arguments, as the executor computes them."""
        run = self.forward(self.choice, flat, self.drawn(attempt))
        return self.guards.failed(run.outputs) is None

    def drawn(self, attempt: Attempt) -> list[float]:
        """The random numbers for a call, new ones after those that it begins with."""
        begun = attempt.drawn[: len(self.draws)]
        return [*begun, *[draw() for draw in self.draws[len(begun) :]]]

    def forward(self, choice: ExecutorChoice, flat: FlatArguments, drawn: list[Any]) -> Run:
        """The run on the numbers of flat, the random ones drawn, and the parameters' own."""
        leaves, integers = flat.floats, flat.integers
        if drawn:
            leaves = leaves + array("d", drawn)
            integers = integers + array(
                "q", map(operator.index, compress(drawn, cycle(self.is_index)))
            )
        return choice.forward(leaves, integers, self.parameters)

    def nodes(self, run: Run, n_results: int, flat: FlatArguments) -> list[Value]:
        """The results of a run as nodes of the eager graph."""
        wrt, leaves_all = self.parameters, self._leaves_all
        if flat.values:
            wrt += tuple(flat.values)
            leaves_all = leaves_all and all(value.is_leaf for value in flat.values)
        results = run.outputs[:n_results]
        return replayed_nodes(self.name, wrt, leaves_all, results, run.gradient)

    def kept(self, outputs: array[float], attempt: Attempt, drawn: list[float]) -> bool:
        """Whether all guards hold; if not, what is known of the call is more."""
        failed = self.guards.failed(outputs) if self.guards.tests else None
        if failed is not None:
            attempt.turned(failed, drawn)
        return failed is None

    def called_back(self, samples: Sequence[Sequence[float]]) -> bool:
        """Do the callbacks for each sample, given the outputs for it; whether all went well."""
        if self.calls and not self.why_not:
            self.why_not = self.calls.do(samples)
        return not self.why_not


class Attempt:
    """What is known of one call while programs are tried.

    drawn   the random numbers with which every program for it begins: drawn before the decision
            that turned out otherwise, so that they are those which the function would have drawn
    failed  that decision, or None
    """

    drawn: Sequence[float] = ()
    failed: Test | None = None

    def turned(self, test: Test, drawn: list[float]) -> None:
        """A program's decision turned out otherwise, and these numbers had been drawn for it."""
        self.failed = test
        if test.draws > len(self.drawn):
            self.drawn = drawn[: test.draws]


class Hole:
    """Stands in a template for result i."""

    __slots__ = ("i",)

    def __init__(self, i: int) -> None:
        self.i = i


class _Row:
    """Stands in a template for a list or a tuple of the results from start to stop, at once."""

    __slots__ = ("cls", "start", "stop")

    def __init__(self, cls: type, start: int, stop: int) -> None:
        self.cls, self.start, self.stop = cls, start, stop


class _Outputs:
    """The nodes whose numbers a program gives: its results, then what else is asked for, once."""

    def __init__(self) -> None:
        self.nodes: list[Value] = []
        self._indices: dict[Value, int] = {}

    def add(self, node: Value) -> int:
        """Add it at the end, and give its index."""
        self.nodes.append(node)
        return len(self.nodes) - 1

    def index_of(self, node: Value) -> int:
        """The index of a node that is no result, added at its first time."""
        if node not in self._indices:
            self._indices[node] = self.add(node)
        return self._indices[node]


def _taken_apart(thing: Any, results: _Outputs, captured: CapturedState) -> Any:
    """The template of a result: a hole instead of each Value, which is added to the results."""
    if isinstance(thing, Value):
        return Hole(results.add(thing))
    if captured.leads_to(thing) and not isinstance(thing, (list, tuple, dict, np.ndarray)):
        return _Itself(thing)
    parts = parts_of(thing)
    if parts is None:
        raise NotRecordedError(
            said(
                f"it returns a {type(thing).__name__}, of which a recording cannot make another "
                "one for each call",
                "Return numbers, Values, and lists, tuples, dicts, arrays and dataclasses of them",
            )
        )
    return in_a_row(rebuilt(thing, [_taken_apart(part, results, captured) for part in parts]))


def in_a_row(template: Any) -> Any:
    """A list or a tuple of results that follow one another as one; another template as it is."""
    cls = type(template)
    if cls in (list, tuple) and template and all(type(part) is Hole for part in template):
        start, stop = template[0].i, template[0].i + len(template)
        if [hole.i for hole in template] == list(range(start, stop)):
            return _Row(cls, start, stop)
    return template


def put_together(template: Any, nodes: list[Value]) -> Any:
    """The result of a template, with a node in each hole."""
    cls = type(template)
    if cls is Hole:
        return nodes[template.i]
    if cls is _Row:
        return template.cls(nodes[template.start : template.stop])
    if cls in _PLAIN:
        return template
    if cls is _Itself:
        return template.thing
    return rebuilt(template, [put_together(part, nodes) for part in parts_of(template) or ()])


class _Itself:
    """Stands in a template for a thing that was there before the call."""

    __slots__ = ("thing",)

    def __init__(self, thing: object) -> None:
        self.thing = thing


_PLAIN = (int, float, complex, bool, str, bytes, type(None), range)
_DICTS = (dict, OrderedDict, defaultdict)


def parts_of(thing: Any) -> Iterable[Any] | None:
    """What `rebuilt` makes a thing like this one of; None if it cannot."""
    cls = type(thing)
    if cls is list or cls is tuple or hasattr(cls, "_make"):
        return list(thing)
    if cls in _DICTS:
        return list(thing.values())
    if cls is np.ndarray:
        return thing.ravel().tolist() if thing.dtype.hasobject else ()
    if cls in _PLAIN or isinstance(thing, np.generic):
        return ()
    if is_made_of_fields(thing):
        return [getattr(thing, field.name) for field in dataclasses.fields(thing)]
    return None


def is_made_of_fields(thing: Any) -> bool:
    """Whether it is an instance of a dataclass, and holds nothing besides its fields."""
    if not dataclasses.is_dataclass(thing) or isinstance(thing, type):
        return False
    fields = {field.name for field in dataclasses.fields(thing)}
    return getattr(thing, "__dict__", {}).keys() <= fields


def rebuilt(thing: Any, parts: list[Any]) -> Any:
    """Another thing like this one, of these parts."""
    cls = type(thing)
    if cls is list or cls is tuple:
        return cls(parts)
    if hasattr(cls, "_make"):
        return cls._make(parts)
    if cls is dict:
        return dict(zip(thing, parts, strict=True))
    if cls in _PLAIN or isinstance(thing, np.generic):
        return thing
    new = copy.copy(thing)
    if cls in _DICTS:
        new.update(zip(thing, parts, strict=True))
    elif cls is np.ndarray:
        if parts:
            new.flat = parts
    else:
        for field, part in zip(dataclasses.fields(thing), parts, strict=True):
            object.__setattr__(new, field.name, part)
    return new


class Test(NamedTuple):
    """One guard: output x, op, output y or the number, and what comes of it.

    integer  whether x is an integer that was passed
    """

    x: int
    op: str
    y: int
    number: float
    outcome: bool
    draws: int
    place: str
    integer: bool


class _Guards:
    """The guards of a recording, on its tape's outputs.

    exact  whether one compares a number bit for bit, or whether computed ones are equal, or 0
    """

    def __init__(
        self, guards: Iterable[Guard], outputs: _Outputs, indices: Container[Value]
    ) -> None:
        self.tests: list[Test] = []
        self._written, self._constants = array("q"), array("d")
        self.exact = False
        seen = set()
        for guard in guards:
            y, number = -1, 0.0
            if isinstance(guard.y, Value):
                y = outputs.index_of(guard.y)
            else:
                number = guard.y
            x = outputs.index_of(guard.x)
            computed = not all(v.is_leaf for v in (guard.x, guard.y) if isinstance(v, Value))
            self.exact |= guard.op == "is" or (guard.op in ("==", "!=") and computed)
            where, integer = guard.place, guard.x in indices
            test = Test(x, guard.op, y, number, guard.outcome, guard.draws, where, integer)
            if test[:5] not in seen:
                seen.add(test[:5])
                self.tests.append(test)
                self._write(test)

    def _write(self, test: Test) -> None:
        """Add the test to those that `failed` reads."""
        ways, y = _WAYS[test.op], test.y
        if test.op == "is" and test.number != test.number:  # x is NaN: it does not equal itself
            ways, y = UNORDERED, test.x
        self._written.extend((test.x, ways if test.outcome else ~ways, y))
        self._constants.append(test.number)

    def failed(self, outputs: array[float]) -> Test | None:
        """The first guard that does not hold."""
        i = broken(outputs, self._written, self._constants)
        return self.tests[i] if i >= 0 else None


# How x and y may compare where a comparison is true; "is" is bit for bit.
_WAYS = {
    "<": LESS,
    "<=": LESS | SAME | OPPOSITE,
    ">": GREATER,
    ">=": GREATER | SAME | OPPOSITE,
    "==": SAME | OPPOSITE,
    "!=": LESS | GREATER | UNORDERED,
    "is": SAME,
}
