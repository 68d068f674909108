"""Networks' speed: micrograd's moons demo beside micrograd, and what a multiply-add costs.

    pip install ".[dev]"
    python benchmarks/nn.py            # a Markdown table, one minute
    python benchmarks/nn.py --json

Contestants take turns, so that a machine that speeds up or slows down does so for all, and the
table shows medians over the rounds. The moons demo runs as its users run it, with the garbage
collector on: micrograd's nodes refer to themselves, and collecting them is most of its time. So
there is a row of micrograd with the collector off too, where its memory grows from step to step.
"""

from __future__ import annotations

import argparse
import gc
import json
import random
import statistics
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from math import cos, pi, sin
from pathlib import Path
from time import perf_counter
from typing import Any

# A script's folder comes first where Python looks for modules, and this script is called nn too.
sys.path = [
    folder for folder in sys.path if Path(folder).resolve() != Path(__file__).resolve().parent
]

import autograd_lite  # noqa: E402
import nn  # noqa: E402
from autograd_lite import Value  # noqa: E402


@dataclass
class Row:
    """One line of the table."""

    work: str
    measured: float
    unit: str
    aim: str


def seconds(*functions: Callable[[], Any], rounds: int) -> list[float]:
    """The median time of each function, taking turns."""
    times: list[list[float]] = [[] for _ in functions]
    for _ in range(rounds):
        for function, taken in zip(functions, times, strict=True):
            start = perf_counter()
            function()
            taken.append(perf_counter() - start)
    return [statistics.median(taken) for taken in times]


# --------------------------------------------------------------------- micrograd's moons demo


def moons(rng: random.Random, n: int = 100, noise: float = 0.1) -> tuple[list[Any], list[int]]:
    """Two interleaved half circles, and 1 or -1 for which of them."""
    X, y = [], []  # noqa: N806
    for i in range(n):
        angle = pi * rng.random()
        upper = i % 2 == 0
        point = (cos(angle), sin(angle)) if upper else (1 - cos(angle), 0.5 - sin(angle))
        X.append([x + rng.gauss(0, noise) for x in point])
        y.append(-1 if upper else 1)
    return X, y


def demo(mlp: Any, value: Any, X: list[Any], y: list[int]) -> Callable[[], float]:  # noqa: N803
    """A step of the demo as micrograd writes it, with its MLP and Value or ours."""
    random.seed(1337)
    model = mlp(2, [16, 16, 1])

    def step() -> float:
        inputs = [list(map(value, row)) for row in X]
        scores = list(map(model, inputs))
        losses = [(1 + -yi * score).relu() for yi, score in zip(y, scores, strict=True)]
        data_loss = sum(losses) * (1.0 / len(losses))
        total = data_loss + 1e-4 * sum(p * p for p in model.parameters())
        model.zero_grad()
        total.backward()
        for p in model.parameters():
            p.data -= 0.1 * p.grad
        return float(total.data)

    return step


def demo_on_nn(X: list[Any], y: list[int]) -> Callable[[], float]:  # noqa: N803
    """The same step with the batch, the loss and the optimiser of nn."""
    random.seed(1337)
    model = nn.MLP(2, [16, 16, 1])
    parameters = model.parameters()
    optimizer = nn.optim.SGD(parameters, lr=0.1)

    def step() -> float:
        total = nn.hinge_loss(model(X), y) + 1e-4 * autograd_lite.dot(parameters, parameters)
        optimizer.zero_grad()
        total.backward()
        optimizer.step()
        return float(total.data)

    return step


def moons_rows(quick: bool) -> list[Row]:
    from micrograd.engine import Value as TheirValue  # type: ignore[import-untyped]
    from micrograd.nn import MLP as TheirMLP  # type: ignore[import-untyped]  # noqa: N811

    data = moons(random.Random(0))
    steps = [demo(TheirMLP, TheirValue, *data), demo(nn.MLP, Value, *data), demo_on_nn(*data)]
    first = [step() for step in steps]
    assert max(first) - min(first) < 1e-9, first  # the same network, loss and step
    theirs, unchanged, ours = seconds(*steps, rounds=2 if quick else 15)
    gc.disable()
    (uncollected,) = seconds(steps[0], rounds=2 if quick else 5)
    gc.enable()
    gc.collect()
    return [
        Row("moons: a step of micrograd 0.1.0", theirs * 1e3, "ms", ""),
        Row("moons: the same, garbage collector off", uncollected * 1e3, "ms", ""),
        Row("moons: its code unchanged, on autograd_lite", unchanged * 1e3, "ms", ""),
        Row("moons: the same step on nn", ours * 1e3, "ms", ""),
        Row("moons: code unchanged, times faster", theirs / unchanged, "times", ""),
        Row("moons: on nn, times faster", theirs / ours, "times", "at least 300"),
    ]


# ------------------------------------------------------------------ forward, backward, a step


def both_ways(name: str, forward: Callable[[], Any], multiply_adds: int, rounds: int) -> list[Row]:
    """Nanoseconds a multiply-add of the forward pass, forward and backward."""
    ahead, back = [], []
    gc.collect()
    gc.disable()
    for _ in range(rounds):
        start = perf_counter()
        loss = forward()
        ahead.append(perf_counter() - start)
        start = perf_counter()
        loss.backward()
        back.append(perf_counter() - start)
    gc.enable()
    scale = 1e9 / multiply_adds
    return [
        Row(f"{name}: forward", statistics.median(ahead) * scale, "ns/madd", "at most 10"),
        Row(f"{name}: backward", statistics.median(back) * scale, "ns/madd", "at most 15"),
    ]


def total(x: Any) -> Any:
    """The sum of all elements, the cheapest loss there is."""
    rows = [x]
    while isinstance(rows[0], (list, tuple)):
        rows = [element for row in rows for element in row]
    return autograd_lite.sum(rows)


def layer_rows(quick: bool) -> list[Row]:
    rng = random.Random(0)
    rounds = 3 if quick else 15

    def data(*shape: int) -> Any:
        return [data(*shape[1:]) for _ in range(shape[0])] if shape else rng.gauss(0, 1)

    x, target = data(64, 100), data(64, 10)
    chapter = nn.Sequential(nn.Linear(100, 50, rng=rng), nn.ReLU(), nn.Linear(50, 10, rng=rng))
    rows = both_ways(
        "100-50-10 at batch 64",
        lambda: nn.mse_loss(chapter(x), target),
        64 * (100 * 50 + 50 * 10),
        rounds,
    )

    length, batch, width = 16, 4, 64
    lstm = nn.LSTM(width, width, rng=rng)
    sequences = data(length, batch, width)
    rows += both_ways(
        f"LSTM({width}, {width}), {batch} sequences of {length}",
        lambda: total(lstm(sequences)[0]),
        length * batch * 4 * width * (width + width),
        rounds,
    )

    heads = 4
    attention = nn.MultiheadAttention(width, heads, batch_first=True, rng=rng)
    tokens = data(batch, length, width)
    rows += both_ways(
        f"MultiheadAttention({width}, {heads}), {batch} sequences of {length}",
        lambda: total(attention(tokens, tokens, tokens, need_weights=False)[0]),
        batch * (4 * length * width * width + 2 * length * length * width),
        rounds,
    )
    return rows


def optimizer_rows(quick: bool) -> list[Row]:
    parameters = [nn.Parameter(0.5) for _ in range(10_000)]
    for p in parameters:
        p.grad = 0.1
    adam = nn.optim.Adam(parameters)
    rounds = 20 if quick else 500
    step, zero = seconds(adam.step, adam.zero_grad, rounds=rounds)
    return [
        Row("Adam: a step over 10,000 parameters", step * 1e3, "ms", "at most 0.3"),
        Row("Adam: zero_grad over 10,000 parameters", zero * 1e3, "ms", ""),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument("--quick", action="store_true", help="few rounds, to see that it runs")
    arguments = parser.parse_args()
    rows = moons_rows(arguments.quick)
    rows += layer_rows(arguments.quick)
    rows += optimizer_rows(arguments.quick)
    if arguments.json:
        print(json.dumps([asdict(row) for row in rows], indent=1))
        return
    print("| work | measured | aim |\n|---|---:|---|")
    for row in rows:
        print(f"| {row.work} | {row.measured:.3g} {row.unit} | {row.aim} |")


if __name__ == "__main__":
    main()
