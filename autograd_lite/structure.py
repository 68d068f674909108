"""The structure of a sparse matrix: which of its numbers are not always 0, and where they lie."""

from __future__ import annotations

import functools
from typing import NamedTuple

import numpy as np

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from numpy.typing import NDArray

    from autograd_lite.rows import Row

__all__ = ["CSR", "Sparsity", "csr_matrix", "in_order"]


class CSR(NamedTuple):
    """A sparse matrix by rows: row i has data[indptr[i] : indptr[i + 1]] in the columns `indices`
    of the same places, in ascending order.

    data     [nnz] doubles, the caller's own
    indices  [nnz] ints, shared and read-only
    indptr   [rows + 1] ints, shared and read-only
    """

    data: NDArray[np.float64]
    indices: NDArray[np.int32]
    indptr: NDArray[np.int32]


class Sparsity:
    """Which numbers of a matrix are not always 0.

    shape            (rows, columns)
    indices, indptr  row i has them in the columns indices[indptr[i] : indptr[i + 1]]
    """

    def __init__(
        self, shape: tuple[int, int], indices: NDArray[np.int32], indptr: NDArray[np.int32]
    ) -> None:
        self.shape, self.indices, self.indptr = shape, indices, indptr

    @property
    def nnz(self) -> int:
        """How many there are."""
        return len(self.indices)

    def coordinates(self) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """[nnz] the row and the column of each, in the order of the numbers of a matrix."""
        found = np.repeat(np.arange(self.shape[0], dtype=np.int32), np.diff(self.indptr))
        return found, self.indices

    def toarray(self) -> NDArray[np.bool_]:
        """[rows, columns] bools."""
        made = np.zeros(self.shape, bool)
        made[self.coordinates()] = True
        return made

    def matrix(self) -> Any:
        """A scipy.sparse.csr_matrix of bools. Raises ImportError without SciPy."""
        data = np.ones(self.nnz, bool)
        return csr_matrix()((data, self.indices.copy(), self.indptr.copy()), shape=self.shape)

    def __repr__(self) -> str:
        n, m = self.shape
        share = self.nnz / max(1, n * m)
        return f"<Sparsity: {n:,} x {m:,}, {self.nnz:,} non-zeros, {share:.2%}>"


def in_order(found: Sequence[Row], columns: int, mirrored: bool) -> tuple[Sparsity, list[int]]:
    """The structure of the rows, and their nodes in the order of it.

    mirrored  True if each number below the diagonal stands above it, too
    """
    lengths = [len(row) for row in found]
    row = np.repeat(np.arange(len(found)), lengths)
    column = np.array([k for of_row in found for k in of_row], np.int64)
    node = np.array([i for of_row in found for i in of_row.values()], np.int64)
    if mirrored:
        off = row != column
        row, column = np.append(row, column[off]), np.append(column, row[off])
        node = np.append(node, node[off])
    order = np.lexsort((column, row))
    indices = column[order].astype(np.int32)
    counts = np.bincount(row, minlength=len(found))
    indptr = np.append(0, np.cumsum(counts)).astype(np.int32)
    indices.flags.writeable = indptr.flags.writeable = False
    return Sparsity((len(found), columns), indices, indptr), node[order].tolist()


@functools.cache
def csr_matrix() -> Any:
    try:
        from scipy import sparse
    except ImportError:
        raise ImportError(
            'sparse=True gives matrices of SciPy, which is not installed; write sparse="arrays" '
            'for (data, indices, indptr), or pip install "autograd-lite[optimize]"'
        ) from None
    return sparse.csr_matrix
