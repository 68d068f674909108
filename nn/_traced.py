"""The functions of `_steps.py` on what stands for numbers in a recording: from the same source.

There they take numbers from C, and give them back. In a recording they read and set those of the
parameters as users do, and so each operation is a node.
"""

from __future__ import annotations

import importlib.util
from array import array
from pathlib import Path
from types import SimpleNamespace

from autograd_lite import dot, maximum, sqrt
from autograd_lite.nary import binary_of
from autograd_lite.operations.rules import CODES
from nn import _steps

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from autograd_lite import Value

    Parameters = tuple[Value, ...]

__all__ = ["steps"]


def _set_data(parameters: Parameters, i: int, number: Any, placed: bool) -> None:
    parameters[i].data = number


def _set_grad(parameters: Parameters, i: int, number: Any, placed: bool) -> None:
    parameters[i].grad = number


def _over_roots(m: Any, s: Any, n: int, rate: Any, eps: Any) -> None:
    for i in range(n):
        s[i] = binary_of(CODES["div"], rate * m[i], sqrt(s[i]) + eps)


def _sum_of_squares(parameters: Parameters) -> Any:
    """In one node, as a chain of sums would be long."""
    grads = [p.grad for p in parameters]
    return dot(grads, grads)


def _loaded() -> Any:
    """The module `_steps`, from its source, with tracers for numbers."""
    path = Path(str(_steps.__file__)).with_name("_steps.py")
    spec: Any = importlib.util.spec_from_file_location("nn._steps of tracers", path)
    module: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.memory = SimpleNamespace(
        data_at=lambda parameters, i, placed: parameters[i].data,
        grad_at=lambda parameters, i, placed: parameters[i].grad,
        set_data_at=_set_data,
        set_grad_at=_set_grad,
        doubles=lambda numbers: numbers.tolist() if type(numbers) is array else numbers,
        part=lambda numbers, start, n: [numbers[i] for i in range(start, start + n)],
    )
    module.roots = SimpleNamespace(maximum=maximum, over_roots=_over_roots, sqrt=sqrt)
    module.sum_of_squares = _sum_of_squares
    module.writing = lambda parameters, what: None  # each is told
    return module


steps = _loaded()
