"""An instruction in words: the formulas of a chapter on backpropagation are recognised."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from math import prod

import numpy as np

from autograd_lite.compiler.lift.instructions import (
    Contraction,
    Elementwise,
    Gather,
    Instruction,
    Ref,
    RowMax,
    Scatter,
    ScatterAdd,
    SegmentSum,
    Take,
    Zero,
    ZeroPadding,
    operands_of,
    target_of,
)
from autograd_lite.compiler.lift.names import Array, Names
from autograd_lite.compiler.messages import counted

__all__ = ["Step", "in_words"]


@dataclass(eq=False)
class Step:
    """An instruction in words: `target sign expression`.

    target      left side: the array that the instruction writes, with its shape; "" of a partial,
                which stands in the expressions of the steps that read it
    sign        "=", "+=" or "-="
    expression  right side
    writes      arrays that the instruction writes
    reads       arrays that the instruction reads
    irregular   reason why it is no operation on views of the memory; "" if it is one
    """

    target: str
    sign: str
    expression: str
    writes: list[Array]
    reads: list[Array]
    irregular: str

    @property
    def text(self) -> str:
        """The whole line; "" of a partial."""
        return f"{self.target} {self.sign} {self.expression}" if self.target else ""


def in_words(instructions: Iterable[Instruction], names: Names) -> list[Step]:
    """A step for each instruction; names those arrays that have no name yet."""
    steps = []
    for it in instructions:
        operands, target = operands_of(it), target_of(it)
        reads = {x.name: x for addresses in operands for x in names.named(addresses)}
        line = "", "", ""
        array = names.at(int(target[0]))
        if isinstance(it, Elementwise) and array and not array.name:
            every = {name: ref.spread(*it.loops) for name, ref in it.operands.items()}
            order = np.argsort(it.out.spread(*it.loops))
            names.define(array, it.formula, {name: at[order] for name, at in every.items()})
            writes = [array]
        else:
            if not isinstance(it, ScatterAdd) and (array is None or not array.name):
                name = _name_of_copy(it, names) or f"memory[{target.min()}]"
                if array:  # a partial that is not computed in its place
                    names.rename(array, name)
                else:
                    names.add(Array(int(target.min()), len(target), name))
            line = _line(it, names)
            writes = names.named(target)
        steps.append(Step(*line, writes, list(reads.values()), _irregular(it)))
    return steps


def _name_of_copy(it: Instruction, names: Names) -> str:
    """The name of a copy or of sums that instructions share; "" if the target is none of these."""
    match it:
        case Gather(_, table):
            return f"{names.name(table)}'"
        case SegmentSum(_, a):
            return f"sums of {names.name(a)}"
    return ""


def _irregular(it: Instruction) -> str:
    """The reason why an instruction is no operation on views of the memory, or ""."""
    if isinstance(it, Gather):
        why = "operands whose addresses are no loops: they are copied together"
        return f"{len(it.table)} numbers: {why}"
    if isinstance(it, SegmentSum):
        why = "rows of different lengths that no padding makes equal"
        return f"{len(it.starts)} sums of {len(it.a)} terms: {why}"
    if isinstance(it, Elementwise) and it.formula.part == 0:
        why = "one by one, as it is in Python"
        return f"{prod(it.loops)} times {it.formula}: {why}"
    return ""


def _line(it: Instruction, names: Names) -> tuple[str, str, str]:
    """Target, sign and expression."""
    name = names.name
    match it:
        case Contraction(loops, _, out):
            minus = it.negate and it.add
            sign = "-=" if minus else "+=" if it.add else "="
            return _shaped(out, loops, names), sign, _contraction(it, names)
        case Elementwise(loops, out):
            operands = {x: ref.addresses(*loops) for x, ref in it.operands.items()}
            turned = {x for x, ref in it.operands.items() if _turned(ref, out)}
            return _shaped(out, loops, names), "=", names.formula(it.formula, operands, turned)
        case RowMax(loops, sums, out, a):
            rows = name(a.addresses(*loops, *sums))
            return _shaped(out, loops, names), "=", f"max over rows of {rows}"
        case Gather():
            copied = f"copy of {it.table.size} numbers that lie scattered"
            return name(target_of(it)), "=", copied
        case Scatter():
            sign = "+=" if it.add else "="
            return name(it.table), sign, f"{counted(it.table.size, 'number')}, scattered"
        case SegmentSum():
            b = "" if it.b is None else f" * {name(it.b)}"
            rows = f"{len(it.starts)} rows of different lengths, {len(it.a)} in all"
            return name(target_of(it)), "=", f"sum {name(it.a)}{b}  # {rows}"
        case Zero():
            return f"{name(target_of(it))}[...]", "=", "0"
        case ZeroPadding(base, padding):
            return f"{name(base + np.arange(len(padding)))}[padding]", "=", "0"
        case Take(_, table):
            taken = f"{name(target_of(it))}[{len(table.slots)}]"
            return taken, "=", f"{name(table.addresses())}[indices]"
        case ScatterAdd(source, table):
            return f"{name(table.addresses())}[indices]", "+=", name(source)


def _shaped(ref: Ref, loops: tuple[int, ...], names: Names) -> str:
    """The name of a whole array with its shape, or of a part, which tells its own."""
    addresses = ref.addresses(*loops)
    name = names.name(addresses, ranges=True)
    if name.endswith("]") or not loops:
        return name
    known = {(array.name, array.shape) for array, _ in names.among(addresses)}
    shape = known.pop()[1] if len(known) == 1 else loops
    return f"{name}[{', '.join(map(str, shape or loops))}]"


def _contraction(it: Contraction, names: Names) -> str:
    """The right side: a product, a matrix product, a sum."""
    minus = "-" if it.negate and not it.add else ""
    n = len(it.loops)
    a = names.name(it.a.addresses(*it.loops, *it.sums))
    if not it.sums:
        a += _turned(it.a, it.out)
    if it.b is None:
        if not it.sums:
            return minus + a
        rows = any(it.a.strides[:n])
        first = rows and max(it.a.strides[n:]) > max(it.a.strides[:n])
        return f"{minus}{a}.sum({'axis=0' if first else 'axis=1' if rows else ''})"
    b = names.name(it.b.addresses(*it.loops, *it.sums))
    if not it.sums:
        moving = [[bool(stride) for stride in ref.strides] for ref in (it.a, it.b)]
        if moving == [[True, False], [False, True]]:
            return f"outer({a}, {b})"
        if moving == [[False, True], [True, False]]:
            return f"outer({b}, {a})"
        return _product(a, b + _turned(it.b, it.out))
    if not any(it.b.strides[n:]):
        return f"{a}.sum({'axis=1' if it.loops else ''}) * {b}"
    only_a = [i for i in range(n) if it.a.strides[i] and not it.b.strides[i]]
    only_b = [i for i in range(n) if it.b.strides[i] and not it.a.strides[i]]
    if len(only_a) + len(only_b) < n or len(only_a) > 1 or len(only_b) > 1:
        return _einsum(it, a, b)
    left = a + _transposed(it.a, only_a, n, inner_last=True)
    right = b + _transposed(it.b, only_b, n, inner_last=False)
    if only_a and only_b and only_b[0] < only_a[0]:  # out is its transpose
        left = b + _transposed(it.b, only_b, n, inner_last=True)
        right = a + _transposed(it.a, only_a, n, inner_last=False)
    elif only_b and not only_a and not left.endswith(".T"):
        left, right = right.removesuffix(".T") if right.endswith(".T") else right + ".T", left
    return f"{left} @ {right}"


def _product(a: str, b: str) -> str:
    """a * b, or a / c where b is 1 / c."""
    found = re.fullmatch(r"1 / (\([^()]*\))|\(1 / ([^ ()]+)\)", b)
    return f"{a} / {found[1] or found[2]}" if found else f"{a} * {b}"


def _turned(ref: Ref, out: Ref) -> str:
    """The .T of a matrix whose rows are the columns of the target, else ""."""
    moving = [k for k, stride in enumerate(out.strides) if stride and ref.strides[k]]
    if len(moving) != 2:
        return ""
    rows_first = [abs(x.strides[moving[0]]) > abs(x.strides[moving[1]]) for x in (ref, out)]
    return "" if rows_first[0] == rows_first[1] else ".T"


def _transposed(ref: Ref, rows: list[int], n: int, inner_last: bool) -> str:
    """The .T of a matrix with these rows, if its inner loops are not last (first); else ""."""
    if not rows:
        return ""
    is_last = abs(ref.strides[n]) < abs(ref.strides[rows[0]])
    return "" if is_last == inner_last else ".T"


def _einsum(it: Contraction, a: str, b: str) -> str:
    letters = "ijklmnopqrstuvwxyz"[: len(it.loops) + len(it.sums)]
    assert it.b is not None
    parts = [
        "".join(letter for letter, s in zip(letters, ref.strides, strict=True) if s)
        for ref in (it.a, it.b)
    ]
    return f"einsum('{parts[0]},{parts[1]}->{letters[: len(it.loops)]}', {a}, {b})"
