"""Tables that recur elsewhere, as those of the steps of a recurrence: lowered once, and moved.

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

__all__ = ["MAX_TERMS", "SUMS", "Recurring", "Told", "outlines"]

T = TypeVar("T")

Lower: TypeAlias = Callable[[Memory, Block, Sequence[Ints]], list[Instruction]]

Move: TypeAlias = Callable[[Sequence[int]], Instruction]

Told: TypeAlias = tuple[int, int, bytes, bytes]

MAX_TERMS = 1000  # what takes long to lower a table of more is its terms
SUMS = -1  # tells groups that are sums from those of a formula
FAR = 1 << 40  # the distance of places: more than any memory has


class Recurring:
    """The instructions of tables by their shape, in a memory."""

    def __init__(self, memory: Memory) -> None:
        self.memory = memory
        # None of a shape that came once, and [] of one that takes more than moving instructions.
        self._known: dict[tuple[object, ...], list[Move] | None] = {}
        self._spans: dict[tuple[object, ...], list[tuple[int, int]]] = {}
        self._patterns: dict[bytes, bytes] = {}
        self._made: dict[tuple[object, ...], Any] = {}
        self._told: dict[Told, tuple[list[int], list[Move]]] = {}

    def told(self, what: int, size: int, outline: Ints, factors: Ints) -> Told:
        """What tells the terms of a group from all that are not these in another place.

        what     tells groups of one formula, or of sums, from those of another
        size     of the block of the group
        outline  [k, m] see `outlines`
        factors  [2, m] addresses of the factors of each term
        """
        moves = factors - factors[:, outline[0]]
        return what, size, outline.tobytes(), moves.tobytes()

    def moved(self, told: Told, base: int, factors: Ints) -> list[Instruction] | None:
        """The instructions for a block at this base, if such terms have been moved before."""
        if told not in self._told:
            return None
        heads, known = self._told[told]
        origins = [base, *factors.ravel()[heads].tolist()]
        return [move(origins) for move in known]

    def once(self, key: tuple[object, ...], make: Callable[[], T]) -> T:
        """What `make` gives, which is made once for each key."""
        if key not in self._made:
            self._made[key] = make()
        made: T = self._made[key]
        return made

    def lowered(
        self,
        lower: Lower,
        shape: tuple[object, ...],
        block: Block,
        operands: Sequence[Ints],
        told: Told | None = None,
        heads: Sequence[int] = (),
    ) -> list[Instruction]:
        """`lower(memory, block, operands)`.

        shape  all that `lower` depends on besides its arguments, and of each operand, how its
               addresses lie to the first
        block  a block without padding
        told   what tells these terms, if that is known; and where the first address of each operand
               stands among the factors [2, m], for `moved`
        """
        constants, origins = self.memory.constants, [block.base]
        start, end = constants.base, constants.base + constants.size
        if shape not in self._spans:
            self._spans[shape] = [(int(x.min() - x[0]), int(x.max() - x[0])) for x in operands]
        key: list[object] = [*shape, block.size]
        for x, (below, above) in zip(operands, self._spans[shape], strict=True):
            first = int(x[0])
            origins.append(first)
            pattern = None
            if start <= first + below and first + above < end:
                pattern = self._pattern(x if above > below else x[:1])
            elif first + below < end and first + above >= start:
                return lower(self.memory, block, operands)
            key.append(pattern)
        shape = tuple(key)
        if shape not in self._known:
            self._known[shape] = None
            return lower(self.memory, block, operands)
        known = self._known[shape]
        if known is None:
            known = self._known[shape] = self._lowered_far(lower, block, operands, origins)
        if not known:
            return lower(self.memory, block, operands)
        if told is not None:
            self._told[told] = [*heads], known
        return [move(origins) for move in known]

    def _lowered_far(
        self, lower: Lower, block: Block, operands: Sequence[Ints], origins: Sequence[int]
    ) -> list[Move]:
        """What gives the instructions with operands elsewhere; [] if nothing does."""
        outline = _Outline(self.memory, origins)
        there = Block(outline.place(0), block.offset, block.size)
        far = [x - x[0] + outline.place(k) for k, x in enumerate(operands, 1)]
        try:
            known = lower(outline, there, far)
        except _IrregularError:
            return []
        return list(map(_moved, known)) if all(isinstance(it, _MOVED) for it in known) else []

    def _pattern(self, addresses: Ints) -> bytes:
        """Which of constants are equal, and which are those that are looked for."""
        key = addresses.tobytes()
        if key not in self._patterns:
            constants = self.memory.constants
            assert constants.values is not None
            self._patterns[key] = _pattern(constants.values[addresses - constants.base])
        return self._patterns[key]


def outlines(
    memory: Memory, group: Ints, row: Ints, marks: Ints, padding: NDArray[np.bool_], *factors: Ints
) -> Ints:
    """[k, m] what terms of many groups are but for where they lie: equal in groups whose terms are
    moved alike.

    group    [m] the group of each term, sorted
    row      [m] row of each term in its group
    marks    [2, m] groups of the factors, or other marks
    padding  [m] True of what is padding
    factors  addresses of those that may be constants

    First comes the position of the first term of the group that has the same marks. Where groups
    have many terms, k is 0.
    """
    if not len(group) or len(group) > MAX_TERMS * (int(group[-1]) + 1):
        return np.zeros((0, len(group)), np.int64)
    starts = np.searchsorted(group, group)
    found = [_first_of(group, (marks[0] << 31) + marks[1]) - starts, row, padding]
    constants = memory.constants
    assert constants.values is not None
    for x in factors:
        which = np.full(len(x), -1)
        here = (x >= constants.base) & (x < constants.base + constants.size)
        numbers = constants.values[x[here] - constants.base]
        # Which constants are equal, and which are those that are looked for.
        equal = _first_of(group[here], numbers) - np.searchsorted(group[here], group[here])
        for number in (-1, 0, 1):
            equal[numbers == number] = number - 3
        which[here] = equal
        found.append(which)
    return np.array(found)


def _first_of(group: Ints, marks: NDArray[Any]) -> Ints:
    """[m] the position of the first of the same group and mark."""
    which = np.unique(marks, return_inverse=True)[1]
    both = group * (int(which.max(initial=0)) + 1) + which
    _, first, same = np.unique(both, return_index=True, return_inverse=True)
    found: Ints = first[same]
    return found


def _pattern(numbers: NDArray[np.float64]) -> bytes:
    """Which constants are equal, and which are those that are looked for."""
    which = np.unique(numbers, return_inverse=True)[1]
    for number in (-1, 0, 1):
        which[numbers == number] = number - 2
    return which.tobytes()


_MOVED = Contraction, Elementwise, Zero


def _moved(it: Instruction) -> Move:
    """What gives an instruction with its operands at these first addresses."""
    if isinstance(it, Contraction):
        loops, sums, add, negate = it.loops, it.sums, it.add, it.negate
        out, a, b = _at(it.out), _at(it.a), it.b and _at(it.b)
        return lambda at: Contraction(loops, sums, out(at), a(at), b and b(at), add, negate)
    if isinstance(it, Elementwise):
        loops, out, formula = it.loops, _at(it.out), it.formula
        operands = {name: _at(ref) for name, ref in it.operands.items()}
        return lambda at: Elementwise(
            loops, out(at), formula, {name: ref(at) for name, ref in operands.items()}
        )
    assert isinstance(it, Zero)
    base, size = _at(Ref(it.base, ())), it.size
    return lambda at: Zero(base(at).base, size)


def _at(far: Ref) -> Callable[[Sequence[int]], Ref]:
    """What gives an operand, which lies far away, where it is."""
    k, offset, strides = far.base // FAR, far.base % FAR - FAR // 2, far.strides
    return lambda origins: Ref(origins[k] + offset, strides)


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
