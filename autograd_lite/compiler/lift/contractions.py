"""Tables of terms as contractions: a product, a matrix product, a sum over an axis.

A table has n rows, each with an address `out` to be written to, and k terms a * b in each. If the
addresses are loops, the table is one instruction on views of the memory. Otherwise operands are
copied together before.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from autograd_lite.compiler.lift.affine import Loop, first_alike, is_among, nest, runs, stretches
from autograd_lite.compiler.lift.blocks import MAX_PARTS, Memory, PaddedRows
from autograd_lite.compiler.lift.instructions import (
    Contraction,
    Gather,
    Instruction,
    Ref,
    Scatter,
)
from autograd_lite.compiler.tape.ranges import Ints

__all__ = ["ContractionBuilder", "Part", "few", "refs_of"]


def refs_of(
    bases: list[int], rows: list[Loop], columns: list[Loop]
) -> tuple[tuple[int, ...], tuple[int, ...], list[Ref]]:
    """The sizes of the outer and the inner loops, and operands that move in them.

    rows, columns  loops as `nest` gives them; the first operand does not move in the columns
    """
    refs = []
    for i, base in enumerate(bases):
        inner = tuple(strides[i - 1] if i else 0 for _, strides in columns)
        refs.append(Ref(int(base), tuple(strides[i] for _, strides in rows) + inner))
    return tuple(size for size, _ in rows), tuple(size for size, _ in columns), refs


@dataclass
class Part:
    """The instructions for some terms of some rows.

    out           [n] addresses that the last instruction writes
    instructions  the instructions, in order
    plain         [n] addresses of the operands, if these are only added or subtracted; else None
    is_zero       True if the operands are the constant 0
    """

    out: Ints
    instructions: list[Instruction]
    plain: Ints | None = None
    is_zero: bool = False

    @property
    def last(self) -> Contraction | Scatter:
        last = self.instructions[-1]
        assert isinstance(last, (Contraction, Scatter))
        return last

    @property
    def subtracts(self) -> bool:
        return isinstance(self.last, Contraction) and self.last.negate


def few(found: Iterable[list[Part] | None]) -> list[Part] | None:
    """All parts together; None if one list is None, or if there are more than MAX_PARTS."""
    parts: list[Part] = []
    for more in found:
        if more is None or len(parts) + len(more) > MAX_PARTS:
            return None
        parts += more
    return parts


class ContractionBuilder:
    """Lowers tables: [n] addresses to be written to, and addresses a, b [n, k]."""

    def __init__(self, memory: Memory) -> None:
        self.memory = memory

    def regular(self, out: Ints, a: Ints, b: Ints) -> list[Part] | None:
        """The parts of a table that is made of a few nests; None for another."""
        parts = self._by_columns(out, a, b)
        if parts is not None:
            return parts
        classes = _row_classes(a, b)
        return few(self._by_columns(out[some], a[some], b[some]) for some in classes) or None

    def _by_columns(self, out: Ints, a: Ints, b: Ints) -> list[Part] | None:
        cuts = runs(np.stack([a, b]))
        constant_at, k = self.memory.constant_at, a.shape[1]
        signs = k <= 3 and all(constant_at(b[:, i]) in (1, -1) for i in range(k))
        if signs or (k <= 3 and constant_at(b) is not None):
            cuts = [slice(i, i + 1) for i in range(k)]  # x + y or x - y, not a sum over an axis
        return few(self._by_rows(out, a[:, cut], b[:, cut]) for cut in cuts)

    def _by_rows(self, out: Ints, a: Ints, b: Ints) -> list[Part] | None:
        """A nest, or a few: stretches of rows of the same length make one.

        Such are the outputs of two layers on the same inputs, which alternate.
        """
        part = self._nest(out, a, b)
        if part is not None:
            return [part]
        heads = np.stack([out, a[:, 0], b[:, 0]])
        starts, lengths = stretches(heads)

        def nests(length: int) -> list[Part] | None:
            """The stretches of this length, as nests."""
            alike = starts[lengths == length]
            for split in _ways_to_split(heads[:, alike]):
                rows = [(alike[columns, None] + np.arange(length)).ravel() for columns in split]
                found = [self._nest(out[some], a[some], b[some]) for some in rows]
                if None not in found:
                    return [part for part in found if part]
            return None

        return few(nests(length) for length in np.unique(lengths).tolist())

    def _nest(self, out: Ints, a: Ints, b: Ints) -> Part | None:
        """The instruction for a table that is one nest."""
        rows = nest(np.stack([out, a[:, 0], b[:, 0]]))
        columns = nest(np.stack([a[0], b[0]]))
        if rows is None or columns is None:
            return None
        loops, sums, (to, of_a, of_b) = refs_of([out[0], a[0, 0], b[0, 0]], rows, columns)
        factor = self.memory.constant_at(b)
        if factor not in (1, -1):
            return Part(out, [Contraction(loops, sums, to, of_a, of_b)])
        total = Contraction(loops, sums, to, of_a, None, negate=factor == -1)
        return Part(out, [total], None if sums else a[:, 0], self.memory.constant_at(a) == 0)

    def irregular(self, out: Ints, a: Ints, b: Ints) -> Part:
        """The part of a table of which one operand, or both, must be copied together."""
        for kept, moved in ((a, b), (b, a)):
            part = self.beside(out, kept, moved, moved.size)
            if part is not None:
                return part
        part = self._picked(out, a, b)
        if part is not None:
            return part
        (n, k), base = a.shape, self.memory.reserve(len(out))
        columns: list[Loop] = [(k, (1, 1))] if k > 1 else []
        bases = [base, self.memory.copy(a), self.memory.copy(b)]
        loops, sums, (to, of_a, of_b) = refs_of(bases, [(n, (1, k, k))], columns)
        return Part(out, [Contraction(loops, sums, to, of_a, of_b), Scatter(base, out)])

    def beside(self, out: Ints, kept: Ints, moved: Ints, most: int) -> Part | None:
        """The part of a table of which one operand is regular, and a copy of the other one, without
        the loops along which it is the same, has at most so many numbers.
        """
        heads, columns = np.stack([out, kept[:, 0]]), nest(kept[:1])
        rows = nest(
            np.stack([*heads, first_alike(moved)])
        )  # loops in which it is the same are such
        rows = rows or nest(heads)
        if rows is None or columns is None or len(runs(kept[None])) > 1:
            return None
        loops, sums, (to, of_kept) = refs_of([out[0], kept[0, 0]], rows, columns)
        table = moved.reshape(loops + sums)
        for axis in range(table.ndim):
            first = table.take([0], axis)
            table = table if (table != first).any() else first
        if table.size > most:
            return None
        of_moved = self._copy(table, len(loops))
        return Part(out, [Contraction(loops, sums, to, of_kept, of_moved)])

    def _picked(self, out: Ints, a: Ints, b: Ints) -> Part | None:
        """The part of a table that is a nest but for rows that it lacks: some of an outer product.

        All rows are computed, none from other numbers than those of the table, and its own picked.
        """
        n, k = a.shape
        columns = nest(np.stack([a[0], b[0]]))
        if k < n or columns is None or len(runs(np.stack([a, b]))) > 1:
            return None
        heads = np.stack([out, a[:, 0], b[:, 0]])
        for order in (slice(None), slice(None, None, -1)):  # first, or last, of each stretch below
            starts, lengths = stretches(heads[:, order])
            size = len(starts) * int(lengths.max())
            if size > 2 * n + 64:
                return None
            padded = PaddedRows(starts, lengths)
            wide = padded.filled(heads[1:, order])[:, order]
            rows = nest(np.stack([np.arange(size), *wide]))
            if rows is not None and all(map(is_among, wide, heads[1:])):
                base, picked = self.memory.reserve(size), self.memory.reserve(n)
                loops, sums, (to, of_a, of_b) = refs_of([base, *wide[:, 0]], rows, columns)
                wanted = base + np.arange(size)[order][padded.offset][order]
                return Part(
                    out,
                    [
                        Contraction(loops, sums, to, of_a, of_b),
                        Gather(picked, wanted),
                        Scatter(picked, out),
                    ],
                )
        return None

    def _copy(self, table: Ints, n: int) -> Ref:
        """A copy of an operand, which does not move in loops of size 1.

        n  number of outer loops; a copy with these inside and the others outside will do too
        """
        order = list(range(table.ndim))
        inside_out = order[n:] + order[:n]
        if self.memory.has_copy(table.transpose(inside_out)):
            order = inside_out
        copy = table.transpose(order)
        strides = np.empty(copy.shape, np.int8).transpose(np.argsort(order)).strides
        moves = zip(strides, table.shape, strict=True)
        return Ref(self.memory.copy(copy), tuple(stride * (size > 1) for stride, size in moves))


def _ways_to_split(heads: Ints) -> Iterator[list[slice]]:
    """The columns of a table as one; as a few of one size, such as those of two directions; as
    its stretches, if they are few.
    """
    n = heads.shape[1]
    for k in range(1, MAX_PARTS + 1):
        if n % k == 0:
            yield [slice(i, i + n // k) for i in range(0, n, n // k)]
    starts, lengths = stretches(heads)
    if len(starts) <= MAX_PARTS:
        yield [slice(i, i + n) for i, n in zip(starts.tolist(), lengths.tolist(), strict=True)]


def _row_classes(a: Ints, b: Ints) -> list[NDArray[np.bool_]]:
    """The rows of a table that go in the same steps, if there are a few classes; else none."""
    steps = np.concatenate([np.diff(a), np.diff(b)], axis=1)
    classes: list[NDArray[np.bool_]] = []
    left = np.ones(len(a), bool)
    while left.any() and len(classes) <= MAX_PARTS:
        classes.append((steps == steps[left.argmax()]).all(1))
        left &= ~classes[-1]
    return classes if 1 < len(classes) <= MAX_PARTS else []
