"""The canonical form: sums of products of pairs, and elementwise formulas.

add, sub, neg, mul, square, sum, mean, dot and division by a constant are all
S = a0 b0 + a1 b1 + ..., with the constant one as a partner where there is no other. A sum that
only another sum uses is part of it. So `w[0] * x[0] + w[1] * x[1] + b`, however it was written,
is one node of three terms, and so will be every cotangent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd_lite.compiler.lift.specialized import Specialized, formula, formulas_of_sum, value_of
from autograd_lite.compiler.tape import opcodes
from autograd_lite.compiler.tape.ranges import Ints, offsets_of, ranges, rows_of
from autograd_lite.compiler.tape.tape import Tape
from autograd_lite.operations.rules import COMPARISONS, RULES

__all__ = [
    "CONSTANT",
    "DEAD",
    "DETACH",
    "ELEMENTWISE",
    "LEAF",
    "ROW_MAX",
    "SUM",
    "TAKE",
    "CanonicalProgram",
]

# The kinds of node; those from SUM on are computed.
DEAD = 0  # a node of the tape that is part of another node here
LEAF = 1
CONSTANT = 2
SUM = 3  # of the products a * b of its terms
ELEMENTWISE = 4  # a formula of its operands, the a of its terms
ROW_MAX = 5  # the largest of its operands, for the shift of logsumexp: it has no gradient
TAKE = 6  # the one of its operands that an index chooses
DETACH = 7  # its operand, without gradient

DETACHED = Specialized(("detached", "x"), ("x",))
"""Its operand, without gradient, as a formula."""

# The operations that are sums of products, and the terms of each.
SUMS = {
    "add": [("x", "1"), ("y", "1")],
    "sub": [("x", "1"), ("y", "-1")],
    "neg": [("x", "-1")],
    "mul": [("x", "y")],
    "square": [("x", "x")],
}

# The operands by which an operation decides: where one is NaN, its value may be a number.
DECIDES_BY = {"less": "xy", "less_equal": "xy", "equal": "xy", "where": "x", "copysign": "y"}


class CanonicalProgram:
    """A program in canonical form. Nodes are ints; those of the tape keep theirs.

    kind           [n] kind of each node
    formula        [n] position of an ELEMENTWISE in `formulas`; the number of operands of a TAKE
    number         [n] number of a CONSTANT
    slot           [n] slot of a LEAF among the leaves, or of a TAKE's index among the indices
    no_gradient    [n] True if the adjoint skips this node
    program_order  [n] position in the order of the user's program
    owner, a, b    [m] nodes: the terms, sorted by owner, those of one owner in order; b is `one`
                   but for a SUM
    offsets        [n + 1] first term of each node
    formulas       the formulas of ELEMENTWISE nodes
    rules          (code, c) of the rule whose value each formula is, or None
    custom_partials  (outputs, inputs, partial, its operands by name) of a composite such as
                   logsumexp, used instead of differentiating its parts
    marks          see `Tape`
    outputs        [k] nodes whose numbers a call gives back, the results first
    deciding       [d] computed nodes by whose numbers others decide
    one, minus_one, zero  the nodes of these constants
    """

    def __init__(self, tape: Tape, detached: bool = False) -> None:
        """The program of a tape.

        detached  True if a detached number is one of its own, by the formula `DETACHED`, for those
                  who differentiate the program again; else it is the number that it is detached
                  from, through which no gradient goes
        """
        self.detached = detached
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
        self._deciding = [none]
        self.marks = tape.marks
        self.outputs, self._results = tape.outputs, tape.results
        self.formulas: list[Specialized] = []
        self.rules: list[tuple[int, float] | None] = []
        self._index: dict[object, int] = {}  # in formulas
        self.custom_partials: list[tuple[Ints, Ints, Specialized, dict[str, Ints]]] = []
        self.one, self.minus_one, self.zero = self.new(CONSTANT, number=[1.0, -1.0, 0.0]).tolist()
        _Reader(self, tape).read()
        self.settle()
        self._merge_leaves()
        self._splice()
        self._hoist()

    def __len__(self) -> int:
        return self._size

    @property
    def results(self) -> Ints:
        """[results] nodes: the outputs that have cotangents."""
        return self.outputs[: self._results]

    @property
    def deciding(self) -> Ints:
        """[d] computed nodes by whose numbers others decide; comparisons are never NaN."""
        nodes = np.unique(np.concatenate(self._deciding))
        decided: Ints = nodes[(self.kind[nodes] >= SUM) & ~self.compares[nodes]]
        return decided

    @property
    def compares(self) -> NDArray[np.bool_]:
        """[n] True if the node is 0 or 1, as a comparison has it: it has no gradient."""
        formulas = [i for i, rule in enumerate(self.rules) if rule and rule[0] in COMPARISONS]
        found: NDArray[np.bool_] = np.isin(self.formula, formulas) & (self.kind == ELEMENTWISE)
        return found

    @property
    def passes(self) -> Ints:
        """[n] a number for the pass in which each node was made; 0 of what is no derivative."""
        names = sorted({name for name, _ in self.marks.values()})
        number = {name: i for i, name in enumerate(names, 1)}
        found = np.zeros(len(self), np.int64)
        for node, (name, _) in self.marks.items():
            found[node] = number[name]
        parts = self.program_order < np.arange(len(self))  # of a sum that was split
        found[parts] = found[self.program_order[parts]]
        return found

    def decides_by(self, nodes: Ints) -> None:
        """Add nodes to those by whose numbers others decide."""
        self._deciding.append(nodes)

    def terms_of(self, nodes: Ints) -> tuple[Ints, Ints]:
        """The terms of nodes, one node after the other, and how many each has."""
        return rows_of(self.offsets, nodes)

    # ----------------------------------------------------------------------- making nodes

    def new(
        self,
        kind: int,
        count: int = 0,
        *,
        formula: int = 0,
        number: Sequence[float] | NDArray[np.float64] = (),
        no_gradient: bool = False,
        program_order: Ints | None = None,
    ) -> Ints:
        """New nodes: as many as there are numbers, or this many."""
        count = count or len(number)
        nodes = np.arange(self._size, self._size + count)
        program_order = nodes if program_order is None else program_order
        values = kind, formula, number if len(number) else 0.0, -1, no_gradient, program_order
        for column, value in zip(self._columns, values, strict=True):
            column.append(np.full(count, value, column[0].dtype))
        self._size += count
        return nodes

    def add(self, owner: Ints, a: Ints, b: Ints | int | None = None) -> None:
        """A term a * b of each owner; b is `one` by default."""
        partner = np.asarray(self.one if b is None else b)
        self._terms.append((owner, a, np.broadcast_to(partner, owner.shape)))

    def index_of(self, formula: Specialized, rule: tuple[int, float] | None = None) -> int:
        """The position of a formula in `formulas`, where it stands once."""
        key = rule or (formula.text, formula.label, formula.code, formula.part)
        if key not in self._index:
            self._index[key] = len(self.formulas)
            self.formulas.append(formula)
            self.rules.append(rule)
        return self._index[key]

    def elementwise(self, formula: Specialized, operands: Mapping[str, Ints]) -> Ints:
        """New nodes without gradient: a formula of operands, which are given by name."""
        count = len(operands[formula.names[0]])
        nodes = self.new(ELEMENTWISE, count, formula=self.index_of(formula), no_gradient=True)
        for name in formula.names:
            self.add(nodes, operands[name])
        return nodes

    def settle(self) -> None:
        """Put the nodes and terms that were added into the arrays."""
        self._columns = [[np.concatenate(column)] for column in self._columns]
        self.kind, self.formula, self.number, self.slot, self.no_gradient, self.program_order = (
            column[0] for column in self._columns
        )
        owner, a, b = (np.concatenate(column) for column in zip(*self._terms, strict=True))
        order = np.argsort(owner, kind="stable")
        self.owner, self.a, self.b = owner[order], a[order], b[order]
        self.offsets = offsets_of(self.owner, len(self))
        self._terms = [(self.owner, self.a, self.b)]

    # ------------------------------------------------------------------------- simplifying

    def _merge_leaves(self) -> None:
        """Let each leaf be one node."""
        leaves = np.flatnonzero(self.kind == LEAF)
        slots, first, which = np.unique(self.slot[leaves], return_index=True, return_inverse=True)
        if len(slots) < len(leaves):
            same = np.arange(len(self))
            same[leaves] = leaves[first[which]]
            self.kind[np.setdiff1d(leaves, leaves[first])] = DEAD
            self.a, self.b, self.outputs = same[self.a], same[self.b], same[self.outputs]
            self._terms = [(self.owner, self.a, self.b)]

    def _splice(self) -> None:
        """Make a sum that only another sum uses part of that one."""
        uses = np.bincount(self.a, minlength=len(self)) + np.bincount(self.b, minlength=len(self))
        uses[self.outputs] += 1
        sums = self.kind == SUM
        spliced = sums[self.owner] & sums[self.a] & (self.b == self.one) & (uses[self.a] == 1)
        spliced &= self.no_gradient[self.owner] == self.no_gradient[self.a]
        if spliced.any():
            users, kept = np.arange(len(self)), ~spliced
            users[self.a[spliced]] = self.owner[spliced]
            self.kind[self.a[spliced]] = DEAD
            self._terms = [(_last(users)[self.owner[kept]], self.a[kept], self.b[kept])]
            self.settle()

    def _hoist(self) -> None:
        """Split a sum in two: the terms of leaves and constants are a sum of their own.

        That sum is computed for all steps of a recurrence at once, and each step adds the terms
        that depend on the step before. Only sums with a product of two leaves are split.
        """
        leaf = self.kind == LEAF
        late = (self.kind[self.a] >= SUM) | (self.kind[self.b] >= SUM)
        waits, weighs = np.zeros((2, len(self)), bool)
        waits[self.owner[late]] = True
        weighs[self.owner[leaf[self.a] & leaf[self.b]]] = True
        moved = (waits & weighs & (self.kind == SUM) & ~self.no_gradient)[self.owner] & ~late
        if moved.any():
            users, which = np.unique(self.owner[moved], return_inverse=True)
            known = self.new(SUM, len(users), program_order=users)
            self.owner[moved] = known[which]
            self.add(users, known)
            self.settle()


def _last(users: Ints) -> Ints:
    """[n] the end of the chain of users that begins at each node."""
    while not np.array_equal(further := users[users], users):
        users = further
    return users


class _Reader:
    """Reads a tape into a canonical program, all nodes of one operation at once.

    kind, formula, number, slot, no_gradient  [tape] the columns of the nodes of the tape
    """

    def __init__(self, form: CanonicalProgram, tape: Tape) -> None:
        self.form, self.tape = form, tape
        self.kind, self.formula, self.number, self.slot, self.no_gradient, _ = (
            first for first, *_ in form._columns
        )

    def read(self) -> None:
        tape = self.tape
        used = np.zeros(len(tape), bool)  # by other nodes than detached copies
        used[tape.parents[np.repeat(tape.codes != opcodes.DETACH, np.diff(tape.offsets))]] = True
        used[tape.outputs] = True
        order = np.argsort(tape.codes, kind="stable")
        codes, starts, counts = np.unique(tape.codes[order], return_index=True, return_counts=True)
        for code, start, n in zip(codes.tolist(), starts.tolist(), counts.tolist(), strict=True):
            nodes = order[start : start + n]
            first = tape.offsets[nodes]
            count = tape.offsets[nodes + 1] - first
            if code == opcodes.LEAF:
                self.kind[nodes] = LEAF
            elif code == opcodes.CONSTANT:
                self.kind[nodes] = CONSTANT
            elif code == opcodes.TAKE:
                self.kind[nodes] = TAKE
                self.formula[nodes] = count - 1
                self.slot[nodes] = tape.slots[tape.parents[first]]
                xs = tape.parents[ranges(first + 1, count - 1)]
                self.form.add(np.repeat(nodes, count - 1), xs)
            elif code == opcodes.DETACH:
                self.detached(nodes, tape.parents[first])
            elif code == opcodes.LARGEST:
                for k in np.unique(count[used[nodes]]).tolist():
                    same = (count == k) & used[nodes]
                    operands = tape.parents[first[same][:, None] + np.arange(k)]
                    self.largest(list(operands.T), nodes[same])
            elif code > 0 and RULES[code].nary:
                self.nary(code, nodes, first, count)
            elif code > 0:
                operands = [tape.parents[first + i] for i in range(int(count[0]))]
                self.fixed(code, nodes, operands)
            elif code != opcodes.INDEX:
                raise ValueError(f"{code} is the code of no node")

    # ------------------------------------------- let nodes of the tape be sums or formulas

    def sum(self, nodes: Ints, *terms: tuple[Ints, Ints | int]) -> None:
        self.kind[nodes] = SUM
        for a, b in terms:
            self.form.add(nodes, a, b)

    def elementwise(
        self, nodes: Ints, what: Specialized, *operands: Ints, rule: tuple[int, float] | None = None
    ) -> None:
        self.kind[nodes] = ELEMENTWISE
        self.formula[nodes] = self.form.index_of(what, rule)
        for operand in operands:
            self.form.add(nodes, operand)

    def composite(self, nodes: Ints, text: str, *operands: Ints) -> None:
        """A formula whose operands are parts of the operation: it has custom partials."""
        self.no_gradient[nodes] = True
        self.elementwise(nodes, formula(text), *operands)

    # ------------------------------------------------- new nodes, of which none has a gradient

    def part(self, text: str, **operands: Ints) -> Ints:
        return self.form.elementwise(formula(text), operands)

    def total(self, a: Ints, b: Ints | int, count: Ints) -> Ints:
        """The sum of a * b over each count of terms."""
        nodes = self.form.new(SUM, len(count), no_gradient=True)
        self.form.add(np.repeat(nodes, count), a, b)
        return nodes

    def row_max(self, x: Ints, count: Ints) -> tuple[Ints, Ints]:
        """The largest of each count of x, and the same repeated for each x."""
        nodes = self.form.new(ROW_MAX, len(count), no_gradient=True)
        repeated = np.repeat(nodes, count)
        self.form.add(repeated, x)
        return nodes, repeated

    def custom(self, nodes: Ints, x: Ints, partial: Specialized | str, /, **operands: Ints) -> None:
        """The partial of each node with respect to each x."""
        partial = formula(partial) if isinstance(partial, str) else partial
        self.form.custom_partials.append((nodes, x, partial, operands))

    # ------------------------------------------------------------------------- operations

    def detached(self, nodes: Ints, operands: Ints) -> None:
        """Copies of operands; a detached largest is a ROW_MAX, as it need not know which one."""
        self.no_gradient[nodes] = True
        if self.form.detached:
            self.kind[nodes], self.formula[nodes] = ELEMENTWISE, self.form.index_of(DETACHED)
        else:
            self.kind[nodes] = DETACH
        largest = self.tape.codes[operands] == opcodes.LARGEST
        if largest.any():
            xs, count = rows_of(self.tape.offsets, operands[largest])
            operands = operands.copy()
            operands[largest], _ = self.row_max(self.tape.parents[xs], count)
        self.form.add(nodes, operands)

    def fixed(self, code: int, nodes: Ints, operands: list[Ints]) -> None:
        """Nodes of a rule of a fixed number of operands."""
        rule, x, y = RULES[code], operands[0], operands[-1]
        for name, operand in zip(rule.operands, operands, strict=False):
            if rule.user_module is not None or name in DECIDES_BY.get(rule.name, ""):
                self.form.decides_by(operand)
        if rule.name in SUMS:
            one, minus_one = np.array([self.form.one]), np.array([self.form.minus_one])
            factors = {"x": x, "y": y, "1": one, "-1": minus_one}
            self.sum(nodes, *[(factors[a], factors[b]) for a, b in SUMS[rule.name]])
        elif rule.name == "div":
            fixed = self.tape.codes[y] == opcodes.CONSTANT
            if fixed.any():
                with np.errstate(all="ignore"):
                    inverses = self.form.new(CONSTANT, number=1 / self.tape.static[y[fixed]])
                self.sum(nodes[fixed], (x[fixed], inverses))
            if not fixed.all():
                self.rule(code, 0.0, nodes[~fixed], x[~fixed], y[~fixed])
        elif rule.name == "sigmoid":
            # 1 / (1 + e) with e = exp(-x); the partial is out / (1 + exp(x)) = out out e, and out
            # where e is so large that out e = 1: it may be infinite.
            e = self.part("exp(-x)", x=x)
            self.composite(nodes, "1 / (1 + x)", e)
            self.custom(nodes, x, "where(x < 1e16, out * (out * x), out)", x=e, out=nodes)
        elif rule.user_module is not None:
            users, starts = self.tape.user_results()
            positions = starts[np.searchsorted(users, nodes)].astype(float)
            self.rule(code, 0.0, nodes, *operands, self.form.new(CONSTANT, number=positions))
        elif rule.static:
            static, which = np.unique(self.tape.static[nodes], return_inverse=True)
            for k, c in enumerate(static.tolist()):
                self.static(code, c, nodes[which == k], x[which == k])
        else:
            self.rule(code, 0.0, nodes, *operands)

    def rule(self, code: int, c: float, nodes: Ints, *operands: Ints) -> None:
        self.elementwise(nodes, value_of(code, c), *operands, rule=(code, c))

    def static(self, code: int, c: float, nodes: Ints, x: Ints) -> None:
        """Nodes of a rule of one operand and the static parameter c."""
        if RULES[code].name != "pow_c" or c not in (0, 1, 2):
            self.rule(code, c, nodes, x)
        elif c == 0:
            self.kind[nodes], self.number[nodes] = CONSTANT, 1.0
        else:
            self.sum(nodes, (x, self.form.one if c == 1 else x))

    def largest(self, xs: list[Ints], nodes: Ints | None = None) -> Ints:
        """Writes into `nodes`, or new nodes, the first largest of xs, by pairwise maxima.

        Of each row of a square, then of these: so the rows of an image are compared side by side.
        """
        if len(xs) > 3:
            width = isqrt(len(xs) - 1) + 1
            xs = [self.largest(xs[i : i + width]) for i in range(0, len(xs), width)]
        found = xs[0]
        if nodes is not None and len(xs) == 1:
            self.sum(nodes, (found, self.form.one))
        for i, x in enumerate(xs[1:], 2):
            found = self.larger(found, x, nodes if i == len(xs) else None)
        return found

    def larger(self, x: Ints, y: Ints, nodes: Ints | None) -> Ints:
        """Writes x, or y if it is larger, into `nodes` or new nodes.

        The partials are wrong for a NaN; but then the result is NaN as well, and the reference
        executor is asked.
        """
        text = "where(x <= y, y, x)"  # in arrays, one call of np.maximum
        if nodes is None:
            nodes = self.part(text, x=x, y=y)
        else:
            self.composite(nodes, text, x, y)
        self.custom(nodes, x, "where(x >= y, 1, 0)", x=x, y=y, out=nodes)
        self.custom(nodes, y, "where(x >= y, 0, 1)", x=x, y=y, out=nodes)
        return nodes

    def nary(self, code: int, nodes: Ints, first: Ints, count: Ints) -> None:
        """Nodes of a rule of any number of operands."""
        name, form = RULES[code].name, self.form
        if RULES[code].pairs:
            count = count // 2
        positions, node = ranges(first, count), np.repeat(nodes, count)
        x = self.tape.parents[positions]
        if name in ("sum", "mean") or RULES[code].pairs:
            self.kind[nodes] = SUM
            partner: Ints | None = None
            if RULES[code].pairs:
                partner = self.tape.parents[positions + np.repeat(count, count)]
            elif name == "mean":
                partner = np.repeat(form.new(CONSTANT, number=1 / count), count)
            form.add(node, x, partner)
        elif name == "logsumexp":
            # m + log(sum exp(x - m)), with m the largest x. The partial exp(x - out) would lose
            # the digits of a large x that out has lost.
            m, repeated = self.row_max(x, count)
            terms = self.part("exp(x - y)", x=x, y=repeated)
            total = self.total(terms, form.one, count)
            self.composite(nodes, "x + log(y)", m, total)
            self.custom(node, x, "x / y", x=terms, y=np.repeat(total, count), out=node)
        elif name == "norm":
            # m sqrt(sum (x / m)^2), with m the largest |x|.
            m, repeated = self.row_max(self.part("fabs(x)", x=x), count)
            scaled = self.part("where(y == 0, 0, x / y)", x=x, y=repeated)
            self.composite(nodes, "x * sqrt(y)", m, self.total(scaled, scaled, count))
            self.custom(node, x, RULES[code].partials[0].text, x=x, out=node)
        else:  # a formula of n and of the sum of a term for each x
            term, value, partial = formulas_of_sum(code)
            total = self.total(form.elementwise(term, {"x": x}), form.one, count)
            n = form.new(CONSTANT, number=count.astype(float))
            self.composite(nodes, value.text, total, n)
            self.custom(node, x, partial, x=x, y=np.repeat(n, count), out=node)
