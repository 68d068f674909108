"""Several loops of one body side by side: a step of them all in one go, then the next step.

Plain Python, compiled with `lanes.pxd` beside it as `autograd_lite/value.py` is. Each loop has a
lane, in which its numbers are those that `scan.py` computes for it alone, bit for bit.
"""

from __future__ import annotations

from array import array

import autograd_lite.compiler.tape.instructions as do
import autograd_lite.compiler.tape.loops as loops
import autograd_lite.compiler.tape.scan as scan
import autograd_lite.memory as memory

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from autograd_lite.compiler.tape.scan import Steps


class Lanes:
    """Room for up to LANES loops of n steps.

    steps       the body, with room of its own
    n           how many steps each loop takes
    first       the loop in the first lane; the others follow
    width       how many loops there are
    values      [nodes, LANES]
    cotangents  [nodes, LANES] 0 between the steps, but of what is captured
    bars        [LANES] those of the node whose turn it is
    """

    __slots__ = ("bars", "cotangents", "first", "n", "steps", "values", "width")

    def __init__(self, steps: Steps, n: int) -> None:
        self.steps, self.n = steps, n
        self.first = self.width = 0
        self.values = loops.room(len(steps.values) * do.LANES)
        self.cotangents = loops.room(len(steps.values) * do.LANES)
        self.bars = loops.room(do.LANES)

    def load(self, numbers: array[float], first: int, width: int, keeps: bool) -> None:
        """Put the carries of these loops, and what they captured, where the lanes read them.

        numbers  [loops, n_carry + n * n_x + n_captured] what each loop is given
        keeps    True for `backward`, too
        """
        steps = self.steps
        self.first, self.width = first, width
        n_carry, n_own = steps.n_carry, steps.n_carry + steps.n_x
        behind = n_carry + self.n * steps.n_x  # where what is captured begins
        size = behind + steps.n_captured
        x, v = memory.doubles(numbers), memory.doubles(self.values)
        one = memory.doubles(steps.values)
        for j in range(width):
            at = (first + j) * size
            for k in range(n_carry):
                v[k * do.LANES + j] = x[at + k]
            for k in range(steps.n_captured):
                v[(n_own + k) * do.LANES + j] = x[at + behind + k]
        for k in range(n_own + steps.n_captured, len(steps.values)):  # the constants, and all else
            for j in range(width):
                v[k * do.LANES + j] = one[k]
        scan.compute_in_lanes(steps, steps.once, self.values, width, keeps)

    def restore(self, carries: array[float], row: int) -> None:
        """Put the carries back that `forward` wrote to this row."""
        v, c, width = memory.doubles(self.values), memory.doubles(carries), self.width
        for k in range(self.steps.n_carry):
            for j in range(width):
                v[k * do.LANES + j] = c[(row * self.steps.n_carry + k) * width + j]


def forward(
    lanes: Lanes,
    numbers: array[float],
    results: array[float],
    carries: array[float],
    every: int,
    begin: int,
    end: int,
) -> bool:
    """Run the steps from begin to end, from the carries that are loaded; False if a guard fails.

    results  [loops, n_carry + n * n_y] where the ys are written, and the carries after these steps;
             empty for nowhere
    carries  [rows, n_carry, width] where the carries before every so many steps are written
    """
    steps, n, first, width = lanes.steps, lanes.n, lanes.first, lanes.width
    n_carry, n_x, n_y = steps.n_carry, steps.n_x, steps.n_y
    size, n_results = n_carry + n * n_x + steps.n_captured, n_carry + n * n_y
    guarded, keeps_y = len(steps.constants) > 0, len(results) > 0
    after = loops.room(n_carry * do.LANES)
    compared = loops.room(len(steps.outputs))
    x, v, y = memory.doubles(numbers), memory.doubles(lanes.values), memory.doubles(results)
    c, out = memory.doubles(carries), memory.ints(steps.outputs)
    a, of_lane = memory.doubles(after), memory.doubles(compared)
    for t in range(begin, end):
        memory.let_interrupt()
        if (t - begin) % every == 0:
            for k in range(n_carry):
                at = ((t - begin) // every * n_carry + k) * width
                for j in range(width):
                    c[at + j] = v[k * do.LANES + j]
        for j in range(width):
            at = (first + j) * size + n_carry + t * n_x
            for k in range(n_x):
                v[(n_carry + k) * do.LANES + j] = x[at + k]
        scan.compute_in_lanes(steps, steps.each, lanes.values, width, False)
        if guarded:
            for j in range(width):
                for k in range(len(steps.outputs)):
                    of_lane[k] = v[out[k] * do.LANES + j]
                if loops.broken(compared, steps.guards, steps.constants) >= 0:
                    return False
        if keeps_y:
            for j in range(width):
                at = (first + j) * n_results + n_carry + t * n_y
                for k in range(n_y):
                    y[at + k] = v[out[n_carry + k] * do.LANES + j]
        for k in range(n_carry):
            at = out[k] * do.LANES
            for j in range(width):
                a[k * do.LANES + j] = v[at + j]
        for k in range(n_carry * do.LANES):
            v[k] = a[k]
    if keeps_y:
        for j in range(width):
            for k in range(n_carry):
                y[(first + j) * n_results + k] = v[k * do.LANES + j]
    return True


def begin_backward(lanes: Lanes, cotangents: array[float]) -> array[float]:
    """[n_carry, LANES] the cotangents of the carries in the end; those of all nodes are 0.

    cotangents  [loops, n_carry + n * n_y] those of the results
    """
    loops.clear(lanes.cotangents)
    steps, width = lanes.steps, lanes.width
    carry_bar = loops.room(steps.n_carry * do.LANES)
    bar, given = memory.doubles(carry_bar), memory.doubles(cotangents)
    for j in range(width):
        at = (lanes.first + j) * (steps.n_carry + lanes.n * steps.n_y)
        for k in range(steps.n_carry):
            bar[k * do.LANES + j] = given[at + k]
    return carry_bar


def backward(
    lanes: Lanes,
    numbers: array[float],
    carries: array[float],
    carry_bar: array[float],
    cotangents: array[float],
    sent: array[float],
    begin: int,
    end: int,
) -> None:
    """Send cotangents backward through the steps from begin to end.

    carries     [end - begin, n_carry, width] the carries before each step
    carry_bar   [n_carry, LANES] the cotangents of the carries after the steps, then before them
    cotangents  [loops, n_carry + n * n_y] those of the results
    sent        [loops, n_carry + n * n_x + n_captured] where those of what the loops are given go
    """
    steps, n, first, width = lanes.steps, lanes.n, lanes.first, lanes.width
    n_carry, n_x, n_y = steps.n_carry, steps.n_x, steps.n_y
    size, n_results = n_carry + n * n_x + steps.n_captured, n_carry + n * n_y
    x, v, c = memory.doubles(numbers), memory.doubles(lanes.values), memory.doubles(carries)
    out, g = memory.ints(steps.outputs), memory.doubles(lanes.cotangents)
    bar, given, s = memory.doubles(carry_bar), memory.doubles(cotangents), memory.doubles(sent)
    for t in range(end - 1, begin - 1, -1):
        memory.let_interrupt()
        for k in range(n_carry):
            at = ((t - begin) * n_carry + k) * width
            for j in range(width):
                v[k * do.LANES + j] = c[at + j]
        for j in range(width):
            at = (first + j) * size + n_carry + t * n_x
            for k in range(n_x):
                v[(n_carry + k) * do.LANES + j] = x[at + k]
        scan.compute_in_lanes(steps, steps.each, lanes.values, width, True)
        for k in range((n_carry + n_x) * do.LANES):
            g[k] = 0.0
        for j in range(width):
            at = (first + j) * n_results + n_carry + t * n_y
            for k in range(n_y):
                g[out[n_carry + k] * do.LANES + j] += given[at + k]
        for k in range(n_carry):
            at = out[k] * do.LANES
            for j in range(width):
                g[at + j] += bar[k * do.LANES + j]
        send(lanes)
        for k in range(n_carry * do.LANES):
            bar[k] = g[k]
        for j in range(width):
            at = (first + j) * size + n_carry + t * n_x
            for k in range(n_x):
                s[at + k] = g[(n_carry + k) * do.LANES + j]
    if begin == 0:
        behind = n_carry + n * n_x
        for j in range(width):
            at = (first + j) * size
            for k in range(n_carry):
                s[at + k] = bar[k * do.LANES + j]
            for k in range(steps.n_captured):
                s[at + behind + k] = g[(n_carry + n_x + k) * do.LANES + j]


def send(lanes: Lanes) -> None:
    """Send cotangents from the last node to the first, in all lanes.

    A sum of cotangents begins at 0.0, so that it is never -0.0, and to add 0.0 leaves it as it is.
    """
    steps, n = lanes.steps, lanes.width
    op, parent = memory.ints(steps.back), memory.ints(steps.parents)
    v, d = memory.doubles(lanes.values), memory.doubles(steps.partials)
    g, bar = memory.doubles(lanes.cotangents), memory.doubles(lanes.bars)
    for at in range(len(steps.back) // do.SIZE - 1, -1, -1):
        i = at * do.SIZE
        node = op[i + 1] * do.LANES
        some = 0
        for k in range(n):
            bar[k] = g[node + k]
            g[node + k] = 0.0
            some |= bar[k] != 0.0
        if not some:
            continue
        kind = op[i]
        x, y, z = op[i + 2] * do.LANES, op[i + 3] * do.LANES, op[i + 4] * do.LANES
        if kind == do.PLUS_SCALED:
            add(g, x, bar, n)
            add_times(g, y, bar, v, z, n)
        elif kind == do.TOTAL:
            add(g, x, bar, n)
            add(g, y, bar, n)
        elif kind == do.PRODUCT:
            add_times(g, x, bar, v, y, n)
            add_times(g, y, bar, v, x, n)
        elif kind == do.SCALED:
            add_times(g, x, bar, v, y, n)
        elif kind == do.SINE or kind == do.COSINE or kind == do.UNARY:
            add_times(g, x, bar, d, y, n)
        elif kind == do.DIFFERENCE:
            add(g, x, bar, n)
            subtract(g, y, bar, n)
        elif kind == do.PLUS_PRODUCT:
            add(g, x, bar, n)
            add_times(g, y, bar, v, z, n)
            add_times(g, z, bar, v, y, n)
        elif kind == do.MINUS_SCALED:
            add(g, x, bar, n)
            subtract_times(g, y, bar, v, z, n)
        elif kind == do.MINUS_PRODUCT:
            add(g, x, bar, n)
            subtract_times(g, y, bar, v, z, n)
            subtract_times(g, z, bar, v, y, n)
        elif kind == do.BINARY:
            add_times(g, x, bar, d, z, n)
            add_times(g, y, bar, d, z + do.LANES, n)
        elif kind == do.DOT or kind == do.CHAIN:
            half = op[i + 3]
            for j in range(op[i + 2], op[i + 2] + half):
                x, y = parent[j] * do.LANES, parent[j + half] * do.LANES
                add_times(g, x, bar, v, y, n)
                add_times(g, y, bar, v, x, n)
        elif kind == do.TERNARY:
            for j in range(op[i + 2], op[i + 2] + 3):
                add_times(g, parent[j] * do.LANES, bar, d, j * do.LANES, n)


def add(g: Any, x: int, bar: Any, n: int) -> None:
    """Add cotangents to those of n lanes that begin at x."""
    for k in range(n):
        g[x + k] += bar[k]


def subtract(g: Any, x: int, bar: Any, n: int) -> None:
    for k in range(n):
        g[x + k] -= bar[k]


def add_times(g: Any, x: int, bar: Any, d: Any, y: int, n: int) -> None:
    """Add cotangents times partials, which begin at y; 0 stays 0 through an infinite partial."""
    for k in range(n):
        number = bar[k] * d[y + k]
        g[x + k] += number if bar[k] != 0.0 else 0.0


def subtract_times(g: Any, x: int, bar: Any, d: Any, y: int, n: int) -> None:
    for k in range(n):
        number = bar[k] * d[y + k]
        g[x + k] -= number if bar[k] != 0.0 else 0.0
