"""Initial weights, with PyTorch's names, from a generator or seed of the caller's choice.

Every function fills an array of Parameters in place and gives it back. An array of shape
(out, in, ...) has fan_in = in * ... inputs to each output, and fan_out = out * ... the other way.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from math import prod, sqrt
from operator import index
from typing import TypeAlias

from autograd_lite import Value
from nn.arrays import Array, flat, shape

Rng: TypeAlias = random.Random | int | None
"""A generator, a seed for one, or None for the generator of `random.seed`."""

_GLOBAL: random.Random = getattr(random.seed, "__self__")  # noqa: B009, as typing knows it not


def generator(rng: Rng) -> random.Random:
    """The generator that rng stands for."""
    if rng is None:
        return _GLOBAL
    if isinstance(rng, random.Random):
        return rng
    if hasattr(rng, "__index__"):
        return random.Random(index(rng))
    raise TypeError(f"rng must be a random.Random, an int seed or None, not {type(rng).__name__}")


def constant_(tensor: Array, val: float) -> Array:
    """Set every number to val."""
    return _fill("constant_", tensor, lambda: val)


def zeros_(tensor: Array) -> Array:
    """Set every number to 0."""
    return _fill("zeros_", tensor, lambda: 0.0)


def ones_(tensor: Array) -> Array:
    """Set every number to 1."""
    return _fill("ones_", tensor, lambda: 1.0)


def uniform_(tensor: Array, a: float = 0.0, b: float = 1.0, *, rng: Rng = None) -> Array:
    """Draw from U(a, b)."""
    uniform = generator(rng).uniform
    return _fill("uniform_", tensor, lambda: uniform(a, b))


def normal_(tensor: Array, mean: float = 0.0, std: float = 1.0, *, rng: Rng = None) -> Array:
    """Draw from N(mean, std^2)."""
    gauss = generator(rng).gauss
    return _fill("normal_", tensor, lambda: gauss(mean, std))


def xavier_uniform_(tensor: Array, gain: float = 1.0, *, rng: Rng = None) -> Array:
    """U(-a, a) with a = gain sqrt(6 / (fan_in + fan_out)). Glorot and Bengio, 2010."""
    a = gain * sqrt(6 / sum(_fans("xavier_uniform_", tensor)))
    return uniform_(tensor, -a, a, rng=rng)


def xavier_normal_(tensor: Array, gain: float = 1.0, *, rng: Rng = None) -> Array:
    """N(0, std^2) with std = gain sqrt(2 / (fan_in + fan_out)). Glorot and Bengio, 2010."""
    std = gain * sqrt(2 / sum(_fans("xavier_normal_", tensor)))
    return normal_(tensor, 0.0, std, rng=rng)


def kaiming_uniform_(
    tensor: Array,
    a: float = 0.0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    *,
    rng: Rng = None,
) -> Array:
    """U(-b, b) with b = gain sqrt(3 / fan). He et al., 2015.

    a             the slope below 0 of the leaky_relu that follows
    mode          "fan_in" to keep the variance forward, "fan_out" to keep it backward
    nonlinearity  as for calculate_gain
    """
    bound = sqrt(3.0) * _kaiming_std("kaiming_uniform_", tensor, a, mode, nonlinearity)
    return uniform_(tensor, -bound, bound, rng=rng)


def kaiming_normal_(
    tensor: Array,
    a: float = 0.0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    *,
    rng: Rng = None,
) -> Array:
    """N(0, std^2) with std = gain / sqrt(fan). The arguments are those of kaiming_uniform_."""
    std = _kaiming_std("kaiming_normal_", tensor, a, mode, nonlinearity)
    return normal_(tensor, 0.0, std, rng=rng)


def calculate_gain(nonlinearity: str, param: float = 0.01) -> float:
    """The factor of the weights that makes up for the variance a nonlinearity takes away.

    param  the slope of leaky_relu below 0
    """
    gains = {
        "linear": 1.0,
        "sigmoid": 1.0,
        "tanh": 5 / 3,
        "relu": sqrt(2.0),
        "leaky_relu": sqrt(2 / (1 + param**2)),
        "selu": 3 / 4,
    }
    if nonlinearity not in gains:
        raise ValueError(f"nonlinearity must be one of {', '.join(gains)}, not {nonlinearity!r}")
    return gains[nonlinearity]


def _kaiming_std(name: str, tensor: Array, a: float, mode: str, nonlinearity: str) -> float:
    if mode not in ("fan_in", "fan_out"):
        raise ValueError(f"{name}: mode must be 'fan_in' or 'fan_out', not {mode!r}")
    fan = _fans(name, tensor)[mode == "fan_out"]
    return calculate_gain(nonlinearity, a) / sqrt(fan)


def _fill(name: str, tensor: Array, draw: Callable[[], float]) -> Array:
    """The array with a number drawn for each Parameter."""
    for parameter in _parameters(name, tensor):
        parameter.data = draw()
    return tensor


def _parameters(name: str, tensor: Array) -> list[Value]:
    """The Parameters of an array, row by row."""
    parameters = list(flat(tensor))
    for parameter in parameters:
        if not isinstance(parameter, Value):
            raise TypeError(
                f"{name}: give an array of Parameters, such as linear.weight, "
                f"not {type(parameter).__name__}"
            )
    return parameters


def _fans(name: str, tensor: Array) -> tuple[int, int]:
    """(fan_in, fan_out)."""
    _parameters(name, tensor)
    lengths = shape(tensor)
    if len(lengths) < 2:
        raise ValueError(f"{name}: expected an array of at least 2 axes, got shape {lengths}")
    out, in_, *window = lengths
    return in_ * prod(window), out * prod(window)
