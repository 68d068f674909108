"""What NumPy's ufuncs give for tracers and arrays of tracers: nodes, or else the numbers are read.

Of the dtype, NumPy says what it gives. Of each element, Python's operators and our functions do.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

import autograd_lite.kinds as kinds
from autograd_lite import functions
from autograd_lite.compiler.record.arrays import (
    BOOL,
    DTYPES,
    FLOAT,
    INT,
    KINDS,
    OBJECT,
    TracerArray,
    cast,
    held,
    objects_of,
    read_all,
)
from autograd_lite.compiler.record.numbers import (
    LARGEST_INT,
    NumberTracer,
    kind_of,
    plain_number,
    read,
)
from autograd_lite.plain import as_number
from autograd_lite.value import Node

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

__all__ = ["REDUCTIONS", "of_numbers", "type_of"]


def _of_ufunc(self: Any, ufunc: Any, method: str, *operands: Any, **options: Any) -> Any:
    """What a ufunc gives for operands of which some are tracers, or arrays of them."""
    out = options.pop("out", None)
    xs = [_operand(x) for x in operands]
    found = None
    if method == "__call__" and not options:
        found = _called(ufunc, xs)
    elif method in ("reduce", "accumulate") and isinstance(xs[0], TracerArray):
        found = _along_axis(ufunc, method, *xs, **options)
    readable = out is None or isinstance(out[0], TracerArray) or out[0].dtype == OBJECT
    if found is None or not readable:
        return _of_numbers(ufunc, method, xs, options, out)
    return found if out is None else _written(out[0], found)


def _operand(x: Any) -> Any:
    """x as an array, a tracer or a number."""
    if isinstance(x, (list, tuple)):
        return np.asarray(x)
    return x if isinstance(x, NumberTracer) else read(x)


def _is_traced(x: Any) -> bool:
    return isinstance(x, (TracerArray, NumberTracer))


def _of_numbers(ufunc: Any, method: str, operands: Any, options: Any, out: Any) -> Any:
    """What it gives for the numbers, which are read."""
    changed = operands[:1] if method == "at" else out or ()
    numbers = [x.numbers().copy() if isinstance(x, TracerArray) else x for x in changed]
    given = read_all(operands)
    if method == "at":
        given[0] = numbers[0]
    elif out is not None:
        options["out"] = tuple(numbers)
    found = getattr(ufunc, method)(*given, **read_all(options))
    for x, written in zip(changed, numbers, strict=True):
        if isinstance(x, TracerArray):
            x[...] = written
    return found if out is None else out[0] if len(out) == 1 else out


def _written(out: Any, found: Any) -> Any:
    """The array `out`, with what an operation gave in it."""
    if isinstance(out, TracerArray):
        np.add(np.empty(0, type_of(found)), 0, out=np.empty(0, out.dtype))  # or it raises
        out[...] = found
    else:
        out[...] = objects_of(found)
    return out


def type_of(x: Any) -> Any:
    """The dtype of an operand; the type of a number of Python's, which takes that of the others."""
    if isinstance(x, (TracerArray, np.ndarray, np.generic)):
        return x.dtype
    kind = kind_of(x)
    if kind & kinds.NUMPY or kind == kinds.BOOL:
        return DTYPES[kind | kinds.NUMPY]
    if kind == kinds.INT:
        return int if -(2**63) <= plain_number(x) < 2**63 else OBJECT
    return float if kind else complex if isinstance(x, complex) else OBJECT


@lru_cache(maxsize=1024)
def _dtype_made(ufunc: Any, *types: Any) -> Any:
    """The dtype that a ufunc gives for operands of these types; None if there is no such tracer."""
    try:
        dtype = ufunc.resolve_dtypes((*types, None))[-1]
    except TypeError:  # which it raises for numbers, too
        return None
    return dtype if dtype in KINDS else None


def _called(ufunc: Any, operands: Any) -> Any:
    """A node for each element; None if the numbers are to be read."""
    compute = _RECORDED.get(ufunc)
    dtype = _dtype_made(ufunc, *map(type_of, operands)) if compute else None
    if compute is None or dtype is None or (dtype == INT and ufunc in _NOT_OF_INTS):
        return None
    if dtype == INT and ufunc in _DIVISIONS:
        operands[1] = read_all(operands[1])
        if np.any(np.asarray(operands[1]) <= 0) or not any(map(_is_traced, operands)):
            return None
    with np.errstate(all="ignore"):  # a program does not warn, either
        return _made(compute(ufunc, dtype, *map(objects_of, operands)), dtype)


def _made(found: Any, dtype: Any) -> Any:
    """What NumPy gives for objects, whose elements have the right type, as one of this dtype."""
    if isinstance(found, np.ndarray):
        return TracerArray(found, dtype)
    return found if dtype == OBJECT or isinstance(found, Node) else dtype.type(found)


def _by_operator(ufunc: Any, dtype: Any, *xs: Any) -> Any:
    """What the elements give by themselves."""
    return ufunc(*xs)


def _compared(ufunc: Any, dtype: Any, *xs: Any) -> Any:
    return np.frompyfunc(_bool, 1, 1)(ufunc(*xs, dtype=object))


def _bool(x: Any) -> Any:
    """A new bool as one of NumPy's."""
    return as_number(x, KINDS[BOOL]) if isinstance(x, Node) else np.bool_(x)


def _logical(ufunc: Any, dtype: Any, *xs: Any) -> Any:
    return _LOGIC[ufunc](*[cast(x, BOOL) for x in xs])


def _by_rule(function: Callable[..., Any]) -> Callable[..., Any]:
    def compute(ufunc: Any, dtype: Any, *xs: Any) -> Any:
        if dtype == OBJECT:
            return ufunc(*xs)
        return np.frompyfunc(of_numbers(function, dtype), len(xs), 1)(*xs)

    return compute


def of_numbers(function: Callable[..., Any], dtype: Any) -> Callable[..., Any]:
    """A function of numbers that makes new nodes, which gives NumPy's numbers of this dtype."""
    kind = KINDS[dtype]

    def compute(*xs: Any) -> Any:
        for x in xs if dtype == INT else ():
            if not isinstance(x, Node) and abs(x) >= LARGEST_INT:
                raise ValueError(f"no double holds the int {x}")  # and the function runs eagerly
        x = function(*xs)
        return as_number(x, kind) if isinstance(x, Node) else dtype.type(x)

    return compute


def _ufuncs(names: str) -> list[Any]:
    return [getattr(np, name) for name in names.split()]


_DIVISIONS = {np.floor_divide, np.remainder, np.fmod, np.power}
_BITS = {np.bitwise_and, np.bitwise_or, np.bitwise_xor, np.invert}
_NOT_OF_INTS = {np.reciprocal, *_BITS}
_LOGIC = {
    np.logical_and: np.bitwise_and,
    np.logical_or: np.bitwise_or,
    np.logical_xor: np.bitwise_xor,
    np.logical_not: np.invert,
}
_OPERATORS = """absolute add divide floor_divide matmul multiply negative positive power remainder
subtract"""
_COMPARISONS = "equal greater greater_equal less less_equal not_equal"

# Of Values, a ufunc is their method of its name, which our function of the method's own name is.
_RECORDED: dict[Any, Any] = {
    ufunc: _by_rule(getattr(functions, getattr(Node, name).__name__, ufunc))
    for name, ufunc in vars(np).items()
    if isinstance(ufunc, np.ufunc) and hasattr(Node, name)
}
_RECORDED |= dict.fromkeys([*_ufuncs(_OPERATORS), *_BITS], _by_operator)
_RECORDED |= dict.fromkeys(_ufuncs(_COMPARISONS), _compared) | dict.fromkeys(_LOGIC, _logical)


# ------------------------------------------------------------------------------ along an axis


def _given(options: dict[str, Any]) -> set[str]:
    """The options that say something."""
    return {name for name, x in options.items() if x is not None and x is not False}


def _along_axis(ufunc: Any, method: str, x: TracerArray, axis: Any = 0, **options: Any) -> Any:
    """A reduction or accumulation; None if the numbers are to be read."""
    if ufunc not in REDUCTIONS.values() or _given(options) - {"keepdims"} or x.size == 0:
        return None
    if method == "accumulate" and ufunc not in ACCUMULATIONS.values():
        return None
    options = {name: option for name, option in options.items() if option is not None}
    axis = read_all(axis)
    model = getattr(ufunc, method)(x.model(), axis=axis, **options)
    dtype = model.dtype if isinstance(model, (np.ndarray, np.generic)) else OBJECT
    if dtype not in KINDS:
        return None
    objects = x.objects if dtype == x.dtype else cast(x.objects, dtype)
    compute = _LOGIC.get(ufunc, ufunc)
    if dtype != OBJECT and ufunc in (np.maximum, np.minimum):
        function = getattr(functions, ufunc.__name__)
        compute = np.frompyfunc(of_numbers(function, dtype), 2, 1)
        objects, axis = _in_last_axis(objects, axis), -1
    with np.errstate(all="ignore"):
        found = getattr(compute, method)(objects, axis=axis)
    if isinstance(model, np.ndarray):
        found = found if isinstance(found, np.ndarray) else held(found)
        found = found.reshape(model.shape)
    return _made(found, dtype)


def _in_last_axis(objects: Any, axis: Any) -> Any:
    """The array with these axes as one, at the end."""
    n = objects.ndim
    axes = [*range(n)] if axis is None else [int(i) % n for i in np.atleast_1d(axis)]
    others = [i for i in range(n) if i not in axes]
    shape = [objects.shape[i] for i in others]
    return objects.transpose([*others, *axes]).reshape([*shape, -1])


def _along(name: str, ufunc: Any, method: str) -> Callable[..., Any]:
    """The method of arrays that is this method of a ufunc, along an axis or all."""

    def along(self: TracerArray, axis: Any = None, *args: Any, **options: Any) -> Any:
        x, i = (self.ravel(), 0) if axis is None and method == "accumulate" else (self, axis)
        found = None if args else _along_axis(ufunc, method, x, i, **options)
        return self.read_method(name, axis, *args, **options) if found is None else found

    return along


def _mean(self: Any, axis: Any = None, *args: Any, **options: Any) -> Any:
    if args or _given(options) - {"keepdims"} or self.size == 0:
        return self.read_method("mean", axis, *args, **options)
    total = self if self.dtype in (FLOAT, OBJECT) else self.astype(FLOAT)
    total = total.sum(axis, **options)
    return total / (self.size // (total.size if isinstance(total, np.ndarray) else 1))


def _clip(self: Any, min: Any = None, max: Any = None, out: Any = None, **options: Any) -> Any:
    """Between bounds that are not None; with other options the numbers are read."""
    if options or min is None is max:
        return self.read_method("clip", min, max, out, **options)
    limited = self if min is None else np.maximum(self, min)
    limited = limited if max is None else np.minimum(limited, max)
    return limited if out is None else _written(out, limited)


ACCUMULATIONS = {"cumsum": np.add, "cumprod": np.multiply}
REDUCTIONS = {
    "sum": np.add,
    "prod": np.multiply,
    "max": np.maximum,
    "min": np.minimum,
    "any": np.logical_or,
    "all": np.logical_and,
}
for _name, _ufunc in REDUCTIONS.items():
    setattr(TracerArray, _name, _along(_name, _ufunc, "reduce"))
for _name, _ufunc in ACCUMULATIONS.items():
    setattr(TracerArray, _name, _along(_name, _ufunc, "accumulate"))
_cls: Any
for _cls in (TracerArray, NumberTracer):
    _cls.__array_ufunc__ = _of_ufunc
_cls = TracerArray
_cls.mean, _cls.clip = _mean, _clip
