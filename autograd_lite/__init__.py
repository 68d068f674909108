"""Scalar reverse-mode automatic differentiation: write scalars, see every one of them.

>>> from autograd_lite import Value, tanh
>>> w, x, b = Value(0.5, label="w"), Value(2.0, label="x"), Value(-1.0, label="b")
>>> y = tanh(w * x + b)
>>> y.backward()
>>> w.grad, x.grad, b.grad
(2.0, 0.5, 1.0)
"""

import os

if os.environ.get("AUTOGRAD_LITE_PURE", "") not in ("", "0"):
    from autograd_lite._pure import import_source

    import_source("autograd_lite.value")

from autograd_lite import value as _value
from autograd_lite.anomaly import AnomalyError, detect_anomaly
from autograd_lite.blocks import no_grad
from autograd_lite.functions import (
    acos,
    acosh,
    asin,
    asinh,
    atan,
    atan2,
    atanh,
    cbrt,
    ceil,
    clip,
    copysign,
    cos,
    cosh,
    dot,
    elu,
    erf,
    erfc,
    exp,
    exp2,
    expm1,
    floor,
    gelu,
    hypot,
    leaky_relu,
    lgamma,
    log,
    log1p,
    log2,
    log10,
    log_softmax,
    logsigmoid,
    logsumexp,
    maximum,
    mean,
    minimum,
    norm,
    operation,
    polygamma,
    pow,
    prod,
    reciprocal,
    relu,
    round,
    selu,
    sigmoid,
    sign,
    silu,
    sin,
    sinh,
    softmax,
    softplus,
    sqrt,
    square,
    sum,
    tan,
    tanh,
    where,
)
from autograd_lite.graph import topological_order
from autograd_lite.value import Value

__version__ = "0.1.0"

compiled = not (_value.__file__ or "").endswith(".py")
"""Whether the engine runs compiled, rather than interpreted."""

__all__ = [
    "AnomalyError",
    "Value",
    "acos",
    "acosh",
    "asin",
    "asinh",
    "atan",
    "atan2",
    "atanh",
    "cbrt",
    "ceil",
    "clip",
    "compiled",
    "copysign",
    "cos",
    "cosh",
    "detect_anomaly",
    "dot",
    "elu",
    "erf",
    "erfc",
    "exp",
    "exp2",
    "expm1",
    "floor",
    "gelu",
    "hypot",
    "leaky_relu",
    "lgamma",
    "log",
    "log1p",
    "log2",
    "log10",
    "log_softmax",
    "logsigmoid",
    "logsumexp",
    "maximum",
    "mean",
    "minimum",
    "no_grad",
    "norm",
    "operation",
    "polygamma",
    "pow",
    "prod",
    "reciprocal",
    "relu",
    "round",
    "selu",
    "sigmoid",
    "sign",
    "silu",
    "sin",
    "sinh",
    "softmax",
    "softplus",
    "sqrt",
    "square",
    "sum",
    "tan",
    "tanh",
    "topological_order",
    "where",
]
