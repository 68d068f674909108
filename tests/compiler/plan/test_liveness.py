"""What is not needed goes, and what only its loop reads is not stored."""

import numpy as np

from autograd_lite.compiler.lift.instructions import (
    Contraction,
    Gather,
    IndexTable,
    Ref,
    ScatterAdd,
)
from autograd_lite.compiler.plan.groups import Loop, Repeat, Statement
from autograd_lite.compiler.plan.liveness import live_groups

X, Y, Z, U = (Ref(10 * i, (1,)) for i in range(4))
T = Ref(-1, (0,))


def put(out, tree="x", add=0, **operands):
    return Statement(out, tree, operands or {"x": X}, add=add)


def left(groups, *live):
    mask = np.zeros(100, bool)
    mask[list(live)] = True
    return live_groups(groups, mask), set(np.flatnonzero(mask).tolist())


def test_what_only_its_loop_reads_is_not_stored():
    loop = Loop((4,), [put(Y), put(Z, x=Y), put(U)])
    found, live = left([loop], 21)
    assert found == [Loop((4,), [Statement(T, "x", {"x": X}, stored=False), put(Z, x=T)])]
    assert live == {0, 1, 2, 3}


def test_what_is_read_before_it_is_overwritten_stays_what_it_was():
    """Y is read from memory; the new number is read by the last statement alone."""
    loop = Loop((4,), [put(U, x=Y), put(Y), put(Z, x=Y)])
    (found,), live = left([loop], 20, 30)
    assert found.statements == [
        put(U, x=Y), Statement(T, "x", {"x": X}, stored=False), put(Z, x=T)
    ]  # fmt: skip
    assert live == {0, 1, 2, 3, 10, 11, 12, 13}


def test_a_sum_that_is_not_stored_is_written_out():
    (found,), _ = left([Loop((4,), [put(Y, add=-1), put(Z, x=Y)])], 20)
    named = Statement(T, ("-", "old", "x"), {"x": X, "old": Y}, stored=False)
    assert found.statements == [named, put(Z, x=T)]


def test_a_fill_is_narrowed_to_what_is_not_overwritten():
    fill = Loop((10,), [Statement(Ref(10, (1,)), 0.0, {})])
    assert left([fill, Loop((4,), [put(Y)])], *range(10, 16))[0][0] == Loop(
        (2,), [Statement(Ref(14, (1,)), 0.0, {})]
    )
    assert left([fill, Loop((4,), [put(Y)])], 10)[0] == [Loop((4,), [put(Y)])]
    assert left([fill], *range(10, 20, 2))[0] == [fill]  # five fills are worse than one


def test_what_is_added_to_is_needed():
    add = ScatterAdd(X.addresses(1), IndexTable(np.zeros(1, int), 4, np.array([10]), 1))
    groups = [Gather(10, X.addresses(4)), Loop((4,), [put(Y, add=1)]), add]
    assert left(groups, 12) == (groups, {0, 1, 2, 3})
    assert left(groups, 40) == ([], {40})


def test_a_repetition_keeps_what_another_turn_reads():
    """m[10 + t] = m[9 + t]: a chain, of which the last is read; m[50 + t] is read by nobody."""
    chain = Statement(Ref(10, (1,)), "x", {"x": Ref(9, (1,))})
    dead = Statement(Ref(50, (1,)), "x", {"x": Ref(70, (1,))})
    product = Contraction((), (2,), Ref(90, (0,)), Ref(50, (1, 1)), Ref(52, (1, 1)))
    repeat = Repeat(9, [Loop((), [chain, dead]), product])
    assert left([repeat], 18) == ([Repeat(9, [Loop((), [chain])])], set(range(9, 18)))
    assert left([repeat], 90)[0] == [Repeat(9, [Loop((), [dead]), product])]
    assert left([repeat], 99) == ([], {99})
