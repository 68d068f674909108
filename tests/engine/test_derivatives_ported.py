"""Programs as they are written for JAX, of which only the import is another one.

The programs are those that JAX's documentation teaches transforms with, or the like. What they are
compared with is a closed form, or the number that the page named there prints.
"""

# ruff: noqa: N803, N806  the names are those of the programs

import math

# JAX: import jax.numpy as jnp; from jax import grad, jit, vmap, ...
import numpy as jnp
import numpy as np
import pytest

from autograd_lite import compile as jit
from autograd_lite import (
    erf,
    grad,
    hessian,
    jacfwd,
    jacrev,
    jvp,
    linearize,
    logsumexp,
    value_and_grad,
    vjp,
    vmap,
)

near = lambda x, rel=1e-12: pytest.approx(x, rel=rel, abs=1e-13)  # noqa: E731


def test_sum_of_logistics():
    """docs.jax.dev, Quickstart: [0.25 0.19661194 0.10499357]."""

    def sum_logistic(x):
        return jnp.sum(1.0 / (1.0 + jnp.exp(-x)))

    derivative_fn = grad(sum_logistic)
    assert derivative_fn(jnp.arange(3.0)) == near([0.25, 0.19661194, 0.10499357], 1e-6)


def test_derivatives_of_tanh():
    """docs.jax.dev, The Autodiff Cookbook: 0.070650816, -0.13621868, 0.25265405."""
    assert grad(jnp.tanh)(2.0) == near(0.070650816, 1e-6)
    assert grad(grad(jnp.tanh))(2.0) == near(-0.13621868, 1e-6)
    assert grad(grad(grad(jnp.tanh)))(2.0) == near(0.25265405, 1e-6)


INPUTS = np.array(
    [[0.52, 1.12, 0.77], [0.88, -1.08, 0.15], [0.52, 0.06, -1.30], [0.74, -2.49, 1.39]]
)
TARGETS = np.array([1.0, 1.0, 0.0, 1.0])
W, B = np.array([0.3, -0.7, 0.2]), 0.1


def sigmoid(x):
    return 0.5 * (jnp.tanh(x / 2) + 1)


def predict(W, b, inputs):
    return sigmoid(jnp.dot(inputs, W) + b)


def logistic_loss(W, b):
    preds = predict(W, b, INPUTS)
    label_probs = preds * TARGETS + (1 - preds) * (1 - TARGETS)
    return -jnp.sum(jnp.log(label_probs))


P = 1 / (1 + np.exp(-(INPUTS @ W + B)))


def test_logistic_regression():
    W_grad, b_grad = grad(logistic_loss, (0, 1))(W, B)
    assert W_grad == near(INPUTS.T @ (P - TARGETS))
    assert b_grad == near(np.sum(P - TARGETS))


def test_a_dict_of_parameters():
    def loss2(params_dict):
        preds = predict(params_dict["W"], params_dict["b"], INPUTS)
        label_probs = preds * TARGETS + (1 - preds) * (1 - TARGETS)
        return -jnp.sum(jnp.log(label_probs))

    value, found = value_and_grad(loss2)({"W": W, "b": B})
    assert found["W"] == near(INPUTS.T @ (P - TARGETS))
    assert found["b"] == near(np.sum(P - TARGETS))
    assert value == near(-np.sum(np.log(np.where(TARGETS == 1, P, 1 - P))))


def test_jacobians_in_both_modes():
    f = lambda W: predict(W, B, INPUTS)  # noqa: E731
    expected = (P * (1 - P))[:, None] * INPUTS
    assert jacfwd(f)(W) == near(expected)
    assert jacrev(f)(W) == near(expected)


def test_the_hessian_of_the_logistic_loss():
    H = hessian(logistic_loss)(W, B)
    assert near(INPUTS.T @ np.diag(P * (1 - P)) @ INPUTS) == H


def test_a_hessian_vector_product_without_a_hessian():
    v = np.array([1.0, -2.0, 0.5])
    f = lambda W: logistic_loss(W, B)  # noqa: E731

    def hvp(f, x, v):
        return grad(lambda x: jnp.dot(grad(f)(x), v))(x)

    def hvp_forward_over_reverse(f, primals, tangents):
        return jvp(grad(f), primals, tangents)[1]

    def hvp_reverse_over_forward(f, primals, tangents):
        g = lambda primals: jvp(f, primals, tangents)[1]  # noqa: E731
        return grad(g)(primals)

    expected = INPUTS.T @ np.diag(P * (1 - P)) @ INPUTS @ v
    assert hvp(f, W, v) == near(expected)
    assert hvp_forward_over_reverse(f, (W,), (v,)) == near(expected)
    assert hvp_reverse_over_forward(f, (W,), (v,))[0] == near(expected)


def test_a_matrix_jacobian_product_by_vmap():
    f = lambda W: predict(W, B, INPUTS)  # noqa: E731
    y, vjp_fun = vjp(f, W)
    M = np.arange(8.0).reshape(2, 4)
    rows = np.stack([vjp_fun(row)[0] for row in M])
    assert rows == near(M @ ((P * (1 - P))[:, None] * INPUTS))
    assert y == near(P)


def test_gradients_of_each_example():
    def loss(W, x, t):
        p = sigmoid(jnp.dot(x, W))
        return -(t * jnp.log(p) + (1 - t) * jnp.log(1 - p))

    perex_grads = jit(vmap(grad(loss), in_axes=(None, 0, 0)))
    p = 1 / (1 + np.exp(-INPUTS @ W))
    for _ in range(3):
        assert perex_grads(W, INPUTS, TARGETS) == near((p - TARGETS)[:, None] * INPUTS)


def test_newtons_method():
    def newton(f, x):
        for _ in range(8):
            x = x - f(x) / grad(f)(x)
        return x

    assert newton(lambda x: x**2 - 2, 1.0) == near(math.sqrt(2))
    minimum = newton(grad(lambda x: jnp.exp(x) - 3 * x), 1.0)
    assert minimum == near(math.log(3))


def test_gradient_descent_with_aux():
    def loss(params, x, y):
        pred = params["a"] * x + params["b"]
        return jnp.mean((pred - y) ** 2), pred

    x = np.linspace(-1, 1, 11)
    y = 3 * x - 0.5
    step = jit(grad(loss, has_aux=True))
    params = {"a": 0.0, "b": 0.0}
    for _ in range(400):
        grads, pred = step(params, x, y)
        params = {k: params[k] - 0.3 * grads[k] for k in params}
    assert params == {"a": near(3.0), "b": near(-0.5)}
    assert pred == near(y)


def mlp(params, x):
    for W, b in params[:-1]:
        x = jnp.tanh(jnp.dot(W, x) + b)
    W, b = params[-1]
    return jnp.dot(W, x) + b


RNG = np.random.default_rng(0)
PARAMS = [
    (RNG.normal(size=(4, 3)), RNG.normal(size=4)),
    (RNG.normal(size=(2, 4)), RNG.normal(size=2)),
]


def test_an_mlp_whose_parameters_are_a_list_of_tuples():
    x, target = np.array([0.5, -0.2, 0.1]), np.array([1.0, 0.0])
    loss = lambda params: jnp.sum((mlp(params, x) - target) ** 2)  # noqa: E731
    (dW1, db1), (dW2, db2) = grad(loss)(PARAMS)
    (W1, b1), (W2, b2) = PARAMS
    h = np.tanh(W1 @ x + b1)
    delta2 = 2 * (W2 @ h + b2 - target)
    delta1 = (W2.T @ delta2) * (1 - h * h)
    assert dW2 == near(np.outer(delta2, h))
    assert db2 == near(delta2)
    assert dW1 == near(np.outer(delta1, x))
    assert db1 == near(delta1)


def test_meta_learning_through_a_step_of_descent():
    """MAML: docs.jax.dev, advanced autodiff: the gradient of a loss after one step."""
    loss = lambda theta, x: (theta - x) ** 2  # noqa: E731

    def meta_loss_fn(theta, x1, x2):
        updated = theta - 0.1 * grad(loss)(theta, x1)
        return loss(updated, x2)

    updated = 1.0 - 0.2 * (1.0 - 3.0)
    assert grad(meta_loss_fn)(1.0, 3.0, 0.5) == near(2 * (updated - 0.5) * 0.8)


def test_equations_of_motion_from_a_lagrangian():
    """Cranmer et al. (2020), Lagrangian networks: q'' = (d2L/dv2)^-1 (dL/dq - d2L/dqdv v)."""
    m, g, length = 2.0, 9.81, 1.5

    def lagrangian(q, v):
        return 0.5 * m * length**2 * v[0] ** 2 + m * g * length * jnp.cos(q[0])

    def acceleration(q, v):
        mass = hessian(lagrangian, 1)(q, v)
        force = grad(lagrangian, 0)(q, v) - jnp.dot(jacfwd(grad(lagrangian, 1), 0)(q, v), v)
        return np.linalg.solve(mass, force)

    q, v = np.array([0.7]), np.array([0.3])
    assert acceleration(q, v) == near([-g / length * math.sin(0.7)])


def test_hamiltons_equations():
    def hamiltonian(q, p):
        return 0.5 * p**2 + jnp.cos(q) + q**4 / 4

    dq, dp = grad(hamiltonian, 1)(0.4, 0.3), -grad(hamiltonian, 0)(0.4, 0.3)
    assert (dq, dp) == (near(0.3), near(math.sin(0.4) - 0.4**3))


def test_a_laplacian():
    f = lambda x: jnp.exp(-jnp.dot(x, x))  # noqa: E731
    x = np.array([0.3, -0.5, 0.2])
    r2 = x @ x
    assert np.trace(hessian(f)(x)) == near((4 * r2 - 6) * math.exp(-r2))
    second = lambda e: jvp(lambda x: jvp(f, (x,), (e,))[1], (x,), (e,))[1]  # noqa: E731
    along = sum(map(second, np.eye(3)))
    assert along == near((4 * r2 - 6) * math.exp(-r2))


def test_fisher_information_of_a_normal_distribution():
    def log_density(params, x):
        mu, log_sigma = params
        return -0.5 * ((x - mu) / jnp.exp(log_sigma)) ** 2 - log_sigma

    score = grad(log_density)([1.0, 0.5], 2.0)
    s2 = math.exp(1.0)
    assert score == [near(1.0 / s2), near(1 / s2 - 1)]
    at_one_sigma = hessian(log_density)([1.0, 0.5], 1.0 + math.exp(0.5))
    assert at_one_sigma[0][0] == near(-1 / s2)


def test_the_greeks_of_an_option():
    """Black and Scholes (1973): delta, vega, gamma, vanna, speed."""
    phi = lambda x: 0.5 * (1 + erf(x / math.sqrt(2)))  # noqa: E731

    def call(S, sigma, K=100.0, r=0.03, T=0.5):
        d1 = (jnp.log(S / K) + (r + sigma**2 / 2) * T) / (sigma * math.sqrt(T))
        return S * phi(d1) - K * math.exp(-r * T) * phi(d1 - sigma * math.sqrt(T))

    S, sigma, T = 105.0, 0.2, 0.5
    d1 = (math.log(S / 100) + (0.03 + 0.02) * T) / (sigma * math.sqrt(T))
    d2, density = d1 - sigma * math.sqrt(T), math.exp(-d1 * d1 / 2) / math.sqrt(2 * math.pi)
    assert grad(call)(S, sigma) == near(0.5 * math.erfc(-d1 / math.sqrt(2)))
    assert grad(call, 1)(S, sigma) == near(S * density * math.sqrt(T))
    gamma = density / (S * sigma * math.sqrt(T))
    assert grad(grad(call))(S, sigma) == near(gamma)
    assert grad(grad(call), 1)(S, sigma) == near(-density * d2 / sigma)
    speed = -gamma / S * (d1 / (sigma * math.sqrt(T)) + 1)
    assert grad(grad(grad(call)))(S, sigma) == near(speed, 1e-11)


def test_rosenbrock():
    def rosenbrock(x):
        return jnp.sum(100.0 * (x[1:] - x[:-1] ** 2.0) ** 2.0 + (1 - x[:-1]) ** 2.0)

    x = np.array([1.3, 0.7, 0.8])
    a, b, c = x
    expected = [
        [1200 * a * a - 400 * b + 2, -400 * a, 0],
        [-400 * a, 202 + 1200 * b * b - 400 * c, -400 * b],
        [0, -400 * b, 200],
    ]
    assert jit(hessian(rosenbrock))(x) == near(np.array(expected))
    assert grad(rosenbrock)(np.ones(3)).tolist() == [0.0, 0.0, 0.0]


def test_the_derivative_of_softmax_cross_entropy():
    def loss(logits, label):
        return logsumexp(logits) - logits[label]

    logits = np.array([1.0, 2.0, 0.5])
    p = np.exp(logits) / np.exp(logits).sum()
    assert grad(loss)(logits, 1) == near(p - np.eye(3)[1])
    assert hessian(loss)(logits, 1) == near(np.diag(p) - np.outer(p, p))


def test_an_ode_solver_is_differentiated():
    def solve(k, x0):
        x = x0
        for _ in range(100):
            x = x + 0.01 * (-k * x)
        return x

    assert grad(solve)(0.7, 2.0) == near(-2.0 * 0.993**99)
    assert grad(grad(solve))(0.7, 2.0) == near(2.0 * 0.99 * 0.993**98)


def test_linearize_once_and_push_many_tangents():
    f = lambda x: jnp.sin(x) * x  # noqa: E731
    y, f_jvp = linearize(f, np.array([0.5, 1.0]))
    for t in np.eye(2):
        x = np.array([0.5, 1.0])
        assert f_jvp(t) == near((np.cos(x) * x + np.sin(x)) * t)
    assert y == near([math.sin(0.5) * 0.5, math.sin(1.0)])


def test_a_taylor_polynomial():
    def taylor(f, x0, n):
        terms = []
        for k in range(n):
            terms.append(f(x0) / math.factorial(k))
            f = grad(f)
        return terms

    assert taylor(lambda x: jnp.log(1 + x), 0.0, 6) == near([0, 1, -1 / 2, 1 / 3, -1 / 4, 1 / 5])
