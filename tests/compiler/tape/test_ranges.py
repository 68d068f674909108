"""Offsets of rows of different lengths, and the places of each row."""

import numpy as np

from autograd_lite.compiler.tape.ranges import offsets_of, ranges, rows_of


def test_ranges_and_offsets():
    assert ranges(np.array([5, 0, 9]), np.array([2, 0, 3])).tolist() == [5, 6, 9, 10, 11]
    assert offsets_of(np.array([0, 0, 2]), 4).tolist() == [0, 2, 2, 3, 3]


def test_rows_lie_one_after_the_other():
    places, counts = rows_of(np.array([0, 2, 2, 5]), np.array([2, 1, 0]))
    assert places.tolist() == [2, 3, 4, 0, 1]
    assert counts.tolist() == [3, 0, 2]
