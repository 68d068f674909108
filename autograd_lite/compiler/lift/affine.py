"""Address tables as loop nests: pure functions of integer arrays.

A table holds the address of an operand for each of n scalars. If the addresses are
base + i * s_i + j * s_j + ... for i, j, ... counting as nested loops do, then one strided view
stands for all of them, and one array operation for n scalar ones.
"""

from __future__ import annotations

from math import gcd
from typing import TypeAlias

import numpy as np

from autograd_lite.compiler.lift.hashes import Hashes, mixed
from autograd_lite.compiler.tape.ranges import Ints

__all__ = ["Loop", "first_alike", "is_among", "is_within", "nest", "runs", "stretches"]

Loop: TypeAlias = tuple[int, tuple[int, ...]]


def nest(tables: Ints) -> list[Loop] | None:
    """The loops that count through m tables at once, outermost first; None if there are none.

    tables  [m, n] addresses
    Returns (size, the stride of each table) of each loop; the sizes multiply to n.

    The innermost loop is as long as the greatest common divisor of the positions where a difference
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


def runs(tables: Ints) -> list[slice]:
    """The columns of m tables [m, n, k], cut where the next is not the same step away in all rows.

    Within a run, every row is the first one moved.
    """
    k = tables.shape[2]
    step = tables[:, :, 1:] - tables[:, :, :-1]
    cuts = np.flatnonzero((step != step[:, :1]).any((0, 1))) + 1
    edges = [0, *cuts.tolist(), k]
    return list(map(slice, edges[:-1], edges[1:]))


def stretches(tables: Ints) -> tuple[Ints, Ints]:
    """The starts in m tables [m, n] of the stretches of the commonest step, and their lengths."""
    n = tables.shape[1]
    starts = np.zeros(1, np.int64)
    if n > 1:
        step = tables[:, 1:] - tables[:, :-1]
        other = (step != _commonest(step)).any(0)
        starts = np.append(starts, np.flatnonzero(other) + 1)
    return starts, np.diff(starts, append=n)


def _commonest(columns: Ints) -> Ints:
    """[m, 1] the commonest of columns [m, n]; of equally common ones the least.

    Hashes are counted, as columns are slow to sort.
    """
    _, first, counts = np.unique(_key(columns), return_index=True, return_counts=True)
    common = columns[:, first[counts == counts.max()]]
    return common[:, np.lexsort(common[::-1])[:1]]


def first_alike(rows: Ints) -> Ints:
    """[n] number of each of rows [n, m] among those that differ, in the order of their first."""
    _, first, which = np.unique(_key(rows.T), return_index=True, return_inverse=True)
    number: Ints = np.argsort(np.argsort(first))[which]
    return number


def _key(columns: Ints) -> Hashes:
    """[n] a hash of each of columns [m, n]."""
    key = np.zeros(columns.shape[1], np.uint64)
    for row in columns:
        key = mixed(key + row.astype(np.uint64))
    return key


def is_within(table: Ints, addresses: Ints) -> bool:
    """True if all of a table lies between the first and the last of these addresses."""
    return bool(addresses.min() <= table.min() and table.max() <= addresses.max())


def is_among(table: Ints, addresses: Ints) -> bool:
    """True if all of a table are some of these addresses."""
    return is_within(table, addresses) and bool(np.isin(table, addresses).all())
