"""Price options and differentiate the prices: the Greeks, by backpropagation on scalars.

    pip install ".[examples]"
    python examples/finance.py

A call pays max(A - K, 0) at time T, where K is the strike. In the model of Black and Scholes the
share follows S(t) = S exp((r - σ²/2) t + σ W(t)), with W a Brownian motion. Two calls are priced:

    European   A = S(T)                            Black and Scholes, 1973
    Asian      A = the geometric mean of S at      Kemna and Vorst, 1990
               the end of each of 12 months

`backward()` gives every derivative of a price at once: delta by S, vega by σ, rho by r, and theta,
which is minus that by T. For the European call they are compared with the textbook's formulas. The
Asian call is also simulated, and each path is differentiated by itself (the pathwise method,
Broadie and Glasserman, 1996). So every mean comes with its standard error, and the differences
from the closed form are counted in these. The picture finance.png shows both calls' closed forms
and the simulation.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from pathlib import Path
from statistics import NormalDist

import numpy as np
from common import BLUE, ORANGE, command_line, print_gain
from matplotlib.figure import Figure
from tqdm import tqdm

import autograd_lite
from autograd_lite import Value, erfc, exp, log, mean, relu, sqrt

SPOT, RATE, VOLATILITY, MATURITY = 100.0, 0.05, 0.2, 1.0  # S; r and σ per year; T in years
STRIKE = 100.0
MONTHS = 12
BATCH_SIZE = 500  # paths
NAMES = ["price", "delta", "vega", "rho", "theta"]


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
    """Price, delta, vega, rho and theta of the European call, each by its own formula."""
    normal = NormalDist()
    deviation = volatility * math.sqrt(maturity)
    d = (math.log(spot / STRIKE) + rate * maturity) / deviation + deviation / 2
    bond = STRIKE * math.exp(-rate * maturity) * normal.cdf(d - deviation)
    vega = spot * normal.pdf(d) * math.sqrt(maturity)
    theta = -vega * volatility / (2 * maturity) - rate * bond
    return [spot * normal.cdf(d) - bond, normal.cdf(d), vega, maturity * bond, theta]


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
    """Price and Greeks against the spot price, and how delta converges."""
    figure = Figure(figsize=(12, 7), dpi=150, layout="constrained")
    *panels, last = figure.subplots(2, 3).flat
    grid = np.linspace(min(spots), max(spots), 100)
    exact = [np.transpose([with_greeks(option, s) for s in grid]) for option in (european, asian)]
    means, errors = np.transpose([estimate(found) for found in spots.values()], (1, 2, 0))
    style = {"fmt": "o", "ms": 3, "color": ORANGE, "capsize": 2, "zorder": 3}
    style["label"] = "Asian, simulated ± 2 standard errors"
    for i, (axes, name) in enumerate(zip(panels, NAMES, strict=True)):
        axes.plot(grid, exact[0][i], color="#bbbbbb", label="European, exact")
        axes.plot(grid, exact[1][i], color=BLUE, label="Asian, exact")
        axes.errorbar(list(spots), means[i], 2 * errors[i], **style)
        axes.set(title=name, xlabel="spot price")
    panels[0].legend(frameon=False, fontsize=8)

    n = np.unique(np.geomspace(50, len(samples), 200).astype(int))
    centre, width = np.array([(m[1], 2 * e[1]) for m, e in (estimate(samples[:k]) for k in n)]).T
    last.fill_between(n, centre - width, centre + width, color="#f4c9bd", lw=0)
    last.plot(n, centre, color=ORANGE)
    last.axhline(with_greeks(asian, SPOT)[1], color=BLUE)
    last.set(xscale="log", title=f"delta at {SPOT:g}, ± 2 standard errors", xlabel="paths")
    for axes in (*panels, last):
        axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path)


def main() -> None:
    options = command_line(__doc__, "5,000 paths, not 100,000").parse_args()
    paths = 5_000 if options.quick else 100_000
    pay = payoffs if options.eager else autograd_lite.compile(payoffs)

    print(f"{'European call':16}{'backward':>12}{'textbook':>12}{'difference':>12}")
    formulas = textbook(SPOT, VOLATILITY, RATE, MATURITY)
    for name, ours, formula in zip(NAMES, with_greeks(european, SPOT), formulas, strict=True):
        print(f"{name:16}{ours:12.6f}{formula:12.6f}{ours - formula:12.1e}")

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
