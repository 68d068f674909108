"""The order of a lifted program: nothing is read before it is complete, nothing is lost.

Addresses are written in one place of the program and read behind it. A copy that is read before it
is made would have the numbers of the run before, which look like right ones. A sum to which one
operation adds twice would look right as well: arrays keep but one of both terms.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from autograd_lite.compiler.lift.instructions import (
    Instruction,
    ScatterAdd,
    adds,
    operands_of,
    target_of,
)
from autograd_lite.compiler.tape.ranges import Ints

__all__ = ["check_order"]


def check_order(instructions: Sequence[Instruction], size: int, results: Ints) -> None:
    """Raise RuntimeError unless each number is complete when read, and written once at a time.

    size     number of doubles in the memory
    results  addresses that are read at the end
    """
    written, added, read = np.zeros((3, size), bool)
    writer = np.zeros(size, np.int64)
    read[results] = True
    for it in reversed(instructions):
        for operand in operands_of(it):
            read[operand] = True
            if written[operand].any():
                raise _wrong(it, "reads what is written behind it")
        target = target_of(it)
        each = np.arange(len(target))
        writer[target] = each
        if not isinstance(it, ScatterAdd) and (writer[target] != each).any():
            raise _wrong(it, "writes an address twice")
        written[target], added[target] = True, adds(it)
    if (added & read).any():
        raise _wrong(instructions[0], "is before a sum that begins with nothing")


def _wrong(it: Instruction, why: str) -> RuntimeError:
    return RuntimeError(
        f"an error of autograd_lite, please report it: {type(it).__name__} {why}; "
        "executor='interpret' computes this function right"
    )
