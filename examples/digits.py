"""Learn to read handwritten digits by backpropagation on scalars.

    pip install ".[examples]"
    python examples/digits.py

A 64-32-10 network reads the 8 x 8 images of scikit-learn's `load_digits`. Each layer computes

    z = W a + b,    a = σ(z),

the last one without σ: its z are the logits of the ten digits. The loss of an image is the cross
entropy between the softmax of the logits and the label, and gradient descent follows the gradient
of its average over a mini-batch. Every number on the way is a `Value`.

digits.png shows the loss, the mistakes and the weights; digits.svg the graph of one image's loss,
with the nodes of the same structure drawn once.
"""

from __future__ import annotations

import random
import time
from pathlib import Path

import numpy as np
from common import (
    command_line,
    data,
    draw_confusion,
    draw_losses,
    draw_tiles,
    epochs,
    print_gain,
    sheet,
)
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

import autograd_lite
from autograd_lite import Value, nn, no_grad, visualize

MISTAKES = 10  # that are shown


def load() -> list[np.ndarray]:
    """1,437 images to learn from, 360 to be tested on, and the labels of each; always the same."""
    images, labels = load_digits(return_X_y=True)
    images = images / 16  # 64 pixels, row by row, from 0 (paper) to 1 (ink)
    return train_test_split(images, labels, test_size=360, stratify=labels, random_state=0)


def draw(
    model: nn.MLP,
    losses: list[float],
    images: np.ndarray,
    labels: np.ndarray,
    guesses: np.ndarray,
    path: Path,
) -> None:
    """The loss, the confusion matrix, what is read wrong, and the weights of the hidden neurons."""
    figure = sheet(10.2)
    top, middle, bottom = figure.subfigures(3, 1, height_ratios=[1.1, 0.38, 1.15])
    left, right = top.subplots(1, 2)
    draw_losses(left, losses, 90)
    left.set_yscale("log")
    draw_confusion(right, labels, guesses)
    right.set(xlabel="read as", ylabel="the digit")
    wrong = np.flatnonzero(guesses != labels)[:MISTAKES]
    grid = middle.subplots(1, MISTAKES)
    for axes in grid:
        axes.set_axis_off()
    for axes, i in zip(grid, wrong, strict=False):
        axes.imshow(images[i].reshape(8, 8), cmap="Greys", vmin=0, vmax=1)
        axes.set_title(f"{labels[i]} → {guesses[i]}", fontsize=10)
    middle.suptitle("Read wrong: the digit → what the network read")
    weights = data([neuron.w for neuron in model.layers[0].neurons]).reshape(-1, 8, 8)
    title = "What each hidden neuron looks for: ink on red raises its z, ink on blue lowers it"
    draw_tiles(bottom, title, weights, range(len(weights)), 8, "RdBu_r", "weight")
    figure.savefig(path)


def draw_graph(model: nn.MLP, image: np.ndarray, label: int, path: Path) -> None:
    """The graph of one image's loss, with its gradients."""
    model.zero_grad()
    pixels = [Value(ink) for ink in image]
    with visualize.scopes(model):
        loss = nn.cross_entropy(model(pixels), label)
    loss.label = "loss"
    loss.backward()
    visualize.save(loss, path, fold=True)


def main() -> None:
    parser = command_line(__doc__, "3 passes instead of 30, for about 95%% accuracy")
    options = parser.parse_args()
    rng = random.Random(options.seed)
    train_x, test_x, train_y, test_y = load()
    model = nn.MLP(64, [32, 10], activation="sigmoid", rng=rng)

    def loss(images: np.ndarray, labels: np.ndarray) -> Value:
        return nn.cross_entropy(model(images), labels)

    if not options.eager:
        loss = autograd_lite.compile(loss)

    bar = epochs(3 if options.quick else 30, train_x, train_y, 16, rng)
    optimizer = nn.optim.SGD(model.parameters(), lr=0.3, momentum=0.9, weight_decay=5e-4)
    schedule = nn.optim.LinearLR(optimizer, 1.0, 0.0, bar.total)
    losses = []
    start = time.perf_counter()
    for batch in bar:
        error = loss(*batch)  # forward: the average loss of 16 images
        optimizer.zero_grad()
        error.backward()  # backward: its derivative with respect to every parameter
        optimizer.step()
        schedule.step()
        losses.append(error.data)
        bar.set_postfix(loss=f"{np.mean(losses[-90:]):.3f}", refresh=False)
    seconds = time.perf_counter() - start

    with no_grad():
        guesses = data(model(test_x)).argmax(axis=1)
    print(f"test accuracy {np.mean(guesses == test_y):.1%} after {seconds:.1f} s of training")
    print_gain(loss, *batch)
    graph = options.output.with_suffix(".svg")
    draw(model, losses, test_x, test_y, guesses, options.output)
    draw_graph(model, test_x[0], test_y[0], graph)
    print(f"wrote {options.output} and {graph}")


if __name__ == "__main__":
    main()
