"""A masked-letter model fills gaps in names from the letters on both sides, on scalars.

    pip install ".[examples]"
    python examples/bert.py

One letter of a name is hidden: em_a. A bigram model knows how often each letter follows each other
one, so it fills the gap x between l and r by the largest p(x | l) p(r | x). The network is an
encoder like BERT's: its attention looks at all letters, before the gap and after it. It learns from
names with two gaps, and both are asked to fill every gap in 1,000 names that neither has seen.

The picture shows the loss, what the network puts into each gap of a name, and where it looks.
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
LETTERS = ".abcdefghijklmnopqrstuvwxyz_"  # the dot begins and ends a name, _ is a gap
GAP = LETTERS.index("_")
SIZE, HEADS, PLACES = 24, 4, 17
BATCH_SIZE = 8

Vectors = list[list[Value]]


class Encoder(nn.Module):
    """From letters, as their places in LETTERS, to the logits of what fills each gap."""

    def __init__(self, rng: random.Random) -> None:
        self.letters = nn.Embedding(len(LETTERS), SIZE)
        self.places = nn.Embedding(PLACES, SIZE)
        nn.init.normal_(self.parameters(), std=0.1, rng=rng)
        self.norm = nn.RMSNorm(SIZE, elementwise_affine=False)
        self.attention = nn.MultiheadAttention(SIZE, HEADS, rng=rng)
        self.hidden = nn.Linear(SIZE, 4 * SIZE, rng=rng)
        self.relu = nn.ReLU()
        self.output = nn.Linear(4 * SIZE, SIZE, rng=rng)
        self.logits = nn.Linear(SIZE, GAP, rng=rng)

    def forward(self, tokens: list[int], gaps: list[int]) -> Vectors:
        x = added(self.letters(tokens), self.places(range(len(tokens))))
        attended, _ = self.attend(x, gaps)
        x = added([x[gap] for gap in gaps], attended)
        return self.logits(added(x, self.output(self.relu(self.hidden(self.norm(x))))))

    def attend(self, x: Vectors, gaps: list[int]) -> tuple[Vectors, Vectors]:
        """What each gap gathers from all letters, and with what weights."""
        x = self.norm(x)
        return self.attention([x[gap] for gap in gaps], x, x)


def added(xs: Vectors, ys: Vectors) -> Vectors:
    """xs + ys, number by number."""
    return [[x + y for x, y in zip(*rows, strict=True)] for rows in zip(xs, ys, strict=True)]


def numbered(name: str) -> list[int]:
    """The places in LETTERS of a name's letters and of the dots around it."""
    return [LETTERS.index(letter) for letter in f".{name}."]


def hidden(tokens: list[int], gaps: list[int]) -> list[int]:
    """The tokens with gaps at these places."""
    return [GAP if place in gaps else token for place, token in enumerate(tokens)]


def train(model: Encoder, names: list[str], steps: int, rng: random.Random) -> list[float]:
    """Adam, with a learning rate that falls to 0; the loss of every step."""
    optimizer = nn.optim.Adam(model.parameters(), lr=0.01, betas=(0.9, 0.99))
    schedule = nn.optim.LinearLR(optimizer, 1.0, 0.0, steps)
    losses = []
    with tqdm(range(steps), unit="step") as bar:
        for _ in bar:
            logits, targets = [], []
            for name in rng.sample(names, BATCH_SIZE):
                tokens = numbered(name)
                gaps = rng.sample(range(1, len(name) + 1), 2)
                logits += model(hidden(tokens, gaps), gaps)
                targets += [tokens[gap] for gap in gaps]
            loss = nn.cross_entropy(logits, targets)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            losses.append(loss.data)
            bar.set_postfix(loss=f"{np.mean(losses[-100:]):.3f}", refresh=False)
    return losses


def fill(model: Encoder, tokens: list[int]) -> np.ndarray:
    """For each letter of a name, were it the only gap, the probability of every letter there."""
    gaps = range(1, len(tokens) - 1)
    logits = [model(hidden(tokens, [gap]), [gap])[0] for gap in gaps]
    return np.array([softmax([z.data for z in row]) for row in logits])


def bigrams(names: list[str]) -> np.ndarray:
    """p[x, y] = p(y | x): how often the letter y follows x."""
    counts = np.full((GAP, GAP), 0.1)
    for name in names:
        tokens = numbered(name)
        np.add.at(counts, (tokens[:-1], tokens[1:]), 1)
    return counts / counts.sum(axis=1, keepdims=True)


def accuracies(model: Encoder, p: np.ndarray, names: list[str]) -> tuple[float, float]:
    """The fraction of gaps that the network fills rightly, and the bigram model."""
    right = []
    for name in names:
        tokens = numbered(name)
        by_bigrams = p[tokens[:-2]] * p.T[tokens[2:]]
        by_bigrams[:, 0] = 0  # no dot within a name
        guesses = np.stack([fill(model, tokens), by_bigrams]).argmax(axis=-1)
        right.append(guesses == tokens[1:-1])
    network, bigram = np.concatenate(right, axis=1).mean(axis=1)
    return network, bigram


def draw(model: Encoder, losses: list[float], name: str, path: Path) -> None:
    """The loss of every step; for each letter of a name as the gap, the guesses and attention."""
    figure = Figure(figsize=(16, 6.4), dpi=150, layout="constrained")
    loss, guesses, attention = figure.subplots(1, 3, width_ratios=[1.2, 0.8, 1])
    loss.plot(losses, ".", ms=2, color="#b8cfe4")
    average = np.convolve(losses, np.ones(100) / 100, "valid")
    loss.plot(np.arange(99, 99 + len(average)), average, lw=2, color="#2166ac")
    loss.set(xlabel="step", title="Cross entropy, and its average over the last 100 steps")
    loss.spines[["top", "right"]].set_visible(False)

    tokens = numbered(name)
    gaps = range(1, len(name) + 1)
    guesses.imshow(fill(model, tokens)[:, 1:].T, cmap="Blues", vmin=0, vmax=1)
    guesses.plot(range(len(name)), [token - 1 for token in tokens[1:-1]], "s", ms=9, mfc="none")
    guesses.set_xticks(range(len(name)), name)
    guesses.set_yticks(range(26), LETTERS[1:GAP])
    guesses.set_title("Its guesses for each gap\n(the square is the letter)")

    places = model.places(range(len(tokens)))
    weights = []
    for gap in gaps:
        x = added(model.letters(hidden(tokens, [gap])), places)
        (row,), _ = reversed(model.attend(x, [gap]))
        weights.append([p.data for p in row])
    attention.imshow(weights, cmap="Blues", vmin=0)
    attention.set_xticks(range(len(tokens)), f".{name}.")
    attention.set_yticks(range(len(name)), name)
    attention.set_title(
        "How much each gap (row) attends to each letter,\non average over the heads"
    )
    figure.savefig(path)


def main() -> None:
    """Load, train, compare, draw."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--steps", type=int, default=2000, help="of gradient descent (2000)")
    add("--seed", type=int, default=0, help="of the weights, the names and the gaps (0)")
    add("--output", type=Path, default="bert.png", help="the picture (bert.png)")
    add("--quick", action="store_true", help="100 steps, tested on 50 names; too few to win")
    options = parser.parse_args()
    steps, tested = (100, 50) if options.quick else (options.steps, 1000)

    rng = random.Random(options.seed)
    names = NAMES.read_text(encoding="utf-8").split()
    rng.shuffle(names)
    unseen, seen = names[:tested], names[1000:]
    model = Encoder(rng)
    start = time.perf_counter()
    losses = train(model, seen, steps, rng)
    print(
        f"loss {np.mean(losses[-100:]):.3f}, after {time.perf_counter() - start:.1f} s of training"
    )
    with no_grad():
        network, bigram = accuracies(model, bigrams(seen), unseen)
        draw(model, losses, "charlotte", options.output)
    print(f"gaps filled rightly: {network:.1%} by the network, {bigram:.1%} by the bigram model")
    print(f"wrote {options.output}")


if __name__ == "__main__":
    main()
