"""`to_jax`: a function as a pure function of JAX. It runs the module that `export` writes."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from autograd_lite.compiler.export import export
from autograd_lite.compiler.export.exported import identifier
from autograd_lite.compiler.export.module_names import function_name
from autograd_lite.compiler.export.reading import argument_names
from autograd_lite.compiler.export.recorded import ExportError, function_of
from autograd_lite.compiler.messages import said
from autograd_lite.compiler.record.held import same
from autograd_lite.tree import items
from autograd_lite.value import Node

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from autograd_lite.compiler.export.source import Source

__all__ = ["JaxFunction", "to_jax"]


def to_jax(f: Callable[..., Any], *args: Any) -> tuple[JaxFunction, dict[str, Any]]:
    """f as a function of JAX, and its parameters as arrays. See `autograd_lite.to_jax`."""
    try:
        from jax import numpy as jnp
    except ImportError as error:
        raise ImportError('to_jax needs JAX: pip install "autograd-lite[jax]"') from error
    source = export(f, "jax", *args)
    if source.exported.is_step:
        raise ExportError(
            said(
                f"to_jax: {source.exported.name} changes what it reads, as a step of training does",
                'Give the loss; export(f, "jax", ...) writes whole steps',
            )
        )
    names = argument_names(function_of(f), len(args))
    function = JaxFunction(source, list(zip(names, args, strict=True)))
    return function, {name: jnp.asarray(x) for name, x in source.parameters().items()}


class JaxFunction:
    """A pure function of JAX: (parameters, *arguments) -> what the exported function returns.

    source  the module that it runs

    parameters  {name: array}, as `to_jax` gives them
    arguments   those of the exported function that hold plain numbers, built as they were in the
                call that was recorded; Values in them are parameters, other things are left out

    Raises ValueError naming a parameter or an argument that is missing, or of another shape.
    """

    def __init__(self, source: Source, recorded: list[tuple[str, Any]]) -> None:
        """A function.

        recorded  (name, argument) of the call that was recorded
        """
        self.source = source
        exported = source.exported
        self.__name__, self.__doc__ = exported.name, exported.title
        self._known = {argument.name: argument for argument in exported.arguments}
        parts = {name: dict(self._parts(name, x)) for name, x in recorded}
        self._names = [name for name, held in parts.items() if self._known.keys() & held.keys()]
        if not recorded:  # it is the last call of a compiled function
            self._names = [*self._known]
        self._fixed = {
            key: thing
            for name in self._names
            for key, thing in parts.get(name, {}).items()
            if key not in self._known and not isinstance(thing, Node)
        }
        space: dict[str, Any] = {}
        exec(compile(source.text, f"<{exported.name} in JAX>", "exec"), space)
        self._function = space[function_name(exported)]

    def __repr__(self) -> str:
        return f"<JAX function {self.__name__}({', '.join(['parameters', *self._names])})>"

    def __call__(self, parameters: Mapping[str, Any], /, *arguments: Any) -> Any:
        self._check(parameters, self.__name__)
        given = self._given(arguments)
        if not self.source.exported.parameters:
            return self._function(*given)
        return self._function(parameters, *given)

    def from_jax(self, parameters: Mapping[str, Any]) -> None:
        """Write arrays back into the Values that the function reads: their `.data`.

        Raises ValueError naming a parameter that is missing, or of another shape; then nothing has
        been changed.
        """
        self._check(parameters, "from_jax")
        new: list[tuple[Any, float]] = []
        for p in self.source.exported.parameters:
            if p.values is None:
                raise ValueError(
                    f"from_jax: the Values of {p.name!r} are not known, as they were arguments of "
                    "a call that is over; pass the arguments to to_jax"
                )
            numbers = np.asarray(parameters[p.name], float).ravel().tolist()
            new += zip(p.values.flat, numbers, strict=True)
        for value, number in new:
            value.data = number

    def _check(self, parameters: Mapping[str, Any], who: str) -> None:
        """Raise an error if these are not arrays of the names and shapes of the parameters."""
        if not isinstance(parameters, Mapping):
            raise TypeError(
                f"{who}: the parameters must be a dict of arrays by name, as to_jax gives them, "
                f"not {type(parameters).__name__}"
            )
        expected = {p.name: p.shape for p in self.source.exported.parameters}
        for name in parameters:
            if name not in expected:
                raise ValueError(f"{who}: there is no parameter {name!r}; there are {[*expected]}")
        for name, shape in expected.items():
            if name not in parameters:
                raise ValueError(f"{who}: the parameter {name!r} is missing")
            if np.shape(parameters[name]) != shape:
                raise ValueError(
                    f"{who}: {name!r} has the shape {np.shape(parameters[name])}, not {shape}"
                )

    def _given(self, arguments: tuple[Any, ...]) -> list[Any]:
        """The arguments of the module's function, in order."""
        from jax import numpy as jnp

        if len(arguments) != len(self._names):
            raise TypeError(
                f"{self.__name__}: expected {', '.join(['parameters', *self._names])}, that is "
                f"{len(self._names) + 1} arguments, not {len(arguments) + 1}"
            )
        pairs = zip(self._names, arguments, strict=True)
        held = dict(part for name, x in pairs for part in self._parts(name, x))
        for name in self._fixed.keys() & held.keys():
            if not same(held[name], self._fixed[name]):
                raise ValueError(
                    f"{self.__name__}: {name} is {held[name]!r}, and {self._fixed[name]!r} in the "
                    "recorded call, which is one way through the function; record another one"
                )
        given = []
        for name, known in self._known.items():
            if name not in held:
                raise ValueError(f"{self.__name__}: the argument {name} is missing")
            x = jnp.asarray(held[name])
            shape = self.source.shapes.get(name, known.shape)
            if len(x.shape) != len(shape) or any(
                n != expected
                for n, expected in zip(x.shape, shape, strict=True)
                if not isinstance(expected, str)
            ):
                sizes = ", ".join(map(str, shape))
                raise ValueError(
                    f"{self.__name__}: {name} has the shape {x.shape}, and was recorded with "
                    f"({sizes}{',' * (len(shape) == 1)}); jax.vmap makes a function of batches"
                )
            is_float = jnp.issubdtype(x.dtype, jnp.inexact)
            given.append(x if known.integer or is_float else x.astype(float))
        return given

    def _parts(self, name: str, x: Any) -> Iterator[tuple[str, Any]]:
        """(name, thing) of what an argument holds: arguments of the module, and what is none."""
        entries = [] if identifier(name) in self._known else [*_entries(x)]
        for key, held in entries:
            yield from self._parts(f"{name}.{key}", held)
        if not entries:
            yield identifier(name), x


def _entries(x: Any) -> Iterator[tuple[Any, Any]]:
    """(name, thing) of what a container holds, as `arguments` names it."""
    if isinstance(x, dict):
        return iter(x.items())
    if hasattr(x, "_fields"):
        return zip(x._fields, x, strict=True)
    return ((path.strip(".[]"), held) for path, held in items(x))
