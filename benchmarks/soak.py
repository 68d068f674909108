"""A soak: mixed training for as long as one likes, with what the process holds and a step takes.

    python benchmarks/soak.py                 # 10 minutes
    python benchmarks/soak.py --minutes 60

A step builds, differentiates and optimises a perceptron, a recurrent and a convolutional network,
copies and pickles a graph, writes and reads a model file, lets an operation fail, and drops
instances that refer to one another. The table has one row for each tenth of the time. The exit
status is 1 if, after the first row, memory grows by more than 10 % or the median step by more than
half. For Linux, with the extra `safetensors`.
"""

from __future__ import annotations

import argparse
import copy
import gc
import os
import pickle
import random
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from time import perf_counter, process_time

# A script's folder comes first where Python looks for modules, and nn.py lies in this one.
sys.path = [
    folder for folder in sys.path if Path(folder).resolve() != Path(__file__).resolve().parent
]

import autograd_lite as al  # noqa: E402
import nn  # noqa: E402
from autograd_lite import Value  # noqa: E402


class Weight(Value):
    """A Value with attributes."""

    loss: Value


def perceptron(rng: random.Random) -> Callable[[], None]:
    model = nn.MLP(4, [16, 16, 1], rng=rng)
    optimizer = nn.optim.Adam(model.parameters(), lr=0.01)

    def step() -> None:
        X = [[rng.gauss(0, 1) for _ in range(4)] for _ in range(16)]  # noqa: N806
        optimizer.zero_grad()
        nn.mse_loss(model(X), [sum(row) for row in X]).backward()
        optimizer.step()

    return step


def recurrent(rng: random.Random) -> Callable[[], None]:
    model, head = nn.GRU(2, 6, rng=rng), nn.Linear(6, 3, rng=rng)
    optimizer = nn.optim.SGD([*model.parameters(), *head.parameters()], lr=0.01, momentum=0.9)

    def step() -> None:
        sequence = [[rng.gauss(0, 1), rng.gauss(0, 1)] for _ in range(8)]
        optimizer.zero_grad()
        out, _ = model(sequence)
        nn.cross_entropy([head(out[-1])], [rng.randrange(3)]).backward()
        optimizer.step()

    return step


def convolution(rng: random.Random) -> Callable[[], None]:
    model = nn.Conv2d(1, 2, 3, rng=rng)
    optimizer = nn.optim.RMSprop(model.parameters(), lr=0.01)

    def step() -> None:
        image = [[[rng.random() for _ in range(6)] for _ in range(6)]]
        optimizer.zero_grad()
        out = model(image)
        al.mean([v * v for channel in out for row in channel for v in row]).backward()
        optimizer.step()

    return step


def copies(rng: random.Random) -> Callable[[], None]:
    def step() -> None:
        x = Value(rng.random())
        y = al.sum([al.sin(x) * x, al.exp(x), x])
        for twin in (copy.copy(y), copy.deepcopy(y), pickle.loads(pickle.dumps(y))):
            twin.backward()

    return step


def files(rng: random.Random) -> Callable[[], None]:
    model = nn.Linear(8, 8, rng=rng)
    folder = tempfile.TemporaryDirectory()
    path = Path(folder.name, "model.safetensors")

    def step() -> None:
        nn.save(model.state_dict(), path)
        model.load_state_dict(nn.load(path))
        assert folder  # it lives as long as this function

    return step


def failures(rng: random.Random) -> Callable[[], None]:
    def fail() -> None:
        raise RuntimeError

    def step() -> None:
        x = Value(rng.random())
        out = Value(1.0, (x * 2,), "fails")
        out._backward = fail
        try:
            (out * 3 + x).backward()
        except RuntimeError:
            return
        raise AssertionError("an exception was lost")

    return step


def cycles(rng: random.Random) -> Callable[[], None]:
    def step() -> None:
        a, b = Weight(rng.random()), Weight(rng.random())
        a.loss, b.loss = a * b, b + a
        a.loss.backward()

    return step


KINDS = (perceptron, recurrent, convolution, copies, files, failures, cycles)


def resident() -> int:
    """The bytes of memory that the process holds."""
    gc.collect()
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def soak(seconds: float) -> Iterator[tuple[int, int, float]]:
    """After each tenth of the time: steps made, bytes held, median processor time of a step."""
    rng = random.Random(0)
    steps = [kind(rng) for kind in KINDS]
    start = perf_counter()
    for tenth in range(1, 11):
        taken = []
        while perf_counter() - start < seconds * tenth / 10:
            began = process_time()
            for step in steps:
                step()
            taken.append(process_time() - began)
        yield len(taken), resident(), statistics.median(taken)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=10.0)
    minutes = parser.parse_args().minutes
    print("| minute | steps | MB held | ms of processor time a step |\n|--:|--:|--:|--:|")
    rows = []
    for i, (steps, held, median) in enumerate(soak(60 * minutes), start=1):
        rows.append((held, median))
        row = f"| {minutes * i / 10:.1f} | {steps:,} | {held / 1e6:.1f} | {1e3 * median:.2f} |"
        print(row, flush=True)
    held, median = (last / first for first, last in zip(rows[0], rows[-1], strict=True))
    print(f"\nFrom the first row to the last: memory x {held:.3f}, a step x {median:.2f}.")
    return int(held > 1.1 or median > 1.5)


if __name__ == "__main__":
    sys.exit(main())
