"""Each nesting, length and static argument has a program of its own; the oldest are forgotten."""

import pytest

import autograd_lite as ag
from autograd_lite import Value, compile
from autograd_lite.compiler.function import MAX_SIGNATURES
from autograd_lite.compiler.signature import FREE_IN_ALL
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


def test_the_least_recently_used_signature_is_dropped():
    f = compile(lambda xs: ag.sum(xs) * W[0])
    f([1.0])
    for n in range(2, FREE_IN_ALL + 1):
        f([1.0] * n)
    with pytest.warns(RuntimeWarning, match="runs eagerly"):
        f([1.0] * MAX_SIGNATURES)
    for n in range(FREE_IN_ALL + 1, MAX_SIGNATURES + 1):
        for _ in range(8):
            f([1.0] * n)
    assert f.recordings == len(f.programs()) == MAX_SIGNATURES
    f([1.0])  # so that it stays
    for _ in range(8):
        f([1.0] * (MAX_SIGNATURES + 1))
    f([1.0])
    assert f.recordings == MAX_SIGNATURES + 1
    f([1.0, 1.0])
    assert f.recordings == MAX_SIGNATURES + 1  # not yet again


def test_beyond_many_shapes_those_that_come_often_are_recorded():
    f = compile(lambda xs: ag.sum(xs) * W[0])
    for n in range(FREE_IN_ALL):
        f([1.0] * n)
    turn = [[1.0] * n for n in range(FREE_IN_ALL, 4 * FREE_IN_ALL)]
    with pytest.warns(RuntimeWarning, match="more than 64 kinds, such as lengths. Pad them to"):
        f(turn[0])
    for xs in turn * 2:
        assert f(xs).data == len(xs) * W[0].data
    assert f.recordings == FREE_IN_ALL
    assert len(f.programs()) == FREE_IN_ALL  # these keep theirs
    for _ in range(8):
        assert f([1.0] * 1000).data == 1000 * W[0].data
    assert f.recordings == FREE_IN_ALL + 1
