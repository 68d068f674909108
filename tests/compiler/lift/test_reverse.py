"""The instructions of the backward pass, and the order of their terms."""

import autograd_lite as ag
from autograd_lite import Value
from tests.support.lifting import Lifted


def test_a_copy_is_made_before_the_first_that_reads_it():
    """Of two terms of one cotangent, the one that was found later is computed first."""
    w = [[Value(0.5 + i - j) for i in range(3)] for j in range(3)]

    def function(x):
        return x[0] * w[1][0], sum(ag.dot(row, x) for row in w) + sum(x)

    assert Lifted(function, [Value(0.25), Value(1.25), Value(2.25)]).agrees()


W = [Value(0.5), Value(-1.5), Value(2.0)]


def test_the_gradient_of_a_leaf_that_is_not_used_is_zero():
    assert Lifted(lambda x, y: x * W[0], Value(2.0), Value(3.0)).agrees()
    assert Lifted(lambda x: x.detach() * 2, Value(2.0)).agrees()
