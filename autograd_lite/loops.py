"""Loops whose body is recorded once and run as often as needed: scan and fori_loop, and repeat.

A plain `for` makes nodes at every step; these make one operation of the whole loop, whose
derivative is a loop backward. Here are the loops over a function and their xs; `repeat` and
`checkpoint`, which have a module each, are to be had here, too.
"""

from __future__ import annotations

import numpy as np

from autograd_lite.callables import name_of
from autograd_lite.checkpointing import checkpoint
from autograd_lite.compiler.samples import stacked
from autograd_lite.leaves import difference, leaves, number, put
from autograd_lite.repeating import repeat
from autograd_lite.step import as_int, is_whole, run
from autograd_lite.tree import children, rebuild
from autograd_lite.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

__all__ = ["checkpoint", "fori_loop", "repeat", "scan"]


def scan(
    f: Callable[[Any, Any], tuple[Any, Any]],
    init: Any,
    xs: Any = None,
    length: int | None = None,
    reverse: bool = False,
    *,
    checkpoint: bool | None = None,
) -> tuple[Any, Any]:
    """carry, ys of `for x in xs: carry, y = f(carry, x)`: JAX's `lax.scan`.

    f           function of carry and x that gives the carry after the step, and a y
    init        the carry before the first step: a number, or a container of numbers and Values
    xs          what is given to the steps: a list or an array, or a tuple or dict of such; None to
                give None to each of `length` steps
    reverse     True to go from the last x to the first
    checkpoint  False to keep the carry before every step for the gradient, True for every
                sqrt(T)-th, from which the others are computed again; by default as memory allows

    f is called on Values that stand for the numbers of the carry; that step is recorded, and run T
    times. At first f is called twice, to see that it does the same again, and once more when it is
    used the 2nd, 4th, 8th time, and so on. It may read Values from outside, which are parameters.
    The numbers are those of the unrolled loop, bit for bit, and the memory of the gradient is that
    of the carries. ys come as `vmap` gives results: as a list, or of arrays as an array; None if
    each y is None.

    Raises TypeError for a body that cannot be run again: that changes what it reads, that reads an
    iterator or a clock, that draws random numbers, or whose carry changes its form; ValueError for
    xs whose rows differ in form; and RuntimeError where a decision on a number
    goes another way than in the step that was recorded.
    """
    name = f"scan: {name_of(f)}"
    first, given, n = _given(name, xs, length, reverse)
    if n == 0:
        return init, []
    body = f if xs is not None else lambda carry, x: f(carry, None)
    step, (carry, ys) = run(name, f, body, init, first, (given, n, checkpoint))
    if not step.body.n_y:
        return carry, None if step.y is None else stacked([step.y] * n)
    return carry, stacked(ys[::-1] if reverse else ys)


def fori_loop(
    lower: int,
    upper: int,
    body_fun: Callable[[int, Any], Any],
    init_val: Any,
    *,
    checkpoint: bool | None = None,
) -> Any:
    """val of `for i in range(lower, upper): val = body_fun(i, val)`: JAX's `lax.fori_loop`.

    body_fun    function of the int i and the val before the step; `take(table, i)` is table[i]
    init_val    a number, or a container of numbers and Values
    checkpoint  as in `scan`, as everything else
    """
    first, last = as_int("fori_loop: lower", lower), as_int("fori_loop: upper", upper)
    if last <= first:
        return init_val

    def counting(carry: tuple[Any, Any], x: None) -> tuple[Any, Any]:
        i, val = carry
        return (i + 1, body_fun(i, val)), None

    name, init = f"fori_loop: {name_of(body_fun)}", (first, init_val)
    _, (carry, _) = run(name, body_fun, counting, init, (), ([], last - first, checkpoint))
    return carry[1]


# --------------------------------------------------------------------------- what steps are given


def _given(name: str, xs: Any, length: Any, reverse: bool) -> tuple[Any, list[Any], int]:
    """What stands for the x of any step; the numbers and Values of all, step by step; how many.

    Raises ValueError for rows of xs that do not all have the form of the first.
    """
    if xs is None:
        if length is None:
            raise TypeError(f"{name}: give xs, or the length of the loop")
        length = as_int(f"{name}: length", length)
        if length < 0:
            raise ValueError(f"{name}: length must be 0 or more, not {length}")
        return (), [], length
    arrays = _arrays(xs)
    quick = len({*map(len, arrays)}) == 1
    rows = _along(name, xs) if not quick else range(len(arrays[0]))
    n = len(rows)
    if length is not None and length != n:
        raise ValueError(f"{name}: length is {length}, but there are {n} xs")
    if n == 0:
        return (), [], 0
    if quick:
        table = np.concatenate([x.reshape(n, -1) for x in arrays], axis=1)[:: -1 if reverse else 1]
        return _first(xs), table.ravel().tolist(), n
    _compare(name, rows)
    rows = rows[::-1] if reverse else rows
    given = [x for row in rows for x in leaves(row, name)]
    return _of_all(rows[0], given, n, name), given, n


def _arrays(xs: Any) -> list[Any]:
    """The arrays of numbers that xs are; none if they are anything else, too."""
    if isinstance(xs, np.ndarray):
        return [xs] if xs.ndim and xs.dtype.kind in "fiub" else []
    found = [] if isinstance(xs, list) else [_arrays(part) for part in children(xs)]
    return [x for part in found for x in part] if all(found) else []


def _first(xs: Any) -> Any:
    """The first row of arrays."""
    return xs[0] if isinstance(xs, np.ndarray) else rebuild(xs, [*map(_first, children(xs))])


def _compare(name: str, rows: Any) -> None:
    """Raise ValueError for rows of xs that do not all have the form of the first."""
    if {*map(type, rows)} <= {float, int, Value}:
        return
    for k, row in enumerate(rows):
        differs = difference(rows[0], row, f"row {k} of xs")
        if differs:
            raise ValueError(f"{name}: each row of xs must have the form of row 0: {differs}")


def _of_all(row: Any, given: list[Any], n: int, name: str) -> Any:
    """The first row, with a float for an int that is no int in each of the n rows."""
    first = list(leaves(row, name))
    columns = [given[k :: len(first)] for k in range(len(first))]
    found = [
        x if all(map(is_whole, column)) else number(x)
        for x, column in zip(first, columns, strict=True)
    ]
    mixed = any(is_whole(x) and not is_whole(y) for x, y in zip(first, found, strict=True))
    return put(row, found) if mixed else row


def _along(name: str, xs: Any) -> list[Any]:
    """The elements of lists and arrays; of tuples, dicts and dataclasses, those of each element."""
    if isinstance(xs, (list, np.ndarray)):
        return list(xs)
    parts = children(xs)
    if not parts:
        raise TypeError(f"{name}: xs must be a list or an array, not {type(xs).__name__}")
    columns = [_along(name, part) for part in parts]
    if len({*map(len, columns)}) > 1:
        lengths = ", ".join(str(len(column)) for column in columns)
        raise ValueError(f"{name}: the xs are of different lengths: {lengths}")
    return [rebuild(xs, list(row)) for row in zip(*columns, strict=True)]
