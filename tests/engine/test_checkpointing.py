"""`checkpoint`, whose nodes are made again."""

import numpy as np
import pytest

import autograd_lite as ag
from autograd_lite import Value, compile, sin, tanh
from autograd_lite.derivatives import grad, jvp
from autograd_lite.leaves import number
from autograd_lite.loops import checkpoint


def test_checkpoint_keeps_no_nodes():
    x, w = Value(0.5), Value(1.5)

    def layer(x):
        for _ in range(50):
            x = tanh(w * x + 0.1)
        return x

    y = checkpoint(layer)(checkpoint(layer)(x) * 2)
    assert len(ag.topological_order(y)) < 10
    y.backward()
    found = x.grad, w.grad
    x.grad = w.grad = 0.0
    z = layer(layer(x) * 2)
    z.backward()
    assert y.data == z.data
    assert found == pytest.approx((x.grad, w.grad), rel=1e-12)


def test_second_derivatives_of_checkpoint():
    w = Value(0.5)
    f = checkpoint(lambda x: sin(x * x * w))
    assert number(grad(grad(f))(0.7)) == pytest.approx(
        grad(grad(lambda x: sin(x * x * 0.5)))(0.7), rel=1e-13
    )


def test_a_value_that_checkpoint_is_passed_twice_counts_once():
    f = checkpoint(lambda x, y: x * x * y)
    assert grad(grad(lambda a: f(a, a)))(2.0) == 12.0
    assert jvp(lambda a: f(a, a), (2.0,), (1.0,)) == (8.0, 12.0)
    assert grad(grad(lambda a: checkpoint(lambda x: x * x * a)(a)))(2.0) == 12.0


def test_checkpoint_of_containers_and_numbers():
    f = checkpoint(lambda p, k: {"a": p[0] * k, "b": [p[1] ** 2, 3.0]})
    p = [Value(2.0), Value(3.0)]
    found = f(p, 5.0)
    (found["a"] + found["b"][0]).backward()
    assert (found["a"].data, found["b"][0].data) == (10.0, 9.0)
    assert [x.grad for x in p] == [5.0, 6.0]
    assert type(found["b"][1]) is float
    assert f([2.0, 3.0], 5.0) == {"a": 10.0, "b": [9.0, 3.0]}


def test_checkpoint_passes_what_is_no_value_as_it_is():
    """An int that counts, a name, an array of ints that are indices."""

    def f(x, n, how, table, order):
        assert type(n) is int
        y = sum(x[k] * table[k] for k in order) if how == "sum" else None
        for _ in range(n):
            y = y * y
        return y

    def at(a, function):
        x, table = [a, 3.0], np.array([a * 2, 5.0], object)
        return function(x, 2, "sum", table, np.array([1, 0]))

    again = checkpoint(f)
    for derivative in (lambda f: f, grad, lambda f: grad(grad(f))):
        expected = derivative(lambda a: at(a, f))(0.7)
        assert derivative(lambda a: at(a, again))(0.7) == pytest.approx(expected, rel=1e-13)


def test_checkpoint_of_keyword_arguments():
    x, w = Value(2.0), Value(3.0)
    checkpoint(lambda x, w, k=1.0: x * w * k)(x, w=w, k=5.0).backward()
    assert (x.grad, w.grad) == (15.0, 10.0)


def test_checkpoint_in_a_compiled_function_is_the_function():
    f = compile(checkpoint(lambda x: x * x))
    assert [f(x) for x in (1.0, 2.0, 3.0)] == [1.0, 4.0, 9.0]
    assert "run by" in f.explain()


def test_checkpoint_of_a_function_that_gives_other_numbers():
    w = Value(2.0)
    y = checkpoint(lambda x: x * w)(Value(3.0))
    w.data = 5.0
    with pytest.raises(RuntimeError, match=r"gave 6.0, and 15.0 when it was called again"):
        y.backward()
