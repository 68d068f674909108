"""Learn to read handwritten digits by convolution, on scalars.

    pip install ".[examples]"
    python examples/cnn.py

24 filters of 5 x 5 weights slide over the 8 x 8 images of scikit-learn's `load_digits`. Each gives
a 6 x 6 map of how well it fits at each place; of every 3 x 3 of these the largest is kept, so that
the digit may lie a pixel further on; and one linear layer makes ten logits of the 96 numbers left.

While it learns, half of the images are moved by up to a pixel, so that none is learnt by heart. The
picture shows the loss, the hardest images, the filters, and where they find what they look for.
"""

from __future__ import annotations

import random
import time
from pathlib import Path

import numpy as np
from common import command_line, data, draw_losses, draw_tiles, epochs, print_gain, sheet
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

import autograd_lite
from autograd_lite import Value, nn, no_grad


def load() -> list[np.ndarray]:
    """1,437 images to learn from, 360 to be tested on, and the labels of each; always the same."""
    images, labels = load_digits(return_X_y=True)
    images = images.reshape(-1, 1, 8, 8) / 16  # 1 channel, from 0 (paper) to 1 (ink)
    return train_test_split(images, labels, test_size=360, stratify=labels, random_state=0)


def network(rng: random.Random) -> nn.Sequential:
    """Convolution, pooling and one linear layer: 1,594 parameters."""
    return nn.Sequential(
        nn.Conv2d(1, 24, kernel_size=5, padding=1, rng=rng),  # (1, 8, 8) to (24, 6, 6)
        nn.ReLU(),
        nn.MaxPool2d(3),  # to (24, 2, 2)
        nn.Flatten(),
        nn.Linear(96, 10, rng=rng),
    )


def moved(image: np.ndarray, rng: random.Random) -> np.ndarray:
    """The image as it is, or as often moved by up to a pixel each way."""
    down, right = (1, 1) if rng.random() < 0.5 else (rng.randrange(3), rng.randrange(3))
    return np.pad(image, ((0, 0), (1, 1), (1, 1)))[:, down : down + 8, right : right + 8]


def draw(
    model: nn.Sequential,
    losses: list[float],
    images: np.ndarray,
    labels: np.ndarray,
    logits: np.ndarray,
    path: Path,
) -> None:
    """Loss and hardest images, above the filters and their maps of the hardest."""
    figure = sheet(7.6)
    (left, right), (filters, maps) = figure.subfigures(2, 2, height_ratios=[1, 1.4])
    axes = left.subplots()
    draw_losses(axes, losses, 50)
    axes.set_yscale("log")

    rivals = np.where(np.eye(10)[labels], -np.inf, logits)
    hardest = np.argsort(np.choose(labels, logits.T) - rivals.max(axis=1))[:8]
    titles = [f"{labels[i]} → {logits[i].argmax()}" for i in hardest]
    draw_tiles(
        right,
        "The hardest: the digit → how it was read",
        images[hardest, 0],
        titles,
        4,
        "Greys",
        "ink",
    )

    convolution, activation, *_ = model
    with no_grad():
        seen = data(activation(convolution(images[hardest[0]])))
    title = "The filters: ink on red raises their maps,\nink on blue lowers them"
    draw_tiles(filters, title, data(convolution.weight)[:, 0], range(24), 6, "RdBu_r", "weight")
    draw_tiles(maps, "Their maps of\nthe hardest image", seen, range(24), 6, "Greys", "activation")
    figure.savefig(path)


def main() -> None:
    options = command_line(__doc__, "1 pass over 720 images, for about 85%% accuracy").parse_args()
    train_x, test_x, train_y, test_y = load()
    passes = 8
    if options.quick:
        train_x, test_x, train_y, test_y = train_x[:720], test_x[:120], train_y[:720], test_y[:120]
        passes = 1

    rng = random.Random(options.seed)
    model = network(rng)

    def loss(images: list[np.ndarray], labels: np.ndarray) -> Value:
        return nn.cross_entropy(model(images), labels)

    if not options.eager:
        loss = autograd_lite.compile(loss)

    bar = epochs(passes, train_x, train_y, 8, rng)
    optimizer = nn.optim.SGD(model.parameters(), lr=0.05, momentum=0.9, weight_decay=1e-3)
    schedule = nn.optim.LinearLR(optimizer, 1.0, 0.0, bar.total)
    losses = []
    start = time.perf_counter()
    for x, y in bar:
        batch = [moved(image, rng) for image in x], y
        error = loss(*batch)
        optimizer.zero_grad()
        error.backward()
        optimizer.step()
        schedule.step()
        losses.append(error.data)
        bar.set_postfix(loss=f"{np.mean(losses[-50:]):.3f}", refresh=False)
    seconds = time.perf_counter() - start

    with no_grad():
        logits = data(model(test_x))
    accuracy = np.mean(logits.argmax(axis=1) == test_y)
    print(f"test accuracy {accuracy:.1%} after {seconds:.1f} s of training")
    print_gain(loss, *batch)
    draw(model, losses, test_x, test_y, logits, options.output)
    print(f"wrote {options.output}")


if __name__ == "__main__":
    main()
