"""The state that a function reads besides its arguments, compared with that of its recording.

A recording is bound to the Values that the function reached through its closure, its globals and
the objects in them. Their numbers may change; the Values may not be exchanged for others, nor may
anything that stands beside them, such as a flag or a plain number. So a recording remembers what
all containers on the way held, and a call compares them, by identity where elements are objects.
Types known to be immutable are listed below. Any other object that cannot be compared is named in
`unseen`, and the function runs eagerly.
"""

from __future__ import annotations

import random
import sys
from array import array
from collections import deque, namedtuple
from contextvars import ContextVar
from dis import get_instructions
from functools import cached_property, partial, partialmethod
from pathlib import Path
from types import (
    BuiltinFunctionType,
    CodeType,
    FunctionType,
    GenericAlias,
    GetSetDescriptorType,
    MappingProxyType,
    MemberDescriptorType,
    MethodDescriptorType,
    MethodType,
    MethodWrapperType,
    ModuleType,
    SimpleNamespace,
    UnionType,
    WrapperDescriptorType,
)

import numpy as np

from autograd_lite.anomaly import OURS
from autograd_lite.compiler.record.flatten import Identity, all_same, other_values
from autograd_lite.compiler.record.generators import is_watched
from autograd_lite.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Any

__all__ = ["CapturedState"]

_UNCHANGING = (
    *(int, float, complex, str, bytes, range, slice),
    *(type(None), type(...), type(NotImplemented), CodeType, GenericAlias, UnionType),
    *(GetSetDescriptorType, MemberDescriptorType, MethodDescriptorType),
    *(WrapperDescriptorType, type(dict.__dict__["fromkeys"])),
    *(np.generic, np.dtype, np.ufunc, type(vars(namedtuple("Point", "x"))["x"])),
)

# Of the standard library: objects of these modules cannot change, or hold no numbers.
_HARMLESS = {
    *("_abc", "_decimal", "_operator", "_sre", "_thread", "_weakref", "_weakrefset", "abc"),
    *("contextvars", "dataclasses", "datetime", "decimal", "enum", "fractions", "inspect"),
    *("logging", "operator", "pathlib", "re", "threading", "typing", "uuid", "weakref", "zoneinfo"),
}

_PREFIXES = (sys.base_prefix, sys.base_exec_prefix)  # folders of Python's
_OUR_FOLDER = str(Path(__file__).parents[3])

# Modules whose functions make classes, which are given these modules as their own.
_MAKERS = {"abc", "types"}

_NUMBERS = (int, float, bool, str)

# Types whose objects are equal if they hold the same, or are the same.
_FAIR: set[Any] = {
    cls.__eq__
    for cls in (object, int, float, complex, str, bytes, list, tuple, dict, set, frozenset)
} | {cls.__eq__ for cls in (Value, range, CodeType, MethodType, BuiltinFunctionType)}

# Types written in C whose state is seen.
_SEEN = {object, Value, list, dict, set, frozenset, tuple, deque, array, bytearray, np.ndarray}
_SEEN |= {SimpleNamespace, BaseException, Exception, ModuleType, type, property}

_Import = tuple[int, str, tuple[str, ...]]
"""The number of dots that an import begins with, the module's name, and the names it takes."""

LARGEST = 1 << 20
"""An array of so many bytes is compared at each call; a larger one must be read-only."""

_KEPT_BY_PYTHON = {"__slotnames__"}  # set on a class by copy and pickle


class CapturedState:
    """The containers that a function and its static arguments lead to, and what they held.

    roots    (name, thing) to begin with
    skipped  things whose contents do not matter
    reached  everything that the roots lead to, but for plain numbers and strings
    unseen   the name of something that may change unseen, or ""
    """

    def __init__(self, roots: Iterable[tuple[str, object]], skipped: Iterable[object] = ()) -> None:
        # Lists and dicts, and copies of them. All are compared at once, in C.
        self._containers: list[Any] = []
        self._copies: list[Any] = []
        self._titles: list[str] = []
        self._names: list[tuple[Any, str, Any]] = []
        self._lacked: dict[int, tuple[Any, set[str]]] = {}  # missing names, by ids of namespaces
        self._cells: list[tuple[Any, Any]] = []
        self._empty: list[Any] = []  # cells of variables that have no value yet
        self._others: list[tuple[str, Callable[[], Any], Any]] = []  # name, look, what it gave
        self._objects: list[Any] = []
        self.reached: list[Any] = []
        self.unseen = ""
        self._seen: set[int] = set()
        self._slots: dict[type, list[Any]] = {}
        self._bare: set[type] = {Value}  # types of Values with nothing else in them
        self._skipped = {*map(id, skipped)}
        todo = list(roots)
        while todo:
            todo.extend(self._walk(*todo.pop()))
        self._missing = [lacked for lacked in self._lacked.values() if lacked[1]]
        self._classes = [*map(type, self._objects)]

    def changed(self) -> str:
        """The name of the first thing that differs from the recording; "" if none does."""
        for names, name, thing in self._names:
            found = names.get(name, self)
            if found is not thing and not _equal_numbers(found, thing):
                return _title(names, name)
        for names, missing in self._missing:
            if not names.keys().isdisjoint(missing):
                return _title(names, min(names.keys() & missing))
        if self._objects and [*map(type, self._objects)] != self._classes:
            return "the class of an object"
        try:
            for cell, thing in self._cells:
                found = cell.cell_contents
                if found is not thing and not _equal_numbers(found, thing):
                    return "a variable of an enclosing function"
        except ValueError:
            return "a variable of an enclosing function that has no value any more"
        if self._empty and any(map(_is_full, self._empty)):
            return "a variable of an enclosing function that had no value before"
        container = "" if all_same(self._copies, self._containers) else self._changed_container()
        if container:
            return container
        for name, look, held in self._others:
            if not _same(held, look()):
                return name
        return ""

    def leads_to(self, thing: object) -> bool:
        """Whether the thing was reached."""
        return id(thing) in self._seen

    def alike(self, other: CapturedState) -> bool:
        """Whether both compare the same things; they hold the same then, if neither has changed."""
        return self._looked_at() == other._looked_at()

    def _looked_at(self) -> list[Any]:
        return [
            [*map(id, self.reached)],
            [(id(names), name) for names, name, _ in self._names],
            [(id(names), missing) for names, missing in self._missing],
            [id(cell) for cell, _ in self._cells],
            [*map(id, self._empty)],
            self._skipped,
            self.unseen,
        ]

    def _changed_container(self) -> str:
        parts = zip(self._titles, self._copies, self._containers, strict=True)
        for title, held, found in parts:
            if not _same(held, found):
                if isinstance(held, list):
                    return f"{title}, a list of {len(held)}"
                keys = [key for key in {**held, **found} if _differs(key, held, found)]
                if not _KEPT_BY_PYTHON.issuperset(keys):
                    return f"the attribute or key {', '.join(map(str, keys))}"
                for key in keys:
                    held.pop(key, None)
                held.update((key, found[key]) for key in keys if key in found)
        return ""  # another thread may have changed it back since the comparison

    def _walk(self, name: str, thing: Any) -> Iterator[tuple[str, Any]]:
        """Note the containers of a thing, and give what it leads to."""
        if id(thing) in self._seen:
            return
        if isinstance(thing, _UNCHANGING):
            if type(thing) not in _UNCHANGING:  # it may have methods that read something
                yield name, type(thing)
                yield from self._walk_attributes(name, thing)
            return
        self._seen.add(id(thing))
        self.reached.append(thing)
        if type(thing) in self._bare or id(thing) in self._skipped:
            return
        if isinstance(thing, ModuleType) or is_watched(thing):  # the recorder watches generators
            return
        if type(thing) is list or type(thing) is dict:
            self._note(name, thing)
            yield from self._elements(name, thing)
        elif isinstance(thing, (tuple, frozenset)):
            yield from self._elements(name, thing)
            yield name, type(thing)
            yield from self._walk_attributes(name, thing)
        elif isinstance(thing, FunctionType):
            yield from self._walk_function(thing)
        elif isinstance(thing, type):
            yield from self._walk_class(thing)
        else:
            yield from self._walk_object(name, thing)

    def _note(self, name: str, container: Any) -> None:
        """Have this list or dict, or the attributes of a class, compared."""
        self._titles.append(name)
        self._containers.append(container)
        self._copies.append(_copied(container))

    def _elements(self, name: str, thing: Any) -> Iterator[tuple[str, Any]]:
        if isinstance(thing, (dict, MappingProxyType)):
            for key, x in thing.items():
                yield f"{name}[{key!r}]" if type(key) in _NUMBERS else name, x
                if type(key) not in _NUMBERS:
                    yield name, key
        else:
            yield from [(name, x) for x in thing if type(x) is not float]

    def _walk_function(self, function: FunctionType) -> Iterator[tuple[str, Any]]:
        yield from [("a default argument", x) for x in function.__defaults__ or ()]
        yield "a default argument", function.__kwdefaults__
        own = not _is_library(function)
        if own or vars(function):
            yield from self._walk_attributes(function.__name__, function)
        variables = []
        code = function.__code__
        for name, cell in zip(code.co_freevars, function.__closure__ or (), strict=True):
            try:
                variables.append((f"the variable {name}", cell.cell_contents))
            except ValueError:
                self._empty.append(cell)
                continue
            self._cells.append((cell, variables[-1][1]))
        yield from variables
        if not own:
            return
        if function.__defaults__ or function.__kwdefaults__:
            look = partial(_defaults, function)
            self._others.append((f"the defaults of {function.__name__}", look, _copied(look())))
        loaded, imported = _names(code)
        modules = [x for _, x in variables] + self._imported(function, imported)
        namespace = function.__globals__
        yield from self._walk_namespace(namespace, loaded)
        self._lacks(namespace, loaded)
        modules += [namespace[name] for name in loaded & namespace.keys()]
        known, names = [namespace], _attributes(code)
        for module in modules:
            yield from self._walk_modules(module, names, known)

    def _imported(self, function: FunctionType, imported: Iterable[_Import]) -> list[Any]:
        """The modules that a function imports, as far as they are loaded."""
        found = []
        for level, name, members in imported:
            full = _absolute(function.__globals__, level, name)
            parts = full.split(".")
            names = {".".join(parts[: i + 1]) for i in range(len(parts))}
            if full in sys.modules:
                names |= {f"{full}.{x}" for x in members if not hasattr(sys.modules[full], x)}
            here = sorted(names & sys.modules.keys())
            self._names += [(sys.modules, x, sys.modules[x]) for x in here]
            self._lacks(sys.modules, names)
            found += [sys.modules[x] for x in here]
        return found

    def _lacks(self, namespace: dict[str, Any], names: set[str]) -> None:
        """Note which of these names a namespace does not have yet."""
        _, missing = self._lacked.setdefault(id(namespace), (namespace, set()))
        missing |= names - namespace.keys()

    def _walk_namespace(
        self, namespace: dict[str, Any], names: Iterable[str]
    ) -> Iterator[tuple[str, Any]]:
        for name in sorted(names):
            if name in namespace:
                self._names.append((namespace, name, namespace[name]))
                yield f"the global {name}", namespace[name]

    def _walk_modules(
        self, module: Any, names: set[str], known: list[Any]
    ) -> Iterator[tuple[str, Any]]:
        """What has one of these names in a module, and in modules in it."""
        if not isinstance(module, ModuleType) or _is_library(module):
            return
        namespace = vars(module)
        if any(namespace is x for x in known):
            return
        known.append(namespace)
        yield from self._walk_namespace(namespace, names | {"__getattr__"})
        for name in sorted(names & namespace.keys()):
            yield from self._walk_modules(namespace[name], names, known)

    def _walk_attributes(self, name: str, thing: Any) -> Iterator[tuple[str, Any]]:
        attributes = getattr(thing, "__dict__", None)
        if isinstance(attributes, dict) and id(attributes) not in self._seen:
            self._seen.add(id(attributes))
            self.reached.append(attributes)
            self._note(name, attributes)
            for key, x in attributes.items():
                yield f"{name}.{key}", x
                if isinstance(x, ModuleType) and not _is_library(x):
                    yield f"{name}.{key}", vars(x)

    def _walk_class(self, cls: type) -> Iterator[tuple[str, Any]]:
        if _is_library(cls):
            return
        self._note(cls.__name__, vars(cls))
        for name, x in vars(cls).items():
            if isinstance(x, FunctionType) or not name.startswith("__"):
                yield f"{cls.__name__}.{name}", x
        yield from [(base.__name__, base) for base in (*cls.__bases__, type(cls))]

    def _walk_object(self, name: str, thing: Any) -> Iterator[tuple[str, Any]]:
        cls = type(thing)
        followed = _followed(thing)
        yield from [(name, x) for x in followed or ()]
        if _package(cls) == "autograd_lite" and not isinstance(thing, Value):
            if followed:  # a compiled function, with the attributes that users gave it
                yield from self._walk_attributes(name, thing)
            return
        if not _is_library(cls):
            self._objects.append(thing)
        held = _contents(thing)
        if held is not None:
            self._others.append((name, partial(_contents, thing), _copied(held)))
            elements = thing if isinstance(held, set) else held
            yield from self._elements(name, elements if isinstance(held, (list, dict, set)) else ())
        if cls not in self._slots:
            self._slots[cls] = [
                x
                for base in cls.__mro__
                for x in vars(base).values()
                if isinstance(x, MemberDescriptorType) and not _is_library(x.__objclass__)
            ]
        slots = self._slots[cls]
        yield from self._walk_attributes(name, thing)
        if slots:
            look = partial(_in_slots, thing, slots)
            self._others.append((f"an attribute of {name}", look, _copied(look())))
            yield from self._elements(f"an attribute of {name}", look())
        if isinstance(thing, Value) and not hasattr(thing, "__dict__") and not slots:
            self._bare.add(cls)
        yield from [(base.__name__, base) for base in cls.__mro__]
        if followed is None and held is None and _may_change_unseen(thing):
            self.unseen = self.unseen or f"{name}, a {cls.__name__}"


def _followed(thing: Any) -> list[Any] | None:
    """What a method, a decorator or a partial holds, which never changes; None for other things."""
    if isinstance(thing, (MethodType, BuiltinFunctionType, MethodWrapperType)):
        return [thing.__self__, getattr(thing, "__func__", None)]
    if isinstance(thing, (staticmethod, classmethod)):
        return [thing.__func__]
    if isinstance(thing, property):
        return [thing.fget]
    if isinstance(thing, (partial, partialmethod)):
        return [thing.func, *thing.args, thing.keywords]
    if isinstance(thing, cached_property):
        return [thing.func]
    if hasattr(type(thing), "__wrapped__") or "__wrapped__" in getattr(thing, "__dict__", ()):
        return [thing.__wrapped__]  # of a compiled function, or a cached one
    return None


def _contents(thing: Any) -> Any:
    """What a container holds, to be compared; None for other things."""
    if isinstance(thing, np.ndarray):
        if thing.dtype.hasobject:
            return thing.ravel().tolist()
        if thing.nbytes > LARGEST:
            return None
        return thing.shape, thing.tobytes()
    if isinstance(thing, (list, deque)):
        return list(thing)
    if isinstance(thing, ContextVar):
        return [thing.get(None)]
    if isinstance(thing, (dict, MappingProxyType)):
        return dict(thing)
    if isinstance(thing, set):
        return {Identity(x) if isinstance(_held(x), Identity) else x for x in thing}
    if isinstance(thing, (array, bytearray)):
        return len(thing), bytes(thing)
    return None


def _copied(held: Any) -> Any:
    """A copy of what a look gives, to compare later looks with."""
    if isinstance(held, list):
        return [_held(x) for x in held]
    if isinstance(held, (dict, MappingProxyType)):
        return {key: _held(x) for key, x in held.items()}
    return held


def _held(thing: Any) -> Any:
    """The thing, or its identity if its type may call another one its equal."""
    fair = type(thing).__eq__ in _FAIR or isinstance(thing, (np.generic, np.ndarray))
    return thing if fair else Identity(thing)


def _is_full(cell: Any) -> bool:
    try:
        return cell.cell_contents is cell.cell_contents
    except ValueError:
        return False


def _in_slots(thing: object, slots: list[Any]) -> list[Any]:
    found = []
    for slot in slots:
        try:
            found.append(slot.__get__(thing))
        except AttributeError:  # nothing yet
            found.append(None)
    return found


def _defaults(function: FunctionType) -> list[Any]:
    return [*(function.__defaults__ or ()), function.__kwdefaults__]


def _may_change_unseen(thing: Any) -> bool:
    """Whether a thing may hold what neither its attributes nor its contents show."""
    cls = type(thing)
    top = _package(cls)
    if cls is object or isinstance(thing, Value) or top in _HARMLESS:
        return False
    if isinstance(thing, np.ndarray):
        return not _is_read_only(thing)
    if top == "numpy":
        return False
    if top in sys.stdlib_module_names and (top in ("io", "_io") or not hasattr(thing, "__dict__")):
        return True
    if isinstance(thing, random.Random):
        return True
    bases = [base for base in cls.__mro__ if base not in _SEEN]
    if hasattr(thing, "__dict__"):
        # Py_TPFLAGS_HEAPTYPE, of a class statement: the state is in __dict__ or in slots.
        return not all(base.__flags__ & 1 << 9 for base in bases)
    return not all("__slots__" in vars(base) for base in bases)


def _is_read_only(thing: Any) -> bool:
    while isinstance(thing, np.ndarray) and not thing.flags.writeable:
        thing = thing.base
    return thing is None or isinstance(thing, bytes)


def _same(held: Any, found: Any) -> bool:
    try:
        # Of two lists or dicts, identical elements are not compared.
        return bool(held == found) and not other_values(held, found)
    except Exception:  # an element that cannot be compared, such as another array
        return False


def _equal_numbers(x: Any, y: Any) -> bool:
    return type(x) in _NUMBERS and type(x) is type(y) and x == y


def _differs(key: object, held: Any, found: Any) -> bool:
    return key not in held or key not in found or not _same([held[key]], [found[key]])


def _codes(code: CodeType) -> Iterator[CodeType]:
    """The code of a function, and that of the functions in it."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _codes(constant)


def _names(code: CodeType) -> tuple[set[str], list[_Import]]:
    """The globals that a function reads, and what it imports."""
    loaded, imported = set(), []
    for part in _codes(code):
        before: Any = (0, ())  # what the last two instructions loaded
        for instruction in get_instructions(part):
            if instruction.opname in ("LOAD_GLOBAL", "LOAD_NAME"):
                loaded.add(str(instruction.argval))
            elif instruction.opname == "IMPORT_NAME":
                level, members = before
                imported.append((level, str(instruction.argval), members or ()))
            before = before[1], instruction.argval
    return loaded, imported


def _absolute(namespace: dict[str, Any], level: int, name: str) -> str:
    """The full name of a module that is imported with so many dots before its name."""
    if level == 0:
        return name
    package = namespace.get("__package__")
    if package is None:
        package = str(namespace.get("__name__"))
        package = package if "__path__" in namespace else package.rpartition(".")[0]
    parts = [*package.split(".")[: package.count(".") + 2 - level], name]
    return ".".join(filter(None, parts))


def _title(names: Any, name: str) -> str:
    return f"the {'module' if names is sys.modules else 'global'} {name}"


def _attributes(code: CodeType) -> set[str]:
    """All names in a function, those of attributes among them, and in its strings."""
    return {
        name
        for part in _codes(code)
        for name in (*part.co_names, *part.co_consts)
        if isinstance(name, str)
    }


def _package(thing: Any) -> str:
    """The package of a module, or of a function or class, whose `__module__` may be anything.

    Of a function it is that of its globals, as `functools.wraps` gives it another `__module__`.
    """
    if isinstance(thing, FunctionType):
        name = thing.__globals__.get("__name__")
    else:
        name = getattr(thing, "__name__" if isinstance(thing, ModuleType) else "__module__", "")
    return name.partition(".")[0] if isinstance(name, str) else ""


def _is_library(thing: Any) -> bool:
    """Whether a module, or that of a function or class, holds nothing that a user exchanges."""
    top = _package(thing)
    if top in ("__main__", "__mp_main__"):  # in a worker, that is the file of a library
        return False
    if top in _MAKERS and isinstance(thing, type):  # a user's, by `types.new_class`
        return hasattr(sys.modules[top], thing.__name__)
    file = getattr(sys.modules.get(top), "__file__", None) or ""
    if "site-packages" in file or "dist-packages" in file or top == "numpy":
        return True
    # A file of the user's may have any of these names.
    if top in sys.stdlib_module_names:
        return file.startswith(_PREFIXES) or not file
    return top in OURS and file.startswith(_OUR_FOLDER)
