"""Plans in the arrays of the caller's: every address is compared, and memory is shared."""

import numpy as np
import pytest

from autograd_lite.compiler.export.c_memory import (
    Copy,
    Finite,
    Wanted,
    Zeros,
    _packed,
    laid_out,
)
from autograd_lite.compiler.lift.instructions import Ref
from autograd_lite.compiler.plan.groups import Loop, Statement
from tests.support.in_c import plan_of


def loop(out, *operands, size=4, tree=("+", "x", "y")):
    named = dict(zip("xy", operands, strict=False))
    return Loop((size,), [Statement(out, tree, named)])


def test_what_is_alive_at_one_time_lies_apart():
    draw = np.random.default_rng(0)
    first = draw.integers(0, 50, 300)
    last, size = first + draw.integers(0, 9, 300), draw.integers(1, 40, 300)
    offset = _packed(first, last, size)
    for i in range(300):
        for j in range(i):
            at_once = first[i] <= last[j] and first[j] <= last[i]
            assert (
                not at_once or offset[i] + size[i] <= offset[j] or offset[j] + size[j] <= offset[i]
            )
    assert (offset + size).max() < size.sum() / 3


def test_numbers_go_to_the_arrays_in_their_order():
    """Two leaves interleaved as one array that is read row by row, and one that is not."""
    plan = plan_of([loop(Ref(20, (1,)), Ref(0, (2,)), Ref(1, (2,)))], 24)
    every, apart = np.arange(8), np.array([0, 2, 4, 6, 1, 3, 5, 7])
    laid = laid_out(
        plan,
        [Wanted("p", 8, every, apart), Wanted("r", 4, np.arange(4), np.arange(20, 24), "forward")],
    )
    (step, finite) = laid.forward
    s = step.what.statements[0]
    assert (s.operands["x"], s.operands["y"], s.out) == (Ref(0, (1,)), Ref(4, (1,)), Ref(8, (1,)))
    assert isinstance(finite.what, Finite)
    assert laid.regions[-1].size == 0


def test_what_lies_in_two_arrays_is_copied():
    plan = plan_of([loop(Ref(20, (1,)), Ref(0, (1,)), Ref(4, (1,)))], 24)
    wanted = [
        Wanted("p", 2, np.arange(2), np.arange(2)),
        Wanted("q", 6, np.arange(6), np.arange(2, 8)),
    ]
    laid = laid_out(plan, wanted)
    copy, step = laid.forward
    assert isinstance(copy.what, Copy)
    assert copy.what.source.tolist() == [0, 1, 2, 3]
    assert step.what.statements[0].operands["y"] == Ref(4, (1,))


def test_what_is_read_and_never_written_is_zero():
    laid = laid_out(plan_of([loop(Ref(8, (1,)), Ref(0, (1,)), Ref(4, (1,)))], 12), [])
    assert sum(isinstance(step.what, Zeros) for step in laid.forward) == 2


@pytest.mark.parametrize("still", [False, True])
def test_constants_are_literals_or_a_table(still):
    ref = Ref(0, (0,) if still else (1,))
    laid = laid_out(plan_of([loop(Ref(8, (1,)), ref, tree="x")], 12, [1.5, 2.5, 3.5, 4.5]), [])
    assert laid.constants.tolist() == ([] if still else [1.5, 2.5, 3.5, 4.5])
    assert still == (1.5 in laid.literals.values())


def test_what_is_copied_keeps_room_for_what_lies_between_and_is_not():
    """Of twelve numbers pairs are read together, in an order that is no loop, and others alone."""
    pairs = Loop((3, 2), [Statement(Ref(20, (2, 1)), "x", {"x": Ref(0, (4, 1))})])
    others = loop(Ref(30, (1,)), Ref(2, (4,)), size=3, tree="x")
    places = np.array([0, 9, 1, 10, 5, 4, 2, 8, 11, 7, 3, 6])
    plan = plan_of([pairs, others], 34)
    laid = laid_out(plan, [Wanted("p", 12, places, np.arange(12))])
    copy, first, second = laid.forward
    assert copy.what.source.tolist() == [0, 9, 5, 4, 11, 7]
    assert first.what.statements[0].operands["x"].strides == (4, 1)
    assert second.what.statements[0].operands["x"] == Ref(1, (1,))


def test_two_steps_may_lie_anywhere_but_not_two_of_two():
    far = Loop((2, 3), [Statement(Ref(0, (1000, 1)), 1.0, {})])
    farther = Loop((2, 2), [Statement(Ref(100, (1000, 400)), 1.0, {})])
    near = [loop(Ref(10 * k, (1,)), tree=2.0) for k in range(2, 9)]
    laid = laid_out(plan_of([far, farther, *near], 1600), [])
    assert laid.regions[-1].size < 1020
    assert len(laid_out(plan_of([far], 1600), []).units) == 2


def test_what_is_read_for_the_last_time_gives_its_place_to_what_is_written():
    x, a, b, y = (Ref(i, (1,)) for i in (0, 20, 24, 28))
    groups = [loop(a, x, tree=("exp", "x")), loop(b, a, x), loop(y, b, x)]
    wanted = [
        Wanted("p", 4, np.arange(4), np.arange(4)),
        Wanted("r", 4, np.arange(4), np.arange(28, 32), "forward"),
    ]
    laid = laid_out(plan_of(groups, 32), wanted)
    assert laid.regions[-1].size == 4
    first, second, _, _ = (step.what for step in laid.forward)
    assert second.statements[0].operands["x"] == second.statements[0].out
    assert first.statements[0].out == second.statements[0].out
    kept = [*groups[:2], loop(y, b, a)]  # now the first is read once more
    assert laid_out(plan_of(kept, 32), wanted).regions[-1].size == 8
