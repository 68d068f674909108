"""The numbers and Values in nested containers and arrays: taken out in order, and put in again."""

from __future__ import annotations

import numpy as np

from autograd_lite.tree import children, items, rebuild, rebuildable
from autograd_lite.value import Node, Value, is_number, number_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from typing import Any

__all__ = ["array_of", "difference", "form", "leaves", "number", "put", "with_values"]


def number(x: Any) -> float:
    """The number of a Value, or a plain number as a float; no observer is told."""
    return number_of(x) if isinstance(x, Node) else float(x)


def leaves(thing: Any, name: str) -> Iterator[Any]:
    """The numbers and Values in a container, in order; the thing itself if it is one of them.

    Raises TypeError, which begins with the name, for anything else.
    """
    if _is_leaf(thing):
        yield thing
    elif isinstance(thing, np.ndarray) and thing.dtype.kind in "fiub":
        yield from thing.ravel().tolist()
    elif rebuildable(thing) and getattr(getattr(thing, "dtype", None), "kind", "O") == "O":
        for x in children(thing):
            yield from leaves(x, name)
    else:
        raise TypeError(f"{name}: expected numbers and Values, not {type(thing).__name__}")


def put(thing: Any, numbers: Iterable[Any]) -> Any:
    """A container like this one that holds these numbers or Values, in order."""
    return _filled(thing, iter(numbers))


def with_values(thing: Any, of: Callable[[Any], Any]) -> Any:
    """The thing, with of(x) in the place of each Value x in it; all else in it may be anything."""
    if isinstance(thing, Node):
        return of(thing)
    if not rebuildable(thing):
        return thing
    return rebuild(thing, [with_values(x, of) for x in children(thing)])


def _filled(thing: Any, numbers: Iterator[Any]) -> Any:
    if _is_leaf(thing):
        return next(numbers)
    if isinstance(thing, np.ndarray):
        return array_of([next(numbers) for _ in range(thing.size)], thing.shape)
    return rebuild(thing, [_filled(x, numbers) for x in children(thing)])


array_of_numbers: Any = None
"""What stands for an array of floats, made of what stands for them: set by record/arrays.py."""


def array_of(leaves: Sequence[Any], shape: tuple[int, ...]) -> Any:
    """An array of numbers, or of Values if one of the leaves is a Value."""
    if not any(isinstance(x, Node) for x in leaves):
        return np.array(leaves, float).reshape(shape)
    made = np.empty(len(leaves), object)
    for i, x in enumerate(leaves):
        made[i] = x
    if any(isinstance(x, Value) for x in leaves):
        return made.reshape(shape)
    return array_of_numbers(made.reshape(shape))  # in a recording


def difference(thing: Any, other: Any, path: str) -> str:
    """Where two containers do not hold numbers in the same places, and how; "" if they do.

    path  what leads to them
    """
    if _is_leaf(thing) and _is_leaf(other):
        return ""
    if form(thing) != form(other):
        return f"{path} is {_said(other)}, not {_said(thing)}"
    if isinstance(thing, np.ndarray):
        return ""
    for (key, x), (_, y) in zip(items(thing), items(other), strict=True):
        found = difference(x, y, path + key)
        if found:
            return found
    return ""


def _is_leaf(thing: Any) -> bool:
    return isinstance(thing, Node) or is_number(thing)


def form(thing: Any) -> Any:
    """What two containers have in common that hold things in the same places."""
    if isinstance(thing, np.ndarray):
        return np.ndarray, thing.shape
    return type(thing), [key for key, _ in items(thing)]


def _said(thing: Any) -> str:
    if _is_leaf(thing):
        return "a number"
    if isinstance(thing, np.ndarray):
        return f"an array of shape {thing.shape}"
    if isinstance(thing, dict):
        return f"a dict with the keys {', '.join(map(repr, thing))}"
    name = type(thing).__name__
    return f"a {name} of {len(thing)}" if isinstance(thing, (list, tuple)) else f"a {name}"
