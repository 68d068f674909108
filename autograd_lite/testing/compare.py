"""Derivatives along lines through the inputs, compared with slopes of the function."""

from __future__ import annotations

import math
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from autograd_lite import Value
from autograd_lite.observers import observe
from autograd_lite.testing.arguments import DOUBLE
from autograd_lite.testing.checked import Checked
from autograd_lite.testing.differences import (
    DOUBT,
    FIRST,
    SPACINGS,
    Slope,
    first_slope,
    noise,
    slope,
)
from autograd_lite.testing.locate import Fault, derived_otherwise, parting
from autograd_lite.testing.report import Exclusion, Report
from autograd_lite.testing.rounding import PASSES, RoundedAnew

SMALLEST = sys.float_info.min / DOUBLE
"""Inputs below are too small for steps relative to them, which would be 0 or hardly differ."""

ULPS = tuple(4**k for k in range(11))
"""The distances, in floats, at which a function is looked at where steps seem too coarse."""

NEARBY = 64
"""How many inputs nearby are looked at where the derivative at a kink is that of neither side."""


class Direction(NamedTuple):
    """A line through the inputs.

    by     the name of the line
    steps  (place of an input, how far the input moves) for each input that moves
    scale  the size that steps along the line are relative to
    """

    by: str
    steps: tuple[tuple[int, float], ...]
    scale: float

    def along(self, gradient: Sequence[float]) -> float:
        return sum(gradient[i] * step for i, step in self.steps)

    def moved(self, numbers: Sequence[float], t: float) -> list[float]:
        moved = list(numbers)
        for i, step in self.steps:
            moved[i] += t * step
        return moved


class Traced(NamedTuple):
    """What a derivative is of, and along which line.

    output    its name
    made      the function that gives it at these inputs, as a Value; None if there is no graph
    as_nodes  True if the derivative is made of nodes, as one is that is differentiated further
    """

    output: str
    line: Direction
    made: Callable[[Sequence[float]], Any] | None
    as_nodes: bool


class Comparison(ABC):
    """Numbers that depend on the inputs, whose derivatives are compared with their slopes.

    checked    the function at its inputs
    outputs    the name of each number
    y          the numbers
    roundings  the error of each
    against    what the slopes are differences of
    """

    against = "differences"

    def __init__(self, checked: Checked, outputs: list[str], y: list[float]) -> None:
        self.checked, self.outputs, self.y = checked, outputs, y
        self.epsilon, self.x = checked.epsilon, checked.x
        self.roundings = [self.epsilon / 2 * abs(number) for number in y]
        self.excluded: list[Exclusion] = []
        self.compared = self.tiny = 0
        self.worst = 0.0

    # ----------------------------------------------------------------- what is compared

    @abstractmethod
    def evaluated(self, numbers: Sequence[float]) -> list[float]:
        """The numbers at other inputs; nan where there are none."""

    @abstractmethod
    def derivatives(self, line: Direction) -> dict[str, list[float]]:
        """The derivative of each number along the line, by the name of each mode."""

    @abstractmethod
    def derivative_at(self, mode: str, i: int, line: Direction, numbers: Sequence[float]) -> float:
        """The derivative of number i along the line at other inputs."""

    @abstractmethod
    def follows(
        self, mode: str, i: int, line: Direction, derivative: float, moves: list[float]
    ) -> float:
        """How far number i goes by its derivative as the inputs move, about along the line."""

    @abstractmethod
    def traced(self, mode: str, i: int, line: Direction) -> Traced:
        """What was differentiated to get the derivative."""

    # ------------------------------------------------------------------------ comparisons

    def run(self, coordinates: bool, directions: int) -> Report:
        """Compare along each input, if so desired, and along random directions."""
        __tracebackhide__ = True
        names = self.checked.arguments.names
        for i in range(len(names) if coordinates else 0):
            self.compare_along(self.coordinate(i))
        apart = {exclusion.by for exclusion in self.excluded}
        smooth = [i for i, name in enumerate(names) if name not in apart]
        if len(smooth) > 1 or not coordinates:
            for k in range(directions):
                self.compare_along(self.random_direction(k, smooth))
        return Report(self.compared, self.tiny, self.worst, tuple(self.excluded))

    def coordinate(self, i: int) -> Direction:
        """The line along which input i moves alone."""
        return Direction(self.checked.arguments.names[i], ((i, 1.0),), max(1.0, abs(self.x[i])))

    def random_direction(self, k: int, places: list[int]) -> Direction:
        """A random direction in which each input moves by a share of its own size."""
        steps = [self.checked.random.gauss(0.0, 1.0) for _ in places]
        length = math.sqrt(sum(s * s for s in steps))
        sizes = [max(1.0, abs(self.x[i])) for i in places]
        moves = zip(
            places, (s / length * size for s, size in zip(steps, sizes, strict=True)), strict=True
        )
        return Direction(f"direction {k}", tuple(moves), 1.0)

    def compare_along(self, line: Direction) -> None:
        """Compare the derivative of each number along the line."""
        __tracebackhide__ = True
        known = {0.0: self.y}
        modes = self.derivatives(line)

        def numbers_at(t: float) -> list[float]:
            if t not in known:
                known[t] = self.evaluated(line.moved(self.x, t))
            return known[t]

        for i in range(len(self.y)):

            def g(t: float, i: int = i) -> float:
                return numbers_at(t)[i]

            reason = ""
            found = []
            for mode, derivatives in modes.items():
                verdict, of = self.verdict_along(g, mode, i, line, derivatives[i])
                if verdict == "wrong":
                    self.fail(mode, i, line, derivatives[i], of)
                found.append((derivatives[i], of))
                if verdict != "compared" and not reason:
                    reason = verdict
                    numbers = derivatives[i], of.left, of.right
            if reason:
                self.excluded.append(Exclusion(self.outputs[i], line.by, reason, *numbers))
            else:
                self.count(found)

    def verdict_along(
        self, g: Callable[[float], float], mode: str, i: int, line: Direction, derivative: float
    ) -> tuple[str, Slope]:
        """The verdict over the derivative of number i, which is g along the line, and the slope."""
        sizes = [abs(self.x[k]) for k, _ in line.steps]
        least = min((size for size in sizes if size), default=0.0)
        if not (math.isfinite(max(sizes)) and math.isfinite(self.y[i])):
            return "not finite", NOWHERE
        verdict, found = self.judged(g, i, (line.scale, least), derivative)
        if verdict == "wrong" and SMALLEST < least < 1.0:
            # What is there at the inputs' own scale? Noise may hide it, but no infinite slope.
            closer, near = self.judged(g, i, (least,), derivative)
            singular = found.kind in ("infinite", "step")
            if closer in ("compared", "kink") or (closer == "unclear" and singular):
                verdict, found = closer, near
        if verdict == "wrong" and (
            self.too_coarse(mode, i, line, derivative, found)
            or self.too_rounded(mode, i, line, derivative, found)
        ):
            verdict = "unclear"
        if verdict == "wrong" and found.kind == "kink" and self.between(i, line, derivative):
            verdict = "kink"
        return verdict, found

    def between(self, i: int, line: Direction, derivative: float) -> bool:
        """True if slopes at inputs nearby lie on both sides of the derivative.

        Where several kinks meet, as those of neurons without a bias do at 0, the derivative may
        take each of them from another side; the sides of the line take all from one.
        """
        way = line.scale * self.epsilon**FIRST
        h = way / 64
        slopes = []
        for _ in range(NEARBY):
            near = [x + way * self.checked.random.gauss(0.0, 1.0) for x in self.x]
            left, right = (self.evaluated(line.moved(near, t))[i] for t in (-h, h))
            slopes.append((right - left) / (2 * h))
        slopes = [slope for slope in slopes if math.isfinite(slope)]
        low, high = min(slopes, default=math.nan), max(slopes, default=math.nan)
        error = self.checked.tolerance(low, high) + DOUBT * self.roundings[i] / h
        return bool(low - error <= derivative <= high + error)

    def judged(
        self, g: Callable[[float], float], i: int, scales: Sequence[float], derivative: float
    ) -> tuple[str, Slope]:
        """The verdict over the derivative of g, which is number i, at 0, and the slope there.

        The steps are of the first scale. The rounding inside f may show in no graph, so the noise
        of g's values is measured before anything is believed but the agreement of the first step.
        """

        def exact(value: float, error: float) -> bool:
            return error <= self.checked.tolerance(value, value)

        scale, rounding = scales[0], self.roundings[i]
        found = first_slope(g, scale, self.epsilon, rounding)
        if not exact(found.value, found.error) or self.verdict(derivative, found) != "compared":
            first = scale * self.epsilon**FIRST
            finer = [other for other in scales[1:] if SMALLEST < other < first]
            rounding = max(rounding, self.noise(g, [scale, *finer]))
            found = slope(g, scale, self.epsilon, rounding, exact)
        return self.verdict(derivative, found), found

    def noise(self, g: Callable[[float], float], scales: Sequence[float]) -> float:
        """The noise of g's values, where it is least: all steps may be larger than what g is of."""
        found = [noise(g, [scale * self.epsilon**power for power in SPACINGS]) for scale in scales]
        return min((each for each in found if not math.isnan(each)), default=0.0)

    def too_rounded(
        self, mode: str, i: int, line: Direction, derivative: float, found: Slope
    ) -> bool:
        """True if the derivative and the slope may be apart by the noise of both alone.

        They are where inner numbers, on which the partial derivatives depend, have lost digits.
        """
        if not (math.isfinite(derivative) and math.isfinite(found.value)):
            return False

        def derivative_at(t: float) -> float:
            try:
                return self.derivative_at(mode, i, line, line.moved(self.x, t))
            except (ArithmeticError, ValueError):
                return math.nan

        blurs = [noise(derivative_at, [ulps * self.unit(line) for ulps in ULPS])]
        # Where a number near 1 has lost the digits of an input near 0, the next floats of that
        # change nothing in it.
        for seed in range(PASSES):
            with observe(RoundedAnew(self.epsilon, seed)):
                blurs.append(abs(derivative_at(0.0) - derivative))
        blur = max((blur for blur in blurs if math.isfinite(blur)), default=math.nan)
        return abs(derivative - found.value) <= DOUBT * (found.error + blur)

    def unit(self, line: Direction) -> float:
        """The shortest way along the line to the next floats of all inputs."""
        return max(math.ulp(self.x[k]) / abs(step) for k, step in line.steps if step)

    def too_coarse(
        self, mode: str, i: int, line: Direction, derivative: float, found: Slope
    ) -> bool:
        """True if the very next floats follow the derivative, and not the slope that was found.

        They do where the function changes over less than the steps, as sin does at 1e12.
        """
        if not (math.isfinite(found.value) and math.isfinite(derivative)):
            return False
        unit = self.unit(line)
        # The numbers inside f are rounded too, where no graph shows them.
        blur = 8 * max(self.roundings[i], self.epsilon * max(1.0, abs(self.y[i])))
        followed = False
        for ulps in ULPS:
            ends = []
            for t in (ulps * unit, -ulps * unit):
                moved = line.moved(self.x, t)
                y = self.evaluated(moved)[i]
                if math.isfinite(y):
                    ends.append((moved, y))
            if not ends:
                return False
            (above, high), (below, low) = (
                ends[0],
                ends[1] if len(ends) == 2 else (self.x, self.y[i]),
            )
            moves = [a - b for a, b in zip(above, below, strict=True)]
            change = high - low
            follows = self.follows(mode, i, line, derivative, moves)
            apart = abs(change - found.value * ulps * unit * len(ends))
            clear = apart > blur and apart > abs(change) / 2
            follows_here = clear and abs(change - follows) < min(abs(change), apart) / 2
            if followed and follows_here:  # at two distances, so not by chance
                return True
            followed = follows_here
        return False

    def allowed(self, one: float, other: float, error: float) -> float:
        """How far two derivatives may be apart if one of them is only known to an error."""
        return max(self.checked.tolerance(one, other), DOUBT * error)

    def verdict(self, derivative: float, found: Slope) -> str:
        """Either "compared", "wrong", or the reason why the derivative cannot be compared."""
        if found.kind == "step":
            return "kink" if math.isfinite(derivative) else "wrong"
        if found.kind == "kink":
            return "kink" if found.allows(derivative) else "wrong"
        if found.kind == "infinite":
            if derivative == found.value:
                return "compared"
            steepest = max(abs(s) for s in (found.left, found.right) if math.isfinite(s))
            alike = derivative * found.value > 0 and abs(derivative) >= steepest / 2
            return "infinite" if alike else "wrong"
        if not math.isfinite(found.value):
            return "not finite"
        if found.kind == "unclear":
            return "unclear" if found.allows(derivative) else "wrong"
        apart = abs(derivative - found.value)
        allowed = self.allowed(derivative, found.value, found.error)
        return "compared" if apart <= allowed else "wrong"

    def count(self, found: Sequence[tuple[float, Slope]]) -> None:
        """Count a derivative that in each mode agrees with its slope."""
        self.compared += 1
        tiny = False
        for derivative, of in found:
            average = (abs(derivative) + abs(of.value)) / 2
            if math.isinf(of.value):
                continue
            if average > self.checked.tol_min:
                self.worst = max(self.worst, abs(derivative - of.value) / average)
            elif derivative or abs(of.value) > of.error:
                tiny = True
        self.tiny += tiny

    # ----------------------------------------------------------------------------- errors

    def fail(self, mode: str, i: int, line: Direction, derivative: float, found: Slope) -> None:
        __tracebackhide__ = True
        traced = self.traced(mode, i, line)
        root, fault = self.fault_of(traced, found.value - derivative)
        raise self.checked.error(
            checked=mode,
            allowed=self.allowed(derivative, found.value, found.error),
            graph=self.graph_of(i, root),
            output=traced.output,
            by=traced.line.by,
            reverse=derivative,
            differences=found.value,
            error=found.error,
            root=root,
            fault=fault,
            against=self.against,
            when="",
        )

    def graph_of(self, i: int, root: Value | None) -> Any:
        """The number of f that number i is of, with its graph; that at fault has the given root."""
        return root

    def fault_of(self, traced: Traced, missing: float) -> tuple[Value | None, Fault | None]:
        """The graph at fault, which is made anew, and where it parts from differences.

        missing  what the derivative lacks
        """
        line, made = traced.line, traced.made
        if made is None:
            return None, None
        h = self.epsilon**FIRST * line.scale
        try:
            above, below = made(line.moved(self.x, h)), made(line.moved(self.x, -h))
        except (ArithmeticError, ValueError):  # the edge of the domain
            above = below = None
        root = made(self.x)
        if not isinstance(root, Value):
            return None, None
        self.checked.passed(root)
        fault = None
        if isinstance(above, Value) and isinstance(below, Value):
            steps = dict(line.steps)
            moves = {value: steps.get(k, 0.0) for k, value in enumerate(self.checked.inputs)}
            fault = parting(root, above, below, h, moves, missing)
        if fault is None and traced.as_nodes:
            fault = derived_otherwise(root)
        return root, fault


NOWHERE = Slope("unclear", math.nan, math.nan, math.nan, math.nan)
"""The slope of what is not finite."""
