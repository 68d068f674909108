"""First derivatives: what a backward() by hand gets wrong only when it is used otherwise."""

import math

import pytest

import autograd_lite as al
from autograd_lite import Value
from autograd_lite.testing import GradientError, check_grad
from tests.support.mistakes import by_hand


@pytest.mark.parametrize(
    "factor",
    [
        lambda g: 1.0,
        abs,
        lambda g: g * g,
        lambda g: g if g > 0 else 0.0,
        lambda g: max(-1.0, min(1.0, g)),
    ],
)
def test_a_backward_that_is_not_linear_in_the_gradient_it_gets_fails(factor):
    def square(x):
        out = Value(x.data**2, (x,), "square")

        def backward():
            x.grad += 2 * x.data * factor(out.grad)

        out._backward = backward
        return out

    with pytest.raises(GradientError, match=r"must multiply by out\.grad") as caught:
        check_grad(square, 1.5)
    assert caught.value.fault.node.data == 1.5
    assert "when the result's own gradient is -1024" in str(caught.value)
    with pytest.raises(GradientError):
        check_grad(lambda x: [square(x), square(x + 1.0)], 1.5)


def test_an_assignment_to_the_gradient_of_an_inner_node_fails():
    def square(x):
        out = Value(x.data**2, (x,), "square")

        def backward():
            x.grad = 2 * x.data * out.grad

        out._backward = backward
        return out

    with pytest.raises(GradientError, match="made by hand has another user") as caught:
        check_grad(lambda x: 3 * square(al.tanh(x)), 0.5)
    assert caught.value.fault.node._op == "tanh"
    assert check_grad(lambda x: by_hand(math.sin, math.cos)(al.tanh(x)), 0.5).compared == 1
