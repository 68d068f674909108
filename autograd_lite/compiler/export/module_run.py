"""What a module in Python gives for the numbers of the recorded call."""

from __future__ import annotations

import numpy as np

from autograd_lite.compiler.export.exported import Numbers
from autograd_lite.compiler.export.module_names import function_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from autograd_lite.compiler.export.exported import Exported

__all__ = ["called", "run_in_numpy", "value_of"]


def called(
    text: str,
    exported: Exported,
    array: Callable[[Any], Any],
    gradients: Callable[..., Any] | None,
    prepared: Callable[[Any], Any] = lambda function: function,
) -> Numbers:
    """What the functions of a text give for the numbers of the recorded call.

    array      makes an array of the library of one of NumPy's
    gradients  given the module, what calls it for the results and the gradients; or None
    prepared   what the library makes of a function before it is called
    """
    space: dict[str, Any] = {}
    exec(compile(text, f"<{exported.name}>", "exec"), space)
    parameters = {p.name: array(p.numbers) for p in exported.parameters}
    arguments = [
        array(a.numbers.astype(int) if a.integer else a.numbers) for a in exported.arguments
    ]
    if exported.is_step:
        state = {s.name: array(s.numbers) for s in exported.state}
        step = f"{function_name(exported)}_step"
        function = prepared(space[step if step in space else function_name(exported)])
        *results, parameters, state = function(parameters, state, *arguments)
        if len(exported.results) > 1:
            (results,) = results
        new = {t.name: {**state, **parameters}[t.name] for t in exported.changed}
        new = {known: np.asarray(x) for known, x in new.items()}
        return Numbers([np.asarray(x) for x in results], None, new)
    given = [parameters, *arguments] if exported.parameters else arguments
    results = prepared(space[function_name(exported)])(*given)
    results = [results] if len(exported.results) == 1 else list(results)
    found = None
    if exported.differentiable and gradients is not None:
        both, found = gradients(space, given)
        again = [both] if len(results) == 1 else both
        for k, (x, y) in enumerate(zip(results, again, strict=True)):
            if not np.array_equal(np.asarray(x), np.asarray(y), equal_nan=True):
                results[k] = y
        found = {known: np.asarray(x) for known, x in found.items()}
    return Numbers([np.asarray(x) for x in results], found, {})


def value_of(exported: Exported, results: Any) -> Any:
    """The value among what the function of a module gives, which is differentiated."""
    return results if len(exported.results) == 1 else results[exported.value]


def run_in_numpy(text: str, exported: Exported, differentiated: bool = True) -> Numbers:
    """What the functions of a text in NumPy give.

    differentiated  False if there is none of the gradients
    """

    def gradients(space: dict[str, Any], given: list[Any]) -> Any:
        return space[f"{function_name(exported)}_and_grad"](*given)

    with np.errstate(all="ignore"):
        return called(text, exported, np.array, gradients if differentiated else None)
