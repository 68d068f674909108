"""Functions that NumPy has not, element by element.

Plain Python, compiled with `_loops.pxd` beside it as `autograd_lite/value.py` is. All arrays are
contiguous ones of doubles; x and out may be the same.
"""

from __future__ import annotations

import autograd_lite.kernels as kernels

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def erf(x: Any, out: Any) -> None:
    """Put erf of each x in out."""
    for i in range(len(out)):
        out[i] = kernels.erf(x[i])


def erfc(x: Any, out: Any) -> None:
    """Put erfc of each x in out."""
    for i in range(len(out)):
        out[i] = kernels.erfc(x[i])


def lgamma(x: Any, out: Any) -> None:
    """Put lgamma of each x in out."""
    for i in range(len(out)):
        out[i] = kernels.lgamma(x[i])
