"""The flat memory of a lifted program: a block for each group, its padding, and copies.

The rows of a ragged group are padded to the longest. The padding is computed like the rest, and
set to 0 where somebody adds it up.
"""

from __future__ import annotations

from bisect import bisect
from operator import attrgetter

import numpy as np

from autograd_lite.compiler.lift.instructions import Gather, Instruction, ZeroPadding
from autograd_lite.compiler.lift.names import Array
from autograd_lite.compiler.tape.ranges import Ints

__all__ = ["MAX_PARTS", "Block", "Memory", "PaddedRows"]

MAX_PARTS = 4  # a group of more instructions had better gather its operands


class PaddedRows:
    """Rows of any length, padded to one width.

    width    of all rows
    longest  a row that fills the width
    offset   [n] position of each member among the padded rows
    padding  [rows * width] True of a position that is padding
    """

    def __init__(self, starts: Ints, lengths: Ints) -> None:
        self.width, self.longest = int(lengths.max()), int(lengths.argmax())
        row = np.repeat(np.arange(len(starts)), lengths)
        self.offset = np.arange(len(row)) - starts[row] + row * self.width
        self.padding = np.ones(len(starts) * self.width, bool)
        self.padding[self.offset] = False

    def filled(self, table: Ints) -> Ints:
        """A table [..., n] of the members with padding: each row goes on as the longest does."""
        full = np.zeros((*table.shape[:-1], len(self.padding)), np.int64)
        full[..., self.offset] = table
        rows = full.reshape(*table.shape[:-1], -1, self.width)
        longest = rows[..., self.longest, :]
        steps = (longest - longest[..., :1])[..., None, :]
        return np.where(self.padding, (rows[..., :1] + steps).reshape(full.shape), full)


class Block:
    """The stretch of memory of a group, or of its cotangents.

    base                its first address
    size                its number of doubles
    offset              [n] position of each member in the block
    rows                the padded rows; None if there is no padding
    padding_is_zero     True if the padding is 0 without being set to 0
    needs_zero_padding  True if somebody relies on the padding being 0
    """

    def __init__(self, base: int, offset: Ints, size: int, rows: PaddedRows | None = None) -> None:
        self.base, self.offset, self.size, self.rows = base, offset, size, rows
        self.padding_is_zero, self.needs_zero_padding = True, False

    @property
    def addresses(self) -> Ints:
        """[n] the address of each member."""
        return self.base + self.offset


class Memory:
    """The memory while instructions are made: how much is taken, and by what.

    size       number of doubles that are taken
    constants  the array of constants
    one, zero  the addresses of these constants
    """

    constants: Array
    one: int
    zero: int

    def __init__(self, size: int) -> None:
        self.size = size
        self._padded: list[Block] = []
        self._zeroed: dict[int, Block] = {}
        self._copies: dict[bytes, int] = {}
        self._new_copies: list[Instruction] = []

    def reserve(self, size: int) -> int:
        """The first address of a new stretch."""
        base, self.size = self.size, self.size + size
        return base

    def block(self, n: int, rows: PaddedRows | None = None) -> Block:
        """A new block for n members."""
        offset = rows.offset if rows else np.arange(n)
        size = len(rows.padding) if rows else n
        block = Block(self.reserve(size), offset, size, rows)
        if rows:
            self._padded.append(block)
        return block

    def constant_at(self, addresses: Ints) -> float | None:
        """The constant that lies at all these addresses, if there is one."""
        base, values = self.constants.base, self.constants.values
        assert values is not None
        end, head = base + len(values), addresses.item(0)
        if not base <= head < end or addresses.min() < base or addresses.max() >= end:
            return None
        first = float(values[head - base])
        return first if (values[addresses - base] == first).all() else None

    # ---------------------------------------------------------------------------- copies

    def has_copy(self, table: Ints) -> bool:
        return table.tobytes() in self._copies

    def copy(self, table: Ints) -> int:
        """The address of a contiguous copy of scattered operands, which is made once."""
        key = table.tobytes()
        if key not in self._copies:
            self._copies[key] = self.reserve(table.size)
            self._new_copies.append(Gather(self._copies[key], table.ravel()))
        return self._copies[key]

    def with_copies(self, instructions: list[Instruction]) -> list[Instruction]:
        """The instructions for a group, behind the copies that are new since the last group.

        Copies stand in front of the first group that reads them, so that the instructions for a
        group may be in any order.
        """
        copies, self._new_copies = self._new_copies, []
        return [*copies, *instructions]

    # --------------------------------------------------------------------------- padding

    def zero_padding(self, block: Block) -> list[Instruction]:
        """The instruction that sets the padding of a block to 0, unless that is 0 anyway."""
        if not block.rows or block.padding_is_zero:
            return []
        self._zeroed[block.base] = block
        return [ZeroPadding(block.base, block.rows.padding)]

    def needed(self, instructions: list[Instruction]) -> list[Instruction]:
        """The instructions but for zeros in padding on which nobody relies."""
        idle = {base for base, block in self._zeroed.items() if not block.needs_zero_padding}
        return [it for it in instructions if not (isinstance(it, ZeroPadding) and it.base in idle)]

    def products_are_zero(self, a: Ints, b: Ints, need: bool) -> bool:
        """True if the product at all these pairs of addresses is 0, as one factor is padding.

        need  True to have that padding set to 0, should it not be 0
        """
        left = np.ones(a.shape, bool)
        for is_zero in (True, False) if need else (True,):
            for x in (a, b):
                for block in self._padded_among(x):
                    known = block.padding_is_zero or block.needs_zero_padding
                    if left.any() and (known or not is_zero):
                        offset = x - block.base
                        inside = left & (offset >= 0) & (offset < block.size)
                        assert block.rows
                        zero = block.rows.padding[offset[inside]]
                        block.needs_zero_padding |= bool(zero.any())
                        left[inside] = ~zero
        return not left.any()

    def _padded_among(self, addresses: Ints) -> list[Block]:
        """The padded blocks that may hold some of these addresses."""
        low, high = (
            bisect(self._padded, x, key=attrgetter("base"))
            for x in (addresses.min(), addresses.max())
        )
        return self._padded[max(low - 1, 0) : high]
