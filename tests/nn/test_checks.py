"""Wrong shapes, arguments and inputs are named by the layer or loss that gets them."""

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


@pytest.mark.parametrize(
    "layer",
    [
        nn.Linear(2, 1),
        nn.MLP(2, [2, 1]),
        nn.LayerNorm(2),
        nn.RMSNorm(2),
        nn.Dropout().eval(),
        nn.Dropout(0.0),
    ],
)
@pytest.mark.parametrize("lengths", [(1, 2), (2, 0), (1, 0, 3)])
def test_samples_of_different_shapes_are_named(layer, lengths):
    ragged = [[[1.0, 2.0]] * length for length in lengths]
    with pytest.raises(ValueError, match=r"^\w+[ (].*: expected rows of one shape, got"):
        layer(ragged)
    with pytest.raises(ValueError, match=r"^\w+[ (].*: expected rows of one shape, got"):
        layer([ragged, ragged])


@pytest.mark.parametrize("wrong", ["ab", None, {"x": 1.0}, (x for x in [1.0]), 1.0])
def test_an_input_that_is_no_array_is_named_by_its_type(wrong):
    got = "None" if wrong is None else f"one {type(wrong).__name__}"
    with pytest.raises(ValueError, match=rf"Linear\(.*expected rows of 2 numbers, got {got}"):
        nn.Linear(2, 1)(wrong)
    with pytest.raises(ValueError, match=rf"expected shape \(2,\), got {got}"):
        nn.mse_loss([1.0, 2.0], wrong)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: nn.Linear(True, 2), "Linear: in_features must be an int of at least 1, not True"),
        (lambda: nn.Dropout("a"), "Dropout: p must be a number, not 'a'"),
        (lambda: nn.LSTM(1, 1, dropout=None), "LSTM: dropout must be a number, not None"),
        (lambda: nn.optim.SGD([Value(1)], lr="a"), "SGD: lr must be a number, not 'a'"),
        (lambda: nn.optim.SGD(None), r"SGD: pass model.parameters\(\), not None"),
        (lambda: nn.optim.Adam([Value(1)], betas=0.9), "Adam: betas must be two numbers, not 0.9"),
        (lambda: nn.optim.StepLR(nn.Linear, 1), "StepLR: give an optimiser, not the class Linear"),
        (lambda: nn.optim.StepLR(nn.ReLU(), 1), "StepLR: give an optimiser, not ReLU"),
        (lambda: nn.optim.StepLR(nn.optim.SGD, 1), "StepLR: give an optimiser, not the class SGD"),
        (lambda: nn.hinge_loss([0.5, 2.0], [1, 0]), "hinge_loss: a target must be 1 or -1, not 0"),
    ],
)
def test_an_argument_of_the_wrong_kind_names_the_class(make, message):
    with pytest.raises((TypeError, ValueError), match=f"^{message}"):
        make()


def test_a_large_layer_is_named_in_a_line():
    layer = nn.Layer(784, 100)
    for neuron in layer.neurons[::2]:
        neuron.activation = "tanh"
    with pytest.raises(ValueError, match=r"Layer of 1 Tanh.* \.\.\. .*got shape \(1,\)") as error:
        layer([1.0])
    assert len(str(error.value)) < 300
