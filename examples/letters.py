"""Names as letters, and letters as vectors: what gpt.py and bert.py share."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np

from autograd_lite import Value

NAMES = Path(__file__).parent / "data" / "names.txt"
LETTERS = ".abcdefghijklmnopqrstuvwxyz"  # the dot begins and ends a name

Vectors = list[list[Value]]


def shuffled_names(rng: random.Random) -> list[str]:
    """All names, in random order."""
    names = NAMES.read_text(encoding="utf-8").split()
    rng.shuffle(names)
    return names


def numbered(name: str) -> np.ndarray:
    """The name's letters as their places in LETTERS, between two dots."""
    return np.array([LETTERS.index(letter) for letter in f".{name}."])


def added(xs: Vectors, ys: Vectors) -> Vectors:
    """xs + ys, a vector for each letter."""
    return [[x + y for x, y in zip(*rows, strict=True)] for rows in zip(xs, ys, strict=True)]
