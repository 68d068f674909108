"""What a function reads besides its arguments: is it still what it was when it was recorded?

A recording is bound to the Values that the function reached through its closure, its globals and
the objects in them. Their numbers may change; the Values may not be exchanged for others, nor a
plain number or flag that stands beside them. So a recording remembers the containers on the way,
and a call compares them, by identity where the elements are objects.
"""

from __future__ import annotations

import sys
from types import CodeType, FunctionType, MethodType, ModuleType

from autograd_lite.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

__all__ = ["Captures"]

_PLAIN = (int, float, complex, str, bytes, type(None), type, CodeType)
_PLAIN_OR_VALUE = (*_PLAIN, Value)
_LONGEST = 64  # a longer list of numbers, or of lists of them, is data: taken as constant


class Captures:
    """The containers that a function, or any of the statics, leads to, and what they held.

    values  whether Values count among the things, too
    things  all that they lead to, but for plain numbers and strings
    """

    def __init__(self, roots: Iterable[object], values: bool = False) -> None:
        # Lists and dicts, and copies of them. All are compared at once, in C: only references.
        self._containers: list[Any] = []
        self._copies: list[Any] = []
        self._names: list[tuple[dict[str, Any], str, Any]] = []
        self._cells: list[tuple[Any, Any]] = []
        self.things: list[Any] = []
        self._seen: set[int] = set()
        passed = _PLAIN if values else _PLAIN_OR_VALUE
        todo = list(roots)
        while todo:
            thing = todo.pop()
            if not isinstance(thing, passed) and id(thing) not in self._seen:
                self._seen.add(id(thing))
                self.things.append(thing)
                todo.extend(self._within(thing))

    def changed(self) -> str:
        """What is not what it was, or ""."""
        for names, name, thing in self._names:
            if names.get(name, self) is not thing:
                return f"the global {name}"
        for cell, thing in self._cells:
            if cell.cell_contents is not thing:
                return "a variable of an enclosing function"
        if _same(self._containers, self._copies):
            return ""
        for found, held in zip(self._containers, self._copies, strict=True):
            if not _same(found, held):
                if isinstance(held, list):
                    return f"a list of {len(held)}"
                keys = [key for key in {**held, **found} if _differs(key, held, found)]
                return f"the attribute or key {', '.join(map(str, keys))}"
        return "a container"  # to another thread it is what it was again by now

    def signature(self) -> list[Any]:
        """The same in another process where these containers held the same, by what it looks."""
        return [
            *[(name, _look(thing)) for _, name, thing in self._names],
            *[_look(thing) for _, thing in self._cells],
            *[
                [*map(_look, held), *map(_look, held.values() if isinstance(held, dict) else ())]
                for held in self._copies
            ],
            *map(_look, self.things),
        ]

    def _within(self, thing: Any) -> Iterator[Any]:
        """What thing leads to; note its containers."""
        if isinstance(thing, Value):
            return
        if isinstance(thing, (tuple, set, frozenset)):
            yield from thing
        elif isinstance(thing, list):
            if not _is_data(thing):
                self._note(thing, list(thing))
                yield from thing
        elif isinstance(thing, dict):
            self._note(thing, dict(thing))
            yield from thing.values()
        elif isinstance(thing, MethodType):
            yield thing.__self__
            yield thing.__func__
        elif isinstance(thing, FunctionType):
            yield from self._within_function(thing)
        elif isinstance(thing, ModuleType):
            return
        elif _is_library(type(thing).__module__):
            yield getattr(thing, "__wrapped__", None)  # of a compiled function, or a cached one
        else:
            yield from self._within_object(thing)

    def _note(self, container: Any, copy: Any) -> None:
        self._containers.append(container)
        self._copies.append(copy)

    def _within_function(self, function: FunctionType) -> Iterator[Any]:
        module = function.__module__ or ""
        if _is_library(module) or module.partition(".")[0] == "nn":
            return
        yield function.__defaults__
        yield function.__kwdefaults__
        variables = []
        for cell in function.__closure__ or ():
            try:
                variables.append(cell.cell_contents)
            except ValueError:  # a variable that has no value yet
                continue
            self._cells.append((cell, variables[-1]))
        yield from variables
        names = set(_names(function.__code__))
        namespaces = [function.__globals__, *_namespaces(variables)]
        for namespace in namespaces:  # which grow by those of the modules in them
            found = []
            for name in sorted(names & namespace.keys()):
                found.append(namespace[name])
                self._names.append((namespace, name, found[-1]))
            yield from found
            namespaces += [x for x in _namespaces(found) if not any(x is y for y in namespaces)]

    def _within_object(self, thing: Any) -> Iterator[Any]:
        attributes = getattr(thing, "__dict__", None)
        if isinstance(attributes, dict):
            yield attributes
        for cls in type(thing).__mro__:
            if not _is_library(cls.__module__):
                # copy and pickle give a class its __slotnames__.
                yield from (x for name, x in vars(cls).items() if name != "__slotnames__")
            slots = cls.__dict__.get("__slots__", ())
            for name in (slots,) if isinstance(slots, str) else slots:
                yield getattr(thing, name, None)


def _is_data(numbers: list[Any]) -> bool:
    first = numbers[0] if len(numbers) > _LONGEST else None
    while isinstance(first, (list, tuple)) and first:
        first = first[0]
    return isinstance(first, (int, float)) and not isinstance(numbers[-1], Value)


def _same(found: Any, held: Any) -> bool:
    try:
        return bool(found == held)  # of two lists or dicts: identical elements are not compared
    except Exception:  # an element that cannot be compared, such as another array
        return False


def _differs(key: object, were: dict[Any, Any], now: dict[Any, Any]) -> bool:
    return key not in were or key not in now or not _same([were[key]], [now[key]])


def _namespaces(things: Iterable[object]) -> list[dict[str, Any]]:
    """Of the modules among things whose names a user may give to other things."""
    return [
        vars(thing)
        for thing in things
        if isinstance(thing, ModuleType) and not _is_library(thing.__name__)
    ]


def _look(thing: Any) -> Any:
    """A plain number or string itself; of another thing, what is the same in every process."""
    if type(thing) in (int, float, complex, bool, str, bytes, type(None)):
        return thing
    return getattr(thing, "__qualname__", None) or type(thing).__qualname__


def _names(code: CodeType) -> Iterator[str]:
    """The global names that a function reads, and the functions in it."""
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)


def _is_library(module: str | None) -> bool:
    """Whether a module's functions and objects hold nothing that a user exchanges."""
    top = (module or "").partition(".")[0]
    return top in ("autograd_lite", "numpy") or top in sys.stdlib_module_names
