"""Samples and batches: the arguments of one call for n samples, and the results put together.

Both go through what the samples hold place by place: at each, all samples have one type.
"""

from __future__ import annotations

from itertools import repeat
from operator import is_

import numpy as np

import autograd_lite.kinds as kinds
from autograd_lite.compiler.messages import said
from autograd_lite.compiler.record.flatten import FlatArguments, flatten, is_plain
from autograd_lite.compiler.record.template import Array
from autograd_lite.compiler.record.tokens import STATIC
from autograd_lite.tree import children, is_made_of_fields, items, rebuild
from autograd_lite.value import Node

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

__all__ = ["Samples", "stacked"]


class Samples:
    """The arguments of a call, for n samples.

    own      [arguments] True if each sample has its own
    columns  [arguments] the argument of each sample; or the one for all
    n        the number of samples

    All samples hold the same, but for numbers: dicts get the order of keys of the first sample; at
    each place bools among ints become ints, and both become floats among floats.

    Raises ValueError, which names the argument, for an empty batch, an axis that is not there,
    sizes that differ, and samples that differ in more than numbers.
    """

    def __init__(self, name: str, args: tuple[Any, ...], axes: Sequence[int | None]) -> None:
        self.own = [axis is not None for axis in axes]
        self.columns = [
            [thing] if axis is None else _column(thing, axis, f"{name}: argument {i}")
            for i, (thing, axis) in enumerate(zip(args, axes, strict=True))
        ]
        sizes = [(i, len(column)) for i, column in enumerate(self.columns) if self.own[i]]
        if not sizes:
            raise ValueError(f"{name}: vmap needs an argument that is a batch")
        first, self.n = sizes[0]
        for i, size in sizes:
            if size != self.n:
                raise ValueError(
                    f"{name}: argument {first} has {self.n} samples, but argument {i} has {size}"
                )

    def arguments(self, i: int) -> tuple[Any, ...]:
        """The arguments of sample i."""
        return tuple(
            column[i] if own else column[0]
            for column, own in zip(self.columns, self.own, strict=True)
        )


def _column(thing: Any, axis: int, name: str) -> Any:
    """The samples of an argument: an array of numbers, or a list of samples that are alike."""
    column = _along(thing, axis, name, f"has no axis {axis}")
    if not len(column):
        raise ValueError(f"{name} is an empty batch")
    if isinstance(column, np.ndarray):
        return column
    first, every = _taken_apart(column[:1]), _taken_apart(column)
    alike = first.shape * len(column) == every.shape
    alike = alike and first.statics * len(column) == every.statics
    return column if alike else _alike(column, name, "")


def _taken_apart(things: Iterable[Any]) -> FlatArguments:
    """Things of samples, taken apart as those of a batch are."""
    flat = FlatArguments(moving=True, own=True)
    for thing in things:
        flatten(thing, flat)
    return flat


def _along(thing: Any, axis: int, name: str, problem: str) -> Any:
    """The samples in thing along an axis: a list of them, or an array of numbers.

    A list or an array has axes; in tuples, dicts and dataclasses, each element has the axis.
    """
    if isinstance(thing, np.ndarray) and axis < thing.ndim:
        moved = np.moveaxis(thing, axis, 0)
        return moved if thing.dtype.kind in "fiub" else list(moved)
    if isinstance(thing, list) and axis == 0:
        return thing
    parts = items(thing) if _is_container(thing) else []
    if not parts:
        raise ValueError(
            f"{name} {problem}; write None in in_axes for what all samples share, such as self"
        )
    if isinstance(thing, list):
        rows = [_along(x, axis - 1, name, problem) for _, x in parts]
    else:
        rows = [_along(x, axis, name + path, problem) for path, x in parts]
    if len(set(map(len, rows))) > 1:
        raise ValueError(f"{name} {problem} of one length")
    return [rebuild(thing, list(row)) for row in zip(*rows, strict=True)]


def _alike(samples: list[Any], name: str, path: str) -> list[Any]:
    """What all samples have at a path, in one form; see `Samples`."""
    first, form = samples[0], _form(samples[0])
    for i, sample in enumerate(samples):
        if _form(sample) != form:
            found, expected = _said(sample) + (path and f" at {path}"), _said(first)
            expected = "another" if _said(sample) == expected else expected
            large = any(type(x) is int and _form(x) for x in (first, sample))
            which = "with ints of 2**53 and more" if large else "that differ"
            raise ValueError(
                said(
                    f"{name}: sample {i} has {found} where sample 0 has {expected}",
                    f"Write a loop over samples {which}",
                )
            )
    if form is None:
        return _of_one_type(samples)
    if not _is_container(first):
        return samples
    held = [[x[key] for key in first] if type(first) is dict else children(x) for x in samples]
    columns = [
        _alike([*column], name, path + key)
        for (key, _), column in zip(items(first), zip(*held, strict=True), strict=True)
    ]
    rows = zip(*columns, strict=True) if columns else repeat((), len(samples))
    return [
        x if all(map(is_, children(x), row)) else rebuild(first, [*row])
        for x, row in zip(samples, rows, strict=True)
    ]


def _form(thing: Any) -> Any:
    """What two things have in common that may stand at one place of two samples; None of numbers.

    Leaves that have it are taken apart alike.
    """
    if type(thing) is dict:
        return dict, {(type(key), key) for key in thing}
    if _is_container(thing):
        return type(thing), thing.shape if isinstance(thing, np.ndarray) else len(children(thing))
    if _number_type(thing):
        return None
    flat = _taken_apart([thing])
    return flat.shape, flat.statics


def _is_container(thing: Any) -> bool:
    """True if `flatten` looks for numbers in a sample's thing."""
    return (
        type(thing) in (list, tuple, dict)
        or (isinstance(thing, tuple) and hasattr(type(thing), "_make"))
        or (isinstance(thing, np.ndarray) and thing.dtype.hasobject)
        or is_made_of_fields(thing)
    )


def _number_type(x: Any) -> Any:
    """bool, int or float for a number, or for what stands for one; None for other things."""
    token, *axes = _taken_apart([x]).shape
    single = token > STATIC and axes in ([], [0])
    return _TYPES.get(~token & kinds.FLOAT) if single else None


_TYPES = {kinds.BOOL: bool, kinds.INT: int, kinds.FLOAT: float}


def _of_one_type(numbers: list[Any]) -> list[Any]:
    """Numbers, each of the widest type that one of them has."""
    if len({*map(type, numbers)}) == 1:
        return numbers
    types = [*map(_number_type, numbers)]
    widest = max(types, key=(bool, int, float).index)
    return [
        (x if cls is widest else widest(1) * x) if isinstance(x, Node) else widest(x)
        for x, cls in zip(numbers, types, strict=True)
    ]


def _said(thing: Any) -> str:
    """A thing in words, by what it stands for."""
    if type(thing) is dict:
        return f"a dict with the keys {[*thing]}"
    if isinstance(thing, np.ndarray):
        return f"an array of shape {thing.shape}"
    if is_plain(thing) and not _number_type(thing):
        return repr(thing)
    standing = isinstance(thing, Node) and not _number_type(thing)
    name = "Value" if standing else thing.__class__.__name__
    length = f" of {len(thing)}" if isinstance(thing, (list, tuple)) else ""
    return f"{'an' if name[0] in 'aeiouAEIOU' else 'a'} {name}{length}"


def stacked(results: list[Any]) -> Any:
    """The results of all samples, or the templates of results, as one: a list, an array of arrays,
    or a tuple, dict or dataclass of those.

    Of results that are not all of one form, a list.
    """
    first = results[0]
    if any(_outer_form(x) != _outer_form(first) for x in results):
        return results
    if isinstance(first, np.ndarray):
        return np.stack(results)
    if isinstance(first, Array):
        return Array(np.stack([result.holes for result in results]), first.number)
    if isinstance(first, dict):
        return {key: stacked([result[key] for result in results]) for key in first}
    if isinstance(first, tuple) or is_made_of_fields(first):
        rows = zip(*map(children, results), strict=True)
        return rebuild(first, [stacked([*row]) for row in rows])
    return results


def _outer_form(result: Any) -> Any:
    if isinstance(result, np.ndarray):
        return result.shape
    if isinstance(result, Array):
        return result.holes.shape
    if isinstance(result, dict):
        return dict, frozenset(result)
    if isinstance(result, tuple) or is_made_of_fields(result):
        return type(result), len(children(result))
    return None
