"""Which expression of an array gives certain of its elements, in a certain shape.

Places are ints: an element's position in its array, counted row by row. They are given as an array
of the shape that is wanted. A slice of the array, or of the array in another shape, is looked for
first; what is none is chosen by arrays of ints.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from autograd_lite.compiler.export.expressions import (
    EACH,
    Cut,
    Expression,
    Shape,
    Turn,
    index,
    reshape,
    transpose,
)
from autograd_lite.compiler.lift.affine import nest
from autograd_lite.compiler.tape.ranges import Ints

__all__ = ["IntArrays", "loops_of", "moving", "spread", "suffix", "view"]

IntArrays = Callable[[Ints], Expression]
"""What gives an array of ints as an expression."""


def suffix(shape: Shape) -> Shape:
    """How far the next element of each axis is, in an array of this shape."""
    found, step = [], 1
    for size in reversed(shape):
        found.append(step)
        step *= size
    return tuple(found[::-1])


def moving(places: Ints) -> list[int]:
    """The axes along which places differ."""
    return [
        i
        for i in range(places.ndim)
        if places.shape[i] > 1 and (places != places.take([0], axis=i)).any()
    ]


def loops_of(places: Ints) -> tuple[list[int], list[int]] | None:
    """Sizes and strides of loops through places, each within an axis; None if they are none."""
    flat = places.ravel()
    loops = nest(flat[None])
    if loops is None:
        return None
    cuts = {1}
    for sizes in [size for size, _ in loops], places.shape:
        step = 1
        for size in reversed(sizes):
            step *= size
            cuts.add(step)
    edges = sorted(cuts)
    if any(b % a for a, b in pairwise(edges)):
        return None
    pairs = [*pairwise(edges)][::-1]
    return [b // a for a, b in pairs], [int(flat[a] - flat[0]) for a, _ in pairs]


def view(x: Expression, places: Ints, ints: IntArrays, turn: bool = False) -> Expression:
    """The elements of x at these places.

    turn  True if the first axis of places is the turn of a loop: the expression is that of a turn

    Its shape is that of places, but 1 in each axis along which they do not differ, and without such
    axes in front.
    """
    axes = moving(places)
    dense = places[tuple([slice(None) if i in axes else 0 for i in range(places.ndim)])]
    turns = turn and 0 in axes
    found = _sliced(x, dense, turns)
    if found is None:
        found = _chosen(x, dense, ints, turns)
    return spread(found, [i - turn for i in axes if i or not turn], places.ndim - turn)


def spread(x: Expression, axes: Sequence[int], rank: int) -> Expression:
    """x, whose axes are these of `rank` axes, with axes of 1 for the others behind the first."""
    if not axes or x.shape == ():
        return x
    sizes = iter(x.shape)
    items = [_whole(next(sizes)) if i in axes else None for i in range(axes[0], rank)]
    return index(x, tuple(items))


def _whole(size: int) -> Cut:
    return Cut(0, size, 1, size)


def _sliced(x: Expression, places: Ints, turns: bool) -> Expression | None:
    """The places as a slice of x, perhaps in other shapes before and behind; else None."""
    loops = loops_of(places)
    if loops is None or 0 in loops[1] or (turns and loops[0][0] != places.shape[0]):
        return None
    sizes, strides = loops
    base = int(places.flat[0])
    for shape in _shapes(x.shape, [*map(abs, strides)]):
        cuts = _cuts(shape, base, sizes, strides)
        if cuts is None:
            continue
        items, loop_of = cuts
        if turns:
            j = loop_of.index(0)
            axis = [j for j, item in enumerate(items) if isinstance(item, Cut)][j]
            items[axis] = Turn(items[axis].start, items[axis].step)
            loop_of = [i - 1 for i in loop_of if i]
        found = index(reshape(x, shape), tuple(items))
        found = transpose(found, tuple([loop_of.index(i) for i in range(len(loop_of))]))
        return reshape(found, places.shape[turns:])
    return None


def _shapes(shape: Shape, strides: list[int]) -> Iterator[Shape]:
    """Shapes of an array in which strides may be axes: its own one first."""
    yield shape
    size = int(np.prod(shape))
    for steps in {*strides, *suffix(shape)}, {*strides}:
        edges = sorted({1, size, *(step for step in steps if step < size)})
        if all(b % a == 0 for a, b in pairwise(edges)):
            yield tuple([b // a for a, b in pairwise(edges)][::-1])


def _cuts(
    shape: Shape, base: int, sizes: Sequence[int], strides: Sequence[int]
) -> tuple[list[Any], list[int]] | None:
    """An item for each axis, and the loop of each cut among them; None if loops cross an axis."""
    steps = suffix(shape)
    items: list[Any] = [int(i) for i in np.unravel_index(base, shape)] if shape else []
    loop_of: dict[int, int] = {}
    for i, (size, stride) in enumerate(zip(sizes, strides, strict=True)):
        fit = [j for j, step in enumerate(steps) if abs(stride) % step == 0 and shape[j] > 1]
        if not fit or fit[0] in loop_of:
            return None
        j, step = fit[0], stride // steps[fit[0]]
        if not 0 <= items[j] + step * (size - 1) < shape[j]:
            return None
        items[j] = Cut(items[j], size, step, shape[j])
        loop_of[j] = i
    return items, [loop_of[j] for j in sorted(loop_of)]


def _chosen(x: Expression, places: Ints, ints: IntArrays, turns: bool) -> Expression:
    """The places chosen by arrays of ints, but for whole axes in front and behind."""
    if len(x.shape) > 1:
        coordinates = [np.asarray(c) for c in np.unravel_index(places, x.shape)]
        axes = [moving(c) for c in coordinates]
        irregular = [c for c, a in zip(coordinates, axes, strict=True) if a and not _even(c, a)]
        if len(irregular) > 1:
            x = reshape(x, (int(np.prod(x.shape)),))
    if len(x.shape) == 1:
        coordinates = [places]
    rank, n = places.ndim, len(coordinates)
    items: list[Any] = [None] * n
    front = 0
    while not turns and front < min(n, rank) and _is_axis(coordinates, front, front, x.shape):
        items[front] = _whole(x.shape[front])
        front += 1
    behind = 0
    while behind < min(n, rank) - front and _is_axis(
        coordinates, n - 1 - behind, rank - 1 - behind, x.shape
    ):
        items[n - 1 - behind] = _whole(x.shape[n - 1 - behind])
        behind += 1
    arrays = []
    for j in range(front, n - behind):
        items[j], array = _item(coordinates[j], front, rank - behind, ints, turns)
        arrays += array
    return Expression("index", (x, *arrays), tuple(items), places.shape[turns:])


def _even(places: Ints, axes: list[int]) -> bool:
    """True if places are a sum of multiples of the positions along these axes."""
    base = places.flat[0]
    found = np.full(places.shape, base)
    for i in axes:
        line = places[tuple([slice(None) if k == i else 0 for k in range(places.ndim)])]
        shape = [1] * places.ndim
        shape[i] = -1
        found = found + (np.arange(len(line)) * (line[1] - line[0])).reshape(shape)
    return bool((found == places).all())


def _is_axis(coordinates: Sequence[Ints], j: int, i: int, shape: Shape) -> bool:
    """True if coordinate j is the position along axis i, and no other one depends on that."""
    if i < 0 or coordinates[j].shape[i] != shape[j] or moving(coordinates[j]) != [i]:
        return False
    line = np.moveaxis(coordinates[j], i, -1).reshape(-1, shape[j])[0]
    others = [c for k, c in enumerate(coordinates) if k != j]
    return bool((line == np.arange(shape[j])).all()) and not any(i in moving(c) for c in others)


def _item(
    places: Ints, front: int, end: int, ints: IntArrays, turns: bool
) -> tuple[Any, list[Expression]]:
    """The item that chooses these places of an axis, and the array that it is, if it is one."""
    axes = moving(places)
    if not axes:
        return int(places.flat[0]), []
    dense = places[tuple([slice(None) if i in axes else 0 for i in range(places.ndim)])]
    if turns and axes[0] == 0:
        if axes == [0] and _even(dense, [0]):
            return Turn(int(dense[0]), int(dense[1] - dense[0])), []
        array = index(ints(dense), (Turn(0, 1), *map(_whole, dense.shape[1:])))
        axes = axes[1:]
    else:
        array = ints(dense)
    front += turns
    return EACH, [spread(array, [i - front for i in axes], end - front)]
