"""A program for n samples at once: n copies of the tape of one.

What depends on no sample, such as the parameters, is there once. So the lift finds the same matrix
products as in a loop over the samples, while the function was recorded for one of them.
"""

from __future__ import annotations

import numpy as np

from autograd_lite.compiler.choice import ExecutorChoice
from autograd_lite.compiler.program import (
    Hole,
    in_a_row,
    is_made_of_fields,
    parts_of,
    put_together,
    rebuilt,
)
from autograd_lite.compiler.tape.opcodes import CONSTANT, INDEX, LEAF
from autograd_lite.compiler.tape.ranges import ranges
from autograd_lite.compiler.tape.tape import Tape

TYPE_CHECKING = False
if TYPE_CHECKING:
    from array import array
    from collections.abc import Callable, Iterable, Mapping
    from typing import Any, TypeAlias

    from numpy.typing import NDArray

    from autograd_lite.compiler.program import Attempt, Program
    from autograd_lite.compiler.vmap import Batch
    from autograd_lite.value import Value

    Ints: TypeAlias = NDArray[np.int64]

__all__ = ["BatchSlots", "BatchedProgram", "batched_tape", "rebuilt_like", "stack_results"]


class BatchSlots:
    """Where the numbers of n samples stand, given where those of one do.

    blocks  numbers that stand side by side: how many, and whether each sample has its own
    own     [k] whether each sample has its own number
    size    how many numbers there are for all samples
    """

    def __init__(self, blocks: Iterable[tuple[int, bool]], n: int) -> None:
        start, step, self.size = [], [], 0
        for count, own in blocks:
            start.append(self.size + np.arange(count))
            step.append(np.full(count, count * own))
            self.size += count * n if own else count
        self._start, self._step = np.concatenate(start), np.concatenate(step)
        self.own = self._step > 0

    def of(self, i: int | Ints) -> Ints:
        """[k] the slots of sample i; [n, k] those of samples i [n, 1]."""
        slots: Ints = self._start + i * self._step
        return slots


def batched_tape(
    tape: Tape, leaves: BatchSlots, indices: BatchSlots, n: int, results: int
) -> tuple[Tape, Ints]:
    """The tape of n samples, and of which node each of its nodes is a copy.

    Its outputs are the first `results` of each sample, then the others of each.

    leaves, indices  which of the leaves and of the ints a sample has for its own
    """
    own = np.zeros(len(tape), bool)
    for kind, slots in ((LEAF, leaves), (INDEX, indices)):
        nodes = np.flatnonzero(tape.codes == kind)
        own[nodes] = slots.own[tape.slots[nodes]]
    for i in np.flatnonzero((tape.codes != LEAF) & (tape.codes != CONSTANT)).tolist():
        own[i] |= own[tape.parents_of(i)].any()
    shared, mine = np.flatnonzero(~own), np.flatnonzero(own)
    place = np.zeros(len(tape), np.int64)
    place[shared], place[mine] = np.arange(len(shared)), len(shared) + np.arange(len(mine))
    sample = np.arange(n)[:, None]

    def nodes_of(i: int | Ints, nodes: Ints) -> Ints:
        """Where the copies for sample i are of these nodes."""
        return np.where(own[nodes], place[nodes] + i * len(mine), place[nodes])

    def written(nodes: Ints, i: Ints) -> tuple[Ints, Ints, Ints]:
        """The number of parents, the parents and the slots of the nodes of samples i [n, 1]."""
        first, counts = tape.offsets[nodes], tape.offsets[nodes + 1] - tape.offsets[nodes]
        parents = nodes_of(i, tape.parents[ranges(first, counts)])
        slot = np.broadcast_to(tape.slots[nodes], (len(i), len(nodes))).copy()
        for kind, slots in ((LEAF, leaves), (INDEX, indices)):
            here = tape.codes[nodes] == kind
            slot[:, here] = slots.of(i)[:, tape.slots[nodes[here]]]
        return np.tile(counts, len(i)), parents.ravel(), slot.ravel()

    once, each = written(shared, sample[:1]), written(mine, sample)
    counts, parents, places = (np.concatenate(pair) for pair in zip(once, each, strict=True))
    order = np.concatenate([shared, np.tile(mine, n)])
    outputs = [nodes_of(sample, part).ravel() for part in np.split(tape.outputs, [results])]
    batched = Tape(
        tape.codes[order],
        np.append(0, np.cumsum(counts)),
        parents,
        tape.static[order],
        places,
        np.concatenate(outputs),
        leaves.size,
        indices.size,
        n * results,
    )
    return batched, order


class BatchedProgram:
    """A program that runs for n samples at once.

    one       the program of one sample
    names     of the arguments, by the slots of their numbers
    template  what the function returns for all of them, with a hole for each result
    """

    def __init__(self, one: Program, batch: Batch) -> None:
        self.one, self.n = one, batch.n
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
        holes = [Hole(i) for i in range(batch.n * one.n_results)]
        self.template = in_a_row(stack_results([self.result(holes, i) for i in range(batch.n)]))

    def explain(self, lines: Callable[[Program], Mapping[int, str]]) -> str:
        """The program for all samples; the lines are as for that of one."""

        def lines_of_copies() -> dict[int, str]:
            of_one = lines(self.one)
            origin = self._origin.tolist()
            return {i: of_one[node] for i, node in enumerate(origin) if node in of_one}

        text = self.choice.explain(self.names, lines_of_copies)
        return f"{self.one.name}: {self.n} sample{'s' * (self.n > 1)}\n{text}"

    def run(
        self, batch: Batch, left: list[int], attempts: list[Attempt]
    ) -> tuple[list[int], list[Value]] | None:
        """Those of the samples left for which all guards hold; the results of all, as nodes.

        None of them if the program has trouble; None at all if it raises something, perhaps of a
        sample for which this is not the program.

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
        if one.guards.tests or one.calls:
            of = {i: self._outputs(run.outputs, i) for i in left}
            left = [i for i in left if one.kept(of[i], attempts[i], drawn[i * k : (i + 1) * k])]
            if not one.called_back([of[i] for i in left]):
                left = []
        return left, one.nodes(run, n * one.n_results, batch.flat)

    def result(self, nodes: list[Any], i: int) -> Any:
        """What the function returns for sample i."""
        r = self.one.n_results
        return put_together(self.one.template, nodes[i * r : (i + 1) * r])

    def _outputs(self, outputs: array[float], i: int) -> array[float]:
        """Those of the program of one, for sample i."""
        r = self.one.n_results
        others = len(self.one.tape.outputs) - r
        start = self.n * r + i * others
        return outputs[i * r : (i + 1) * r] + outputs[start : start + others]


def stack_results(results: list[Any]) -> Any:
    """The results of all samples: a list, an array of arrays, or a tuple, dict or dataclass of
    those.

    Of results that are not all of one form, a list.
    """
    first = results[0]
    if len({*map(_form, results)}) > 1:
        return results
    if isinstance(first, tuple):
        return rebuilt_like(
            first, [stack_results(list(parts)) for parts in zip(*results, strict=True)]
        )
    if isinstance(first, dict):
        return {key: stack_results([result[key] for result in results]) for key in first}
    if is_made_of_fields(first):
        rows = zip(*map(parts_of, results), strict=True)
        return rebuilt_like(first, [stack_results(list(row)) for row in rows])
    return np.stack(results) if isinstance(first, np.ndarray) else results


def _form(result: Any) -> tuple[Any, ...]:
    if isinstance(result, tuple):
        return type(result), len(result)
    if isinstance(result, dict):
        return dict, frozenset(result)
    if is_made_of_fields(result):
        return (type(result),)
    return (result.shape,) if isinstance(result, np.ndarray) else ()


def rebuilt_like(thing: Any, parts: Iterable[Any]) -> Any:
    """Another list, tuple, dict or dataclass like this one, of these parts."""
    if is_made_of_fields(thing):
        return rebuilt(thing, list(parts))
    if isinstance(thing, dict):
        return dict(zip(thing, parts, strict=True))
    return getattr(type(thing), "_make", type(thing))(parts)
