"""A mistake that a check found: a program that gave other numbers than its function, and where.

Nothing is looked into when it is found, as another run might move what the function reads unseen.
When the user asks, the call is recorded again, and run again with its nodes watched.
"""

from __future__ import annotations

import sys

from autograd_lite.anomaly import first_line, raised_at, user_line
from autograd_lite.compiler.check import Witness, difference
from autograd_lite.compiler.choice import all_close
from autograd_lite.compiler.messages import said
from autograd_lite.compiler.program import Program
from autograd_lite.value import number_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from autograd_lite.compiler.call import Call
    from autograd_lite.compiler.results import Run
    from autograd_lite.compiler.tape.tape import Tape
    from autograd_lite.value import Node

__all__ = ["Mistake"]


class Mistake:
    """A program that gave other numbers than its function, and the call at which it did.

    what  how the numbers differed, and at which call of the program
    """

    def __init__(self, program: Program, call: Call, differs: str) -> None:
        self.what = f"its program {differs}, at call {program.runs + 1} of the program"
        self._program, self._call = program, call

    def explain(self, function: Callable[..., Any]) -> str:
        """The first node that differs when the call is recorded and run again, and its line."""
        try:
            again, nodes = self._program.recorded_again(function, self._call)
            where = self._other_node(again) or self._other_number(function, again, nodes)
        except Exception as problem:
            where = said(
                f"recorded again, it raises {type(problem).__name__}: {problem}",
                line=raised_at(problem),
            )
        return f"{self.what}\n\n{where}"

    def _other_node(self, again: Program) -> str:
        """The first node that a new recording makes otherwise, or ""."""
        old, new = self._program.tape, again.tape
        rows = zip(_rows(old), _rows(new), strict=False)
        i = next((i for i, (x, y) in enumerate(rows) if x != y), min(len(old), len(new)))
        if i == len(old) == len(new):
            return ""
        found = str(old).splitlines()[i] if i < len(old) else "none"
        made = str(new).splitlines()[i] if i < len(new) else "no more nodes"
        line = next((again.lines_of[k] for k in range(i, len(new)) if k in again.lines_of), "")
        return said(
            f"recorded again, the call makes {made} where the program has {found}",
            _UNSEEN,
            line,
        )

    def _other_number(
        self, function: Callable[..., Any], again: Program, nodes: Iterable[tuple[str, Node]]
    ) -> str:
        """The first node to which the function itself, as it runs, gives another number."""
        eyes, call, programs = _Eyes(self._call), self._call, (again, self._program)
        runs = [p.forward(p.choice, call.flat, p.drawn(call)) for p in programs]
        before = again.writes.read() if again.changes else None
        try:
            result = eyes.checked(function)
            return self._parting(result, eyes, runs, programs, nodes, function)
        finally:
            if before is not None:
                again.writes.write(before)

    def _parting(
        self,
        result: Any,
        eyes: _Eyes,
        runs: list[Run],
        programs: tuple[Program, Program],
        nodes: Iterable[tuple[str, Node]],
        function: Callable[..., Any],
    ) -> str:
        """Where what the function gave, and the nodes that it made, part from two programs."""
        again, _ = programs
        recorded = iter([(line, node._op, number_of(node)) for line, node in nodes])
        for line, op, number in eyes.made_at:
            there = next((x for at, name, x in recorded if (at, name) == (line, op)), None)
            if there is None or not all_close([there], [number], 0.0):
                instead = "no such node" if there is None else f"{there:g}"
                return said(
                    f"the function computes {number:g} by {op!r} where its recording has {instead}",
                    _TOLD_APART,
                    line,
                )
        lines = [guard.line for guard in again.guards.guards]
        for program, run, why in zip(programs, runs, (_TOLD_APART, _UNSEEN), strict=True):
            differs = difference(program, run, self._call, result, eyes, gradients=True)
            if differs:
                which = "its recording" if program is again else "its program"
                return said(
                    f"no node differs, but {which} {differs}",
                    why,
                    (lines or [first_line(function)])[-1],
                )
        return "run again, the function gives what its program does: what differed has changed"


_TOLD_APART = "It does something else with the numbers than with what stands for them"
_UNSEEN = "What it reads there is nothing that a recording sees: pass it as an argument"


class _Eyes(Witness):
    """Notes (the user's line, the operation, the number) of each node, and calls nothing back."""

    told = True

    def __init__(self, call: Call) -> None:
        super().__init__(call)
        self._made = sys.maxsize
        self.made_at: list[tuple[str, str, float]] = []

    def made(self, node: Node) -> None:
        if not node.is_leaf:
            self.made_at.append((user_line(), node._op, number_of(node)))


def _rows(tape: Tape) -> list[Any]:
    """What is computed in each node of a tape."""
    parents = [tape.parents_of(i).tolist() for i in range(len(tape))]
    numbers = map(repr, tape.static.tolist())  # a NaN is equal to another one
    return [*zip(tape.codes.tolist(), parents, numbers, tape.slots.tolist(), strict=True)]
