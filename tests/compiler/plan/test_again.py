"""What is cheap is computed again where it is read."""

import numpy as np
import pytest

from autograd_lite.compiler.lift.instructions import Gather, Ref
from autograd_lite.compiler.plan import again
from autograd_lite.compiler.plan.again import with_cheap_again
from autograd_lite.compiler.plan.groups import Loop, Repeat, Statement

N = 100
ROW, TWO = Ref(0, (1,)), Ref(900, (0,))  # leaves, and a constant
TWICE, SQUARE = Ref(100, (1,)), Ref(300, (1,))
TIMES, LESS, EXP = ("*", "x", "y"), ("-", "x", "y"), ("exp", "x")
NAME = Ref(-1, (0,))


def loop(*statements, n=N):
    return Loop((n,), list(statements))


def made(groups, *fixed):
    return with_cheap_again(groups, 1000, [np.array(fixed, np.int64)])


MAKES = loop(Statement(TWICE, TIMES, {"x": ROW, "y": TWO}))
READS = loop(Statement(SQUARE, TIMES, {"x": Ref(101, (1,)), "y": Ref(1, (1,))}), n=N - 1)


def test_a_reader_computes_it_of_the_numbers_at_its_own_steps():
    first, second = made([MAKES, READS])
    assert first == MAKES  # in which `live_groups` leaves nothing
    computed, reader = second.statements
    assert computed == Statement(
        NAME, ("*", "x0", "x1"), {"x0": Ref(1, (1,)), "x1": TWO}, stored=False
    )
    assert reader == Statement(SQUARE, TIMES, {"x": NAME, "y": Ref(1, (1,))})


def test_a_formula_of_a_cheap_one_is_one_formula():
    less = Statement(Ref(200, (1,)), LESS, {"x": TWO, "y": TWICE})
    groups = [loop(*MAKES.statements, less), loop(Statement(SQUARE, EXP, {"x": Ref(299, (-1,))}))]
    computed, _ = made(groups)[1].statements
    assert computed.tree == ("-", "x0", ("*", "x1", "x0"))
    assert computed.operands == {"x0": TWO, "x1": Ref(99, (-1,))}


def test_a_number_that_lies_in_memory_anyhow_will_do():
    """It is read by another loop, so that nothing more is stored."""
    exp = Statement(TWICE, EXP, {"x": ROW})
    less = Statement(Ref(200, (1,)), LESS, {"x": TWO, "y": TWICE})
    both = loop(Statement(SQUARE, TIMES, {"x": TWICE, "y": Ref(200, (1,))}))
    assert made([loop(exp, less), both])[1].statements[0].operands == {"x0": TWO, "x1": TWICE}
    alone = loop(Statement(SQUARE, EXP, {"x": Ref(200, (1,))}))
    assert made([loop(exp, less), alone]) == [loop(exp, less), alone]


@pytest.mark.parametrize(
    ("groups", "fixed"),
    [
        ([MAKES, READS], [150]),  # read from outside
        ([MAKES, READS, Gather(500, np.arange(150, 160))], []),
        ([loop(Statement(TWICE, EXP, {"x": ROW})), READS], []),  # not cheap
        ([loop(Statement(TWICE, TIMES, {"x": ROW, "y": Ref(50, (1,))})), READS], []),  # two rows
        # The leaf is another number when it is read, or the sum is.
        ([MAKES, loop(Statement(ROW, EXP, {"x": Ref(600, (1,))})), READS], []),
        ([loop(*MAKES.statements, Statement(ROW, EXP, {"x": Ref(600, (1,))})), READS], []),
        ([MAKES, loop(Statement(TWICE, EXP, {"x": SQUARE}, add=1)), READS], []),
        ([MAKES, Repeat(3, [loop(Statement(Ref(100, (0, 1)), EXP, {"x": Ref(300, (0, 1))}))])], []),
        ([loop(Statement(TWICE, TIMES, {"x": ROW, "y": TWO}, add=1)), READS], []),
        # A reader needs it at every step of another loop, or goes on where others lie.
        ([MAKES, Loop((N, 3), [Statement(Ref(300, (3, 1)), EXP, {"x": Ref(100, (1, 0))})])], []),
        ([MAKES, loop(Statement(SQUARE, EXP, {"x": Ref(102, (1,))}))], []),
    ],
)
def test_what_may_be_another_number_or_costs_more_stays(groups, fixed):
    assert made(groups, *fixed) == groups


def test_a_plan_of_many_groups_stays(monkeypatch):
    monkeypatch.setattr(again, "MOST_GROUPS", 1)
    assert made([MAKES, READS]) == [MAKES, READS]
