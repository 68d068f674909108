"""For which arguments a replay is, small function or step."""

import numpy as np
import pytest

from autograd_lite import Value, compile


@pytest.fixture(autouse=True)
def no_checks_at_every_call(monkeypatch):
    monkeypatch.delenv("AUTOGRAD_LITE_CHECK", raising=False)  # with it nothing is replayed


@pytest.fixture(params=["small", "step"])
def total(request):
    """A function that gives 2 * the sum of two arguments, and how many calls are replayed."""
    w = Value(2.0)

    @compile
    def small(x, y):
        return w.data * (x[0] + x[1] + y)

    @compile
    def step(x, y):
        w.data = w.data * 1.0
        return w.data * (x[0] + x[1] + y)

    return {"small": small, "step": step}[request.param]


def is_replayed(f, *args):
    f.programs()
    assert f(*args) == pytest.approx(2.0 * (float(args[0][0]) + float(args[0][1]) + float(args[1])))
    return sum(replay.calls for replay in f.replays) == 1


def test_doubles(total):
    for _ in range(8):
        total(np.array([1.0, 2.0]), 0.5)
    assert is_replayed(total, np.array([3.0, -2.0]), 1.5)
    assert not is_replayed(total, np.array([3.0, -2.0], np.float32), 1.5)
    assert not is_replayed(total, np.array([3.0, -2.0, 1.0]), 1.5)
    assert not is_replayed(total, np.array([3.0, 0.0, -2.0])[::2], 1.5)
    assert not is_replayed(total, [3.0, -2.0], 1.5)
    assert not is_replayed(total, np.array([3.0, -2.0]), np.float64(1.5))


def test_ints(total):
    for _ in range(8):
        total(np.array([1, 2]), 0.5)
    assert is_replayed(total, np.array([3, -2]), 1.5)
    assert not is_replayed(total, np.array([3, -2], np.int32), 1.5)
    assert not is_replayed(total, np.array([2**60, 0]), 1.5)
    assert not is_replayed(total, np.array([3, -2, 1]), 1.5)
    assert not is_replayed(total, np.array([3, 0, -2])[::2], 1.5)
    assert not is_replayed(total, np.array([3.0, -2.0]), 1.5)


def test_other_arguments(total):
    for _ in range(8):
        total((1.0, 2.0), 0.5)
    assert is_replayed(total, (3.0, -2.0), 1.5)
    assert not is_replayed(total, [3.0, -2.0], 1.5)
    assert not is_replayed(total, (3.0, -2.0, 1.0), 1.5)
    assert not is_replayed(total, (3.0, -2.0), 1)
    total.programs()
    assert total((3.0, -2.0), y=1.5) == 5.0
    assert sum(replay.calls for replay in total.replays) == 0
