"""The instructions of a lifted program as groups of a plan, one of each and in the same order."""

from __future__ import annotations

from collections.abc import Iterable
from math import prod

from autograd_lite.compiler.lift.instructions import (
    Contraction,
    Elementwise,
    Instruction,
    Ref,
    RowMax,
    Zero,
)
from autograd_lite.compiler.plan.groups import Group, Loop, Statement

TYPE_CHECKING = False
if TYPE_CHECKING:
    from autograd_lite.operations.formulas import Tree

__all__ = ["groups_of"]


def groups_of(instructions: Iterable[Instruction]) -> list[Group]:
    """The groups: products, and what has tables or calls Python, stay the instructions they are."""
    return list(map(_group, instructions))


def _group(it: Instruction) -> Group:
    match it:
        case Zero(base, size):
            return Loop((size,), [Statement(Ref(base, (1,)), 0.0, {})])
        case Elementwise(loops, out, formula, operands) if formula.part < 0:
            return _loop(loops, (), out, formula.tree, dict(operands))
        case Contraction() if not _is_product(it):
            return _contraction(it)
        case RowMax(loops, sums, out, a):
            return _loop(loops, sums, out, "x", {"x": a}, kind="max")
    assert not isinstance(it, RowMax)
    return it


def _is_product(it: Contraction) -> bool:
    """True if it is a product of matrices, or of a matrix and a vector."""
    if it.b is None or not it.sums:
        return False
    outer = range(len(it.loops))
    return any(bool(it.a.strides[i]) != bool(it.b.strides[i]) for i in outer if it.loops[i] > 1)


def _contraction(it: Contraction) -> Loop:
    """A contraction as a loop. A sum in which nothing moves is a multiplication.

    That is how the derivative of an n-fold use of one number comes.
    """
    refs = [ref for ref in (it.a, it.b) if ref is not None]
    n = len(it.loops)
    moving = [i for i in range(len(it.sums)) if any(ref.strides[n + i] for ref in refs)]
    times = prod(it.sums) // prod(it.sums[i] for i in moving)
    operands = {"x": it.a}
    tree: Tree = "x"
    if it.b is not None and it.b == it.a:
        tree = ("*", "x", "x")
    elif it.b is not None:
        tree = ("*", "x", "y")
        operands["y"] = it.b
    if times != 1:
        tree = ("*", float(times), tree)
    if it.negate and not it.add:
        tree = ("-", tree)
    keep = [*range(n), *(n + i for i in moving)]
    operands = {
        name: Ref(ref.base, tuple(ref.strides[i] for i in keep)) for name, ref in operands.items()
    }
    sums = tuple(it.sums[i] for i in moving)
    add = (-1 if it.negate else 1) if it.add else 0
    return _loop(it.loops, sums, it.out, tree, operands, add=add)


def _loop(
    loops: tuple[int, ...],
    sums: tuple[int, ...],
    out: Ref,
    tree: Tree,
    operands: dict[str, Ref],
    kind: str = "sum",
    add: int = 0,
) -> Loop:
    """A loop of one statement; loops of one step are left out, and sums over no loop are maps."""
    sizes = (*loops, *sums)
    keep = [i for i, size in enumerate(sizes) if size != 1]

    def ref(x: Ref) -> Ref:
        strides = (*x.strides, *(0,) * (len(sizes) - len(x.strides)))
        return Ref(x.base, tuple(strides[i] for i in keep))

    summed = tuple(k for k, i in enumerate(keep) if i >= len(loops))
    statement = Statement(
        ref(out),
        tree,
        {name: ref(x) for name, x in operands.items()},
        kind if summed else "map",
        summed,
        add,
    )
    return Loop(tuple(sizes[i] for i in keep), [statement])
