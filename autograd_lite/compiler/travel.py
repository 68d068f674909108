"""Programs that travel: to another process, or into a copy of a compiled function.

A program holds numbers and no code. What it is bound to besides, such as parameters and generators
of random numbers, is written as its place among the things that the function reaches, in the order
in which `Captures` finds them, and is looked up there on arrival. If the function reaches other
things there, or flags beside them have changed, the program is of no use and is dropped.
"""

from __future__ import annotations

import io
import pickle

from autograd_lite.compiler.record.generators import SHARED
from autograd_lite.operations.rules import RULES, TABLE, digest
from autograd_lite.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from autograd_lite.compiler.program import Program
    from autograd_lite.compiler.record.captured import Captures

__all__ = ["Parcel"]


class _Pickler(pickle.Pickler):
    def __init__(self, file: io.BytesIO, captures: Captures) -> None:
        super().__init__(file, pickle.HIGHEST_PROTOCOL)
        self._places: dict[int, int | str] = {id(x): i for i, x in enumerate(captures.things)}
        self._places |= {id(thing): name for name, thing in SHARED.items()}

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
        return SHARED[place] if isinstance(place, str) else self._captures.things[place]


class Parcel:
    """A program as bytes, and what must be the same where it is unpacked.

    rules      the table's digest, and of each of the user's own that it applies the code, the name,
               and whether the function leads to it
    signature  of what the function reaches

    The captures must be those of now, Values among them.

    Raises PicklingError naming what cannot travel.
    """

    def __init__(self, program: Program, captures: Captures) -> None:
        file = io.BytesIO()
        try:
            _Pickler(file, captures).dump(program)
        except (AttributeError, TypeError, pickle.PicklingError) as problem:
            raise pickle.PicklingError(str(problem)) from None
        self._content = file.getvalue()
        self._digest, self._own = digest(), _own_rules(program.tape.codes.tolist(), captures)
        self._signature = captures.signature()

    def unpacked(self, captures: Captures) -> Program | None:
        """The program bound to what the function reaches here; None if that is something else.

        captures  with Values among them
        """
        known = self._digest == digest() and self._own == _own_rules(self._own, captures)
        if not known or self._signature != captures.signature():
            return None
        try:
            program: Program = _Unpickler(io.BytesIO(self._content), captures).load()
        except (AttributeError, ImportError):  # a class of a result, say, is not there
            return None
        program.captures = captures
        return program


def _own_rules(codes: Iterable[int], captures: Captures) -> dict[int, tuple[str, bool]]:
    """Of those that users made, the names, and whether the function leads to them.

    A process may have two of one name, as of a function that arrived twice.
    """
    own = {code: RULES[code] for code in codes if TABLE <= code < len(RULES)}
    return {code: (rule.name, captures.leads_to(rule)) for code, rule in own.items()}
