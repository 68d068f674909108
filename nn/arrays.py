"""Arrays are nested lists or tuples of numbers and Values; NumPy arrays are read as such."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

from autograd_lite import Value, dot

Array: TypeAlias = Any
"""A number, a Value, or a sequence of Arrays of one shape."""


def nested(x: Array) -> Array:
    """The nested lists of a NumPy array; anything else as it is."""
    return x.tolist() if hasattr(x, "tolist") else x


def is_sequence(x: Array) -> bool:
    """Whether x has an axis, rather than being one number."""
    return isinstance(x, (list, tuple)) or bool(getattr(x, "shape", ()))


def shape(x: Array) -> tuple[int, ...]:
    """The length of each axis, read off the first element of each."""
    x = nested(x)
    if not is_sequence(x):
        return ()
    return (len(x), *shape(x[0])) if x else (0,)


def flat(x: Array) -> Iterator[Any]:
    """The numbers of x, row by row."""
    if is_sequence(x):
        for row in nested(x):
            yield from flat(row)
    else:
        yield x


def along_last_axis(
    function: Callable[[tuple[Any, ...]], Array], x: Array, size: int, layer: object
) -> Array:
    """function(row) for every row of the last axis of x, which must have this size.

    Raises ValueError naming the layer, what it expected and what it got.
    """
    x = nested(x)
    if is_sequence(x) and x and is_sequence(x[0]):
        return [along_last_axis(function, row, size, layer) for row in x]
    if not is_sequence(x) or len(x) != size:
        raise ValueError(f"{layer}: expected rows of {size} numbers, got shape {shape(x)}")
    return function(tuple(x))


def affine(weight: Array, bias: Array | None) -> Callable[[tuple[Any, ...]], list[Any]]:
    """The function x -> W x + b.

    The bias is the weight of one more input, 1, so that each output is one node.
    """
    if bias is None:
        return lambda x: [dot(row, x) for row in weight]
    rows = [(*row, b) for row, b in zip(weight, bias, strict=True)]

    def apply(x: tuple[Any, ...]) -> list[Any]:
        # Numbers only, or Values only: then no dot has to convert what the others share.
        x = (*x, Value(1.0) if x and isinstance(x[0], Value) else 1.0)
        return [dot(row, x) for row in rows]

    return apply
