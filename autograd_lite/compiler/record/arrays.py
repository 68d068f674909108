"""Arrays of tracers: what is compared, selected and added up in them is data, element by element.

NumPy asks for the truth of each element where arrays of objects are compared, which is a guard for
each. Here a comparison of arrays is an array of tracers of bools; where it has to be an array of
bools, as in `x[x > 0]`, it is read.
"""

from __future__ import annotations

from math import inf

import numpy as np

import autograd_lite.kinds as kinds
from autograd_lite import functions
from autograd_lite.compiler.record.numbers import NumberTracer, PythonTracer, kind_of, read
from autograd_lite.plain import as_number, number_kind
from autograd_lite.value import Node, Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

__all__ = ["TracerArray", "plain_array"]

# By the names of NumPy's functions.
_COMPARISONS = {"less", "less_equal", "greater", "greater_equal", "equal", "not_equal"}
_LOGIC = {
    "logical_and": np.bitwise_and,
    "logical_or": np.bitwise_or,
    "logical_xor": np.bitwise_xor,
    "logical_not": np.invert,
}
_SELECTIONS = {name: getattr(functions, name) for name in ("maximum", "minimum", "clip", "sign")}
_TESTS = {name: getattr(functions, name) for name in ("isnan", "isinf", "isfinite")}
_TYPES = {kinds.BOOL: np.bool_, kinds.INT: np.int64, kinds.FLOAT: np.float64}


class TracerArray(np.ndarray):
    """An array of objects, some of which are tracers."""

    def __array_ufunc__(self, ufunc: Any, method: str, *operands: Any, **options: Any) -> Any:
        plain = [plain_array(x) for x in operands]
        if "out" in options:
            out = options["out"]
            found = getattr(ufunc, method)(
                *plain, **options | {"out": tuple(map(plain_array, out))}
            )
            return out[0] if len(out) == 1 and out[0] is not None else _traced(found)
        compute = getattr(ufunc, method)
        if method == "__call__" and not options:
            compute = _as_data(ufunc, plain) or compute
        elif method == "reduce" and ufunc.__name__ in _SELECTIONS and _are_numbers(*plain):
            compute = _elementwise(_SELECTIONS[ufunc.__name__], 2, _kind(plain)).reduce
        elif method != "__call__" and ufunc in (np.add, np.multiply) and _are_bools(plain[0]):
            plain[0] = plain[0] * 1  # NumPy counts bools in ints
        with np.errstate(all="ignore"):  # a program does not warn, either
            return _traced(compute(*plain, **options))

    def tolist(self) -> Any:
        """Nested lists, in which a bool is one of Python's."""
        return [x.tolist() if hasattr(x, "tolist") else x for x in self] if self.ndim else self[()]

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        if function is np.where and len(args) == 3 and _are_bools(args[0]):
            return _traced(_selected(*map(plain_array, args)))
        return _traced(super().__array_function__(function, types, args, kwargs))

    def __getitem__(self, index: Any) -> Any:
        found = super().__getitem__(_bools_read(index))
        if isinstance(found, np.ndarray) and found.size == 0 < self.size and _are_numbers(self):
            return plain_array(found).astype(_TYPES[_kind([self])])
        return found

    def __setitem__(self, index: Any, thing: Any) -> None:
        super().__setitem__(_bools_read(index), thing)

    def __repr__(self) -> str:
        return repr(_numbers_read(self))

    def __str__(self) -> str:
        return str(_numbers_read(self))

    def mean(self, axis: Any = None, **options: Any) -> Any:  # type: ignore[override]
        if _given(options) - {"keepdims"} or self.size == 0 or not _are_numbers(self):
            return super().mean(axis, **options)
        total: Any = self.sum(axis, **options)
        return total / (self.size // (total.size if isinstance(total, np.ndarray) else 1))

    def any(self, axis: Any = None, **options: Any) -> Any:  # type: ignore[override]
        if _given(options) or self.size == 0 or not _are_bools(self):
            return super().any(axis, **options)
        return np.bitwise_or.reduce(self, axis)

    def all(self, axis: Any = None, **options: Any) -> Any:  # type: ignore[override]
        if _given(options) or self.size == 0 or not _are_bools(self):
            return super().all(axis, **options)
        return np.bitwise_and.reduce(self, axis)

    def astype(self, dtype: Any, *args: Any, **options: Any) -> Any:
        if np.dtype(dtype) == np.float64 and self.size and _are_numbers(self):
            return self * np.float64(1)
        if np.dtype(dtype) == np.int64 and _are_bools(self):
            return self * 1
        return super().astype(dtype, *args, **options)


def _given(options: dict[str, Any]) -> set[str]:
    """The options that say something."""
    return {name for name, x in options.items() if x is not None and x is not False}


def _ordering(name: str) -> Callable[..., Any]:
    """A method that compares elements: of numbers with a NaN, whose place NumPy knows, it reads
    them.
    """
    of_objects = getattr(np.ndarray, name)

    def method(self: TracerArray, *args: Any, **options: Any) -> Any:
        if not _are_numbers(self) or all(bool(x <= inf) for x in self.flat):
            return of_objects(self, *args, **options)
        numbers = _numbers_read(self)
        found = getattr(numbers, name)(*args, **options)
        if found is None:  # it has moved them
            self[...] = np.frompyfunc(numbers.dtype.type, 1, 1)(numbers)
        return found

    return method


def _in_numpy(x: Any) -> Any:
    """A tracer of a number as an array without axes, of a tracer of the same number in NumPy."""
    if not isinstance(x, NumberTracer):
        return x
    array = np.empty((), object).view(TracerArray)
    array[()] = as_number(Node.__pow__(x, 1.0), number_kind(x) | kinds.NUMPY)
    return array


def _of_numbers(self: Any, ufunc: Any, method: str, *operands: Any, **options: Any) -> Any:
    """np.exp(x), np.add(x, y) of Python's numbers: of NumPy's, as NumPy computes them."""
    apply = getattr(ufunc, method)
    try:
        return apply(*map(_in_numpy, operands), **options)
    except TypeError:  # such as np.isnan, which takes no objects
        return apply(*map(read, operands), **options)


PythonTracer.__array_ufunc__ = _of_numbers  # type: ignore[attr-defined]

for _name in ("argmax", "argmin", "argsort", "sort", "argpartition", "partition"):
    setattr(TracerArray, _name, _ordering(_name))


def plain_array(x: Any) -> Any:
    """An array of tracers as one of objects; other things as they are."""
    return x.view(np.ndarray) if isinstance(x, TracerArray) else x


def _traced(found: Any) -> Any:
    """What NumPy gives for arrays of objects, as for the arrays that they stand for."""
    if isinstance(found, tuple):
        return tuple(map(_traced, found))
    if not isinstance(found, np.ndarray) or found.dtype != object:
        return found
    if found.size and all(issubclass(type(x), np.generic) for x in found.flat):
        return found.astype(_TYPES[_kind([found])])
    return found.view(TracerArray)


def _as_data(ufunc: Any, operands: list[Any]) -> Callable[..., Any] | None:
    """What computes a ufunc so that a program does it anew, where NumPy would ask for truths."""
    name = ufunc.__name__
    if name in _COMPARISONS:
        return lambda *xs: _numpy_bools(ufunc(*xs, dtype=object))
    if name in _LOGIC and _are_bools(*operands):
        return lambda *xs: _LOGIC[name](*xs)
    if name in _SELECTIONS and _are_numbers(*operands):
        return lambda *xs: _elementwise(_SELECTIONS[name], len(xs), _kind(operands))(*xs)
    if name in _TESTS and _are_numbers(*operands):
        return lambda x: _numpy_bools(np.frompyfunc(_TESTS[name], 1, 1)(x))
    return None


def _elementwise(function: Callable[..., Any], n: int, kind: int) -> Any:
    """A function of numbers, which gives NumPy's numbers of this kind, on n arrays."""
    return np.frompyfunc(lambda *xs: _as_numpy(function(*xs), kind), n, 1)


def _as_numpy(x: Any, kind: int) -> Any:
    """A new tracer, or a number, as one of NumPy's."""
    if isinstance(x, Node):
        return as_number(x, kinds.NUMPY | kind)
    return _TYPES[kind](x)


def _numpy_bools(found: Any) -> Any:
    """New bools as NumPy's."""
    return np.frompyfunc(lambda x: _as_numpy(x, kinds.BOOL), 1, 1)(found)


def _selected(mask: Any, x: Any, y: Any) -> Any:
    """np.where: of numbers data; among Values and numbers a decision, which type it is."""
    kind = _kind([x, y]) if _are_numbers(x, y) else kinds.NO_NUMBER

    def select(holds: Any, a: Any, b: Any) -> Any:
        if kind != kinds.NO_NUMBER:
            return _as_numpy(functions.where(holds, a, b), kind)
        if isinstance(a, Value) and isinstance(b, Value):
            return functions.where(holds, a, b)
        return a if holds else b

    return np.frompyfunc(select, 3, 1)(mask, x, y)


def _kinds(x: Any) -> set[int]:
    """The kinds of numbers among the elements of x; 0 for what is none."""
    if isinstance(x, np.ndarray):
        elements = x.flat if x.dtype == object else [x.dtype.type()]
    else:
        elements = [x]
    return {kind_of(e) & kinds.FLOAT for e in elements}


def _kind(xs: list[Any]) -> int:
    """The kind of number that holds all the elements: of bools, ints and floats the last one."""
    return max(set().union(*map(_kinds, xs)))


def _are_numbers(*xs: Any) -> bool:
    return all(kinds.NO_NUMBER not in _kinds(x) for x in xs)


def _are_bools(*xs: Any) -> bool:
    return all(_kinds(x) == {kinds.BOOL} for x in xs)


def _numbers_read(x: TracerArray) -> Any:
    """The array of numbers that one of tracers stands for; one of Values as it is."""
    return plain_array(x).astype(_TYPES[_kind([x])] if x.size and _are_numbers(x) else object)


def _bools_read(index: Any) -> Any:
    """An index with arrays of bools in place of those of their tracers."""
    if isinstance(index, tuple):
        return tuple(map(_bools_read, index))
    is_mask = isinstance(index, TracerArray) and _are_bools(index)
    return _numbers_read(index) if is_mask else index
