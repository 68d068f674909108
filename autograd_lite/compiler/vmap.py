"""`vmap`: a function of one sample, recorded once, that runs on batches of any size.

The program of a batch is n copies of the tape of one sample. What depends on no sample, such as the
parameters, is there once. So the lift finds the same matrix products as in a loop over the samples,
while the function was recorded for one of them.
"""

from __future__ import annotations

from collections import OrderedDict
from functools import cached_property
from numbers import Integral

import numpy as np

from autograd_lite import observers
from autograd_lite.compiler.batch import Batch
from autograd_lite.compiler.call import Call
from autograd_lite.compiler.check import is_checking
from autograd_lite.compiler.choice import ExecutorChoice
from autograd_lite.compiler.explain import explain_choice
from autograd_lite.compiler.function import MAX_SIGNATURES, Compiled
from autograd_lite.compiler.messages import counted, said
from autograd_lite.compiler.program import AnyProgram
from autograd_lite.compiler.record.template import Hole, compact, put_together
from autograd_lite.compiler.record.tracers import NotRecordedError
from autograd_lite.compiler.samples import Samples, stacked
from autograd_lite.compiler.tape.batched import BatchSlots, batched_tape
from autograd_lite.value import blocks_open

TYPE_CHECKING = False
if TYPE_CHECKING:
    from array import array
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any

    from autograd_lite.compiler.program import Program
    from autograd_lite.compiler.record.flatten import FlatArguments
    from autograd_lite.compiler.signature import Signature
    from autograd_lite.compiler.tape.executor import Run
    from autograd_lite.value import Value

__all__ = ["Batched"]


class Batched(Compiled):
    """A function of one sample that is called with batches.

    in_axes  an axis or None for all arguments, or a tuple of one for each
    """

    __slots__ = ("_batched_programs", "in_axes")

    def __init__(self, function: Callable[..., Any], in_axes: Any = 0) -> None:
        if not callable(function):
            raise TypeError(f"vmap: expected a function, not {type(function).__name__}")
        check = function.check if isinstance(function, Compiled) else "auto"
        super().__init__(function, check=check)
        self.in_axes = tuple(in_axes) if isinstance(in_axes, list) else in_axes
        axes = self.in_axes if isinstance(self.in_axes, tuple) else (self.in_axes,)
        for axis in axes:
            whole = isinstance(axis, Integral) and not isinstance(axis, bool)
            if axis is not None and not (whole and axis >= 0):
                raise ValueError(
                    f"vmap: an axis must be an int of 0 or more, or None, not {axis!r}"
                )
        if all(axis is None for axis in axes):
            raise ValueError("vmap: in_axes must give one argument at least a batch axis")
        self._batched_programs: OrderedDict[Any, BatchedProgram] = OrderedDict()

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if kwargs:
            raise TypeError(f"{self.__name__}: vmap takes no keyword argument; pass it by position")
        samples = Samples(self.__name__, args, self._axes(args))
        if is_checking() or (blocks_open() and observers.tracing()):  # a part of another function
            return stacked([self.function(*samples.arguments(i)) for i in range(samples.n)])
        batch, signature = self._batch_of(samples)
        shared = {i: x for i, (x, own) in enumerate(zip(args, samples.own, strict=True)) if not own}
        if signature.calls == 1 and self._ints.learn(shared):
            batch, signature = self._batch_of(samples)
        calls = _Calls(signature, batch)
        left = dict.fromkeys(range(batch.n))
        tried: list[Program] = []
        watched = blocks_open() and observers.watched()  # every node
        while left and not (watched or signature.eager or self._mistake):
            fresh = [p for p in signature.programs if p not in tried]
            program = next((p for p in fresh if not p.captured.changed()), None)
            if program is not None:
                tried.append(program)
                whole = self._run(program, batch, calls, left)
                if whole is not None:
                    return whole
                continue
            i = next(iter(left))
            call = calls[i]
            with self._lock:
                recorded = self._recorded(call)
            if not recorded and call.raises:
                call.result = self._eagerly(call)
            if recorded or call.raises:
                del left[i]
            if batch.moving is not self._ints.names:  # the ints of a shared argument move no more
                batch, signature = self._batch_of(samples)
                calls.go_on(signature, batch, left)
            elif i in left:
                break
        for i in left:
            calls[i].result = self._eagerly(calls[i])
        return stacked([calls[i].result for i in range(batch.n)])

    def _batch_of(self, samples: Samples) -> tuple[Batch, Signature]:
        """The samples, taken apart, and what is known of such."""
        batch = Batch(samples, self._ints.names)
        return batch, self._signature(batch.key)

    def _check_program(self, program: Program) -> None:
        if program.changes or len(program.reads):
            raise NotRecordedError(
                said(
                    "it sets or reads state, such as .grad, for each sample anew",
                    "Write the step around the vmap",
                )
            )

    def _run(self, program: Program, batch: Batch, calls: _Calls, left: dict[int, None]) -> Any:
        """Have a program give the results of the samples left that it is for, which go from left.

        If it is for all, and none is checked, the results of the whole batch as one; else None.
        """
        batched = self._batched(program, batch)
        ran = batched.run(batch, calls, left)
        if ran is None:
            for i in [*left]:
                alone = program.run(calls[i])
                if alone is not None:
                    calls[i].result = program.result(alone, calls[i])
                    del left[i]
            return None
        run, held = ran
        due = held if program.is_due(self._check) else []
        if self._check != "always" and due:  # the first if it calls back, else another each time
            due = [due[0 if program.calls else program.runs.bit_length() % len(due)]]
        for i in due:
            del left[i]
            call = calls[i]
            call.result = self._checked(program, batched.run_of(call, run), call)
            if self._mistake:
                return None
        for i in held if program.calls else ():
            if i in left:
                program.call_back(batched.outputs_of(i, run), calls[i])
        program.runs += bool(held)
        nodes, numbers = batched.results(run, batch)
        if len(held) == batch.n and not due:
            return put_together(batched.template, nodes, numbers)
        for i in held:
            if i in left:
                del left[i]
                calls[i].result = batched.result(nodes, numbers, i)
        return None

    def programs(self) -> Sequence[AnyProgram]:
        """Of each recording, the program for the last batch."""
        last: dict[Program, BatchedProgram] = {}
        for (program, _), batched in reversed(self._batched_programs.items()):
            last.setdefault(program, batched)
        return list(last.values())[::-1] or super().programs()

    def _arguments(self) -> tuple[Any, ...]:
        return self.function, self.in_axes

    def _axes(self, args: tuple[Any, ...]) -> Sequence[int | None]:
        """The axis of each argument."""
        if not isinstance(self.in_axes, tuple):
            return [self.in_axes] * len(args)
        if len(self.in_axes) != len(args):
            raise ValueError(
                f"{self.__name__}: in_axes gives the axes of {len(self.in_axes)} arguments, but "
                f"there are {len(args)}"
            )
        return self.in_axes

    def _batched(self, program: Program, batch: Batch) -> BatchedProgram:
        key = program, batch.n
        with self._lock:
            batched = self._batched_programs.pop(key, None) or BatchedProgram(program, batch)
            self._batched_programs[key] = batched
            while len(self._batched_programs) > MAX_SIGNATURES:
                self._batched_programs.popitem(last=False)
        return batched


class _Sample(Call):
    """The call for sample i of a batch, whose arguments are looked up when they are asked for."""

    def __init__(self, signature: Signature, batch: Batch, i: int) -> None:
        self.signature, self.batch, self.i = signature, batch, i
        self.kwargs = {}

    @cached_property
    def flat(self) -> FlatArguments:  # type: ignore[override]
        return self.batch.sample(self.i)

    @cached_property
    def args(self) -> tuple[Any, ...]:  # type: ignore[override]
        return self.batch.samples.arguments(self.i)


class _Calls(dict[int, _Sample]):
    """{i: the call for sample i}, made when it is asked for."""

    def __init__(self, signature: Signature, batch: Batch) -> None:
        self.signature, self.batch = signature, batch

    def __missing__(self, i: int) -> _Sample:
        self[i] = call = _Sample(self.signature, self.batch, i)
        return call

    def go_on(self, signature: Signature, batch: Batch, left: dict[int, None]) -> None:
        """Have the calls that are left go on with a batch that was taken apart anew."""
        self.signature, self.batch = signature, batch
        for i in self.keys() & left:
            call = _Sample(signature, batch, i)
            call.begun_as(self[i])
            self[i] = call


class BatchedProgram(AnyProgram):
    """A program that runs for n samples at once.

    one       the program of one sample
    template  what the function returns for all samples, with a hole for each result
    """

    def __init__(self, one: Program, batch: Batch) -> None:
        self.one, self.n, self.name = one, batch.n, one.name
        draws = len(one.draws), True
        leaves = BatchSlots([*batch.floats, draws, (len(one.parameters), False)], batch.n)
        indices = BatchSlots([*batch.integers, (sum(one.is_index), True)], batch.n)
        tape, self._origin = batched_tape(one.tape, leaves, indices, batch.n, one.n_results)
        wrt = [*range(leaves.size - len(one.parameters), leaves.size), *batch.flat.slots]
        self.choice = ExecutorChoice(tape, wrt, "auto", one.guards.exact)
        self.names = {}
        for slots, name in one.names.items():
            found = leaves.of(np.arange(batch.n)[:, None])[:, slots]
            if found.size:
                self.names[range(int(found.min()), int(found.max()) + 1)] = name
        nodes = [Hole(i) for i in range(batch.n * one.n_results)]
        numbers = [Hole(i) for i in range(batch.n * one.n_numbers)]
        results = [self.result(nodes, numbers, i) for i in range(batch.n)]
        self.template = compact(stacked(results))

    def explain(self, function: Callable[..., Any]) -> str:
        def lines() -> dict[int, str]:
            of_one = self.one.lines(function)
            origin = self._origin.tolist()
            return {i: of_one[node] for i, node in enumerate(origin) if node in of_one}

        text = explain_choice(self.choice, self.names, lines)
        return f"{self.name}: {counted(self.n, 'sample')}\n{text}"

    def run(self, batch: Batch, calls: _Calls, left: Iterable[int]) -> tuple[Run, list[int]] | None:
        """The run for all samples, and those of the samples left for which all guards hold.

        None if it raises something, perhaps of a sample for which this is not the program.

        calls  that of each sample
        """
        one, k = self.one, len(self.one.draws)
        rows = [one.drawn(calls[i]) for i in range(self.n)] if k else []
        if None in rows:
            for i, row in enumerate(rows):
                if row is not None:
                    calls[i].turned(0, row, one.draws)
            return None
        drawn = [number for row in rows for number in row or ()]
        try:
            run = one.forward(self.choice, batch.flat, drawn)
        except Exception:
            return None
        doubtful = {*(left if one.guards.guards or k else self._overflows(run))}
        held = [
            i
            for i in left
            if i not in doubtful
            or one.kept(self.outputs_of(i, run), calls[i], drawn[i * k : (i + 1) * k])
        ]
        return run, held

    def run_of(self, call: _Sample, run: Run) -> Run:
        """The run of the program of one for a sample, with what the batch's run gave for it."""
        interpreter: Any = self.one.choice.interpreter
        found = self.one.forward(interpreter, call.flat, self.one.drawn(call))
        found.outputs = self.outputs_of(call.i, run)
        return found

    def results(self, run: Run, batch: Batch) -> tuple[list[Value], list[float]]:
        """The results of all samples, those that are nodes and those that are plain numbers."""
        nodes = self.one.nodes(self.choice, run, self.n * self.one.n_results, batch.flat)
        return nodes, self._numbers(run).ravel().tolist()

    def _numbers(self, run: Run) -> Any:
        """[n, numbers] the results that are plain numbers."""
        others = np.array(run.outputs[self.n * self.one.n_results :]).reshape(self.n, -1)
        return others[:, : self.one.n_numbers]

    def _overflows(self, run: Run) -> list[int]:
        """The samples of which a result that is a plain number is not finite."""
        if not self.one.n_numbers:
            return []
        found: list[int] = np.flatnonzero(~np.isfinite(self._numbers(run)).all(axis=1)).tolist()
        return found

    def result(self, nodes: list[Any], numbers: list[Any], i: int) -> Any:
        """The result for sample i."""
        n, m = self.one.n_results, self.one.n_numbers
        mine = nodes[i * n : (i + 1) * n], numbers[i * m : (i + 1) * m]
        return put_together(self.one.template, *mine)

    def outputs_of(self, i: int, run: Run) -> array[float]:
        """The outputs of the program of one, for sample i."""
        r = self.one.n_results
        others = len(self.one.tape.outputs) - r
        start = self.n * r + i * others
        return run.outputs[i * r : (i + 1) * r] + run.outputs[start : start + others]
