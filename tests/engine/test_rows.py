"""The rows of a Jacobian: the right nodes, no others, and as many as there are numbers."""

import pytest

from autograd_lite.derive import ADD, MUL, Nodes
from autograd_lite.operations.opcodes import LEAF
from autograd_lite.rows import Rows


def leaves(n):
    nodes = Nodes()
    return nodes, [nodes.add(LEAF, slot=k) for k in range(n)]


def test_a_row_has_the_inputs_that_it_depends_on():
    nodes, (x, y, z) = leaves(3)
    product, total = nodes.op(MUL, x, y), nodes.op(ADD, y, z)
    found = Rows(nodes, [product, total, x], [x, y, z])
    assert found.lengths == [2, 2, 1]
    assert found.made() == [
        {0: y, 1: x},
        {1: nodes.number(1.0), 2: nodes.number(1.0)},
        {0: nodes.number(1.0)},
    ]


def test_what_cancels_is_no_number_of_the_row():
    nodes, (x, y) = leaves(2)
    difference = nodes.op(ADD, nodes.op(ADD, x, y), nodes.op(MUL, x, nodes.number(-1.0)))
    assert Rows(nodes, [difference], [x, y]).made() == [{1: nodes.number(1.0)}]


def test_the_lower_triangle():
    nodes, (x, y) = leaves(2)
    product = nodes.op(MUL, x, y)
    assert Rows(nodes, [product, product], [x, y], lower=True).made() == [{0: y}, {0: y, 1: x}]


@pytest.mark.parametrize("lower", [False, True])
def test_a_sum_of_everything_takes_few_nodes(lower):
    """A long row goes backward: forward, each partial sum would have a tangent for each input."""
    n = 2000
    nodes, xs = leaves(n)
    total = xs[0]
    squares = [nodes.op(MUL, x, x) for x in xs]
    for square in squares:
        total = nodes.op(MUL, nodes.op(ADD, total, square), xs[0])
    before = len(nodes)
    found = Rows(nodes, [*squares, total], xs, lower).made()
    assert len(found[-1]) == n
    assert len(nodes) - before < 12 * n
