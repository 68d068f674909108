"""The partials of rules as nodes: what is appended, and what is left out."""

from autograd_lite.derive import Nodes
from autograd_lite.operations.opcodes import LEAF
from autograd_lite.operations.rules import CODES, RULES
from autograd_lite.partials import is_flat, partials_of, wins


def appended(name, n, static=0.0):
    nodes = Nodes()
    xs = tuple(nodes.add(LEAF, slot=k) for k in range(n))
    i = nodes.add(CODES[name], xs, static)
    return nodes, xs, i, partials_of(CODES[name])(nodes, i, xs)


def test_a_partial_that_is_an_operand_is_no_new_node():
    _, (x, y), _, found = appended("mul", 2)
    assert found == [(x, y), (y, x)]


def test_a_partial_is_made_of_rules():
    nodes, (x,), i, found = appended("tanh", 1)
    ((p, d),) = found
    assert p == x
    assert RULES[nodes.codes[d]].name == "sub"
    one, square = nodes.parents[d]
    assert nodes.numbers[one] == 1.0
    assert nodes.parents[square] == (i, i)


def test_each_term_of_a_sum_has_one_and_of_a_mean_its_share():
    nodes, xs, _, found = appended("sum", 3)
    assert found == [(x, nodes.number(1.0)) for x in xs]
    nodes, xs, _, found = appended("mean", 4)
    assert found == [(x, nodes.number(0.25)) for x in xs]


def test_what_is_always_0_is_left_out():
    assert appended("pow_c", 1, static=0.0)[3] == []
    assert len(appended("pow_c", 1, static=3.0)[3]) == 1
    assert appended("floor", 1)[3] == []


def test_a_known_choice_makes_the_arm_that_is_taken():
    nodes, (x,), _, ((_, d),) = appended("pow_c", 1, static=2.0)
    two = nodes.number(2.0)
    assert nodes.codes[d] == CODES["mul"]
    assert set(nodes.parents[d]) == {x, two}


def test_the_larger_one_wins():
    nodes, xs, i, _ = appended("larger", 2)
    ((y, d),) = wins(CODES["larger"])(nodes, i, xs)
    assert y == xs[1]
    assert nodes.codes[d] in (CODES["less"], CODES["where"], CODES["sub"], CODES["less_equal"])


def test_flat_rules():
    assert is_flat(CODES["floor"])
    assert not is_flat(CODES["relu"])
