"""Offsets of rows of different lengths, and the places of each row."""

import numpy as np

from autograd_lite.compiler.tape.ranges import offsets_of, ranges


def test_ranges_and_offsets():
    assert ranges(np.array([5, 0, 9]), np.array([2, 0, 3])).tolist() == [5, 6, 9, 10, 11]
    assert offsets_of(np.array([0, 0, 2]), 4).tolist() == [0, 2, 2, 3, 3]
