"""Numbers of different times share their places, and nothing is overwritten too early."""

from dataclasses import replace

import numpy as np
import pytest

import nn
from autograd_lite.compiler.lift.instructions import Contraction, Ref
from autograd_lite.compiler.plan import plan, reused
from autograd_lite.compiler.plan.check import check
from autograd_lite.compiler.plan.groups import Loop, Statement
from autograd_lite.compiler.plan.result import Plan
from autograd_lite.compiler.plan.reuse import thrifty
from tests.support.lifting import Lifted
from tests.support.plans import Runner, plan_agrees
from tests.support.scalar_programs import KINDS, program

NONE = np.zeros(0, np.int64)


def put(out, tree="x", sizes=(4,), **operands):
    return Loop(sizes, [Statement(out, tree, operands)])


def plan_of(*groups, outputs, leaves=4):
    return Plan(
        size=100,
        leaves=np.arange(leaves),
        constants=NONE,
        numbers=np.zeros(0),
        outputs=np.array(outputs),
        deciding=NONE,
        cotangents=NONE,
        gradients=NONE,
        forward=list(groups),
        backward=[],
    )


def numbers(made, leaves=(1.0, 2.0, 3.0, 4.0)):
    check(made)
    return Runner(made, NONE, 0).run(np.array(leaves), [])[0].tolist()


def at(*bases):
    return (Ref(base, (1,)) for base in bases)


@pytest.mark.parametrize("seed", range(2 * len(KINDS)))
def test_it_gives_what_the_interpreter_does(seed):
    function, args = program(seed)
    lifted = Lifted(function, *args)
    made = plan(lifted.program)
    small = reused(made)
    assert small.size <= made.size
    plan_agrees(lifted, small, runs=2, once=True)


def test_a_chain_needs_one_place():
    x, a, b, c, y = at(0, 10, 20, 30, 40)
    made = plan_of(
        put(a, ("exp", "x"), x=x),
        put(b, ("+", "x", 1), x=a),
        put(c, ("*", "x", "x"), x=b),
        put(y, ("-", "x", 2), x=c),
        outputs=range(40, 44),
    )
    small = reused(made)
    assert small.size == 4 + 4 + 4
    assert numbers(small) == numbers(made)


def test_what_is_read_later_in_a_loop_is_not_overwritten():
    """The last statement reads what was there: a map of it may not be written in its place."""
    x, a, b, c = at(0, 10, 20, 30)
    loop = Loop(
        (4,),
        [
            Statement(b, ("+", "x", 1), {"x": a}),
            Statement(c, ("*", "x", "y"), {"x": a, "y": b}),
        ],
    )
    last = Ref(50, ()), Ref(40, ())
    made = plan_of(
        put(a, ("exp", "x"), x=x),
        loop,
        Contraction((), (4,), last[0], b, c),
        put(last[1], sizes=(), x=last[0]),
        outputs=[40],
    )
    small = reused(made)
    assert numbers(small) == numbers(made)
    assert small.size < 4 + 12 + 2


def test_an_element_that_others_read_keeps_its_place():
    """Element i is read at two steps: it is no place for what one of them writes."""
    x, a, y = at(0, 10, 40)
    turned = Ref(23, (-1,))
    made = plan_of(
        put(a, ("exp", "x"), x=x),
        put(turned, ("+", "x", "z"), x=a, z=Ref(13, (-1,))),
        put(y, x=turned),
        outputs=range(40, 44),
    )
    small = reused(made)
    assert numbers(small) == numbers(made)


def test_what_is_never_written_stays_0():
    x, a, hole, y = at(0, 10, 20, 40)
    made = plan_of(
        put(a, ("exp", "x"), x=x),
        put(y, ("+", "x", "z"), x=a, z=hole),
        outputs=range(40, 44),
    )
    small = reused(made)
    for _ in range(2):
        assert numbers(small) == numbers(made)
    assert small.size == 4 + 4 + 4 + 4


def test_what_can_go_is_computed_first():
    """Two long arrays and their sums: one after the other they share one place."""
    rows = [Ref(1000 * i, (1,)) for i in (1, 2)]
    sums = [Ref(10 + i, ()) for i in (0, 1)]
    made = plan_of(
        *(put(row, ("+", "x", i), sizes=(500,), x=Ref(0, (0,))) for i, row in enumerate(rows)),
        *(
            Loop((500,), [Statement(Ref(out.base, (0,)), "x", {"x": row}, "sum", (0,))])
            for row, out in zip(rows, sums, strict=True)
        ),
        outputs=[10, 11],
    )
    made = replace(made, size=3000)
    small = reused(made)
    assert small.size == 4 + 2 + 500
    assert numbers(small) == numbers(made)


def test_a_network_needs_a_part_of_the_memory():
    model = nn.Sequential(
        nn.Linear(8, 32), nn.Tanh(), nn.Linear(32, 32), nn.Tanh(), nn.Linear(32, 1)
    )
    nn.init.normal_(model.parameters(), rng=0)

    def loss(xs):
        return sum((model(x)[0] - 1) ** 2 for x in xs)

    lifted = Lifted(loss, [[0.1 * (i - j) for i in range(8)] for j in range(16)])
    made = plan(lifted.program)
    small = reused(made)
    own = 2 * len(model.parameters()) + 128
    assert small.size - own < 0.6 * (made.size - own)
    plan_agrees(lifted, small, runs=2, once=True)


def test_what_reads_nothing_waits_until_it_is_needed():
    x, zeros, a, y = at(0, 10, 20, 40)
    total = Statement(Ref(10, (1,)), "x", {"x": a}, add=1)
    groups = [put(zeros, 0.0), put(a, ("exp", "x"), x=x), Loop((4,), [total]), put(y, x=zeros)]
    ordered = thrifty(plan_of(*groups, outputs=range(40, 44)))
    assert ordered.forward == [groups[1], groups[0], *groups[2:]]
