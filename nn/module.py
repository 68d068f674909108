"""`Module`: what finds, names and counts the parameters of a network."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from autograd_lite import Value
from nn.arrays import Array, is_sequence


class Parameter(Value):
    """A Value that an optimiser may change."""

    __slots__ = ()


class Module:
    """A function with parameters. Subclass it, make them in `__init__`, compute in `forward`.

    Attributes that are Parameters, Modules, or (nested) lists, tuples and dicts of them belong
    to the module. Nested lists of Parameters only are one array, as a weight matrix is.
    """

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.forward(*args, **kwargs)

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError(f"{type(self).__name__} needs a method forward(self, x)")

    def parameters(self) -> list[Any]:
        """Every Parameter once, in the order of the attributes."""
        return list(dict.fromkeys(parameter for _, parameter in self.named_parameters()))

    def named_parameters(self) -> Iterator[tuple[str, Parameter]]:
        """(name, Parameter) of each, the name as Python reads it: "fc1.weight[2][0]"."""
        for name, array in self._arrays():
            yield from _elements(name, array)

    def zero_grad(self) -> None:
        """Set the gradients of all parameters to 0."""
        for parameter in self.parameters():
            parameter.grad = 0.0

    def _arrays(self, prefix: str = "") -> Iterator[tuple[str, Array]]:
        """(name, array of Parameters) of this module and those within it."""
        for name, thing in vars(self).items():
            for path, found in _found(prefix + name, thing):
                if isinstance(found, Module):
                    yield from found._arrays(f"{path}.")
                else:
                    yield path, found


def _found(name: str, thing: Any) -> Iterator[tuple[str, Any]]:
    """The Modules and arrays of Parameters in an attribute, with their names."""
    if isinstance(thing, Module) or _is_parameters(thing):
        yield name, thing
    elif isinstance(thing, dict):
        for key, item in thing.items():
            yield from _found(f"{name}.{key}", item)
    elif isinstance(thing, (list, tuple)):
        for i, item in enumerate(thing):
            yield from _found(f"{name}.{i}", item)


def _is_parameters(thing: Any) -> bool:
    if isinstance(thing, (list, tuple)):
        return len(thing) > 0 and all(map(_is_parameters, thing))
    return isinstance(thing, Parameter)


def _elements(name: str, array: Array) -> Iterator[tuple[str, Any]]:
    if is_sequence(array):
        for i, row in enumerate(array):
            yield from _elements(f"{name}[{i}]", row)
    else:
        yield name, array
