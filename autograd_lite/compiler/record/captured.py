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
import os
import sys
from array import array
from collections import OrderedDict, deque
from contextvars import ContextVar
from dis import get_instructions
from functools import lru_cache, partial
from importlib.util import resolve_name
from itertools import chain, zip_longest
from pathlib import Path
from types import (
    BuiltinFunctionType,
    CellType,
    CodeType,
    FunctionType,
    MappingProxyType,
    MemberDescriptorType,
    MethodDescriptorType,
    MethodType,
    MethodWrapperType,
    ModuleType,
    WrapperDescriptorType,
)

import numpy as np

from autograd_lite.anomaly import OURS
from autograd_lite.compiler.record.generators import is_unknown, is_watched
from autograd_lite.compiler.record.held import (
    MISSING,
    contents,
    first_changed,
    first_exchanged,
    pairs,
    same,
)
from autograd_lite.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from typing import Any, TypeAlias

__all__ = ["CapturedState"]

LARGEST = 1 << 20
"""An array of so many bytes is compared at each call; of a larger one only its shape."""

_PLAIN = (int, float, complex, bool, str, bytes, type(None))

# Methods, decorators, views of dicts and the like, and what they hold, which never changes.
_HOLDERS: tuple[type, ...] = (
    *(BuiltinFunctionType, MethodType, MethodWrapperType, staticmethod, classmethod),
    *(property, partial, type({}.keys()), type({}.values()), type({}.items())),
)
_HELD = ("__self__", "__func__", "fget", "func", "args", "keywords", "mapping")

_Named: TypeAlias = "tuple[str, Any]"
"""A thing and its name, such as "the variable model.layers[0]"."""

_Look: TypeAlias = "Callable[[], tuple[Any, ...]]"
"""What gives the contents of a thing, as they are."""

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
        # What names stood for, and what things held: compared in C.
        self._name_titles: list[str] = []
        self._spaces: list[dict[str, Any]] = []
        self._names: list[str] = []
        self._named: list[Any] = []
        self._titles: list[str] = []
        self._things: list[Any] = []
        self._held: list[tuple[Any, ...]] = []
        self._looks: list[tuple[str, _Look, tuple[Any, ...], Sequence[str]]] = []
        self._slots: dict[type, list[Any]] = {}
        self._bare: set[type] = {Value}  # types of Values with nothing else in them
        self._modules: list[ModuleType] = []
        self._mentioned = {"__getattr__"}  # names in the code, those of attributes among them
        self.unseen = ""
        while todo:
            while todo:
                todo.extend(self._walk(*todo.pop()))
            todo.extend(self._walk_modules())

    @property
    def reached(self) -> Iterable[Any]:
        """Everything that the roots lead to, but for plain numbers and text."""
        return self._reached.values()

    def leads_to(self, thing: object) -> bool:
        """True if the thing was reached."""
        return id(thing) in self._reached

    def is_of(self, roots: Iterable[_Named], skipped: Iterable[object] = ()) -> bool:
        """True if it was made of these, and another one would be its equal while it is the same."""
        return bool(self._made_of == _identities(roots, skipped))

    def changed(self) -> str:
        """The name of the first thing that differs from the recording; "" if none does."""
        i = first_exchanged(self._spaces, self._names, self._named, 0)
        while i >= 0:
            if not same(self._named[i], self._spaces[i].get(self._names[i], MISSING)):
                return self._name_titles[i]
            i = first_exchanged(self._spaces, self._names, self._named, i + 1)
        i = first_changed(self._things, self._held, 0)
        while i >= 0:
            found = contents(self._things[i])
            if not same(self._held[i], found):
                return _difference(self._titles[i], self._things[i], self._held[i], found)
            i = first_changed(self._things, self._held, i + 1)
        for name, look, held, labels in self._looks:
            found = look()
            if not same(held, found):
                return name + next((x for i, x in enumerate(labels) if held[i] is not found[i]), "")
        return ""

    def _walk(self, name: str, thing: Any) -> Iterable[_Named]:
        """Note what a thing holds, and give what it leads to."""
        cls = type(thing)
        if cls in _PLAIN or id(thing) in self._reached:
            return ()
        self._reached[id(thing)] = thing
        if cls in self._bare or is_watched(thing):  # the recorder watches generators
            return ()
        if cls is list or cls is dict or cls is CellType:
            return self._watch(name, thing)
        if cls is FunctionType:
            return self._walk_function(thing)
        if issubclass(cls, type):
            return self._walk_class(thing)
        if issubclass(cls, ModuleType):
            self._modules.append(thing)
            return ()
        return self._walk_object(name, thing, cls)

    def _watch(self, name: str, thing: Any) -> Iterable[_Named]:
        """Have the contents of a thing compared at each call; give them with their names."""
        held = contents(thing)
        self._titles.append(name)
        self._things.append(thing)
        self._held.append(held)
        return self._new(_named_contents(name, thing, held))

    def _new(self, things: Iterable[_Named]) -> Iterable[_Named]:
        """Those that have to be walked. Values with nothing else in them are noted at once."""
        todo = [(name, x) for name, x in things if type(x) not in _PLAIN]
        bare = [x for _, x in todo if type(x) in self._bare]
        self._reached.update(zip(map(id, bare), bare, strict=True))
        return [(name, x) for name, x in todo if type(x) not in self._bare] if bare else todo

    def _walk_function(self, function: FunctionType) -> Iterator[_Named]:
        code = function.__code__
        yield from self._watch(function.__name__, function)
        for x in function.__defaults__ or ():
            yield f"a default of {function.__name__}", x
        for variable, cell in zip(code.co_freevars, function.__closure__ or (), strict=True):
            yield f"the variable {variable}", cell
        if _is_library(code.co_filename):
            return
        loaded, imported, mentioned = _names(code)
        self._mentioned |= mentioned
        for name in loaded:
            for space in (function.__globals__, vars(builtins)):
                yield from self._look_up(space, name, f"the global {name}")
                if name in space:
                    break
        for name in _modules(function, imported):
            yield from self._look_up(sys.modules, name, f"the module {name}")

    def _look_up(self, space: dict[str, Any], name: str, title: str) -> Iterable[_Named]:
        """Have a name looked up at each call; what it stands for, if there is anything."""
        thing = space.get(name, MISSING)
        self._name_titles.append(title)
        self._spaces.append(space)
        self._names.append(name)
        self._named.append(thing)
        return [] if thing is MISSING else [(title, thing)]

    def _walk_modules(self) -> Iterator[_Named]:
        """What the user's code has a name for, in the modules that were reached."""
        known = {(id(space), name) for space, name in zip(self._spaces, self._names, strict=True)}
        for module in self._modules:
            space, is_library = vars(module), _is_library_module(module)
            for name in sorted(self._mentioned & space.keys()):
                is_code = callable(space[name]) or isinstance(space[name], ModuleType)
                if (id(space), name) not in known and not (is_library and is_code):
                    yield from self._look_up(space, name, f"{module.__name__}.{name}")

    def _walk_class(self, cls: type) -> Iterator[_Named]:
        if _is_library_class(cls):
            return
        copyreg._slotnames(cls)  # type: ignore[attr-defined]  # which copies would keep in it
        self._watch(cls.__name__, cls)
        for name, x in vars(cls).items():
            if type(x) in (FunctionType, *_HOLDERS) or not name.startswith("__"):
                yield f"{cls.__name__}.{name}", x
        yield from [(base.__name__, base) for base in (*cls.__bases__, type(cls))]

    def _walk_object(self, name: str, thing: Any, cls: type) -> Iterator[_Named]:
        if cls not in self._slots:
            self._slots[cls] = _slots(cls)
        slots = self._slots[cls]
        if cls.__dictoffset__:
            yield from self._watch(name, thing)
        elif issubclass(cls, Value) and not slots:
            self._bare.add(cls)
        if slots:
            labels = ["", *(f".{slot.__name__}" for slot in slots)]
            yield from self._look_into(name, partial(_in_slots, thing, slots), labels)
        elements = next((look for base, look in _ELEMENTS.items() if issubclass(cls, base)), None)
        if elements is not None:
            yield from self._look_into(f"{name}, a {cls.__name__}", partial(elements, thing))
        if issubclass(cls, (tuple, frozenset)):
            yield from self._new((f"{name}[{i}]", x) for i, x in enumerate(thing))
        if issubclass(cls, _HOLDERS):
            yield from [(name, getattr(thing, x, None)) for x in _HELD]
        yield cls.__name__, cls
        moves_on = isinstance(getattr(cls, "__next__", None), WrapperDescriptorType)
        if is_unknown(thing) or (moves_on and not issubclass(cls, io.IOBase)):
            self.unseen = self.unseen or f"{name}, a {cls.__name__}"

    def _look_into(self, name: str, look: _Look, labels: Sequence[str] = ()) -> Iterable[_Named]:
        """Have what a look gives compared at each call; give it with names."""
        held = look()
        self._looks.append((name, look, held, labels))
        return self._new((name + label, x) for label, x in zip_longest(labels, held, fillvalue=""))


def _named_contents(name: str, thing: Any, held: tuple[Any, ...]) -> Iterator[_Named]:
    """What a thing holds, with names; of a function what its attributes are."""
    cls = type(thing)
    if cls is CellType:
        yield from [(name, x) for x in held]
    elif cls is list:
        yield from [(f"{name}[{i}]", x) for i, x in enumerate(held)]
    else:
        start = _start(cls)
        for key, x in zip(held[start::2], held[start + 1 :: 2], strict=True):
            if cls is not dict:
                yield f"{name}.{key}", x
            elif type(key) in _PLAIN:
                yield f"{name}[{key!r}]", x
            else:
                yield f"a key of {name}", key
                yield f"{name}[{type(key).__name__}]", x


def _start(cls: type) -> int:
    """Where, in the contents of a thing of this class, its keys and values begin."""
    return 0 if cls is dict or issubclass(cls, type) else 3 if cls is FunctionType else 1


def _difference(name: str, thing: Any, held: tuple[Any, ...], found: tuple[Any, ...]) -> str:
    """The name of what differs in a thing."""
    cls = type(thing)
    if cls is list and len(held) != len(found):
        return f"{name}, a list of {len(held)}"
    if cls is not list and held[: _start(cls)] != found[: _start(cls)]:
        return f"the {'definition' if cls is FunctionType else 'class'} of {name}"
    before = dict(_named_contents(name, thing, held))
    now = dict(_named_contents(name, thing, found))
    for label in {**before, **now}:
        if not same(before.get(label, MISSING), now.get(label, MISSING)):
            return label
    return name


def _slots(cls: type) -> list[Any]:
    """The slots that classes of the user's give their objects."""
    users = [base for base in cls.__mro__ if not _is_library_class(base)]
    things = [x for base in users for x in vars(base).values()]
    return [x for x in things if isinstance(x, MemberDescriptorType)]


def _in_slots(thing: object, slots: list[Any]) -> tuple[Any, ...]:
    found: list[Any] = [type(thing)]
    for slot in slots:
        try:
            found.append(slot.__get__(thing))
        except (AttributeError, TypeError):  # nothing yet, or it is of another class now
            found.append(MISSING)
    return tuple(found)


def _in_array(thing: Any) -> tuple[Any, ...]:
    if thing.dtype.hasobject:
        return tuple(thing.ravel().tolist())
    return thing.shape, thing.tobytes() if thing.nbytes <= LARGEST else b""


def _in_memory(thing: Any) -> tuple[Any, ...]:
    return (bytes(thing) if memoryview(thing).nbytes <= LARGEST else len(thing),)


# What a container holds that is no plain list or dict, whatever its class says of its elements.
_ELEMENTS: dict[type, Callable[[Any], tuple[Any, ...]]] = {
    OrderedDict: lambda thing: tuple(chain.from_iterable(OrderedDict.items(thing))),
    dict: lambda thing: tuple(chain.from_iterable(dict.items(thing))),
    MappingProxyType: pairs,
    list: lambda thing: tuple(list.__iter__(thing)),
    set: lambda thing: tuple(set.__iter__(thing)),
    deque: lambda thing: tuple(deque.__iter__(thing)),
    ContextVar: lambda variable: (variable.get(MISSING),),
    np.ndarray: _in_array,
    array: _in_memory,
    bytearray: _in_memory,
    memoryview: _in_memory,
}


@lru_cache(4096)
def _names(code: CodeType) -> tuple[list[str], list[_Import], frozenset[str]]:
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
        if isinstance(constant, CodeType):
            names = _names(constant)
            loaded.update(names[0])
            imported += names[1]
            mentioned |= names[2]
        elif isinstance(constant, (tuple, frozenset)):
            todo += constant
        elif isinstance(constant, str):
            mentioned.add(constant)
    return sorted(loaded), imported, frozenset(mentioned)


def _modules(function: FunctionType, imported: Iterable[_Import]) -> list[str]:
    """The names, in `sys.modules`, of the modules that a function imports."""
    found = set()
    for level, name, members in imported:
        try:
            full = resolve_name("." * level + name, function.__globals__.get("__package__") or "")
        except ImportError:  # as the function will say
            continue
        parts = full.split(".")
        found |= {".".join(parts[: i + 1]) for i in range(len(parts))}
        attributes = getattr(sys.modules.get(full), "__dict__", {})
        found |= {f"{full}.{x}" for x in members if x not in attributes}
    return sorted(found)


def _identities(roots: Iterable[_Named], skipped: Iterable[object]) -> Any:
    return [id(thing) for _, thing in roots if type(thing) not in _PLAIN], {*map(id, skipped)}


# ------------------------------------------------------------- what is a library's, by its file

_PROJECT = Path(__file__).parents[3]
_INSTALLED = [f"{os.sep}{name}{os.sep}" for name in ("site-packages", "dist-packages")]
_LIBRARIES = (
    *("<frozen ", os.path.join(os.path.dirname(get_instructions.__code__.co_filename), "")),
    *(os.path.join(_PROJECT, name, "") for name in OURS),
)


def _is_library(file: str) -> bool:
    """True if the code in a file is none of the user's."""
    return file.startswith(_LIBRARIES) or any(folder in file for folder in _INSTALLED)


def _is_library_module(module: ModuleType) -> bool:
    if module.__name__ in ("__main__", "__mp_main__"):  # in a worker, of a library's file
        return False
    file, spec = vars(module).get("__file__"), vars(module).get("__spec__")
    built_in = getattr(spec, "origin", None) in ("built-in", "frozen")
    return _is_library(file) if isinstance(file, str) else built_in


def _is_library_class(cls: type) -> bool:
    """True if a class is written in C, or has functions and none of the user's."""
    members = [
        x.__func__
        if isinstance(x, (staticmethod, classmethod))
        else x.fget
        if isinstance(x, property)
        else x
        for x in vars(cls).values()
    ]
    files = [x.__code__.co_filename for x in members if isinstance(x, FunctionType)]
    if files:
        return all(map(_is_library, files))
    in_c = (MethodDescriptorType, WrapperDescriptorType)
    return any(isinstance(x, in_c) and x.__objclass__ is cls for x in members)
