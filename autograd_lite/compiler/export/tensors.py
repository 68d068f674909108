"""A lifted program as a program of named arrays with axes: what a person would write.

An `ArrayProgram` computes in one flat memory. Here every address of it is an element of an array
that has a name and axes, and an instruction is an assignment to such an array; how the memory lies
is forgotten. Arguments and parameters have their own names and shapes; what is computed takes the
shape of the loops that compute it. A copy is no assignment: its addresses are other names for the
elements that were copied. A number that many steps of a loop have alike is one element.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd_lite.compiler.export.arrays import (
    CONSTANT,
    MOST_PARTS,
    UNWRITTEN,
    Arrays,
    NotInArraysError,
    ranked,
    whole,
)
from autograd_lite.compiler.export.choices import choice
from autograd_lite.compiler.export.expressions import (
    Expression,
    Shape,
    number,
    operation,
    reshape,
)
from autograd_lite.compiler.export.lines import Assign, For, Line
from autograd_lite.compiler.export.products import product
from autograd_lite.compiler.export.views import moving, spread, suffix, view
from autograd_lite.compiler.lift.array_program import ArrayProgram
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
from autograd_lite.compiler.plan.groups import (
    Group,
    Loop,
    Repeat,
    Statement,
    kept,
    turns_of,
    writes_of,
)
from autograd_lite.compiler.plan.roll import rolled
from autograd_lite.compiler.plan.statements import groups_of
from autograd_lite.compiler.plan.uniform import with_uniform_once
from autograd_lite.compiler.tape.ranges import Ints
from autograd_lite.operations.formulas import CONSTANTS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from autograd_lite.operations.formulas import Tree

__all__ = ["NotInArraysError", "TensorProgram", "tensor_program"]

MOST_UNROLLED = 400  # lines of a loop whose steps are written one after the other


@dataclass
class TensorProgram:
    """A program of named arrays.

    forward, backward  the lines, in order; those of gradients come behind
    result     what the program gives
    gradients  {name of an input: the derivative with respect to it}
    tables     {name: the numbers of a constant array}
    """

    forward: list[Line]
    backward: list[Line]
    result: list[Expression]
    gradients: dict[str, Expression]
    tables: dict[str, NDArray[Any]] = field(default_factory=dict)


def tensor_program(
    program: ArrayProgram,
    inputs: Sequence[tuple[str, Ints]],
    indices: Sequence[tuple[str, Ints]],
    results: Sequence[tuple[str, Ints]],
    wanted: Sequence[str],
) -> TensorProgram:
    """The program of arrays.

    inputs   (name, slots of its numbers in its shape) of each argument and parameter
    indices  the same of arguments that are indices, with their slots among the call's
    results  (name, outputs in its shape) of each result: the input that it replaces, whose numbers
             stay where an output is -1; or ""
    wanted   the inputs whose gradients are wanted
    """
    return _Builder(program, inputs, indices, results, wanted).built()


class _Builder(Arrays):
    """Goes through the instructions."""

    def __init__(
        self,
        program: ArrayProgram,
        inputs: Sequence[tuple[str, Ints]],
        indices: Sequence[tuple[str, Ints]],
        results: Sequence[tuple[str, Ints]],
        wanted: Sequence[str],
    ) -> None:
        self.program, self.inputs, self.wanted = program, inputs, wanted
        self.results = results
        constants = program.constants
        every = groups_of([*program.forward, *program.backward], constants)
        every = with_uniform_once(every, program.size, (program.outputs, program.gradients))
        self.steps = every[: len(program.forward)], every[len(program.forward) :]
        writes = np.zeros(program.size + 1, np.int64)
        for group in every:
            for addresses in writes_of(group):
                np.add.at(writes, addresses.ravel(), 1)
        names = [(x.base, x.size, x.name) for x in program.computed if x.name]
        super().__init__(program.size + 1, writes, names)
        self.turns: tuple[int, ...] = ()
        assert constants.values is not None
        self.constant(constants.base + np.arange(constants.size), constants.values)
        for known, slots in inputs:
            k = self.array(known, slots.shape, made=True)
            read = slots >= 0
            places = np.arange(slots.size).reshape(slots.shape)
            self.own(program.leaves[slots[read]], k, places[read])
        self.n_given = len(self.arrays)
        self.index_of: dict[int, tuple[int, int]] = {}
        for known, slots in indices:
            there = [k for k, array in enumerate(self.arrays) if array.name == known]
            k = there[0] if there else self.array(known, slots.shape, made=True)
            for position, slot in enumerate(slots.ravel().tolist()):
                if slot >= 0:
                    self.index_of[slot] = k, position

    def built(self) -> TensorProgram:
        program = self.program
        forward, backward = self.steps
        at = {known: program.outputs[outputs] for known, outputs in self.results if known}
        self._name({f"new_{known}": addresses for known, addresses in at.items()})
        self._groups(rolled(forward))
        lines, self.lines = self.lines, []
        results = [self._result(*result) for result in self.results]
        gradients: dict[str, Expression] = {}
        if self.wanted:
            gradients = self._backward(backward)
        return TensorProgram(lines, self.lines, results, gradients, self.tables)

    def _backward(self, groups: Sequence[Group]) -> dict[str, Expression]:
        """The gradients, once their lines are written; that of the result is 1."""
        program, seed = self.program, self.program.cotangents
        self.constant(seed.base + np.arange(seed.size), np.ones(seed.size))
        address_of = dict(zip(program.wrt.tolist(), program.gradients.tolist(), strict=True))
        found = {}
        zero = program.size  # an address behind all others, to which nothing is written
        for known, slots in self.inputs:
            if known in self.wanted:
                flat = [address_of.get(slot, zero) for slot in slots.ravel().tolist()]
                found[known] = np.array(flat, np.int64).reshape(slots.shape)
        self._name({f"d{known}": at for known, at in found.items()})
        self._groups(rolled(groups))
        return {known: whole(self.read(at), at.shape) for known, at in found.items()}

    def _name(self, arrays: dict[str, Ints]) -> None:
        """Names for what is written to these addresses, in these shapes, and is nothing else."""
        uses = np.zeros(self.program.size + 1, np.int64)
        for at in arrays.values():
            np.add.at(uses, at.ravel(), 1)
        for known, at in arrays.items():
            own = (uses[at] == 1) & (self.writes[at] > 0) & (self.owner[at] == UNWRITTEN)
            if at.size and own.all():
                k = self.array(known, at.shape, made=False)
                self.home[at] = k
                self.spot[at] = np.arange(at.size).reshape(at.shape)

    def _result(self, known: str, outputs: Ints) -> Expression:
        """A result: the outputs, or what they replace where there is none."""
        stays = outputs < 0
        any_output = int(outputs.max(initial=0))
        found = self.read(self.program.outputs[np.where(stays, any_output, outputs)])
        if not stays.any():
            return whole(found, outputs.shape)
        old = next(a.expression for a in self.arrays if a.name == known)
        return operation("where", self._mask(~stays), whole(found, outputs.shape), old)

    # ------------------------------------------------------------------------ instructions

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

    def _group(self, group: Group) -> None:
        match group:
            case Loop(sizes, [statement]):
                self._statement(sizes, statement)
            case Contraction(loops, sums, out, a, b, add, negate):
                assert b is not None
                sizes = (*loops, *sums)
                operands = {"x": self._read_at(a, sizes), "y": self._read_at(b, sizes)}
                sign = -1 if negate else 1
                to = self._out(out, loops)
                self._product(to, operands, sizes, sign if add else 0, 1 if add else sign)
            case Gather(base, table):
                self._copy(base + np.arange(table.size), table.ravel())
            case Scatter(base, table, add):
                source = base + np.arange(table.size)
                if add:
                    self.write(table.ravel(), self.read(source), 1)
                else:
                    self._copy(table.ravel(), source)
            case SegmentSum(base, a, b, starts):
                rows = self.read(a)
                if b is not None:
                    rows = operation("*", rows, self.read(b))
                args = whole(rows, a.shape), self.table(starts, "STARTS")
                value = Expression("segments", args, (), (len(starts),))
                self.write(base + np.arange(len(starts)), value)
            case ZeroPadding(base, padding):
                self._padded(base + np.arange(len(padding)), padding)
            case Take(base, table):
                for here, part in self._by_argument(table):
                    self._take(base + here, part)
            case ScatterAdd(source, table):
                for here, part in self._by_argument(table):
                    self._add_at(source[here], part)
            case Elementwise(_, _, formula):
                raise NotInArraysError(
                    f"{formula.label.removesuffix(chr(39))} is an operation of yours in Python, "
                    "which is no source of another language. Write it with the operations of "
                    "autograd_lite"
                )

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

    def _copy(self, to: Ints, source: Ints) -> None:
        """Other addresses of the same elements, if nothing is written to either any more."""
        source = np.broadcast_to(source, to.shape)
        if self.is_free(to) and (self.writes[source] <= 1).all() and not self.turn:
            self.owner[to], self.place[to] = self.owner[source], self.place[source]
            self.numbers[to], self.same[to] = self.numbers[source], self.same[source]
            self.written[to] = True
        else:
            self.write(to, self.read(source))

    def _statement(self, sizes: Shape, s: Statement) -> None:
        operands = {x: self._read_at(ref, sizes) for x, ref in s.operands.items()}
        if s.kind == "map":
            self._map(s, self._out(s.out, sizes), operands)
            return
        free = [i for i in range(len(sizes)) if i not in s.sums]
        order = (*range(self.turn), *[i + self.turn for i in (*free, *s.sums)])
        operands = {x: at.transpose(order) for x, at in operands.items()}
        strides = [s.out.strides[i] for i in (*range(self.turn), *[i + self.turn for i in free])]
        out = self._out(Ref(s.out.base, tuple(strides)), [sizes[i] for i in free])
        sizes = tuple([sizes[i] for i in (*free, *s.sums)])
        several = [(operands, sizes)]
        if s.kind == "sum" and not free and not self.turn:
            several = self._by_arrays(operands, sizes)
        for k, (part, sizes) in enumerate(several):
            add = s.add or (1 if k else 0)
            match s.tree:
                case ("*", str() as x, str() as y) if s.kind == "sum":
                    self._product(out, {"x": part[x], "y": part[y]}, sizes, add)
                case _:
                    self._reduced(s, out, part, sizes, add)

    def _map(self, s: Statement, out: Ints, operands: dict[str, Ints]) -> None:
        if not operands and isinstance(s.tree, (int, float)) and not s.add:
            if s.tree == 0 and (self.owner[out] == UNWRITTEN).all() and not self.turn:
                return
            if self.is_free(out) and not self.turn:
                self.constant(out, np.full(out.shape, float(s.tree)))
                self.written[out] = True
                return
        if isinstance(s.tree, str) and s.tree in operands and not s.add:
            self._copy(out, operands[s.tree])
            return
        for target, part in self._by_targets(out, operands):
            finer, target, _ = self._refined(part, target, target.shape[self.turn :])
            terms = {x: self.read(at) for x, at in finer.items()}
            self.write(target, self.formula(s.tree, terms), s.add)

    def _reduced(
        self, s: Statement, out: Ints, operands: dict[str, Ints], sizes: Shape, add: int
    ) -> None:
        """The sum or maximum of a formula over the axes behind those of out."""
        operands, out, sizes = self._refined(operands, out, sizes)
        outer = out.ndim - self.turn
        if isinstance(s.tree, str):
            at = operands[s.tree]
            axes = self._axes(at)
            remaining = [i for i in axes if i < outer]
            inner = tuple([k for k, i in enumerate(axes) if i >= outer])
            moves = all(i in axes for i in range(outer, len(sizes)))
            if remaining == sorted(remaining) and inner and moves:
                value = self._reader(at)(axes)
                kept_sizes = tuple([at.shape[self.turn + i] for i in remaining])
                value = Expression(s.kind, (value,), inner, kept_sizes)
                self.write(out, spread(value, remaining, outer), add)
                return
        terms = {x: self.read(at) for x, at in operands.items()}
        value = ranked(self.formula(s.tree, terms), len(sizes))
        if prod(sizes[outer:]) == 1:
            self.write(out, reshape(value, value.shape[:outer]), add)
            return
        value = whole(value, (*value.shape[:outer], *sizes[outer:]))
        over = tuple(range(outer, len(sizes)))
        self.write(out, Expression(s.kind, (value,), over, value.shape[:outer]), add)

    def _product(
        self, out: Ints, operands: dict[str, Ints], sizes: Shape, add: int, sign: int = 1
    ) -> None:
        """The sum of x * y over the axes behind those of out."""
        operands, out, sizes = self._refined(operands, out, sizes)
        outer = out.ndim - self.turn
        x, y = self._once(operands["x"]), self._once(operands["y"])
        if (self.owner[y] == CONSTANT).all():
            x, y = y, x
        if outer == 0 and y.size == 1 and (self.owner[x] == CONSTANT).all() and not self.turn:
            total = number(float(np.broadcast_to(self.numbers[x], sizes).sum()) * sign)
            self.write(out, operation("*", total, self.read(y)), add)
            return
        each = len(moving(x)) == x.ndim and x.shape == sizes  # none is there several times
        if outer == 0 and np.array_equal(x, y) and each and not self.turn:
            value = Expression("sum", (operation("*", *[self._all_of(x)] * 2),), (), ())
            value = value._replace(params=tuple(range(len(value.args[0].shape))))
        elif outer == len(sizes):
            value = operation("*", self.read(x), self.read(y))
        else:
            value, found = product(
                self._reader(x), self._reader(y), self._axes(x), self._axes(y), sizes, outer
            )
            value = spread(value, found, outer)
        self.write(out, operation("-", value) if sign < 0 else value, add)

    def _once(self, addresses: Ints) -> Ints:
        """The same, but 1 along all axes if one number is at all of them: it is a factor."""
        numbers = self.numbers[addresses]
        alike = (self.owner[addresses] < 0).all() and (numbers == numbers.flat[0]).all()
        return addresses[(slice(1),) * addresses.ndim] if alike else addresses

    def _all_of(self, addresses: Ints) -> Expression:
        """These addresses in any shape: an array as it is, if they are all of it."""
        k = int(self.owner[addresses.flat[0]])
        if k >= 0 and not self.turn and self.is_all_of(k, addresses):
            return self.arrays[k].expression
        return self.read(addresses)

    def _axes(self, addresses: Ints) -> list[int]:
        """The axes along which addresses move, less the turn, as they lie in their array."""
        axes = [i for i in moving(addresses) if i >= self.turn]
        last = addresses[-1:] if self.turn else addresses
        owners = self.owner[last]
        if (owners == owners.flat[0]).all() and owners.flat[0] >= 0:
            places = self.place[last]
            first = (0,) * places.ndim
            steps = {}
            for i in axes:
                second = tuple(1 if k == i else 0 for k in range(places.ndim))
                steps[i] = abs(int(places[second] - places[first]))
            axes.sort(key=lambda i: -steps[i])
        return [i - self.turn for i in axes]

    def _reader(self, addresses: Ints) -> Callable[[Sequence[int]], Expression]:
        """What reads these addresses with their axes in another order, and no others."""

        def read(axes: Sequence[int]) -> Expression:
            order = [*range(self.turn), *[i + self.turn for i in axes]]
            rest = [i for i in range(addresses.ndim) if i not in order]
            turned = addresses.transpose([*order, *rest])
            turned = turned[tuple([slice(None)] * len(order) + [0] * len(rest))]
            return ranked(self.read(turned), len(axes))

        return read

    def _refined(
        self, operands: dict[str, Ints], out: Ints, sizes: Shape
    ) -> tuple[dict[str, Ints], Ints, Shape]:
        """The same steps in finer loops, so that arrays of several axes keep these."""
        every = [*operands.values(), out]
        parts = [self._parts_of(i + self.turn, size, every) for i, size in enumerate(sizes)]

        def finer(at: Ints) -> Ints:
            new = [*at.shape[: self.turn]]
            for size, some in zip(at.shape[self.turn :], parts, strict=False):
                new += some if size > 1 else [1] * len(some)
            return at.reshape(new)

        shape = tuple([size for some in parts for size in some])
        return {x: finer(at) for x, at in operands.items()}, finer(out), shape

    def _parts_of(self, axis: int, size: int, every: Sequence[Ints]) -> list[int]:
        """The sizes of the loops that axis is to be, so that none crosses axes of an array."""
        cuts = {1, size}
        for at in every:
            if axis >= at.ndim or at.shape[axis] == 1:
                continue
            line = np.moveaxis(at, axis, 0).reshape(size, -1)[:, -1]
            homes = self.homes(line)
            if homes[0] < 0 or (homes != homes[0]).any():
                continue
            k = int(homes[0])
            places = np.where(self.home[line] == k, self.spot[line], self.place[line])
            steps = np.diff(places)
            if (steps != steps[0]).any() or steps[0] == 0:
                cuts |= _blocks(places, self.arrays[k].shape)
                continue
            step = abs(int(steps[0]))
            for edge in suffix(self.arrays[k].shape):
                cut = edge // step
                fits = edge % step == 0 and 1 < cut < size and size % cut == 0
                if fits and min(places[0], places[-1]) % edge < step:
                    cuts.add(cut)
        edges = [size]
        for cut in sorted(cuts, reverse=True)[1:]:
            if edges[-1] % cut == 0:
                edges.append(cut)
        return [a // b for a, b in pairwise(edges)] or [1]

    def _by_targets(
        self, out: Ints, operands: dict[str, Ints]
    ) -> Iterable[tuple[Ints, dict[str, Ints]]]:
        """The steps of a loop by the arrays which they write and read."""
        homes = [self.homes(out)]
        homes += [np.broadcast_to(self.homes(at), out.shape) for at in operands.values()]
        kinds, which = np.unique(np.stack([h.ravel() for h in homes]), axis=1, return_inverse=True)
        n = kinds.shape[1]
        if n == 1 or self.turn or (n > MOST_PARTS and (homes[0] == homes[0].flat[0]).all()):
            return [(out, operands)]
        which = which.ravel()
        flat = {x: np.broadcast_to(at, out.shape).ravel() for x, at in operands.items()}
        order = sorted(range(n), key=lambda k: int(np.argmax(which == k)))
        parts = [np.flatnonzero(which == k) for k in order]
        return [(out.ravel()[here], {x: at[here] for x, at in flat.items()}) for here in parts]

    def _by_arrays(
        self, operands: dict[str, Ints], sizes: Shape
    ) -> list[tuple[dict[str, Ints], Shape]]:
        """The terms of a sum by the arrays that they are made of."""
        flat = {x: np.broadcast_to(at, sizes).ravel() for x, at in operands.items()}
        owners = np.stack([self.owner[at] for at in flat.values()])
        kinds, which = np.unique(owners, axis=1, return_inverse=True)
        n = kinds.shape[1]
        if n == 1 or n > MOST_PARTS:
            return [(operands, sizes)]
        found: list[tuple[dict[str, Ints], Shape]] = []
        for k in range(n):
            here = which.ravel() == k
            found.append(({x: at[here] for x, at in flat.items()}, (int(here.sum()),)))
        return found

    # ------------------------------------------------------------- what depends on indices

    def _padded(self, addresses: Ints, padding: NDArray[np.bool_]) -> None:
        """0 at some of these addresses, in each array that they are of."""
        owners = self.owner[addresses]
        for k in np.unique(owners[padding]).tolist():
            if k < 0:
                raise NotInArraysError("its rows of different lengths are padded with numbers")
            array = self.arrays[k]
            out = np.zeros(array.size, bool)
            out[self.place[addresses[padding & (owners == k)]]] = True
            mask = self._mask(~out.reshape(array.shape))
            self._guard(array.expression, mask)
            value = operation("where", mask, array.expression, number(0.0))
            self.lines.append(Assign(array.expression, value))

    def _guard(self, target: Expression, mask: Expression) -> None:
        """Have what is computed of padding finite, where it is a logarithm and the like: times its
        derivative, the cotangent 0 of padding would be NaN in JAX.
        """
        before = [k for k, it in enumerate(self.lines) if it.name == target.params[0]]
        it = self.lines[before[-1]] if before else None
        if it is None or it.op != "=" or it.target != target or not _may_be_infinite(it.value):
            return
        ones = {
            x.params[0]: operation("where", mask, x, number(1.0))
            for x in _names_in(it.value)
            if x.shape == target.shape
        }
        self.lines[before[-1]] = Assign(target, it.value.replaced(ones))

    def _mask(self, keep: NDArray[np.bool_]) -> Expression:
        """What is kept of an array: True there, in as few axes as it takes."""
        while keep.ndim and (keep == keep[:1]).all():
            keep = keep[0]
        if keep.ndim == 2 and np.array_equal(keep, np.tri(*keep.shape, dtype=bool)):
            return Expression("lower", (), keep.shape, keep.shape)
        return self.table(keep, "MASK")

    def _chosen(self, table: IndexTable, x: Expression, places: Ints) -> Expression:
        """The elements of x that indices choose; places are those of the table's addresses."""
        chosen_by = [self.index_of[slot] for slot in table.slots.tolist()]
        positions = np.array([position for _, position in chosen_by])
        ids = self.arrays[chosen_by[0][0]].expression
        return choice(x, places, ids, positions, self.ints)

    def _by_argument(self, table: IndexTable) -> list[tuple[Ints, IndexTable]]:
        """(which of its indices, the table of these) for each argument that has some of them."""
        owners = [self.index_of[slot][0] for slot in table.slots.tolist()]
        if len({*owners}) == 1:
            return [(np.arange(len(owners)), table)]
        found = []
        for k in dict.fromkeys(owners):
            here = np.flatnonzero(np.array(owners) == k)
            irregular = None if table.table is None else table.table[here]
            part = replace(table, slots=table.slots[here], first=table.first[here], table=irregular)
            found.append((here, part))
        return found

    def _take(self, to: Ints, table: IndexTable) -> None:
        addresses = table.addresses().reshape(len(table.slots), table.among)
        if (self.same[addresses] == self.same[addresses[0, 0]]).all():  # there is no choice
            self.write(to, self.read(addresses[0, 0]))
            return
        owners = self.owner[addresses]
        k = int(owners.flat[0])
        if k >= 0 and (owners == k).all():
            x, places = self.arrays[k].expression, self.place[addresses]
        else:
            x, places = self.joined(addresses, owners)
        value = self._chosen(table, x, places)
        self.write(to.reshape(value.shape), value)

    def _add_at(self, source: Ints, table: IndexTable) -> None:
        addresses = table.addresses().reshape(len(table.slots), table.among)
        if (addresses == addresses[0, 0]).all():
            value = whole(self.read(source), source.shape)
            self.write(addresses[0, 0], Expression("sum", (value,), (0,), ()), 1)
            return
        homes = self.homes(addresses)
        k = int(homes.flat[0])
        if k >= 0 and (homes == k).all():
            self.make(k)
            self.written[addresses] = True
            self._added(source, table, self.arrays[k].expression, self.place[addresses])
            return
        every, places = np.unique(addresses, return_inverse=True)
        if (self.homes(every) < 0).all():
            rows = (
                addresses if len(every) == addresses.size else every
            )  # each row is one of its own
            k = self.fresh(rows, tuple([size for size in rows.shape if size != 1]))
            self.arrays[k].made = False
            self.home[rows], self.spot[rows] = k, np.arange(rows.size).reshape(rows.shape)
            self._add_at(source, table)
            return
        k = self.array("sums", (len(every),), made=False)
        self.make(k)
        sums = self.arrays[k].expression
        self._added(source, table, sums, places.reshape(addresses.shape))
        self.write(every, sums, 1)

    def _added(self, source: Ints, table: IndexTable, x: Expression, places: Ints) -> None:
        target = self._chosen(table, x, places)
        shaped = source.reshape(target.shape)
        value = self.read(shaped)
        if value.shape:
            value = whole(ranked(value, shaped.ndim), shaped.shape)
        self.lines.append(Assign(target, value, "at"))

    # ---------------------------------------------------------------------------- formulas

    def formula(self, tree: Tree, terms: dict[str, Expression]) -> Expression:
        match tree:
            case int() | float():
                return number(float(tree))
            case str():
                return terms[tree] if tree in terms else number(CONSTANTS[tree])
            case (function, *operands):
                return operation(function, *[self.formula(x, terms) for x in operands])
        raise AssertionError(tree)


# ------------------------------------------------------------------------- shapes and axes


def _adds(group: Group) -> bool:
    """True if a group of a loop adds to the numbers that are there."""
    if isinstance(group, Loop):
        return bool(group.statements[0].add)
    return isinstance(group, Contraction) and group.add


def _blocks(places: Ints, shape: Shape) -> set[int]:
    """The lengths of equal stretches of places that lie within one part of an array each."""
    found = set()
    for edge in suffix(shape):
        part = places // edge
        size = int(np.argmax(part != part[0])) or len(part)
        if 1 < size < len(part) and len(part) % size == 0:
            expected = part[0] + np.arange(len(part)) // size
            if (part == expected).all():
                found.add(size)
    return found


_INFINITE = {"log", "log2", "log10", "log1p", "sqrt", "cbrt", "power", "/"}


def _may_be_infinite(x: Expression) -> bool:
    """True if a number of it, or a derivative, may be infinite where its operands are 0."""
    return x.op in _INFINITE or any(map(_may_be_infinite, x.args))


def _names_in(x: Expression) -> list[Expression]:
    return [x] if x.op == "name" else [y for arg in x.args for y in _names_in(arg)]
