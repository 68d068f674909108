"""Where a recording turns into matrices: `lift` makes an `ArrayProgram` of a tape.

Read in the order in which `lift` goes:

    canonical            the tape as sums of products and elementwise formulas
    adjoint              the terms of every cotangent, as more nodes and uses of nodes
    schedule, groups     alike scalars together, in an order in which they can be computed
    affine               addresses as loops: what makes a matrix of scalars
    addresses, blocks    the position of each group in one flat memory
    lower, reverse       the instructions forward and backward, group by group, with the help of
    sums, contractions, elementwise
    instructions         the closed set of these, and `check` of their order
    array_program        the result; `names` and `words` print it

`specialized` has the formulas of the rule table with their static parameters put in.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from autograd_lite.compiler.lift.addresses import Layout
from autograd_lite.compiler.lift.adjoint import Uses
from autograd_lite.compiler.lift.array_program import ArrayProgram
from autograd_lite.compiler.lift.canonical import CanonicalProgram
from autograd_lite.compiler.lift.check import check_order
from autograd_lite.compiler.lift.lower import Lowering
from autograd_lite.compiler.lift.reverse import Reverse
from autograd_lite.compiler.tape.tape import Tape

__all__ = ["ArrayProgram", "lift"]


def lift(tape: Tape, wrt: ArrayLike) -> ArrayProgram:
    """A scalar program as instructions on arrays.

    wrt  slots of the leaves whose gradients are wanted

    >>> program = lift(tape, wrt)
    >>> print(program)
    """
    wrt = np.array(wrt, np.int64)
    form = CanonicalProgram(tape)
    primal = len(form)
    uses = Uses(form, wrt)  # adds the partials to the nodes
    layout = Layout(form, wrt, primal, tape.leaves)
    lowering = Lowering(form, layout)
    reverse = Reverse(lowering, uses, wrt)
    memory, outputs, arrays = layout.memory, layout.address[form.outputs], lowering.arrays()
    forward, backward = memory.needed(lowering.forward), memory.needed(reverse.backward)
    check_order([*forward, *backward], memory.size, np.append(outputs, reverse.gradients))
    return ArrayProgram(
        tape=tape,
        wrt=wrt,
        size=memory.size,
        leaves=layout.leaves,
        constants=memory.constants,
        forward=forward,
        backward=backward,
        outputs=outputs,
        cotangents=reverse.cotangents,
        gradients=reverse.gradients,
        computed=[*arrays.values(), *reverse.arrays(arrays)],
        parameters=layout.parameters,
    )
