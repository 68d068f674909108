"""Whether a matrix fits into memory: asked before it is built."""

from __future__ import annotations

import os

__all__ = ["check_fits", "memory"]


def memory() -> float:
    """The bytes of this machine's memory; inf where it does not say."""
    try:
        return float(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    except (AttributeError, OSError, ValueError):  # as on Windows
        return float("inf")


def check_fits(matrix: str, numbers: int, bytes_each: int, instead: str) -> None:
    """Raise MemoryError for so many numbers if they are larger than the memory.

    matrix   what it is of what, for the error
    instead  what to write instead
    """
    size = numbers * bytes_each
    if size > memory():
        raise MemoryError(
            f"{matrix} has {numbers:,} numbers, which take {size / 1e9:,.0f} GB to build, and this "
            f"machine has {memory() / 1e9:,.0f}; write {instead}"
        )
