"""Generators of random numbers, and whether anything but `sample` has drawn from them."""

from __future__ import annotations

import pickle
import random
import threading
from inspect import getattr_static
from types import FunctionType

import numpy as np

from autograd_lite.value import is_number

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

__all__ = ["Generators", "is_unknown", "is_watched"]

_GENERATORS = (random.Random, np.random.Generator, np.random.RandomState, np.random.BitGenerator)

_SHARED: list[Any] = [
    random.random.__self__,  # type: ignore[attr-defined]
    np.random.rand.__self__,  # type: ignore[attr-defined]
]
"""The generators that all programs share."""


def is_watched(cls: type) -> bool:
    """True of a class of generators of random numbers whose states can be compared."""
    return issubclass(cls, _GENERATORS) and not issubclass(cls, random.SystemRandom)


def is_unknown(cls: type) -> bool:
    """True of a class of other generators, which show nothing of their states."""
    seed = getattr_static(cls, "seed", None)  # of a class written in C
    in_c = callable(seed) and not isinstance(seed, FunctionType)
    return issubclass(cls, random.SystemRandom) or (in_c and not is_watched(cls))


class Generators:
    """The shared generators, and those that were reached, in the states that `sample` left them in.

    Looking at all states takes 50 microseconds. So where `sample` is given a method of a generator,
    such as `random.random`, a twin of the generator draws the same numbers, and nothing else. While
    both give the same, nothing else has drawn.
    """

    def __init__(self, reached: Iterable[object]) -> None:
        own = [thing for thing in reached if is_watched(type(thing))]
        self._all = list({id(thing): thing for thing in [*_SHARED, *own]}.values())
        self._states = [_state(generator) for generator in self._all]
        self._first = self._states[:]
        self._twins: dict[int, Any] = {}  # by the generator's index
        self._apart = False

    def sample(self, function: Callable[[], float]) -> Any:
        """A number drawn by the function."""
        i = self._index(function)
        if i is None:
            self.disturbed()
            number = function()
            self._apart |= not is_number(number)  # which no program draws
            self._states = [_state(generator) for generator in self._all]
            self._twins.clear()
            return number
        if i not in self._twins:
            self._twins[i] = _twin(self._all[i])
            self._apart |= _state(self._twins[i]) != self._states[i]
        number = function()
        self._apart |= number != getattr(self._twins[i], function.__name__)()
        return number

    def disturbed(self) -> bool:
        """Whether anything has drawn without `sample`."""
        for i, twin in self._twins.items():
            self._states[i] = _state(twin)
        self._apart |= [_state(generator) for generator in self._all] != self._states
        return self._apart

    def may_be_elsewhere(self) -> bool:
        """Whether another thread may have drawn: there is one, and only generators that all share
        were drawn from.
        """
        own = slice(len(_SHARED), None)
        same = [_state(generator) for generator in self._all[own]] == self._states[own]
        return same and threading.active_count() > 1

    def put_back(self) -> bool:
        """Whether anything has drawn without `sample`. If so, all are in their first states again,
        so that the call can be made once more.
        """
        if self.disturbed():
            for generator, state in zip(self._all, self._first, strict=True):
                _set_state(generator, state)
        return self._apart

    def _index(self, function: Any) -> int | None:
        """The index of the generator that has this method, if nothing else can change its state."""
        owner = getattr(function, "__self__", None)
        if type(owner) not in _GENERATORS or getattr(owner, function.__name__, None) != function:
            return None
        found = [i for i, generator in enumerate(self._all) if generator is owner]
        # Two generators of NumPy's may share a state.
        alone = found and self._states.count(self._states[found[0]]) == 1
        return found[0] if alone else None


def _state(generator: Any) -> Any:
    if isinstance(generator, random.Random):
        return generator.getstate()
    if isinstance(generator, np.random.RandomState):
        return pickle.dumps(generator.get_state(legacy=False))
    return pickle.dumps(getattr(generator, "bit_generator", generator).state)


def _set_state(generator: Any, state: Any) -> None:
    if isinstance(generator, random.Random):
        generator.setstate(state)
    elif isinstance(generator, np.random.RandomState):
        generator.set_state(pickle.loads(state))
    else:
        getattr(generator, "bit_generator", generator).state = pickle.loads(state)


def _twin(generator: Any) -> Any:
    return pickle.loads(pickle.dumps(generator))
