"""backward(): every edge counts once, a pass stands alone, and leaves accumulate."""

from math import inf, nan

import pytest

import autograd_lite as al
from autograd_lite import Value


def grads(root, *leaves):
    root.backward()
    return [leaf.grad for leaf in leaves]


class TestFanOut:
    def test_a_sum_with_itself_has_two_edges(self):
        a = Value(1.0)
        b = a + a
        c = b + b
        assert grads(c, a, b) == [4.0, 2.0]

    def test_a_product_with_itself_has_two_edges(self):
        x = Value(3.0)
        assert (x * x).parents == (x, x)
        assert grads(x * x, x) == [6.0]

    def test_a_power_of_itself(self):
        x = Value(2.0)
        assert grads(x**x, x) == pytest.approx([4 * (1 + al.log(2.0))])

    @pytest.mark.parametrize(
        ("function", "grad"),
        [
            (lambda x: al.sum([x, x, x]), 3.0),
            (lambda x: al.dot([x, x], [x, 5.0]), 2 * 3.0 + 5.0),
            (lambda x: al.maximum(x, x), 1.0),
            (lambda x: al.clip(x, x, x), 1.0),
            (lambda x: al.where(x, x, x), 1.0),
            (lambda x: al.prod([x, x, x]), 27.0),
        ],
        ids=["sum", "dot", "maximum", "clip", "where", "prod"],
    )
    def test_an_operand_given_twice_gets_both_gradients(self, function, grad):
        x = Value(3.0)
        assert grads(function(x), x) == [grad]

    def test_a_diamond(self):
        x = Value(2.0)
        y = x * 3
        left, right = y * y, y + 1
        assert grads(left * right, y, x) == [12.0 * 7 + 36, 3 * (12.0 * 7 + 36)]

    def test_a_node_waits_for_a_user_that_lies_far_away(self):
        x = Value(1.0)
        y = near = x * 2
        for _ in range(10):
            near = near + 1
        assert grads(y * near, x) == [2 * (12 + 2)]


class TestManyPasses:
    def test_leaves_accumulate_and_interior_nodes_are_overwritten(self):
        x = Value(3.0)
        y = x * 2
        z = y * y
        z.backward()
        first = x.grad, y.grad, z.grad
        z.backward()
        assert first == (24.0, 12.0, 1.0)
        assert (x.grad, y.grad, z.grad) == (48.0, 12.0, 1.0)

    def test_two_results_add_up_on_their_leaves(self):
        x = Value(3.0)
        y = x * 2
        (y + 1).backward()
        (y * 10).backward()
        assert x.grad == 2 + 20
        assert y.grad == 10

    def test_the_gradient_of_a_leaf_starts_where_it_was_set(self):
        x = Value(3.0)
        x.grad = 100
        (x * 2).backward()
        assert x.grad == 102

    def test_an_interior_gradient_that_was_set_is_not_sent(self):
        x = Value(3.0)
        y = x * 2
        z = y * 5
        y.grad = z.grad = 1e9
        z.backward()
        assert (x.grad, y.grad, z.grad) == (10.0, 5.0, 1.0)

    def test_a_leaf_is_its_own_result(self):
        x = Value(3.0)
        x.backward()
        x.backward()
        assert x.grad == 2.0

    def test_from_the_middle_of_a_graph(self):
        x = Value(3.0)
        y = x * 2
        z = y * y
        y.backward()
        assert (x.grad, y.grad, z.grad) == (2.0, 1.0, 0.0)

    def test_a_graph_grows_after_a_pass(self):
        x = Value(3.0)
        y = x * 2
        y.backward()
        (y * 7).backward()
        assert x.grad == 2 + 14


class TestMutation:
    def test_partials_are_those_of_the_time_of_building(self):
        x, w = Value(3.0), Value(5.0)
        y = x * w
        z = al.dot([x, y], [w, 2.0])
        x.data, w.data, y.data = 100.0, 200.0, 300.0
        z.backward()
        assert (x.grad, w.grad) == (5.0 + 10.0, 3.0 + 6.0)

    def test_new_nodes_read_the_new_number(self):
        x = Value(3.0)
        x.data += 1
        assert (x * x).data == 16.0


class TestZeroCotangent:
    @pytest.mark.parametrize(
        "function",
        [
            lambda x: al.where(x > 0, al.log(x), 7.0),
            lambda x: al.where(x, al.log(x), 7.0),
            lambda x: al.maximum(x / x, 7.0) * 0.0 if x > 0 else al.sqrt(x) * 0.0,
            lambda x: al.dot([al.sqrt(x)], [0.0]),
            lambda x: al.sum([al.sqrt(x) * 0.0, 1.0]),
            lambda x: al.relu(x**0.5),
            lambda x: al.minimum(al.sqrt(x), -1.0),
        ],
    )
    def test_stays_zero_through_an_infinite_or_nan_partial(self, function):
        x = Value(0.0)
        function(x).backward()
        assert x.grad == 0.0

    @pytest.mark.parametrize("poison", [inf, nan])
    def test_of_one_user_leaves_the_gradient_of_another(self, poison):
        x = Value(1.0)
        y = al.dot([x], [poison])  # a partial that is no number
        assert grads(al.where(1.0, x * 3, y), x) == [3.0]

    def test_nan_is_not_zero(self):
        x = Value(2.0)
        assert grads(al.log(Value(-1.0)) * x, x) != [0.0]
        y = Value(2.0)
        ((y * 3) * nan).backward()
        assert y.grad != y.grad


def test_a_constant_takes_part_as_a_leaf():
    x = Value(3.0)
    y = x * 2
    _, two = y.parents
    assert (two.data, two.is_constant, two.is_leaf, x.is_constant) == (2.0, True, True, False)
    y.backward()
    assert two.grad == 3.0


def test_detach_cuts_the_graph():
    x = Value(3.0, label="x")
    y = x * x
    cut = y.detach()
    assert (cut.data, cut.is_leaf, cut.grad, cut is y) == (9.0, True, 0.0, False)
    (cut * x).backward()
    assert x.grad == 9.0
