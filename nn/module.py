"""`Module`: what finds, names, counts, saves and loads the parameters of a network."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from operator import is_
from reprlib import recursive_repr
from typing import Any, TypeVar

from autograd_lite import Value, take
from autograd_lite.tree import children, rebuild, rebuildable
from autograd_lite.value import Node
from nn.arrays import Array, elementwise, flat, is_array, is_sequence
from nn.saving import matching

AnyModule = TypeVar("AnyModule", bound="Module")
AnyList = TypeVar("AnyList", bound="ModuleList")


class Parameter(Value):
    """A Value that an optimiser may change."""

    __slots__ = ()


class Buffer(Value):
    """A Value that is saved with the parameters, though no optimiser changes it."""

    __slots__ = ()


class Table(tuple[Any, ...]):
    """Rows of numbers or Values, as nested tuples, of which `table[i]` is `take(table, i)`: in a
    compiled function, an i that is an argument is read anew at each call.
    """

    __slots__ = ()

    def __new__(cls, rows: Iterable[Any] = ()) -> Table:
        is_row = (list, tuple)
        return tuple.__new__(cls, [cls(row) if isinstance(row, is_row) else row for row in rows])

    @classmethod
    def _make(cls, rows: Iterable[Any]) -> Table:
        """A Table of these rows: by this name a named tuple, too, is made of what it holds."""
        return cls(rows)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, Node):
            return take(self, index)
        found = super().__getitem__(index)
        if isinstance(index, slice):
            return tuple.__new__(Table, found)  # whose rows are Tables, and stay the same objects
        return found


def parameters(*lengths: int) -> Array:
    """An array of new Parameters, all 0, as a Table: an array keeps its shape."""
    if not lengths:
        return Parameter(0.0)
    return Table(parameters(*lengths[1:]) for _ in range(lengths[0]))


class Module:
    """A function with parameters. Subclass it, make them in `__init__`, compute in `forward`.

    Attributes that are Parameters, Modules, or (nested) lists, tuples and dicts of them belong
    to the module, the keys being strs without dots; inside anything else, such as a set or an
    object, they are not found. Nested lists of Parameters only, in rows of one shape, are one
    array, as a weight matrix is.
    """

    training = True
    """True if Dropout drops and BatchNorm1d reads its batch; see `train` and `eval`."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.forward(*args, **kwargs)

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError(f"{type(self).__name__} needs a method forward(self, x)")

    def __setattr__(self, name: str, thing: Any) -> None:
        """Set an attribute.

        Raises TypeError where Parameters would be lost from training, Buffers from the state, or
        an attribute that every Module has, and ValueError for a name with dots.
        """
        inherited = getattr(Module, name, None)
        module = isinstance(thing, Module) and inherited is not None
        if module or (callable(inherited) and not callable(thing)):
            raise TypeError(
                f"{type(self).__name__}: every Module has its own {name!r}; "
                "give the attribute another name"
            )
        if "." in name:
            raise ValueError(f"{type(self).__name__}: the attribute {name!r} must have no dots")
        if str(getattr(thing, "dtype", "")) == "object" and any(
            isinstance(item, (Parameter, Buffer, Module)) for item in thing.flat
        ):
            raise TypeError(
                f"{type(self).__name__}: {name!r} is a NumPy array, in which no Parameters and "
                "Modules are found; assign its tolist()"
            )
        present = vars(self).get(name)
        for kind in (Parameter, Buffer):
            if thing is not None and _holds(kind, present) and not _holds(kind, thing):
                raise TypeError(
                    f"cannot assign a {type(thing).__name__} as the {kind.__name__.lower()} "
                    f"{name!r} of {self.title()}; give {kind.__name__}s, or set the .data of "
                    "those it has"
                )
        super().__setattr__(name, thing)

    # ---------------------------------------------------------------- parameters and modules

    def parameters(self) -> list[Any]:
        """Every Parameter once, in the order of the attributes."""
        arrays = (array for module in self.modules() for _, array in module._own(Parameter))
        return list(dict.fromkeys(parameter for array in arrays for parameter in flat(array)))

    def named_parameters(self) -> Iterator[tuple[str, Parameter]]:
        """(name, Parameter) of each, the name as Python reads it: "fc1.weight[2][0]"."""
        seen: set[Parameter] = set()
        for path, module in self.named_modules():
            for name, array in module._own(Parameter):
                for place, parameter in _elements(_joined(path, name), array):
                    if parameter not in seen:
                        seen.add(parameter)
                        yield place, parameter

    def modules(self) -> Iterator[Module]:
        """Every module within it, itself the first, once each."""
        return (module for _, module in self.named_modules())

    def named_modules(self, *, remove_duplicate: bool = True) -> Iterator[tuple[str, Module]]:
        """(name, module) of itself, named "", and of every module within it, once each.

        remove_duplicate  False for a shared module under each of its names; raises ValueError for
                          a module that is within itself, which has names without end
        """
        seen: set[Module] = set()
        waiting: list[tuple[str, Module, frozenset[Module]]] = [("", self, frozenset())]
        while waiting:
            path, module, around = waiting.pop()
            if remove_duplicate and module in seen:
                continue
            if module in around:
                raise ValueError(
                    f"{self.title()}: the module {path!r} is within itself; "
                    "let a module refer to its parent by a function: lambda: parent"
                )
            seen.add(module)
            yield path, module
            around |= {module}
            children = list(module._own(Module))[::-1]
            waiting += [(_joined(path, name), child, around) for name, child in children]

    def children(self) -> Iterator[Module]:
        """The modules that are attributes of this one."""
        return (child for _, child in self._own(Module))

    def _own(self, kind: type) -> Iterator[tuple[str, Any]]:
        """(name, thing) of this module's own Modules, or arrays of Parameters or Buffers."""
        for name, thing in vars(self).items():
            yield from _found(kind, name, thing)

    # -------------------------------------------------------------------- training and eval

    def zero_grad(self) -> None:
        """Set the gradients of all parameters to 0."""
        for parameter in self.parameters():
            parameter.grad = 0.0

    def train(self: AnyModule, mode: bool = True) -> AnyModule:
        """Set this module and those within it to train, or to evaluate."""
        for module in self.modules():
            module.training = mode
        return self

    def eval(self: AnyModule) -> AnyModule:
        """Set this module and those within it to evaluate."""
        return self.train(False)

    # ------------------------------------------------------------------- saving and loading

    def state_dict(self) -> dict[str, Array]:
        """The numbers of parameters and buffers, as nested lists of floats under their names."""
        return {name: elementwise(lambda x: x.data, array) for name, array in self._arrays()}

    def load_state_dict(self, state: Mapping[str, Array]) -> None:
        """Set parameters and buffers to the numbers that `state_dict` or PyTorch saved.

        Raises ValueError naming every key that is missing, unexpected or of another shape, and
        TypeError for what is not a number. Then nothing has been changed.
        """
        arrays = dict(self._arrays())
        numbers = matching(state, arrays, self)
        for name, array in arrays.items():
            for value, number in zip(flat(array), numbers[name], strict=True):
                value.data = number

    def _arrays(self) -> Iterator[tuple[str, Array]]:
        """(name, array) of all Parameters and Buffers; a shared one has each of its names."""
        for path, module in self.named_modules(remove_duplicate=False):
            for kind in (Parameter, Buffer):
                for name, array in module._own(kind):
                    yield _joined(path, name), array

    # --------------------------------------------------------------------- as an argument

    def _with_parameters(self: AnyModule, new: Iterable[Value]) -> AnyModule:
        """A module like this one with other Values as its `parameters()`, in their order.

        All that holds no Parameters, such as Buffers, is shared by both.
        """
        pairs = zip(self.parameters(), new, strict=True)
        module: AnyModule = _replaced(self, {id(old): x for old, x in pairs})
        return module

    # ------------------------------------------------------------------------- as a tree

    def extra_repr(self) -> str:
        """The arguments of the module, as its title shows them."""
        return ""

    def title(self) -> str:
        """The class and arguments, by which a tree and an error name the module."""
        return f"{type(self).__name__}({self.extra_repr()})"

    def _headline(self) -> str:
        """The title, and the number of parameters."""
        count = len(self.parameters())
        return self.title() + (f"  {count:,} parameter{'s' * (count > 1)}" if count else "")

    @recursive_repr("...")
    def __repr__(self) -> str:
        """A tree of the modules, with the number of parameters of each."""
        lines = [self._headline()]
        for name, child in self._own(Module):
            lines.append(f"{name}: {child!r}".replace("\n", "\n    "))
        return "\n    ".join(lines)


class ModuleList(Module):
    """A list of modules."""

    def __init__(self, modules: Iterable[Module] = ()) -> None:
        self.extend(modules)

    def append(self: AnyList, module: Module) -> AnyList:
        """Add a module at the end."""
        return self._add(str(len(self)), module)

    def extend(self: AnyList, modules: Iterable[Module]) -> AnyList:
        """Add modules at the end."""
        for module in list(modules):
            self.append(module)
        return self

    def _add(self: AnyList, name: str, module: Module) -> AnyList:
        """Add a module under a name that is still free."""
        if not isinstance(name, str) or not name or "." in name or hasattr(self, name):
            raise ValueError(
                f"{type(self).__name__}: {name!r} cannot name a module: give a str without dots "
                "that is no attribute yet"
            )
        return self._set(name, module)

    def _set(self: AnyList, name: str, module: Module) -> AnyList:
        if not isinstance(module, Module):
            hint = ""
            if isinstance(module, type):
                hint = f"; make one: {module.__name__}()"
            elif isinstance(module, (list, tuple)):
                hint = "; unpack it: *modules"
            elif callable(module):
                hint = "; put the function in a Module's forward, as nn.Tanh has tanh"
            raise TypeError(
                f"{type(self).__name__}: {name!r} must be a Module, "
                f"not {type(module).__name__}{hint}"
            )
        setattr(self, name, module)
        return self

    def __iter__(self) -> Iterator[Module]:
        return self.children()

    def __len__(self) -> int:
        return len(list(self.children()))

    def __getitem__(self, index: int | slice) -> Any:
        """A module, or of a slice a list of its own."""
        modules = list(self)[index]
        return type(self)(modules) if isinstance(modules, list) else modules

    def __setitem__(self, index: int, module: Module) -> None:
        self._set(list(self._own(Module))[index][0], module)


class Sequential(ModuleList):
    """Modules one after the other, given as arguments or as one dict of names."""

    def __init__(self, *modules: Any) -> None:
        if len(modules) == 1 and isinstance(modules[0], Mapping):
            for name, module in modules[0].items():
                self._add(name, module)
        else:
            super().__init__(modules)

    def __getitem__(self, index: int | slice) -> Any:
        """A module, or of a slice a Sequential, in which the modules keep their names."""
        named = list(self._own(Module))[index]
        return type(self)(dict(named)) if isinstance(named, list) else named[1]

    def forward(self, x: Array) -> Any:
        for module in self:
            x = module(x)
        return x


def _replaced(thing: Any, new: dict[int, Any]) -> Any:
    """A thing like this one, with new[id(x)] in place of each x within that it has.

    Lists, tuples, dicts and Modules are looked into, and are added to new.
    """
    if id(thing) in new:
        return new[id(thing)]
    if isinstance(thing, Module):
        made = new[id(thing)] = object.__new__(type(thing))
        for name, x in vars(thing).items():
            vars(made)[name] = _replaced(x, new)
        return made
    if not rebuildable(thing) or not isinstance(thing, (list, tuple, dict)):
        return thing
    held = children(thing)
    found = [_replaced(x, new) for x in held]
    return thing if all(map(is_, held, found)) else rebuild(thing, found)


def _joined(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _found(kind: type, name: str, thing: Any) -> Iterator[tuple[str, Any]]:
    """(name, thing) of each Module, or array of this kind of Value, in an attribute."""
    if isinstance(thing, kind):
        yield name, thing
    elif isinstance(thing, dict):
        for key, item in thing.items():
            for found in _found(kind, f"{name}.{key}", item):
                # So that every name is of one thing.
                if not isinstance(key, str) or not key or "." in key:
                    raise ValueError(
                        f"the dict {name!r} has a {type(found[1]).__name__} under the key {key!r}; "
                        "give a str without dots"
                    )
                yield found
    elif isinstance(thing, (list, tuple)):
        types = _leaf_types(thing)
        all_of_kind = types and all(issubclass(t, kind) for t in types)
        if kind is not Module and all_of_kind and is_array(thing):
            yield name, thing
        elif any(issubclass(t, (kind, Module, list, tuple, dict)) for t in types):
            for i, item in enumerate(thing):
                yield from _found(kind, f"{name}.{i}", item)


def _holds(kind: type, thing: Any) -> bool:
    return any(_found(kind, "", thing))


def _leaf_types(array: Array) -> set[type]:
    """The types of what nested lists or tuples hold, down to where they hold something else."""
    types = set(map(type, array))
    if types and types <= {list, tuple, Table}:
        return set().union(*map(_leaf_types, array))
    return types


def _elements(name: str, array: Array) -> Iterator[tuple[str, Any]]:
    if is_sequence(array):
        for i, row in enumerate(array):
            yield from _elements(f"{name}[{i}]", row)
    else:
        yield name, array
