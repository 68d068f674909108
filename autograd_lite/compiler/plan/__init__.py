"""Where a lifted program turns into a plan for a back end: `plan`.

Read in the order in which `plan` goes:

    groups       what a plan is made of, and what holds of it
    statements   the instructions of the lift as groups, one of each
    check        whether that holds; for tests
    plan         the result; `words` prints it
"""

from __future__ import annotations

import numpy as np

from autograd_lite.compiler.lift.array_program import ArrayProgram
from autograd_lite.compiler.plan.plan import Plan
from autograd_lite.compiler.plan.statements import groups_of

__all__ = ["Plan", "plan"]


def plan(program: ArrayProgram) -> Plan:
    """A lifted program as a plan: the same numbers but for rounding, in fewer passes over them."""
    constants, cotangents = program.constants, program.cotangents
    assert constants.values is not None
    return Plan(
        size=program.size,
        leaves=program.leaves,
        constants=constants.base + np.arange(constants.size),
        numbers=constants.values,
        outputs=program.outputs,
        deciding=program.deciding,
        cotangents=cotangents.base + np.arange(cotangents.size),
        gradients=program.gradients,
        forward=groups_of(program.forward),
        backward=groups_of(program.backward),
    )
