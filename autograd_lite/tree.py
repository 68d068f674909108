"""Nested containers: the things that each kind of container holds, where, and how to make another.

Lists, tuples, named tuples, dicts, NumPy's arrays and dataclasses are containers; everything else
is a leaf. Each walk through nested things is a recursion on `children` or `items`, and decides by
itself where it stops. `CONTAINERS` is the table to extend.
"""

from __future__ import annotations

import copy
from collections import OrderedDict, defaultdict
from dataclasses import fields, is_dataclass
from itertools import product
from typing import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

__all__ = [
    "array_paths",
    "children",
    "from_fields",
    "is_made_of_fields",
    "items",
    "rebuild",
    "rebuildable",
]


class Container(NamedTuple):
    """How the containers of one type hold things.

    children  the function that gives the things in a container, in order
    paths     the function that gives the path of each: the text behind the container's name that
              leads there in Python, such as [0] or ['w']
    rebuild   the function that makes another container, given one and other things in order
    """

    children: Callable[[Any], Iterable[Any]]
    paths: Callable[[Any], Iterable[str]]
    rebuild: Callable[[Any, list[Any]], Any]


def children(x: Any) -> list[Any]:
    """The things that x holds, in order; none if x is a leaf."""
    container = _container_of(x)
    return list(container.children(x)) if container else []


def items(x: Any) -> list[tuple[str, Any]]:
    """(path, thing) of each thing that x holds, the path as Python reads it: [3], ['w'] or .w."""
    container = _container_of(x)
    return list(zip(container.paths(x), container.children(x), strict=True)) if container else []


def rebuild(x: Any, held: list[Any]) -> Any:
    """A container like x that holds these things; x itself if it is a leaf.

    Of a subclass of list, tuple or dict it makes a plain one; see `rebuildable`.
    """
    container = _container_of(x)
    return container.rebuild(x, held) if container else x


def rebuildable(x: Any) -> bool:
    """True if x is a container of which `rebuild` makes another one of the same type.

    Of a subclass it does not, as one may hold more than its elements.
    """
    return _exactly(x) is not None


def array_paths(shape: tuple[int, ...]) -> list[str]:
    """The path of each element of an array of this shape, row by row: [0, 1]."""
    return [str(list(index)) if index else "" for index in product(*map(range, shape))]


def is_made_of_fields(x: Any) -> bool:
    """True if x is an instance of a dataclass, and holds nothing besides its fields."""
    if not is_dataclass(x) or isinstance(x, type):
        return False
    return getattr(x, "__dict__", {}).keys() <= {field.name for field in fields(x)}


def from_fields(cls: type, held: list[Any]) -> Any:
    """An instance of a dataclass with these things in its fields; its `__init__` does not run."""
    new: Any = object.__new__(cls)
    for field, thing in zip(fields(cls), held, strict=True):
        object.__setattr__(new, field.name, thing)
    return new


def _container_of(x: Any) -> Container | None:
    return _exactly(x) or next(filter(None, map(_registered, type(x).__mro__)), None)


def _exactly(x: Any) -> Container | None:
    """The container that x is, not counting those that it is a subclass of."""
    found = _registered(type(x))
    if found is None and isinstance(x, tuple) and hasattr(type(x), "_make"):
        return _NAMED_TUPLE
    return found or (_FIELDS if is_made_of_fields(x) else None)


def _registered(cls: type) -> Container | None:
    found = CONTAINERS.get(cls)
    if found is None and cls.__name__ == "ndarray" and cls.__module__ == "numpy":
        return _ARRAY  # found by its name, as NumPy need not be installed
    return found


def _indices(x: Any) -> list[str]:
    return [f"[{i}]" for i in range(len(x))]


def _dict_like(x: Any, held: list[Any]) -> Any:
    """A dict of the type of x, which may know more than its items, such as a default."""
    new = copy.copy(x)
    new.update(zip(x, held, strict=True))
    return new


def _object_like(x: Any, held: list[Any]) -> Any:
    new = copy.copy(x)
    for field, thing in zip(fields(x), held, strict=True):
        object.__setattr__(new, field.name, thing)
    return new


def _array_like(x: Any, held: list[Any]) -> Any:
    new = copy.copy(x)
    if held:
        new.flat = held
    return new


CONTAINERS: dict[type, Container] = {
    list: Container(list, _indices, lambda x, held: list(held)),
    tuple: Container(list, _indices, lambda x, held: tuple(held)),
    dict: Container(
        lambda x: x.values(),
        lambda x: [f"[{key!r}]" for key in x],
        lambda x, held: dict(zip(x, held, strict=True)),
    ),
}
CONTAINERS[OrderedDict] = CONTAINERS[defaultdict] = CONTAINERS[dict]._replace(rebuild=_dict_like)

_NAMED_TUPLE = Container(list, _indices, lambda x, held: type(x)._make(held))
_FIELDS = Container(
    lambda x: [getattr(x, field.name) for field in fields(x)],
    lambda x: [f".{field.name}" for field in fields(x)],
    _object_like,
)
# An array of numbers holds no things, but another array like it is another one.
_ARRAY = Container(
    lambda x: x.ravel().tolist() if x.dtype.hasobject else [],
    lambda x: array_paths(x.shape) if x.dtype.hasobject else [],
    _array_like,
)
