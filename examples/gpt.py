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

import random
import time
from pathlib import Path

import numpy as np
from common import command_line, data, draw_heat, draw_losses, print_gain, sheet
from letters import LETTERS, Vectors, added, numbered, shuffled_names
from tqdm import tqdm

import autograd_lite
from autograd_lite import Value, nn, no_grad, softmax

SIZE, HEADS, PLACES = 16, 4, 16


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

    def forward(self, tokens: np.ndarray) -> Vectors:
        x = self.embedded(tokens)
        x = added(x, self.attended(x)[0])
        x = added(x, self.output(self.relu(self.hidden(self.norm(x)))))
        return self.logits(x)

    def embedded(self, tokens: np.ndarray) -> Vectors:
        """What each letter is and where it stands."""
        return self.norm(added(self.letters(tokens), self.places(range(len(tokens)))))

    def attended(self, x: Vectors) -> tuple[Vectors, list[Vectors]]:
        """What each letter gathers from those before it, and with what weights."""
        x = self.norm(x)
        return self.attention(x, x, x, is_causal=True, average_attn_weights=False)


def made_up(model: GPT, rng: random.Random, temperature: float = 0.5) -> str:
    """A name, drawn letter by letter; the colder, the likelier."""
    name = ""
    while len(name) < PLACES - 1:
        scores = [z.data / temperature for z in model(numbered(name)[:-1])[-1]]
        (letter,) = rng.choices(LETTERS, softmax(scores))
        if letter == ".":
            break
        name += letter
    return name


def draw(model: GPT, losses: list[float], name: str, path: Path) -> None:
    """The loss of every step, and the attention of every head to the letters of a name."""
    figure = sheet(4.6)
    left, right = figure.subfigures(1, 2, width_ratios=[1, 1.25])
    draw_losses(left.subplots(), losses, 100)
    _, weights = model.attended(model.embedded(numbered(name)[:-1]))
    heads = right.subplots(2, 2)
    for i, (axes, head) in enumerate(zip(heads.flat, weights, strict=True)):
        image = draw_heat(axes, data(head), vmax=1)
        axes.set_title(f"head {i}", fontsize=10)
        axes.set_xticks(range(len(name) + 1), "." + name)
        axes.set_yticks(range(len(name) + 1), "." + name)
    right.colorbar(image, ax=heads, label="weight")
    right.suptitle("What a letter (row) attends to, up to itself")
    figure.savefig(path)


def main() -> None:
    options = command_line(__doc__, "100 steps, for a loss of about 2.7").parse_args()
    rng = random.Random(options.seed)
    names = shuffled_names(rng)
    model = GPT(rng)

    def loss(tokens: np.ndarray, following: np.ndarray) -> Value:
        return nn.cross_entropy(model(tokens), following, reduction="sum")

    if not options.eager:
        loss = autograd_lite.compile(loss)  # recorded once for each length of names

    steps = 100 if options.quick else 1000
    optimizer = nn.optim.Adam(model.parameters(), lr=0.01, betas=(0.85, 0.99))
    schedule = nn.optim.LinearLR(optimizer, 1.0, 0.0, steps)
    losses = []
    start = time.perf_counter()
    bar = tqdm(range(0, 3 * steps, 3), unit="step")
    for first in bar:
        batch = [numbered(name) for name in names[first : first + 3]]
        total = sum(loss(tokens[:-1], tokens[1:]) for tokens in batch)
        error = total / sum(len(tokens) - 1 for tokens in batch)
        optimizer.zero_grad()
        error.backward()
        optimizer.step()
        schedule.step()
        losses.append(error.data)
        bar.set_postfix(loss=f"{np.mean(losses[-100:]):.3f}", refresh=False)
    seconds = time.perf_counter() - start

    print(f"loss {np.mean(losses[-100:]):.3f} over the last 100 steps, after {seconds:.1f} s")
    tokens = numbered("charlotte")
    print_gain(loss, tokens[:-1], tokens[1:])
    with no_grad():
        print("new names:", *(made_up(model, rng) for _ in range(20)))
        draw(model, losses, "charlotte", options.output)
    print(f"wrote {options.output}")


if __name__ == "__main__":
    main()
