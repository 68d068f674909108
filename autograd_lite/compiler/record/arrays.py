"""Arrays of tracers: what a compiled function gets for an array of NumPy's while it is recorded.

Such an array has the dtype, the shape and the memory order of the one that it stands for. A short
list of operations is recorded, element by element: `ufuncs.py` and `array_functions.py` have it.
Everything else reads the numbers, which is a guard for each, and is what NumPy does with an array
of these numbers. NumPy itself takes a `TracerArray` for an array of another library, and so asks it
what each of its functions gives.
"""

from __future__ import annotations

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

import autograd_lite.kinds as kinds
from autograd_lite import leaves
from autograd_lite.compiler.record.numbers import (
    NumberTracer,
    NumPyTracer,
    kind_of,
    plain_number,
    read,
)
from autograd_lite.plain import as_number, number_kind
from autograd_lite.value import Node, Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

__all__ = [
    "BOOL",
    "DTYPES",
    "FLOAT",
    "INT",
    "KINDS",
    "MOVING_METHODS",
    "OBJECT",
    "TracerArray",
    "cast",
    "constants",
    "element",
    "held",
    "mapped",
    "model_of",
    "objects_of",
    "read_all",
]

KINDS = {
    np.dtype(np.bool_): kinds.NUMPY | kinds.BOOL,
    np.dtype(np.int64): kinds.NUMPY | kinds.INT,
    np.dtype(np.float64): kinds.NUMPY | kinds.FLOAT,
    np.dtype(object): kinds.NO_NUMBER,
}
"""The dtypes of arrays of tracers, and the kinds of numbers in them."""
DTYPES = {kind: dtype for dtype, kind in KINDS.items()}
BOOL, INT, FLOAT, OBJECT = KINDS

_OF_OBJECTS = {"ndim", "shape", "size"}
_OF_MODELS = {"flags", "itemsize", "nbytes", "strides"}
_WRITING_METHODS = {"partition", "put", "sort"}
MOVING_METHODS = "diagonal flatten ravel repeat reshape squeeze swapaxes take transpose"


class TracerArray(NDArrayOperatorsMixin):
    """Stands for an array.

    objects  an array of tracers and numbers of NumPy's, or of Values and others if dtype is object
    dtype    that of the array that it stands for
    """

    __slots__ = ("__weakref__", "dtype", "objects")

    __array_ufunc__: Any = None  # set by ufuncs.py

    def __init__(self, objects: Any, dtype: Any) -> None:
        self.objects, self.dtype = objects, dtype

    @property  # type: ignore[misc]
    def __class__(self) -> Any:
        return np.ndarray

    def same_type(self, objects: Any) -> Any:
        """An array of this dtype; an element as it is."""
        return TracerArray(objects, self.dtype) if type(objects) is np.ndarray else objects

    def model(self) -> Any:
        """An array like it, of ones."""
        return np.ones_like(self.objects, self.dtype)

    def numbers(self) -> Any:
        """The array of its numbers, read: a guard for each. It cannot be written into, as that
        would not change this one. Of other objects than numbers it is the array of these.
        """
        if self.dtype == OBJECT:
            return self.objects
        numbers: Any = np.empty_like(self.objects, self.dtype)
        if self.objects.size:
            numbers.flat = [read(x) for x in self.objects.flat]
        numbers.flags.writeable = False
        return numbers

    def __getattr__(self, name: str) -> Any:
        """What an array has else: an attribute, or a method that reads the numbers."""
        if name in _OF_OBJECTS:
            return getattr(self.objects, name)
        if name in _OF_MODELS:
            return getattr(self.model(), name)
        if name[0] == "_" or not hasattr(np.ndarray, name):
            raise AttributeError(f"'numpy.ndarray' object has no attribute {name!r}")
        if callable(getattr(np.ndarray, name)):
            return lambda *args, **options: self.read_method(name, *args, **options)
        return getattr(self.numbers(), name)

    def read_method(self, name: str, *args: Any, **options: Any) -> Any:
        """What the method of this name gives for the numbers, which are read."""
        writes = name in _WRITING_METHODS
        numbers = self.numbers().copy() if writes else self.numbers().view()  # not to be resized
        found = getattr(numbers, name)(*read_all(args), **read_all(options))
        if writes:
            self[...] = numbers
        return found

    # ---------------------------------------------------------------------------- as a container

    def __len__(self) -> int:
        return len(self.objects)

    def __iter__(self) -> Iterator[Any]:
        return map(self.same_type, self.objects)

    def __getitem__(self, index: Any) -> Any:
        return self.same_type(self.objects[index if type(index) is int else read_all(index)])

    def __setitem__(self, index: Any, thing: Any) -> None:
        index, objects = read_all(index), _assigned(thing, self.dtype)
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
        return cast(self.objects, OBJECT).tolist()

    def item(self, *index: Any) -> Any:
        return element(self.objects.item(*read_all(index)), OBJECT)

    def fill(self, number: Any) -> None:
        self[...] = number

    @property
    def flat(self) -> Iterator[Any]:
        """The elements, which cannot be set in this way."""
        objects = self.objects.view()
        objects.flags.writeable = False
        return iter(objects.flat)

    @property
    def T(self) -> Any:  # noqa: N802
        return self.same_type(self.objects.T)

    @property
    def real(self) -> Any:
        return self

    def copy(self, order: Any = "C") -> Any:
        return self.same_type(self.objects.copy(order))

    def astype(self, dtype: Any, *args: Any, **options: Any) -> Any:
        model = self.model().astype(dtype, *args, **options)
        if model.dtype not in KINDS:
            return self.read_method("astype", dtype, *args, **options)
        if model.dtype == self.dtype:
            objects = self.objects.astype(object, *args, **options)
            return self if objects is self.objects else self.same_type(objects)
        objects = np.empty_like(model, object)
        objects[...] = cast(self.objects, model.dtype)
        return TracerArray(objects, model.dtype)

    # --------------------------------------------------------------------------- as Python has it

    def __bool__(self) -> bool:
        return bool(self.objects)

    def __copy__(self) -> Any:
        return self.copy()

    def __deepcopy__(self, memo: Any) -> Any:
        return self.copy()

    def __buffer__(self, flags: int) -> memoryview:
        return memoryview(self.numbers())

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        return self.numbers().astype(dtype or self.dtype, copy=bool(copy))


def _reading(name: str) -> Callable[..., Any]:
    return lambda self, *args: self.read_method(name, *args)


def _moving(name: str) -> Callable[..., Any]:
    """A method that moves elements."""
    return lambda self, *args, **options: self.same_type(
        getattr(self.objects, name)(*read_all(args), **read_all(options))
    )


for _name in ("complex", "float", "format", "index", "int", "reduce_ex", "repr", "str"):
    setattr(TracerArray, f"__{_name}__", _reading(f"__{_name}__"))
for _name in MOVING_METHODS.split():
    setattr(TracerArray, _name, _moving(_name))


# -------------------------------------------------------------- things that arrays are made of


def mapped(f: Callable[[Any], Any], thing: Any, of: Any = (TracerArray, NumberTracer)) -> Any:
    """The things that are nested in lists, tuples and dicts, with f(x) for each x of these types,
    which are arrays of tracers, and tracers.
    """
    if isinstance(thing, of):
        return f(thing)
    if type(thing) in (list, tuple):
        return type(thing)([mapped(f, x, of) for x in thing])
    if type(thing) is dict:
        return {key: mapped(f, x, of) for key, x in thing.items()}
    return thing


def read_all(thing: Any) -> Any:
    """The same with numbers in place of tracers and arrays of tracers, which are read."""
    return mapped(lambda x: x.numbers() if isinstance(x, TracerArray) else read(x), thing)


def model_of(thing: Any) -> Any:
    """The same with what has the types of arrays and tracers."""
    return mapped(
        lambda x: x.model() if isinstance(x, TracerArray) else type(plain_number(x))(1), thing
    )


def objects_of(x: Any) -> Any:
    """An operand as an array of objects, with tracers of numbers of NumPy's."""
    if isinstance(x, TracerArray):
        return x.objects
    if isinstance(x, np.ndarray):
        return x.astype(object)
    if isinstance(x, NumberTracer):
        return held(
            x if number_kind(x) & kinds.NUMPY else _retyped(x, number_kind(x) | kinds.NUMPY)
        )
    return held(x.item() if isinstance(x, np.generic) else x)


def held(x: Any) -> Any:
    """An array without axes that holds x, as it is."""
    array = np.empty((), object)
    array[()] = x
    return array


def _retyped(x: Any, kind: int) -> Any:
    """Another tracer of the same number, as one of this kind."""
    return as_number(Node.__pow__(x, 1.0), kind)


def element(x: Any, dtype: Any) -> Any:
    """x as an element of an array of this dtype; of objects, numbers as those of Python's."""
    if dtype == OBJECT:
        return x.item() if isinstance(x, (np.generic, NumPyTracer)) else x
    kind, wanted = kind_of(x), KINDS[dtype]
    if not isinstance(x, NumberTracer):
        return x if kind == wanted and type(x) is dtype.type else np.asarray(x).astype(dtype)[()]
    if kind == wanted:
        return x
    if dtype == BOOL:
        return as_number(x != 0, wanted)
    if (kind | wanted) & kinds.FLOAT == wanted & kinds.FLOAT:  # nothing is lost
        return _retyped(x, wanted)
    return np.asarray(read(x)).astype(dtype)[()]


def cast(objects: Any, dtype: Any) -> Any:
    """An array of tracers and others as one of elements of this dtype."""
    found = np.frompyfunc(lambda x: element(x, dtype), 1, 1)(objects)
    return found if isinstance(found, np.ndarray) else held(found)


def constants(numbers: Any) -> Any:
    """An array of NumPy's numbers as one of objects."""
    objects: Any = np.empty_like(numbers, object)
    if numbers.size:
        objects.flat = np.fromiter(numbers.flat, object, numbers.size)
    return objects


def _assigned(thing: Any, dtype: Any) -> Any:
    """What is written into an array of this dtype."""
    if isinstance(thing, TracerArray):
        return thing.objects if dtype in (thing.dtype, OBJECT) else cast(thing.objects, dtype)
    if dtype == OBJECT:
        return thing if isinstance(thing, (np.ndarray, list, tuple)) else held(thing)
    if isinstance(thing, NumberTracer):
        return held(element(thing, dtype))
    if isinstance(thing, Value):
        return float(thing)  # which says what is wrong
    array = np.asarray(thing)
    if array.dtype == OBJECT:
        return cast(array, dtype)
    numbers = np.empty(array.shape, dtype)
    numbers[...] = thing
    return constants(numbers)


leaves.array_of_numbers = lambda objects: TracerArray(cast(objects, FLOAT), FLOAT)
