"""A group of sums of products, of terms of several kinds, in rows of any length."""

from __future__ import annotations

from bisect import bisect
from collections import defaultdict
from itertools import islice
from math import gcd

import numpy as np

from autograd_lite.compiler.lift.addresses import FEW
from autograd_lite.compiler.lift.affine import is_within, nest
from autograd_lite.compiler.lift.contractions import Part, Tables, refs_of
from autograd_lite.compiler.lift.groups import CONSTANTS
from autograd_lite.compiler.lift.instructions import Elementwise, Scatter, SegmentSum, Zero
from autograd_lite.compiler.lift.specialized import formula
from autograd_lite.compiler.tape.ranges import ranges

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from autograd_lite.compiler.lift.addresses import Layout, Piece
    from autograd_lite.compiler.lift.contractions import Gathers
    from autograd_lite.compiler.lift.instructions import Instruction
    from autograd_lite.compiler.tape.ranges import Ints

__all__ = ["kinds", "progressions", "sums"]


def sums(
    layout: Layout, gathers: Gathers, piece: Piece, row: Ints, a: Ints, b: Ints, kind: Ints
) -> list[Instruction]:
    """The instructions for out[row] = sum of a * b.

    piece  where the rows lie, each in its lane
    row    [m] of each term, sorted
    a, b   [m] the addresses of its factors
    kind   [m] which terms are alike
    """
    order = np.argsort(kind, kind="stable")
    alike = np.split(order, np.flatnonzero(np.diff(kind[order])) + 1)
    terms = [_Terms(row[i], a[i], b[i]) for i in sorted(alike, key=lambda i: int(i[0]))]
    rows = _Rows(Tables(layout, gathers, piece))
    for steps in _in_steps(terms):
        if len(steps) == 1 or not rows.stack(steps):
            for these in steps:
                rows.add(these)
    return rows.joined()


def kinds(row: Ints, a: Ints, b: Ints, number: NDArray[np.float64]) -> Ints:
    """[m] which terms of a group are alike: those whose factors are of the same groups.

    a, b    [m] the groups of the factors; any other mark will do for a
    number  [m] what the second factor is, if it is a number

    Numbers among the other second factors count as one of those where all rows of a kind have as
    many terms then: they are what an image is padded with. The 1 beside a bias is none of these.
    """
    size = int(max(a.max(initial=0), b.max(initial=0))) + 1
    kind = a * size + b
    padding, others = (b == CONSTANTS) & (number != 1), b != CONSTANTS
    if padding.any() and others.any() and not _uniform(row, kind):
        partner = np.full(size, CONSTANTS)
        partner[a[others]] = b[others]
        padded = np.where(padding, a * size + partner[a], kind)
        if _uniform(row, padded):
            return padded
    return kind


def _uniform(row: Ints, kind: Ints) -> bool:
    """Whether all rows that have terms of a kind have as many of it."""
    n = int(row[-1]) + 1
    which = np.unique(kind, return_inverse=True)[1]
    both, counts = np.unique(which * n + row, return_counts=True)
    starts = np.flatnonzero(np.diff(both // n, prepend=-1))
    return np.array_equal(np.minimum.reduceat(counts, starts), np.maximum.reduceat(counts, starts))


class _Terms:
    """Terms a * b that are alike, sorted by the row that they are added up in.

    rows            [n] the rows that have such terms
    starts, counts  [n] where those of each row begin, and how many there are
    """

    def __init__(self, row: Ints, a: Ints, b: Ints) -> None:
        self.a, self.b = a, b
        self.starts = np.append(0, np.flatnonzero(np.diff(row)) + 1)
        self.rows, self.counts = row[self.starts], np.diff(np.append(self.starts, len(row)))
        self.uniform = bool((self.counts == self.counts[0]).all())

    @property
    def tables(self) -> Ints:
        """[2, n, k] of a and b, if each row has k terms."""
        return np.stack([self.a, self.b]).reshape(2, len(self.rows), -1)

    @property
    def start(self) -> tuple[int, int, int]:
        """The first row, and the addresses of the first factors."""
        return int(self.rows[0]), int(self.a[0]), int(self.b[0])

    @property
    def pattern(self) -> tuple[bytes, ...]:
        """What terms that lie elsewhere have in common with these."""
        row, a, b = self.start
        parts = self.counts, self.rows - row, self.a - a, self.b - b
        return tuple(part.tobytes() for part in parts)

    def of(self, length: int) -> _Terms:
        """Those of the rows that have so many."""
        some = self.counts == length
        terms = ranges(self.starts[some], self.counts[some])
        return _Terms(np.repeat(self.rows[some], length), self.a[terms], self.b[terms])


def _in_steps(terms: list[_Terms]) -> list[list[_Terms]]:
    """The terms in lists: each of a pattern, and every one as far from the one before it."""
    alike = defaultdict(list)
    for place, these in enumerate(terms):
        alike[these.pattern].append(place)
    lists = []
    for places in alike.values():
        starts = [terms[place].start for place in places]
        lists += [[places[i] for i in steps] for steps in progressions(starts)]
    return [[terms[place] for place in steps] for steps in sorted(lists)]


def progressions(starts: Sequence[tuple[int, ...]]) -> Iterator[list[int]]:
    """The places of these in lists of equal steps, of three or more; others are alone.

    Between the places of a list there may be others. Each list begins with the first place that
    is left, goes on to one of the next few, and is the longest of these. As all of it is taken,
    the program_order is in proportion to the number of places.
    """
    places = defaultdict(list)
    for i, start in enumerate(starts):
        places[start].append(i)
    left = [True] * len(starts)
    for first in range(len(starts)):
        if not left[first]:
            continue
        longest = [first]
        for second in islice((i for i in range(first + 1, len(starts)) if left[i]), FEW):
            step = [y - x for x, y in zip(starts[first], starts[second], strict=True)]
            steps = [first, second]
            while True:
                start = tuple(x + s for x, s in zip(starts[steps[-1]], step, strict=True))
                there = places.get(start, [])
                k = bisect(there, steps[-1])
                while k < len(there) and not left[there[k]]:
                    k += 1
                if k == len(there):
                    break
                steps.append(there[k])
            longest = max(longest, steps, key=len)
        if len(longest) < 3:
            longest = [first]
        for i in longest:
            left[i] = False
        yield longest


class _Rows:
    """Collects the parts of a group."""

    def __init__(self, tables: Tables) -> None:
        self.tables, self.layout, self.piece = tables, tables.layout, tables.piece
        self.parts: list[Part] = []

    def stack(self, steps: list[_Terms]) -> bool:
        """Add the same terms of many steps of a recurrence as a few tables, if they are regular.

        One will do if no two steps add to the same row, or all add to the same rows. If a step adds
        to some of the rows that others add to, as the differences of neighbouring states do, a
        block of as many rows as a step moves is elsewhere in every step. No table may write a row
        twice.
        """
        first, second = steps[:2]
        if not first.uniform:
            return False
        away = second.rows[0] - first.rows[0]
        every = np.stack([step.rows for step in steps])
        block = np.zeros(len(first.rows), np.int64)
        if away and len(np.unique(every)) < every.size:
            block = (first.rows - first.rows[0]) // abs(away)
        parts: list[Part] = []
        for k in np.unique(block)[: FEW + 1]:
            some = block == k
            rows = every[:, some].ravel() if away else first.rows[some]
            tables = [step.tables[:, some] for step in steps]
            a, b = np.concatenate(tables, axis=1 if away else 2)
            more = self.tables.regular(self.piece.lane[rows], a, b)
            if more is None or len(parts) + len(more) > FEW:
                return False
            parts += more
        self.parts += parts
        return True

    def add(self, terms: _Terms) -> None:
        if terms.uniform:
            self._table(terms.rows, *terms.tables)
            return
        for last in (False, True):
            padded = self._padded(terms, last)
            if padded is not None:
                self._table(terms.rows, *padded)
                return
        lengths = np.unique(terms.counts)
        if len(lengths) <= FEW:
            for length in lengths.tolist():
                self.add(terms.of(length))
        else:
            self.parts.append(self._ragged(terms))

    def _table(self, rows: Ints, a: Ints, b: Ints) -> None:
        """Add rows [n] with terms a, b [n, k]."""
        box = self.piece.box
        if box and len(rows) == len(box.lane):
            wide = [box.filled(x.T).T for x in (a, b)]
            parts = None
            if is_within(wide[0], a) and is_within(wide[1], b):
                parts = self.tables.regular(np.arange(len(box.holes)), *wide)
            if parts is not None:
                in_a, in_b = (x[box.holes] for x in wide)
                self.piece.clean &= self.layout.vanish(in_a, in_b, claim=False)
                self.parts += parts
                return
        lanes = self.piece.lane[rows]
        parts = self.tables.regular(lanes, a, b)
        if parts is None:  # perhaps the terms were added up in another order
            order = np.argsort(a * self.layout.size + b, axis=1)
            a, b = (np.take_along_axis(x, order, 1) for x in (a, b))
            parts = self.tables.regular(lanes, a, b) or [self.tables.irregular(lanes, a, b)]
        self.parts += parts

    def _padded(self, terms: _Terms, last: bool) -> tuple[Ints, Ints] | None:
        """Rows of different lengths as tables of the longest, if all that they gain is padding.

        last  whether the last terms of all rows stand below one another, rather than the first
        """
        counts, n = terms.counts, len(terms.rows)
        width, longest = int(counts.max()), int(counts.argmax())
        row, place = np.repeat(np.arange(n), counts), ranges(np.zeros_like(counts), counts)
        anchor, full = terms.starts, terms.starts[longest] + np.arange(width)
        if last:
            place += (width - counts)[row]
            anchor = anchor + counts - 1
        tables = []
        for x in (terms.a, terms.b):
            table = x[anchor][:, None] + (x[full] - x[anchor[longest]])
            if (table[row, place] != x).any() or not is_within(table, x):
                return None
            tables.append(table)
        added = np.ones((n, width), bool)
        added[row, place] = False
        a, b = tables
        return (a, b) if self.layout.vanish(a[added], b[added], claim=True) else None

    def _ragged(self, terms: _Terms) -> Part:
        """Rows that nothing makes equal."""
        before, starts, a, b = self._factored(terms)
        base, lanes = self.layout.reserve(len(starts)), self.piece.lane[terms.rows]
        added = SegmentSum(base, a, None if self.layout.number_at(b) == 1 else b, starts)
        return Part(lanes, [*before, added, Scatter(base, self.piece.base + lanes)])

    def _factored(self, terms: _Terms) -> tuple[list[Instruction], Ints, Ints, Ints]:
        """Instructions for what many rows add up alike; then where rows begin, and their a and b.

        The gradient by the inputs of a convolution is such: each row adds up, for every window that
        it is in, the products of all channels. These are delta @ W for all rows.
        """
        a, b, starts = terms.a, terms.b, terms.starts
        step = np.diff(a) * (2 * self.layout.size) + np.diff(b)
        steps, counts = np.unique(step, return_counts=True)
        cuts = np.append(np.flatnonzero(step != steps[counts.argmax()]) + 1, starts)
        size = gcd(len(a), int(np.gcd.reduce(cuts)))
        heads = a[::size] * self.layout.size + b[::size]
        heads, first, place = np.unique(heads, return_index=True, return_inverse=True)
        piece = self.layout.piece(len(heads), None)
        inner = _Rows(Tables(self.layout, self.tables.gathers, piece))
        terms_of = size * first[:, None] + np.arange(size)
        parts = inner.tables.regular(piece.lane, a[terms_of], b[terms_of]) if size > 1 else None
        if parts is None:
            return [], starts, a, b
        inner.parts = parts
        ones = np.full(len(place), self.layout.address[self.layout.form.one])
        return inner.joined(), starts // size, piece.base + place, ones

    # ------------------------------------------------------------------------------ together

    def joined(self) -> list[Instruction]:
        """All parts: the first that writes a lane sets it, the others add."""
        # A product can be written at its place if it comes first; operands are added in place.
        self.parts.sort(key=lambda part: (-len(part.lanes), part.plain is not None))
        parts = self._without_zeros()
        instructions: list[Instruction] = []
        written = np.zeros(self.piece.size, bool)
        for part in parts:
            before = written[part.lanes]
            part.last.add = bool(before.any())
            if part.last.add and not before.all() and not instructions:
                instructions.append(Zero(self.piece.base, self.piece.size))
            written[part.lanes] = True
        sum_of_two = self._sum_of_two(*parts[:2]) if len(parts) > 1 else None
        if sum_of_two is not None:
            instructions.append(sum_of_two)
            del parts[:2]
        for part in parts:
            instructions += part.instructions
        return [*instructions, *self.layout.mask(self.piece)]

    def _without_zeros(self) -> list[Part]:
        """The parts without the 0 that `sum` starts from."""
        parts = [part for part in self.parts if not part.vanishes]
        same = parts and all(len(p.lanes) == len(parts[0].lanes) for p in self.parts)
        return parts if same else self.parts

    def _sum_of_two(self, first: Part, second: Part) -> Elementwise | None:
        """The instruction x + y or x - y, if these parts are no more than that."""
        x, y = first.plain, second.plain
        if x is None or y is None or not np.array_equal(first.lanes, second.lanes):
            return None
        if first.subtracts:
            first, second, x, y = second, first, y, x
        out = self.piece.base + first.lanes
        rows = nest(np.stack([out, x, y]))
        if first.subtracts or rows is None:
            return None
        loops, _, (to, of_x, of_y) = refs_of([out[0], x[0], y[0]], rows, [])
        what = formula("x - y" if second.subtracts else "x + y")
        return Elementwise(loops, to, what, {"x": of_x, "y": of_y})
