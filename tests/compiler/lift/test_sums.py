"""Sums of products that lie in equal steps become a few contractions."""

import math
import tracemalloc
from itertools import accumulate, pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_lite as ag
from autograd_lite import Value
from autograd_lite.compiler.lift.instructions import Gather, SegmentSum
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


def triangle(n, order):
    """[(row, column) of each packed number] below the diagonal of a square."""
    pairs = [(j, i) for i in range(n) for j in range(i + 1, n)]
    return sorted(pairs) if order == "rows" else pairs


def packed_products(weights, vectors, pairs, transposed):
    """Rows of different lengths: each weight times what stands in its column."""
    n, found = len(vectors[0]), []
    for x in vectors:
        y = [0.0] * n
        for weight, (j, i) in zip(weights, pairs, strict=True):
            to, of = (i, j) if transposed else (j, i)
            y[to] = y[to] + weight * x[of]
        found += [v for v in y if isinstance(v, Value)]
    return found


@pytest.mark.parametrize("transposed", [False, True])
@pytest.mark.parametrize("order", ["rows", "columns"])
@pytest.mark.parametrize("made", [False, True])
def test_a_packed_triangle_is_a_matrix(order, transposed, made):
    """Forward, and both gradients: nothing is added up row by row, and no operand copied whole."""
    n, batch = 7, 40
    weights = [Value(0.1 * i - 1) for i in range(n * (n - 1) // 2)]
    vectors = [[0.3 * i - 0.1 * k for i in range(n)] for k in range(batch)]
    shift = Value(0.3)

    def function(vectors):
        if made:  # not leaves, so that they have a gradient as well
            vectors = [[ag.tanh(x - shift) for x in row] for row in vectors]
        return packed_products(weights, vectors, triangle(n, order), transposed)

    lifted = Lifted(function, vectors)
    assert lifted.agrees()
    every = [*lifted.program.forward, *lifted.program.backward]
    assert not [it for it in every if isinstance(it, SegmentSum)]
    assert max(it.table.size for it in every if isinstance(it, Gather)) == (n - 1) ** 2


def test_an_infinite_number_above_the_triangle_is_not_read():
    """Times 0 it is NaN in arrays, and the interpreter is asked."""
    pairs = triangle(5, "rows")
    weights = [Value(1.0 + i) for i in range(len(pairs))]
    f = ag.compile(lambda v: packed_products(weights, v, pairs, False), executor="numpy")
    vectors = [[1.0 + k + i for i in range(5)] for k in range(30)]
    for last in (2.0, math.inf, math.nan):
        for row in vectors:
            row[3] = last  # which only the last result of each row has
        found, expected = ([y.data for y in g(vectors)] for g in (f, f.function))
        assert found == pytest.approx(expected, rel=1e-12, nan_ok=True)
        assert math.isfinite(found[0])
    assert "(p0, 0)'" in f.explain()


@given(st.data())
def test_rows_of_any_lengths_are_right(data):
    """Whether they are padded, masked, or added up as they are."""
    lengths = data.draw(st.lists(st.integers(1, 7), min_size=2, max_size=8))
    starts = [data.draw(st.integers(0, 7 - n)) for n in lengths]
    kind = data.draw(st.sampled_from(["drawn", "first", "last"]))
    if kind != "drawn":
        starts = [0 if kind == "first" else 7 - n for n in lengths]
    weights = [Value(0.1 * i - 1) for i in range(sum(lengths))]
    scale = Value(0.7)

    def function(vectors):
        found = []
        for row in vectors:
            row, k = [x * scale for x in row], 0
            for start, n in zip(starts, lengths, strict=True):
                found.append(ag.dot(weights[k : k + n], row[start : start + n]))
                k += n
        return found

    batch = data.draw(st.sampled_from([1, 2, 20]))
    vectors = [[0.3 * i - 0.1 * k for i in range(7)] for k in range(batch)]
    assert Lifted(function, vectors).agrees()


def test_one_long_row_among_short_ones_takes_no_table_of_all():
    """Of 2,000 rows that are as long as the longest: 32 megabytes for each operand."""
    w = [Value(0.001 * i) for i in range(2000)]

    def function(xs):
        ys = [ag.tanh(a * b) for a, b in zip(w, xs, strict=True)]
        return [ag.dot(ys, xs), *[a * b for a, b in zip(ys, xs, strict=True)]]

    lifted = Lifted(function, [0.01 * i for i in range(2000)])
    tracemalloc.start()
    try:
        assert len(lifted.program.forward) < 10
        assert tracemalloc.get_traced_memory()[1] < 2e7
    finally:
        tracemalloc.stop()
    assert lifted.agrees()
