"""Functions of arrays that NumPy has not."""

from __future__ import annotations

import math

import numpy as np

from autograd_lite.operations import ieee, kernels

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from numpy.typing import NDArray

    Doubles = NDArray[np.float64]

__all__ = ["FUNCTIONS", "OF_AN_ORDER", "polygamma"]

FAR = 10  # where the series of `polygamma` begins: its last term is 1e-12 of the first

FUNCTIONS: dict[str, Callable[..., Any]] = {
    name: np.frompyfunc(getattr(kernels, name), 1, 1) for name in ("erf", "erfc", "lgamma")
}


def polygamma(order: float | str, out: Doubles, operand: Doubles) -> None:
    """out = the derivative of order `order + 1` of lgamma at each x, as `ieee.polygamma` has it.

    In arrays for positive x: the recurrence carries them up to where the asymptotic series
    converges (Abramowitz and Stegun, 6.4.6 and 6.4.11).
    """
    n, x = int(order), operand.ravel()
    known = (x > 0) & (x < math.inf) & (n <= 100)
    found = np.empty(len(x))
    if known.any():
        y = np.where(known, x, FAR + n)
        near, factorial = np.zeros(len(y)), float(math.factorial(n))
        while (short := y < FAR + n).any():
            near += short * y ** -(n + 1.0)
            y += short
        far = -np.log(y) if n == 0 else np.zeros(len(y))
        for coefficient, exponent in ieee.polygamma_series(n):
            far += coefficient * y**exponent
        found[:] = (-1.0) ** (n + 1) * (factorial * near + far)
    for i in np.flatnonzero(~known).tolist():
        found[i] = ieee.polygamma(n, float(x[i]))
    out[...] = found.reshape(out.shape)


def _sinc_derivative(order: float | str, out: Doubles, operand: Doubles) -> None:
    """out = the derivative of this order of sinc at each x."""
    out[...] = np.frompyfunc(lambda x: ieee.sinc_derivative(float(order), x), 1, 1)(operand)


OF_AN_ORDER: dict[str, Callable[[float | str, Doubles, Doubles], None]] = {
    "polygamma": polygamma,
    "sinc_derivative": _sinc_derivative,
}
"""The functions whose first operand is the order of a derivative, a plain number."""
