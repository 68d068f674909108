"""Operations written down as rows of ints, which `native.h` runs one after the other.

A scalar program makes many operations on small arrays, where NumPy takes ten times as long to begin
as to compute. Large products stay with NumPy, as BLAS is faster there, and so do functions of which
NumPy has a faster version for many numbers.
"""

from __future__ import annotations

from array import array
from functools import partial
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
    from collections.abc import Callable, Sequence
    from typing import Any

    from numpy.typing import NDArray

    from autograd_lite.compiler.tape.ranges import Ints

__all__ = [
    "CODES",
    "IN_C",
    "LIBM",
    "MANY",
    "MAX_DOT",
    "MAX_NUMBERS",
    "MAX_PRODUCTS",
    "MAX_SUM",
    "ROW",
    "collect",
    "elementwise",
    "is_in_c",
    "long_stretches_of",
    "moved",
    "moving",
    "product",
    "reduction",
    "repetition",
    "runner",
    "stretches_of",
]

# The names in native.h: "?" marks a condition whose result is bytes, " int" a function of ints.
CODES = {name: code for code, name in enumerate(_native.FUNCTIONS if IN_C else ())}
LIBM = _native.LIBM if IN_C else []  # those that call the C library

ROW = 23  # ints of a row

# Larger arrays, longer sums and larger products are left to NumPy.
MANY = dict.fromkeys({"power", "arctan2", *LIBM} - FUNCTIONS.keys(), 64)
MAX_NUMBERS = MANY | dict.fromkeys(("log", "log1p", "tanh"), 512)
MAX_SUM = _native.LONGEST_SUM if IN_C else 0
MAX_PRODUCTS = 1 << 19
MAX_DOT = 1 << 14  # of one column, which needs no panel

SHORT = 4  # numbers in a row, on average, that are read as fast by their addresses


def runner(rows: list[int], owners: object) -> Callable[[], object]:
    """A function without arguments that runs the rows, one after the other.

    owners  keep the arrays alive whose addresses stand in the rows
    """
    return partial(_native.run, array("q", rows), owners)


def is_in_c(name: str, count: int) -> bool:
    """True if a function of so many numbers is known in C, and NumPy is not much faster."""
    return name in CODES and count <= MANY.get(name, count)


def repetition(rows: list[int], turns: int) -> list[int]:
    """The rows of so many turns of other rows, each time moved on."""
    header = [CODES["repeat"], len(rows) // ROW, turns]
    return [*header, *[0] * (ROW - len(header)), *rows]


def moving(first: list[int] | None, second: list[int] | None) -> list[int] | None:
    """The row of a call in a repetition, given those of its first and second turn."""
    if first is None or second is None:
        return None
    arrays = slice(5, 8)
    row = list(first)
    row[-3:] = [y - x for x, y in zip(first[arrays], second[arrays], strict=True)]
    assert first[:5] + first[8:] == second[:5] + second[8:]
    return row


def stretches_of(addresses: Ints) -> array[int]:
    """[2 n] Of each stretch of addresses that follow one another the first, and their number; or
    the addresses as "i", where stretches are short.
    """
    found = long_stretches_of(addresses)
    if SHORT * len(found) > 2 * len(addresses) > 0 and addresses.max() < 1 << 31:
        return array("i", addresses.tolist())
    return found


def long_stretches_of(addresses: Ints) -> array[int]:
    """[2 n] Of each stretch of addresses that follow one another the first, and their number."""
    starts = np.flatnonzero(np.diff(addresses, prepend=-2) != 1)
    lengths = np.diff(starts, append=len(addresses))
    return array("q", np.stack([addresses[starts], lengths], 1).ravel().tolist())


def collect(numbers: array[float], places: array[int], out: array[float] | None = None) -> bool:
    """Write the numbers of some places to out, if there is one; True if all are finite.

    places  what `stretches_of` made of their addresses
    """
    if IN_C:
        return _native.collect(numbers, places, out)
    memory, end, finite = np.frombuffer(numbers), 0, True
    written = None if out is None else np.frombuffer(out)
    if places.typecode == "i":
        parts = [memory[np.frombuffer(places, np.intc)]]
    else:
        pairs = zip(places[::2], places[1::2], strict=True)
        parts = [memory[first : first + count] for first, count in pairs]
    for part in parts:
        finite = finite and bool(np.isfinite(part).all())
        if written is not None:
            written[end : end + len(part)] = part
        end += len(part)
    return finite


def elementwise(name: str, out: NDArray[Any], *operands: NDArray[Any]) -> list[int] | None:
    """The row of out = name(*operands), element by element."""
    types = _types(out, *operands)
    if set(types) == {"i8"}:
        return _of_ints(f"{name} int", out, *operands)
    if name == "copyto" and types == ["f8", "f8", "b1"]:
        name = "copyto where"
    elif types == ["b1", "f8", "f8"]:
        name = f"{name}?"
    elif set(types) != {"f8"}:
        return None
    if name not in CODES or out.size > MAX_NUMBERS.get(name, out.size):
        return None
    arrays = [out, *[np.broadcast_to(x, out.shape) for x in operands]]
    sizes, steps = _nest(out.shape, [x.strides for x in arrays])
    return _row(name, sizes, *zip(arrays, steps, strict=True)) if len(sizes) <= 4 else None


def moved(name: str, out: NDArray[Any], x: NDArray[Any], places: NDArray[Any]) -> list[int] | None:
    """The row of "take", "put" or "add.at"."""
    if not all(array.flags.c_contiguous for array in (out, x, places)):
        return None
    types = _types(out, x, places)
    if name == "take" and types == ["i8", "i8", "i8"]:
        name = "take int"
    elif types != ["f8", "f8", "i8"]:
        return None
    return _row(name, (places.size,), (out, (0,)), (x, (0,)), (places, (0,)))


def _of_ints(name: str, out: NDArray[Any], x: NDArray[Any], y: NDArray[Any]) -> list[int] | None:
    if name not in CODES or not out.flags.c_contiguous or not x.flags.c_contiguous:
        return None
    return _row(name, (out.size,), (out, (8,)), (x, (8,)), (y, (y.strides or (0,))))


def _types(*arrays: NDArray[Any]) -> list[str]:
    return [x.dtype.str[1:] for x in arrays]


def _row(
    name: str, sizes: Sequence[int], *operands: tuple[NDArray[Any], Sequence[int]]
) -> list[int]:
    """A call_t with loops of these sizes, and with arrays and the bytes each moves by in a loop."""
    missing = 4 - len(sizes)
    row = [CODES[name], *[1] * missing, *sizes]
    operands = (*operands, *operands[-1:] * (3 - len(operands)))
    row += [array.__array_interface__["data"][0] for array, _ in operands]
    for _, steps in operands:
        row += [*[0] * missing, *steps]
    return [*row, *[0] * (ROW - len(row))]


def _nest(
    shape: Sequence[int], strides: Sequence[Sequence[int]]
) -> tuple[tuple[int, ...], list[tuple[int, ...]]]:
    """The loops through arrays of a shape, two as one where they are one stretch in all arrays.

    Returns the sizes of the loops, and of each array the bytes it moves by in each loop.
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


def reduction(name: str, out: NDArray[Any], a: NDArray[Any]) -> list[int] | None:
    """The row of a reduction over the last loops of a, those that out has not."""
    n = out.ndim
    inner, (step,) = _nest(a.shape[n:], [a.strides[n:]])
    sizes, (to, of_a) = _nest(out.shape, [out.strides, a.strides[:n]])
    if len(inner) > 1 or len(sizes) > 3 or prod(inner) > MAX_SUM:
        return None
    if not inner:
        inner, step = (1,), (0,)
    return _row(name, (*sizes, *inner), (out, (*to, 0)), (a, (*of_a, *step)))


def product(name: str, out: NDArray[Any], a: NDArray[Any], b: NDArray[Any]) -> list[int] | None:
    """The row of out = a @ b, either of which may be a vector.

    Eight columns are computed at once, from a panel of b: a copy, unless they lie side by side. So
    the product is turned, b.T @ a.T, if that costs less.
    """
    if b.ndim == 1:
        b, out = b[:, None], out[..., None]
    if a.ndim == 1:
        a, out = a[None], np.expand_dims(out, -2)
    stack = out.shape[:-2]
    a, b = (np.broadcast_to(x, stack + x.shape[-2:]) for x in (a, b))
    sizes, steps = _nest(stack, [x.strides[:-2] for x in (out, a, b)])
    n = a.shape[-1]
    turned = tuple(x.swapaxes(-1, -2) for x in (out, b, a))
    if _cost(*turned) < _cost(out, a, b):
        out, a, b = turned
        steps = [steps[0], steps[2], steps[1]]
    longest = MAX_SUM if b.shape[-1] > 1 else MAX_DOT
    if len(sizes) > 1 or out.size * n > MAX_PRODUCTS or n > longest:
        return None
    if not sizes:
        sizes, steps = (1,), [(0,), (0,), (0,)]
    (down, along), (of_row, inner), (of_inner, of_column) = (x.strides[-2:] for x in (out, a, b))
    return _row(
        name,
        (*sizes, *out.shape[-2:], n),
        (out, (*steps[0], down, along, 0)),
        (a, (*steps[1], of_row, 0, inner)),
        (b, (*steps[2], 0, of_column, of_inner)),
    )


def _cost(out: NDArray[Any], a: NDArray[Any], b: NDArray[Any]) -> float:
    """About how long one product of the stack takes; the unit is moving a number by itself."""
    rows, (n, columns) = a.shape[-2], b.shape[-2:]
    if columns == 1:
        return float(rows * (n / 4 + 4 if a.strides[-1] == b.strides[-2] == 8 else n + 4))
    stored = 0 if out.strides[-1] == 8 else rows * columns
    copied = columns % _native.LANES if b.strides[-1] == 8 else columns
    return float(n * copied + stored + n * rows / 4 * -(-columns // _native.LANES))
