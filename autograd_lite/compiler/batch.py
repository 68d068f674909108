"""A batch: the arguments of one call for n samples, as the program of one sample needs them."""

from __future__ import annotations

import numpy as np

from autograd_lite.compiler.record.flatten import FlatArguments, flatten, flatten_call

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from autograd_lite.compiler.samples import Samples

__all__ = ["Batch"]


class Batch:
    """The arguments of a call for n samples, taken apart.

    moving    the places of the arguments whose ints are numbers that change
    key       the signature of one sample
    flat      the numbers and the Values of all samples, argument by argument
    floats    (count, own) of each argument's numbers, as in `BatchSlots`
    integers  (count, own) of each argument's integers

    What each sample has for its own is data with its ints and bools.
    """

    def __init__(self, samples: Samples, moving: frozenset[Any]) -> None:
        self.samples, self.moving, self.n = samples, moving, samples.n
        self.flat = flat = FlatArguments(typed=True)
        self.floats: list[tuple[int, bool]] = []
        self.integers: list[tuple[int, bool]] = []
        for k, (column, own) in enumerate(zip(samples.columns, samples.own, strict=True)):
            floats, integers = len(flat.floats), len(flat.integers)
            flat.own, flat.moving = own, own or k in moving
            for thing in [column] if isinstance(column, np.ndarray) else column:
                flatten(thing, flat)
            self.floats.append(((len(flat.floats) - floats) // len(column), own))
            self.integers.append(((len(flat.integers) - integers) // len(column), own))
        one = self.sample(0)
        self.key = one.shape.tobytes(), tuple(one.statics)

    def sample(self, i: int) -> FlatArguments:
        """The arguments of sample i, taken apart."""
        own = {k for k, own in enumerate(self.samples.own) if own}
        return flatten_call(self.samples.arguments(i), {}, self.moving, own)
