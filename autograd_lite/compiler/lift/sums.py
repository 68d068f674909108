"""A group of sums of products, of terms of several classes, in rows of any length."""

from __future__ import annotations

from bisect import bisect
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import accumulate, islice, pairwise, starmap
from math import gcd
from operator import itemgetter
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from autograd_lite.compiler.lift.affine import is_among, is_within, nest
from autograd_lite.compiler.lift.blocks import MAX_PARTS, Block, Memory
from autograd_lite.compiler.lift.contractions import ContractionBuilder, Part, few
from autograd_lite.compiler.lift.elementwise import in_loops
from autograd_lite.compiler.lift.groups import CONSTANTS
from autograd_lite.compiler.lift.instructions import (
    Elementwise,
    Instruction,
    Scatter,
    SegmentSum,
    Zero,
)
from autograd_lite.compiler.lift.recurring import MAX_TERMS, Recurring, Told
from autograd_lite.compiler.lift.specialized import formula
from autograd_lite.compiler.tape.ranges import Ints, ranges

__all__ = ["progressions", "sums", "term_classes"]

FEW_TERMS = 200  # so many are looked up in less time than they are sorted
MAX_PADDING = 16  # a table that takes so many times the terms of its rows is not tried
MAX_TRIES = 4  # the number of second positions that are tried for a progression


def sums(
    recurring: Recurring,
    block: Block,
    row: Ints,
    factors: Ints,
    term_class: Ints,
    told: Told | None = None,
) -> list[Instruction]:
    """The instructions for out[row] = sum of a * b.

    recurring   sums that are known
    block       the block whose members are the rows
    row         [m] row of each term, sorted
    factors     [2, m] addresses of a and b of each term
    term_class  [m] mark of each term; terms of one mark are alike
    told        what tells these terms, if that is known
    """
    alike = _alike(recurring, row, term_class)
    rows, factors = alike.rows, factors[:, alike.order]
    operands = [x[cut] for cut in alike.cuts for x in factors]

    def lower(memory: Memory, block: Block, operands: Sequence[Ints]) -> list[Instruction]:
        builder = SumBuilder(memory, block)
        for steps in _in_steps(_terms(rows, operands)):
            if len(steps) == 1 or not builder.stack(steps):
                for each in steps:
                    builder.add(each)
        return builder.joined()

    def lower_each(memory: Memory, block: Block, operands: Sequence[Ints]) -> list[Instruction]:
        builder = SumBuilder(memory, block)
        for each in _terms(rows, operands):
            builder.add(each)
        return builder.joined()

    if block.rows or len(row) > MAX_TERMS:
        return lower(recurring.memory, block, operands)
    shape = *alike.shape, (factors - factors[:, alike.heads]).tobytes()
    # In steps, it matters how the operands of one class lie to those of another.
    if len(rows) > 2:
        patterns = recurring.once(shape, lambda: _patterns(_terms(rows, operands), 3))
        if patterns and _goes_in_steps(patterns, rows, operands):
            return lower(recurring.memory, block, operands)
        told = None if patterns else told
    order = np.arange(len(row))[alike.order]
    first = [order[cut.start] for cut in alike.cuts]
    heads = [k for head in first for k in (head, len(row) + head)]
    return recurring.lowered(lower_each, shape, block, operands, told, heads)


def _alike(recurring: Recurring, row: Ints, term_class: Ints) -> _Alike:
    """The terms of each class, which are looked up if they are few."""
    if len(row) > FEW_TERMS:
        return _Alike(row, term_class)
    number: dict[int, int] = {}
    classes = [number.setdefault(mark, len(number)) for mark in term_class.tolist()]
    return recurring.once((row.tobytes(), *classes), lambda: _Alike(row, term_class))


class _Alike:
    """The terms of each class, the class of the first term first.

    order  the positions of the terms, those of one class side by side
    cuts   where each class lies in the order
    heads  [m] the first term of the class of each, in the order
    rows   the rows of each class
    shape  tells these lists from all others
    """

    def __init__(self, row: Ints, term_class: Ints) -> None:
        order = np.argsort(term_class, kind="stable")
        cuts = np.flatnonzero(np.diff(term_class[order])) + 1
        alike = [order] if not len(cuts) else sorted(np.split(order, cuts), key=itemgetter(0))
        edges = [0, *accumulate(map(len, alike))]
        self.order: Ints | slice = np.concatenate(alike) if len(cuts) else slice(None)
        self.cuts = list(starmap(slice, pairwise(edges)))
        self.heads = np.repeat(edges[:-1], np.diff(edges))
        self.rows = [row[i] for i in alike]
        self.shape = tuple(each.tobytes() for each in self.rows)


def _patterns(terms: Sequence[TermClass], fewest: int) -> list[list[int]]:
    """The positions of the terms of each pattern that so many or more have."""
    alike = defaultdict(list)
    for position, each in enumerate(terms):
        alike[each.pattern].append(position)
    return [positions for positions in alike.values() if len(positions) >= fewest]


def _goes_in_steps(
    patterns: Sequence[Sequence[int]], rows: Sequence[Ints], operands: Sequence[Ints]
) -> bool:
    """True if classes of a pattern are equally far from one to the next; see `_in_steps`."""
    first = zip(rows, operands[::2], operands[1::2], strict=True)
    starts = [(int(row[0]), int(a[0]), int(b[0])) for row, a, b in first]
    found = (progressions([starts[k] for k in positions]) for positions in patterns)
    return any(len(steps) > 1 for lists in found for steps in lists)


def _terms(rows: Sequence[Ints], operands: Sequence[Ints]) -> list[TermClass]:
    """The classes of terms, given the rows of each, and its two operands."""
    return list(map(TermClass, rows, operands[::2], operands[1::2]))


def term_classes(row: Ints, marks: Ints, padding: NDArray[np.bool_]) -> Ints:
    """[m] class of each term of a group: terms are alike if their factors are of the same groups.

    marks    [2, m] groups of the factors, or other marks of the first
    padding  [m] True of a constant that is not 1 as the second factor

    Constants among the other second factors count as one of those, if all rows of a class then have
    as many terms: an image is padded with them. The 1 beside a bias is no such padding.
    """
    a, b = marks
    found: Ints = (a << 31) + b
    if padding.any():
        others = b != CONSTANTS
        if others.any() and not _uniform(row, found):
            partner = np.full(int(a.max()) + 1, CONSTANTS)
            partner[a[others]] = b[others]
            padded: Ints = np.where(padding, (a << 31) + partner[a], found)
            if _uniform(row, padded):
                return padded
    return found


def _uniform(row: Ints, term_class: Ints) -> bool:
    """True if all rows that have terms of a class have equally many of that class."""
    n = int(row[-1]) + 1
    which = np.unique(term_class, return_inverse=True)[1]
    both, counts = np.unique(which * n + row, return_counts=True)
    starts = np.flatnonzero(np.diff(both // n, prepend=-1))
    return np.array_equal(np.minimum.reduceat(counts, starts), np.maximum.reduceat(counts, starts))


class Wide(NamedTuple):
    """Rows of different lengths as those of the longest.

    tables  a, b [n, longest] as they would go on
    affine  whether all terms of a, of b, stand in its table
    gained  [n, longest] True where there is no term
    """

    tables: list[Ints]
    affine: list[bool]
    gained: NDArray[np.bool_]


class TermClass:
    """Terms a * b that are alike, sorted by the row that they are added up in.

    rows    [n] rows that have such terms
    starts  [n] first term of each of these rows
    counts  [n] number of terms of each
    uniform  True if all counts are equal
    """

    def __init__(self, row: Ints, a: Ints, b: Ints) -> None:
        self.a, self.b = a, b
        begins = np.ones(len(row) + 1, bool)
        np.not_equal(row[1:], row[:-1], out=begins[1:-1])
        edges = begins.nonzero()[0]
        self.starts, self.counts = edges[:-1], edges[1:] - edges[:-1]
        self.rows = row[self.starts]
        self.uniform = bool((self.counts == self.counts[0]).all())

    @property
    def tables(self) -> Ints:
        """[2, n, k] a and b, if each row has k terms."""
        return np.stack([self.a, self.b]).reshape(2, len(self.rows), -1)

    def wide(self, last: bool) -> Wide:
        """Tables of which every row goes on as the longest does.

        last  True if the last terms of all rows stand below one another, rather than the first
        """
        counts, width, longest = self.counts, int(self.counts.max()), int(self.counts.argmax())
        position = np.arange(width)
        gained = position < (width - counts)[:, None] if last else position >= counts[:, None]
        anchor = self.starts + (counts - 1) * last
        full = self.starts[longest] + position
        tables = [x[anchor][:, None] + (x[full] - x[anchor[longest]]) for x in (self.a, self.b)]
        affine = [
            np.array_equal(t[~gained], x) for t, x in zip(tables, (self.a, self.b), strict=True)
        ]
        return Wide(tables, affine, gained)

    @property
    def start(self) -> tuple[int, int, int]:
        """The first row, and the addresses of the first factors."""
        return int(self.rows[0]), int(self.a[0]), int(self.b[0])

    @property
    def pattern(self) -> tuple[bytes, ...]:
        """Equal for terms that are these, moved to another start."""
        row, a, b = self.start
        parts = self.counts, self.rows - row, self.a - a, self.b - b
        return tuple(part.tobytes() for part in parts)

    def of_length(self, length: int) -> TermClass:
        """The terms of the rows that have so many."""
        some = self.counts == length
        terms = ranges(self.starts[some], self.counts[some])
        return TermClass(np.repeat(self.rows[some], length), self.a[terms], self.b[terms])


def _in_steps(terms: list[TermClass]) -> list[list[TermClass]]:
    """The terms in lists: each of a pattern, and every one as far from the one before it."""
    lists = []
    for positions in _patterns(terms, 1):
        starts = [terms[position].start for position in positions]
        lists += [[positions[i] for i in steps] for steps in progressions(starts)]
    return [[terms[position] for position in steps] for steps in sorted(lists)]


def progressions(starts: Sequence[tuple[int, ...]]) -> Iterator[list[int]]:
    """The positions of starts in lists of equal steps, three or more in each; others are alone.

    Other positions may lie between those of a list. Each list begins with the first position
    that is left, goes on to one of the next few, and is the longest such list. As all of a list is
    taken, the time is in proportion to the number of positions.
    """
    positions = defaultdict(list)
    for i, start in enumerate(starts):
        positions[start].append(i)
    left = [True] * len(starts)
    for first in range(len(starts)):
        if not left[first]:
            continue
        longest = [first]
        for second in islice((i for i in range(first + 1, len(starts)) if left[i]), MAX_TRIES):
            step = [y - x for x, y in zip(starts[first], starts[second], strict=True)]
            steps = [first, second]
            while True:
                start = tuple(x + s for x, s in zip(starts[steps[-1]], step, strict=True))
                there = positions.get(start, [])
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


class SumBuilder:
    """Collects the parts of a group, and joins them."""

    def __init__(self, memory: Memory, block: Block) -> None:
        self.memory, self.block = memory, block
        self.contractions = ContractionBuilder(memory)
        self.parts: list[Part] = []

    def stack(self, steps: list[TermClass]) -> bool:
        """Add the same terms of many steps of a recurrence as a few tables, if they are regular.

        One will do if no two steps add to the same row, or all add to the same rows. If a step adds
        to some of the rows that others add to, as the differences of neighbouring states do, a
        stripe of as many rows as a step moves is elsewhere in every step. No table may write a row
        twice.
        """
        first, second = steps[:2]
        if not first.uniform:
            return False
        away = second.rows[0] - first.rows[0]
        every = np.stack([step.rows for step in steps])
        stripe = np.zeros(len(first.rows), np.int64)
        if away and np.bincount(every.ravel()).max() > 1:
            stripe = (first.rows - first.rows[0]) // abs(away)

        def parts_of(some: NDArray[np.bool_]) -> list[Part] | None:
            rows = every[:, some].ravel() if away else first.rows[some]
            tables = [step.tables[:, some] for step in steps]
            a, b = np.concatenate(tables, axis=1 if away else 2)
            return self.contractions.regular(self.block.addresses[rows], a, b)

        parts = few(parts_of(stripe == k) for k in np.unique(stripe))
        self.parts += parts or []
        return parts is not None

    def add(self, terms: TermClass) -> None:
        small = len(terms.rows) * int(terms.counts.max()) <= MAX_PADDING * len(terms.a)
        if terms.uniform:
            self._table(terms.rows, *terms.tables)
        elif small and (padded := self._padded(terms, False) or self._padded(terms, True)):
            self._table(terms.rows, *padded)
        elif small and (masked := self._masked(terms, False) or self._masked(terms, True)):
            self.parts.append(masked)
        elif len(lengths := np.unique(terms.counts)) <= MAX_PARTS:
            for length in lengths.tolist():
                self.add(terms.of_length(length))
        else:
            self.parts.append(self._ragged(terms))

    def _table(self, rows: Ints, a: Ints, b: Ints) -> None:
        """Add rows [n] with terms a, b [n, k]."""
        block, padded, regular = self.block, self.block.rows, self.contractions.regular
        if padded and len(rows) == len(padded.offset):
            wide = [padded.filled(x.T).T for x in (a, b)]
            if is_within(wide[0], a) and is_within(wide[1], b):
                parts = regular(block.base + np.arange(block.size), *wide)
                if parts is not None:
                    in_a, in_b = (x[padded.padding] for x in wide)
                    zero = self.memory.products_are_zero(in_a, in_b, need=False)
                    block.padding_is_zero &= zero
                    self.parts += parts
                    return
        out = block.addresses[rows]
        parts = regular(out, a, b)
        if parts is None:  # perhaps the terms were added up in another order
            order = np.argsort(a * self.memory.size + b, axis=1)
            a, b = (np.take_along_axis(x, order, 1) for x in (a, b))
            parts = regular(out, a, b) or [self.contractions.irregular(out, a, b)]
        self.parts += parts

    def _padded(self, terms: TermClass, last: bool) -> tuple[Ints, Ints] | None:
        """Rows of different lengths as tables of the longest, if the terms they gain are padding.

        last  see `TermClass.wide`
        """
        wide = terms.wide(last)
        a, b = wide.tables
        if not (all(wide.affine) and is_within(a, terms.a) and is_within(b, terms.b)):
            return None
        in_a, in_b = a[wide.gained], b[wide.gained]
        return (a, b) if self.memory.products_are_zero(in_a, in_b, need=True) else None

    def _masked(self, terms: TermClass, last: bool) -> Part | None:
        """Rows of different lengths as tables of the longest, if a copy of one operand that has 0
        where there is no term serves many rows: so a triangle becomes a matrix.

        last  see `TermClass.wide`
        """
        n, size = len(terms.rows), len(terms.a)
        if n * int(terms.counts.max()) > 2 * size + 64:
            return None
        wide = terms.wide(last)
        for kept, x, other in ((0, terms.a, terms.b), (1, terms.b, terms.a)):
            if wide.affine[kept] and is_among(wide.tables[kept], x):
                moved = np.full(wide.gained.shape, self.memory.zero)
                moved[~wide.gained] = other
                out, beside = self.block.addresses[terms.rows], self.contractions.beside
                part = beside(out, wide.tables[kept], moved, size // 4)
                if part is not None:
                    return part
        return None

    def _ragged(self, terms: TermClass) -> Part:
        """Rows that nothing makes equal."""
        before, starts, a, b = self._factored(terms)
        base, out = self.memory.reserve(len(starts)), self.block.addresses[terms.rows]
        total = SegmentSum(base, a, None if self.memory.constant_at(b) == 1 else b, starts)
        return Part(out, [*before, total, Scatter(base, out)])

    def _factored(self, terms: TermClass) -> tuple[list[Instruction], Ints, Ints, Ints]:
        """Instructions for inner sums that many rows share; then starts, a and b of the rows.

        The gradient with respect to the inputs of a convolution is such: each row adds up, for
        every window that it is in, the products of all channels. The inner sums are delta @ W for
        all rows.
        """
        a, b, starts, size = terms.a, terms.b, terms.starts, self.memory.size
        step = np.diff(a) * (2 * size) + np.diff(b)
        steps, counts = np.unique(step, return_counts=True)
        cuts = np.append(np.flatnonzero(step != steps[counts.argmax()]) + 1, starts)
        length = gcd(len(a), int(np.gcd.reduce(cuts)))
        heads = a[::length] * size + b[::length]
        heads, first, position = np.unique(heads, return_index=True, return_inverse=True)
        block = self.memory.block(len(heads))
        terms_of = length * first[:, None] + np.arange(length)
        regular = self.contractions.regular
        parts = length > 1 and regular(block.addresses, a[terms_of], b[terms_of])
        if not parts:
            return [], starts, a, b
        inner = SumBuilder(self.memory, block)
        inner.parts = parts
        ones = np.full(len(position), self.memory.one)
        return inner.joined(), starts // length, block.base + position, ones

    # ------------------------------------------------------------------------------ together

    def joined(self) -> list[Instruction]:
        """All parts: the first that writes an address sets the number there, the others add."""
        # A product can be written at its place if it comes first; operands are added in place.
        self.parts.sort(key=lambda part: (-len(part.out), part.plain is not None))
        parts = self._without_zeros()
        instructions: list[Instruction] = []
        written = np.zeros(self.block.size, bool)
        for part in parts:
            before = written[part.out - self.block.base]
            part.last.add = bool(before.any())
            if part.last.add and not before.all() and not instructions:
                instructions.append(Zero(self.block.base, self.block.size))
            written[part.out - self.block.base] = True
        sum_of_two = self._sum_of_two(*parts[:2]) if len(parts) > 1 else None
        if sum_of_two is not None:
            instructions.append(sum_of_two)
            del parts[:2]
        for part in parts:
            instructions += part.instructions
        return [*instructions, *self.memory.zero_padding(self.block)]

    def _without_zeros(self) -> list[Part]:
        """The parts without the 0 that `sum` starts from."""
        parts = [part for part in self.parts if not part.is_zero]
        same = parts and all(len(part.out) == len(parts[0].out) for part in self.parts)
        return parts if same else self.parts

    def _sum_of_two(self, first: Part, second: Part) -> Elementwise | None:
        """The instruction x + y or x - y, if these parts are no more than that."""
        x, y = first.plain, second.plain
        if x is None or y is None or not np.array_equal(first.out, second.out):
            return None
        if first.subtracts:
            first, second, x, y = second, first, y, x
        rows = nest(np.stack([first.out, x, y]))
        if first.subtracts or rows is None:
            return None
        what = formula("x - y" if second.subtracts else "x + y")
        return in_loops(int(first.out[0]), rows, what, {"x": x, "y": y})
