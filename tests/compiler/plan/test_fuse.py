"""Loops over the same steps become one, whatever stands between, unless it must."""

import pytest

from autograd_lite.compiler.lift.instructions import Contraction, Gather, Ref
from autograd_lite.compiler.plan.fuse import fused
from autograd_lite.compiler.plan.groups import Loop, Repeat, Statement


def at(base, *strides):
    return Ref(base, strides or (1,))


def put(out, *sources, sizes=(4,)):
    operands = {f"x{i}": x for i, x in enumerate(sources)}
    tree = ("+", "x0", "x1") if len(sources) > 1 else "x0"
    return Loop(sizes, [Statement(out, tree if sources else 0.0, operands)])


X, Y, Z, U, V = (at(10 * i) for i in range(5))
TABLE = Gather(30, X.addresses(4)[::-1])


def sizes_of(groups):
    return [len(g.statements) if isinstance(g, Loop) else 0 for g in groups]


def test_a_chain_becomes_one_loop():
    chain = [put(Y, X), put(Z, Y), put(U, Z)]
    assert fused(chain, 50) == [Loop((4,), [s for g in chain for s in g.statements])]


def test_loops_that_read_the_same_become_one():
    assert sizes_of(fused([put(Y, X), put(Z, X)], 50)) == [2]
    assert sizes_of(fused([put(Y, X), put(Z, U)], 50)) == [1, 1]


def test_a_loop_goes_up_or_down_past_what_it_has_nothing_to_do_with():
    """Past what stands between, to the one that it reads, or that reads it."""
    up = [put(Y, X), Gather(30, Y.addresses(4)), put(Z, Y)]
    assert sizes_of(fused(up, 50)) == [2, 0]
    down = [put(Y, X), TABLE, put(Z, Y, at(30))]
    assert sizes_of(fused(down, 50)) == [0, 2]


@pytest.mark.parametrize(
    "between",
    [
        Gather(10, at(30).addresses(4)),  # overwrites
        Gather(0, at(30).addresses(4)),
        Contraction((4,), (2,), at(10), at(30, 2, 1), at(40, 0, 1)),
    ],
)
def test_a_loop_passes_nothing_that_writes_what_it_needs(between):
    first, second = put(Y, X), put(Z, Y, X)
    assert fused([first, between, second], 50) == [first, between, second]


def test_what_is_read_between_is_not_overwritten_early():
    read = Gather(40, Y.addresses(4))
    groups = [put(Z, X), read, put(Y, X, Z)]
    assert sizes_of(fused(groups, 50)) == [0, 2]
    groups = [put(Z, X), read, Gather(20, at(40).addresses(4)), put(Y, Z)]
    assert fused(groups, 50) == groups


def test_loops_in_another_order_become_one():
    """A matrix is written by rows and read by columns."""
    rows = put(at(10, 3, 1), at(0, 0, 1), sizes=(2, 3))
    columns = put(at(20, 2, 1), at(10, 1, 3), sizes=(3, 2))
    (loop,) = fused([rows, columns], 50)
    assert [s.out for s in loop.statements] == [at(10, 3, 1), at(20, 1, 2)]
    assert loop.statements[1].operands == {"x0": at(10, 3, 1)}
    backward = put(at(20), at(15, -1), sizes=(6,))
    (loop,) = fused([rows, backward], 50)
    assert [s.out for s in loop.statements] == [at(10, 3, 1), at(25, -3, -1)]


def test_loops_of_a_repetition_become_one_in_every_turn():
    body = [put(at(10, 8, 1), at(6, 8, 1)), put(at(14, 8, 1), at(10, 8, 1))]
    (repeat,) = fused([Repeat(9, body)], 100)
    assert sizes_of(repeat.groups) == [2]
    # The first reads in turn t what the second has written in turn t - 1: both stay in order.
    assert repeat.groups[0].statements[0].operands == {"x0": at(6, 8, 1)}


def test_what_meets_in_another_turn_keeps_its_order():
    body = [
        put(at(10, 8, 1), at(0, 0, 1)),
        put(at(90, 0, 1), at(42, 0, 1)),
        put(at(14, 8, 1), at(10, 8, 1)),
    ]
    repeat = Repeat(9, body)
    assert fused([repeat], 100) == [repeat]
