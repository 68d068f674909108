"""Layers at the edges: wrong shapes, kinds of input, NaN, dropout."""

import math
import re

import numpy as np
import pytest

import nn
from autograd_lite import Value, no_grad

ONES = [[1.0] * 4] * 4
RAGGED = [[1.0], [1.0, 2.0]]


@pytest.mark.parametrize(
    ("layer", "x", "message"),
    [
        (
            nn.Linear(3, 2),
            [1.0, 2.0],
            r"Linear\(in_features=3, out_features=2\): expected rows of 3",
        ),
        (nn.Linear(3, 2), [], r"expected rows of 3 numbers, got shape \(0,\)"),
        (nn.Linear(3, 2), 1.0, "expected rows of 3 numbers, got one float"),
        (nn.Linear(3, 2), [[1.0] * 3, [1.0] * 2], r"Linear.* got shape \(2,\)"),
        (nn.Conv1d(2, 1, 3), [[1.0] * 5], r"Conv1d\(2, 1, .*expected shape \(2, L\), got \(1, 5\)"),
        (nn.Conv1d(1, 1, 3), [[1.0] * 2], r"spans 3 numbers, but the padded input has 2"),
        (nn.Conv2d(1, 1, 3), ONES, r"Conv2d.*expected shape \(1, H, W\), got \(4, 4\)"),
        (nn.Conv2d(1, 1, 1), [[[1.0], [1.0, 2.0]]], r"Conv2d.*expected rows of one shape"),
        (nn.Conv2d(1, 1, 2), [[]], r"Conv2d.*expected shape \(1, H, W\), got \(1, 0\)"),
        (nn.MaxPool2d(2), [1.0], r"MaxPool2d.*expected shape \(C, H, W\), got \(1,\)"),
        (nn.AvgPool2d(2), [[[1.0]]], r"AvgPool2d.*spans 2 numbers, but the padded input has 1"),
        (
            nn.LayerNorm([2, 3]),
            [[1.0] * 2] * 3,
            r"LayerNorm.*expected shape \(2, 3\), got \(3, 2\)",
        ),
        (nn.RMSNorm(2), [1.0], r"RMSNorm.*expected shape \(2,\), got \(1,\)"),
        (nn.BatchNorm1d(3), [[1.0] * 2] * 2, r"BatchNorm1d.*shape \(N, 3\), got \(2, 2\)"),
        (nn.BatchNorm1d(3), [1.0] * 3, r"BatchNorm1d.*expected shape \(N, 3\), got \(3,\)"),
        (nn.BatchNorm1d(1), [[1.0]], r"BatchNorm1d\(1\): a batch needs more than 1 number"),
        (nn.LSTMCell(2, 3), [1.0], r"LSTMCell\(2, 3\): expected shape \(N, 2\), got \(1, 1\)"),
        (nn.LSTM(2, 3), [], r"LSTM\(2, 3\): expected shape \(L, 2\), got \(0,\)"),
        (nn.GRU(2, 3), [[1.0] * 3], r"GRU\(2, 3\): expected shape \(L, 2\), got \(1, 3\)"),
        (nn.RNN(1, 1), [[[1.0, 1.0]]], r"RNN\(1, 1\): expected shape \(L, N, 1\), got \(1, 1, 2\)"),
        (nn.Softmax(dim=1), [1.0, 2.0], r"Softmax\(dim=1\): x has 1 axes"),
        (nn.Softmax(dim=0), RAGGED, r"Softmax\(dim=0\): expected rows of one shape, got"),
        (nn.Softmax(), RAGGED, r"Softmax\(dim=-1\): expected rows of one shape, got"),
        (nn.ReLU(), RAGGED, r"ReLU\(\): expected rows of one shape, got \[\(1,\), \(2,\)\]"),
        (nn.GELU(), [1.0, [2.0]], r"GELU\(.*\): expected rows of one shape, got \[\(\), \(1,\)\]"),
        (nn.Dropout(), [[2.0], 1.0], r"Dropout\(.*\): expected rows of one shape, got"),
        (nn.Flatten(0), RAGGED, r"Flatten\(.*\): expected rows of one shape, got"),
        (nn.Linear(2, 1), [1.0, [2.0]], r"Linear\(.*\): expected rows of one shape, got"),
        (nn.MLP(2, [1]), [[2.0], 1.0], r"Neuron.*: expected rows of 2 numbers, got"),
        (nn.Flatten(), [1.0], r"Flatten.*x has shape \(1,\)"),
    ],
)
def test_a_wrong_shape_names_the_layer(layer, x, message):
    with pytest.raises(ValueError, match=message):
        layer(x)


@pytest.mark.parametrize(
    "layer",
    [
        nn.Linear(2, 1),
        nn.Neuron(2),
        nn.Layer(2, 3),
        nn.ReLU(),
        nn.LeakyReLU(),
        nn.Dropout(),
        nn.Softmax(),
        nn.LayerNorm(2),
        nn.RMSNorm(2),
        nn.BatchNorm1d(2),
        nn.Conv1d(2, 1, 1),
        nn.MaxPool2d(1),
        nn.GRU(2, 1),
    ],
    ids=lambda layer: type(layer).__name__,
)
@pytest.mark.parametrize("wrong", ["2.0", None, 2j, {"x": 2.0}])
def test_what_is_no_number_names_the_layer(layer, wrong):
    x = [[1.0, 2.0], [3.0, wrong]]
    if isinstance(layer, nn.MaxPool2d):
        x = [x]
    message = re.escape(layer.title()) + f": expected real numbers, got {type(wrong).__name__}"
    with pytest.raises(TypeError, match=message):
        layer(x)


def test_a_batch_that_fails_leaves_the_running_statistics():
    layer = nn.BatchNorm1d(2)
    before = layer.state_dict()
    layer.weight = (nn.Parameter(1.0),)  # of one channel: the second one fails
    with pytest.raises(IndexError):
        layer([[1.0, 2.0], [3.0, 4.0]])
    assert layer.state_dict() == before | {"weight": [1.0]}


def test_wrong_states_and_masks():
    with pytest.raises(
        ValueError, match=r"LSTM\(1, 2\): hx: expected shape \(1, 2\), got \(1, 3\)"
    ):
        nn.LSTM(1, 2)([[1.0]], ([[0.0] * 3], [[0.0] * 2]))
    with pytest.raises(ValueError, match=r"expected hx = \(h, c\), got a sequence of 1"):
        nn.LSTMCell(1, 2)([1.0], ([0.0] * 2,))
    attention = nn.MultiheadAttention(2, 1)
    x = [[1.0, 2.0]] * 3
    with pytest.raises(ValueError, match=r"attn_mask: expected shape \(3, 3\), got \(2, 2\)"):
        attention(x, x, x, attn_mask=[[False] * 2] * 2)
    with pytest.raises(
        ValueError, match=r"key_padding_mask: expected shape \(1, 3\), got \(1, 2\)"
    ):
        attention(x, x, x, key_padding_mask=[True, False])
    with pytest.raises(ValueError, match=r"Attention\(2, 1\): expected shape \(1, S, 2\), got"):
        attention(x, [[1.0]], x)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: nn.Conv1d(3, 2, 1, groups=2), r"Conv1d.*groups=2 must divide both channel"),
        (lambda: nn.Conv2d(1, 1, (1, 2, 3)), r"Conv2d: kernel_size must be one int or 2, not"),
        (
            lambda: nn.Conv1d(1, 1, 1, padding="full"),
            r"Conv1d: padding must be 'same' or 'valid', not 'full'",
        ),
        (lambda: nn.Conv1d(1, 1, 1, 2, "same"), r"Conv1d: padding='same' needs stride=1"),
        (lambda: nn.Conv1d(1, 1, 1, 0), r"Conv1d: stride must be an int of at least 1, not 0"),
        (lambda: nn.MaxPool2d(2, padding=2), r"MaxPool2d.*: padding is at most half of kernel"),
        (lambda: nn.AvgPool2d(0), r"AvgPool2d: kernel_size must be an int of at least 1, not 0"),
        (lambda: nn.Dropout(1.5), r"Dropout: p must be a probability from 0 to 1, not 1.5"),
        (lambda: nn.Dropout(math.nan), r"Dropout: p must be a probability from 0 to 1, not nan"),
        (lambda: nn.Embedding(3, 2, padding_idx=3), r"Embedding.*padding_idx must be one of its"),
        (
            lambda: nn.MultiheadAttention(5, 2),
            r"Attention\(5, 2\): num_heads must divide embed_dim",
        ),
        (lambda: nn.TransformerEncoderLayer(2, 1, activation="tanh"), r"Transformer.*not 'tanh'"),
        (lambda: nn.RNN(1, 1, nonlinearity="gelu"), r"RNN: nonlinearity must be .*not 'gelu'"),
        (lambda: nn.GELU("sigmoid"), r"GELU: approximate must be 'none' or 'tanh', not 'sigmoid'"),
        (lambda: nn.Linear(-1, 2), r"Linear: in_features must be an int of at least 1, not -1"),
        (lambda: nn.Linear(2, 1.5), r"Linear: out_features must be an int of at least 1, not 1.5"),
        (lambda: nn.LSTM(2, 0), r"LSTM: hidden_size must be an int of at least 1, not 0"),
        (
            lambda: nn.AvgPool2d(2, divisor_override=0),
            r"AvgPool2d: divisor_override must be an int",
        ),
        (lambda: nn.Conv2d(1, 1, 1, padding_mode="mirror"), r"Conv2d: padding_mode.*not 'mirror'"),
        (lambda: nn.LayerNorm(0), r"LayerNorm: normalized_shape must be an int of at least 1"),
        (lambda: nn.LayerNorm([2, 0]), r"LayerNorm: normalized_shape must be an int of at least 1"),
        (lambda: nn.RMSNorm([]), r"RMSNorm: the number of lengths in normalized_shape must be"),
        (lambda: nn.BatchNorm1d(0), r"BatchNorm1d: num_features must be an int of at least 1"),
        (lambda: nn.Layer(2, 0), r"Layer: nout must be an int of at least 1, not 0"),
        (lambda: nn.MLP(2, []), r"MLP: the number of layers must be an int of at least 1, not 0"),
    ],
)
def test_arguments_that_make_no_sense(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize(
    "make",
    [
        lambda n: nn.Linear(n, n),
        lambda n: nn.MLP(n, [n]),
        lambda n: nn.Embedding(n, n),
        lambda n: nn.LayerNorm(n),
        lambda n: nn.LayerNorm(np.array([n])),
        lambda n: nn.RMSNorm(n),
        lambda n: nn.BatchNorm1d(n),
        lambda n: nn.Conv1d(n, n, n, n),
        lambda n: nn.Conv2d(n, n, (n, n)),
        lambda n: nn.MaxPool2d(n),
        lambda n: nn.GRU(n, n),
        lambda n: nn.MultiheadAttention(n, n),
    ],
)
def test_sizes_may_be_numpy_integers(make):
    assert repr(make(np.int64(2))) == repr(make(2))
    assert make(np.int64(2)).state_dict().keys() == make(2).state_dict().keys()


def test_a_size_that_is_a_numpy_integer_is_checked():
    with pytest.raises(ValueError, match=r"LayerNorm.*: expected shape \(3,\), got \(2,\)"):
        nn.LayerNorm(np.int64(3))([1.0, 2.0])
    with pytest.raises(ValueError, match=r"Conv1d.*: expected shape \(2, L\), got \(1, 2\)"):
        nn.Conv1d(np.int64(2), 1, 1)([[1.0, 2.0]])


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (nn.Linear(3, 2, rng=0), (4, 3)),
        (nn.Conv1d(2, 2, 2, padding=1, rng=0), (2, 5)),
        (nn.Conv2d(1, 2, 2, padding=1, rng=0), (1, 3, 3)),
        (nn.MaxPool2d(2, padding=1), (2, 4, 4)),
        (nn.AvgPool2d(2, padding=1), (2, 4, 4)),
        (nn.LayerNorm(3), (2, 3)),
        (nn.RMSNorm(3), (2, 3)),
        (nn.BatchNorm1d(3), (4, 3)),
        (nn.BatchNorm1d(3).eval(), (4, 3)),
        (nn.Softmax(dim=0), (4, 3)),
        (nn.Flatten(), (2, 2, 2)),
        (nn.RNN(2, 3, rng=0), (4, 2)),
        (nn.LSTM(2, 3, rng=0), (4, 2)),
        (nn.GRU(2, 3, rng=0), (4, 2)),
        (nn.TransformerEncoderLayer(4, 2, 3, 0.0, rng=0), (3, 4)),
    ],
    ids=lambda x: type(x).__name__ if isinstance(x, nn.Module) else "",
)
def test_lists_arrays_and_values_give_the_same(layer, shape):
    array = np.random.default_rng(0).normal(size=shape)

    def values(x):
        return tuple(map(values, x)) if isinstance(x, list) else Value(x)

    def data(x):
        if isinstance(x, (list, tuple)):
            return [data(row) for row in x]
        return x.data if isinstance(x, Value) else x

    expected = data(layer(values(array.tolist())))
    assert data(layer(array.tolist())) == expected
    assert data(layer(array)) == expected
    assert data(layer(list(array))) == expected
    with no_grad():
        assert data(layer(array)) == expected


def test_the_weighted_sums_are_one_node_each():
    out = nn.Linear(3, 2, rng=0)([1.0, 2.0, 3.0])
    assert [(v._op, len(v.parents)) for v in out] == [("dot", 4)] * 2
    assert all(parent.is_leaf for v in out for parent in v.parents)
    (pixel,) = nn.Conv2d(1, 1, 2, rng=0)([[[1.0, 2.0], [3.0, 4.0]]])[0][0]
    assert (pixel._op, len(pixel.parents)) == ("dot", 5)


@pytest.mark.parametrize("kind", [list, tuple])
def test_weights_may_be_replaced(kind):
    layer = nn.Linear(1, 1, rng=0)
    layer([1.0])
    layer.weight = kind([kind([nn.Parameter(3.0)])])
    assert layer([1.0])[0].data == 3.0 + layer.bias[0].data
    if kind is list:
        layer.weight[0][0] = nn.Parameter(5.0)
        assert layer([1.0])[0].data == 5.0 + layer.bias[0].data
    layer.bias = kind([nn.Parameter(7.0)])
    assert layer([0.0])[0].data == 7.0
    if kind is list:
        layer.weight = ((nn.Parameter(1.0),),)
        layer([0.0])
        layer.bias[0] = nn.Parameter(8.0)
        assert layer([0.0])[0].data == 8.0
    layer.bias = None
    assert layer([2.0])[0].data == 2.0 * layer.weight[0][0].data
    net = nn.Layer(1, 2, nonlin=False, rng=0)
    net([1.0])
    net.neurons[0].b = nn.Parameter(7.0)
    assert net([0.0])[0].data == 7.0


def test_nan_stays_nan():
    for layer in (nn.Linear(2, 1), nn.LayerNorm(2), nn.Softmax(), nn.ReLU(), nn.Dropout(1.0)):
        out = layer([Value(math.nan), Value(1.0)])
        assert math.isnan(out[0].data), layer
    assert math.isnan(nn.MaxPool2d(2)([[[1.0, math.nan], [3.0, 4.0]]])[0][0][0])


def test_a_query_that_may_look_nowhere_is_nan():
    attention = nn.MultiheadAttention(2, 1, rng=0)
    x = [[1.0, 2.0], [3.0, 4.0]]
    out, _ = attention(x, x, x, attn_mask=[[True, True], [False, False]])
    assert all(math.isnan(v.data) for v in out[0])
    assert not any(math.isnan(v.data) for v in out[1])


def test_the_tanh_of_gelu_may_be_of_any_size():
    gelu = nn.GELU("tanh")
    x = [Value(1.7e308), Value(-1.7e308)]
    out = gelu(x)
    assert [v.data for v in out] == gelu([1.7e308, -1.7e308]) == [1.7e308, 0.0]
    (out[0] + out[1]).backward()
    assert [v.grad for v in x] == [1.0, 0.0]


# -------------------------------------------------------------------------------- dropout


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


# ------------------------------------------------------------------------------ embedding


def test_an_index_that_is_none():
    table = nn.Embedding(3, 2)
    with pytest.raises(IndexError, match=r"Embedding\(3, 2\): index 3 is out of range"):
        table([0, 3])
    with pytest.raises(IndexError, match="index -1 is out of range"):
        table(-1)
    with pytest.raises(TypeError, match="an index must be an int, not float"):
        table([1.0])
    assert table([]) == []


def test_a_padding_row_is_0_and_gets_no_gradient():
    table = nn.Embedding(3, 2, padding_idx=1, rng=0)
    assert [p.data for p in table.weight[1]] == [0.0, 0.0]
    rows = table(np.array([1, 2]))
    (rows[0][0] * 2 + rows[1][0] * 3).backward()
    assert [p.grad for p in table.weight[1]] == [0.0, 0.0]
    assert [p.grad for p in table.weight[2]] == [3.0, 0.0]


@pytest.mark.parametrize(
    ("hx", "got"), [(3.0, "one float"), ("ab", "one str"), ([[1.0, 2.0]], "a sequence of 1")]
)
def test_the_state_of_an_lstm_is_a_pair(hx, got):
    with pytest.raises(ValueError, match=rf"LSTMCell\(2, 2\): expected hx = \(h, c\), got {got}"):
        nn.LSTMCell(2, 2)([1.0, 2.0], hx)
    with pytest.raises(ValueError, match=rf"LSTM\(2, 2\): expected hx = \(h, c\), got {got}"):
        nn.LSTM(2, 2)([[1.0, 2.0]], hx)


def test_a_projection_is_shorter_than_the_state():
    with pytest.raises(ValueError, match="LSTM: proj_size must be less than hidden_size, not 3"):
        nn.LSTM(2, 3, proj_size=3)
    with pytest.raises(ValueError, match="LSTM: proj_size must be an int of at least 0, not -1"):
        nn.LSTM(2, 3, proj_size=-1)
    lstm = nn.LSTM(2, 3, proj_size=1)
    assert lstm.title() == "LSTM(2, 3, proj_size=1)"
    with pytest.raises(ValueError, match=r"hx: expected shape \(1, 1\), got \(1, 3\)"):
        lstm([[1.0, 2.0]], ([[0.0] * 3], [[0.0] * 3]))


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
