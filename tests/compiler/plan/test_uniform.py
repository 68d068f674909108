"""What all steps compute alike is computed once."""

import numpy as np
import pytest

from autograd_lite.compiler.lift.instructions import Contraction, Gather, Ref
from autograd_lite.compiler.plan.groups import Loop, Statement
from autograd_lite.compiler.plan.uniform import with_uniform_once


def put(sizes, out, add=0, **operands):
    return Loop(sizes, [Statement(out, ("*", *operands), operands, add=add)])


ROWS = Ref(100, (10, 1))
ALIKE = put((4, 10), ROWS, x=Ref(0, (1, 0)), y=Ref(9, (0, 0)))  # in its second loop
ONCE = put((4,), Ref(100, (10,)), x=Ref(0, (1,)), y=Ref(9, (0,)))


def made(groups, *fixed):
    return with_uniform_once(groups, 1000, [np.array(fixed, np.int64)])


def test_readers_read_the_first_of_the_numbers():
    other = Ref(300, (10, 1))
    reader = put((4, 10), Ref(200, (10, 1)), x=ROWS, y=other)
    changed = put((4, 10), Ref(200, (10, 1)), x=Ref(100, (10, 0)), y=other)
    assert made([ALIKE, reader]) == [ONCE, changed]


def test_what_follows_from_it_is_alike_as_well():
    second = put((4, 10), Ref(200, (10, 1)), x=ROWS, y=ROWS)
    third = put((4, 10), Ref(300, (10, 1)), x=Ref(200, (10, 1)), y=Ref(400, (10, 1)))
    x, y = Ref(100, (10,)), Ref(200, (10, 0))
    assert made([ALIKE, second, third]) == [
        ONCE,
        put((4,), Ref(200, (10,)), x=x, y=x),
        put((4, 10), Ref(300, (10, 1)), x=y, y=Ref(400, (10, 1))),
    ]


def test_a_product_with_numbers_that_are_alike_is_a_sum_with_a_factor():
    product = Contraction((4,), (10,), Ref(200, (1,)), Ref(300, (0, 1)), ROWS)
    (_, loop) = made([ALIKE, product])
    assert loop.sizes == (4, 10)
    assert loop.statements[0].operands == {"x": Ref(300, (0, 1)), "y": Ref(100, (10, 0))}


@pytest.mark.parametrize(
    ("groups", "fixed"),
    [
        ([ALIKE], [139]),  # read from outside
        ([ALIKE, put((4, 10), ROWS, x=Ref(300, (10, 1)), y=Ref(9, (0, 0)))], []),  # overwritten
        ([ALIKE, Gather(500, Ref(100, (1,)).addresses(40))], []),
        # Half of what a ref goes through is no loop with what is behind it.
        ([ALIKE, put((80,), Ref(200, (1,)), x=Ref(100, (1,)), y=Ref(9, (0,)))], []),
        ([put((4, 10), ROWS, 1, x=Ref(0, (1, 0)), y=Ref(9, (0, 0)))], []),  # adds
        ([put((4, 2), ROWS, x=Ref(0, (1, 0)), y=Ref(9, (0, 0)))], []),  # few
    ],
)
def test_what_would_be_wrong_or_vain_is_left(groups, fixed):
    assert made(groups, *fixed) == groups
