"""What NumPy's other functions give for arrays of tracers: each in one of a few ways."""

from __future__ import annotations

import numpy as np

from autograd_lite import functions
from autograd_lite.compiler.record.arrays import (
    BOOL,
    KINDS,
    MOVING_METHODS,
    OBJECT,
    TracerArray,
    cast,
    constants,
    element,
    held,
    mapped,
    model_of,
    objects_of,
    read_all,
)
from autograd_lite.compiler.record.numbers import NumberTracer, read
from autograd_lite.compiler.record.ufuncs import REDUCTIONS, of_numbers, type_of
from autograd_lite.value import Node, Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

__all__: list[str] = []


def _of_function(self: Any, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
    """What a function of NumPy's gives where some arguments are tracers, or arrays of them."""
    if function in _SPECIAL:
        return _SPECIAL[function](*args, **kwargs)
    if function in _OF_TYPES:
        return function(*model_of(args), **model_of(kwargs))
    if function in _METHODS and args and isinstance(args[0], (TracerArray, NumberTracer)):
        return _by_method(_METHODS[function], *args, **kwargs)
    if function in _WITH_INDICES or function in _OF_ARRAYS:
        found = _on_objects(function, args, kwargs)
        if found is not None:
            return found
    if function in _WRITING and isinstance(args[0], TracerArray):
        numbers = args[0].numbers().copy()
        function(numbers, *read_all(args[1:]), **read_all(kwargs))
        args[0][...] = numbers
        return None
    return function(*read_all(args), **read_all(kwargs))


def _by_method(name: str, x: Any, *args: Any, **kwargs: Any) -> Any:
    if isinstance(x, TracerArray):
        return getattr(x, name)(*args, **kwargs)
    found = getattr(TracerArray(objects_of(x), type_of(objects_of(x)[()])), name)(*args, **kwargs)
    return found[()] if isinstance(found, TracerArray) and found.ndim == 0 else found


def _on_objects(function: Any, args: Any, kwargs: Any) -> Any:
    """What it gives for arrays of objects; None if the numbers are to be read."""
    if function in _WITH_INDICES:
        args, kwargs = (args[0], *read_all(args[1:])), read_all(kwargs)
    arrays: list[Any] = []
    mapped(arrays.append, args, np.ndarray)
    if "out" in kwargs or any(x.size == 0 for x in arrays):
        return None
    if function is np.dot and any(np.ndim(x) == 0 for x in args):
        return None  # 0 times NaN is 0 there
    model = function(*model_of(args), **model_of(kwargs))
    if not _supported(model):
        return None
    with np.errstate(all="ignore"):
        found = function(*mapped(objects_of, args), **mapped(objects_of, kwargs))
    return _like_model(found, model, arrays)


def _supported(model: Any) -> bool:
    """Whether there are arrays of tracers for what is of these types."""
    if isinstance(model, (list, tuple)):
        return all(map(_supported, model))
    return getattr(model, "dtype", OBJECT) in KINDS


def _like_model(found: Any, model: Any, operands: list[Any]) -> Any:
    """What NumPy gives for objects, as it is of the types that it gives for their model.

    operands  the arrays that it was given: a view of one of them stays a view
    """
    if isinstance(model, (list, tuple)):
        return type(model)(_like_model(*pair, operands) for pair in zip(found, model, strict=True))
    if isinstance(model, np.ndarray):
        view = any(_is_view(found, x) and x.dtype == model.dtype for x in operands)
        return TracerArray(found if view else cast(found, model.dtype), model.dtype)
    return element(found, model.dtype) if isinstance(model, np.generic) else found


def _is_view(objects: Any, x: Any) -> bool:
    return isinstance(x, TracerArray) and np.may_share_memory(objects, x.objects)


# --------------------------------------------------------------------- those that take some care


def _where(condition: Any, *choices: Any) -> Any:
    """np.where: of numbers data; among Values and numbers a decision, which type it is."""
    choices = tuple(np.asarray(x) if isinstance(x, (list, tuple)) else x for x in choices)
    dtype = np.where(model_of(condition), *model_of(choices)).dtype if choices else None
    if dtype not in KINDS:
        return np.where(read_all(condition), *read_all(choices))
    holds = condition
    if isinstance(condition, (TracerArray, NumberTracer)):
        holds = cast(objects_of(condition), BOOL)
    elif not isinstance(condition, Value):
        holds = np.asarray(condition, bool)
    found = np.frompyfunc(lambda *xs: _selected(dtype, *xs), 3, 1)(holds, *map(objects_of, choices))
    return TracerArray(found if isinstance(found, np.ndarray) else held(found), dtype)


def _selected(dtype: Any, holds: Any, a: Any, b: Any) -> Any:
    """a if holds, else b."""
    where: Any = functions.where
    if not isinstance(holds, Node):
        return element(a if holds else b, dtype)
    if dtype != OBJECT:
        return of_numbers(where, dtype)(holds, a, b)
    both = isinstance(a, Value) and isinstance(b, Value)
    return where(holds, a, b) if both else (a if holds else b)


def _full_like(x: Any, number: Any, *args: Any, **kwargs: Any) -> Any:
    """np.full_like, whose number is data."""
    made = _like(np.empty_like)(x, *args, **kwargs)
    made[...] = number
    return made


def _like(function: Any) -> Callable[..., Any]:
    """A function that makes a new array of the shape and the type of another one."""

    def make(x: Any, *args: Any, **kwargs: Any) -> Any:
        made = function(model_of(x), *read_all(args), **read_all(kwargs))
        number = made.dtype in KINDS and made.dtype != OBJECT
        return TracerArray(constants(made), made.dtype) if number else made

    return make


def _copied(x: Any, order: str = "K", subok: bool = False) -> Any:
    return x.copy(order)


def _functions(names: str) -> set[Any]:
    return {getattr(np, name) for name in names.split() if hasattr(np, name)}


_METHODS = {
    getattr(np, name): name
    for name in [*MOVING_METHODS.split(), *REDUCTIONS, "clip", "cumprod", "cumsum", "mean"]
    if hasattr(np, name)
} | {np.amax: "max", np.amin: "min"}
_SPECIAL: dict[Any, Callable[..., Any]] = {
    np.where: _where,
    np.copy: _copied,
    np.full_like: _full_like,
    **{f: _like(f) for f in _functions("empty_like ones_like zeros_like")},
}
_OF_TYPES = _functions(
    "can_cast iscomplexobj isrealobj min_scalar_type ndim result_type shape size"
)
_WITH_INDICES = _functions(
    """array_split broadcast_to dsplit expand_dims flip fliplr flipud hsplit moveaxis roll rollaxis
    rot90 split tile vsplit"""
)
"""Functions that move the elements of their first argument."""
_OF_ARRAYS = _functions(
    """append atleast_1d atleast_2d atleast_3d block broadcast_arrays column_stack concatenate
    convolve correlate cross diag diagflat diff dot dstack ediff1d einsum hstack inner kron meshgrid
    outer stack tensordot trace trapezoid tril triu vdot vstack"""
)
"""Functions that move, multiply and add up the elements of arrays, also of objects."""
_WRITING = _functions("copyto fill_diagonal place put put_along_axis putmask")


def _number_as_array(self: Any, dtype: Any = None, copy: bool | None = None) -> Any:
    return np.asarray(read(self), dtype)


_cls: Any
for _cls in (TracerArray, NumberTracer):
    _cls.__array_function__ = _of_function
_cls.__array__ = _number_as_array
