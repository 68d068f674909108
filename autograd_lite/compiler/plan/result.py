"""The plan of a lifted program: everything that a back end reads."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from autograd_lite.compiler.plan.groups import Group
from autograd_lite.compiler.plan.words import in_words

TYPE_CHECKING = False
if TYPE_CHECKING:
    from numpy.typing import NDArray

    from autograd_lite.compiler.tape.ranges import Ints

__all__ = ["Plan"]


@dataclass(frozen=True, eq=False, repr=False)
class Plan:
    """A lifted program as groups, for back ends; `plan` makes one of an `ArrayProgram`.

    size        number of doubles in the memory
    leaves      [tape.leaves] address of the leaf in each slot
    constants   [c] address of each constant
    numbers     [c] the constants
    outputs     [k] address of each output
    deciding    [d] addresses of computed numbers by which others are decided; see `ArrayProgram`
    cotangents  [results] address of the cotangent of each result
    gradients   [g] address of each gradient
    forward     groups for the outputs, in order
    backward    groups for the gradients, in order; they run after `forward`, as often as wanted
    origins     [size] address of each number in the lifted program, by which it has a name; -1 of
                none, or [0]

    The memory is 0 at first, but for the constants, which are written once. A run writes the
    leaves, follows `forward`, and reads the outputs. Then, for its gradient: write the cotangents,
    follow `backward`, and read the gradients. `print` shows the groups as formulas.
    """

    size: int
    leaves: Ints
    constants: Ints
    numbers: NDArray[np.float64]
    outputs: Ints
    deciding: Ints
    cotangents: Ints
    gradients: Ints
    forward: list[Group]
    backward: list[Group]
    origins: Ints = field(default_factory=lambda: np.zeros(0, np.int64))

    def __repr__(self) -> str:
        return (
            f"<Plan: {self.size} doubles, {len(self.forward)} groups forward, "
            f"{len(self.backward)} backward>"
        )

    def __str__(self) -> str:
        lines = [f"memory of {self.size} doubles"]
        for title, groups in (("forward", self.forward), ("backward", self.backward)):
            lines += ["", f"{title}:", *(f"    {line}" for line in in_words(groups))]
        return "\n".join(lines)
