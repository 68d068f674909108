"""Many square roots at once, which C computes in vectors: the interpreted twin of `_roots.pxd`."""

from __future__ import annotations

from autograd_lite.operations.ieee import divide, sqrt

__all__ = ["maximum", "over_roots", "sqrt"]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def maximum(x: float, y: float) -> float:
    """The larger one; nan if one is."""
    return x if x >= y else y if y >= x else x + y


def over_roots(m: Any, s: Any, n: int, rate: float, eps: float) -> None:
    """Write rate m / (sqrt(s) + eps) over each of n numbers s."""
    for i in range(n):
        s[i] = divide(rate * m[i], sqrt(s[i]) + eps)
