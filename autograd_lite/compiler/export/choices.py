"""What the indices of a call choose: rows of tables, entries of rows."""

from __future__ import annotations

import numpy as np

from autograd_lite.compiler.export.arrays import whole
from autograd_lite.compiler.export.expressions import EACH, Cut, Expression, broadcast, reshape
from autograd_lite.compiler.export.views import IntArrays, spread, view
from autograd_lite.compiler.lift.affine import nest
from autograd_lite.compiler.tape.ranges import Ints

__all__ = ["choice"]


def choice(
    x: Expression, places: Ints, ids: Expression, positions: Ints, ints: IntArrays
) -> Expression:
    """The elements of x that indices choose, one of each row of places.

    places     [n, among] places in x
    ids        the array of the indices
    positions  [n] the place in it of each index

    Its shape is that of the loops that count through places and positions, or [n].
    """
    n, among = places.shape
    x = x if x.shape else reshape(x, (1,))
    loops = nest(np.stack([places[:, 0], positions, np.arange(n)]))
    again = loops is None or any(size > 1 and moved[:2] == (0, 0) for size, moved in loops)
    shape = (n,) if again or loops is None else tuple([size for size, _ in loops])
    places, positions = places.reshape(*shape, among), positions.reshape(shape)
    coordinates = np.unravel_index(places, x.shape)
    chosen = [k for k, c in enumerate(coordinates) if (np.diff(c, axis=-1) != 0).any()]
    if len(chosen) == 1 and x.shape[chosen[0]] == among:
        (axis,) = chosen
        if (coordinates[axis] == np.arange(among)).all():
            rest = [c[..., 0] for c in coordinates]
            return _along(x, axis, rest, ids, positions, ints)
    table, index = ints(places.reshape(n, among)), view(ids, positions.ravel(), ints)
    chosen_from = Expression("index", (table, ints(np.arange(n)), index), (EACH, EACH), (n,))
    flat = reshape(x, (int(np.prod(x.shape)),))
    return Expression("index", (flat, chosen_from), (EACH,), (n,))


def _along(
    x: Expression, axis: int, rest: list[Ints], ids: Expression, positions: Ints, ints: IntArrays
) -> Expression:
    """Indices along an axis of x, beside the coordinates along the other axes."""
    rank = positions.ndim
    axes = [_axes(c) for c in rest]
    of_ids = _axes(positions)
    behind = 0
    n = len(x.shape)
    while behind < n - 1 - axis and behind < rank:
        k, i = n - 1 - behind, rank - 1 - behind
        line = rest[k]
        others = [a for j, a in enumerate(axes) if j not in (k, axis)] + [of_ids]
        moves = axes[k] == [i] and line.shape[i] == x.shape[k]
        if not moves or any(i in a for a in others):
            break
        first = tuple([slice(None) if j == i else 0 for j in range(rank)])
        if (line[first] != np.arange(x.shape[k])).any():
            break
        behind += 1
    end = rank - behind
    items: list[object] = [None] * n
    arrays = []
    for k in range(n):
        if k >= n - behind:
            items[k] = Cut(0, x.shape[k], 1, x.shape[k])
        elif k == axis:
            items[k] = EACH
            dense = positions[tuple([slice(None) if i in of_ids else 0 for i in range(rank)])]
            arrays.append(spread(view(ids, dense, ints), of_ids, end))
        elif not axes[k]:
            items[k] = int(rest[k].flat[0])
        else:
            items[k] = EACH
            dense = rest[k][tuple([slice(None) if i in axes[k] else 0 for i in range(rank)])]
            arrays.append(spread(ints(dense), axes[k], end))
    if broadcast(*[array.shape for array in arrays]) != positions.shape[:end]:
        arrays[0] = whole(arrays[0], positions.shape[:end])  # one index chooses at all steps
    return Expression("index", (x, *arrays), tuple(items), positions.shape)


def _axes(x: Ints) -> list[int]:
    return [i for i in range(x.ndim) if x.shape[i] > 1 and (x != x.take([0], axis=i)).any()]
