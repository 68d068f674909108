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

__all__ = ["shaped"]


def shaped(arrays: Sequence[Array], instructions: Iterable[Instruction]) -> list[Array]:
    """The arrays with their shapes.

    Of the loops that go over the whole of an array, once over each number, the shape is that of the
    most. Where all are a single loop, it is that of an array which the same loop goes over.
    """
    names = Names(arrays)
    found: dict[str, Counter[tuple[int, ...]]] = {}
    alike: dict[str, set[str]] = {}
    for it in instructions:
        by_loop: dict[int, str] = {}
        for sizes, ref in _uses(it):
            moving = [k for k, stride in enumerate(ref.strides[: len(sizes)]) if stride]
            array = names.at(ref.base)
            if array is None or not array.name or not _is_whole(array, sizes, ref, names):
                continue
            if len(moving) == 1:
                first = by_loop.setdefault(moving[0], array.name)
                alike.setdefault(first, set()).add(array.name)
                alike.setdefault(array.name, set()).add(first)
            else:
                moving.sort(key=lambda k: -abs(ref.strides[k]))
                shape = tuple(sizes[k] for k in moving)
                found.setdefault(array.name, Counter())[shape] += 1
    shapes = {name: counted.most_common(1)[0][0] for name, counted in found.items()}
    waiting = list(shapes)
    for name in waiting:  # the list grows while it is walked
        for other in sorted(alike.get(name, set()) - shapes.keys()):
            shapes[other] = shapes[name]
            waiting.append(other)
    sized = ((x, shapes.get(x.name, x.shape)) for x in arrays)
    return [replace(x, shape=shape if prod(shape) == x.total else x.shape) for x, shape in sized]


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
