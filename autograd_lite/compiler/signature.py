"""A signature: the programs for the calls of one, and the limits to how many there may be."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from autograd_lite.compiler.program import Program

__all__ = ["DISTURBED", "FREE_IN_ALL", "FREE_PER_SIGNATURE", "Signature"]

FREE_PER_SIGNATURE, FREE_IN_ALL = 16, 64
"""So many recordings of a signature, and of a function, are free. Then every eighth call of a
signature may be recorded, and none if none of so many programs, and half as many more, ran again.
"""

DISTURBED = 3
"""So many recordings that saw random numbers drawn, perhaps by another thread, prove that it is the
function that draws them: workers of Dask draw from Python's generator once in a while.
"""


class Signature:
    """What is known of the calls of one signature. Each way that decisions went has a program.

    key         by what a function knows it
    programs    the programs, the newest first
    last        the program that ran last
    calls       the number of calls
    recordings  the number of programs that there have been
    limited     True if a call could not be recorded, as there had been so many
    eager       True if the function is called instead
    problem     why a recording failed, though the function itself may not, or ""
    unsettled   True if the last recording changed what the function reads
    disturbed   the number of recordings during which another thread may have drawn random numbers
    """

    def __init__(self, key: Any = None) -> None:
        self.key = key
        self.programs: list[Program] = []
        self.last: Program | None = None
        self.calls = self.recordings = self.disturbed = 0
        self.limited = self.eager = self.unsettled = False
        self.problem = ""

    def is_unproven(self) -> bool:
        """True for the second, fourth, eighth ... recording if no program has run again."""
        n = self.recordings + 1
        return n > 1 and not n & (n - 1) and all(program.runs == 1 for program in self.programs)

    def keep(self, program: Program) -> None:
        """Add a program; one whose captured state has changed may go for it, or that ran least."""
        program.runs = 1
        self.recordings += 1
        programs = self.programs
        if len(programs) >= FREE_PER_SIGNATURE:
            gone = min(programs[::-1], key=lambda p: 0 if p.captured.changed() else p.runs)
            programs = [p for p in programs if p is not gone]
        self.programs = [program, *programs]
        self.last = program
