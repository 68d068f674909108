"""The instructions for the gradients: the cotangents of each group, those of users first."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd_lite.compiler.lift.adjoint import Uses
from autograd_lite.compiler.lift.blocks import Block
from autograd_lite.compiler.lift.canonical import TAKE
from autograd_lite.compiler.lift.elementwise import index_table
from autograd_lite.compiler.lift.groups import CONSTANTS, WRT, Group
from autograd_lite.compiler.lift.instructions import Instruction, ScatterAdd, Zero
from autograd_lite.compiler.lift.lower import Lowering
from autograd_lite.compiler.lift.names import Array, cotangent
from autograd_lite.compiler.lift.recurring import SUMS, outlines
from autograd_lite.compiler.lift.sums import sums, term_classes
from autograd_lite.compiler.lift.terms import Terms
from autograd_lite.compiler.tape.ranges import Ints, offsets_of, ranges

__all__ = ["Reverse"]


class Reverse:
    """The backward pass of a lowered program.

    backward    instructions for the gradients, in order
    cotangents  the array of the cotangents of the results
    gradients   [wrt] address of each gradient; that of a constant 0 for an unused leaf
    """

    def __init__(self, lowering: Lowering, uses: Uses, wrt: Ints) -> None:
        self._lowering, self._uses = lowering, uses
        self._form, self._layout = form, layout = lowering.form, lowering.layout
        self._memory, groups, group_of = layout.memory, layout.groups, layout.group_of
        self.backward: list[Instruction] = []
        self._blocks: dict[int, Block] = {}  # of the cotangents of each group
        leaves, results = groups[WRT].members, len(form.results)
        self.cotangents = Array(self._memory.reserve(results), results, "dout")
        self._gradients = self._memory.reserve(len(leaves) + 1)  # and a 0 behind them
        self._discard = self._memory.reserve(1)  # the address of cotangents that nobody wants
        self._cotangent = np.full(len(form), -1)  # [n] address of the cotangent of each node
        self._position = np.zeros(len(form), np.int64)  # [n] position of each node in its group
        self._takes: dict[int, list[tuple[Ints, Ints]]] = defaultdict(list)
        self._backward_only = np.array([group.backward_only for group in groups])
        members = [group.members for group in groups]
        sizes = np.array([*map(len, members)])
        self._position[np.concatenate(members)] = ranges(np.zeros_like(sizes), sizes)
        for group in groups:
            if group.kind == TAKE:
                self._find_takes(group)
        self._terms = Terms(uses.offsets, [group.members for group in groups], self._columns)
        of_results = group_of[form.results]
        self._results = np.argsort(of_results, kind="stable")
        self._first_result = offsets_of(of_results[self._results], len(groups))
        active = np.zeros(len(groups), bool)
        active[group_of[uses.active & (group_of >= 0)]] = True
        for i in np.flatnonzero(active & ~self._backward_only)[::-1].tolist():
            self._group(i)
        position = np.full(len(layout.leaves), len(leaves))
        position[form.slot[leaves]] = np.arange(len(leaves))
        self.gradients = self._gradients + position[wrt]

    @property
    def cotangent_of(self) -> Ints:
        """[n] the address of the cotangent of each node; -1 of one that has none."""
        return self._cotangent

    def arrays(self, forward: Mapping[int, Array]) -> list[Array]:
        """The cotangents of groups by name, given the arrays of the groups."""
        taken = {array.name for array in forward.values()}
        of = {i: forward[i] for i in self._blocks if i in forward}
        return [
            Array(block.base, block.size, cotangent(x.name, taken), x.node, leaf=x.leaf)
            for x, block in ((of[i], self._blocks[i]) for i in of)
        ]

    def _group(self, i: int) -> None:
        """The cotangents of group i."""
        nodes, rows = self._layout.groups[i].members, self._layout.blocks[i].rows
        row, factors, classes, outline = self._terms_of(i)
        takes = [take for take in self._takes[i] if self._cotangent[take[0][0]] >= 0]
        if not len(row) and not takes:
            return
        alone = len(row) == len(nodes) and not takes and (row == np.arange(len(row))).all()
        if alone and self._memory.constant_at(factors[1]) == 1 and i != WRT and not rows:
            self._cotangent[nodes] = factors[0]  # the same numbers: they need not be copied
            return
        if i == WRT:
            block = Block(self._gradients, np.arange(len(nodes)), len(nodes))
        else:
            block = self._memory.block(len(nodes), rows)
        self._blocks[i] = block
        self._cotangent[nodes] = block.addresses
        if takes and len(np.unique(row)) < block.size:
            self.backward.append(Zero(block.base, block.size))
        if len(row):
            recurring = self._lowering.recurring
            told = None
            if outline is not None and not rows:
                told = recurring.told(SUMS, block.size, outline, factors)
            moved = told and recurring.moved(told, block.base, factors)
            added = moved or sums(recurring, block, row, factors, classes(), told)
            self.backward += self._memory.with_copies(added)
        for took, operands in takes:
            here = (self._layout.group_of[operands] == i) & self._uses.active[operands]
            table = np.where(here, self._cotangent[operands], self._discard)
            target = index_table(self._form.slot[took], table)
            self.backward.append(ScatterAdd(self._cotangent[took], target))

    def _terms_of(self, i: int) -> tuple[Ints, Ints, Callable[[], Ints], Ints | None]:
        """The terms of the cotangents of group i: row, addresses [2, m], a function that gives
        their classes, and the outline of all, if it is known.
        """
        columns = self._terms.of(i)
        wanted = self._cotangent[columns[1]] >= 0
        if not wanted.all():
            columns = [column[..., wanted] for column in columns[:-1]] + [columns[-1][:0]]
        row, users, partials, marks, padding, late, outline = columns
        if late.any():
            for g in sorted({*marks[1][late].tolist()}):
                self.backward += self._lowering.group(g)
        factors = np.array([self._cotangent[users], partials])
        results = self._results[self._first_result[i] : self._first_result[i + 1]]
        if len(results):
            classes = term_classes(row, marks, padding)
            ones = np.full(len(results), self._memory.one)
            row = np.append(row, self._position[self._form.results[results]])
            seeds = np.stack([self.cotangents.base + results, ones])
            factors = np.concatenate([factors, seeds], axis=1)
            classes = np.append(classes, np.full(len(results), -1))
            order = np.argsort(row, kind="stable")
            row, factors, classes = row[order], factors[:, order], classes[order]
            return row, factors, lambda: classes, None
        known = bool(outline.size) and not padding.any()
        return row, factors, partial(term_classes, row, marks, padding), outline if known else None

    def _columns(self, terms: Ints, which: Ints, rows: Ints) -> tuple[NDArray[Any], ...]:
        """Users, addresses of partials, marks [2, m] of both, whether the partial is padding, or
        computed for gradients alone, and the `outlines` of these groups.
        """
        uses, layout = self._uses, self._layout
        users, partials = uses.user[terms], uses.partial[terms]
        group = layout.group_of[partials]
        # Of the two factors of q . k, both of one group, each is the other's partial.
        side = np.where(group == layout.group_of[uses.node[terms]], uses.side[terms], 0)
        padding = (group == CONSTANTS) & (self._form.number[partials] != 1)
        marks = np.stack([layout.group_of[users] * 2 + side, group])
        of_partials = layout.address[partials]
        outline = outlines(layout.memory, which, rows, marks, padding, of_partials)
        return users, of_partials, marks, padding, self._backward_only[group], outline

    def _find_takes(self, group: Group) -> None:
        """Note the TAKEs of a group, and their operands [n, among], for the operands' groups."""
        took, active, group_of = group.members, self._uses.active, self._layout.group_of
        operands = self._form.a[self._form.offsets[took][:, None] + np.arange(group.formula)]
        for i in np.unique(group_of[operands[active[operands]]]).tolist():
            self._takes[i].append((took, operands))
