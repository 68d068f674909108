"""The body of a loop as a tape, run for many steps in one call, forward and backward.

Plain Python, compiled with `scan.pxd` beside it as `autograd_lite/value.py` is.
"""

from __future__ import annotations

from array import array

import numpy as np

import autograd_lite.memory as memory
from autograd_lite.compiler.tape import loops
from autograd_lite.compiler.tape.opcodes import CONSTANT, LEAF
from autograd_lite.compiler.tape.ranges import rows_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from autograd_lite.compiler.tape.tape import Tape


class Steps:
    """The tape of a loop's body, whose leaves are [carry, x, captured], and room to run it.

    The outputs of the tape are [carry, y] after the step, then the numbers that guards compare. Its
    nodes are in the order in which they were made, behind the leaves, which stand at their slots,
    and the constants. So the carry is the first numbers, and a step computes nodes from `start` on.

    n_carry, n_x, n_y, n_captured  how many numbers there are of each
    index_slots                    [tape.indices] which number among [carry, x] each index is
    guards, constants              as `loops.broken` reads them
    """

    def __init__(
        self,
        tape: Tape,
        n_carry: int,
        n_x: int,
        n_y: int,
        index_slots: list[int],
        guards: tuple[array[int], array[float]],
    ) -> None:
        self.n_carry, self.n_x, self.n_y = n_carry, n_x, n_y
        self.n_captured = tape.leaves - n_carry - n_x
        self.index_slots = array("q", index_slots)
        self.guards, self.constants = guards
        is_leaf, is_constant = tape.codes == LEAF, tape.codes == CONSTANT
        order = np.flatnonzero(~(is_leaf | is_constant))
        n_constants = int(is_constant.sum())
        self.start = tape.leaves + n_constants
        position = np.empty(len(tape), np.int64)
        position[is_leaf] = tape.slots[is_leaf]
        position[is_constant] = tape.leaves + np.arange(n_constants)
        position[order] = self.start + np.arange(len(order))
        places, counts = rows_of(tape.offsets, order)
        head = np.zeros(self.start, np.int64)
        nodes, starts = tape.user_results()
        static = tape.static.copy()
        static[nodes] = starts[:-1]
        self.codes = _ints(np.append(head, tape.codes[order]))
        self.offsets = _ints(np.concatenate([head, [0], np.cumsum(counts)]))
        self.parents = _ints(position[tape.parents[places]])
        self.slots = _ints(np.append(head, tape.slots[order]))
        self.static = array("d", np.append(head, static[order]).tobytes())
        self.outputs = _ints(position[tape.outputs])
        self.values = array("d", bytes(8 * len(self.codes)))
        self.values[tape.leaves : self.start] = array("d", tape.static[is_constant].tobytes())
        self.partials = loops.room(max(len(self.parents), 1))
        self.user_results = loops.room(int(starts[-1]))
        self.blocks = tape.blocks
        self.calls: list[Any] = [None] * len(tape.blocks)
        self.cotangents = array("d", bytes(8 * len(self.codes)))

    def load(self, carry: array[float], captured: array[float]) -> None:
        """Put the carry and what is captured where steps read them."""
        self.values[: self.n_carry] = carry
        self.values[self.n_carry + self.n_x : self.n_carry + self.n_x + self.n_captured] = captured

    def carry(self) -> array[float]:
        return self.values[: self.n_carry]

    def copy(self) -> Steps:
        """Steps with room of their own, for another loop at the same time."""
        other = object.__new__(Steps)
        other.__dict__.update(self.__dict__)
        for name in ("values", "partials", "user_results", "cotangents"):
            setattr(other, name, getattr(self, name)[:])
        other.calls = self.calls[:]
        return other


def forward(
    steps: Any, xs: array[float], ys: array[float], carries: array[float], begin: int, end: int
) -> int:
    """Run the steps from begin to end, from the carry that is loaded.

    xs       [all steps, n_x]
    ys       [all steps, n_y] where the ys are written; empty for nowhere
    carries  [end - begin, n_carry] where the carry before each step is written; empty for nowhere

    Gives end, or the first step at which a guard does not hold.
    """
    codes, offsets, parents, slots = steps.codes, steps.offsets, steps.parents, steps.slots
    values, partials, static = steps.values, steps.partials, steps.static
    user_results, blocks, calls = steps.user_results, steps.blocks, steps.calls
    n_carry, n_x, n_y, start = steps.n_carry, steps.n_x, steps.n_y, steps.start
    outputs, guards, constants = steps.outputs, steps.guards, steps.constants
    index_slots = steps.index_slots
    indices = array("q", bytes(8 * len(index_slots)))
    after = loops.room(len(outputs))
    guarded = len(constants) > 0
    keeps_y, keeps = len(ys) > 0, len(carries) > 0
    n_indices = len(index_slots)
    n_after = len(outputs) if guarded else n_carry + n_y
    v, x = memory.doubles(values), memory.doubles(xs)
    y, c = memory.doubles(ys), memory.doubles(carries)
    out, a = memory.ints(outputs), memory.doubles(after)
    index, place = memory.longs(indices), memory.longs(index_slots)
    for t in range(begin, end):
        if keeps:
            for k in range(n_carry):
                c[(t - begin) * n_carry + k] = v[k]
        for k in range(n_x):
            v[n_carry + k] = x[t * n_x + k]
        for k in range(n_indices):
            index[k] = truncated(v[place[k]])
        loops.forward(
            codes, offsets, parents, slots, values, partials, static, values, user_results, blocks,
            calls, indices, False, start,
        )  # fmt: skip
        for k in range(n_after):
            a[k] = v[out[k]]
        if guarded and loops.broken(after, guards, constants) >= 0:
            return t
        for k in range(n_carry):
            v[k] = a[k]
        if keeps_y:
            for k in range(n_y):
                y[t * n_y + k] = a[n_carry + k]
    return end


def backward(
    steps: Any,
    xs: array[float],
    carries: array[float],
    carry_bar: array[float],
    y_bar: array[float],
    x_bar: array[float],
    begin: int,
    end: int,
) -> None:
    """Send cotangents backward through the steps from begin to end.

    carries    [end - begin, n_carry] the carry before each step
    carry_bar  [n_carry] the cotangents of the carry after the steps, and then before them
    y_bar      [all steps, n_y] those of the ys; empty for none
    x_bar      [all steps, n_x] where those of the xs are written

    The cotangents of what is captured stay in steps.cotangents, where the next steps add to them.
    """
    codes, offsets, parents, slots = steps.codes, steps.offsets, steps.parents, steps.slots
    values, partials, static = steps.values, steps.partials, steps.static
    user_results, blocks, calls = steps.user_results, steps.blocks, steps.calls
    n_carry, n_x, n_y, start = steps.n_carry, steps.n_x, steps.n_y, steps.start
    n_leaves = n_carry + n_x + steps.n_captured
    outputs, cotangents, index_slots = steps.outputs, steps.cotangents, steps.index_slots
    indices = array("q", bytes(8 * len(index_slots)))
    n, n_indices = len(codes), len(index_slots)
    from_ys = len(y_bar) > 0
    v, x, c = memory.doubles(values), memory.doubles(xs), memory.doubles(carries)
    out, g, bar = memory.ints(outputs), memory.doubles(cotangents), memory.doubles(carry_bar)
    of_y, of_x = memory.doubles(y_bar), memory.doubles(x_bar)
    index, place = memory.longs(indices), memory.longs(index_slots)
    for t in range(end - 1, begin - 1, -1):
        for k in range(n_carry):
            v[k] = c[(t - begin) * n_carry + k]
        for k in range(n_x):
            v[n_carry + k] = x[t * n_x + k]
        for k in range(n_indices):
            index[k] = truncated(v[place[k]])
        loops.forward(
            codes, offsets, parents, slots, values, partials, static, values, user_results, blocks,
            calls, indices, False, start,
        )  # fmt: skip
        for k in range(n_carry + n_x):
            g[k] = 0.0
        for k in range(n_leaves, n):
            g[k] = 0.0
        if from_ys:
            for k in range(n_y):
                g[out[n_carry + k]] += of_y[t * n_y + k]
        for k in range(n_carry):
            g[out[k]] += bar[k]
        loops.backward(
            codes, offsets, parents, slots, values, partials, cotangents, cotangents, blocks, calls,
            indices, start,
        )  # fmt: skip
        for k in range(n_carry):
            bar[k] = g[k]
        for k in range(n_x):
            of_x[t * n_x + k] = g[n_carry + k]


def truncated(number: float) -> int:
    return int(number)


def _ints(numbers: Any) -> array[int]:
    return array("i", np.asarray(numbers).astype(np.intc).tobytes())
