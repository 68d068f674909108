"""What eager code refuses is refused compiled: at the first call, and after good calls."""

from math import inf, nan

import numpy as np
import pytest

import nn
from autograd_lite import Value, compile, polygamma, take, vmap

W = Value(1.0)
TABLE = [W * 1, W * 2, W * 3]
ATTENTION = nn.MultiheadAttention(2, 1, rng=0)
EMBEDDING = nn.Embedding(3, 2, rng=0)
X = [[1.0, 2.0], [0.5, -1.0]]
i8 = np.int64

CHECKS = {
    "hinge": (lambda x, t: nn.hinge_loss([W * x, x], [1.0, t]), (2.0, -1.0), (2.0, 0.0),
              ValueError, "a target must be 1 or -1, not 0"),
    "hinge -0": (lambda x, t: nn.hinge_loss([W * x, x], [1.0, t]), (2.0, -1.0), (2.0, -0.0),
                 ValueError, "a target must be 1 or -1, not 0"),
    "hinge computed": (lambda t: nn.hinge_loss([W], [2 * t - 1]), (1.0,), (0.5,),
                       ValueError, "a target must be 1 or -1, not 0"),
    "hinge int": (lambda t: nn.hinge_loss([W], [t]), (i8(1),), (i8(0),), ValueError, "not 0"),
    "int mask": (lambda m: ATTENTION(X, X, X, attn_mask=m)[0][0][0],
                 (np.zeros((2, 2)),), (np.eye(2, dtype=int),),
                 TypeError, "bools or floats, not int"),
    "int padding": (lambda m: ATTENTION(X, X, X, m)[0][0][0],
                    (np.zeros(2),), (np.array([0, 1]),), TypeError, "bools or floats, not int"),
    "take beyond": (lambda i: take(TABLE, i), (np.uint64(1),), (np.uint64(2**64 - 1),),
                    IndexError, "ind"),
    "take far": (lambda i: take(TABLE, i), (i8(1),), (i8(3),), IndexError, "out of range"),
    "take below": (lambda i: take(TABLE, i), (i8(-3),), (i8(-4),), IndexError, "out of range"),
    "take float": (lambda i: take(TABLE, i), (i8(1),), (1.5,), TypeError, "ind"),
    "take whole float": (lambda i: take(TABLE, i), (i8(1),), (1.0,), TypeError, "ind"),
    "take value": (lambda i: take(TABLE, i), (i8(1),), (Value(1.0),), TypeError, "must be an int"),
    "take computed": (lambda v: take(TABLE, v * 2) if v > 0 else W, (Value(-1.0),), (Value(1.0),),
                      TypeError, "must be an int"),
    "target": (lambda x, t: nn.cross_entropy([x * W, x], t), (2.0, i8(1)), (2.0, i8(2)),
               ValueError, "the target 2 is not one of the 2 classes"),
    "target below": (lambda x, t: nn.cross_entropy([x * W, x], t), (2.0, i8(1)), (2.0, i8(-1)),
                     ValueError, "the target -1 is not one of the 2 classes"),
    "target float": (lambda x, t: nn.cross_entropy([x * W, x], t), (2.0, i8(1)), (2.0, 1.0),
                     TypeError, "a target must be an int, not float"),
    "nll": (lambda x, t: nn.nll_loss([x * W, x * W], t), (2.0, i8(1)), (2.0, i8(2)),
            ValueError, "the target 2 is not one of the 2 classes"),
    "smoothing": (lambda x, e: nn.cross_entropy([x * W, x], 1, label_smoothing=e),
                  (2.0, 0.5), (2.0, 1.5),
                  ValueError, "label_smoothing must be from 0 to 1, not 1.5"),
    "smoothing nan": (lambda x, e: nn.cross_entropy([x * W, x], 1, label_smoothing=e),
                      (2.0, 0.5), (2.0, nan), ValueError, "label_smoothing must be from 0 to 1"),
    "delta": (lambda x, d: nn.huber_loss([x * W], [1.0], delta=d), (2.0, 0.5), (2.0, 0.0),
              ValueError, "delta must be positive, not 0.0"),
    "delta infinite": (lambda x, d: nn.huber_loss([x * W], [1.0], delta=d), (2.0, inf), (2.0, -inf),
                       ValueError, "delta must be positive, not -inf"),
    "embedding": (lambda i: EMBEDDING([i])[0][0], (i8(2),), (i8(3),), IndexError, "ind"),
    "embedding float": (lambda i: EMBEDDING([i])[0][0], (i8(2),), (1.0,),
                        TypeError, "an index must be an int, not float"),
    "polygamma": (lambda n: polygamma(n, W), (i8(1),), (i8(-1),), ValueError, "0 or more, not -1"),
    "polygamma float": (lambda n: polygamma(n, W), (i8(1),), (1.0,), TypeError, "must be an int"),
}  # fmt: skip


@pytest.fixture(params=CHECKS)
def check(request):
    return CHECKS[request.param]


def test_eagerly(check):
    f, good, bad, error, match = check
    f(*good)
    with pytest.raises(error, match=match):
        f(*bad)


@pytest.mark.parametrize("executor", ["auto", "interpret", "numpy"])
def test_compiled(check, executor):
    f, good, bad, error, match = check
    rel = 1e-15 if executor == "numpy" else 0.0  # its polygamma is another one, to rounding
    for calls in (0, 1, 3):
        compiled = compile(f, executor=executor)
        for _ in range(calls):
            assert compiled(*good).data == pytest.approx(f(*good).data, rel=rel, abs=0.0)
        for _ in range(2):
            with pytest.raises(error, match=match):
                compiled(*bad)
        assert compiled(*good).data == pytest.approx(f(*good).data, rel=rel, abs=0.0)


def test_in_a_batch(check):
    f, good, bad, error, match = check
    for samples in ([bad], [bad, bad], [good, good, bad]):
        if {*map(type, samples[0])} != {*map(type, samples[-1])}:
            continue  # samples must be alike
        if samples[0] is good and isinstance(bad[0], np.uint64) and bad[0] >= 2**53:
            continue  # nor is an int that no double holds, as it is no number of a program
        if isinstance(bad[0], np.ndarray) and samples[0][0].dtype != bad[0].dtype:
            continue
        with pytest.raises(error, match=match):
            vmap(f)(*map(list, zip(*samples, strict=True)))


def test_values_are_targets_too():
    assert nn.hinge_loss([W * 3], [Value(-1.0)]).data == 4.0
    f = compile(lambda t: nn.hinge_loss([W * 3], [t]))
    assert [f(Value(t)).data for t in (-1.0, 1.0, 0.0)] == [4.0, 0.0, 1.0]
    assert f.recordings == 1


def test_one_decision_on_all_targets():
    f = compile(lambda xs, ts: nn.hinge_loss([W * x for x in xs], ts))
    f(np.ones(100), np.ones(100))
    assert len(f.programs()[-1].guards.guards) == 1
