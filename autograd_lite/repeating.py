"""`repeat`: a loop as one writes it, whose body runs once."""

from __future__ import annotations

import sys
from collections import deque
from dis import get_instructions
from itertools import chain
from math import isnan

from autograd_lite.compiler.messages import said
from autograd_lite.compiler.record.captured import CapturedState
from autograd_lite.compiler.record.held import same
from autograd_lite.leaves import leaves, number
from autograd_lite.step import StepRecording, as_int, moves_on
from autograd_lite.value import Node

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import FrameType
    from typing import Any

__all__ = ["repeat"]


class repeat:
    """`for s in repeat(T, x=1.0, v=0.0): s.x, s.v = ...` runs the loop's body T times.

    The body runs once, on a state `s` of Values that stand for the numbers of x and v; that step is
    recorded, and run T times. After the loop, s.x and s.v are the results. What a body of `scan`
    may do, this one may, too; what each step changes has to be in s.

    Raises, when the body has run, what `scan` raises, and TypeError for a variable that the body
    changes besides. After `break` or `return` within the body, s raises RuntimeError, and what the
    body has computed is nan.
    """

    def __init__(self, n: int, /, **state: Any) -> None:
        self._n = as_int("repeat: the number of steps", n)
        if self._n < 0:
            raise ValueError(f"repeat: the number of steps must be 0 or more, not {self._n}")
        if not state:
            raise TypeError("repeat: name what the body changes: repeat(T, x=0.0)")
        self._given = state
        self._body: StepRecording | None = None
        self._state = State()

    def __iter__(self) -> repeat:
        return self

    def __next__(self) -> Any:
        frame = sys._getframe(1)
        if self._body is None:
            self._read = CapturedState(_named_in_loop(frame))
            if self._read.unseen:
                raise TypeError(moves_on("repeat", self._read.unseen))
            self._body = body = StepRecording("repeat", self._given, (), self._read.reached)
            self._locals = {name: _content(thing) for name, thing in frame.f_locals.items()}
            vars(self._state).update(body.carry)
            body.open()
            return self._state
        recording, self._body = self._body, None
        recording.close()
        after = dict(vars(self._state))
        try:
            self._check(after, frame.f_locals)
            step = recording.step(after, None)
            results = self._given
            if self._n:
                results, _ = step.run(self._given, [], self._n, None)
            vars(self._state).update(results)
        except BaseException:
            self._spoil()
            raise
        finally:
            recording.drop()
        raise StopIteration

    def _check(self, after: dict[str, Any], names: Mapping[str, Any]) -> None:
        for name in after.keys() - self._given.keys():
            raise TypeError(
                f"repeat: s.{name} is no state of the loop; write repeat(T, ..., {name}=...)"
            )
        for name, thing in self._locals.items():
            now = names.get(name)
            if now is self._state or _is_left_behind(thing[0]) or _same(thing, _content(now)):
                continue
            raise TypeError(
                f"repeat: the body changes {name}, but it runs once; make it a state of the "
                f"loop, repeat(T, ..., {name}={name}), or use another name for it"
            )
        changed = self._read.changed()
        if changed:
            raise TypeError(
                said(
                    f"repeat: the body changes {changed}, but it runs once",
                    "Make it a state of the loop; a cache has to be filled before",
                )
            )

    def _spoil(self) -> None:
        vars(self._state).clear()

    def __del__(self) -> None:
        recording = getattr(self, "_body", None)
        if recording is not None:  # left by break, return, or an error
            recording.close()
            recording.drop()
            self._spoil()


class State:
    """The state of a loop of `repeat`: an attribute for each number that it changes."""

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError(
            f"repeat: there is no s.{name}: the body of the loop was left before its end, by "
            "break, return or an error, and it runs only once. Write where(done, s.x, ...) to stop "
            "changing a state"
        )


def _content(thing: Any) -> Any:
    """What a variable holds, to see whether it changes: of a container, what is in it, too."""
    if type(thing) in (list, set, dict, deque):
        return thing, [*thing, *(thing.values() if isinstance(thing, dict) else ())]
    return thing, []


def _same(before: tuple[Any, list[Any]], after: tuple[Any, list[Any]]) -> bool:
    return (
        same(before[0], after[0])
        and len(before[1]) == len(after[1])
        and all(map(same, before[1], after[1]))
    )


def _is_left_behind(thing: Any) -> bool:
    """True of what an earlier loop's body left in its variables: a state, and nan."""
    if isinstance(thing, State):
        return True
    try:
        found = list(leaves(thing, ""))
    except TypeError:
        return False
    return bool(found) and all(isinstance(x, Node) and isnan(number(x)) for x in found)


def _named_in_loop(frame: FrameType) -> list[tuple[str, Any]]:
    """(name, thing) of the variables in the loop that begins where the frame stands."""
    instructions = [*get_instructions(frame.f_code)]
    at = [x for x in instructions if x.offset == frame.f_lasti and x.opname == "FOR_ITER"]
    if at:
        instructions = [x for x in instructions if at[0].offset < x.offset < at[0].argval]
    each = [x.argval if isinstance(x.argval, tuple) else (x.argval,) for x in instructions]
    names = {*chain.from_iterable(each)}
    space = {**frame.f_globals, **frame.f_locals}
    return [(f"the variable {name}", space[name]) for name in space if name in names]
