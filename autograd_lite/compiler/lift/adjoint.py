"""The reverse sweep at the level of scalars: for each use of a node, a term of its cotangent.

The cotangent of a node is the sum, over its uses, of the user's cotangent times the partial. So
it is a sum of products of pairs as well, and W^T delta and delta x^T come out by themselves.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from autograd_lite.compiler.lift.canonical import (
    CONSTANT,
    DETACH,
    ELEMENTWISE,
    LEAF,
    SUM,
    CanonicalProgram,
)
from autograd_lite.compiler.lift.specialized import Specialized, formula, partials_of
from autograd_lite.compiler.tape.ranges import Ints, distinct, offsets_of, rows_of

__all__ = ["Uses", "active_nodes"]


def active_nodes(form: CanonicalProgram, wrt: Ints) -> NDArray[np.bool_]:
    """[n] True if the node depends on one of the leaves in wrt, in a way that has a gradient."""
    active: NDArray[np.bool_] = (form.kind == LEAF) & np.isin(form.slot, wrt)
    reached = np.flatnonzero(active)
    if len(reached):
        depends = (form.kind >= SUM) & (form.kind != DETACH) & ~form.compares
        operand, user = np.append(form.a, form.b), np.tile(form.owner, 2)
        waits = depends[user]
        operand, user = operand[waits], user[waits]
        order = np.argsort(operand, kind="stable")
        user, offsets = user[order], offsets_of(operand, len(form))
        room = np.empty(len(form), np.int64)
    while len(reached):
        users = user[rows_of(offsets, reached)[0]]
        reached = distinct(users[~active[users]], room)
        active[reached] = True
    return active


class Uses:
    """The terms of all cotangents: for each use of an active node, the user and the partial.

    active               [n] see `active_nodes`
    user, node, partial  [m] nodes, sorted by node, then user
    side                 [m] position of the node among its user's operands
    offsets              [n + 1] first use of each node

    Makes a new node of each partial that is not a node yet. TAKEs are not among the users.
    """

    def __init__(self, form: CanonicalProgram, wrt: Ints) -> None:
        self._form, self.active = form, active_nodes(form, wrt)
        self._rows: list[tuple[Ints, Ints, Ints, Ints]] = []
        self._of_sums()
        for k, rule in enumerate(form.rules):
            if rule is not None:
                self._of_rule(k, *rule)
        for output, x, formula_of, operands in form.custom_partials:
            self._add_partial(output, x, formula_of, operands, 0)
        form.settle()
        self.active = np.append(self.active, np.zeros(len(form) - len(self.active), bool))
        user, node, partial, side = map(np.concatenate, zip(*self._rows, strict=True))
        order = np.lexsort((user, node))
        self.user, self.node, self.partial = user[order], node[order], partial[order]
        self.side = side[order]
        self.offsets = offsets_of(self.node, len(form))

    def _add(self, user: Ints, node: Ints, partial: Ints, side: int) -> None:
        sent = self.active[node]
        user, node, partial = user[sent], node[sent], partial[sent]
        self._rows.append((user, node, partial, np.full(len(user), side)))

    def _add_partial(
        self, user: Ints, node: Ints, partial: Specialized, operands: dict[str, Ints], side: int
    ) -> None:
        """Uses whose partial is a formula of operands."""
        sent = self.active[node]
        if sent.any():
            operands = {name: nodes[sent] for name, nodes in operands.items()}
            self._add(user[sent], node[sent], self._partial(partial, operands), side)

    def _of_sums(self) -> None:
        form = self._form
        terms = np.flatnonzero((form.kind[form.owner] == SUM) & ~form.no_gradient[form.owner])
        owner, a, b = form.owner[terms], form.a[terms], form.b[terms]
        square = (a == b) & self.active[a]
        if square.any():  # one use of partial 2 x rather than two
            x = a[square]
            self._add(owner[square], x, form.elementwise(formula("2 * x"), {"x": x}), 0)
            owner, a, b = owner[~square], a[~square], b[~square]
        self._add(owner, a, b, 0)
        self._add(owner, b, a, 1)

    def _of_rule(self, k: int, code: int, c: float) -> None:
        form = self._form
        users = np.flatnonzero((form.kind == ELEMENTWISE) & (form.formula == k) & self.active)
        first = form.offsets[users]
        partials = partials_of(code, c)
        names = partials[0].names if partials[0].part > 0 else "xyz"[: len(partials)]
        operands = {name: form.a[first + i] for i, name in enumerate(names)}
        for side, (name, partial) in enumerate(zip(names, partials, strict=False)):
            if partial.text != "0":
                named = {**operands, "out": users}
                self._add_partial(users, operands[name], partial, named, side)

    def _partial(self, what: Specialized, operands: dict[str, Ints]) -> Ints:
        """The nodes of a partial: new ones, unless it is an operand or a constant."""
        if what.text in operands and what.part < 0:
            return operands[what.text]
        if not what.names:
            node = self._form.new(CONSTANT, number=[float(what.text)])
            return np.full(len(operands["out"]), node[0])
        # Once for all uses: 1 / y, for all x / y of a softmax.
        key = np.zeros(len(operands["out"]), np.int64)
        for name in what.names:  # a pair of a pair, where there are three
            key = np.unique(key * len(self._form) + operands[name], return_inverse=True)[1]
        first, which = np.unique(key, return_index=True, return_inverse=True)[1:]
        once = {name: operands[name][first] for name in what.names}
        return self._form.elementwise(what, once)[which]
