"""How large exports in C are: the source, what compilers make of it, the memory that it needs.

    python benchmarks/export.py
    python benchmarks/export.py --quick  # small sizes, to see that it runs
    python benchmarks/export.py --json

For each program: its scalars and parameters; the size of the C without its head; of the machine
code and constants that a compiler makes of it with -Os and with -O2, in single precision, and of
its WebAssembly, with what it needs of C's library, if the package ziglang is there; the
numbers that a run needs besides, `work`, and all numbers together, those of parameters, state and
gradients too, in single precision. A step has the gradient of the loss and Adam's update. The last
column is how many times as long a call takes, in double precision, with -O2 and for this machine,
as the same plan in the C of compiled functions: a median of ratios, each of two minima side by
side. For a step there is nothing to compare with.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any, NamedTuple

# A script's folder comes first where Python looks for modules, and one script there is called nn.
HERE = Path(__file__).resolve().parent
sys.path = [folder for folder in sys.path if Path(folder).resolve() != HERE]

import numpy as np  # noqa: E402

import autograd_lite  # noqa: E402
import nn  # noqa: E402
from autograd_lite.compiler.export.c import file_of  # noqa: E402
from autograd_lite.compiler.export.wasm import binary  # noqa: E402
from autograd_lite.compiler.run.compiled import Compilation, CompiledExecutor  # noqa: E402
from autograd_lite.compiler.run.compiler import Library, command  # noqa: E402

sys.path.insert(0, str(HERE))
import plans  # noqa: E402


class Program(NamedTuple):
    """A loss, what it is called with, and the optimiser of a step or None."""

    loss: Callable[..., Any]
    args: tuple[Any, ...]
    optimizer: Any = None


def moons(n: int) -> Program:
    model = nn.MLP(2, [16, 16, 1], rng=0)
    rng = np.random.default_rng(0)

    def loss(xs: Any, ys: Any) -> Any:
        return sum((1 - y * model(x)).relu() for x, y in zip(xs, ys, strict=True)) / len(ys)

    return Program(loss, (rng.normal(size=(n, 2)), rng.choice([-1.0, 1.0], n)))


def chapter(n: int) -> Program:
    model = nn.MLP(100, [50, 10], rng=0)
    rng = np.random.default_rng(0)

    def loss(xs: Any, ys: Any) -> Any:
        return nn.mse_loss([model(x) for x in xs], ys)

    return Program(loss, (rng.normal(size=(n, 100)), rng.normal(size=(n, 10))))


def gpt(letters: int, steps: bool = False) -> Program:
    weights = plans.gpt_parameters()
    loss, args = plans.gpt(letters, weights)
    every = [x for rows in weights.values() for row in rows for x in row]
    optimizer = nn.optim.Adam(every, lr=0.01) if steps else None
    return Program(loss, args, optimizer)


def lstm(length: int) -> Program:
    layer = nn.LSTM(4, 8, rng=0)
    x = np.random.default_rng(0).normal(size=(length, 4))
    return Program(lambda x: sum(v * v for row in layer(x)[0] for v in row), (x,))


def programs(quick: bool) -> dict[str, Callable[[], Program]]:
    letters, short, long = (2, 4, 12) if quick else (8, 12, 480)
    return {
        "moons": partial(moons, 5 if quick else 100),
        "chapter": partial(chapter, 4 if quick else 64),
        f"microgpt, {letters} letters": partial(gpt, letters),
        f"microgpt, {letters} letters, a step of Adam": partial(gpt, letters, True),
        f"LSTM, {short} steps": partial(lstm, short),
        f"LSTM, {long} steps": partial(lstm, long),
        "no two operations alike": lambda: Program(*plans.irregular(30 if quick else 1000)),
    }


def measure(quick: bool) -> Iterator[dict[str, Any]]:
    for name, make in programs(quick).items():
        program = make()
        options = {"optimizer": program.optimizer} if program.optimizer else {}
        source = autograd_lite.export(program.loss, "c", *program.args, **options)
        exported, file = source.exported, file_of(source.exported)
        numbers = file.starts[-1] * (1 + exported.differentiable) + file.state_starts[-1]
        work = file.laid.regions[-1].size
        row = {
            "program": name,
            "scalars": len(exported.tape),
            "parameters": file.starts[-1],
            "source": len(file.text()),
            "-Os": object_size(source, "-Os"),
            "-O2": object_size(source, "-O2"),
            "wasm": len(binary(file, "float")) if find_spec("ziglang") else None,
            "work": 4 * work,
            "all": 4 * (work + numbers),
        }
        if exported.differentiable:
            row |= times(source, 3 if quick else 15)
        yield row


def object_size(source: Any, level: str) -> int:
    """The bytes of code and constants, in single precision."""
    file = file_of(source.exported)
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "export.c").write_text(source.text)
        defined = [f"-D{file.upper}_IMPLEMENTATION", f"-D{file.real}=float"]
        flags = ["-std=c99", level, *defined, "-c", "export.c"]
        subprocess.run([*(command() or ()), *flags], cwd=folder, check=True)
        ran = subprocess.run(
            ["size", "export.o"], cwd=folder, check=True, capture_output=True, text=True
        )
    return int(ran.stdout.splitlines()[1].split()[0])


def times(source: Any, turns: int) -> dict[str, float]:
    """Microseconds of a call, and how many times that of the C of compiled functions it is."""
    exported, file = source.exported, file_of(source.exported)
    library = Library(f"#define {file.upper}_IMPLEMENTATION\n{source.text}")
    library.wait()
    parameters = np.concatenate([p.numbers.ravel() for p in exported.parameters])
    arrays = [parameters]
    for name, argument in zip(file.arguments, exported.arguments, strict=True):
        whole = name in file.integers
        arrays.append(np.array(argument.numbers, np.int32 if whole else np.float64, order="C"))
    arrays += [np.zeros(1), np.zeros(len(parameters)), np.zeros(file.laid.regions[-1].size + 1)]
    call = ctypes.CFUNCTYPE(ctypes.c_int, *[ctypes.c_void_p] * len(arrays))(
        library.address(file.function)
    )
    given = [x.ctypes.data for x in arrays]

    compilation = Compilation(exported.array_program, exported.plan)
    compilation.library.wait()
    space = CompiledExecutor(compilation).workspace()
    space.memory[exported.plan.leaves] = exported.leaves
    space.indices[:] = exported.indices
    space.memory[space.cotangents] = 1.0

    def in_process() -> None:
        space.forward()
        space.backward()

    ratios, best = [], float("inf")
    for _ in range(turns):
        ours, theirs = fastest(lambda: call(*given)), fastest(in_process)
        best = min(best, ours)
        ratios.append(ours / theirs)
    return {"us": best, "times": median(ratios)}


def fastest(function: Callable[[], object]) -> float:
    best = float("inf")
    for _ in range(20):
        start = perf_counter()
        function()
        best = min(best, (perf_counter() - start) * 1e6)
    return best


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="small sizes, to see that it runs")
    parser.add_argument("--json", action="store_true", help="print the rows as JSON")
    options = parser.parse_args()
    if command() is None:
        sys.exit("there is no C compiler")
    rows = list(measure(options.quick))
    if options.json:
        print(json.dumps(rows, indent=1))
        return
    print(f"compiler: {shlex.join(command() or ())}; sizes in kB, of numbers in single precision\n")
    titles = ["scalars", "parameters", "source", "-Os", "-O2", "wasm", "work", "all", "us", "times"]
    print(f"{'':44}" + "".join(f"{title:>11}" for title in titles))
    for row in rows:
        shown = [f"{row['scalars']:,}", f"{row['parameters']:,}"]
        sizes = [row[key] for key in ("source", "-Os", "-O2", "wasm", "work", "all")]
        shown += ["" if size is None else f"{size / 1000:.1f}" for size in sizes]
        shown += [f"{row['us']:.1f}", f"{row['times']:.1f}"] if "us" in row else ["", ""]
        print(f"{row['program']:44}" + "".join(f"{text:>11}" for text in shown))


if __name__ == "__main__":
    main()
