"""Price options and differentiate the prices: the Greeks, by backpropagation on scalars.

    pip install ".[examples]"
    python examples/finance.py

A call pays max(A - K, 0) at time T, where K is the strike. In the model of Black and Scholes the
share follows S(t) = S exp((r - σ²/2) t + σ W(t)), with W a Brownian motion. Two calls are priced:

    European   A = S(T)                            Black and Scholes, 1973
    Asian      A = the geometric mean of S at      Kemna and Vorst, 1990
               the end of each of 12 months

`backward()` gives every derivative of a price at once: delta = ∂price/∂S, vega = ∂price/∂σ,
rho = ∂price/∂r, and theta = -∂price/∂T. `hessian` gives second derivatives: gamma = ∂²price/∂S² and
vanna = ∂²price/∂S∂σ. For the European call they are compared with the textbook's formulas.

The Asian call is also simulated, and each path is differentiated by itself (the pathwise method,
Broadie and Glasserman, 1996). So every mean comes with its standard error, and the differences
from the closed form are counted in these. Gamma cannot be simulated in this way: on each path the
second derivative of max(A - K, 0) is 0.

A market quotes prices. The volatility at which the formula gives the quoted price is the implied
one; it has no formula, but `implicit_root` finds it by any solver, and its derivatives follow from
those of the price. The picture finance.png shows both calls' closed forms, the simulation, and the
implied volatility with its Taylor polynomials.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from statistics import NormalDist

import numpy as np
from common import BLUE, ORANGE, command_line, print_gain, sheet
from scipy.optimize import brentq
from tqdm import tqdm

import autograd_lite
from autograd_lite import Value, erfc, exp, grad, hessian, implicit_root, log, mean, relu, sqrt

SPOT, RATE, VOLATILITY, MATURITY = 100.0, 0.05, 0.2, 1.0  # S; r and σ per year; T in years
STRIKE = 100.0
MONTHS = 12
BATCH_SIZE = 500  # paths
NAMES = ["price", "delta", "vega", "rho", "theta"]
SECOND = ["gamma", "vanna"]
TITLES = {
    "price": "price",
    "delta": "delta: ∂ price / ∂ spot",
    "vega": "vega: ∂ price / ∂ volatility",
    "rho": "rho: ∂ price / ∂ rate",
    "theta": "theta: ∂ price / ∂ year",
    "gamma": "gamma: ∂ delta / ∂ spot",
    "vanna": "vanna: ∂ delta / ∂ volatility",
}
QUOTE = 12.0  # the price of a European call on the market


# ------------------------------------------------------------------------------ the closed forms


def black(forward: Value, deviation: Value, discount: Value) -> Value:
    """discount E[max(A - K, 0)], where log A is normal with this deviation and E[A] = forward."""
    d = log(forward / STRIKE) / deviation + deviation / 2
    return discount * (forward * cdf(d) - STRIKE * cdf(d - deviation))


def cdf(x: Value) -> Value:
    """The probability that a standard normal number is less than x."""
    return erfc(-x / math.sqrt(2)) / 2


def european(spot: Value, volatility: Value, rate: Value, maturity: Value) -> Value:
    """The price of the European call."""
    growth = exp(rate * maturity)
    return black(spot * growth, volatility * sqrt(maturity), 1 / growth)


def asian(spot: Value, volatility: Value, rate: Value, maturity: Value) -> Value:
    """The price of the Asian call: log A is the mean of 12 sums of normal numbers."""
    n = MONTHS
    centre = log(spot) + (rate - volatility**2 / 2) * maturity * (n + 1) / (2 * n)
    deviation = volatility * sqrt(maturity * (n + 1) * (2 * n + 1) / 6) / n
    return black(exp(centre + deviation**2 / 2), deviation, exp(-rate * maturity))


def textbook(spot: float, volatility: float, rate: float, maturity: float) -> list[float]:
    """Price, first and second derivatives of the European call, each by its own formula."""
    normal = NormalDist()
    deviation = volatility * math.sqrt(maturity)
    d = (math.log(spot / STRIKE) + rate * maturity) / deviation + deviation / 2
    bond = STRIKE * math.exp(-rate * maturity) * normal.cdf(d - deviation)
    vega = spot * normal.pdf(d) * math.sqrt(maturity)
    theta = -vega * volatility / (2 * maturity) - rate * bond
    gamma = normal.pdf(d) / (spot * deviation)
    vanna = -normal.pdf(d) * (d - deviation) / volatility
    first = [normal.cdf(d), vega, maturity * bond, theta]
    return [spot * normal.cdf(d) - bond, *first, gamma, vanna]


# ------------------------------------------------------------------------- the implied volatility


def too_dear(volatility: Value, price: Value, spot: Value) -> Value:
    """By how much the European call costs more at this volatility."""
    return european(spot, volatility, RATE, MATURITY) - price


def implied(price: Value, spot: Value) -> Value:
    """The volatility at which the European call has this price."""
    root = implicit_root(too_dear, lambda f, _: brentq(f, 1e-3, 5.0, xtol=1e-15))
    return root(VOLATILITY, price, spot)


def textbook_implied(volatility: float) -> list[float]:
    """Derivatives of the volatility that is implied by its price: by price and spot, and second."""
    _, delta, vega, *_, gamma, vanna = textbook(SPOT, volatility, RATE, MATURITY)
    deviation = volatility * math.sqrt(MATURITY)
    d = (math.log(SPOT / STRIKE) + RATE * MATURITY) / deviation + deviation / 2
    volga = vega * d * (d - deviation) / volatility
    by_price, by_spot = 1 / vega, -delta / vega
    twice_by_spot = -(gamma + 2 * vanna * by_spot + volga * by_spot**2) / vega
    return [by_price, by_spot, -volga / vega**3, twice_by_spot]


# ------------------------------------------------------------------------------- the simulation


def payoff(
    normals: np.ndarray, spot: Value, volatility: Value, rate: Value, maturity: Value
) -> Value:
    """What the Asian call pays on the path that these normal numbers drive, worth today."""
    month = maturity / MONTHS
    drift = (rate - volatility**2 / 2) * month
    deviation = volatility * sqrt(month)
    logs = [log(spot)]
    for z in normals:
        logs.append(logs[-1] + drift + deviation * z)
    return exp(-rate * maturity) * relu(exp(mean(logs[1:])) - STRIKE)


def payoffs(normals: np.ndarray, markets: list[list[Value]]) -> list[Value]:
    """What it pays on each path, in a market of its own."""
    return [payoff(zs, *market) for zs, market in zip(normals, markets, strict=True)]


def market(spot: float) -> list[Value]:
    """What a price depends on."""
    return [Value(x) for x in (spot, VOLATILITY, RATE, MATURITY)]


def greeks(price: Value, market: list[Value]) -> list[float]:
    """The price and its derivatives, once a backward pass has found them."""
    delta, vega, rho, by_maturity = (x.grad for x in market)
    return [price.data, delta, vega, rho, -by_maturity]


def with_greeks(option: Callable[..., Value], spot: float) -> list[float]:
    """The price and its derivatives: one forward pass and one backward pass."""
    leaves = market(spot)
    price = option(*leaves)
    price.backward()
    return greeks(price, leaves)


def second(option: Callable[..., Value], spots: Sequence[float]) -> np.ndarray:
    """Gamma and vanna at each spot price: (2, spot prices)."""
    by_both = hessian(lambda s, v: option(s, v, RATE, MATURITY), argnums=(0, 1))
    (gamma, vanna), _ = autograd_lite.vmap(by_both, (0, None))(list(spots), VOLATILITY)
    return np.array([gamma, vanna])


def simulate(
    pay: Callable[..., list[Value]], spot: float, paths: int, rng: np.random.Generator, bar: tqdm
) -> np.ndarray:
    """For each path, its payoff and its derivatives: (paths, 5)."""
    samples = []
    for _ in range(paths // BATCH_SIZE):
        markets = [market(spot) for _ in range(BATCH_SIZE)]
        prices = pay(rng.normal(size=(BATCH_SIZE, MONTHS)), markets)
        sum(prices).backward()  # the derivatives of each reach its own market
        samples += map(greeks, prices, markets)
        bar.update(BATCH_SIZE)
    return np.array(samples)


def estimate(samples: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The means over the paths, and their standard errors."""
    return samples.mean(axis=0), samples.std(axis=0, ddof=1) / math.sqrt(len(samples))


# ------------------------------------------------------------------------------------ the picture


def draw(samples: np.ndarray, spots: dict[float, np.ndarray], path: Path) -> None:
    """Price and Greeks against the spot price; how delta converges; the implied volatility."""
    figure = sheet(8.8)
    *panels, quoted, last = figure.subplots(3, 3).flat
    grid = np.linspace(min(spots), max(spots), 100).tolist()
    style = {"fmt": "o", "ms": 3, "color": ORANGE, "capsize": 2, "zorder": 3}
    style["label"] = "Asian, simulated ± 2 standard errors"
    for option, colour, name in ((european, "#bbbbbb", "European"), (asian, BLUE, "Asian")):
        first = np.transpose([with_greeks(option, s) for s in grid])
        for axes, ys in zip(panels, [*first, *second(option, grid)], strict=True):
            axes.plot(grid, ys, color=colour, label=f"{name}, exact")
    means, errors = np.transpose([estimate(found) for found in spots.values()], (1, 2, 0))
    for axes, centre, error in zip(panels[: len(NAMES)], means, errors, strict=True):
        axes.errorbar(list(spots), centre, 2 * error, **style)
    for axes, name in zip(panels, NAMES + SECOND, strict=True):
        axes.set(title=TITLES[name], xlabel="spot price")
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside upper center", ncols=3)

    by_spot = grad(implied, argnums=1)
    taylor = [f(QUOTE, SPOT) for f in (implied, by_spot, grad(by_spot, argnums=1))]
    closer = np.linspace(min(spots), 106, 60)  # beyond, the call costs more than the quote
    tangent = taylor[0] + taylor[1] * (closer - SPOT)
    quoted.plot(closer, tangent, ":", color="#777777", label="first derivative")
    parabola = tangent + taylor[2] / 2 * (closer - SPOT) ** 2
    quoted.plot(closer, parabola, "--", color="#777777", label="first and second")
    quoted.plot(closer, [implied(QUOTE, s) for s in closer.tolist()], color=BLUE)
    quoted.plot(SPOT, taylor[0], "o", color=BLUE)
    quoted.set(title=f"volatility for a price of {QUOTE:g}", xlabel="spot price")
    quoted.legend()

    n = np.unique(np.geomspace(50, len(samples), 200).astype(int))
    centre, width = np.array([(m[1], 2 * e[1]) for m, e in (estimate(samples[:k]) for k in n)]).T
    last.fill_between(n, centre - width, centre + width, color="#f4c9bd", lw=0)
    last.plot(n, centre, color=ORANGE)
    last.axhline(with_greeks(asian, SPOT)[1], color=BLUE)
    last.set(xscale="log", title=f"delta at {SPOT:g}, simulated", xlabel="paths")
    figure.savefig(path)


def print_compared(title: str, names: Iterable[str], ours: list[float], book: list[float]) -> None:
    """A table of what was computed and what the textbook's formulas give."""
    print(f"{title:22}{'derivatives':>12}{'textbook':>12}{'difference':>12}")
    for name, x, formula in zip(names, ours, book, strict=True):
        print(f"{name:22}{x:12.6f}{formula:12.6f}{x - formula:12.1e}")


def main() -> None:
    options = command_line(__doc__, "5,000 paths, not 100,000").parse_args()
    paths = 5_000 if options.quick else 100_000
    pay = payoffs if options.eager else autograd_lite.compile(payoffs)

    ours = [*with_greeks(european, SPOT), *second(european, [SPOT])[:, 0].tolist()]
    book = textbook(SPOT, VOLATILITY, RATE, MATURITY)
    print_compared("European call", NAMES + SECOND, ours, book)
    volatility = implied(QUOTE, SPOT)
    (by_price, _), (_, by_spot) = hessian(implied, argnums=(0, 1))(QUOTE, SPOT)
    ours = [*grad(implied, argnums=(0, 1))(QUOTE, SPOT), by_price, by_spot]
    print(f"\nA call at {QUOTE:g} implies a volatility of {volatility:.6f}.")
    names = ["by price", "by spot", "twice by price", "twice by spot"]
    print_compared("Its derivatives", names, ours, textbook_implied(volatility))

    rng = np.random.default_rng(options.seed)
    grid = [float(s) for s in range(70, 131, 5)]
    start = time.perf_counter()
    with tqdm(total=paths + len(grid) * (paths // 10), unit="path") as bar:
        samples = simulate(pay, SPOT, paths, rng, bar)
        spots = {s: simulate(pay, s, paths // 10, rng, bar) for s in grid}
    seconds = time.perf_counter() - start

    print(f"\n{'Asian call':16}{'simulated':>12}{'exact':>12}{'difference in standard errors':>32}")
    found = zip(NAMES, *estimate(samples), with_greeks(asian, SPOT), strict=True)
    for name, ours, error, exact in found:
        print(f"{name:16}{ours:12.6f}{exact:12.6f}{(ours - exact) / error:32.2f}")
    print(f"\n{paths:,} paths, and {paths // 10:,} at each other spot price: {seconds:.1f} s")
    print_gain(pay, rng.normal(size=(BATCH_SIZE, MONTHS)), [market(SPOT)] * BATCH_SIZE)
    draw(samples, spots, options.output)
    print(f"wrote {options.output}")


if __name__ == "__main__":
    main()
