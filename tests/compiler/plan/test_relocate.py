"""Numbers at other addresses: nothing is lost, and what cannot be loops any more stays."""

from dataclasses import replace

import numpy as np
import pytest

from autograd_lite.compiler.lift.instructions import (
    Contraction,
    Gather,
    IndexTable,
    Ref,
    Scatter,
    ScatterAdd,
    SegmentSum,
    Take,
    ZeroPadding,
)
from autograd_lite.compiler.plan.check import check
from autograd_lite.compiler.plan.groups import Loop, Repeat, Statement
from autograd_lite.compiler.plan.relocate import compacted, in_order
from autograd_lite.compiler.plan.result import Plan
from tests.support.plans import Runner

NONE = np.zeros(0, np.int64)


def put(out, *sources, sizes=(4,)):
    operands = {f"x{i}": x for i, x in enumerate(sources)}
    tree = ("+", "x0", "x1") if len(sources) > 1 else "x0"
    return Loop(sizes, [Statement(out, tree if sources else 0.0, operands)])


def plan_of(*groups, outputs, constants=()):
    return Plan(
        size=100,
        leaves=np.arange(4),
        constants=np.array(constants, np.int64),
        numbers=np.array(constants, float),
        outputs=np.array(outputs),
        deciding=NONE,
        cotangents=NONE,
        gradients=NONE,
        forward=list(groups),
        backward=[],
    )


def test_there_are_no_holes():
    made = compacted(
        plan_of(
            put(Ref(10, (3,)), Ref(0, (1,))),
            Repeat(3, [put(Ref(40, (20, 1)), Ref(10, (0, 3)), Ref(31, (0, 0)))]),
            outputs=range(80, 84),
            constants=[30, 31],
        )
    )
    check(made)
    assert made.size == 4 + 4 + 1 + 12
    assert made.numbers.tolist() == [31]
    assert made.forward == [
        put(Ref(4, (1,)), Ref(0, (1,))),
        Repeat(3, [put(Ref(9, (4, 1)), Ref(4, (0, 1)), Ref(8, (0, 0)))]),
    ]
    assert made.outputs.tolist() == [17, 18, 19, 20]


def test_a_hole_stays_if_a_ref_could_be_no_loops_without_it():
    """The rows of the second ref go across both stretches of the first two."""
    made = compacted(
        plan_of(
            put(Ref(20, (2,))),
            put(Ref(27, (1,)), sizes=(2,)),
            put(Ref(50, (1,)), Ref(20, (2,)), sizes=(5,)),
            outputs=range(50, 55),
        )
    )
    check(made)
    assert made.forward[0].statements[0].out == Ref(4, (2,))
    assert made.size == 4 + 9 + 5


TABLES = [
    Gather(20, np.array([3, 1])),
    Scatter(20, np.array([31, 30])),
    SegmentSum(20, np.array([0, 1, 2]), np.array([1, 2, 3]), np.array([0, 2])),
    SegmentSum(20, np.array([0, 1, 2]), None, np.array([0, 2])),
    ZeroPadding(20, np.array([True, False])),
    Take(20, IndexTable(np.array([0, 1]), 2, np.array([0, 1]), 2)),
    Take(20, IndexTable(np.array([0, 1]), 2, NONE, 0, np.array([[0, 3], [1, 2]]))),
    ScatterAdd(np.array([20, 21]), IndexTable(np.array([0, 1]), 2, np.array([30, 30]), 1)),
    Contraction((2,), (2,), Ref(20, (1,)), Ref(0, (2, 1)), Ref(2, (0, 1)), add=True),
]


@pytest.mark.parametrize("table", TABLES)
def test_what_has_tables_moves(table):
    """Two runs give the same, from the numbers that lie at the old places and at the new ones."""
    fills = [put(Ref(20, (1,)), Ref(0, (1,)), sizes=(2,)), put(Ref(30, (1,)), sizes=(2,))]
    plan = plan_of(*fills, table, outputs=[31, 20, 30, 21])
    for made in (compacted(plan), in_order(plan), compacted(in_order(plan))):
        found = []
        for each in (plan, made):
            runner = Runner(each, np.array([0, 1]), 0)
            found.append(runner.run([1.0, 2.0, 3.0, 4.0], []))
        np.testing.assert_array_equal(found[0][0], found[1][0])
    assert compacted(plan).size == 8


def test_results_lie_in_order_if_refs_stay_loops():
    swapped = plan_of(put(Ref(20, (-1,)), Ref(0, (1,))), outputs=range(17, 21))
    made = in_order(replace_outputs(swapped, [20, 19, 18, 17]))
    assert np.diff(made.outputs).tolist() == [1, 1, 1]
    assert made.forward[0].statements[0].out.strides == (1,)
    mixed = replace_outputs(swapped, [20, 17, 19, 18])
    assert in_order(mixed) is mixed


def test_a_result_that_lies_among_others_stays_there():
    one = Loop((), [Statement(Ref(50, ()), "x", {"x": Ref(0, ())})])
    plan = plan_of(put(Ref(20, (1,)), Ref(0, (1,))), one, outputs=[50, 23, 4])
    made = in_order(plan)
    assert made.outputs.tolist() == [100, 23, 101]
    assert made.forward[0] == plan.forward[0]


def replace_outputs(plan, outputs):
    return replace(plan, outputs=np.array(outputs))
