"""Gradient checks: reverse mode against differences, for one input or for all of a domain.

The strategies need hypothesis, which the extra `testing` brings.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from autograd_lite.testing.strategies import Expression, expressions, inputs_for, values

__all__ = ["Expression", "expressions", "inputs_for", "values"]


def __getattr__(name: str) -> Any:
    """The strategies, which import hypothesis, only when they are asked for."""
    if name in __all__:
        from autograd_lite.testing import strategies

        return getattr(strategies, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
