"""What processes gain for jobs that need nothing of one another, and what a large network costs.

    pip install ".[dev]"
    python benchmarks/scale.py            # Markdown tables, two minutes
    python benchmarks/scale.py --quick    # little work, to see that it runs

Jobs: a price by simulation, with its derivatives, in this process and in workers of joblib and Dask
that have been started and have seen no such function. Sizes: a layer of n inputs and n outputs as a
function of one sample, from its Values to the second compiled call.
"""

from __future__ import annotations

import argparse
import pickle
import resource
import subprocess
import sys
from collections.abc import Callable
from statistics import median
from time import perf_counter, process_time
from typing import Any

import cloudpickle
import numpy as np
from dask.distributed import Client
from joblib import Parallel, delayed
from machine import machine

from autograd_lite import Value, compile, dot, exp, log, mean, relu, sqrt, tanh

PATHS, MONTHS = 100, 12


# -------------------------------------------------------------------------------------- jobs


@compile
def pays(normals: np.ndarray, spot: Value, volatility: Value) -> Value:
    """What a call on the mean price of a year pays."""
    each = []
    for path in normals:
        logs = [log(spot)]
        for z in path:
            logs.append(logs[-1] - volatility**2 / 24 + volatility * sqrt(1 / 12) * z)
        each.append(relu(exp(mean(logs[1:])) - 100))
    return mean(each)


def simulated(seed: Any, batches: int) -> np.ndarray:
    """The price and its derivatives with respect to spot and volatility."""
    rng, total = np.random.default_rng(seed), np.zeros(3)
    for _ in range(batches):
        spot, volatility = Value(100.0), Value(0.2)
        price = pays(rng.normal(size=(PATHS, MONTHS)), spot, volatility)
        price.backward()
        total += price.data, spot.grad, volatility.grad
    return total / batches


def seconds(run: Callable[[], Any], clock: Callable[[], float] = perf_counter) -> float:
    start = clock()
    run()
    return clock() - start


def costs() -> dict[str, str]:
    """What it costs to send the function, and to call it there."""
    sent = cloudpickle.dumps(pays)
    there = pickle.loads(sent)  # as a worker has it: without programs
    arguments = np.random.default_rng(0).normal(size=(PATHS, MONTHS)), Value(100.0), Value(0.2)
    pickled = [seconds(lambda: cloudpickle.dumps(pays), process_time) for _ in range(100)]
    calls = [seconds(lambda: there(*arguments).backward(), process_time) for _ in range(1000)]
    return {
        "bytes of its pickle": f"{len(sent):,}",
        "to pickle it, µs": f"{1e6 * median(pickled):.0f}",
        "the first call there, ms": f"{1e3 * calls[0]:.0f}",
        "the second, ms": f"{1e3 * calls[1]:.0f}",
        "each later one, ms": f"{1e3 * median(calls[2:]):.3f}",
    }


def jobs(many: int, batches: int, workers: int) -> dict[str, float]:
    """Seconds for so many jobs: here, and by workers."""
    seeds = np.random.SeedSequence(0).spawn(many)
    simulated(0, 10)
    found = {"here": seconds(lambda: [simulated(seed, batches) for seed in seeds])}
    parallel = Parallel(n_jobs=workers)
    parallel(delayed(abs)(k) for k in range(8 * workers))  # starts them
    found["joblib"] = seconds(lambda: parallel(delayed(simulated)(s, batches) for s in seeds))
    with Client(n_workers=workers, threads_per_worker=1, dashboard_address=":0") as client:
        client.gather(client.map(abs, range(8 * workers)))
        work = lambda: client.gather(client.map(simulated, seeds, batches=batches))  # noqa: E731
        found["Dask"] = seconds(work)
    return found


# ------------------------------------------------------------------------------------- sizes


def size(n: int) -> None:
    """Print what a layer with n * n weights and its recording take: processor's seconds, memory."""
    memory = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024  # noqa: E731
    before = memory()
    rng = np.random.default_rng(0)
    start = process_time()
    rows = [[Value(w) for w in row] for row in rng.normal(size=(n, n)).tolist()]
    made = process_time() - start
    loss = compile(lambda x: mean([tanh(dot(row, x)) for row in rows]))
    x = rng.normal(size=n).tolist()
    call = lambda: seconds(lambda: loss(x).backward(), process_time)  # noqa: E731
    first, second, *later = [call() for _ in range(10)]
    print(n * n, made, first, second, min(later), memory() - before)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="little work: the numbers say little")
    parser.add_argument("--size", type=int, help="measure a layer of this size alone")
    options = parser.parse_args()
    if options.size:
        return size(options.size)
    print(", ".join(machine("numpy", "joblib", "dask").values()), "\n")
    print("| a compiled function in a worker | |\n|---|--:|")
    for what, cost in costs().items():
        print(f"| {what} | {cost} |")

    total = 100 if options.quick else 20_000  # batches
    print("\n| jobs | batches each | here, s | two workers of joblib, s | of Dask, s |")
    print("|--:|--:|--:|--:|--:|")
    for many in (4,) if options.quick else (4, 40):
        found = jobs(many, total // many, workers=2)
        cells = " | ".join(f"{x:.1f}" for x in found.values())
        print(f"| {many} | {total // many:,} | {cells} |")

    print("\n| weights | made, s | first call, s | second, s | later ones, ms | MB |")
    print("|--:|--:|--:|--:|--:|--:|")
    for n in (30,) if options.quick else (100, 300, 1000):
        command = [sys.executable, __file__, "--size", str(n)]
        weights, *times, later, megabytes = subprocess.run(
            command, check=True, capture_output=True, text=True
        ).stdout.split()
        cells = [f"{float(x):.2f}" for x in times]
        cells += [f"{1000 * float(later):.1f}", f"{float(megabytes):,.0f}"]
        print(f"| {int(weights):,} | {' | '.join(cells)} |")
    return None


if __name__ == "__main__":
    main()
