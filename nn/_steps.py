"""What optimisers do to all parameters at once, in one call.

Plain Python, compiled with `_steps.pxd` beside it as `autograd_lite/value.py` is. What a step
remembers of each parameter stands in arrays of doubles.
"""

from __future__ import annotations

import math

import nn._buffer as buffer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from array import array

    from autograd_lite import Value

    Parameters = tuple[Value, ...]


def zero_grad(parameters: Parameters) -> None:
    """Set all gradients to 0."""
    for i in range(len(parameters)):
        p = parameters[i]
        p._grad = 0.0


def grad_norm(parameters: Parameters) -> float:
    """The Euclidean length of all gradients."""
    total = 0.0
    for i in range(len(parameters)):
        p = parameters[i]
        total += p._grad * p._grad
    return math.sqrt(total)


def scale_grad(parameters: Parameters, factor: float) -> None:
    """Multiply all gradients."""
    for i in range(len(parameters)):
        p = parameters[i]
        p._grad *= factor


def sgd(
    parameters: Parameters,
    velocity: array[float],
    first: bool,
    lr: float,
    momentum: float,
    dampening: float,
    weight_decay: float,
    nesterov: bool,
) -> None:
    """Step by v = momentum v + (1 - dampening) g, which is g at first; p = p - lr v."""
    vs = buffer.doubles(velocity)
    for i in range(len(parameters)):
        p = parameters[i]
        g = p._grad + weight_decay * p._data
        if momentum != 0.0:
            v = g if first else momentum * vs[i] + (1.0 - dampening) * g
            vs[i] = v
            g = g + momentum * v if nesterov else v
        p._data -= lr * g


def adam(
    parameters: Parameters,
    mean: array[float],
    square: array[float],
    lr: float,
    beta1: float,
    beta2: float,
    eps: float,
    weight_decay: float,
    decoupled: bool,
    correction1: float,
    correction2: float,
) -> None:
    """Step by m = b1 m + (1 - b1) g; v = b2 v + (1 - b2) g^2;
    p = p - lr (m / c1) / (sqrt(v / c2) + eps), with the corrections c = 1 - b^t.
    """
    ms, vs = buffer.doubles(mean), buffer.doubles(square)
    rate = lr / correction1
    root = math.sqrt(correction2)
    for i in range(len(parameters)):
        p = parameters[i]
        g = p._grad
        if decoupled:
            p._data *= 1.0 - lr * weight_decay
        else:
            g += weight_decay * p._data
        m = beta1 * ms[i] + (1.0 - beta1) * g
        v = beta2 * vs[i] + (1.0 - beta2) * g * g
        ms[i] = m
        vs[i] = v
        p._data -= rate * m / (math.sqrt(v) / root + eps)


def rmsprop(
    parameters: Parameters,
    square: array[float],
    velocity: array[float],
    lr: float,
    alpha: float,
    eps: float,
    weight_decay: float,
    momentum: float,
) -> None:
    """Step by s = alpha s + (1 - alpha) g^2; v = momentum v + g / (sqrt(s) + eps);
    p = p - lr v.
    """
    ss, vs = buffer.doubles(square), buffer.doubles(velocity)
    for i in range(len(parameters)):
        p = parameters[i]
        g = p._grad + weight_decay * p._data
        s = alpha * ss[i] + (1.0 - alpha) * g * g
        ss[i] = s
        v = momentum * vs[i] + g / (math.sqrt(s) + eps)
        vs[i] = v
        p._data -= lr * v
