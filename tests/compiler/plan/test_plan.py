"""Plans give the numbers of the interpreter, and read as formulas."""

import pytest

from tests.support.lifting import Lifted
from tests.support.plans import plan_agrees
from tests.support.scalar_programs import KINDS, program


@pytest.mark.parametrize("seed", range(6 * len(KINDS)))
def test_a_plan_gives_what_the_interpreter_does(seed):
    function, args = program(seed)
    plan_agrees(Lifted(function, *args))
