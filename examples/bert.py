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

import random
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from common import ORANGE, command_line, data, draw_heat, draw_losses, print_gain, sheet
from letters import LETTERS, Vectors, added, numbered, shuffled_names
from tqdm import tqdm

import autograd_lite
from autograd_lite import Value, nn, no_grad, take

GAP = len(LETTERS)  # what stands in the place of a letter that is hidden
SIZE, HEADS, PLACES = 24, 4, 17


class Encoder(nn.Module):
    """From letters, as their places in LETTERS, to the logits of what fills each gap."""

    def __init__(self, rng: random.Random) -> None:
        self.letters = nn.Embedding(len(LETTERS) + 1, SIZE)
        self.places = nn.Embedding(PLACES, SIZE)
        nn.init.normal_(self.parameters(), std=0.1, rng=rng)
        self.norm = nn.RMSNorm(SIZE, elementwise_affine=False)
        self.attention = nn.MultiheadAttention(SIZE, HEADS, rng=rng)
        self.hidden = nn.Linear(SIZE, 4 * SIZE, rng=rng)
        self.relu = nn.ReLU()
        self.output = nn.Linear(4 * SIZE, SIZE, rng=rng)
        self.logits = nn.Linear(SIZE, len(LETTERS), rng=rng)

    def forward(self, tokens: np.ndarray, gaps: np.ndarray) -> tuple[Vectors, Vectors]:
        """The logits for each gap, and how much it attends to each letter."""
        x = added(self.letters(tokens), self.places(range(len(tokens))))
        normed = self.norm(x)
        attended, weights = self.attention([take(normed, gap) for gap in gaps], normed, normed)
        x = added([take(x, gap) for gap in gaps], attended)
        return self.logits(added(x, self.output(self.relu(self.hidden(self.norm(x)))))), weights


def masked(tokens: np.ndarray, gaps: np.ndarray) -> np.ndarray:
    """The tokens with gaps at these places."""
    tokens = tokens.copy()
    tokens[gaps] = GAP
    return tokens


def bigrams(names: list[str]) -> np.ndarray:
    """p[x, y] = p(y | x): how often the letter y follows x."""
    counts = np.full((len(LETTERS), len(LETTERS)), 0.1)
    for name in names:
        tokens = numbered(name)
        np.add.at(counts, (tokens[:-1], tokens[1:]), 1)
    return counts / counts.sum(axis=1, keepdims=True)


def accuracies(model: Callable, p: np.ndarray, names: list[str]) -> tuple[float, float]:
    """The fraction of gaps that the network fills rightly, and the bigram model."""
    right = []
    for name in names:
        tokens = numbered(name)
        scores = [model(masked(tokens, gap), gap)[0][0] for gap in gaps_of(name)]
        by_bigrams = p[tokens[:-2]] * p.T[tokens[2:]]
        by_bigrams[:, 0] = 0  # no dot within a name
        guesses = np.stack([data(scores), by_bigrams]).argmax(axis=-1)
        right.append(guesses == tokens[1:-1])
    network, bigram = np.concatenate(right, axis=1).mean(axis=1)
    return network, bigram


def gaps_of(name: str) -> np.ndarray:
    """Each place of a letter, as the only gap."""
    return np.arange(1, len(name) + 1)[:, None]


def draw(model: Encoder, losses: list[float], name: str, path: Path) -> None:
    """The loss of every step; for each letter of a name as the gap, the guesses and attention."""
    tokens = numbered(name)
    answers = [model(masked(tokens, gap), gap) for gap in gaps_of(name)]
    figure = sheet(7)
    loss, attention, guesses = figure.subplot_mosaic("AB;CC", height_ratios=[1, 0.9]).values()
    draw_losses(loss, losses, 100)

    scores = np.exp([data(logits[0])[1:] for logits, _ in answers])
    draw_heat(guesses, scores / scores.sum(axis=1, keepdims=True), "probability", vmax=1)
    guesses.plot(tokens[1:-1] - 1, range(len(name)), "s", ms=12, color=ORANGE, mfc="none")
    guesses.set_xticks(range(26), LETTERS[1:])
    guesses.set_yticks(range(len(name)), name)
    guesses.set(ylabel="gap", title="Its guesses for each gap; the square is the letter")

    draw_heat(attention, data([weights[0] for _, weights in answers]), "weight")
    attention.set_xticks(range(len(tokens)), f".{name}.")
    attention.set_yticks(range(len(name)), name)
    attention.set(xlabel="letter", ylabel="gap")
    attention.set_title("What a gap attends to: mean of the heads")
    figure.savefig(path)


def main() -> None:
    parser = command_line(__doc__, "50 steps, tested on 30 names; too few to win")
    options = parser.parse_args()
    steps, tested = (50, 30) if options.quick else (2000, 1000)
    rng = random.Random(options.seed)
    names = shuffled_names(rng)
    unseen, seen = names[:tested], names[1000:]
    model = Encoder(rng)

    def loss(tokens: np.ndarray, gaps: np.ndarray, letters: np.ndarray) -> Value:
        logits, _ = model(tokens, gaps)
        return nn.cross_entropy(logits, letters)

    if not options.eager:
        loss = autograd_lite.compile(loss)  # recorded once for each length of names

    optimizer = nn.optim.Adam(model.parameters(), lr=0.01, betas=(0.9, 0.99))
    schedule = nn.optim.LinearLR(optimizer, 1.0, 0.0, steps)
    losses = []
    start = time.perf_counter()
    bar = tqdm(range(steps), unit="step")
    for _ in bar:
        batch = []
        for tokens in map(numbered, rng.sample(seen, 8)):
            gaps = np.array(rng.sample(range(1, len(tokens) - 1), 2))
            batch.append((masked(tokens, gaps), gaps, tokens[gaps]))
        error = sum(loss(*name) for name in batch) / len(batch)
        optimizer.zero_grad()
        error.backward()
        optimizer.step()
        schedule.step()
        losses.append(error.data)
        bar.set_postfix(loss=f"{np.mean(losses[-100:]):.3f}", refresh=False)
    seconds = time.perf_counter() - start

    print(f"loss {np.mean(losses[-100:]):.3f}, after {seconds:.1f} s of training")
    print_gain(loss, *batch[0])
    with no_grad():
        predict = model if options.eager else autograd_lite.compile(model)
        network, bigram = accuracies(predict, bigrams(seen), unseen)
        draw(model, losses, "charlotte", options.output)
    print(f"gaps filled rightly: {network:.1%} by the network, {bigram:.1%} by the bigram model")
    print(f"wrote {options.output}")


if __name__ == "__main__":
    main()
