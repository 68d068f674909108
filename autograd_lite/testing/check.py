"""`check_grad`: a gradient against differences of the function."""

from __future__ import annotations

import math
import random
import sys
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from autograd_lite import Value, no_grad, topological_order
from autograd_lite import sum as sum_of
from autograd_lite.callables import CompiledFunction, name_of
from autograd_lite.graph import cotangents
from autograd_lite.observers import observe
from autograd_lite.testing.arguments import DOUBLE, Arguments
from autograd_lite.testing.differences import (
    DOUBT,
    FIRST,
    SPACINGS,
    Slope,
    first_slope,
    noise,
    slope,
)
from autograd_lite.testing.locate import Fault, operands_by_hand, overwritten, parting
from autograd_lite.testing.message import error_message
from autograd_lite.testing.report import (
    Exclusion,
    Finding,
    GradientError,
    NothingComparedError,
    Report,
)
from autograd_lite.testing.results import outputs_of, precision_of
from autograd_lite.testing.rounding import PASSES, RoundedAnew, blur_of_gradient, blur_of_value
from autograd_lite.testing.source import reproduction

__all__ = ["check_grad"]

SMALLEST = sys.float_info.min / DOUBLE
"""Inputs below are too small for steps relative to them, which would be 0 or hardly differ."""

ULPS = tuple(4**k for k in range(11))
"""The distances, in floats, at which a function is looked at where steps seem too coarse."""

COTANGENT = -1024.0
"""A gradient of the result other than 1, which the gradients of the inputs must follow: of the
other sign, larger than common limits of clipping, and a power of 2, so that all rounds alike."""


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


def check_grad(
    f: Callable[..., Any],
    *args: Any,
    grad: Callable[..., Any] | None = None,
    coordinates: bool = True,
    directions: int = 2,
    tol_min: float | None = None,
    tol_rel: float | None = None,
    seed: int = 0,
) -> Report:
    """Compare the gradient of f at args with differences (f(x + h) - f(x - h)) / 2h.

    f           a function that returns a number, or a nest of them, each of which is checked
    args        the arguments of f. Inputs are the floats, Values, arrays of floats and parameters
                of modules in them, also within lists, tuples and dicts, and the parameters of f
                if it is a module; all else, such as an int, is given to f as it is
    grad        a function of the same arguments that gives the gradient to check, in the form of
                the arguments that hold floats; f and it may be of any library. Without it f is
                called on Values and its graph gives the gradient.
    coordinates  True to compare the derivative with respect to each input; without coordinates
                the directions alone check a model of any size in a few calls
    directions  the number of random directions that are checked, too
    tol_min, tol_rel  the two may differ by max(tol_min, tol_rel * their average size); by default
                the square root and the cube root of the machine epsilon of what f computes in:
                1.5e-8 and 6.1e-6 for doubles
    seed        the seed of the directions

    Returns a Report, which also lists what could not be compared: kinks and steps, points that
    are not finite, and slopes that no step tells clearly.

    Raises GradientError where the gradient is wrong, ValueError if f gives different numbers for
    the same input, or no number, or has no inputs, or if nothing could be compared as f or its
    inputs are not finite.

    The step is cbrt(epsilon) * max(1, |x|), refined by Richardson's extrapolation; Stan's
    expect_ad has such tolerances. Values and modules are as before once the check is over.
    """
    __tracebackhide__ = True  # pytest then shows the caller's line
    if not coordinates and directions < 1:
        raise ValueError("check_grad: without coordinates it needs directions of 1 or more")
    arguments = Arguments(f, args, lift=grad is None)
    with arguments.borrowed():
        check = _Check(f, args, arguments, grad, tol_min, tol_rel, seed)
        report = check.run(coordinates, directions)
    if not report.compared and all(e.reason == "not finite" for e in report.excluded):
        raise NothingComparedError(
            f"check_grad: nothing could be compared, as the input or {check.name} is not finite, "
            "here or all around; give another input"
        ) from check.refusal
    return report


class _Check:
    """One call of check_grad."""

    def __init__(
        self,
        f: Callable[..., Any],
        args: Sequence[Any],
        arguments: Arguments,
        grad: Callable[..., Any] | None,
        tol_min: float | None,
        tol_rel: float | None,
        seed: int,
    ) -> None:
        self.f, self.arguments, self.grad = f, arguments, grad
        self.name = name_of(f)
        self.random = random.Random(seed)
        self.x = list(arguments.numbers)
        self.written = {"args": args, "tol_min": tol_min, "tol_rel": tol_rel, "seed": seed}
        self.refusal: Exception | None = None
        self.excluded: list[Exclusion] = []
        self.compared = self.tiny = 0
        self.worst = 0.0

        first = self.called(self.x)
        self.outputs = [name for name, _ in outputs_of(first, self.name)]
        if not self.outputs:
            raise ValueError(f"check_grad: {self.name} gives no number to differentiate: {first!r}")
        self.roots = [out for _, out in outputs_of(first, self.name)]
        self.y = [float(out.data if isinstance(out, Value) else out) for out in self.roots]
        self.epsilon = max(arguments.epsilon, precision_of(first))
        self.tol_min = math.sqrt(self.epsilon) if tol_min is None else tol_min
        self.tol_rel = self.epsilon ** (1 / 3) if tol_rel is None else tol_rel
        self.check_repeatable()
        self.roundings = [self.epsilon / 2 * abs(y) for y in self.y]

    # ------------------------------------------------------------------------ evaluations

    def called(self, numbers: Sequence[float]) -> Any:
        """The result of f at these numbers."""
        args = self.arguments.at(numbers)
        return self.f(*args)

    def evaluated(self, numbers: Sequence[float]) -> list[float]:
        """The numbers that f gives; nan where f refuses the input."""
        try:
            if self.grad is None:
                with no_grad():
                    result = self.called(numbers)
            else:
                result = self.called(numbers)
        except (ArithmeticError, ValueError) as refusal:
            self.refusal = refusal
            return [math.nan] * len(self.outputs)
        found = outputs_of(result, self.name)
        if len(found) != len(self.outputs):
            raise ValueError(
                f"check_grad: {self.name} gives {len(self.outputs)} numbers, but {len(found)} for "
                "an input nearby"
            )
        return [float(out.data if isinstance(out, Value) else out) for _, out in found]

    def check_repeatable(self) -> None:
        again = self.evaluated(self.x)
        for name, one, other in zip(self.outputs, self.y, again, strict=True):
            if one != other and (one == one or other == other):
                raise ValueError(
                    f"check_grad: {name} is {one!r} and then {other!r} for the same input; seed "
                    "its random numbers anew in each call, or call .eval() on a module that drops"
                )

    # -------------------------------------------------------------------------- gradients

    def gradients(self) -> list[list[float]]:
        """The gradient of each output."""
        if self.grad is None:
            return [self.reverse(i) for i in range(len(self.outputs))]
        if len(self.outputs) != 1:
            raise ValueError(
                f"check_grad: with grad= {self.name} must give one number, not {len(self.outputs)}"
            )
        return [self.arguments.read(self.grad(*self.arguments.at(self.x)))]

    def reverse(self, i: int) -> list[float]:
        """The gradient of output i from backward(); note how far rounding blurs the output."""
        root = self.roots[i]
        if not isinstance(root, Value):
            return [0.0] * len(self.x)
        order = topological_order(root)
        gradient = self.passed(root, order)
        self.roundings[i] = max(self.roundings[i], blur_of_value(order, self.epsilon))
        return gradient

    def passed(self, root: Value, order: list[Value]) -> list[float]:
        """The gradients of the inputs after one pass from root; other leaves keep theirs."""
        inputs = [value for value in self.arguments.values if value is not None]
        others = [(n, n.grad) for n in order if n.is_leaf and n not in self.arguments.lifted]
        for value in inputs:
            value.grad = 0.0
        root.backward()
        gradient = [value.grad for value in inputs]
        for node, grad in others:
            node.grad = grad
        return gradient

    # ------------------------------------------------------------------------ comparisons

    def run(self, coordinates: bool, directions: int) -> Report:
        __tracebackhide__ = True
        self.arguments.at(self.x)
        gradients = self.gradients()
        for i, name in enumerate(self.arguments.names if coordinates else ()):
            line = Direction(name, ((i, 1.0),), max(1.0, abs(self.x[i])))
            self.compare_along(line, gradients)
        apart = {exclusion.by for exclusion in self.excluded}
        smooth = [i for i, name in enumerate(self.arguments.names) if name not in apart]
        if len(smooth) > 1 or not coordinates:
            for k in range(directions):
                self.compare_along(self.random_direction(k, smooth), gradients)
        if self.grad is None:
            self.compare_passes(gradients)
        return Report(self.compared, self.tiny, self.worst, tuple(self.excluded))

    def random_direction(self, k: int, places: list[int]) -> Direction:
        """A random direction in which each input moves by a share of its own size."""
        steps = [self.random.gauss(0.0, 1.0) for _ in places]
        length = math.sqrt(sum(s * s for s in steps))
        sizes = [max(1.0, abs(self.x[i])) for i in places]
        moves = zip(
            places, (s / length * size for s, size in zip(steps, sizes, strict=True)), strict=True
        )
        return Direction(f"direction {k}", tuple(moves), 1.0)

    def compare_along(self, line: Direction, gradients: list[list[float]]) -> None:
        """Compare the derivative of each output along the line."""
        __tracebackhide__ = True
        known = {0.0: self.y}

        def outputs_at(t: float) -> list[float]:
            if t not in known:
                known[t] = self.evaluated(line.moved(self.x, t))
            return known[t]

        sizes = [abs(self.x[i]) for i, _ in line.steps]
        least = min((size for size in sizes if size), default=0.0)
        for i, gradient in enumerate(gradients):
            derivative = line.along(gradient)
            if not (math.isfinite(max(sizes)) and math.isfinite(self.y[i])):
                self.exclude(i, line, "not finite", derivative, math.nan, math.nan)
                continue

            def g(t: float, i: int = i) -> float:
                return outputs_at(t)[i]

            verdict, found = self.judged(g, i, (line.scale, least), derivative)
            if verdict == "wrong" and SMALLEST < least < 1.0:
                # What is there at the inputs' own scale? Noise may hide it, but no infinite slope.
                closer, near = self.judged(g, i, (least,), derivative)
                singular = found.kind in ("infinite", "step")
                if closer in ("compared", "kink") or (closer == "unclear" and singular):
                    verdict, found = closer, near
            if verdict == "wrong" and (
                self.too_coarse(i, line, gradient, found)
                or self.too_rounded(i, line, derivative, found)
            ):
                verdict = "unclear"
            if verdict == "wrong":
                self.fail(i, line, derivative, found)
            elif verdict == "compared":
                self.count(derivative, found)
            else:
                self.exclude(i, line, verdict, derivative, found.left, found.right)

    def judged(
        self, g: Callable[[float], float], i: int, scales: Sequence[float], derivative: float
    ) -> tuple[str, Slope]:
        """The verdict over the derivative of g, which is output i, at 0, and the slope there.

        The steps are of the first scale. The rounding inside f may show in no graph, so the noise
        of f's values is measured before anything is believed but the agreement of the first step.
        """

        def exact(value: float, error: float) -> bool:
            return error <= self.tolerance(value, value)

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

    def too_rounded(self, i: int, line: Direction, derivative: float, found: Slope) -> bool:
        """True if the derivative and the slope may be apart by the noise of both alone.

        They are where inner numbers, on which the partial derivatives depend, have lost digits.
        """
        if not (math.isfinite(derivative) and math.isfinite(found.value)):
            return False

        def derivative_at(t: float) -> float:
            try:
                return line.along(self.gradient_at(i, line.moved(self.x, t)))
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

    def gradient_at(self, i: int, numbers: Sequence[float]) -> list[float]:
        """The gradient of output i there."""
        args = self.arguments.at(numbers)
        if self.grad is not None:
            return self.arguments.read(self.grad(*args))
        root = outputs_of(self.f(*args), self.name)[i][1]
        return (
            self.passed(root, topological_order(root))
            if isinstance(root, Value)
            else [0.0] * len(numbers)
        )

    def too_coarse(self, i: int, line: Direction, gradient: list[float], found: Slope) -> bool:
        """True if the very next floats follow the gradient, and not the slope that was found.

        They do where the function changes over less than the steps, as sin does at 1e12.
        """
        if not all(map(math.isfinite, (found.value, *gradient))):
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
            follows = sum(g * move for g, move in zip(gradient, moves, strict=True))
            apart = abs(change - found.value * ulps * unit * len(ends))
            clear = apart > blur and apart > abs(change) / 2
            follows_here = clear and abs(change - follows) < min(abs(change), apart) / 2
            if followed and follows_here:  # at two distances, so not by chance
                return True
            followed = follows_here
        return False

    def tolerance(self, one: float, other: float) -> float:
        average = (abs(one) + abs(other)) / 2
        return max(self.tol_min, self.tol_rel * average) if math.isfinite(average) else self.tol_min

    def allowed(self, one: float, other: float, error: float) -> float:
        """How far two derivatives may be apart if one of them is only known to an error."""
        return max(self.tolerance(one, other), DOUBT * error)

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

    def count(self, derivative: float, found: Slope) -> None:
        self.compared += 1
        if math.isinf(found.value):
            return
        average = (abs(derivative) + abs(found.value)) / 2
        if average > self.tol_min:
            self.worst = max(self.worst, abs(derivative - found.value) / average)
        elif derivative or abs(found.value) > found.error:
            self.tiny += 1

    def exclude(self, i: int, line: Direction, reason: str, *numbers: float) -> None:
        self.excluded.append(Exclusion(self.outputs[i], line.by, reason, *numbers))

    def compare_passes(self, gradients: list[list[float]]) -> None:
        """Compare the gradient of f with that of programs made of it.

        A multiple of f shows a `_backward` that does not multiply by the gradient of its result,
        which is 1 where f alone is differentiated. More users show one that writes `=` in place of
        `+=`: two calls give them to the inputs, the third pass to what lies between.
        """
        __tracebackhide__ = True
        weights = [1.0] if len(self.y) == 1 else [self.random.uniform(0.5, 1.5) for _ in self.y]
        once = [
            sum(w * gradient[i] for w, gradient in zip(weights, gradients, strict=True))
            for i in range(len(self.x))
        ]

        def terms(f: Callable[..., Any]) -> list[Any]:
            outs = outputs_of(f(*self.arguments.at(self.x)), self.name)
            return [w * out for w, (_, out) in zip(weights, outs, strict=True)]

        self.compare_pass(
            lambda f: sum_of([COTANGENT * term for term in terms(f)]),
            [COTANGENT * one for one in once],
            output=f"{COTANGENT:g} * {self.name}",
            against=f"{COTANGENT:g} times f's own",
            when=f"the result's own gradient is {COTANGENT:g}",
        )
        self.compare_pass(
            lambda f: sum_of([*terms(f), *terms(f)]),
            [2 * one for one in once],
            output=f"{self.name} used twice",
            against="2 times f's own",
            when="the inputs have other users: f(x) + f(x) was differentiated",
        )
        used = terms(self.f)
        operands = operands_by_hand(sum_of(used))
        if operands:
            sent = cotangents(topological_order(sum_of(operands)))
            own = [sent.get(value, 0.0) for value in self.arguments.values if value is not None]
            both = sum_of([*used, *operands])
            self.compare_pass(
                lambda f: both,
                [one + other for one, other in zip(once, own, strict=True)],
                output=self.name,
                against="by the partials",
                when="each operand of a node made by hand has another user",
            )

    def compare_pass(
        self, program: Callable[[Any], Any], expected: list[float], **described: str
    ) -> None:
        """Compare the gradients of one backward pass, through program(f), with those expected."""
        __tracebackhide__ = True
        root = program(self.f)
        if not isinstance(root, Value):
            return
        found = self.passed(root, topological_order(root))
        apart = [
            i
            for i, (one, got) in enumerate(zip(expected, found, strict=True))
            if math.isfinite(one) and not abs(got - one) <= self.tolerance(got, one)
        ]
        if not apart:
            return
        # Large terms may have cancelled, in an order of their own in either pass. A compiled
        # function leaves one node; the function that it was made of has the graph.
        f: Any = self.f
        graph = program(f.function) if isinstance(f, CompiledFunction) else root
        blurs: dict[Any, float] = {**blur_of_gradient(graph, self.epsilon)}
        for i in apart:
            error = blurs.get(self.arguments.values[i], 0.0)
            if not abs(found[i] - expected[i]) <= 2 * DOUBT * error:  # of the two passes
                raise self.error(
                    by=self.arguments.names[i],
                    reverse=found[i],
                    differences=expected[i],
                    error=2 * error,
                    root=root,
                    fault=overwritten(root),
                    **described,
                )

    # ----------------------------------------------------------------------------- errors

    def fail(self, i: int, line: Direction, derivative: float, found: Slope) -> None:
        __tracebackhide__ = True
        fault = self.fault_of(i, line, derivative, found)
        root = self.roots[i]
        raise self.error(
            output=self.outputs[i],
            by=line.by,
            reverse=derivative,
            differences=found.value,
            error=found.error,
            root=root if isinstance(root, Value) else None,
            fault=fault,
            against="differences",
            when="",
        )

    def fault_of(self, i: int, line: Direction, derivative: float, found: Slope) -> Fault | None:
        """Where the graph of output i, which is made anew, parts from differences.

        A compiled function leaves one node; the function that it was made of has the graph.
        """
        if self.grad is not None or not isinstance(self.roots[i], Value):
            return None
        h = self.epsilon**FIRST * line.scale
        f: Any = self.f
        if isinstance(f, CompiledFunction):
            f = f.function

        def recorded(t: float) -> Any:
            args = self.arguments.at(line.moved(self.x, t))
            return outputs_of(f(*args), self.name)[i][1]

        try:
            above, below = recorded(h), recorded(-h)
        except (ArithmeticError, ValueError):  # the edge of the domain
            above = below = None
        self.roots[i] = root = recorded(0.0)
        self.passed(root, topological_order(root))
        if not (isinstance(above, Value) and isinstance(below, Value)):
            return None
        steps = dict(line.steps)
        moves = {
            value: steps.get(k, 0.0)
            for k, value in enumerate(self.arguments.values)
            if value is not None
        }
        return parting(root, above, below, h, moves, found.value - derivative)

    @property
    def inputs(self) -> dict[Value, str]:
        names = zip(self.arguments.values, self.arguments.names, strict=True)
        return {value: name for value, name in names if value is not None}

    def error(self, **facts: Any) -> GradientError:
        self.arguments.at(self.x)
        finding = Finding(inputs=self.inputs, **facts)
        # A graph written out says nothing of numbers that were read from .data.
        faithful = finding.fault is not None and not finding.fault.node.is_leaf
        root = finding.root if faithful else None
        code = reproduction(self.f, self.grad, self.written, root, list(self.inputs))
        message = error_message(
            self.f,
            finding,
            numbers=self.x,
            names=self.arguments.names,
            tolerance=self.allowed(finding.reverse, finding.differences, finding.error),
            checked="grad=" if self.grad is not None else "reverse mode",
            code=code,
        )
        return GradientError(message, finding, code)
