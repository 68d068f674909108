"""Activations and dropout at the edges."""

import math

import pytest

import nn
from autograd_lite import Value


def test_nan_stays_nan():
    for layer in (nn.Linear(2, 1), nn.LayerNorm(2), nn.Softmax(), nn.ReLU(), nn.Dropout(1.0)):
        out = layer([Value(math.nan), Value(1.0)])
        assert math.isnan(out[0].data), layer
    assert math.isnan(nn.MaxPool2d(2)([[[1.0, math.nan], [3.0, 4.0]]])[0][0][0])


def test_the_tanh_of_gelu_may_be_of_any_size():
    gelu = nn.GELU("tanh")
    x = [Value(1.7e308), Value(-1.7e308)]
    out = gelu(x)
    assert [v.data for v in out] == gelu([1.7e308, -1.7e308]) == [1.7e308, 0.0]
    (out[0] + out[1]).backward()
    assert [v.grad for v in x] == [1.0, 0.0]


def test_dropout_keeps_the_mean_and_its_gradient():
    x = [Value(1.0) for _ in range(10_000)]
    out = nn.Dropout(0.3, rng=0)(x)
    assert {round(v.data, 12) for v in out} == {0.0, round(1 / 0.7, 12)}
    kept = sum(v.data > 0 for v in out)
    assert 0.68 < kept / len(out) < 0.72
    out[0].backward()
    assert x[0].grad == out[0].data


def test_dropout_draws_anew_and_from_its_generator():
    dropout, twin = nn.Dropout(0.5, rng=3), nn.Dropout(0.5, rng=3)
    first, second = dropout([1.0] * 50), dropout([1.0] * 50)
    assert first != second
    assert [twin([1.0] * 50), twin([1.0] * 50)] == [first, second]


def test_dropout_of_everything_and_of_nothing():
    assert nn.Dropout(1.0)([1.0, 2.0]) == [0.0, 0.0]
    assert nn.Dropout(0.0)([1.0, 2.0]) == [1.0, 2.0]
    assert nn.Dropout(0.9).eval()([1.0, 2.0]) == [1.0, 2.0]


def test_dropout_in_other_layers():
    x = [[1.0, 2.0]] * 3
    for layer in (nn.LSTM(2, 4, 2, dropout=0.5, rng=0), nn.TransformerEncoderLayer(2, 1, 8, rng=0)):

        def out(layer=layer):
            y = layer(x)
            rows = y[0] if isinstance(y, tuple) else y
            return [v.data for row in rows for v in row]

        assert out() != out()
        layer.eval()
        assert out() == out()


@pytest.mark.parametrize(
    "layer", [nn.LSTM(2, 2, 2, dropout=0.5, rng=0), nn.MultiheadAttention(2, 1, 0.5, rng=0)]
)
def test_the_dropout_of_a_layer_is_an_attribute(layer):
    x = [[1.0, 2.0], [3.0, 4.0]]
    inputs = [x] if isinstance(layer, nn.LSTM) else [x, x, x]

    def outputs():
        return {tuple(v.item() for row in layer(*inputs)[0] for v in row) for _ in range(8)}

    assert len(outputs()) > 1
    layer.dropout = 0.0
    assert len(outputs()) == 1
    assert "Dropout" not in repr(layer)
    with pytest.raises(ValueError, match=r": dropout must be a probability from 0 to 1, not 2"):
        type(layer)(2, 1, dropout=2)
