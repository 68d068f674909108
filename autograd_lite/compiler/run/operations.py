"""Operations on views of one memory: each as a call of NumPy, and most of them as a row for C."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import groupby
from typing import Any, NamedTuple

import numpy as np

from autograd_lite.compiler.run import native
from autograd_lite.compiler.run.special_functions import FUNCTIONS, OF_AN_ORDER

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

__all__ = ["Operation", "Rows", "compile_calls", "operation"]


class _Function(NamedTuple):
    """What an operation does.

    in_numpy  given out and the operands, the call of NumPy: a function without arguments
    in_c      given the function's name, out and the operands, a row of ints for `native.h`; None
              where NumPy is faster, or alone knows the function
    """

    in_numpy: Callable[..., Callable[[], object]]
    in_c: Callable[..., list[int] | None] = native.elementwise


def _reduced(ufunc: np.ufunc, out: NDArray[Any], x: NDArray[Any]) -> Callable[[], object]:
    """The reduction over the last axes, those that out has not."""
    return partial(ufunc.reduce, x, tuple(range(out.ndim, x.ndim)), None, out)


def _product(out: NDArray[Any], x: NDArray[Any], y: NDArray[Any]) -> Callable[[], object]:
    if out.ndim <= 2 and out.flags.c_contiguous:
        return partial(np.dot, x, y, out)
    return partial(np.matmul, x, y, out)


def _pointwise(function: Callable[..., Any], out: NDArray[Any], x: NDArray[Any]) -> None:
    out[...] = function(x)


# By name; all others are ufuncs of NumPy.
_FUNCTIONS = {
    "copyto": _Function(lambda out, x, *where: partial(np.copyto, out, x, "same_kind", *where)),
    # All places are within bounds; in this mode NumPy needs no copy of out.
    "take": _Function(
        lambda out, x, places: partial(x.take, places, None, out, "clip"), native.moved
    ),
    "put": _Function(lambda out, x, places: partial(np.put, out, places, x), native.moved),
    "add.at": _Function(lambda out, x, places: partial(np.add.at, out, places, x), native.moved),
    "add.reduceat": _Function(
        lambda out, x, starts: partial(np.add.reduceat, x, starts, 0, None, out),
        lambda *_: None,
    ),
    "add.reduce": _Function(partial(_reduced, np.add), native.reduction),
    "maximum.reduce": _Function(partial(_reduced, np.maximum), native.reduction),
    "matmul": _Function(_product, native.product),
    # NumPy 2.4 negates some strided arrays as if they were contiguous.
    "negative": _Function(lambda out, x: partial(np.multiply, x, -1.0, out)),
} | {
    name: _Function(partial(partial, _pointwise, function)) for name, function in FUNCTIONS.items()
}


class Operation(NamedTuple):
    """out = function(*operands), the operands being arrays.

    function  the name of a ufunc of NumPy, or "copyto" (x, and perhaps where), "take" (x, places),
              "put" and "add.at" (x, places in out), "add.reduceat" (x, starts), "add.reduce" and
              "maximum.reduce" (x, over the last axes), "matmul"; or a function in Python of out and
              the operands
    """

    function: str | Callable[..., object]
    out: NDArray[Any]
    operands: tuple[NDArray[Any], ...]

    def in_numpy(self) -> Callable[[], object]:
        """A function without arguments that does the operation in NumPy."""
        function, out, operands = self
        if not isinstance(function, str):
            return partial(function, out, *operands)
        if function in _FUNCTIONS:
            return _FUNCTIONS[function].in_numpy(out, *operands)
        return partial(getattr(np, function), *operands, out=out)

    def in_c(self) -> list[int] | None:
        """A row of ints for `native.h`; None for an operation that is left to NumPy."""
        function, out, operands = self
        if not native.IN_C or not isinstance(function, str):
            return None
        write = _FUNCTIONS[function].in_c if function in _FUNCTIONS else native.elementwise
        return write(function, out, *operands)


class Rows(NamedTuple):
    """Rows of ints for C, which have the addresses of arrays of the owners."""

    rows: list[int]
    owners: object

    def in_c(self) -> list[int]:
        return self.rows


def operation(
    name: str, out: NDArray[Any], operands: Sequence[Any], array: Callable[[Any], NDArray[Any]]
) -> Operation:
    """out = name(*operands); `array` gives the array of an operand."""
    if name in OF_AN_ORDER:
        order, x = operands
        return Operation(partial(OF_AN_ORDER[name], order), out, (array(x),))
    return Operation(name, out, tuple(map(array, operands)))


def compile_calls(operations: Iterable[Operation | Rows]) -> Callable[[], object]:
    """A function without arguments that does the operations, those in a row in C by one call."""
    calls: list[Callable[[], object]] = []
    written = [(it, it.in_c()) for it in operations]
    for in_c, group in groupby(written, lambda pair: pair[1] is not None):
        some = list(group)
        if in_c:
            rows = [number for _, row in some for number in row or ()]
            calls.append(native.runner(rows, [it for it, _ in some]))
            if len(some) == len(written):
                return calls[0]
        else:
            calls += [it.in_numpy() for it, _ in some if isinstance(it, Operation)]
    return partial(_one_after_the_other, calls)


def _one_after_the_other(calls: Iterable[Callable[[], object]]) -> None:
    with np.errstate(all="ignore"):
        for call in calls:
            call()
