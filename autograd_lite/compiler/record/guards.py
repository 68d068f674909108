"""Guards: the decisions on numbers that hold for a recording."""

from __future__ import annotations

from math import inf, nan, nextafter
from typing import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["Guard", "as_double"]


class Guard(NamedTuple):
    """A decision that the recorded call took on numbers: x op y, or which number x was.

    x, y     nodes, or in a program the indices of outputs; y is a float where it was a number
    op       "<", "<=", ">", ">=", "!=", "==", or "is" for a number that was read
    outcome  True if x op y held
    draws    how many random numbers had been drawn
    line     the user's line that decided
    integer  True if x is an integer that was passed
    """

    x: Any
    op: str
    y: Any
    outcome: bool
    draws: int
    line: str
    integer: bool


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
