"""What recording, lifting and explaining a program takes for each of its scalars, at growing sizes.

    python benchmarks/lifting.py
    python benchmarks/lifting.py --quick  # small sizes, to see that it runs
    python benchmarks/lifting.py --json

Each kind of program is lifted at sizes that double; a time for each scalar that grows from one to
the next by more than a quarter is not in proportion to the size. Times are those of the processor,
minima of three. Then come programs of ADBench's shapes
(https://github.com/microsoft/ADBench): how long an LSTM takes to be lifted, and the gradient of a
mixture of Gaussians beside NumPy by hand.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import sys
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from itertools import pairwise
from pathlib import Path
from time import perf_counter, process_time
from typing import Any, NamedTuple

from machine import machine

# A script's folder comes first where Python looks for modules, and one script there is called nn.
sys.path = [
    folder for folder in sys.path if Path(folder).resolve() != Path(__file__).resolve().parent
]

import numpy as np  # noqa: E402

import autograd_lite  # noqa: E402
from autograd_lite import Value, exp, log, logsumexp, maximum, minimum, sigmoid, sqrt, tanh  # noqa: E402
from autograd_lite.compiler.lift import lift  # noqa: E402

Call = tuple[Callable[..., Any], tuple[Any, ...]]  # a function and its arguments


# --------------------------------------------------------------------------------- programs


def values(*shape: int) -> Any:
    """Values of random numbers, in nested lists."""
    rng = np.random.default_rng(sum(shape))

    def nested(numbers: Any) -> Any:
        return [nested(x) for x in numbers] if np.ndim(numbers) else Value(float(numbers))

    return nested(rng.normal(size=shape) * 0.3)


def rnn(steps: int, width: int = 8) -> Call:
    """A recurrent network that foretells each of its inputs."""
    rows, inputs, readout = values(width, width), values(width), values(width)

    def loss(xs: Any) -> Any:
        h, total = [0.0] * width, 0.0
        for x in xs:
            error = sum(a * b for a, b in zip(readout, h, strict=True)) - x
            total = total + error * error
            h = [
                tanh(sum(a * b for a, b in zip(row, h, strict=True)) + u * x)
                for row, u in zip(rows, inputs, strict=True)
            ]
        return total

    return loss, (np.random.default_rng(0).normal(size=steps),)


def lstm(characters: int, layers: int = 2, size: int = 14) -> Call:
    """ADBench's LSTM: gates of a weight and a bias for each number, a softmax over characters."""
    gates, extra = values(layers, 2, 4, size), values(3, size)
    text = np.random.default_rng(0).integers(0, 2, size=(characters, size)).astype(float)

    def layer(weights: Any, h: Any, c: Any, x: Any) -> tuple[list[Any], list[Any]]:
        (w, b), new_h, new_c = weights, [], []
        for i in range(size):
            forget = sigmoid(x[i] * w[0][i] + b[0][i])
            ingate = sigmoid(h[i] * w[1][i] + b[1][i])
            outgate = sigmoid(x[i] * w[2][i] + b[2][i])
            change = tanh(h[i] * w[3][i] + b[3][i])
            new_c.append(c[i] * forget + ingate * change)
            new_h.append(outgate * tanh(new_c[i]))
        return new_h, new_c

    def loss(text: Any) -> Any:
        states = [([0.1] * size, [0.1] * size) for _ in range(layers)]
        total = 0.0
        for now, following in pairwise(text):
            x = [a * w for a, w in zip(now, extra[0], strict=True)]
            for k in range(layers):
                states[k] = layer(gates[k], *states[k], x)
                x = states[k][0]
            out = [a * w + b for a, w, b in zip(x, extra[1], extra[2], strict=True)]
            norm = logsumexp(out)
            total = total + sum(y * (v - norm) for y, v in zip(following, out, strict=True))
        return -total / len(text)

    return loss, (text,)


def option(steps: int, paths: int = 20) -> Call:
    """The price of an Asian option by Monte Carlo, one path after the other."""
    start, rate, volatility = Value(100.0), Value(0.05), Value(0.2)

    def price(draws: Any) -> Any:
        dt, total = 1 / len(draws[0]), 0.0
        drift = (rate - volatility * volatility / 2) * dt
        scale = volatility * math.sqrt(dt)
        for row in draws:
            price, paid = start, 0.0
            for z in row:
                price = price * exp(drift + scale * z)
                paid = paid + price
            total = total + maximum(paid * dt - 100, 0.0)
        return total * exp(-rate) / len(draws)

    return price, (np.random.default_rng(0).normal(size=(paths, steps)),)


def cholesky(n: int) -> Call:
    """The likelihood of a Gaussian process."""
    rng = random.Random(0)
    x = sorted(5 * rng.random() for _ in range(n))
    y = [math.sin(v) for v in x]

    def likelihood(p: Any) -> Any:
        length, size, noise = exp(p[0]), exp(2 * p[1]), exp(2 * p[2])
        kernel = [[size * exp(-0.5 * ((a - b) / length) ** 2) for b in x] for a in x]
        rows: list[list[Any]] = []
        z: list[Any] = []
        for i in range(n):
            row: list[Any] = []
            for j in range(i):
                s = kernel[i][j] - sum(a * b for a, b in zip(row, rows[j], strict=False))
                row.append(s / rows[j][j])
            row.append(sqrt(kernel[i][i] + noise - sum(v * v for v in row)))
            z.append((y[i] - sum(a * b for a, b in zip(row, z, strict=False))) / row[i])
            rows.append(row)
        return 0.5 * sum(v * v for v in z) + sum(log(rows[i][i]) for i in range(n))

    return likelihood, ([Value(0.1), Value(0.05), Value(-1.9)],)


def bubble_sort(n: int) -> Call:
    def sorted_sum(xs: Any) -> Any:
        xs = list(xs)
        for end in range(n - 1, 0, -1):
            for j in range(end):
                xs[j : j + 2] = minimum(*xs[j : j + 2]), maximum(*xs[j : j + 2])
        return sum(i * x for i, x in enumerate(xs))

    return sorted_sum, (values(n),)


def running(n: int) -> Call:
    """A recurrence of single numbers."""

    def function(xs: Any) -> Any:
        state, total = 0.0, 0.0
        for x in xs:
            state = 0.9 * state + tanh(x * state + x)
            total = total + state * state
        return total

    return function, (values(n),)


def rosenbrock(n: int) -> Call:
    def function(xs: Any) -> Any:
        return sum(100 * (y - x * x) ** 2 + (1 - x) ** 2 for x, y in pairwise(xs))

    return function, (values(n),)


PROGRAMS: dict[str, tuple[Callable[[int], Call], str, tuple[int, ...]]] = {
    "RNN of 8": (rnn, "steps", (64, 128, 256, 512)),
    "LSTM of 2 x 14": (lstm, "characters", (32, 64, 128)),
    "option, 20 paths": (option, "steps", (252, 504, 1008, 2016)),
    "Cholesky": (cholesky, "rows", (20, 40, 80)),
    "bubble sort": (bubble_sort, "numbers", (16, 32, 64)),
    "running sum": (running, "numbers", (500, 1000, 2000)),
    "Rosenbrock": (rosenbrock, "numbers", (5000, 10000, 20000, 40000)),
}


# ------------------------------------------------------------------- a mixture of Gaussians


class Mixture:
    """The objective of ADBench's mixture of Gaussians, without its constant terms.

    Each Gaussian has a weight, a mean, and the inverse factor of its covariance: logarithms of the
    diagonal, then the columns below it, packed.
    """

    def __init__(self, dimensions: int = 10, gaussians: int = 5, points: int = 1000) -> None:
        rng = np.random.default_rng(0)
        d, k = dimensions, gaussians
        self.x = rng.random((points, d))
        self.weights, self.means = rng.normal(size=k), rng.random((k, d))
        self.factors = 0.5 * rng.normal(size=(k, d * (d + 1) // 2))
        pairs = [(j, i) for i in range(d) for j in range(i + 1, d)]
        self.rows, self.columns = np.array(pairs).T

    def ours(self) -> tuple[Callable[[], float], Callable[[], Any]]:
        """The value, by a call and its gradient; and the gradient."""
        weights, means, factors = (
            [[Value(v) for v in row] for row in np.atleast_2d(numbers)]
            for numbers in (self.weights, self.means, self.factors)
        )
        d = self.x.shape[1]

        def objective(xs: Any) -> Any:
            diagonals = [[exp(v) for v in row[:d]] for row in factors]
            total = 0.0
            for x in xs:
                terms = []
                for mean, diagonal, row, weight in zip(
                    means, diagonals, factors, weights[0], strict=True
                ):
                    away, packed = [a - b for a, b in zip(x, mean, strict=True)], iter(row[d:])
                    y = [q * a for q, a in zip(diagonal, away, strict=True)]
                    for i in range(d):
                        for j in range(i + 1, d):
                            y[j] = y[j] + next(packed) * away[i]
                    terms.append(weight + sum(row[:d]) - 0.5 * sum(v * v for v in y))
                total = total + logsumexp(terms)
            squares = [v * v for row in diagonals for v in row]
            squares += [v * v for row in factors for v in row[d:]]
            return total - len(xs) * logsumexp(weights[0]) + 0.5 * sum(squares)

        run = autograd_lite.compile(objective, check="never")
        parameters = [v for table in (weights, means, factors) for row in table for v in row]

        def step() -> float:
            for p in parameters:
                p.grad = 0.0
            total = run(self.x)
            total.backward()
            return float(total.data)

        return step, lambda: np.array([p.grad for p in parameters])

    def numpy(self) -> tuple[float, Any]:
        """The value and the gradient, as one writes them by hand."""
        x, d = self.x, self.x.shape[1]
        logarithms, packed = self.factors[:, :d], self.factors[:, d:]
        diagonal, every = np.exp(logarithms), np.arange(d)
        factor = np.zeros((len(packed), d, d))
        factor[:, self.rows, self.columns], factor[:, every, every] = packed, diagonal
        away = x[None] - self.means[:, None]
        y = away @ factor.transpose(0, 2, 1)
        terms = (self.weights + logarithms.sum(1))[:, None] - 0.5 * (y * y).sum(2)
        largest, top = terms.max(0), self.weights.max()
        e, of_weights = np.exp(terms - largest), np.exp(self.weights - top)
        sums = e.sum(0)
        value = (largest + np.log(sums)).sum() - len(x) * (top + np.log(of_weights.sum()))
        value += 0.5 * ((diagonal * diagonal).sum() + (packed * packed).sum())
        shares = e / sums
        total, dy = shares.sum(1), -shares[:, :, None] * y
        of_factor = dy.transpose(0, 2, 1) @ away
        along = total[:, None] + of_factor[:, every, every] * diagonal + diagonal * diagonal
        below = of_factor[:, self.rows, self.columns] + packed
        gradient = [
            total - len(x) * of_weights / of_weights.sum(),
            -(dy @ factor).sum(1).ravel(),
            np.concatenate([along, below], 1).ravel(),
        ]
        return float(value), np.concatenate(gradient)


# ------------------------------------------------------------------------------------ the clock


class Taken(NamedTuple):
    """Seconds for a program of so many scalars."""

    scalars: int
    record: float
    lift: float
    explain: float


def taken(make: Callable[[], Call], rounds: int) -> Taken:
    best, scalars = [math.inf] * 3, 0
    for _ in range(rounds):
        function, arguments = make()
        f = autograd_lite.compile(function, executor="interpret", check="never")
        recorded, _ = timed(partial(f, *arguments))
        program = f.programs()[0]
        lifted, arrays = timed(partial(lift, program.tape, program.choice.wrt))
        explained, _ = timed(arrays.steps)
        best, scalars = [*map(min, best, (recorded, lifted, explained))], len(program.tape)
    return Taken(scalars, *best)


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """The seconds that some work takes, and what it gives."""
    start = process_time()
    result = work()
    return process_time() - start, result


def mixture(rounds: int, points: int) -> tuple[float, float]:
    """Seconds of the value and gradient of a mixture of Gaussians: ours, and NumPy's by hand."""
    task = Mixture(points=points)
    step, gradient = task.ours()
    value, slopes = task.numpy()
    for _ in range(3):
        found = step()
    assert math.isclose(found, value, rel_tol=1e-9), (found, value)
    assert np.allclose(gradient(), slopes, rtol=1e-7, atol=1e-9)
    best = [math.inf] * 2
    for _ in range(rounds):
        for k, work in enumerate((step, task.numpy)):
            start = perf_counter()
            work()
            best[k] = min(best[k], perf_counter() - start)
    return best[0], best[1]


# ---------------------------------------------------------------------------------- the tables

GROWTH = 1.25  # of the time for each scalar, from one size to the next
SCALAR, LONG_LSTM, OPTION, BY_HAND = 2.0, 2.0, 0.3, 2.0  # the targets


def measure(quick: bool) -> dict[str, Any]:
    rounds = 1 if quick else 3
    rows = []
    for name, (make, unit, sizes) in PROGRAMS.items():
        for size in sizes[:2] if quick else sizes:
            found = taken(partial(make, size // 8 if quick else size), rounds)
            rows.append({"program": name, "unit": unit, "size": size} | found._asdict())
    ours, numpy = mixture(*((2, 50) if quick else (40, 1000)))
    long = {
        "LSTM of 2 x 14, 1,024 characters": (partial(lstm, 8 if quick else 1024), LONG_LSTM),
        "option, 1,000 paths of 252 steps": (
            partial(option, *((9, 10) if quick else (252, 1000))),
            OPTION,
        ),
    }
    lifts = [
        {"program": name, "at most": limit} | taken(make, 1)._asdict()
        for name, (make, limit) in long.items()
    ]
    return {"growth": rows, "lifts": lifts, "mixture": {"ours": ours, "NumPy by hand": numpy}}


def markdown(found: dict[str, Any]) -> Iterable[str]:
    yield "\n| program | size | scalars | record | lift | explain, us a scalar | a lift grows by |"
    yield "|---|--:|--:|--:|--:|--:|--:|"
    before: dict[str, Any] = {}
    for row in found["growth"]:
        n = row["scalars"]
        times = " | ".join(f"{1e6 * row[what] / n:.2f}" for what in ("record", "lift", "explain"))
        growth = ""
        if before.get("program") == row["program"]:
            more = (row["lift"] / n) / (before["lift"] / before["scalars"])
            growth = f"{more:.2f}{'' if more <= GROWTH else ' NOT IN PROPORTION'}"
        yield f"| {row['program']} | {row['size']:,} {row['unit']} | {n:,} | {times} | {growth} |"
        before = row
    yield "\n| work | measured | target | |\n|---|---|---|---|"
    for row in found["lifts"]:
        yield verdict(f"{row['program']}: lift", row["lift"], row["at most"], "s")
    largest = {row["program"]: row for row in found["growth"]}
    for name, row in largest.items():
        each = 1e6 * (row["record"] + row["lift"]) / row["scalars"]
        yield verdict(f"{name}: recording and lifting", each, SCALAR, "us a scalar")
    ours, numpy = found["mixture"].values()
    work = f"GMM, d = 10, K = 5: {1e6 * ours:,.0f} us, NumPy by hand {1e6 * numpy:,.0f}"
    yield verdict(work, ours / numpy, BY_HAND, "times its time")


def verdict(work: str, number: float, limit: float, unit: str) -> str:
    met = "met" if number <= limit else "NOT MET"
    return f"| {work} | {number:.3g} {unit} | at most {limit:g} | {met} |"


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="small sizes: the numbers say little")
    parser.add_argument("--json", action="store_true", help="print JSON rather than Markdown")
    options = parser.parse_args(arguments)
    found = {"machine": machine("numpy")} | measure(options.quick)
    if options.json:
        print(json.dumps(found, indent=1))
    else:
        print(", ".join(found["machine"].values()), *markdown(found), sep="\n")


if __name__ == "__main__":
    main()
