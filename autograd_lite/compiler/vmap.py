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
from autograd_lite.compiler.choice import ExecutorChoice
from autograd_lite.compiler.explain import explain_choice
from autograd_lite.compiler.function import MAX_SIGNATURES, Compiled
from autograd_lite.compiler.messages import counted
from autograd_lite.compiler.program import AnyProgram, Attempt, Hole, compact, put_together
from autograd_lite.compiler.tape.batched import BatchSlots, batched_tape
from autograd_lite.tree import children, is_made_of_fields, rebuild
from autograd_lite.value import blocks_open

TYPE_CHECKING = False
if TYPE_CHECKING:
    from array import array
    from collections.abc import Callable, Sequence
    from typing import Any

    from autograd_lite.compiler.program import Program
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
        super().__init__(function)
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
        batch = Batch(self.__name__, args, self._axes(args))
        watched = blocks_open() and observers.watched()  # every node
        if watched and observers.tracing():  # recorded in another
            return stack_results([self.function(*batch.arguments(i)) for i in range(batch.n)])
        if len(batch.groups) == 1:
            return self._run(batch, watched, True)
        results: dict[int, Any] = {}
        for group in batch.groups:
            results |= zip(group, self._run(batch.part(group), watched, False), strict=True)
        return stack_results([results[i] for i in range(batch.n)])

    def _run(self, batch: Batch, watched: bool, whole: bool) -> Any:
        """The results for samples with the same bools: a list, or for the whole batch as one."""
        signature = self._signature(batch.key)
        attempts = [Attempt() for _ in range(batch.n)]
        results: dict[int, Any] = {}
        tried: list[Program] = []
        left = [] if watched else list(range(batch.n))  # samples that a program may be for
        while left:
            fresh = [p for p in signature.programs if p not in tried]
            program = next((p for p in fresh if not p.captured.changed()), None)
            if program is None:
                i = left[0]
                with self._lock:
                    flat, args = batch.sample(i), batch.arguments(i)
                    recorded = self._recorded(signature, flat, attempts[i], args, {})
                found, result, program = recorded
                results |= {i: result} if found else {}
                left = [i for i in left if i not in results]
            if program is None:
                break
            tried.append(program)
            batched = self._batched(program, batch)
            ran = batched.run(batch, left, attempts) if left else ([], [], [])
            if ran is None:
                for i in left:
                    flat = batch.sample(i)
                    run = program.run(flat, attempts[i])
                    results |= {} if run is None else {i: program.result(run, flat)}
            else:
                held, nodes, numbers = ran
                if whole and len(held) == batch.n:
                    return put_together(batched.template, nodes, numbers)
                results |= {i: batched.result(nodes, numbers, i) for i in held}
            left = [i for i in left if i not in results]
        for i in range(batch.n):
            if i not in results:
                results[i] = self._eagerly(signature, batch.arguments(i), {})
        each = [results[i] for i in range(batch.n)]
        return stack_results(each) if whole else each

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
        self, batch: Batch, left: list[int], attempts: list[Attempt]
    ) -> tuple[list[int], list[Value], list[float]] | None:
        """Those of the samples left for which all guards hold; the results of all, nodes and
        numbers.

        None if the program raises something, perhaps of a sample for which this is not the program.

        attempts  what is known of the call for each sample
        """
        one, n = self.one, self.n
        k = len(one.draws)
        drawn: list[float] = []
        for attempt in attempts if k else ():
            drawn += one.drawn(attempt)
        try:
            run = one.forward(self.choice, batch.flat, drawn)
        except Exception:
            return None
        if one.guards.guards or one.calls or k:
            of = {i: self._outputs(run.outputs, i) for i in left}
            left = [i for i in left if one.kept(of[i], attempts[i], drawn[i * k : (i + 1) * k])]
            for i in left:
                one.call_back(of[i])
        others = np.array(run.outputs[n * one.n_results :]).reshape(n, -1)
        numbers = others[:, : one.n_numbers].ravel().tolist()
        return left, one.nodes(run, n * one.n_results, batch.flat), numbers

    def result(self, nodes: list[Any], numbers: list[Any], i: int) -> Any:
        """The result for sample i."""
        n, m = self.one.n_results, self.one.n_numbers
        mine = nodes[i * n : (i + 1) * n], numbers[i * m : (i + 1) * m]
        return put_together(self.one.template, *mine)

    def _outputs(self, outputs: array[float], i: int) -> array[float]:
        """The outputs of the program of one, for sample i."""
        r = self.one.n_results
        others = len(self.one.tape.outputs) - r
        start = self.n * r + i * others
        return outputs[i * r : (i + 1) * r] + outputs[start : start + others]


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
