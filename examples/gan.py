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

import random
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
from common import BLUE, ORANGE, command_line, data, draw_heat, print_gain, sheet
from matplotlib.patches import Circle
from sklearn.datasets import load_digits
from tqdm import tqdm

import autograd_lite
from autograd_lite import Value, mean, nn, no_grad, softplus

BATCH_SIZE = 16
SECTORS = 24  # of the circle

Samples = list[list[float]]


def layers(*sizes: int, rng: random.Random) -> list[nn.Module]:
    """Linear layers of these sizes, with leaky ReLUs between them."""
    modules = []
    for nin, nout in pairwise(sizes):
        modules += [nn.Linear(nin, nout, rng=rng), nn.LeakyReLU(0.1)]
    return modules[:-1]


class Game:
    """A generator, a discriminator and their losses, compiled unless eager."""

    def __init__(self, generator: nn.Sequential, discriminator: nn.Sequential, eager: bool) -> None:
        self.generator, self.discriminator = generator, discriminator
        self.make = generator
        if not eager:
            self.make = autograd_lite.compile(generator)
            self.loss_of_discriminator = autograd_lite.compile(self.loss_of_discriminator)
            self.loss_of_generator = autograd_lite.compile(self.loss_of_generator)

    def loss_of_discriminator(self, real: Samples, fake: Samples) -> Value:
        taken_for_real, taken_for_fake = self.discriminator(real), self.discriminator(fake)
        return mean(softplus(-d) for (d,) in taken_for_real) + mean(
            softplus(d) for (d,) in taken_for_fake
        )

    def loss_of_generator(self, z: Samples) -> Value:
        return mean(softplus(-d) for (d,) in self.discriminator(self.generator(z)))

    def noise(self, count: int, rng: random.Random) -> Samples:
        """Random numbers for so many samples."""
        return [
            [rng.gauss(0, 1) for _ in range(self.generator[0].in_features)] for _ in range(count)
        ]

    def play(
        self, real: np.ndarray, steps: int, rng: random.Random
    ) -> Iterator[tuple[int, np.ndarray]]:
        """Train both; (step, what G makes of the same random numbers) at five times on the way."""
        real, same = real.tolist(), self.noise(500, rng)
        of_discriminator, of_generator = optimizers = [
            nn.optim.Adam(network.parameters(), lr=5e-3, betas=(0.5, 0.99))
            for network in (self.discriminator, self.generator)
        ]
        schedules = [nn.optim.LinearLR(optimizer, 1.0, 0.0, steps) for optimizer in optimizers]
        for step in tqdm(range(steps), unit="step"):
            if step in {0, steps // 16, steps // 4, steps // 2}:
                yield step, generated(self.generator, same)

            some = rng.sample(real, BATCH_SIZE)
            fake = generated(self.make, self.noise(BATCH_SIZE, rng)).tolist()
            of_discriminator.zero_grad()
            self.loss_of_discriminator(some, fake).backward()
            of_discriminator.step()

            of_generator.zero_grad()
            self.loss_of_generator(self.noise(BATCH_SIZE, rng)).backward()
            of_generator.step()

            for schedule in schedules:
                schedule.step()
        yield steps, generated(self.generator, same)


def generated(generator: Callable[[Samples], list[list[Value]]], z: Samples) -> np.ndarray:
    """The samples that it makes of z, as numbers: no gradient goes through them."""
    with no_grad():
        return data(generator(z))


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


def draw(points: list[tuple], images: list[tuple], real: np.ndarray, path: Path) -> None:
    """The points in a row, below them 4 x 4 images, from first to last step; then what is real."""
    figure = sheet(3.7)
    rows = figure.subplots(2, len(points) + 1)
    circles = [*((f"step {step:,}", xy) for step, xy in points), ("real", ring(random.Random(0)))]
    for axes, (title, xy) in zip(rows[0], circles, strict=True):
        axes.add_patch(Circle((0, 0), 1, fill=False, color=ORANGE, alpha=0.5))
        axes.plot(*xy.T, ".", ms=2, color=BLUE)
        axes.set(xlim=(-1.6, 1.6), ylim=(-1.6, 1.6), aspect="equal")
        axes.set_title(title, fontsize=10)
        axes.set(xticks=[-1, 0, 1], yticks=[-1, 0, 1])
        axes.spines[:].set_visible(True)
    digits = [*((f"step {step:,}", pixels) for step, pixels in images), ("real", real)]
    for axes, (title, pixels) in zip(rows[1], digits, strict=True):
        framed = np.pad(pixels[:16].reshape(4, 4, 8, 8), ((0, 0), (0, 0), (1, 1), (1, 1)))
        draw_heat(axes, framed.swapaxes(1, 2).reshape(40, 40), cmap="Greys")
        axes.set_title(title, fontsize=10)
        axes.set(xticks=[], yticks=[])
    figure.suptitle(
        "What the generator makes of the same random numbers as it learns, beside what is real"
    )
    figure.savefig(path)


def main() -> None:
    parser = command_line(__doc__, "400 and 100 steps, for a rough ring and digit")
    parser.add_argument("--digit", type=int, default=3, choices=range(10), help="to draw (3)")
    options = parser.parse_args()
    rng = random.Random(options.seed)
    start = time.perf_counter()

    generator = nn.Sequential(*layers(2, 16, 16, 2, rng=rng))
    discriminator = nn.Sequential(*layers(2, 16, 16, 1, rng=rng))
    steps = 400 if options.quick else 2000
    game = Game(generator, discriminator, options.eager)
    points = list(game.play(ring(rng), steps, rng))
    radius, coverage = radius_and_coverage(points[-1][1])
    print(f"ring: mean radius {radius:.2f}, {coverage:.0%} of the circle covered")

    pixels, labels = load_digits(return_X_y=True)
    real = pixels[labels == options.digit] / 16
    generator = nn.Sequential(*layers(8, 32, 64, rng=rng), nn.Sigmoid())
    discriminator = nn.Sequential(*layers(64, 32, 1, rng=rng))
    steps = 100 if options.quick else 1000
    game = Game(generator, discriminator, options.eager)
    images = list(game.play(real, steps, rng))
    for name, samples in ("real", real), ("made", images[-1][1]):
        near = np.nanmin(distances(samples, real), axis=1).mean()
        apart = np.nanmean(distances(samples, samples))
        print(f"{name} {options.digit}s: {near:.2f} from the nearest real one, {apart:.2f} apart")
    z = game.noise(BATCH_SIZE, rng)
    fake = generated(game.make, z).tolist()
    print_gain(game.loss_of_discriminator, real[:BATCH_SIZE].tolist(), fake)
    print_gain(game.loss_of_generator, z)

    draw(points, images, real, options.output)
    print(f"wrote {options.output} after {time.perf_counter() - start:.1f} s")


if __name__ == "__main__":
    main()
