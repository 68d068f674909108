"""The rows of a Jacobian of a scalar program, as further nodes of it: what is not always 0.

A number stands in the Jacobian where a way leads from an input to a result, and no partial on it is
always 0. Each node has the tangents of those inputs that it depends on, and no others. `rows.pxd`
gives the walks over all nodes their C types.
"""

from __future__ import annotations

from autograd_lite.operations.opcodes import BLOCK, LARGEST, RESULT, TAKE
from autograd_lite.operations.rules import CODES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from autograd_lite.derive import Nodes

    Row = dict[int, int]

__all__ = ["Rows"]

_BY_COLUMN = {BLOCK, RESULT, TAKE, LARGEST, CODES["where"]}  # no sums of products
LONG = 64  # a row of so many numbers may be cheaper by reverse mode


class Rows:
    """The rows of the targets' derivatives with respect to the inputs, counted first.

    lower    True for the columns up to the row only
    lengths  the number of inputs that each target depends on: how many of its row may not be 0
    """

    def __init__(
        self, nodes: Nodes, targets: Sequence[int], inputs: Sequence[int], lower: bool = False
    ) -> None:
        self.nodes, self.targets, self.inputs, self.lower = nodes, targets, inputs, lower
        self._n = len(nodes)
        self._active = nodes.active(inputs, self._n)
        self._ways = self._last_rows(range(len(targets)))
        self._sizes = self._counted()
        self.lengths = [self._sizes[i] for i in targets]

    def made(self, tell: Callable[[float], None] | None = None) -> list[Row]:
        """For each target, {k: node of d target / d input k}, of what is not always 0.

        tell  is told, now and then, which share of the work is done

        By forward mode, of all inputs at once. Long rows, such as that of a sum of everything, go
        by reverse mode if that takes fewer nodes; and all rows do where there are blocks that have
        no tangents.
        """
        nodes, inputs = self.nodes, self.inputs
        short = [row for row, length in enumerate(self.lengths) if length <= LONG]
        if not nodes.pushes_blocks and BLOCK in nodes.codes:
            short = []
            self._ways = self._last_rows(short)
        elif len(short) < len(self.lengths):
            last, uses = self._last_rows(short)
            saved = sum(size for size, row in zip(self._sizes, last, strict=True) if row < 0)
            if (len(self.lengths) - len(short)) * self._n < saved:
                self._ways = last, uses
            else:
                short = [*range(len(self.lengths))]
        found = self._forward(short, tell)
        one = nodes.number(1.0)
        for row, i in enumerate(self.targets):
            if row not in found:
                zero = nodes.number(0.0)
                cotangents = enumerate(nodes.reverse([(i, one)], inputs))
                found[row] = {k: g for k, g in cotangents if g != zero}
            if self.lower:
                found[row] = {k: t for k, t in found[row].items() if k <= row}
        return [found[row] for row in range(len(self.targets))]

    def _last_rows(self, of: Sequence[int]) -> tuple[list[int], list[int]]:
        """[n] the last of these rows that a node is on the way to, or -1; [n] how many read it."""
        last, uses = [-1] * self._n, [0] * self._n
        for row in of:
            i = self.targets[row]
            last[i] = max(last[i], row)
            uses[i] += 1
        given = set(self.inputs)
        active, parents = self._active, self.nodes.parents
        for i in range(self._n - 1, -1, -1):
            row = last[i]
            if row >= 0 and active[i] and i not in given:
                for p in parents[i]:
                    uses[p] += 1
                    if last[p] < row:
                        last[p] = row
        return last, uses

    def _counted(self) -> list[int]:
        """[n] how many inputs each node depends on; 0 if no target depends on it."""
        last, uses = self._ways[0], self._ways[1][:]
        active, parents = self._active, self.nodes.parents
        held: dict[int, set[int]] = {i: {k} for k, i in enumerate(self.inputs)}
        own: set[int] = set()  # whose sets no other node holds
        sizes = [0] * self._n
        for i in self.inputs:
            uses[i] += 1
            sizes[i] = 1
        for i in range(self._n):
            if last[i] < 0 or not active[i] or i in held:
                continue
            ps = [p for p in parents[i] if active[p]]
            longest = ps[0] if len(ps) == 1 else max(ps, key=sizes.__getitem__)
            mine = held[longest]
            mutable = longest in own and uses[longest] == parents[i].count(longest)
            own.discard(longest)  # the sum of many terms goes on with one set
            for p in ps:
                if held[p] is not mine and not held[p] <= mine:
                    if not mutable:
                        mine, mutable = set(mine), True
                    mine |= held[p]
            if mutable:
                own.add(i)
            held[i] = mine
            sizes[i] = len(mine)
            for p in parents[i]:
                uses[p] -= 1
                if uses[p] == 0:
                    held.pop(p, None)
        return sizes

    def _forward(
        self, of: Sequence[int], tell: Callable[[float], None] | None = None
    ) -> dict[int, Row]:
        """{row: {k: node}} of these rows."""
        nodes, lower, active = self.nodes, self.lower, self._active
        last, uses = self._ways
        combine, numbers = nodes.combine, nodes.numbers
        zero, one = nodes.number(0.0), nodes.number(1.0)
        held: dict[int, Row] = {}
        for k, i in enumerate(self.inputs):
            held[i] = {k: one} if not lower or k <= last[i] else {}
            uses[i] += 1
        for i in range(self._n):
            if tell is not None and not i & 4095:
                tell(i / self._n)
            row = last[i]
            if row < 0 or not active[i] or i in held:
                continue
            parents = nodes.parents[i]
            found: Row
            if nodes.codes[i] in _BY_COLUMN:
                of_parents = {p: held[p] for p in parents if active[p]}
                columns = dict.fromkeys([k for x in of_parents.values() for k in x])
                found = {
                    k: nodes.tangent(i, {p: x[k] for p, x in of_parents.items() if k in x}, zero)
                    for k in columns
                }
            else:
                terms = [(held[p], d, first) for p, d, first in nodes.products(i) if active[p]]
                if len(terms) == 1 and numbers[terms[0][1]] == 1:
                    found = terms[0][0]
                else:
                    pairs: dict[int, list[tuple[int, int]]] = {}
                    for x, d, first in terms:
                        for k, t in x.items():
                            pair = (d, t) if first else (t, d)
                            if k in pairs:
                                pairs[k].append(pair)
                            else:
                                pairs[k] = [pair]
                    found = {k: combine(of_column) for k, of_column in pairs.items()}
            if lower and found and max(found) > row:
                found = {k: t for k, t in found.items() if k <= row}
            if zero in found.values():
                found = {k: t for k, t in found.items() if t != zero}
            held[i] = found
            for p in parents:
                uses[p] -= 1
                if uses[p] == 0:
                    held.pop(p, None)  # nobody reads it any more
        return {row: held.get(self.targets[row], {}) for row in of}
