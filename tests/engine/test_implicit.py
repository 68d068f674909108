"""Roots and fixed points: their derivatives, through any solver, and what is refused."""

import math
from collections import namedtuple
from statistics import NormalDist

import numpy as np
import pytest
from scipy import optimize

import autograd_lite as ag
from autograd_lite import Value, compile, dot, erf, exp, log, sqrt, tanh, vmap
from autograd_lite.derivatives import grad, hessian, jvp, pullback
from autograd_lite.implicit import fixed_point, implicit_root
from autograd_lite.testing import check_grad
from tests.support.derivatives import orders


def newton(f, x0):
    """Newton's method in Values."""
    x = x0
    for _ in range(50):
        at = Value(x)
        r = f(at)
        r.backward()
        x -= r.data / at.grad
    return x


def bisection(f, x0):
    low, high = 0.0, 10.0
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if f(middle) < 0 else (low, middle)
    return low


def square(x, a):
    return x * x - a


SOLVERS = {
    "newton in Values": newton,
    "scipy.newton": optimize.newton,
    "brentq": lambda f, x0: optimize.brentq(f, 0, 10),
    "fsolve": optimize.fsolve,
    "root": optimize.root,
    "root_scalar": lambda f, x0: optimize.root_scalar(f, x0=x0, x1=3.0),
    "closed form": lambda f, x0: math.sqrt(-f(0.0)),
    "bisection": bisection,
}


@pytest.mark.parametrize("solver", SOLVERS.values(), ids=SOLVERS)
def test_any_solver_will_do(solver):
    root = implicit_root(square, solver)
    a = Value(2.0)
    x = root(1.0, a)
    x.backward()
    assert x.data == pytest.approx(math.sqrt(2))
    assert a.grad == pytest.approx(0.5 / math.sqrt(2))
    assert root(1.0, 2.0) == pytest.approx(math.sqrt(2))
    assert isinstance(root(1.0, 2.0), float)


# ----------------------------------------------------------------------------- of finance


def call_price(spot, strike, rate, time, vol):
    d1 = (log(spot / strike) + (rate + vol * vol / 2) * time) / (vol * sqrt(time))
    normal = lambda x: (1 + erf(x / math.sqrt(2))) / 2  # noqa: E731
    return spot * normal(d1) - strike * exp(-rate * time) * normal(d1 - vol * sqrt(time))


def implied_volatility(price, spot, strike, rate, time):
    root = implicit_root(
        lambda vol, price, spot, strike, rate, time: (
            call_price(spot, strike, rate, time, vol) - price
        ),
        optimize.newton,
    )
    return root(0.3, price, spot, strike, rate, time)


def test_implied_volatility():
    spot, strike, rate, time, vol = 100.0, 110.0, 0.02, 0.75, 0.23
    price = call_price(spot, strike, rate, time, vol)
    values = [Value(x) for x in (price, spot, strike, rate, time)]
    found = implied_volatility(*values)
    found.backward()
    assert found.data == pytest.approx(vol)
    d1 = (math.log(spot / strike) + (rate + vol**2 / 2) * time) / (vol * math.sqrt(time))
    vega = spot * NormalDist().pdf(d1) * math.sqrt(time)
    delta = NormalDist().cdf(d1)
    assert values[0].grad == pytest.approx(1 / vega)
    assert values[1].grad == pytest.approx(-delta / vega)
    check_grad(implied_volatility, price, spot, strike, rate, time)


def test_derivatives_to_third_order():
    """x^3 + x = a has the slope s = 1 / (3 x^2 + 1), then -6 x s^3 and -6 s^4 + 108 x^2 s^5."""
    cubic = implicit_root(lambda x, a: x**3 + x - a, optimize.newton)
    s = 1 / 13
    found = orders(lambda a: cubic(1.0, a), 10.0)
    assert found == pytest.approx([2, s, -12 * s**3, -6 * s**4 + 432 * s**5])
    second = compile(grad(grad(lambda a: cubic(1.0, a))))
    for a in (10.0, 30.0, 2.0):  # x = 2, 3, 1
        x = {10.0: 2, 30.0: 3, 2.0: 1}[a]
        assert second(a) == pytest.approx(-6 * x / (3 * x**2 + 1) ** 3)
    assert second.recordings == 1


def test_implied_volatility_to_third_order_by_the_price():
    """Against the derivatives of the inverse function."""
    spot, strike, rate, time, vol = 100.0, 110.0, 0.02, 0.75, 0.23
    price, first, second, third = orders(lambda v: call_price(spot, strike, rate, time, v), vol)
    found = orders(lambda p: implied_volatility(p, spot, strike, rate, time), price)
    expected = [vol, 1 / first, -second / first**3, 3 * second**2 / first**5 - third / first**4]
    assert found == pytest.approx(expected, rel=1e-7)


TIMES = [0.5, 1.0, 2.0, 3.0, 5.0, 7.0, 10.0, 15.0, 20.0, 30.0]
QUOTES = [0.021, 0.022, 0.024, 0.025, 0.027, 0.0285, 0.03, 0.0315, 0.032, 0.0318]


def discount(zeros, t):
    return exp(-ag.interp(t, TIMES, zeros) * t)


def swap_residuals(zeros, quotes):
    """Of each instrument what a bond at par with this coupon, paid each half year, is worth too
    much.
    """
    found = []
    for time, quote in zip(TIMES, quotes, strict=True):
        annuity = ag.sum([0.5 * discount(zeros, k / 2) for k in range(1, int(2 * time) + 1)])
        found.append(quote * annuity + discount(zeros, time) - 1)
    return found


def bootstrapped(quotes):
    return implicit_root(swap_residuals, optimize.fsolve)([0.03] * len(quotes), quotes)


def value_of_book(quotes):
    zeros = bootstrapped(quotes)
    return 100 * ag.sum([c * discount(zeros, t) for c, t in ((1, 4.0), (-2, 8.5), (3, 25.0))])


def test_a_bootstrapped_yield_curve_and_its_deltas():
    quotes = [Value(q) for q in QUOTES]
    value = value_of_book(quotes)
    value.backward()
    h = 1e-5
    for k, quote in enumerate(quotes):
        up, down = ([q + s * h * (i == k) for i, q in enumerate(QUOTES)] for s in (1, -1))
        slope = (value_of_book(up) - value_of_book(down)) / (2 * h)
        assert quote.grad == pytest.approx(slope, rel=1e-6, abs=1e-5)


def test_the_gammas_of_the_bootstrapped_curve():
    gammas = np.array(hessian(value_of_book)(QUOTES))
    assert gammas == pytest.approx(gammas.T, rel=1e-6, abs=1e-4)
    h = 1e-5
    for k in range(0, len(QUOTES), 3):
        up, down = ([q + s * h * (i == k) for i, q in enumerate(QUOTES)] for s in (1, -1))
        row = (np.array(grad(value_of_book)(up)) - np.array(grad(value_of_book)(down))) / (2 * h)
        assert gammas[k] == pytest.approx(row, rel=1e-5, abs=1e-6 * abs(gammas).max())


# ------------------------------------------------------------------- fixed points, layers


def layer(z, x, w, u):
    return [tanh(dot(p, z) + dot(q, x)) for p, q in zip(w, u, strict=True)]


RNG = np.random.default_rng(1)
W, U = (0.4 * RNG.normal(size=(3, 3))).tolist(), RNG.normal(size=(3, 2)).tolist()


def equilibrium(x, w, u):
    return fixed_point(layer, [0.0] * 3, x, w, u)


def test_a_deep_equilibrium_layer():
    x = [0.5, -1.0]
    unrolled = [0.0] * 3
    for _ in range(200):
        unrolled = layer(unrolled, x, W, U)
    assert equilibrium(x, W, U) == pytest.approx(unrolled)
    check_grad(lambda x, w, u: ag.sum([z * z for z in equilibrium(x, w, u)]), x, W, U)


def test_second_derivatives_of_an_equilibrium():
    def loss(x):
        return ag.sum([z * z for z in equilibrium(x, W, U)])

    x, h = [0.5, -1.0], 1e-5
    curvature = np.array(hessian(loss)(x))
    for k in range(2):
        up, down = ([v + s * h * (i == k) for i, v in enumerate(x)] for s in (1, -1))
        row = (np.array(grad(loss)(up)) - np.array(grad(loss)(down))) / (2 * h)
        assert curvature[k] == pytest.approx(row, rel=1e-6)


def test_values_that_the_function_reads_are_parameters():
    """As in JAX, where they are converted to arguments."""
    w, b = Value(0.5), Value(1.0)
    deep = w * 1.0
    z = fixed_point(lambda z: tanh(deep * z + b), 0.0)
    z.backward()
    found = w.grad, b.grad
    w.grad = b.grad = 0.0
    fixed_point(lambda z, w, b: tanh(w * z + b), 0.0, w, b).backward()
    assert found == pytest.approx((w.grad, b.grad))
    slope = 1 - z.data**2
    assert w.grad == pytest.approx(slope * z.data / (1 - 0.5 * slope))


def test_a_residual_that_gives_what_it_reads():
    a, b = Value(2.0), Value(3.0)
    x, y = implicit_root(lambda x: [x[0] - a, x[1] - b * x[0]], optimize.fsolve)([1.0, 1.0])
    (x + 10 * y).backward()
    assert (x.data, y.data) == pytest.approx((2, 6))
    assert (a.grad, b.grad) == pytest.approx((31, 20))


def test_containers():
    """x has the form of x0, and theta any form."""

    def residual(x, theta):
        return {"a": x["a"] ** 2 - theta["p"], "b": x["b"] - theta["q"][0]}

    def solver(f, x0):
        found = optimize.fsolve(lambda v: [*f({"a": v[0], "b": v[1]}).values()], [*x0.values()])
        return {"a": found[0], "b": found[1]}

    p, q = Value(4.0), np.array([Value(5.0)])
    found = implicit_root(residual, solver)({"a": 1.0, "b": 1.0}, {"p": p, "q": q})
    (found["a"] + found["b"]).backward()
    assert (found["a"].data, found["b"].data) == pytest.approx((2.0, 5.0))
    assert (p.grad, q[0].grad) == pytest.approx((0.25, 1.0))
    array = implicit_root(lambda x, a: x * x - a, optimize.root)(np.ones(2), np.array([4.0, 9.0]))
    assert array.tolist() == pytest.approx([2.0, 3.0])


# ----------------------------------------------------------------------------- compiled


def test_a_compiled_function_solves_anew_at_each_call():
    f = compile(lambda a: implicit_root(square, optimize.newton)(1.0, a) * 3)
    for number in (2.0, 3.0, 4.0, 5.0, 6.0):
        a = Value(number)
        f(a).backward()
        assert a.grad == pytest.approx(1.5 / math.sqrt(number))
        assert f(number) == pytest.approx(3 * math.sqrt(number))
    assert f.recordings == 2


def test_x0_may_change_from_call_to_call():
    f = compile(lambda x0, a: implicit_root(square, optimize.newton)(x0, a))
    for x0, expected in ((1.0, 2.0), (-1.0, -2.0), (3.0, 2.0), (-3.0, -2.0), (5.0, 2.0)):
        assert f(x0, 4.0) == pytest.approx(expected)
    assert f.recordings == 1


def test_parameters_that_a_residual_reads_in_a_compiled_function():
    w = Value(0.5)
    f = compile(lambda b: fixed_point(lambda z, b: tanh(w * z + b), 0.0, b))
    for number in (0.1, 0.2, 0.3, 0.4, 0.5):
        w.data, w.grad = 0.5 + number, 0.0
        f(number).backward()
        found, w.grad = w.grad, 0.0
        fixed_point(lambda z, w: tanh(w * z + number), 0.0, w).backward()  # noqa: B023
        assert found == pytest.approx(w.grad)
    assert f.recordings == 1


@pytest.mark.parametrize("computed", [lambda b: b, lambda b: b * 2])
def test_what_is_computed_in_a_compiled_function_must_be_passed(computed):
    def f(b):
        c = computed(b)
        return fixed_point(lambda z: tanh(0.5 * z + c), 0.0)

    compiled = compile(f)
    with pytest.warns(RuntimeWarning, match=r"(?s)runs eagerly .*pass it to the root as an arg"):
        compiled(Value(0.1))
    for number in (0.1, 0.2, 0.3):
        assert compiled(Value(number)).data == f(Value(number)).data


def test_a_batch():
    found = vmap(lambda a: implicit_root(square, optimize.newton)(1.0, a))([1.0, 4.0, 9.0, 16.0])
    assert found == pytest.approx([1.0, 2.0, 3.0, 4.0])


# -------------------------------------------------------------------------- what goes wrong


def test_a_singular_jacobian():
    x = implicit_root(lambda x, a: (x - a) ** 2, lambda f, x0: 2.0)(0.0, Value(2.0))
    with pytest.raises(
        ValueError, match=r"derivative at x = 2, as the Jacobian there is singular: its"
    ):
        x.backward()
    x = implicit_root(
        lambda x, a: [x[0] + x[1] - a, 2 * x[0] + 2 * x[1] - 2 * a], lambda f, x0: [1.0, 1.0]
    )([0.0, 0.0], Value(2.0))
    with pytest.raises(ValueError, match=r"no derivative at x = \[1, 1\], as .* is singular"):
        (x[0] + x[1]).backward()


def test_what_is_no_root():
    a = Value(2.0)
    x = implicit_root(square, lambda f, x0: 1.5)(1.0, a)
    with pytest.raises(
        ValueError,
        match=r"square: x = 1.5 is no root: the residual is 0.25 there, and .* by 0.0833",
    ):
        x.backward()
    assert a.grad == 0.0


@pytest.mark.parametrize("form", ["root", "root_scalar"])
def test_a_solver_that_says_that_it_failed(form):
    solver = {
        "root": optimize.root,
        "root_scalar": lambda f, x0: optimize.root_scalar(f, x0=1.0, x1=2.0, maxiter=5),
    }[form]
    with pytest.raises(RuntimeError, match="the solver did not converge: "):
        implicit_root(lambda x, a: x * x + a, solver)(1.0, Value(2.0))


def test_a_fixed_point_that_is_not_reached():
    with pytest.raises(RuntimeError, match=r"not converged in 100 steps: the last one chan"):
        fixed_point(lambda x, a: a * x, 1.0, Value(-1.0), steps=100)
    for start in ([0.0, 3.0], [3.0, 0.0]):
        with pytest.raises(RuntimeError, match=r"not converged: after step \d+ x is not f"):
            fixed_point(lambda xs: [x * x for x in xs], start)


def test_what_is_not_finite():
    with pytest.raises(RuntimeError, match=r"solve gave \[nan\], which are not all finite"):
        implicit_root(square, lambda f, x0: math.nan)(1.0, Value(2.0))


def test_numbers_of_equations_and_unknowns():
    with pytest.raises(ValueError, match="gives 2 numbers for an x of 1: as many equations as"):
        implicit_root(lambda x, a: [x - a, x + a], lambda f, x0: 1.0)(1.0, Value(1.0))
    with pytest.raises(ValueError, match="square: solve gave 2 numbers, and x0 has 1"):
        implicit_root(square, lambda f, x0: [1.0, 2.0])(1.0, Value(1.0))
    with pytest.raises(ValueError, match="gives 2 numbers for an x of 1"):
        fixed_point(lambda x: [x, x], 1.0)


def test_what_is_no_number():
    with pytest.raises(TypeError, match="square: expected numbers and Values, not str"):
        implicit_root(square, optimize.newton)(1.0, "a")


def test_a_value_that_is_passed_twice_counts_once():
    """Its first place has all of the cotangent."""
    root = implicit_root(lambda x, a, b: x**3 - a * b, optimize.newton)

    def twice(a):
        return root(1.0, a, a)

    assert jvp(twice, (2.0,), (1.0,)) == pytest.approx((2 ** (2 / 3), 2 / 3 * 2 ** (-1 / 3)))
    assert grad(grad(twice))(2.0) == pytest.approx(-2 / 9 * 2 ** (-4 / 3))

    def passed_and_captured(a):
        return implicit_root(lambda x, b: x**3 - a * b, optimize.newton)(1.0, a)

    assert hessian(passed_and_captured)(2.0) == pytest.approx(-2 / 9 * 2 ** (-4 / 3))
    a = Value(2.0)
    assert pullback([twice(a)], [1.0], [a])[0].data == pytest.approx(2 / 3 * 2 ** (-1 / 3))


def test_a_root_with_a_field_x():
    """It is no report of SciPy's."""
    State = namedtuple("State", "x v")
    root = implicit_root(lambda s, a: State(s.x - a, s.v - 2 * a), lambda f, x0: State(3.0, 6.0))
    a = Value(3.0)
    found = root(State(0.0, 0.0), a)
    (found.x + found.v).backward()
    assert (found.x.data, found.v.data, a.grad) == (3.0, 6.0, 3.0)
