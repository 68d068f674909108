"""The canonical form: sums of products of pairs, and elementwise operations.

add, sub, neg, mul, square, sum, mean, dot and division by a constant are all
S = a0 b0 + a1 b1 + ..., with the constant one as a partner where there is no other. A sum that
only another sum uses is part of it. So `w[0] * x[0] + w[1] * x[1] + b`, however it was written,
is one node of three terms, and so will be every cotangent.
"""

from __future__ import annotations

from math import isqrt

import numpy as np

from autograd_lite.compiler.lift.levels import levels_of
from autograd_lite.compiler.lift.specialized import Specialized, formula, formulas_of_sum, value_of
from autograd_lite.compiler.tape import opcodes
from autograd_lite.compiler.tape.opcodes import CONSTANT, DETACH, INDEX, LEAF, TAKE
from autograd_lite.compiler.tape.ranges import offsets_of, ranges
from autograd_lite.operations.rules import CODES, RULES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from typing import Any

    from numpy.typing import NDArray

    from autograd_lite.compiler.tape.ranges import Ints
    from autograd_lite.compiler.tape.tape import Tape

__all__ = ["COPY", "DEAD", "LARGEST", "MAP", "NUMBER", "PICK", "SUM", "VARIABLE", "Form"]

# The kinds of node.
DEAD = 0  # of the tape, but part of another node here
VARIABLE = 1  # a leaf of the tape
NUMBER = 2  # a constant
SUM = 3  # of the products a * b of its terms
MAP = 4  # a formula of its operands, the a of its terms
LARGEST = 5  # of its operands
PICK = 6  # the one of its operands that an index names
COPY = 7  # of its operand, through which no gradient flows


class Form:
    """A program in canonical form. Nodes are ints; those of the tape keep theirs.

    kind      [n] of each node
    formula   [n] of a MAP: which of `formulas`; of a PICK: among how many it picks
    number    [n] of a NUMBER
    slot      [n] of a VARIABLE: its leaf; of a PICK: its index
    silent    [n] whether no cotangent flows from it to its operands by itself
    time      [n] when the program made it, or the node that it is a part of
    owner, a, b    [m] the terms, sorted by owner, its own in order; b is `one` but for SUM
    offsets   [n + 1] where each node's terms begin
    flows     (nodes, operands, partial, what that reads) of nodes made of several silent ones
    formulas  those of the MAPs; `rules` has the (code, c) of those that stand for a rule
    outputs   the nodes whose numbers are wanted, the results first
    one, minus_one, zero  the nodes of these numbers
    """

    def __init__(self, tape: Tape) -> None:
        self._columns: list[list[NDArray[Any]]] = [
            [np.zeros(len(tape), np.int8)],
            [np.zeros(len(tape), np.int64)],
            [tape.static.copy()],
            [tape.slots.copy()],
            [np.zeros(len(tape), bool)],
            [np.arange(len(tape))],
        ]
        self._size = len(tape)
        none = np.zeros(0, np.int64)
        self._terms: list[tuple[Ints, Ints, Ints]] = [(none, none, none)]
        self.outputs, self._results = tape.outputs, tape.results
        self.formulas: list[Specialized] = []
        self.rules: list[tuple[int, float] | None] = []
        self._places: dict[object, int] = {}
        self.flows: list[tuple[Ints, Ints, Specialized, dict[str, Ints]]] = []
        self.one, self.minus_one, self.zero = self.new(NUMBER, number=[1.0, -1.0, 0.0]).tolist()
        _Reader(self, tape).read()
        self.settle()
        self._merge_leaves()
        self._splice()
        self._hoist()

    def __len__(self) -> int:
        return self._size

    @property
    def results(self) -> Ints:
        """The outputs that have cotangents."""
        return self.outputs[: self._results]

    def levels(self) -> Iterator[Ints]:
        """The nodes of each level, but for leaves and numbers."""
        return levels_of(self.kind >= SUM, self.owner, self.a, self.b)

    # ----------------------------------------------------------------------- making nodes

    def new(
        self,
        kind: int,
        count: int = 0,
        *,
        formula: int = 0,
        number: Sequence[float] | NDArray[np.float64] = (),
        silent: bool = False,
        time: Ints | None = None,
    ) -> Ints:
        """New nodes: as many as there are numbers, or this many."""
        count = count or len(number)
        nodes = np.arange(self._size, self._size + count)
        time = nodes if time is None else time
        values = kind, formula, number if len(number) else 0.0, -1, silent, time
        for column, value in zip(self._columns, values, strict=True):
            column.append(np.full(count, value, column[0].dtype))
        self._size += count
        return nodes

    def add(self, owner: Ints, a: Ints, b: Ints | int | None = None) -> None:
        """A term of each owner."""
        partner = np.asarray(self.one if b is None else b)
        self._terms.append((owner, a, np.broadcast_to(partner, owner.shape)))

    def place_of(self, formula: Specialized, rule: tuple[int, float] | None = None) -> int:
        """The place among `formulas` of this one, which is there once."""
        key = rule or (formula.text, formula.label, formula.code, formula.part)
        if key not in self._places:
            self._places[key] = len(self.formulas)
            self.formulas.append(formula)
            self.rules.append(rule)
        return self._places[key]

    def mapped(
        self, formula: Specialized, operands: Mapping[str, Ints], silent: bool = False
    ) -> Ints:
        """New nodes that are a formula of operands, which are given by name."""
        count = len(operands[formula.names[0]])
        nodes = self.new(MAP, count, formula=self.place_of(formula), silent=silent)
        for name in formula.names:
            self.add(nodes, operands[name])
        return nodes

    def settle(self) -> None:
        """Make arrays of the nodes and terms that were added."""
        self._columns = [[np.concatenate(column)] for column in self._columns]
        self.kind, self.formula, self.number, self.slot, self.silent, self.time = (
            column[0] for column in self._columns
        )
        owner, a, b = (np.concatenate(column) for column in zip(*self._terms, strict=True))
        order = np.argsort(owner, kind="stable")
        self.owner, self.a, self.b = owner[order], a[order], b[order]
        self.offsets = offsets_of(self.owner, len(self))
        self._terms = [(self.owner, self.a, self.b)]

    # ------------------------------------------------------------------------- simplifying

    def _merge_leaves(self) -> None:
        """Let one node stand for each leaf."""
        leaves = np.flatnonzero(self.kind == VARIABLE)
        slots, first, which = np.unique(self.slot[leaves], return_index=True, return_inverse=True)
        if len(slots) < len(leaves):
            same = np.arange(len(self))
            same[leaves] = leaves[first[which]]
            self.kind[np.setdiff1d(leaves, leaves[first])] = DEAD
            self.a, self.b, self.outputs = same[self.a], same[self.b], same[self.outputs]
            self._terms = [(self.owner, self.a, self.b)]

    def _splice(self) -> None:
        """Give the terms of a sum that only another sum adds up to that one."""
        uses = np.bincount(self.a, minlength=len(self)) + np.bincount(self.b, minlength=len(self))
        uses[self.outputs] += 1
        sums = self.kind == SUM
        spliced = sums[self.owner] & sums[self.a] & (self.b == self.one) & (uses[self.a] == 1)
        spliced &= self.silent[self.owner] == self.silent[self.a]
        if spliced.any():
            users, kept = np.arange(len(self)), ~spliced
            users[self.a[spliced]] = self.owner[spliced]
            self.kind[self.a[spliced]] = DEAD
            self._terms = [(_last(users)[self.owner[kept]], self.a[kept], self.b[kept])]
            self.settle()

    def _hoist(self) -> None:
        """Make a sum of the terms that are known from the start, if products of leaves are among
        them, where the others have to wait.

        It is computed for all steps of a recurrence at once, and each step adds what depends on
        the one before.
        """
        leaf = self.kind == VARIABLE
        late = (self.kind[self.a] >= SUM) | (self.kind[self.b] >= SUM)
        waits, weighs = np.zeros((2, len(self)), bool)
        waits[self.owner[late]] = True
        weighs[self.owner[leaf[self.a] & leaf[self.b]]] = True
        moved = (waits & weighs & (self.kind == SUM) & ~self.silent)[self.owner] & ~late
        if moved.any():
            users, which = np.unique(self.owner[moved], return_inverse=True)
            known = self.new(SUM, len(users), time=users)
            self.owner[moved] = known[which]
            self.add(users, known)
            self.settle()


def _last(users: Ints) -> Ints:
    """[n] the end of the chain of users that begins at each node."""
    while not np.array_equal(further := users[users], users):
        users = further
    return users


class _Reader:
    """Reads a tape into a form, all nodes of one operation at once."""

    def __init__(self, form: Form, tape: Tape) -> None:
        self.form, self.tape = form, tape
        # The columns of the form, of which the nodes of the tape come first.
        self.kind, self.formula, self.number, self.slot, self.silent, _ = (
            first for first, *_ in form._columns
        )

    def read(self) -> None:
        tape = self.tape
        used = np.zeros(len(tape), bool)  # by more than detached copies
        used[tape.parents[np.repeat(tape.codes != DETACH, np.diff(tape.offsets))]] = True
        used[tape.outputs] = True
        order = np.argsort(tape.codes, kind="stable")
        codes, starts, counts = np.unique(tape.codes[order], return_index=True, return_counts=True)
        for code, start, n in zip(codes.tolist(), starts.tolist(), counts.tolist(), strict=True):
            nodes = order[start : start + n]
            first = tape.offsets[nodes]
            count = tape.offsets[nodes + 1] - first
            if code == LEAF:
                self.kind[nodes] = VARIABLE
            elif code == CONSTANT:
                self.kind[nodes] = NUMBER
            elif code == TAKE:
                self.kind[nodes] = PICK
                self.formula[nodes] = count - 1
                self.slot[nodes] = tape.slots[tape.parents[first]]
                xs = tape.parents[ranges(first + 1, count - 1)]
                self.form.add(np.repeat(nodes, count - 1), xs)
            elif code == DETACH:
                self.detached(nodes, tape.parents[first])
            elif code == opcodes.LARGEST:
                for k in np.unique(count[used[nodes]]).tolist():
                    same = (count == k) & used[nodes]
                    operands = tape.parents[first[same][:, None] + np.arange(k)]
                    self.best(list(operands.T), nodes[same])
            elif code > 0 and RULES[code].nary:
                self.nary(code, nodes, first, count)
            elif code > 0:
                operands = [tape.parents[first + i] for i in range(int(count[0]))]
                self.fixed(code, nodes, operands)
            elif code != INDEX:
                raise ValueError(f"{code} is the code of no node")

    def detached(self, nodes: Ints, operands: Ints) -> None:
        """Copies of operands. Of the largest of some, it does not matter which one that is."""
        self.kind[nodes], self.silent[nodes] = COPY, True
        best = self.tape.codes[operands] == opcodes.LARGEST
        if best.any():
            first = self.tape.offsets[operands[best]]
            count = self.tape.offsets[operands[best] + 1] - first
            operands = operands.copy()
            operands[best], _ = self.largest(self.tape.parents[ranges(first, count)], count)
        self.form.add(nodes, operands)

    def sum(self, nodes: Ints, *terms: tuple[Ints, Ints | int]) -> None:
        self.kind[nodes] = SUM
        for a, b in terms:
            self.form.add(nodes, a, b)

    def map(self, code: int, c: float, nodes: Ints, operands: Iterable[Ints]) -> None:
        self.kind[nodes] = MAP
        self.formula[nodes] = self.form.place_of(value_of(code, c), (code, c))
        for operand in operands:
            self.form.add(nodes, operand)

    def fixed(self, code: int, nodes: Ints, operands: list[Ints]) -> None:
        """Nodes of a rule of a fixed number of operands."""
        name, x, y = RULES[code].name, operands[0], operands[-1]
        one, minus_one = self.form.one, self.form.minus_one
        if name == "add":
            self.sum(nodes, (x, one), (y, one))
        elif name == "sub":
            self.sum(nodes, (x, one), (y, minus_one))
        elif name == "neg":
            self.sum(nodes, (x, minus_one))
        elif name == "mul":
            self.sum(nodes, (x, y))
        elif name == "square":
            self.sum(nodes, (x, x))
        elif name == "div":
            fixed = self.tape.codes[y] == CONSTANT
            if fixed.any():
                with np.errstate(all="ignore"):
                    inverses = self.form.new(NUMBER, number=1 / self.tape.static[y[fixed]])
                self.sum(nodes[fixed], (x[fixed], inverses))
            if not fixed.all():
                self.map(code, 0.0, nodes[~fixed], (x[~fixed], y[~fixed]))
        elif name == "sigmoid":
            self.sigmoid(nodes, x)
        elif RULES[code].derivative is not None:
            users, starts = self.tape.user_results()
            places = starts[np.searchsorted(users, nodes)].astype(float)
            self.map(code, 0.0, nodes, [*operands, self.form.new(NUMBER, number=places)])
        elif RULES[code].static:
            for c in np.unique(self.tape.static[nodes]).tolist():
                same = self.tape.static[nodes] == c if c == c else self.tape.static[nodes] != c
                self.static(code, c, nodes[same], x[same])
        else:
            self.map(code, 0.0, nodes, operands)

    def static(self, code: int, c: float, nodes: Ints, x: Ints) -> None:
        """Nodes of a rule of one operand and the static parameter c."""
        if RULES[code].name == "pow_c" and c in (0, 1, 2):
            if c == 0:
                self.kind[nodes], self.number[nodes] = NUMBER, 1.0
            else:
                self.sum(nodes, (x, self.form.one if c == 1 else x))
        else:
            self.map(code, c, nodes, (x,))

    def sigmoid(self, nodes: Ints, x: Ints) -> None:
        """1 / (1 + e) with e = exp(-x); its partial is out / (1 + exp(x)) = out out e."""
        e = self.silent_map("exp(-x)", x=x)
        self.kind[nodes], self.silent[nodes] = MAP, True
        self.formula[nodes] = self.form.place_of(formula("1 / (1 + x)"))
        self.form.add(nodes, e)
        self.form.flows.append((nodes, x, formula("out * (out * x)"), {"x": e, "out": nodes}))

    def best(self, xs: list[Ints], nodes: Ints | None = None) -> Ints:
        """The first of the largest, which nodes are to be: of each row of a square, then of these.

        So the rows of an image are compared side by side.
        """
        if len(xs) > 3:
            width = isqrt(len(xs) - 1) + 1
            xs = [self.best(xs[i : i + width]) for i in range(0, len(xs), width)]
        best = xs[0]
        if nodes is not None and len(xs) == 1:
            self.sum(nodes, (best, self.form.one))
        for i, x in enumerate(xs[1:], 2):
            best = self.larger(best, x, nodes if i == len(xs) else None)
        return best

    def larger(self, x: Ints, y: Ints, nodes: Ints | None) -> Ints:
        """x, or y if it is larger, which nodes are to be.

        Of nan the partials are wrong; but then that is what comes out, and the reference executor
        is asked.
        """
        larger = "where(x <= y, y, x)"  # in arrays, one call of np.maximum
        if nodes is None:
            nodes = self.silent_map(larger, x=x, y=y)
        else:
            self.silent[nodes] = True
            self.combine(nodes, larger, x, y)
        operands = {"x": x, "y": y, "out": nodes}
        self.form.flows.append((nodes, x, formula("where(x >= y, 1, 0)"), operands))
        self.form.flows.append((nodes, y, formula("where(x >= y, 0, 1)"), operands))
        return nodes

    def nary(self, code: int, nodes: Ints, first: Ints, count: Ints) -> None:
        """Nodes of a rule of any number of operands."""
        name = RULES[code].name
        if name == "dot":
            count = count // 2
        xs, node = ranges(first, count), np.repeat(nodes, count)
        x = self.tape.parents[xs]
        if name == "dot":
            self.kind[nodes] = SUM
            self.form.add(node, x, self.tape.parents[xs + np.repeat(count, count)])
        elif name == "sum":
            self.kind[nodes] = SUM
            self.form.add(node, x)
        elif name == "mean":
            self.kind[nodes] = SUM
            self.form.add(node, x, np.repeat(self.form.new(NUMBER, number=1 / count), count))
        else:
            self.silent[nodes] = True
            if name == "logsumexp":
                self.logsumexp(nodes, node, x, count)
            elif name == "norm":
                self.norm(nodes, node, x, count)
            else:
                self.of_sum(code, nodes, node, x, count)

    def largest(self, x: Ints, count: Ints) -> tuple[Ints, Ints]:
        """Nodes for the largest of each count of x, and those repeated for each x."""
        nodes = self.form.new(LARGEST, len(count), silent=True)
        repeated = np.repeat(nodes, count)
        self.form.add(repeated, x)
        return nodes, repeated

    def total(self, a: Ints, b: Ints | int, count: Ints) -> Ints:
        nodes = self.form.new(SUM, len(count), silent=True)
        self.form.add(np.repeat(nodes, count), a, b)
        return nodes

    def silent_map(self, text: str, **operands: Ints) -> Ints:
        return self.form.mapped(formula(text), operands, silent=True)

    def logsumexp(self, nodes: Ints, node: Ints, x: Ints, count: Ints) -> None:
        """m + log(sum exp(x - m)), with m the largest x.

        The partial exp(x - out) would lose the digits of a large x that out has lost.
        """
        m, largest = self.largest(x, count)
        terms = self.silent_map("exp(x - y)", x=x, y=largest)
        total = self.total(terms, self.form.one, count)
        self.combine(nodes, "x + log(y)", m, total)
        operands = {"x": terms, "y": np.repeat(total, count), "out": node}
        self.form.flows.append((node, x, formula("x / y"), operands))

    def norm(self, nodes: Ints, node: Ints, x: Ints, count: Ints) -> None:
        """m sqrt(sum (x / m)^2), with m the largest |x|."""
        m, largest = self.largest(self.silent_map("fabs(x)", x=x), count)
        scaled = self.silent_map("where(y == 0, 0, x / y)", x=x, y=largest)
        self.combine(nodes, "x * sqrt(y)", m, self.total(scaled, scaled, count))
        self.form.flows.append(
            (node, x, formula(RULES[CODES["norm"]].partials[0].text), {"x": x, "out": node})
        )

    def of_sum(self, code: int, nodes: Ints, node: Ints, x: Ints, count: Ints) -> None:
        """A formula of n and of the sum of a term, for each x."""
        term, value, partial = formulas_of_sum(code)
        total = self.total(self.form.mapped(term, {"x": x}, silent=True), self.form.one, count)
        n = self.form.new(NUMBER, number=count.astype(float))
        self.combine(nodes, value.text, total, n)
        operands = {"x": x, "y": np.repeat(n, count), "out": node}
        self.form.flows.append((node, x, partial, operands))

    def combine(self, nodes: Ints, text: str, x: Ints, y: Ints) -> None:
        self.kind[nodes] = MAP
        self.formula[nodes] = self.form.place_of(formula(text))
        self.form.add(nodes, x)
        self.form.add(nodes, y)
