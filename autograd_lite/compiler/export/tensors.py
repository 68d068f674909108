"""A lifted program as a program of named arrays with axes: what a person would write.

An `ArrayProgram` computes in one flat memory. Here every address of it is an element of an array
that has a name and axes, and an instruction is an assignment to such an array; how the memory lies
is forgotten. Arguments and parameters have their own names and shapes; what is computed takes the
shape of the loops that compute it. A copy is no assignment: its addresses are other names for the
elements that were copied. A number that many steps of a loop have alike is one element.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd_lite.compiler.export.arrays import (
    CONSTANT,
    MOST_PARTS,
    UNWRITTEN,
    NotInArraysError,
    ranked,
    whole,
)
from autograd_lite.compiler.export.expressions import (
    Expression,
    Shape,
    number,
    operation,
    reshape,
)
from autograd_lite.compiler.export.lines import Line
from autograd_lite.compiler.export.loops import Loops
from autograd_lite.compiler.export.products import product
from autograd_lite.compiler.export.views import moving, spread, suffix
from autograd_lite.compiler.lift.array_program import ArrayProgram
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
)
from autograd_lite.compiler.plan.groups import (
    Group,
    Loop,
    Statement,
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


class _Builder(Loops):
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
        assert constants.values is not None
        self.constant(constants.base + np.arange(constants.size), constants.values)
        for known, slots in inputs:
            k = self.array(known, slots.shape, made=True)
            read = slots >= 0
            places = np.arange(slots.size).reshape(slots.shape)
            self.own(program.leaves[slots[read]], k, places[read])
        self.n_given = len(self.arrays)
        self.index_of = {}
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
                for here, part in self._apart(table, self.owner):
                    self._take(base + here, part)
            case ScatterAdd(source, table):
                for here, part in self._apart(table, self.homes(np.arange(len(self.owner)))):
                    self._add_at(source[here], part)
            case Elementwise(_, _, formula):
                raise NotInArraysError(
                    f"{formula.label.removesuffix(chr(39))} is an operation of yours in Python, "
                    "which is no source of another language. Write it with the operations of "
                    "autograd_lite"
                )

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
                value = (s.kind == "max" and not self.turn and self._triangle(at)) or self._reader(
                    at
                )(axes)
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
        constant = (kinds == CONSTANT).all(axis=0)
        for k in np.argsort(constant, kind="stable").tolist():  # nothing is added to a constant
            here = which.ravel() == k
            found.append(({x: at[here] for x, at in flat.items()}, (int(here.sum()),)))
        return found

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
