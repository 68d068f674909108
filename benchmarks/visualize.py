"""How long pictures take: `python benchmarks/visualize.py`, with --json for machines.

Medians of fresh runs on this machine. "nodes" are those of the computation graph; the first call
includes starting the layout engine.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time

sys.path.pop(0)  # this folder, where `visualize` is this file

import visualize
from autograd_lite import Value, dot, tanh
from autograd_lite import sum as sum_of

SIZES = (60, 600, 5_000, 50_000)


def network(nodes: int) -> Value:
    """A batch through a layer of 4 neurons on 3 inputs: about this many nodes."""
    weights = [[Value(0.1 * (i + j)) for j in range(3)] for i in range(4)]
    biases = [Value(0.1 * i) for i in range(4)]
    losses = []
    for sample in range(max(1, (nodes - 17) // 28)):
        x = [Value(0.01 * (sample + j)) for j in range(3)]
        outs = [tanh(dot(w, x) + b) for w, b in zip(weights, biases, strict=True)]
        losses.append(sum_of([(out - 0.5) ** 2 for out in outs]))
    loss = sum_of(losses)
    loss.backward()
    return loss


def seconds(function, runs: int) -> float:
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def in_fresh_process(code: str) -> float:
    """The seconds that the code prints, median of five processes."""
    env = {name: text for name, text in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    command = [sys.executable, "-c", code]
    runs = [subprocess.run(command, capture_output=True, check=True, env=env) for _ in range(5)]
    return statistics.median(float(run.stdout) for run in runs)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()
    clock = "import time; start = time.perf_counter(); {}; print(time.perf_counter() - start)"
    table = {
        "import autograd_lite": in_fresh_process(clock.format("import autograd_lite")),
        "import visualize": in_fresh_process(clock.format("import visualize")),
    }
    first = time.perf_counter()
    visualize.to_svg(network(60))
    table["first picture in a process"] = time.perf_counter() - first
    for size in SIZES:
        root = network(size)
        nodes = len(visualize.trace(root)[0])
        if nodes <= 1_000:
            table[f"draw, {nodes:,} nodes"] = seconds(lambda root=root: visualize.to_svg(root), 5)
        table[f"draw folded, {nodes:,} nodes"] = seconds(
            lambda root=root: visualize.to_svg(root, fold=True), 3
        )
        if nodes <= 6_000:
            table[f"explain, {nodes:,} nodes"] = seconds(
                lambda root=root: visualize.explain(root), 3
            )
    if options.json:
        print(json.dumps(table, indent=2))
        return
    for name, time_taken in table.items():
        print(f"{name:<34}{time_taken:>9.3f} s")


if __name__ == "__main__":
    main()
