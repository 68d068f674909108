"""Gradient checks: reverse mode against differences, at one input or over a domain.

The strategies and `given_gradcheck` need hypothesis, which the extra `testing` brings.

To read the code, begin with `check.py`: one check from its arguments (`arguments.py`) by the
derivatives of each order (`first.py`, `second.py`), which are compared (`compare.py`) with slopes
(`differences.py`) to within rounding (`rounding.py`), to the node at fault (`locate.py`) and a
message.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from autograd_lite.testing.check import check_grad
    from autograd_lite.testing.given import given_gradcheck
    from autograd_lite.testing.programs import RandomProgram, expressions
    from autograd_lite.testing.report import Exclusion, GradientError, Report
    from autograd_lite.testing.strategies import inputs_for, values

__all__ = [
    "Exclusion",
    "GradientError",
    "RandomProgram",
    "Report",
    "check_grad",
    "expressions",
    "given_gradcheck",
    "inputs_for",
    "values",
]

_HOMES = {
    "Exclusion": "report",
    "GradientError": "report",
    "RandomProgram": "programs",
    "Report": "report",
    "check_grad": "check",
    "expressions": "programs",
    "given_gradcheck": "given",
    "inputs_for": "strategies",
    "values": "strategies",
}

# Former names, and where they are now.
_FORMER = {
    "Expression": ("autograd_lite.testing", "RandomProgram"),
    "modules": ("autograd_lite.nn.testing", "modules"),
}


def __getattr__(name: str) -> Any:
    """Imported when it is asked for: pytest loads the plugin in every session of anyone."""
    from importlib import import_module

    if name in _FORMER:
        import warnings

        module, now = _FORMER[name]
        warnings.warn(f"{__name__}.{name} is {module}.{now} now", DeprecationWarning, stacklevel=2)
        return getattr(import_module(module), now)
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    except ModuleNotFoundError as missing:
        if missing.name != "hypothesis":
            raise
        raise ImportError(
            f"{__name__}.{name} needs hypothesis: pip install 'autograd-lite[testing]'"
        ) from missing
