"""Operations on arrays written down as ints, to be run in C one after the other.

A scalar program makes many operations on small arrays, where NumPy takes ten times as long to begin
as to compute. Large products stay with it, as BLAS is faster there, and so do functions of which it
has a faster version for many numbers.
"""

from __future__ import annotations

from array import array
from functools import partial
from itertools import groupby
from math import prod

import numpy as np

from autograd_lite._pure import is_compiled
from autograd_lite.compiler.run.special_functions import FUNCTIONS

try:
    from autograd_lite.compiler.run import _native
except ImportError:  # it needs a C compiler that knows vectors, and 64 bits
    IN_C = False
else:
    IN_C = is_compiled()

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any

    from numpy.typing import NDArray

    from autograd_lite.compiler.run.numpy_calls import Operation

__all__ = ["compile_calls"]

# What native.h calls functions: "?" marks a condition as its result, " int" arrays of ints.
_CODES = {name: code for code, name in enumerate(_native.FUNCTIONS if IN_C else ())}

# So many numbers, and so many multiplications, are the most that are not left to NumPy.
_SLOW = {"power", "arctan2", *(_native.LIBM if IN_C else ())} - FUNCTIONS.keys()
MAX_NUMBERS = dict.fromkeys(_SLOW, 64)
MAX_PRODUCTS = 1 << 16


def compile_calls(operations: Iterable[Operation]) -> Callable[[], object]:
    """What runs the operations: in C those that can be written down, and NumPy the others."""
    made: list[Callable[[], object]] = []
    written = [(each, _written(each) if IN_C else None) for each in operations]
    for in_c, group in groupby(written, lambda pair: pair[1] is not None):
        some = list(group)
        if in_c:
            rows = array("q", [number for _, row in some for number in row or ()])
            made.append(partial(_native.run, rows, [each for each, _ in some]))
            if len(some) == len(written):
                return made[0]
        else:
            made += [each.in_numpy() for each, _ in some]
    return partial(_one_after_the_other, made)


def _one_after_the_other(calls: Iterable[Callable[[], object]]) -> None:
    with np.errstate(all="ignore"):
        for call in calls:
            call()


def _written(operation: Operation) -> list[int] | None:
    """The call_t of native.h; None for what is left to NumPy."""
    name, out, operands = operation.function, operation.out, operation.operands
    types = " ".join(x.dtype.str[1:] for x in (out, *operands))
    if not isinstance(name, str):
        return None
    if name in ("take", "put", "add.at"):
        return _of_places(name, types, out, *operands)
    if set(types.split()) == {"i8"}:
        return _of_ints(name, out, *operands)
    if name == "copyto" and types == "f8 f8 b1":
        name = "copyto where"
    elif types == "b1 f8 f8":
        name = f"{name}?"
    elif set(types.split()) != {"f8"}:
        return None
    if name == "matmul":
        return _product(out, *operands)
    if name in ("add.reduce", "maximum.reduce"):
        return _reduction(name, out, *operands)
    if name not in _CODES or out.size > MAX_NUMBERS.get(name, out.size):
        return None
    arrays = [out, *[np.broadcast_to(x, out.shape) for x in operands]]
    sizes, steps = _nest(out.shape, [x.strides for x in arrays])
    return _row(name, sizes, *zip(arrays, steps, strict=True)) if len(sizes) <= 4 else None


def _of_places(
    name: str, types: str, out: NDArray[Any], x: NDArray[Any], places: NDArray[Any]
) -> list[int] | None:
    if not all(array.flags.c_contiguous for array in (out, x, places)):
        return None
    if name == "take" and types == "i8 i8 i8":
        name = "take int"
    elif types != "f8 f8 i8":
        return None
    return _row(name, (places.size,), (out, (0,)), (x, (0,)), (places, (0,)))


def _of_ints(name: str, out: NDArray[Any], x: NDArray[Any], y: NDArray[Any]) -> list[int] | None:
    name = f"{name} int"
    if name not in _CODES or not out.flags.c_contiguous or not x.flags.c_contiguous:
        return None
    return _row(name, (out.size,), (out, (8,)), (x, (8,)), (y, (y.strides or (0,))))


def _row(
    name: str, sizes: Sequence[int], *operands: tuple[NDArray[Any], Sequence[int]]
) -> list[int]:
    """A call_t of these loops, and of arrays with the bytes by which each moves in them."""
    missing = 4 - len(sizes)
    row = [_CODES[name], *[1] * missing, *sizes]
    operands = (*operands, *operands[-1:] * (3 - len(operands)))
    row += [array.__array_interface__["data"][0] for array, _ in operands]
    for _, steps in operands:
        row += [*[0] * missing, *steps]
    return row


def _nest(
    shape: Sequence[int], strides: Sequence[Sequence[int]]
) -> tuple[tuple[int, ...], list[tuple[int, ...]]]:
    """The loops through arrays of this shape, those that are one stretch in all of them as one.

    Returns the sizes, and the bytes by which each array moves.
    """
    loops: list[tuple[int, tuple[int, ...]]] = []
    for size, steps in zip(shape, zip(*strides, strict=True), strict=True):
        if size == 1:
            continue
        if loops and loops[-1][1] == tuple(size * step for step in steps):
            loops[-1] = loops[-1][0] * size, steps
        else:
            loops.append((size, steps))
    sizes, moves = zip(*loops, strict=True) if loops else ((), ())
    return sizes, [tuple(steps[i] for steps in moves) for i in range(len(strides))]


def _reduction(name: str, out: NDArray[Any], a: NDArray[Any]) -> list[int] | None:
    """Of a the last loops, which out has not."""
    n = out.ndim
    inner, (step,) = _nest(a.shape[n:], [a.strides[n:]])
    sizes, (to, of_a) = _nest(out.shape, [out.strides, a.strides[:n]])
    if len(inner) > 1 or len(sizes) > 3 or prod(inner) > _native.LONGEST_SUM:
        return None
    if not inner:
        inner, step = (1,), (0,)
    return _row(name, (*sizes, *inner), (out, (*to, 0)), (a, (*of_a, *step)))


def _product(out: NDArray[Any], a: NDArray[Any], b: NDArray[Any]) -> list[int] | None:
    """out = a @ b, either of which may be a vector; out may be turned, and a and b change places.

    Eight columns are computed at once, from a panel of b: a copy, unless they lie side by side.
    """
    if a.ndim == 1:
        a, out = a[None], np.expand_dims(out, -1 if b.ndim == 1 else -2)
        if b.ndim == 1:
            out = out[..., None]
    elif b.ndim == 1:
        out = out[..., None]
    b = b[:, None] if b.ndim == 1 else b
    stack = out.shape[:-2]
    a, b = (np.broadcast_to(x, stack + x.shape[-2:]) for x in (a, b))
    sizes, steps = _nest(stack, [x.strides[:-2] for x in (out, a, b)])
    n = a.shape[-1]
    if len(sizes) > 1 or out.size * n > MAX_PRODUCTS or n > _native.LONGEST_SUM:
        return None
    turned = tuple(x.swapaxes(-1, -2) for x in (out, b, a))
    if _cost(*turned) < _cost(out, a, b):
        out, a, b = turned
        steps = [steps[0], steps[2], steps[1]]
    if not sizes:
        sizes, steps = (1,), [(0,), (0,), (0,)]
    (down, along), (of_row, inner), (of_inner, of_column) = (x.strides[-2:] for x in (out, a, b))
    return _row(
        "matmul",
        (*sizes, *out.shape[-2:], n),
        (out, (*steps[0], down, along, 0)),
        (a, (*steps[1], of_row, 0, inner)),
        (b, (*steps[2], 0, of_column, of_inner)),
    )


def _cost(out: NDArray[Any], a: NDArray[Any], b: NDArray[Any]) -> float:
    """About how long one of the stack takes, in numbers that are moved one by one."""
    rows, (n, columns) = a.shape[-2], b.shape[-2:]
    if columns == 1:
        return float(rows * (n / 4 + 4 if a.strides[-1] == b.strides[-2] == 8 else n + 4))
    stored = 0 if out.strides[-1] == 8 else rows * columns
    copied = columns % _native.LANES if b.strides[-1] == 8 else columns
    return float(n * copied + stored + n * rows / 4 * -(-columns // _native.LANES))
