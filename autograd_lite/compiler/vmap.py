"""`vmap`: a function of one sample, recorded once, that runs on batches of any size.

The program of a batch is n copies of the tape of one sample. What depends on no sample, such as the
parameters, is there once. So the lift finds the same matrix products as in a loop over the samples,
while the function was recorded for one of them.
"""

from __future__ import annotations

from collections import OrderedDict
from numbers import Integral

import numpy as np

from autograd_lite import observers
from autograd_lite.compiler.batch import Batch
from autograd_lite.compiler.call import Call
from autograd_lite.compiler.check import is_checking
from autograd_lite.compiler.choice import ExecutorChoice
from autograd_lite.compiler.explain import explain_choice
from autograd_lite.compiler.function import MAX_SIGNATURES, Compiled
from autograd_lite.compiler.messages import counted
from autograd_lite.compiler.program import AnyProgram
from autograd_lite.compiler.tape.batched import BatchSlots, batched_tape
from autograd_lite.compiler.template import Hole, compact, put_together
from autograd_lite.tree import children, is_made_of_fields, rebuild
from autograd_lite.value import blocks_open

TYPE_CHECKING = False
if TYPE_CHECKING:
    from array import array
    from collections.abc import Callable, Sequence
    from typing import Any

    from autograd_lite.compiler.program import Program
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
        axes = self._axes(args)
        moving, batch, signature = self._batch_of(args, axes)
        if is_checking() or (blocks_open() and observers.tracing()):  # a part of another function
            return stack_results([self.function(*batch.arguments(i)) for i in range(batch.n)])
        shared = {i: args[i] for i, axis in enumerate(axes) if axis is None}
        if signature.calls == 1 and self._ints.learn(shared):
            moving, batch, signature = self._batch_of(args, axes)
        calls = [_Sample(signature, batch, i) for i in range(batch.n)]
        results: dict[int, Any] = {}
        tried: list[Program] = []
        watched = blocks_open() and observers.watched()  # every node
        while len(results) < batch.n and not (watched or signature.eager or self._mistake):
            left = [i for i in range(batch.n) if i not in results]
            fresh = [p for p in signature.programs if p not in tried]
            program = next((p for p in fresh if not p.captured.changed()), None)
            if program is not None:
                tried.append(program)
                whole = self._run(program, batch, left, calls, results)
                if whole is not None:
                    return whole
                continue
            i = left[0]
            with self._lock:
                recorded = self._recorded(calls[i])
            if recorded:
                results[i] = calls[i].result
            elif calls[i].raises:
                results[i] = self._eagerly(calls[i])
            if moving is not self._ints.names:  # the ints of a shared argument move no more
                moving, batch, signature = self._batch_of(args, axes)
                calls = [_Sample(signature, batch, i) for i in range(batch.n)]
            elif i not in results:
                break
        for i in range(batch.n):
            if i not in results:
                results[i] = self._eagerly(calls[i])
        return stack_results([results[i] for i in range(batch.n)])

    def _batch_of(
        self, args: tuple[Any, ...], axes: Sequence[int | None]
    ) -> tuple[frozenset[Any], Batch, Signature]:
        """The arguments whose ints move, the batch of these arguments, and its signature."""
        moving = self._ints.names
        batch = Batch(self.__name__, args, axes, moving)
        return moving, batch, self._signature(batch.key)

    def _run(
        self,
        program: Program,
        batch: Batch,
        left: list[int],
        calls: Sequence[Call],
        results: dict[int, Any],
    ) -> Any:
        """Add the results of those samples left that the program is the one for.

        If it is for all, and none is checked, the results of the whole batch as one; else None.
        """
        batched = self._batched(program, batch)
        ran = batched.run(batch, left, calls)
        if ran is None:
            for i in left:
                alone = program.run(calls[i])
                results |= {} if alone is None else {i: program.result(alone, calls[i].flat)}
            return None
        run, held = ran
        due = held if program.is_due(self._check) else []
        if self._check != "always" and due:  # the first if it calls back, else another each time
            due = [due[0 if program.calls else program.runs.bit_length() % len(due)]]
        for i in due:
            one = batched.run_of(i, run, calls[i])
            results[i] = self._checked(program, one, calls[i])
            if self._mistake:
                return None
        for i in held if program.calls else ():
            if i not in due:
                program.call_back(batched.outputs_of(i, run))
        program.runs += bool(held)
        nodes, numbers = batched.results(run, batch)
        if len(held) == batch.n and not due:
            return put_together(batched.template, nodes, numbers)
        results |= {i: batched.result(nodes, numbers, i) for i in held if i not in due}
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
        self.signature, self._batch, self._i = signature, batch, i

    def __getattr__(self, name: str) -> Any:
        if name not in ("args", "flat", "kwargs"):
            raise AttributeError(name)
        self.flat, self.kwargs = self._batch.sample(self._i), {}
        self.args = self._batch.arguments(self._i)
        return getattr(self, name)


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
        self.template = compact(stack_results(results))

    def explain(self, function: Callable[..., Any]) -> str:
        def lines() -> dict[int, str]:
            of_one = self.one.lines(function)
            origin = self._origin.tolist()
            return {i: of_one[node] for i, node in enumerate(origin) if node in of_one}

        text = explain_choice(self.choice, self.names, lines)
        return f"{self.name}: {counted(self.n, 'sample')}\n{text}"

    def run(
        self, batch: Batch, left: list[int], calls: Sequence[Call]
    ) -> tuple[Run, list[int]] | None:
        """The run for all samples, and those of the samples left for which all guards hold.

        None if it raises something, perhaps of a sample for which this is not the program.

        calls  that of each sample
        """
        one, k = self.one, len(self.one.draws)
        drawn: list[float] = []
        for call in calls if k else ():
            drawn += one.drawn(call)
        try:
            run = one.forward(self.choice, batch.flat, drawn)
        except Exception:
            return None
        doubtful = set(left if one.guards.guards or k else self._overflows(run))
        left = [
            i
            for i in left
            if i not in doubtful
            or one.kept(self.outputs_of(i, run), calls[i], drawn[i * k : (i + 1) * k])
        ]
        return run, left

    def run_of(self, i: int, run: Run, call: Call) -> Run:
        """The run of the program of one for sample i, with what the batch's run gave for it."""
        interpreter: Any = self.one.choice.interpreter
        found = self.one.forward(interpreter, call.flat, self.one.drawn(call))
        found.outputs = self.outputs_of(i, run)
        return found

    def results(self, run: Run, batch: Batch) -> tuple[list[Value], list[float]]:
        """The results of all samples, those that are nodes and those that are plain numbers."""
        nodes = self.one.nodes(run, self.n * self.one.n_results, batch.flat)
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


def stack_results(results: list[Any]) -> Any:
    """The results of all samples as one: a list, an array of arrays, or a tuple, dict or dataclass
    of those.

    Of results that are not all of one form, a list.
    """
    first = results[0]
    if len({*map(_form, results)}) > 1:
        return results
    if isinstance(first, dict):
        return {key: stack_results([result[key] for result in results]) for key in first}
    if isinstance(first, tuple) or is_made_of_fields(first):
        rows = zip(*map(children, results), strict=True)
        return rebuild(first, [stack_results(list(row)) for row in rows])
    return np.stack(results) if isinstance(first, np.ndarray) else results


def _form(result: Any) -> tuple[Any, ...]:
    if isinstance(result, tuple):
        return type(result), len(result)
    if isinstance(result, dict):
        return dict, frozenset(result)
    if is_made_of_fields(result):
        return (type(result),)
    return (result.shape,) if isinstance(result, np.ndarray) else ()
