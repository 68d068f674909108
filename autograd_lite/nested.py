"""The numbers and Values of nested arguments and results, in order, and the way back."""

# tree.py and leaves.py are imported where they are needed, as they would double the time that
# importing autograd_lite takes.
from __future__ import annotations

import sys

from autograd_lite import kinds, nary, observers, value
from autograd_lite.operations import kernels
from autograd_lite.plain import number_kind
from autograd_lite.value import Node, Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Any

    from autograd_lite.value import Operand

__all__ = ["Tree", "aligned", "array_of", "as_parameter", "described", "is_array"]

_is_leaf: Any = Node.is_leaf.__get__


class Tree:
    """A nested structure, as its numbers and Values in order, and the way back.

    leaves      the numbers and Values
    parameters  {k: leaf k} of those that are parameters of modules

    Raises TypeError for a leaf that has no derivatives, or with respect to which there are none.
    """

    def __init__(self, what: str, thing: Any, path: str, is_result: bool) -> None:
        self.leaves: list[Any] = []
        self.parameters: dict[int, Value] = {}
        self._what, self._is_result = what, is_result
        self._pieces: list[tuple[int, int, Any, str]] = []  # start, stop, array or None, its path
        self._rebuild = self._take(thing, path)

    def pieces(self) -> Iterator[tuple[int, int, tuple[int, ...] | None]]:
        """(start, stop, shape) among the leaves of each array, and of each number without shape."""
        for start, stop, array, _ in self._pieces:
            yield start, stop, None if array is None else array.shape

    def path(self, k: int) -> str:
        """The text that leads to leaf k in Python."""
        from autograd_lite.tree import array_paths

        for start, stop, array, path in self._pieces:
            if start <= k < stop:
                return path if array is None else path + array_paths(array.shape)[k - start]
        raise IndexError(f"there is no leaf {k} of {len(self.leaves)}")

    def built(self, pieces: Sequence[Any]) -> Any:
        """The structure with these in place of its arrays and numbers."""
        return self._rebuild(iter(pieces))

    def filled(self, leaves: Sequence[Any]) -> Any:
        """The structure with these in place of its leaves."""
        return self.built(
            [
                leaves[start] if array is None else array_of(leaves[start:stop], array.shape)
                for start, stop, array, _ in self._pieces
            ]
        )

    def _take(self, thing: Any, path: str) -> Callable[[Iterator[Any]], Any]:
        if type(thing) is float or isinstance(thing, Node):  # first: others are slow to ask for
            return self._piece([thing], None, path)
        from autograd_lite.tree import items, rebuild, rebuildable

        if thing is None and not self._is_result:
            return lambda pieces: None
        if is_array(thing):
            if thing.dtype.kind not in "fO" and not (self._is_result and thing.dtype.kind in "iu"):
                raise self._refuse(path, f"an array of {thing.dtype}")
            return self._piece(thing.ravel().tolist(), thing, path)
        if hasattr(type(thing), "_with_parameters"):
            parameters = thing.parameters()
            for p in parameters:
                self.parameters[len(self.leaves)] = p
                self._piece([p], None, path)
            return lambda pieces: thing._with_parameters(
                [as_parameter(p, next(pieces)) for p in parameters]
            )
        if rebuildable(thing):
            parts = [self._take(x, path + step) for step, x in items(thing)]
            return lambda pieces: rebuild(thing, [part(pieces) for part in parts])
        return self._piece([thing], None, path)

    def _piece(self, leaves: list[Any], array: Any, path: str) -> Callable[[Iterator[Any]], Any]:
        for i, x in enumerate(leaves):
            problem = self._problem(x)
            if problem and array is not None:
                from autograd_lite.tree import array_paths

                path += array_paths(array.shape)[i]
            if problem:
                raise self._refuse(path, problem)
        start = len(self.leaves)
        self.leaves += leaves
        self._pieces.append((start, len(self.leaves), array, path))
        return next

    def _problem(self, x: Any) -> str:
        """What x is, if it has no derivative; else ""."""
        if type(x) is float:
            return ""
        if isinstance(x, Node):
            kind = number_kind(x) & kinds.FLOAT
            if not number_kind(x) or kind == kinds.FLOAT or self._is_result:
                return ""
            return "a bool" if kind == kinds.BOOL else "an int"
        if not value.is_number(x) or type(x).__name__ in ("bool", "bool_"):
            return described(x)
        return "" if self._is_result or not _is_int(x) else f"an int, {x!r}"

    def _refuse(self, path: str, problem: str) -> TypeError:
        if self._is_result:
            return TypeError(f"{self._what}: {path} is {problem}, which has no derivative")
        hint = ""
        if problem.startswith("an int"):
            hint = "; write a float, as 2.0 for 2"
        elif problem.startswith(("an array of int", "an array of uint", "an array of bool")):
            hint = "; write array.astype(float)"
        if path.startswith("argument"):
            hint += "; for other arguments give argnums"
        return TypeError(
            f"{self._what}: {path} is {problem}, by which there is no derivative{hint}"
        )


def aligned(what: str, like: Any, thing: Any, path: str, other: str) -> list[Any]:
    """The leaves of a thing that must have the structure of another one.

    path, other  what the thing and the other one are called
    """
    from autograd_lite.tree import array_paths, items, rebuildable

    if is_array(like):
        shape = getattr(thing, "shape", None)
        if shape != like.shape:
            raise TypeError(
                f"{what}: {path} is {described(thing)}, but {other} is {described(like)}"
            )
        leaves: list[Any] = thing.ravel().tolist()
        if thing.dtype.kind not in "fiub":
            for step, x in zip(array_paths(shape), leaves, strict=True):
                _check_number(what, x, path + step, other + step)
        return leaves
    if hasattr(type(like), "_with_parameters"):
        if type(thing) is not type(like) or _names(thing) != _names(like):
            raise TypeError(
                f"{what}: {path} is {described(thing)}, but {other} is a module, "
                f"{described(like)} with other parameters"
            )
        return list(thing.parameters())
    if like is None:
        if thing is not None:
            raise TypeError(f"{what}: {path} is {described(thing)}, but {other} is None")
        return []
    if not isinstance(like, Node) and rebuildable(like):
        mine, others = items(like), dict(items(thing))  # of a dict, in any order
        if type(thing) is not type(like) or others.keys() != {step for step, _ in mine}:
            raise TypeError(
                f"{what}: {path} is {described(thing)}, but {other} is {described(like)}"
            )
        return [
            leaf
            for step, x in mine
            for leaf in aligned(what, x, others[step], path + step, other + step)
        ]
    _check_number(what, thing, path, other)
    return [thing if isinstance(thing, Node) else float(thing)]


def _check_number(what: str, x: Any, path: str, other: str) -> None:
    if not isinstance(x, Node) and not value.is_number(x):
        raise TypeError(f"{what}: {path} is {described(x)}, but {other} is a number")


def _names(module: Any) -> list[str]:
    return [name for name, _ in module.named_parameters()]


def as_parameter(parameter: Value, x: Operand) -> Value:
    """The node x as one like this parameter of a module."""
    if isinstance(x, Node) and type(x) is type(parameter):
        return x
    node = x if isinstance(x, Node) else Value(x)
    if not _is_leaf(node):  # its slots alone would not do: a block's result has a pullback, too
        node = nary.unary_of(kernels.POW_C, node, 1.0)
    made = parameter.__copy__()
    made._set_slots(node._get_slots())
    for observer in observers.active():
        observer.made(made)
    return made


def is_array(thing: Any) -> bool:
    return type(thing).__module__ != "builtins" and isinstance(thing, _array_types())


def _array_types() -> tuple[type, ...]:
    numpy = sys.modules.get("numpy")
    return () if numpy is None else (numpy.ndarray,)


def array_of(leaves: Sequence[Any], shape: tuple[int, ...]) -> Any:
    from autograd_lite.leaves import array_of

    return array_of(leaves, shape)


def _is_int(x: Any) -> bool:
    dtype = getattr(x, "dtype", None)
    return isinstance(x, int) if dtype is None else dtype.kind in "iu"


def described(x: Any) -> str:
    """What a thing is, for an error."""
    if is_array(x):
        return f"an array of shape {x.shape}"
    if isinstance(x, dict):
        return f"a {type(x).__name__} with the keys {list(x)}"
    if isinstance(x, (list, tuple)):
        return f"a {type(x).__name__} of {len(x)}"
    if isinstance(x, str):
        return f"a str, {x!r}"
    if x is None:
        return "None"
    name = type(x).__name__
    return f"{'an' if name[0] in 'aeiouAEIOU' else 'a'} {name}"
