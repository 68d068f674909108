"""Groups of scalars to bulk instructions."""

from __future__ import annotations

from collections import Counter
from itertools import islice

import numpy as np

from autograd_lite.compiler.lift.addresses import Layout
from autograd_lite.compiler.lift.adjoint import Uses, active_nodes
from autograd_lite.compiler.lift.canonical import ELEMENTWISE, ROW_MAX, SUM, TAKE, CanonicalProgram
from autograd_lite.compiler.lift.contractions import Gathers
from autograd_lite.compiler.lift.elementwise import index_table, largest, mapped
from autograd_lite.compiler.lift.groups import groups_of
from autograd_lite.compiler.lift.instructions import Take
from autograd_lite.compiler.lift.names import Array
from autograd_lite.compiler.lift.schedule import Schedule, levels_of
from autograd_lite.compiler.lift.sums import kinds, sums

TYPE_CHECKING = False
if TYPE_CHECKING:
    from autograd_lite.compiler.lift.instructions import Instruction
    from autograd_lite.compiler.tape.ranges import Ints
    from autograd_lite.compiler.tape.tape import Tape

__all__ = ["Lowering", "is_regular", "is_worth"]

# What groups of each kind are called: z1, z2, ...
LETTERS = {SUM: "z", ELEMENTWISE: "a", ROW_MAX: "m", TAKE: "t"}

# Nanoseconds of a run and its gradient: the interpreter's, and what arrays take besides arithmetic.
# Most groups take several operations, a few take very many: how many, the lift tells.
NODE, PARENT, GROUP, OPERATION, RUN = 2, 1, 120, 12, 1000


def is_worth(tape: Tape, operations: int) -> bool:
    """Whether a program is faster as so many operations on arrays."""
    return RUN + OPERATION * operations <= NODE * len(tape) + PARENT * len(tape.parents)


def is_regular(tape: Tape, wrt: Ints) -> bool:
    """Whether a program has so many scalars in so few groups that the lift may be worth its while.

    It costs a part of what the lift does; nothing to speak of where there are many levels.
    """
    most = (NODE * len(tape) + PARENT * len(tape.parents) - RUN) // GROUP
    if most < 0:
        return False
    form = CanonicalProgram(tape)
    if len(list(islice(levels_of(form, form.kind >= SUM), most + 1))) > most:
        return False
    return len(groups_of(form, Schedule(form), wrt, len(form))[0]) <= most


class Lowering:
    """The groups of a tape, and the instructions that compute each.

    active   [n] whether a node depends on a leaf in wrt
    uses     what is sent back to each node
    forward  the instructions for the results
    outputs  [k] the addresses of the results
    """

    def __init__(self, tape: Tape, wrt: Ints) -> None:
        self.form = form = CanonicalProgram(tape)
        active = active_nodes(form, wrt)
        primal = len(form)
        self.uses = Uses(form, active)
        self.active = np.append(active, np.zeros(len(form) - primal, bool))
        self.layout = Layout(form, wrt, primal, tape.leaves)
        self.groups, self.group_of = self.layout.groups, self.layout.group_of
        self.gathers = Gathers(self.layout)
        self._lowered: set[int] = set()
        self.forward: list[Instruction] = []
        for i, group in enumerate(self.groups):
            if not group.partial:
                self.forward += self.group(i)
        self.outputs = self.layout.address[form.outputs]

    def arrays(self) -> dict[int, Array]:
        """The array of each group with instructions, named z1, a1, ...; partials have no name."""
        seen: Counter[str] = Counter()
        found = {}
        for i, (group, piece) in enumerate(zip(self.groups, self.layout.pieces, strict=True)):
            if group.kind in LETTERS:
                letter = "" if group.partial else LETTERS[group.kind]
                seen[letter] += 1
                name = f"{letter}{seen[letter]}" if letter else ""
                found[i] = Array(piece.base, piece.size, name, int(group.members[0]))
        return found

    def group(self, i: int) -> list[Instruction]:
        """The instructions for group i, at its first time."""
        if i in self._lowered or self.groups[i].kind not in LETTERS:
            return []
        self._lowered.add(i)
        return self.gathers.before(self._instructions(i))

    def _instructions(self, i: int) -> list[Instruction]:
        group, piece = self.groups[i], self.layout.pieces[i]
        form, nodes, address = self.form, group.members, self.layout.address
        terms, counts = form.terms_of(nodes)
        a, b = form.a[terms], form.b[terms]
        if group.kind == SUM:
            row = np.repeat(np.arange(len(nodes)), counts)
            kind = kinds(row, self.group_of[a], self.group_of[b], form.number[b])
            return sums(self.layout, self.gathers, piece, row, address[a], address[b], kind)
        if group.kind == ROW_MAX:
            return largest(self.layout, self.gathers, piece, counts, address[a])
        tables = address[a].reshape(len(nodes), -1)
        if group.kind == TAKE:
            return [Take(piece.base, index_table(form.slot[nodes], tables))]
        what = form.formulas[group.formula]
        names = what.names if len(what.names) == len(tables.T) else "xyz"
        operands = dict(zip(names, tables.T, strict=False))
        operands = {name: table for name, table in operands.items() if name in what.names}
        return mapped(self.layout, self.gathers, piece, what, operands)
