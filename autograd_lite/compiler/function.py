"""`compile`: a function that is recorded at its first call of a kind, and replayed after."""

from __future__ import annotations

import functools
import warnings
from collections import OrderedDict
from importlib import import_module
from pickle import PicklingError
from threading import RLock

from autograd_lite import blocks
from autograd_lite.compiler._flatten import Flat, flatten
from autograd_lite.compiler.captures import Captures
from autograd_lite.compiler.executors import EXECUTORS
from autograd_lite.compiler.lines import lines_of
from autograd_lite.compiler.program import Program
from autograd_lite.compiler.record import NotRecordedError, record
from autograd_lite.compiler.travel import Parcel
from autograd_lite.value import blocks_open

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any

    from autograd_lite.compiler.copies import Copies
    from autograd_lite.compiler.explain import Step
    from autograd_lite.compiler.record import Recording

__all__ = ["Compiled"]

_PLAIN = (int, float, complex, bool, str, bytes, type(None))

MOST_SHAPES = 64
"""How many kinds of arguments a compiled function remembers; the least recently used goes."""

MOST_VARIANTS = 8
"""How many recordings of one kind of arguments are kept; if all are needed, it runs eagerly."""


class Compiled:
    """A function of numbers and Values that runs as a recorded program.

    The first call with arguments of a kind (their nesting, lengths, ints and strings) is recorded;
    later ones replay it with their own numbers.
    """

    def __init__(self, function: Callable[..., Any], executor: str = "auto") -> None:
        if not callable(function):
            raise TypeError(f"compile: expected a function, not {type(function).__name__}")
        if executor not in EXECUTORS:
            known = ", ".join(map(repr, EXECUTORS))
            raise ValueError(f"compile: executor must be one of {known}, not {executor!r}")
        self.executor = executor
        functools.update_wrapper(self, function)
        self.__name__ = str(getattr(function, "__name__", type(function).__name__))
        self.function = function
        self.recordings = 0
        self._kinds: OrderedDict[Any, _Kind] = OrderedDict()
        self._parcels: dict[Any, list[Parcel]] = {}  # programs that came from elsewhere, by kind
        self._lock = RLock()

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if blocks_open() and blocks.observers():  # recorded in another, or watched: every node
            return self.function(*args, **kwargs)
        flat = Flat()
        flatten(args, flat)
        flatten(kwargs, flat)
        kind = self._kind((flat.shape.tobytes(), tuple(flat.statics)))
        held, result = kind.replayed(flat)
        if held:
            return result
        with self._lock:
            held, result = kind.replayed(flat)  # by now another thread may have recorded it
            if held:
                return result
            program = self._recorded(kind, flat)
        if program is None:
            return self.function(*args, **kwargs)
        held, result = program.run(flat)
        assert held, "a program's guards hold for the call that it was recorded from"
        return result

    def __get__(self, thing: Any, cls: type | None = None) -> Any:
        return self if thing is None else functools.partial(self, thing)

    def explain(self) -> str:
        """What the programs recorded so far compute, as operations on arrays where they are.

        Calls the function once more for the lines of what stayed scalar. Raises ValueError if
        there is no program.
        """
        return "\n\n".join(
            program.explain(functools.partial(lines_of, self.function))
            for program in self.programs()
        )

    def steps(self) -> tuple[list[Step], list[Step]]:
        """The forward and the backward steps of the last program, as operations on arrays.

        Partials stand in the steps that use them. Raises ValueError if there is no program.
        """
        last = self.programs()[-1]
        forward, backward = last.executor.lifted().steps(last.names)
        return [step for step in forward if step.text], [step for step in backward if step.text]

    def programs(self) -> Sequence[Program | Copies]:
        """What was recorded so far, with that of the last call last."""
        programs = [
            program
            for kind in self._kinds.values()
            for program in sorted(kind.programs, key=lambda p: p is kind.last)
        ]
        if not programs:
            raise ValueError(f"{self.__name__} has recorded nothing yet; call it first")
        return programs

    def __repr__(self) -> str:
        return f"<compiled {self.__name__}>"

    def __reduce__(self) -> tuple[Any, ...]:
        """By its name, as functions are, if that finds it; else by its function. And its programs.

        Warns of programs that cannot travel, such as one that draws from a lambda.
        """
        parcels = []
        for key, kind in self._kinds.items():
            captures = self._captures(key)
            for program in kind.programs:
                if program.captures.changed():
                    continue
                try:
                    parcels.append((_checked(key), Parcel(program, captures)))
                except PicklingError as problem:
                    warnings.warn(
                        f"a program of {self.__name__} does not travel, and will be recorded "
                        f"again: {problem}",
                        RuntimeWarning,
                        stacklevel=2,
                    )
        name = (
            getattr(self.function, "__module__", ""),
            getattr(self.function, "__qualname__", ""),
        )
        if _named(*name) is self:
            return _named, name, parcels
        return type(self), self._arguments(), parcels

    def _arguments(self) -> tuple[Any, ...]:
        """What another one like this is made of."""
        return self.function, self.executor

    def __setstate__(self, parcels: list[tuple[Any, Parcel]]) -> None:
        for key, parcel in parcels:
            self._parcels.setdefault(key, []).append(parcel)

    def _kind(self, key: Any) -> _Kind:
        """The kind of this key, a new one if need be."""
        try:
            self._kinds.move_to_end(key)
            return self._kinds[key]
        except KeyError:
            pass
        with self._lock:
            kind = self._kinds[key] = self._kinds.get(key) or _Kind(self._arrived(key))
            while len(self._kinds) > MOST_SHAPES:
                self._kinds.popitem(last=False)
            return kind

    def _arrived(self, key: Any) -> list[Program]:
        """The programs of a kind that came from another process or another copy."""
        if key not in self._parcels:
            return []
        captures = self._captures(key)
        programs = [parcel.unpacked(captures) for parcel in self._parcels.pop(key)]
        return [program for program in programs if program is not None]

    def _captures(self, key: Any) -> Captures:
        """What the function reaches now, with the Values."""
        _, statics = key
        return Captures(self._roots(statics), values=True)

    def _roots(self, statics: Iterable[tuple[type, Any]]) -> list[Any]:
        """What leads to all that the function may read besides numbers."""
        return [self.function, *(thing for _, thing in statics)]

    def _recorded(self, kind: _Kind, flat: Flat) -> Program | None:
        """A recording of the call as a program, which is kept; None if the call is to run eagerly.

        To be called while the lock is held.
        """
        if kind.eager:
            return None
        fit = [p for p in kind.programs if not p.captures.changed()]
        if len(fit) >= MOST_VARIANTS:
            self._give_up(kind, _too_many(fit))
            return None
        try:
            recording, captures = self._watched(flat)
            program = Program(recording, flat, self.__name__, self.executor)
        except NotRecordedError as problem:
            self._give_up(kind, str(problem))
            return None
        program.captures = captures
        self.recordings += 1
        others = [p for p in kind.programs if p not in fit]  # such as that for `model.eval()`
        kind.programs = [program, *fit, *others][:MOST_VARIANTS]
        kind.last = program
        return program

    def _watched(self, flat: Flat) -> tuple[Recording, Captures]:
        """A recording, and what the function read besides its arguments.

        A call that changes what it reads is recorded once more: then a cache that the first one
        filled is found filled. If it changes again, the function has a state of its own.
        """
        for _ in range(2):
            captures = Captures(self._roots(flat.statics))
            recording = record(self.function, flat, captures.things)
            changed = captures.changed()
            if not changed:
                return recording, captures
        raise NotRecordedError(
            f"each call changes {changed}, which a program would not; keep what changes outside, "
            "or write autograd_lite.callback"
        )

    def _give_up(self, kind: _Kind, reason: str) -> None:
        kind.eager = True
        warnings.warn(
            f"{self.__name__} runs eagerly from now on: {reason}",
            RuntimeWarning,
            stacklevel=4,
        )


class _Kind:
    """The programs for arguments of one kind: one for each way that decisions went.

    last   the one that ran last
    eager  whether the function is called instead
    """

    def __init__(self, programs: list[Program]) -> None:
        self.programs = programs
        self.last: Program | None = None
        self.eager = False

    def replayed(self, flat: Flat) -> tuple[bool, Any]:
        """Whether one of the programs is for these numbers, and what it gives."""
        for program in self.programs:
            if not program.captures.changed():
                held, result = program.run(flat)
                if held:
                    self.last = program
                    return True, result
        return False, None


def _named(module: str, name: str) -> Any:
    """What stands under this name in a module, or None."""
    thing: Any = import_module(module) if module else None
    for part in name.split("."):
        thing = getattr(thing, part, None)
    return thing


def _checked(key: Any) -> Any:
    """The key of a kind, if it is the same in every process."""
    _, statics = key
    for kind, thing in statics:
        if type(thing) not in _PLAIN:
            raise PicklingError(f"an argument of type {kind.__name__} is known by its identity")
    return key


def _too_many(programs: list[Program]) -> str:
    return (
        f"it took {len(programs)} different ways through its decisions on numbers, such as "
        f"the one at {programs[0].decisions()}. Write where, maximum, softmax or take instead, "
        "which decide anew at each call"
    )
