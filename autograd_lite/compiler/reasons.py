"""Why a function cannot be recorded, or is recorded so often, and what to write instead."""

from __future__ import annotations

from autograd_lite.anomaly import raised_at
from autograd_lite.compiler.messages import said
from autograd_lite.compiler.record.flatten import Identity
from autograd_lite.compiler.record.tracers import Tracers
from autograd_lite.compiler.signature import FREE_IN_ALL

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from autograd_lite.compiler.call import Call
    from autograd_lite.compiler.record.guards import Guard

__all__ = ["failure", "other_statics", "so_many_programs"]

_TAKE = "Write take(table, i) for table[i], which reads the index anew at each call"


def failure(problem: Exception) -> str:
    """That the function fails on tracers: where, and what to write instead."""
    instead = "Compute it outside, and pass the result"
    if "math's functions" in str(problem):
        instead = "Write autograd_lite.exp for math.exp and the like, and x for float(x)"
    return said(
        "it fails on what stands for the numbers it is passed "
        f"({type(problem).__name__}: {problem})",
        instead,
        raised_at(problem),
    )


def so_many_programs(call: Call) -> str:
    """What makes so many programs of one signature necessary; "" if it has none."""
    n = call.signature.recordings
    ways = f"it took {n} different ways through its decisions on numbers, such as"
    if call.failed is not None:
        return said(f"{ways} this one", _instead_of(call.failed), call.failed.line)
    for program in call.signature.programs:
        changed = program.captured.changed()
        if not changed:
            return said(f"{ways} an index out of range")
        return said(
            f"it reads what changed before each of {n} recordings, such as {changed}",
            "Pass it as an argument",
        )
    return ""


def _instead_of(guard: Guard) -> str:
    """What to write instead of a decision that goes too many ways."""
    if guard.op == "is" and guard.integer:
        return _TAKE
    if guard.op == "is":
        return (
            "Write autograd_lite.exp for math.exp and the like, x for float(x), and a Value for "
            "its .data; or read the number outside"
        )
    if guard.op == "==":
        return "Decide it outside, and pass what was decided, such as a bool"
    return (
        "Write where(x > y, a, b) for a if x > y else b, or maximum, minimum, clip or "
        "largest, which decide anew at each call; or vmap a function of one element"
    )


def other_statics(
    function: Callable[..., Any],
    call: Call,
    signatures: Iterable[tuple[bytes, Any]],
    asked: Iterable[Guard | None],
) -> str:
    """What differs from signature to signature: ints, strings and objects, or lengths.

    signatures  (shape, statics) of each
    asked       the decisions that asked for ints of the arguments
    """
    shape = call.flat.shape.tobytes()
    like = [s for at, s in signatures if at == shape and list(s) != call.flat.statics]
    if not like:
        return said(
            f"its arguments are of more than {FREE_IN_ALL} kinds, such as lengths",
            "Pad them to a few lengths",
        )
    tracers = Tracers(call.flat)
    tracers.call(function)  # which names them
    rows = zip(call.flat.statics, like[-1], tracers.static_names, strict=True)
    differ = {static: name for static, other, name in rows if static != other}
    owners = " and ".join(dict.fromkeys(differ.values()))
    types = list(dict.fromkeys(map(_type_of, differ)))
    line = next((guard.line for guard in asked if guard is not None), "")
    if types == ["int"] and line:
        return said(
            f"it asks for each int of {owners}, so that it is recorded for each, such as here",
            f"{_TAKE}, or pass fewer different ints",
            line,
        )
    instead = "Compile a function for each of them, or pass it numbers"
    if {*types} <= {"bool", "ndarray"}:  # arrays of bools
        instead = "Pass 1 for True and 0 for False, and write where(b, x, y) for x if b else y"
    return said(
        f"it was recorded for many different values of {owners} (of type {', '.join(types)})",
        instead,
    )


def _type_of(static: tuple[type, Any]) -> str:
    cls, thing = static
    return type(thing.thing).__name__ if isinstance(thing, Identity) else cls.__name__
