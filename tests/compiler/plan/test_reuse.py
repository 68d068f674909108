"""Groups in a thrifty order: the same numbers, fewer of them at a time."""

import numpy as np
import pytest

from autograd_lite.compiler.lift.instructions import Ref
from autograd_lite.compiler.plan import plan
from autograd_lite.compiler.plan.groups import Loop, Statement
from autograd_lite.compiler.plan.result import Plan
from autograd_lite.compiler.plan.reuse import handed_on, thrifty
from tests.support.lifting import Lifted
from tests.support.plans import plan_agrees
from tests.support.scalar_programs import KINDS, program

NONE = np.zeros(0, np.int64)


def put(out, tree="x", sizes=(4,), **operands):
    return Loop(sizes, [Statement(out, tree, operands)])


def total(out, x, sizes=(4,)):
    return Loop(sizes, [Statement(out, "x", {"x": x}, "sum", (0,))])


def ordered(*groups, outputs):
    made = Plan(
        size=100,
        leaves=np.arange(4),
        constants=NONE,
        numbers=np.zeros(0),
        outputs=np.array(outputs),
        deciding=NONE,
        cotangents=NONE,
        gradients=NONE,
        forward=list(groups),
        backward=[],
    )
    return thrifty(made).forward


def at(*bases):
    return (Ref(base, (1,)) for base in bases)


@pytest.mark.parametrize("seed", range(3 * len(KINDS)))
def test_it_gives_what_the_interpreter_does(seed):
    function, args = program(seed)
    lifted = Lifted(function, *args)
    made = plan(lifted.program)
    other = thrifty(made)
    assert len(other.forward) == len(made.forward)
    assert len(other.backward) == len(made.backward)
    plan_agrees(lifted, other, runs=2)


def test_what_can_go_is_computed_first():
    """Two long arrays and their sums: each sum comes before the other array."""
    x, a, b = at(0, 10, 20)
    sums = Ref(40, (0,)), Ref(41, (0,))
    groups = [put(a, x=x), put(b, ("-", "x"), x=x), total(sums[0], a), total(sums[1], b)]
    assert ordered(*groups, outputs=[40, 41]) == [groups[i] for i in (0, 2, 1, 3)]


def test_what_reads_nothing_waits_until_it_is_needed():
    x, zeros, a, y = at(0, 10, 20, 40)
    add = Loop((4,), [Statement(zeros, "x", {"x": a}, add=1)])
    groups = [put(zeros, 0.0), put(a, ("exp", "x"), x=x), add, put(y, x=zeros)]
    assert ordered(*groups, outputs=range(40, 44)) == [groups[1], groups[0], *groups[2:]]


def test_a_number_is_not_overwritten_before_it_is_read():
    """The order of what goes to one address stays."""
    x, a, y, z = at(0, 10, 40, 50)
    groups = [put(a, x=x), put(y, ("exp", "x"), x=a), put(a, ("-", "x"), x=x), put(z, x=a)]
    assert ordered(*groups, outputs=[*range(40, 44), *range(50, 54)]) == groups


A, B, C = at(10, 20, 30)
BLOCK = np.repeat(np.arange(-1, 4), 10)  # block k from address 10 (k + 1) on
LOW, SIZE = 10 + 10 * np.arange(4), np.full(4, 10)


def pairs(*statements, sizes=(4,), ending=(0,), beginning=(1, 2)):
    known = np.arange(4)
    loop = Loop(sizes, list(statements))
    isin = np.isin(known, ending), np.isin(known, beginning)
    return [*handed_on(loop, BLOCK, LOW, SIZE, *isin)]


def test_a_place_is_handed_on_element_by_element():
    exp = Statement(B, ("exp", "x"), {"x": A})
    assert pairs(exp) == [(0, 1)]
    assert pairs(exp, ending=()) == []  # it is read once more
    assert pairs(exp, beginning=()) == []  # there was something before
    assert pairs(Statement(Ref(24, (-1,)), "x", {"x": A})) == []  # at other steps
    assert pairs(Statement(Ref(21, (1,)), "x", {"x": A})) == []  # at another place in its block
    assert pairs(Statement(Ref(20, (0,)), "x", {"x": A}, "sum", (0,))) == []
    two = Statement(B, ("+", "x", "y"), {"x": A, "y": Ref(11, (1,))})
    assert pairs(two) == []  # its neighbour is read, too


def test_what_is_read_later_in_a_loop_is_handed_on_later():
    first = Statement(B, ("+", "x", 1), {"x": A})
    second = Statement(C, ("*", "x", "y"), {"x": A, "y": B})
    assert pairs(first, second) == [(0, 2)]
    assert pairs(second, first) == [(0, 1)]


def test_a_place_is_handed_on_once():
    first, second = (Statement(out, "x", {"x": A}) for out in (B, C))
    assert pairs(first, second) == [(0, 2)]
