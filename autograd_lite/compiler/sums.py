"""A group of sums of products as contractions: matrix products, where the addresses say so."""

from __future__ import annotations

from math import gcd

import numpy as np

from autograd_lite.compiler.affine import nest, ranges, runs, segments
from autograd_lite.compiler.bulk import Contract, Fill, Gather, Map, Ref, Scatter, SegmentSum
from autograd_lite.compiler.formulas import formula
from autograd_lite.compiler.layout import FEW

TYPE_CHECKING = False
if TYPE_CHECKING:
    from autograd_lite.compiler.bulk import Instruction
    from autograd_lite.compiler.canonical import Ints
    from autograd_lite.compiler.layout import Layout, Piece

__all__ = ["Gathers", "Sums"]


class Gathers:
    """Copies of scattered operands in contiguous memory, each made once."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._known: dict[bytes, int] = {}

    def __call__(self, table: Ints) -> tuple[int, list[Instruction]]:
        """Where the copy lies, and what makes it if it is new."""
        key = table.tobytes()
        if key in self._known:
            return self._known[key], []
        base = self._known[key] = self._layout.reserve(table.size)
        return base, [Gather(base, table.ravel())]


class _Part:
    """What computes some terms of some lanes: the last instruction writes the lanes."""

    def __init__(self, lanes: Ints, instructions: list[Instruction], plain: Ints | None) -> None:
        self.lanes, self.instructions = lanes, instructions
        self.plain = plain  # the addresses of operands that are only added, one for each lane

    @property
    def last(self) -> Contract | Scatter:
        last = self.instructions[-1]
        assert isinstance(last, (Contract, Scatter))
        return last


class _Table:
    """Terms a * b that are alike, sorted by the row that they are added up in."""

    def __init__(self, row: Ints, a: Ints, b: Ints) -> None:
        self.a, self.b = a, b
        self.starts = np.append(0, np.flatnonzero(np.diff(row)) + 1)
        self.rows, self.counts = row[self.starts], np.diff(np.append(self.starts, len(row)))
        self.uniform = bool((self.counts == self.counts[0]).all())

    @property
    def grids(self) -> Ints:
        """[2, rows, terms] of a and b, if all rows have as many terms."""
        return np.stack([self.a, self.b]).reshape(2, len(self.rows), -1)


def _stretches(tables: Ints) -> tuple[Ints, Ints]:
    """Where the stretches of the commonest step begin, and how long they are."""
    if tables.shape[1] < 2:
        return np.zeros(1, np.int64), np.ones(1, np.int64)
    starts = segments(tables)
    return starts, np.diff(np.append(starts, tables.shape[1]))


def _equal_steps(tables: list[_Table]) -> list[_Table]:
    """The first tables, as far as each is the one before, moved by one and the same step."""
    steps = tables[:1]
    move: Ints | None = None
    for table in tables[1:]:
        last = steps[-1]
        if not (table.uniform and last.uniform and len(table.a) == len(last.a)):
            break
        if len(table.rows) != len(last.rows):
            break
        rows = np.repeat(table.rows - last.rows, len(table.a) // len(table.rows))
        moved = np.stack([rows, table.a - last.a, table.b - last.b])
        if (moved != moved[:, :1]).any() or (move is not None and (moved[:, 0] != move).any()):
            break
        steps.append(table)
        move = moved[:, 0]
    return steps


class Sums:
    """Lowers one group: out[row] = sum of a * b over its terms.

    piece  where the rows lie, each in its lane
    """

    def __init__(self, layout: Layout, gathers: Gathers, piece: Piece) -> None:
        self.layout, self.gathers, self.piece = layout, gathers, piece
        self.parts: list[_Part] = []

    def lower(self, row: Ints, a: Ints, b: Ints, kind: Ints) -> list[Instruction]:
        """The instructions.

        row   [m] of each term, sorted
        a, b  [m] the addresses of its factors
        kind  [m] which terms are alike
        """
        order = np.argsort(kind, kind="stable")
        cuts = np.flatnonzero(np.diff(kind[order])) + 1
        alike = sorted(np.split(order, cuts), key=lambda terms: int(terms[0]))
        tables = [_Table(row[terms], a[terms], b[terms]) for terms in alike]
        while tables:
            steps = _equal_steps(tables)
            if len(steps) >= 3 and self._stacked(steps):
                del tables[: len(steps)]
            else:
                self._alike(tables.pop(0))
        return self._joined()

    # ----------------------------------------------------------- tables of addresses, by rows

    def _alike(self, table: _Table) -> None:
        rows, starts, counts, a, b = table.rows, table.starts, table.counts, table.a, table.b
        if table.uniform:
            self._dense(rows, table.a.reshape(len(rows), -1), table.b.reshape(len(rows), -1))
            return
        for last in (False, True):
            padded = self._padded(starts, counts, a, b, last)
            if padded is not None:
                self._dense(rows, *padded)
                return
        lengths = np.unique(counts)
        if len(lengths) <= FEW:
            for length in lengths:
                some = counts == length
                terms = ranges(starts[some], counts[some])
                shape = -1, int(length)
                self._dense(rows[some], a[terms].reshape(shape), b[terms].reshape(shape))
            return
        before, starts, a, b = self._factored(starts, a, b)
        base = self.layout.reserve(len(rows))
        partner = None if self.layout.number_at(b) == 1 else b
        lanes = self.piece.lane[rows]
        segments = SegmentSum(base, a, partner, starts)
        self._add(lanes, [*before, segments, Scatter(base, self.piece.base + lanes)])

    def _stacked(self, steps: list[_Table]) -> bool:
        """Lower the same terms of many steps of a recurrence as one table, if it is regular."""
        same = np.array_equal(steps[0].rows, steps[1].rows)
        rows = steps[0].rows if same else np.concatenate([table.rows for table in steps])
        a, b = np.concatenate([table.grids for table in steps], axis=2 if same else 1)
        parts = self._regular(self.piece.lane[rows], a, b)
        self.parts += parts or []
        return parts is not None

    def _factored(
        self, starts: Ints, a: Ints, b: Ints
    ) -> tuple[list[Instruction], Ints, Ints, Ints]:
        """The terms of ragged rows with what many rows add up alike computed before, as a product.

        The gradient by the inputs of a convolution is one: each row adds up, for every window that
        it is in, the products of all channels; these are delta @ W.
        """
        step = np.stack([np.diff(a), np.diff(b)])
        kinds, which, counts = np.unique(step, axis=1, return_inverse=True, return_counts=True)
        other = which.ravel() != counts.argmax()
        cuts = np.append(np.flatnonzero(other) + 1, starts)
        size = gcd(len(a), int(np.gcd.reduce(cuts)))
        if size == 1:
            return [], starts, a, b
        heads, place = np.unique(np.stack([a[::size], b[::size]]), axis=1, return_inverse=True)
        piece = self.layout.piece(heads.shape[1], None)
        inner = Sums(self.layout, self.gathers, piece)
        across = kinds[:, [counts.argmax()]] * np.arange(size)
        parts = inner._regular(
            piece.lane, heads[0][:, None] + across[0], heads[1][:, None] + across[1]
        )
        if parts is None:
            return [], starts, a, b
        inner.parts = parts
        whole = piece.base + place.ravel()
        ones = np.full(len(whole), self.layout.address[self.layout.form.one])
        return inner._joined(), starts // size, whole, ones

    def _padded(
        self, starts: Ints, counts: Ints, a: Ints, b: Ints, last: bool
    ) -> tuple[Ints, Ints] | None:
        """Rows of different lengths as tables of the longest, if what they gain is padding.

        last  whether the last terms of all rows stand below one another, rather than the first
        """
        width, longest = int(counts.max()), int(counts.argmax())
        place = ranges(np.zeros_like(counts), counts)
        if last:
            place += np.repeat(width - counts, counts)
        anchor = starts + counts - 1 if last else starts
        full = starts[longest] + np.arange(width)
        tables = []
        for x in (a, b):
            template = x[full] - x[anchor[longest]]
            table = x[anchor][:, None] + template
            if (table[np.repeat(np.arange(len(counts)), counts), place] != x).any():
                return None
            if table.min() < x.min() or table.max() > x.max():
                return None
            tables.append(table)
        added = np.ones((len(counts), width), bool)
        added[np.repeat(np.arange(len(counts)), counts), place] = False
        if not self.layout.vanish(tables[0][added], tables[1][added], claim=True):
            return None
        return tables[0], tables[1]

    def _dense(self, rows: Ints, a: Ints, b: Ints) -> None:
        """Rows [n] with terms a, b [n, k]."""
        box = self.piece.box
        if box and len(rows) == len(box.lane):
            wide = box.filled(a.T).T, box.filled(b.T).T
            inside = all(
                x.min() <= y.min() and y.max() <= x.max() for x, y in zip((a, b), wide, strict=True)
            )
            parts = self._regular(np.arange(len(box.holes)), *wide) if inside else None
            if parts is not None:
                holes = [x[box.holes] for x in wide]
                self.piece.clean &= self.layout.vanish(holes[0], holes[1], claim=False)
                self.parts += parts
                return
        lanes = self.piece.lane[rows]
        parts = self._regular(lanes, a, b)
        if parts is None and a.shape[1] > 1:  # perhaps the terms were added up in another order
            order = np.argsort(a * self.layout.size + b, axis=1)
            a, b = (np.take_along_axis(x, order, 1) for x in (a, b))
            parts = self._regular(lanes, a, b)
        if parts is not None:
            self.parts += parts
        else:
            self._irregular(lanes, a, b)

    # -------------------------------------------------------------- tables of addresses, as nests

    def _regular(self, lanes: Ints, a: Ints, b: Ints) -> list[_Part] | None:
        """The parts of a table of terms, if it is made of a few nests."""
        cuts = runs(np.stack([a, b]))
        if self.layout.number_at(b) is not None and a.shape[1] <= 3:
            cuts = [slice(i, i + 1) for i in range(a.shape[1])]  # x + y, not a sum over an axis
        if len(cuts) > FEW:
            return None
        parts = []
        for cut in cuts:
            more = self._nests(lanes, a[:, cut], b[:, cut])
            if more is None:
                return None
            parts += more
        return parts

    def _nests(self, lanes: Ints, a: Ints, b: Ints) -> list[_Part] | None:
        """The parts of rows that are a nest, or a few: stretches of the same length make one.

        Such are the outputs of two layers on the same inputs, which alternate.
        """
        part = self._nest(lanes, a, b)
        if part is not None:
            return [part]
        heads = np.stack([lanes, a[:, 0], b[:, 0]])
        starts, lengths = _stretches(heads)
        parts: list[_Part] = []
        for length in np.unique(lengths).tolist():
            alike = starts[lengths == length]
            part = self._of_stretches(alike, length, lanes, a, b)
            found = [part]
            if part is None and len(alike) > 2:
                firsts, counts = _stretches(heads[:, alike])
                some = zip(firsts.tolist()[: FEW + 1], counts.tolist(), strict=False)
                found = [self._of_stretches(alike[i : i + n], length, lanes, a, b) for i, n in some]
            for part in found:
                if part is None or len(parts) == FEW:
                    return None
                parts.append(part)
        return parts

    def _of_stretches(
        self, starts: Ints, length: int, lanes: Ints, a: Ints, b: Ints
    ) -> _Part | None:
        some = (starts[:, None] + np.arange(length)).ravel()
        return self._nest(lanes[some], a[some], b[some])

    def _nest(self, lanes: Ints, a: Ints, b: Ints) -> _Part | None:
        out = self.piece.base + lanes
        rows = nest(np.stack([out, a[:, 0], b[:, 0]]))
        columns = nest(np.stack([a[0], b[0]]))
        if rows is None or columns is None:
            return None
        contract = Contract(
            tuple(size for size, _ in rows),
            tuple(size for size, _ in columns),
            Ref(int(out[0]), tuple(s[0] for _, s in rows) + (0,) * len(columns)),
            Ref(int(a[0, 0]), tuple(s[1] for _, s in rows) + tuple(s[0] for _, s in columns)),
            Ref(int(b[0, 0]), tuple(s[2] for _, s in rows) + tuple(s[1] for _, s in columns)),
        )
        return self._simplified(lanes, contract, a, b)

    def _simplified(self, lanes: Ints, contract: Contract, a: Ints, b: Ints) -> _Part:
        """Without the factors one and minus one."""
        factor = self.layout.number_at(b)
        if factor not in (1, -1) and self.layout.number_at(a) in (1, -1):
            factor = self.layout.number_at(a)
            assert contract.b is not None
            contract.a, a = contract.b, b
        plain = None
        if factor in (1, -1):
            contract.b, contract.negate = None, factor == -1
            plain = None if contract.sums else a[:, 0]
        return _Part(lanes, [contract], plain)

    def _irregular(self, lanes: Ints, a: Ints, b: Ints) -> None:
        """Terms whose operands must be gathered, one of them if the other is a nest."""
        out = self.piece.base + lanes
        for keep, move in ((a, b), (b, a)):
            rows, columns = nest(np.stack([out, keep[:, 0]])), nest(keep[:1])
            if rows is None or columns is None or len(runs(keep[None])) > 1:
                continue
            loops = tuple(size for size, _ in rows)
            sums = tuple(size for size, _ in columns)
            ref, before = self._gathered(move.reshape(loops + sums))
            kept = tuple(s[1] for _, s in rows) + tuple(s[0] for _, s in columns)
            contract = Contract(
                loops,
                sums,
                Ref(int(out[0]), tuple(s[0] for _, s in rows) + (0,) * len(sums)),
                Ref(int(keep[0, 0]), kept),
                ref,
            )
            if keep is b:
                contract.a, contract.b = ref, contract.a
            part = self._simplified(lanes, contract, a, b)
            if part.last.a is ref or part.last.b is ref:  # type: ignore[union-attr]
                part.instructions[:0] = before
            part.plain = None
            self.parts.append(part)
            return
        n, k = a.shape
        base = self.layout.reserve(n)
        (at_a, before), (at_b, more) = self.gathers(a), self.gathers(b)
        sums = (k,) if k > 1 else ()
        strides = (k, 1) if k > 1 else (1,)
        moved = Contract(
            (n,), sums, Ref(base, (1, 0)[: len(strides)]), Ref(at_a, strides), Ref(at_b, strides)
        )
        self._add(lanes, [*before, *more, moved, Scatter(base, out)])

    def _gathered(self, table: Ints) -> tuple[Ref, list[Instruction]]:
        """A copy of an operand without the loops along which it is the same."""
        kept = []
        for axis in range(table.ndim):
            first = table.take([0], axis)
            same = bool((table == first).all())
            kept.append(not same)
            if same:
                table = first
        base, instructions = self.gathers(table)
        strides = [s // table.itemsize for s in table.strides]
        strides = [s // table.itemsize for s in np.empty(table.shape, np.int64).strides]
        return Ref(
            base, tuple(s if k else 0 for s, k in zip(strides, kept, strict=True))
        ), instructions

    def _add(self, lanes: Ints, instructions: list[Instruction]) -> None:
        self.parts.append(_Part(lanes, instructions, None))

    # ------------------------------------------------------------------------------ together

    def _joined(self) -> list[Instruction]:
        """All parts: the first of a lane sets it, the others add."""
        size = self.piece.size
        self._drop_zeros()
        # A product can be written at its place if it comes first; operands are added in place.
        self.parts.sort(key=lambda part: (-len(part.lanes), part.plain is not None))
        instructions: list[Instruction] = []
        covered = np.zeros(size, bool)
        for part in self.parts:
            before = covered[part.lanes]
            part.last.add = bool(before.any())
            if part.last.add and not before.all() and not instructions:
                instructions.append(Fill(self.piece.base, size))
            covered[part.lanes] = True
        parts = self.parts
        if len(parts) > 1:
            sum_of_two = self._sum_of_two(*parts[:2])
            if sum_of_two is not None:
                instructions.append(sum_of_two)
                parts = parts[2:]
        for part in parts:
            instructions += part.instructions
        instructions += self.layout.mask(self.piece)
        return instructions

    def _drop_zeros(self) -> None:
        """Leave out the 0 that `sum` starts from."""
        parts = [p for p in self.parts if p.plain is None or self.layout.number_at(p.plain) != 0]
        if parts and {len(p.lanes) for p in self.parts} == {len(parts[0].lanes)}:
            self.parts = parts

    def _sum_of_two(self, first: _Part, second: _Part) -> Map | None:
        """The instruction x + y or x - y, if the first two parts are no more than that."""
        x, y = first.plain, second.plain
        if (
            x is None
            or y is None
            or first.last.add
            or not np.array_equal(first.lanes, second.lanes)
        ):
            return None
        signs = first.last.negate, second.last.negate  # type: ignore[union-attr]
        out = self.piece.base + first.lanes
        loops = nest(np.stack([out, x, y]))
        if signs == (True, True) or loops is None:
            return None
        refs = [
            Ref(int(table[0]), tuple(s[i] for _, s in loops)) for i, table in enumerate((out, x, y))
        ]
        if signs[0]:
            refs[1:] = refs[:0:-1]
        text = "x - y" if any(signs) else "x + y"
        sizes = tuple(size for size, _ in loops)
        return Map(sizes, refs[0], formula(text), {"x": refs[1], "y": refs[2]})
