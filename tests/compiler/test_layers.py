"""Every layer and loss of nn, recorded once for each executor: compiled and eager agree on other
numbers.
"""

import numpy as np
import pytest

import nn
from autograd_lite import compile
from tests.support.agreement import agree, values_in
from tests.support.in_c import C


def agree_anew(model, function, draw_args):
    rng = np.random.default_rng(0)
    calls = [draw_args(rng) for _ in range(3)]
    for kind in ("interpret", "numpy"):
        way = compile(function, executor=kind)
        agree(function, calls, model.parameters(), compiled=way, rel=1e-9)


SHAPES = {
    "Linear": ((4, 3), lambda: nn.Linear(3, 2, rng=0)),
    "MLP": ((4, 3), lambda: nn.MLP(3, [4, 2], rng=0)),
    "Softmax": ((4, 3), lambda: nn.Sequential(nn.Linear(3, 3, rng=0), nn.Softmax(-1))),
    "Dropout": ((4, 3), lambda: nn.Sequential(nn.Linear(3, 3, rng=0), nn.Dropout(0.5))),
    "Conv1d": ((2, 2, 5), lambda: nn.Conv1d(2, 3, 2, rng=0)),
    "Conv2d": ((2, 2, 4, 4), lambda: nn.Conv2d(2, 3, 2, padding=1, rng=0)),
    "MaxPool2d": ((2, 1, 5, 5), lambda: nn.Sequential(nn.Conv2d(1, 2, 2, rng=0), nn.MaxPool2d(2))),
    "AvgPool2d": ((2, 1, 5, 5), lambda: nn.Sequential(nn.Conv2d(1, 2, 2, rng=0), nn.AvgPool2d(2))),
    "LayerNorm": ((4, 3), lambda: nn.LayerNorm(3)),
    "RMSNorm": ((4, 3), lambda: nn.RMSNorm(3)),
    "RNN": ((4, 3), lambda: nn.RNN(3, 2, rng=0)),
    "LSTM": ((4, 3), lambda: nn.LSTM(3, 2, rng=0)),
    "GRU": ((4, 3), lambda: nn.GRU(3, 2, rng=0)),
    "TransformerEncoderLayer": (
        (3, 4),
        lambda: nn.TransformerEncoderLayer(4, 2, 8, dropout=0.0, rng=0),
    ),
}


@pytest.mark.parametrize("name", SHAPES)
def test_layer(name):
    shape, make = SHAPES[name]
    model = make()
    agree_anew(model, lambda x: model(x), lambda rng: (rng.normal(size=shape),))


@pytest.mark.parametrize("activation", ["ReLU", "Tanh", "Sigmoid", "GELU", "SiLU", "LeakyReLU"])
def test_activation(activation):
    model = nn.Sequential(nn.Linear(3, 3, rng=0), getattr(nn, activation)())
    agree_anew(model, lambda x: model(x), lambda rng: (rng.normal(size=(4, 3)),))


def test_attention():
    model = nn.MultiheadAttention(4, 2, rng=0)
    agree_anew(model, lambda x: model(x, x, x), lambda rng: (rng.normal(size=(3, 4)),))


def test_embedding():
    model = nn.Embedding(5, 3, padding_idx=0, rng=0)
    agree_anew(model, lambda i: model(i), lambda rng: (rng.integers(1, 5, size=(2, 4)),))


@pytest.mark.parametrize("executor", ["interpret", "numpy", C])
def test_batch_normalisation_and_its_running_statistics(executor):
    eager, compiled = nn.BatchNorm1d(3), nn.BatchNorm1d(3)
    function = compile(lambda x: compiled(x), executor=executor)
    rng = np.random.default_rng(0)
    for mode in ("train", "train", "eval", "eval"):
        getattr(eager, mode)()
        getattr(compiled, mode)()
        x = rng.normal(size=(4, 3))
        expected = [v.data for v in values_in(eager(x))]
        assert [v.data for v in values_in(function(x))] == pytest.approx(expected)
        found, wanted = compiled.state_dict(), eager.state_dict()
        assert found.keys() == wanted.keys()
        for name, numbers in found.items():
            assert numbers == pytest.approx(wanted[name], rel=1e-14)
    assert function.recordings == 2


LOSSES = {
    "mse_loss": lambda rng: rng.normal(size=(5, 4)),
    "quadratic_loss": lambda rng: rng.normal(size=(5, 4)),
    "l1_loss": lambda rng: rng.normal(size=(5, 4)),
    "huber_loss": lambda rng: rng.normal(size=(5, 4)),
    "binary_cross_entropy_with_logits": lambda rng: rng.uniform(size=(5, 4)),
    "kl_div": lambda rng: rng.uniform(0.1, 1, size=(5, 4)),
    "cross_entropy": lambda rng: rng.integers(0, 4, size=5),
    "nll_loss": lambda rng: rng.integers(0, 4, size=5),
    "hinge_loss": lambda rng: rng.integers(0, 2, size=(5, 4)) * 2 - 1,
}


@pytest.mark.parametrize("name", LOSSES)
def test_loss(name):
    model, loss = nn.Linear(3, 4, rng=0), getattr(nn, name)

    def draw_args(rng):
        return rng.normal(size=(5, 3)), LOSSES[name](rng)

    agree_anew(model, lambda x, y: loss(model(x), y), draw_args)


def test_binary_cross_entropy_of_probabilities():
    model = nn.Sequential(nn.Linear(3, 4, rng=0), nn.Sigmoid())
    agree_anew(
        model,
        lambda x, y: nn.binary_cross_entropy(model(x), y),
        lambda rng: (rng.normal(size=(5, 3)), rng.uniform(size=(5, 4))),
    )


@pytest.mark.parametrize("name", ["cross_entropy", "nll_loss"])
def test_loss_with_weights_of_the_classes(name):
    model, loss = nn.Linear(3, 4, rng=0), getattr(nn, name)
    agree_anew(
        model,
        lambda x, y: loss(model(x), y, weight=[1.0, 2.0, 0.5, 0.25]),
        lambda rng: (rng.normal(size=(5, 3)), rng.integers(0, 4, size=5)),
    )


def test_parameters_that_are_replaced_by_lists():
    """Which may change in place; the layer's own tables are made anew only if they did."""
    model = nn.Linear(3, 2, rng=0)
    compiled = compile(lambda x: model(x))
    x = [1.0, -2.0, 0.5]
    for recordings in (1, 2):
        expected = [v.data for v in values_in(model(x))]
        for _ in range(3):
            assert [v.data for v in values_in(compiled(x))] == expected
        assert compiled.recordings == recordings
        model.weight = [[nn.Parameter(1.0) for _ in range(3)] for _ in range(2)]
    model.weight[0][0] = nn.Parameter(5.0)
    assert [v.data for v in values_in(compiled(x))] == [v.data for v in values_in(model(x))]
