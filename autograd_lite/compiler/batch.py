"""A batch: the arguments of one call for n samples, as the program of one sample needs them."""

from __future__ import annotations

import dataclasses
from functools import cache

import numpy as np

from autograd_lite.compiler.messages import said
from autograd_lite.compiler.record.flatten import EXACT, FlatArguments, Identity, flatten
from autograd_lite.compiler.record.tokens import DICT, TUPLE
from autograd_lite.compiler.tape.batched import BatchSlots
from autograd_lite.tree import children, is_made_of_fields, items, rebuild, rebuildable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Sequence
    from typing import Any


__all__ = ["Batch"]


class Batch:
    """The arguments of a call, for n samples.

    key       the signature of one sample
    flat      the numbers and the Values of all samples, argument by argument
    floats    (count, own) of each argument's numbers, as in `BatchSlots`
    integers  (count, own) of each argument's integers
    """

    def __init__(
        self, name: str, args: tuple[Any, ...], axes: Sequence[int | None], moving: Container[Any]
    ) -> None:
        """A batch; what samples have for their own, and the arguments at the places in moving,
        are data with their ints and bools.
        """
        self._arguments = [
            _Argument(f"{name}: argument {i}", thing, axis, i in moving)
            for i, (thing, axis) in enumerate(zip(args, axes, strict=True))
        ]
        self.n = self._size(name)
        self.flat, self._one = FlatArguments(), FlatArguments()
        self._one.shape.extend((TUPLE, len(self._arguments)))
        for i, argument in enumerate(self._arguments):
            self._add(i, argument)
        self._one.shape.extend((DICT, 0))  # no keyword arguments
        self.key = self._one.shape.tobytes(), tuple(self._one.statics)
        self.floats = [(len(x.first.floats), x.own) for x in self._arguments]
        self.integers = [(len(x.first.integers), x.own) for x in self._arguments]
        self._values = dict(zip(self.flat.slots, self.flat.values, strict=True))

    def _add(self, i: int, argument: _Argument) -> None:
        one, flat = self._one, self.flat
        first, every = argument.first, argument.every
        if first.ints and not argument.own:  # which move as they do in a call of the function
            one.owners.append((i, [len(one.floats) + k for k in first.ints]))
        one.shape += first.shape
        one.statics += first.statics
        one.floats += first.floats
        flat.slots += [len(flat.floats) + slot for slot in every.slots]
        flat.values += every.values
        flat.floats += every.floats
        flat.integers += every.integers

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
        one = self._one
        flat.shape, flat.statics, flat.owners = one.shape, one.statics, one.owners
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
    first    the first of them, taken apart
    every    all of them, taken apart
    """

    def __init__(self, name: str, thing: Any, axis: int | None, moving: bool) -> None:
        self.own = axis is not None
        self.samples = [thing] if axis is None else _along(thing, axis, name, f"has no axis {axis}")
        if not len(self.samples):
            raise ValueError(f"{name} is an empty batch")
        self.first, self.every = _flat(self.samples, self.own, moving)
        if self.own and not isinstance(self.samples, np.ndarray):
            self._make_alike(name)

    def _make_alike(self, name: str) -> None:
        """See to it that all samples are taken apart as the first is, or raise ValueError."""
        statics = [thing.thing for _, thing in self.every.statics if isinstance(thing, Identity)]
        if _alike(self.samples, self.first, self.every) and not any(
            map(is_made_of_fields, statics)
        ):
            return
        for change in (list, _with_floats):  # perhaps there are ints where others have floats
            samples = _in_order_of_first(change(self.samples))
            self.first, self.every = _flat(samples, True)
            if _alike(samples, self.first, self.every):
                return
        samples = _with_floats(self.samples)
        i = next(i for i, x in enumerate(samples) if _differ(samples[0], x))
        found, expected = _difference(samples[0], samples[i])
        raise ValueError(
            said(
                f"{name}: sample {i} has {found} where sample 0 has {expected}",
                "Write a loop over samples that differ",
            )
        )


def _flat(samples: Any, own: bool, moving: bool = False) -> tuple[FlatArguments, FlatArguments]:
    """The first sample, and all of them, taken apart."""
    first, every = FlatArguments(), FlatArguments()
    first.moving = every.moving = own or moving
    first.bools = every.bools = own
    flatten(samples[0], first)
    for part in [samples] if isinstance(samples, np.ndarray) else samples:
        flatten(part, every)
    return first, every


def _in_order_of_first(samples: Sequence[Any]) -> list[Any]:
    return [_in_order(samples[0], sample) for sample in samples]


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
    """Whether all samples are like the first one."""
    n = len(samples)
    return first.shape * n == every.shape and first.statics * n == every.statics


def _differ(x: Any, y: Any) -> bool:
    pair = _in_order_of_first(_with_floats([x, y]))
    return not _alike(pair, *_flat(pair, True))


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
        return moved if thing.dtype.kind in "fiub" else list(moved)
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


def _with_floats(thing: Any) -> Any:
    """The thing with floats for ints and bools, if they are the same as doubles."""
    if isinstance(thing, dict):
        return {key: _with_floats(x) for key, x in thing.items()}
    if isinstance(thing, (list, tuple)) or is_made_of_fields(thing):
        return rebuild(thing, [_with_floats(x) for x in children(thing)])
    whole = isinstance(thing, (int, np.integer, np.bool_)) and abs(int(thing)) <= EXACT
    return float(thing) if whole else thing
