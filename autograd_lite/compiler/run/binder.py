"""Groups of a plan as operations on views of one memory, bound once and then only run."""

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
    Scatter,
    ScatterAdd,
    SegmentSum,
    Take,
    ZeroPadding,
)
from autograd_lite.compiler.plan.groups import Loop, Repeat, Statement, turns_of
from autograd_lite.compiler.run import native
from autograd_lite.compiler.run.operations import Operation, Rows, operation
from autograd_lite.compiler.run.strips import Strips, in_strips
from autograd_lite.compiler.run.ufuncs import RESULT, steps_of
from autograd_lite.operations import kernels

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any, TypeAlias

    from numpy.typing import NDArray

    from autograd_lite.compiler.plan.groups import Group
    from autograd_lite.compiler.tape.executor import UserResults
    from autograd_lite.compiler.tape.ranges import Ints
    from autograd_lite.operations.formulas import Tree

    Doubles: TypeAlias = NDArray[np.float64]

__all__ = ["Binder"]


class Binder:
    """Makes operations of groups.

    memory        [size] doubles
    indices       [tape.indices] the ints of the run
    user_results  what the operations of users give
    """

    def __init__(self, memory: Doubles, indices: Ints, user_results: UserResults) -> None:
        self.memory, self.indices, self.user_results = memory, indices, user_results
        self._scratch: dict[str, NDArray[Any]] = {}
        self._ones = np.ones(0)
        self.strips = Strips(memory)

    def bind(self, groups: Iterable[Group]) -> list[Operation | Rows]:
        return [call for group in groups for call in self._bind(group)]

    def _bind(self, group: Group) -> Sequence[Operation | Rows]:
        match group:
            case Loop():
                return self._loop(group)
            case Repeat():
                return self._repeat(group)
            case Contraction():
                return self._contract(group)
            case Elementwise():
                return self._of_user(group)
            case Gather(base, table):
                return [self._take(table, self._slice(base, table.size))]
            case Scatter(base, table, add):
                return [self._scatter(self._slice(base, table.size), table, add)]
            case SegmentSum():
                return self._segment_sum(group)
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

    # ------------------------------------------------------------------------------ loops

    def _loop(self, loop: Loop) -> Sequence[Operation | Rows]:
        calls = in_strips(loop, self.strips) if native.IN_C else None
        if calls is None:
            calls = [call for it in loop.statements for call in self._statement(it, loop.sizes)]
        return calls

    def _repeat(self, repeat: Repeat) -> Sequence[Operation | Rows]:
        """The turns of a repetition in C, if all its groups are; else turn by turn."""
        body: list[int] = []
        owners: list[object] = []
        for group in repeat.groups if native.IN_C and repeat.count > 1 else ():
            if isinstance(group, Loop):
                calls = in_strips(group, self.strips, lead=1)
                written = [x.in_c() for x in calls] if calls else [None]
            else:
                first, second = (self._bind(x) for x in turns_of(Repeat(2, [group])))
                calls = [*first, *second]
                pairs = zip(first, second, strict=True)
                written = [native.moving(x.in_c(), y.in_c()) for x, y in pairs]
            if None in written:
                break
            body += [number for row in written for number in row or ()]
            owners.append(calls)
        else:
            if body:
                return [Rows(native.repetition(body, repeat.count), owners)]
        return self.bind(turns_of(repeat))

    def _statement(self, it: Statement, sizes: tuple[int, ...]) -> list[Operation]:
        """A statement of a loop, over all its places before the next statement."""
        kept = [i for i in range(len(sizes)) if i not in it.sums]
        order = [*kept, *it.sums]

        def view(ref: Ref, axes: list[int] = order) -> Doubles:
            if ref.base < 0:  # a number that this loop alone reads
                return self.scratch(f"n{-ref.base}", sizes).transpose(axes)
            strides = tuple(ref.strides[i] for i in axes)
            return self._view(Ref(ref.base, strides), tuple(sizes[i] for i in axes))

        arrays: dict[str, NDArray[Any]] = {name: view(ref) for name, ref in it.operands.items()}
        out, shape = view(it.out, kept), tuple(sizes[i] for i in order)
        if it.kind == "max":
            calls, x = self._value(it.tree, arrays, shape)
            return [*calls, Operation("maximum.reduce", out, (x,))]
        is_read = it.out in it.operands.values()  # until all is computed
        target = self.scratch("sum", out.shape) if it.add or is_read else out
        match it.kind, it.tree:
            case "map", _:
                calls = self._elementwise(it.tree, arrays, target, shape)
            case _, ("*", str() as a, str() as b) if a in arrays and b in arrays:
                calls = self._product(target, arrays[a], arrays[b])
            case _:
                calls, value = self._value(it.tree, arrays, shape)
                calls += self._total(target, value)
        if it.add:
            calls.append(Operation("add" if it.add > 0 else "subtract", out, (out, target)))
        elif is_read:
            calls.append(Operation("copyto", out, (target,)))
        return calls

    def _value(
        self, tree: Tree, arrays: dict[str, NDArray[Any]], sizes: tuple[int, ...]
    ) -> tuple[list[Operation], Doubles]:
        """The operations that compute a formula of arrays, and where its value is then."""
        if isinstance(tree, str) and tree in arrays:
            return [], arrays[tree]
        out = self.scratch("value", sizes)
        return self._elementwise(tree, arrays, out, sizes), out

    def _elementwise(
        self, tree: Tree, arrays: dict[str, NDArray[Any]], out: Doubles, sizes: tuple[int, ...]
    ) -> list[Operation]:
        """Out = a formula of arrays, element by element."""
        known = {**arrays, RESULT: out}

        def array(operand: str | float) -> NDArray[Any]:
            if isinstance(operand, float):
                return np.array(operand)
            if operand not in known:
                dtype = bool if operand[0] == "c" else float
                known[operand] = self.scratch(operand, sizes, dtype)
            return known[operand]

        return [
            operation(name, array(target), operands, array)
            for name, operands, target in steps_of(tree)
        ]

    def _of_user(self, it: Elementwise) -> list[Operation]:
        """The value, or a partial, of an operation that a user made."""
        code, part = it.formula.code, it.formula.part
        *given, places = [self._view(it.operands[name], it.loops) for name in it.formula.names]
        out = self._view(it.out, it.loops)
        if part == 0:
            call = partial(_call_user, code, self.user_results)
            return [Operation(call, out, (places, *given))]
        return [Operation(partial(_read, part, self.user_results), out, (places,))]

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
