"""What `_steps` does otherwise in C: the interpreted twin of `_buffer.pxd`.

An array of doubles is indexed itself; in C that is a pointer to its first double. The functions of
doubles are those of IEEE 754, which C has.
"""

from __future__ import annotations

from autograd_lite.ieee import divide, sqrt

__all__ = ["divide", "doubles", "sqrt"]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from array import array


def doubles(owner: array[float]) -> array[float]:
    """What is indexed to read and write the numbers."""
    return owner
