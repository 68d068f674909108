"""Which arguments have ints that move: from their second value on, unless nothing is gained."""

import numpy as np
import pytest

from autograd_lite import Value, take
from autograd_lite.compiler.record.flatten import flatten_call
from autograd_lite.compiler.record.moving import MAX_SEEN, MovingInts
from autograd_lite.compiler.record.recorder import Recorder, record

W = [Value(1.0), Value(2.0), Value(3.0)]


def told(*calls):
    """The arguments whose ints move after these calls by position."""
    ints = MovingInts()
    for args in calls:
        ints.learn(dict(enumerate(args)))
    return ints.names


@pytest.mark.parametrize(
    ("calls", "names"),
    [
        ([(1,), (1,)], set()),
        ([(1,), (2,)], {0}),
        ([(1, 2.0), (1, 3.0)], set()),
        ([("a", 1), ("b", 1), ("b", 2)], {1}),
        ([([1, 2],), ([1, 2, 3],)], set()),
        ([([1, 2],), ([1, 2, 3],), ([1, 3],)], {0}),
        ([(True,), (False,)], set()),
        ([(np.True_,), (np.False_,)], set()),
        ([([True, False],), ([True, True],)], set()),
        ([(np.array([True, False]),), (np.array([True, True]),)], set()),
        ([(1,), (True,), (1.0,), (np.int64(2),), ("1",), (None,)], set()),
        ([({"k": 1},), ({"k": 2},)], {0}),
        ([({1: 1.0},), ({2: 1.0},)], set()),
        ([(2**53,), (2**53 + 1,)], set()),
        ([(object(),), (object(),)], set()),
    ],
)
def test_ints_move_at_their_second_value(calls, names):
    assert told(*calls) == names


def test_keywords_are_arguments_too():
    ints = MovingInts()
    assert [ints.learn({0: 1, "k": k, "j": 0}) for k in (1, 2, 3)] == [False, True, False]
    assert ints.names == {"k"}


def test_only_so_many_shapes_are_remembered():
    assert told((1,), *[([0] * n,) for n in range(1, MAX_SEEN)], (2,)) == {0}
    assert told((1,), *[([0] * n,) for n in range(1, MAX_SEEN + 1)], (2,)) == set()


def asks(function, *args, moving=(0,)):
    """Whether a recording asks what each int is, and the arguments whose ints still move."""
    ints = MovingInts()
    ints.names = frozenset(moving)
    flat = flatten_call(args, {}, ints.names)
    return ints.read(flat, record(function, flat, Recorder())), set(ints.names)


@pytest.mark.parametrize(
    ("function", "arguments", "asked"),
    [
        (lambda k: sum(W[: int(k)]), (2,), True),
        (lambda k: W[k], (2,), True),
        (lambda k: W[0] if k == 2 else W[1], (2,), True),
        (lambda k: W[0] if k == 2 else W[1], (1,), False),
        (lambda k: W[0] if k != 2 else W[1], (2,), True),
        (lambda k: W[0] if k < 2 else W[1], (2,), False),
        (lambda k: W[0] * k, (2,), False),
        (lambda k: take(W, k), (2,), False),
        (lambda k: W[0], (2,), False),
        (lambda ks: W[ks[0]] * ks[1], ([0, 1],), False),
        (lambda ks: W[ks[0]] * W[ks[1]], ([0, 1],), True),
    ],
)
def test_what_asks_for_each_int(function, arguments, asked):
    assert asks(function, *arguments) == (asked, set() if asked else {0})


def test_each_argument_is_asked_by_itself():
    found = asks(lambda i, j: W[i] * j, 2, 2, moving=(0, 1))
    assert found == (True, {1})
    assert asks(lambda i, x: W[0] * x, 2, 2.0, moving=(1,)) == (False, {1})


def test_ints_that_move_no_more_stay_so_and_say_which_line_asked():
    ints = MovingInts()
    calls = [(1,), (2,)]
    for args in calls:
        ints.learn(dict(enumerate(args)))
    flat = flatten_call((2,), {}, ints.names)
    assert ints.read(flat, record(lambda k: W[k], flat, Recorder()))
    assert "lambda k: W[k]" in ints.still[0].line
    assert not ints.learn({0: 3})
    ints = MovingInts()
    ints.learn({0: 1, 1: 1.0})
    ints.learn({0: 2, 1: 1.0})
    assert ints.stop(flatten_call((2, 1.0), {}, ints.names))
    assert (ints.names, ints.still) == (frozenset(), {0: None})
    assert not ints.stop(flatten_call((3, 1.0), {}, ints.names))
