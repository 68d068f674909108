"""The executors of compiled functions, and which one of them `auto` has chosen.

    python benchmarks/executors.py
    python benchmarks/executors.py --quick  # one turn, to see that it runs

Each row is a program: its scalars, the operations on arrays that they become, how long a call and
its gradient take on each executor (minima of 30 turns, side by side, all that a call costs
included), and which one `auto` takes: what its few runs at the second call found the faster one.
C, which needs a compiler, comes later, and only where runs take some time in all.
"""

from __future__ import annotations

import argparse
import gc
import random
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from time import perf_counter
from typing import Any

from machine import machine

# A script's folder comes first where Python looks for modules, and one script there is called nn.
sys.path = [
    folder for folder in sys.path if Path(folder).resolve() != Path(__file__).resolve().parent
]

import numpy as np  # noqa: E402

import nn  # noqa: E402
from autograd_lite import Value, compile, sin, tanh  # noqa: E402

Program = tuple[str, Callable[..., Any], tuple[Any, ...]]


def programs() -> Iterator[Program]:
    """Networks of many sizes, and graphs without repetition."""
    rng = np.random.default_rng(0)
    for width in (2, 4, 8, 16, 32):
        for batch in (1, 4, 16, 64):
            model = nn.MLP(2, [width, 1], rng=0)
            x, y = rng.normal(size=(batch, 2)), rng.normal(size=batch)
            yield f"MLP 2-{width}-1, batch {batch}", mean_square(model), (x, y)
    for cell in (nn.RNN, nn.LSTM, nn.GRU):
        for length in (2, 8, 32):
            layer = cell(4, 8, rng=0)
            yield (
                f"{cell.__name__} 4-8, {length} steps",
                total(layer),
                (rng.normal(size=(length, 4)),),
            )
    for length in (2, 8):
        block = nn.TransformerEncoderLayer(8, 2, 16, dropout=0.0, rng=0)
        yield f"Transformer, {length} tokens", mean(block), (rng.normal(size=(length, 8)),)
    for size in (20, 200, 2000):
        leaves = [Value(v) for v in rng.normal(size=5)]
        yield f"random graph, {size} nodes", graph(leaves, size), (0.5,)


def mean_square(model: Any) -> Callable[..., Any]:
    return lambda xs, ys: sum((model(x) - y) ** 2 for x, y in zip(xs, ys, strict=True)) / len(ys)


def total(layer: Any) -> Callable[..., Any]:
    return lambda x: sum(v for row in layer(x)[0] for v in row)


def mean(layer: Any) -> Callable[..., Any]:
    return lambda x: sum(v * v for row in layer(x) for v in row)


def graph(leaves: list[Value], size: int) -> Callable[..., Any]:
    def function(x: Any) -> Any:
        rng = random.Random(0)
        nodes = [*leaves, x]
        for _ in range(size):
            a, b = rng.choice(nodes), rng.choice(nodes)
            nodes.append(rng.choice([a + b, a - b, a * b, sin(a), tanh(a)]))
        return sum(nodes)

    return function


def times(
    function: Callable[..., Any], args: tuple[Any, ...], turns: int
) -> tuple[list[float], Any]:
    """Microseconds of a call and its gradient, interpreted, by arrays, in C; what auto runs."""
    ways = [compile(function, executor=kind) for kind in ("interpret", "numpy", "c")]
    chooser = compile(function)
    for way in (*ways, chooser):
        for _ in range(3):
            way(*args).backward()
    best = [float("inf")] * 3
    for _ in range(turns):
        for i, way in enumerate(ways):
            start = perf_counter()
            for _ in range(10):
                way(*args).backward()
            best[i] = min(best[i], (perf_counter() - start) * 1e5)
    return best, chooser.programs()[-1].choice


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="one turn, to see that it runs")
    turns = 1 if parser.parse_args().quick else 30
    gc.disable()
    print(f"{', '.join(machine('numpy').values())}\n")
    print("| program | scalars | operations | interpreted, us | arrays, us | C, us", end=" ")
    print(
        "| interpreted / arrays | arrays / C | auto takes |\n|---|---|---|---|---|---|---|---|---|"
    )
    for name, function, args in programs():
        (interpreted, arrays, in_c), executor = times(function, args, turns)
        taken = "interpreter" if executor.arrays() is None else "arrays"
        calls = sum(executor.lifted().calls)
        print(
            f"| {name} | {len(executor.tape):,} | {calls} | {interpreted:.1f} | {arrays:.1f} "
            f"| {in_c:.1f} | {interpreted / arrays:.2f} | {arrays / in_c:.2f} | {taken} |"
        )


if __name__ == "__main__":
    main()
