"""What groups read and write, as addresses."""

import numpy as np

from autograd_lite.compiler.export.c_addresses import pieces, refs, side_by_side, tables
from autograd_lite.compiler.lift.instructions import Gather, IndexTable, Ref, Take
from autograd_lite.compiler.plan.groups import Loop, Repeat, Statement

X, OUT = Ref(10, (4, 1)), Ref(100, (3, 1))
LOOP = Loop((2, 3), [Statement(OUT, "x", {"x": X})])


def test_refs_have_the_sizes_of_all_their_loops():
    assert [*refs(LOOP)] == [(OUT, (2, 3)), (X, (2, 3))]
    assert [sizes for _, sizes in refs(Repeat(5, [LOOP]))] == [(5, 2, 3)] * 2


def test_tables_and_what_lies_side_by_side():
    gather = Gather(20, np.array([3, 1, 4]))
    assert [at.tolist() for at in tables(gather)] == [[20, 21, 22]]
    assert [(low.tolist(), high.tolist()) for low, high in side_by_side(gather)] == [([20], [22])]
    take = Take(50, IndexTable(np.array([0, 1]), 4, np.array([7, 30]), -2))
    (_, _), (low, high) = side_by_side(take)
    assert (low.tolist(), high.tolist()) == ([1, 24], [7, 30])


def test_two_steps_that_lie_apart_are_two_pieces():
    assert pieces(X, (2, 3)) == [(X, [1, 3]), (Ref(14, (4, 1)), [1, 3])]
    assert pieces(Ref(0, (2, 1)), (2, 3)) == [(Ref(0, (2, 1)), (2, 3))]
