"""Nested lists, tuples and NumPy arrays as arrays."""

import numpy as np

import nn
from autograd_lite import Value


def test_numpy_integers_in_lists_do_not_wrap():
    assert nn.mse_loss([np.uint8(1)], [np.uint8(2)]) == 1.0
    assert nn.l1_loss([np.uint8(1)], [np.uint8(2)]) == 1.0
    scores = [[np.uint8(1), np.uint8(2)]]
    assert nn.nll_loss(scores, [0], weight=[np.uint8(200), np.uint8(1)]) == -1.0


def test_numbers_of_numpy_in_lists_are_doubles():
    third = np.float32(1 / 3)
    x = [third, np.float32(2.5)]
    for layer in (nn.GELU("tanh"), nn.SiLU(), nn.LayerNorm(2), nn.RMSNorm(2, None, False)):
        got, expected = layer(x), layer(list(map(float, x)))
        assert [Value(v).data if not isinstance(v, Value) else v.data for v in got] == [
            Value(v).data if not isinstance(v, Value) else v.data for v in expected
        ], layer
    assert nn.mse_loss([np.float16(300.0)], [np.float16(0.0)]) == 90_000.0
    assert nn.cross_entropy(x, 0) == nn.cross_entropy(list(map(float, x)), 0)
