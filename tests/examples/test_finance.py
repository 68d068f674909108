"""Prices and Greeks: by backward and by formula, simulated and exact."""

from functools import partial

import pytest

np = pytest.importorskip("numpy")

GREEKS = ["price", "delta", "vega", "rho", "theta"]


@pytest.fixture
def finance(load):
    return load("finance.py")


def table(printed, title, names):
    """The rows of one of the tables printed, as numbers."""
    lines = printed[printed.index(title) :].splitlines()[1 : 1 + len(names)]
    assert [line[: len(name)] for line, name in zip(lines, names, strict=True)] == names
    return np.array([line.split()[-3:] for line in lines], dtype=float)


def test_the_greeks_are_the_textbooks_and_within_monte_carlo_error(run, size):
    printed = run("finance.py", *size)
    ours, textbook, difference = table(printed, "European call", [*GREEKS, "gamma", "vanna"]).T
    assert ours[0] == 10.450584  # for S = K = 100, r = 5%, σ = 20%, T = 1
    assert ours == pytest.approx(textbook, abs=1e-6)
    assert np.abs(difference).max() < 1e-12

    names = ["by price", "by spot", "twice by price", "twice by spot"]
    ours, textbook, difference = table(printed, "Its derivatives", names).T
    assert ours == pytest.approx(textbook, abs=1e-6)
    assert np.abs(difference).max() < 1e-12

    simulated, exact, standard_errors = table(printed, "Asian call", GREEKS).T
    assert np.abs(standard_errors).max() < 3
    assert simulated == pytest.approx(exact, rel=0.05)  # so the standard errors are small


@pytest.mark.parametrize("option", ["european", "asian"])
def test_gamma_and_vanna_are_differences_of_delta_and_vega(finance, option):
    def difference(i):
        low, high = (finance["with_greeks"](finance[option], s)[i] for s in (109.99, 110.01))
        return (high - low) / 0.02

    (gamma,), (vanna,) = finance["second"](finance[option], [110.0])
    assert gamma == pytest.approx(difference(1), rel=1e-5)
    assert vanna == pytest.approx(difference(2), rel=1e-5)
    assert abs(gamma) > 0.01
    assert abs(vanna) > 0.5


def test_at_the_implied_volatility_the_call_has_its_price(finance):
    for price, spot in ((12.0, 100.0), (7.5, 90.0), (20.0, 104.0)):
        volatility = finance["implied"](price, spot)
        assert finance["textbook"](spot, volatility, 0.05, 1.0)[0] == pytest.approx(price)


def test_the_mean_of_one_price_makes_a_european_call(finance):
    finance["asian"].__globals__["MONTHS"] = 1
    try:
        for spot in (80.0, 100.0, 125.0):
            asian, european = (
                finance["with_greeks"](finance[o], spot) for o in ("asian", "european")
            )
            assert asian == pytest.approx(european, rel=1e-12)
    finally:
        finance["asian"].__globals__["MONTHS"] = 12


def test_a_wrong_derivative_is_far_outside_monte_carlo_error(finance):
    payoff = finance["payoff"]

    def wrong(normals, spot, volatility, rate, maturity):
        return payoff(normals, spot, 1.2 * volatility - 0.2 * volatility.data, rate, maturity)

    rng = np.random.default_rng(0)
    normals = rng.normal(size=(2000, 12)).tolist()
    exact = finance["with_greeks"](finance["asian"], 100.0)
    for function, within in ((payoff, True), (wrong, False)):
        samples = [finance["with_greeks"](partial(function, z), 100.0) for z in normals]
        means, errors = finance["estimate"](np.array(samples))
        off = np.abs(means - exact) / errors
        assert off[[0, 1, 3, 4]].max() < 3  # its value is right
        assert (off[2] < 3) == within  # its vega is 1.2 times as large
