"""The tape: a scalar program as arrays, the one form that every executor starts from."""

from __future__ import annotations

import numpy as np

from autograd_lite.compiler.tape.opcodes import (
    BLOCK,
    CONSTANT,
    DETACH,
    INDEX,
    LARGEST,
    LEAF,
    NAMES,
    RESULT,
    TAKE,
)
from autograd_lite.operations.rules import CODES, COMPARISONS, RULES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import ArrayLike, NDArray

    from autograd_lite.block import Block

__all__ = ["Tape"]

# Operations that give one of their operands or its negative, a whole number of any operand, or a
# whole number of whole ones: these no rounding changes.
_SELECT = {"where", "maximum", "minimum", "clip", "relu", "neg", "abs", "copysign"}
_SELECTING = {TAKE, DETACH, LARGEST, *[CODES[name] for name in _SELECT]}
_STEPS = {CODES[name] for name in ("floor", "ceil", "trunc", "round", "sign")}
_ON_WHOLE_NUMBERS = {CODES[name] for name in ("add", "sub", "mul", "square", "sum")}


class Tape:
    """A scalar program: node i applies RULES[codes[i]] to its parents, which come before it.

    codes     [n] what each node does, as in `opcodes.py`
    offsets   [n + 1] node i's parents are parents[offsets[i] : offsets[i + 1]], in order
    parents   [m] nodes; those of `dot` are x0, x1, ..., y0, y1, ...
    static    [n] the static parameter c of an operation; the number of a CONSTANT
    slots     [n] where a LEAF's number, or an INDEX's int, stands among what a call gives; a BLOCK
              among the blocks; a RESULT among those of its block
    outputs   [k] the nodes whose numbers a call gives back
    leaves    how many numbers a call gives
    indices   how many ints a call gives
    results   how many of the outputs, the first ones, have cotangents; all by default
    blocks    the block of each BLOCK
    marks     {node: (pass, of which node)} of derivatives, as in `derive.Nodes`
    """

    def __init__(
        self,
        codes: ArrayLike,
        offsets: ArrayLike,
        parents: ArrayLike,
        static: ArrayLike,
        slots: ArrayLike,
        outputs: ArrayLike,
        leaves: int,
        indices: int = 0,
        results: int | None = None,
        blocks: Sequence[Block] = (),
        marks: Mapping[int, tuple[str, int]] = {},
    ) -> None:
        self.codes: NDArray[np.int64] = np.array(codes, np.int64)
        self.offsets: NDArray[np.int64] = np.array(offsets, np.int64)
        self.parents: NDArray[np.int64] = np.array(parents, np.int64)
        self.static: NDArray[np.float64] = np.array(static, np.float64)
        self.slots: NDArray[np.int64] = np.array(slots, np.int64)
        self.outputs: NDArray[np.int64] = np.array(outputs, np.int64)
        self.leaves, self.indices = leaves, indices
        self.results = len(self.outputs) if results is None else results
        self.blocks = tuple(blocks)
        self.marks = marks

    def __len__(self) -> int:
        return len(self.codes)

    def __repr__(self) -> str:
        return f"<Tape: {len(self)} scalars, {self.leaves} leaves>"

    def parents_of(self, node: int) -> NDArray[np.int64]:
        return self.parents[self.offsets[node] : self.offsets[node + 1]]

    def user_results(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """[k] the nodes of operations that users made; [k + 1] where the numbers of each begin.

        A run keeps the value and then the partials of each such node, one node after the other. As
        in the eager engine, the operation is called once, when the node is computed.
        """
        users = np.array([rule.user_module is not None for rule in RULES])
        nodes = np.flatnonzero(users[np.maximum(self.codes, 0)])
        sizes = 1 + self.offsets[nodes + 1] - self.offsets[nodes]
        return nodes, np.append(0, np.cumsum(sizes))

    def equality_is_rounded(self) -> bool:
        """True if it compares numbers for equality that another order of computing may change."""
        todo = [
            (int(parent), False)
            for node in np.flatnonzero(self.codes == CODES["equal"]).tolist()
            for parent in self.parents_of(node)
        ]
        seen = set(todo)
        while todo:
            node, whole = todo.pop()
            code = int(self.codes[node])
            if code in COMPARISONS or code == INDEX or (code == LEAF and not whole):
                continue
            if code == CONSTANT and not (whole and self.static[node] % 1):
                continue
            if code in _SELECTING or code in _STEPS or code in _ON_WHOLE_NUMBERS:
                whole = (whole and code not in _STEPS) or code in _ON_WHOLE_NUMBERS
                further = {(int(parent), whole) for parent in self.parents_of(node)} - seen
                seen |= further
                todo += further
            else:
                return True
        return False

    def __str__(self) -> str:
        lines = []
        for i, code in enumerate(self.codes.tolist()):
            name = NAMES[-code] if code <= 0 else RULES[code].name
            shown = [f"%{p}" for p in self.parents_of(i)]
            if code == BLOCK:
                name = self.blocks[self.slots[i]].name
            elif code in (LEAF, INDEX, RESULT):
                shown.append(str(self.slots[i]))
            elif code == CONSTANT or (code > 0 and RULES[code].static):
                shown.append(f"{self.static[i]:g}")
            lines.append(f"%{i} = {name}({', '.join(shown)})")
        return "\n".join([*lines, f"outputs {', '.join(f'%{i}' for i in self.outputs)}"])
