"""The tape of a loop's body as instructions, which `scan.py` runs as often as needed."""

from __future__ import annotations

from array import array

import numpy as np

from autograd_lite.compiler.tape import instructions as do
from autograd_lite.compiler.tape import loops
from autograd_lite.compiler.tape import opcodes as op
from autograd_lite.compiler.tape.ranges import rows_of
from autograd_lite.compiler.tape.scan import Steps, in_c
from autograd_lite.operations import kernels
from autograd_lite.operations.rules import COMPARISONS, RULES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from autograd_lite.compiler.tape.tape import Tape

__all__ = ["steps_of"]

_PLAIN = {kernels.MUL: do.PRODUCT, kernels.ADD: do.TOTAL, kernels.SUB: do.DIFFERENCE}
_PAIRS = {kernels.DOT: do.DOT, kernels.CHAIN: do.CHAIN}
_WAVES = {kernels.SIN: do.SINE, kernels.COS: do.COSINE}
_FUSED = {
    (do.TOTAL, do.PRODUCT): do.PLUS_PRODUCT,
    (do.TOTAL, do.SCALED): do.PLUS_SCALED,
    (do.DIFFERENCE, do.PRODUCT): do.MINUS_PRODUCT,
    (do.DIFFERENCE, do.SCALED): do.MINUS_SCALED,
}
_ALONE = {do.TAKE, do.LARGEST, do.NARY, do.IN_PYTHON, do.BLOCK, do.RESULT}
"""What is computed for one step at a time."""


def steps_of(
    tape: Tape,
    n_carry: int,
    n_x: int,
    n_y: int,
    index_slots: list[int],
    guards: tuple[array[int], array[float]],
) -> Steps:
    """The steps of a loop whose body is a tape, of which the leaves are [carry, x, captured].

    The outputs of the tape are [carry, y] after the step, then the numbers that guards compare. Its
    nodes keep the order in which they were made, behind the leaves, which stand at their slots, and
    the constants. So the carry is the first numbers.

    n_carry, n_x, n_y  how many numbers there are of each
    index_slots        [tape.indices] which number among [carry, x] each index is
    guards             as `loops.broken` reads them, and its constants
    """
    is_leaf, is_constant = tape.codes == op.LEAF, tape.codes == op.CONSTANT
    order = np.flatnonzero(~(is_leaf | is_constant))
    constants = tape.static[is_constant]
    start = tape.leaves + len(constants)
    position = np.empty(len(tape), np.int64)
    position[is_leaf] = tape.slots[is_leaf]
    position[is_constant] = tape.leaves + np.arange(len(constants))
    position[order] = start + np.arange(len(order))
    places, counts = rows_of(tape.offsets, order)
    parents, outputs = position[tape.parents[places]], position[tape.outputs]
    users, starts = tape.user_results()
    static = np.append(np.zeros(start), tape.static[order])
    static[position[users]] = starts[:-1]
    values = np.zeros(start + len(order))
    values[tape.leaves : start] = constants

    used = np.bincount(np.append(parents, outputs), minlength=len(values)).tolist()
    writer = _Writer(n_carry + n_x, range(tape.leaves, start), used)
    slots = tape.slots[order].tolist()
    offsets = np.append(0, np.cumsum(counts)).tolist()
    for k, code in enumerate(tape.codes[order].tolist()):
        at = offsets[k]
        xs = parents[at : offsets[k + 1]].tolist()
        if code == op.INDEX:  # which TAKE reads where it lies
            writer.skip()
        elif code == op.TAKE:
            writer.write(xs, do.TAKE, at, len(xs), index_slots[slots[xs[0] - start]])
        elif code == op.BLOCK:
            writer.write(xs, do.BLOCK, at, len(xs), slots[k])
        elif code == op.RESULT:
            writer.write(xs, do.RESULT, slots[xs[0] - start], slots[k], xs[0])
        else:
            writer.operation(xs, code, at)
    return Steps(
        (n_carry, n_x, n_y, tape.leaves - n_carry - n_x),
        (_ints(writer.once), _ints(writer.each), _ints(writer.back)),
        _ints(parents),
        array("d", static.tobytes()),
        _ints(outputs),
        guards,
        1 if _ALONE.intersection(row[0] for row in writer.back) else do.LANES,
        array("d", values.tobytes()),
        loops.room(int(starts[-1])),
        tape.blocks,
    )


class _Writer:
    """Writes the instructions of nodes, one node after the other.

    constants         the nodes that are constants, behind which come those that are written
    used              [nodes] how often each is a parent or an output
    fixed             [nodes so far] True of those that are the same at all steps
    once, each, back  as in `Steps`
    """

    def __init__(self, moving: int, constants: range, used: list[int]) -> None:
        self.constants, self.used = constants, used
        self.fixed = [i >= moving for i in range(constants.stop)]
        self.once: list[list[int]] = []
        self.each: list[list[int]] = []
        self.back: list[list[int]] = []

    def skip(self) -> None:
        """Write nothing for the next node."""
        self.fixed.append(False)

    def write(self, xs: list[int], kind: int, *rest: int) -> None:
        """Write the next node, whose parents are xs."""
        node = len(self.fixed)
        row = [kind, node, *rest, *[0] * (do.SIZE - 2 - len(rest))]
        fixed = kind not in _ALONE and all(self.fixed[x] for x in xs)
        if fixed:
            self.once.append(row)
        else:
            before = self.each[-1] if self.each else row
            if before[1] == node - 1 and self.used[node - 1] == 1 and _fuse(row, before):
                self.each.pop()
                self.back.pop()
            self.each.append(row)
        self.back.append(row)
        self.fixed.append(fixed)

    def operation(self, xs: list[int], code: int, at: int) -> None:
        """Write the next node, an operation on xs, whose parents begin at `at`."""
        n = len(xs)
        if code == op.DETACH:
            self.write(xs, do.SAME, *xs)
        elif code == op.LARGEST:
            self.write(xs, do.LARGEST, at, n)
        elif code == kernels.MUL and xs[1] in self.constants:
            self.write(xs, do.SCALED, *xs)
        elif code == kernels.MUL and xs[0] in self.constants:
            self.write(xs, do.SCALED, *xs[::-1])
        elif code in _PLAIN:
            self.write(xs, _PLAIN[code], *xs)
        elif code in _PAIRS:
            self.write(xs, _PAIRS[code], at, n // 2)
        elif code in _WAVES:
            self.write(xs, _WAVES[code], *xs, at)
        elif code in COMPARISONS:
            self.write(xs, do.COMPARISON, *xs, at, code)
        elif RULES[code].loop:
            self.write(xs, do.NARY, at, n, code)
        elif n > 3 or not in_c(code):
            self.write(xs, do.IN_PYTHON, at, n, code)
        elif n == 3:
            self.write(xs, do.TERNARY, at, code)
        else:
            self.write(xs, do.UNARY if n == 1 else do.BINARY, *xs, at, code)


def _fuse(row: list[int], product: list[int]) -> bool:
    """Make a sum or difference and the product before it one instruction, if that is all it is."""
    fused = _FUSED.get((row[0], product[0]))
    x, y = row[2:4]
    if row[0] == do.TOTAL and x == product[1]:
        x, y = y, x
    if fused is None or y != product[1]:
        return False
    row[0], row[2:5] = fused, [x, *product[2:4]]
    return True


def _ints(numbers: Any) -> array[int]:
    return array("i", np.asarray(numbers).astype(np.intc).tobytes())
