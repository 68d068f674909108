"""Hashes of many things at once."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from autograd_lite.compiler.tape.ranges import Ints

__all__ = ["Hashes", "mixed", "numbered", "of_pairs", "of_sets"]

Hashes: TypeAlias = NDArray[np.uint64]

_MANY = 10_000  # nodes
_BLOCK = 1 << 14  # hashes that lie in the second cache

# Odd, so that no bit of a factor is lost: the fractions of the roots of 2, 3 and 5.
_FIRST, _SECOND, _THIRD = map(
    np.uint64, (0x6A09E667F3BCC909, 0xBB67AE8584CAA73B, 0x3C6EF372FE94F82B)
)


def mixed(x: Ints | Hashes) -> Hashes:
    """Every bit of x spread over all bits (the finaliser of splitmix64)."""
    hashes = x.astype(np.uint64)
    for start in range(0, len(hashes), _BLOCK):
        z = hashes[start : start + _BLOCK]
        z += np.uint64(0x9E3779B97F4A7C15)
        z ^= z >> np.uint64(30)
        z *= np.uint64(0xBF58476D1CE4E5B9)
        z ^= z >> np.uint64(27)
        z *= np.uint64(0x94D049BB133111EB)
        z ^= z >> np.uint64(31)
    return hashes


def numbered(marks: Ints | Hashes) -> tuple[Ints, int]:
    """[n] numbers from 0 on, equal where the marks are; and how many there are.

    A few marks among many nodes are told apart by bits of their hashes, as sorting takes longer.
    """
    if len(marks) > _MANY:
        bits = (mixed(marks) >> np.uint64(48)).astype(np.int64)
        one, known = np.zeros(1 << 16, marks.dtype), np.zeros(1 << 16, bool)
        one[bits], known[bits] = marks, True
        if (one[bits] == marks).all():
            number: Ints = np.cumsum(known) - 1
            return number[bits], int(known.sum())
    found, which = np.unique(marks, return_inverse=True)
    return which, len(found)


def of_pairs(x: Ints | Hashes, y: Ints | Hashes) -> Hashes:
    """A hash of each pair, in its order."""
    return mixed(x.astype(np.uint64) * _FIRST + y.astype(np.uint64))


def of_sets(x: Hashes, counted: NDArray[np.bool_], starts: Ints) -> Hashes:
    """A hash of each set of hashes, whatever the order, and however often each is there.

    x        [m] hashes that are well mixed, the sets one after the other
    counted  [m] True if the hash counts; where none of a set does, all count
    starts   [n] position in x where each set begins
    """
    none = np.uint64(0)
    if counted.all():
        largest, least = x, x
    else:
        some = np.logical_or.reduceat(counted, starts)
        if not some.all():
            counted = counted | ~np.repeat(some, np.diff(starts, append=len(x)))
        largest, least = np.where(counted, x, none), np.where(counted, x, ~none)
    bits = np.where(counted, np.uint64(1) << (x >> np.uint64(58)), none)
    high, low = np.maximum.reduceat(largest, starts), np.minimum.reduceat(least, starts)
    every: Hashes = np.bitwise_or.reduceat(bits, starts)
    return mixed(high * _FIRST + low * _SECOND + every * _THIRD)
