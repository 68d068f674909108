"""Convolutions and pooling: one function of every window of the last axes.

A sample has shape (C, L) or (C, H, W); a batch has one axis more, in front.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import product
from math import inf, prod
from typing import Any, TypeAlias

import autograd_lite
from autograd_lite import Value
from nn.arrays import (
    Affine,
    Array,
    at_least,
    depth,
    elementwise,
    expect,
    flat,
    nested,
    one_of,
    over_batch,
    reshape,
)
from nn.init import Rng
from nn.linear import fan_in_uniform
from nn.module import Module, parameters

Lengths: TypeAlias = "int | Iterable[int]"
"""One number for every axis, or one for each."""

Window: TypeAlias = tuple[slice, ...]


class _Convolution(Module):
    """What Conv1d and Conv2d share."""

    axes: tuple[str, ...]  # of a window, by name

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Lengths,
        stride: Lengths = 1,
        padding: Lengths | str = 0,
        dilation: Lengths = 1,
        groups: int = 1,
        bias: bool = True,
        *,
        rng: Rng = None,
    ) -> None:
        at_least(1, self, in_channels=in_channels, out_channels=out_channels, groups=groups)
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.kernel_size = _each(self, len(self.axes), 1, kernel_size=kernel_size)
        self.stride = _each(self, len(self.axes), 1, stride=stride)
        self.dilation = _each(self, len(self.axes), 1, dilation=dilation)
        self.groups = groups
        self.padding = self._paddings(padding)
        if in_channels % groups or out_channels % groups:
            raise ValueError(f"{self.title()}: groups={groups} must divide both channel counts")
        self.weight = parameters(out_channels, in_channels // groups, *self.kernel_size)
        self.bias = parameters(out_channels) if bias else None
        fan_in_uniform(self, in_channels // groups * prod(self.kernel_size), rng)

    def _paddings(self, padding: Lengths | str) -> tuple[tuple[int, int], ...]:
        """(before, after) of each axis."""
        if isinstance(padding, str):
            one_of(("same", "valid"), self, padding=padding)
        if padding == "same":
            if set(self.stride) != {1}:
                raise ValueError(f"{type(self).__name__}: padding='same' needs stride=1")
            missing = [d * (k - 1) for d, k in zip(self.dilation, self.kernel_size, strict=True)]
            return tuple((m // 2, m - m // 2) for m in missing)
        padding = 0 if isinstance(padding, str) else padding
        return tuple((p, p) for p in _each(self, len(self.axes), 0, padding=padding))

    def forward(self, x: Array) -> Array:
        size = self.out_channels // self.groups
        groups = [
            Affine(
                [tuple(flat(w)) for w in self.weight[i : i + size]],
                self.bias and self.bias[i : i + size],
            )
            for i in range(0, self.out_channels, size)
        ]
        return over_batch(lambda sample: self._convolved(sample, groups), x, len(self.axes) + 1)

    def _convolved(self, x: Array, groups: list[Affine]) -> Array:
        """One sample: the dot product of every window with every kernel."""
        expect(x, self, self.in_channels, *self.axes)
        zero = Value(0.0) if isinstance(next(flat(x)), Value) else 0.0
        x = [_padded(channel, self.padding, zero) for channel in nested(x)]
        places = _windows(_lengths(x[0]), self.kernel_size, self.stride, self.dilation, self)
        size = self.in_channels // self.groups
        out: list[Array] = []
        for g, apply in enumerate(groups):
            channels = x[g * size : (g + 1) * size]
            windows = (tuple(e for c in channels for e in _read(c, w)) for w in product(*places))
            maps = zip(*map(apply, windows), strict=True)
            out += [reshape(numbers, tuple(map(len, places))) for numbers in maps]
        return out

    def extra_repr(self) -> str:
        return (
            f"{self.in_channels}, {self.out_channels}, "
            f"kernel_size={self.kernel_size}, stride={self.stride}"
        )


class Conv1d(_Convolution):
    """Weight * x + bias for every window: (C, L) or (N, C, L) to (out_channels, L') or with N.

    stride    from one window to the next
    padding   zeros before and after each axis; "same" to keep its length, "valid" for none
    dilation  from one number of a window to the next
    groups    into how many independent groups the channels are split
    bias      False for no bias
    rng       a random.Random or a seed; None for the generator of `random.seed`

    Initialised as Linear is, with in_channels / groups times the window's size as fan_in.
    """

    axes = ("L",)


class Conv2d(_Convolution):
    """Weight * x + bias for every window: (C, H, W) or (N, C, H, W) to (out_channels, H', W').

    Lengths are one int for both axes or a pair; the arguments are those of Conv1d.
    """

    axes = ("H", "W")


class _Pooling(Module):
    """A function of every window of every channel: (C, H, W) or (N, C, H, W)."""

    def __init__(
        self, kernel_size: Lengths, stride: Lengths | None, padding: Lengths, ceil_mode: bool
    ) -> None:
        self.kernel_size = _each(self, 2, 1, kernel_size=kernel_size)
        self.stride = self.kernel_size if stride is None else _each(self, 2, 1, stride=stride)
        self.padding = _each(self, 2, 0, padding=padding)
        self.dilation = _each(self, 2, 1, dilation=1)
        self.ceil_mode = ceil_mode
        if any(2 * p > k for p, k in zip(self.padding, self.kernel_size, strict=True)):
            raise ValueError(f"{self.title()}: padding is at most half of kernel_size")

    def forward(self, x: Array) -> Array:
        return over_batch(self._sample, x, 3)

    def _sample(self, x: Array) -> Array:
        expect(x, self, "C", "H", "W")
        return [self._pooled(channel) for channel in x]

    def _pooled(self, channel: Array) -> Array:
        # None stands for padding, which counts in no maximum and no sum.
        channel = _padded(channel, [(p, p) for p in self.padding], None)
        lengths = _lengths(channel)
        places = _windows(lengths, self.kernel_size, self.stride, self.dilation, self)
        if self.ceil_mode:
            for starts, length, stride, p in zip(
                places, lengths, self.stride, self.padding, strict=True
            ):
                last = starts[-1]
                # One more window, cut off at the end, if it starts before the padding does.
                if last.stop < length and last.start + stride < length - p:
                    starts.append(slice(last.start + stride, last.stop + stride, last.step))
        windows = (list(_read(channel, window)) for window in product(*places))
        numbers = (self._reduced([x for x in w if x is not None], len(w)) for w in windows)
        return reshape(numbers, tuple(map(len, places)))

    def _reduced(self, xs: list[Any], size: int) -> Any:
        """One number of the numbers in a window of this size."""
        raise NotImplementedError

    def extra_repr(self) -> str:
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class MaxPool2d(_Pooling):
    """The largest number of every window, the first of equal ones; NaN wins.

    stride     from one window to the next; None for kernel_size
    padding    before and after each axis; what it adds is never the largest
    dilation   from one number of a window to the next
    ceil_mode  True for a last window that reaches over the edge
    """

    def __init__(
        self,
        kernel_size: Lengths,
        stride: Lengths | None = None,
        padding: Lengths = 0,
        dilation: Lengths = 1,
        *,
        ceil_mode: bool = False,
    ) -> None:
        super().__init__(kernel_size, stride, padding, ceil_mode)
        self.dilation = _each(self, 2, 1, dilation=dilation)

    def _reduced(self, xs: list[Any], size: int) -> Any:
        largest = xs[0] if xs else -inf
        for x in xs[1:]:
            if x > largest or not x <= x:
                largest = x
        return largest


class AvgPool2d(_Pooling):
    """The mean of every window.

    stride             from one window to the next; None for kernel_size
    padding            zeros before and after each axis
    ceil_mode          True for a last window that reaches over the edge
    count_include_pad  False to leave the padding out of the mean
    divisor_override   to divide the sum by, in place of the count
    """

    def __init__(
        self,
        kernel_size: Lengths,
        stride: Lengths | None = None,
        padding: Lengths = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        divisor_override: int | None = None,
    ) -> None:
        super().__init__(kernel_size, stride, padding, ceil_mode)
        self.count_include_pad = count_include_pad
        self.divisor_override = divisor_override

    def _reduced(self, xs: list[Any], size: int) -> Any:
        count = size if self.count_include_pad else len(xs)
        return autograd_lite.sum(xs) / (self.divisor_override or count)


def _each(layer: Module, axes: int, least: int, **argument: Lengths) -> tuple[int, ...]:
    """The lengths of an argument, one for each axis."""
    ((name, lengths),) = argument.items()
    each = tuple(lengths) if isinstance(lengths, Iterable) else (lengths,) * axes
    if len(each) != axes:
        count = "one int" if axes == 1 else f"one int or {axes}"
        raise ValueError(f"{type(layer).__name__}: {name} must be {count}, not {each}")
    for length in each:
        at_least(least, layer, **{name: length})
    return each


def _lengths(x: Array) -> tuple[int, ...]:
    """The shape of an array whose rows are known to be of one shape."""
    return (len(x), *_lengths(x[0])) if depth(x) > 1 else (len(x),)


def _padded(x: Array, padding: Iterable[tuple[int, int]], fill: Any) -> list[Any]:
    """X with `fill` before and after each axis."""
    (before, after), *inner = padding
    rows = [_padded(row, inner, fill) for row in x] if inner else list(x)
    edge = elementwise(lambda _: fill, rows[0])
    return [edge] * before + rows + [edge] * after


def _windows(
    lengths: tuple[int, ...],
    kernel_size: tuple[int, ...],
    stride: tuple[int, ...],
    dilation: tuple[int, ...],
    layer: Module,
) -> list[list[slice]]:
    """For each axis, where the windows lie."""
    places = []
    for length, size, step, spread in zip(lengths, kernel_size, stride, dilation, strict=True):
        span = spread * (size - 1) + 1
        if length < span:
            raise ValueError(
                f"{layer.title()}: a window spans {span} numbers, "
                f"but the padded input has {length}: shape {lengths}"
            )
        starts = range(0, length - span + 1, step)
        places.append([slice(start, start + span, spread) for start in starts])
    return places


def _read(x: Array, window: Window) -> Iterator[Any]:
    """The numbers of x in a window, row by row."""
    here, *inner = window
    if not inner:
        yield from x[here]
    else:
        for row in x[here]:
            yield from _read(row, tuple(inner))
