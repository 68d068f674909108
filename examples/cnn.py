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

import argparse
import random
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure, SubFigure
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from tqdm import tqdm

import nn
from autograd_lite import no_grad

Image = list[list[list[float]]]  # 1 channel of 8 rows of 8 pixels, from 0 (paper) to 1 (ink)
BATCH_SIZE = 8


def load() -> Iterable[list]:
    """1,437 images to learn from, 360 to be tested on, and the labels of each; always the same."""
    images, labels = load_digits(return_X_y=True)
    images = images.reshape(-1, 1, 8, 8) / 16
    split = train_test_split(images, labels, test_size=360, stratify=labels, random_state=0)
    return (part.tolist() for part in split)


def network(rng: random.Random) -> nn.Sequential:
    """Convolution, pooling and one linear layer: 1,594 parameters."""
    return nn.Sequential(
        nn.Conv2d(1, 24, kernel_size=5, padding=1, rng=rng),  # (1, 8, 8) to (24, 6, 6)
        nn.ReLU(),
        nn.MaxPool2d(3),  # to (24, 2, 2)
        nn.Flatten(),
        nn.Linear(96, 10, rng=rng),
    )


def moved(image: Image, rng: random.Random) -> Image:
    """The image as it is, or as often moved by up to a pixel each way."""
    if rng.random() < 0.5:
        return image
    down, right = rng.randrange(3), rng.randrange(3)
    return [np.pad(image[0], 1)[down : down + 8, right : right + 8].tolist()]


def train(
    model: nn.Module, images: list[Image], labels: list[int], epochs: int, rng: random.Random
) -> list[float]:
    """Mini-batch gradient descent with momentum; the loss of every step."""
    steps = epochs * -(-len(images) // BATCH_SIZE)
    optimizer = nn.optim.SGD(model.parameters(), lr=0.05, momentum=0.9, weight_decay=1e-3)
    schedule = nn.optim.LinearLR(optimizer, 1.0, 0.0, steps)
    losses = []
    with tqdm(total=steps, unit="step") as bar:
        for _ in range(epochs):
            for x, y in nn.batches(images, labels, BATCH_SIZE, rng):
                loss = nn.cross_entropy(model([moved(image, rng) for image in x]), y)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                schedule.step()
                losses.append(loss.data)
                bar.set_postfix(loss=f"{np.mean(losses[-50:]):.3f}", refresh=False)
                bar.update()
    return losses


# ------------------------------------------------------------------------------------ the picture

data = np.vectorize(lambda value: value.data, otypes=[float])  # of every Value of an array


def draw(
    model: nn.Sequential,
    losses: list[float],
    images: list[Image],
    labels: list[int],
    logits: np.ndarray,
    path: Path,
) -> None:
    """Loss and hardest images, above the filters and their maps of the hardest."""
    figure = Figure(figsize=(12, 9), dpi=150, layout="constrained")
    (left, right), (filters, maps) = figure.subfigures(2, 2, height_ratios=[1, 1.4])
    axes = left.subplots()
    axes.plot(losses, ".", ms=2, color="#b8cfe4")
    axes.plot(np.convolve(losses, np.ones(50) / 50, "valid"), lw=2, color="#2166ac")
    axes.set(xlabel="step", yscale="log", title="Cross entropy, and its average over 50 steps")
    axes.spines[["top", "right"]].set_visible(False)

    rivals = np.where(np.eye(10)[labels], -np.inf, logits)
    hardest = np.argsort(np.choose(labels, logits.T) - rivals.max(axis=1))[:8]
    titles = [f"{labels[i]} read as {logits[i].argmax()}" for i in hardest]
    tiles(right, "The 8 hardest test images", [images[i][0] for i in hardest], titles, 4, "Greys")

    convolution, activation, *_ = model
    with no_grad():
        seen = data(activation(convolution(images[hardest[0]])))
    title = "The filters: ink on red raises their maps, ink on blue lowers them"
    tiles(filters, title, data(convolution.weight)[:, 0], range(24), 6, "RdBu_r")
    tiles(maps, "Their maps of the hardest image", seen, range(24), 6, "Greys")
    figure.savefig(path)


def tiles(
    figure: SubFigure,
    title: str,
    pictures: Sequence[Sequence[Sequence[float]]],
    titles: Iterable[object],
    columns: int,
    cmap: str,
) -> None:
    """A grid of small pictures on one scale."""
    largest = np.abs(pictures).max()
    least = -largest if cmap == "RdBu_r" else 0
    grid = figure.subplots(len(pictures) // columns, columns)
    for axes, picture, name in zip(grid.flat, pictures, titles, strict=True):
        axes.imshow(picture, cmap=cmap, vmin=least, vmax=largest)
        axes.set_title(name, fontsize=9, pad=3)
        axes.set(xticks=[], yticks=[])
        axes.spines[:].set_color("#cccccc")
    figure.suptitle(title)


def main() -> None:
    """Load, train, test, draw."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--epochs", type=int, default=8, help="passes over the training images (8)")
    add("--seed", type=int, default=0, help="of the weights, the order and the moves (0)")
    add("--output", type=Path, default="cnn.png", help="the picture (cnn.png)")
    add("--quick", action="store_true", help="1 pass over 720 images, for about 85%% accuracy")
    options = parser.parse_args()

    rng = random.Random(options.seed)
    train_x, test_x, train_y, test_y = load()
    if options.quick:
        options.epochs = 1
        train_x, test_x, train_y, test_y = train_x[:720], test_x[:120], train_y[:720], test_y[:120]
    model = network(rng)
    start = time.perf_counter()
    losses = train(model, train_x, train_y, options.epochs, rng)
    seconds = time.perf_counter() - start
    with no_grad():
        logits = data(model(test_x))
    accuracy = np.mean(logits.argmax(axis=1) == test_y)
    print(f"test accuracy {accuracy:.1%} after {seconds:.1f} s of training")
    draw(model, losses, test_x, test_y, logits, options.output)
    print(f"wrote {options.output}")


if __name__ == "__main__":
    main()
