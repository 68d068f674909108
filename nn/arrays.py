"""Arrays are nested lists or tuples of numbers and Values; NumPy arrays are read as such."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from numbers import Real
from typing import Any, TypeAlias

from autograd_lite import Value
from autograd_lite.value import dots

Array: TypeAlias = Any
"""A number, a Value, a range, or a list or tuple of Arrays of one shape."""

Vector: TypeAlias = tuple[Any, ...]
"""Numbers and Values."""


def nested(x: Array) -> Array:
    """The nested lists of a NumPy array; anything else as it is."""
    return x.tolist() if hasattr(x, "tolist") else x


def is_sequence(x: Array) -> bool:
    """Whether x has an axis, rather than being one number."""
    return isinstance(x, (list, tuple, range)) or bool(getattr(x, "shape", ()))


def depth(x: Array) -> int:
    """How many axes x has, seen from its first element."""
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
    kinds = set(map(type, x))
    if kinds <= _NUMBERS or all(issubclass(kind, (float, int, Value)) for kind in kinds):
        return (len(x),)
    shapes = set(map(shape, x))
    if len(shapes) > 1:
        raise ValueError(f"expected rows of one shape, got {sorted(shapes)}")
    return (len(x), *shapes.pop())


def is_array(x: Array) -> bool:
    """Whether x is numbers in rows of one shape."""
    try:
        shape(x)
    except (TypeError, ValueError):
        return False
    return True


# --------------------------------------------------------- checks of arguments and of inputs


def at_least(least: int, layer: Any, **sizes: Any) -> None:
    """Raise ValueError naming the layer and the size that is no int of at least this."""
    for name, size in sizes.items():
        if not hasattr(size, "__index__") or isinstance(size, bool) or size < least:
            raise ValueError(
                f"{class_of(layer)}: {name} must be an int of at least {least}, not {size!r}"
            )


def one_of(choices: Iterable[str], layer: Any, **argument: str) -> None:
    """Raise ValueError naming the layer if the argument is none of the choices."""
    ((name, choice),) = argument.items()
    if choice not in choices:
        known = " or ".join(map(repr, choices))
        raise ValueError(f"{class_of(layer)}: {name} must be {known}, not {choice!r}")


def class_of(layer: Any) -> str:
    """How an error names a layer that is being made, or a function given by its name."""
    return layer if isinstance(layer, str) else type(layer).__name__


def title(layer: Any) -> str:
    """How an error names a layer, or a function given by its name: in a line, if it is long."""
    full = layer if isinstance(layer, str) else str(layer.title())
    return full if len(full) <= 200 else f"{full[:90]} ... {full[-90:]}"


def kind(x: object) -> str:
    """How an error names something without axes."""
    return "None" if x is None else f"one {type(x).__name__}"


def shape_for(layer: Any, x: Array) -> tuple[int, ...]:
    """The shape of the input x. Raises what `shape` does, naming the layer."""
    try:
        return shape(x)
    except (TypeError, ValueError) as error:
        raise type(error)(f"{title(layer)}: {error}") from None


def expect(x: Array, layer: Any, *axes: int | str) -> tuple[int, ...]:
    """The shape of x, whose axes have these lengths; a name stands for any length but 0.

    Raises ValueError naming the layer, what it expected and what it got, and TypeError for what
    is no number.
    """
    got = shape_for(layer, x) if is_sequence(x) else ()
    same = len(got) == len(axes) and all(
        length > 0 if isinstance(axis, str) else length == axis
        for length, axis in zip(got, axes, strict=True)
    )
    if not same:
        expected = ", ".join(map(str, axes)) + ("," if len(axes) == 1 else "")
        raise ValueError(f"{title(layer)}: expected shape ({expected}), got {got or kind(x)}")
    return got


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
    return list(map(nested, row)) if any(hasattr(k, "tolist") for k in set(map(type, row))) else row


def reshape(numbers: Iterable[Any], lengths: tuple[int, ...]) -> Array:
    """The array of this shape with these numbers, or arrays in their place, row by row."""
    numbers = iter(numbers)
    if not lengths:
        return next(numbers)
    if len(lengths) == 1:
        return list(islice(numbers, lengths[0]))
    return [reshape(numbers, lengths[1:]) for _ in range(lengths[0])]


def transpose(x: Array) -> list[list[Any]]:
    """X with its first two axes exchanged."""
    return list(map(list, zip(*x, strict=True)))


def broadcast(x: Array, lengths: tuple[int, ...]) -> Array:
    """X of this shape: missing first axes are added, and axes of length 1 repeated, as in NumPy.

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


def along_last_axis(
    function: Callable[[list[Vector]], list[Array]], x: Array, size: int, layer: Any
) -> Array:
    """The results of function(rows), one a row, for the rows of the last axis of x.

    Raises ValueError naming the layer, what it expected and what it got, and TypeError for what
    is no number.
    """
    x = nested(x)
    axes = depth(x)
    if axes > 2:
        lengths = shape_for(layer, x)
        for _ in range(axes - 2):
            x = [row for samples in x for row in samples]
        return reshape(along_last_axis(function, x, size, layer), lengths[:-1])
    rows = [nested(row) for row in (x if axes == 2 else [x])]
    for row in rows:
        if not is_sequence(row) or len(row) != size:
            got = f"shape {shape_for(layer, row)}" if is_sequence(row) else kind(row)
            raise ValueError(f"{title(layer)}: expected rows of {size} numbers, got {got}")
    try:
        out = function(list(map(tuple, rows)))
    except TypeError:
        shape_for(layer, x)  # raises where x is to blame
        raise
    return out if axes == 2 else out[0]


def over_batch(function: Callable[[Array], Array], x: Array, axes: int) -> Array:
    """function(sample) for every sample of a batch, or function(x) if x is one.

    axes  how many a sample has
    """
    x = nested(x)
    return [function(sample) for sample in x] if depth(x) > axes else function(x)


class Affine:
    """The function xs -> [W x + b for x in xs], which reads the weights once for all x.

    The bias is the weight of one more input, 1, so that each output is one node.
    """

    def __init__(self, weight: Array, bias: Array | None) -> None:
        self._made_of = _kept(weight, bias)
        self._biased = bias is not None
        self._rows = weight
        if bias is not None:
            self._rows = [tuple(row) + (b,) for row, b in zip(weight, bias, strict=True)]  # noqa: RUF005

    def __call__(self, xs: Iterable[Vector]) -> list[list[Any]]:
        if self._biased:
            xs = [(*x, 1.0) for x in xs]
        return dots(xs, self._rows)

    def of(self, weight: Array, bias: Array | None) -> Affine:
        """Itself if it is made of the parameters in these arrays, else a new one."""
        return self if _kept(weight, bias) == self._made_of else Affine(weight, bias)


def _kept(weight: Array, bias: Array | None) -> tuple[Any, Any]:
    """The parameters in tuples, so that they are found again where a list has others by then."""
    return tuple(map(tuple, weight)), None if bias is None else tuple(bias)
