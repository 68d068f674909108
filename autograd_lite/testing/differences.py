"""The slope of a function of one number from its values, and a bound on the error of that slope.

Central differences (f(h) - f(-h)) / 2h at steps h and h/2, refined by Richardson's extrapolation.
How far two steps disagree on the slope, and on the jump between the slopes of the two sides, tells
how exact they are; where they disagree other steps are tried. At a kink the jump stays, however
small the step.
No slope can be known better than the noise of the values allows, which is measured, too.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from itertools import pairwise
from typing import NamedTuple

# Steps as powers of the machine epsilon: the cube root first, where the errors of truncation and
# of rounding balance; then smaller ones, which see past a kink nearby, and last, if the errors are
# those of rounding, larger ones.
FIRST = 4 / 12
SMALLER = (5 / 12, 6 / 12, 7 / 12)
WIDE = 2 / 12
LARGER = (1 / 12, WIDE, 3 / 12)

SPACINGS = (21 / 24, 17 / 24, 13 / 24, 9 / 24, 5 / 24)
"""Distances between the values that tell noise, as powers of epsilon too, from fine to coarse. None
is a power of 2, whose multiples a rounded sum may carry exactly."""

DOUBT = 4.0
"""The multiple of its estimated error that a difference may be off by."""


class Slope(NamedTuple):
    """The slope of a function at 0.

    kind   "number", "infinite", "kink", "step", or "unclear" where the steps tell no tale
    value  the slope
    error  a bound on its error, as far as the steps can tell
    left, right    the slopes of the two sides at the smallest step that was tried
    tries  (value, error) by each step, where the slope is unclear
    """

    kind: str
    value: float
    error: float
    left: float
    right: float
    tries: tuple[tuple[float, float], ...] = ()

    def allows(self, number: float) -> bool:
        """True if the steps that were tried cannot tell the slope from this number.

        The most exact step decides if all others agree with it, or else any that allows the
        number. At a kink, the number must lie between the slopes of the two sides.
        """
        if self.kind == "kink":
            low, high = sorted((self.left, self.right))
            return low - self.error <= number <= high + self.error
        best = (self.value, self.error)
        agree = not any(
            abs(value - self.value) > DOUBT * (error + self.error) for value, error in self.tries
        )
        return any(
            abs(number - value) <= DOUBT * error
            for value, error in ([best] if agree else self.tries)
        )


class _Rung(NamedTuple):
    """The slope by one step h and its half."""

    h: float
    value: float
    error: float
    left: float
    right: float

    @property
    def jump(self) -> float:
        return self.right - self.left

    def explained(self, rounding: float) -> bool:
        """True if rounding alone may make the error."""
        return self.error < 6 * rounding / self.h

    @property
    def sides(self) -> list[float]:
        return [side for side in (self.left, self.right) if math.isfinite(side)]

    @property
    def slope(self) -> float:
        return sum(self.sides) / len(self.sides) if self.sides else math.nan

    @property
    def steepest(self) -> float:
        return max(map(abs, self.sides), default=math.nan)


def first_slope(
    g: Callable[[float], float], scale: float, epsilon: float, rounding: float
) -> Slope:
    """The slope of g at 0 by the first step alone; the arguments are those of `slope`.

    Where g is flat a wider step is taken, as this may be one stair of many.
    """
    first = _rung(g, scale * epsilon**FIRST, rounding)
    if first.left == first.right == 0.0:
        first = _rung(g, scale * epsilon**WIDE, rounding)
    return Slope("number", first.value, first.error, first.left, first.right)


def slope(
    g: Callable[[float], float],
    scale: float,
    epsilon: float,
    rounding: float,
    accept: Callable[[float, float], bool],
) -> Slope:
    """The slope of g at 0.

    scale     the size of the numbers that g's argument is added to; steps are relative to it
    epsilon   the precision that g is computed in
    rounding  the error of a value of g
    accept    the function that tells whether (slope, error) is exact enough to stop
    """

    def rung(power: float) -> _Rung:
        return _rung(g, scale * epsilon**power, rounding)

    rungs: list[_Rung] = []
    for power in (FIRST, *SMALLER):
        rungs.append(rung(power))
        best = min(rungs, key=lambda r: r.error)
        if accept(best.value, best.error):
            return Slope("number", best.value, best.error, best.left, best.right)
    if kind := _singular(rungs, rounding):
        last = rungs[-1]
        value = math.copysign(math.inf, last.slope) if kind == "infinite" else last.slope
        error = 4 * rounding / last.h + abs(last.jump - rungs[-2].jump)
        return Slope(kind, value, error, last.left, last.right)
    rungs = _raised(rungs, rounding)
    near = best = min(rungs, key=lambda r: r.error)
    if near.explained(rounding):
        for wide in _raised([rung(power) for power in LARGER] + rungs, rounding):
            if wide.error < best.error and abs(wide.value - near.value) <= DOUBT * near.error:
                best = wide
    kind = "number" if accept(best.value, best.error) else "unclear"
    tries = tuple((r.value, r.error) for r in (*rungs, best))
    return Slope(kind, best.value, best.error, best.left, best.right, tries)


def noise(g: Callable[[float], float], spacings: Iterable[float]) -> float:
    """The noise of g's values near 0, as their fourth differences show it; nan if they do not.

    These are next to nothing for a smooth function at small distances; of independent errors with
    the standard deviation s their variance is 70 s². Distances at which half of the neighbours are
    equal, such as those on the flat side of a kink, do not tell, and large ones see more than
    noise. So it is the least that two neighbouring distances have in common.

    Source: Moré and Wild, "Estimating computational noise", SIAM J. Sci. Comput. 33 (2011).
    """
    found = []
    for apart in spacings:
        column = [y for y in (g(k * apart) for k in range(-6, 7)) if math.isfinite(y)]
        equal = sum(one == other for one, other in pairwise(column))
        if len(column) > 6 and 2 * equal < len(column) - 1:
            for _ in range(4):
                column = [b - a for a, b in pairwise(column)]
            found.append(math.hypot(*column) / math.sqrt(70 * len(column)))
    return 2 * min(map(max, pairwise(found)), default=max(found, default=math.nan))


def _rung(g: Callable[[float], float], h: float, rounding: float) -> _Rung:
    middle = g(0.0)
    half = h / 2
    right, left = (g(h) - middle) / h, (middle - g(-h)) / h
    right_half, left_half = (g(half) - middle) / half, (middle - g(-half)) / half
    if all(map(math.isfinite, (right, left, right_half, left_half))):
        whole, refined = (right + left) / 2, (right_half + left_half) / 2
        # The slope of a smooth function differs by O(h^2) between the steps; the jump from left
        # to right halves with the step.
        jump, jump_half = right - left, right_half - left_half
        error = max(abs(whole - refined), abs(jump_half - jump / 2))
        value = (4 * refined - whole) / 3
    else:  # the edge of the domain: one side only
        sides = [(right, right_half), (left, left_half)]
        sides = [side for side in sides if all(map(math.isfinite, side))]
        if len(sides) != 1:
            return _Rung(h, math.nan, math.inf, left_half, right_half)
        whole, refined = sides[0]
        error, value = abs(whole - refined), 2 * refined - whole
    return _Rung(half, value, error + 4 * rounding / h, left_half, right_half)


def _raised(rungs: list[_Rung], rounding: float) -> list[_Rung]:
    """The rungs, each with the error of a smaller step if that is much larger, and no rounding.

    Errors grow as the step shrinks where all that the function does lies within the step: a large
    step sees both sides of it only, and little of the slope.
    """
    raised, worst = [], 0.0
    for rung in reversed(rungs):
        raised.append(rung._replace(error=worst) if worst > DOUBT * rung.error else rung)
        if not rung.explained(rounding):
            worst = max(worst, rung.error)
    return raised[::-1]


def _singular(rungs: list[_Rung], rounding: float) -> str:
    """The kind of slope, where no two shrinking steps agree: "kink", "step", "infinite" or ""."""
    first, last = rungs[0], rungs[-1]
    slopes = [rung.slope for rung in rungs]
    growing = all(abs(b) > 1.2 * abs(a) and a * b > 0 for a, b in pairwise(slopes))
    # The sides grow as well; beside a kink that is near only their average does.
    clear = last.steepest > 4 * first.steepest and abs(last.slope) * last.h > 8 * rounding
    if growing and clear:
        # The function rises by slope * h, which shrinks with h unless it is a step.
        shrinks = abs(last.slope * last.h) < 0.5 * abs(first.slope * first.h)
        return "infinite" if shrinks else "step"
    jumps = [rung.jump for rung in rungs]
    one_sign = all(jump > 0 for jump in jumps) or all(jump < 0 for jump in jumps)
    lasting = abs(jumps[-1]) > max(0.5 * abs(jumps[0]), 8 * rounding / last.h)
    return "kink" if one_sign and lasting else ""
