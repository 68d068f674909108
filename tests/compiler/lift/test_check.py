"""An order of instructions in which something is read too early is refused."""

import numpy as np
import pytest

from autograd_lite.compiler.lift.check import check_order
from autograd_lite.compiler.lift.instructions import Contraction, Ref
from tests.support.lifting import Lifted
from tests.support.scalar_programs import program


def test_a_program_in_another_order_is_refused():
    """Which would read what a run before has left, or lose what it writes."""
    function, args = program(0)
    lifted = Lifted(function, *args).program
    instructions = [*lifted.forward, *lifted.backward]
    results = np.append(lifted.outputs, lifted.gradients)
    check_order(instructions, lifted.size, results)
    with pytest.raises(RuntimeError, match="reads what is written behind it"):
        check_order(instructions[::-1], lifted.size, results)
    sum_without_beginning = Contraction((), (), Ref(1, ()), Ref(0, ()), None, add=True)
    with pytest.raises(RuntimeError, match="a sum that begins with nothing"):
        check_order([sum_without_beginning], 2, np.array([1]))
    for strides in ((1, 1), (0, 1)):  # those of two windows that overlap; a row again and again
        windows = Contraction((2, 3), (), Ref(4, strides), Ref(0, (0, 1)), None)
        with pytest.raises(RuntimeError, match="writes an address twice"):
            check_order([windows], 8, np.array([4]))
