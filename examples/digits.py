"""Learn to read handwritten digits by backpropagation on scalars.

    pip install ".[examples]"
    python examples/digits.py

A 64-16-10 network reads the 8 x 8 images of scikit-learn's `load_digits`. Each layer computes

    z = W a + b,    a = σ(z),

the last one without σ: its z are the logits of the ten digits. The loss of an image is the cross
entropy between the softmax of the logits and the label, and gradient descent follows the gradient
of its average over a mini-batch. Every number on the way is a `Value`.

Two pictures tell what came of it: digits.svg, the graph of one image's loss through a slice of the
network small enough to read, and digits.png, with the loss, the weights and the mistakes.
"""

from __future__ import annotations

import argparse
import random
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from tqdm import tqdm

import autograd_lite
import nn
from autograd_lite import Value, dot, logsumexp, mean, no_grad, sigmoid
from visualize import draw_dot

Image = list[float]  # 64 pixels, row by row, from 0 (paper) to 1 (ink)
MOMENTUM = 0.9
WEIGHT_DECAY = 5e-4


# --------------------------------------------------------------------------------- the network


@dataclass
class Data:
    """Images and the digits that they show."""

    images: list[Image]
    labels: list[int]


def load() -> tuple[Data, Data]:
    """1,437 images to learn from and 360 to be tested on, always the same."""
    images, labels = load_digits(return_X_y=True)
    train_x, test_x, train_y, test_y = train_test_split(
        images / 16, labels, test_size=360, stratify=labels, random_state=0
    )
    return Data(train_x.tolist(), train_y.tolist()), Data(test_x.tolist(), test_y.tolist())


def cross_entropy(logits: list[Value], label: int) -> Value:
    """-log softmax(logits)[label]."""
    return logsumexp(logits) - logits[label]


def prediction(logits: list[Value]) -> int:
    """The digit with the largest logit."""
    return max(range(len(logits)), key=lambda digit: logits[digit].data)


def predictions(model: nn.MLP, data: Data) -> list[int]:
    """What the network reads in each image."""
    with no_grad():
        return [prediction(model(image)) for image in data.images]


def accuracy(guesses: list[int], labels: list[int]) -> float:
    """The fraction of right guesses."""
    return sum(g == label for g, label in zip(guesses, labels, strict=True)) / len(labels)


def train(model: nn.MLP, train: Data, test: Data, options: argparse.Namespace) -> list[float]:
    """Mini-batch gradient descent; the loss of every step.

    With momentum μ, weight decay λ, and a learning rate η that falls to 0 epoch by epoch:

        v <- μ v + ∂loss/∂p + λ p,    p <- p - η v    for every parameter p.
    """
    parameters = model.parameters()
    velocity = [0.0] * len(parameters)
    order = list(range(len(train.images)))
    rng = random.Random(options.seed)
    losses = []

    steps = -(-len(order) // options.batch_size)
    bar = tqdm(total=options.epochs * steps, unit="step")
    for epoch in range(options.epochs):
        bar.set_description(f"epoch {epoch + 1}/{options.epochs}")
        learning_rate = options.learning_rate * (1 - epoch / options.epochs)
        rng.shuffle(order)
        for start in range(0, len(order), options.batch_size):
            batch = order[start : start + options.batch_size]

            # Forward: the average loss of the batch, some 700 nodes on the 1,210 parameters.
            loss = mean([cross_entropy(model(train.images[i]), train.labels[i]) for i in batch])

            # Backward: ∂loss/∂p of every parameter.
            model.zero_grad()
            loss.backward()

            # The step of gradient descent.
            for i, p in enumerate(parameters):
                velocity[i] = MOMENTUM * velocity[i] + p.grad + WEIGHT_DECAY * p.data
                p.data -= learning_rate * velocity[i]

            losses.append(loss.data)
            bar.update()
        bar.set_postfix(
            loss=f"{average(losses[-steps:]):.3f}",
            test_accuracy=f"{accuracy(predictions(model, test), test.labels):.1%}",
        )
    bar.close()
    return losses


def average(numbers: list[float]) -> float:
    return sum(numbers) / len(numbers)


# ----------------------------------------------------------------------- digits.svg: the graph


CAPTION = """\
The loss of one test image of the digit {label}, through a slice of the trained network: \
3 of 64 pixels (row,column),
2 of 16 hidden neurons h, 3 of 10 digits; "p to q" is a weight. What is not drawn enters as \
a constant, "rest",
so the data are those of the whole network. A grad is d loss / d node through what is drawn.
The grad of a logit is its softmax probability, less 1 for the right digit.

"""


def hardest(model: nn.MLP, data: Data) -> int:
    """The index of the image with the largest loss among those that are read rightly."""
    with no_grad():
        loss = {}
        for i, (image, label) in enumerate(zip(data.images, data.labels, strict=True)):
            logits = model(image)
            if prediction(logits) == label:
                loss[i] = cross_entropy(logits, label).data
    return max(loss, key=loss.__getitem__)


def most_influential(nodes: list[Value], n: int) -> list[int]:
    """The n nodes without which the loss would change most, to first order: |data * grad|."""
    ranked = sorted(range(len(nodes)), key=lambda i: -abs(nodes[i].data * nodes[i].grad))
    return sorted(ranked[:n])


def slice_loss(model: nn.MLP, image: Image, label: int) -> Value:
    """The loss of one image through the part of the network that matters most to it."""
    hidden, output = model.layers
    pixels = [Value(ink) for ink in image]
    activations = hidden(pixels)
    logits = output(activations)
    cross_entropy(logits, label).backward()
    seen = most_influential(pixels, 3)
    active = most_influential(activations, 2)
    others = sorted(set(range(10)) - {label}, key=lambda k: -logits[k].data)
    likely = [label, *others[:2]]

    x = [named(f"pixel {i // 8},{i % 8}", image[i]) for i in seen]
    h, z = [], []
    for j in active:
        w = [named(f"{i // 8},{i % 8} to h{j}", hidden.neurons[j].w[i].data) for i in seen]
        h.append(
            named(f"h{j}", sigmoid(affine(w, x, f"z of h{j}", activations[j].parents[0].data)))
        )
    for k in likely:
        w = [named(f"h{j} to {k}", output.neurons[k].w[j].data) for j in active]
        z.append(affine(w, h, f"logit of {k}", logits[k].data))
    z.append(named("7 other digits", logsumexp([logits[k].data for k in others[2:]])))
    return named("loss", cross_entropy(z, 0))


def affine(w: list[Value], a: list[Value], name: str, z: float) -> Value:
    """The node w . a + rest, with the rest that makes it the network's z."""
    drawn = named("drawn", dot(w, a))
    return named(name, drawn + named("rest", z - drawn.data))


def named(name: str, value: Value | float) -> Value:
    """The Value, or a leaf with the number, with a label."""
    node = value if isinstance(value, Value) else Value(value)
    node.label = name
    return node


def draw_graph(model: nn.MLP, test: Data, path: Path) -> None:
    """Write the graph of one image's loss through a slice of the network."""
    i = hardest(model, test)
    loss = slice_loss(model, test.images[i], test.labels[i])
    loss.backward()
    picture = draw_dot(loss, rankdir="TB")
    caption = CAPTION.format(label=test.labels[i]).replace("\n", r"\l")
    picture.attr(label=caption, labelloc="t", fontname="Courier", ranksep="0.25", nodesep="0.15")
    path.write_text(picture.pipe(encoding="utf-8"), encoding="utf-8")


# ----------------------------------------------------------------------- digits.png: the training


BLUE, ORANGE, GREY = "#2166ac", "#d6604d", "#666666"


def draw_training(model: nn.MLP, losses: list[float], epochs: int, test: Data, path: Path) -> None:
    """Write a figure of the loss curve, the confusion matrix and the first layer's weights."""
    figure = Figure(figsize=(12, 8.8), dpi=150, layout="constrained")
    (top,), (bottom,) = figure.subfigures(2, 1, squeeze=False, height_ratios=[1.5, 1])
    loss_axes, confusion_axes = top.subplots(1, 2, width_ratios=[1.15, 1])
    draw_losses(loss_axes, losses, epochs)
    draw_confusion(confusion_axes, predictions(model, test), test.labels)
    draw_weights(bottom, model)
    for part in (top, bottom):
        part.get_layout_engine().set(w_pad=0.15, h_pad=0.12)
    figure.savefig(path)


def draw_losses(axes: Axes, losses: list[float], epochs: int) -> None:
    """The loss of every mini-batch, and its average over each epoch."""
    steps = len(losses) // epochs
    averages = np.reshape(losses, (epochs, steps)).mean(axis=1)
    axes.plot(np.arange(len(losses)) / steps, losses, ".", ms=2.5, color="#b8cfe4")
    axes.plot(np.arange(epochs) + 0.5, averages, "-o", ms=4, lw=2, color=BLUE)
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter("{x:g}")
    axes.set(xlabel="epoch", ylabel="cross entropy", title="The loss on the training images")
    axes.legend(["one mini-batch", "average over an epoch"], frameon=False, markerscale=2)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", color="#eeeeee")


def draw_confusion(axes: Axes, guesses: list[int], labels: list[int]) -> None:
    """How often each digit was read as each; mistakes in orange."""
    counts = np.zeros((10, 10), dtype=int)
    np.add.at(counts, (labels, guesses), 1)
    right = np.eye(10, dtype=bool)
    axes.imshow(np.where(right, counts, np.nan), cmap="Blues", vmin=0, vmax=60)
    axes.imshow(np.where(~right & (counts > 0), counts, np.nan), cmap="Oranges", vmin=-2, vmax=8)
    for i, j in np.argwhere(counts):
        axes.text(j, i, counts[i, j], ha="center", va="center", fontsize=9)
    axes.set(xlabel="read as", ylabel="the digit", xticks=range(10), yticks=range(10))
    axes.set_title(f"{accuracy(guesses, labels):.1%} of {len(labels)} test images are read rightly")
    axes.tick_params(length=0)
    axes.spines[:].set_color("#cccccc")


def draw_weights(figure: SubFigure, model: nn.MLP) -> None:
    """The 64 weights of each hidden neuron as an image, on one scale."""
    neurons = model.layers[0].neurons
    weights = np.array([[w.data for w in neuron.w] for neuron in neurons]).reshape(-1, 8, 8)
    largest = np.abs(weights).max()
    grid = figure.subplots(2, len(neurons) // 2)
    for j, axes in enumerate(grid.flat):
        image = axes.imshow(weights[j], cmap="RdBu_r", vmin=-largest, vmax=largest)
        axes.set_title(f"h{j}", fontsize=9, color=GREY, pad=3)
        axes.set(xticks=[], yticks=[])
        axes.spines[:].set_color("#cccccc")
    figure.suptitle(
        "What each hidden neuron looks for: ink on red raises its z, ink on blue lowers it"
    )
    figure.colorbar(image, ax=grid, shrink=0.8, aspect=25, label="weight")


# ------------------------------------------------------------------------------ the command line


def positive_int(text: str) -> int:
    """The int that a command-line option gives."""
    number = int(text)
    if number < 1:
        raise ValueError
    return number


positive_int.__name__ = "positive int"  # as argparse names it in an error


def command_line() -> argparse.Namespace:
    """The options."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--epochs", type=positive_int, default=30, help="passes over the training images (30)")
    add("--batch-size", type=positive_int, default=16, help="images in a mini-batch (16)")
    add("--learning-rate", type=float, default=0.3, help="η in the first epoch (0.3)")
    add("--seed", type=int, default=0, help="of the first weights and of the order (0)")
    add("--output", type=Path, default=Path(), help="folder for the pictures (the current one)")
    add("--quick", action="store_true", help="3 epochs only, for about 90%% accuracy")
    options = parser.parse_args()
    if options.quick:
        options.epochs = 3
    return options


def main() -> None:
    """Load, train, test, draw."""
    options = command_line()
    options.output.mkdir(parents=True, exist_ok=True)
    train_data, test_data = load()
    model = nn.MLP(64, [16, 10], activation="sigmoid", rng=options.seed)

    start = time.perf_counter()
    losses = train(model, train_data, test_data, options)
    seconds = time.perf_counter() - start
    right = accuracy(predictions(model, test_data), test_data.labels)
    engine = "compiled" if autograd_lite.compiled else "interpreted"
    print(f"test accuracy {right:.1%} after {seconds:.1f} s of training ({engine} engine)")

    draw_graph(model, test_data, options.output / "digits.svg")
    draw_training(model, losses, options.epochs, test_data, options.output / "digits.png")
    print(f"wrote {options.output / 'digits.svg'} and {options.output / 'digits.png'}")


if __name__ == "__main__":
    main()
