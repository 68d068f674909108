"""Guards: the decisions on numbers that hold for a recording."""

from __future__ import annotations

import operator
from math import inf, nan, nextafter
from typing import NamedTuple

from autograd_lite.anomaly import line_at

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

__all__ = ["HOLDS", "Guard", "as_double"]

HOLDS: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "/": operator.eq,
    "**": operator.gt,
    "is": lambda x, y: True,
}
"""Whether x op y holds for the numbers of the recorded call."""


class Guard(NamedTuple):
    """A decision that the recorded call took on numbers: x op y, or which number x was.

    op       "<", "<=", ">", ">=", "=="; "is" for a number that was read, "/" for whether a
             divisor is y, 0, and "**" for whether what is raised to a power is above y, 0
    outcome  True if x op y held
    draws    how many random numbers had been drawn
    place    where the user's line is that decided: file and line number
    integer  True if x is an integer
    """

    op: str
    outcome: bool
    draws: int
    place: tuple[str, int]
    integer: bool

    @property
    def line(self) -> str:
        """The user's line that decided: file, line number and text."""
        return line_at(self.place)


def as_double(op: str, y: Any) -> float:
    """The double with which x op y comes out as with the number y, whatever the double x."""
    try:
        number = float(y.real)  # of a complex number, too, to which x may be equal
    except OverflowError:
        number = inf if y > 0 else -inf
    if op == "==":
        return number if number == y else nan
    if number < y and op in ("<", ">="):
        return nextafter(number, inf)
    if number > y and op in ("<=", ">"):
        return nextafter(number, -inf)
    return number
