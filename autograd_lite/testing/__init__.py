"""Gradient checks: reverse mode against differences, at one input or over a domain.

The strategies and `given_gradcheck` need hypothesis, which the extra `testing` brings.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from autograd_lite.testing.check import check_grad
    from autograd_lite.testing.given import given_gradcheck
    from autograd_lite.testing.networks import modules
    from autograd_lite.testing.programs import Expression, expressions
    from autograd_lite.testing.report import Exclusion, GradientError, Report
    from autograd_lite.testing.strategies import inputs_for, values

__all__ = [
    "Exclusion",
    "Expression",
    "GradientError",
    "Report",
    "check_grad",
    "expressions",
    "given_gradcheck",
    "inputs_for",
    "modules",
    "values",
]


_HOMES = {
    "Exclusion": "report",
    "Expression": "programs",
    "GradientError": "report",
    "Report": "report",
    "check_grad": "check",
    "expressions": "programs",
    "given_gradcheck": "given",
    "inputs_for": "strategies",
    "modules": "networks",
    "values": "strategies",
}


def __getattr__(name: str) -> Any:
    """Imported when it is asked for: pytest loads the plugin in every session of anyone."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    try:
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    except ModuleNotFoundError as missing:
        if missing.name != "hypothesis":
            raise
        raise ImportError(
            f"{__name__}.{name} needs hypothesis: pip install 'autograd-lite[testing]'"
        ) from missing
