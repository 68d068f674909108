"""Addresses: every group of scalars is a contiguous block of one flat memory.

Within its block, a group is in the order in which the program made its members, which is the
order of the loops that made them. A ragged group becomes padded rows.
"""

from __future__ import annotations

from math import gcd
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from autograd_lite.compiler.lift.affine import Loop, nest, stretches
from autograd_lite.compiler.lift.blocks import Block, Memory, PaddedRows
from autograd_lite.compiler.lift.canonical import (
    CONSTANT,
    DETACH,
    ELEMENTWISE,
    LEAF,
    SUM,
    TAKE,
    CanonicalProgram,
)
from autograd_lite.compiler.lift.groups import CONSTANTS, WRT, Group, groups_of
from autograd_lite.compiler.lift.names import Array
from autograd_lite.compiler.lift.schedule import Schedule
from autograd_lite.compiler.tape.ranges import Ints, ranges

__all__ = ["Layout"]

_Arrangement: TypeAlias = tuple[Ints, Ints, PaddedRows | None]


class Layout:
    """The memory: the leaves, the constants, then the groups in order.

    groups, group_of  see `groups_of`, which found those that are given; here, a group that is no
                nest may have been split
    blocks      the block of each group
    address     [n] address of each node
    leaves      [leaves] address of the leaf in each slot
    parameters  [leaves] index of the way in which the leaf in each slot is used, as `_by_first_use`
                has it; -1 of one that is unused or not in wrt
    memory      the memory behind all these

    Leaves lie as they are given, if those that are used alike are nests: rows of a weight, each
    with its bias behind it. Otherwise the leaves in wrt lie in the order in which they are first
    used, used alike side by side; so do constants. Constants that are used alike and are all equal
    are one.
    """

    def __init__(
        self,
        form: CanonicalProgram,
        schedule: Schedule,
        groups: list[Group],
        group_of: Ints,
        wrt: Ints,
        primal: int,
        leaves: int,
    ) -> None:
        self._form, self.memory = form, Memory(leaves)
        self.address = np.full(len(form), -1)
        self.blocks: list[Block] = []
        self._block_of = np.zeros(len(form), np.int64)
        self._arrangements: dict[tuple[int, int, bytes], _Arrangement] = {}
        self.group_of = group_of
        alone = (form.kind == CONSTANT) & (form.number == 1)
        in_wrt, uses = _by_first_use(form, self.group_of, WRT, alone)
        slots, use = form.slot[in_wrt], np.cumsum(np.diff(uses, prepend=uses[:1]) != 0)
        self.leaves = np.arange(leaves)
        if any(nest(slots[use == k][None]) is None for k in np.unique(use)):
            self.leaves[slots] = np.sort(slots)
        self.parameters = np.full(leaves, -1)
        self.parameters[slots] = use
        constants, uses = _by_first_use(form, self.group_of, CONSTANTS, self.group_of)
        which, values = _shared(form.number[constants], uses)
        base = self.memory.reserve(len(values))
        self.memory.constants = Array(base, len(values), "constants", values=values)
        leaf = np.flatnonzero(form.kind == LEAF)
        self.address[leaf] = self.leaves[form.slot[leaf]]
        self.address[constants] = base + which
        self.memory.one, self.memory.zero = self.address[[form.one, form.zero]].tolist()

        self.groups, self.group_of = groups_of(form, schedule, wrt, primal, self._lay_out, groups)

    def _lay_out(self, group: Group) -> list[Group]:
        """Give the group its addresses; as several groups if that makes nests of them."""
        form, nodes = self._form, group.members
        if group.kind == LEAF:
            group.members = nodes = nodes[np.argsort(self.address[nodes])]
        if group.kind == DETACH:
            self.address[nodes] = self.address[form.a[form.offsets[nodes]]]
        if group.kind in (LEAF, CONSTANT, DETACH):
            self.blocks.append(Block(0, self.address[nodes], 0))
            return [group]
        first = form.offsets[nodes]
        if group.kind == ELEMENTWISE:
            count = int(form.offsets[nodes[0] + 1] - first[0])
            operands = form.a[first + np.arange(count)[:, None]]
        elif group.kind == SUM:
            operands = np.array([form.a[first], form.b[first]])
        else:
            operands = form.a[first][None]
        order, cuts, rows = self._known_arrangement(operands, group.kind)
        nodes, groups = nodes[order], []
        for members in np.split(nodes, cuts) if len(cuts) else [nodes]:
            block = self.memory.block(len(members), rows)
            self.address[members] = block.addresses
            self._block_of[members] = len(self.blocks)
            self.blocks.append(block)
            groups.append(Group(group.kind, group.formula, members, group.backward_only))
        return groups

    def _known_arrangement(self, operands: Ints, kind: int) -> _Arrangement:
        """`_arranged`, which is asked once for operands that are others moved: where they lie to
        one another is all that counts, unless there are rows.
        """
        blocks = self._block_of[operands[:, 0]].tolist()
        if any(self.blocks[block].rows for block in blocks):
            return self._arranged(operands, kind)
        tables = self.address[operands]
        key = kind, len(operands), (tables - tables[:, :1]).tobytes()
        if key not in self._arrangements:
            self._arrangements[key] = self._arranged(operands, kind)
        return self._arrangements[key]

    def _arranged(self, operands: Ints, kind: int) -> _Arrangement:
        """The order of n scalars with k operands [k, n], the positions where to cut it, their rows.

        As they come, or by their operands' addresses, if that is a nest, and rather up than down;
        else as a few nests of stretches of different lengths, if they are a formula; else as they
        come, if one operand moves as a nest, as the vectors that a packed triangle is multiplied
        by; else as rows of different lengths, padded, unless they are taken: each by its own index,
        whatever lies beside it.
        """
        tables = self.address[operands]
        n = tables.shape[1]
        natural, whole = np.arange(n), np.zeros(0, np.int64)
        if n < 3:
            return natural, whole, None
        loops = _nest(tables)
        if loops is not None:
            strides = [stride for _, moved in loops for stride in moved[:-1]]
            # Derivatives are made for the last operand first.
            return natural[::-1] if max(strides) <= 0 > min(strides) else natural, whole, None
        by_address = np.lexsort(tables[::-1])
        if _is_nest(tables[:, by_address]):
            return by_address, whole, None
        known = np.concatenate([tables, *(self._row_of(nodes)[None] for nodes in operands)])
        for order in (natural, by_address) if kind == ELEMENTWISE else ():
            split = _split(tables[:, order], *stretches(known[:, order]))
            if split is not None:
                return order[split[0]], split[1], None
        moving = tables[(tables != tables[:, :1]).any(1)]
        if kind == SUM and any(_is_nest(table[None]) for table in moving):
            return natural, whole, None
        if kind != TAKE:
            starts, lengths = stretches(known)
            if len(starts) * int(lengths.max()) <= 2 * n + 64:
                rows = PaddedRows(starts, lengths)
                if _is_nest(rows.filled(tables)):
                    return natural, whole, rows
        return natural, whole, None

    def _row_of(self, nodes: Ints) -> Ints:
        """The padded row of each node, as full rows follow one another without a gap."""
        block = self.blocks[self._block_of[nodes[0]]]
        if not block.rows:
            return np.zeros(len(nodes), np.int64)
        row: Ints = (self.address[nodes] - block.base) // block.rows.width
        return row


def _nest(tables: Ints) -> list[Loop] | None:
    """The loops of tables [m, n] together with 0, 1, 2, ..."""
    return nest(np.concatenate([tables, np.arange(tables.shape[1])[None]]))


def _is_nest(tables: Ints) -> bool:
    return _nest(tables) is not None


def _split(tables: Ints, starts: Ints, lengths: Ints) -> tuple[Ints, Ints] | None:
    """The order and the cuts that put stretches of two lengths together, if these are nests.

    Where those of one length are behind those of the other, the number between them goes on as
    both do. It belongs to the one that makes loops of equal sizes of them.
    """
    both = np.unique(lengths)[::-1]
    if len(both) != 2:
        return None
    n, changes = tables.shape[1], np.flatnonzero(np.diff(lengths)) + 1
    if len(changes) == 1:
        end = int(starts[changes[0]])
        cuts = [cut for cut in (end - 1, end + 1) if gcd(cut, n - cut) > max(gcd(end, n - end), 2)]
        for cut in cuts:
            if _is_nest(tables[:, :cut]) and _is_nest(tables[:, cut:]):
                return np.arange(n), np.array([cut])
    parts = [ranges(starts[lengths == k], lengths[lengths == k]) for k in both]
    if not all(_is_nest(tables[:, part]) for part in parts):
        return None
    return np.concatenate(parts), np.cumsum([len(part) for part in parts])[:-1]


def _by_first_use(
    form: CanonicalProgram, group_of: Ints, i: int, partners: Ints
) -> tuple[Ints, Ints]:
    """The nodes of group i in the order of the program's uses of them, and the use of each.

    partners  [n] mark of each node; a use is the group of the user, and the partner's mark there

    The uses are in order as well, and their nodes side by side; a node that is used in several
    ways stands at the first one. The use of an unused node is -1.
    """
    node, use, term = [], [], []
    for x, y in ((form.a, form.b), (form.b, form.a)):
        here = np.flatnonzero(group_of[x] == i)
        node.append(x[here])
        use.append(group_of[form.owner[here]] * (len(form) + 1) + partners[y[here]])
        term.append(here)
    order = np.argsort(np.concatenate(term), kind="stable")
    nodes, first = np.unique(np.concatenate(node)[order], return_index=True)
    _, start, which = np.unique(np.concatenate(use)[order], return_index=True, return_inverse=True)
    start_of_use = start[which[first]]
    order = np.lexsort((first, start_of_use))
    unused = np.setdiff1d(np.flatnonzero(group_of == i), nodes)
    uses = np.append(start_of_use[order], np.full(len(unused), -1))
    return np.append(nodes[order], unused), uses


def _shared(numbers: NDArray[np.float64], uses: Ints) -> tuple[Ints, NDArray[np.float64]]:
    """The position of each number, one if all of a use are equal, and the numbers there."""
    _, first, use = np.unique(uses, return_index=True, return_inverse=True)
    differ = np.bincount(use, numbers != numbers[first][use]) > 0
    new = differ[use] | (uses == -1)
    new[first] = True
    return np.cumsum(new) - 1, numbers[new]
