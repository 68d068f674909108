"""A loop of a plan as rows of ints: its statements run strip by strip, in C.

A strip is a few rows of the loop, or a part of one. What lies in a row in memory is read and
written there; what does not is loaded before, and stored after. All else stays in rooms of a
strip's size, few enough to stay in the first cache. `strips.h` runs the rows, and says what their
fields mean.
"""

from __future__ import annotations

from collections import Counter
from itertools import permutations
from math import prod
from typing import NamedTuple

import numpy as np

from autograd_lite.compiler.lift.instructions import Ref
from autograd_lite.compiler.run.lowering import REDUCTIONS, Step, lowered
from autograd_lite.compiler.run.native import CODES, ROW, is_in_c
from autograd_lite.compiler.run.operations import Operation, Rows, operation

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import TypeAlias

    from numpy.typing import NDArray

    from autograd_lite.compiler.plan.groups import Loop
    from autograd_lite.compiler.run.lowering import Operand

    Doubles = NDArray[np.float64]
    _Row: TypeAlias = "tuple[str, int, list[_Place], tuple[int, ...]]"

__all__ = ["Strips", "in_strips"]

MAX_LOOPS = 4  # those of a row
STRIP = 512  # numbers of a strip at most
SHORTEST = 128  # and if there are many rooms
ROOM = 4096  # numbers of all rooms together, of 32 kB; the first cache has 32 or 48
LINE = 8  # numbers of a line of the cache, at which rooms begin
GAP = 16  # numbers between two rooms: where all begin at a multiple of 4 kB, stores delay loads


class Strips:
    """What the rows of all loops share.

    memory   where refs point to
    room     a block for the rooms of a strip
    numbers  arrays of one number
    """

    def __init__(self, memory: Doubles) -> None:
        room = np.empty(2 * ROOM + LINE)
        self.memory, self.room = memory, room[-_address(room) // 8 % LINE :]
        self.numbers: dict[float, Doubles] = {}

    def number(self, x: float) -> Doubles:
        if x not in self.numbers:
            self.numbers[x] = np.array([x])
        return self.numbers[x]


def in_strips(loop: Loop, strips: Strips, lead: int = 0) -> list[Operation | Rows] | None:
    """A loop in C, strip by strip, but for functions that NumPy alone has, or has faster.

    lead  1 if its refs have the stride of a repetition before those of the loop

    None if that cannot be.
    """
    steps = lowered(loop)
    refs = {x for step in steps for x in (*step.operands, *step.stores) if isinstance(x, Ref)}
    layout = Layout(loop.sizes, refs, lead)
    parts: list[list[Step]] = [[]]  # every second one is a step of NumPy
    for step in steps:
        if is_in_c(step.function, layout.count):
            parts[-1].append(step)
        else:
            parts += [[step], []]
    if len(layout.sizes) > MAX_LOOPS or (lead and len(parts) > 1):
        return None
    whole = {step: np.empty(layout.count) for step in _crossing(parts)}
    calls: list[Operation | Rows] = []
    for i, part in enumerate(parts):
        if i % 2:
            calls += _in_numpy(part[0], layout, strips.memory, whole)
        elif part:
            rows = _StripWriter(layout, strips, whole).write(part)
            if rows is None:
                return None
            calls.append(rows)
    return calls


def _crossing(parts: list[list[Step]]) -> set[Step]:
    """The steps whose numbers another part reads, and those of NumPy."""
    part_of = {step: i for i, part in enumerate(parts) for step in part}
    return {step for step, i in part_of.items() if i % 2} | {
        x
        for step, i in part_of.items()
        for x in step.operands
        if isinstance(x, Step) and part_of[x] != i
    }


def _in_numpy(
    step: Step, layout: Layout, memory: Doubles, whole: dict[Step, Doubles]
) -> Iterator[Operation]:
    """A step of a loop as an operation on all its numbers."""

    def array(x: Operand) -> Doubles:
        if isinstance(x, float):
            return np.array(x)
        if isinstance(x, Step):
            return whole[x].reshape(layout.sizes)
        strides = tuple(8 * stride for stride in layout.strides(x))
        return np.ndarray(layout.sizes, np.float64, memory, 8 * layout.base(x), strides)

    yield operation(step.function, array(step), step.operands, array)
    for ref in step.stores:
        yield Operation("copyto", array(ref), (array(step),))


class Layout:
    """An order of the loops of a nest, neighbours as one where they are one stretch in all refs.

    sizes  sizes of these loops, outermost first
    """

    def __init__(self, sizes: Sequence[int], refs: Iterable[Ref], lead: int) -> None:
        """The best layout.

        refs  all refs to memory
        lead  1 if each ref has a stride of a repetition before those of the loops; else 0
        """
        self.lead = lead
        every = [ref.strides[lead:] for ref in refs]
        # Loops run backward where most refs do.
        self._turned = [sum((s[i] > 0) - (s[i] < 0) for s in every) < 0 for i in range(len(sizes))]
        signs = [-1 if turned else 1 for turned in self._turned]
        every = [tuple(x * y for x, y in zip(s, signs, strict=True)) for s in every]
        orders = permutations(range(len(sizes))) if len(sizes) <= MAX_LOOPS else [range(len(sizes))]
        found = [self._merged(sizes, every, order) for order in orders]
        self._groups, self.sizes = min(found, key=lambda it: self._cost(it[0], it[1], every))
        self._given, self._signs = sizes, signs
        self.count = prod(self.sizes)

    @staticmethod
    def _merged(
        sizes: Sequence[int], every: Iterable[Sequence[int]], order: Sequence[int]
    ) -> tuple[list[list[int]], tuple[int, ...]]:
        """The loops of the layout, each as the loops that it is, and their sizes."""
        groups: list[list[int]] = []
        for loop in order:
            if groups and all(s[groups[-1][-1]] == sizes[loop] * s[loop] for s in every):
                groups[-1].append(loop)
            else:
                groups.append([loop])
        return groups, tuple(prod(sizes[i] for i in group) for group in groups)

    @staticmethod
    def _cost(
        groups: list[list[int]], sizes: tuple[int, ...], every: Iterable[Sequence[int]]
    ) -> float:
        """About the nanoseconds a number that loads and stores take of what lies not in a row."""
        cost, last = float(len(sizes) > MAX_LOOPS), sizes[-1] if sizes else 1
        for ref in every:
            strides = tuple(ref[group[-1]] for group in groups)
            if not any(strides) or _in_a_row(strides, sizes):
                continue
            once = not any(strides[:-1]) and last <= SHORTEST
            row = {0: 0.1, 1: 0.1, -1: 0.2}.get(strides[-1], 0.6) + 3 / last
            cost += 0.05 if once else row
        return cost

    def strides(self, ref: Ref) -> tuple[int, ...]:
        """The strides of a ref in the loops of this layout."""
        loops = [group[-1] for group in self._groups]
        return tuple(self._signs[i] * ref.strides[self.lead + i] for i in loops)

    def base(self, ref: Ref) -> int:
        """The address at which a ref begins in this layout."""
        strides = ref.strides[self.lead :]
        turned = [i for i, turned in enumerate(self._turned) if turned]
        return ref.base + sum((self._given[i] - 1) * strides[i] for i in turned)

    def move(self, ref: Ref) -> int:
        """The bytes that a ref moves by in a turn of the repetition."""
        return 8 * ref.strides[0] if self.lead else 0


def _in_a_row(strides: Sequence[int], sizes: Sequence[int]) -> bool:
    expected = 1
    for stride, size in zip(reversed(strides), reversed(sizes), strict=True):
        if stride != expected and size > 1:
            return False
        expected *= size
    return True


class _Place(NamedTuple):
    """Where the numbers of an operand or a target stand.

    address       in memory, or the number of a room
    step          bytes from one number to the next: 0 of a single number
    advance       the same where it moves on with the strips; 0 in a room
    move          bytes from one turn of a repetition to the next
    is_room       True if the address is the number of a room
    """

    address: int
    step: int
    advance: int
    move: int = 0
    is_room: bool = False


_NOWHERE = _Place(0, 0, 0)


class _StripWriter:
    """Writes the rows of steps of one loop.

    layout  its loops
    whole   the numbers of steps that stand in arrays of their own, as NumPy reads or writes them
    """

    def __init__(self, layout: Layout, strips: Strips, whole: dict[Step, Doubles]) -> None:
        self.layout, self.strips = layout, strips
        self._base, self._whole = _address(strips.memory), whole
        missing = MAX_LOOPS - len(layout.sizes)
        self._sizes = (*[1] * missing, *layout.sizes)
        self._missing = (0,) * missing
        self._places: dict[Operand, _Place] = {}
        self._rows: list[_Row] = []
        self._last: list[_Row] = []  # those that run after the strips
        self._rooms = 0
        self._free: list[int] = []
        self._temporary: list[int] = []  # that one step reads
        self._lasting: set[int] = set()  # that are the same in all strips

    def write(self, steps: list[Step]) -> Rows | None:
        """The rows of some steps; None if they need too many rooms."""
        readers: Counter[Operand] = Counter(x for step in steps for x in step.operands)
        written = {ref for step in steps for ref in step.stores}
        products = [step.operands[0] for step in steps if self._is_dot(step, readers, written)]
        read: list[set[Operand]] = []  # of each step, what it reads, and none after it
        seen: set[Operand] = set()
        for step in reversed(steps):
            now = set(step.operands) - seen
            if step.operands[0] in products:
                (x,) = step.operands
                assert isinstance(x, Step)
                now |= set(x.operands) - seen
            read.append(now)
            seen |= now
        for step, dying in zip(steps, reversed(read), strict=True):
            if step in products:
                continue
            if step.function in REDUCTIONS:
                self._reduce(step, step.operands[0] in products)
                self._release(dying)
            else:
                self._compute(step, readers[step] > 0, dying)
        return self._finished()

    def _is_dot(self, step: Step, readers: Counter[Operand], written: set[Ref]) -> bool:
        """True for a sum of products that nothing else reads, along the innermost loop."""
        (x, *_) = step.operands
        if step.function != "add.reduce" or not isinstance(x, Step) or x.function != "multiply":
            return False
        if x.stores or x in self._whole or readers[x] > 1 or self._strides(step.stores[0])[-1]:
            return False
        return all(not isinstance(y, Ref) or y not in written for y in x.operands)

    def _strides(self, ref: Ref) -> tuple[int, ...]:
        return (*self._missing, *self.layout.strides(ref))

    def _at(self, ref: Ref, step: int, advance: int) -> _Place:
        return _Place(self._base + 8 * self.layout.base(ref), step, advance, self.layout.move(ref))

    def _in_memory(self, ref: Ref) -> _Place | None:
        """Where the numbers of a ref are read and written as they are; None if nowhere."""
        strides = self.layout.strides(ref)
        if not any(strides) and self.layout.count > 1:
            return self._at(ref, 0, 0)
        return self._at(ref, 8, 8) if _in_a_row(strides, self.layout.sizes) else None

    def _place(self, operand: Operand) -> _Place:
        """Where an operand stands, which is loaded if it must be."""
        if operand in self._places:
            return self._places[operand]
        if isinstance(operand, float):
            place: _Place | None = _Place(_address(self.strips.number(operand)), 0, 0)
        elif isinstance(operand, Step):
            place = _Place(_address(self._whole[operand]), 8, 8)
        else:
            place = self._in_memory(operand)
            if place is None:
                place = self._load(operand, None)
        assert place is not None
        self._places[operand] = place
        return place

    def _load(self, ref: Ref, target: _Place | None) -> _Place:
        """Load the numbers of a ref to a target, or a room."""
        strides = self._strides(ref)
        once = target is None and not any(strides[:-1]) and self._sizes[-1] <= SHORTEST
        if once:  # the room of every strip
            target = self._new_room()
            self._lasting.add(target.address)
        place = target or self._take_room()
        self._row("load", [place, self._at(ref, 0, 0)], strides, once)
        return place

    def _array(self, operand: Operand) -> _Place:
        """Where an operand stands number by number, though it may be a single one."""
        place = self._place(operand)
        if place.step == 0:
            number, place = place, self._take_room()
            self._row("copyto", [place, number, number])
            self._temporary.append(place.address)
        return place

    def _compute(self, step: Step, is_read: bool, dying: set[Operand]) -> None:
        """The rows of a step, after which no other reads what dies."""
        function, operands = step.function, step.operands
        whole = _Place(_address(self._whole[step]), 8, 8) if step in self._whole else None
        ref = step.stores[0] if step.stores else None
        target = whole or (self._in_memory(ref) if ref else None)
        if function == "copyto":
            (x,) = operands
            if target and isinstance(x, Ref) and x not in self._places and not self._in_memory(x):
                self._load(x, target)
                function = ""
            elif ref and not target and not is_read:
                target = self._array(x)
                function = ""
        if function:
            if len(operands) == 3:
                x, y, z = operands
                if function != "where" and self._place(x).step == 0:
                    x, y = y, x
                places = [self._array(x), self._place(y), self._place(z)]
            else:
                places = [self._place(x) for x in operands]
            self._release(dying)
            target = target or self._take_room()
            self._row(function, [target, *places])
        assert target is not None
        if is_read or step in self._whole:
            self._places[step] = target
        elif target.is_room and function:
            self._free.append(target.address)
        if ref and (whole or not self._in_memory(ref)):
            self._row("store", [self._at(ref, 0, 0), target], self._strides(ref))
        if not function:
            self._release(dying)

    def _reduce(self, step: Step, is_dot: bool) -> None:
        (ref,), (x,) = step.stores, step.operands
        out, strides = self._at(ref, 0, 0), self._strides(ref)
        *outer, along = strides
        if along not in (0, 1) and not any(outer) and self._sizes[-1] <= SHORTEST:
            # A row of sums, which lies scattered in memory: taken in a room, then written.
            row = self._new_room()
            self._lasting.add(row.address)
            self._row(step.function, [row, self._array(x)], (0, 0, 0, 1))
            self._last.append(("finish", int(step.add), [out, row], (0, 0, 0, 8 * along)))
            return
        if is_dot:
            assert isinstance(x, Step)
            a, b = map(self._array, x.operands)
            self._row("matmul", [out, a, b], strides, step.add)
        else:
            self._row(step.function, [out, self._array(x)], strides, step.add)

    # ------------------------------------------------------------------------------ rooms

    def _new_room(self) -> _Place:
        self._rooms += 1
        return _Place(self._rooms - 1, 8, 0, is_room=True)

    def _take_room(self) -> _Place:
        if self._free:
            return _Place(self._free.pop(), 8, 0, is_room=True)
        return self._new_room()

    def _release(self, operands: Iterable[Operand]) -> None:
        """The rooms of operands may be used again, but for those that are loaded once."""
        self._free += self._temporary
        self._temporary.clear()
        for operand in operands:
            place = self._places.get(operand)
            if place is not None and place.is_room and place.address not in self._lasting:
                del self._places[operand]
                self._free.append(place.address)

    # ------------------------------------------------------------------------------- rows

    def _row(
        self, function: str, places: list[_Place], strides: Sequence[int] = (), flag: bool = False
    ) -> None:
        self._rows.append((function, int(flag), places, tuple(8 * s for s in strides)))

    def _finished(self) -> Rows | None:
        count, columns = self.layout.count, self._sizes[-1]
        longest = min(STRIP, ROOM // self._rooms - GAP) if self._rooms else STRIP
        if self._rooms * (SHORTEST + GAP) > 2 * ROOM:
            return None
        longest = max(longest // LINE * LINE, SHORTEST)
        if columns > longest:
            rows, columns = 1, _evenly(columns, longest)
        else:
            rows = _evenly(count // columns, longest // columns)
        pitch = 8 * (-(-rows * columns // LINE) * LINE + GAP)
        base = _address(self.strips.room)
        written = [CODES["strips"], len(self._rows) + len(self._last), *self._sizes, rows, columns]
        written += [0] * (ROW - len(written))
        for function, flag, places, strides in self._rows + self._last:
            four = (places + [_NOWHERE] * 4)[:4]
            if len(places) == 2:
                four[2] = four[1]
            row = [CODES[function], flag]
            row += [base + p.address * pitch if p.is_room else p.address for p in four]
            row += [p.step for p in four]
            row += [p.advance for p in four]
            row += strides or [0] * MAX_LOOPS
            row += [p.move for p in four]
            written += [*row, 0]
        return Rows(written, (self.strips, self._whole))


def _evenly(n: int, most: int) -> int:
    """The size of parts of n things, as equal as can be, of so many things at most."""
    return -(-n // -(-n // most))


def _address(array: Doubles) -> int:
    address: int = array.__array_interface__["data"][0]
    return address
