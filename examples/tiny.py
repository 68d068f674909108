"""A GPT trains within 100 kB of memory: its training step, exported as a program in C.

    pip install ".[examples]"
    python examples/tiny.py               # with a C compiler, as gcc on Linux

The network is that of gpt.py, with 4,192 parameters. `autograd_lite.export` writes a step of Adam
as C: the loss of a name of up to 15 letters, its derivatives, and the update. With tiny.c, which
reads names and prints some of its own, that is one program in float32 for a machine with little
memory: none is allocated, and no library but that of C is needed.

Here it is compiled for this computer, and the same steps are taken by the engine in float64. It
prints the memory, both losses, and the names that the program makes up; the picture shows them.
"""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from common import BLUE, ORANGE, command_line, draw_losses, print_gain, sheet
from gpt import GPT, PLACES
from letters import numbered, shuffled_names
from tqdm import tqdm

import autograd_lite
from autograd_lite import logsumexp, nn, take, where

MAIN = Path(__file__).with_name("tiny.c")
LIMIT = 100_000  # bytes
PARTS = "parameters", "state of Adam", "work, with gradients", "arguments, results", "tables"
COLOURS = "#2166ac", "#b8cfe4", "#4d4d4d", "#d6604d", "#f4a582"
FLAGS = ["-std=c99", "-Os", "-Wall", "-Wextra", "-pedantic"]


def example(name: str) -> tuple[np.ndarray, np.ndarray, int]:
    """The letters of a name behind a dot, those that follow, and the place of the last."""
    letters = numbered(name)
    end = len(letters) - 1
    padding = 0, PLACES - end
    return np.pad(letters[:-1], padding), np.pad(letters[1:], padding), end - 1


def loss_of(model: GPT) -> Any:
    """The loss that is exported."""

    def gpt(letters: np.ndarray, following: np.ndarray, last: int) -> Any:
        """The mean of -log p up to a last place, and the scores of what follows there."""
        rows = model(letters)
        missed = [logsumexp(z) - take(z, i) for z, i in zip(rows, following, strict=True)]
        mean = sum(where(i <= last, x, 0.0) for i, x in enumerate(missed)) / (last + 1)
        return mean, [take(column, last).data for column in zip(*rows, strict=True)]

    return gpt


def adam(model: GPT) -> nn.optim.Adam:
    """Its optimiser, that of gpt.py."""
    return nn.optim.Adam(model.parameters(), lr=0.01, betas=(0.85, 0.99))


def built(source: autograd_lite.Source, folder: Path) -> dict[str, int]:
    """Build the program of tiny.c and the source; the bytes of its sections by their names."""
    (folder / "gpt.h").write_text(str(source), encoding="utf-8")
    shutil.copy(MAIN, folder)
    said(folder, "cc", *FLAGS, "-c", "tiny.c")
    said(folder, "cc", "-o", "tiny", "tiny.o", "-lm")
    sections = {}
    for line in said(folder, "size", "-A", "tiny.o").splitlines():
        name, *numbers = line.split() or [""]
        if name == ".rodata":
            sections["tables"] = int(numbers[0])
        elif name.startswith((".text", ".rodata")):  # with the numbers that stand in the code
            sections["code"] = sections.get("code", 0) + int(numbers[0])
        elif name.startswith((".bss", ".data")):
            sections["memory"] = sections.get("memory", 0) + int(numbers[0])
    return sections


def said(folder: Path, *command: str, given: bytes = b"") -> str:
    """What a command prints that runs in a folder."""
    ran = subprocess.run(command, cwd=folder, input=given, stdout=subprocess.PIPE, check=True)
    return ran.stdout.decode()


def draw(memory: dict[str, int], losses: np.ndarray, engine: np.ndarray, path: Path) -> None:
    """The loss of every step, how far it is from the engine's, and the memory."""
    figure = sheet(4.8)
    left, right = figure.subfigures(1, 2)
    draw_losses(left.subplots(), losses, 100)
    off, bar = right.subplots(2, 1, height_ratios=[3, 0.7])
    off.semilogy(np.maximum(abs(losses - engine), 1e-9), ".", ms=2, color=BLUE)
    off.set(xlabel="step", ylabel="difference (nats)")
    off.set_title("Loss in C (float32) less the engine's")
    start = 0
    for (part, size), colour in zip(memory.items(), COLOURS, strict=True):
        bar.barh(0, size / 1000, left=start / 1000, color=colour, label=part)
        start += size
    bar.axvline(LIMIT / 1000, color=ORANGE, label="limit")
    bar.set(xlabel="kB", yticks=[], xlim=(0, 1.05 * LIMIT / 1000), title="Memory")
    bar.legend(ncols=2, loc="upper center", bbox_to_anchor=(0.5, -0.6))
    figure.savefig(path)


def main() -> None:
    options = command_line(__doc__, "100 steps, for a loss of about 2.7").parse_args()
    if not (shutil.which("cc") and shutil.which("size")):
        sys.exit("tiny.py needs the C compiler cc, and size, as the packages gcc and binutils have")
    rng = random.Random(options.seed)
    steps = 100 if options.quick else 1000
    names = shuffled_names(rng)[:steps]
    model = GPT(rng)

    loss = loss_of(model)
    optimizer = adam(model)
    source = autograd_lite.export(loss, "c", *example(names[0]), optimizer=optimizer)
    numbers = np.concatenate([array.ravel() for array in source.parameters().values()])
    with tempfile.TemporaryDirectory() as folder:
        sections = built(source, Path(folder))
        given = numbers.astype(np.float32).tobytes() + "\n".join([*names, ""]).encode()
        printed = said(Path(folder), str(Path(folder, "tiny")), str(steps), given=given)
    trained, made_up = printed.rstrip().split("\n\n")
    parts, *losses = trained.splitlines()
    losses = np.array(losses, float)
    memory = dict(zip(PARTS, [*map(int, parts.split()), sections["tables"]], strict=True))

    if not options.eager:
        loss = autograd_lite.compile(loss)
    schedule = nn.optim.LinearLR(optimizer, 1.0, 0.0, steps)
    engine = []
    for name in tqdm(names, unit="step"):
        error, _ = loss(*example(name))
        optimizer.zero_grad()
        error.backward()
        optimizer.step()
        schedule.step()
        engine.append(error.data)

    for part, size in memory.items():
        print(f"{part:<22}{size:>8,} bytes")
    print(f"{'together':<22}{sections['memory'] + sections['tables']:>8,}")
    print(f"{'code':<22}{sections['code']:>8,}")
    print("step  loss in C, float32  the engine's, float64  difference")
    for i in sorted({0, 1, 9, 99, steps - 1}):
        print(f"{i + 1:4}{losses[i]:20.6f}{engine[i]:23.6f}{losses[i] - engine[i]:12.1e}")
    last = f"{np.mean(losses[-100:]):.3f} in C and {np.mean(engine[-100:]):.3f} in the engine"
    print(f"loss {last} over the last 100 steps")
    print_gain(loss, *example(names[0]))
    print("new names:", *made_up.split())
    draw(memory, losses, np.array(engine), options.output)
    print(f"wrote {options.output}")


if __name__ == "__main__":
    main()
