"""Instructions as operations on views of one memory, bound once and then only run."""

from __future__ import annotations

from array import array
from functools import partial
from math import prod

import numpy as np

from autograd_lite.compiler.lift.instructions import (
    Contraction,
    Elementwise,
    Gather,
    IndexTable,
    Ref,
    RowMax,
    Scatter,
    ScatterAdd,
    SegmentSum,
    Take,
    Zero,
    ZeroPadding,
)
from autograd_lite.compiler.run.operations import Operation
from autograd_lite.compiler.run.special_functions import polygamma
from autograd_lite.compiler.run.ufuncs import RESULT, steps_of
from autograd_lite.operations import kernels

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any, TypeAlias

    from numpy.typing import NDArray

    from autograd_lite.compiler.lift.instructions import Instruction
    from autograd_lite.compiler.tape.executor import UserResults
    from autograd_lite.compiler.tape.ranges import Ints

    Doubles: TypeAlias = NDArray[np.float64]

__all__ = ["Binder", "Operation"]


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
    """Makes operations of instructions.

    memory        [size] doubles
    indices       [tape.indices] the ints of the run
    user_results  what the operations of users give
    """

    def __init__(self, memory: Doubles, indices: Ints, user_results: UserResults) -> None:
        self.memory, self.indices, self.user_results = memory, indices, user_results
        self._scratch: dict[str, NDArray[Any]] = {}
        self._ones = np.ones(0)

    def bind(self, instructions: Iterable[Instruction]) -> list[Operation]:
        return [call for instruction in instructions for call in self._bind(instruction)]

    def _bind(self, instruction: Instruction) -> list[Operation]:
        match instruction:
            case Contraction():
                return self._contract(instruction)
            case Elementwise():
                return self._map(instruction)
            case RowMax():
                return self._largest(instruction)
            case Gather(base, table):
                return [self._take(table, self._slice(base, table.size))]
            case Scatter(base, table, add):
                return [self._scatter(self._slice(base, table.size), table, add)]
            case SegmentSum():
                return self._segment_sum(instruction)
            case Zero(base, size):
                return [Operation("copyto", self._slice(base, size), (np.zeros(()),))]
            case ZeroPadding(base, holes):
                return [Operation("copyto", self._slice(base, len(holes)), (np.zeros(()), holes))]
            case Take(base, lookup):
                calls, array, where = self._addresses(lookup)
                out = self._slice(base, len(lookup.slots))
                return [*calls, Operation("take", out, (array, where))]
            case ScatterAdd(source, lookup):
                calls, array, where = self._addresses(lookup)
                more, values = self._read(source, "t0")
                return [*calls, *more, Operation("add.at", array, (values, where))]

    # --------------------------------------------------------------------------- memory

    def _operand(self, ref: Ref) -> Operand:
        return Operand(self.memory, ref.base, ref.strides)

    def _view(self, ref: Ref, shape: tuple[int, ...]) -> Doubles:
        return Operand(self.memory, ref.base, ref.strides[: len(shape)]).view(shape)

    def _slice(self, base: int, size: int) -> Doubles:
        return self.memory[base : base + size]

    def scratch(self, name: str, shape: tuple[int, ...], dtype: type = float) -> NDArray[Any]:
        """Room that an instruction may use until its last operation."""
        size = prod(shape)
        if name not in self._scratch or self._scratch[name].size < size:
            self._scratch[name] = np.empty(size, dtype)
        return self._scratch[name][:size].reshape(shape)

    def _contiguous(self, name: str, shape: tuple[int, ...]) -> Operand:
        array = self.scratch(name, shape)
        return Operand(array, 0, tuple(s // 8 for s in array.strides))

    def _take(self, table: Ints, out: Doubles) -> Operation:
        # From no more of the memory than needed: NumPy copies what overlaps.
        low, high = int(table.min()), int(table.max())
        return Operation("take", out, (self.memory[low : high + 1], table - low))

    def _read(self, table: Ints, name: str) -> tuple[list[Operation], Doubles]:
        """The operations that make an array of the numbers at these addresses, and the array."""
        if (np.diff(table) == 1).all():
            return [], self._slice(int(table[0]), len(table))
        out = self.scratch(name, table.shape)
        return [self._take(table, out)], out

    def _scatter(self, values: Doubles, table: Ints, add: bool) -> Operation:
        step = int(table[1] - table[0]) if len(table) > 1 else 1
        if (np.diff(table) == step).all():
            out = Operand(self.memory, int(table[0]), (step,)).view(table.shape)
            return (
                Operation("add", out, (out, values)) if add else Operation("copyto", out, (values,))
            )
        return Operation("add.at" if add else "put", self.memory, (values, table))

    def _segment_sum(self, it: SegmentSum) -> list[Operation]:
        out = self._slice(it.base, len(it.starts))
        a = self.scratch("t0", it.a.shape)
        calls = [self._take(it.a, a)]
        if it.b is not None:
            b = self.scratch("t1", it.b.shape)
            calls += [self._take(it.b, b), Operation("multiply", a, (a, b))]
        return [*calls, Operation("add.reduceat", out, (a, it.starts))]

    def _addresses(self, lookup: IndexTable) -> tuple[list[Operation], Doubles, Ints]:
        """The operations that work out the places of a lookup, the array they are in, and them."""
        n, among = len(lookup.slots), lookup.among
        where = np.empty(n, np.int64)
        calls: list[Operation] = [
            Operation("take", where, (self.indices, lookup.slots)),
            Operation("remainder", where, (where, np.array(among))),
        ]
        if lookup.table is not None:
            low, high = int(lookup.table.min()), int(lookup.table.max())
            table, place = (lookup.table - low).ravel(), np.empty(n, np.int64)
            calls += [
                Operation("add", place, (where, np.arange(n) * among)),
                Operation("take", where, (table, place)),
            ]
        else:
            ends = np.concatenate([lookup.first, lookup.first + lookup.step * (among - 1)])
            low, high = int(ends.min()), int(ends.max())
            calls += [
                Operation("multiply", where, (where, np.array(lookup.step))),
                Operation("add", where, (where, lookup.first - low)),
            ]
        return calls, self.memory[low : high + 1], where

    def _largest(self, it: RowMax) -> list[Operation]:
        rows = self._operand(it.a).view(it.loops + it.sums)
        return [Operation("maximum.reduce", self._view(it.out, it.loops), (rows,))]

    # ------------------------------------------------------------------------ elementwise

    def _map(self, it: Elementwise) -> list[Operation]:
        arrays: dict[str, NDArray[Any]] = {
            name: self._operand(ref).elements(it.loops) for name, ref in it.operands.items()
        }
        out = self._view(it.out, it.loops)
        if it.formula.part >= 0:
            code, part = it.formula.code, it.formula.part
            *given, places = [np.broadcast_to(arrays[x], out.shape) for x in it.formula.names]
            if part == 0:
                call = partial(_call_user, code, self.user_results)
                return [Operation(call, out, (places, *given))]
            return [Operation(partial(_read, part, self.user_results), out, (places,))]
        arrays[RESULT] = out

        def array(operand: str | float) -> NDArray[Any]:
            if isinstance(operand, float):
                return np.array(operand)
            if operand not in arrays:
                dtype = bool if operand[0] == "c" else float
                arrays[operand] = self.scratch(operand, it.loops, dtype)
            return arrays[operand]

        calls = []
        for name, operands, target in steps_of(it.formula.tree):
            if name == "polygamma":
                order, x = operands
                calls.append(Operation(partial(polygamma, order), array(target), (array(x),)))
            else:
                calls.append(Operation(name, array(target), tuple(map(array, operands))))
        return calls

    # ------------------------------------------------------------------------ contractions

    def _contract(self, it: Contraction) -> list[Operation]:
        out, a = self._operand(it.out), self._operand(it.a)
        target = self._contiguous("sum", it.loops) if it.add else out
        if it.b is None:
            if not it.sums:
                return [self._plain(it)]
            calls = self._total(it.loops, it.sums, target, a)
            if it.negate and not it.add:
                view = out.view(it.loops, range(len(it.loops)))
                calls.append(Operation("negative", view, (view,)))
        else:
            calls = self._product(it.loops, it.sums, target, a, self._operand(it.b))
        if it.add:
            into, more = (x.view(it.loops, range(len(it.loops))) for x in (out, target))
            calls.append(Operation("subtract" if it.negate else "add", into, (into, more)))
        return calls

    def _plain(self, it: Contraction) -> Operation:
        """Out (+)= a or -a."""
        out, a = self._view(it.out, it.loops), self._operand(it.a).elements(it.loops)
        if it.add:
            return Operation("subtract" if it.negate else "add", out, (out, a))
        return Operation("negative" if it.negate else "copyto", out, (a,))

    def _total(
        self, loops: tuple[int, ...], sums: tuple[int, ...], out: Operand, a: Operand
    ) -> list[Operation]:
        """Out = the sum of a over the inner loops."""
        n = len(loops)
        if len(sums) == 1 and a.strides[n]:  # BLAS is faster than a reduction
            ones = self._ones if self._ones.size >= sums[0] else np.ones(sums[0])
            self._ones = ones
            return self._matmul(loops, sums, out, a, Operand(ones, 0, (0,) * n + (1,)))
        return [Operation("add.reduce", out.view(loops, range(n)), (a.view(loops + sums),))]

    def _product(
        self, loops: tuple[int, ...], sums: tuple[int, ...], out: Operand, a: Operand, b: Operand
    ) -> list[Operation]:
        """Out = the sum of a * b over the inner loops."""
        n = len(loops)
        view = out.view(loops, range(n))
        if not sums:
            if len(loops) == 2 and _is_outer(a, b):
                return self._matmul(loops, (1,), out, _with_axis(a), _with_axis(b))
            return [Operation("multiply", view, (a.elements(loops), b.elements(loops)))]
        for x, y in ((a, b), (b, a)):
            if not any(y.strides[n:]):  # y is a common factor
                total = self._contiguous("total", loops)
                calls = self._total(loops, sums, total, x)
                factors = total.view(loops), y.elements(loops)
                return [*calls, Operation("multiply", view, factors)]
        return self._matmul(loops, sums, out, a, b)

    def _matmul(
        self, loops: tuple[int, ...], sums: tuple[int, ...], out: Operand, a: Operand, b: Operand
    ) -> list[Operation]:
        """Out = a @ b, one of the loops being the rows, one the columns, and the rest stacked."""
        calls: list[Operation] = []
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
        )
        out_view = out.view(shape(stack, rows, columns), [*stack, *rows, *columns])
        return [*calls, Operation("matmul", out_view, views)]

    def _merged(
        self,
        x: Operand,
        name: str,
        loops: tuple[int, ...],
        sums: tuple[int, ...],
        calls: list[Operation],
    ) -> Operand:
        """An operand with its inner loops as one; a copy where they are not one stretch."""
        n = len(loops)
        inner = x.strides[n:]
        if all(s == size * t for s, size, t in zip(inner, sums[1:], inner[1:], strict=False)):
            return Operand(x.array, x.base, (*x.strides[:n], inner[-1]))
        moving = [i for i in range(n) if x.strides[i]]
        axes = [*moving, *range(n, n + len(sums))]
        copy = self.scratch(name, tuple((loops + sums)[i] for i in axes))
        calls.append(Operation("copyto", copy, (x.view(copy.shape, axes),)))
        strides = [0] * n
        for axis, stride in zip(moving, copy.strides, strict=False):
            strides[axis] = stride // 8
        return Operand(copy, 0, (*strides, 1))


def _is_outer(a: Operand, b: Operand) -> bool:
    """True if a moves in one of two loops only, and b in the other."""
    moving = [[bool(stride) for stride in x.strides] for x in (a, b)]
    return moving in ([[True, False], [False, True]], [[False, True], [True, False]])


def _with_axis(x: Operand) -> Operand:
    """An operand with one more inner loop, of one step."""
    return Operand(x.array, x.base, (*x.strides, 1))


def _call_user(
    code: int, results: UserResults, out: Doubles, places: Doubles, *operands: Doubles
) -> None:
    """out = an operation that a user made, element by element; its partials are kept, too."""
    if not results.known:
        rows = zip(*[x.ravel().tolist() for x in (places, *operands)], strict=True)
        for place, *xs in rows:
            start = int(place)
            found = array("d", kernels.call_of_user(code, xs))
            results.numbers[start : start + len(found)] = found
    _read(0, results, out, places)


def _read(part: int, results: UserResults, out: Doubles, places: Doubles) -> None:
    """out = the value or a partial of an operation that a user made, from where a run keeps it."""
    out[...] = np.frombuffer(results.numbers)[places.astype(np.int64) + part]
