"""The function of a check: at inputs that it refuses, and one that is compiled."""

import pytest

import autograd_lite as al
from autograd_lite import Value
from autograd_lite.graph import cotangents, topological_order
from autograd_lite.testing import GradientError, check_grad
from tests.support.mistakes import wrong


@pytest.mark.parametrize("error", [ValueError, ZeroDivisionError])
def test_a_function_that_refuses_an_input_nearby_still_gets_its_report(error):
    def f(x):
        if x.data <= 1.0 - 1e-9:
            raise error("outside of the domain")
        return wrong(x)

    v = Value(1.0)
    with pytest.raises(GradientError) as caught:
        check_grad(f, v)
    assert caught.value.root.data == 1.0
    assert (v.data, v.grad) == (1.0, 0.0)


def test_the_node_within_a_compiled_function_is_named():
    @al.operation(lambda x, out: 3 * x)
    def tripled(x):
        return x * x

    def f(x):
        return al.exp(tripled(x)) * x

    compiled = al.compile(f)
    with pytest.raises(GradientError, match="f, compiled") as caught:
        check_grad(compiled, 0.5)
    assert caught.value.fault.node.rule.name == "tripled"


def test_looking_at_a_replayed_result_leaves_nothing_behind():
    f = al.compile(lambda x, y: (x * y, x + y))
    x, y = Value(2.0), Value(3.0)
    f(x, y)
    product, total = f(x, y)
    assert cotangents(topological_order(product * total))[x] == 21.0
    total.backward()
    assert (x.grad, y.grad) == (1.0, 1.0)
