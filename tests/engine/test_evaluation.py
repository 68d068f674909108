"""What a transform reads and leaves behind: Values from outside, levels, aux, no trace."""

import gc

import pytest

import autograd_lite as al
from autograd_lite import (
    Value,
    compile,
    grad,
    hessian,
    jacfwd,
    jacobian,
    jvp,
    linearize,
    no_grad,
    value_and_grad,
    vjp,
)
from autograd_lite.evaluation import Evaluation


def cubic(x):
    return x**3 - 2 * x


def square(x):
    return x * x


def test_aux():
    def f(x):
        return x**2, {"x": x, "name": "f", "list": [2 * x, 1]}

    assert grad(f, has_aux=True)(3.0) == (6.0, {"x": 3.0, "name": "f", "list": [6.0, 1]})
    assert value_and_grad(f, has_aux=True)(3.0)[0] == (
        9.0, {"x": 3.0, "name": "f", "list": [6.0, 1]}
    )  # fmt: skip
    y, pull, aux = vjp(f, 3.0, has_aux=True)
    assert (y, pull(1.0), aux["x"]) == (9.0, (6.0,), 3.0)
    assert jacfwd(f, has_aux=True)(3.0)[0] == 6.0


def test_keyword_arguments_are_passed_on():
    assert grad(lambda x, *, k: k * x)(2.0, k=7.0) == 7.0


def test_levels_are_not_confused():
    """Perturbations of one level are constants of the other (Siskind and Pearlmutter, 2005)."""
    assert grad(lambda x: x * grad(lambda y: x + y)(1.0))(3.0) == 1.0
    assert grad(lambda x: x * grad(lambda y: x * y)(x))(3.0) == 6.0
    assert grad(lambda x: grad(lambda y: x * y**2)(2.0))(3.0) == 4.0
    assert jvp(lambda x: x * jvp(lambda y: x + y, (1.0,), (1.0,))[1], (3.0,), (1.0,)) == (3.0, 1.0)
    assert grad(lambda x: grad(lambda y: y * y)(3.0))(2.0) == 0.0
    assert grad(lambda x: jvp(lambda y: y * x, (x,), (x,))[1])(3.0) == 6.0


def test_values_in_give_values_that_are_differentiable():
    x = Value(2.0)
    y = grad(cubic)(x)
    assert (type(y), y.data) == (Value, 10.0)
    y.backward()
    assert x.grad == 12.0
    found = grad(lambda xs: xs[0] * 3)([x, Value(1.0)])
    assert [type(g) for g in found] == [Value, Value]
    assert [g.data for g in found] == [3.0, 0.0]


def test_a_derivative_that_depends_on_a_value_from_outside_is_a_value():
    """Else a loss that has it in it would lose a part of its gradient without a word."""
    w = Value(2.0)
    found = grad(lambda x: w * x**2)(3.0)
    assert found.data == 12.0
    found.backward()
    assert w.grad == 6.0
    y, along = jvp(lambda x: w * x**2, (3.0,), (1.0,))
    assert (y.data, along.data, type(grad(lambda x: x * x)(3.0))) == (18.0, 12.0, float)


def test_what_is_detached_in_the_function_is_a_constant():
    """A leaf that was detached before is a Value as others."""
    w = Value(5.0)
    for f, number, slope in (
        (lambda x: x.detach() * x, 9.0, 3.0),
        (lambda x: 2 * x.detach(), 6.0, 0.0),
        (lambda x: x * w.detach(), 15.0, 5.0),
    ):
        found = [*value_and_grad(f)(3.0), *jvp(f, (3.0,), (1.0,)), *linearize(f, 3.0)[:1]]
        assert found == [number, slope, number, slope, number]
        assert {*map(type, found)} == {float}
        assert compile(grad(f))(3.0) == jacobian(f)(3.0) == slope
    assert grad(lambda x: (x * x, {"a": x.detach()}), has_aux=True)(3.0) == (6.0, {"a": 3.0})
    assert grad(grad(lambda x: x.detach() * x * x))(3.0) == 6.0
    before = w.detach()
    found = grad(lambda x: x * before)(3.0)
    found.backward()
    assert (found.data, before.grad, w.grad) == (5.0, 1.0, 0.0)


def test_within_no_grad_there_are_derivatives_but_nothing_depends_on_values():
    w = Value(2.0)
    with no_grad():
        assert grad(lambda x: w.data * x**2)(3.0) == 12.0
        assert value_and_grad(lambda x: w * x**2)(3.0) == (18.0, 12.0)
        assert grad(grad(cubic))(2.0) == 12.0
        found = grad(cubic)(w)
        assert (type(found), found.data, found.parents) == (Value, 10.0, ())
        assert hessian(lambda x: x[0] * x[1])([1.0, 2.0]) == [[0.0, 1.0], [1.0, 0.0]]
        y, pull = vjp(lambda x, y: x * y, 2.0, 3.0)
        assert (y, pull(1.0)) == (6.0, (3.0, 2.0))
    assert pull(1.0) == (3.0, 2.0)
    _, pull = vjp(cubic, 2.0)
    with no_grad():
        assert pull(1.0) == (10.0,)


def test_a_value_that_does_not_depend_on_the_argument_depends_on_others():
    assert grad(lambda a: value_and_grad(lambda x: a * a)(1.0)[0])(3.0) == 6.0
    w = Value(0.6)
    for f in (lambda x: w * w, lambda x: w * w if x < 2 else w * w * x):
        found, slope = value_and_grad(f)(1.0)
        w.grad = 0.0
        found.backward()
        assert (found.data, w.grad, slope) == (0.36, 1.2, 0.0)
    assert value_and_grad(lambda x: (w * w, w), has_aux=True)(1.0)[0][0].data == 0.36


def test_no_gradient_is_touched():
    w, x = Value(2.0), Value(3.0)
    inner = w * x
    inner.backward()
    before = [v.grad for v in (w, x, inner)]
    grad(lambda y: inner * y * w)(5.0)
    vjp(lambda y: inner * y * w, 5.0)[1](1.0)
    with no_grad():
        grad(lambda y: inner * y * w)(5.0)
    assert [v.grad for v in (w, x, inner)] == before


def test_argnums_that_are_not_there():
    with pytest.raises(ValueError, match="argnums is 2, but square was called with 1 argument"):
        grad(square, 2)(1.0)
    with pytest.raises(ValueError, match="names argument 1 twice"):
        grad(lambda x, y: x * y, (1, -1))(1.0, 2.0)


def test_an_exception_leaves_nothing_behind():
    w = Value(2.0)

    def fails(x):
        w * x
        raise KeyError("mine")

    for transform in (grad, jacfwd, value_and_grad, hessian):
        with pytest.raises(KeyError, match="mine"):
            transform(fails)(1.0)
    assert not al.observers.active()
    assert grad(lambda x: x * x)(3.0) == 6.0

    def fails_backward(x):
        out = Value(1.0, (x, w), "by hand")

        def _backward():
            w.grad += 1.0
            raise KeyError("mine")

        out._backward = _backward
        return out

    w.grad = 5.0
    with pytest.raises(KeyError, match="mine"):
        grad(fails_backward)(1.0)
    assert w.grad == 5.0


def test_nothing_is_kept_alive():
    gc.collect()
    before = len([x for x in gc.get_objects() if isinstance(x, Evaluation)])
    for _ in range(3):
        hessian(lambda x: x[0] * x[1])([1.0, 2.0])
    gc.collect()
    assert len([x for x in gc.get_objects() if isinstance(x, Evaluation)]) == before


def test_a_deep_graph():
    def f(x):
        for _ in range(20_000):
            x = x + 0.5 * x * 1e-4
        return x

    expected = (1 + 0.5e-4) ** 20_000
    assert grad(f)(1.0) == pytest.approx(expected, rel=1e-9)
    assert grad(lambda x: grad(f)(x) * x)(1.0) == pytest.approx(expected, rel=1e-9)


def test_gradients_that_the_function_has_left_are_not_added():
    """Those of its inputs, too."""
    w = Value(3.0)

    def f(x):
        loss = w * x * x
        loss.backward()
        return loss

    value, slope = value_and_grad(f)(2.0)
    assert (value.data, slope.data, w.grad) == (12.0, 12.0, 4.0)
