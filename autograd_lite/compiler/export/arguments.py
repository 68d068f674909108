"""The arguments of a recorded call as tensors: lists of one length are axes, all else is split."""

from __future__ import annotations

from math import prod

import numpy as np

import autograd_lite.kinds as kinds
from autograd_lite.compiler.record import tokens
from autograd_lite.compiler.record.flatten import Identity

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any, TypeAlias

    from autograd_lite.compiler.record.flatten import FlatArguments
    from autograd_lite.compiler.tape.ranges import Ints

__all__ = ["Part", "Slots", "fixed_in", "named_slots", "parts_of"]

Part: TypeAlias = "Slots | list[tuple[str, Any]] | Fixed"
"""Numbers; the parts of a container, by name; or what is the same in all calls."""


class Slots:
    """Numbers of one kind.

    at    [shape] the slot of each
    kind  as in `kinds`: NO_NUMBER of Values, INT, FLOAT, BOOL
    """

    def __init__(self, at: Ints, kind: int) -> None:
        self.at, self.kind = at, kind


class Fixed:
    """What is the same in all calls."""

    def __init__(self, thing: Any) -> None:
        self.thing = thing


def parts_of(flat: FlatArguments) -> tuple[list[Part], dict[str, Part]]:
    """The parts of each argument, by position and by keyword."""
    reader = _Reader(flat)
    reader.take(2)
    positional = reader.elements(flat.shape[1])
    _, n = reader.take(2)
    keys = [str(reader.fixed()) for _ in range(n)]
    return positional, dict(zip(keys, reader.elements(n), strict=True))


class _Reader:
    """Reads the shape of arguments, as `flatten` has written it."""

    def __init__(self, flat: FlatArguments) -> None:
        self._tokens, self._statics, self._slot = iter(flat.shape), iter(flat.statics), 0

    def take(self, n: int) -> list[int]:
        return [next(self._tokens) for _ in range(n)]

    def elements(self, n: int) -> list[Part]:
        return [self.part() for _ in range(n)]

    def fixed(self) -> Any:
        """The thing that the next static is."""
        part = self.part()
        assert isinstance(part, Fixed)
        return part.thing

    def part(self) -> Part:
        (token,) = self.take(1)
        if token == tokens.CLASS:
            next(self._statics)
            (token,) = self.take(1)
        if token > tokens.STATIC:
            kind = ~token
            return self._array(kind - tokens.ARRAY) if kind >= tokens.ARRAY else self._slots(kind)
        if token == tokens.STATIC:
            cls, thing = next(self._statics)
            if cls is np.ndarray:
                return Fixed(np.frombuffer(thing[3], thing[2]).reshape(thing[0]))
            return Fixed(thing.thing if isinstance(thing, Identity) else thing)
        (n,) = self.take(1)
        cls = self.fixed() if token == tokens.NAMED else None
        names = [str(self.fixed()) for _ in range(n)] if token == tokens.DICT else []
        elements = self.elements(n)
        if token == tokens.DICT:
            return list(zip(names, elements, strict=True))
        if cls is not None:
            fields = getattr(cls, "_fields", getattr(cls, "__dataclass_fields__", range(n)))
            return list(zip(map(str, fields), elements, strict=True))
        return _stacked(elements) or [(str(i), x) for i, x in enumerate(elements)]

    def _slots(self, kind: int, *shape: int) -> Slots:
        n = prod(shape)
        start, self._slot = self._slot, self._slot + n
        return Slots(np.arange(start, start + n).reshape(shape), kind & ~kinds.NUMPY)

    def _array(self, kind: int) -> Part:
        (n,) = self.take(1)
        shape = self.take(abs(n))
        self.take(max(-n, 0))  # the axes as they lie in memory: the numbers come in their own order
        if kind:
            return self._slots(kind, *shape)
        elements = self.elements(prod(shape))
        every = _stacked(elements)
        if every is None:
            return [(str(i), x) for i, x in enumerate(elements)]
        return Slots(every.at.reshape(shape), every.kind)


def _stacked(parts: list[Part]) -> Slots | None:
    """Parts of one shape and one kind as one more axis; None for others."""
    found = [part for part in parts if isinstance(part, Slots)]
    alike = len({(part.at.shape, part.kind) for part in found}) == 1
    if not alike or len(found) < len(parts):
        return None
    return Slots(np.stack([part.at for part in found]), found[0].kind)


def named_slots(name: str, part: Part, joint: str) -> Iterator[tuple[str, Slots]]:
    """(name, numbers) of all numbers in an argument of this name."""
    if isinstance(part, Slots):
        yield name, part
    elif isinstance(part, list):
        for key, held in part:
            yield from named_slots(f"{name}{joint}{key}", held, joint)


def fixed_in(name: str, part: Part) -> Iterator[tuple[str, Any]]:
    """(name, thing) of all that is the same in all calls."""
    if isinstance(part, Fixed):
        yield name, part.thing
    elif isinstance(part, list) and part and all(isinstance(x, Fixed) for _, x in part):
        yield name, [x.thing for _, x in part]
    elif isinstance(part, list):
        for key, held in part:
            yield from fixed_in(f"{name}_{key}", held)
