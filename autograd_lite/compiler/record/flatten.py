"""The arguments of a call, as numbers and the shape that they stand in.

Plain Python, compiled with `flatten.pxd` beside it as `autograd_lite/value.py` is.
"""

from __future__ import annotations

from array import array

import numpy as np

import autograd_lite.memory as memory
import autograd_lite.value as engine
from autograd_lite.compiler.record.held import same
from autograd_lite.compiler.record.tokens import (
    BOOL,
    BOOLS,
    CLASS,
    DICT,
    FLOAT,
    FLOATS,
    INT,
    INTEGERS,
    LIST,
    NAMED,
    OBJECTS,
    STATIC,
    TUPLE,
    VALUE,
)
from autograd_lite.tree import children, is_made_of_fields

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from autograd_lite.value import Value

EXACT = 2**53  # below it each int is a double
LEAST = -EXACT
LARGEST = np.uint64(2**63 - 1)  # an integer that `FlatArguments.integers` can hold
DOUBLE = np.dtype("d")
DEEPEST = 200  # an argument that is nested deeper may well contain itself
_SHAPE, _FLOATS, _INTEGERS = array("i"), array("d"), array("q")
_EXACT = (int, str, bool, type(None), bytes, np.str_, np.bool_)  # the same if they are equal
_WRITTEN = (float, complex, np.datetime64)  # the same if they are written alike


class FlatArguments:
    """A call's arguments, taken apart.

    shape     tokens and lengths, as in `tokens.py`
    floats    the numbers that change from call to call
    integers  the integers among them, which may also be indices
    values    the Values
    slots     [values] the index of each Value's number among floats
    statics   (type, thing) that are the same in all calls of one recording; an object, which
              may be equal to another one and hold other numbers, as an `Identity`; a number or a
              tuple as an `Exact`; an array as its shape, the order of its axes in memory, its dtype
              and its bytes
    moving    True if Python's ints are numbers that change, rather than statics
    own       True for what each sample of a batch has for its own: its bools are numbers that
              change, too, and dataclasses are taken apart
    typed     True if subclasses of Value and float belong to the shape
    ints      the indices of such ints among floats
    owners    (place or keyword, such ints of it) of each argument that has some
    value_class  the class of the last Value
    depth     how deep the thing lies that is being taken apart
    """

    def __init__(self, moving: bool = False, own: bool = False, typed: bool = False) -> None:
        self.shape = memory.room(_SHAPE, 0)
        self.floats = memory.room(_FLOATS, 0)
        self.integers = memory.room(_INTEGERS, 0)
        self.values: list[Value] = []
        self.slots: list[int] = []
        self.statics: list[Any] = []
        self.moving, self.own, self.typed = moving, own, typed
        self.value_class: type = engine.Value
        self.ints: list[int] = []
        self.owners: list[tuple[Any, list[int]]] = []
        self.depth = 0


class Identity:
    """An object by its identity, whatever its type calls equal."""

    __slots__ = ("thing",)

    def __init__(self, thing: object) -> None:
        self.thing = thing

    def __eq__(self, other: object) -> bool:
        return self.thing is (other.thing if isinstance(other, Identity) else other)

    def __hash__(self) -> int:
        return id(self.thing)


class Exact(Identity):
    """A number or a tuple, which may be equal to one that is not the same: -0.0 to 0.0, (True,) to
    (1,).
    """

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Exact) and same(self.thing, other.thing)

    def __hash__(self) -> int:
        return hash(self.thing)


def flatten(thing: Any, flat: FlatArguments) -> None:
    """Take thing apart into flat.

    Raises ValueError for what is nested too deep.
    """
    cls = type(thing)
    if cls is float:
        memory.append_int(flat.shape, FLOAT)
        memory.append(flat.floats, thing)
    elif cls is list or cls is tuple:
        memory.append_int(flat.shape, LIST if cls is list else TUPLE)
        memory.append_int(flat.shape, len(thing))
        flatten_each(thing, flat)
    elif isinstance(thing, engine.Value):
        if cls is not flat.value_class and flat.typed:
            if has_attributes(cls) and not flat.own:
                flatten_static(thing, flat)
                return
            flatten_class(cls, flat)
        memory.append_int(flat.shape, VALUE)
        flat.values.append(thing)
        flat.slots.append(len(flat.floats))
        memory.append(flat.floats, engine.number_of(thing))
    elif flat.moving and cls is int and LEAST < thing < EXACT:
        memory.append_int(flat.shape, INT)
        flat.ints.append(len(flat.floats))
        memory.append(flat.floats, thing)
        memory.append_long(flat.integers, thing)
    elif flat.own and cls is bool:
        memory.append_int(flat.shape, BOOL)
        memory.append(flat.floats, thing)
    elif cls is int or cls is str or cls is bool or thing is None:
        memory.append_int(flat.shape, STATIC)
        flat.statics.append((cls, thing))
    elif cls is dict:
        memory.append_int(flat.shape, DICT)
        memory.append_int(flat.shape, len(thing))
        for key in thing:
            flatten_static(key, flat)
        flatten_each(thing.values(), flat)
    elif isinstance(thing, tuple) and hasattr(cls, "_make"):
        flatten_named(thing, flat)
    elif isinstance(thing, engine.Node):  # a plain number of an earlier recording
        number_type: Any = thing.__class__
        flatten(number_type(engine.number_of(thing)), flat)
    elif cls is np.ndarray or isinstance(thing, np.generic):
        flatten_numpy(thing, flat)
    elif isinstance(thing, float) and (flat.own or not flat.typed):
        memory.append_int(flat.shape, FLOAT)
        flat.floats.append(float(thing))
    elif flat.own and is_made_of_fields(thing):
        flatten_named(thing, flat)
    else:
        flatten_static(thing, flat)


def flatten_call(args: Any, kwargs: Any, moving: Any, own: Any = ()) -> FlatArguments:
    """The arguments of a call, taken apart.

    moving  the places and keywords of those whose ints are numbers that change
    own     the places of those that belong to one sample of a batch
    """
    flat = FlatArguments(typed=True)
    memory.append_int(flat.shape, TUPLE)
    memory.append_int(flat.shape, len(args))
    for i in range(len(args)):
        flatten_argument(i, args[i], flat, moving, own)
    memory.append_int(flat.shape, DICT)
    memory.append_int(flat.shape, len(kwargs))
    for key in kwargs:
        flatten_static(key, flat)
    for key in kwargs:
        flatten_argument(key, kwargs[key], flat, moving, own)
    return flat


def flatten_argument(key: Any, thing: Any, flat: FlatArguments, moving: Any, own: Any) -> None:
    """The argument of this place or keyword."""
    start = len(flat.ints)
    flat.own = key in own
    flat.moving = flat.own or key in moving
    flatten(thing, flat)
    if len(flat.ints) > start and not flat.own:  # which may stop to move
        flat.owners.append((key, flat.ints[start:]))


def has_attributes(cls: type) -> bool:
    """Whether objects of a subclass of Value hold more than a Value does."""
    return bool(cls.__dictoffset__) or cls.__basicsize__ > engine.Value.__basicsize__


def flatten_class(cls: type, flat: FlatArguments) -> None:
    """The class of the Values from here on, as they may be asked for it."""
    if has_attributes(cls):  # those of each sample differ
        cls = engine.Value
    if cls is flat.value_class:
        return
    flat.value_class = cls
    memory.append_int(flat.shape, CLASS)
    flat.statics.append((type, cls))


def flatten_named(thing: Any, flat: FlatArguments) -> None:
    """A named tuple or a dataclass."""
    parts = children(thing)
    memory.append_int(flat.shape, NAMED)
    memory.append_int(flat.shape, len(parts))
    flatten_static(type(thing), flat)
    flatten_each(parts, flat)


def flatten_each(things: Any, flat: FlatArguments) -> None:
    flat.depth += 1
    if flat.depth > DEEPEST:
        raise ValueError(
            f"an argument of a compiled function is nested more than {DEEPEST} deep, or contains "
            "itself"
        )
    for thing in things:
        flatten(thing, flat)
    flat.depth -= 1


def flatten_static(thing: Any, flat: FlatArguments) -> None:
    memory.append_int(flat.shape, STATIC)
    if type(thing) not in _EXACT:
        thing = Exact(thing) if is_plain(thing) else Identity(thing)
    flat.statics.append((type(thing), thing))


def is_plain(thing: Any) -> bool:
    """Whether what a thing holds tells all of it, so that another one can stand for it."""
    if type(thing) is tuple:
        return all(map(is_plain, thing))
    return type(thing) in _EXACT or type(thing) in _WRITTEN


def flatten_numpy(thing: Any, flat: FlatArguments) -> None:
    """An array or a scalar of NumPy's."""
    if thing.dtype is DOUBLE and isinstance(thing, np.ndarray) and thing.flags.c_contiguous:
        memory.append_int(flat.shape, FLOATS)
        memory.append_int(flat.shape, thing.ndim)
        for n in thing.shape:
            memory.append_int(flat.shape, n)
        memory.append_each(flat.floats, thing)
        return
    kind = thing.dtype.kind
    if kind == "b" and flat.own:
        flat.floats.frombytes(thing.ravel().astype("d").view("B"))
        memory.append_int(flat.shape, BOOLS)
        flatten_shape(thing, flat)
    elif kind == "b" and isinstance(thing, np.ndarray):
        flatten_fixed(thing, flat)
    elif kind not in "fiuO":
        flatten_static(thing, flat)
    elif kind == "O":
        memory.append_int(flat.shape, OBJECTS)
        flatten_shape(thing, flat)
        flatten_each(thing.ravel().tolist(), flat)
    else:
        numbers = thing.ravel()
        if kind == "u" and thing.itemsize == 8:  # beyond all indices, rather than a negative one
            numbers = np.minimum(numbers, LARGEST)
        if kind != "f":
            start = len(flat.integers)
            flat.integers.frombytes(numbers.astype("q", copy=False).view("B"))
            if not are_exact(flat.integers, start):
                del flat.integers[start:]
                flatten_fixed(thing, flat)  # as no double holds all of them
                return
        flat.floats.frombytes(numbers.astype("d", copy=False).view("B"))
        memory.append_int(flat.shape, FLOATS if kind == "f" else INTEGERS)
        flatten_shape(thing, flat)


def flatten_fixed(thing: Any, flat: FlatArguments) -> None:
    """An array whose numbers do not change, or one of such numbers."""
    memory.append_int(flat.shape, STATIC)
    if isinstance(thing, np.generic):
        flat.statics.append((Exact, Exact(thing)))
    else:
        held = thing.shape, axes_in_memory(thing), thing.dtype.str, thing.tobytes()
        flat.statics.append((np.ndarray, held))


def flatten_shape(thing: Any, flat: FlatArguments) -> None:
    """The lengths of the axes of an array, and their order in memory if it is another one."""
    shape = thing.shape
    order = axes_in_memory(thing)
    flat.shape.extend(array("i", (-len(shape) if order else len(shape), *shape, *order)))


def axes_in_memory(thing: Any) -> tuple[int, ...]:
    """The axes of an array in the order that they have in memory; () if it is 0, 1, 2 ..."""
    n = len(thing.shape)
    if n < 2 or thing.flags.c_contiguous:
        return ()
    strides = thing.strides
    order = sorted(range(n), key=lambda i: -abs(strides[i]))
    return tuple(order) if order != [*range(n)] else ()


def are_exact(integers: array[int], start: int) -> bool:
    """Whether doubles hold all of these from `start` on."""
    numbers = memory.longs(integers)
    exact = True
    for i in range(start, len(integers)):
        exact = exact and LEAST < numbers[i] < EXACT
    return exact
