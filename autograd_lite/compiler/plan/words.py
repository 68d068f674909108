"""Groups as text: a line for each loop, and one for each of its statements."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from autograd_lite.compiler.lift.instructions import Contraction, Ref, target_of
from autograd_lite.compiler.plan.groups import Group, Loop, Repeat, Statement
from autograd_lite.operations.formulas import to_text, with_terms

__all__ = ["in_words"]

INDICES = "ijklmnopq"
SIGNS = {0: "=", 1: "+=", -1: "-="}


def in_words(groups: Iterable[Group], turns: str = "") -> Iterator[str]:
    """The lines; `turns` is the index of the repetition that the groups are in."""
    for group in groups:
        match group:
            case Repeat(count, inner):
                yield f"repeat t < {count}:"
                yield from (f"    {line}" for line in in_words(inner, "t"))
            case Loop(sizes, statements):
                yield _head(sizes)
                for statement in statements:
                    yield f"    {_statement(statement, turns, len(sizes))}"
            case Contraction(loops, sums, out, a, b, add, negate):
                yield _head((*loops, *sums))
                names = turns + INDICES[: len(loops) + len(sums)]
                factors = [_place(ref, names) for ref in (a, b) if ref is not None]
                over = ", ".join(INDICES[len(loops) : len(loops) + len(sums)])
                sign = "-" if negate and not add else ""
                write = SIGNS[(-1 if negate else 1) if add else 0]
                term = f"sum over {over} of {sign}{' * '.join(factors)}"
                yield f"    {_place(out, names)} {write} {term}"
            case _:
                written = target_of(group)
                yield f"{type(group).__name__} of {len(written)} numbers"


def _head(sizes: Sequence[int]) -> str:
    bounds = ", ".join(f"{i} < {size}" for i, size in zip(INDICES, sizes, strict=False))
    return f"for {bounds}:" if bounds else "once:"


def _statement(it: Statement, turns: str, loops: int) -> str:
    names = turns + INDICES[:loops]
    places = {name: _place(ref, names) for name, ref in it.operands.items()}
    term = to_text(with_terms(it.tree, places))
    if it.sums:
        over = ", ".join(INDICES[i] for i in it.sums)
        term = f"{it.kind} over {over} of {term}"
    return f"{_place(it.out, names)} {SIGNS[it.add]} {term}"


def _place(ref: Ref, names: str) -> str:
    """m[7 + 3i + j], or t1 for a number that is not stored."""
    if ref.base < 0:
        return f"t{-ref.base}"
    steps = [
        f"{' - ' if stride < 0 else ' + '}{abs(stride) if abs(stride) != 1 else ''}{name}"
        for name, stride in zip(names, ref.strides, strict=False)
        if stride
    ]
    place = f"{ref.base or ''}{''.join(steps)}".removeprefix(" + ")
    return f"m[{place or 0}]"
