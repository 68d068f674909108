"""A progress bar for work that takes more than two seconds, on a terminal."""

from __future__ import annotations

import sys
from time import perf_counter

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Progress"]

PATIENCE = 2.0
"""So many seconds nothing is shown."""

EVERY = 0.1  # seconds
WIDTH = 30


class Progress:
    """A bar on stderr that names the stage of a work, and is gone after the block.

    Nothing is shown where stderr is no terminal.

    title   what is done
    stages  the names of the stages, in order
    """

    def __init__(self, title: str, stages: Sequence[str]) -> None:
        self._title, self._stages, self._stage = title, stages, 0
        self._next = perf_counter() + PATIENCE
        self._shown = 0  # characters
        stderr = sys.stderr
        self._out = stderr if stderr is not None and stderr.isatty() else None

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *exception: object) -> None:
        if self._out is not None and self._shown:
            self._out.write("\r" + " " * self._shown + "\r")
            self._out.flush()

    def begin(self, stage: str) -> None:
        """Begin a stage."""
        self._stage = self._stages.index(stage)
        self.tell(0.0)

    def tell(self, share: float) -> None:
        """Show that this share of the stage is done, from 0 to 1."""
        if self._out is None:
            return
        now = perf_counter()
        if now < self._next:
            return
        self._next = now + EVERY
        n = len(self._stages)
        filled = round(WIDTH * (self._stage + share) / n)
        bar = "#" * filled + "." * (WIDTH - filled)
        line = f"{self._title}: {self._stages[self._stage]} ({self._stage + 1} of {n}) [{bar}]"
        self._out.write("\r" + line.ljust(self._shown))
        self._out.flush()
        self._shown = max(self._shown, len(line))
