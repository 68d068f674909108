"""What a plan is made of: loops of statements, products, repetitions, and instructions with tables.

All work on one flat memory of doubles; for a `Ref` see lift/instructions.py. These hold of every
plan, and `check` tells whether they do:

- Element by element, a `Loop` computes its statements in order. A statement of kind "map" writes
  each address once. A sum or maximum is written when its loops are through; then only is it read.
- No two statements of a loop write the same address, so that an operand whose ref equals the out of
  an earlier map of its loop is the number that that one computes: it is *forwarded*.
- Any other operand of a loop is read from memory. If its loop writes there, it is the out of the
  same map or a later one: an element that is read, then written.
- All sums and maxima of a loop are taken over the same of its loops.
- A statement that is not stored has a name in place of an address: the base of its out is -1, -2,
  ..., with strides 0. It is a map, and each of its readers stands behind it in its loop.
- No product, and no instruction with tables, reads an address that it writes.
- In a `Repeat` each ref has one more stride, the first: that of the repetition. Its turns are made
  one after the other. It holds loops and contractions only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from autograd_lite.compiler.lift.instructions import (
    Contraction,
    Elementwise,
    Gather,
    Ref,
    Scatter,
    ScatterAdd,
    SegmentSum,
    Take,
    ZeroPadding,
    adds,
    operands_of,
    target_of,
)
from autograd_lite.compiler.tape.ranges import Ints

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeAlias

    from autograd_lite.operations.formulas import Tree

__all__ = [
    "Group",
    "Loop",
    "Repeat",
    "Statement",
    "kept",
    "moved",
    "reads_of",
    "refs_read",
    "turns_of",
    "with_refs",
    "writes_of",
]


@dataclass
class Statement:
    """out = tree(operands) at each step of its loops, or the sum or maximum of it over some.

    out       a stride for each loop, 0 in those that are summed
    tree      a formula, in the language of operations/formulas.py
    operands  the ref of each name in the tree
    kind      "map", "sum" or "max"
    sums      the loops, by their indices, over which the sum or maximum is taken
    add       0: out = ..., 1: out += ..., -1: out -= ...
    stored    False if the number is read in its loop only, and never written to memory
    """

    out: Ref
    tree: Tree
    operands: dict[str, Ref]
    kind: str = "map"
    sums: tuple[int, ...] = ()
    add: int = 0
    stored: bool = True


@dataclass
class Loop:
    """Statements over one space: loops of these sizes, the innermost last."""

    sizes: tuple[int, ...]
    statements: list[Statement]


@dataclass
class Repeat:
    """Loops and products that are run `count` times, each time with refs moved by a stride."""

    count: int
    groups: list[Loop | Contraction]


Group: TypeAlias = (
    "Loop | Contraction | Repeat | Elementwise | Gather | Scatter | SegmentSum | ZeroPadding | Take"
    " | ScatterAdd"
)


def moved(group: Loop | Contraction, change: Callable[[Ref], Ref]) -> Loop | Contraction:
    """The group with each of its refs changed, one after the other."""
    if isinstance(group, Loop):
        return Loop(group.sizes, [with_refs(s, change) for s in group.statements])
    out, a = change(group.out), change(group.a)
    return replace(group, out=out, a=a, b=None if group.b is None else change(group.b))


def with_refs(statement: Statement, change: Callable[[Ref], Ref]) -> Statement:
    """The statement with each of its refs changed."""
    s = statement
    out = change(s.out)
    operands = {name: change(ref) for name, ref in s.operands.items()}
    return Statement(out, s.tree, operands, s.kind, s.sums, s.add, s.stored)


def turns_of(repeat: Repeat) -> Iterator[Loop | Contraction]:
    """The groups of all turns, one after the other, with their refs as they are in that turn."""
    for turn in range(repeat.count):

        def at(ref: Ref, turn: int = turn) -> Ref:
            return Ref(ref.base + turn * ref.strides[0], ref.strides[1:])

        for group in repeat.groups:
            yield moved(group, at)


def refs_read(loop: Loop) -> Iterator[Ref]:
    """The refs of what a loop reads from memory: operands, and numbers that it adds to."""
    computed: set[Ref] = set()
    for statement in loop.statements:
        for ref in statement.operands.values():
            if ref not in computed:
                yield ref
        if statement.add:
            yield statement.out
        if statement.kind == "map":
            computed.add(statement.out)


def kept(sizes: tuple[int, ...], statement: Statement) -> tuple[int, ...]:
    """The sizes of the loops in which a statement's out moves: 1 for those that are summed."""
    return tuple(1 if i in statement.sums else size for i, size in enumerate(sizes))


def reads_of(group: Group) -> list[Ints]:
    """The addresses that a group reads from memory, those that it adds to among them."""
    match group:
        case Repeat(count, groups):
            return [x for inner in groups for x in reads_of(_whole(inner, count))]
        case Loop(sizes):
            return [ref.addresses(*sizes) for ref in refs_read(group)]
    return operands_of(group) + ([target_of(group)] if adds(group) else [])


def writes_of(group: Group) -> list[Ints]:
    """The addresses that a group writes, or may write: of each statement an array."""
    match group:
        case Repeat(count, groups):
            return [x for inner in groups for x in writes_of(_whole(inner, count))]
        case Loop(sizes, statements):
            return [s.out.spread(*kept(sizes, s)) for s in statements if s.stored]
    return [target_of(group)]


def _whole(group: Loop | Contraction, count: int) -> Loop | Contraction:
    """A group of a repetition as one that has its turns as its outermost loop."""
    if isinstance(group, Loop):
        moved = [
            replace(s, sums=tuple(i + 1 for i in s.sums)) if s.sums else s for s in group.statements
        ]
        return Loop((count, *group.sizes), moved)
    return replace(group, loops=(count, *group.loops))
