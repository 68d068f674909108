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
from autograd_lite.compiler.run.special_functions import OF_AN_ORDER
from autograd_lite.compiler.run.ufuncs import RESULT, steps_of
from autograd_lite.operations import kernels

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any, TypeAlias

    from numpy.typing import NDArray

    from autograd_lite.compiler.lift.instructions import Instruction
    from autograd_lite.compiler.tape.executor import UserResults
    from autograd_lite.compiler.tape.ranges import Ints

    Doubles: TypeAlias = NDArray[np.float64]

__all__ = ["Binder"]


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
                return self._elementwise(instruction)
            case RowMax(loops, sums, out, a):
                rows = (self._view(a, loops + sums),)
                return [Operation("maximum.reduce", self._view(out, loops), rows)]
            case Gather(base, table):
                return [self._take(table, self._slice(base, table.size))]
            case Scatter(base, table, add):
                return [self._scatter(self._slice(base, table.size), table, add)]
            case SegmentSum():
                return self._segment_sum(instruction)
            case Zero(base, size):
                return [Operation("copyto", self._slice(base, size), (np.zeros(()),))]
            case ZeroPadding(base, padding):
                padded = self._slice(base, len(padding))
                return [Operation("copyto", padded, (np.zeros(()), padding))]
            case Take(base, index_table):
                calls, array, where = self._addresses(index_table)
                taken = self._slice(base, len(index_table.slots))
                return [*calls, Operation("take", taken, (array, where))]
            case ScatterAdd(source, index_table):
                calls, array, where = self._addresses(index_table)
                more, values = self._read(source, "t0")
                return [*calls, *more, Operation("add.at", array, (values, where))]

    # --------------------------------------------------------------------------- memory

    def _view(self, ref: Ref, loops: tuple[int, ...]) -> Doubles:
        """The numbers that a ref goes to in these loops."""
        strides = tuple(8 * stride for stride in ref.strides[: len(loops)])
        return np.ndarray(loops, np.float64, self.memory, 8 * ref.base, strides)

    def _slice(self, base: int, size: int) -> Doubles:
        return self.memory[base : base + size]

    def scratch(self, name: str, shape: tuple[int, ...], dtype: type = float) -> NDArray[Any]:
        """Room that an instruction may use until its last operation."""
        size = prod(shape)
        if name not in self._scratch or self._scratch[name].size < size:
            self._scratch[name] = np.empty(size, dtype)
        return self._scratch[name][:size].reshape(shape)

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
            out = self._view(Ref(int(table[0]), (step,)), table.shape)
            if add:
                return Operation("add", out, (out, values))
            return Operation("copyto", out, (values,))
        return Operation("add.at" if add else "put", self.memory, (values, table))

    def _segment_sum(self, it: SegmentSum) -> list[Operation]:
        out = self._slice(it.base, len(it.starts))
        a = self.scratch("t0", it.a.shape)
        calls = [self._take(it.a, a)]
        if it.b is not None:
            b = self.scratch("t1", it.b.shape)
            calls += [self._take(it.b, b), Operation("multiply", a, (a, b))]
        return [*calls, Operation("add.reduceat", out, (a, it.starts))]

    def _addresses(self, it: IndexTable) -> tuple[list[Operation], Doubles, Ints]:
        """The operations that work out places in an array, the array, and those places [n]."""
        n, among, every = len(it.slots), it.among, it.addresses()
        low, high = int(every.min()), int(every.max())
        where = np.empty(n, np.int64)
        calls: list[Operation] = [
            Operation("take", where, (self.indices, it.slots)),
            Operation("remainder", where, (where, np.array(among))),
        ]
        if it.table is not None:
            place = np.empty(n, np.int64)
            calls += [
                Operation("add", place, (where, np.arange(n) * among)),
                Operation("take", where, (every - low, place)),
            ]
        else:
            calls += [
                Operation("multiply", where, (where, np.array(it.step))),
                Operation("add", where, (where, it.first - low)),
            ]
        return calls, self.memory[low : high + 1], where

    # ------------------------------------------------------------------------ elementwise

    def _elementwise(self, it: Elementwise) -> list[Operation]:
        arrays: dict[str, NDArray[Any]] = {
            name: self._view(ref, it.loops) for name, ref in it.operands.items()
        }
        out = self._view(it.out, it.loops)
        if it.formula.part >= 0:
            code, part = it.formula.code, it.formula.part
            *given, places = [arrays[name] for name in it.formula.names]
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
            if name in OF_AN_ORDER:
                order, x = operands
                call = partial(OF_AN_ORDER[name], order)
                calls.append(Operation(call, array(target), (array(x),)))
            else:
                calls.append(Operation(name, array(target), tuple(map(array, operands))))
        return calls

    # ------------------------------------------------------------------------ contractions

    def _contract(self, it: Contraction) -> list[Operation]:
        out, a = self._view(it.out, it.loops), self._view(it.a, it.loops + it.sums)
        add = "subtract" if it.negate else "add"
        if it.b is None and not it.sums:
            if it.add:
                return [Operation(add, out, (out, a))]
            return [Operation("negative" if it.negate else "copyto", out, (a,))]
        target = self.scratch("sum", it.loops) if it.add else out
        if it.b is None:
            calls = self._total(target, a)
        else:
            calls = self._product(target, a, self._view(it.b, it.loops + it.sums))
        if it.add:
            calls.append(Operation(add, out, (out, target)))
        elif it.negate:
            calls.append(Operation("negative", out, (out,)))
        return calls

    def _total(self, out: Doubles, a: Doubles) -> list[Operation]:
        """Out = the sum of a over its inner loops, those that out has not."""
        if a.ndim == out.ndim + 1 and a.strides[-1]:  # BLAS is faster than a reduction
            if self._ones.size < a.shape[-1]:
                self._ones = np.ones(a.shape[-1])
            return self._matmul(out, a, np.broadcast_to(self._ones[: a.shape[-1]], a.shape))
        return [Operation("add.reduce", out, (a,))]

    def _product(self, out: Doubles, a: Doubles, b: Doubles) -> list[Operation]:
        """Out = the sum of a * b over their inner loops, those that out has not."""
        n = out.ndim
        if a.ndim == n:
            if n == 2 and _is_outer(a, b):
                return self._matmul(
                    out, *(_strided(x, (*x.shape, 1), (*x.strides, 8)) for x in (a, b))
                )
            return [Operation("multiply", out, (a, b))]
        for x, y in ((a, b), (b, a)):
            if not any(y.strides[n:]):  # y is a common factor
                total = self.scratch("total", out.shape)
                factor = _along(y, range(n))
                return [*self._total(total, x), Operation("multiply", out, (total, factor))]
        return self._matmul(out, a, b)

    def _matmul(self, out: Doubles, a: Doubles, b: Doubles) -> list[Operation]:
        """Out = a @ b, one of the loops being the rows, one the columns, and the rest stacked."""
        calls: list[Operation] = []
        n = out.ndim
        a, b = self._merged(a, n, "a", calls), self._merged(b, n, "b", calls)
        row, column = (
            max(
                [i for i in range(n) if x.strides[i] and not y.strides[i]],
                key=out.shape.__getitem__,
                default=-1,
            )
            for x, y in ((a, b), (b, a))
        )
        if row >= 0 and column >= 0 and abs(out.strides[row]) < abs(out.strides[column]):
            a, b, row, column = b, a, column, row
        stack = [i for i in range(n) if i not in (row, column)]
        rows, columns = ([i] if i >= 0 or stack else [] for i in (row, column))
        factors = _along(a, [*stack, *rows, n]), _along(b, [*stack, n, *columns])
        return [*calls, Operation("matmul", _along(out, [*stack, *rows, *columns]), factors)]

    def _merged(self, x: Doubles, n: int, name: str, calls: list[Operation]) -> Doubles:
        """An operand with the loops after n as one; a copy where they are not one stretch."""
        shape, (sums, inner) = (*x.shape[:n], prod(x.shape[n:])), (x.shape[n:], x.strides[n:])
        if all(s == size * t for s, size, t in zip(inner, sums[1:], inner[1:], strict=False)):
            return _strided(x, shape, (*x.strides[:n], inner[-1]))
        moving = [i for i in range(n) if x.strides[i]]
        source = _along(x, [*moving, *range(n, x.ndim)])
        copy = self.scratch(name, source.shape)
        calls.append(Operation("copyto", copy, (source,)))
        strides = [0] * n
        for axis, stride in zip(moving, copy.strides, strict=False):
            strides[axis] = stride
        return _strided(copy, shape, (*strides, 8))


def _strided(x: Doubles, shape: Sequence[int], strides: Sequence[int]) -> Doubles:
    return np.lib.stride_tricks.as_strided(x, shape, strides)


def _along(x: Doubles, axes: Iterable[int]) -> Doubles:
    """A view of x in these of its axes only; -1 is a new axis of size 1."""
    shape, strides = (*x.shape, 1), (*x.strides, 0)
    return _strided(x, [shape[i] for i in axes], [strides[i] for i in axes])


def _is_outer(a: Doubles, b: Doubles) -> bool:
    """True if a moves in one of two loops only, and b in the other."""
    moving = [[bool(stride) for stride in x.strides] for x in (a, b)]
    return moving in ([[True, False], [False, True]], [[False, True], [True, False]])


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
