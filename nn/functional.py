"""Functions by PyTorch's names: the losses, and layers without weights of their own.

>>> from autograd_lite import nn
>>> from autograd_lite.nn import functional as F
>>> linear = nn.Linear(2, 3, rng=0)
>>> scores = linear(F.relu([0.5, -1.0]))
>>> F.cross_entropy(scores, 2).backward()

The arguments are those of `torch.nn.functional`, in its order; the losses are those of nn itself.
"""

from __future__ import annotations

from typing import Any

import autograd_lite
from nn.activations import GELU, along_dim, dropped, each_number
from nn.arrays import Array, nested
from nn.checks import expect, probability, shape_for
from nn.convolution import AvgPool2d, Lengths, MaxPool2d
from nn.init import Rng
from nn.linear import Affine, along_last_axis
from nn.losses import (
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    cross_entropy,
    huber_loss,
    kl_div,
    l1_loss,
    mse_loss,
    nll_loss,
)

__all__ = [
    "avg_pool2d",
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "cross_entropy",
    "dropout",
    "elu",
    "gelu",
    "huber_loss",
    "kl_div",
    "l1_loss",
    "leaky_relu",
    "linear",
    "log_softmax",
    "logsigmoid",
    "max_pool2d",
    "mse_loss",
    "nll_loss",
    "relu",
    "selu",
    "sigmoid",
    "silu",
    "softmax",
    "softplus",
    "tanh",
]

# ------------------------------------------------------------------------ of every number


def relu(input: Array) -> Array:
    """max(x, 0)."""
    return each_number(autograd_lite.relu, input, "relu")


def leaky_relu(input: Array, negative_slope: float = 0.01) -> Array:
    """x where x > 0, negative_slope x elsewhere."""
    return each_number(lambda x: autograd_lite.leaky_relu(x, negative_slope), input, "leaky_relu")


def elu(input: Array, alpha: float = 1.0) -> Array:
    """x where x > 0, alpha (exp(x) - 1) elsewhere."""
    return each_number(lambda x: autograd_lite.elu(x, alpha), input, "elu")


def selu(input: Array) -> Array:
    """1.0507 elu(x, 1.6733), the numbers being rounded here."""
    return each_number(autograd_lite.selu, input, "selu")


def gelu(input: Array, approximate: str = "none") -> Array:
    """x Phi(x), Phi being the normal distribution function; "tanh" approximates it, as in GELU."""
    return GELU(approximate)(input)


def silu(input: Array) -> Array:
    """x sigmoid(x)."""
    return each_number(autograd_lite.silu, input, "silu")


def sigmoid(input: Array) -> Array:
    """1 / (1 + exp(-x))."""
    return each_number(autograd_lite.sigmoid, input, "sigmoid")


def logsigmoid(input: Array) -> Array:
    """-log(1 + exp(-x))."""
    return each_number(autograd_lite.logsigmoid, input, "logsigmoid")


def softplus(input: Array) -> Array:
    """log(1 + exp(x))."""
    return each_number(autograd_lite.softplus, input, "softplus")


def tanh(input: Array) -> Array:
    """tanh x."""
    return each_number(autograd_lite.tanh, input, "tanh")


def dropout(input: Array, p: float = 0.5, training: bool = True, *, rng: Rng = None) -> Array:
    """While training, 0 with probability p and x / (1 - p) otherwise; x if training is False.

    rng  a random.Random to draw from; None for the generator of `random.seed`
    """
    x = nested(input)
    shape_for("dropout", x)
    p = probability("dropout", p=p)
    return dropped(x, p, rng) if training and p > 0 else x


# ----------------------------------------------------------------------------- along an axis


def softmax(input: Array, dim: int = -1) -> Array:
    """exp(x) / sum exp(x) along the axis dim, the last one by default."""
    return along_dim(autograd_lite.softmax, input, dim, "softmax")


def log_softmax(input: Array, dim: int = -1) -> Array:
    """x - log sum exp(x) along the axis dim, the last one by default."""
    return along_dim(autograd_lite.log_softmax, input, dim, "log_softmax")


def linear(input: Array, weight: Array, bias: Array | None = None) -> Array:
    """W x + b over the last axis: (*, n) to (*, m), with a weight (m, n) and a bias (m)."""
    rows, size = expect(weight, "linear: weight", "m", "n")
    if bias is not None:
        expect(bias, "linear: bias", rows)
    affine = Affine(nested(weight), nested(bias))
    return along_last_axis(affine, input, size, "linear")


# ----------------------------------------------------------------------------------- pooling


def max_pool2d(
    input: Array,
    kernel_size: Lengths,
    stride: Lengths | None = None,
    padding: Lengths = 0,
    dilation: Lengths = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """The largest number of every window, as MaxPool2d has it."""
    return MaxPool2d(kernel_size, stride, padding, dilation, return_indices, ceil_mode)(input)


def avg_pool2d(
    input: Array,
    kernel_size: Lengths,
    stride: Lengths | None = None,
    padding: Lengths = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Array:
    """The mean of every window, as AvgPool2d has it."""
    pool = AvgPool2d(kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override)
    return pool(input)
