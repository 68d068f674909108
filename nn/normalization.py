"""Layers that bring numbers to mean 0 and variance 1, then scale and shift them."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from itertools import chain
from math import prod
from operator import index
from typing import Any

import autograd_lite
from autograd_lite import callback, dot
from nn import init
from nn.arrays import Array, depth, flat, nested, reshape, transpose
from nn.checks import at_least, expect
from nn.module import Buffer, Module, parameters


def _statistics(xs: Iterable[Any]) -> tuple[tuple[Any, ...], Any, Any]:
    """(x - mean for each x, mean, variance)."""
    xs = tuple(xs)
    mean = autograd_lite.mean(xs)
    centred = tuple(x - mean for x in xs)
    return centred, mean, dot(centred, centred) / len(xs)


def _rsqrt(x: Any) -> Any:
    return autograd_lite.reciprocal(autograd_lite.sqrt(x))


class _OverLastAxes(Module):
    """A function of the numbers of the last axes, which have normalized_shape."""

    normalized_shape: tuple[int, ...]

    def forward(self, x: Array) -> Array:
        x = nested(x)
        before = depth(x) - len(self.normalized_shape)
        lengths = expect(x, self, *["*"] * before, *self.normalized_shape)
        xs = tuple(flat(x))
        size = prod(self.normalized_shape)
        samples = (self._normalized(xs[i : i + size]) for i in range(0, len(xs), size))
        return reshape(chain.from_iterable(samples), lengths)

    def _normalized(self, xs: tuple[Any, ...]) -> Iterable[Any]:
        raise NotImplementedError

    def extra_repr(self) -> str:
        return f"{self.normalized_shape}"


class LayerNorm(_OverLastAxes):
    """(x - mean) / sqrt(variance + eps) * weight + bias over the last axes. Ba et al., 2016.

    normalized_shape    the lengths of the last axes, or the one length of the last axis
    elementwise_affine  False for no weight and no bias
    bias                False for no bias
    """

    def __init__(
        self,
        normalized_shape: int | Iterable[int],
        eps: float = 1e-5,
        elementwise_affine: bool = True,
        bias: bool = True,
    ) -> None:
        self.normalized_shape = _lengths(self, normalized_shape)
        self.eps = eps
        affine = elementwise_affine
        self.weight = init.ones_(parameters(*self.normalized_shape)) if affine else None
        self.bias = parameters(*self.normalized_shape) if affine and bias else None

    def _normalized(self, xs: tuple[Any, ...]) -> Iterable[Any]:
        centred, _, variance = _statistics(xs)
        return _scaled(centred, _rsqrt(variance + self.eps), self.weight, self.bias)


class RMSNorm(_OverLastAxes):
    """x / sqrt(mean x^2 + eps) * weight over the last axes. Zhang and Sennrich, 2019.

    normalized_shape    the lengths of the last axes, or the one length of the last axis
    eps                 None for the smallest e with 1 + e > 1
    elementwise_affine  False for no weight
    """

    def __init__(
        self,
        normalized_shape: int | Iterable[int],
        eps: float | None = None,
        elementwise_affine: bool = True,
    ) -> None:
        self.normalized_shape = _lengths(self, normalized_shape)
        self.eps = sys.float_info.epsilon if eps is None else eps
        self.weight = init.ones_(parameters(*self.normalized_shape)) if elementwise_affine else None

    def _normalized(self, xs: tuple[Any, ...]) -> Iterable[Any]:
        return _scaled(xs, _rsqrt(dot(xs, xs) / len(xs) + self.eps), self.weight, None)


class BatchNorm1d(Module):
    """(x - mean) / sqrt(variance + eps) * weight + bias for each channel. Ioffe and Szegedy, 2015.

    Takes (N, C) or (N, C, L). While training, mean and variance are those of the channel in the
    batch, and the running ones move towards them; while evaluating they are the running ones.

    num_features         C
    momentum             the share of the batch in the running ones; None for their average over all
                         batches
    affine               False for no weight and no bias
    track_running_stats  False to use the batch while evaluating too
    bias                 False for no bias

    Raises ValueError for a batch with one number a channel while training.
    """

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        *,
        bias: bool = True,
    ) -> None:
        at_least(1, self, num_features=num_features)
        self.num_features = num_features
        self.eps = eps
        self.momentum = momentum
        self.weight = init.ones_(parameters(num_features)) if affine else None
        self.bias = parameters(num_features) if affine and bias else None
        self.track_running_stats = track_running_stats
        if track_running_stats:
            self.running_mean = tuple(Buffer(0.0) for _ in range(num_features))
            self.running_var = tuple(Buffer(1.0) for _ in range(num_features))
            self.num_batches_tracked = Buffer(0.0)

    def forward(self, x: Array) -> Array:
        x = nested(x)
        lengths = expect(x, self, "N", self.num_features, *["L"] * (depth(x) == 3))
        channels = [list(flat(channel)) for channel in zip(*x, strict=True)]
        batch = self.training or not self.track_running_stats
        if batch and len(channels[0]) < 2:
            raise ValueError(f"{self.title()}: a batch needs more than 1 number a channel")
        statistics = [
            _statistics(xs) if batch else self._running(c, xs) for c, xs in enumerate(channels)
        ]
        out = [
            self._channel(c, centred, variance)
            for c, (centred, _, variance) in enumerate(statistics)
        ]
        if self.training and self.track_running_stats:
            numbers = [x for _, mean, variance in statistics for x in (mean, variance)]
            # Last, so that a batch that fails changes nothing.
            callback(self._track, len(channels[0]), *numbers)
        return transpose([reshape(channel, lengths[:1] + lengths[2:]) for channel in out])

    def _running(self, c: int, xs: list[Any]) -> tuple[Any, Any, Any]:
        """(x - mean for each x of channel c, mean, variance), by the running statistics."""
        mean = self.running_mean[c].detach()
        return [x - mean for x in xs], mean, self.running_var[c].detach()

    def _channel(self, c: int, centred: Iterable[Any], variance: Any) -> list[Any]:
        scale = _rsqrt(variance + self.eps)
        if self.weight is not None:
            scale = scale * self.weight[c]
        if self.bias is None:
            return [x * scale for x in centred]
        return [x * scale + self.bias[c] for x in centred]

    def _track(self, count: int, *statistics: float) -> None:
        """Move the running statistics towards a batch's: mean and variance of each channel."""
        self.num_batches_tracked.data += 1
        momentum = self.momentum
        if momentum is None:
            momentum = 1 / self.num_batches_tracked.data
        unbiased = [variance * (count / (count - 1)) for variance in statistics[1::2]]
        for buffers, batch in (
            (self.running_mean, statistics[::2]),
            (self.running_var, unbiased),
        ):
            for running, new in zip(buffers, batch, strict=True):
                running.data = (1 - momentum) * running.data + momentum * new

    def extra_repr(self) -> str:
        return f"{self.num_features}"


def _lengths(layer: Module, normalized_shape: int | Iterable[int]) -> tuple[int, ...]:
    if not isinstance(normalized_shape, Iterable):
        normalized_shape = (normalized_shape,)
    lengths = tuple(normalized_shape)
    at_least(1, layer, **{"the number of lengths in normalized_shape": len(lengths)})
    for length in lengths:
        at_least(1, layer, normalized_shape=length)
    return tuple(map(index, lengths))


def _scaled(xs: tuple[Any, ...], scale: Any, weight: Array, bias: Array) -> Iterable[Any]:
    """x * scale * weight + bias, element by element."""
    if weight is None:
        return [x * scale for x in xs]
    if bias is None:
        return [x * scale * w for x, w in zip(xs, flat(weight), strict=True)]
    return [x * scale * w + b for x, w, b in zip(xs, flat(weight), flat(bias), strict=True)]
