"""The terms of groups, looked up for many groups at once: NumPy takes as long for one of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from autograd_lite.compiler.tape.ranges import Ints, ranges, rows_of

__all__ = ["Terms"]

MEMBERS = 1 << 11  # of groups that are looked up together: their terms lie in the second cache

Columns: TypeAlias = Callable[[Ints, Ints, Ints], Sequence[NDArray[Any]]]


class Terms:
    """The terms of each group: the row of each, and other columns."""

    def __init__(self, offsets: Ints, groups: Sequence[Ints], columns: Columns) -> None:
        """What to look up.

        offsets  [n + 1] the terms of node i are offsets[i] to offsets[i + 1] - 1
        groups   the nodes of each group, in rows
        columns  arrays [..., m] for terms [m], the groups [m] that they are of, numbered from 0,
                 and their rows [m] there
        """
        self._offsets, self._groups, self._columns = offsets, groups, columns
        ends = np.cumsum([0, *map(len, groups)])
        self._batch = (ends[:-1] // MEMBERS).tolist()
        self._first = np.searchsorted(self._batch, np.arange(ends[-1] // MEMBERS + 2)).tolist()
        self._now = -1  # the batch that is looked up

    def of(self, i: int) -> list[NDArray[Any]]:
        """The row of each term of group i, and its columns."""
        if self._batch[i] != self._now:
            self._look_up(self._batch[i])
        k = i - self._first[self._now]
        start, end = self._edges[k : k + 2]
        return [column[..., start:end] for column in self._found]

    def _look_up(self, batch: int) -> None:
        groups = self._groups[self._first[batch] : self._first[batch + 1]]
        terms, counts = rows_of(self._offsets, np.concatenate(groups))
        sizes = np.array([*map(len, groups)])
        rows = ranges(np.zeros_like(sizes), sizes).repeat(counts)
        which = np.arange(len(groups)).repeat(sizes).repeat(counts)
        members = np.cumsum([0, *sizes])
        self._edges = np.append(0, np.cumsum(counts))[members].tolist()
        self._found = [rows, *self._columns(terms, which, rows)]
        self._now = batch
