"""`batches`: samples in random order, some at a time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from nn.arrays import Array, nested
from nn.checks import at_least, kind
from nn.init import Rng, generator


def batches(
    X: Array,  # noqa: N803
    y: Array,
    size: int,
    rng: Rng = None,
) -> Iterator[tuple[list[Any], list[Any]]]:
    """Every sample once, in random order: (rows of X, their elements of y), `size` at a time.

    The last batch has what is left. NumPy's integers stay such, as a compiled function reads them
    anew at each call. Raises ValueError if X and y differ in length, or size < 1.
    """
    X, y = _listed(X), _listed(y)  # noqa: N806
    for name, samples in {"X": X, "y": y}.items():
        if not hasattr(samples, "__getitem__") or not hasattr(samples, "__len__"):
            raise TypeError(f"batches: {name} must be a list of samples, not {kind(samples)}")
    if len(X) != len(y):
        raise ValueError(f"batches: X has {len(X)} samples, but y has {len(y)}")
    at_least(1, "batches", size=size)
    order = list(range(len(X)))
    generator(rng).shuffle(order)
    chunks = (order[i : i + size] for i in range(0, len(order), size))
    return (([X[i] for i in chunk], [y[i] for i in chunk]) for chunk in chunks)


def _listed(samples: Array) -> Array:
    integers = hasattr(samples, "dtype") and samples.dtype.kind in "iu" and samples.ndim
    return list(samples) if integers else nested(samples)
