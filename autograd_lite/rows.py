"""The rows of a Jacobian of a scalar program, as further nodes of it: what is not always 0.

A number stands in the Jacobian where a way leads from an input to a result, and no partial on it is
always 0. Each node has the tangents of those inputs that it depends on, and no others.
"""

from __future__ import annotations

from autograd_lite.operations.opcodes import BLOCK, LARGEST, RESULT, TAKE
from autograd_lite.operations.rules import CODES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from autograd_lite.derive import Nodes

    Row = dict[int, int]

__all__ = ["count", "rows"]

_BY_COLUMN = {
    BLOCK,
    RESULT,
    TAKE,
    LARGEST,
    CODES["where"],
}  # whose tangents are no sums of products
LONG = 64  # a row of so many numbers may be cheaper by reverse mode


def count(nodes: Nodes, targets: Sequence[int], inputs: Sequence[int]) -> list[int]:
    """The number of inputs that each target depends on: how many of its row may not be 0."""
    return _Ways(nodes, targets, inputs).counts()[0]


def rows(
    nodes: Nodes,
    targets: Sequence[int],
    inputs: Sequence[int],
    lower: bool = False,
    tell: Callable[[float], None] | None = None,
) -> list[Row]:
    """For each target, {k: node of its derivative by input k}, of what is not always 0.

    lower  True for the columns k up to the row only
    tell   is told, now and then, which part of the work is done

    By forward mode, of all inputs at once. Long rows, such as that of a sum of everything, go by
    reverse mode if that takes fewer nodes.
    """
    ways = _Ways(nodes, targets, inputs, lower)
    found = ways.forward(ways.short_rows(), tell)
    one = nodes.number(1.0)
    for row, i in enumerate(targets):
        if row not in found:
            zero = nodes.number(0.0)
            cotangents = enumerate(nodes.reverse([(i, one)], inputs))
            found[row] = {k: g for k, g in cotangents if g != zero and not (lower and k > row)}
    return [found[row] for row in range(len(targets))]


class _Ways:
    """The ways from inputs to targets through the first n nodes."""

    def __init__(
        self, nodes: Nodes, targets: Sequence[int], inputs: Sequence[int], lower: bool = False
    ) -> None:
        self.nodes, self.targets, self.inputs, self.lower = nodes, targets, inputs, lower
        self.n = len(nodes)
        self.active = nodes.active(inputs, self.n)

    def _last_rows(self, of: Sequence[int]) -> tuple[list[int], list[int]]:
        """[n] the last of these rows that a node is on the way to, or -1; [n] how many read it."""
        last, uses = [-1] * self.n, [0] * self.n
        for row in of:
            i = self.targets[row]
            last[i] = max(last[i], row)
            uses[i] += 1
        given = set(self.inputs)
        active, parents = self.active, self.nodes.parents
        for i in range(self.n - 1, -1, -1):
            row = last[i]
            if row >= 0 and active[i] and i not in given:
                for p in parents[i]:
                    uses[p] += 1
                    if last[p] < row:
                        last[p] = row
        return last, uses

    def counts(self) -> tuple[list[int], list[int]]:
        """How many inputs each target depends on, and each of the first n nodes."""
        last, uses = self._last_rows(range(len(self.targets)))
        active, parents = self.active, self.nodes.parents
        held: dict[int, set[int]] = {i: {k} for k, i in enumerate(self.inputs)}
        own = dict.fromkeys(self.inputs, False)  # True if no other node holds the set
        sizes = [0] * self.n
        for i in self.inputs:
            uses[i] += 1
            sizes[i] = 1
        for i in range(self.n):
            if last[i] < 0 or not active[i] or i in held:
                continue
            ps = {p for p in parents[i] if active[p]}
            longest = max(ps, key=sizes.__getitem__)
            mine = held[longest]
            last_use = uses[longest] == parents[i].count(longest)
            if len(ps) == 1:
                own[i] = own[longest] = own[longest] and last_use
            else:
                if not (own[longest] and last_use):
                    mine = set(mine)
                for p in ps:
                    if p != longest:
                        mine |= held[p]
                own[i], own[longest] = True, False
            held[i] = mine
            sizes[i] = len(mine)
            for p in parents[i]:
                uses[p] -= 1
                if uses[p] == 0:
                    held.pop(p, None)
        return [sizes[i] for i in self.targets], sizes

    def short_rows(self) -> list[int]:
        """The rows that go by forward mode."""
        of_rows, sizes = self.counts()
        short = [row for row, size in enumerate(of_rows) if size <= LONG]
        long = len(of_rows) - len(short)
        last, _ = self._last_rows(short)
        saved = sum(size for size, row in zip(sizes, last, strict=True) if row < 0)
        return short if long * self.n < saved else [*range(len(of_rows))]

    def forward(
        self, of: Sequence[int], tell: Callable[[float], None] | None = None
    ) -> dict[int, Row]:
        """{row: {k: node}} of these rows."""
        nodes, lower, active = self.nodes, self.lower, self.active
        last, uses = self._last_rows(of)
        zero, one = nodes.number(0.0), nodes.number(1.0)
        held: dict[int, Row] = {}
        for k, i in enumerate(self.inputs):
            held[i] = {k: one} if not lower or k <= last[i] else {}
            uses[i] += 1
        for i in range(self.n):
            row = last[i]
            if row < 0 or not active[i] or i in held:
                continue
            if tell is not None and not i & 4095:
                tell(i / self.n)
            parents = nodes.parents[i]
            found: Row
            if nodes.codes[i] in _BY_COLUMN:
                of_parents = {p: held[p] for p in parents if active[p]}
                columns = dict.fromkeys([k for x in of_parents.values() for k in x])
                found = {
                    k: nodes.tangent(i, {p: x[k] for p, x in of_parents.items() if k in x}, zero)
                    for k in columns
                    if not lower or k <= row
                }
            else:
                pairs: dict[int, list[tuple[int, int]]] = {}
                for p, d in nodes.partials(i):
                    if active[p]:
                        for k, t in held[p].items():
                            if k in pairs:
                                pairs[k].append((t, d))
                            elif not lower or k <= row:
                                pairs[k] = [(t, d)]
                found = {k: nodes.combine(of_column) for k, of_column in pairs.items()}
            if zero in found.values():
                found = {k: t for k, t in found.items() if t != zero}
            held[i] = found
            for p in parents:
                uses[p] -= 1
                if uses[p] == 0:
                    held.pop(p, None)  # nobody reads it any more
        wanted = {row: held.get(self.targets[row], {}) for row in of}
        if not lower:
            return wanted
        return {row: {k: t for k, t in x.items() if k <= row} for row, x in wanted.items()}
