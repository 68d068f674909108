"""Codes that Python shares with the compiled loops: they write tapes, run them, check guards."""

from autograd_lite.operations.opcodes import (
    BLOCK,
    CONSTANT,
    DETACH,
    INDEX,
    LARGEST,
    LEAF,
    NAMES,
    RESULT,
    TAKE,
)

__all__ = [
    "BLOCK",
    "CONSTANT",
    "DETACH",
    "GREATER",
    "INDEX",
    "LARGEST",
    "LEAF",
    "LESS",
    "NAMES",
    "OPPOSITE",
    "RESULT",
    "SAME",
    "TAKE",
    "UNORDERED",
]

# How two numbers compare: OPPOSITE are 0.0 and -0.0, UNORDERED is a pair with a NaN.
LESS, SAME, GREATER, UNORDERED, OPPOSITE = 1, 2, 4, 8, 16
