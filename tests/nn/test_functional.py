"""nn.functional against torch.nn.functional: numbers and gradients, eagerly and compiled."""

import random

import numpy as np
import pytest

import autograd_lite
import nn
import nn.functional as F  # noqa: N812
from autograd_lite import Value

LOSSES = [name for name in F.__all__ if name in nn.__all__]


def test_the_losses_are_those_of_nn():
    assert len(LOSSES) == 8
    assert all(getattr(F, name) is getattr(nn, name) for name in LOSSES)


# ------------------------------------------------------------------------- as PyTorch has it

X = np.random.default_rng(0).normal(size=(2, 3, 4, 5)) * 3
W, B = np.random.default_rng(1).normal(size=(6, 5)), np.random.default_rng(2).normal(size=6)

CALLS = {
    "relu": [{}],
    "leaky_relu": [{}, {"negative_slope": 0.3}],
    "elu": [{}, {"alpha": 0.5}],
    "selu": [{}],
    "gelu": [{}, {"approximate": "tanh"}],
    "silu": [{}],
    "sigmoid": [{}],
    "logsigmoid": [{}],
    "softplus": [{}],
    "tanh": [{}],
    "dropout": [{"training": False}, {"p": 0.0}, {"p": 1.0}],
    "softmax": [{"dim": dim} for dim in (-1, 0, 1, 2, -2)],
    "log_softmax": [{"dim": dim} for dim in (-1, 0, 1, 2, -2)],
    "linear": [{"weight": W}, {"weight": W, "bias": B}],
    "max_pool2d": [{"kernel_size": 2}, {"kernel_size": (3, 2), "stride": 1, "padding": 1}],
    "avg_pool2d": [{"kernel_size": 2}, {"kernel_size": 3, "padding": 1, "ceil_mode": True}],
}


def test_every_function_is_compared():
    assert set(CALLS) == set(F.__all__) - set(LOSSES)


def to_values(x):
    return [to_values(row) for row in x] if isinstance(x, list) else Value(x)


def leaves(x):
    return [leaf for row in x for leaf in leaves(row)] if isinstance(x, list) else [x]


@pytest.mark.parametrize(
    ("name", "options"), [(name, options) for name in CALLS for options in CALLS[name]]
)
def test_numbers_and_gradients(name, options):
    torch = pytest.importorskip("torch")
    ours, theirs = getattr(F, name), getattr(torch.nn.functional, name)
    arrays = {name: x for name, x in options.items() if isinstance(x, np.ndarray)}
    ours_of = {"input": X, **arrays}
    ours_of = {name: to_values(x.tolist()) for name, x in ours_of.items()}
    theirs_of = {
        name: torch.tensor(x, requires_grad=True) for name, x in {"input": X, **arrays}.items()
    }
    got = leaves(ours(**(options | ours_of)))
    expected = theirs(**(options | theirs_of)).reshape(-1)
    data = [v.data for v in got]
    np.testing.assert_allclose(data, expected.detach(), rtol=1e-9, atol=1e-12)
    cotangents = np.random.default_rng(3).normal(size=len(got))
    autograd_lite.dot(got, cotangents.tolist()).backward()
    expected.backward(torch.from_numpy(cotangents))
    for name, x in ours_of.items():
        grads = [v.grad for v in leaves(x)]
        np.testing.assert_allclose(grads, theirs_of[name].grad.reshape(-1), rtol=1e-9, atol=1e-12)


def test_pooling_gives_places_too():
    x = [[[1.0, 5.0], [3.0, 2.0]]]
    assert F.max_pool2d(x, 2, return_indices=True) == ([[[5.0]]], [[[1]]])


# ------------------------------------------------------------------------------------- alone


def test_of_numbers_it_gives_numbers():
    assert F.relu(-1.0) == 0.0
    assert F.relu([[1, -2], [3, -4]]) == [[1.0, 0.0], [3.0, 0.0]]
    assert F.relu(np.array([1.0, -2.0])) == [1.0, 0.0]
    assert F.softmax([0.0, 0.0]) == [0.5, 0.5]
    assert F.linear([1.0, 2.0], [[3.0, 4.0]], [5.0])[0] == 16.0


def test_dropout_draws_from_its_generator():
    x = [1.0] * 1000
    dropped = F.dropout(x, 0.25, rng=random.Random(0))
    assert dropped == F.dropout(x, 0.25, rng=random.Random(0)) != F.dropout(x, 0.25)
    assert set(dropped) == {0.0, 4 / 3}
    assert dropped.count(0.0) == pytest.approx(250, abs=50)
    assert F.dropout(x, training=False) == x


def test_a_compiled_function_of_it_is_recorded_once():
    weight = [[nn.Parameter(0.5), nn.Parameter(-0.25)], [nn.Parameter(1.0), nn.Parameter(2.0)]]

    def loss(x, target):
        return F.nll_loss(F.log_softmax(F.linear(F.relu(x), weight), dim=1), target)

    compiled = autograd_lite.compile(loss)
    target = np.array([0, 1])
    for x in ([[1.0, -2.0], [0.5, 3.0]], [[-1.0, 2.0], [4.0, 0.25]]):
        assert compiled(x, target).data == pytest.approx(loss(x, target).data, rel=1e-14)
    assert compiled.recordings == 1


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: F.relu([1.0, [2.0]]), "relu: expected rows of one shape, got"),
        (lambda: F.tanh("a"), "tanh: expected real numbers, got str"),
        (lambda: F.softmax([1.0], dim=1), "softmax: x has 1 axes, so dim cannot be 1"),
        (lambda: F.log_softmax(1.0), "log_softmax: x has 0 axes, so dim cannot be -1"),
        (lambda: F.linear([1.0], [[1.0, 2.0]]), r"linear: expected rows of 2 numbers, got shape"),
        (lambda: F.linear([1.0], [1.0]), r"linear: weight: expected shape \(m, n\), got \(1,\)"),
        (lambda: F.linear([1.0], [[1.0]], [1.0, 2.0]), r"linear: bias: expected shape \(1,\), got"),
        (lambda: F.dropout([1.0], 1.5), "dropout: p must be a probability from 0 to 1, not 1.5"),
        (lambda: F.dropout([1.0], -0.5), "dropout: p must be a probability from 0 to 1, not -0.5"),
        (lambda: F.gelu([1.0], "erf"), "GELU: approximate must be 'none' or 'tanh', not 'erf'"),
        (lambda: F.max_pool2d([[[1.0]]], 0), "MaxPool2d: kernel_size must be an int of at least 1"),
    ],
)
def test_a_mistake_names_the_function(call, message):
    with pytest.raises((TypeError, ValueError), match=f"^{message}"):
        call()
