"""The topological order, and backward() over it, on random graphs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_lite as al
from autograd_lite import Value, topological_order
from autograd_lite.graph import cotangents, grads, operands, partials, reachable

OPERATIONS = [
    lambda x, y, z: -x,
    lambda x, y, z: x + y,
    lambda x, y, z: x - 2,
    lambda x, y, z: al.sum([x, y, z]),
    lambda x, y, z: al.where(1.0, y, z),
    lambda x, y, z: al.dot([x.detach(), y], [z, 1]),
    lambda x, y, z: al.dot([x, y, x], [1, -1, 1]),
]


@st.composite
def graphs(draw):
    """All the nodes of a random graph, the root last: integers only, so that sums are exact."""
    nodes = [Value(draw(st.integers(-3, 3))) for _ in range(draw(st.integers(1, 4)))]
    for _ in range(draw(st.integers(0, 25))):
        operands = [draw(st.sampled_from(nodes)) for _ in range(3)]
        nodes.append(draw(st.sampled_from(OPERATIONS))(*operands))
    return nodes


@given(graphs())
def test_each_node_once_users_first_root_first(nodes):
    root = nodes[-1]
    order = topological_order(root)
    place = {node: i for i, node in enumerate(order)}
    assert order[0] is root
    assert len(place) == len(order)
    for node in order:
        assert all(place[node] < place[parent] for parent in node.parents)
    reachable = {parent for node in order for parent in node.parents} | {root}
    assert set(order) == reachable


@given(graphs())
def test_the_order_repeats(nodes):
    first, second = topological_order(nodes[-1]), topological_order(nodes[-1])
    assert all(x is y for x, y in zip(first, second, strict=True))


@given(graphs())
def test_backward_sums_over_all_paths(nodes):
    """Against forward mode: d node / d x, for each leaf x in turn, from the oldest node on."""
    root = nodes[-1]
    root.backward()
    order = topological_order(root)[::-1]
    for x in order:
        if not x.is_leaf:
            continue
        tangents = {}
        for node in order:
            along = sum(
                partial * tangents[parent]
                for parent, partial in zip(node.parents, node.partials, strict=True)
            )
            tangents[node] = 1.0 if node is x else along
        assert x.grad == tangents[root]


@given(graphs())
def test_nodes_beside_the_root_are_left_alone(nodes):
    root = nodes[-1]
    root.backward()
    for node in set(nodes) - set(topological_order(root)):
        assert node.grad == 0.0


def test_a_leaf_is_its_own_order():
    x = Value(1.0)
    assert topological_order(x) == [x]


def test_what_is_no_value_has_no_order():
    with pytest.raises(TypeError, match="topological_order: expected a Value, not float"):
        topological_order(1.0)


# ------------------------------------------------------------------ derivatives along a graph


@given(graphs())
def test_cotangents_are_what_backward_gives_from_zero(nodes):
    order = topological_order(nodes[-1])
    found = cotangents(order)
    assert all(node.grad == 0.0 for node in order)
    nodes[-1].backward()
    assert found == grads(order)


def test_reachable_is_all_of_the_order():
    x = Value(3.0)
    root = x * x + x.exp()
    assert reachable(root) == set(topological_order(root))


def test_partials_written_by_hand_are_measured_and_leave_no_trace():
    x, y = Value(3.0), Value(5.0)
    x.grad, y.grad = 0.5, 0.25

    def backward():
        x.grad += 10 * out.grad
        y.grad += 3 * out.grad

    out = Value(15.0, (x, y, x), "by hand")
    out._backward = backward
    out.grad = 7.0
    assert partials(out) == (10.0, 3.0, 0.0)  # of x, which appears twice, the sum comes first
    assert (x.grad, y.grad, out.grad) == (0.5, 0.25, 7.0)
    assert operands(out) == (x, y, x)


def test_a_cotangent_of_zero_stays_zero_through_an_infinite_partial():
    x = Value(0.0)
    assert cotangents(topological_order(x.sqrt() * 0.0))[x] == 0.0
