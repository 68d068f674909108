"""The sum of products of two arrays, as matrix products where it is one.

Axes are numbers, the same in both arrays: the outer ones, which the result keeps, come first.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from autograd_lite.compiler.export.expressions import Expression, number, operation, transpose

__all__ = ["product"]

LETTERS = "ijklmnopq"

Read = Callable[[Sequence[int]], Expression]
"""What gives an array with its axes in this order."""


def product(
    a: Read, b: Read, axes_a: Sequence[int], axes_b: Sequence[int], sizes: Sequence[int], outer: int
) -> tuple[Expression, list[int]]:
    """The sum over the axes behind the outer ones of a times b, and the axes of it, in order.

    axes_a, axes_b  the axes of each array, as they lie in it
    sizes           of all axes; one that no array has only multiplies
    """
    factor = 1
    for axis in range(outer, len(sizes)):
        if axis not in axes_a and axis not in axes_b:
            factor *= sizes[axis]
    found, axes = _product(a, b, list(axes_a), list(axes_b), outer)
    return (operation("*", number(factor), found) if factor > 1 else found), axes


def _product(
    a: Read, b: Read, axes_a: list[int], axes_b: list[int], outer: int
) -> tuple[Expression, list[int]]:
    if not axes_a:
        a, b, axes_a, axes_b = b, a, axes_b, axes_a
    summed = [axis for axis in axes_a if axis >= outer]
    kept = sorted(axis for axis in {*axes_a, *axes_b} if axis < outer)
    if not axes_b:
        total, kept = _sum(a, axes_a, outer)
        return operation("*", total, b([])), kept
    if set(axes_a) == set(axes_b):
        if len(axes_a) == 1 and summed:
            return _matmul(a(axes_a), b(axes_b)), []
        order = [*kept, *summed]
        if axes_a[: len(kept)] != kept and axes_b[: len(kept)] == kept:
            order = [*kept, *(axis for axis in axes_b if axis >= outer)]
        both = operation("*", a(order), b(order))
        shape = both.shape[: len(kept)]
        return Expression("sum", (both,), tuple(range(len(kept), len(order))), shape), kept
    shared = [axis for axis in kept if axis in axes_a and axis in axes_b]
    sums_b = [axis for axis in axes_b if axis >= outer]
    if not shared and len(summed) == 1 and summed == sums_b:
        free_a = [axis for axis in axes_a if axis < outer]
        free_b = [axis for axis in axes_b if axis < outer]
        if free_b and (not free_a or min(free_b) < min(free_a)):
            a, b, axes_a, axes_b, free_a, free_b = b, a, axes_b, axes_a, free_b, free_a
        if not free_b and len(free_a) == 1 and axes_a == [*summed, *free_a]:
            return _matmul(b(axes_b), a(axes_a)), kept
        if len(free_b) <= 1 and sorted(free_a) + free_b == kept:
            left = _read(a, axes_a, [*sorted(free_a), *summed])
            right = _read(b, axes_b, [*summed, *free_b])
            return _matmul(left, right), kept
    letter = dict(zip(sorted({*axes_a, *axes_b}), LETTERS, strict=False))
    words = ["".join(letter[axis] for axis in axes) for axes in (axes_a, axes_b, kept)]
    left, right = a(axes_a), b(axes_b)
    sizes = dict(zip(axes_a, left.shape, strict=True)) | dict(zip(axes_b, right.shape, strict=True))
    shape = tuple(sizes[axis] for axis in kept)
    return Expression("einsum", (left, right), (f"{words[0]},{words[1]}->{words[2]}",), shape), kept


def _sum(x: Read, axes: list[int], outer: int) -> tuple[Expression, list[int]]:
    """The sum over the axes behind the outer ones."""
    kept = sorted(axis for axis in axes if axis < outer)
    order = axes if [axis for axis in axes if axis < outer] == kept else sorted(axes)
    whole = x(order)
    inner = tuple([k for k, axis in enumerate(order) if axis >= outer])
    shape = tuple([size for size, axis in zip(whole.shape, order, strict=True) if axis < outer])
    return (Expression("sum", (whole,), inner, shape) if inner else whole), kept


def _read(x: Read, axes: list[int], order: list[int]) -> Expression:
    """The array in this order: one that lies the other way round is transposed, as a whole."""
    if axes == order[::-1]:
        return transpose(x(axes), tuple(range(len(axes)))[::-1])
    return x(order)


def _matmul(x: Expression, y: Expression) -> Expression:
    return Expression("matmul", (x, y), (), (*x.shape[:-1], *y.shape[1:]))
