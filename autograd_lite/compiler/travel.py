"""Programs that travel: to another process, or into a copy of a compiled function.

A program holds numbers and no code. What it is bound to besides, such as parameters and generators
of random numbers, is written as its place among the things that the function reaches, in the order
in which `Captures` finds them, and is looked up there on arrival. If the function reaches other
things there, or flags beside them have changed, the program is of no use and is dropped.
"""

from __future__ import annotations

import io
import pickle
import random

import numpy as np

from autograd_lite.rules import RULES, digest
from autograd_lite.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from autograd_lite.compiler.captures import Captures
    from autograd_lite.compiler.program import Program

__all__ = ["packed", "unpacked"]

# Generators of random numbers that all share.
_SHARED = {"random": random.random.__self__, "numpy": np.random.rand.__self__}  # type: ignore[attr-defined]


class _Pickler(pickle.Pickler):
    def __init__(self, file: io.BytesIO, captures: Captures) -> None:
        super().__init__(file, pickle.HIGHEST_PROTOCOL)
        self._places: dict[int, int | str] = {id(x): i for i, x in enumerate(captures.things)}
        self._places |= {id(thing): name for name, thing in _SHARED.items()}

    def persistent_id(self, thing: Any) -> Any:
        place = self._places.get(id(thing))
        if place is None and isinstance(thing, Value):
            name = f" {thing.label!r}" if thing.label else ""
            raise pickle.PicklingError(
                f"a Value{name} to which no global, closure or attribute of the function leads"
            )
        return place


class _Unpickler(pickle.Unpickler):
    def __init__(self, file: io.BytesIO, captures: Captures) -> None:
        super().__init__(file)
        self._captures = captures

    def persistent_load(self, place: Any) -> Any:
        return _SHARED[place] if isinstance(place, str) else self._captures.things[place]


def packed(program: Program) -> tuple[Any, bytes]:
    """The program as bytes, and what must be the same where they are unpacked.

    Raises PicklingError naming what cannot travel.
    """
    file = io.BytesIO()
    try:
        _Pickler(file, program.captures).dump(program)
    except (AttributeError, TypeError, pickle.PicklingError) as problem:
        raise pickle.PicklingError(str(problem)) from None
    return _circumstances(program.captures), file.getvalue()


def unpacked(parcel: tuple[Any, bytes], captures: Captures) -> Program | None:
    """The program bound to what the function reaches here; None if that is something else."""
    circumstances, content = parcel
    if circumstances != _circumstances(captures):
        return None
    program: Program = _Unpickler(io.BytesIO(content), captures).load()
    program.captures = captures
    return program


def _circumstances(captures: Captures) -> Any:
    """What the function reaches, and the operations that there are."""
    own = [(rule.code, rule.name) for rule in RULES if rule.derivative is not None]
    return digest(), own, captures.signature()
