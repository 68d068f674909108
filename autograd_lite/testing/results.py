"""The numbers in what f returned."""

from __future__ import annotations

from typing import Any

from autograd_lite import Value, tree
from autograd_lite.testing.arguments import DOUBLE, elements, precision


def outputs_of(result: Any, name: str) -> list[tuple[str, Any]]:
    """(name, number or Value) of each number in what f returned.

    Raises TypeError for what is neither a number nor a list, tuple, dict or array of numbers.
    """
    if isinstance(result, Value):
        return [(name, result)]
    if isinstance(result, (list, tuple, dict)):
        items = tree.items(result)
    elif hasattr(result, "tolist") and hasattr(result, "dtype"):
        paths = tree.array_paths(tuple(result.shape))
        items = list(zip(paths, elements(result.tolist()), strict=True))
    elif isinstance(result, (int, float)):
        return [(name, float(result))]
    else:
        raise TypeError(f"check_grad: {name} must be a number or an array of them, not {result!r}")
    return [output for path, x in items for output in outputs_of(x, f"{name}{path}")]


def precision_of(result: Any) -> float:
    """The coarsest precision of the arrays in what f returned."""
    if isinstance(result, (list, tuple, dict)):
        return max(map(precision_of, tree.children(result)), default=DOUBLE)
    return precision(result) or DOUBLE
