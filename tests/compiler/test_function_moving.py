"""Ints that move: from an argument's second value on they are data, where that gains anything."""

import random
import warnings

import pytest

import autograd_lite as ag
import nn
from autograd_lite import Value, compile, take, vmap
from autograd_lite.compiler.signature import FREE_PER_SIGNATURE
from tests.support.agreement import agree, numbers_in

W = [Value(0.5), Value(-1.5), Value(2.0)]
EMBEDDING = nn.Embedding(5, 2, rng=0)
TABLE = nn.Table([W, W[::-1], [W[1], W[2], W[0]]])


def picked(tokens):
    return ag.sum([take(W, t) * (i + 1) for i, t in enumerate(tokens)])


GAIN = {
    "take": (lambda i: take(W, i) * W[0], lambda k: (k % 3,)),
    "embedding": (lambda ts: ag.dot(*EMBEDDING(ts)), lambda k: ([k % 5, k * 3 % 5],)),
    "target": (
        lambda x, t: nn.cross_entropy([w * x for w in W], t),
        lambda k: (k * 0.1, k % 3),
    ),
    "step": (lambda x, step: W[0] * x / (step + 1), lambda k: (0.5, k)),
    "power": (lambda x, n: (W[0] * x) ** n, lambda k: (1.5 - k / 10, k % 7)),
    "decay": (lambda step: W[0] * 0.9**step, lambda k: (k,)),
    "tokens": (picked, lambda k: ([k % 3, (k + 1) % 3, -1 - k % 3],)),
    "a tuple": (lambda pair: take(W, pair[1]) * pair[0], lambda k: ((0.5 * k, k % 3),)),
    "a dict": (lambda d: take(W, d["i"]) * d["x"], lambda k: ({"i": k % 3, "x": 0.5 * k},)),
    "a table": (lambda i, j: TABLE[i][j] * 2.0, lambda k: (k % 3, (k + 1) % 3)),
    "unused": (lambda x, seed: W[0] * x, lambda k: (0.5 * k, k)),
    "large": (lambda n: W[0] / n, lambda k: (2**53 - 1 - k,)),
}


@pytest.mark.parametrize("name", GAIN)
def test_two_recordings_in_forty_calls(name):
    f, arguments = GAIN[name]
    leaves = [*W, *EMBEDDING.parameters()]
    agree(f, [arguments(k) for k in range(40)], leaves, recordings=2)
    agree(
        f,
        [arguments(k) for k in range(9)],
        leaves,
        compiled=compile(f, check="always"),
        recordings=2,
    )


NO_GAIN = {
    "range": (lambda x, k: ag.sum([W[1], *[W[0] * x for _ in range(k)]]), 5),
    "index": (lambda x, k: W[k] * x, 3),
    "a list": (lambda x, k: [W[0] * x] * k + [W[1] * x], 5),
    "equal": (lambda x, k: [W[0] * x for j in range(5) if j == k][0], 5),  # noqa: RUF015
    "a key": (lambda x, k: {i: w * x for i, w in enumerate(W * 2)}[k], 5),
}


@pytest.mark.parametrize("name", NO_GAIN)
def test_ints_that_are_asked_for_stay_what_they_are(name):
    f, values = NO_GAIN[name]
    compiled = compile(f)
    agree(f, [(0.5 * k, k % values) for k in range(40)], W, None, compiled=compiled)
    assert compiled.recordings == values
    before = compiled.recordings
    agree(f, [(0.5 * k, k % values) for k in range(40)], W, before, compiled=compiled)


def test_bools_are_what_they_are():
    def f(x, flag):
        return W[0] * x if flag else W[1] * x

    agree(f, [(0.5 * k, k % 2 == 0) for k in range(20)], W, recordings=2)


def test_nothing_is_lost_where_the_recording_fails():
    """What only an int itself can be passed to."""
    tables = {i: W[i] for i in range(3)}

    def f(x, i):
        return take(tables, i) * x if i < 3 else W[0]

    compiled = compile(f)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        agree(f, [(0.5 * k, k % 3) for k in range(12)], W, None, compiled=compiled)
    assert compiled.recordings == 3


def test_each_argument_moves_by_itself():
    def f(x, i, *, k):
        return ag.sum([take(W, i) * x for _ in range(k + 1)])

    compiled = compile(f)
    for n in range(24):
        found, expected = compiled(0.5, n % 3, k=n % 4), f(0.5, n % 3, k=n % 4)
        assert found.data == pytest.approx(expected.data, rel=1e-12)
    assert compiled.recordings == 5  # the first call, and one for each k


def test_other_lengths_move_at_once():
    rng = random.Random(0)
    calls = [([rng.randrange(3) for _ in range(n)],) for n in (2, 2, 3, 4, 3, 4, 2) * 3]
    agree(picked, calls, W, recordings=4)


def test_first_one_value_then_others():
    """The programs of both stay right when the first value comes again."""
    calls = [(k,) for k in (1, 1, 2, 1, 0, 1, 2)]
    agree(GAIN["take"][0], calls, W, recordings=2)


def test_decisions_on_ints_are_guards():
    def f(x, k):
        return W[0] * x if k < 3 else W[1] * x * k

    agree(f, [(0.5, k % 6) for k in range(30)], W, recordings=3)


def test_a_shared_int_of_a_batch_moves():
    xs = [1.0, 2.0, 3.0]
    for f, recordings in (
        (lambda x, step: W[0] * x / (step + 1), 2),
        (lambda x, k: ag.sum([W[1], *[W[0] * x for _ in range(k)]]), 4),
    ):
        batched = vmap(f, in_axes=(0, None))
        for k in range(20):
            found, expected = batched(xs, k % 4), [f(x, k % 4) for x in xs]
            assert [y.data for y in found] == pytest.approx([y.data for y in expected], rel=1e-12)
        assert batched.recordings == recordings


def test_the_warning_shows_the_line_that_asks_for_the_ints():
    def f(tokens):
        return ag.sum([W[t] for t in tokens])

    rng, compiled = random.Random(0), compile(f)
    calls = [[rng.randrange(3) for _ in range(12)] for _ in range(100)]
    with pytest.warns(RuntimeWarning) as warned:
        found = [compiled(tokens).data for tokens in calls]
    assert found == pytest.approx([f(tokens).data for tokens in calls], rel=1e-12)
    (warning,) = warned
    assert compiled.recordings == FREE_PER_SIGNATURE + 1
    assert "it asks for each int of tokens" in str(warning.message)
    assert "return ag.sum([W[t] for t in tokens])" in str(warning.message)
    assert "Write take(table, i) for table[i]" in str(warning.message)


def test_results_of_ints_stay_ints():
    for f in (lambda x, k: (W[0] * x, k + 1), lambda x, k: (W[0] * x, k)):
        compiled = compile(f)
        for k in range(6):
            found = compiled(0.5, k)
            assert found[1] == f(0.5, k)[1]
            assert type(found[1]) is int
            assert len(numbers_in(found)) == 1


@pytest.mark.parametrize(
    "f",
    [
        lambda s: s * s * s + 1 - s * s * s,
        lambda s: s**5 - (s**5 - 1),
        lambda s: 1.0 if s * s * s % 2 == 1 else -1.0,
        lambda s: s * 16807 * 16807 * 16807 % 2147483647 / 2147483647,
    ],
)
def test_a_computed_int_that_no_double_holds_is_recorded_anew(f):
    compiled = compile(f, check="never")
    ints = [1, 2, 3, 300001, 300003, 5]
    assert [compiled(s) for s in ints] == [f(s) for s in ints]
    assert vmap(f)(ints) == [f(s) for s in ints]
