"""The blocks of a tape, of which those that are of one kind run together."""

from __future__ import annotations

import numpy as np

from autograd_lite.compiler.tape.opcodes import BLOCK, INDEX, RESULT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from autograd_lite.block import Block
    from autograd_lite.compiler.tape.ranges import Ints
    from autograd_lite.compiler.tape.tape import Tape

__all__ = ["FEWEST", "Calls"]

FEWEST = 3
"""Two take as long one after the other, as each computes several steps at once where it can."""


class Calls:
    """The calls of blocks in a program that is sorted by level, code and rank.

    rank    [n] by which nodes of one group follow one another, the last one first: so cotangents
            are added to what they share as if each ran alone
    blocks  the block of each group
    """

    def __init__(self, tape: Tape, levels: Ints) -> None:
        self._tape, self._groups = tape, list[list[int]]()
        self.rank = np.zeros(len(tape), np.int64)
        found: dict[Any, list[int]] = {}
        for node in np.flatnonzero(tape.codes == BLOCK).tolist():
            kind = self._block(node).kind
            key = (int(levels[node]), kind) if kind is not None else node
            found.setdefault(key, []).append(node)
        for nodes in found.values():
            self._groups += [nodes[::-1]] if len(nodes) >= FEWEST else [[node] for node in nodes]
        self.blocks: list[Block] = []
        self._n_results: list[int] = []  # of each block of a group
        rank = 0
        for nodes in self._groups:
            one = self._block(nodes[0])
            block, n_results = (one, 0) if len(nodes) == 1 else one.together(len(nodes))
            self.blocks.append(block)
            self._n_results.append(n_results)
            self.rank[nodes] = np.arange(rank, rank + len(nodes))
            rank += len(nodes)

    def _block(self, node: int) -> Block:
        block: Block = self._tape.blocks[self._tape.slots[node]]
        return block

    def join(self, codes: Ints, slots: Ints, position: Ints, offsets: Ints) -> None:
        """Make each group one BLOCK, which has all their operands; nothing is left of the others.

        codes, slots  of the nodes of the tape
        position      where each is in the program
        offsets       of the nodes of the program
        """
        tape, before = self._tape, np.zeros(len(codes), np.int64)  # results of the others
        for k, nodes in enumerate(self._groups):
            slots[nodes] = k
            if len(nodes) == 1:
                continue
            start, n = position[nodes[0]], len(nodes)
            codes[nodes[1:]] = INDEX  # for which nothing is done
            offsets[start + 1 : start + n] = offsets[start + n]
            position[nodes] = start
            before[nodes] = np.arange(n) * self._n_results[k]
        results = np.flatnonzero(tape.codes == RESULT)
        slots[results] += before[tape.parents[tape.offsets[results]]]
