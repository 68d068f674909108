"""The outcome of a check: a report of the comparisons, or an error."""

from __future__ import annotations

from typing import Any, NamedTuple

from autograd_lite import Value
from autograd_lite.testing.locate import Fault

__all__ = ["Exclusion", "GradientError", "Report"]


class Exclusion(NamedTuple):
    """A derivative that was not compared.

    output   the name of the number of f
    by       the name of the input, or of the direction
    reason   "kink": the slopes of the two sides differ, or the function steps;
             "infinite": a vertical tangent, that the gradient does not contradict;
             "not finite": the input, or the function there or all around, is nan or infinite;
             "unclear": the differences are too coarse to tell
    reverse  the derivative that would have been compared
    left, right    the slopes of the two sides
    """

    output: str
    by: str
    reason: str
    reverse: float
    left: float
    right: float

    def __str__(self) -> str:
        return (
            f"d {self.output} / d {self.by}: {self.reason}, slope {self.left:.6g} from the left "
            f"and {self.right:.6g} from the right; the gradient says {self.reverse:.6g}"
        )


class Report(NamedTuple):
    """The comparisons of a check.

    compared  the number of derivatives that agreed with differences
    tiny      the number of those that were not 0 but below tol_min, so that only an error larger
              than tol_min would have failed
    worst     the largest relative error among those that were not tiny
    excluded  the derivatives that could not be compared
    """

    compared: int
    tiny: int
    worst: float
    excluded: tuple[Exclusion, ...]

    @property
    def kinks(self) -> tuple[Exclusion, ...]:
        """Those of `excluded` that are kinks or steps."""
        return tuple(e for e in self.excluded if e.reason == "kink")

    def __add__(self, other: object) -> Report:
        """One report of the comparisons of both."""
        if not isinstance(other, Report):
            return NotImplemented
        return Report(
            self.compared + other.compared,
            self.tiny + other.tiny,
            max(self.worst, other.worst),
            self.excluded + other.excluded,
        )

    def __str__(self) -> str:
        tiny = f", {self.tiny} of them below tol_min" if self.tiny else ""
        lines = [
            f"{self.compared} derivatives compared{tiny}; worst relative error {self.worst:.1e}"
        ]
        if self.excluded:
            lines.append(f"{len(self.excluded)} not compared:")
            lines += [f"  {exclusion}" for exclusion in self.excluded]
        return "\n".join(lines)


class Finding(NamedTuple):
    """Where a gradient is wrong.

    output, by    the names of the number of f, and of the input or direction
    reverse       the derivative that was checked
    differences   the right derivative
    error         a bound on the error of `differences`
    against       the origin of `differences`
    when          the use of f that shows the error, or "" for f alone
    root          the Value whose graph is at fault, or None if f leaves no graph
    inputs        the name of each input in that graph
    fault         the node where the two first part, and why; or None
    """

    output: str
    by: str
    reverse: float
    differences: float
    error: float
    against: str
    when: str
    root: Value | None
    inputs: dict[Value, str]
    fault: Fault | None


class NothingComparedError(ValueError):
    """Neither the function nor its inputs are finite, so a check could not have failed."""


class GradientError(AssertionError):
    """A gradient differs from the slope of its function. The message says where.

    output, by    the names of the number of f, and of the input or direction
    reverse       the derivative that was checked
    differences   the slope
    root          the Value whose graph is at fault, or None if f leaves no graph
    inputs        the name of each input in that graph
    fault         the node where the two first part, and why; or None
    node          the node of the fault, or None
    reproduction  Python code that raises this error again
    """

    def __init__(self, message: str, finding: Finding, reproduction: str) -> None:
        super().__init__(message)
        self.output, self.by = finding.output, finding.by
        self.reverse, self.differences = finding.reverse, finding.differences
        self.root, self.inputs, self.fault = finding.root, finding.inputs, finding.fault
        self.reproduction = reproduction
        self._finding = finding

    def __reduce__(self) -> tuple[Any, ...]:  # so that it comes back from another process
        return type(self), (str(self), self._finding, self.reproduction)

    @property
    def node(self) -> Value | None:
        """The node of the fault, or None."""
        return self.fault.node if self.fault else None

    @property
    def place(self) -> Fault | None:
        """The fault, by its former name."""
        return self.fault
