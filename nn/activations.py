"""Layers without parameters: `ReLU`, `Softmax`, `Dropout`, `Flatten`, `Identity`."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from math import pi, prod, sqrt
from typing import Any, TypeAlias

import autograd_lite
from nn.arrays import Array, along_axis, elementwise, flat, nested, reshape
from nn.checks import one_of, probability, shape_for, title
from nn.init import Rng, generator
from nn.module import Module

Function: TypeAlias = Callable[[Any], Any]
"""A function of one number, or of one vector."""


class _Elementwise(Module):
    """A function of every number."""

    _function: Function

    def forward(self, x: Array) -> Array:
        return each_number(self._function, x, self)


def each_number(function: Function, x: Array, layer: Any) -> Array:
    """function(number) for every number of x. Raises an error naming the layer if x is no array."""
    x = nested(x)
    shape_for(layer, x)
    return elementwise(function, x)


class ReLU(_Elementwise):
    """max(x, 0)."""

    _function = staticmethod(autograd_lite.relu)


class Tanh(_Elementwise):
    """tanh(x)."""

    _function = staticmethod(autograd_lite.tanh)


class Sigmoid(_Elementwise):
    """1 / (1 + exp(-x))."""

    _function = staticmethod(autograd_lite.sigmoid)


class SiLU(_Elementwise):
    """x sigmoid(x)."""

    _function = staticmethod(autograd_lite.silu)


class GELU(Module):
    """x Phi(x), Phi being the normal distribution function.

    approximate  "none", or "tanh" for x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2
    """

    def __init__(self, approximate: str = "none") -> None:
        one_of(("none", "tanh"), self, approximate=approximate)
        self.approximate = approximate

    def forward(self, x: Array) -> Array:
        exact = self.approximate == "none"
        return each_number(autograd_lite.gelu if exact else _tanh_gelu, x, self)

    def extra_repr(self) -> str:
        return f"approximate={self.approximate!r}"


_SLOPE = sqrt(2 / pi)


def _tanh_gelu(x: Any) -> Any:
    # So that no number overflows but the argument of tanh, which may.
    slope = _SLOPE + _SLOPE * 0.044715 * (x * x)
    return 0.5 * x * (1 + autograd_lite.tanh(x * slope))


class LeakyReLU(Module):
    """x where x > 0, negative_slope x elsewhere."""

    def __init__(self, negative_slope: float = 0.01) -> None:
        self.negative_slope = negative_slope

    def forward(self, x: Array) -> Array:
        return each_number(lambda x: autograd_lite.leaky_relu(x, self.negative_slope), x, self)

    def extra_repr(self) -> str:
        return f"negative_slope={self.negative_slope}"


class Softmax(Module):
    """exp(x) / sum exp(x) along the axis dim, the last one by default."""

    def __init__(self, dim: int = -1) -> None:
        self.dim = dim

    def forward(self, x: Array) -> Array:
        return along_dim(autograd_lite.softmax, x, self.dim, self)

    def extra_repr(self) -> str:
        return f"dim={self.dim}"


def along_dim(function: Function, x: Array, dim: int, layer: Any) -> Array:
    """function(vector) for every vector along the axis dim, counted from the end if negative.

    Raises ValueError naming the layer if x has no such axis.
    """
    x = nested(x)
    axes = len(shape_for(layer, x))
    if not -axes <= dim < axes:
        raise ValueError(f"{title(layer)}: x has {axes} axes, so dim cannot be {dim}")
    return along_axis(function, x, dim % axes)


class Dropout(Module):
    """While training, 0 with probability p and x / (1 - p) otherwise; x while evaluating.

    rng  a random.Random or a seed; None for the generator of `random.seed`
    """

    def __init__(self, p: float = 0.5, *, rng: Rng = None) -> None:
        self.p = probability(self, p=p)
        self._rng = None if rng is None else generator(rng)

    def forward(self, x: Array) -> Array:
        x = nested(x)
        shape_for(self, x)
        return dropped(x, self.p, self._rng) if self.training and self.p > 0 else x

    def extra_repr(self) -> str:
        return f"p={self.p}"


def dropped(x: Array, p: float, rng: Rng) -> Array:
    """x with every number 0 with probability p, and divided by 1 - p otherwise."""
    factor = partial(_factor, generator(rng).random, p)
    return elementwise(lambda x: x * autograd_lite.sample(factor), x)


def _factor(random: Callable[[], float], p: float) -> float:
    return 1 / (1 - p) if random() >= p else 0.0


class Flatten(Module):
    """The axes from start_dim to end_dim as one, row by row."""

    def __init__(self, start_dim: int = 1, end_dim: int = -1) -> None:
        self.start_dim = start_dim
        self.end_dim = end_dim

    def forward(self, x: Array) -> Array:
        x = nested(x)
        lengths = shape_for(self, x) or (1,)  # a number is one of itself
        axes = len(lengths)
        start, end = self.start_dim % axes, self.end_dim % axes
        if not (-axes <= self.start_dim < axes and -axes <= self.end_dim < axes and start <= end):
            raise ValueError(f"{self.title()}: x has shape {lengths}")
        joined = prod(lengths[start : end + 1])
        return reshape(flat(x), (*lengths[:start], joined, *lengths[end + 1 :]))

    def extra_repr(self) -> str:
        return f"start_dim={self.start_dim}, end_dim={self.end_dim}"


class Identity(Module):
    """x as it is, whatever arguments it is made with: it stands where a layer is left out."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        pass

    def forward(self, x: Any) -> Any:
        return x
