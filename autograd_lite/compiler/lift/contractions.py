"""Tables of terms as contractions: a product, a matrix product, a sum over an axis.

A table has n rows, each with a lane to be written to, and k terms a * b in each. If the addresses
are loops, it is one instruction on views of the memory. Otherwise operands are gathered before.
"""

from __future__ import annotations

import numpy as np

from autograd_lite.compiler.lift.addresses import FEW
from autograd_lite.compiler.lift.affine import nest, runs, stretches
from autograd_lite.compiler.lift.instructions import Contraction, Gather, Ref, Scatter

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from autograd_lite.compiler.lift.addresses import Layout, Piece
    from autograd_lite.compiler.lift.affine import Loop
    from autograd_lite.compiler.lift.instructions import Instruction
    from autograd_lite.compiler.tape.ranges import Ints

__all__ = ["Gathers", "Part", "Tables", "refs_of"]


def refs_of(
    bases: list[int], rows: list[Loop], columns: list[Loop]
) -> tuple[tuple[int, ...], tuple[int, ...], list[Ref]]:
    """The sizes of the outer and the inner loops, and operands that move in them.

    rows, columns  as `nest` gives them; the first operand does not move in the columns
    """
    refs = []
    for i, base in enumerate(bases):
        inner = tuple(strides[i - 1] if i else 0 for _, strides in columns)
        refs.append(Ref(int(base), tuple(strides[i] for _, strides in rows) + inner))
    return tuple(size for size, _ in rows), tuple(size for size, _ in columns), refs


class Gathers:
    """Copies of scattered operands in contiguous memory, each made once.

    They are made in front of the first group that reads them, so that its own instructions may go
    in any order.
    """

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._known: dict[bytes, int] = {}
        self._new: list[Instruction] = []

    def __contains__(self, table: Ints) -> bool:
        return table.tobytes() in self._known

    def __call__(self, table: Ints) -> int:
        """Where the copy lies."""
        key = table.tobytes()
        if key not in self._known:
            self._known[key] = self._layout.reserve(table.size)
            self._new.append(Gather(self._known[key], table.ravel()))
        return self._known[key]

    def before(self, instructions: list[Instruction]) -> list[Instruction]:
        """The instructions for a group, behind the copies that are new since the last one."""
        new, self._new = self._new, []
        return [*new, *instructions]


class Part:
    """What computes some terms of some lanes.

    instructions  the last one writes the lanes
    plain         [n] the addresses of the operands, if it only adds or subtracts them; else None
    vanishes      whether it only adds zeros
    """

    def __init__(
        self,
        lanes: Ints,
        instructions: list[Instruction],
        plain: Ints | None = None,
        vanishes: bool = False,
    ) -> None:
        self.lanes, self.instructions = lanes, instructions
        self.plain, self.vanishes = plain, vanishes

    @property
    def last(self) -> Contraction | Scatter:
        last = self.instructions[-1]
        assert isinstance(last, (Contraction, Scatter))
        return last

    @property
    def subtracts(self) -> bool:
        return isinstance(self.last, Contraction) and self.last.negate


class Tables:
    """Lowers tables for one piece of the memory: [n] lanes, and addresses a, b [n, k]."""

    def __init__(self, layout: Layout, gathers: Gathers, piece: Piece) -> None:
        self.layout, self.gathers, self.piece = layout, gathers, piece

    def regular(self, lanes: Ints, a: Ints, b: Ints) -> list[Part] | None:
        """The parts of a table that is made of a few nests; None for another."""
        parts = self._by_columns(lanes, a, b)
        if parts is not None:
            return parts
        kinds = _kinds_of_rows(a, b)
        found = [self._by_columns(lanes[some], a[some], b[some]) for some in kinds]
        parts = [part for of_kind in found for part in of_kind or []]
        return parts if parts and None not in found and len(parts) <= FEW else None

    def _by_columns(self, lanes: Ints, a: Ints, b: Ints) -> list[Part] | None:
        cuts = runs(np.stack([a, b]))
        number_at, k = self.layout.number_at, a.shape[1]
        signs = k <= 3 and all(number_at(b[:, i]) in (1, -1) for i in range(k))
        if signs or (k <= 3 and number_at(b) is not None):
            cuts = [slice(i, i + 1) for i in range(k)]  # x + y or x - y, not a sum over an axis
        parts: list[Part] = []
        for cut in cuts:
            more = self._by_rows(lanes, a[:, cut], b[:, cut])
            if more is None or len(parts) + len(more) > FEW:
                return None
            parts += more
        return parts

    def _by_rows(self, lanes: Ints, a: Ints, b: Ints) -> list[Part] | None:
        """A nest, or a few: stretches of rows of the same length make one.

        Such are the outputs of two layers on the same inputs, which alternate.
        """
        part = self._nest(lanes, a, b)
        if part is not None:
            return [part]
        heads = np.stack([lanes, a[:, 0], b[:, 0]])
        starts, lengths = stretches(heads)
        parts: list[Part] = []
        for length in np.unique(lengths).tolist():
            alike = starts[lengths == length]
            for some in _ways_to_split(heads[:, alike]):
                found = [self._of_stretches(alike[part], length, lanes, a, b) for part in some]
                if None not in found:
                    break
            else:
                return None
            parts += [part for part in found if part]
        return parts if len(parts) <= FEW else None

    def _of_stretches(
        self, starts: Ints, length: int, lanes: Ints, a: Ints, b: Ints
    ) -> Part | None:
        some = (starts[:, None] + np.arange(length)).ravel()
        return self._nest(lanes[some], a[some], b[some])

    def _nest(self, lanes: Ints, a: Ints, b: Ints) -> Part | None:
        """The instruction for a table that is one nest."""
        out = self.piece.base + lanes
        rows = nest(np.stack([out, a[:, 0], b[:, 0]]))
        columns = nest(np.stack([a[0], b[0]]))
        if rows is None or columns is None:
            return None
        loops, sums, (to, of_a, of_b) = refs_of([out[0], a[0, 0], b[0, 0]], rows, columns)
        factor = self.layout.number_at(b)
        if factor not in (1, -1):
            return Part(lanes, [Contraction(loops, sums, to, of_a, of_b)])
        contract = Contraction(loops, sums, to, of_a, None, negate=factor == -1)
        return Part(lanes, [contract], None if sums else a[:, 0], self.layout.number_at(a) == 0)

    def irregular(self, lanes: Ints, a: Ints, b: Ints) -> Part:
        """The part of a table of which one operand, or both, must be gathered."""
        out = self.piece.base + lanes
        for kept, moved in ((a, b), (b, a)):
            rows, columns = nest(np.stack([out, kept[:, 0]])), nest(kept[:1])
            if rows is None or columns is None or len(runs(kept[None])) > 1:
                continue
            loops, sums, (to, of_kept) = refs_of([out[0], kept[0, 0]], rows, columns)
            of_moved = self._gathered(moved.reshape(loops + sums), len(loops))
            return Part(lanes, [Contraction(loops, sums, to, of_kept, of_moved)])
        (n, k), base = a.shape, self.layout.reserve(len(lanes))
        columns = [(k, (1, 1))] if k > 1 else []
        rows = [(n, (1, k, k))]
        bases = [base, self.gathers(a), self.gathers(b)]
        loops, sums, (to, of_a, of_b) = refs_of(bases, rows, columns)
        contract = Contraction(loops, sums, to, of_a, of_b)
        return Part(lanes, [contract, Scatter(base, out)])

    def _gathered(self, table: Ints, n: int) -> Ref:
        """A copy of an operand without the loops along which it is the same.

        n  how many are outer loops; a copy with these inside and the others outside will do too
        """
        moving = []
        for axis in range(table.ndim):
            first = table.take([0], axis)
            moving.append(bool((table != first).any()))
            table = table if moving[-1] else first
        order = list(range(table.ndim))
        inside_out = order[n:] + order[:n]
        if table.transpose(inside_out) in self.gathers:
            order = inside_out
        copy = table.transpose(order)
        strides = np.empty(copy.shape, np.int8).transpose(np.argsort(order)).strides
        moves = zip(strides, moving, strict=True)
        return Ref(self.gathers(copy), tuple(stride * move for stride, move in moves))


def _ways_to_split(heads: Ints) -> Iterator[list[slice]]:
    """The columns of a table as one; as a few of one size, such as those of two directions; as
    its stretches, if they are few.
    """
    n = heads.shape[1]
    for k in range(1, FEW + 1):
        if n % k == 0:
            yield [slice(i, i + n // k) for i in range(0, n, n // k)]
    starts, lengths = stretches(heads)
    if len(starts) <= FEW:
        yield [slice(i, i + n) for i, n in zip(starts.tolist(), lengths.tolist(), strict=True)]


def _kinds_of_rows(a: Ints, b: Ints) -> list[NDArray[np.bool_]]:
    """Which rows of a table go in the same steps, if there are a few kinds of them; else none."""
    steps = np.concatenate([np.diff(a), np.diff(b)], axis=1)
    kinds: list[NDArray[np.bool_]] = []
    left = np.ones(len(a), bool)
    while left.any() and len(kinds) <= FEW:
        kinds.append((steps == steps[left.argmax()]).all(1))
        left &= ~kinds[-1]
    return kinds if 1 < len(kinds) <= FEW else []
