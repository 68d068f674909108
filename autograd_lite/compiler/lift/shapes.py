"""The shapes of arrays, which a flat memory does not have: those in which instructions use them."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from math import prod

from autograd_lite.compiler.lift.instructions import Contraction, Elementwise, RowMax
from autograd_lite.compiler.lift.names import Names

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from autograd_lite.compiler.lift.instructions import Instruction, Ref
    from autograd_lite.compiler.lift.names import Array

    _Key = tuple[str, int]  # the name of an array, and how many numbers it has

__all__ = ["shaped"]


def shaped(arrays: Sequence[Array], instructions: Iterable[Instruction]) -> list[Array]:
    """The arrays with their shapes.

    Of the loops that go over the whole of an array, once over each number, the shape is that of the
    most. Where all are a single loop, it is that of an array which the same loop goes over.
    """
    names = Names(arrays)
    found: dict[_Key, Counter[tuple[int, ...]]] = {}
    alike: dict[_Key, set[_Key]] = {}
    for it in instructions:
        by_loop: dict[int, _Key] = {}
        for sizes, ref in _uses(it):
            moving = [k for k, stride in enumerate(ref.strides[: len(sizes)]) if stride]
            array = names.at(ref.base)
            if array is None or not array.name or not _is_whole(array, sizes, ref, names):
                continue
            key = _key(array)
            if len(moving) == 1:
                first = by_loop.setdefault(moving[0], key)
                alike.setdefault(first, set()).add(key)
                alike.setdefault(key, set()).add(first)
            else:
                moving.sort(key=lambda k: -abs(ref.strides[k]))
                shape = tuple(sizes[k] for k in moving)
                found.setdefault(key, Counter())[shape] += 1
    shapes = {key: counted.most_common(1)[0][0] for key, counted in found.items()}
    waiting = list(shapes)
    for key in waiting:  # the list grows while it is walked
        for other in sorted(alike.get(key, set()) - shapes.keys()):
            shapes[other] = shapes[key]
            waiting.append(other)
    return [replace(x, shape=shapes.get(_key(x), x.shape)) for x in arrays]


def _key(array: Array) -> _Key:
    """What one array has alone: two may have the same name, which are of different sizes."""
    return array.name, array.total


def _is_whole(array: Array, sizes: tuple[int, ...], ref: Ref, names: Names) -> bool:
    """True if the loops go over all stretches of the name of an array, once over each number."""
    moving = [n for n, stride in zip(sizes, ref.strides, strict=False) if stride]
    if not moving or prod(moving) != array.total:
        return False
    parts = names.among(ref.addresses(*sizes))
    numbers = sum(len(set(here.tolist())) for _, here in parts)
    return numbers == array.total and all(part.name == array.name for part, _ in parts)


def _uses(it: Instruction) -> Iterator[tuple[tuple[int, ...], Ref]]:
    """(sizes of the loops, operand or target) of an instruction that consists of loops."""
    match it:
        case Contraction(loops, sums, out, a, b):
            yield loops, out
            for ref in (a, b):
                if ref is not None:
                    yield (*loops, *sums), ref
        case Elementwise(loops, out, _, operands):
            yield from ((loops, ref) for ref in (out, *operands.values()))
        case RowMax(loops, sums, out, a):
            yield loops, out
            yield (*loops, *sums), a
