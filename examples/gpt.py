"""A GPT learns to make up names, letter by letter, on scalars.

    pip install ".[examples]"
    python examples/gpt.py

A transformer of microgpt's shape: 16 numbers for each letter and for each place, 4 heads of causal
attention, 64 neurons, no biases; 4,192 parameters. From the letters so far it gives a probability
to each that may come next, the end of the name included. The loss is the mean of -log p over the
letters that did come: e^loss letters seem equally likely to it, 27 at first, 10 in the end.

It prints names that it makes up. The picture shows the loss, and where each head looks.
"""

from __future__ import annotations

import argparse
import random
import time
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from tqdm import tqdm

import nn
from autograd_lite import Value, no_grad, softmax

NAMES = Path(__file__).parent / "data" / "names.txt"
LETTERS = ".abcdefghijklmnopqrstuvwxyz"  # the dot begins and ends a name
SIZE, HEADS, PLACES = 16, 4, 16
BATCH_SIZE = 3


class GPT(nn.Module):
    """From letters, as their places in LETTERS, to the logits of what follows each."""

    def __init__(self, rng: random.Random) -> None:
        self.letters = nn.Embedding(len(LETTERS), SIZE)
        self.places = nn.Embedding(PLACES, SIZE)
        self.norm = nn.RMSNorm(SIZE, eps=1e-5, elementwise_affine=False)
        self.attention = nn.MultiheadAttention(SIZE, HEADS, bias=False)
        self.hidden = nn.Linear(SIZE, 4 * SIZE, bias=False)
        self.relu = nn.ReLU()
        self.output = nn.Linear(4 * SIZE, SIZE, bias=False)
        self.logits = nn.Linear(SIZE, len(LETTERS), bias=False)
        nn.init.normal_(self.parameters(), std=0.08, rng=rng)

    def forward(self, tokens: list[int]) -> list[list[Value]]:
        x = self.embedded(tokens)
        x = added(x, self.attended(x)[0])
        x = added(x, self.output(self.relu(self.hidden(self.norm(x)))))
        return self.logits(x)

    def embedded(self, tokens: list[int]) -> list[list[Value]]:
        """What each letter is and where it stands."""
        return self.norm(added(self.letters(tokens), self.places(range(len(tokens)))))

    def attended(self, x: list[list[Value]], **options: bool) -> tuple[list, list]:
        """What each letter gathers from those before it, and with what weights."""
        x = self.norm(x)
        return self.attention(x, x, x, is_causal=True, average_attn_weights=False, **options)


def added(xs: list[list[Value]], ys: list[list[Value]]) -> list[list[Value]]:
    """xs + ys, a vector for each letter."""
    return [[x + y for x, y in zip(*rows, strict=True)] for rows in zip(xs, ys, strict=True)]


def numbered(name: str) -> list[int]:
    """The name's letters as their places in LETTERS, after the dot that begins it."""
    return [LETTERS.index(letter) for letter in "." + name]


def train(model: GPT, names: list[str], steps: int) -> list[float]:
    """Adam on three names a step, with a learning rate that falls to 0; the loss of every step."""
    optimizer = nn.optim.Adam(model.parameters(), lr=0.01, betas=(0.85, 0.99))
    schedule = nn.optim.LinearLR(optimizer, 1.0, 0.0, steps)
    losses = []
    with tqdm(range(steps), unit="step") as bar:
        for step in bar:
            logits, targets = [], []
            for i in range(BATCH_SIZE * step, BATCH_SIZE * (step + 1)):
                tokens = numbered(names[i % len(names)])
                logits += model(tokens)
                targets += [*tokens[1:], 0]
            loss = nn.cross_entropy(logits, targets)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            losses.append(loss.data)
            bar.set_postfix(loss=f"{np.mean(losses[-100:]):.3f}", refresh=False)
    return losses


def made_up(model: GPT, rng: random.Random, temperature: float = 0.5) -> str:
    """A name, drawn letter by letter; the colder, the likelier."""
    name = ""
    while len(name) < PLACES - 1:
        scores = [z.data / temperature for z in model(numbered(name))[-1]]
        (letter,) = rng.choices(LETTERS, softmax(scores))
        if letter == ".":
            break
        name += letter
    return name


def draw(model: GPT, losses: list[float], name: str, path: Path) -> None:
    """The loss of every step, and the attention of every head to the letters of a name."""
    figure = Figure(figsize=(14, 6.4), dpi=150, layout="constrained")
    left, right = figure.subfigures(1, 2, width_ratios=[1, 1.1])
    axes = left.subplots()
    axes.plot(losses, ".", ms=2, color="#b8cfe4")
    average = np.convolve(losses, np.ones(100) / 100, "valid")
    axes.plot(np.arange(99, 99 + len(average)), average, lw=2, color="#2166ac")
    axes.set(xlabel="step", title="Cross entropy, and its average over the last 100 steps")
    axes.spines[["top", "right"]].set_visible(False)

    _, weights = model.attended(model.embedded(numbered(name)))
    letters = list("." + name)
    ticks = {"ticks": range(len(letters)), "labels": letters}
    for axes, head in zip(right.subplots(2, 2).flat, weights, strict=True):
        shares = [[getattr(p, "data", p) for p in row] for row in head]  # 0.0 for what comes later
        axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
        axes.set_xticks(**ticks)
        axes.set_yticks(**ticks)
    right.suptitle("How much each letter (row) attends to itself and those before it, by head")
    figure.savefig(path)


def main() -> None:
    """Load, train, make up names, draw."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--steps", type=int, default=1000, help="of gradient descent (1000)")
    add("--seed", type=int, default=0, help="of the weights, the order and the new names (0)")
    add("--output", type=Path, default="gpt.png", help="the picture (gpt.png)")
    add("--quick", action="store_true", help="100 steps, for a loss of about 2.7")
    options = parser.parse_args()
    steps = 100 if options.quick else options.steps

    rng = random.Random(options.seed)
    names = NAMES.read_text(encoding="utf-8").split()
    rng.shuffle(names)
    model = GPT(rng)
    start = time.perf_counter()
    losses = train(model, names, steps)
    seconds = time.perf_counter() - start
    print(f"loss {np.mean(losses[-100:]):.3f} over the last 100 steps, after {seconds:.1f} s")
    with no_grad():
        print("new names:", *(made_up(model, rng) for _ in range(20)))
        draw(model, losses, "charlotte", options.output)
    print(f"wrote {options.output}")


if __name__ == "__main__":
    main()
