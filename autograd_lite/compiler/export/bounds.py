"""What a recording's decisions say of the arguments of an export.

An export is one way through the function. A decision on an argument against a plain number, the
same for all its numbers, becomes a bound that the source checks, as of labels that must be within
their range. Any other one is refused, with the line that takes it.
"""

from __future__ import annotations

from dataclasses import replace
from math import ceil, floor, inf, nextafter

from autograd_lite.compiler.export.recorded import ExportError
from autograd_lite.compiler.messages import said
from autograd_lite.compiler.tape.opcodes import INDEX, LEAF

TYPE_CHECKING = False
if TYPE_CHECKING:
    from autograd_lite.compiler.export.exported import Argument
    from autograd_lite.compiler.program import Program
    from autograd_lite.compiler.record.guards import Guard

__all__ = ["bounded"]


class _Bound:
    """What a number must be: at least, at most, and not; and the last decision that said so."""

    def __init__(self) -> None:
        self.lowest, self.highest = -inf, inf
        self.holes: list[tuple[float, Guard]] = []
        self.guard: Guard | None = None

    def add(self, guard: Guard, number: float) -> None:
        """Note that x op number has this outcome."""
        op, outcome = guard.op, guard.outcome
        self.guard = guard
        if op == "==":
            self.holes.append((number, guard))
            return
        above = (op in (">", ">=")) == outcome
        strict = (op in ("<", ">")) == outcome
        if above:
            bound = nextafter(number, inf) if strict else number
            self.lowest = max(self.lowest, float(ceil(bound)) if guard.integer else bound)
        else:
            bound = nextafter(number, -inf) if strict else number
            self.highest = min(self.highest, float(floor(bound)) if guard.integer else bound)


def bounded(arguments: list[Argument], program: Program) -> list[Argument]:
    """The arguments with the bounds that the guards of a program give them.

    Raises ExportError naming a decision that is none on an argument as a whole.
    """
    tape = program.tape
    bounds: dict[int, _Bound] = {}
    owner = {int(slot): a for a in arguments for slot in a.slots.ravel()}
    integers = {
        int(i): int(s) for a in arguments for i, s in zip(a.indices.flat, a.slots.flat, strict=True)
    }
    written, constants = program.guards.written, program.guards.constants
    for k, guard in enumerate(program.guards.guards):
        if _is_of_python(guard, constants[k]):
            continue
        node, other = int(tape.outputs[written[3 * k]]), written[3 * k + 2]
        code, slot = tape.codes[node], int(tape.slots[node])
        slot = integers.get(slot, -1) if code == INDEX else slot if code == LEAF else -1
        is_range = guard.op in ("<", "<=", ">", ">=") or (guard.op == "==" and not guard.outcome)
        if slot not in owner or other >= 0 or not is_range:
            _refuse(program.name, guard)
        bounds.setdefault(slot, _Bound()).add(guard, constants[k])
    found = []
    for a in arguments:
        each = [bounds.get(int(slot), _Bound()) for slot in a.slots.ravel()]
        within = {(bound.lowest, bound.highest) for bound in each}
        guards = [bound.guard for bound in each if bound.guard]
        if len(within) > 1:
            _refuse(program.name, guards[0])
        for bound in each:
            for number, guard in bound.holes:
                if bound.lowest <= number <= bound.highest:
                    _refuse(program.name, guard)
        lowest, highest = within.pop() if within else (-inf, inf)
        found.append(replace(a, lowest=lowest, highest=highest))
    return found


def _is_of_python(guard: Guard, number: float) -> bool:
    """True of a decision that is for all numbers but those of which Python's own arithmetic raises
    an error, where that of other languages gives inf or nan: a divisor is 0, a float overflows, or
    a root of a negative number is taken; or an int is none that a double holds.
    """
    if guard.op in ("/", "**"):
        return guard.outcome == (guard.op == "**")
    largest = 2.0**53 if guard.integer else inf
    return guard.outcome and abs(number) == largest and guard.op == ("<" if number > 0 else ">")


def _refuse(name: str, guard: Guard) -> None:
    if guard.op == "is":
        what, instead = "reads a number", "Write autograd_lite's functions, as exp(x), of it"
        if guard.integer:
            instead = "Write take(table, i) for table[i]"
    else:
        what = "decides by a number"
        instead = (
            "Write where(condition, a, b), maximum or clip, which decide anew in each run, and "
            "largest(xs).data for max(x.data for x in xs)"
        )
    raise ExportError(
        said(f"export: {name} {what}, and an export goes one way only", instead, guard.line)
    )
