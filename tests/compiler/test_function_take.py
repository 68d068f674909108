"""`take` and `largest` in compiled functions: which element it is, is found anew at each call."""

import math
from collections import namedtuple

import numpy as np
import pytest

import autograd_lite as ag
from autograd_lite import Value, compile, take, vmap
from autograd_lite.leaves import number
from tests.support.agreement import agree, outcome
from tests.support.in_c import C

W = [Value(0.5), Value(-1.5), Value(2.0)]


def test_take_reads_numpys_integers_anew():
    table = [[Value(float(i + 10 * j)) for i in range(3)] for j in range(4)]
    leaves = [x for row in table for x in row]

    def f(tokens):
        return ag.sum(
            [ag.dot(take(table, t), [1.0, 2.0, 3.0]) * (i + 1) for i, t in enumerate(tokens)]
        )

    calls = [(np.array(tokens),) for tokens in ([0, 1, 2], [3, 3, 0], [-1, 2, 2])]
    agree(f, calls, leaves)


@pytest.mark.parametrize("index", [0, 1])
@pytest.mark.parametrize("kind", [compile, lambda f: lambda i: vmap(f)([i])[0]])
def test_take_of_rows_of_several_lengths_runs_eagerly(kind, index):
    p, q, r = W
    for rows in ([[p], [q, r]], [[p, q], [r]], ([p], [q, r]), [np.array([1.0]), np.ones(2)]):
        with pytest.warns(RuntimeWarning, match="take: the rows must all have one length"):
            found = kind(lambda i, rows=rows: ag.sum(take(rows, i)) * p)(np.int64(index))
        assert found.data == (ag.sum(rows[index]) * p).data


@pytest.mark.parametrize("kind", [compile, lambda f: lambda i: vmap(f)([i])[0]])
def test_take_of_a_dict_runs_eagerly(kind):
    f = kind(lambda i: take({0: W[0], 1: W[1]}, i) * 1.0)
    with pytest.warns(RuntimeWarning, match="take: expected a list, tuple or array, not dict; ta"):
        assert f(np.int64(1)).data == W[1].data


def test_take_out_of_range_is_an_index_error():
    f = compile(lambda t: take([W[0], W[1]], t))
    assert f(np.int64(1)).data == W[1].data
    for index in (2, -3):
        with pytest.raises(IndexError, match=f"index {index} is out of range for 2 elements"):
            f(np.int64(index))


@pytest.mark.parametrize("executor", ["interpret", "numpy", C])
def test_largest_is_chosen_anew_the_first_of_equals_and_a_nan(executor):
    def f(*xs):
        return ag.largest(xs) * W[0]

    compiled = compile(executor=executor)(f)
    inf, nan = math.inf, math.nan
    rows = [(1.0, 3.0, 2.0), (5.0, 3.0, 5.0), (0.0, 0.0, 0.0), (inf, 1.0, inf), (-inf, -inf, -inf)]
    rows += [(nan, 1.0, 2.0), (1.0, nan, 2.0), (nan, 1.0, nan), (inf, nan, 0.0)]
    rows += [[3.0] * 7, [1.0, 4.0, 2.0, 0.0, 4.0, 3.0, 4.0], [-1.0, -2.0, 0.0] + [0.0] * 4]
    rows += [[2.0], [-3.0], [nan]]
    for row in rows:
        assert outcome(compiled, [*map(Value, row)], W) == pytest.approx(
            outcome(f, [*map(Value, row)], W), rel=1e-12, nan_ok=True
        )
    assert compiled.recordings == 3


def test_largest_is_one_node_and_of_numbers_none():
    f = compile(lambda xs, w: ag.largest([x * w for x in xs]) + ag.largest([1.0, 2.0]))
    assert f([1.0, 3.0, 2.0, 0.0, 3.0], Value(2.0)).data == 8.0
    nodes = [line.split()[2] for line in str(f.programs()[-1].tape).splitlines()[:-1]]
    assert sum(node.startswith("largest") for node in nodes) == 1
    assert len(f.programs()[-1].tape) == 6 + 5 + 1 + 2


def test_under_no_grad_what_is_taken_is_a_leaf():
    def f(x, i):
        with ag.no_grad():
            y = ag.largest(W) + take(W, i)
        return x * y

    agree(f, [(Value(2.0), np.int64(i)) for i in (0, 2, 1)], W, recordings=1)


Pair = namedtuple("Pair", "x y")
ROWS = {
    "lists": [[1.0, 2.0], [3.0, 4.0]],
    "tuples": [(1.0, 2.0), (3.0, 4.0)],
    "named tuples": [Pair(1.0, 2.0), Pair(3.0, 4.0)],
    "arrays": [np.array([1.0, 2.0]), np.array([3.0, 4.0])],
    "an array": np.array([[1.0, 2.0], [3.0, 4.0]]),
    "an array of ints": np.array([[1, 2], [3, 4]]),
    "an array of bools": np.array([[True, False], [False, False]]),
    "an array of arrays": np.arange(8.0).reshape(2, 2, 2),
    "an array of Values": np.array([W[:2], W[1:]]),
    "an array without columns": np.ones((2, 0)),
}


@pytest.mark.parametrize("rows", ROWS.values(), ids=ROWS)
@pytest.mark.parametrize("kind", [compile, lambda f: lambda i: vmap(f)([i])[0]])
def test_a_row_is_what_it_is_in_the_table(rows, kind):
    f = kind(lambda i: [take(rows, i) * 2])
    for i in (0, 1, 1, 0, 1):
        (found,), expected = f(i), rows[i] * 2
        assert type(found) is type(expected)
        assert getattr(found, "dtype", None) == getattr(expected, "dtype", None)
        found, expected = np.array(found), np.array(expected)
        assert [*map(number, found.flat)] == [*map(number, expected.flat)]


def test_a_row_of_an_argument_is_an_array():
    f = compile(lambda table, i: take(table, i) @ table[0] + take(table, i))
    for i in (0, 1, 2, 0, 2):
        table = np.arange(6.0).reshape(3, 2) + i
        assert np.array_equal(f(table, i), table[i] @ table[0] + table[i])
    assert f.recordings == 2


def test_a_row_of_named_tuples_has_its_names():
    f = compile(lambda x, i: take([Pair(x, 2.0), Pair(3.0, x)], i).y)
    assert [f(5.0, i) for i in (0, 1, 1, 0)] == [2.0, 5.0, 5.0, 2.0]
