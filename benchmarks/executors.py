"""The executors of compiled functions, and which one of them `auto` has chosen.

    python benchmarks/executors.py
    python benchmarks/executors.py --quick  # one turn of few, to see that it runs

Each row is a program: its scalars, the operations on arrays that they become, how long a call and
its gradient take on each executor (minima of 30 turns, side by side, all that a call costs
included), and which one `auto` takes: what its few runs at the second call found the faster one.
C, which needs a compiler, comes later, and only where runs take some time in all.

A second table has the runs alone of larger programs, without what a call costs besides: forward and
backward, by arrays and in C, and beside them the least time that the arithmetic takes, if all of it
were done at the rate at which a product of two matrices of 64 rows runs in C on this machine.
"""

from __future__ import annotations

import argparse
import gc
import math
import random
import sys
from collections.abc import Callable, Iterable, Iterator
from itertools import islice, pairwise
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
from autograd_lite import Value, compile, dot, exp, relu, sin, tanh  # noqa: E402
from autograd_lite.compiler.lift.instructions import Contraction  # noqa: E402
from autograd_lite.compiler.plan.groups import Loop, Repeat  # noqa: E402
from autograd_lite.compiler.run.compiled import Compilation, CompiledExecutor  # noqa: E402
from autograd_lite.operations.formulas import FUNCTIONS  # noqa: E402

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


def large(quick: bool) -> Iterator[Program]:
    """Networks, a chain of many variables, and paths of a Monte-Carlo method."""
    rng = np.random.default_rng(0)
    for name, sizes, batch in (("moons", [2, 16, 16, 1], 100), ("chapter", [100, 50, 10], 64)):
        model = nn.MLP(sizes[0], sizes[1:], rng=0)
        x, y = rng.normal(size=(batch, sizes[0])), rng.normal(size=(batch, sizes[-1]))
        yield f"{name}, {'-'.join(map(str, sizes))}, batch {batch}", error(model), (x, y)
    n = 100 if quick else 10_000
    yield f"Rosenbrock's valley, {n:,} variables", valley, (list(map(Value, rng.normal(size=n))),)
    paths, steps = (10, 5) if quick else (1000, 252)
    numbers = rng.normal(size=(steps, paths))
    yield f"option on a mean, {paths:,} paths of {steps} steps", option, (numbers, Value(0.2))


def error(model: Any) -> Callable[..., Any]:
    def function(xs: Any, ys: Any) -> Any:
        outs = [model(x) for x in xs]
        rows = [out if isinstance(out, list) else [out] for out in outs]
        return sum(
            (a - b) ** 2
            for out, y in zip(rows, ys, strict=True)
            for a, b in zip(out, y, strict=True)
        )

    return function


def valley(x: Any) -> Any:
    return sum(100 * (b - a * a) ** 2 + (1 - a) ** 2 for a, b in pairwise(x))


def option(numbers: Any, volatility: Any) -> Any:
    prices = [100.0] * len(numbers[0])
    totals = [0.0] * len(prices)
    step = 1 / len(numbers)
    for row in numbers:
        shift, scale = -volatility * volatility * (step / 2), volatility * step**0.5
        prices = [s * exp(shift + scale * z) for s, z in zip(prices, row, strict=True)]
        totals = [t + s for t, s in zip(totals, prices, strict=True)]
    return sum(relu(t * step - 100) for t in totals) / len(totals)


def operations(groups: Iterable[Any]) -> int:
    """Additions, multiplications and the like; a function counts as 25, which is what exp takes."""
    count = 0
    for group in groups:
        match group:
            case Repeat(turns, inner):
                count += turns * operations(inner)
            case Loop(sizes, statements):
                each = sum(in_tree(s.tree) + bool(s.sums or s.add) for s in statements)
                count += math.prod(sizes) * each
            case Contraction(loops, sums):
                count += 2 * math.prod((*loops, *sums))
    return count


def in_tree(tree: Any) -> int:
    if not isinstance(tree, tuple):
        return 0
    return (25 if tree[0] in FUNCTIONS else 1) + sum(map(in_tree, tree[1:]))


def runs(function: Callable[..., Any], args: tuple[Any, ...], turns: int) -> list[float]:
    """Microseconds of a run and its gradient by arrays and in C, to compile it; its operations."""
    compiled = compile(function, executor="numpy", check="never")
    compiled(*args)
    arrays = compiled.programs()[-1].choice.lifted()
    compilation = Compilation(arrays.program, arrays.plan)
    start = perf_counter()
    compilation.library.wait()
    compiling = perf_counter() - start
    if compilation.library.problem:
        sys.exit(compilation.library.problem)
    best = []
    for executor in (arrays, CompiledExecutor(compilation)):
        space = executor.workspace()
        space.memory[arrays.plan.leaves] = 0.5
        space.memory[arrays.plan.cotangents] = 1.0
        best.append((space, float("inf")))
    for _ in range(turns):
        for i, (space, least) in enumerate(best):
            start = perf_counter()
            space.forward()
            space.backward()
            best[i] = space, min(least, perf_counter() - start)
    plan = arrays.plan
    count = operations([*plan.forward, *plan.backward])
    return [*(1e6 * least for _, least in best), compiling, count]


def product(a: Any, b: Any) -> Any:
    columns = list(zip(*b, strict=True))
    return sum(dot(row, column) ** 2 for row in a for column in columns)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="one turn of few, to see that it runs")
    quick = parser.parse_args().quick
    turns = 1 if quick else 30
    gc.disable()
    print(f"{', '.join(machine('numpy').values())}\n")
    print("| program | scalars | operations | interpreted, us | arrays, us | C, us", end=" ")
    print(
        "| interpreted / arrays | arrays / C | auto takes |\n|---|---|---|---|---|---|---|---|---|"
    )
    for name, function, args in islice(programs(), 0, None, 5 if quick else 1):
        (interpreted, arrays, in_c), executor = times(function, args, turns)
        taken = "interpreter" if executor.arrays() is None else "arrays"
        calls = sum(executor.lifted().calls)
        print(
            f"| {name} | {len(executor.tape):,} | {calls} | {interpreted:.1f} | {arrays:.1f} "
            f"| {in_c:.1f} | {interpreted / arrays:.2f} | {arrays / in_c:.2f} | {taken} |"
        )

    print("\n| runs | operations | arrays, us | C, us | arrays / C | least, us | to compile, s |")
    print("|---|---|---|---|---|---|---|")
    square = np.ones((64, 64)), list(map(list, np.ones((64, 64))))
    rate = 0.0
    for name, function, args in (("", product, square), *large(quick)):
        by_arrays, in_c, compiling, count = runs(function, args, 10 * turns)
        rate = rate or count / in_c
        print(
            f"| {name or 'product, 64 x 64 x 64'} | {count:,} | {by_arrays:.1f} | {in_c:.1f} "
            f"| {by_arrays / in_c:.2f} | {count / rate:.1f} | {compiling:.2f} |"
        )


if __name__ == "__main__":
    main()
