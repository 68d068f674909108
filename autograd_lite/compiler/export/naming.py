"""The names that the user's code has for Values: as tensors, each with its shape.

A network has the names of its `named_parameters()`, a dict its keys, a list its variable's name. Of
two names for one Value that of the network counts, then that of a dict, then that with most axes.
"""

from __future__ import annotations

import re
from collections import Counter
from functools import partial
from inspect import unwrap
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import NamedTuple

import numpy as np

from autograd_lite.anomaly import is_library
from autograd_lite.callables import CompiledFunction
from autograd_lite.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from types import CodeType
    from typing import Any

__all__ = ["Named", "named_values", "variables"]

_NETWORK, _DICT, _OTHER = range(3)  # what names the Values, in order of preference


class Named(NamedTuple):
    """An array of Values, and its name."""

    name: str
    values: Any


class _Candidate(NamedTuple):
    """A name that an array of Values might have.

    kind      _NETWORK, _DICT or _OTHER
    variable  the variable that leads to it
    path      its name within that; "" for the variable itself
    values    an array of objects
    """

    kind: int
    variable: str
    path: str
    values: Any

    @property
    def is_private(self) -> bool:
        """True of what an object keeps for itself, as an optimiser does its parameters."""
        return any(part.startswith("_") for part in self.path.split("."))

    @property
    def short(self) -> str:
        return self.path if self.path and self.kind != _OTHER else self.full

    @property
    def full(self) -> str:
        return f"{self.variable}.{self.path}" if self.path else self.variable


def named_values(
    function: Callable[..., Any], wanted: Iterable[Value], passed: Iterable[tuple[str, Any]] = ()
) -> list[Named]:
    """Tensors that have all the wanted Values, and perhaps others, none in two places.

    passed  (name, object) of what the function is passed, in which Values may be, too

    A Value without a name of its own is in "values", or has its label for a name.
    """
    left = {id(x): x for x in wanted}
    roots = [*passed, *variables(function)]
    found = [c for name, thing in roots for c in _candidates(name, thing)]
    found.sort(key=lambda c: (c.kind, c.is_private, -c.values.ndim if c.kind == _OTHER else 0))
    taken: list[_Candidate] = []
    done = set[int]()
    for candidate in found:
        inside = dict.fromkeys(map(id, candidate.values.flat))
        if not left.keys() & inside:
            continue
        values = candidate.values
        if len(inside) < values.size or not done.isdisjoint(inside):
            rest = {id(x): x for x in values.flat if id(x) not in done}
            values = _objects([*rest.values()])
        taken.append(candidate._replace(values=values))
        done |= inside.keys()
        for key in inside:
            left.pop(key, None)
    for x in [x for x in left.values() if x.label.isidentifier()]:
        taken.append(_Candidate(_OTHER, x.label, "", _objects(x)))
        del left[id(x)]
    if left:
        taken.append(_Candidate(_OTHER, "values", "", _objects([*left.values()])))
    shared = Counter(candidate.short for candidate in taken)
    names = [c.full if shared[c.short] > 1 else c.short for c in taken]
    return [Named(*x) for x in zip(_distinct(names), [c.values for c in taken], strict=True)]


def variables(function: Callable[..., Any]) -> list[tuple[str, Any]]:
    """(name, thing) of the variables that a function and those that it calls read, in order."""
    todo: list[Any] = [function]
    seen = set[int]()
    found: list[tuple[str, Any]] = []

    def note(name: str, thing: Any) -> None:
        if isinstance(thing, (type, ModuleType, BuiltinFunctionType)) or id(thing) in seen:
            return
        if isinstance(thing, (FunctionType, MethodType, CompiledFunction, partial)):
            todo.append(thing)
        elif not hasattr(thing, "__wrapped__"):
            seen.add(id(thing))
            found.append((name, thing))
        else:
            todo.append(thing)

    while todo:
        f = todo.pop(0)
        if id(f) in seen:
            continue
        seen.add(id(f))
        if isinstance(f, CompiledFunction):
            todo.append(f.function)
        elif isinstance(f, partial):
            todo.append(f.func)
            for i, thing in enumerate(f.args):
                note(f"argument_{i}", thing)
            for name, thing in f.keywords.items():
                note(name, thing)
        elif isinstance(f, MethodType):
            note(_of_class(f.__self__), f.__self__)
            todo.append(f.__func__)
        elif hasattr(f, "__wrapped__"):
            todo.append(unwrap(f))
        if isinstance(f, FunctionType):
            for name, cell in zip(f.__code__.co_freevars, f.__closure__ or (), strict=True):
                if cell is not None and _is_full(cell):
                    note(name, cell.cell_contents)
            if not is_library(f.__code__.co_filename):
                for name in _names_in(f.__code__):
                    if name in f.__globals__:
                        note(name, f.__globals__[name])
        elif not isinstance(f, (CompiledFunction, partial, MethodType)):
            found.append((_of_class(f), f))
    return found


def _is_full(cell: Any) -> bool:
    try:
        _ = cell.cell_contents
    except ValueError:
        return False
    return True


def _of_class(thing: Any) -> str:
    return type(thing).__name__.lower()


def _names_in(code: CodeType) -> dict[str, None]:
    """The names in code and in the functions within it, in order."""
    names = dict.fromkeys(code.co_names)
    for constant in code.co_consts:
        if hasattr(constant, "co_names"):
            names |= _names_in(constant)
    return names


def _candidates(variable: str, thing: Any) -> Iterator[_Candidate]:
    """The names that lead from a variable to Values."""
    todo: list[tuple[int, str, Any]] = [(_OTHER, "", thing)]
    seen = set[int]()
    while todo:
        kind, path, thing = todo.pop(0)
        if id(thing) in seen:
            continue
        seen.add(id(thing))
        within = f"{path}." if path else ""
        if hasattr(type(thing), "named_parameters"):
            for name, values in _of_network(thing):
                yield _Candidate(min(kind, _NETWORK), variable, within + name, values)
            continue
        values = _array(thing)
        if values is not None:
            yield _Candidate(kind, variable, path, values)
        elif isinstance(thing, dict):
            todo += [(min(kind, _DICT), f"{within}{key}", x) for key, x in thing.items()]
        elif isinstance(thing, (list, tuple)):
            todo += [(kind, f"{within}{i}", x) for i, x in enumerate(thing)]
        elif not isinstance(thing, (type, ModuleType)) and not is_plain(thing):
            held = getattr(thing, "__dict__", {})
            todo += [(kind, f"{within}{name}", x) for name, x in held.items()]


def is_plain(thing: Any) -> bool:
    """True for what leads to no Value."""
    return isinstance(thing, (int, float, complex, str, bytes, type(None), np.ndarray, np.generic))


def _array(thing: Any) -> Any:
    """A Value, or regularly nested lists of Values, as an array of objects; None for all else."""
    if isinstance(thing, Value):
        return _objects(thing)
    if isinstance(thing, np.ndarray):
        alike = thing.dtype == object and thing.size
        return thing if alike and all(isinstance(x, Value) for x in thing.flat) else None
    if not isinstance(thing, (list, tuple)) or not thing:
        return None
    rows: list[Any] = []
    for x in thing:
        row = _array(x)
        if row is None or (rows and row.shape != rows[0].shape):
            return None
        rows.append(row)
    return np.stack(rows)


def _objects(things: Any) -> Any:
    """An array of objects: of one that is no list, without axes."""
    made = np.empty(len(things) if isinstance(things, list) else (), object)
    made[...] = things
    return made


def _of_network(network: Any) -> list[tuple[str, Any]]:
    """(name, array) of each array of parameters; the neurons of a layer are rows of one array."""
    elements: dict[str, dict[tuple[int, ...], Any]] = {}
    for name, parameter in network.named_parameters():
        found = re.fullmatch(r"(.*?)((?:\[\d+\])*)", name)
        assert found is not None
        place = tuple(map(int, re.findall(r"\d+", found[2])))
        elements.setdefault(found[1], {})[place] = parameter
    arrays = {}
    for name, held in elements.items():
        shape = tuple(1 + max(axis) for axis in zip(*held, strict=True)) if () not in held else ()
        if len(held) < np.prod(shape, dtype=int):  # some are tied to others, which have the name
            arrays[name] = _objects([*held.values()])
            continue
        arrays[name] = made = np.empty(shape, object)
        for place, parameter in held.items():
            made[place] = parameter
    rows = _with_neurons_as_rows(arrays)
    for path, module in network.named_modules():  # of Values that are no parameters, as statistics
        for name, thing in vars(module).items():
            values = _array(thing)
            if values is not None:
                rows.append((f"{path}.{name}" if path else name, values))
    return rows


_NEURON = re.compile(r"(.+)\.(\d+)\.([^.]+)")


def _with_neurons_as_rows(arrays: dict[str, Any]) -> list[tuple[str, Any]]:
    """layer.neurons.0.w, layer.neurons.1.w, ... as the rows of layer.neurons.w."""
    lists: dict[str, dict[str, dict[int, Any]]] = {}  # {list: {attribute: {index: array}}}
    for name, array in arrays.items():
        found = _NEURON.fullmatch(name)
        if found:
            attributes = lists.setdefault(found[1], {})
            attributes.setdefault(found[3], {})[int(found[2])] = array
    rows: dict[str, tuple[str, Any]] = {}
    for path, attributes in lists.items():
        every = [array for held in attributes.values() for array in held.values()]
        n = len(next(iter(attributes.values())))
        alike = all(
            [*held] == [*range(n)] and len({array.shape for array in held.values()}) == 1
            for held in attributes.values()
        )
        within = sum(name.startswith(f"{path}.") for name in arrays)
        if alike and within == len(every) and all(array.ndim < 2 for array in every):
            for attribute, held in attributes.items():
                made = f"{path}.{attribute}", np.stack([*held.values()])
                rows |= {f"{path}.{i}.{attribute}": made for i in held}
    return [*dict([rows.get(name, (name, array)) for name, array in arrays.items()]).items()]


def _distinct(names: Iterable[str]) -> list[str]:
    """The names, those that are there already with a number behind them."""
    found: dict[str, None] = {}
    for name in names:
        n, new = 2, name
        while new in found:
            new, n = f"{name}_{n}", n + 1
        found[new] = None
    return [*found]
