"""Addresses: every group of scalars is a contiguous piece of one flat memory.

Within its piece, a group is in the order in which the program made its members, which is the
order of the loops that made them. A ragged group becomes a box: every row is padded to the
longest. What lies in the padding is always 0.
"""

from __future__ import annotations

import numpy as np

from autograd_lite.compiler.affine import nest, segments
from autograd_lite.compiler.canonical import COPY, MAP, NUMBER, SUM, VARIABLE
from autograd_lite.compiler.groups import NUMBERS, WANTED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from numpy.typing import NDArray

    from autograd_lite.compiler.canonical import Form, Ints
    from autograd_lite.compiler.groups import Group

__all__ = ["Box", "Layout", "Piece"]


class Box:
    """Rows of any length, padded to one width.

    width    of all rows
    lane     [n] where in the box each member is
    longest  a row that fills the width
    holes    [rows * width] what is padding
    """

    def __init__(self, starts: Ints, n: int) -> None:
        lengths = np.diff(np.append(starts, n))
        self.width = int(lengths.max())
        self.longest = int(lengths.argmax())
        self.rows = len(starts)
        row = np.repeat(np.arange(self.rows), lengths)
        self.lane = np.arange(n) - starts[row] + row * self.width
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

    base  its first address
    size  of the piece
    lane  [n] where in the piece each member is
    box   None unless there is padding
    """

    def __init__(self, base: int, lane: Ints, size: int, box: Box | None = None) -> None:
        self.base, self.lane, self.size, self.box = base, lane, size, box


class Layout:
    """The memory: the leaves, the numbers, then the groups in order.

    size      how much of it is taken
    address   [n] of each node
    pieces    of each group, in order
    leaves    [leaves] the slot of the leaf at each of the first addresses
    numbers   where the numbers begin, and what they are

    Leaves that are wanted, and numbers, lie in the order in which they are first used, those that
    are used alike side by side: a weight's rows are not apart because of the biases between them.
    Numbers that are used alike and are all equal are one.
    """

    def __init__(self, form: Form, groups: list[Group], group_of: Ints, leaves: int) -> None:
        self.form, self._group_of = form, group_of
        self.size = leaves
        self.address = np.full(len(form), -1)
        self.pieces: list[Piece] = []
        self._holes: list[Piece] = []
        self._is_hole = np.zeros(0, bool)
        groups[WANTED].members, _ = _by_first_use(form, group_of, WANTED)
        self.leaves = np.arange(leaves)
        wanted = form.slot[groups[WANTED].members]
        self.leaves[np.sort(wanted)] = wanted
        place = np.argsort(self.leaves)
        groups[NUMBERS].members, uses = _by_first_use(form, group_of, NUMBERS)
        which, values = _shared(form.number[groups[NUMBERS].members], uses)
        self.numbers = self.reserve(len(values)), values
        offsets = form.offsets
        for group in groups:
            nodes = group.members
            if group.kind == VARIABLE:
                self.address[nodes] = place[form.slot[nodes]]
                piece = Piece(0, self.address[nodes], leaves)
            elif group.kind == NUMBER:
                self.address[nodes] = self.numbers[0] + which
                piece = Piece(self.numbers[0], which, len(values))
            elif group.kind == COPY:
                self.address[nodes] = self.address[form.a[offsets[nodes]]]
                piece = Piece(0, self.address[nodes], 0)
            else:
                piece = self.piece(len(nodes), self._box(group, offsets))
                self.address[nodes] = piece.base + piece.lane
            self.pieces.append(piece)

    def reserve(self, size: int) -> int:
        """The first address of a new stretch of memory."""
        base, self.size = self.size, self.size + size
        return base

    def piece(self, n: int, box: Box | None) -> Piece:
        """A new piece for n members."""
        size = len(box.holes) if box else n
        piece = Piece(self.reserve(size), box.lane if box else np.arange(n), size, box)
        if box:
            self._holes.append(piece)
        return piece

    def is_hole(self, addresses: Ints) -> NDArray[np.bool_]:
        """Whether each address is padding."""
        if len(self._is_hole) < self.size:
            self._is_hole = np.append(self._is_hole, np.zeros(self.size - len(self._is_hole), bool))
        for piece in self._holes:
            if piece.box:
                self._is_hole[piece.base : piece.base + piece.size] = piece.box.holes
        self._holes.clear()
        return self._is_hole[addresses]

    def number_at(self, addresses: Ints) -> float | None:
        """The constant that all these addresses hold, if there is one."""
        base, numbers = self.numbers
        low, high = int(addresses.min()), int(addresses.max())
        if low < base or high >= base + len(numbers):
            return None
        first = float(numbers[low - base])
        return first if (numbers[addresses - base] == first).all() else None

    def _box(self, group: Group, offsets: Ints) -> Box | None:
        """How to pad a group whose operands' addresses are ragged nests; None if they are not."""
        form, n = self.form, len(group.members)
        first = offsets[group.members]
        if group.kind == MAP:
            count = int(offsets[group.members[0] + 1] - first[0])
            operands = [form.a[first + i] for i in range(count)]
        elif group.kind == SUM:
            operands = [form.a[first], form.b[first]]
        else:
            operands = [form.a[first]]
        tables = self.address[np.stack(operands)]
        if n < 3 or nest(np.concatenate([tables, np.arange(n)[None]])) is not None:
            return None
        rows = [self._row_in_box(nodes) for nodes in operands]
        starts = segments(np.concatenate([tables, np.stack(rows)]))
        box = Box(starts, n)
        if len(box.holes) == n or len(box.holes) > 2 * n + 64:
            return None
        lanes = np.arange(len(box.holes))
        loops = nest(np.concatenate([box.filled(tables), lanes[None]]))
        return None if loops is None else box

    def _row_in_box(self, nodes: Ints) -> Ints:
        """In which row of its box each node is, as full rows follow one another without a gap."""
        piece = self.pieces[self._group_of[nodes[0]]]
        if not piece.box:
            return np.zeros(len(nodes), np.int64)
        rows: Ints = (self.address[nodes] - piece.base) // piece.box.width
        return rows


def _by_first_use(form: Form, group_of: Ints, i: int) -> tuple[Ints, Ints]:
    """The nodes of group i in the order of the program's uses of them, and the use of each.

    A use is a group and the partner there. The uses are in order as well, and all their nodes
    side by side; a node that is used in several ways stands at the first one.
    """
    node, use, time = [], [], []
    for x, y in ((form.a, form.b), (form.b, form.a)):
        here = np.flatnonzero(group_of[x] == i)
        node.append(x[here])
        use.append(group_of[form.owner[here]] * (len(form) + 1) + group_of[y[here]])
        time.append(here)
    order = np.argsort(np.concatenate(time), kind="stable")
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
