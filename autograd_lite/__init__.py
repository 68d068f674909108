"""Scalar reverse-mode automatic differentiation: write scalars, see every one of them.

>>> from autograd_lite import Value, tanh
>>> w, x, b = Value(0.5, label="w"), Value(2.0, label="x"), Value(-1.0, label="b")
>>> y = tanh(w * x + b)
>>> y.backward()
>>> w.grad, x.grad, b.grad
(2.0, 0.5, 1.0)

PYTEST_DONT_REWRITE: nothing here asserts, and this may be imported before pytest.
"""

from __future__ import annotations

import os

if os.environ.get("AUTOGRAD_LITE_PURE", "") not in ("", "0"):
    from autograd_lite._pure import import_source

    for _name in (
        "extra",
        "plain",
        "fields",
        "placement",
        "backward",
        "value",
        "nary",
        "block",
        "forward",
        "adjoint",
        "derive",
    ):
        import_source(f"autograd_lite.{_name}")

from autograd_lite._pure import is_compiled as _is_compiled
from autograd_lite.anomaly import AnomalyError, detect_anomaly
from autograd_lite.derivatives import (
    grad,
    hvp,
    jacfwd,
    jacrev,
    jvp,
    linearize,
    pullback,
    value_and_grad,
    vjp,
)
from autograd_lite.functions import (
    acos,
    acosh,
    asin,
    asinh,
    atan,
    atan2,
    atanh,
    callback,
    cbrt,
    ceil,
    clip,
    copysign,
    cos,
    cosh,
    degrees,
    dot,
    draw,
    elu,
    erf,
    erfc,
    exp,
    exp2,
    expm1,
    floor,
    fmod,
    gelu,
    hypot,
    interp,
    isfinite,
    isinf,
    isnan,
    largest,
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
    radians,
    reciprocal,
    relu,
    round,
    sample,
    selu,
    sigmoid,
    sign,
    silu,
    sin,
    sinc,
    sinh,
    softmax,
    softplus,
    sqrt,
    square,
    sum,
    take,
    tan,
    tanh,
    trunc,
    where,
)
from autograd_lite.graph import topological_order
from autograd_lite.matrices import hessian, jacobian, sparsity, value_grad_hessian
from autograd_lite.observers import no_grad
from autograd_lite.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

# `from autograd_lite import nn` needs no __getattr__ here. With one, Python would look up all names
# of the module in its slow way: autograd_lite.exp(x) would take a fifth longer.


def compile(
    function: Callable[..., Any] | None = None, *, executor: str = "auto", check: str = "auto"
) -> Any:
    """A function that is recorded once and replayed: a decorator.

    executor  "interpret" runs the recorded program node by node, "numpy" as operations on arrays,
              "c" in C that is compiled for it; "auto" takes what is faster
    check     when the function runs beside its program, and their numbers are compared: "auto" at
              the calls 2, 4, 8 ..., "always", with their gradients, or "never"

    >>> @compile
    ... def loss(w, xs):
    ...     return mean([(w * x - 1) ** 2 for x in xs])
    >>> loss(Value(0.5), [1.0, 2.0])
    Value(data=0.125, grad=0.0)

    Arguments and results may be numbers, Values, NumPy arrays, and lists, tuples and dicts of
    them. In the function a number stays a number, and a Value a Value; backward() of a result that
    is a Value goes through the replayed program. Needs NumPy.
    """
    from autograd_lite.compiler.function import Compiled, decorated

    def made(function: Any) -> Any:
        return decorated(lambda function: Compiled(function, executor, check), function)

    return made if function is None else made(function)


def vmap(function: Callable[..., Any], in_axes: Any = 0) -> Any:
    """A function of batches, of a function of one sample: [function(*sample) for each sample].

    in_axes  along which axis of each argument its samples lie, None for an argument that all
             samples share: an int or None for all arguments, or a tuple of one for each

    >>> errors = vmap(lambda w, x: (w * x - 1) ** 2, in_axes=(None, 0))
    >>> [error.data for error in errors(Value(0.5), [1.0, 2.0, 4.0])]
    [0.25, 0.0, 1.0]

    The function is recorded for one sample, as `compile` does it, and run for all samples at once,
    however many there are. Numbers stay numbers in it, and in its results. Lists and arrays have
    axes; a tuple or dict has them in each element.
    Results come as a list along axis 0; arrays are stacked, and tuples and dicts hold lists.

    Raises ValueError for a batch that is empty, that has other sizes in other arguments, or whose
    samples are not all of one shape. Needs NumPy.
    """
    from autograd_lite.compiler.function import decorated
    from autograd_lite.compiler.vmap import Batched

    return decorated(lambda function: Batched(function, in_axes), function)


def export(f: Callable[..., Any], language: str, /, *args: Any, **options: Any) -> Any:
    """The source of f(*args) in another language, which imports nothing of ours.

    f         a function, compiled or not; it is called once, and what it changes is put back
    language  "numpy", "jax", "torch", "c" or "wasm"
    args      example arguments: those of the export may have other numbers, and in NumPy, JAX and
              PyTorch another number of samples
    options   those of the language; and `name` for another name of the function

    Parameters have the names of the user's code: those of `named_parameters()`, or of a variable. A
    source gives their numbers: `source.parameters()`; `source.save(path)` writes it to a file, and
    `str(source)` is the text. Before it is given out, it is run beside the interpreter.

    Raises ValueError for what the language does not have, and says what to write instead. Needs
    NumPy.
    """
    from autograd_lite.compiler.export import export

    return export(f, language, *args, **options)


def to_jax(f: Callable[..., Any], /, *args: Any) -> tuple[Any, dict[str, Any]]:
    """f as a pure function of JAX, (parameters, *arguments) -> value, and its parameters as arrays.

    f     a function, compiled or not; it is called once, and what it changes is put back
    args  example arguments: their numbers may differ in other calls

    The function works with `jax.jit`, `grad`, `vmap` and `shard_map`. Its parameters are a dict of
    arrays by the names of the user's code: of float64 if `jax_enable_x64` is set, else of float32.
    `function.from_jax(parameters)` writes arrays back into the Values; `function.source` is the
    module that it runs, which is `export(f, "jax", *args)`.

    Raises ValueError for what JAX does not have, and for a function that changes state. Needs JAX.
    """
    from autograd_lite.compiler.export.to_jax import to_jax

    return to_jax(f, *args)


# ------------------------------------------------ loops and roots, whose modules need NumPy too


def scan(
    f: Callable[[Any, Any], tuple[Any, Any]],
    init: Any,
    xs: Any = None,
    length: int | None = None,
    reverse: bool = False,
    *,
    checkpoint: bool | None = None,
) -> tuple[Any, Any]:
    """carry, ys of `for x in xs: carry, y = f(carry, x)`. See `autograd_lite.loops.scan`."""
    from autograd_lite import loops

    return loops.scan(f, init, xs, length, reverse, checkpoint=checkpoint)


def fori_loop(
    lower: int,
    upper: int,
    body_fun: Callable[[int, Any], Any],
    init_val: Any,
    *,
    checkpoint: bool | None = None,
) -> Any:
    """val of `for i in range(lower, upper): val = body_fun(i, val)`. See `loops.fori_loop`."""
    from autograd_lite import loops

    return loops.fori_loop(lower, upper, body_fun, init_val, checkpoint=checkpoint)


def repeat(n: int, /, **state: Any) -> Any:
    """A loop as one writes it, whose body runs once and is recorded. See `loops.repeat`."""
    from autograd_lite import loops

    return loops.repeat(n, **state)


def checkpoint(f: Callable[..., Any]) -> Callable[..., Any]:
    """f, whose nodes are made again when a gradient is taken. See `loops.checkpoint`."""
    from autograd_lite import loops

    return loops.checkpoint(f)


def implicit_root(
    residual: Callable[..., Any], solve: Callable[[Callable[[Any], Any], Any], Any]
) -> Callable[..., Any]:
    """root(x0, *theta): the x with residual(x, *theta) = 0. See `implicit.implicit_root`."""
    from autograd_lite import implicit

    return implicit.implicit_root(residual, solve)


def fixed_point(
    f: Callable[..., Any],
    x0: Any,
    *theta: Any,
    tolerance: float = 1e-12,
    steps: int = 10_000,
) -> Any:
    """The x with f(x, *theta) = x. See `autograd_lite.implicit.fixed_point`."""
    from autograd_lite import implicit

    return implicit.fixed_point(f, x0, *theta, tolerance=tolerance, steps=steps)


__version__ = "0.1.0"

compiled = _is_compiled()
"""True if the engine runs compiled, rather than interpreted."""

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
    "callback",
    "cbrt",
    "ceil",
    "checkpoint",
    "clip",
    "compile",
    "compiled",
    "copysign",
    "cos",
    "cosh",
    "degrees",
    "detect_anomaly",
    "dot",
    "draw",
    "elu",
    "erf",
    "erfc",
    "exp",
    "exp2",
    "expm1",
    "export",
    "fixed_point",
    "floor",
    "fmod",
    "fori_loop",
    "gelu",
    "grad",
    "hessian",
    "hvp",
    "hypot",
    "implicit_root",
    "interp",
    "isfinite",
    "isinf",
    "isnan",
    "jacfwd",
    "jacobian",
    "jacrev",
    "jvp",
    "largest",
    "leaky_relu",
    "lgamma",
    "linearize",
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
    "pullback",
    "radians",
    "reciprocal",
    "relu",
    "repeat",
    "round",
    "sample",
    "scan",
    "selu",
    "sigmoid",
    "sign",
    "silu",
    "sin",
    "sinc",
    "sinh",
    "softmax",
    "softplus",
    "sparsity",
    "sqrt",
    "square",
    "sum",
    "take",
    "tan",
    "tanh",
    "to_jax",
    "topological_order",
    "trunc",
    "value_and_grad",
    "value_grad_hessian",
    "vjp",
    "vmap",
    "where",
]
