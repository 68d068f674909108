"""Checks of the arguments and inputs of layers and losses, whose errors name the culprit."""

from __future__ import annotations

from collections.abc import Iterable
from numbers import Real
from typing import Any

from nn.arrays import Array, is_sequence, shape


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


def probability(layer: Any, **argument: float) -> float:
    """The argument. Raises an error naming the layer if it is no number from 0 to 1."""
    ((name, p),) = argument.items()
    if not isinstance(p, Real):
        raise TypeError(f"{class_of(layer)}: {name} must be a number, not {p!r}")
    if not 0 <= p <= 1:
        raise ValueError(f"{class_of(layer)}: {name} must be a probability from 0 to 1, not {p}")
    return p


def class_of(layer: Any) -> str:
    """How an error names a layer that is being made, or a function given by its name."""
    return layer if isinstance(layer, str) else type(layer).__name__


def title(layer: Any) -> str:
    """How an error names a layer, or a function given by its name: in a line, if it is long."""
    full = layer if isinstance(layer, str) else str(layer.title())
    return full if len(full) <= 200 else f"{full[:90]} ... {full[-90:]}"


def described(x: object) -> str:
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

    Raises ValueError naming the layer, the expected shape and the shape of x, and TypeError for an
    element that is no number.
    """
    got = shape_for(layer, x) if is_sequence(x) else ()
    same = len(got) == len(axes) and all(
        length > 0 if isinstance(axis, str) else length == axis
        for length, axis in zip(got, axes, strict=True)
    )
    if not same:
        expected = ", ".join(map(str, axes)) + ("," if len(axes) == 1 else "")
        raise ValueError(f"{title(layer)}: expected shape ({expected}), got {got or described(x)}")
    return got
