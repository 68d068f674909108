"""Decisions on numbers: each way is recorded once, and taken where the function takes it."""

import math
import random
import warnings

import numpy as np
import pytest

import autograd_lite as ag
from autograd_lite import Value, compile, take
from autograd_lite.compiler.signature import FREE_PER_SIGNATURE
from tests.support.agreement import agree

W = [Value(0.5), Value(-1.5), Value(2.0)]


def test_a_decision_is_taken_anew():
    def f(x):
        return x * 2 if x > 0 else x * x

    agree(f, [(Value(v),) for v in (1.0, -1.0, 3.0, -3.0, 0.0)], recordings=2)


def test_bool_equality_and_reads_are_decisions():
    def f(x, y):
        if x == 0.0 or not y:
            return y + 1
        return x * max(3.0, float(y.data)) * W[0]

    agree(f, [(0.0, Value(1.0)), (0.0, Value(2.0)), (2.0, Value(0.0))], recordings=2)
    agree(f, [(2.0, Value(4.0)), (3.0, Value(4.0)), (3.0, Value(5.0))], W, recordings=2)


def test_a_zero_that_was_read_has_its_sign():
    f = compile(lambda x: x * 0 + math.copysign(1.0, x.data))
    assert [f(Value(x)).data for x in (0.0, -0.0)] == [1.0, -1.0]


ONE = np.int64(1)


def test_numbers_that_are_looked_up_are_decisions():
    def f(x, i):
        table = {0: 10.0, 1: 20.0}
        return W[0] * (1 if x in {1.0, 2.0} else -1) * table.get(i, 5.0) * (2 if i == ONE else 1)

    numbers = [(float(x), np.int64(i)) for x in (1, 3) for i in (0, 1, 7)]
    agree(f, numbers * 2, W, recordings=6)


def test_numpys_integers_are_numbers_too_and_as_an_index_they_are_decisions():
    calls = [(np.int64(i), Value(2.0)) for i in (1, 3, 5)]
    agree(lambda n, x: x * n + (n > 0) * W[0], calls, W)
    agree(lambda n, x: W[n] * x, [(np.int64(i), 2.0) for i in (0, 1, 0)], W, recordings=2)


def test_an_index_that_is_out_of_range_for_another_way():
    def f(i):
        return take(W, i) * 2 if i < 3 else W[0] * 1

    compiled = compile(f)
    for i in (0, 7, 2, 9):
        assert compiled(np.int64(i)).data == f(np.int64(i)).data
    assert compiled.recordings == 2
    with pytest.raises(IndexError):
        compiled(np.int64(-4))


@pytest.mark.parametrize("executor", ["auto", "numpy"])
def test_an_operation_that_fails_for_another_way(executor):
    @ag.operation(lambda x, out: 1 / x)
    def logarithm(x):
        return math.log(x)

    f = compile(lambda x: logarithm(x) if x > 0 else x * 0, executor=executor)
    assert [f(x) for x in (1.0, -1.0, 1.0)] == [0.0, 0.0, 0.0]
    with pytest.raises(ValueError, match="math domain error"):
        compile(lambda x: logarithm(x))(-1.0)


def test_a_decision_on_the_last_digit_under_arrays():
    rng = random.Random(1)
    for _ in range(20):
        xs = [Value(rng.random()) for _ in range(50)]
        limit = ag.sum([x * x for x in xs]).data

        def f(xs, limit):
            total = ag.sum([x * x for x in xs])
            return total * (1 if total >= limit else 0)

        assert compile(f, executor="numpy")(xs, limit).data == pytest.approx(limit)


@pytest.mark.parametrize(
    "asks", [lambda x, y: x == y, lambda x, y: x in {y}, lambda x, y: x.label == y.label]
)
def test_a_function_that_asks_which_value_it_is_passed_runs_eagerly(asks):
    def f(x, y):
        return x * 2 if asks(x, y) else x * 3

    compiled, one, other = compile(f), Value(1.0, label="one"), Value(1.0)
    with pytest.warns(RuntimeWarning, match=r"a Value that it is passed, (.|\n)*Pass a flag"):
        assert compiled(one, one).data == 2.0
    assert [compiled(one, other).data, compiled(other, other).data] == [3.0, 2.0]
    assert compiled.recordings == 0


def test_too_many_ways_warn_once_name_the_line_and_run_eagerly():
    @compile
    def f(x):
        return x * float(x.data)  # reads the number

    for i in range(FREE_PER_SIGNATURE):
        assert f(Value(float(i))).data == i * i
    with pytest.warns(RuntimeWarning, match=r"eagerly.*ways(.|\n)*# reads the number"):
        f(Value(-1.0))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert f(Value(-2.0)).data == 4.0
    assert f.recordings == FREE_PER_SIGNATURE


def test_the_warning_names_the_decision_that_varies():
    @compile
    def f(x, y):
        k = float(x.data)  # this varies
        return x * k * (2 if y > 0 else 1)

    for i in range(FREE_PER_SIGNATURE):
        f(Value(float(i)), Value(1.0))
    with pytest.warns(RuntimeWarning, match="# this varies"):
        f(Value(-1.0), Value(1.0))
