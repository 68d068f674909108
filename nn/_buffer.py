"""An array of doubles as what is indexed: the interpreted twin of `_buffer.pxd`.

Here that is the array itself; in C it is a pointer to its first double.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from array import array


def doubles(owner: array[float]) -> array[float]:
    """What is indexed to read and write the numbers."""
    return owner
