"""Each nesting, length and static argument has a program of its own; the oldest are forgotten."""

import pytest

import autograd_lite as ag
from autograd_lite import Value, compile
from autograd_lite.compiler.function import MAX_AGAIN, MAX_SHAPES
from tests.support.agreement import agree

W = [Value(0.5), Value(-1.5), Value(2.0)]


def test_ints_and_strings_are_static():
    def f(x, n, how):
        return x**n if how == "power" else x * n

    calls = [(Value(2.0), 3, "power"), (Value(3.0), 3, "power"), (Value(3.0), 2, "times")]
    agree(f, calls, recordings=2)
    agree(lambda x, n: x * n, [(Value(2.0), True), (Value(2.0), 1)], recordings=2)


def test_each_nesting_and_length_is_recorded():
    calls = [([1.0] * n,) for n in (1, 2, 3, 2, 1)]
    agree(lambda xs: ag.sum(xs) * W[0], calls, W, recordings=3)


def test_the_least_recently_used_shape_is_dropped():
    f = compile(lambda xs: ag.sum(xs) * W[0])
    for n in range(1, MAX_SHAPES + 2):
        f([1.0] * n)
        f([1.0])  # so that it stays
    f([1.0] * (MAX_SHAPES + 1))
    assert f.recordings == MAX_SHAPES + 1
    f([1.0, 1.0])
    assert f.recordings == MAX_SHAPES + 2


def test_shapes_that_come_in_turn_run_eagerly_where_they_were_forgotten():
    f = compile(lambda xs: ag.sum(xs) * W[0])
    turn = [[1.0] * n for n in range(2 * MAX_SHAPES)]
    for xs in [*turn, *turn[:MAX_AGAIN]]:
        f(xs)
    expected = 2 * MAX_SHAPES + MAX_AGAIN
    with pytest.warns(RuntimeWarning, match="more than 64 kinds in turn, such as lengths"):
        f(turn[MAX_AGAIN])
    for xs in turn * 2:
        assert f(xs).data == len(xs) * W[0].data
    assert f.recordings == expected
    f([1.0] * 1000)
    assert f.recordings == expected + 1  # a new one is recorded all the same
