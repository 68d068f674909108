"""The state that a function reads besides its arguments, compared with that of its recording.

A recording is bound to the Values that the function reached through its closure, its globals and
the objects in them. Their numbers may change; the Values may not be exchanged for others, nor may
anything that stands beside them, such as a flag or a plain number. So a recording remembers what
all things on the way held, and a call compares them. What no name leads to, and what cannot be
compared, such as a file or a large array, is found when a program is checked.
"""

from __future__ import annotations

import builtins
import copyreg
import io
import sys
import types
from array import array
from collections import OrderedDict, deque
from contextvars import ContextVar
from dis import get_instructions
from functools import lru_cache, partial
from importlib.util import resolve_name
from inspect import getattr_static
from itertools import chain, zip_longest

import numpy as np

from autograd_lite.anomaly import is_library
from autograd_lite.compiler.record.generators import is_unknown, is_watched
from autograd_lite.compiler.record.held import (
    MISSING,
    Look,
    Part,
    contents,
    first_changed,
    owner,
    pairs,
    same,
)
from autograd_lite.state import names_of_state
from autograd_lite.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Any, TypeAlias

__all__ = ["CapturedState"]

LARGEST = 1 << 20
"""An array of so many bytes is compared at each call; of a larger one only its shape."""

_PLAIN = (int, float, complex, bool, str, bytes, type(None))

# Methods and decorators, whose members show what they are of, for ever but in a partial.
_FIXED = (
    *(types.BuiltinFunctionType, types.MethodType, types.MethodWrapperType),
    *(staticmethod, classmethod, property),
)
_HOLDERS = (*_FIXED, partial)
_SELF = vars(types.BuiltinFunctionType)["__self__"]  # its only one, though by a getter

_Named: TypeAlias = "tuple[str, Any]"
"""A thing and its name, such as "the variable model.layers[0]"."""

_Import: TypeAlias = "tuple[int, str, tuple[str, ...]]"
"""The number of dots that an import begins with, the module's name, and the names it takes."""


class CapturedState:
    """All that a function and its static arguments lead to, and what it held.

    roots    (name, thing) to begin with
    skipped  things whose contents do not matter
    unseen   the name of something that each call may move on and that shows nothing of it, or ""
    """

    def __init__(self, roots: Iterable[_Named], skipped: Iterable[object] = ()) -> None:
        todo, skipped = [*roots], [*skipped]
        self._made_of = _identities(todo, skipped)
        self._reached: dict[int, Any] = {id(thing): thing for thing in skipped}
        self._titles: list[str] = []
        self._things: list[Any] = []  # compared in C
        self._held: list[tuple[Any, ...]] = []
        self._layouts: dict[type, tuple[list[Any], Any, bool]] = {}
        self._bare: set[type] = {Value}  # types of Values with nothing else in them
        self._names: dict[int, set[str]] = {}  # that are compared in a namespace, by its id
        self._modules: list[types.ModuleType] = []
        self._mentioned = {"__getattr__"}  # names in the code, those of attributes among them
        self.unseen = ""
        while todo:
            while todo:
                name, thing = todo.pop()
                if type(thing) not in _PLAIN and id(thing) not in self._reached:
                    self._reached[id(thing)] = thing
                    todo.extend(self._walk(name, thing))
            for module in self._modules:
                todo.extend(self._look_up("global", *_names_in_module(module, self._mentioned)))

    @property
    def reached(self) -> Iterable[Any]:
        """Everything that the roots lead to, but for plain numbers and text."""
        return self._reached.values()

    @property
    def compared(self) -> tuple[list[Any], list[tuple[Any, ...]]]:
        """The things that are compared at each call, and what each of them held."""
        return self._things, self._held

    def leads_to(self, thing: object) -> bool:
        """True if the thing was reached."""
        return id(thing) in self._reached

    def compares(self, thing: object) -> bool:
        """True if what an object holds is compared; a thing of held.py is for its object."""
        return any(owner(x) is owner(thing) for x in self._things)

    def is_of(self, roots: Iterable[_Named], skipped: Iterable[object] = ()) -> bool:
        """True if it was made of these, and another one would be its equal while it is the same."""
        return bool(self._made_of == _identities(roots, skipped))

    def changed(self, also: CapturedState | None = None) -> str:
        """The name of the first thing that differs from the recording; "" if none does.

        also  another state: what that one does not watch does not matter
        """
        i = first_changed(self._things, self._held, 0)
        while i >= 0:
            thing, found = self._things[i], contents(self._things[i])
            if not same(self._held[i], found) and (also is None or also.compares(thing)):
                return _difference(self._titles[i], thing, self._held[i], found)
            i = first_changed(self._things, self._held, i + 1)
        return ""

    def _walk(self, name: str, thing: Any) -> Iterable[_Named]:
        """Note what a thing holds, and give what it leads to."""
        cls = type(thing)
        if cls in self._bare or is_watched(cls):  # the recorder watches generators
            return ()
        if cls is list or cls is dict or cls is types.CellType:
            return self._watch(name, thing)
        if cls is tuple or cls is frozenset:
            return _elements(name, thing)
        if cls is types.FunctionType:
            return self._walk_function(thing)
        if issubclass(cls, type):
            return self._walk_class(thing)
        if issubclass(cls, types.ModuleType):
            self._modules.append(thing)
            return ()
        return self._walk_object(name, thing, cls)

    def _watch(self, name: str, thing: Any, fixed: bool = False) -> Iterable[_Named]:
        """Have the contents of a thing compared, unless fixed; give them with their names."""
        held = contents(thing)
        if not fixed:
            self._titles.append(name)
            self._things.append(thing)
            self._held.append(held)
        return zip(_names_in(name, thing, held), held, strict=True)

    def _walk_function(self, function: types.FunctionType) -> Iterator[_Named]:
        code = function.__code__
        yield from self._watch(function.__name__, function)
        for variable, cell in zip(code.co_freevars, function.__closure__ or (), strict=True):
            yield f"the variable {variable}", cell
        if is_library(code.co_filename):
            return
        loaded, imported, mentioned = _names(code)
        self._mentioned |= mentioned
        space = function.__globals__
        yield from self._look_up("global", space, loaded)
        yield from self._look_up("global", vars(builtins), loaded - space.keys())
        yield from self._look_up("module", sys.modules, _modules(space, imported))

    def _look_up(self, what: str, space: dict[str, Any], names: set[str]) -> Iterable[_Named]:
        """Have these names in a namespace compared at each call; give what they stand for."""
        known = self._names.setdefault(id(space), set())
        new = sorted(names - known)
        known.update(new)
        return self._watch(f"the {what} ", Part(space, new)) if new else ()

    def _walk_class(self, cls: type) -> Iterator[_Named]:
        if _is_library_class(cls):
            return
        copyreg._slotnames(cls)  # type: ignore[attr-defined]  # which copies would keep in it
        self._watch(cls.__name__, cls)
        for name, x in vars(cls).items():
            if type(x) in (types.FunctionType, *_HOLDERS) or not name.startswith("__"):
                yield f"{cls.__name__}.{name}", x
        yield from [(base.__name__, base) for base in (*cls.__bases__, type(cls))]

    def _walk_object(self, name: str, thing: Any, cls: type) -> Iterator[_Named]:
        if cls not in self._layouts:
            self._layouts[cls] = _layout(cls)
        slots, look, moves_on = self._layouts[cls]
        state = names_of_state(cls)
        if cls.__dictoffset__ and not state:
            yield from self._watch(name, thing)
        elif cls.__dictoffset__:
            space = vars(thing)
            yield from self._watch(f"{name}.", Part(space, [x for x in space if x not in state]))
        elif issubclass(cls, Value) and not slots:
            self._bare.add(cls)
        if slots:
            yield from self._watch(name, Part(thing, slots), fixed=cls in _FIXED)
        if look is not None:
            yield from self._watch(name, Look(thing, look))
        if issubclass(cls, (tuple, frozenset)):
            yield from _elements(name, thing)
        if moves_on:
            self.unseen = self.unseen or f"{name}, a {cls.__name__}"
        yield cls.__name__, cls


def _elements(name: str, things: Iterable[Any]) -> list[_Named]:
    return [(f"{name}[{i}]", x) for i, x in enumerate(things)]


def _names_in(name: str, thing: Any, held: tuple[Any, ...]) -> list[str]:
    """The name of each thing that a thing of this name holds."""
    cls = type(thing)
    if cls is list:
        return [path for path, _ in _elements(name, held)]
    if cls is Part:
        keys = [x if type(x) is str else f".{x.__name__}" for x in thing.keys]
        return [f"the class of {name}", *[name + key for key in keys]]
    if cls is types.CellType or cls is Look:
        return [name] * len(held)
    first = [] if cls is dict or issubclass(cls, type) else [f"the class of {name}"]
    if cls is types.FunctionType:
        first = [f"the code of {name}"] + [f"the defaults of {name}"] * 2
    for key in held[len(first) :: 2]:
        known = f"[{key!r}]" if cls is dict else f".{key}"
        first += [name + (known if type(key) in _PLAIN else f"[{type(key).__name__}]")] * 2
    return first


def _difference(name: str, thing: Any, held: tuple[Any, ...], found: tuple[Any, ...]) -> str:
    """The name of the first thing that differs in another one."""
    before = zip(_names_in(name, thing, held), held, strict=True)
    now = zip(_names_in(name, thing, found), found, strict=True)
    for (x, old), (y, new) in zip_longest(before, now, fillvalue=("", MISSING)):
        if x != y or not same(old, new):
            return x or y
    return name


def _layout(cls: type) -> tuple[list[Any], Callable[[Any], tuple[Any, ...]] | None, bool]:
    """What there is to see of objects of a class, and whether they move on unseen.

    The slots that classes of the user's give them, or the members of a method and the like; what
    gives their elements, or None. Unseen are iterators written in C, and generators of random
    numbers that show nothing of their state.
    """
    seen = [x for x in cls.__mro__ if x in _HOLDERS or not _is_library_class(x)]
    things = [x for base in seen for x in vars(base).values()]
    slots = [x for x in things if isinstance(x, types.MemberDescriptorType) or x is _SELF]
    look = next((look for base, look in _ELEMENTS.items() if issubclass(cls, base)), None)
    moves_on = isinstance(getattr_static(cls, "__next__", None), types.WrapperDescriptorType)
    return slots, look, is_unknown(cls) or (moves_on and not issubclass(cls, io.IOBase))


def _in_array(thing: Any) -> tuple[Any, ...]:
    if thing.dtype.hasobject:
        return tuple(thing.ravel().tolist())
    return thing.shape, thing.tobytes() if thing.nbytes <= LARGEST else b""


def _in_memory(thing: Any) -> tuple[Any, ...]:
    return (bytes(thing) if memoryview(thing).nbytes <= LARGEST else len(thing),)


def _in_context(variable: ContextVar[Any]) -> tuple[Any, ...]:
    try:
        return (variable.get(),)
    except LookupError:
        return ()


# What a container holds that is no plain list or dict, whatever its class says of its elements.
_ELEMENTS: dict[type, Callable[[Any], tuple[Any, ...]]] = {
    OrderedDict: lambda thing: tuple(chain.from_iterable(OrderedDict.items(thing))),
    dict: lambda thing: tuple(chain.from_iterable(dict.items(thing))),
    types.MappingProxyType: pairs,
    **dict.fromkeys(map(type, ({}.keys(), {}.values(), {}.items())), tuple),
    list: lambda thing: tuple(list.__iter__(thing)),
    set: lambda thing: tuple(set.__iter__(thing)),
    deque: lambda thing: tuple(deque.__iter__(thing)),
    ContextVar: _in_context,
    **dict.fromkeys((np.ndarray, np.void), _in_array),
    BaseException: lambda thing: thing.args,
    array: _in_memory,
    bytearray: _in_memory,
    memoryview: _in_memory,
}


@lru_cache(4096)
def _names(code: types.CodeType) -> tuple[set[str], list[_Import], set[str]]:
    """The globals that code reads, what it imports, and all its names and texts."""
    loaded, imported, mentioned = set(), [], {*code.co_names}
    before: Any = (0, ())  # what the last two instructions loaded
    for instruction in get_instructions(code):
        kind = instruction.opname
        if kind == "LOAD_NAME" or (kind.startswith("LOAD_") and "GLOBAL" in kind):
            loaded.add(str(instruction.argval))
        elif kind == "IMPORT_NAME":
            level, members = before
            imported.append((level, str(instruction.argval), members or ()))
        if kind != "EXTENDED_ARG":
            before = before[1], instruction.argval
    todo = [*code.co_consts]
    while todo:
        constant = todo.pop()
        if isinstance(constant, types.CodeType):
            names = _names(constant)
            loaded.update(names[0])
            imported += names[1]
            mentioned |= names[2]
        elif isinstance(constant, (tuple, frozenset)):
            todo += constant
        elif isinstance(constant, str):
            mentioned.add(constant)
    return loaded, imported, mentioned


def _modules(space: dict[str, Any], imported: Iterable[_Import]) -> set[str]:
    """The names, in `sys.modules`, of the modules that code of this namespace imports."""
    found = set[str]()
    for level, name, members in imported:
        try:
            full = resolve_name("." * level + name, space.get("__package__") or "")
        except ImportError:  # as the function will say
            continue
        parts = full.split(".")
        found |= {".".join(parts[: i + 1]) for i in range(len(parts))}
        attributes = getattr(sys.modules.get(full), "__dict__", {})
        found |= {f"{full}.{x}" for x in members if x not in attributes}
    return found


def _identities(roots: Iterable[_Named], skipped: Iterable[object]) -> Any:
    return [id(thing) for _, thing in roots if type(thing) not in _PLAIN], {*map(id, skipped)}


def _names_in_module(
    module: types.ModuleType, mentioned: set[str]
) -> tuple[dict[str, Any], set[str]]:
    """The namespace of a module, and those names in it that the user's code has."""
    space = vars(module)
    names = mentioned & space.keys()
    if _is_library_module(module):  # there, what is no code, such as sys.path
        names = {x for x in names if not isinstance(space[x], types.ModuleType)}
        names = {x for x in names if not callable(space[x])}
    return space, names


def _is_library_module(module: types.ModuleType) -> bool:
    if module.__name__ in ("__main__", "__mp_main__"):  # in a worker, of a library's file
        return False
    file, spec = vars(module).get("__file__"), vars(module).get("__spec__")
    built_in = getattr(spec, "origin", None) in ("built-in", "frozen")
    return is_library(file) if isinstance(file, str) else built_in


def _is_library_class(cls: type) -> bool:
    """True if a class is written in C, or has functions of its own and none of the user's."""
    files, body = [], f"{cls.__qualname__}."
    for x in vars(cls).values():
        if isinstance(x, (staticmethod, classmethod)):
            x = x.__func__
        elif isinstance(x, property):
            x = x.fget
        if isinstance(x, types.FunctionType) and x.__qualname__.startswith(body):
            files.append(x.__code__.co_filename)
    if files:
        return all(map(is_library, files))
    in_c = (types.MethodDescriptorType, types.WrapperDescriptorType)
    return any(isinstance(x, in_c) and x.__objclass__ is cls for x in vars(cls).values())
