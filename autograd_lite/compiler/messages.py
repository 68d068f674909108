"""How warnings and errors of compiled functions are written."""

from __future__ import annotations

import sys
import warnings

from autograd_lite.anomaly import is_ours

__all__ = ["counted", "said", "warn"]


def counted(n: int, noun: str) -> str:
    """The number and its noun: "1 scalar", "2 scalars"."""
    return f"{n} {noun}{'s' * (n != 1)}"


def said(what: str, instead: str = "", line: str = "") -> str:
    """What happened; then the user's line, on a line of its own; then what to write instead.

    line  the user's line, as `anomaly.user_line` gives it: file, number, and the code below
    """
    if line:
        return f"{what}:\n  {line}" + (f"\n{instead}" if instead else "")
    return f"{what}. {instead}" if instead else what


def warn(message: str) -> None:
    """A RuntimeWarning at the user's line that is running."""
    frame, level = sys._getframe(1), 2
    while frame.f_back and is_ours(frame):
        frame, level = frame.f_back, level + 1
    warnings.warn(message, RuntimeWarning, stacklevel=level)
