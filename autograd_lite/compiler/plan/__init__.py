"""Where a lifted program turns into a plan for a back end: `plan`.

Read in the order in which `plan` goes:

    groups       what a plan is made of, and what holds of it
    statements   the instructions of the lift as groups, one of each
    uniform      what all steps of a loop compute alike is computed once
    roll         stretches of groups that come again and again become repetitions
    fuse         loops over the same steps become one; `space` finds these, `join` makes one of two
    again        what is cheap is computed where it is read, and not stored
    liveness     what nobody reads is not computed, or not stored
    simplify     what one statement alone reads goes into its formula
    relocate     memory without holes, results side by side and in order
    result       the plan; `words` prints it
    reuse        for exports: groups in an order that needs little memory
    check        whether that holds; for tests
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from autograd_lite.compiler.lift.array_program import ArrayProgram
from autograd_lite.compiler.plan.again import with_cheap_again
from autograd_lite.compiler.plan.fuse import fused
from autograd_lite.compiler.plan.liveness import live_groups
from autograd_lite.compiler.plan.relocate import compacted, in_order
from autograd_lite.compiler.plan.result import Plan
from autograd_lite.compiler.plan.roll import rolled
from autograd_lite.compiler.plan.simplify import simplified
from autograd_lite.compiler.plan.space import tidied
from autograd_lite.compiler.plan.statements import groups_of
from autograd_lite.compiler.plan.uniform import with_uniform_once

__all__ = ["Plan", "plan"]


def plan(program: ArrayProgram) -> Plan:
    """A lifted program as a plan: the same numbers but for rounding, in fewer passes over them."""
    constants, cotangents, size = program.constants, program.cotangents, program.size
    assert constants.values is not None
    fixed = program.outputs, program.deciding, program.gradients
    every = groups_of([*program.forward, *program.backward], constants)
    every = with_uniform_once(every, size, fixed)
    n = len(program.forward)
    forward, backward = (fused(rolled(groups), size) for groups in (every[:n], every[n:]))
    n, every = len(forward), with_cheap_again([*forward, *backward], size, fixed)
    forward, backward = every[:n], every[n:]
    live = np.zeros(size, bool)
    live[program.gradients] = True
    backward = simplified(live_groups(backward, live))
    live[program.outputs] = live[program.deciding] = True
    forward = simplified(live_groups(forward, live))
    made = Plan(
        size=size,
        leaves=program.leaves,
        constants=constants.base + np.arange(constants.size),
        numbers=constants.values,
        outputs=program.outputs,
        deciding=program.deciding,
        cotangents=cotangents.base + np.arange(cotangents.size),
        gradients=program.gradients,
        forward=forward,
        backward=backward,
        origins=np.arange(size),
    )
    made = compacted(in_order(made))
    return replace(made, forward=tidied(made.forward), backward=tidied(made.backward))
