"""Attention at the edges: masks."""

import math

import numpy as np
import pytest

import nn
from autograd_lite import Value


def test_a_query_that_may_look_nowhere_is_nan():
    attention = nn.MultiheadAttention(2, 1, rng=0)
    x = [[1.0, 2.0], [3.0, 4.0]]
    out, _ = attention(x, x, x, attn_mask=[[True, True], [False, False]])
    assert all(math.isnan(v.data) for v in out[0])
    assert not any(math.isnan(v.data) for v in out[1])


@pytest.mark.parametrize("name", ["attn_mask", "key_padding_mask"])
def test_a_mask_of_ints_is_ambiguous(name):
    attention = nn.MultiheadAttention(2, 1, rng=0)
    x = [[1.0, 2.0], [3.0, 4.0]]
    mask = {"attn_mask": [[0, 1], [0, 0]], "key_padding_mask": [0, 1]}[name]
    with pytest.raises(TypeError, match=f"{name} must hold bools or floats, not int"):
        attention(x, x, x, **{name: mask})
    with pytest.raises(TypeError, match="must hold bools or floats"):
        nn.TransformerEncoderLayer(2, 1, 2, rng=0)(x, [[0, 1], [0, 0]])


def test_a_mask_may_hold_numpy_bools():
    attention = nn.MultiheadAttention(2, 1, rng=0)
    x = [[1.0, 2.0], [3.0, 4.0]]
    _, weights = attention(x, x, x, key_padding_mask=[np.False_, np.True_])
    assert [[p.item() for p in row] for row in weights] == [[1.0, 0.0], [1.0, 0.0]]


def test_a_mask_that_is_learned_gets_its_gradient_at_zero():
    def gradients(start):
        attention = nn.MultiheadAttention(2, 1, rng=0)
        mask = [[Value(start) for _ in range(2)] for _ in range(2)]
        x = [[1.0, 2.0], [3.0, -1.0]]
        out, _ = attention(x, x, x, attn_mask=mask)
        out[0][0].backward()
        return [m.grad for row in mask for m in row]

    assert gradients(0.0) == pytest.approx(gradients(1e-12), rel=1e-6)
    assert any(gradients(0.0))
