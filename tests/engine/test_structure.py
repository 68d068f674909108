"""The structure of a sparse matrix: places in the order of its rows."""

import numpy as np
import pytest

from autograd_lite import sparsity
from autograd_lite.structure import in_order


def test_where_the_numbers_of_a_jacobian_lie():
    found = sparsity(lambda x: [x[0] * x[1], x[2]], np.ones(3))
    assert repr(found) == "<Sparsity: 2 x 3, 3 non-zeros, 50.00%>"
    assert found.matrix().dtype == bool
    assert (found.matrix().toarray() == found.toarray()).all()
    assert [x.tolist() for x in found.coordinates()] == [[0, 0, 1], [0, 1, 2]]


def test_rows_are_ordered_by_their_columns():
    structure, nodes = in_order([{2: 7, 0: 8}, {}, {1: 9}], 3, mirrored=False)
    assert structure.indices.tolist() == [0, 2, 1]
    assert structure.indptr.tolist() == [0, 2, 2, 3]
    assert nodes == [8, 7, 9]


def test_what_stands_below_the_diagonal_stands_above_it():
    structure, nodes = in_order([{0: 5}, {0: 6}, {2: 7}], 3, mirrored=True)
    assert structure.toarray().tolist() == [
        [True, True, False],
        [True, False, False],
        [False, False, True],
    ]
    assert nodes == [5, 6, 6, 7]


def test_it_cannot_be_changed():
    structure, _ = in_order([{0: 5}], 1, mirrored=False)
    with pytest.raises(ValueError, match="read-only"):
        structure.indices[0] = 1
