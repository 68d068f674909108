"""Another place for every number: memory without holes, results side by side and in order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from autograd_lite.compiler.lift.instructions import (
    Contraction,
    Elementwise,
    Gather,
    IndexTable,
    Ref,
    Scatter,
    ScatterAdd,
    SegmentSum,
    Take,
    ZeroPadding,
)
from autograd_lite.compiler.plan.groups import Group, Loop, Repeat, reads_of, with_refs, writes_of
from autograd_lite.compiler.plan.join import span
from autograd_lite.compiler.plan.result import Plan
from autograd_lite.compiler.plan.space import moved_ref
from autograd_lite.compiler.tape.ranges import Ints

__all__ = ["compacted", "in_order", "moved_plan"]


def in_order(plan: Plan) -> Plan:
    """The plan with its outputs side by side, in order, and so its gradients.

    What lies in a ref that could be no loops then stays where it is.
    """
    for name in ("outputs", "gradients"):
        addresses: Ints = getattr(plan, name)
        fixed = np.concatenate([plan.leaves, plan.constants, plan.cotangents])
        movable = addresses[~np.isin(addresses, fixed)]
        _, first = np.unique(movable, return_index=True)
        movable = movable[np.sort(first)]
        while len(movable) and (np.diff(movable) != 1).any():
            new = np.arange(plan.size)
            new[movable] = plan.size + np.arange(len(movable))
            move = _Move(new)
            found = move.plan(plan, plan.size + len(movable))
            if not move.failures:
                plan = found
                break
            movable = movable[~np.isin(movable, np.concatenate(move.failures))]
    return plan


def compacted(plan: Plan) -> Plan:
    """The plan without the addresses to which nothing goes, and constants that nobody reads.

    Where a ref could be no loops any more, what lies between its addresses stays.
    """
    used = np.zeros(plan.size, bool)
    for group in (*plan.forward, *plan.backward):
        for addresses in (*reads_of(group), *writes_of(group)):
            used[addresses] = True
        if isinstance(group, ZeroPadding):
            used[group.base : group.base + len(group.padding)] = True
    for addresses in (plan.leaves, plan.outputs, plan.deciding, plan.cotangents, plan.gradients):
        used[addresses] = True
    read = used[plan.constants]
    plan = replace(plan, constants=plan.constants[read], numbers=plan.numbers[read])
    while not used.all():
        move = _Move(np.cumsum(used) - 1)
        found = move.plan(plan, int(used.sum()))
        if not move.failures:
            return found
        for addresses in move.failures:
            used[addresses.min() : addresses.max() + 1] = True
    return plan


def moved_plan(plan: Plan, new: Ints, size: int) -> tuple[Plan, list[Ints]]:
    """The plan with everything moved from address a to new[a], and the addresses of each ref that
    could be no loops there: if there are any, it is no plan.
    """
    move = _Move(new)
    return move.plan(plan, size), move.failures


class _Move:
    """Everything moved from address a to new[a].

    failures  addresses of each ref that could be no loops there; it is left as it is
    """

    def __init__(self, new: Ints) -> None:
        self._new = new
        self._jumps = np.concatenate([[0], np.cumsum(np.diff(new) != 1)])  # up to each address
        self.failures: list[Ints] = []

    def plan(self, plan: Plan, size: int) -> Plan:
        origins = np.full(size, -1)
        moved = np.flatnonzero(self._new[: len(plan.origins)] >= 0)[::-1]  # of several the first
        origins[self._new[moved]] = plan.origins[moved]
        return Plan(
            size=size,
            leaves=self._new[plan.leaves],
            constants=self._new[plan.constants],
            numbers=plan.numbers,
            outputs=self._new[plan.outputs],
            deciding=self._new[plan.deciding],
            cotangents=self._new[plan.cotangents],
            gradients=self._new[plan.gradients],
            forward=[self._group(group, ()) for group in plan.forward],
            backward=[self._group(group, ()) for group in plan.backward],
            origins=origins[: size if len(plan.origins) else 0],
        )

    def _group(self, group: Group, turns: tuple[int, ...]) -> Group:
        match group:
            case Repeat(count, groups):
                inner = [self._group(g, (count,)) for g in groups]
                return Repeat(count, inner)  # type: ignore[arg-type]
            case Loop(sizes, statements):
                whole = (*turns, *sizes)
                return Loop(
                    sizes, [with_refs(s, lambda ref: self._ref(ref, whole)) for s in statements]
                )
            case Contraction(loops, sums, out, a, b):
                whole = (*turns, *loops, *sums)
                return replace(
                    group,
                    out=self._ref(out, (*turns, *loops)),
                    a=self._ref(a, whole),
                    b=None if b is None else self._ref(b, whole),
                )
            case Elementwise(loops, out, _, operands):
                moved = {name: self._ref(ref, loops) for name, ref in operands.items()}
                return replace(group, out=self._ref(out, loops), operands=moved)
            case Gather(base, table):
                return Gather(self._base(base, table.size), self._new[table])
            case Scatter(base, table, add):
                return Scatter(self._base(base, table.size), self._new[table], add)
            case SegmentSum(base, a, b, starts):
                factor = None if b is None else self._new[b]
                return SegmentSum(self._base(base, len(starts)), self._new[a], factor, starts)
            case ZeroPadding(base, padding):
                return ZeroPadding(self._base(base, len(padding)), padding)
            case Take(base, table):
                return Take(self._base(base, len(table.slots)), self._table(table))
            case ScatterAdd(source, table):
                return ScatterAdd(self._new[source], self._table(table))

    def _base(self, base: int, size: int) -> int:
        """The first address of numbers that lie side by side, as they have to."""
        last = base + size - 1
        if self._jumps[base] != self._jumps[last]:
            self.failures.append(base + np.arange(size))
        return int(self._new[base])

    def _ref(self, ref: Ref, sizes: Sequence[int]) -> Ref:
        if ref.base < 0:
            return ref
        low, high = span(ref, sizes)
        if self._jumps[low] == self._jumps[high]:
            return Ref(int(self._new[ref.base]), ref.strides)
        moved = moved_ref(ref, sizes, self._new)
        if moved is None:
            self.failures.append(ref.spread(*sizes))
        return moved or ref

    def _table(self, it: IndexTable) -> IndexTable:
        rows = self._new[it.addresses().reshape(len(it.slots), it.among)]
        steps = np.diff(rows)
        step = int(steps.flat[0]) if steps.size else 0
        if (steps == step).all():
            return IndexTable(it.slots, it.among, rows[:, 0].copy(), step)
        return IndexTable(it.slots, it.among, rows[:, 0].copy(), step, rows)
