"""Rows of different lengths as flat arrays of integers: offsets, and the places of each row."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = ["Ints", "distinct", "offsets_of", "ranges", "rows_of"]

Ints: TypeAlias = NDArray[np.int64]


def ranges(starts: Ints, counts: Ints) -> Ints:
    """[starts[0], starts[0] + 1, ... (counts[0] of them), starts[1], ...]."""
    ends = counts.cumsum()
    if not len(ends):
        return np.zeros(0, np.int64)
    found: Ints = (starts - ends + counts).repeat(counts)
    found += np.arange(ends[-1])
    return found


def offsets_of(sorted_ints: Ints, n: int) -> Ints:
    """[n + 1] where each of 0, 1, ..., n - 1 begins among sorted ints."""
    offsets = np.zeros(n + 1, np.int64)
    np.cumsum(np.bincount(sorted_ints, minlength=n), out=offsets[1:])
    return offsets


def distinct(nodes: Ints, room: Ints) -> Ints:
    """The nodes, each of them once, in any order; `np.unique` would sort them.

    room  [n] ints that are written over, for nodes 0 to n - 1
    """
    position = np.arange(len(nodes))
    room[nodes] = position  # the last one stays
    found: Ints = nodes[room[nodes] == position]
    return found


def rows_of(offsets: Ints, rows: Ints) -> tuple[Ints, Ints]:
    """The places of these rows, one row after the other, and the length of each.

    offsets  [n + 1] row i lies at the places offsets[i] to offsets[i + 1] - 1
    """
    first = offsets[rows]
    counts = offsets[rows + 1] - first
    return ranges(first, counts), counts
