"""Address tables as loop nests: pure functions of integer arrays.

A table holds the address of an operand for each of n scalars. If the addresses are
base + i * s_i + j * s_j + ... for i, j, ... counting as nested loops do, then one strided view
stands for all of them, and one array operation for n scalar ones.
"""

from __future__ import annotations

from math import gcd

import numpy as np

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeAlias

    from numpy.typing import NDArray

    Table: TypeAlias = NDArray[np.int64]
    Loop: TypeAlias = tuple[int, tuple[int, ...]]

__all__ = ["is_within", "nest", "offsets_of", "ranges", "runs", "stretches"]


def nest(tables: Table) -> list[Loop] | None:
    """The loops that count through m tables at once, outermost first; None if there are none.

    tables  [m, n] addresses
    Returns (size, the stride of each table) of each loop; the sizes multiply to n.

    The innermost loop is as long as the greatest common divisor of the places where a difference
    between neighbours is another one than the first. What is left is a shorter table, and so on.
    """
    loops: list[Loop] = []
    while (n := tables.shape[1]) > 1:
        step = tables[:, 1:] - tables[:, :-1]
        breaks = np.flatnonzero((step != step[:, :1]).any(0)) + 1
        size = gcd(n, int(np.gcd.reduce(breaks)))
        if size == 1:
            return None
        loops.append((size, tuple(step[:, 0].tolist())))
        tables = tables[:, ::size]
    return loops[::-1]


def runs(tables: Table) -> list[slice]:
    """The columns of m tables [m, n, k], cut where the next is not the same step away in all rows.

    Within a run, every row is the first one moved.
    """
    k = tables.shape[2]
    step = tables[:, :, 1:] - tables[:, :, :-1]
    cuts = np.flatnonzero((step != step[:, :1]).any((0, 1))) + 1
    edges = [0, *cuts.tolist(), k]
    return list(map(slice, edges[:-1], edges[1:]))


def stretches(tables: Table) -> tuple[Table, Table]:
    """Where in m tables [m, n] the stretches of the commonest step begin, and how long they are."""
    n = tables.shape[1]
    starts = np.zeros(1, np.int64)
    if n > 1:
        step = tables[:, 1:] - tables[:, :-1]
        kinds, counts = np.unique(step, axis=1, return_counts=True)
        other = (step != kinds[:, [counts.argmax()]]).any(0)
        starts = np.append(starts, np.flatnonzero(other) + 1)
    return starts, np.diff(np.append(starts, n))


def ranges(starts: Table, counts: Table) -> Table:
    """[starts[0], starts[0] + 1, ... (counts[0] of them), starts[1], ...]."""
    ends = np.cumsum(counts)
    if not len(ends):
        return np.zeros(0, np.int64)
    return np.repeat(starts - ends + counts, counts) + np.arange(ends[-1])


def offsets_of(sorted_ints: Table, n: int) -> Table:
    """[n + 1] where each of 0, 1, ..., n - 1 begins among sorted ints."""
    offsets = np.zeros(n + 1, np.int64)
    np.cumsum(np.bincount(sorted_ints, minlength=n), out=offsets[1:])
    return offsets


def is_within(table: Table, addresses: Table) -> bool:
    """Whether a table goes nowhere that these addresses do not go."""
    return bool(addresses.min() <= table.min() and table.max() <= addresses.max())
