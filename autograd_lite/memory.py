"""An `array.array` as what is indexed: the interpreted twin of `_arrays.pxd`.

Here that is the array itself; in C it is a pointer to its first element.
"""

from __future__ import annotations

from array import array
from operator import is_

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def doubles(owner: array[float]) -> Any:
    """What is indexed to read and write an array of doubles."""
    return memoryview(owner)


def ints(owner: array[int]) -> Any:
    """What is indexed to read an array of ints."""
    return memoryview(owner)


def room(like: array[float], n: int) -> array[float]:
    """An array of n elements of the same type, in C of any value until they are written."""
    return array(like.typecode, bytes(like.itemsize * n))


def part(numbers: Any, start: int, n: int) -> Any:
    """The n of them from `start` on, to read and write."""
    return numbers[start : start + n]


def longs(owner: array[int]) -> Any:
    """What is indexed to read an array of long longs."""
    return memoryview(owner)


def append(owner: array[float], number: float) -> None:
    """Add a double at the end."""
    owner.append(number)


def append_int(owner: array[int], number: int) -> None:
    """Add an int at the end."""
    owner.append(number)


def alike(x: Any, y: Any) -> bool:
    """Whether these are lists, or dicts, of the same things in the same order."""
    if type(x) is not type(y) or type(x) not in (list, dict) or len(x) != len(y):
        return False
    if type(x) is list:
        return all(map(is_, x, y))
    return all(map(is_, x, y)) and all(map(is_, x.values(), y.values()))
