"""The steps of a loop in one call, forward and backward: the instructions that `steps.py` wrote.

Plain Python, compiled with `scan.pxd` beside it as `autograd_lite/value.py` is.

Forward, a step needs the carry that the one before it gives. Backward, all carries are known: the
numbers of several steps are computed at once, instruction by instruction, and only the cotangents
go from step to step. So all that a loop keeps is its carries.
"""

from __future__ import annotations

from array import array

import autograd_lite.compiler.tape.instructions as do
import autograd_lite.compiler.tape.loops as loops
import autograd_lite.memory as memory
import autograd_lite.operations.kernels as kernels

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from autograd_lite.block import Block


class Steps:
    """The instructions of a loop's body, and room to run them.

    n_carry, n_x, n_y, n_captured  how many numbers there are of each
    once, each                     instructions that do the same at all steps, and all others
    back                           all of them, in the order of their nodes
    parents, static                of each node, as in a tape: the instructions say where
    outputs                        the nodes of the carry after a step, of its y, and of what guards
                                   compare
    guards, constants              as `loops.broken` reads them
    lanes                          how many steps are computed at once: 1 or LANES
    values                         the number of each node: first those of carry, x and captured
    partials                       of each parent in each lane
    user_results, blocks, calls    as in `loops.forward`
    cotangents                     of each node; 0 between the steps, but of what is captured
    """

    __slots__ = (
        "back",
        "blocks",
        "calls",
        "constants",
        "cotangents",
        "each",
        "guards",
        "lanes",
        "n_captured",
        "n_carry",
        "n_x",
        "n_y",
        "once",
        "outputs",
        "parents",
        "partials",
        "static",
        "user_results",
        "values",
    )

    def __init__(
        self,
        sizes: tuple[int, int, int, int],
        code: tuple[array[int], array[int], array[int]],
        parents: array[int],
        static: array[float],
        outputs: array[int],
        guards: tuple[array[int], array[float]],
        lanes: int,
        values: array[float],
        user_results: array[float],
        blocks: Sequence[Block],
    ) -> None:
        self.n_carry, self.n_x, self.n_y, self.n_captured = sizes
        self.once, self.each, self.back = code
        self.parents, self.static, self.outputs = parents, static, outputs
        self.guards, self.constants = guards
        self.lanes = lanes
        self.values = values[:]
        self.partials = loops.room(max(len(parents), 1) * lanes)
        self.user_results = user_results[:]
        self.blocks = tuple(blocks)
        self.calls = [None] * len(blocks)
        self.cotangents = array("d", bytes(8 * len(values)))

    def copy(self) -> Steps:
        """Steps with room of their own, for another loop at the same time."""
        return Steps(
            (self.n_carry, self.n_x, self.n_y, self.n_captured),
            (self.once, self.each, self.back),
            self.parents,
            self.static,
            self.outputs,
            (self.guards, self.constants),
            self.lanes,
            self.values,
            self.user_results,
            self.blocks,
        )

    def load(self, carry: array[float], captured: array[float]) -> None:
        """Put the carry and what is captured where steps read them."""
        start = self.n_carry + self.n_x
        self.values[: self.n_carry] = carry
        self.values[start : start + self.n_captured] = captured
        compute(self, self.once, self.values, 1, 1, False)

    def carry(self) -> array[float]:
        return self.values[: self.n_carry]

    def numbers_of(self, nodes: Sequence[int]) -> array[float]:
        return array("d", [self.values[i] for i in nodes])


def forward(
    steps: Steps, xs: array[float], ys: array[float], carries: array[float], begin: int, end: int
) -> int:
    """Run the steps from begin to end, from the carry that is loaded.

    xs       [all steps, n_x]
    ys       [all steps, n_y] where the ys are written; empty for nowhere
    carries  [end - begin, n_carry] where the carry before each step is written; empty for nowhere

    Gives end, or the first step at which a guard does not hold.
    """
    n_carry, n_x, n_y = steps.n_carry, steps.n_x, steps.n_y
    after = loops.room(len(steps.outputs))
    guarded = len(steps.constants) > 0
    keeps_y, keeps = len(ys) > 0, len(carries) > 0
    n_after = len(steps.outputs) if guarded else n_carry + n_y
    v, x = memory.doubles(steps.values), memory.doubles(xs)
    y, c = memory.doubles(ys), memory.doubles(carries)
    out, a = memory.ints(steps.outputs), memory.doubles(after)
    for t in range(begin, end):
        if t % do.LANES == 0:
            memory.let_interrupt()
        if keeps:
            for k in range(n_carry):
                c[(t - begin) * n_carry + k] = v[k]
        for k in range(n_x):
            v[n_carry + k] = x[t * n_x + k]
        compute(steps, steps.each, steps.values, 1, 1, False)
        for k in range(n_after):
            a[k] = v[out[k]]
        if guarded and loops.broken(after, steps.guards, steps.constants) >= 0:
            return t
        for k in range(n_carry):
            v[k] = a[k]
        if keeps_y:
            for k in range(n_y):
                y[t * n_y + k] = a[n_carry + k]
    return end


def backward(
    steps: Steps,
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
    n_carry, n_x, n_y, lanes = steps.n_carry, steps.n_x, steps.n_y, steps.lanes
    from_ys = len(y_bar) > 0
    values = in_lanes(steps)
    v, x, c = memory.doubles(values), memory.doubles(xs), memory.doubles(carries)
    out, g, bar = (
        memory.ints(steps.outputs),
        memory.doubles(steps.cotangents),
        memory.doubles(carry_bar),
    )
    of_y, of_x = memory.doubles(y_bar), memory.doubles(x_bar)
    last = end
    while last > begin:
        memory.let_interrupt()
        first = max(begin, last - lanes)
        for j in range(last - first):
            for k in range(n_carry):
                v[k * lanes + j] = c[(first + j - begin) * n_carry + k]
            for k in range(n_x):
                v[(n_carry + k) * lanes + j] = x[(first + j) * n_x + k]
        if lanes == 1:
            compute(steps, steps.each, values, 1, 1, True)
        else:
            compute(steps, steps.each, values, do.LANES, last - first, True)
        for t in range(last - 1, first - 1, -1):
            for k in range(n_carry + n_x):
                g[k] = 0.0
            if from_ys:
                for k in range(n_y):
                    g[out[n_carry + k]] += of_y[t * n_y + k]
            for k in range(n_carry):
                g[out[k]] += bar[k]
            send(steps, values, lanes, t - first)
            for k in range(n_carry):
                bar[k] = g[k]
            for k in range(n_x):
                of_x[t * n_x + k] = g[n_carry + k]
        last = first


def in_lanes(steps: Steps) -> array[float]:
    """The number of each node in each lane: of those that are the same at all steps."""
    lanes = steps.lanes
    if lanes == 1:
        compute(steps, steps.once, steps.values, 1, 1, True)
        return steps.values
    many = loops.room(len(steps.values) * lanes)
    v, one = memory.doubles(many), memory.doubles(steps.values)
    for k in range(len(steps.values)):
        for j in range(lanes):
            v[k * lanes + j] = one[k]
    compute(steps, steps.once, many, do.LANES, do.LANES, True)
    return many


def compute_in_lanes(
    steps: Steps, code: array[int], values: array[float], n: int, keeps: bool
) -> None:
    """Run instructions in the first n of LANES lanes."""
    compute(steps, code, values, do.LANES, n, keeps)


def compute(
    steps: Steps, code: array[int], values: array[float], lanes: int, n_lanes: int, keeps: bool
) -> None:
    """Run instructions in the first n_lanes of the lanes.

    values  [nodes, lanes]
    keeps   True to write the partials, too, which `send` reads
    """
    op, parent, c = memory.ints(code), memory.ints(steps.parents), memory.doubles(steps.static)
    v, d = memory.doubles(values), memory.doubles(steps.partials)
    for at in range(len(code) // do.SIZE):
        i = at * do.SIZE
        kind, node = op[i], op[i + 1]
        out, x, y = node * lanes, op[i + 2] * lanes, op[i + 3] * lanes
        if kind == do.PRODUCT or kind == do.SCALED:
            for k in range(n_lanes):
                v[out + k] = v[x + k] * v[y + k]
        elif kind == do.TOTAL:
            for k in range(n_lanes):
                v[out + k] = v[x + k] + v[y + k]
        elif kind == do.DIFFERENCE:
            for k in range(n_lanes):
                v[out + k] = v[x + k] - v[y + k]
        elif kind == do.PLUS_PRODUCT or kind == do.PLUS_SCALED:
            z = op[i + 4] * lanes
            for k in range(n_lanes):
                v[out + k] = v[x + k] + v[y + k] * v[z + k]
        elif kind == do.MINUS_PRODUCT or kind == do.MINUS_SCALED:
            z = op[i + 4] * lanes
            for k in range(n_lanes):
                v[out + k] = v[x + k] - v[y + k] * v[z + k]
        elif kind == do.SINE:
            for k in range(n_lanes):
                number, partial = kernels.unary(kernels.SIN, v[x + k], 0.0)
                v[out + k] = number
                if keeps:
                    d[y + k] = partial
        elif kind == do.COSINE:
            for k in range(n_lanes):
                number, partial = kernels.unary(kernels.COS, v[x + k], 0.0)
                v[out + k] = number
                if keeps:
                    d[y + k] = partial
        elif kind == do.UNARY:
            for k in range(n_lanes):
                v[out + k], d[y + k] = kernels.unary(op[i + 4], v[x + k], c[node])
        elif kind == do.BINARY or kind == do.COMPARISON:
            z = op[i + 4] * lanes
            for k in range(n_lanes):
                v[out + k], d[z + k], d[z + lanes + k] = kernels.binary(
                    op[i + 5], v[x + k], v[y + k]
                )
        elif kind == do.TERNARY:
            p = op[i + 2]
            y, z = parent[p + 1] * lanes, parent[p + 2] * lanes
            for k in range(n_lanes):
                number = v[parent[p] * lanes + k]
                v[out + k], d[x + k], d[x + lanes + k], d[x + 2 * lanes + k] = kernels.ternary(
                    op[i + 3], number, v[y + k], v[z + k]
                )
        elif kind == do.SAME:
            for k in range(n_lanes):
                v[out + k] = v[x + k]
        elif kind == do.DOT or kind == do.CHAIN:
            p, half = op[i + 2], op[i + 3]
            for k in range(n_lanes):
                total = 0.0
                for j in range(p, p + half):
                    number = v[parent[j] * lanes + k]
                    if kind == do.DOT or number != 0.0:  # and stays 0 through an infinite partial
                        total += number * v[parent[j + half] * lanes + k]
                v[out + k] = total
        else:  # in one lane
            p, n = op[i + 2], op[i + 3]
            if kind == do.TAKE:
                j = loops.normalized_index(truncated(v[op[i + 4]]), n - 1)
                v[node] = v[parent[p + 1 + j]]
            elif kind == do.LARGEST:
                v[node] = v[loops.largest_of(v, parent, p, p + n)]
            elif kind == do.NARY:
                for j in range(p, p + n):
                    d[j] = v[parent[j]]
                v[node] = loops.reduced(op[i + 4], n, memory.part(d, p, n))
            elif kind == do.RESULT:
                v[node] = steps.calls[p][0][n]
            else:
                xs = [v[parent[j]] for j in range(p, p + n)]
                if kind == do.BLOCK:
                    steps.calls[op[i + 4]] = steps.blocks[op[i + 4]].run(xs)
                else:
                    v[node] = loops.in_python(
                        op[i + 4], xs, c[node], steps.partials, p, steps.user_results, False
                    )


def send(steps: Steps, values: array[float], lanes: int, lane: int) -> None:
    """Send cotangents from the last node to the first, in one lane."""
    left: dict[int, list[float]] | None = None  # of each BLOCK, the cotangents of its results
    op, parent = memory.ints(steps.back), memory.ints(steps.parents)
    v = memory.part(memory.doubles(values), lane, len(values) - lane)
    d = memory.part(memory.doubles(steps.partials), lane, len(steps.partials) - lane)
    g = memory.doubles(steps.cotangents)
    for at in range(len(steps.back) // do.SIZE - 1, -1, -1):
        i = at * do.SIZE
        node = op[i + 1]
        bar = g[node]
        if bar == 0.0:  # and stays 0 through an infinite partial
            continue
        g[node] = 0.0
        kind, x, y, z = op[i], op[i + 2], op[i + 3], op[i + 4]
        if kind == do.PLUS_SCALED:
            g[x] += bar
            g[y] += bar * v[z * lanes]
        elif kind == do.TOTAL:
            g[x] += bar
            g[y] += bar
        elif kind == do.PRODUCT:
            g[x] += bar * v[y * lanes]
            g[y] += bar * v[x * lanes]
        elif kind == do.SCALED:
            g[x] += bar * v[y * lanes]
        elif kind == do.SINE or kind == do.COSINE or kind == do.UNARY:
            g[x] += bar * d[y * lanes]
        elif kind == do.DIFFERENCE:
            g[x] += bar
            g[y] -= bar
        elif kind == do.PLUS_PRODUCT:
            g[x] += bar
            g[y] += bar * v[z * lanes]
            g[z] += bar * v[y * lanes]
        elif kind == do.MINUS_SCALED:
            g[x] += bar
            g[y] += -bar * v[z * lanes]
        elif kind == do.MINUS_PRODUCT:
            g[x] += bar
            g[y] += -bar * v[z * lanes]
            g[z] += -bar * v[y * lanes]
        elif kind == do.BINARY:
            g[x] += bar * d[z * lanes]
            g[y] += bar * d[(z + 1) * lanes]
        elif kind == do.DOT or kind == do.CHAIN:
            for j in range(x, x + y):
                g[parent[j]] += bar * v[parent[j + y] * lanes]
                g[parent[j + y]] += bar * v[parent[j] * lanes]
        elif kind == do.TERNARY:
            for j in range(x, x + 3):
                g[parent[j]] += bar * d[j * lanes]
        elif kind == do.NARY or kind == do.IN_PYTHON:
            for j in range(x, x + y):
                g[parent[j]] += bar * d[j]
        elif kind == do.TAKE:
            j = loops.normalized_index(truncated(v[z]), y - 1)
            g[parent[x + 1 + j]] += bar
        elif kind == do.LARGEST:
            g[loops.largest_of(v, parent, x, x + y)] += bar
        elif kind == do.RESULT:
            g[z] = 1.0  # so that the block has its turn
            if left is None:
                left = {}
            if x not in left:
                left[x] = [0.0] * len(steps.calls[x][0])
            left[x][y] += bar
        elif kind == do.BLOCK and left is not None:
            sent = steps.blocks[z].send(steps.calls[z][1], left[z], y)
            for j in range(x, x + y):
                g[parent[j]] += sent[j - x]


def in_c(code: int) -> bool:
    """True if a rule of up to three operands has a function that UNARY, BINARY and TERNARY call."""
    return kernels.in_c(code)


def truncated(number: float) -> int:
    return int(number)
