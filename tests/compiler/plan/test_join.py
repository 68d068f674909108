"""What may be computed in one loop, and what must not."""

import pytest

from autograd_lite.compiler.lift.instructions import Ref
from autograd_lite.compiler.plan.groups import Loop, Statement
from autograd_lite.compiler.plan.join import joined

X, Y, Z = Ref(0, (1,)), Ref(10, (1,)), Ref(20, (1,))
S, T = Ref(30, (0,)), Ref(-1, (0,))


def loop(*statements):
    return Loop((4,), list(statements))


def put(out, tree="x", add=0, **operands):
    return Statement(out, tree, operands or {"x": X}, add=add)


def total(out, x, add=0):
    return Statement(out, "x", {"x": x}, "sum", (0,), add)


def both(first, second):
    return joined(loop(*first), loop(*second), 0, False)


def test_a_number_is_passed_on_at_its_step():
    chain = [put(Y), total(S, Y)]
    assert both(chain[:1], chain[1:]) == loop(*chain)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ([put(Y)], [put(Z, x=Ref(11, (1,)))]),  # read one step before it is written
        ([put(Y)], [put(Z, x=Ref(13, (-1,)))]),
        ([put(Y)], [put(Z, x=Ref(10, (0,)))]),
        ([put(Z, x=Ref(11, (1,)))], [put(Y)]),  # overwritten before it is read
        ([put(Y)], [put(Ref(11, (1,)))]),
        ([total(S, X)], [put(Y, x=S)]),  # a sum before it is complete
        ([put(Y, x=S)], [total(S, X)]),
        ([total(S, X)], [put(Ref(30, (1,)))]),
        ([Statement(S, "x", {"x": X}, "max", (0,))], [total(S, X, 1)]),
    ],
)
def test_what_meets_at_another_step_is_not_joined(first, second):
    assert both(first, second) is None


def test_sums_over_different_loops_are_not_joined():
    rows = Loop((2, 3), [Statement(Ref(30, (1, 0)), "x", {"x": Ref(0, (3, 1))}, "sum", (1,))])
    columns = Loop((2, 3), [Statement(Ref(40, (0, 1)), "x", {"x": Ref(0, (3, 1))}, "sum", (0,))])
    assert joined(rows, columns, 0, False) is None


def test_an_element_is_read_and_then_overwritten():
    assert both([put(Z, x=Y)], [put(Y)]) == loop(put(Z, x=Y), put(Y))


@pytest.mark.parametrize(
    ("adds", "add", "sign"),
    [((0, 1), 0, "+"), ((0, -1), 0, "-"), ((1, 1), 1, "+"), ((1, -1), 1, "-"),
     ((-1, 1), -1, "-"), ((-1, -1), -1, "+")],
)  # fmt: skip
def test_what_is_added_is_added_at_once(adds, add, sign):
    """out += a; out -= b is out += a - b."""
    for of in (put, lambda out, add, x: total(S, x, add)):
        first, second = (of(Y, add=k, x=x) for k, x in zip(adds, (X, Z), strict=True))
        (found,) = both([first], [second]).statements
        assert (found.out, found.add, found.tree) == (first.out, add, (sign, "x0", "x1"))
        assert found.operands == {"x0": X, "x1": Z}


def test_a_number_that_is_read_before_it_is_added_to_gets_a_name():
    first = [put(Y), put(Z, "-x", x=Y)]
    found = both(first, [put(Y, add=1, x=Z)])
    assert found == loop(
        Statement(T, "x", {"x": X}, stored=False),
        put(Z, "-x", x=T),
        put(Y, ("+", "x0", "x1"), x0=T, x1=Z),
    )
    first[0] = put(Y, add=1)
    assert both(first, [put(Y, add=1, x=Z)]) is None  # the number between is not known


def test_names_stay_different():
    named = loop(Statement(T, "x", {"x": X}, stored=False), put(Y, x=T))
    other = loop(Statement(T, "x", {"x": X}, stored=False), put(Z, x=T))
    found = joined(named, other, 0, False)
    assert [s.out for s in found.statements] == [T, Y, Ref(-2, (0,)), Z]
    assert found.statements[3].operands == {"x": Ref(-2, (0,))}


def test_a_loop_does_not_grow_for_ever():
    many = [put(Ref(100 + 4 * i, (1,))) for i in range(65)]
    assert both(many[:32], many[32:64]) is not None
    assert both(many[:32], many[32:65]) is None
    found = loop(put(Y))
    for i in range(1, 30):
        found = joined(found, loop(put(Y, add=1, x=Ref(100 + 4 * i, (1,)))), 0, False)
    assert max(len(s.operands) for s in found.statements) == 24
