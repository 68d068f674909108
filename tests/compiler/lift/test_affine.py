"""Address tables are recognised as loop nests exactly: never one too many."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from autograd_lite.compiler.lift.affine import first_alike, is_among, nest, runs, stretches

SIZES = st.lists(st.integers(1, 4), min_size=1, max_size=4)
STRIDES = st.integers(-30, 30)


@st.composite
def tables(draw):
    """Tables [m, n] of random loops, and the loops."""
    sizes = draw(SIZES)
    m = draw(st.integers(1, 3))
    strides = [draw(st.lists(STRIDES, min_size=m, max_size=m)) for _ in sizes]
    return counted(list(zip(sizes, strides, strict=True)), m), m


def counted(loops, m):
    """The addresses that these loops go through."""
    table = np.zeros((m, 1), np.int64)
    for size, strides in loops:
        steps = np.arange(size) * np.array(strides, np.int64).reshape(m, 1)
        table = (table[:, :, None] + steps[:, None, :]).reshape(m, -1)
    return table


@given(tables())
def test_a_nest_counts_through_its_table(made):
    table, m = made
    loops = nest(table)
    assert loops is not None
    assert np.array_equal(counted(loops, m), table - table[:, :1])


@given(SIZES, st.integers(1, 3))
def test_a_matrix_in_rows_is_found_whatever_lies_between(sizes, m):
    loops, stride = [], 1
    for size in reversed(sizes):  # each loop moves beyond all that is inside it
        loops.insert(0, (size, [stride * (k + 1) for k in range(m)]))
        stride *= size + 1
    found = nest(counted(loops, m))
    assert found is not None
    assert len(found) <= len(sizes)


@given(tables(), st.data())
def test_an_address_that_is_moved_is_noticed(made, data):
    table, m = made
    before = nest(table)
    i = data.draw(st.integers(0, table.shape[1] - 1))
    table[0, i] += 1000
    loops = nest(table)
    assert before is not None
    assert loops is None or np.array_equal(counted(loops, m), table - table[:, :1])
    assert loops != before or table.shape[1] == 1


def test_matrix_product():
    """The tables of z[s, j] = sum over k of x[s, k] W[j, k], for the rows (s, j)."""
    s, j = np.divmod(np.arange(12), 4)
    assert nest(np.stack([np.arange(12), 100 + 5 * s, 200 + 7 * j])) == [
        (3, (4, 5, 0)),
        (4, (1, 0, 7)),
    ]


def test_one_loop_and_none():
    assert nest(np.array([[3, 4, 5]])) == [(3, (1,))]
    assert nest(np.array([[3]])) == []
    assert nest(np.array([[1, 2, 4]])) is None


def test_runs_are_cut_where_rows_part():
    """Four weights and a bias that lies elsewhere, for two rows."""
    a = np.array([[0, 1, 2, 3, 100], [4, 5, 6, 7, 101]])
    b = np.array([[10, 11, 12, 13, 14], [20, 21, 22, 23, 24]])
    assert runs(np.stack([a, b])) == [slice(0, 4), slice(4, 5)]


def test_stretches_of_causal_rows():
    starts, lengths = stretches(np.array([[0, 10, 11, 20, 21, 22, 30, 31]]))
    assert starts.tolist() == [0, 1, 3, 6]
    assert lengths.tolist() == [1, 2, 3, 2]
    assert [x.tolist() for x in stretches(np.array([[7]]))] == [[0], [1]]


def test_stretches_are_those_of_the_commonest_step_of_all_tables_and_of_equally_common_the_least():
    a, b = [0, 1, 2, 3, 4, 5, 6], [0, 1, 2, 5, 6, 9, 8]
    starts, lengths = stretches(np.array([a, b]))  # steps 1, 1, 3, 1, 3, -1 of b
    assert starts.tolist() == [0, 3, 5, 6]
    assert lengths.tolist() == [3, 2, 1, 1]
    assert stretches(np.array([[0, 5, 7, 12, 14]]))[0].tolist() == [0, 1, 3]


def test_all_of_a_table_are_some_of_the_addresses():
    addresses = np.array([7, 3, 9, 3])
    assert is_among(np.array([[3, 9], [7, 7]]), addresses)
    assert not is_among(np.array([3, 5]), addresses)
    assert not is_among(np.array([2]), addresses)
    assert not is_among(np.array([10]), addresses)


def test_rows_are_numbered_in_the_order_of_their_first():
    rows = np.array([[5, 1], [0, 9], [5, 1], [5, 2], [0, 9]])
    assert first_alike(rows).tolist() == [0, 1, 0, 2, 1]
