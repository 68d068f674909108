"""Loops of a plan as nested loops in C, the innermost of which goes over neighbours.

Numbers that only its statements read never leave the registers. Where numbers lie, and how they and
their functions are called, says a subclass: C for this machine, or for any other.
"""

from __future__ import annotations

import math

from autograd_lite.compiler.run.c_lines import counting

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from autograd_lite.compiler.lift.instructions import Ref
    from autograd_lite.compiler.plan.groups import Loop, Statement
    from autograd_lite.operations.formulas import Tree

__all__ = ["LoopWriter", "Nested", "maximum_of"]

SIGNS = {0: "=", 1: "+=", -1: "-="}

_LONGEST_ROW = 4000  # sums that are taken at once: they may be on the stack


class LoopWriter:
    """Writes loops.

    real      the type of a number
    index     the type of an index
    is_brief  True if a number that is read once stands in the formula that reads it
    """

    real, index, is_brief = "double", "long", False

    def place(self, ref: Ref, names: Sequence[str]) -> str:
        """Where a number lies; `names` are those of the indices."""
        raise NotImplementedError

    def value(self, tree: Tree, variables: Mapping[str, str]) -> str:
        """A formula of variables."""
        raise NotImplementedError

    def target(self, ref: Ref, names: Sequence[str]) -> str:
        """Where a number is stored."""
        return self.place(ref, names)

    def stored(self, place: str, value: str) -> str:
        """The line that stores a number."""
        return f"{place} = {value};"

    def bare(self, value: str) -> str:
        """A value where nothing else stands beside it."""
        return value

    def name(self, loop: int) -> str:
        """The name of an index."""
        return f"i{loop}"

    def nested(self, sizes: Sequence[int], names: Sequence[str]) -> Nested:
        return Nested(self, sizes, names)

    def loop(self, it: Loop, turn: Sequence[str]) -> list[str]:
        """Nested loops. A number is read in the outermost of them that it does not move in.

        turn  the index of the repetition that it is in: one name, or none
        """
        n = len(it.sizes)
        order = _order(it, len(turn))
        names = [*turn, *map(self.name, range(n))]
        nested = self.nested([it.sizes[k] for k in order], [self.name(k) for k in order])
        level = {k: depth for depth, k in enumerate(order, 1)}
        sums = next((s.sums for s in it.statements if s.sums), ())
        # Sums of the innermost loops are in variables, others in memory.
        depth = n - len(sums) if n and order[-1] in sums else -1
        known: dict[Ref, tuple[str, int]] = {}
        once = _read_once(it) if self.is_brief else set()

        def number(ref: Ref) -> tuple[str, int]:
            if ref not in known:
                moving = [level[k] for k in range(n) if ref.strides[len(turn) + k]]
                at, place = max(moving, default=0), self.place(ref, names)
                if at == n and ref in once:
                    return place, at
                known[ref] = nested.computed(at, place), at
            return known[ref]

        for s in it.statements:
            found = {name: number(ref) for name, ref in s.operands.items()}
            value = self.value(s.tree, {name: variable for name, (variable, _) in found.items()})
            place = self.target(s.out, names) if s.stored else ""
            if s.kind == "map":
                if self.is_brief and s.stored and not _is_read(it, s):
                    value = self.bare(value)
                    line = (
                        f"{place} {SIGNS[s.add]} {value};" if s.add else self.stored(place, value)
                    )
                    nested.before[n].append(line)
                    continue
                if s.add:
                    value = f"{number(s.out)[0]} {'+' if s.add > 0 else '-'} {value}"
                at = n if s.stored else max([at for _, at in found.values()], default=0)
                known[s.out] = nested.computed(at, value), at
                if s.stored:
                    nested.before[n].append(self.stored(place, known[s.out][0]))
            elif depth >= 0:
                nested.summed(depth, s, place, value)
            else:
                nested.summed_in_row(n - 1 - len(sums), s, place, value)
        return nested.lines()


def _read_once(it: Loop) -> set[Ref]:
    """The refs that one statement reads, once, and none adds to."""
    count: dict[Ref, int] = {}
    for s in it.statements:
        for name, ref in s.operands.items():
            count[ref] = count.get(ref, 0) + _uses(s.tree, name)
        if s.add:
            count[s.out] = 2
    return {ref for ref, n in count.items() if n == 1}


def _uses(tree: Tree, name: str) -> int:
    """How often a name stands in a formula."""
    if isinstance(tree, tuple):
        return sum(_uses(x, name) for x in tree[1:])
    return int(tree == name)


def _is_read(it: Loop, statement: Statement) -> bool:
    """True if a statement of the loop reads the number of this one."""
    return any(statement.out in s.operands.values() for s in it.statements)


class Nested:
    """Nested loops that are being written.

    before, after  [depth] lines in so many of the loops, before and after the loop within
    """

    def __init__(self, writer: LoopWriter, sizes: Sequence[int], names: Sequence[str]) -> None:
        self.writer, self.sizes, self.names = writer, sizes, names
        self.before: list[list[str]] = [[] for _ in range(len(sizes) + 1)]
        self.after: list[list[str]] = [[] for _ in range(len(sizes) + 1)]
        self.sums: list[str] = []
        self.in_turn = False  # True if the innermost loop depends on its order
        self._variables = 0

    def variable(self, letter: str) -> str:
        """A new name."""
        self._variables += 1
        return f"{letter}{self._variables}"

    def counting(self, name: str, size: int) -> str:
        return counting(name, size, self.writer.index)

    def computed(self, depth: int, value: str) -> str:
        """A variable with this value, in so many of the loops."""
        name = self.variable("x")
        self.before[depth].append(f"const {self.writer.real} {name} = {self.writer.bare(value)};")
        return name

    def summed(self, depth: int, s: Statement, place: str, value: str) -> None:
        """A sum or maximum over the loops within so many; it is written behind them."""
        name = self.variable("s")
        first = "0" if s.kind == "sum" else "-INFINITY"
        self.before[depth].append(f"{self.writer.real} {name} = {first};")
        if s.kind == "sum":
            self.sums.append(name)
        else:
            self.in_turn = True
        self.grown(s, name, value)
        self.after[depth].append(f"{place} {SIGNS[s.add]} {name};")

    def grown(self, s: Statement, total: str, value: str) -> None:
        """In all loops: a value is added to a sum, or a maximum becomes it if it is larger."""
        if s.kind == "max":
            value = self.computed(len(self.sizes), value)
            larger = f"{value} > {total} || {value} != {value}"
            self.before[-1].append(f"{total} = {larger} ? {value} : {total};")
        else:
            self.before[-1].append(f"{total} += {self.writer.bare(value)};")

    def summed_in_row(self, depth: int, s: Statement, place: str, value: str) -> None:
        """Sums or maxima, one for each step of the innermost loop, as the outermost are not summed.

        They are in an array of their own, as they may be written to places far apart.
        """
        row, loop = self.variable("s"), self.counting(self.names[-1], self.sizes[-1])
        total = f"{row}[{self.names[-1]}]"
        first = "-INFINITY" if s.kind == "max" else "0"
        declared = f"{self.writer.real} {row}[{self.sizes[-1]}];"
        self.before[depth] += [declared, f"{loop} {total} = {first}; }}"]
        self.grown(s, total, value)
        self.after[depth].append(f"{loop} {place} {SIGNS[s.add]} {total}; }}")

    def marked(self) -> list[str]:
        """The line before the innermost loop, which tells that its steps may be taken together."""
        return [f"SUMS({', '.join(self.sums)})" if self.sums else "SIMD"]

    def lines(self) -> list[str]:
        depth = len(self.sizes)
        lines = []
        for k, (size, name) in enumerate(zip(self.sizes, self.names, strict=True)):
            lines += self.before[k]
            if k == depth - 1 and size > 2 and not self.in_turn:
                lines += self.marked()
            lines.append(self.counting(name, size))
        lines += [*self.before[depth], *self.after[depth]]
        for k in reversed(range(depth)):
            lines += ["}", *self.after[k]]
        return lines


def maximum_of(tree: Tree) -> Tree:
    """The tree with maximum(x, y) for where(x <= y, y, x), which arrays compute so: nan wins."""
    if not isinstance(tree, tuple):
        return tree
    function, *operands = tree[0], *map(maximum_of, tree[1:])
    match function, operands:
        case "where", [("<=", x, y), yes, no] if (yes, no) == (y, x):
            return "maximum", x, y
    return (function, *operands)


def _order(it: Loop, turns: int) -> list[int]:
    """The loops, outermost first: the innermost is one in which most numbers lie side by side.

    The loops of a sum are the innermost ones; or all but one, so that a row of sums grows at once.
    """
    n = len(it.sizes)
    if not n:
        return []
    sums = next((s.sums for s in it.statements if s.sums), ())
    kept = [k for k in range(n) if k not in sums]
    reads = {ref for s in it.statements for ref in s.operands.values() if ref.base >= 0}
    writes = [s.out for s in it.statements if s.stored and not s.sums]

    def cost(k: int) -> float:
        """Of eight numbers, about how many operations it takes with this loop innermost."""
        moves = [abs(ref.strides[turns + k]) for ref in (*reads, *writes)]
        each = len(it.statements) + sum(min(move, 1) + 9 * (move > 1) for move in moves)
        if sums and k in kept:
            if it.sizes[k] * len(it.statements) > _LONGEST_ROW:
                return math.inf
            each += 2 * sum(s.kind != "map" for s in it.statements)
        return float(each * -(-it.sizes[k] // 8) * 8 / it.sizes[k])

    inner = min(reversed(range(n)), key=cost)
    if inner in sums:
        return [*kept, *(k for k in sums if k != inner), inner]
    return [*(k for k in kept if k != inner), *sums, inner]
