"""How few groups a plan has, and how long it takes to make.

    python benchmarks/plans.py
    python benchmarks/plans.py --quick  # small sizes, to see that it runs
    python benchmarks/plans.py --json

For each program: its scalars, the instructions and doubles of memory of the lifted program, the
groups and doubles of its plan, and the time of the processor for the plan, a minimum of three. In
the last rows nothing repeats: ten thousand operations on single numbers, in no order.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from time import process_time
from typing import Any

# A script's folder comes first where Python looks for modules, and one script there is called nn.
HERE = Path(__file__).resolve().parent
sys.path = [folder for folder in sys.path if Path(folder).resolve() != HERE]

import numpy as np  # noqa: E402

import autograd_lite  # noqa: E402
import nn  # noqa: E402
from autograd_lite import Value, value_and_grad  # noqa: E402
from autograd_lite.compiler.lift import lift  # noqa: E402
from autograd_lite.compiler.plan import plan  # noqa: E402

sys.path.insert(0, str(HERE))
import compile as dense  # noqa: E402

sys.path.insert(0, str(HERE))  # which that script has left out again
import lifting  # noqa: E402

Call = lifting.Call


def network(sizes: list[int], batch: int, hinge: bool, optimizer: Any = None) -> Call:
    """A loss of `benchmarks/compile.py`; with an optimiser, a whole step."""
    task = dense.Dense(sizes, batch, hinge)
    model = task.model()

    def loss(xs: Any, ys: Any) -> Any:
        if not hinge:
            return nn.mse_loss(model(xs), ys)
        scores = [model(x) for x in xs]
        return sum((1 - y[0] * s[0]).relu() for y, s in zip(ys, scores, strict=True)) / len(ys)

    if optimizer is None:
        return loss, (task.x, task.y)
    chosen = optimizer(model.parameters(), lr=0.01)

    def step(xs: Any, ys: Any) -> Any:
        total = loss(xs, ys)
        chosen.zero_grad()
        total.backward()
        chosen.step()
        return total

    return step, (task.x, task.y)


def gpt_parameters() -> dict[str, list[list[nn.Parameter]]]:
    return {
        name: [list(map(nn.Parameter, row)) for row in w.tolist()]
        for name, w in dense.gpt_weights().items()
    }


def gpt(letters: int, weights: dict[str, list[list[nn.Parameter]]] | None = None) -> Call:
    weights = weights or gpt_parameters()

    def minus_log(logits: list[Any], i: Any) -> Any:
        return -autograd_lite.take(autograd_lite.log_softmax(logits), i)

    on = dense.Scalars(autograd_lite.softmax, minus_log, autograd_lite.take)
    return lambda tokens: dense.scalar_gpt(weights, tokens, on), (np.arange(letters + 1),)


def rosenbrock(n: int) -> Call:
    function, _ = lifting.rosenbrock(n)
    return value_and_grad(function), (np.linspace(-1.2, 1, n),)


def irregular(n: int) -> Call:
    """Operations on any two of the last numbers."""
    draw = random.Random(0)
    steps = [(draw.randrange(3), draw.randrange(1, 20), draw.randrange(1, 20)) for _ in range(n)]

    def function(x: Any) -> Any:
        found = [x + 0.1 * k for k in range(20)]
        for kind, i, j in steps:
            a, b = found[-i], found[-j]
            found.append([a * b, a - b, autograd_lite.sin(a)][kind])
        return autograd_lite.sum(found[-20:])

    return function, (Value(0.3),)


def programs(quick: bool) -> dict[str, Callable[[], Call]]:
    moons, n = ([2, 4, 1], 5) if quick else ([2, 16, 16, 1], 100)
    chapter, m = ([6, 5, 2], 4) if quick else ([100, 50, 10], 64)
    sgd, adam = nn.optim.SGD, nn.optim.Adam
    return {
        "moons, loss and gradient": partial(network, moons, n, True),
        "moons, a step of SGD": partial(network, moons, n, True, sgd),
        "moons, a step of Adam": partial(network, moons, n, True, adam),
        "chapter, loss and gradient": partial(network, chapter, m, False),
        "chapter, a step of SGD": partial(network, chapter, m, False, sgd),
        "microgpt, 8 tokens": partial(gpt, 2 if quick else 8),
        "Rosenbrock, value_and_grad": partial(rosenbrock, 30 if quick else 10_000),
        "option, 252 steps": partial(lifting.option, *((12, 9) if quick else (252, 1000))),
        "LSTM, 2 x 14": partial(lifting.lstm, 12 if quick else 256),
        "RNN, 8": partial(lifting.rnn, 12 if quick else 1000),
        "irregular": partial(irregular, 50 if quick else 10_000),
    }


def measure(quick: bool) -> list[dict[str, Any]]:
    rows = []
    for name, make in programs(quick).items():
        function, arguments = make()
        f = autograd_lite.compile(function, executor="interpret", check="never")
        f(*arguments)
        recorded = f.programs()[0]
        program = lift(recorded.tape, recorded.choice.wrt)
        best = float("inf")
        for _ in range(1 if quick else 3):
            start = process_time()
            made = plan(program)
            best = min(best, process_time() - start)
        rows.append(
            {
                "program": name,
                "scalars": len(program.tape),
                "instructions": len(program.forward) + len(program.backward),
                "groups": len(made.forward) + len(made.backward),
                "doubles": program.size,
                "doubles of the plan": made.size,
                "ms": 1e3 * best,
            }
        )
    return rows


def markdown(rows: Sequence[dict[str, Any]]) -> Iterable[str]:
    yield "| program | scalars | instructions | groups | doubles, lifted | in the plan | ms |"
    yield "|---|--:|--:|--:|--:|--:|--:|"
    for row in rows:
        name, *counts, time = row.values()
        yield f"| {name} | {' | '.join(f'{x:,}' for x in counts)} | {time:.0f} |"


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="small sizes, to see that it runs")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    rows = measure(options.quick)
    print(json.dumps(rows) if options.json else "\n".join(markdown(rows)))


if __name__ == "__main__":
    main()
