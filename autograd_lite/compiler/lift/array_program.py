"""The lifted program: everything that a back end, an export or a picture reads."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from autograd_lite.compiler.lift.instructions import Instruction, Take
from autograd_lite.compiler.lift.names import Array, Names, cotangent
from autograd_lite.compiler.lift.shapes import shaped
from autograd_lite.compiler.lift.words import Step, in_words
from autograd_lite.compiler.tape.opcodes import LEAF
from autograd_lite.compiler.tape.ranges import Ints
from autograd_lite.compiler.tape.tape import Tape

__all__ = ["ArrayProgram"]


@dataclass(eq=False, repr=False)
class ArrayProgram:
    """A scalar program as instructions on arrays, forward and backward; `lift` makes one of a tape.

    tape        the scalar program
    wrt         [g] slots of the leaves whose gradients are computed
    size        number of doubles in the memory
    leaves      [tape.leaves] address of the leaf in each slot; the leaves fill the first addresses
    constants   array of all constants, with their values
    forward     instructions for the outputs, in order
    backward    instructions for the gradients, in order; they run after `forward`
    outputs     [k] address of each output
    deciding    [d] addresses of computed numbers by which others are decided, as comparisons are:
                where one is not finite, arrays may decide otherwise than the tape
    cotangents  array that takes the cotangents of the results, which are the first outputs
    gradients   [g] address of each gradient; that of a constant 0 for a leaf that the tape lacks
    computed    arrays that instructions write, but for gradients and copies
    parameters  [tape.leaves] number of the parameter that the leaf in each slot belongs to: leaves
                of wrt that are used in the same way make one; -1 if unused or not in wrt

    All numbers lie in one flat memory of doubles, which is 0 at first. A back end binds the
    instructions to a memory and writes the constants, once. A run writes the leaves, follows
    `forward`, and reads the outputs. Then its gradient, for any cotangents and as often as wanted:
    write the cotangents, follow `backward`, and read the gradients.

    `print` shows the arrays, and the instructions in words.
    """

    tape: Tape
    wrt: Ints
    size: int
    leaves: Ints
    constants: Array
    forward: list[Instruction]
    backward: list[Instruction]
    outputs: Ints
    deciding: Ints
    cotangents: Array
    gradients: Ints
    computed: list[Array]
    parameters: Ints

    @cached_property
    def choices(self) -> Ints:
        """[tape.indices] number of elements that each index chooses from; 0 if it is unused."""
        unread = np.iinfo(np.int64).max
        found = np.full(self.tape.indices, unread)
        for it in self.forward:
            if isinstance(it, Take):
                np.minimum.at(found, it.table.slots, it.table.among)
        return np.where(found == unread, 0, found)

    def arrays(self, names: Mapping[range, str] = {}) -> list[Array]:
        """The named arrays, in the order of their addresses.

        names  {range of slots: name of the leaves in it}; other leaves are p0, p1, ... by their
               parameter, or x

        In z1, a1, t1, m1 lie sums of products, elementwise formulas, numbers that `take` took, and
        the largest of rows; in dz1 the cotangents of z1, in R{z1} its tangents. A partial has no
        name but its formula.
        """
        leaves = list(self._leaves(names))
        known = Names(leaves)
        computed = [_of_leaf(x, known.at(x.leaf)) for x in self.computed]
        taken = {x.name for x in computed}
        used = np.isin(self.wrt, self.tape.slots[self.tape.codes == LEAF])
        gradient_of = dict(zip(self.leaves[self.wrt[used]], self.gradients[used], strict=True))
        gradients = [
            Array(
                int(gradient_of[x.base]),
                x.size,
                cotangent(x.name, taken),
                start=x.start,
                total=x.total,
            )
            for x in leaves
            if x.base in gradient_of
        ]
        every = [self.constants, *computed, self.cotangents, *leaves, *gradients]
        return sorted(every, key=lambda array: array.base)

    def _leaves(self, names: Mapping[range, str]) -> Iterator[Array]:
        """The arrays of leaves: neighbours of one name are one array."""
        total: Counter[str] = Counter()
        label: dict[int, tuple[str, int]] = {}  # name and index of the leaf in each slot
        for slots, name in names.items():
            for slot in slots:
                label[slot] = name, total[name]
                total[name] += 1
        found = []  # the labels, in the order of the addresses
        for slot in np.argsort(self.leaves).tolist():
            if slot not in label:
                name = f"p{self.parameters[slot]}" if self.parameters[slot] >= 0 else "x"
                label[slot] = name, total[name]
                total[name] += 1
            found.append(label[slot])
        base = 0
        for end, (name, last) in enumerate(found, 1):
            if end == len(found) or found[end] != (name, last + 1):
                yield Array(base, end - base, name, start=found[base][1], total=total[name])
                base = end

    def steps(self, names: Mapping[range, str] = {}) -> tuple[list[Step], list[Step]]:
        """The instructions in words, forward and backward; for names see `arrays`."""
        known = Names(shaped(self.arrays(names), [*self.forward, *self.backward]))
        return in_words(self.forward, known), in_words(self.backward, known)

    def __repr__(self) -> str:
        return (
            f"<ArrayProgram: {len(self.tape)} scalars, {len(self.forward)} instructions forward, "
            f"{len(self.backward)} backward>"
        )

    def __str__(self) -> str:
        stretches: dict[tuple[str, int], list[str]] = {}
        for array in self.arrays():
            if array.name and array.size:
                stretches.setdefault((array.name, array.total), []).append(str(array.base))
        lines = [f"{len(self.tape)} scalars, {len(self.leaves)} of them leaves", "", "arrays:"]
        for (name, total), bases in stretches.items():
            shown = bases if len(bases) < 5 else [*bases[:3], "...", bases[-1]]
            lines.append(f"    {name}[{total}] at {', '.join(shown)}")
        for title, steps in zip(("forward", "backward"), self.steps(), strict=True):
            lines += ["", f"{title}:", *(f"    {step.text}" for step in steps if step.text)]
        return "\n".join(lines)


def _of_leaf(array: Array, leaf: Array | None) -> Array:
    """The derivative of leaves, in whose name stands that of the first.

    It is not said where in an array each of its leaves lies: if they are not all leaves of that
    name, it is an array of its own.
    """
    if leaf is None:
        return array
    whole = (leaf.start, array.leaf, array.size) == (0, leaf.base, leaf.total)
    shape = leaf.shape if whole else array.shape
    return replace(array, name=array.name.replace("?", leaf.name), shape=shape)
