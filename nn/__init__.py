"""Neural networks on scalars, with the names of micrograd and PyTorch.

>>> from autograd_lite import nn
>>> model = nn.MLP(2, [16, 16, 1], rng=0)
>>> loss = nn.hinge_loss(model([[1.0, -2.0], [0.5, 3.0]]), [1, -1])
>>> loss.backward()
>>> nn.optim.SGD(model.parameters(), lr=0.1).step()

Inputs are numbers and Values in nested lists or tuples, or NumPy arrays; outputs are nested lists.
A weight is a Parameter or nested tuples of them. Losses are Values, and floats where everything
given is a plain number. Optimisers, learning-rate schedules and clip_grad_norm_ are in nn.optim,
initial weights in nn.init.

To read the code, begin with `module.py`, which finds parameters, and `linear.py`, a simple layer.
`arrays.py` has the functions of nested lists, `checks.py` the errors; `_steps.py` is compiled.

PYTEST_DONT_REWRITE: nothing here asserts, and this may be imported before pytest.
"""

from autograd_lite._pure import import_source, is_compiled

if not is_compiled():
    import_source("nn._steps")

from nn import _steps

if is_compiled() == _steps.__file__.endswith(".py"):
    raise ImportError("autograd_lite.value is compiled, but nn._steps is not: build them again")

from nn import functional, init, optim
from nn.activations import (
    GELU,
    Dropout,
    Flatten,
    Identity,
    LeakyReLU,
    ReLU,
    Sigmoid,
    SiLU,
    Softmax,
    Tanh,
)
from nn.attention import MultiheadAttention, TransformerEncoderLayer
from nn.convolution import AvgPool2d, Conv1d, Conv2d, MaxPool2d
from nn.data import batches
from nn.linear import Embedding, Linear
from nn.losses import (
    BCELoss,
    BCEWithLogitsLoss,
    CrossEntropyLoss,
    HingeLoss,
    HuberLoss,
    KLDivLoss,
    L1Loss,
    MSELoss,
    NLLLoss,
    QuadraticLoss,
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    cross_entropy,
    hinge_loss,
    huber_loss,
    kl_div,
    l1_loss,
    mse_loss,
    nll_loss,
    quadratic_loss,
)
from nn.module import Buffer, Module, ModuleList, Parameter, Sequential, Table
from nn.neurons import MLP, Layer, Neuron
from nn.normalization import BatchNorm1d, LayerNorm, RMSNorm
from nn.recurrent import GRU, LSTM, RNN, GRUCell, LSTMCell, RNNCell
from nn.saving import load, save

__all__ = [
    "GELU",
    "GRU",
    "LSTM",
    "MLP",
    "RNN",
    "AvgPool2d",
    "BCELoss",
    "BCEWithLogitsLoss",
    "BatchNorm1d",
    "Buffer",
    "Conv1d",
    "Conv2d",
    "CrossEntropyLoss",
    "Dropout",
    "Embedding",
    "Flatten",
    "GRUCell",
    "HingeLoss",
    "HuberLoss",
    "Identity",
    "KLDivLoss",
    "L1Loss",
    "LSTMCell",
    "Layer",
    "LayerNorm",
    "LeakyReLU",
    "Linear",
    "MSELoss",
    "MaxPool2d",
    "Module",
    "ModuleList",
    "MultiheadAttention",
    "NLLLoss",
    "Neuron",
    "Parameter",
    "QuadraticLoss",
    "RMSNorm",
    "RNNCell",
    "ReLU",
    "Sequential",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "Table",
    "Tanh",
    "TransformerEncoderLayer",
    "batches",
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "cross_entropy",
    "functional",
    "hinge_loss",
    "huber_loss",
    "init",
    "kl_div",
    "l1_loss",
    "load",
    "mse_loss",
    "nll_loss",
    "optim",
    "quadratic_loss",
    "save",
]
