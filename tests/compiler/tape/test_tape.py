"""The tape of a graph: its nodes in order, the slots of its leaves, and its text."""

import pytest

from autograd_lite import Value, dot, operation
from autograd_lite.compiler.tape import opcodes
from autograd_lite.compiler.tape.writer import write_tape
from autograd_lite.operations.rules import CODES, RULES


def tape_of(nodes, outputs, results, leaves):
    """The tape, the Values it depends on besides, and the positions of the nodes."""
    written = write_tape(nodes, outputs, dict(leaves), {}, {})
    return written.tape(outputs, results, 0), written.captured, written.position


def test_a_graph_as_text():
    x, w = Value(3.0), Value(2.0)
    product = x * w
    power = product**2.5
    total = power - 1.0
    nodes = [product, power, total]
    tape, captured, position = tape_of(nodes, [total], 1, {x: 0})
    assert str(tape).splitlines() == [
        "%0 = leaf(0)",
        "%1 = leaf(1)",
        "%2 = mul(%0, %1)",
        "%3 = pow_c(%2, 2.5)",
        "%4 = leaf(2)",
        "%5 = sub(%3, %4)",
        "outputs %5",
    ]
    assert captured[0] is w
    assert captured[1].data == 1.0
    assert (tape.leaves, tape.indices, tape.results, len(tape)) == (3, 0, 1, 6)
    assert [position[node] for node in nodes] == [2, 3, 5]
    assert tape.parents_of(3).tolist() == [2]


def test_an_output_may_be_a_leaf_and_some_have_no_cotangents():
    x, y = Value(1.0), Value(2.0)
    total = x + y
    tape, _, _ = tape_of([total], [total, y, x], 2, {x: 0, y: 1})
    assert tape.outputs.tolist() == [2, 1, 0]
    assert (tape.results, tape.leaves) == (2, 2)


def test_what_operations_of_users_give_has_places():
    @operation(lambda x, y, out: (y, x))
    def product_by_hand(x, y):
        return x * y

    x, y = Value(1.0), Value(2.0)
    one = product_by_hand(x, y)
    other = product_by_hand(one, x)
    tape, _, position = tape_of([one, other], [other], 1, {x: 0, y: 1})
    nodes, places = tape.user_results()
    assert nodes.tolist() == [position[one], position[other]]
    assert places.tolist() == [0, 3, 6]  # a value and two partials each


def test_the_factors_of_a_dot_come_one_side_after_the_other():
    xs, ys = ([Value(float(i)) for i in range(3)] for _ in range(2))
    total = dot(xs, ys)
    leaves = {x: i for i, x in enumerate([*ys, *xs])}
    tape, _, position = tape_of([total], [total], 1, leaves)
    slots = tape.slots[tape.parents_of(position[total])]
    assert slots.tolist() == [3, 4, 5, 0, 1, 2]


def test_opcodes_are_none_of_the_table():
    codes = ("LEAF", "CONSTANT", "INDEX", "TAKE", "DETACH", "LARGEST")
    found = [getattr(opcodes, name) for name in codes]
    assert len(set(found)) == len(codes)
    assert max(found) == 0
    assert min(code for name, code in CODES.items() if name != RULES[0].name) == 1


def test_a_node_made_by_hand_has_no_code():
    x = Value(1.0)
    node = Value(2.0, (x,), "twice")
    node._backward = lambda: None
    with pytest.raises(ValueError, match="twice was made by hand"):
        tape_of([node], [node], 1, {x: 0})
