"""The partials of rules as nodes: what is appended, and what is left out."""

from array import array
from itertools import product
from math import inf, nan

import pytest

from autograd_lite.compiler.tape.derive import tape_of
from autograd_lite.compiler.tape.interpreter import Interpreter
from autograd_lite.derive import Nodes
from autograd_lite.operations import kernels
from autograd_lite.operations.opcodes import LEAF
from autograd_lite.operations.rules import CODES, RULES, TABLE
from autograd_lite.partials import is_flat, partials_of, wins
from tests.support.rules import bits


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


@pytest.mark.parametrize("rule", RULES[1:TABLE], ids=lambda rule: rule.name)
def test_no_partial_asks_whether_computed_numbers_are_equal(rule):
    """Programs that ask are not run as arrays, so second derivatives would not be."""
    nodes, n = Nodes(), 4 if rule.nary else len(rule.operands) - rule.static
    xs = [nodes.add(LEAF, slot=k) for k in range(n)]
    i = nodes.add(rule.code, tuple(xs), 2.0)
    found = [i]
    for _ in range(3):  # the partials of the partials, too
        found = nodes.reverse([(d, nodes.number(1.0)) for d in found], xs)
    assert CODES["equal"] not in nodes.codes[i + 1 :]


EDGES = [0.0, -0.0, 5e-324, -1.0, 1.0, 1.5, 1e200, inf, -inf, nan]


@pytest.mark.parametrize("name", ["maximum", "minimum", "larger", "atan2", "pow"])
def test_partials_as_nodes_decide_as_the_kernel_does(name):
    """At ties, at zeros of both signs, at infinities and NaNs."""
    nodes, xs, _, found = appended(name, 2)
    assert [p for p, _ in found] == [*xs]
    tape = tape_of(nodes, [d for _, d in found], 2)
    for x, y in product(EDGES, repeat=2):
        if name == "pow" and y == 0 and x:
            continue  # where that of x is y * x**(y - 1), which has a derivative with respect to y
        outputs = Interpreter(tape, []).forward(array("d", [x, y]), array("q")).outputs
        _, *partials = kernels.binary(CODES[name], x, y)
        assert [*map(bits, outputs)] == [*map(bits, partials)], (x, y)


@pytest.mark.parametrize(("name", "c"), [("gaussian", 0.5), ("norm", 0.0)])
def test_a_value_of_0_has_the_partial_0(name, c):
    nodes, _, _, ((_, d),) = appended(name, 1, static=c)
    tape = tape_of(nodes, [d], 1)
    for x, expected in ((inf, 0.0) if name == "gaussian" else (0.0, 0.0), (nan, nan)):
        outputs = Interpreter(tape, []).forward(array("d", [x]), array("q")).outputs
        assert outputs.tolist() == pytest.approx([expected], nan_ok=True)
