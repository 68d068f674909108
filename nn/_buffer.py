"""What `_steps` does otherwise in C: the interpreted twin of `_buffer.pxd`.

An array of doubles is indexed itself; in C that is a pointer to its first double. The functions of
doubles are those of IEEE 754, which C has.
"""

from __future__ import annotations

from autograd_lite.operations.ieee import divide, sqrt

__all__ = ["data_of", "doubles", "grad_of", "over_roots", "part", "set_data", "set_grad", "sqrt"]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from array import array
    from typing import Any

    from autograd_lite import Value


def doubles(owner: array[float]) -> Any:
    """What is indexed to read and write the numbers."""
    return memoryview(owner)


def part(numbers: Any, start: int) -> Any:
    """The numbers from `start` on."""
    return numbers[start:]


def over_roots(m: Any, s: Any, n: int, rate: float, eps: float) -> None:
    """Write rate m / (sqrt(s) + eps) over each s; in C, of several at once."""
    for i in range(n):
        s[i] = divide(rate * m[i], sqrt(s[i]) + eps)


def grad_of(values: tuple[Value, ...], i: int) -> float:
    """The gradient of values[i], in C without a look at its type."""
    return values[i]._grad


def set_grad(values: tuple[Value, ...], i: int, grad: float) -> None:
    """Set the gradient of values[i], in C without a look at its type."""
    values[i]._grad = grad


def data_of(values: tuple[Value, ...], i: int) -> float:
    """The number of values[i], in C without a look at its type."""
    return values[i]._data


def set_data(values: tuple[Value, ...], i: int, data: float) -> None:
    """Set the number of values[i], in C without a look at its type."""
    values[i]._data = data
