"""Addresses: every group of scalars is a contiguous piece of one flat memory.

Within its piece, a group is in the order in which the program made its members, which is the
order of the loops that made them. A ragged group becomes a box: every row is padded to the
longest. The padding is computed like the rest, and set to 0 where somebody adds it up.
"""

from __future__ import annotations

from bisect import bisect

import numpy as np

from autograd_lite.compiler.lift.affine import nest, stretches
from autograd_lite.compiler.lift.canonical import CONSTANT, DETACH, ELEMENTWISE, LEAF, SUM, TAKE
from autograd_lite.compiler.lift.groups import CONSTANTS, WANTED, Group, groups_of
from autograd_lite.compiler.lift.instructions import ZeroPadding
from autograd_lite.compiler.lift.names import Array
from autograd_lite.compiler.lift.schedule import Schedule
from autograd_lite.compiler.tape.ranges import ranges

TYPE_CHECKING = False
if TYPE_CHECKING:
    from numpy.typing import NDArray

    from autograd_lite.compiler.lift.canonical import CanonicalProgram
    from autograd_lite.compiler.lift.instructions import Instruction
    from autograd_lite.compiler.tape.ranges import Ints

__all__ = ["FEW", "Box", "Layout", "Piece"]

FEW = 4  # so many instructions for one group are better than gathering its operands


class Box:
    """Rows of any length, padded to one width.

    width    of all rows
    lane     [n] where in the box each member is
    longest  a row that fills the width
    holes    [rows * width] what is padding
    """

    def __init__(self, starts: Ints, lengths: Ints) -> None:
        self.width = int(lengths.max())
        self.longest = int(lengths.argmax())
        self.rows = len(starts)
        row = np.repeat(np.arange(self.rows), lengths)
        self.lane = np.arange(len(row)) - starts[row] + row * self.width
        self.holes = np.ones(self.rows * self.width, bool)
        self.holes[self.lane] = False

    def filled(self, table: Ints) -> Ints:
        """A table of the members [..., n] for the whole box: rows go on as the longest one does."""
        full = np.zeros((*table.shape[:-1], self.rows * self.width), np.int64)
        full[..., self.lane] = table
        grid = full.reshape(*table.shape[:-1], self.rows, self.width)
        template = grid[..., self.longest, :]
        template = template - template[..., :1]
        going_on = grid[..., :1] + template[..., None, :]
        return np.where(self.holes, going_on.reshape(full.shape), full)


class Piece:
    """Where a group lies, or the cotangents of one.

    base   its first address
    size   of the piece
    lane   [n] where in the piece each member is
    box    None unless there is padding
    clean    whether the padding is 0 without being set to 0
    claimed  whether it has to be set to 0, if it is not clean
    """

    def __init__(self, base: int, lane: Ints, size: int, box: Box | None = None) -> None:
        self.base, self.lane, self.size, self.box = base, lane, size, box
        self.clean, self.claimed = True, False


class Layout:
    """The memory: the leaves, the numbers, then the groups in order.

    groups, group_of  as `groups_of` gives them; a group that is no nest may have been split
    size      how much of the memory is taken
    address   [n] of each node
    pieces    of each group, in order
    leaves      [leaves] the address of the leaf in each slot
    parameters  [leaves] which parameter the leaf in each slot belongs to: an index of the ways in
                which leaves in wrt are used; -1 of a leaf that is not in wrt
    constants   the array of the numbers

    Leaves lie as they are given, if those that are used alike are nests: rows of a weight, each
    with its bias behind it. Otherwise those that are wanted lie in the order in which they are
    first used, used alike side by side; so do numbers. Numbers that are used alike and are all
    equal are one.
    """

    def __init__(self, form: CanonicalProgram, wrt: Ints, primal: int, leaves: int) -> None:
        self.form, self.size = form, leaves
        self.address = np.full(len(form), -1)
        self.pieces: list[Piece] = []
        self._boxes: list[Piece] = []
        self._masks: dict[int, Piece] = {}
        self._piece_of = np.zeros(len(form), np.int64)
        schedule = Schedule(form)
        _, self.group_of = groups_of(form, schedule, wrt, primal)
        self._offsets = form.offsets

        alone = (form.kind == CONSTANT) & (form.number == 1)
        wanted, uses = _by_first_use(form, self.group_of, WANTED, alone)
        slots, block = form.slot[wanted], np.cumsum(np.append(False, np.diff(uses) != 0))
        self.leaves = np.arange(leaves)
        if any(nest(slots[block[: len(slots)] == k][None]) is None for k in range(block[-1] + 1)):
            self.leaves[slots] = np.sort(slots)
        self.parameters = np.full(leaves, -1)
        self.parameters[slots] = block[: len(slots)]
        numbers, uses = _by_first_use(form, self.group_of, CONSTANTS, self.group_of)
        which, values = _shared(form.number[numbers], uses)
        base = self.reserve(len(values))
        self.constants = Array(base, len(values), "constants", values=values)
        variables = np.flatnonzero(form.kind == LEAF)
        self.address[variables] = self.leaves[form.slot[variables]]
        self.address[numbers] = base + which

        self.groups, self.group_of = groups_of(form, schedule, wrt, primal, self._placed)

    def reserve(self, size: int) -> int:
        """The first address of a new stretch of memory."""
        base, self.size = self.size, self.size + size
        return base

    def piece(self, n: int, box: Box | None) -> Piece:
        """A new piece for n members."""
        size = len(box.holes) if box else n
        piece = Piece(self.reserve(size), box.lane if box else np.arange(n), size, box)
        if box:
            self._boxes.append(piece)
        return piece

    def mask(self, piece: Piece) -> list[Instruction]:
        """What sets its padding to 0, if that is not 0 anyway; see `without_idle_masks`."""
        if not piece.box or piece.clean:
            return []
        mask = ZeroPadding(piece.base, piece.box.holes)
        self._masks[piece.base] = piece
        return [mask]

    def without_idle_masks(self, instructions: list[Instruction]) -> list[Instruction]:
        """The instructions without the masks of padding that nobody relies on."""
        idle = {base for base, piece in self._masks.items() if not piece.claimed}
        return [it for it in instructions if not (isinstance(it, ZeroPadding) and it.base in idle)]

    def vanish(self, a: Ints, b: Ints, claim: bool) -> bool:
        """Whether the product at all these pairs of addresses is 0, as one factor is padding.

        claim  whether to have that padding set to 0, should it not be
        """
        left = np.ones(a.shape, bool)
        for clean in (True, False) if claim else (True,):
            for x in (a, b):
                for piece in self._boxes_among(x):
                    if (piece.clean or piece.claimed) >= clean and left.any():
                        lane = x - piece.base
                        inside = left & (lane >= 0) & (lane < piece.size)
                        assert piece.box
                        gone = piece.box.holes[lane[inside]]
                        piece.claimed |= bool(gone.any())
                        left[inside] = ~gone
        return not left.any()

    def _boxes_among(self, addresses: Ints) -> list[Piece]:
        """The boxes that may hold some of these addresses."""
        low, high = (bisect(self._boxes, x, key=_base) for x in (addresses.min(), addresses.max()))
        return self._boxes[max(low - 1, 0) : high]

    def number_at(self, addresses: Ints) -> float | None:
        """The constant that all these addresses hold, if there is one."""
        base, values = self.constants.base, self.constants.values
        assert values is not None
        low, high = int(addresses.min()), int(addresses.max())
        if low < base or high >= base + len(values):
            return None
        first = float(values[low - base])
        return first if (values[addresses - base] == first).all() else None

    def _placed(self, group: Group) -> list[Group]:
        """Give the group its addresses; as several groups if that makes nests of them."""
        nodes = group.members
        if group.kind in (LEAF, CONSTANT):
            if group.kind == LEAF:
                group.members = nodes = nodes[np.argsort(self.address[nodes])]
            self.pieces.append(Piece(0, self.address[nodes], 0))
            return [group]
        first = self._offsets[nodes]
        if group.kind == DETACH:
            self.address[nodes] = self.address[self.form.a[first]]
            self.pieces.append(Piece(0, self.address[nodes], 0))
            return [group]
        if group.kind == ELEMENTWISE:
            count = int(self._offsets[nodes[0] + 1] - first[0])
            operands = self.form.a[first + np.arange(count)[:, None]]
        elif group.kind == SUM:
            operands = np.stack([self.form.a[first], self.form.b[first]])
        else:
            operands = self.form.a[first][None]
        order, cuts, box = self._arranged(operands, group.kind)
        groups = []
        for members in np.split(nodes[order], cuts):
            piece = self.piece(len(members), box)
            self.address[members] = piece.base + piece.lane
            self._piece_of[members] = len(self.pieces)
            self.pieces.append(piece)
            groups.append(Group(group.kind, group.formula, members, group.partial))
        return groups

    def _arranged(self, operands: Ints, kind: int) -> tuple[Ints, Ints, Box | None]:
        """How to arrange n scalars with k operands [k, n]: their order, where to cut it, a box.

        As they come, or by their operands' addresses, if that is a nest; else as a few nests of
        stretches of different lengths, if they are a formula; else as rows of different lengths,
        padded, unless they are picked: each by its own index, whatever lies beside it.
        """
        tables = self.address[operands]
        n = tables.shape[1]
        natural, whole = np.arange(n), np.zeros(0, np.int64)
        if n < 3 or _is_nest(tables):
            return natural, whole, None
        by_address = np.lexsort(tables[::-1])
        if _is_nest(tables[:, by_address]):
            return by_address, whole, None
        rows = np.stack([self._row_in_box(nodes) for nodes in operands])
        known = np.concatenate([tables, rows])
        for order in (natural, by_address) if kind == ELEMENTWISE else ():
            split = _split(tables[:, order], *stretches(known[:, order]))
            if split is not None:
                return order[split[0]], split[1], None
        if kind == TAKE:
            return natural, whole, None
        box = Box(*stretches(known))
        if len(box.holes) <= 2 * n + 64 and _is_nest(box.filled(tables)):
            return natural, whole, box
        return natural, whole, None

    def _row_in_box(self, nodes: Ints) -> Ints:
        """In which row of its box each node is, as full rows follow one another without a gap."""
        piece = self.pieces[self._piece_of[nodes[0]]]
        if not piece.box:
            return np.zeros(len(nodes), np.int64)
        rows: Ints = (self.address[nodes] - piece.base) // piece.box.width
        return rows


def _base(piece: Piece) -> int:
    return piece.base


def _is_nest(tables: Ints) -> bool:
    """Whether tables [m, n] are a nest together with 0, 1, 2, ..."""
    return nest(np.concatenate([tables, np.arange(tables.shape[1])[None]])) is not None


def _split(tables: Ints, starts: Ints, lengths: Ints) -> tuple[Ints, Ints] | None:
    """The order and the cuts that put stretches of two lengths together, if these are nests."""
    kinds = np.unique(lengths)[::-1]
    if len(kinds) != 2:
        return None
    parts = [ranges(starts[lengths == k], lengths[lengths == k]) for k in kinds]
    if not all(_is_nest(tables[:, part]) for part in parts):
        return None
    return np.concatenate(parts), np.cumsum([len(part) for part in parts])[:-1]


def _by_first_use(
    form: CanonicalProgram, group_of: Ints, i: int, partners: Ints
) -> tuple[Ints, Ints]:
    """The nodes of group i in the order of the program's uses of them, and the use of each.

    partners  [n] what matters of a node that one of the group is multiplied by

    A use is a group and what matters of the partner there. The uses are in order as well, and all
    their nodes side by side; a node that is used in several ways stands at the first one.
    """
    node, use, program_order = [], [], []
    for x, y in ((form.a, form.b), (form.b, form.a)):
        here = np.flatnonzero(group_of[x] == i)
        node.append(x[here])
        use.append(group_of[form.owner[here]] * (len(form) + 1) + partners[y[here]])
        program_order.append(here)
    order = np.argsort(np.concatenate(program_order), kind="stable")
    nodes, first = np.unique(np.concatenate(node)[order], return_index=True)
    _, start, which = np.unique(np.concatenate(use)[order], return_index=True, return_inverse=True)
    start_of_use = start[which[first]]
    order = np.lexsort((first, start_of_use))
    unused = np.setdiff1d(np.flatnonzero(group_of == i), nodes)
    uses = np.append(start_of_use[order], np.full(len(unused), -1))
    return np.append(nodes[order], unused), uses


def _shared(numbers: NDArray[np.float64], uses: Ints) -> tuple[Ints, NDArray[np.float64]]:
    """Places for numbers, one for those of a use that are all equal; and what stands there."""
    starts = np.flatnonzero(np.append(True, uses[1:] != uses[:-1]))
    use = np.repeat(np.arange(len(starts)), np.diff(np.append(starts, len(uses))))
    low, high = np.minimum.reduceat(numbers, starts), np.maximum.reduceat(numbers, starts)
    new = ~(low == high)[use] | (uses == -1)
    new[starts] = True
    return np.cumsum(new) - 1, numbers[new]
