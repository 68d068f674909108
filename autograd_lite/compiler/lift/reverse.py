"""The reverse of a lowered program: the cotangents of its groups, those of users first."""

from __future__ import annotations

from collections import defaultdict

import numpy as np

from autograd_lite.compiler.lift.addresses import Piece
from autograd_lite.compiler.lift.canonical import TAKE
from autograd_lite.compiler.lift.elementwise import index_table
from autograd_lite.compiler.lift.groups import WANTED
from autograd_lite.compiler.lift.instructions import ScatterAdd, Zero
from autograd_lite.compiler.lift.names import Array
from autograd_lite.compiler.lift.sums import kinds, sums
from autograd_lite.compiler.tape.ranges import offsets_of, ranges

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from autograd_lite.compiler.lift.groups import Group
    from autograd_lite.compiler.lift.instructions import Instruction
    from autograd_lite.compiler.lift.lower import Lowering
    from autograd_lite.compiler.tape.ranges import Ints

__all__ = ["Reverse"]


class Reverse:
    """The instructions for the gradients.

    instructions  of the backward pass, in order
    cotangents    the array of the cotangents of the results
    gradients     [wrt] the address of each gradient; of a leaf that is not used, that of a 0
    """

    def __init__(self, lowered: Lowering, wrt: Ints) -> None:
        self.lowered, self.form, self.layout = lowered, lowered.form, lowered.layout
        self.groups, self.group_of = lowered.groups, lowered.group_of
        self.instructions: list[Instruction] = []
        self._pieces: dict[int, Piece] = {}
        nodes = self.groups[WANTED].members
        results = len(self.form.results)
        self.cotangents = Array(self.layout.reserve(results), results, "dout")
        self._gradient = self.layout.reserve(len(nodes) + 1)
        self._waste = self.layout.reserve(1)  # for gradients that nobody wants
        self._cotangent = np.full(len(self.form), -1)  # the address of that of each node
        self._place = np.zeros(len(self.form), np.int64)  # of each node in its group
        self._drops: dict[int, list[tuple[Ints, Ints]]] = defaultdict(list)
        for group in self.groups:
            self._place[group.members] = np.arange(len(group.members))
            if group.kind == TAKE:
                self._find_drops(group)
        of_results = self.group_of[self.form.results]
        self._results = np.argsort(of_results, kind="stable")
        self._first_result = offsets_of(of_results[self._results], len(self.groups))
        for i in range(len(self.groups) - 1, -1, -1):
            if not self.groups[i].partial and lowered.active[self.groups[i].members].any():
                self._group(i)
        slots = self.form.slot[nodes]
        place = np.full(len(self.layout.leaves), len(nodes))
        place[slots] = np.arange(len(nodes))
        self.gradients = self._gradient + place[wrt]

    def arrays(self, forward: Mapping[int, Array]) -> list[Array]:
        """The cotangents of groups by name, given the arrays of the groups."""
        return [
            Array(piece.base, piece.size, f"d{forward[i].name}", forward[i].node)
            for i, piece in self._pieces.items()
            if i in forward
        ]

    def _group(self, i: int) -> None:
        """The cotangents of group i."""
        nodes, layout, box = self.groups[i].members, self.layout, self.layout.pieces[i].box
        row, a, b, kind = self._terms(i)
        drops = [drop for drop in self._drops[i] if self._cotangent[drop[0][0]] >= 0]
        if not len(row) and not drops:
            return
        alone = np.array_equal(row, np.arange(len(nodes))) and not drops
        if alone and layout.number_at(b) == 1 and i != WANTED and not box:
            self._cotangent[nodes] = a  # the same numbers: they need not be copied
            return
        if i == WANTED:
            piece = Piece(self._gradient, np.arange(len(nodes)), len(nodes))
        else:
            piece = layout.piece(len(nodes), box)
        self._pieces[i] = piece
        self._cotangent[nodes] = piece.base + piece.lane
        if drops and len(np.unique(row)) < piece.size:
            self.instructions.append(Zero(piece.base, piece.size))
        if len(row):
            gathers = self.lowered.gathers
            added = sums(layout, gathers, piece, row, a, b, kind)
            self.instructions += gathers.before(added)
        for picks, operands in drops:
            here = (self.group_of[operands] == i) & self.lowered.active[operands]
            table = np.where(here, self._cotangent[operands], self._waste)
            where = index_table(self.form.slot[picks], table)
            self.instructions.append(ScatterAdd(self._cotangent[picks], where))

    def _terms(self, i: int) -> tuple[Ints, Ints, Ints, Ints]:
        """The terms of the cotangents of group i: row, addresses a and b, kind."""
        nodes, uses, form = self.groups[i].members, self.lowered.uses, self.form
        first = uses.offsets[nodes]
        terms = ranges(first, uses.offsets[nodes + 1] - first)
        terms = terms[self._cotangent[uses.user[terms]] >= 0]
        users, partials, side = uses.user[terms], uses.partial[terms], uses.side[terms]
        row, group = self._place[uses.node[terms]], self.group_of[partials]
        a, b = self._cotangent[users], self.layout.address[partials]
        for g in np.unique(group).tolist():
            if self.groups[g].partial:
                self.instructions += self.lowered.group(g)
        # Of the two factors of q . k, both of one group, each has the other for its partial.
        user = self.group_of[users] * 2 + np.where(group == i, side, 0)
        kind = kinds(row, user, group, form.number[partials])
        results = self._results[self._first_result[i] : self._first_result[i + 1]]
        if len(results):
            row = np.append(row, self._place[form.results[results]])
            a = np.append(a, self.cotangents.base + results)
            b = np.append(b, np.full(len(results), self.layout.address[form.one]))
            kind = np.append(kind, np.full(len(results), -1))
            order = np.argsort(row, kind="stable")
            row, a, b, kind = row[order], a[order], b[order], kind[order]
        return row, a, b, kind

    def _find_drops(self, group: Group) -> None:
        """Note picks, and what they pick from [n, among], for each group that this is of."""
        picks = group.members
        operands = self.form.a[self.form.offsets[picks][:, None] + np.arange(group.formula)]
        for i in np.unique(self.group_of[operands[self.lowered.active[operands]]]).tolist():
            self._drops[i].append((picks, operands))
