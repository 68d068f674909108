"""Hashes of many things at once."""

from __future__ import annotations

import numpy as np

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeAlias

    from numpy.typing import NDArray

    Hashes: TypeAlias = NDArray[np.uint64]

__all__ = ["mixed", "of_sets"]


def mixed(x: NDArray[np.int64] | Hashes) -> Hashes:
    """Every bit of x spread over all bits (the finaliser of splitmix64)."""
    z = x.astype(np.uint64) + np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def of_sets(x: Hashes, counted: NDArray[np.bool_], starts: NDArray[np.int64]) -> Hashes:
    """A hash of each set of hashes, whatever the order, and however often each is there.

    x        [m] well mixed, the sets one after the other
    counted  [m] which of them count
    starts   [n] where each set begins
    """
    none = np.uint64(0)
    high = np.maximum.reduceat(np.where(counted, x, none), starts)
    low = np.minimum.reduceat(np.where(counted, x, ~none), starts)
    bits = np.where(counted, np.uint64(1) << (x >> np.uint64(58)), none)
    return mixed(high + mixed(low + mixed(np.bitwise_or.reduceat(bits, starts))))
