"""Arrays are nested lists or tuples of numbers and Values; NumPy arrays are read as such."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from numbers import Real
from typing import Any, TypeAlias

from autograd_lite import Value
from autograd_lite.value import Node

Array: TypeAlias = Any
"""A number, a Value, a range, or a list or tuple of Arrays of one shape."""

Vector: TypeAlias = tuple[Any, ...]
"""Numbers and Values."""


def nested(x: Array) -> Array:
    """The nested lists of a NumPy array; anything else as it is."""
    if hasattr(x, "nested"):  # an array of a compiled function
        return x.nested()
    return x.tolist() if hasattr(x, "tolist") else x


def is_sequence(x: Array) -> bool:
    """True if x has an axis, rather than being one number."""
    return isinstance(x, (list, tuple, range)) or bool(getattr(x, "shape", ()))


def depth(x: Array) -> int:
    """The number of axes of x, seen from its first element."""
    x = nested(x)
    return (1 + depth(x[0]) if x else 1) if is_sequence(x) else 0


_NUMBERS = {float, int, Value}  # what most rows hold


def shape(x: Array) -> tuple[int, ...]:
    """The length of each axis.

    Raises ValueError if its rows differ in shape, TypeError for what is no number.
    """
    x = nested(x)
    if not is_sequence(x):
        if not isinstance(x, (Value, Real)):
            raise TypeError(f"expected real numbers, got {type(x).__name__}")
        return ()
    types = set(map(type, x))
    if types <= _NUMBERS or all(issubclass(t, (float, int, Node)) for t in types):
        return (len(x),)
    shapes = set(map(shape, x))
    if len(shapes) > 1:
        raise ValueError(f"expected rows of one shape, got {sorted(shapes)}")
    return (len(x), *shapes.pop())


def is_array(x: Array) -> bool:
    """True if x is numbers in rows of one shape."""
    try:
        shape(x)
    except (TypeError, ValueError):
        return False
    return True


# ------------------------------------------------------------------------------ reshaping


def flat(x: Array) -> Iterator[Any]:
    """The numbers of x, row by row."""
    x = nested(x)
    if not is_sequence(x):
        yield x
    elif x and is_sequence(x[0]):
        for row in x:
            yield from flat(row)
    else:
        yield from _plain(x)


def _plain(row: Array) -> Array:
    """The row with Python's numbers in place of NumPy's, which round or wrap in their own type."""
    return list(map(nested, row)) if any(hasattr(t, "tolist") for t in set(map(type, row))) else row


def reshape(numbers: Iterable[Any], lengths: tuple[int, ...]) -> Array:
    """The array of this shape with these numbers, or arrays in their place, row by row."""
    numbers = iter(numbers)
    if not lengths:
        return next(numbers)
    if len(lengths) == 1:
        return list(islice(numbers, lengths[0]))
    return [reshape(numbers, lengths[1:]) for _ in range(lengths[0])]


def transpose(x: Array) -> list[list[Any]]:
    """x with its first two axes exchanged."""
    return list(map(list, zip(*x, strict=True)))


def broadcast(x: Array, lengths: tuple[int, ...]) -> Array:
    """x of this shape: missing first axes are added, and axes of length 1 repeated, as in NumPy.

    Raises ValueError if an axis has another length.
    """
    x = nested(x)
    if depth(x) < len(lengths):
        return [broadcast(x, lengths[1:])] * lengths[0]
    if not lengths and not is_sequence(x):
        return x
    if not lengths or len(x) not in (1, lengths[0]):
        raise ValueError
    return [broadcast(row, lengths[1:]) for row in x] * (lengths[0] if len(x) == 1 else 1)


# ------------------------------------------------------------------------ functions of arrays


def elementwise(function: Callable[[Any], Any], x: Array) -> Array:
    """function(number) for every number of x."""
    x = nested(x)
    if not is_sequence(x):
        return function(x)
    if x and is_sequence(x[0]):
        return [elementwise(function, row) for row in x]
    return list(map(function, _plain(x)))


def along_axis(function: Callable[[Any], Array], x: Array, dim: int) -> Array:
    """function(vector) for every vector along the axis dim >= 0."""
    if depth(x) == 1:
        return function(nested(x))
    if dim > 0:
        return [along_axis(function, row, dim - 1) for row in nested(x)]
    return transpose([along_axis(function, column, 0) for column in zip(*nested(x), strict=True)])


def over_batch(function: Callable[[Array], Array], x: Array, axes: int) -> Array:
    """function(sample) for every sample of a batch, or function(x) if x is one.

    axes  the number of axes of a sample
    """
    x = nested(x)
    return [function(sample) for sample in x] if depth(x) > axes else function(x)
