"""Where a recording turns into matrices: `lift` makes an `ArrayProgram` of a tape.

Read in the order in which `lift` goes:

    canonical            the tape as sums of products and elementwise formulas
    adjoint              the terms of every cotangent, as more nodes and uses of nodes
    schedule, groups     alike scalars together, in an order in which they can be computed
    affine               addresses as loops: what makes a matrix of scalars
    addresses, blocks    the position of each group in one flat memory
    lower, reverse       the instructions forward and backward, group by group, with the help of
    terms, sums, contractions, elementwise; `recurring` moves what is alike
    instructions, check  the closed set of these, and the check of their order
    array_program        the result; `names` and `words` print it

`specialized` has the formulas of the rule table with their static parameters put in, `hashes` the
numbers by which alike nodes are found.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from autograd_lite.compiler.lift.addresses import Layout
from autograd_lite.compiler.lift.adjoint import Uses
from autograd_lite.compiler.lift.array_program import ArrayProgram
from autograd_lite.compiler.lift.canonical import CanonicalProgram
from autograd_lite.compiler.lift.check import check_order
from autograd_lite.compiler.lift.groups import groups_of
from autograd_lite.compiler.lift.lower import Lowering
from autograd_lite.compiler.lift.reverse import Reverse
from autograd_lite.compiler.lift.schedule import Schedule, has_few_levels
from autograd_lite.compiler.tape.ranges import Ints
from autograd_lite.compiler.tape.tape import Tape

__all__ = ["ArrayProgram", "lift", "lift_if_regular", "lift_with_places"]


def lift(tape: Tape, wrt: ArrayLike, *, detached: bool = False) -> ArrayProgram:
    """A scalar program as instructions on arrays.

    wrt       [g] slots of the leaves whose gradients are wanted, ints from 0 to tape.leaves - 1
    detached  see `CanonicalProgram`: no back end of this package runs such a program

    >>> program = lift(tape, wrt)
    >>> print(program)

    Raises TypeError for a tape or slots that are none, IndexError for a slot out of range.
    """
    lifted = _lifted(tape, _slots(tape, wrt), None, detached)
    assert lifted is not None
    return lifted[0]


def lift_if_regular(tape: Tape, wrt: ArrayLike, most: int) -> ArrayProgram | None:
    """The same, or None for a program of more groups than this, not counting those of gradients.

    To find that out costs a part of a lift, and nothing to speak of where there are many levels.
    """
    lifted = _lifted(tape, _slots(tape, wrt), most) if most >= 0 else None
    return lifted and lifted[0]


def lift_with_places(
    tape: Tape, wrt: ArrayLike, most: int
) -> tuple[ArrayProgram, Ints, Ints] | None:
    """What `lift_if_regular` gives, and where each node of the tape lies: [n] the address of its
    number, [n] that of its cotangent; -1 of what has none, as a node that is part of another sum.
    """
    lifted = _lifted(tape, _slots(tape, wrt), most)
    if lifted is None:
        return None
    program, layout, reverse = lifted
    return program, layout.address[: len(tape)], reverse.cotangent_of[: len(tape)]


def _lifted(
    tape: Tape, wrt: Ints, most: int | None, detached: bool = False
) -> tuple[ArrayProgram, Layout, Reverse] | None:
    form = CanonicalProgram(tape, detached)
    if most is not None and not has_few_levels(form, most):
        return None
    primal = len(form)
    uses = Uses(form, wrt)  # adds the partials to the nodes
    schedule = Schedule(form)
    groups, group_of = groups_of(form, schedule, wrt, primal)
    if most is not None and sum(not group.backward_only for group in groups) > most:
        return None
    layout = Layout(form, schedule, groups, group_of, wrt, primal, tape.leaves)
    lowering = Lowering(form, layout)
    reverse = Reverse(lowering, uses, wrt)
    memory, outputs, arrays = layout.memory, layout.address[form.outputs], lowering.arrays()
    forward, backward = memory.needed(lowering.forward), memory.needed(reverse.backward)
    check_order([*forward, *backward], memory.size, np.append(outputs, reverse.gradients))
    program = ArrayProgram(
        tape=tape,
        wrt=wrt,
        size=memory.size,
        leaves=layout.leaves,
        constants=memory.constants,
        forward=forward,
        backward=backward,
        outputs=outputs,
        deciding=layout.address[form.deciding],
        cotangents=reverse.cotangents,
        gradients=reverse.gradients,
        computed=[*arrays.values(), *reverse.arrays(arrays)],
        parameters=layout.parameters,
    )
    return program, layout, reverse


def _slots(tape: Tape, wrt: ArrayLike) -> Ints:
    """wrt as an array of slots of this tape."""
    if not isinstance(tape, Tape):
        raise TypeError(
            f"lift takes a Tape, such as f.programs()[0].tape, not {type(tape).__name__}"
        )
    slots = np.asarray(wrt)
    if slots.ndim != 1 or (slots.size and slots.dtype.kind not in "iu"):
        raise TypeError(f"wrt must be a list of slots, which are ints, not {wrt!r}")
    for slot in slots.tolist():
        if not 0 <= slot < tape.leaves:
            raise IndexError(f"wrt has the slot {slot}, but the leaves are 0 to {tape.leaves - 1}")
    return slots.astype(np.int64)
