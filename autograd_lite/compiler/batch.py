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

    What each sample has for its own is data with its ints and bools. Raises ValueError for samples
    that differ in more than numbers.
    """

    def __init__(self, samples: Samples, moving: frozenset[Any]) -> None:
        self.samples, self.moving, self.n = samples, moving, samples.n
        self.floats: list[tuple[int, bool]] = []
        self.integers: list[tuple[int, bool]] = []
        self.flat = flat = FlatArguments()
        for k, own in enumerate(samples.own):
            every = self._argument(k)
            if every is None:
                samples.make_alike(k)
                every = self._argument(k)
            assert every is not None
            n = self.n if own else 1
            self.floats.append((len(every.floats) // n, own))
            self.integers.append((len(every.integers) // n, own))
            flat.slots += [len(flat.floats) + slot for slot in every.slots]
            flat.values += every.values
            flat.floats += every.floats
            flat.integers += every.integers
        one = self.sample(0)
        self.key = one.shape.tobytes(), tuple(one.statics)

    def _argument(self, k: int) -> FlatArguments | None:
        """Argument k of all samples, taken apart; None if they are not all like the first one."""
        column, own = self.samples.columns[k], self.samples.own[k]
        every = FlatArguments(own or k in self.moving, own)
        if isinstance(column, np.ndarray):
            flatten(column, every)
            return every
        first = FlatArguments(every.moving, own)
        flatten(column[0], first)
        for thing in column:
            flatten(thing, every)
        alike = first.shape * len(column) == every.shape
        return every if alike and first.statics * len(column) == every.statics else None

    def sample(self, i: int) -> FlatArguments:
        """The arguments of sample i, taken apart."""
        own = {k for k, own in enumerate(self.samples.own) if own}
        return flatten_call(self.samples.arguments(i), {}, self.moving, own)
