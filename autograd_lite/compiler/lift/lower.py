"""Groups of scalars to instructions."""

from __future__ import annotations

from collections import Counter

import numpy as np

from autograd_lite.compiler.lift.addresses import Layout
from autograd_lite.compiler.lift.canonical import ELEMENTWISE, ROW_MAX, SUM, TAKE, CanonicalProgram
from autograd_lite.compiler.lift.elementwise import elementwise, index_table, row_max
from autograd_lite.compiler.lift.instructions import Instruction, Take
from autograd_lite.compiler.lift.names import Array
from autograd_lite.compiler.lift.sums import sums, term_classes

__all__ = ["Lowering"]

# The kinds of the groups that instructions compute, and the letter of their names: z1, z2, ...
LETTERS = {SUM: "z", ELEMENTWISE: "a", ROW_MAX: "m", TAKE: "t"}


class Lowering:
    """The instructions that compute the groups of a program.

    forward  instructions for the outputs, in order
    """

    def __init__(self, form: CanonicalProgram, layout: Layout) -> None:
        self.form, self.layout = form, layout
        self._lowered: set[int] = set()
        self.forward: list[Instruction] = []
        for i, group in enumerate(layout.groups):
            if not group.backward_only:
                self.forward += self.group(i)

    def arrays(self) -> dict[int, Array]:
        """The array of each group that instructions compute; a partial has no name."""
        seen: Counter[str] = Counter()
        found = {}
        for i, group in enumerate(self.layout.groups):
            if group.kind in LETTERS:
                name, block = "", self.layout.blocks[i]
                if not group.backward_only:
                    letter = LETTERS[group.kind]
                    seen[letter] += 1
                    name = f"{letter}{seen[letter]}"
                found[i] = Array(block.base, block.size, name, int(group.members[0]))
        return found

    def group(self, i: int) -> list[Instruction]:
        """The instructions for group i, when they are first asked for; then none."""
        if i in self._lowered or self.layout.groups[i].kind not in LETTERS:
            return []
        self._lowered.add(i)
        return self.layout.memory.with_copies(self._instructions(i))

    def _instructions(self, i: int) -> list[Instruction]:
        form, layout, memory = self.form, self.layout, self.layout.memory
        group, block, address = layout.groups[i], layout.blocks[i], layout.address
        nodes = group.members
        terms, counts = form.terms_of(nodes)
        a, b = form.a[terms], form.b[terms]
        if group.kind == SUM:
            row = np.repeat(np.arange(len(nodes)), counts)
            classes = term_classes(row, layout.group_of[a], layout.group_of[b], form.number[b])
            return sums(memory, block, row, address[a], address[b], classes)
        if group.kind == ROW_MAX:
            return row_max(memory, block, counts, address[a])
        tables = address[a].reshape(len(nodes), -1)
        if group.kind == TAKE:
            return [Take(block.base, index_table(form.slot[nodes], tables))]
        what = form.formulas[group.formula]
        names = what.names if len(what.names) == len(tables.T) else "xyz"
        operands = {x: table for x, table in zip(names, tables.T, strict=False) if x in what.names}
        return elementwise(memory, block, what, operands)
