import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nn


@given(st.integers(0, 20), st.integers(1, 8), st.integers())
def test_every_sample_once_and_with_its_target(n, size, seed):
    seen = []
    lengths = []
    for xs, ys in nn.batches([[i, -i] for i in range(n)], list(range(n)), size, seed):
        assert [x[0] for x in xs] == ys
        seen += ys
        lengths.append(len(xs))
    assert sorted(seen) == list(range(n))
    assert all(length == size for length in lengths[:-1])


def test_the_order_is_the_generators():
    def order(rng):
        return [y for _, ys in nn.batches(range(50), range(50), 7, rng) for y in ys]

    assert order(1) == order(random.Random(1)) != order(2)
    rng = random.Random(1)
    assert order(rng) != order(rng)


def test_numpy_arrays():
    X, y = np.arange(6.0).reshape(3, 2), np.arange(3)  # noqa: N806
    xs, ys = next(nn.batches(X, y, 2, 0))
    assert isinstance(xs, np.ndarray)
    assert xs.tolist() == X[ys].tolist()
    assert ys.dtype == y.dtype
    xs, ys = next(nn.batches(X, [0, 1, 2], 2, 0))
    assert xs.tolist() == X[ys].tolist()
    assert isinstance(ys, list)


def test_bad_arguments_are_found_at_once():
    with pytest.raises(ValueError, match="X has 2 samples, but y has 3"):
        nn.batches([1, 2], [1, 2, 3], 1)
    with pytest.raises(ValueError, match="batches: size must be an int of at least 1, not 0"):
        nn.batches([1], [1], 0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((3, 3, 1), "X must be a list of samples, not one int"),
        (([1], None, 1), "y must be a list of samples, not None"),
        (([1], [1], 1.5), "size must be an int of at least 1, not 1.5"),
    ],
)
def test_batches_of_what_is_no_list(arguments, message):
    with pytest.raises((TypeError, ValueError), match=f"batches: {message}"):
        nn.batches(*arguments)
