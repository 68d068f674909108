"""The node where a gradient goes wrong: by the slopes of nodes, and by what they received."""

import pytest

from autograd_lite import Value, operation
from autograd_lite.testing.locate import operands_by_hand, overwritten, partial_sums, parting

H = 1e-6


@operation(lambda x, out: 3 * x)  # 2 * x would be right
def wrong_square(x):
    return x * x


@operation(lambda x, out: float("inf"))
def infinite(x):
    return x * 2


def fault_of(f, number=0.75):
    """The fault of f at a number, where its gradient is not its slope."""
    x = Value(number)
    graphs = []
    for moved in (0.0, H, -H):
        x.data = number + moved
        graphs.append(f(x))
    x.data = number
    root, above, below = graphs
    root.backward()
    missing = (above.data - below.data) / (2 * H) - x.grad
    return parting(root, above, below, H, {x: 1.0}, missing)


def test_a_wrong_partial_is_found_within_a_larger_graph():
    def f(x):
        return (wrong_square(x.tanh()) * 2).exp()

    fault = fault_of(f)
    assert fault.node._op == "wrong_square"
    assert "its slope is 0.7578" in fault.reason
    assert "but 1.1367" in fault.reason


def test_a_leaf_that_moves_lost_its_gradient():
    fault = fault_of(lambda x: x * Value(x.data))
    assert fault.node.is_leaf
    assert "something read .data, and the gradient is lost there" in fault.reason


def test_a_partial_that_is_not_finite():
    fault = fault_of(lambda x: infinite(x) + 1)
    assert fault.node._op == "infinite"
    assert fault.reason == "its partial derivatives are not finite (inf)"


def test_a_function_that_branches_has_no_graph_to_compare_with():
    steps = iter([lambda x: x * 2, lambda x: x + 1, lambda x: x - 1])
    assert fault_of(lambda x: next(steps)(x)) is None


def by_hand(x, backward):
    out = Value(x.data * 2, (x,), "twice")
    out._backward = lambda: backward(out)
    return out


@pytest.mark.parametrize("right", [True, False])
def test_what_a_backward_by_hand_overwrites(right):
    """Two users send to one node, and one of them sets rather than adds."""
    x = Value(3.0)
    node = x * 1.0

    def backward(out):
        node.grad = 2 * out.grad + (node.grad if right else 0.0)

    root = node * 5.0 + by_hand(node, backward)
    x.grad = 0.5
    fault = overwritten(root)
    assert x.grad == 0.5
    if right:
        assert fault is None
    else:
        assert fault.node is node
        assert "its 2 users send it 7 in all, but it received" in fault.reason
        assert "the _backward of 'twice' must multiply by out.grad, and add with +=" in fault.reason


def test_partials_of_one_operand_are_added_up():
    x, y = Value(3.0), Value(5.0)
    assert partial_sums(x * x) == [(x, 6.0)]
    assert partial_sums(x * y) == [(x, 5.0), (y, 3.0)]


def test_operands_of_nodes_made_by_hand():
    x = Value(3.0)
    node = x * 1.0
    one = by_hand(node, lambda out: None)
    root = one + by_hand(x, lambda out: None) + by_hand(node, lambda out: None)
    assert operands_by_hand(root) == [node]
    assert operands_by_hand(1.0) == []
