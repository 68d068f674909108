"""The reverse sweep at the level of scalars: for each use of a node, a term of its cotangent.

The cotangent of a node is the sum, over its uses, of the user's cotangent times the partial. So
it is a sum of products of pairs as well, and W^T delta and delta x^T come out by themselves.
"""

from __future__ import annotations

import numpy as np

from autograd_lite.compiler.lift.canonical import COPY, MAP, NUMBER, SUM, VARIABLE
from autograd_lite.compiler.lift.specialized import formula, partials_of
from autograd_lite.compiler.tape.ranges import offsets_of, ranges

TYPE_CHECKING = False
if TYPE_CHECKING:
    from numpy.typing import NDArray

    from autograd_lite.compiler.lift.canonical import Form
    from autograd_lite.compiler.lift.specialized import Specialized
    from autograd_lite.compiler.tape.ranges import Ints

__all__ = ["Uses", "active_nodes"]


def active_nodes(form: Form, wrt: Ints) -> NDArray[np.bool_]:
    """[n] whether a node depends on one of the leaves in wrt, in a way that has a gradient."""
    active: NDArray[np.bool_] = (form.kind == VARIABLE) & np.isin(form.slot, wrt)
    offsets = form.offsets
    for nodes in form.levels():
        nodes = nodes[form.kind[nodes] != COPY]
        if len(nodes):
            first, count = offsets[nodes], offsets[nodes + 1] - offsets[nodes]
            terms = ranges(first, count)
            found = active[form.a[terms]] | active[form.b[terms]]
            starts = np.cumsum(count) - count
            active[nodes] = np.logical_or.reduceat(found, starts)
    return active


class Uses:
    """What each use of an active node sends to it: the user's cotangent times a partial.

    user, node, partial  [m] nodes, sorted by node, then user
    side                 [m] which operand of its user the node is
    offsets              [n + 1] where the uses of each node begin

    Makes a new node of each partial that is none yet. Picks are not among the uses.
    """

    def __init__(self, form: Form, active: NDArray[np.bool_]) -> None:
        self._form, self._active = form, active
        self._rows: list[tuple[Ints, Ints, Ints, Ints]] = []
        self._of_sums()
        for k, rule in enumerate(form.rules):
            if rule is not None:
                self._of_rule(k, *rule)
        for node, x, what, operands in form.flows:
            sent = active[x]
            if sent.any():
                named = {name: nodes[sent] for name, nodes in operands.items()}
                self._add(node[sent], x[sent], self._partial(what, named), 0)
        form.settle()
        user, node, partial, side = map(np.concatenate, zip(*self._rows, strict=True))
        order = np.lexsort((user, node))
        self.user, self.node, self.partial = user[order], node[order], partial[order]
        self.side = side[order]
        self.offsets = offsets_of(self.node, len(form))

    def _add(self, user: Ints, node: Ints, partial: Ints, side: int) -> None:
        sent = self._active[node]
        user, node, partial = user[sent], node[sent], partial[sent]
        self._rows.append((user, node, partial, np.full(len(user), side)))

    def _of_sums(self) -> None:
        form = self._form
        terms = np.flatnonzero((form.kind[form.owner] == SUM) & ~form.silent[form.owner])
        owner, a, b = form.owner[terms], form.a[terms], form.b[terms]
        square = (a == b) & self._active[a]
        if square.any():  # one use of partial 2 x rather than two
            x = a[square]
            self._add(owner[square], x, form.mapped(formula("2 * x"), {"x": x}, silent=True), 0)
            owner, a, b = owner[~square], a[~square], b[~square]
        self._add(owner, a, b, 0)
        self._add(owner, b, a, 1)

    def _of_rule(self, k: int, code: int, c: float) -> None:
        form = self._form
        users = np.flatnonzero((form.kind == MAP) & (form.formula == k) & self._active)
        first = form.offsets[users]
        partials = partials_of(code, c)
        names = partials[0].names if partials[0].part > 0 else "xyz"[: len(partials)]
        operands = [form.a[first + i] for i in range(len(names))]
        for side, (node, what) in enumerate(zip(operands, partials, strict=False)):
            sent = self._active[node]
            if sent.any() and what.text != "0":
                named = {n: x[sent] for n, x in zip(names, operands, strict=True)}
                named["out"] = users[sent]
                self._add(users[sent], node[sent], self._partial(what, named), side)

    def _partial(self, what: Specialized, operands: dict[str, Ints]) -> Ints:
        """Nodes of this formula, which may be there already."""
        if what.text in operands and what.part < 0:
            return operands[what.text]
        if not what.names:
            node = self._form.new(NUMBER, number=[float(what.text)])
            return np.full(len(operands["out"]), node[0])
        # Once for all uses: 1 / y, for all x / y of a softmax.
        key = np.zeros(len(operands["out"]), np.int64)
        for name in what.names:  # a pair of a pair, where there are three
            key = np.unique(key * len(self._form) + operands[name], return_inverse=True)[1]
        first, which = np.unique(key, return_index=True, return_inverse=True)[1:]
        once = {name: operands[name][first] for name in what.names}
        return self._form.mapped(what, once, silent=True)[which]
