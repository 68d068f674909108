"""A batch: the arguments of one call for n samples, as the program of one sample needs them."""

from __future__ import annotations

import copy
import dataclasses
from functools import cache

import numpy as np

from autograd_lite.compiler.messages import said
from autograd_lite.compiler.record.flatten import FlatArguments, Identity, flatten
from autograd_lite.compiler.record.tokens import DICT, TUPLE
from autograd_lite.compiler.tape.batched import BatchSlots
from autograd_lite.tree import children, is_made_of_fields, items, rebuild, rebuildable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any


__all__ = ["Batch"]

_BOOLS = (bool, np.bool_, np.ndarray)  # how `flatten` marks bools among the statics


class Batch:
    """The arguments of a call, for n samples.

    groups    the samples with the same bools each, which are parts of the program; with several
              groups, only a `part` of the batch has the fields below
    key       the signature of one sample
    flat      the numbers and the Values of all samples, argument by argument
    floats    (count, own) of each argument's numbers, as in `BatchSlots`
    integers  (count, own) of each argument's integers
    """

    def __init__(self, name: str, args: tuple[Any, ...], axes: Sequence[int | None]) -> None:
        self._arguments = [
            _Argument(f"{name}: argument {i}", thing, axis)
            for i, (thing, axis) in enumerate(zip(args, axes, strict=True))
        ]
        self.n = self._size(name)
        self.groups = self._by_bools()
        if len(self.groups) == 1:
            self._take_apart()

    def part(self, group: Sequence[int]) -> Batch:
        """These samples alone, with the same bools."""
        part = copy.copy(self)
        part._arguments = [argument.part(group) for argument in self._arguments]
        part.n = len(group)
        part._take_apart()
        return part

    def _by_bools(self) -> list[list[int]]:
        found = [bools for argument in self._arguments if (bools := argument.bools())]
        if not found:
            return [[*range(self.n)]]
        groups: dict[Any, list[int]] = {}
        for i, bools in enumerate(zip(*found, strict=True)):
            groups.setdefault(bools, []).append(i)
        return list(groups.values())

    def _take_apart(self) -> None:
        self.flat, self._one = FlatArguments(), FlatArguments()
        self._one.shape.extend((TUPLE, len(self._arguments)))
        for argument in self._arguments:
            argument.add(self._one, self.flat)
        self._one.shape.extend((DICT, 0))  # no keyword arguments
        self.key = self._one.shape.tobytes(), tuple(self._one.statics)
        self.floats = [(argument.floats, argument.own) for argument in self._arguments]
        self.integers = [(argument.integers, argument.own) for argument in self._arguments]
        self._values = dict(zip(self.flat.slots, self.flat.values, strict=True))

    def _size(self, name: str) -> int:
        sizes = {i: len(a.samples) for i, a in enumerate(self._arguments) if a.own}
        if not sizes:
            raise ValueError(f"{name}: vmap needs an argument that is a batch")
        first, n = next(iter(sizes.items()))
        for i, size in sizes.items():
            if size != n:
                raise ValueError(
                    f"{name}: argument {first} has {n} samples, but argument {i} has {size}"
                )
        return n

    def arguments(self, i: int) -> list[Any]:
        """The arguments of sample i."""
        return [argument.samples[i if argument.own else 0] for argument in self._arguments]

    def sample(self, i: int) -> FlatArguments:
        """The arguments of sample i, taken apart."""
        flat = FlatArguments()
        flat.shape, flat.statics = self._one.shape, self._one.statics
        slots = BatchSlots(self.floats, self.n).of(i).tolist()
        flat.floats.extend([self.flat.floats[slot] for slot in slots])
        indices = BatchSlots(self.integers, self.n).of(i).tolist()
        flat.integers.extend([self.flat.integers[k] for k in indices])
        flat.slots = [k for k, slot in enumerate(slots) if slot in self._values]
        flat.values = [self._values[slots[k]] for k in flat.slots]
        return flat


class _Argument:
    """One argument of a call.

    own      True if each sample has its own
    samples  the argument of each sample; or the one for all
    numbers  the number of each sample in the batch
    """

    def __init__(self, name: str, thing: Any, axis: int | None) -> None:
        self._name, self.own = name, axis is not None
        self.samples = [thing] if axis is None else _along(thing, axis, name, f"has no axis {axis}")
        if not len(self.samples):
            raise ValueError(f"{name} is an empty batch")
        self.numbers: Sequence[int] = range(len(self.samples))
        self._flats = _taken_apart(self.samples, self.own)

    def part(self, group: Sequence[int]) -> _Argument:
        """The argument for these samples alone."""
        if not self.own:
            return self
        samples: Any = self.samples
        part = copy.copy(self)
        part.numbers = group
        some = isinstance(samples, np.ndarray)
        part.samples = samples[group] if some else [samples[i] for i in group]
        part._flats = _taken_apart(part.samples, True)
        return part

    def bools(self) -> list[tuple[Any, ...]]:
        """The bools of each sample; nothing if they do not differ, or if no sample has any."""
        first, every = self._flats
        differ = self.own and not _alike(self.samples, first, every)
        if not differ or not any(cls in _BOOLS for cls, _ in every.statics):
            return []
        found = []
        for sample in self.samples:
            one, _ = _flat([_in_order(self.samples[0], sample)])
            found.append(tuple([x for cls, x in one.statics if cls in _BOOLS]))
        return found

    def add(self, one: FlatArguments, flat: FlatArguments) -> None:
        """Add the first sample, taken apart, to one, and the numbers of all samples to flat."""
        samples = self.samples
        first, every = self._flats
        if self.own and any(cls is int for cls, _ in every.statics):
            # Such as labels: what differs from sample to sample is data, as in an array.
            samples = _as_data(samples, np.int64)
            first, every = _taken_apart(samples, self.own)
        if not _alike(samples, first, every):
            # Perhaps there are ints where other samples have floats.
            samples = _as_data(self.samples, float)
            first, every = _taken_apart(samples, self.own)
            if not _alike(samples, first, every):
                i = next(i for i, x in enumerate(samples) if _differ(samples[0], x))
                found, expected = _difference(samples[0], samples[i])
                raise ValueError(
                    said(
                        f"{self._name}: sample {self.numbers[i]} has {found} where sample "
                        f"{self.numbers[0]} has {expected}",
                        "Write a loop over samples that differ",
                    )
                )
        self.floats, self.integers = len(first.floats), len(first.integers)
        one.shape += first.shape
        one.statics += first.statics
        flat.slots += [len(flat.floats) + slot for slot in every.slots]
        flat.values += every.values
        flat.floats.extend(every.floats)
        flat.integers.extend(every.integers)


def _taken_apart(samples: Any, own: bool) -> tuple[FlatArguments, FlatArguments]:
    """The first sample, and all of them.

    own  True for samples, whose dataclasses hold numbers; False for one thing that all share
    """
    first, every = _flat(samples)
    if own and not isinstance(samples, np.ndarray):
        objects = [thing.thing for _, thing in every.statics if isinstance(thing, Identity)]
        if any(map(is_made_of_fields, objects)) or not _alike(samples, first, every):
            return _flat([_in_order(samples[0], sample) for sample in samples])
    return first, every


def _flat(samples: Any) -> tuple[FlatArguments, FlatArguments]:
    first, every = FlatArguments(), FlatArguments()
    flatten(samples[0], first)
    for part in [samples] if isinstance(samples, np.ndarray) else samples:
        flatten(part, every)
    return first, every


def _in_order(first: Any, thing: Any) -> Any:
    """The thing with dicts in the order of the first sample's, and dataclasses as tuples."""
    if type(thing) is dict:
        order = first if type(first) is dict and first.keys() == thing.keys() else thing
        return {key: _in_order(x, thing[key]) for key, x in order.items()}
    parts = _items(thing)
    if parts is None:
        return thing
    others = _items(first) or {}
    held = [_in_order(others.get(path), x) for path, x in parts.items()]
    cls: Any = type(thing)
    return _fields_of(cls)(held) if is_made_of_fields(thing) else rebuild(thing, held)


@cache
def _fields_of(cls: Any) -> Any:
    """A class of tuples of what a dataclass holds; `_make` makes an instance of the dataclass."""

    def make(parts: Iterable[Any]) -> Any:
        new = object.__new__(cls)
        for field, part in zip(dataclasses.fields(cls), parts, strict=True):
            object.__setattr__(new, field.name, part)
        return new

    return type(cls.__name__, (tuple,), {"_make": make})


def _items(thing: Any) -> dict[str, Any] | None:
    """{path: thing} of what a container holds; None if `flatten` does not look into it."""
    looks = type(thing) is dict or isinstance(thing, (list, tuple)) or is_made_of_fields(thing)
    return dict(items(thing)) if looks and rebuildable(thing) else None


def _alike(samples: Any, first: FlatArguments, every: FlatArguments) -> bool:
    """Whether all samples are like the first one, as those in an array are."""
    if isinstance(samples, np.ndarray):
        return True
    n = len(samples)
    return first.shape * n == every.shape and first.statics * n == every.statics


def _differ(x: Any, y: Any) -> bool:
    return not _alike([x, y], *_taken_apart([x, y], True))


def _difference(first: Any, other: Any, path: str = "") -> tuple[str, str]:
    """What another sample has, at which path in it, and what the first one has there."""
    mine, its = _items(first) or {}, _items(other) or {}
    if type(first) is type(other) and mine.keys() == its.keys():
        for key in mine:
            if _differ(mine[key], its[key]):
                return _difference(mine[key], its[key], path + key)
    a, b = _said(other), _said(first)
    if type(first) is type(other) is dict and a == b:
        a, b = (f"the keys {', '.join(map(repr, thing))}" for thing in (other, first))
    at = f" at {path}" if path else ""
    return f"{a}{at}", b if a != b else "another"


def _said(thing: Any) -> str:
    name = type(thing).__name__
    if isinstance(thing, np.ndarray):
        return f"an array of shape {thing.shape}"
    if isinstance(thing, (list, tuple, dict)):
        return f"a {name} of {len(thing)}"
    if thing is None or isinstance(thing, str):
        return repr(thing)
    return f"{'an' if name[0] in 'aeiouAEIOU' else 'a'} {name}"


def _along(thing: Any, axis: int, name: str, problem: str) -> Any:
    """The samples in thing along an axis: a list of them, or an array of numbers.

    A list or an array has axes; in tuples, dicts and dataclasses, each element has the axis.
    """
    if isinstance(thing, np.ndarray) and axis < thing.ndim:
        moved = np.moveaxis(thing, axis, 0)
        return moved if thing.dtype.kind in "fiu" else list(moved)
    if isinstance(thing, list) and axis == 0:
        return thing
    parts = _items(thing)
    if not parts:
        raise ValueError(
            f"{name} {problem}; write None in in_axes for what all samples share, such as self"
        )
    if isinstance(thing, list):
        rows = [_along(x, axis - 1, name, problem) for x in parts.values()]
    else:
        rows = [_along(x, axis, name + key, problem) for key, x in parts.items()]
    if len(set(map(len, rows))) > 1:
        raise ValueError(f"{name} {problem} of one length")
    return [rebuild(thing, list(row)) for row in zip(*rows, strict=True)]


def _as_data(thing: Any, number: Callable[[Any], Any]) -> Any:
    """The thing with numbers for ints, an array of NumPy's for a list of nothing else."""
    if number is np.int64 and isinstance(thing, list) and {*map(type, thing)} == {int}:
        return np.array(thing)
    if isinstance(thing, dict):
        return {key: _as_data(x, number) for key, x in thing.items()}
    if isinstance(thing, (list, tuple)) or is_made_of_fields(thing):
        return rebuild(thing, [_as_data(x, number) for x in children(thing)])
    whole = isinstance(thing, (int, np.integer)) and not isinstance(thing, bool)
    return number(thing) if whole else thing
