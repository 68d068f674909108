"""Random numbers for weights, from a generator or seed of the caller's choice."""

from __future__ import annotations

import random
from typing import TypeAlias

Rng: TypeAlias = random.Random | int | None
"""A generator, a seed for one, or None for the generator of `random.seed`."""


def generator(rng: Rng) -> random.Random:
    """The generator that rng stands for."""
    if rng is None:
        return random._inst
    if isinstance(rng, random.Random):
        return rng
    if isinstance(rng, int):
        return random.Random(rng)
    raise TypeError(f"rng must be a random.Random, an int seed or None, not {type(rng).__name__}")
