"""Where a recording turns into matrices: `lift` makes an `ArrayProgram` of a tape.

Read in the order in which `lift` goes:

    canonical        the tape as sums of products and elementwise formulas
    adjoint          the terms of every cotangent, as more nodes and uses of nodes
    schedule, groups alike scalars together, in an order in which they can be computed
    affine           addresses as loops: what makes a matrix of scalars
    addresses        where in one flat memory each group lies
    lower, reverse   the instructions forward and backward, group by group, with
    sums, contractions, elementwise
    instructions     the closed set of these, and `check` of their order
    array_program    the result; `names` and `words` print it

`specialized` has the formulas of the rule table with their static parameters put in.
"""

from __future__ import annotations

import numpy as np

from autograd_lite.compiler.lift.array_program import ArrayProgram
from autograd_lite.compiler.lift.check import check_order
from autograd_lite.compiler.lift.lower import Lowering
from autograd_lite.compiler.lift.reverse import Reverse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from autograd_lite.compiler.tape.tape import Tape

__all__ = ["ArrayProgram", "lift"]


def lift(tape: Tape, wrt: ArrayLike) -> ArrayProgram:
    """A scalar program as instructions on arrays.

    wrt  the slots of the leaves whose gradients are wanted

    >>> program = lift(tape, wrt)
    >>> print(program)
    """
    wrt = np.array(wrt, np.int64)
    lowering = Lowering(tape, wrt)
    reverse = Reverse(lowering, wrt)
    layout = lowering.layout
    arrays = lowering.arrays()
    forward = layout.without_idle_masks(lowering.forward)
    backward = layout.without_idle_masks(reverse.instructions)
    check_order([*forward, *backward], layout.size, np.append(lowering.outputs, reverse.gradients))
    return ArrayProgram(
        tape,
        wrt,
        layout.size,
        layout.leaves,
        layout.constants,
        forward,
        backward,
        lowering.outputs,
        reverse.cotangents,
        reverse.gradients,
        [*arrays.values(), *reverse.arrays(arrays)],
        layout.parameters,
    )
