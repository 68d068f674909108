"""Bulk instructions as NumPy calls on views of one memory, bound once and then only called."""

from __future__ import annotations

from functools import partial
from math import prod

import numpy as np

from autograd_lite import kernels
from autograd_lite.compiler.bulk import (
    Contract,
    Drop,
    Fill,
    Gather,
    Largest,
    Lookup,
    Map,
    Mask,
    Pick,
    Ref,
    Scatter,
    SegmentSum,
)
from autograd_lite.compiler.special import FUNCTIONS
from autograd_lite.compiler.ufuncs import RESULT, steps_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any, TypeAlias

    from numpy.typing import NDArray

    from autograd_lite.compiler.bulk import Instruction
    from autograd_lite.compiler.canonical import Ints

    Call: TypeAlias = Callable[[], object]
    Doubles: TypeAlias = NDArray[np.float64]

__all__ = ["Binder"]


class Operand:
    """A strided operand: an array of doubles, the first place in it, and strides in places."""

    def __init__(self, array: Doubles, base: int, strides: tuple[int, ...]) -> None:
        self.array, self.base, self.strides = array, base, strides

    def view(self, shape: Iterable[int], axes: Iterable[int] | None = None) -> Doubles:
        """The view of this shape whose axes are those of the operand, -1 for one to repeat."""
        axes = range(len(self.strides)) if axes is None else axes
        strides = tuple(8 * self.strides[axis] if axis >= 0 else 0 for axis in axes)
        return np.ndarray(tuple(shape), np.float64, self.array, 8 * self.base, strides)

    def elements(self, loops: tuple[int, ...]) -> Doubles:
        """The view for elementwise operations in these loops; NumPy repeats axes of size 1."""
        if len(loops) < 2:
            return self.view(loops, range(len(loops)))
        steps = zip(loops, self.strides, strict=False)
        return self.view([size if stride else 1 for size, stride in steps], range(len(loops)))


class Binder:
    """Makes calls of instructions.

    memory   [size] doubles
    indices  the ints of the run
    """

    def __init__(self, memory: Doubles, indices: Ints) -> None:
        self.memory, self.indices = memory, indices
        self._scratch: dict[str, NDArray[Any]] = {}
        self._ones = np.ones(0)

    def bind(self, instructions: Iterable[Instruction]) -> list[Call]:
        return [call for instruction in instructions for call in self._bind(instruction)]

    def _bind(self, instruction: Instruction) -> list[Call]:
        match instruction:
            case Contract():
                return self._contract(instruction)
            case Map():
                return self._map(instruction)
            case Largest():
                return self._largest(instruction)
            case Gather(base, table):
                return [self._take(table, self._slice(base, table.size))]
            case Scatter(base, table, add):
                return [self._scatter(self._slice(base, table.size), table, add)]
            case SegmentSum():
                return self._segment_sum(instruction)
            case Fill(base, size):
                return [partial(self._slice(base, size).fill, 0.0)]
            case Mask(base, holes):
                return [_assign(self._slice(base, len(holes)), np.zeros(()), holes)]
            case Pick(base, lookup):
                calls, array, where = self._addresses(lookup)
                out = self._slice(base, len(lookup.slots))
                return [*calls, partial(array.take, where, None, out, "clip")]
            case Drop(source, lookup):
                calls, array, where = self._addresses(lookup)
                more, values = self._read(source, "t0")
                return [*calls, *more, partial(np.add.at, array, where, values)]

    # --------------------------------------------------------------------------- memory

    def _operand(self, ref: Ref) -> Operand:
        return Operand(self.memory, ref.base, ref.strides)

    def _view(self, ref: Ref, shape: tuple[int, ...]) -> Doubles:
        return Operand(self.memory, ref.base, ref.strides[: len(shape)]).view(shape)

    def _slice(self, base: int, size: int) -> Doubles:
        return self.memory[base : base + size]

    def scratch(self, name: str, shape: tuple[int, ...], dtype: type = float) -> NDArray[Any]:
        """Room that an instruction may use until it ends."""
        size = prod(shape)
        if name not in self._scratch or self._scratch[name].size < size:
            self._scratch[name] = np.empty(size, dtype)
        return self._scratch[name][:size].reshape(shape)

    def _contiguous(self, name: str, shape: tuple[int, ...]) -> Operand:
        array = self.scratch(name, shape)
        return Operand(array, 0, tuple(s // 8 for s in array.strides))

    def _take(self, table: Ints, out: Doubles) -> Call:
        # From no more of the memory than needed: NumPy copies what overlaps.
        low, high = int(table.min()), int(table.max())
        return partial(self.memory[low : high + 1].take, table - low, None, out, "clip")

    def _read(self, table: Ints, name: str) -> tuple[list[Call], Doubles]:
        """What makes an array of these addresses, and the array."""
        if (np.diff(table) == 1).all():
            return [], self._slice(int(table[0]), len(table))
        out = self.scratch(name, table.shape)
        return [self._take(table, out)], out

    def _scatter(self, values: Doubles, table: Ints, add: bool) -> Call:
        step = int(table[1] - table[0]) if len(table) > 1 else 1
        if (np.diff(table) == step).all():
            out = Operand(self.memory, int(table[0]), (step,)).view(table.shape)
            return partial(np.add, out, values, out) if add else partial(np.copyto, out, values)
        put = np.add.at if add else np.put
        return partial(put, self.memory, table, values)

    def _segment_sum(self, it: SegmentSum) -> list[Call]:
        out = self._slice(it.base, len(it.starts))
        a = self.scratch("t0", it.a.shape)
        calls = [self._take(it.a, a)]
        if it.b is not None:
            b = self.scratch("t1", it.b.shape)
            calls += [self._take(it.b, b), partial(np.multiply, a, b, a)]
        return [*calls, partial(np.add.reduceat, a, it.starts, 0, None, out)]

    def _addresses(self, lookup: Lookup) -> tuple[list[Call], Doubles, Ints]:
        """The calls that work out the addresses of a lookup: where they are, and those places."""
        n, among = len(lookup.slots), lookup.among
        where = np.empty(n, np.int64)
        calls: list[Call] = [
            partial(self.indices.take, lookup.slots, None, where, "clip"),
            partial(np.remainder, where, np.array(among), where),
        ]
        if lookup.table is not None:
            low, high = int(lookup.table.min()), int(lookup.table.max())
            table, place = (lookup.table - low).ravel(), np.empty(n, np.int64)
            calls += [
                partial(np.add, where, np.arange(n) * among, place),
                partial(table.take, place, None, where, "clip"),
            ]
        else:
            ends = np.concatenate([lookup.first, lookup.first + lookup.step * (among - 1)])
            low, high = int(ends.min()), int(ends.max())
            calls += [
                partial(np.multiply, where, np.array(lookup.step), where),
                partial(np.add, where, lookup.first - low, where),
            ]
        return calls, self.memory[low : high + 1], where

    def _largest(self, it: Largest) -> list[Call]:
        axes = tuple(range(len(it.loops), len(it.loops) + len(it.sums)))
        rows = self._operand(it.a).view(it.loops + it.sums)
        return [partial(np.maximum.reduce, rows, axes, None, self._view(it.out, it.loops))]

    # ------------------------------------------------------------------------ elementwise

    def _map(self, it: Map) -> list[Call]:
        arrays: dict[str, NDArray[Any]] = {
            name: self._operand(ref).elements(it.loops) for name, ref in it.operands.items()
        }
        out = self._view(it.out, it.loops)
        if it.formula.part >= 0:
            user = _function_of_user(int(it.formula.text), it.formula.part, len(arrays))
            return [partial(_pointwise, user, out, *arrays.values())]
        arrays[RESULT] = out

        def array(operand: str | float) -> NDArray[Any]:
            if isinstance(operand, float):
                return np.array(operand)
            if operand not in arrays:
                dtype = bool if operand[0] == "c" else float
                arrays[operand] = self.scratch(operand, it.loops, dtype)
            return arrays[operand]

        calls: list[Call] = []
        for name, operands, target in steps_of(it.formula.text):
            values = [array(operand) for operand in operands]
            if name == "copyto":
                calls.append(_assign(array(target), *values))
            elif name in FUNCTIONS:
                calls += self._special(name, array(target), *values)
            else:
                calls.append(partial(getattr(np, name), *values, out=array(target)))
        return calls

    def _special(self, name: str, out: Doubles, *operands: Doubles) -> list[Call]:
        """Out = a function that NumPy has not, of an array; before it there may be a number."""
        *orders, x = operands
        calls: list[Call] = []
        flat = self.scratch("flat", out.shape)
        if not out.flags.c_contiguous or not x.flags.c_contiguous or x.shape != out.shape:
            calls.append(_assign(flat, x))
            x = flat
        into = out if out.flags.c_contiguous else flat
        numbers = [float(order) for order in orders]
        calls.append(partial(FUNCTIONS[name], *numbers, x.reshape(-1), into.reshape(-1)))
        return calls if into is out else [*calls, _assign(out, flat)]

    # ------------------------------------------------------------------------ contractions

    def _contract(self, it: Contract) -> list[Call]:
        out, a = self._operand(it.out), self._operand(it.a)
        target = self._contiguous("sum", it.loops) if it.add else out
        if it.b is None:
            if not it.sums:
                return [self._plain(it)]
            calls = self._total(it.loops, it.sums, target, a)
            if it.negate and not it.add:
                view = out.view(it.loops, range(len(it.loops)))
                calls.append(partial(np.negative, view, view))
        else:
            calls = self._product(it.loops, it.sums, target, a, self._operand(it.b))
        if it.add:
            into, more = (x.view(it.loops, range(len(it.loops))) for x in (out, target))
            calls.append(partial(np.subtract if it.negate else np.add, into, more, into))
        return calls

    def _plain(self, it: Contract) -> Call:
        """Out (+)= a or -a."""
        out, a = self._view(it.out, it.loops), self._operand(it.a).elements(it.loops)
        if it.add:
            return partial(np.subtract if it.negate else np.add, out, a, out)
        return partial(np.negative, a, out) if it.negate else partial(np.copyto, out, a)

    def _total(
        self, loops: tuple[int, ...], sums: tuple[int, ...], out: Operand, a: Operand
    ) -> list[Call]:
        """Out = the sum of a over the inner loops."""
        n = len(loops)
        if len(sums) == 1 and a.strides[n]:  # BLAS is faster than a reduction
            ones = self._ones if self._ones.size >= sums[0] else np.ones(sums[0])
            self._ones = ones
            return self._matmul(loops, sums, out, a, Operand(ones, 0, (0,) * n + (1,)))
        axes = tuple(range(n, n + len(sums)))
        view = out.view(loops, range(n))
        return [partial(np.add.reduce, a.view(loops + sums), axes, None, view)]

    def _product(
        self, loops: tuple[int, ...], sums: tuple[int, ...], out: Operand, a: Operand, b: Operand
    ) -> list[Call]:
        """Out = the sum of a * b over the inner loops."""
        n = len(loops)
        view = out.view(loops, range(n))
        if not sums:
            if len(loops) == 2 and _is_outer(a, b):
                return self._matmul(loops, (1,), out, _with_axis(a), _with_axis(b))
            return [partial(np.multiply, a.elements(loops), b.elements(loops), view)]
        for x, y in ((a, b), (b, a)):
            if not any(y.strides[n:]):  # y is a common factor
                total = self._contiguous("total", loops)
                calls = self._total(loops, sums, total, x)
                factors = total.view(loops), y.elements(loops)
                return [*calls, partial(np.multiply, *factors, view)]
        return self._matmul(loops, sums, out, a, b)

    def _matmul(
        self, loops: tuple[int, ...], sums: tuple[int, ...], out: Operand, a: Operand, b: Operand
    ) -> list[Call]:
        """Out = a @ b, one of the loops being the rows, one the columns, and the rest stacked."""
        calls: list[Call] = []
        a, b = (self._merged(x, name, loops, sums, calls) for x, name in ((a, "a"), (b, "b")))
        n, k = len(loops), prod(sums)
        only = {
            x: [i for i in range(n) if x.strides[i] and not y.strides[i]]
            for x, y in ((a, b), (b, a))
        }
        row, column = (max(only[x], key=loops.__getitem__, default=-1) for x in (a, b))
        if row >= 0 and column >= 0 and abs(out.strides[row]) < abs(out.strides[column]):
            a, b, row, column = b, a, column, row
        stack = [i for i in range(n) if i not in (row, column)]
        if not stack:
            rows, columns = ([i] if i >= 0 else [] for i in (row, column))
        else:
            rows, columns = [row], [column]

        def shape(*axes: list[int]) -> list[int]:
            sizes = [*loops, k]
            return [1 if i < 0 else sizes[i] for group in axes for i in group]

        views = (
            a.view(shape(stack, rows, [n]), [*stack, *rows, n]),
            b.view(shape(stack, [n], columns), [*stack, n, *columns]),
            out.view(shape(stack, rows, columns), [*stack, *rows, *columns]),
        )
        multiply = np.matmul if stack or not views[2].flags.c_contiguous else np.dot
        return [*calls, partial(multiply, *views)]

    def _merged(
        self,
        x: Operand,
        name: str,
        loops: tuple[int, ...],
        sums: tuple[int, ...],
        calls: list[Call],
    ) -> Operand:
        """An operand with its inner loops as one; a copy where they are not one stretch."""
        n = len(loops)
        inner = x.strides[n:]
        if all(s == size * t for s, size, t in zip(inner, sums[1:], inner[1:], strict=False)):
            return Operand(x.array, x.base, (*x.strides[:n], inner[-1]))
        moving = [i for i in range(n) if x.strides[i]]
        axes = [*moving, *range(n, n + len(sums))]
        copy = self.scratch(name, tuple((loops + sums)[i] for i in axes))
        calls.append(partial(np.copyto, copy, x.view(copy.shape, axes)))
        strides = [0] * n
        for axis, stride in zip(moving, copy.strides, strict=False):
            strides[axis] = stride // 8
        return Operand(copy, 0, (*strides, 1))


def _is_outer(a: Operand, b: Operand) -> bool:
    """Whether these move in one loop each, of two."""
    moving = [[bool(stride) for stride in x.strides] for x in (a, b)]
    return moving in ([[True, False], [False, True]], [[False, True], [True, False]])


def _with_axis(x: Operand) -> Operand:
    """An operand with one more inner loop, of one step."""
    return Operand(x.array, x.base, (*x.strides, 1))


def _assign(target: NDArray[Any], value: NDArray[Any], where: Any = True) -> Call:
    return partial(np.copyto, target, value, where=where)


def _pointwise(function: Callable[..., Any], out: Doubles, *operands: Doubles) -> None:
    """A function in Python, element by element."""
    out[...] = function(*operands)


def _function_of_user(code: int, part: int, n: int) -> Callable[..., Any]:
    """The value (part 0) or a partial of an operation that a user made, of n operands or fewer."""
    function = kernels.FUNCTIONS[code]
    pointwise: Callable[..., Any] = np.frompyfunc(
        (lambda x: function(x, 0.0)[part]) if n == 1 else (lambda *xs: function(*xs)[part]), n, 1
    )
    return pointwise
