"""Arrays of tracers: what a compiled function gets for an array of NumPy's while it is recorded.

Such an array has the dtype, the shape and the memory order of the one that it stands for. A short
list of operations is recorded, element by element. Everything else reads the numbers, which is a
guard for each, and is what NumPy does with an array of these numbers. NumPy itself takes a
`TracerArray` for an array of another library, and so asks it what each of its functions gives.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

import autograd_lite.kinds as kinds
from autograd_lite import functions, leaves
from autograd_lite.compiler.record.numbers import (
    LARGEST_INT,
    NumberTracer,
    kind_of,
    plain_number,
    read,
)
from autograd_lite.plain import as_number, number_kind
from autograd_lite.value import Node, Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Any

__all__ = ["TracerArray"]

_KINDS = {
    np.dtype(np.bool_): kinds.NUMPY | kinds.BOOL,
    np.dtype(np.int64): kinds.NUMPY | kinds.INT,
    np.dtype(np.float64): kinds.NUMPY | kinds.FLOAT,
    np.dtype(object): kinds.NO_NUMBER,
}
"""The dtypes of arrays of tracers, and the kinds of numbers in them."""
_DTYPES = {kind: dtype for dtype, kind in _KINDS.items()}
_BOOL, _INT, _FLOAT, _OBJECT = _KINDS


class TracerArray(NDArrayOperatorsMixin):
    """Stands for an array.

    objects  an array of tracers and numbers of NumPy's, or of Values and others if dtype is object
    dtype    that of the array that it stands for
    """

    __slots__ = ("__weakref__", "_dtype", "objects")

    def __init__(self, objects: Any, dtype: Any) -> None:
        self.objects, self._dtype = objects, dtype

    @property  # type: ignore[misc]
    def __class__(self) -> Any:
        return np.ndarray

    @property
    def dtype(self) -> Any:
        return self._dtype

    @property
    def shape(self) -> tuple[int, ...]:
        return self.objects.shape  # type: ignore[no-any-return]

    @property
    def ndim(self) -> int:
        return self.objects.ndim  # type: ignore[no-any-return]

    @property
    def size(self) -> int:
        return self.objects.size  # type: ignore[no-any-return]

    @property
    def T(self) -> Any:  # noqa: N802
        return self._with(self.objects.T)

    @property
    def real(self) -> Any:
        return self

    @property
    def flat(self) -> Iterator[Any]:
        """The elements, which cannot be set in this way."""
        objects = self.objects.view()
        objects.flags.writeable = False
        return iter(objects.flat)

    def _with(self, objects: Any) -> Any:
        """An array of this dtype; an element as it is."""
        return TracerArray(objects, self._dtype) if type(objects) is np.ndarray else objects

    def model(self) -> Any:
        """An array like it, of ones."""
        return np.ones_like(self.objects, self._dtype)

    def numbers(self) -> Any:
        """The array of its numbers, read: a guard for each. It cannot be written into, as that
        would not change this one. Of other objects than numbers it is the array of these.
        """
        if self._dtype == _OBJECT:
            return self.objects
        numbers: Any = np.empty_like(self.objects, self._dtype)
        if self.size:
            numbers.flat = [read(x) for x in self.objects.flat]
        numbers.flags.writeable = False
        return numbers

    # ---------------------------------------------------------------------------- as a container

    def __len__(self) -> int:
        return len(self.objects)

    def __iter__(self) -> Iterator[Any]:
        return map(self._with, self.objects) if self.ndim != 1 else iter(self.objects)

    def __getitem__(self, index: Any) -> Any:
        if type(index) is int:
            return self._with(self.objects[index])
        return self._with(self.objects[_read(index)])

    def __setitem__(self, index: Any, thing: Any) -> None:
        index, objects = _read(index), _assigned(thing, self._dtype)
        if np.ndim(objects) == 0 and not isinstance(self.objects[index], np.ndarray):
            objects = objects[()]  # an element, which NumPy holds as it is
        self.objects[index] = objects

    def __contains__(self, thing: Any) -> bool:
        return bool((self == thing).any())

    def nested(self) -> Any:
        """Nested lists of its elements as they are, which takes less than `tolist`."""
        return self.objects.tolist()

    def tolist(self) -> Any:
        """Nested lists of numbers of Python's."""
        return _cast(self, _OBJECT).tolist()

    def item(self, *index: Any) -> Any:
        return _element(self.objects.item(*_read(index)), _OBJECT)

    def fill(self, number: Any) -> None:
        self[...] = number

    # --------------------------------------------------------------------------- as Python has it

    def __bool__(self) -> bool:
        return bool(self.objects)

    def __float__(self) -> float:
        return float(self.objects)

    def __int__(self) -> int:
        return int(self.objects)

    def __complex__(self) -> complex:
        return complex(self.numbers())

    def __index__(self) -> int:
        return self.numbers().__index__()  # type: ignore[no-any-return]

    def __repr__(self) -> str:
        return repr(self.numbers())

    def __str__(self) -> str:
        return str(self.numbers())

    def __format__(self, spec: str) -> str:
        return format(self.numbers(), spec)

    def __copy__(self) -> Any:
        return self.copy()

    def __deepcopy__(self, memo: Any) -> Any:
        return self.copy()

    def __reduce_ex__(self, protocol: Any) -> Any:
        return self.numbers().__reduce_ex__(protocol)

    def __buffer__(self, flags: int) -> memoryview:
        return memoryview(self.numbers())

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        return self.numbers().astype(dtype or self._dtype, copy=bool(copy))

    def __array_ufunc__(self, ufunc: Any, method: str, *operands: Any, **options: Any) -> Any:
        return _of_ufunc(ufunc, method, operands, options)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        return _of_function(function, args, kwargs)

    def __getattr__(self, name: str) -> Any:
        """What an array has else: an attribute, or a method that reads the numbers."""
        if name in _OF_SHAPES:
            return getattr(self.model(), name)
        if name[0] == "_" or not hasattr(np.ndarray, name):
            raise AttributeError(f"'numpy.ndarray' object has no attribute {name!r}")
        if not callable(getattr(np.ndarray, name)):
            return getattr(self.numbers(), name)

        def method(*args: Any, **kwargs: Any) -> Any:
            if name not in _WRITING_METHODS:
                numbers = self.numbers().view()  # which cannot be resized
                return getattr(numbers, name)(*_read(args), **_read(kwargs))
            numbers = self.numbers().copy()
            found = getattr(numbers, name)(*_read(args), **_read(kwargs))
            self[...] = numbers
            return found

        return method

    # -------------------------------------------------------------------------- recorded methods

    def copy(self, order: Any = "C") -> Any:
        return self._with(self.objects.copy(order))

    def astype(self, dtype: Any, *args: Any, **options: Any) -> Any:
        model = self.model().astype(dtype, *args, **options)
        if model.dtype not in _KINDS:
            return self.numbers().astype(dtype, *args, **options)
        if model.dtype == self._dtype:
            objects = self.objects.astype(object, *args, **options)
            return self if objects is self.objects else self._with(objects)
        objects = np.empty_like(model, object)
        objects[...] = _cast(self, model.dtype)
        return TracerArray(objects, model.dtype)

    def sum(self, axis: Any = None, *args: Any, **options: Any) -> Any:
        return _reduced(np.add, "sum", self, axis, args, options)

    def prod(self, axis: Any = None, *args: Any, **options: Any) -> Any:
        return _reduced(np.multiply, "prod", self, axis, args, options)

    def max(self, axis: Any = None, *args: Any, **options: Any) -> Any:
        return _reduced(np.maximum, "max", self, axis, args, options)

    def min(self, axis: Any = None, *args: Any, **options: Any) -> Any:
        return _reduced(np.minimum, "min", self, axis, args, options)

    def any(self, axis: Any = None, *args: Any, **options: Any) -> Any:
        return _reduced(np.logical_or, "any", self, axis, args, options)

    def all(self, axis: Any = None, *args: Any, **options: Any) -> Any:
        return _reduced(np.logical_and, "all", self, axis, args, options)

    def mean(self, axis: Any = None, *args: Any, **options: Any) -> Any:
        if args or _given(options) - {"keepdims"} or self.size == 0:
            return self.numbers().mean(axis, *_read(args), **_read(options))
        total = self if self._dtype in (_FLOAT, _OBJECT) else self.astype(_FLOAT)
        total = total.sum(axis, **options)
        return total / (self.size // (total.size if isinstance(total, np.ndarray) else 1))

    def cumsum(self, axis: Any = None, *args: Any, **options: Any) -> Any:
        return _accumulated(np.add, "cumsum", self, axis, args, options)

    def cumprod(self, axis: Any = None, *args: Any, **options: Any) -> Any:
        return _accumulated(np.multiply, "cumprod", self, axis, args, options)

    def dot(self, other: Any, out: Any = None) -> Any:
        return np.dot(self, other, out) if out is not None else np.dot(self, other)

    def clip(self, min: Any = None, max: Any = None, out: Any = None, **options: Any) -> Any:
        """Between bounds that are not None; with other options the numbers are read."""
        if options or min is None is max:
            return self.numbers().clip(*_read([min, max, out]), **_read(options))
        limited = self if min is None else np.maximum(self, min)
        limited = limited if max is None else np.minimum(limited, max)
        return limited if out is None else _written(out, limited)


_OF_SHAPES = {"flags", "itemsize", "nbytes", "strides"}
_WRITING_METHODS = {"partition", "put", "sort"}
_MOVING_METHODS = "diagonal flatten ravel repeat reshape squeeze swapaxes take transpose"


def _moving(name: str) -> Callable[..., Any]:
    """A method that moves elements."""
    return lambda self, *args, **kwargs: self._with(
        getattr(self.objects, name)(*_read(args), **_read(kwargs))
    )


for _name in _MOVING_METHODS.split():
    setattr(TracerArray, _name, _moving(_name))


# ------------------------------------------------------------------------------------- elements


def _mapped(f: Callable[[Any], Any], thing: Any) -> Any:
    """The things that are nested in lists, tuples and dicts, with f(x) for arrays and tracers x."""
    if isinstance(thing, (TracerArray, NumberTracer)):
        return f(thing)
    if type(thing) in (list, tuple):
        return type(thing)([_mapped(f, x) for x in thing])
    if type(thing) is dict:
        return {key: _mapped(f, x) for key, x in thing.items()}
    return thing


def _read(thing: Any) -> Any:
    """The same with numbers in place of tracers and arrays of tracers, which are read."""
    return _mapped(lambda x: x.numbers() if isinstance(x, TracerArray) else read(x), thing)


def _model(thing: Any) -> Any:
    """The same with what has the types of arrays and tracers."""
    return _mapped(
        lambda x: x.model() if isinstance(x, TracerArray) else type(plain_number(x))(1), thing
    )


def _objects(x: Any) -> Any:
    """An operand as an array of objects, with tracers of numbers of NumPy's."""
    if isinstance(x, TracerArray):
        return x.objects
    if isinstance(x, np.ndarray):
        return x.astype(object)
    if isinstance(x, NumberTracer) and not number_kind(x) & kinds.NUMPY:
        x = _retyped(x, number_kind(x) | kinds.NUMPY)
    return _held(x.item() if isinstance(x, np.generic) else x)


def _held(x: Any) -> Any:
    """An array without axes that holds x, as it is."""
    array = np.empty((), object)
    array[()] = x
    return array


def _all_objects(thing: Any) -> Any:
    return _mapped(_objects, thing)


def _retyped(x: Any, kind: int) -> Any:
    """Another tracer of the same number, as one of this kind."""
    return as_number(Node.__pow__(x, 1.0), kind)


def _element(x: Any, dtype: Any) -> Any:
    """x as an element of an array of this dtype; of objects, numbers as those of Python's."""
    kind, wanted = kind_of(x), _KINDS[dtype]
    if not isinstance(x, NumberTracer):
        if wanted == kinds.NO_NUMBER:
            return x.item() if isinstance(x, np.generic) else x
        return x if kind == wanted and type(x) is dtype.type else np.asarray(x).astype(dtype)[()]
    if dtype == _OBJECT:  # `take` knows an int that was passed
        wanted = kind if kind == _KINDS[_INT] and x.is_leaf else kind & ~kinds.NUMPY
    if kind == wanted:
        return x
    if wanted == _KINDS[_BOOL]:
        return _bool(x != 0)
    if (kind | wanted) & kinds.FLOAT == wanted & kinds.FLOAT:  # nothing is lost
        return _retyped(x, wanted)
    return np.asarray(read(x)).astype(dtype)[()]


def _cast(x: Any, dtype: Any) -> Any:
    """The elements of an array of tracers or objects, as those of another dtype."""
    objects = x.objects if isinstance(x, TracerArray) else x
    found = np.frompyfunc(lambda e: _element(e, dtype), 1, 1)(objects)
    return found if isinstance(found, np.ndarray) else _held(found)


def _constants(numbers: Any) -> Any:
    """An array of NumPy's numbers as one of objects."""
    objects: Any = np.empty_like(numbers, object)
    if numbers.size:
        objects.flat = np.fromiter(numbers.flat, object, numbers.size)
    return objects


def _assigned(thing: Any, dtype: Any) -> Any:
    """What is written into an array of this dtype."""
    if isinstance(thing, TracerArray):
        same = thing.dtype == dtype or dtype == _OBJECT
        return thing.objects if same else _cast(thing, dtype)
    if dtype == _OBJECT:
        return thing if isinstance(thing, (np.ndarray, list, tuple)) else _held(thing)
    if isinstance(thing, NumberTracer):
        return _held(_element(thing, dtype))
    if isinstance(thing, Value):
        return float(thing)  # which says what is wrong
    array = np.asarray(thing)
    if array.dtype == object:
        return _cast(array, dtype)
    numbers = np.empty(array.shape, dtype)
    numbers[...] = thing
    return _constants(numbers)


def _made(found: Any, dtype: Any) -> Any:
    """What NumPy gives for objects, whose elements have the right type, as one of this dtype."""
    if isinstance(found, np.ndarray):
        return TracerArray(found, dtype)
    return found if dtype == _OBJECT or isinstance(found, Node) else dtype.type(found)


def _like_model(found: Any, model: Any, operands: Iterable[Any]) -> Any:
    """What NumPy gives for objects, as it is of the types that it gives for their model.

    operands  the arrays that it was given: a view of one of them stays a view
    """
    if isinstance(model, (list, tuple)):
        return type(model)(_like_model(*pair, operands) for pair in zip(found, model, strict=True))
    if isinstance(model, np.ndarray):
        if any(_is_view(found, x) and x.dtype == model.dtype for x in operands):
            return TracerArray(found, model.dtype)
        return TracerArray(_cast(found, model.dtype), model.dtype)
    return _element(found, model.dtype) if isinstance(model, np.generic) else found


def _is_view(objects: Any, x: Any) -> bool:
    return isinstance(x, TracerArray) and np.may_share_memory(objects, x.objects)


def _supported(model: Any) -> bool:
    """Whether there are arrays of tracers for what is of these types."""
    if isinstance(model, (list, tuple)):
        return all(map(_supported, model))
    return getattr(model, "dtype", _OBJECT) in _KINDS


# --------------------------------------------------------------------------------------- ufuncs


def _of_ufunc(ufunc: Any, method: str, operands: Any, options: Any) -> Any:
    """What a ufunc gives for operands of which some are tracers, or arrays of them."""
    out = options.pop("out", None)
    operands = [_operand(x) for x in operands]
    found = None
    if method == "__call__" and not options:
        found = _called(ufunc, operands)
    elif method in ("reduce", "accumulate") and isinstance(operands[0], TracerArray):
        found = _along_axis(ufunc, method, *operands, **options)
    if found is None:
        return _of_numbers(ufunc, method, operands, options, out)
    if out is None:
        return found
    if not isinstance(out[0], TracerArray) and out[0].dtype != object:
        return _of_numbers(ufunc, method, operands, options, out)
    return _written(out[0], found)


def _operand(x: Any) -> Any:
    """x as an array, a tracer or a number."""
    if isinstance(x, (list, tuple)):
        return np.asarray(x)
    return x if isinstance(x, NumberTracer) else read(x)


def _of_numbers(ufunc: Any, method: str, operands: Any, options: Any, out: Any) -> Any:
    """What it gives for the numbers, which are read."""
    changed = operands[0] if method == "at" else None
    apply, operands, options = getattr(ufunc, method), _read(operands), _read(options)
    if isinstance(changed, TracerArray):
        numbers = operands[0].copy()
        apply(numbers, *operands[1:], **options)
        changed[...] = numbers
        return None
    if out is None:
        return apply(*operands, **options)
    numbers = [x.numbers().copy() if isinstance(x, TracerArray) else x for x in out]
    apply(*operands, out=tuple(numbers), **options)
    for x, written in zip(out, numbers, strict=True):
        if isinstance(x, TracerArray):
            x[...] = written
    return out[0] if len(out) == 1 else out


def _written(out: Any, found: Any) -> Any:
    """The array `out`, with what an operation gave in it."""
    if isinstance(out, TracerArray):
        np.add(np.empty(0, _type_of(found)), 0, out=np.empty(0, out.dtype))  # or it raises
        out[...] = found
    else:
        out[...] = _objects(found)
    return out


def _type_of(x: Any) -> Any:
    """The dtype of an operand; the type of a number of Python's, which takes that of the others."""
    if isinstance(x, (TracerArray, np.ndarray, np.generic)):
        return x.dtype
    kind = kind_of(x)
    if kind & kinds.NUMPY or kind == kinds.BOOL:
        return _DTYPES[kind | kinds.NUMPY]
    if kind == kinds.INT:
        return int if -(2**63) <= plain_number(x) < 2**63 else _OBJECT
    return float if kind else _OBJECT


@lru_cache(maxsize=1024)
def _dtype_made(ufunc: Any, *types: Any) -> Any:
    """The dtype that a ufunc gives for operands of these types; None if there is no such tracer."""
    try:
        dtype = ufunc.resolve_dtypes((*types, None))[-1]
    except TypeError:  # which it raises for numbers, too
        return None
    return dtype if dtype in _KINDS else None


def _called(ufunc: Any, operands: Any) -> Any:
    """A node for each element; None if the numbers are to be read."""
    compute = _RECORDED.get(ufunc)
    dtype = _dtype_made(ufunc, *map(_type_of, operands)) if compute else None
    if compute is None or dtype is None or (dtype == _INT and ufunc in _NOT_OF_INTS):
        return None
    if dtype == _INT and ufunc in _DIVISIONS:
        operands[1] = _read(operands[1])
        if np.any(np.asarray(operands[1]) <= 0):
            return None
    with np.errstate(all="ignore"):  # a program does not warn, either
        return _made(compute(ufunc, dtype, *map(_objects, operands)), dtype)


def _by_operator(ufunc: Any, dtype: Any, *xs: Any) -> Any:
    """What the elements give by themselves."""
    return ufunc(*xs)


def _compared(ufunc: Any, dtype: Any, *xs: Any) -> Any:
    return np.frompyfunc(_bool, 1, 1)(ufunc(*xs, dtype=object))


def _bool(x: Any) -> Any:
    """A new bool as one of NumPy's."""
    return as_number(x, kinds.NUMPY | kinds.BOOL) if isinstance(x, Node) else np.bool_(x)


def _logical(ufunc: Any, dtype: Any, *xs: Any) -> Any:
    return _LOGIC[ufunc](*[_cast(x, _BOOL) for x in xs])


def _by_function(function: Callable[..., Any]) -> Callable[..., Any]:
    def compute(ufunc: Any, dtype: Any, *xs: Any) -> Any:
        if dtype == _OBJECT:
            return ufunc(*xs)
        return np.frompyfunc(_function_of_numbers(function, dtype), len(xs), 1)(*xs)

    return compute


def _function_of_numbers(function: Callable[..., Any], dtype: Any) -> Callable[..., Any]:
    """A function of numbers that makes new nodes, which gives NumPy's numbers of this dtype."""
    kind = _KINDS[dtype]

    def of_numbers(*xs: Any) -> Any:
        for x in xs if dtype == _INT else ():
            if not isinstance(x, Node) and abs(x) >= LARGEST_INT:
                raise ValueError(f"no double holds the int {x}")  # and the function runs eagerly
        x = function(*xs)
        return as_number(x, kind) if isinstance(x, Node) else dtype.type(x)

    return of_numbers


_DIVISIONS = {np.floor_divide, np.remainder, np.fmod, np.power}
_NOT_OF_INTS = {np.reciprocal, np.bitwise_and, np.bitwise_or, np.bitwise_xor, np.invert}
_BITS = {np.bitwise_and, np.bitwise_or, np.bitwise_xor, np.invert}
_LOGIC = {
    np.logical_and: np.bitwise_and,
    np.logical_or: np.bitwise_or,
    np.logical_xor: np.bitwise_xor,
    np.logical_not: np.invert,
}
_FUNCTIONS: dict[str, str] = {
    "arccos": "acos",
    "arccosh": "acosh",
    "arcsin": "asin",
    "arcsinh": "asinh",
    "arctan": "atan",
    "arctan2": "atan2",
    "arctanh": "atanh",
    "deg2rad": "radians",
    "rad2deg": "degrees",
    "rint": "round",
}
_SAME_NAMES = """cbrt ceil copysign cos cosh degrees exp exp2 expm1 floor fmod hypot isfinite isinf
isnan log log10 log1p log2 maximum minimum radians reciprocal sign sin sinh sqrt square tan tanh
trunc"""
_FUNCTIONS |= {_name: _name for _name in _SAME_NAMES.split()}
_OPERATORS = """absolute add divide floor_divide matmul multiply negative positive power remainder
subtract"""
_COMPARISONS = "equal greater greater_equal less less_equal not_equal"

_RECORDED: dict[Any, Any] = {
    getattr(np, ufunc): _by_function(getattr(functions, name)) for ufunc, name in _FUNCTIONS.items()
}
_RECORDED |= {getattr(np, name): _by_operator for name in _OPERATORS.split()}
_RECORDED |= {getattr(np, name): _compared for name in _COMPARISONS.split()}
_RECORDED |= dict.fromkeys(_LOGIC, _logical) | dict.fromkeys(_BITS, _by_operator)


def _given(options: dict[str, Any]) -> set[str]:
    """The options that say something."""
    return {name for name, x in options.items() if x is not None and x is not False}


def _reduced(ufunc: Any, name: str, x: TracerArray, axis: Any, args: Any, options: Any) -> Any:
    """The reduction of an array as its method of this name gives it."""
    found = None
    if not args and _given(options) <= {"keepdims"}:
        found = _along_axis(ufunc, "reduce", x, axis=axis, **options)
    if found is not None:
        return found
    return getattr(x.numbers(), name)(axis, *_read(args), **_read(options))


def _accumulated(ufunc: Any, name: str, x: TracerArray, axis: Any, args: Any, options: Any) -> Any:
    found = None
    if not args and not _given(options):
        flat = x.ravel() if axis is None else x
        found = _along_axis(ufunc, "accumulate", flat, axis=axis or 0)
    if found is not None:
        return found
    return getattr(x.numbers(), name)(axis, *_read(args), **_read(options))


def _along_axis(ufunc: Any, method: str, x: TracerArray, axis: Any = 0, **options: Any) -> Any:
    """A reduction or accumulation; None if the numbers are to be read."""
    if ufunc not in _REDUCTIONS or _given(options) - {"keepdims"} or x.size == 0:
        return None
    if method == "accumulate" and ufunc not in (np.add, np.multiply):
        return None
    options = {name: option for name, option in options.items() if option is not None}
    axis = _read(axis)
    model = getattr(ufunc, method)(x.model(), axis=axis, **options)
    dtype = model.dtype if isinstance(model, (np.ndarray, np.generic)) else _OBJECT
    if dtype not in _KINDS:
        return None
    objects = x.objects if dtype == x.dtype else _cast(x, dtype)
    compute = ufunc
    if dtype != _OBJECT and ufunc in (np.maximum, np.minimum):
        function = getattr(functions, ufunc.__name__)
        compute = np.frompyfunc(_function_of_numbers(function, dtype), 2, 1)
        objects, axis = _in_last_axis(objects, axis), -1
    elif ufunc in _LOGIC:
        compute = _LOGIC[ufunc]
    with np.errstate(all="ignore"):
        found = getattr(compute, method)(objects, axis=axis)
    if isinstance(model, np.ndarray):
        found = found if isinstance(found, np.ndarray) else _held(found)
        found = found.reshape(model.shape)
    return _made(found, dtype)


_REDUCTIONS = {np.add, np.multiply, np.maximum, np.minimum, np.logical_and, np.logical_or}


def _in_last_axis(objects: Any, axis: Any) -> Any:
    """The array with these axes as one, at the end."""
    n = objects.ndim
    axes = [*range(n)] if axis is None else [int(i) % n for i in np.atleast_1d(axis)]
    others = [i for i in range(n) if i not in axes]
    shape = [objects.shape[i] for i in others]
    return objects.transpose([*others, *axes]).reshape([*shape, -1])


# ------------------------------------------------------------------------------ other functions


def _of_function(function: Any, args: Any, kwargs: Any) -> Any:
    """What a function of NumPy's gives where some arguments are tracers, or arrays of them."""
    special = _SPECIAL.get(function)
    if special is not None:
        return special(*args, **kwargs)
    if function in _OF_TYPES:
        return function(*_model(args), **_model(kwargs))
    if function in _METHODS and args and isinstance(args[0], (TracerArray, NumberTracer)):
        return _by_method(_METHODS[function], *args, **kwargs)
    if function in _WITH_INDICES or function in _OF_ARRAYS:
        found = _on_objects(function, args, kwargs)
        if found is not None:
            return found
    if function in _WRITING and isinstance(args[0], TracerArray):
        numbers = args[0].numbers().copy()
        function(numbers, *_read(args[1:]), **_read(kwargs))
        args[0][...] = numbers
        return None
    return function(*_read(args), **_read(kwargs))


def _by_method(name: str, x: Any, *args: Any, **kwargs: Any) -> Any:
    if isinstance(x, TracerArray):
        return getattr(x, name)(*args, **kwargs)
    found = getattr(TracerArray(_objects(x), _type_of(_objects(x)[()])), name)(*args, **kwargs)
    return found[()] if isinstance(found, TracerArray) and found.ndim == 0 else found


def _on_objects(function: Any, args: Any, kwargs: Any) -> Any:
    """What it gives for arrays of objects; None if the numbers are to be read."""
    if function in _WITH_INDICES:
        args, kwargs = (args[0], *_read(args[1:])), _read(kwargs)
    if "out" in kwargs or any(x.size == 0 for x in _arrays(args)):
        return None
    if function is np.dot and any(np.ndim(x) == 0 for x in args):
        return None  # 0 times NaN is 0 there
    model = function(*_model(args), **_model(kwargs))
    if not _supported(model):
        return None
    with np.errstate(all="ignore"):
        found = function(*_all_objects(args), **_all_objects(kwargs))
    if function in _WITH_INDICES and isinstance(args[0], TracerArray):  # which may be views
        return _mapped_arrays(args[0]._with, found)
    return _like_model(found, model, [*_arrays(args)])


def _mapped_arrays(f: Callable[[Any], Any], found: Any) -> Any:
    if isinstance(found, (list, tuple)):
        return type(found)(_mapped_arrays(f, x) for x in found)
    return f(found)


def _arrays(thing: Any) -> Iterator[Any]:
    """The arrays that are nested in lists and tuples."""
    if isinstance(thing, (TracerArray, np.ndarray)):
        yield thing
    elif isinstance(thing, (list, tuple)):
        for x in thing:
            yield from _arrays(x)


def _where(condition: Any, *choices: Any) -> Any:
    """np.where: of numbers data; among Values and numbers a decision, which type it is."""
    if len(choices) != 2:
        return np.where(_read(condition), *_read(choices))
    choices = tuple(np.asarray(x) if isinstance(x, (list, tuple)) else x for x in choices)
    model = np.where(_model(condition), *_model(choices))
    if model.dtype not in _KINDS:
        return np.where(_read(condition), *_read(choices))
    dtype, holds = model.dtype, condition
    if isinstance(condition, (TracerArray, NumberTracer)):
        holds = _cast(_objects(condition), _BOOL)
    elif not isinstance(condition, Value):
        holds = np.asarray(condition, bool)
    found = np.frompyfunc(lambda *xs: _selected(dtype, *xs), 3, 1)(holds, *map(_objects, choices))
    return TracerArray(found if isinstance(found, np.ndarray) else _held(found), dtype)


def _selected(dtype: Any, holds: Any, a: Any, b: Any) -> Any:
    """a if holds, else b."""
    if not isinstance(holds, Node):
        return _element(a if holds else b, dtype)
    if dtype != _OBJECT:
        return _function_of_numbers(functions.where, dtype)(holds, a, b)
    if isinstance(a, Value) and isinstance(b, Value):
        where: Any = functions.where
        return where(holds, a, b)
    return a if holds else b


def _full_like(x: Any, number: Any, *args: Any, **kwargs: Any) -> Any:
    """np.full_like, whose number is data."""
    made = _like(np.empty_like)(x, *args, **kwargs)
    made[...] = number
    return made


def _like(function: Any) -> Callable[..., Any]:
    """A function that makes a new array of the shape and the type of another one."""

    def make(x: Any, *args: Any, **kwargs: Any) -> Any:
        made = function(_model(x), *_read(args), **_read(kwargs))
        number = made.dtype in _KINDS and made.dtype != _OBJECT
        return TracerArray(_constants(made), made.dtype) if number else made

    return make


def _copied(x: Any, order: str = "K", subok: bool = False) -> Any:
    return x.copy(order)


def _functions(names: str) -> set[Any]:
    return {getattr(np, name) for name in names.split() if hasattr(np, name)}


_METHODS = {
    getattr(np, name): name
    for name in f"{_MOVING_METHODS} all any clip cumprod cumsum max mean min prod sum".split()
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


# ------------------------------------------------------------------------------ single numbers


def _number_as_array(self: Any, dtype: Any = None, copy: bool | None = None) -> Any:
    return np.asarray(read(self), dtype)


def _ufunc_of_numbers(self: Any, ufunc: Any, method: str, *operands: Any, **options: Any) -> Any:
    return _of_ufunc(ufunc, method, operands, options)


def _function_of_tracers(self: Any, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
    return _of_function(function, args, kwargs)


NumberTracer.__array__ = _number_as_array  # type: ignore[attr-defined]
NumberTracer.__array_ufunc__ = _ufunc_of_numbers  # type: ignore[attr-defined]
NumberTracer.__array_function__ = _function_of_tracers  # type: ignore[attr-defined]


leaves.array_of_numbers = lambda objects: TracerArray(_cast(objects, _FLOAT), _FLOAT)
