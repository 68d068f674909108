"""The tape of a batch: of what depends on no sample one node, of everything else one for each."""

from __future__ import annotations

import numpy as np

from autograd_lite.compiler.tape.opcodes import BLOCK, CONSTANT, INDEX, LEAF
from autograd_lite.compiler.tape.ranges import rows_of
from autograd_lite.compiler.tape.tape import Tape

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from autograd_lite.compiler.tape.ranges import Ints

__all__ = ["BatchSlots", "batched_tape"]


class BatchSlots:
    """Where the numbers of n samples stand, given where those of one do.

    blocks  (count, own) of numbers that stand side by side; own is True if each sample has its own
    own     [k] True where each sample has its own number
    size    the number of numbers for all samples
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
        """[k] the slots of sample i; [n, k] of samples i [n, 1]."""
        slots: Ints = self._start + i * self._step
        return slots


def batched_tape(
    tape: Tape, leaves: BatchSlots, indices: BatchSlots, n: int, results: int
) -> tuple[Tape, Ints]:
    """The tape of n samples, and the node of the tape of one that each of its nodes copies.

    Its outputs are the first `results` of each sample, then the others of each.

    leaves, indices  where the leaves and the ints of each sample stand
    """
    own = np.zeros(len(tape), bool)
    for code, slots in ((LEAF, leaves), (INDEX, indices)):
        nodes = np.flatnonzero(tape.codes == code)
        own[nodes] = slots.own[tape.slots[nodes]]
    for i in np.flatnonzero((tape.codes != LEAF) & (tape.codes != CONSTANT)).tolist():
        own[i] |= own[tape.parents_of(i)].any()
    shared, mine = np.flatnonzero(~own), np.flatnonzero(own)
    first_copy, step = np.zeros(len(tape), np.int64), np.where(own, len(mine), 0)
    first_copy[shared] = np.arange(len(shared))
    first_copy[mine] = len(shared) + np.arange(len(mine))
    sample = np.arange(n)[:, None]

    def nodes_of(i: int | Ints, nodes: Ints) -> Ints:
        """The copies of these nodes for sample i."""
        copies: Ints = first_copy[nodes] + i * step[nodes]
        return copies

    def written(nodes: Ints, i: Ints) -> tuple[Ints, Ints, Ints]:
        """The numbers of parents, the parents, and the slots of the nodes of samples i [n, 1]."""
        places, counts = rows_of(tape.offsets, nodes)
        parents = nodes_of(i, tape.parents[places])
        slot = np.broadcast_to(tape.slots[nodes], (len(i), len(nodes))).copy()
        for code, slots in ((LEAF, leaves), (INDEX, indices)):
            here = tape.codes[nodes] == code
            slot[:, here] = slots.of(i)[:, tape.slots[nodes[here]]]
        return np.tile(counts, len(i)), parents.ravel(), slot.ravel()

    once, each = written(shared, sample[:1]), written(mine, sample)
    counts, parents, slot = (np.concatenate(pair) for pair in zip(once, each, strict=True))
    order = np.concatenate([shared, np.tile(mine, n)])
    called = np.flatnonzero(tape.codes[order] == BLOCK)
    blocks = [tape.blocks[k] for k in slot[called].tolist()]
    slot[called] = np.arange(len(called))
    outputs = [nodes_of(sample, part).ravel() for part in np.split(tape.outputs, [results])]
    marks: dict[int, tuple[str, int]] = {}
    for node, (made_in, of) in tape.marks.items():
        copies = nodes_of(sample[: n if own[node] else 1], np.array([node, of]))
        marks |= {copy: (made_in, of_copy) for copy, of_copy in copies.tolist()}
    batched = Tape(
        tape.codes[order],
        np.append(0, np.cumsum(counts)),
        parents,
        tape.static[order],
        slot,
        np.concatenate(outputs),
        leaves.size,
        indices.size,
        n * results,
        blocks,
        marks,
    )
    return batched, order
