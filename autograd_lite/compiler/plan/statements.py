"""The instructions of a lifted program as groups of a plan, one of each and in the same order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from math import prod

from autograd_lite.compiler.lift.instructions import (
    Contraction,
    Elementwise,
    Instruction,
    Ref,
    RowMax,
    Zero,
)
from autograd_lite.compiler.lift.names import Array
from autograd_lite.compiler.plan.groups import Group, Loop, Statement
from autograd_lite.operations.formulas import with_terms

TYPE_CHECKING = False
if TYPE_CHECKING:
    from autograd_lite.operations.formulas import Tree

__all__ = ["group_of", "groups_of"]


# Constants that stand in formulas, as many simplify them. -0.0 is another number than 0.
WRITTEN = {"-1.0": -1, "0.0": 0, "1.0": 1}


def groups_of(instructions: Iterable[Instruction], constants: Array) -> list[Group]:
    """The groups: products, and what has tables or calls Python, stay the instructions they are.

    constants  of the program: of equal ones that a statement reads at all its steps one is taken
    """
    assert constants.values is not None
    known = dict(enumerate(map(repr, constants.values.tolist()), constants.base))
    first: dict[str, int] = {}
    same = {address: first.setdefault(number, address) for address, number in known.items()}
    found = []
    for group in map(group_of, instructions):
        if isinstance(group, Loop):
            group = Loop(group.sizes, [_with_constants(s, known, same) for s in group.statements])
        found.append(group)
    return found


def _with_constants(it: Statement, known: Mapping[int, str], same: Mapping[int, int]) -> Statement:
    """The statement with numbers in place of 0, 1 and -1, and one place for equal constants.

    known, same  {address of a constant: its text, the address that is taken}
    """
    at = {k: x for k, x in it.operands.items() if x.base in known and not any(x.strides)}
    if not at:
        return it
    numbers: dict[str, Tree] = {
        name: WRITTEN[known[ref.base]] for name, ref in at.items() if known[ref.base] in WRITTEN
    }
    operands = {
        name: Ref(same[ref.base], ref.strides) if name in at else ref
        for name, ref in it.operands.items()
        if name not in numbers
    }
    return replace(it, tree=with_terms(it.tree, numbers), operands=operands)


def group_of(it: Instruction) -> Group:
    match it:
        case Zero(base, size):
            return _loop((size,), (), Ref(base, (1,)), 0.0, {})
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
    n = len(it.loops)
    moving = [(bool(x), bool(y)) for x, y in zip(it.a.strides, it.b.strides, strict=False)]
    outer = {x == y for (x, y), size in zip(moving, it.loops, strict=False) if size > 1}
    return False in outer and (True, True) in moving[n:]


def _contraction(it: Contraction) -> Loop:
    """A contraction as a loop. A sum in which nothing moves is a multiplication.

    That is how the derivative of an n-fold use of one number comes.
    """
    n = len(it.loops)
    operands = {"x": it.a}
    tree: Tree = "x"
    if it.b is not None and it.b == it.a:
        tree = ("*", "x", "x")
    elif it.b is not None:
        tree = ("*", "x", "y")
        operands["y"] = it.b
    sums = it.sums
    still = [i for i in range(len(sums)) if not any(x.strides[n + i] for x in operands.values())]
    if still:
        tree = ("*", float(prod(sums[i] for i in still)), tree)
        keep = [i for i in range(n + len(sums)) if i - n not in still]
        operands = {
            name: Ref(x.base, tuple(x.strides[i] for i in keep)) for name, x in operands.items()
        }
        sums = tuple(sums[i - n] for i in keep[n:])
    if it.negate and not it.add:
        tree = ("-", tree)
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
    n = len(sizes)
    keep = [i for i in range(n) if sizes[i] != 1]

    def ref(x: Ref) -> Ref:
        strides = x.strides if len(x.strides) == n else (*x.strides, *(0,) * (n - len(x.strides)))
        return Ref(x.base, tuple([strides[i] for i in keep]) if len(keep) < n else strides)

    summed = tuple(k for k, i in enumerate(keep) if i >= len(loops))
    statement = Statement(
        ref(Ref(out.base, out.strides[: len(loops)])),
        tree,
        {name: ref(x) for name, x in operands.items()},
        kind if summed else "map",
        summed,
        add,
    )
    return Loop(tuple(sizes[i] for i in keep), [statement])
