"""Transforms: what they give and in which structure, to any order, and how they fail."""

import contextlib
import math

import numpy as np
import pytest

import autograd_lite as al
import nn
from autograd_lite import (
    Value,
    compile,
    grad,
    hessian,
    hvp,
    jacfwd,
    jacobian,
    jacrev,
    jvp,
    linearize,
    no_grad,
    pullback,
    value_and_grad,
    vjp,
    vmap,
)

APPROX = {"rel": 1e-12, "abs": 1e-14}


def cubic(x):
    return x**3 - 2 * x


# ------------------------------------------------------------------------------------- products


def test_what_does_not_depend_on_it_has_the_derivative_0():
    assert grad(lambda x: 3.0)(2.0) == 0.0
    assert grad(lambda x, y: y, (0, 1))(2.0, 3.0) == (0.0, 1.0)
    assert jvp(lambda x: [x, 5], (2.0,), (1.0,)) == ([2.0, 5], [1.0, 0.0])
    assert grad(lambda x: x)(2.0) == 1.0
    assert hessian(lambda x: 3 * x[0])([1.0, 2.0]) == [[0.0, 0.0], [0.0, 0.0]]


def test_products():
    def f(x, y):
        return [al.sin(x) * y, x + y]

    sine, cosine = math.sin(2.0), math.cos(2.0)
    y, dy = jvp(f, (2.0, 3.0), (1.0, 0.5))
    assert y == pytest.approx([sine * 3, 5.0])
    assert dy == pytest.approx([3 * cosine + 0.5 * sine, 1.5])
    y, along = linearize(f, 2.0, 3.0)
    assert along(1.0, 0.5) == dy
    assert along(0.0, 1.0) == pytest.approx([sine, 1.0])
    y, pull = vjp(f, 2.0, 3.0)
    assert pull([1.0, 0.0]) == pytest.approx((3 * cosine, sine))
    assert pull([0.0, 2.0]) == (2.0, 2.0)
    assert hvp(lambda x: x[0] ** 2 * x[1], ([2.0, 3.0],), ([1.0, 0.0],)) == [6.0, 4.0]
    assert hvp(lambda x, y: x**2 * y, (2.0, 3.0), (1.0, 0.0)) == (6.0, 4.0)
    x = np.array([2.0, 3.0])
    assert hvp(lambda x: x[0] ** 2 * x[1], (x,), (x,)).tolist() == [24.0, 8.0]


# ------------------------------------------------------------------------------------- orders


def test_to_any_order():
    f, expected = lambda x: al.exp(2 * x), math.exp(1.0)
    for order in range(6):
        assert f(0.5) == pytest.approx(2**order * expected, rel=1e-13)
        f = grad(f)


@pytest.mark.parametrize("modes", ["ff", "fr", "rf", "rr"])
def test_modes_nest(modes):
    def derivative(f, mode):
        return grad(f) if mode == "r" else lambda x: jvp(f, (x,), (1.0,))[1]

    f = lambda x: al.tanh(x) * x  # noqa: E731
    for mode in modes:
        f = derivative(f, mode)
    t = math.tanh(0.7)
    slope = 1 - t * t
    assert f(0.7) == pytest.approx(2 * slope - 2 * 0.7 * t * slope, **APPROX)


def test_a_derivative_that_is_always_0_is_no_value_of_its_own():
    """Within another transform, by an argument on which nothing depends."""
    f = lambda x, y: y**2  # noqa: E731
    assert jacrev(grad(f, (0, 1)), (0, 1))(1.0, 2.0) == ((0.0, 0.0), (0.0, 2.0))
    assert grad(lambda x: grad(f, (0, 1))(x, x)[1])(3.0) == 2.0


def test_functions_that_linearize_and_vjp_give_are_differentiable():
    assert grad(lambda x: vjp(lambda y: y**3, x)[1](1.0)[0])(2.0) == 12.0
    assert grad(lambda c: vjp(lambda y: y**3, 2.0)[1](c)[0])(5.0) == 12.0
    assert grad(lambda t: linearize(lambda y: y**3, 2.0)[1](t))(5.0) == 12.0
    _, along = linearize(lambda y: y**3, 2.0)
    assert grad(along)(1.0) == 12.0


def test_where_0_times_infinity_is_avoided():
    """A cotangent of 0 stays 0 through the infinite slope of sqrt at 0, at every order."""
    f = lambda x: al.where(x > 0, al.sqrt(x), 2 * x)  # noqa: E731
    assert (grad(f)(0.0), grad(grad(f))(0.0)) == (2.0, 0.0)
    assert grad(lambda x: grad(lambda y: al.sqrt(y) * x)(0.0))(0.0) == math.inf


@pytest.mark.parametrize("x", [0.0, -1.0])
@pytest.mark.parametrize("singular", [al.sqrt, al.log, lambda x: 1 / x])
def test_the_arm_not_taken_sends_nothing_to_hessians_either(x, singular):
    """Forward over reverse: the cotangent 0 of the singular arm stays 0 though the partial goes to
    infinity infinitely fast.
    """
    f = lambda x: al.where(x > 0.5, singular(x), 2 * x)  # noqa: E731
    first, second, third = grad(f), hessian(f), grad(hessian(f))
    assert (first(x), second(x), third(x)) == (2.0, 0.0, 0.0)
    assert hvp(f, (x,), (3.0,)) == 0.0
    assert jacfwd(jacfwd(grad(f)))(x) == 0.0
    compiled = compile(second)
    assert [compiled(x) for _ in range(3)] == [0.0, 0.0, 0.0]
    assert hessian(f)(4.0) == pytest.approx(grad(grad(singular))(4.0), rel=1e-14)


# --------------------------------------------------------------- Values, from within and outside


def test_numpys_variance_in_a_derivative():
    x = np.array([1.0, 2.0, 4.0])
    assert grad(np.var)(x) == pytest.approx(2 * (x - x.mean()) / 3)
    assert compile(grad(np.std))(x) == pytest.approx((x - x.mean()) / 3 / x.std())
    assert hessian(np.var)(x) == pytest.approx(2 / 3 * (np.eye(3) - 1 / 3))


@pytest.mark.parametrize(
    "f",
    [
        lambda x, w: x[0] * x[0] * w,
        lambda x, w: x[0] * 2 + w,
        lambda x, w: x[0] * w if x[0] > 0 else x[1],
        lambda x, w: w * 2,
    ],
)
@pytest.mark.parametrize("x", [[1.0, 2.0], [Value(1.0), 2.0]])
def test_a_derivative_is_a_number_or_a_value_in_a_recording_as_without(f, x):
    w = Value(3.0)
    gradient = grad(lambda x: f(x, w))
    compiled = al.compile(gradient, check="always")
    for _ in range(3):
        for found, expected in zip(compiled(x), gradient(x), strict=True):
            assert repr(found) == repr(expected)
    assert compiled.recordings == 1


def test_a_derivative_that_is_a_parameter_is_a_node_of_its_own():
    w = Value(2.0)

    def line(x):
        return w * x

    found = [vjp(line, 5.0)[1](1.0)[0], jvp(line, (5.0,), (1.0,))[1], jacobian(line)(5.0)]
    for derivative in found:
        w.grad = 0.0
        derivative.backward()
        assert (derivative is w, derivative.data, w.grad) == (False, 2.0, 1.0)
    compiled = al.compile(grad(line), check="always")
    assert [compiled(x).data for x in (5.0, 6.0, 7.0)] == [2.0] * 3
    assert compiled.recordings == 1


@pytest.mark.parametrize(
    "derivative",
    [
        grad(lambda x: 2 * x),
        lambda x: jvp(lambda x: 2 * x, (x,), (1.0,))[1],
        lambda x: vjp(lambda x: 2 * x, x)[1](1.0)[0],
        jacobian(lambda x: 2 * x),
    ],
    ids=["grad", "jvp", "vjp", "jacobian"],
)
def test_a_derivative_that_is_an_int_of_the_function_is_a_float(derivative):
    for transform in (derivative, al.compile(derivative, check="always")):
        assert [repr(transform(x)) for x in (1.0, 2.0, 3.0)] == ["2.0"] * 3
    gradient = al.compile(grad(lambda x: (2 * x).sum()), check="always")
    assert [gradient(np.ones(2)).dtype for _ in range(2)] == [np.float64] * 2


def test_a_gradient_with_values_that_have_changed_has_no_derivative():
    x, w = Value(2.0), Value(3.0)
    found = grad(lambda x: x * x * w * w)(x)
    w.data = 5.0
    with pytest.raises(RuntimeError, match=r"read a Value of 3 that is 5 now.*after backward"):
        found.backward()
    with pytest.raises(RuntimeError, match="read a Value of 3 that is 5 now"):
        pullback(found, 1.0, x)
    w.data = 3.0
    found.backward()
    assert (x.grad, w.grad) == (18.0, 24.0)


def test_pullback_stands_where_pytorch_has_autograd_grad():
    x, y = Value(2.0), Value(3.0)
    z = x**2 * y
    dx, dy = pullback(z, 1.0, (x, y))
    assert (dx.data, dy.data) == (12.0, 4.0)
    assert [g.data for g in pullback([dx], [1.0], [x, y])] == [6.0, 4.0]
    assert pullback([z, x], [1.0, 2.0], {"x": x})["x"].data == 14.0
    assert pullback(z, 1.0, [Value(1.0)]) == [0.0]
    assert x.grad == 0.0


def test_pullback_cuts_the_graph_at_its_inputs():
    theta = Value(3.0)
    x = theta**2
    z = x * theta
    by_x, by_theta = pullback(z, 1.0, [x, theta])
    assert (by_x.data, by_theta.data) == (3.0, 9.0)


# ----------------------------------------------------------------------- operations of the user's


@al.operation(lambda x, out: 3 * x**2 if x > 0 else 0.0 * x)
def cube_above_0(x):
    return x**3 if x > 0 else 0.0


@al.operation(lambda x, y, out: (y * al.cos(x * y), x * al.cos(x * y)))
def sine_of_product(x, y):
    return math.sin(x * y)


@al.operation(lambda a, b, c, d, out: (b, a, d, c))
def two_products(a, b, c, d):
    return a * b + c * d


@al.operation(lambda x, out: math.cos(x))
def sine_by_math(x):
    return math.sin(x)


def test_partials_that_are_written_with_functions_of_this_module_are_differentiable():
    f = cube_above_0
    found = []
    for _ in range(4):
        f = grad(f)
        found.append((f(2.0), f(-2.0)))
    assert found == [(12.0, 0.0), (12.0, 0.0), (6.0, 0.0), (0.0, 0.0)]
    third = grad(grad(grad(sine_of_product), 1), 0)(0.7, 1.3)
    expected = grad(grad(grad(lambda x, y: al.sin(x * y)), 1), 0)(0.7, 1.3)
    assert third == pytest.approx(expected, **APPROX)
    assert hessian(lambda v: two_products(*v))([1.0, 2.0, 3.0, 4.0])[0] == [0.0, 1.0, 0.0, 0.0]


def test_a_decision_in_partials_is_taken_anew_in_a_compiled_derivative():
    f = compile(grad(grad(cube_above_0)))
    assert [f(x) for x in (2.0, -2.0, 3.0, -1.0, 1.0)] == [12.0, 0.0, 18.0, 0.0, 6.0]
    assert f.recordings == 1


def test_partials_of_floats_are_an_error_that_says_what_to_write():
    assert grad(sine_by_math)(1.0) == math.cos(1.0)
    with pytest.raises(TypeError, match=r"sine_by_math: its partials .* exp for math\.exp"):
        grad(grad(sine_by_math))(1.0)


def test_a_backward_by_hand_has_a_gradient_but_no_second_derivative():
    def f(x):
        out = Value(x.data**2, (x,), "by hand")

        def _backward():
            x.grad += 2 * x.data * out.grad

        out._backward = _backward
        return out * 3

    assert grad(f)(5.0) == 30.0
    with pytest.raises(TypeError, match=r"'?by hand'? was made by hand.*@autograd_lite\.operation"):
        hessian(f)(5.0)


# ---------------------------------------------------------------------------- compile and vmap


@pytest.mark.parametrize("name", ["grad", "second", "jvp", "hessian", "hvp", "vjp", "values"])
def test_inside_compile(name):
    def f(x):
        return al.sin(x[0]) * x[1] ** 2 + al.where(x[0] > x[1], x[0] ** 3, al.relu(x[1]) ** 2)

    function = {
        "grad": grad(f),
        "second": grad(lambda x: al.sum(grad(f)(x))),
        "jvp": lambda x: jvp(f, (x,), ([1.0, 0.5],))[1],
        "hessian": hessian(f),
        "hvp": lambda x: hvp(f, (x,), ([1.0, 0.5],)),
        "vjp": lambda x: vjp(lambda x: [f(x), x[0]], x)[1]([2.0, 1.0]),
        "values": lambda x: value_and_grad(f)(x),
    }[name]
    compiled = compile(function, check="always")
    for x in ([0.3, 0.7], [0.9, -0.2], [1.1, 2.0], [0.1, 0.4]):
        expected, found = function(x), compiled(x)
        assert np.ravel(_flat(found)) == pytest.approx(np.ravel(_flat(expected)), rel=1e-13)
        assert {*map(type, _flat(found))} == {float}
    assert compiled.recordings == 1


def _flat(x):
    return [leaf for part in x for leaf in _flat(part)] if isinstance(x, (list, tuple)) else [x]


def test_compiled_with_parameters_and_trained_through():
    """A gradient in a loss: what backward() gives is the derivative of the derivative."""
    w = Value(0.7)

    def loss(xs):
        slopes = [grad(lambda x: al.tanh(w * x) * w)(x) for x in xs]
        return al.mean([(s - 1.0) ** 2 for s in slopes])

    xs = [0.1, 0.5, -0.3]
    loss(xs).backward()
    expected, w.grad = w.grad, 0.0
    h = 1e-6
    w.data = 0.7 + h
    above = loss(xs).data
    w.data = 0.7 - h
    below = loss(xs).data
    w.data = 0.7
    assert expected == pytest.approx((above - below) / (2 * h), rel=1e-8)
    compiled = compile(loss)
    for _ in range(4):
        w.grad = 0.0
        compiled(xs).backward()
        assert w.grad == pytest.approx(expected, rel=1e-12)


def test_of_compiled_functions():
    w = Value(2.0)
    f = compile(lambda x: al.sin(x) * x)
    g = compile(lambda x: w * x**2)
    for _ in range(4):
        assert grad(f)(0.7) == pytest.approx(math.cos(0.7) * 0.7 + math.sin(0.7))
        assert grad(grad(f))(0.7) == pytest.approx(2 * math.cos(0.7) - math.sin(0.7) * 0.7)
        assert jvp(f, (0.7,), (1.0,))[1] == pytest.approx(grad(f)(0.7))
        assert hessian(lambda x: f(x[0]) * x[1])([0.7, 2.0])[0][1] == pytest.approx(grad(f)(0.7))
        found = grad(g)(3.0)
        w.grad = 0.0
        found.backward()
        assert (found.data, w.grad) == (12.0, 6.0)
    x = Value(3.0)
    dx, dw = pullback(g(x), 1.0, (x, w))
    assert [v.data for v in (dx, dw, *pullback(dx, 1.0, (x, w)))] == [12.0, 9.0, 4.0, 6.0]


def test_under_vmap_and_of_vmap():
    xs = [0.1, 0.5, -0.3]
    batched = vmap(cubic)
    for _ in range(3):
        assert vmap(grad(cubic))(xs) == pytest.approx([3 * x**2 - 2 for x in xs])
        assert vmap(grad(grad(cubic)))(np.array(xs)) == pytest.approx([6 * x for x in xs])
        assert grad(lambda xs: al.sum(batched(xs)))(xs) == pytest.approx([3 * x**2 - 2 for x in xs])
        rows = jacfwd(batched)(xs)
        assert np.array(rows) == pytest.approx(np.diag([3 * x**2 - 2 for x in xs]))


def test_arrays_inside_compile():
    f = lambda x: np.sin(x).sum() * x[0]  # noqa: E731
    compiled = compile(grad(f))
    for x in (np.array([0.1, 0.2]), np.array([1.0, -0.2]), np.array([0.3, 0.5])):
        found = compiled(x)
        assert (type(found), found.dtype) == (np.ndarray, float)
        assert found == pytest.approx(grad(f)(x), rel=1e-13)
    assert compiled.recordings == 1


def test_within_no_grad_inside_compile():
    """The numbers of other calls, not those of the recording."""
    w = Value(2.0)

    @compile
    def f(x, v):
        with no_grad():
            slopes = grad(lambda x: w * x**2)(x), grad(lambda u: u**3 * x)(v)
        return slopes[0] * v, slopes[1] * v

    for x, v in ((3.0, 1.0), (4.0, 2.0), (5.0, 3.0), (6.0, 4.0)):
        v = Value(v)
        first, second = f(x, v)
        assert (first.data, second.data) == (4 * x * v.data, 3 * v.data**3 * x)
        first.backward()
        assert v.grad == 4 * x
    assert f.recordings == 1


def test_take_and_largest_in_a_compiled_derivative():
    table = [0.5, 2.0, -1.0]

    def f(xs, i):
        return al.take(xs, i) ** 3 + al.largest(xs) ** 2 + al.logsumexp(xs)

    compiled = compile(lambda xs, i: hessian(lambda xs: f(xs, i))(xs))
    for i in (0, 1, 2, 0, 1):
        expected = hessian(lambda xs, i=i: f(xs, i))(table)
        assert np.array(compiled(table, i)) == pytest.approx(np.array(expected), **APPROX)
    assert compiled.recordings <= 2


# ------------------------------------------------------------------------------------- modules


def network():
    return nn.Sequential(nn.Linear(2, 3, rng=0), nn.Tanh(), nn.Linear(3, 1, rng=1))


X, Y = [[1.0, 2.0], [0.5, -1.0]], [[1.0], [0.0]]


def mse(model, xs, ys):
    return nn.mse_loss(model(xs), ys)


def test_the_gradient_by_a_module_is_a_module_like_it():
    model = network()
    mse(model, X, Y).backward()
    expected = [p.grad for p in model.parameters()]
    for f in (mse, compile(mse)):
        found = grad(f)(model, X, Y)
        assert type(found) is nn.Sequential
        names = [name for name, _ in model.named_parameters()]
        assert [name for name, _ in found.named_parameters()] == names
        assert [g.data for g in found.parameters()] == pytest.approx(expected, rel=1e-13)
        with no_grad():
            numbers = grad(f)(model, X, Y)
        assert all(g.is_leaf for g in numbers.parameters())
        assert [g.data for g in numbers.parameters()] == pytest.approx(expected, rel=1e-13)
    assert [p.grad for p in model.parameters()] == expected


def test_a_hessian_vector_product_of_a_network():
    model = network()
    v = network()
    found = [g.data for g in hvp(lambda m: mse(m, X, Y), (model,), (v,)).parameters()]
    h, numbers = 1e-5, [p.data for p in model.parameters()]

    def gradient_at(step):
        for p, x, t in zip(model.parameters(), numbers, v.parameters(), strict=True):
            p.data = x + step * t.data
        with no_grad():
            return np.array([g.data for g in grad(mse)(model, X, Y).parameters()])

    assert found == pytest.approx((gradient_at(h) - gradient_at(-h)) / (2 * h), rel=1e-7, abs=1e-9)


def test_buffers_and_generators_of_a_module_are_its_own():
    model = nn.Sequential(nn.BatchNorm1d(2), nn.Linear(2, 1, rng=0))
    before = model.state_dict()["0.running_mean"]
    with no_grad():
        grad(mse)(model, X, Y)
    assert model.state_dict()["0.running_mean"] != before


# ------------------------------------------------------------- numbers and Values in recordings


@pytest.mark.parametrize("x", [np.array([0.7, 0.4]), [0.7, 0.4]])
def test_a_constant_derivative_is_of_numbers_in_a_recording_too(x):
    compiled = compile(grad(lambda x: x[1] * 1.0))
    found = [compiled(x) for _ in range(4)]
    assert {type(g) for g in found} == {type(x)}
    assert [list(map(float, g)) for g in found] == [[0.0, 1.0]] * 4
    assert all(type(n) in (float, np.float64) for g in found for n in g)


@pytest.mark.parametrize(
    "f",
    [
        lambda x, y: grad(lambda z: z * grad(al.square)(x))(y),
        lambda x, y: jvp(lambda z: z * z * jvp(al.sin, (x,), (y,))[1], (x,), (1.0,))[1],
        lambda x, y: hessian(lambda z: z**3 * vjp(al.exp, x)[1](y)[0])(y),
    ],
)
def test_a_derivative_within_another_is_a_number_in_a_recording_too(f):
    compiled = compile(f)
    found = [compiled(0.7, 0.4) for _ in range(4)]
    assert [type(g) for g in found] == [float] * 4
    assert found == [f(0.7, 0.4)] * 4


def test_all_derivatives_of_what_depends_on_a_value_are_values():
    """Also those that are constants, so that a recording and a call give the same."""
    w = Value(0.5)

    def f(x):
        return [x[0] * w, x[1] + w]

    for derivative in (jacrev(f), jacfwd(f), lambda x: jvp(f, (x,), ([1.0, 2.0],))[1]):
        compiled = compile(derivative)
        for _ in range(4):
            for found in (derivative([2.0, 3.0]), compiled([2.0, 3.0])):
                flat = [n for row in found for n in (row if isinstance(row, list) else [row])]
                assert [type(n) for n in flat] == [Value] * len(flat)
    compiled = compile(hessian(lambda x: x[0] + w))
    assert [compiled([1.0, 2.0]) for _ in range(3)] == [[[0.0, 0.0], [0.0, 0.0]]] * 3


def of_a_model(model, xs):
    return al.mean([model(x) ** 2 for x in xs])


def through_its_gradient(derivative, model, xs):
    """The sum of squares of a gradient that is a module, and its gradient."""
    for p in model.parameters():
        p.grad = 0.0
    total = al.sum([g * g for g in derivative(model, xs).parameters()])
    total.backward()
    return total.data, [p.grad for p in model.parameters()]


@pytest.mark.parametrize("transform", [lambda f: f, compile, lambda f: compile(f, check="always")])
def test_a_gradient_that_is_a_module_is_differentiated_further(transform):
    model, xs = nn.MLP(2, [3, 1], activation="tanh", rng=0), [[1.0, 2.0], [-0.5, 0.3]]
    derivative = transform(grad(of_a_model))
    for _ in range(4):
        _, found = through_its_gradient(derivative, model, xs)
        for p, g in zip(model.parameters(), found, strict=True):
            x, totals = p.data, []
            for h in (-1e-5, 1e-5):
                p.data = x + h
                totals.append(through_its_gradient(grad(of_a_model), model, xs)[0])
            p.data = x
            assert g == pytest.approx((totals[1] - totals[0]) / 2e-5, rel=1e-6, abs=1e-8)
        assert max(map(abs, found)) > 0.1


def test_compiled_a_model_is_trained_by_gradients_that_are_modules():
    rng, losses = np.random.default_rng(0), {}
    compiled = compile(value_and_grad(of_a_model))
    batches = rng.normal(size=(20, 3, 2))
    for derivative in (value_and_grad(of_a_model), compiled):
        model, losses[derivative] = nn.MLP(2, [3, 1], activation="tanh", rng=0), []
        for xs in batches:
            y, gradient = derivative(model, xs)
            assert type(gradient) is nn.MLP
            losses[derivative].append(y.data)
            for p, g in zip(model.parameters(), gradient.parameters(), strict=True):
                assert type(g) is type(p)
                p.data -= 0.1 * g.data
    eager, replayed = losses.values()
    assert replayed == pytest.approx(eager, rel=1e-12)
    assert replayed[-1] < 0.5 * replayed[0]
    assert compiled.recordings <= 2  # one for each model


def test_a_batch_of_gradients_that_are_modules():
    model, xs = nn.MLP(2, [2, 1], activation="tanh", rng=0), [[1.0, 2.0], [-0.5, 0.3]]
    one = grad(lambda model, x: model(x) ** 2)
    batched = vmap(one, (None, 0))
    for _ in range(3):
        found = batched(model, xs)
        assert [type(g) for g in found] == [nn.MLP] * 2
        for g, x in zip(found, xs, strict=True):
            expected = [p.data for p in one(model, x).parameters()]
            assert [p.data for p in g.parameters()] == pytest.approx(expected, rel=1e-12)
    assert batched.recordings == 1


# ------------------------------------------------------------------------ of compiled functions


def rosenbrock(x, scale=100.0):
    return sum(scale * (x[i + 1] - x[i] ** 2) ** 2 + (1 - x[i]) ** 2 for i in range(len(x) - 1))


def count_values(monkeypatch):
    """A list that grows with each Value that is made as an input of a transform."""
    from autograd_lite import evaluation

    made, fresh = [], evaluation._fresh
    monkeypatch.setattr(evaluation, "_fresh", lambda *args: made.append(args) or fresh(*args))
    return made


@pytest.mark.parametrize("within", [no_grad, lambda: contextlib.nullcontext()])
def test_arrays_of_a_compiled_function_never_become_values(monkeypatch, within):
    f, x = compile(rosenbrock), np.linspace(0.5, 1.5, 6)
    both, gradient = value_and_grad(f), grad(f)
    expected = value_and_grad(rosenbrock)(x)
    with within():
        for _ in range(4):  # the last of them is checked
            both(x)
            gradient(x)
        made = count_values(monkeypatch)
        y, found = both(x + 0.0)
        assert gradient(x).tolist() == found.tolist()
    assert made == []
    assert type(y) is type(expected[0])
    assert y == pytest.approx(expected[0], **APPROX)
    assert (type(found), found.dtype, found.shape) == (np.ndarray, np.float64, (6,))
    assert found == pytest.approx(expected[1], **APPROX)


def test_arguments_of_a_compiled_function_besides_arrays():
    f, x = compile(rosenbrock), np.array([0.5, 0.7])
    for args, argnums in (((x, 10.0), 0), ((x, 10.0), (0, 1)), ((x, 7), 0)):
        found = value_and_grad(f, argnums)(*args)
        expected = value_and_grad(rosenbrock, argnums)(*args)
        assert found[0] == pytest.approx(expected[0])
        for ours, theirs in zip(found[1], expected[1], strict=True):
            assert np.array(ours) == pytest.approx(np.array(theirs))


def test_a_compiled_function_of_values_from_outside():
    w = Value(3.0)
    f = compile(lambda x: w * (x * x).sum())
    for _ in range(3):
        w.grad = 0.0
        y, (first, second) = value_and_grad(f)(np.array([1.0, 2.0]))
        (y + first * second).backward()
        assert (y.data, first.data, second.data) == (15.0, 6.0, 12.0)
        assert w.grad == 5.0 + 2 * 3.0 * 2.0 * 4.0


def test_second_derivatives_of_a_compiled_function_of_arrays():
    f, x = compile(rosenbrock), np.array([0.5, 0.7, 0.9])
    found = grad(lambda x: grad(f)(x)[1])(x)
    assert found == pytest.approx(hessian(rosenbrock)(x)[1], **APPROX)
    assert hessian(f)(x) == pytest.approx(hessian(rosenbrock)(x), **APPROX)
    fixed = grad(lambda a: a * grad(f)(x)[0])(2.0)
    assert fixed == pytest.approx(grad(rosenbrock)(x)[0])


def test_the_gradient_of_a_batched_function_is_an_error():
    f = vmap(lambda x: x * x)
    with pytest.raises(TypeError, match="only a single number has a gradient"):
        grad(f)(np.array([1.0, 2.0]))


def test_a_gradient_that_is_made_anew_is_recorded_once(monkeypatch):
    f, x = compile(rosenbrock), np.array([0.5, 0.7])
    for _ in range(4):
        value_and_grad(f)(x)
    made = count_values(monkeypatch)
    value_and_grad(f)(x)
    assert made == []


def test_errors_of_a_compiled_function_of_arrays():
    f = compile(lambda x: x * 2.0)
    for _ in range(3):
        with pytest.raises(TypeError, match=r"^grad: <lambda> gave .* only a single number"):
            grad(f)(np.array([1.0, 2.0]))
