"""`batches`: samples in random order, some at a time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from nn.arrays import Array, nested
from nn.checks import at_least, described
from nn.init import Rng, generator


def batches(
    X: Array,  # noqa: N803
    y: Array,
    size: int,
    rng: Rng = None,
) -> Iterator[tuple[Any, Any]]:
    """Every sample once, in random order: (rows of X, their elements of y), `size` at a time.

    The last batch has what is left. A batch of a NumPy array is an array, which a compiled function
    reads faster than a list; any other is a list. Raises ValueError if X and y differ in length, or
    size < 1.
    """
    X, y = (s if _is_array(s) else nested(s) for s in (X, y))  # noqa: N806
    for name, samples in {"X": X, "y": y}.items():
        if not hasattr(samples, "__getitem__") or not hasattr(samples, "__len__"):
            raise TypeError(f"batches: {name} must be a list of samples, not {described(samples)}")
    if len(X) != len(y):
        raise ValueError(f"batches: X has {len(X)} samples, but y has {len(y)}")
    at_least(1, "batches", size=size)
    order = list(range(len(X)))
    generator(rng).shuffle(order)
    chunks = (order[i : i + size] for i in range(0, len(order), size))
    return ((_at(chunk, X), _at(chunk, y)) for chunk in chunks)


def _is_array(samples: Array) -> bool:
    return hasattr(samples, "dtype") and samples.ndim > 0


def _at(chunk: list[int], samples: Array) -> Array:
    return samples[chunk] if _is_array(samples) else [samples[i] for i in chunk]
