"""Groups of scalars to bulk instructions: the program and its reverse."""

from __future__ import annotations

from itertools import islice

import numpy as np

from autograd_lite.compiler.adjoint import Uses, active_nodes
from autograd_lite.compiler.affine import nest, ranges, runs
from autograd_lite.compiler.bulk import (
    Drop,
    Fill,
    Largest,
    Lookup,
    Map,
    Pick,
    Ref,
    Scatter,
)
from autograd_lite.compiler.canonical import LARGEST, MAP, PICK, SUM, Form
from autograd_lite.compiler.contractions import Gathers, refs_of
from autograd_lite.compiler.formulas import vanishes
from autograd_lite.compiler.groups import NUMBERS, WANTED, groups_of
from autograd_lite.compiler.layout import Layout, Piece
from autograd_lite.compiler.sums import sums

TYPE_CHECKING = False
if TYPE_CHECKING:
    from autograd_lite.compiler.affine import Loop
    from autograd_lite.compiler.bulk import Instruction
    from autograd_lite.compiler.canonical import Ints
    from autograd_lite.compiler.formulas import Formula
    from autograd_lite.compiler.tape import Tape

__all__ = ["Lowering", "is_regular"]


TERM, GROUP = 5, 2000  # ns that the interpreter takes for a term, and NumPy for a group


def is_regular(tape: Tape, wrt: Ints) -> bool:
    """Whether a program has so many scalars in so few groups that the lift is worth its while.

    It costs a part of what the lift does; nothing to speak of where there are many levels.
    """
    form = Form(tape)
    most = TERM * len(form.owner) // GROUP
    levels = list(islice(form.levels(), most + 1))
    return len(levels) <= most and len(groups_of(form, levels, wrt, len(form))[0]) <= most


class Lowering:
    """A tape as bulk instructions.

    forward, backward  the instructions
    size       of the memory; it is all 0 before the first run
    numbers    where the constants lie, and what they are
    outputs    [k] the addresses of the results
    seeds      where their cotangents go
    gradients  the addresses of the gradients by the leaves in wrt
    groups, layout, cotangents  what it was made of: `cotangents` has the piece of those of a group
    """

    def __init__(self, tape: Tape, wrt: Ints) -> None:
        self.form = form = Form(tape)
        self._active = active_nodes(form, wrt)
        primal = len(form)
        self._uses = Uses(form, self._active)
        self.layout = layout = Layout(form, wrt, primal, tape.leaves)
        self.groups, self.group_of = layout.groups, layout.group_of
        self._offsets = form.offsets
        self._gathers = Gathers(layout)
        self._lowered: set[int] = set()
        self.forward: list[Instruction] = []
        for i, group in enumerate(self.groups):
            if not group.partial:
                self.forward += self._group(i)
        self.outputs = layout.address[form.outputs]
        self.numbers = layout.numbers
        self.seeds = layout.reserve(len(form.outputs))
        self._gradient = layout.reserve(len(self.groups[WANTED].members) + 1)
        self._waste = layout.reserve(1)  # for gradients that nobody wants
        self.backward: list[Instruction] = []
        self.cotangents: dict[int, Piece] = {}
        self._reverse()
        wanted = form.slot[self.groups[WANTED].members]
        place = np.full(tape.leaves, len(wanted))  # one more: that of leaves which are not used
        place[wanted] = np.arange(len(wanted))
        self.gradients = self._gradient + place[wrt]
        self.forward = layout.without_idle_masks(self.forward)
        self.backward = layout.without_idle_masks(self.backward)
        self.size = layout.size

    @property
    def wanted(self) -> Ints:
        """The addresses of the leaves in wrt that are used."""
        return self.layout.address[self.groups[WANTED].members]

    # ----------------------------------------------------------------------------- forward

    def _group(self, i: int) -> list[Instruction]:
        group, piece = self.groups[i], self.layout.pieces[i]
        self._lowered.add(i)
        form, nodes, address = self.form, group.members, self.layout.address
        first = self._offsets[nodes]
        count = self._offsets[nodes + 1] - first
        terms = ranges(first, count)
        if group.kind == SUM:
            row = np.repeat(np.arange(len(nodes)), count)
            a, b = form.a[terms], form.b[terms]
            kind = self._kinds(row, self.group_of[a], b)
            return sums(self.layout, self._gathers, piece, row, address[a], address[b], kind)
        if group.kind == MAP:
            what = form.formulas[group.formula]
            tables = address[form.a[first + np.arange(count[0])[:, None]]]
            names = what.names if len(what.names) == len(tables) else "xyz"
            return self._map(piece, what, dict(zip(names, tables, strict=False)))
        if group.kind == LARGEST:
            return self._largest(piece, first, count, address[form.a[terms]])
        if group.kind == PICK:
            table = address[form.a[terms]].reshape(len(nodes), -1)
            return [Pick(piece.base, _lookup(form.slot[nodes], table))]
        return []  # a COPY

    def _kinds(self, row: Ints, a: Ints, b: Ints) -> Ints:
        """Which terms of a sum belong together: those whose factors are of the same groups.

        a  [m] the group of the first factor, or another mark of it
        b  [m] the second factor

        Constants among the others count as one of them where all rows have as many terms then:
        they are what an image is padded with. The 1 beside a bias is none of these.
        """
        group = self.group_of[b]
        kind = a * len(self.groups) + group
        padding = (group == NUMBERS) & (self.form.number[b] != 1)
        others = group != NUMBERS
        if padding.any() and others.any() and not _uniform(row, kind):
            partner = np.full(int(a.max()) + 1, NUMBERS)
            partner[a[others]] = group[others]
            padded = np.where(padding, a * len(self.groups) + partner[a], kind)
            if _uniform(row, padded):
                return padded
        return kind

    def _map(self, piece: Piece, what: Formula, tables: dict[str, Ints]) -> list[Instruction]:
        """An elementwise operation on tables of operands' addresses."""
        tables = {name: table for name, table in tables.items() if name in what.names}
        if piece.box:
            wide = {name: piece.box.filled(table) for name, table in tables.items()}
            inside = all(
                tables[n].min() <= wide[n].min() and wide[n].max() <= tables[n].max() for n in wide
            )
            loops = nest(np.stack([np.arange(piece.size), *wide.values()])) if inside else None
            if loops is not None:
                holes = {name: table[piece.box.holes] for name, table in wide.items()}
                zero = {n for n, x in holes.items() if self.layout.vanish(x, x, claim=False)}
                piece.clean = vanishes(what, zero)
                return [_mapped(piece.base, loops, what, wide), *self.layout.mask(piece)]
        instructions: list[Instruction] = []
        lanes = np.arange(len(piece.lane))
        kept = [lanes]
        for name, table in tables.items():
            if nest(np.stack([*kept, table])) is None:
                base, before = self._gathers(table)
                instructions += before
                tables[name] = base + lanes
            kept.append(tables[name])
        loops = nest(np.stack(kept))
        assert loops is not None
        if not piece.box:
            return [*instructions, _mapped(piece.base, loops, what, tables)]
        base = self.layout.reserve(len(lanes))
        mapped = _mapped(base, loops, what, tables)
        return [*instructions, mapped, Scatter(base, piece.base + piece.lane)]

    def _largest(self, piece: Piece, first: Ints, count: Ints, x: Ints) -> list[Instruction]:
        """The largest of rows, which are filled up with their own first element."""
        n, k = len(count), int(count.max())
        starts = np.cumsum(count) - count
        place = np.minimum(np.arange(k), count[:, None] - 1)
        table = x[starts[:, None] + place]
        base = piece.base if not piece.box else self.layout.reserve(n)
        rows, columns = nest(np.stack([np.arange(n), table[:, 0]])), nest(table[:1])
        before: list[Instruction] = []
        if rows is None or columns is None or len(runs(table[None])) > 1:
            copy, before = self._gathers(table)
            largest = Largest((n,), (k,), Ref(base, (1, 0)), Ref(copy, (k, 1)))
        else:
            sizes, inner, refs = refs_of([base, table[0, 0]], rows, columns)
            largest = Largest(sizes, inner, *refs)
        if piece.box:
            return [*before, largest, Scatter(base, piece.base + piece.lane)]
        return [*before, largest]

    # ---------------------------------------------------------------------------- backward

    def _reverse(self) -> None:
        """The cotangents of all groups, those of users first."""
        form, layout = self.form, self.layout
        cotangent = np.full(len(form), -1)
        place = np.zeros(len(form), np.int64)  # of each node in its group
        for group in self.groups:
            place[group.members] = np.arange(len(group.members))
        for i in range(len(self.groups) - 1, -1, -1):
            group, nodes = self.groups[i], self.groups[i].members
            if group.partial or not self._active[nodes].any():
                continue
            row, a, b, kind = self._terms(i, cotangent, place)
            drops = self._drops(i, cotangent)
            if not len(row) and not drops:
                continue
            alone = np.array_equal(row, np.arange(len(nodes))) and not drops
            if alone and layout.number_at(b) == 1 and i != WANTED and not layout.pieces[i].box:
                cotangent[nodes] = a  # the same numbers: they need not be copied
                continue
            if i == WANTED:
                piece = Piece(self._gradient, np.arange(len(nodes)), len(nodes))
            else:
                piece = layout.piece(len(nodes), layout.pieces[i].box)
            cotangent[nodes] = piece.base + piece.lane
            self.cotangents[i] = piece
            if drops and len(np.unique(row)) < piece.size:
                self.backward.append(Fill(piece.base, piece.size))
            if len(row):
                self.backward += sums(layout, self._gathers, piece, row, a, b, kind)
            for picks, operands in drops:
                here = (self.group_of[operands] == i) & self._active[operands]
                table = np.where(here, cotangent[operands], self._waste)
                lookup = _lookup(form.slot[picks], table)
                self.backward.append(Drop(cotangent[picks], lookup))

    def _terms(self, i: int, cotangent: Ints, place: Ints) -> tuple[Ints, Ints, Ints, Ints]:
        """The terms of the cotangents of group i: row, addresses a and b, kind."""
        nodes, uses, form = self.groups[i].members, self._uses, self.form
        first = uses.offsets[nodes]
        terms = ranges(first, uses.offsets[nodes + 1] - first)
        terms = terms[cotangent[uses.user[terms]] >= 0]
        users, partials, side = uses.user[terms], uses.partial[terms], uses.side[terms]
        row, a, b = place[uses.node[terms]], cotangent[users], self.layout.address[partials]
        group = self.group_of[partials]
        for g in np.unique(group):
            if self.groups[g].partial and g not in self._lowered:
                self.backward += self._group(int(g))
        side = np.where(group == i, side, 0)
        kind = self._kinds(row, self.group_of[users] * 2 + side, partials)
        results = np.flatnonzero(self.group_of[form.outputs] == i)
        if len(results):
            row = np.append(row, place[form.outputs[results]])
            a = np.append(a, self.seeds + results)
            b = np.append(b, np.full(len(results), self.layout.address[form.one]))
            kind = np.append(kind, np.full(len(results), -1))
            order = np.argsort(row, kind="stable")
            row, a, b, kind = row[order], a[order], b[order], kind[order]
        return row, a, b, kind

    def _drops(self, i: int, cotangent: Ints) -> list[tuple[Ints, Ints]]:
        """The picks that may have picked from group i, and what they picked from [n, among]."""
        form, drops = self.form, []
        for group in self.groups:
            nodes = group.members
            if group.kind != PICK or cotangent[nodes[0]] < 0:
                continue
            terms = self._offsets[nodes][:, None] + np.arange(group.formula)
            operands = form.a[terms]
            if ((self.group_of[operands] == i) & self._active[operands]).any():
                drops.append((nodes, operands))
        return drops


def _uniform(row: Ints, kind: Ints) -> bool:
    """Whether all rows have as many terms of each kind."""
    n = int(row[-1]) + 1
    counts = np.unique(kind, return_inverse=True)[1] * n + row
    return all(
        (counted == counted[0]).all()
        for counted in np.bincount(counts, minlength=n * (int(counts.max()) // n + 1)).reshape(
            -1, n
        )
    )


def _mapped(base: int, rows: list[Loop], what: Formula, tables: dict[str, Ints]) -> Map:
    """The elementwise operation in these loops, which go through 0, 1, 2, ... and the tables."""
    loops, _, (out, *refs) = refs_of([base, *(table[0] for table in tables.values())], rows, [])
    return Map(loops, out, what, dict(zip(tables, refs, strict=True)))


def _lookup(slots: Ints, table: Ints) -> Lookup:
    """Row i of a table of addresses is to be read at an index."""
    among = table.shape[1]
    first = table[:, 0]
    step = int(table[0, 1] - table[0, 0]) if among > 1 else 0
    if (table == first[:, None] + step * np.arange(among)).all():
        return Lookup(slots, among, first, step)
    return Lookup(slots, among, first, step, table)
