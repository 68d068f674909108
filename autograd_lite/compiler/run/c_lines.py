"""Lines of C that several writers need."""

from __future__ import annotations

__all__ = ["counting"]


def counting(name: str, size: int, index: str = "long") -> str:
    """The head of a loop in which a variable counts from 0 to size - 1; a "}" closes it."""
    return f"for ({index} {name} = 0; {name} < {size}; {name}++) {{"
