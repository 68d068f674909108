"""Sums that recur elsewhere, as those of the steps of a recurrence: lowered once, and moved.

The instructions for a table depend on how the addresses of each operand lie to one another, and of
constants on which are 0, 1 or -1, or equal; not on where the first of them lies. So a table that
comes again is lowered with its operands in places far apart, and the place where a `Ref` lies tells
which operand it reads.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from autograd_lite.compiler.lift.blocks import Block, Memory
from autograd_lite.compiler.lift.instructions import (
    Contraction,
    Elementwise,
    Instruction,
    Ref,
    Zero,
)
from autograd_lite.compiler.tape.ranges import Ints

__all__ = ["Recurring"]

T = TypeVar("T")

Lower: TypeAlias = Callable[[Memory, Block, Sequence[Ints]], list[Instruction]]

FAR = 1 << 40  # the distance of places: more than any memory has


class Recurring:
    """The instructions of tables by their shape, in a memory."""

    def __init__(self, memory: Memory) -> None:
        self.memory = memory
        # None of a shape that came once, and [] of one that takes more than moving instructions.
        self._known: dict[tuple[object, ...], list[Instruction] | None] = {}
        self._spans: dict[bytes, tuple[int, int]] = {}
        self._made: dict[tuple[object, ...], Any] = {}

    def once(self, key: tuple[object, ...], make: Callable[[], T]) -> T:
        """What `make` gives, which is made once for each key."""
        if key not in self._made:
            self._made[key] = make()
        made: T = self._made[key]
        return made

    def lowered(
        self, lower: Lower, shape: tuple[object, ...], block: Block, operands: Sequence[Ints]
    ) -> list[Instruction]:
        """`lower(memory, block, operands)`.

        shape  all that `lower` depends on besides its arguments, and at its end, of each operand,
               how its addresses lie to the first
        block  a block without padding
        """
        constants, origins = self.memory.constants, [block.base]
        assert constants.values is not None
        key: list[object] = [*shape, block.size]
        for x, moved in zip(operands, shape[-len(operands) :], strict=True):
            assert isinstance(moved, bytes)
            if moved not in self._spans:
                self._spans[moved] = int(x.min() - x[0]), int(x.max() - x[0])
            first = int(x[0])
            low, high = (first + distance for distance in self._spans[moved])
            origins.append(first)
            pattern = None
            if constants.base <= low and high < constants.base + constants.size:
                pattern = _pattern(constants.values[x - constants.base])
            elif low < constants.base + constants.size and high >= constants.base:
                return lower(self.memory, block, operands)
            key.append(pattern)
        shape = tuple(key)
        if shape not in self._known:
            self._known[shape] = None
            return lower(self.memory, block, operands)
        known = self._known[shape]
        if known is None:
            outline = _Outline(self.memory, origins)
            there = Block(outline.place(0), block.offset, block.size)
            far = [x - x[0] + outline.place(k) for k, x in enumerate(operands, 1)]
            try:
                known = lower(outline, there, far)
                known = known if all(isinstance(it, _MOVED) for it in known) else []
            except _IrregularError:
                known = []
            self._known[shape] = known
        if not known:
            return lower(self.memory, block, operands)
        return [_moved(it, origins) for it in known]


def _pattern(numbers: NDArray[np.float64]) -> bytes:
    """Which constants are equal, and which are those that are looked for."""
    which = np.unique(numbers, return_inverse=True)[1]
    for number in (-1, 0, 1):
        which[numbers == number] = number - 2
    return which.tobytes()


def _at(address: int, origins: Sequence[int]) -> int:
    """The address of an operand where it is."""
    return address % FAR - FAR // 2 + origins[address // FAR]


_MOVED = Contraction, Elementwise, Zero


def _moved(it: Instruction, origins: Sequence[int]) -> Instruction:
    """An instruction on operands at these first addresses."""

    def ref(ref: Ref) -> Ref:
        return Ref(_at(ref.base, origins), ref.strides)

    if isinstance(it, Contraction):
        b = None if it.b is None else ref(it.b)
        return Contraction(it.loops, it.sums, ref(it.out), ref(it.a), b, it.add, it.negate)
    if isinstance(it, Elementwise):
        operands = {name: ref(operand) for name, operand in it.operands.items()}
        return Elementwise(it.loops, ref(it.out), it.formula, operands)
    assert isinstance(it, Zero)
    return Zero(_at(it.base, origins), it.size)


class _IrregularError(Exception):
    """A table that takes memory of its own."""


class _Outline(Memory):
    """A memory of operands far apart, without room for more.

    origins  the first address of each operand
    """

    def __init__(self, memory: Memory, origins: Sequence[int]) -> None:
        super().__init__(memory.size)
        self.constants, self.one, self.zero = memory.constants, memory.one, memory.zero
        self._origins = origins

    def place(self, k: int) -> int:
        """Where operand k lies; some of its addresses may be lower."""
        return FAR * k + FAR // 2

    def constant_at(self, addresses: Ints) -> float | None:
        k = int(addresses.flat[0]) // FAR
        return super().constant_at(addresses - self.place(k) + self._origins[k])

    def reserve(self, size: int) -> int:
        raise _IrregularError

    def copy(self, table: Ints) -> int:
        raise _IrregularError

    def products_are_zero(self, a: Ints, b: Ints, need: bool) -> bool:
        raise _IrregularError
