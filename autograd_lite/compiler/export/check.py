"""The check of an export: it is run once, beside the interpreter, before it is given out."""

from __future__ import annotations

import numpy as np

from autograd_lite.compiler.export.recorded import ExportError
from autograd_lite.compiler.messages import said

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from autograd_lite.compiler.export.exported import Exported, Numbers

__all__ = ["CannotRunError", "check"]

TOLERANCE = {"float64": (1e-9, 1e-12), "float32": (1e-5, 1e-6)}
"""How far numbers may differ: a share of the largest number beside them, and a share of the largest
number on the way to them, which is all that rounding leaves where numbers cancel."""


class CannotRunError(Exception):
    """What an export needs to run is not there; the message says what."""


def check(exported: Exported, found: Numbers, language: str) -> str:
    """Compare a run of an export with the interpreter's; in words, how far they differ.

    found  what it gave: in arrays of float32 if it computes in float32

    Raises ExportError if numbers differ.
    """
    expected, magnitude = exported.reference
    arrays = [*found.results, *(found.gradients or {}).values(), *found.state.values()]
    single = any(np.asarray(x).dtype == np.float32 for x in arrays)
    share, of_magnitude = TOLERANCE["float32" if single else "float64"]
    worst = 0.0
    for name, x, y in _pairs(exported, found, expected):
        x = np.asarray(x, float)
        if x.shape != y.shape:
            raise _fault(exported, language, f"the shape of {name} is {x.shape}, not {y.shape}")
        finite = y[np.isfinite(y)]
        largest = float(np.abs(finite).max(initial=0.0))
        with np.errstate(invalid="ignore"):
            far = np.abs(x - y)
        same = (x == y) | (np.isnan(x) & np.isnan(y))
        near = far <= share * largest + of_magnitude * magnitude
        if not (same | near).all():
            place = tuple(int(i) for i in np.argwhere(~(same | near))[0])
            at = f"{name}{list(place) if place else ''}"
            raise _fault(exported, language, f"{at} is {x[place]:.17g}, not {y[place]:.17g}")
        if not same.all():
            scale = max(largest, of_magnitude * magnitude / share)
            worst = max(worst, float(far[~same].max()) / scale)
    what = "results"
    if found.gradients is not None:
        what = "value and gradients" if len(exported.results) == 1 else "results and gradients"
    elif exported.is_step:
        what = "results and new state"
    return f"its {what} are " + (f"equal to {worst:.0e}" if worst else "equal bit for bit")


def _pairs(exported: Exported, found: Numbers, expected: Numbers) -> Iterator[tuple[str, Any, Any]]:
    """(name, what was found, what is expected) of each array."""
    if len(found.results) != len(expected.results):
        raise ValueError(f"{len(found.results)} results for {len(expected.results)}")
    for result, x, y in zip(exported.results, found.results, expected.results, strict=True):
        yield result.name, x, y
    if found.gradients is not None:  # a source may have the results alone
        for name, y in (expected.gradients or {}).items():
            yield f"the derivative with respect to {name}", found.gradients[name], y
    for name, y in expected.state.items():
        yield f"the new {name}", found.state[name], y


def _fault(exported: Exported, language: str, what: str) -> ExportError:
    return ExportError(
        said(
            f"export: the {language} source of {exported.name} gives other numbers than the "
            f"function: {what}",
            "Please report it, unless rounding decides these numbers, as in a chaotic system",
        )
    )
