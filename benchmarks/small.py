"""Twenty small functions: a call with its backward(), eager and compiled, side by side.

    python benchmarks/small.py
    python benchmarks/small.py --json
    python benchmarks/small.py --quick  # little work, to see that it runs

Each function gets Values. Eager and compiled take turns, and the table shows the medians over them.
Forward alone is measured twice: with a graph, and within `no_grad`.
"""

from __future__ import annotations

import argparse
import gc
import json
import sys
from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

from machine import machine

# A script's folder comes first where Python looks for modules, and one script there is called nn.
sys.path = [
    folder for folder in sys.path if Path(folder).resolve() != Path(__file__).resolve().parent
]

from autograd_lite import (  # noqa: E402
    Value,
    asin,
    compile,
    cos,
    erf,
    exp,
    log,
    logsumexp,
    no_grad,
    sin,
    softplus,
    sqrt,
    tanh,
)

FUNCTIONS: dict[str, tuple[Callable[..., Any], tuple[float, ...]]] = {}


def small(name: str, *numbers: float) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Adds a function to the table, with the numbers of its arguments."""

    def add(function: Callable[..., Any]) -> Callable[..., Any]:
        FUNCTIONS[name] = function, numbers
        return function

    return add


@small("README expression of micrograd", -4.0, 2.0)
def readme(a: Any, b: Any) -> Any:
    c = a + b
    d = a * b + b**3
    c += c + 1
    c += 1 + c + (-a)
    d += d * 2 + (b + a).relu()
    d += 3 * d + (b - a).relu()
    e = c - d
    f = e**2
    g = f / 2.0
    g += 10.0 / f
    return g


@small("neuron", 0.5, -1.0, 0.3, 0.8, 0.1)
def neuron(w1: Any, x1: Any, w2: Any, x2: Any, b: Any) -> Any:
    return tanh(w1 * x1 + w2 * x2 + b)


@small("logistic map", 3.7, 0.4)
def logistic(r: Any, x: Any) -> Any:
    return r * x * (1 - x)


@small("Black-Scholes price", 100.0, 105.0, 0.5, 0.01, 0.2)
def black_scholes(spot: Any, strike: Any, time: Any, rate: Any, sigma: Any) -> Any:
    deviation = sigma * sqrt(time)
    d1 = (log(spot / strike) + (rate + sigma**2 / 2) * time) / deviation
    first, second = (0.5 * (1 + erf(d * 0.7071067811865476)) for d in (d1, d1 - deviation))
    return spot * first - strike * exp(-rate * time) * second


@small("quadratic formula", 1.0, -3.0, 2.0)
def quadratic(a: Any, b: Any, c: Any) -> Any:
    return (-b + sqrt(b * b - 4 * a * c)) / (2 * a)


@small("polynomial of degree 5", 0.7)
def polynomial(x: Any) -> Any:
    return ((((x * 0.2 - 1.0) * x + 0.5) * x - 2.0) * x + 3.0) * x + 1.0


@small("chain of softplus", 0.3)
def softplus_chain(x: Any) -> Any:
    for _ in range(4):
        x = softplus(x) - 0.5
    return x


@small("distance", 0.0, 1.0, 3.0, 5.0)
def distance(x1: Any, y1: Any, x2: Any, y2: Any) -> Any:
    return sqrt((x1 - x2) ** 2 + (y1 - y2) ** 2)


@small("lerp", 1.0, 5.0, 0.3)
def lerp(a: Any, b: Any, t: Any) -> Any:
    return a + (b - a) * t


@small("Newton step for Kepler's equation", 1.2, 0.3, 1.0)
def kepler(anomaly: Any, e: Any, x: Any) -> Any:
    return x - (x - e * sin(x) - anomaly) / (1 - e * cos(x))


@small("haversine", 0.9, 0.1, 0.8, 0.3)
def haversine(lat1: Any, lon1: Any, lat2: Any, lon2: Any) -> Any:
    a = sin((lat2 - lat1) / 2) ** 2 + cos(lat1) * cos(lat2) * sin((lon2 - lon1) / 2) ** 2
    return 2 * 6371.0 * asin(sqrt(a))


@small("cross-entropy of a sigmoid", 0.8, 1.0)
def cross_entropy(z: Any, y: Any) -> Any:
    return softplus(z) - y * z


@small("Gaussian density", 0.3, 0.0, 1.5)
def gaussian(x: Any, mean: Any, sigma: Any) -> Any:
    return exp(-(((x - mean) / sigma) ** 2) / 2) / (sigma * 2.5066282746310002)


@small("step of a PID controller", 0.4, 0.3, 1.7, 2.0, 0.5, 0.1)
def pid(error: Any, before: Any, total: Any, p: Any, i: Any, d: Any) -> Any:
    return p * error + i * (total + error * 0.01) + d * (error - before) / 0.01


@small("compound interest", 1000.0, 0.05, 10.0)
def interest(principal: Any, rate: Any, years: Any) -> Any:
    return principal * (1 + rate / 12) ** (12 * years)


@small("Lennard-Jones potential", 1.0, 1.0, 1.2)
def lennard_jones(epsilon: Any, sigma: Any, r: Any) -> Any:
    s6 = (sigma / r) ** 6
    return 4 * epsilon * (s6 * s6 - s6)


@small("rotation", 1.0, 2.0, 0.5)
def rotation(x: Any, y: Any, angle: Any) -> Any:
    return cos(angle) * x - sin(angle) * y


@small("logsumexp of three", 0.1, 0.5, -0.3)
def of_three(x: Any, y: Any, z: Any) -> Any:
    return logsumexp([x, y, z])


@small("range of a projectile", 20.0, 0.7)
def projectile(speed: Any, angle: Any) -> Any:
    return speed**2 * sin(2 * angle) / 9.81


@small("van der Waals pressure", 1.0, 300.0, 24.0, 1.36, 0.032)
def van_der_waals(n: Any, temperature: Any, volume: Any, a: Any, b: Any) -> Any:
    return n * 0.08206 * temperature / (volume - n * b) - a * n**2 / volume**2


# ------------------------------------------------------------------------------- measuring

WAYS = ("eager", "compiled")
WORKS = ("call and backward", "call", "call within no_grad")


def nanoseconds(work: Callable[[], Any], calls: int) -> float:
    start = perf_counter()
    for _ in range(calls):
        work()
    return (perf_counter() - start) / calls * 1e9


def measured(rounds: int, calls: int) -> list[dict[str, Any]]:
    """The medians of each function, in nanoseconds: {work: {way: time}}."""
    found = []
    for name, (function, numbers) in FUNCTIONS.items():
        args = tuple(map(Value, numbers))
        ways = dict(zip(WAYS, (function, compile(function)), strict=True))
        for _ in range(1 << 6):  # the checks after these calls come ever more rarely
            ways["compiled"](*args)
        times: dict[str, dict[str, list[float]]] = {w: {k: [] for k in WAYS} for w in WORKS}
        for _ in range(rounds):
            for way, f in ways.items():
                both, alone, within = (times[work][way] for work in WORKS)
                both.append(nanoseconds(lambda f=f, a=args: f(*a).backward(), calls))
                alone.append(nanoseconds(lambda f=f, a=args: f(*a), calls))
                with no_grad():
                    within.append(nanoseconds(lambda f=f, a=args: f(*a), calls))
        medians = {w: {k: median(v) for k, v in of.items()} for w, of in times.items()}
        scalars = len(ways["compiled"].programs()[-1].tape)  # type: ignore[attr-defined]
        found.append({"function": name, "scalars": scalars, "medians": medians})
    return found


def markdown(rows: list[dict[str, Any]]) -> str:
    heads = [f"{work}: {way}" for work in WORKS for way in (*WAYS, "ratio")]
    lines = [f"| function | scalars | {' | '.join(heads)} |", "|---|" + "--:|" * (len(heads) + 1)]
    for row in rows:
        cells = []
        for times in row["medians"].values():
            eager, compiled = times.values()
            cells += [f"{eager:.0f}", f"{compiled:.0f}", f"{eager / compiled:.2f}"]
        lines.append(f"| {row['function']} | {row['scalars']} | {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--json", action="store_true", help="print JSON rather than Markdown")
    parser.add_argument("--quick", action="store_true", help="little work, to see that it runs")
    options = parser.parse_args()
    gc.disable()
    rows = measured(3, 50) if options.quick else measured(101, 200)
    if options.json:
        print(json.dumps({"machine": machine("autograd_lite"), "rows": rows}, indent=2))
    else:
        print(f"{', '.join(machine('autograd_lite').values())}; nanoseconds\n\n{markdown(rows)}")


if __name__ == "__main__":
    main()
