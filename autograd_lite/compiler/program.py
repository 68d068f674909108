"""A program: one recording of a function, ready to run on other numbers.

Its result is a template, with a hole for each number that the program computes.
"""

from __future__ import annotations

import operator
import sys
from array import array
from collections import Counter
from itertools import compress, cycle
from numbers import Integral

import numpy as np

from autograd_lite.block import Call as ResultsOfCall
from autograd_lite.block import are_leaves, hub_of, nodes_of_call
from autograd_lite.compiler.choice import ExecutorChoice
from autograd_lite.compiler.explain import explain_choice
from autograd_lite.compiler.messages import counted, said
from autograd_lite.compiler.program_guards import Guards, Outputs
from autograd_lite.compiler.record.flatten import FlatArguments
from autograd_lite.compiler.record.numbers import is_exact, is_int, number_type
from autograd_lite.compiler.record.recorder import LineRecorder, record
from autograd_lite.compiler.record.template import (
    is_no_number,
    put_together,
    taken_apart,
)
from autograd_lite.compiler.record.tracers import NotRecordedError
from autograd_lite.compiler.tape import loops
from autograd_lite.compiler.tape.derive import RunBlock, append_pass
from autograd_lite.compiler.tape.opcodes import TAKE
from autograd_lite.compiler.tape.writer import write_tape
from autograd_lite.value import Node, Value, grad_enabled, number_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from autograd_lite.compiler.call import Call
    from autograd_lite.compiler.lift import ArrayProgram
    from autograd_lite.compiler.record.captured import CapturedState
    from autograd_lite.compiler.record.ledger import Ledger
    from autograd_lite.compiler.record.recorder import Recording
    from autograd_lite.compiler.tape.executor import Run
    from autograd_lite.compiler.tape.tape import Tape

__all__ = ["AnyProgram", "Program"]


class AnyProgram:
    """A program of a compiled function: one of those that `f.programs()` lists.

    name    the name of the function
    names   {slots of leaves: the parameter of the function that holds them, "drawn", or the name
            of state}
    choice  the choice of its executor
    """

    name: str
    names: Mapping[range, str]
    choice: ExecutorChoice

    @property
    def tape(self) -> Tape:
        """The scalar program, node by node."""
        return self.choice.tape

    @property
    def array_program(self) -> ArrayProgram:
        """The program as operations on arrays, whether it runs as such or not."""
        return self.choice.lifted().program

    @property
    def executor(self) -> str:
        """What runs the program: "interpret", "numpy", "c", or "auto" until that is chosen."""
        return self.choice.kind

    def __repr__(self) -> str:
        return f"<program of {self.name}: {len(self.tape)} scalars, executor {self.executor!r}>"

    def explain(self, function: Callable[..., Any]) -> str:
        """The program in words; it calls the function for the lines of what stayed scalar."""
        raise NotImplementedError


class Program(AnyProgram):
    """What a recorded call computes, as a tape for an executor, and what it returned.

    The leaves of its tape are the arguments' numbers, then random numbers, then those of state
    that the call read or set, then the numbers of the other Values that were there before the call
    (`parameters`). Its outputs are the results, then what guards and callbacks ask for, then the
    new numbers of state that the call wrote.

    captured    what the function reads besides its arguments
    template    what the function returned, with a hole for each result
    n_results   the number of results that are nodes
    n_numbers   the number of results that are plain numbers, which follow those
    guards      the guards on the outputs
    calls       each callback, and the template of what it is called with
    runs        the number of calls that it was for, with the recorded one once it is kept
    replay      the `Replay` of it, or None; has_no_replay is True if it cannot have one
    draws       what draws the random numbers
    is_index    [draws] True if `take` reads the random number as an index
    parameters  the Values that were there before the call
    leaves_all  True if all of these are leaves
    passed      (result, value) of each result that is a Value of the arguments
    finite      the outputs that are finite, unless the function raises an error
    reads       the places of the state that the call read
    writes      the places of the state that it wrote: then its results have no graph
    changes     True if it wrote any
    passes      True if it called `backward()`
    new_at      the index of the first new number of state among the outputs
    example     a call with the numbers that it was recorded with

    Raises NotRecordedError for what cannot be replayed.
    """

    def __init__(
        self,
        recording: Recording,
        captured: CapturedState,
        call: Call,
        name: str,
        executor: str,
    ) -> None:
        self.name, self.captured, flat = name, captured, call.flat
        outputs = Outputs()
        self.template = taken_apart(recording.result, outputs.hole, captured.leads_to)
        self.n_results, self.n_numbers = len(outputs.nodes), len(outputs.numbers)
        places = {slot: k for k, slot in enumerate(flat.slots)}
        slots = [recording.arguments.get(node) for node in outputs.nodes]
        self.passed = [(i, places[slot]) for i, slot in enumerate(slots) if slot in places]
        self._recorded = outputs.nodes[:], outputs.numbers  # the results of the recorded call
        # Numbers of Python's are.
        kinds = enumerate(map(number_type, outputs.numbers), self.n_results)
        self.finite = array("q", [i for i, kind in kinds if kind is not np.float64])
        for number in outputs.numbers:
            outputs.add(number)
        self.guards = Guards(recording, outputs)
        self.calls = [
            (call.function, taken_apart(call.values, outputs.at(call.now), is_no_number))
            for call in recording.calls
        ]
        ledger = recording.ledger
        self.reads, self.writes = ledger.read_places(), ledger.written_places()
        self.changes = len(self.writes) > 0
        self.passes = len(ledger.passes) > 0
        self._reads_state = len(self.reads) > 0
        self.new_at = len(outputs.nodes)
        for x in ledger.written():
            outputs.add(x if isinstance(x, Node) else outputs.constant(x))
        self.runs, self._check_at = 0, 2
        self.replay: Any = None
        self.has_no_replay = False
        self.draws = tuple(draw.function for draw in recording.draws)
        self._drawn = [type(draw.number) for draw in recording.draws]
        self._drawn_ints = [i for i, draw in enumerate(recording.draws) if is_int(draw.number)]
        read = {xs[0] for code, xs in recording.computed_from.values() if code == TAKE}
        self.is_index = [x.leaf in read and isinstance(x.number, Integral) for x in recording.draws]
        leaves = dict(recording.arguments)
        leaves |= {draw.leaf: len(leaves) + i for i, draw in enumerate(recording.draws)}
        n_given = len(leaves)
        leaves |= {leaf: len(leaves) + i for i, leaf in enumerate(ledger.read_leaves())}
        drawn_indices = compress([draw.leaf for draw in recording.draws], self.is_index)
        n = len(recording.indices)
        indices = recording.indices | {leaf: n + i for i, leaf in enumerate(drawn_indices)}
        self.names = recording.names | {range(len(recording.arguments), n_given): "drawn"}
        self.names |= self.reads.names(n_given)
        try:
            written = write_tape(
                [*recording.made, *outputs.constants.values()],
                outputs.nodes,
                dict(leaves),
                indices,
                recording.computed_from,
                ledger.writes,
                ledger.passes,
                append_pass,
            )
        except ValueError as problem:
            raise NotRecordedError(str(problem)) from None
        differentiated = 0 if self.changes else self.n_results
        tape = written.tape(outputs.nodes, differentiated, len(indices), recording.derived.values())
        position = written.position
        self.lines_of = {position[node]: line for node, line in recording.lines if node in position}
        self.example = call.example()
        self.parameters = tuple(written.captured)
        if self.changes:  # else the lift names them by their gradients
            self.names |= {range(len(leaves), tape.leaves): "p"}
        held = [*self.parameters, *self.reads.owners(), *self.writes.owners()]
        if not all(map(captured.leads_to, held)):
            raise NotRecordedError(
                said(
                    "it computes with Values to which neither its arguments nor what it reads "
                    "lead, such as copies, or what another thread made",
                    "Compute them outside, and pass them",
                )
            )
        self.leaves_all = all(parameter.is_leaf for parameter in self.parameters)
        self._sets = set(map(id, self.writes.data))
        self._ended = _Ended(name)
        self._ended_of = (*self.parameters, *self.writes.data) or (Value(0.0),)
        wrt = [] if self.changes else [*range(len(leaves), tape.leaves), *flat.slots]
        self.choice = ExecutorChoice(tape, wrt, executor, self.guards.exact, has_run=True)

    def explain(self, function: Callable[..., Any]) -> str:
        guards = self.guards.guards
        alike = Counter((guard.op, guard.line) for guard in guards)
        shown = list(alike.items())[:10]
        more = len(guards) - sum(count for _, count in shown)
        text = [f"{self.name}: {counted(len(guards), 'guard')}"] if guards else []
        text += [
            f"    {f'{count} x ' if count > 1 else ''}{op} at {line}" for (op, line), count in shown
        ]
        text += [f"    and {more} more"] if more else []
        text.append(explain_choice(self.choice, self.names, lambda: self.lines(function)))
        return "\n".join(text)

    def lines(self, function: Callable[..., Any]) -> dict[int, str]:
        """{node of the tape: the line of the user's that made it}; {} if it is not known any more.

        To note lines at every recording would cost as much as the recording.
        """
        try:
            again, _ = self.recorded_again(function, self.example)
        except Exception:  # the lines are an extra; what it raises, the next call raises as well
            return {}
        same = all(
            np.array_equal(getattr(again.tape, column), getattr(self.tape, column))
            for column in ("codes", "parents")
        )
        return again.lines_of if same else {}

    def recorded_again(
        self, function: Callable[..., Any], call: Call
    ) -> tuple[Program, list[tuple[str, Node]]]:
        """A program of another recording, which knows its lines; and each node with its line."""
        watch = LineRecorder(call.draw)
        try:
            recording = record(function, call.flat, watch)
        finally:
            watch.recording.ledger.undo()
            watch.recording.ledger.close()
        again = Program(recording, self.captured, call, self.name, "interpret")
        return again, [(line, node) for node, line in recording.lines]

    def is_due(self, check: str) -> bool:
        """True if the next run is to be checked: with "auto" the second, fourth, eighth ..."""
        return check == "always" or (check == "auto" and self.runs + 1 >= self._check_at)

    def runs_to_check(self, check: str) -> int:
        """How many runs may follow before one is to be checked."""
        return self._check_at - self.runs - 1 if check == "auto" else sys.maxsize

    def checked(self) -> None:
        """Note that the next run has been checked."""
        self._check_at = 2 * (self.runs + 1)

    def recorded_result(self, flat: FlatArguments) -> Any:
        """What the recorded call gives: the nodes of its graph, which the program then forgets."""
        (nodes, numbers), self._recorded = self._recorded, ([], [])
        if self.changes:
            nodes = [*self.without_graph([*map(number_of, nodes)])]
        elif not grad_enabled():
            nodes = [Value(number_of(node)) for node in nodes]
        for i, k in self.passed:
            nodes[i] = flat.values[k]
        return put_together(self.template, nodes, [*map(number_of, numbers)])

    def result(self, run: Run, call: Call) -> Any:
        """What the function returns, once the callbacks are done."""
        flat = call.flat
        if self.calls:
            self.call_back(run.outputs, call)
        if self.changes:
            nodes = self.without_graph(run.outputs[: self.n_results])
        else:
            nodes = self.nodes(self.choice, run, self.n_results, flat) if self.n_results else []
        for i, k in self.passed:
            nodes[i] = flat.values[k]
        # The run is not asked for anything else if no result is a node.
        numbers = (
            run.outputs[self.n_results :] if self.n_results and self.n_numbers else run.outputs
        )
        result = put_together(self.template, nodes, numbers)
        if self.changes:
            self.writes.write(run.outputs, self.new_at)
        return result

    def as_results(self, result: Any) -> Any:
        """What the function itself gave, as the program gives it: without a graph."""
        outputs = Outputs()
        template = taken_apart(result, outputs.hole, self.captured.leads_to)
        nodes = self.without_graph([*map(number_of, outputs.nodes)])
        return put_together(template, nodes, outputs.numbers)

    def without_graph(self, numbers: Sequence[float]) -> list[Value]:
        """Results of a call that has changed what they were computed of."""
        ended, of = self._ended, self._ended_of
        return nodes_of_call(self.name, of, self.leaves_all, numbers, ended.gradient, ended, of)

    def ended(self) -> tuple[ResultsOfCall, Value]:
        """What the results of all calls that changed state may share, and the node above them."""
        ended, of = self._ended, self._ended_of
        shared = ResultsOfCall([0.0] * self.n_results, ended.gradient, ended, of)
        return shared, hub_of(self.name, of, self.leaves_all, shared)

    def run(self, call: Call) -> Run | None:
        """The run for this call; None if a guard does not hold, or it is passed what it sets.

        Raises IndexError for an index that `take` was given and that is out of range, and what an
        operation of the user's raises, unless a guard might have said that this program is not the
        one, or a decision in a loop.
        """
        if self._sets and not self._sets.isdisjoint(map(id, call.flat.values)):
            return None
        drawn = self.drawn(call) if self.draws else []
        if drawn is None:
            return None
        try:
            run = self.forward(self.choice, call.flat, drawn)
        except StateChangedError:
            call.turned(0, drawn, self.draws)
            return None
        except Exception:
            if not (self.guards.guards or self.tape.blocks):
                raise
            return None
        return run if self.kept(run.outputs, call, drawn) else None

    def holds(self, call: Call, ledger: Ledger) -> bool:
        """Whether all guards hold for the call just recorded, as the executor computes them: from
        the old numbers of state, and the new ones stay.
        """
        new = self.writes.read() if self.changes else None
        ledger.undo()
        try:
            run = self.forward(self.choice, call.flat, self.drawn(call))
        finally:
            if new is not None:
                self.writes.write(new)
        return self.guards.failed(run.outputs) is None

    def drawn(self, call: Call) -> list[Any] | None:
        """The random numbers for a call; None if they are of other types than those recorded, or
        ints that no double holds.
        """
        if call.drawn[0]:
            numbers = [call.draw(i, function) for i, function in enumerate(self.draws)]
        else:
            numbers = [function() for function in self.draws]
        alike = [*map(type, numbers)] == self._drawn
        if alike and all(is_exact(numbers[i]) for i in self._drawn_ints):
            return numbers
        pairs = zip(numbers, self._drawn, strict=True)
        fit = [type(x) is cls and is_exact(x) for x, cls in pairs]
        call.turned(fit.index(False) + 1, numbers, self.draws)
        return None

    def forward(self, choice: ExecutorChoice, flat: FlatArguments, drawn: list[Any] | None) -> Run:
        """The run on the numbers of flat, the random ones drawn, and the parameters' own."""
        leaves, integers = flat.floats, flat.integers
        if drawn:
            leaves = leaves + array("d", drawn)
            if True in self.is_index:
                indices = compress(drawn, cycle(self.is_index))
                integers = integers + array("q", map(operator.index, indices))
        if self._reads_state:
            state = self.reads.read(leaves)
            if state is None:
                raise StateChangedError
            leaves = state
        return choice.forward(leaves, integers, self.parameters)

    def nodes(
        self, choice: ExecutorChoice, run: Run, n_results: int, flat: FlatArguments
    ) -> list[Value]:
        """The results of a run as nodes of the eager graph."""
        if not n_results:
            return []
        wrt, leaves_all = self.parameters, self.leaves_all
        if flat.values:
            values = tuple(flat.values)
            wrt += values
            leaves_all = leaves_all and are_leaves(values)
        results = run.outputs[:n_results]
        block = RunBlock(choice.tape, choice.wrt, run)
        return nodes_of_call(self.name, wrt, leaves_all, results, run.gradient, block, wrt)

    def kept(self, outputs: array[float], call: Call, drawn: list[float]) -> bool:
        """Whether all guards hold; the call notes the one that does not, and what was drawn.

        Nor is a program for a call where a number of Python's overflows, which raises an error.
        """
        failed = self.guards.failed(outputs) if self.guards.guards else None
        if failed is not None:
            call.failed = failed
            call.turned(failed.draws, drawn, self.draws)
            return False
        if drawn:
            call.all_drawn(drawn)
        if self.finite:
            found = loops.room(len(self.finite))
            call.raises = not loops.collect(outputs, self.finite, found)
        return not call.raises

    def call_back(self, outputs: array[float], call: Call) -> None:
        """Do the callbacks of a run, with arrays of their own, that are not done for the call."""
        called = self.called_with(outputs.tolist())
        for i in range(call.called, len(called)):
            self.calls[i][0](*called[i])

    def called_with(self, outputs: Sequence[Any]) -> list[tuple[Any, ...]]:
        """The numbers that each callback is called with."""
        return [put_together(template, (), outputs) for _, template in self.calls]


class StateChangedError(Exception):
    """Where a program reads a number of state there is something else now."""


class _Ended:
    """What results are of whose graph nothing is left: a step has changed what it was made of."""

    def __init__(self, name: str) -> None:
        self.name = name

    def gradient(self, cotangents: Sequence[float]) -> array[float]:
        raise RuntimeError(
            f"backward() of what {self.name} gave: {self.name} changes the numbers that it was "
            "computed of, so no graph is left. Call backward() in the compiled function, or "
            "compile one that gives the loss and changes nothing"
        )

    def pullback(self, *given: object) -> Any:
        self.gradient(())
