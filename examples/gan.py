"""A generator learns to draw from a discriminator that learns to find it out, on scalars.

    pip install ".[examples]"
    python examples/gan.py

The generator G makes samples of random numbers z. The discriminator D gives each sample a logit,
the larger the more real it looks. They learn in turns (Goodfellow et al., 2014); with softplus(x) =
log(1 + e^x) the losses, averaged over a mini-batch, are

    of D: softplus(-D(real)) + softplus(D(G(z))),    of G: softplus(-D(G(z))).

They play twice. Once real samples are points on a ring around the unit circle, and two numbers say
how well G does: the mean radius of its points, and how much of the circle they cover. Once they are
the images of one digit, of scikit-learn's `load_digits`; then it is the distance from a sample to
the nearest real image. The picture shows what G draws as it learns.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Circle
from sklearn.datasets import load_digits
from tqdm import tqdm

import nn
from autograd_lite import mean, no_grad, softplus

BATCH_SIZE = 16
SECTORS = 24  # of the circle

data = np.vectorize(lambda value: value.data, otypes=[float])  # of every Value of an array


def layers(*sizes: int, rng: random.Random) -> list[nn.Module]:
    """Linear layers of these sizes, with leaky ReLUs between them."""
    modules = []
    for nin, nout in pairwise(sizes):
        modules += [nn.Linear(nin, nout, rng=rng), nn.LeakyReLU(0.1)]
    return modules[:-1]


def noise(count: int, size: int, rng: random.Random) -> list[list[float]]:
    """What the generator makes `count` samples of."""
    return [[rng.gauss(0, 1) for _ in range(size)] for _ in range(count)]


def play(
    generator: nn.Sequential,
    discriminator: nn.Sequential,
    real: np.ndarray,
    steps: int,
    shown: int,
    rng: random.Random,
) -> Iterator[tuple[int, np.ndarray]]:
    """Train both; (step, what G makes of the same random numbers) at five times on the way."""
    size = generator[0].in_features
    same = noise(shown, size, rng)
    optimizers = [
        nn.optim.Adam(network.parameters(), lr=5e-3, betas=(0.5, 0.99))
        for network in (discriminator, generator)
    ]
    schedules = [nn.optim.LinearLR(optimizer, 1.0, 0.0, steps) for optimizer in optimizers]
    real = real.tolist()

    def made() -> np.ndarray:
        with no_grad():
            return data(generator(same))

    for step in tqdm(range(steps), unit="step"):
        if step in {0, steps // 16, steps // 4, steps // 2}:
            yield step, made()
        fake = generator(noise(BATCH_SIZE, size, rng))
        of_fake = discriminator(data(fake).tolist())  # numbers only: no gradient reaches G
        of_real = discriminator(rng.sample(real, BATCH_SIZE))
        loss = mean(softplus(z) for (z,) in of_fake) + mean(softplus(-z) for (z,) in of_real)
        optimizers[0].zero_grad()
        loss.backward()
        optimizers[0].step()

        loss = mean(softplus(-z) for (z,) in discriminator(fake))
        optimizers[1].zero_grad()
        loss.backward()
        optimizers[1].step()
        for schedule in schedules:
            schedule.step()
    yield steps, made()


def ring(rng: random.Random) -> np.ndarray:
    """1,000 points about the unit circle."""
    angles = [rng.uniform(0, 2 * np.pi) for _ in range(1000)]
    radii = [rng.gauss(1, 0.05) for _ in angles]
    return np.transpose([radii * np.cos(angles), radii * np.sin(angles)])


def radius_and_coverage(points: np.ndarray) -> tuple[float, float]:
    """The mean distance from the centre, and the fraction of the circle's sectors with points.

    A sector counts if it has a quarter of its share of the points, between radius 0.8 and 1.2.
    """
    radii = np.hypot(*points.T)
    x, y = points[abs(radii - 1) < 0.2].T
    counts, _ = np.histogram(np.arctan2(y, x), SECTORS, (-np.pi, np.pi))
    return radii.mean(), np.mean(counts >= len(points) / SECTORS / 4)


def distances(images: np.ndarray, others: np.ndarray) -> np.ndarray:
    """The Euclidean distance of every image from every other, an image from itself left out."""
    far = np.linalg.norm(images[:, None] - others, axis=-1)
    return np.where(far > 0, far, np.nan)


def draw(points: list[tuple], images: list[tuple], path: Path) -> None:
    """The points in a row, and below them 4 x 4 images, from the first step to the last."""
    figure = Figure(figsize=(15, 6.6), dpi=150, layout="constrained")
    for column, ((step, xy), (later, pixels)) in enumerate(zip(points, images, strict=True), 1):
        axes = figure.add_subplot(2, len(points), column)
        axes.add_patch(Circle((0, 0), 1, fill=False, color="#d6604d", alpha=0.5))
        axes.plot(*xy.T, ".", ms=2, color="#2166ac")
        axes.set(xlim=(-1.6, 1.6), ylim=(-1.6, 1.6), aspect="equal", title=f"step {step:,}")
        axes.set(xticks=[-1, 0, 1], yticks=[-1, 0, 1])
        axes = figure.add_subplot(2, len(points), column + len(points))
        framed = np.pad(pixels[:16].reshape(4, 4, 8, 8), ((0, 0), (0, 0), (1, 1), (1, 1)))
        mosaic = framed.swapaxes(1, 2).reshape(40, 40)
        axes.imshow(mosaic, cmap="Greys")
        axes.set(xticks=[], yticks=[], title=f"step {later:,}")
    figure.suptitle("What the generator makes of the same random numbers as it learns")
    figure.savefig(path)


def main() -> None:
    """Play for the ring, then for a digit; measure and draw."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--digit", type=int, default=3, choices=range(10), help="which digit to draw (3)")
    add("--seed", type=int, default=0, help="of all that is random (0)")
    add("--output", type=Path, default="gan.png", help="the picture (gan.png)")
    add("--quick", action="store_true", help="400 and 100 steps, for a rough ring and digit")
    options = parser.parse_args()
    rng = random.Random(options.seed)
    start = time.perf_counter()

    generator = nn.Sequential(*layers(2, 16, 16, 2, rng=rng))
    discriminator = nn.Sequential(*layers(2, 16, 16, 1, rng=rng))
    steps = 400 if options.quick else 2000
    points = list(play(generator, discriminator, ring(rng), steps, 500, rng))
    radius, coverage = radius_and_coverage(points[-1][1])
    print(f"ring: mean radius {radius:.2f}, {coverage:.0%} of the circle covered")

    pixels, labels = load_digits(return_X_y=True)
    real = pixels[labels == options.digit] / 16
    generator = nn.Sequential(*layers(8, 32, 64, rng=rng), nn.Sigmoid())
    discriminator = nn.Sequential(*layers(64, 32, 1, rng=rng))
    images = list(play(generator, discriminator, real, 100 if options.quick else 1000, 100, rng))
    for name, made in ("real", real), ("made", images[-1][1]):
        near = np.nanmin(distances(made, real), axis=1).mean()
        apart = np.nanmean(distances(made, made))
        print(f"{name} {options.digit}s: {near:.2f} from the nearest real one, {apart:.2f} apart")

    draw(points, images, options.output)
    print(f"wrote {options.output} after {time.perf_counter() - start:.1f} s")


if __name__ == "__main__":
    main()
