"""`vmap`: a function of one sample, recorded once, that runs on batches of any size."""

from __future__ import annotations

import copy
import dataclasses
from collections import OrderedDict
from functools import cache
from numbers import Integral

import numpy as np

from autograd_lite import observers
from autograd_lite.compiler.copies import BatchedProgram, BatchSlots, rebuilt_like, stack_results
from autograd_lite.compiler.function import MAX_SHAPES, Compiled
from autograd_lite.compiler.messages import said
from autograd_lite.compiler.program import Attempt, is_made_of_fields, put_together
from autograd_lite.compiler.record.flatten import FlatArguments, Identity, flatten
from autograd_lite.compiler.record.tokens import DICT, TUPLE
from autograd_lite.value import blocks_open

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any

    from autograd_lite.compiler.function import _Signature
    from autograd_lite.compiler.program import Program

__all__ = ["Batched"]

_BOOLS = (bool, np.bool_, np.ndarray)  # how `flatten` marks bools among the statics


class Batched(Compiled):
    """A function of one sample that is called with batches.

    in_axes  an axis or None for all arguments, or one for each
    """

    __slots__ = ("_batched_programs", "in_axes")

    def __init__(self, function: Callable[..., Any], in_axes: Any = 0) -> None:
        if not callable(function):
            raise TypeError(f"vmap: expected a function, not {type(function).__name__}")
        super().__init__(function)
        self.in_axes = tuple(in_axes) if isinstance(in_axes, list) else in_axes
        axes = self.in_axes if isinstance(self.in_axes, tuple) else (self.in_axes,)
        for axis in axes:
            whole = isinstance(axis, Integral) and not isinstance(axis, bool)
            if axis is not None and not (whole and axis >= 0):
                raise ValueError(
                    f"vmap: an axis must be an int of 0 or more, or None, not {axis!r}"
                )
        if all(axis is None for axis in axes):
            raise ValueError("vmap: in_axes must give one argument at least a batch axis")
        self._batched_programs: OrderedDict[Any, BatchedProgram] = OrderedDict()

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if kwargs:
            raise TypeError(f"{self.__name__}: vmap takes no keyword argument; pass it by position")
        batch = Batch(self.__name__, args, self._axes(args))
        watched = blocks_open() and observers.watched()  # every node
        if watched and observers.tracing():  # recorded in another
            return stack_results([self.function(*batch.arguments(i)) for i in range(batch.n)])
        if len(batch.groups) == 1:
            return self._run(batch, watched, True)
        results: dict[int, Any] = {}
        for group in batch.groups:
            results |= zip(group, self._run(batch.part(group), watched, False), strict=True)
        return stack_results([results[i] for i in range(batch.n)])

    def _run(self, batch: Batch, watched: bool, whole: bool) -> Any:
        """The results for samples with the same bools: a list of them, or as one for the whole."""
        signature = self._signature(batch.key)
        left, tried = list(range(batch.n)), []
        attempts = [Attempt() for _ in range(batch.n)]
        results: dict[int, Any] = {}
        if watched:
            results = {i: self._of_sample(signature, batch, i) for i in left}
            left = []
        while left:
            with self._lock:
                others = [
                    p for p in signature.programs if p not in tried and not p.captured.changed()
                ]
                i = left[0]
                program = (
                    others[0] if others else self._recorded(signature, batch.sample(i), attempts[i])
                )
            if program is None or program not in signature.programs:
                if program is not None:  # the function has been called for this sample
                    found, results[i] = program.run(batch.sample(i), attempts[i])
                    left = left[1:] if found else left
                    signature.check(program)
                results |= {i: self._of_sample(signature, batch, i) for i in left}
                break
            tried.append(program)
            batched = self._batched(program, batch)
            ran = batched.run(batch, left, attempts)
            if ran is None:
                runs = {i: program.run(batch.sample(i), attempts[i]) for i in left}
                results |= {i: result for i, (found, result) in runs.items() if found}
            else:
                held, nodes = ran
                if whole and len(held) == batch.n:
                    return put_together(batched.template, nodes)
                results |= {i: batched.result(nodes, i) for i in held}
            left = [i for i in left if i not in results]
            if program.why_not:
                signature.check(program)
                results |= {i: self._of_sample(signature, batch, i) for i in left}
                break
        each = [results[i] for i in range(batch.n)]
        return stack_results(each) if whole else each

    def _of_sample(self, signature: _Signature, batch: Batch, i: int) -> Any:
        """What the function itself gives for sample i."""
        return self._eagerly(signature, batch.sample(i), batch.arguments(i), {})

    def programs(self) -> Sequence[Program | BatchedProgram]:
        """Of each recording, that for the last batch."""
        last: dict[Program, BatchedProgram] = {}
        for (program, _), batched in reversed(self._batched_programs.items()):
            last.setdefault(program, batched)
        return list(last.values())[::-1] or super().programs()

    def _arguments(self) -> tuple[Any, ...]:
        return self.function, self.in_axes

    def _axes(self, args: tuple[Any, ...]) -> Sequence[int | None]:
        """The axis of each argument."""
        if not isinstance(self.in_axes, tuple):
            return [self.in_axes] * len(args)
        if len(self.in_axes) != len(args):
            raise ValueError(
                f"{self.__name__}: in_axes gives the axes of {len(self.in_axes)} arguments, but "
                f"there are {len(args)}"
            )
        return self.in_axes

    def _batched(self, program: Program, batch: Batch) -> BatchedProgram:
        key = program, batch.n
        with self._lock:
            batched = (
                self._batched_programs.pop(key)
                if key in self._batched_programs
                else BatchedProgram(program, batch)
            )
            self._batched_programs[key] = batched
            while len(self._batched_programs) > MAX_SHAPES:
                self._batched_programs.popitem(last=False)
        return batched


class Batch:
    """The arguments of a call, for n samples.

    groups    the samples with the same bools each, which are parts of the program; if they are not
              all in one group, only a `part` of the batch has what follows
    key       what one sample is like, as a compiled function knows its arguments
    flat      the numbers and the Values of all samples, argument by argument
    floats    of each argument, how many numbers a sample has, and whether they are its own
    integers  the same of those numbers that are integers
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
        """Those of sample i."""
        return [argument.samples[i if argument.own else 0] for argument in self._arguments]

    def sample(self, i: int) -> FlatArguments:
        """Those of sample i, taken apart."""
        flat = FlatArguments()
        flat.shape, flat.statics = self._one.shape, self._one.statics
        slots = BatchSlots(self.floats, self.n).of(i).tolist()
        flat.floats.extend([self.flat.floats[slot] for slot in slots])
        places = BatchSlots(self.integers, self.n).of(i).tolist()
        flat.integers.extend([self.flat.integers[place] for place in places])
        flat.slots = [k for k, slot in enumerate(slots) if slot in self._values]
        flat.values = [self._values[slots[k]] for k in flat.slots]
        return flat


class _Argument:
    """One argument of a call.

    own      whether each sample has its own
    samples  these; or one for all
    places   of the samples in the batch
    """

    def __init__(self, name: str, thing: Any, axis: int | None) -> None:
        self._name, self.own = name, axis is not None
        self.samples = [thing] if axis is None else _along(thing, axis, name, f"has no axis {axis}")
        if not len(self.samples):
            raise ValueError(f"{name} is an empty batch")
        self.places: Sequence[int] = range(len(self.samples))
        self._flats = _taken_apart(self.samples, self.own)

    def part(self, group: Sequence[int]) -> _Argument:
        """The argument for these samples alone."""
        if not self.own:
            return self
        samples: Any = self.samples
        part = copy.copy(self)
        part.places = group
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
        """Take the first sample apart into one, and the numbers of all of them into flat."""
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
                        f"{self._name}: sample {self.places[i]} has {found} where sample "
                        f"{self.places[0]} has {expected}",
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

    own  whether they are samples, whose dataclasses hold numbers, rather than one thing for all
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
    parts = _elements(thing)
    if parts is None:
        return thing
    others = _elements(first) or {}
    held = [_in_order(others.get(key), x) for key, x in parts.items()]
    cls: Any = type(thing)
    return _fields_of(cls)(held) if is_made_of_fields(thing) else rebuilt_like(thing, held)


@cache
def _fields_of(cls: Any) -> Any:
    """The tuples of what instances of a dataclass hold, which `_make` turns into such again."""

    def make(parts: Iterable[Any]) -> Any:
        new = object.__new__(cls)
        for field, part in zip(dataclasses.fields(cls), parts, strict=True):
            object.__setattr__(new, field.name, part)
        return new

    return type(cls.__name__, (tuple,), {"_make": make})


def _elements(thing: Any) -> dict[Any, Any] | None:
    """What a container holds, by what follows its name in Python to get there."""
    if type(thing) is dict:
        return {f"[{key!r}]": x for key, x in thing.items()}
    if isinstance(thing, (list, tuple)):
        return {f"[{i}]": x for i, x in enumerate(thing)}
    if is_made_of_fields(thing):
        return {f".{field.name}": getattr(thing, field.name) for field in dataclasses.fields(thing)}
    return None


def _alike(samples: Any, first: FlatArguments, every: FlatArguments) -> bool:
    """Whether all samples are like the first one; those in an array are."""
    if isinstance(samples, np.ndarray):
        return True
    n = len(samples)
    return first.shape * n == every.shape and first.statics * n == every.statics


def _differ(x: Any, y: Any) -> bool:
    return not _alike([x, y], *_taken_apart([x, y], True))


def _difference(first: Any, other: Any, path: str = "") -> tuple[str, str]:
    """What another sample has, and at which path in it, and what the first has there."""
    mine, its = _elements(first) or {}, _elements(other) or {}
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
    parts = _elements(thing)
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
    return [rebuilt_like(thing, row) for row in zip(*rows, strict=True)]


def _as_data(thing: Any, number: Callable[[Any], Any]) -> Any:
    """The thing with numbers for ints, an array of NumPy's for a list of nothing else."""
    if number is np.int64 and isinstance(thing, list) and {*map(type, thing)} == {int}:
        return np.array(thing)
    if isinstance(thing, (list, tuple)):
        return rebuilt_like(thing, [_as_data(element, number) for element in thing])
    if isinstance(thing, dict):
        return rebuilt_like(thing, [_as_data(element, number) for element in thing.values()])
    if is_made_of_fields(thing):
        held = _elements(thing) or {}
        return rebuilt_like(thing, [_as_data(element, number) for element in held.values()])
    whole = isinstance(thing, (int, np.integer)) and not isinstance(thing, bool)
    return number(thing) if whole else thing
