"""What f returned, as a list of numbers."""

from __future__ import annotations

from typing import Any

from autograd_lite import Value
from autograd_lite.testing.arguments import DOUBLE, flat, indices, precision


def outputs_of(result: Any, name: str) -> list[tuple[str, Any]]:
    """(name, number or Value) of each number in what f returned.

    Raises TypeError for what is neither a number nor a list, tuple, dict or array of numbers.
    """
    if isinstance(result, Value):
        return [(name, result)]
    if isinstance(result, dict):
        return [o for key, x in result.items() for o in outputs_of(x, f"{name}[{key!r}]")]
    if isinstance(result, (list, tuple)):
        return [o for i, x in enumerate(result) for o in outputs_of(x, f"{name}[{i}]")]
    if hasattr(result, "tolist") and hasattr(result, "dtype"):
        numbers, shape = flat(result.tolist()), tuple(result.shape)
        return [
            o
            for index, x in zip(indices(shape), numbers, strict=True)
            for o in outputs_of(x, f"{name}{index}")
        ]
    if isinstance(result, (int, float)):
        return [(name, float(result))]
    raise TypeError(f"check_grad: {name} must be a number or an array of them, not {result!r}")


def precision_of(result: Any) -> float:
    """The coarsest precision of the arrays in what f returned."""
    things = list(result.values()) if isinstance(result, dict) else result
    if isinstance(things, (list, tuple)):
        return max(map(precision_of, things), default=DOUBLE)
    return precision(things) or DOUBLE
