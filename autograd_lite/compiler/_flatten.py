"""What a call is given, as numbers and the shape that they stand in.

Plain Python, compiled with `_flatten.pxd` beside it as `autograd_lite/value.py` is.
"""

from __future__ import annotations

from array import array

import autograd_lite.compiler._arrays as arrays
import autograd_lite.value as engine

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from autograd_lite import Value

# What a shape is written with: a token, followed by what the comment says.
FLOAT, VALUE, INTEGER, STATIC = -1, -2, -3, -4  # STATIC: its place among the statics
LIST, TUPLE, DICT = -5, -6, -7  # a length, then the elements; of a dict, keys and elements
FLOATS, INTEGERS, OBJECTS = -8, -9, -10  # an array: number of axes, their lengths


class Flat:
    """A call's arguments, taken apart.

    shape     tokens and lengths: what stands where
    floats    the numbers that change from call to call
    integers  those of them that are NumPy's integers, which may also be indices
    values    the Values, and of each its place among floats
    statics   what is the same in all calls of one recording, as (type, thing)
    """

    def __init__(self) -> None:
        self.shape = array("i")
        self.floats = array("d")
        self.integers = array("q")
        self.values: list[Value] = []
        self.slots: list[int] = []
        self.statics: list[Any] = []


class Same:
    """A thing that equals nothing but itself."""

    __slots__ = ("thing",)

    def __init__(self, thing: object) -> None:
        self.thing = thing

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Same) and self.thing is other.thing

    def __hash__(self) -> int:
        return id(self.thing)


def flatten(thing: Any, flat: Flat) -> None:
    """Take thing apart into flat."""
    kind = type(thing)
    if kind is float:
        arrays.append_int(flat.shape, FLOAT)
        arrays.append(flat.floats, thing)
    elif kind is list or kind is tuple:
        arrays.append_int(flat.shape, LIST if kind is list else TUPLE)
        arrays.append_int(flat.shape, len(thing))
        for element in thing:
            flatten(element, flat)
    elif isinstance(thing, engine.Value):
        arrays.append_int(flat.shape, VALUE)
        flat.values.append(thing)
        flat.slots.append(len(flat.floats))
        arrays.append(flat.floats, engine.number_of(thing))
    elif kind is int or kind is str or kind is bool or thing is None:
        arrays.append_int(flat.shape, STATIC)
        flat.statics.append((kind, thing))
    elif kind is dict:
        arrays.append_int(flat.shape, DICT)
        arrays.append_int(flat.shape, len(thing))
        for key, element in thing.items():
            flatten_static(key, flat)
            flatten(element, flat)
    elif hasattr(thing, "dtype"):
        flatten_numpy(thing, flat)
    elif isinstance(thing, float):
        arrays.append_int(flat.shape, FLOAT)
        flat.floats.append(float(thing))
    else:
        flatten_static(thing, flat)


def flatten_static(thing: Any, flat: Flat) -> None:
    arrays.append_int(flat.shape, STATIC)
    try:
        hash(thing)
    except TypeError:
        thing = Same(thing)
    flat.statics.append((type(thing), thing))


def flatten_numpy(thing: Any, flat: Flat) -> None:
    """An array or a scalar of NumPy's."""
    kind = thing.dtype.kind
    shape = getattr(thing, "shape", None)
    if kind not in "fiubO" or shape is None:
        flatten_static(thing, flat)
    elif kind == "O":
        arrays.append_int(flat.shape, OBJECTS)
        flat.shape.extend(array("i", (len(shape), *shape)))
        for element in thing.ravel().tolist():
            flatten(element, flat)
    else:
        numbers = thing.ravel()
        flat.floats.frombytes(numbers.astype("d", copy=False).view("B"))
        if kind != "f":
            flat.integers.frombytes(numbers.astype("q", copy=False).view("B"))
        if shape == ():
            arrays.append_int(flat.shape, FLOAT if kind == "f" else INTEGER)
        else:
            arrays.append_int(flat.shape, FLOATS if kind == "f" else INTEGERS)
            flat.shape.extend(array("i", (len(shape), *shape)))
