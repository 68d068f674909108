"""Which programs are worth lifting, by what they cost either way."""

import autograd_lite as ag
from autograd_lite import Value
from autograd_lite.compiler.lift.lower import is_regular
from tests.support.lifting import Lifted
from tests.support.scalar_programs import KINDS, irregular, program


def test_irregular_programs_are_not_worth_it():
    function, args = program(KINDS.index(irregular))
    lifted = Lifted(function, *args)
    assert not is_regular(lifted.tape, lifted.wrt)


def test_few_groups_of_many_operations_are_not_worth_it():
    """Rows of a packed triangle: the terms of each row's gradient lie in steps of any length."""
    rows = [[Value(0.1 + (i == j)) for j in range(i + 1)] for i in range(80)]

    def solved(y):
        z = []
        for row in rows:
            z.append((y - sum(a * b for a, b in zip(row, z, strict=False))) / row[-1])
        return ag.sum(z)

    f = ag.compile(solved)
    f(1.0)
    executor = f.programs()[-1].choice
    assert is_regular(executor.tape, executor.wrt)
    assert executor.arrays() is None


def test_a_long_chain_is_refused_at_once():
    def function(x):
        for _ in range(20_000):
            x = (x * 0.5).tanh()
        return x

    lifted = Lifted(function, 0.5)
    assert not is_regular(lifted.tape, lifted.wrt)
