"""The engine's speed and memory against plain Python floats, its own source uncompiled, micrograd.

    pip install . micrograd==0.1.0
    python benchmarks/engine.py            # a Markdown table, three minutes
    python benchmarks/engine.py --json

Each number is measured in a fresh process. The contestants take turns (A B C D, A B C D, ...), so
that a machine that speeds up or slows down meanwhile does so for all of them, and the table shows
the median over the rounds. While a clock runs the garbage collector is off, as `timeit` has it;
with it on, micrograd and the uncompiled source are slower still.

micrograd makes more nodes of the same work (`x - y` is `x + y * -1`), and its backward recurses
once a node, so it gets a recursion limit and a stack to match. For Linux and macOS.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import statistics
import subprocess
import sys
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from time import perf_counter
from typing import Any, NamedTuple

from machine import machine

# ------------------------------------------------------------------------------ the contestants

COMPILED, FLOATS, UNCOMPILED, MICROGRAD = "compiled", "floats", "uncompiled", "micrograd"
CONTESTANTS = (COMPILED, FLOATS, UNCOMPILED, MICROGRAD)
IMPORTS = {
    COMPILED: "import autograd_lite",
    FLOATS: "pass",
    UNCOMPILED: "import autograd_lite",
    MICROGRAD: "import micrograd.engine",
}


class Engine(NamedTuple):
    """What the experiments use of a contestant."""

    name: str
    Value: Callable[[float], Any]
    dot: Callable[[list[Any], list[Any]], Any]


def load(contestant: str) -> Engine:
    """The contestant, in the process that measures it."""
    if contestant == FLOATS:
        return Engine(contestant, float, dot_of_generator)
    if contestant == MICROGRAD:
        from micrograd.engine import Value  # type: ignore[import-untyped]

        return Engine(contestant, Value, dot_of_generator)
    import autograd_lite

    if autograd_lite.compiled != (contestant == COMPILED):
        sys.exit("autograd_lite is not compiled here; `pip install .` with a C compiler at hand")
    return Engine(contestant, autograd_lite.Value, autograd_lite.dot)


def dot_of_generator(a: list[Any], b: list[Any]) -> Any:
    return sum(x * y for x, y in zip(a, b))  # noqa: B905


# ------------------------------------------------------------------------------ the experiments
# Each runs in a process of its own and returns some of the numbers that the rows show.

Experiment = Callable[[Engine, "Size"], dict[str, float]]
EXPERIMENTS: dict[str, Experiment] = {}


@dataclass(frozen=True)
class Size:
    """How much work to do."""

    rounds: int
    seconds: float  # that a process repeats its work for
    longer: tuple[int, int]  # operations of the chains that no cache holds
    memory_operations: int
    loop_operations: int


FULL = Size(15, 0.2, (300_000, 1_000_000), 1_000_000, 10_000_000)
QUICK = Size(1, 0.02, (60_000, 100_000), 100_000, 200_000)


def experiment(function: Experiment) -> Experiment:
    EXPERIMENTS[function.__name__] = function
    return function


@experiment
def chain(engine: Engine, size: Size) -> dict[str, float]:
    """Build a chain of operations, backpropagate over it, and drop it."""
    return times_of_chain(engine, size.seconds, 30_000)


@experiment
def longer(engine: Engine, size: Size) -> dict[str, float]:
    """The same, compiled, of chains that no cache of the machine holds."""
    if engine.name != COMPILED:
        return {}
    return {
        f"{row} {i}": time
        for i, operations in enumerate(size.longer)
        for row, time in times_of_chain(engine, size.seconds, operations).items()
    }


def times_of_chain(engine: Engine, seconds: float, operations: int) -> dict[str, float]:
    builds, backwards, drops = [], [], []
    for _ in repetitions(seconds):
        leaves = [engine.Value(number) for number in (1.0, 1.0, 0.5, 0.5)]
        start = perf_counter()
        y = long_expression(operations, *leaves)
        builds.append(perf_counter() - start)
        if engine.name == FLOATS:
            continue
        start = perf_counter()
        y.backward()
        backwards.append(perf_counter() - start)
        start = perf_counter()
        del y
        if engine.name == MICROGRAD:
            gc.collect()  # its nodes refer to themselves, so nothing else frees them
        drops.append(perf_counter() - start)
    result = {"build": nanoseconds(builds) / operations}
    if engine.name != FLOATS:
        nodes = count_nodes(long_expression(operations, *leaves))
        result["backward"] = nanoseconds(backwards) / nodes
        result["drop"] = nanoseconds(drops) / operations
    return result


@experiment
def dot(engine: Engine, size: Size) -> dict[str, float]:
    """Dot products of 64 terms, forward and (but for floats) backward."""
    terms, products = 64, 100
    times = []
    a = [engine.Value(i / terms) for i in range(terms)]
    b = [engine.Value(1 - i / terms) for i in range(terms)]
    for _ in repetitions(size.seconds):
        start = perf_counter()
        if engine.name == FLOATS:
            for _ in range(products):
                engine.dot(a, b)
        else:
            for _ in range(products):
                engine.dot(a, b).backward()
        times.append(perf_counter() - start)
    return {"dot": nanoseconds(times) / (products * terms)}


@experiment
def memory(engine: Engine, size: Size) -> dict[str, float]:
    """A chain of a million operations, kept."""
    if engine.name == FLOATS:
        return {}
    leaves = [engine.Value(number) for number in (1.0, 1.0, 0.5, 0.5)]
    before = resident_bytes()
    y = long_expression(size.memory_operations, *leaves)
    return {"memory": (resident_bytes() - before) / count_nodes(y)}


@experiment
def loop(engine: Engine, size: Size) -> dict[str, float]:
    """A long loop whose turns build a graph of 400 operations, backpropagate and drop it."""
    if engine.name == FLOATS:
        return {}
    leaves = [engine.Value(number) for number in (1.0, 1.0, 0.5, 0.5)]

    def turns(operations: int) -> None:
        for _ in range(operations // 400):
            long_expression(400, *leaves).backward()

    turns(size.loop_operations // 100)  # the interpreter's own caches fill first
    before = resident_bytes()
    turns(size.loop_operations)
    return {"loop": (resident_bytes() - before) / 2**20}


def long_expression(operations: int, x: Any, a: Any, b: Any, c: Any) -> Any:
    for _ in range(operations // 4):
        x = x * b + a
        x = x - c * b
    return x


def repetitions(seconds: float) -> Iterator[int]:
    """Count, for about so many seconds but at least to 3, with the garbage collector off."""
    gc.disable()
    end = perf_counter() + seconds
    i = 0
    while i < 3 or perf_counter() < end:
        yield i
        i += 1
    gc.enable()


def nanoseconds(times: list[float]) -> float:
    """The median, without the first, which warms caches up."""
    return statistics.median(times[1:]) * 1e9


def count_nodes(root: Any) -> int:
    """How many nodes `root` depends on, itself included."""
    seen, stack = {root}, [root]
    while stack:
        fresh = stack.pop()._prev - seen
        seen |= fresh
        stack.extend(fresh)
    return len(seen)


def resident_bytes() -> int:
    """The memory that this process occupies (RSS)."""
    gc.collect()
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except OSError:
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # macOS: the peak, in bytes
    return pages * os.sysconf("SC_PAGE_SIZE")


# ------------------------------------------------------------------------- running the processes


def report(name: str, contestant: str, size: Size) -> None:
    """In a process of its own: run an experiment and print what it found."""

    def work() -> None:
        found = EXPERIMENTS[name](load(contestant), size)
        print(json.dumps(found), flush=True)
        os._exit(0)  # without freeing what it built

    if contestant != MICROGRAD:
        work()
    sys.setrecursionlimit(10**6)
    threading.stack_size(1 << 29)
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()


def run(name: str, contestant: str, quick: bool) -> dict[str, float]:
    """An experiment on a contestant, in a fresh process."""
    command = [sys.executable, __file__, "--measure", name, contestant, *["--quick"] * quick]
    done = subprocess.run(
        command, env=environment(contestant), stdout=subprocess.PIPE, text=True, check=False
    )
    if done.returncode:
        sys.exit(f"the measurement of {contestant!r} failed: {name}")
    found: dict[str, float] = json.loads(done.stdout)
    return found


def run_import(contestant: str) -> dict[str, float]:
    """Milliseconds from the start to the end of a Python that imports the contestant."""
    # Without the current directory, so that the installed package is found, as users find it.
    command = [sys.executable, "-c", f"import sys; del sys.path[0]; {IMPORTS[contestant]}"]
    start = perf_counter()
    subprocess.run(command, env=environment(contestant), check=True)
    return {"import": (perf_counter() - start) * 1e3}


def environment(contestant: str) -> dict[str, str]:
    return os.environ | {"AUTOGRAD_LITE_PURE": "1" if contestant == UNCOMPILED else ""}


Results = dict[tuple[str, str], float]  # (row, contestant) -> median


def measure_all(size: Size, quick: bool) -> Results:
    samples = defaultdict(list)
    run_import(UNCOMPILED)  # the first import may write .pyc files
    rounds = {"chain": size.rounds, "dot": size.rounds, "import": 2 * size.rounds}
    rounds |= {"longer": size.rounds, "memory": 1, "loop": 1}  # the last two hardly vary
    for name, n in rounds.items():
        for i in range(n):
            for contestant in CONTESTANTS:
                progress(f"{name}, round {i + 1} of {n}: {contestant}")
                found = run_import(contestant) if name == "import" else run(name, contestant, quick)
                for row, number in found.items():
                    samples[row, contestant].append(number)
    progress("")
    return {key: statistics.median(numbers) for key, numbers in samples.items()}


def progress(line: str) -> None:
    if sys.stderr.isatty():
        print(f"\r\033[K{line}", end="", file=sys.stderr, flush=True)


# ---------------------------------------------------------------------------------- the table


class Target(NamedTuple):
    """A number that the compiled engine has to reach."""

    limit: float
    what: str  # with {} for the number
    measured: Callable[[Results], float]
    at_least: bool = False

    def met(self, results: Results) -> bool:
        number = self.measured(results)
        return number >= self.limit if self.at_least else number <= self.limit

    def shown(self, results: Results) -> str:
        bound = f"{'at least' if self.at_least else 'at most'} {self.limit:g}"
        verdict = "met" if self.met(results) else "NOT MET"
        return f"{self.what.format(significant(self.measured(results)))} ({bound}: {verdict})"


class Row(NamedTuple):
    """One line of the table."""

    key: str
    work: str  # with {the fields of Size}
    unit: str
    targets: tuple[Target, ...] = ()


def quotient(row: str, contestant: str, by: tuple[str, str]) -> Callable[[Results], float]:
    return lambda results: results[row, contestant] / results[by]


def backward_targets(build: str, backward: str) -> tuple[Target, Target]:
    """Those of the compiled engine, given the keys of two rows."""
    return (
        Target(12, "{} ns", lambda results: results[backward, COMPILED]),
        Target(1, "{} times building one", quotient(backward, COMPILED, (build, COMPILED))),
    )


def rows_of_longer(i: int) -> tuple[Row, ...]:
    """The rows of a chain that no cache holds, the i-th of its lengths."""
    keys = [f"{row} {i}" for row in ("build", "backward", "drop")]
    return (
        Row(keys[0], f"build {{longer[{i}]:,}} operations", "ns an operation"),
        Row(keys[1], "backward over them", "ns a node", backward_targets(keys[0], keys[1])),
        Row(keys[2], "drop them", "ns an operation"),
    )


ROWS = (
    Row("build", "build 30,000 operations, `x = x*b + a; x = x - c*b`", "ns an operation", (
        Target(2, "{} times floats", quotient("build", COMPILED, ("build", FLOATS))),
        Target(30, "{} times faster than micrograd",
               quotient("build", MICROGRAD, ("build", COMPILED)), at_least=True),
    )),
    Row("backward", "backward over it", "ns a node", (
        *backward_targets("build", "backward"),
        Target(50, "{} times faster than micrograd",
               quotient("backward", MICROGRAD, ("backward", COMPILED)), at_least=True),
    )),
    Row("drop", "drop it", "ns an operation"),
    *rows_of_longer(0),
    *rows_of_longer(1),
    Row("dot", "`dot` of 64 terms, forward and backward; floats: forward", "ns a term", (
        Target(0.5, "{} times floats", quotient("dot", COMPILED, ("dot", FLOATS))),
    )),
    Row("memory", "memory, at {memory_operations:,} operations", "bytes of RSS a node", (
        Target(88, "{} bytes", lambda results: results["memory", COMPILED]),
    )),
    Row("import", "start Python, import, exit; floats: import nothing", "ms", (
        Target(20, "{} ms over bare Python",
               lambda results: results["import", COMPILED] - results["import", FLOATS]),
    )),
    Row("loop", "{loop_operations:,} operations in a loop that drops its graph", "MiB of RSS", (
        Target(1, "{} MiB", lambda results: results["loop", COMPILED]),
    )),
)  # fmt: skip


PACKAGES = ("autograd_lite", "micrograd")


def significant(number: float) -> str:
    """Three significant digits."""
    return f"{number:.0f}" if abs(number) >= 100 else f"{number:.3g}"


def markdown(results: Results, size: Size) -> Iterable[str]:
    for name, value in machine(*PACKAGES).items():
        yield f"- {name}: {value}"
    yield ""
    yield f"| work | {' | '.join(CONTESTANTS)} | unit | compiled, and its target |"
    yield f"|---|{'--:|' * len(CONTESTANTS)}---|---|"
    for row in ROWS:
        numbers = [results.get((row.key, contestant)) for contestant in CONTESTANTS]
        cells = ["" if number is None else significant(number) for number in numbers]
        verdicts = "; ".join(target.shown(results) for target in row.targets)
        yield f"| {row.work.format(**vars(size))} | {' | '.join(cells)} | {row.unit} | {verdicts} |"


def as_json(results: Results, size: Size) -> str:
    rows = [
        {
            "key": row.key,
            "work": row.work.format(**vars(size)),
            "unit": row.unit,
            "medians": {c: results[row.key, c] for c in CONTESTANTS if (row.key, c) in results},
            "targets": [
                {
                    "what": target.what.format("").strip(),
                    "measured": target.measured(results),
                    "at least" if target.at_least else "at most": target.limit,
                    "met": target.met(results),
                }
                for target in row.targets
            ],
        }
        for row in ROWS
    ]
    return json.dumps({"machine": machine(*PACKAGES), "rows": rows}, indent=2)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--json", action="store_true", help="print JSON rather than Markdown")
    parser.add_argument(
        "--quick",
        action="store_true",
        help="little work, to see that it runs: the numbers say little",
    )
    parser.add_argument("--measure", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    size = QUICK if options.quick else FULL
    if options.measure:
        report(options.measure[0], options.measure[1], size)
    try:
        version("micrograd")
    except PackageNotFoundError:
        sys.exit("micrograd is not installed; pip install micrograd==0.1.0")
    results = measure_all(size, options.quick)
    print(as_json(results, size) if options.json else "\n".join(markdown(results, size)))


if __name__ == "__main__":
    main()
