"""Convolutions and pooling: one function of every window of the last axes.

A sample has shape (C, L) or (C, H, W); a batch has one axis more, in front.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from math import inf, prod
from operator import index
from typing import Any, TypeAlias

import autograd_lite
from autograd_lite import Value
from autograd_lite.value import Node
from nn.arrays import Array, Vector, depth, flat, nested, over_batch, reshape
from nn.checks import at_least, expect, one_of
from nn.init import Rng
from nn.linear import Affine, fan_in_uniform
from nn.module import Module, parameters

Lengths: TypeAlias = "int | Iterable[int]"
"""One number for every axis, or one for each."""

Window: TypeAlias = list[int]
"""The places of a window's numbers among those of a channel, row by row; -1 for padding."""

_PADDING: dict[str, Callable[[int, int], int]] = {
    "zeros": lambda i, n: i if 0 <= i < n else -1,
    "reflect": lambda i, n: n - 1 - abs(n - 1 - abs(i)),
    "replicate": lambda i, n: min(max(i, 0), n - 1),
    "circular": lambda i, n: i % n,
}
"""The index of the number at index i of an axis of length n, where i may lie outside; -1 for 0."""


class _Windowed(Module):
    """Windows along the last axes."""

    axes: tuple[str, ...]  # their names
    kernel_size: tuple[int, ...]
    stride: tuple[int, ...]
    dilation: tuple[int, ...]
    margins: tuple[tuple[int, int], ...]  # the padding before and behind each axis
    padding_mode = "zeros"
    ceil_mode = False

    def _windows(self, x: Array, channels: int | str) -> tuple[list[Window], tuple[int, ...]]:
        """Every window of x, a sample or a batch, and the number of windows along each axis."""
        batch = ["N"] if depth(x) > len(self.axes) + 1 else []
        lengths = expect(x, self, *batch, channels, *self.axes)[-len(self.axes) :]
        windows: list[Window] = [[0]]
        counts = []
        for axis, length in enumerate(lengths):
            along = self._along(axis, length)
            windows = [
                [-1 if i < 0 or j < 0 else i * length + j for i in window for j in places]
                for window in windows
                for places in along
            ]
            counts.append(len(along))
        return windows, tuple(counts)

    def _along(self, axis: int, length: int) -> list[Window]:
        """Every window along one axis."""
        before, after = self.margins[axis]
        step, spread = self.stride[axis], self.dilation[axis]
        span = spread * (self.kernel_size[axis] - 1) + 1
        end = length + after
        stop = end - span + 1
        if self.ceil_mode:  # one more, cut off at the end, if it starts before the padding does
            stop = min(end - span + step, length)
        starts = range(-before, stop, step)
        if not starts:
            raise ValueError(
                f"{self.title()}: a window spans {span} numbers, but the padded input has "
                f"{before + end} along the axis {self.axes[axis]}"
            )
        limits = {"reflect": length - 1, "circular": length}
        if max(before, after) > limits.get(self.padding_mode, inf):
            raise ValueError(
                f"{self.title()}: padding_mode={self.padding_mode!r} cannot pad "
                f"{length} numbers with {max(before, after)}"
            )
        place = _PADDING[self.padding_mode]
        return [
            [place(i, length) for i in range(start, min(start + span, end), spread)]
            for start in starts
        ]


class _Convolution(_Windowed):
    """The base of Conv1d and Conv2d."""

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
        padding_mode: str = "zeros",
        *,
        rng: Rng = None,
    ) -> None:
        at_least(1, self, in_channels=in_channels, out_channels=out_channels, groups=groups)
        one_of(_PADDING, self, padding_mode=padding_mode)
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.kernel_size = _each(self, 1, kernel_size=kernel_size)
        self.stride = _each(self, 1, stride=stride)
        self.dilation = _each(self, 1, dilation=dilation)
        self.groups = groups
        self.padding = padding
        self.margins = self._margins(padding)
        self.padding_mode = padding_mode
        if in_channels % groups or out_channels % groups:
            raise ValueError(f"{self.title()}: groups={groups} must divide both channel counts")
        self.weight = parameters(out_channels, in_channels // groups, *self.kernel_size)
        self.bias = parameters(out_channels) if bias else None
        fan_in_uniform(self, in_channels // groups * prod(self.kernel_size), rng)

    def _margins(self, padding: Lengths | str) -> tuple[tuple[int, int], ...]:
        if isinstance(padding, str):
            one_of(("same", "valid"), self, padding=padding)
        if padding == "same":
            if set(self.stride) != {1}:
                raise ValueError(f"{type(self).__name__}: padding='same' needs stride=1")
            missing = [d * (k - 1) for d, k in zip(self.dilation, self.kernel_size, strict=True)]
            return tuple((m // 2, m - m // 2) for m in missing)
        padding = 0 if isinstance(padding, str) else padding
        return tuple((p, p) for p in _each(self, 0, padding=padding))

    def forward(self, x: Array) -> Array:
        x = nested(x)
        windows, counts = self._windows(x, self.in_channels)
        size = self.out_channels // self.groups
        groups = [
            Affine(
                [tuple(flat(w)) for w in self.weight[i : i + size]],
                self.bias and self.bias[i : i + size],
            )
            for i in range(0, self.out_channels, size)
        ]

        def convolved(sample: Array) -> list[Array]:
            """The dot product of every window with every kernel."""
            zero = Value(0.0) if isinstance(next(flat(sample)), Node) else 0.0
            channels = [(*flat(channel), zero) for channel in sample]  # the place -1 is the zero
            size = self.in_channels // self.groups
            out: list[Array] = []
            for g, apply in enumerate(groups):
                inputs = channels[g * size : (g + 1) * size]
                vectors = (tuple([c[i] for c in inputs for i in window]) for window in windows)
                out += [reshape(m, counts) for m in zip(*apply(vectors), strict=True)]
            return out

        return over_batch(convolved, x, len(self.axes) + 1)

    def extra_repr(self) -> str:
        return (
            f"{self.in_channels}, {self.out_channels}, "
            f"kernel_size={self.kernel_size}, stride={self.stride}"
        )


class Conv1d(_Convolution):
    """weight * x + bias for every window: (C, L) or (N, C, L) to (out_channels, L') or with N.

    stride        the distance from one window to the next
    padding       the padding before and after each axis; "same" to keep its length, "valid" for 0
    dilation      the distance from one number of a window to the next
    groups        the number of independent groups that the channels are split into
    bias          False for no bias
    padding_mode  the padding: "zeros", "reflect" (the numbers inside the edge, mirrored),
                  "replicate" (the edge) or "circular" (the numbers at the other end)
    rng           a random.Random or a seed; None for the generator of `random.seed`

    Initialised as Linear is, with in_channels / groups times the window's size as fan_in.
    """

    axes = ("L",)


class Conv2d(_Convolution):
    """weight * x + bias for every window: (C, H, W) or (N, C, H, W) to (out_channels, H', W').

    Lengths are one int for both axes or a pair; the arguments are those of Conv1d.
    """

    axes = ("H", "W")


class _Pooling(_Windowed):
    """A function of every window of every channel: (C, H, W) or (N, C, H, W)."""

    axes = ("H", "W")

    def __init__(
        self,
        kernel_size: Lengths,
        stride: Lengths | None,
        padding: Lengths,
        dilation: Lengths,
        ceil_mode: bool,
    ) -> None:
        self.kernel_size = _each(self, 1, kernel_size=kernel_size)
        self.stride = self.kernel_size if stride is None else _each(self, 1, stride=stride)
        self.padding = _each(self, 0, padding=padding)
        self.margins = tuple((p, p) for p in self.padding)
        self.dilation = _each(self, 1, dilation=dilation)
        self.ceil_mode = ceil_mode
        if any(2 * p > k for p, k in zip(self.padding, self.kernel_size, strict=True)):
            raise ValueError(f"{self.title()}: padding is at most half of kernel_size")

    def _pooled(self, function: Callable[[Vector, Window, int], Any], x: Array) -> Array:
        """function(a channel's numbers, their places in a window, the window's size) for all."""
        windows, counts = self._windows(x, "C")
        insides = [([i for i in window if i >= 0], len(window)) for window in windows]

        def pooled(sample: Array) -> list[Array]:
            channels = [tuple(flat(channel)) for channel in sample]
            return [reshape((function(c, *inside) for inside in insides), counts) for c in channels]

        return over_batch(pooled, x, 3)

    def extra_repr(self) -> str:
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class MaxPool2d(_Pooling):
    """The largest number of every window, the first of equal ones; NaN wins.

    stride          the distance from one window to the next; None for kernel_size
    padding         the padding before and after each axis, which is never the largest
    dilation        the distance from one number of a window to the next
    return_indices  True to give the places of the largest numbers too, each counted row by row in
                    its channel; -1 for a window of nothing but padding
    ceil_mode       True for a last window that reaches over the edge
    """

    def __init__(
        self,
        kernel_size: Lengths,
        stride: Lengths | None = None,
        padding: Lengths = 0,
        dilation: Lengths = 1,
        return_indices: bool = False,
        ceil_mode: bool = False,
    ) -> None:
        super().__init__(kernel_size, stride, padding, dilation, ceil_mode)
        self.return_indices = return_indices

    def forward(self, x: Array) -> Any:
        x = nested(x)
        pooled = self._pooled(_largest, x)
        return (pooled, self._pooled(_argmax, x)) if self.return_indices else pooled


def _largest(xs: Vector, inside: Window, size: int) -> Any:
    return autograd_lite.largest([xs[i] for i in inside]) if inside else -inf


def _argmax(xs: Vector, inside: Window, size: int) -> int:
    """The place of the largest of the numbers at these places; -1 if there are none."""
    best = inside[0] if inside else -1
    for i in inside[1:]:
        if xs[i] > xs[best] or not xs[i] <= xs[i]:
            best = i
    return best


class AvgPool2d(_Pooling):
    """The mean of every window.

    stride             the distance from one window to the next; None for kernel_size
    padding            the zeros before and after each axis
    ceil_mode          True for a last window that reaches over the edge
    count_include_pad  False to leave the padding out of the mean
    divisor_override   the divisor of the sum, in place of the count
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
        super().__init__(kernel_size, stride, padding, 1, ceil_mode)
        if divisor_override is not None:
            at_least(1, self, divisor_override=divisor_override)
        self.count_include_pad = count_include_pad
        self.divisor_override = divisor_override

    def forward(self, x: Array) -> Array:
        return self._pooled(self._mean, nested(x))

    def _mean(self, xs: Vector, inside: Window, size: int) -> Any:
        count = size if self.count_include_pad else len(inside)
        return autograd_lite.sum([xs[i] for i in inside]) / (self.divisor_override or count)


def _each(layer: _Windowed, least: int, **argument: Lengths) -> tuple[int, ...]:
    """The lengths of an argument, one for each axis."""
    ((name, lengths),) = argument.items()
    axes = len(layer.axes)
    each = tuple(lengths) if isinstance(lengths, Iterable) else (lengths,) * axes
    if len(each) != axes:
        count = "one int" if axes == 1 else f"one int or {axes}"
        raise ValueError(f"{type(layer).__name__}: {name} must be {count}, not {each}")
    for length in each:
        at_least(least, layer, **{name: length})
    return tuple(map(index, each))
