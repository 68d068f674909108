"""Loops of a program of arrays: what a step computes is a row, and what it carries the row before.

A loop that says more than that is written out, step by step, where it is short.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from autograd_lite.compiler.export.arrays import NotInArraysError
from autograd_lite.compiler.export.expressions import Expression, number
from autograd_lite.compiler.export.lines import Assign, For
from autograd_lite.compiler.export.takes import Takes
from autograd_lite.compiler.export.views import moving, view
from autograd_lite.compiler.lift.instructions import Contraction, Ref
from autograd_lite.compiler.plan.groups import Group, Loop, Repeat, kept, turns_of
from autograd_lite.compiler.tape.ranges import Ints

__all__ = ["Loops"]

MOST_UNROLLED = 400  # lines of a loop whose steps are written one after the other


class Loops(Takes):
    """Addresses of operands in loops, and loops as lines.

    turns    (how many turns it has,) in a loop; else ()
    n_given  how many of the arrays are those that the program is given
    """

    turns: tuple[int, ...] = ()
    n_given: int

    def _group(self, group: Group) -> None:
        """Write the lines of a group of the program."""
        raise NotImplementedError

    def _groups(self, groups: Iterable[Group]) -> None:
        for group in groups:
            if isinstance(group, Repeat):
                self._repeat(group)
            else:
                self._group(group)

    def _repeat(self, repeat: Repeat) -> None:
        """A loop; what a step computes is a row of an array, and what it carries the row before."""
        state = self.state()
        lines, self.lines, self.before = self.lines, [], []
        self.turn, self.turns = 1, (repeat.count,)
        try:
            self._rows_of(repeat)
            for group in repeat.groups:
                self._group(group)
            lines += [*self.before, For(repeat.count, self.lines)]
        except NotInArraysError:
            if repeat.count * len(repeat.groups) > MOST_UNROLLED:
                raise
            self.set_state(state)
            self.lines, self.turn, self.turns = lines, 0, ()
            for group in turns_of(repeat):
                self._group(group)
        self.lines, self.turn, self.turns = lines, 0, ()

    def _rows_of(self, repeat: Repeat) -> None:
        """Arrays for what a loop computes, and what is in their first rows before it begins."""
        count = repeat.count
        made: list[int] = []
        written = [self._written(group) for group in repeat.groups]
        for at in sorted(written, key=np.size, reverse=True):  # others are parts of the largest
            if self.is_open(at) and (at[1:] != at[:-1]).all():
                shape = tuple([n for n in at.shape if n != 1])
                k = self.fresh(at, shape)
                self.own(at, k, np.arange(at.size).reshape(at.shape))
                made.append(k)
        for group in repeat.groups:
            added = [self._written(group)] if _adds(group) else []
            for at in (*self._reads(group), *added):
                self._lead(at, made)
        for k in made:
            array = self.arrays[k]
            inner = array.size // array.shape[0]
            if k in self.leads:
                array.shape = (count + 1, *array.shape[1:])
                self.place[self.owner == k] += inner
            zeros = Expression("full", (number(0.0),), array.shape, array.shape)
            self.before.append(Assign(array.expression, zeros))
            if k in self.leads:
                places = np.array(sorted(self.leads[k]))
                addresses = np.array([self.leads[k][place] for place in places.tolist()])
                if len(places) == inner:
                    places, addresses = (x.reshape(array.shape[1:]) for x in (places, addresses))
                value = self.read_still(addresses)
                self.before.append(Assign(view(array.expression, places, self.ints), value))
                owners = self.owner[addresses]
                if (owners >= self.n_given).all() and (self.home[addresses] < 0).all():
                    self.own(addresses, k, places)  # from now on it is the row before the first

    def _lead(self, at: Ints, made: Sequence[int]) -> None:
        """Note what a loop reads at its first turn in place of what the turn before computed."""
        owners = self.owner[at]
        k = int(owners.flat[-1])
        if k not in made or (owners[1:] != k).any() or (owners[0] == k).any():
            return
        inner = self.arrays[k].size // self.arrays[k].shape[0]
        before = np.arange(len(at) - 1).reshape(-1, *[1] * (at.ndim - 1))
        if (self.place[at[1:]] // inner != before).any():
            raise NotInArraysError("its loop reads what was computed several steps before")
        lead = self.leads.setdefault(k, {})
        places = (self.place[at[1]] % inner).ravel().tolist()
        for place, address in zip(places, at[0].ravel().tolist(), strict=True):
            if lead.setdefault(place, address) != address:
                raise NotInArraysError("its loop carries two things in one place")

    def _written(self, group: Group) -> Ints:
        """The addresses that a group of a loop writes."""
        if isinstance(group, Contraction):
            return self._out(group.out, group.loops)
        assert isinstance(group, Loop)
        (s,) = group.statements
        return self._out(s.out, kept(group.sizes, s))

    def _reads(self, group: Group) -> list[Ints]:
        """The addresses of each operand of a group of a loop."""
        if isinstance(group, Contraction):
            sizes = (*group.loops, *group.sums)
            return [self._at(ref, sizes) for ref in (group.a, group.b) if ref is not None]
        assert isinstance(group, Loop)
        (s,) = group.statements
        return [self._at(ref, group.sizes) for ref in s.operands.values()]

    def _at(self, ref: Ref, sizes: Sequence[int]) -> Ints:
        """The addresses of a ref in loops of these sizes: 1 along those in which it stays."""
        found = np.array(ref.base)
        for size, stride in zip((*self.turns, *sizes), ref.strides, strict=False):
            found = np.add.outer(found, stride * np.arange(size if stride else 1))
        return found.reshape(found.shape + (1,) * (self.turn + len(sizes) - found.ndim))

    def _read_at(self, ref: Ref, sizes: Sequence[int]) -> Ints:
        """The same of an operand: 1 along those, too, in which its elements are the same."""
        found = self._at(ref, sizes)
        same = self.same[found]
        if self.turn or np.array_equal(same, found):
            return found
        axes = moving(same)
        return same[tuple([slice(None) if i in axes else slice(1) for i in range(same.ndim)])]

    def _out(self, ref: Ref, sizes: Sequence[int]) -> Ints:
        """The addresses that are written, one for each step."""
        found = self._at(ref, sizes)
        return np.broadcast_to(found, (*found.shape[: self.turn], *sizes))


def _adds(group: Group) -> bool:
    """True if a group of a loop adds to the numbers that are there."""
    if isinstance(group, Loop):
        return bool(group.statements[0].add)
    return isinstance(group, Contraction) and group.add
