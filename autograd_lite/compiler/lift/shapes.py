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
    most; but a loop over all numbers in a row counts only where there is no other.
    """
    names = Names(arrays)
    found: dict[str, Counter[tuple[int, ...]]] = {}
    for sizes, ref in (use for it in instructions for use in _uses(it)):
        moving = [(abs(stride), n) for n, stride in zip(sizes, ref.strides, strict=False) if stride]
        shape = tuple(n for _, n in sorted(moving, reverse=True))
        array = names.at(ref.base)
        if array is None or len(shape) < 2 or prod(shape) != array.total:
            continue
        whole = names.among(ref.addresses(*sizes))
        if all(part.name == array.name for part, _ in whole) and (
            sum(len(set(here.tolist())) for _, here in whole) == array.total
        ):
            found.setdefault(array.name, Counter())[shape] += 1
    shapes = {name: counted.most_common(1)[0][0] for name, counted in found.items()}
    return [replace(x, shape=shapes.get(x.name, x.shape)) for x in arrays]


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
