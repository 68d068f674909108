"""Groups of scalars to instructions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from autograd_lite.compiler.lift.addresses import Layout
from autograd_lite.compiler.lift.blocks import Block, Memory
from autograd_lite.compiler.lift.canonical import (
    ELEMENTWISE,
    LEAF,
    ROW_MAX,
    SUM,
    TAKE,
    CanonicalProgram,
)
from autograd_lite.compiler.lift.elementwise import elementwise, index_table, row_max
from autograd_lite.compiler.lift.groups import CONSTANTS, Group
from autograd_lite.compiler.lift.instructions import Instruction, Take
from autograd_lite.compiler.lift.names import Array
from autograd_lite.compiler.lift.recurring import MAX_TERMS, SUMS, Recurring, outlines
from autograd_lite.compiler.lift.sums import sums, term_classes
from autograd_lite.compiler.lift.terms import Terms
from autograd_lite.compiler.tape.ranges import Ints
from autograd_lite.derive import TANGENT

__all__ = ["Lowering"]

# The kinds of the groups that instructions compute, and the letter of their names: z1, z2, ...
LETTERS = {SUM: "z", ELEMENTWISE: "a", ROW_MAX: "m", TAKE: "t"}


class Lowering:
    """The instructions that compute the groups of a program.

    forward    instructions for the outputs, in order
    recurring  sums that are known
    """

    def __init__(self, form: CanonicalProgram, layout: Layout) -> None:
        self.form, self.layout = form, layout
        self.recurring = Recurring(layout.memory)
        self._terms = Terms(form.offsets, [group.members for group in layout.groups], self._columns)
        self._lowered: set[int] = set()
        self.forward: list[Instruction] = []
        for i, group in enumerate(layout.groups):
            if not group.backward_only:
                self.forward += self.group(i)

    def arrays(self) -> dict[int, Array]:
        """The array of each group that instructions compute; a partial has no name."""
        groups = self.layout.groups
        marks = {i: self._marks(groups[i]) for i in range(len(groups)) if groups[i].kind in LETTERS}
        seen: Counter[str] = Counter()
        found: dict[int, Array] = {}
        taken: set[tuple[str, int]] = set()
        for i in sorted(marks, key=lambda i: (bool(marks[i]), i)):  # derivatives are named last
            block, (made_in, _) = self.layout.blocks[i], (marks[i] or [("", -1)])[0]
            name, leaf = self._derivative([of for _, of in marks[i]], made_in, found)
            if not (name or groups[i].backward_only) or (name, leaf) in taken:
                letter = LETTERS[groups[i].kind]
                seen[letter] += 1
                name, leaf = f"{letter}{seen[letter]}", -1
            if name:
                taken.add((name, leaf))
            node = int(groups[i].members[0])
            found[i] = Array(block.base, block.size, name, node, leaf=leaf, made_in=made_in)
        return found

    def _marks(self, group: Group) -> list[tuple[str, int]]:
        """(pass, of which node) of each member of a group of derivatives; [] of another group."""
        known = self.form.marks
        if not known or group.backward_only:
            return []
        marks = [known[node] for node in group.members.tolist() if node in known]
        return marks if len(marks) == len(group.members) else []

    def _derivative(
        self, nodes: Sequence[int], made_in: str, found: Mapping[int, Array]
    ) -> tuple[str, int]:
        """The name of the derivatives of these nodes: dz1, or R{z1}, if they are all of a group;
        of leaves d?, and the first address of those whose name ? stands for, else -1.
        """
        others = set(self.layout.group_of[nodes].tolist()) if nodes else set()
        if len(others) != 1:
            return "", -1
        (other,) = others
        name, leaf = "?", -1
        if other in found:
            name = found[other].name
            if len(set(nodes)) < len(self.layout.groups[other].members):
                return "", -1
        elif other >= 0 and self.layout.groups[other].kind == LEAF:
            leaf = int(self.layout.address[nodes].min())
        else:
            return "", -1  # of nodes that are parts of others
        for letter in made_in:
            name = f"R{{{name}}}" if letter == TANGENT else f"d{name}"
        return name, leaf

    def group(self, i: int) -> list[Instruction]:
        """The instructions for group i, when they are first asked for; then none."""
        if i in self._lowered or self.layout.groups[i].kind not in LETTERS:
            return []
        self._lowered.add(i)
        return self.layout.memory.with_copies(self._instructions(i))

    def _instructions(self, i: int) -> list[Instruction]:
        form, layout, memory = self.form, self.layout, self.layout.memory
        group, block = layout.groups[i], layout.blocks[i]
        nodes = group.members
        row, factors, marks, padding, outline = self._terms.of(i)
        told = None
        if group.kind in (SUM, ELEMENTWISE) and outline.size and not block.rows:
            formula = SUMS if group.kind == SUM else group.formula
            told = self.recurring.told(formula, block.size, outline, factors)
            moved = self.recurring.moved(told, block.base, factors)
            if moved is not None:
                return moved
            told = None if padding.any() else told
        if group.kind == SUM:
            classes = term_classes(row, marks, padding)
            return sums(self.recurring, block, row, factors, classes, told)
        if group.kind == ROW_MAX:
            return row_max(memory, block, np.bincount(row), factors[0])
        tables = factors[0].reshape(len(nodes), -1)
        if group.kind == TAKE:
            return [Take(block.base, index_table(form.slot[nodes], tables))]
        what = form.formulas[group.formula]
        names = what.names if len(what.names) == len(tables.T) else "xyz"
        columns = enumerate(zip(names, tables.T, strict=False))
        read = [(k, x, table) for k, (x, table) in columns if x in what.names]
        heads, named, operands = ([*each] for each in zip(*read, strict=True))

        def lower(memory: Memory, block: Block, operands: Sequence[Ints]) -> list[Instruction]:
            return elementwise(memory, block, what, dict(zip(named, operands, strict=True)))

        if block.rows or len(row) > MAX_TERMS:
            return lower(memory, block, operands)
        factors = np.array(operands)
        shape = group.formula, (factors - factors[:, :1]).tobytes()
        return self.recurring.lowered(lower, shape, block, [*factors], told, heads)

    def _columns(
        self, terms: Ints, which: Ints, rows: Ints
    ) -> tuple[Ints, Ints, NDArray[np.bool_], Ints]:
        """[2, m] addresses and groups of the factors of terms, whether they are padding, and the
        `outlines` of these groups.
        """
        form, layout = self.form, self.layout
        factors = np.array([form.a[terms], form.b[terms]])
        groups = layout.group_of[factors]
        padding = (groups[1] == CONSTANTS) & (form.number[factors[1]] != 1)
        addresses = layout.address[factors]
        outline = outlines(layout.memory, which, rows, groups, padding, *addresses)
        return addresses, groups, padding, outline
