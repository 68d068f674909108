"""What optimisers do to all parameters at once, in one call.

Plain Python, compiled with `_steps.pxd` beside it as `autograd_lite/value.py` is. What a step
remembers of each parameter stands in arrays of doubles. Parameters must be Values, at which nobody
looks in C; whether they lie in blocks is asked once, if none does.
"""

from __future__ import annotations

from array import array

import autograd_lite.memory as memory
import autograd_lite.placement as placement
import nn._roots as roots
from autograd_lite.observers import writing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from autograd_lite import Value

    Parameters = tuple[Value, ...]

BLOCK = 64  # so many square roots and quotients are computed in one go


def zero_grad(parameters: Parameters) -> None:
    """Set all gradients to 0."""
    writing(parameters, "grad")
    placed = placement.any_placed()
    for i in range(len(parameters)):
        memory.set_grad_at(parameters, i, 0.0, placed)


def grad_norm(parameters: Parameters) -> float:
    """The Euclidean length of all gradients."""
    return roots.sqrt(sum_of_squares(parameters))


def sum_of_squares(parameters: Parameters) -> float:
    """That of all gradients."""
    placed = placement.any_placed()
    total = 0.0
    for i in range(len(parameters)):
        g = memory.grad_at(parameters, i, placed)
        total += g * g
    return total


def scale_grad(parameters: Parameters, factor: float) -> None:
    """Multiply all gradients."""
    writing(parameters, "grad")
    placed = placement.any_placed()
    for i in range(len(parameters)):
        memory.set_grad_at(parameters, i, factor * memory.grad_at(parameters, i, placed), placed)


def sgd(
    parameters: Parameters,
    velocity: array[float],
    first: bool,
    lr: float,
    momentum: float,
    dampening: float,
    weight_decay: float,
    nesterov: bool,
    sign: float,
) -> None:
    """Step by v = momentum v + (1 - dampening) g, which is g at first; p = p - lr v.

    Here and below, sign is -1 to maximise rather than minimise.
    """
    writing(parameters, "data")
    placed = placement.any_placed()
    vs = memory.doubles(velocity)
    for i in range(len(parameters)):
        p = memory.data_at(parameters, i, placed)
        g = sign * memory.grad_at(parameters, i, placed)
        if weight_decay != 0.0:  # here and below, 0 times an infinite parameter would be NaN
            g += weight_decay * p
        if momentum != 0.0:
            v = g if first else momentum * vs[i] + (1.0 - dampening) * g
            vs[i] = v
            g = g + momentum * v if nesterov else v
        memory.set_data_at(parameters, i, p - lr * g, placed)


def adam(
    parameters: Parameters,
    mean: array[float],
    square: array[float],
    largest: array[float],
    lr: float,
    beta1: float,
    beta2: float,
    eps: float,
    weight_decay: float,
    amsgrad: bool,
    decoupled: bool,
    sign: float,
    correction1: float,
    correction2: float,
) -> None:
    """Step by m = b1 m + (1 - b1) g; v = b2 v + (1 - b2) g^2;
    p = p - lr (m / c1) / (sqrt(v / c2) + eps), with the corrections c = 1 - b^t.

    With amsgrad, the largest v so far stands in place of v in the last line.
    """
    writing(parameters, "data")
    placed = placement.any_placed()
    ms, vs, tops = memory.doubles(mean), memory.doubles(square), memory.doubles(largest)
    steps = block()
    xs = memory.doubles(steps)
    root = roots.sqrt(correction2)
    rate, floor = lr / correction1 * root, eps * root  # the fraction times root: a division less
    shrink = 1.0 - lr * weight_decay
    start = 0
    while start < len(parameters):
        n = min(BLOCK, len(parameters) - start)
        for i in range(start, start + n):
            g = sign * memory.grad_at(parameters, i, placed)
            if weight_decay != 0.0 and not decoupled:
                g += weight_decay * memory.data_at(parameters, i, placed)
            m = beta1 * ms[i] + (1.0 - beta1) * g
            v = beta2 * vs[i] + (1.0 - beta2) * g * g
            ms[i] = m
            vs[i] = v
            if amsgrad:
                v = roots.maximum(v, tops[i])
                tops[i] = v
            xs[i - start] = v
        roots.over_roots(memory.part(ms, start, n), xs, n, rate, floor)
        for i in range(start, start + n):
            p = memory.data_at(parameters, i, placed)
            if decoupled:
                p = shrink * p
            memory.set_data_at(parameters, i, p - xs[i - start], placed)
        start += n


def rmsprop(
    parameters: Parameters,
    square: array[float],
    mean: array[float],
    velocity: array[float],
    lr: float,
    alpha: float,
    eps: float,
    weight_decay: float,
    momentum: float,
    centered: bool,
    sign: float,
) -> None:
    """Step by s = alpha s + (1 - alpha) g^2; v = momentum v + g / (sqrt(s) + eps);
    p = p - lr v.

    If centered, s - m^2 stands in place of s, with m = alpha m + (1 - alpha) g.
    """
    writing(parameters, "data")
    placed = placement.any_placed()
    ss, ms, vs = memory.doubles(square), memory.doubles(mean), memory.doubles(velocity)
    slopes, steps = block(), block()
    gs, xs = memory.doubles(slopes), memory.doubles(steps)
    start = 0
    while start < len(parameters):
        n = min(BLOCK, len(parameters) - start)
        for i in range(start, start + n):
            g = sign * memory.grad_at(parameters, i, placed)
            if weight_decay != 0.0:
                g += weight_decay * memory.data_at(parameters, i, placed)
            s = alpha * ss[i] + (1.0 - alpha) * g * g
            ss[i] = s
            if centered:
                m = alpha * ms[i] + (1.0 - alpha) * g
                ms[i] = m
                s -= m * m
            gs[i - start] = g
            xs[i - start] = s
        roots.over_roots(gs, xs, n, 1.0, eps)
        for i in range(start, start + n):
            v = momentum * vs[i] + xs[i - start]
            vs[i] = v
            memory.set_data_at(
                parameters, i, memory.data_at(parameters, i, placed) - lr * v, placed
            )
        start += n


def adagrad(
    parameters: Parameters,
    total: array[float],
    rate: float,
    eps: float,
    weight_decay: float,
    sign: float,
) -> None:
    """Step by s = s + g^2; p = p - rate g / (sqrt(s) + eps)."""
    writing(parameters, "data")
    placed = placement.any_placed()
    ss = memory.doubles(total)
    slopes, steps = block(), block()
    gs, xs = memory.doubles(slopes), memory.doubles(steps)
    start = 0
    while start < len(parameters):
        n = min(BLOCK, len(parameters) - start)
        for i in range(start, start + n):
            g = sign * memory.grad_at(parameters, i, placed)
            if weight_decay != 0.0:
                g += weight_decay * memory.data_at(parameters, i, placed)
            s = ss[i] + g * g
            ss[i] = s
            gs[i - start] = g
            xs[i - start] = s
        roots.over_roots(gs, xs, n, rate, eps)
        for i in range(start, start + n):
            memory.set_data_at(
                parameters, i, memory.data_at(parameters, i, placed) - xs[i - start], placed
            )
        start += n


def block() -> array[float]:
    """Room for the numbers of a block."""
    return array("d", bytes(8 * BLOCK))
