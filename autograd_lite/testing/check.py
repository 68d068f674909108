"""`check_grad`: a gradient against differences of the function."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from autograd_lite.testing.arguments import Arguments
from autograd_lite.testing.checked import Checked
from autograd_lite.testing.first import FirstOrder
from autograd_lite.testing.report import NothingComparedError, Report
from autograd_lite.testing.second import SecondOrder

__all__ = ["check_grad"]


def check_grad(
    f: Callable[..., Any],
    *args: Any,
    order: int = 1,
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
    order       2 to compare the second derivatives as well with differences of the gradient,
                forward over reverse and reverse over reverse
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
    if order not in (1, 2):
        raise ValueError(f"check_grad: order is 1 or 2, not {order!r}")
    if order == 2 and grad is not None:
        raise ValueError(
            "check_grad: order=2 differentiates the graph of f again, and a function grad= has "
            "none; check grad as a function of its own, with its derivative as grad="
        )
    arguments = Arguments(f, args, lift=grad is None)
    options = {"tol_min": tol_min, "tol_rel": tol_rel, "seed": seed, "order": order}
    with arguments.borrowed():
        checked = Checked(f, args, arguments, grad, options)
        first = FirstOrder(checked, as_nodes=order == 2)
        report = first.run(coordinates, directions)
        if grad is None:
            first.compare_passes()
        if order == 2:
            report += SecondOrder(checked).run(coordinates, directions)
    if not report.compared and all(e.reason == "not finite" for e in report.excluded):
        raise NothingComparedError(
            f"check_grad: nothing could be compared, as the input or {checked.name} is not finite, "
            "here or all around; give another input"
        ) from checked.refusal
    return report
