"""Formulas of operands that lie anywhere, and tables that an index chooses from."""

import numpy as np
import pytest

import autograd_lite as ag
from autograd_lite import Value, take
from tests.support.lifting import Lifted

W = [Value(0.5), Value(-1.5), Value(2.0)]


def test_what_is_picked_from_may_lie_anywhere():
    order = [W[2], W[0], W[2], W[1], W[0]]
    lifted = Lifted(lambda i, j: take(order, i) + take(order, j), np.int64(1), np.int64(4))
    for i in range(5):
        lifted.indices[:] = i, 4 - i
        assert lifted.agrees()


P, K = Value(1.25), [0.5, 2.0, 3.0]


U = [Value(1.5 * i - 1.0) for i in range(3)]


ROWS = [[Value(i - 0.5 * j) for j in range(4)] for i in range(3)]


def scaled(rows):
    return [[q * P for q in row] for row in rows]


IRREGULAR = {
    "numbers": lambda x, idx: [take(K, i) * P for i in idx],
    "a tuple of numbers": lambda x, idx: [take(tuple(K), i) * P for i in idx],
    "an array of numbers": lambda x, idx: [take(np.array(K), i) * P for i in idx],
    "Values made inside": lambda x, idx: [take([Value(k) for k in K], i) * P for i in idx],
    "a number among Values": lambda x, idx: [take([0.5, W[0], W[1]], i) * P for i in idx],
    "two tables, one for fewer": lambda x, idx: [
        take(t, i) for t, k in ((U, 1), (W, 0)) for i in idx[k:]
    ],
    "two tables, a part each": lambda x, idx: [
        take(U if k < 2 else W, i) for k, i in enumerate(idx)
    ],
    "a sample left out": lambda x, idx: [
        take(r, i) for k, (r, i) in enumerate(zip(x, idx, strict=True)) if k != 1
    ],
    "rows used in part": lambda x, idx: [
        q for k, i in enumerate(idx) for q in take(ROWS, i)[: k % 4 + 1]
    ],
    "columns": lambda x, idx: [
        *(ag.sum(take(list(zip(*scaled(ROWS), strict=True)), i)) for i in idx),
        *(ag.sum(r) for r in ROWS),
    ],
    "rows computed anew": lambda x, idx: [q for i in idx for q in take(scaled(ROWS), i)],
    "a row of one Value": lambda x, idx: [
        q for i in idx for q in take([ROWS[0], [P] * 4, ROWS[1]], i)
    ],
}


@pytest.mark.parametrize("function", IRREGULAR.values(), ids=IRREGULAR)
def test_tables_need_not_form_one_pattern(function):
    rng = np.random.default_rng(0)
    lifted = Lifted(function, rng.normal(size=(7, 3)).tolist(), rng.integers(0, 3, 7))
    for _ in range(3):
        lifted.indices[:] = rng.integers(-3, 3, 7)
        assert lifted.agrees()


def test_tables_of_one():
    def losses(idx):
        rows = scaled([[w] for w in [*W, *U]])
        return [ag.logsumexp(row) - take(row, i) for row, i in zip(rows, idx, strict=True)]

    assert Lifted(losses, np.zeros(6, np.int64)).agrees()


def test_operands_that_are_gathered():
    order = [2, 0, 1, 1, 0, 2, 2]

    def function(xs):
        return sum(ag.where(W[i], x, W[j]) for i, x, j in zip(order, xs, order[::-1], strict=True))

    assert Lifted(function, [0.1 * i for i in range(7)]).agrees()
