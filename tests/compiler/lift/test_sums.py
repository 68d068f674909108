"""Sums of products that lie in equal steps become a few contractions."""

from itertools import accumulate, pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_lite as ag
from autograd_lite import Value
from autograd_lite.compiler.lift.sums import progressions
from tests.support.lifting import Lifted


def running_sums(xs):
    return list(accumulate(xs, initial=0.0))[1:]


def test_neighbouring_steps_of_a_recurrence_share_rows():
    """Each running sum is in two of their differences."""

    def changes(xs):
        sums = running_sums(xs)
        return [after - before for before, after in pairwise(sums)]

    lifted = Lifted(changes, [float(i * i + 1) for i in range(10)])
    assert lifted.agrees()
    assert len(lifted.program.forward) < 20


@pytest.mark.parametrize("steps", [5, 8])
def test_steps_that_use_columns_are_added_up_as_those_that_use_rows(steps):
    """The gradients of a column lie far apart, but those of no two columns are in one place."""

    def function(matrix, turned):
        h = [0.5] * 6
        for step in range(steps):
            weights = [row[step] for row in matrix] if turned else matrix[step]
            h = [ag.tanh(w * x + h[i - 1]) for i, (w, x) in enumerate(zip(weights, h, strict=True))]
        return ag.sum(h)

    rows = [[Value(0.1 * i - 0.2 * j) for i in range(6)] for j in range(steps)]
    columns = [[Value(row[i].data) for row in rows] for i in range(6)]
    by_rows, by_columns = Lifted(function, rows, False), Lifted(function, columns, True)
    assert by_rows.agrees()
    assert by_columns.agrees()
    assert by_columns.arrays.calls == by_rows.arrays.calls


@given(st.data())
def test_progressions(data):
    """Each place is in one list, and lists of equal steps that lie among one another are found."""
    point = st.tuples(st.integers(0, 9), st.integers(0, 9))
    starts = data.draw(st.lists(point, max_size=12))
    lists = list(progressions(starts))
    assert sorted(i for places in lists for i in places) == list(range(len(starts)))
    for places in lists:
        assert len(places) != 2
        steps = {tuple(np.subtract(starts[j], starts[i])) for i, j in pairwise(places)}
        assert len(steps) <= 1


def test_progressions_that_lie_among_one_another():
    starts = [(10 * j + i * j, i) for i in range(5) for j in range(3)]
    assert [places[0] for places in progressions(starts)] == [0, 1, 2]


def test_a_filter_that_a_recurrence_makes():
    """Each of its numbers sends to all that it is slid over."""
    weights = [Value(0.5 - i) for i in range(4)]

    def energy(xs):
        kernel = running_sums(weights)
        return sum(ag.dot(kernel, xs[i : i + 4]) ** 2 for i in range(len(xs) - 3))

    for n in (6, 7, 20):
        assert Lifted(energy, [Value(0.1 * i * i) for i in range(n)]).agrees()
