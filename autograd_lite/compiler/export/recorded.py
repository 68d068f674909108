"""One recording of a function for an export: all is as before, but for what the function caches.

What no language of another machine can have is refused here, by name: an export computes what the
recording computes, and nothing that was read once may stand in it unseen.
"""

from __future__ import annotations

from autograd_lite.callables import name_of
from autograd_lite.compiler.call import Call
from autograd_lite.compiler.function import Compiled
from autograd_lite.compiler.messages import counted, said
from autograd_lite.compiler.program import Program
from autograd_lite.compiler.record.captured import CapturedState
from autograd_lite.compiler.record.flatten import FlatArguments, Identity, flatten_call
from autograd_lite.compiler.record.moving import MovingInts
from autograd_lite.compiler.record.recorder import SilentRecorder, record
from autograd_lite.compiler.record.tracers import NotRecordedError
from autograd_lite.operations.rules import RULES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from autograd_lite.compiler.record.recorder import Recording

__all__ = ["ExportError", "recorded", "recorded_again"]

_PROBLEMS = (TypeError, AttributeError, LookupError, ValueError, NotImplementedError)


class ExportError(ValueError):
    """A function cannot be exported; the message says why, and what to write instead."""


def recorded(f: Callable[..., Any], args: tuple[Any, ...]) -> tuple[Program, FlatArguments]:
    """The program of a call of f, which changes nothing, and the arguments taken apart.

    Ints are data, unless the function asks what each of them is, as `range(k)` does.

    Raises ExportError for what cannot be exported, and what f raises.
    """
    function = function_of(f)
    ints = MovingInts()
    ints.names = frozenset(range(len(args)))
    while True:
        flat = flatten_call(args, {}, ints.names)
        try:
            program, recording = _recorded(function, name_of(f), flat)
        except (ExportError, *_PROBLEMS):
            if ints.stop(flat):
                continue
            raise
        if not ints.read(flat, recording):
            return program, flat


def recorded_again(f: Compiled) -> tuple[Program, FlatArguments]:
    """`recorded`, with the arguments of the last call of a compiled function.

    Raises ExportError if it has not been called.
    """
    try:
        last = f.programs()[-1]
    except ValueError as problem:
        raise ExportError(f"export: {problem}, or pass its arguments to export") from None
    if not isinstance(last, Program):
        raise ExportError(f"export: pass a batch for {f.__name__}, after the language")
    flat = last.example.flat
    return _recorded(f.function, f.__name__, flat)[0], flat


def function_of(f: Callable[..., Any]) -> Callable[..., Any]:
    """The function that is recorded: of a compiled one its own; one of `vmap` is a loop there."""
    if not callable(f):
        raise TypeError(f"export: expected a function, not {type(f).__name__}")
    return f.function if type(f) is Compiled else f


def _recorded(
    function: Callable[..., Any], name: str, flat: FlatArguments
) -> tuple[Program, Recording]:
    for _ in range(2):  # a function may fill a cache at its first call
        program, recording, changed = _once(function, name, flat)
        if not changed:
            break
    else:
        raise ExportError(
            said(
                f"export: each call of {name} changes {changed}, which an export would not",
                "Keep what changes outside, or in a Value",
            )
        )
    _refuse(program, recording)
    return program, recording


def _once(
    function: Callable[..., Any], name: str, flat: FlatArguments
) -> tuple[Program, Recording, str]:
    """A program, its recording, and what the call has changed of what the function reads."""
    things = [x.thing if isinstance(x, Identity) else x for _, x in flat.statics]
    roots = [(name, function), *[("an argument", x) for x in things]]
    before = CapturedState(roots)
    call = Call(None, flat, (), {})
    recorder = SilentRecorder(before.reached, call.draw, steps=True)
    ledger = recorder.recording.ledger
    try:
        recording = record(function, flat, recorder)
        changed = before.changed(CapturedState(roots))
        if recording.why_not:
            raise NotRecordedError(recording.why_not)
        call.all_drawn([draw.number for draw in recording.draws])
        return Program(recording, before, call, name, "interpret"), recording, changed
    except NotRecordedError as problem:
        raise ExportError(f"export: {name} cannot be recorded: {problem}") from None
    finally:
        ledger.undo()
        ledger.close()
        recorder.generators.put_back()


def _refuse(program: Program, recording: Recording) -> None:
    """Raise ExportError for what is no arithmetic."""
    name, tape = program.name, program.tape
    if tape.blocks:
        found = ", ".join(dict.fromkeys(block.name for block in tape.blocks))
        raise ExportError(
            said(
                f"export: {name} computes with {found}, which no export has yet",
                "Write a loop in Python, whose steps are recorded one after the other",
            )
        )
    nodes, _ = tape.user_results()
    if len(nodes):
        users = ", ".join(dict.fromkeys(RULES[code].name for code in tape.codes[nodes].tolist()))
        raise ExportError(
            said(
                f"export: {name} uses {users}, an operation in Python that no other language has",
                "Write it with the functions of autograd_lite; a schedule takes its step outside",
            )
        )
    if recording.calls:
        called = ", ".join(dict.fromkeys(name_of(call.function) for call in recording.calls))
        raise ExportError(
            said(
                f"export: {name} calls back {called}, which is Python",
                "Return the numbers instead; call eval() of a network that has BatchNorm",
            )
        )
    if recording.draws:
        raise ExportError(
            said(
                f"export: {name} draws {counted(len(recording.draws), 'random number')}",
                "Pass them as an argument; call eval() of a network that has Dropout",
            )
        )
