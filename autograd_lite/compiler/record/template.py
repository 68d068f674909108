"""The template of a result: what a function returned, with a hole for each computed number."""

from __future__ import annotations

from array import array

import numpy as np

from autograd_lite.compiler.messages import said
from autograd_lite.compiler.record.arrays import TracerArray
from autograd_lite.compiler.record.flatten import Identity
from autograd_lite.compiler.record.numbers import number_type
from autograd_lite.compiler.record.tracers import NotRecordedError
from autograd_lite.nested import as_parameter
from autograd_lite.tree import children, rebuild, rebuildable
from autograd_lite.value import Node, number_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any


__all__ = [
    "Array",
    "Hole",
    "Made",
    "as_number",
    "compact",
    "is_no_number",
    "plain",
    "put_together",
    "taken_apart",
]


class Hole:
    """Stands in a template for result i: node i, or number i as a plain number.

    number  the type of the number; None for a node
    """

    __slots__ = ("i", "number")

    def __init__(self, i: int, number: Any = None) -> None:
        self.i, self.number = i, number


class Row:
    """Stands in a template for a list or a tuple of the results from start to stop, at once."""

    __slots__ = ("cls", "number", "start", "stop")

    def __init__(self, cls: type, number: Any, start: int, stop: int) -> None:
        self.cls, self.number, self.start, self.stop = cls, number, start, stop


class Array:
    """Stands in a template for an array of plain numbers.

    holes   an array of objects, holes and numbers
    number  the type of the numbers
    first   the index of the result in the first hole, if all numbers are doubles and the results
            follow one another; else -1
    """

    __slots__ = ("_known", "_n", "_where", "first", "holes", "number")

    def __init__(self, holes: Any, number: Any) -> None:
        self.holes, self.number, self.first = holes, number, -1
        held = holes.ravel().tolist()
        results = [x for x in held if type(x) is Hole]
        start, self._n = results[0].i, len(results)
        doubles = number == np.float64 and all(is_double(x.number) for x in results)
        if doubles and [x.i for x in results] == [*range(start, start + self._n)]:
            self.first = start
            known = np.array([0.0 if type(x) is Hole else x for x in held], np.float64)
            self._known = np.empty_like(holes, np.float64)
            self._known[...] = known.reshape(holes.shape)
            self._where = None  # where the holes are, unless one after the other in memory
            if self._n < holes.size or not holes.flags.c_contiguous:
                self._where = np.reshape([type(x) is Hole for x in held], holes.shape)

    def filled(self, numbers: array[float]) -> Any:
        """The array with all results taken at once: in numbers, if it can lie there; not if `first`
        is -1.
        """
        if self._where is None:
            return np.ndarray(self._known.shape, np.float64, numbers, 8 * self.first)
        new = self._known.copy("K")
        new[self._where] = np.frombuffer(numbers, np.float64, self._n, 8 * self.first)
        return new


class Made:
    """Stands in a template for a module that the function made.

    like        a module like it, of constants
    parameters  the template of each of its parameters
    """

    __slots__ = ("like", "parameters")

    def __init__(self, like: Any, parameters: list[Any]) -> None:
        self.like, self.parameters = like, parameters

    @classmethod
    def of(cls, module: Any, parameters: list[Any]) -> Made:
        """That of a module whose parameters these are templates of."""
        constants = [type(p)(number_of(p)) for p in module.parameters()]
        return cls(module._with_parameters(constants), parameters)

    def filled(self, parameters: list[Any]) -> Any:
        """The module with these parameters, or a template again if they are templates."""
        if any(type(x) is Hole for x in parameters):
            return Made(self.like, parameters)
        pairs = zip(self.like.parameters(), parameters, strict=True)
        return self.like._with_parameters([as_parameter(p, x) for p, x in pairs])


def taken_apart(thing: Any, hole: Callable[[Node], Hole], is_kept: Callable[[Any], bool]) -> Any:
    """The template of a result: a hole instead of each node, which is added to the results.

    hole     makes a hole for a node
    is_kept  True of a thing that comes as it is, and stands in the template as its `Identity`
    """
    if type(thing) is TracerArray:
        holes = taken_apart(thing.objects, hole, is_kept)
        return holes if thing.dtype == object else _array(holes, thing.dtype)
    if isinstance(thing, Node) and not is_kept(thing):
        return hole(thing)
    if is_kept(thing):
        return Identity(thing)
    if type(thing) in _PLAIN or isinstance(thing, np.generic):
        return thing
    if hasattr(type(thing), "_with_parameters"):
        return Made.of(thing, [taken_apart(p, hole, is_kept) for p in thing.parameters()])
    if not rebuildable(thing):
        raise NotRecordedError(
            said(
                f"it returns a {type(thing).__name__}, of which a recording cannot make another "
                "one for each call",
                "Return numbers, Values, and lists, tuples, dicts, arrays and dataclasses of them",
            )
        )
    template = rebuild(thing, [taken_apart(x, hole, is_kept) for x in children(thing)])
    if isinstance(template, dict):  # a number that is a key has been read for its hash
        parts = [(_key(key), part) for key, part in template.items()]
        template.clear()
        template.update(parts)
    return _in_one(template)


def plain(values: tuple[Any, ...]) -> tuple[Any, ...]:
    """The values with plain numbers in place of the nodes in them."""
    numbers: list[float] = []

    def hole(node: Node) -> Hole:
        numbers.append(number_of(node))
        return Hole(len(numbers) - 1, number_type(node) or float)

    found: tuple[Any, ...] = put_together(taken_apart(values, hole, is_no_number), (), numbers)
    return found


def is_no_number(thing: Any) -> bool:
    """True if a callback gets a thing as it is."""
    return type(thing) is not TracerArray and not isinstance(thing, Node) and not rebuildable(thing)


def _key(key: Any) -> Any:
    number = number_type(key) if isinstance(key, Node) else None
    return key if number is None else as_number(number, number_of(key))


def compact(template: Any) -> Any:
    """The template with fewer things in it, where results follow one another."""
    if type(template) is Hole or not rebuildable(template):
        return template
    return _in_one(rebuild(template, [compact(x) for x in children(template)]))


def _in_one(template: Any) -> Any:
    """A list or a tuple of results as one thing, where it can be that."""
    cls = type(template)
    if cls in (list, tuple) and template and all(type(part) is Hole for part in template):
        start, stop, number = template[0].i, template[0].i + len(template), template[0].number
        row = [hole.i for hole in template if hole.number is number]
        if row == list(range(start, stop)):
            return Row(cls, number, start, stop)
    return template


def _array(holes: Any, number: Any) -> Any:
    """The template of an array of numbers, or the array itself where they are known."""
    return Array(holes, number) if _has_hole(holes) else holes.astype(number)


def put_together(template: Any, nodes: Sequence[Any], numbers: Sequence[Any]) -> Any:
    """The result of a template, with a node or a number in each hole.

    With holes for nodes and numbers, it is a template again. An `array` of numbers belongs to the
    result from now on, whose arrays may lie in it.
    """
    cls = type(template)
    if cls is Hole:
        i, number = template.i, template.number
        return nodes[i] if number is None else as_number(number, numbers[i])
    if cls is Row:
        row, number = slice(template.start, template.stop), template.number
        if number is None:
            return template.cls(nodes[row])
        found = numbers[row]
        if number is not float or type(found[0]) is not float:
            found = [as_number(number, x) for x in found]
        return template.cls(found)
    if cls in _PLAIN:
        return template
    if cls is tuple or cls is list:
        return cls([put_together(x, nodes, numbers) for x in template])
    if cls is Identity:
        return template.thing
    if cls is Made:
        return template.filled([put_together(x, nodes, numbers) for x in template.parameters])
    if cls is Array and template.first >= 0 and type(numbers) is array:
        return template.filled(numbers)
    holes = template.holes if cls is Array else template
    found = rebuild(holes, [put_together(x, nodes, numbers) for x in children(holes)])
    return _array(found, template.number) if cls is Array else found


def as_number(cls: Any, number: Any) -> Any:
    """A number that a program gives, as a plain number of this type."""
    if type(number) is Hole:
        return Hole(number.i, cls)
    if is_double(cls):  # as mostly
        return cls(number)
    return cls(round(number)) if is_whole(cls) else cls(number)


def is_double(cls: Any) -> bool:
    """True if all numbers of a type are doubles."""
    return cls is float or cls is np.float64


def is_whole(cls: Any) -> bool:
    """True if all numbers of a type are whole; None is the type of a node."""
    return cls is not None and issubclass(cls, (int, np.integer, np.bool_))


def _has_hole(objects: Any) -> bool:
    return any(type(x) is Hole for x in objects.flat)


_PLAIN = (int, float, complex, bool, str, bytes, type(None), range)
