"""What groups read and write."""

import numpy as np

from autograd_lite.compiler.lift.instructions import Contraction, Ref
from autograd_lite.compiler.plan.groups import (
    Loop,
    Repeat,
    Statement,
    reads_of,
    turns_of,
    writes_of,
)

# t1 = m[0 + i] * m[4]; m[8 + i] = t1 + m[8 + i]; m[20 + t] += t1
LOOP = Loop(
    (3,),
    [
        Statement(Ref(-1, (0, 0)), ("*", "x", "y"), {"x": Ref(0, (3, 1)), "y": Ref(4, (0, 0))},
                  stored=False),
        Statement(Ref(8, (3, 1)), ("+", "t", "x"), {"t": Ref(-1, (0, 0)), "x": Ref(8, (3, 1))}),
        Statement(Ref(20, (1, 0)), "t", {"t": Ref(-1, (0, 0))}, "sum", (0,), 1),
    ],
)  # fmt: skip


def test_turns_move_every_ref_by_the_first_stride():
    product = Contraction((), (2,), Ref(0, (1,)), Ref(9, (2, 1)), Ref(5, (0, 1)))
    turns = list(turns_of(Repeat(2, [LOOP, product])))
    assert [s.out for s in turns[0].statements] == [Ref(-1, (0,)), Ref(8, (1,)), Ref(20, (0,))]
    assert [s.out for s in turns[2].statements] == [Ref(-1, (0,)), Ref(11, (1,)), Ref(21, (0,))]
    assert turns[3] == Contraction((), (2,), Ref(1, ()), Ref(11, (1,)), Ref(5, (1,)))


def test_what_is_forwarded_is_not_read_and_what_is_added_to_is():
    for group in (Repeat(2, [LOOP]), *turns_of(Repeat(1, [LOOP]))):
        count = getattr(group, "count", 1)
        reads, writes = (set(np.concatenate(f(group)).tolist()) for f in (reads_of, writes_of))
        rows = set(range(3 * count))
        assert reads == rows | {4} | {8 + i for i in rows} | {20 + i for i in range(count)}
        assert writes == {8 + i for i in rows} | {20 + i for i in range(count)}
