"""Eight schools: sample a posterior by the No-U-Turn Sampler, with gradients of its density.

    pip install ".[examples]"
    python examples/posterior.py

In eight schools pupils were coached for a test (Rubin, 1981). School j found an effect of y with a
standard error σ. How large are the effects θ, if they vary about a mean μ by a standard deviation τ
that is unknown, too?

    y ~ N(θ, σ),    θ ~ N(μ, τ),    μ ~ N(0, 5),    τ ~ half-Cauchy(5)

NUTS (Hoffman and Gelman, 2014) moves as a ball would that rolls on the surface -log density, so it
needs the gradient; it goes on until the path turns back, and draws one of its points. Where the
surface has a corner that the steps are too long for, the energy is not kept: the path diverges,
and the samples cannot be trusted.

The model is written in two ways. In the centred one the unknowns are μ, log τ and θ: a funnel, as
small τ leave no room for θ. In the other one they are μ, log τ and z, with θ = μ + τ z: the same
model without a funnel. R-hat, which compares chains, effective sample sizes and divergences tell
which to trust. Given τ all is normal, so the exact means need but an integral over τ.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from common import BLUE, LIGHT_BLUE, ORANGE, command_line, print_gain, sheet
from matplotlib.axes import Axes
from tqdm import tqdm

import autograd_lite
from autograd_lite import dot, exp, log1p, value_and_grad

SCHOOLS = "ABCDEFGH"
EFFECTS = [28.0, 8.0, -3.0, 7.0, -1.0, 1.0, 18.0, 12.0]  # y, in points of the test
ERRORS = [15.0, 10.0, 16.0, 11.0, 9.0, 11.0, 10.0, 18.0]  # σ
NAMES = ["μ", "τ", *(f"θ {name}" for name in SCHOOLS)]
CHAINS = 4
ACCEPT = 0.9  # the mean acceptance that the step size is set for
DEPTH = 10  # a path has at most 2**10 steps

Density = Callable[[np.ndarray], tuple[float, np.ndarray]]  # -log density, and its gradient


# ------------------------------------------------------------------------------------- the model


def centred(unknowns: Any) -> Any:
    """-log density of (μ, log τ, θ)."""
    mu, log_tau, *theta = unknowns
    tau = exp(log_tau)
    spread = [(t - mu) / tau for t in theta]
    return dot(spread, spread) / 2 + 8 * log_tau + misfit(theta) + prior(mu, log_tau)


def free(unknowns: Any) -> Any:
    """-log density of (μ, log τ, z), with θ = μ + τ z."""
    mu, log_tau, *z = unknowns
    tau = exp(log_tau)
    return dot(z, z) / 2 + misfit([mu + tau * x for x in z]) + prior(mu, log_tau)


def misfit(theta: Any) -> Any:
    """-log of the probability of what the schools found."""
    off = [(y - t) / error for y, t, error in zip(EFFECTS, theta, ERRORS, strict=True)]
    return dot(off, off) / 2


def prior(mu: Any, log_tau: Any) -> Any:
    """-log density of μ and log τ: that of τ, times dτ / d log τ = τ."""
    return (mu / 5) ** 2 / 2 + log1p((exp(log_tau) / 5) ** 2) - log_tau


def quantities(density: Any, samples: np.ndarray) -> np.ndarray:
    """μ, τ and θ of samples of the unknowns, along the last axis."""
    mu, log_tau, rest = samples[..., :1], samples[..., 1:2], samples[..., 2:]
    tau = np.exp(log_tau)
    return np.concatenate([mu, tau, rest if density is centred else mu + tau * rest], axis=-1)


def exact_means() -> np.ndarray:
    """The means of μ, τ and θ, by an integral over τ = 5 tan a, for which a is uniform."""
    a = (np.arange(100_000) + 0.5) / 100_000 * np.pi / 2
    tau = 5 * np.tan(a)[:, None]
    y, errors = np.array(EFFECTS), np.array(ERRORS)
    weight = 1 / (errors**2 + tau**2)
    precision = 1 / 25 + weight.sum(axis=1)
    mu = (weight * y).sum(axis=1) / precision
    log_evidence = (np.log(weight) - weight * y**2).sum(axis=1) / 2
    log_evidence += (precision * mu**2 - np.log(precision)) / 2
    theta = (y * tau**2 + mu[:, None] * errors**2) * weight
    likely = np.exp(log_evidence - log_evidence.max())
    return likely @ np.column_stack([mu, tau, theta]) / likely.sum()


# ----------------------------------------------------------------------------------- the sampler


@dataclass
class Point:
    """A place, the momentum there, and the -log density with its gradient."""

    x: np.ndarray
    p: np.ndarray
    value: float
    gradient: np.ndarray

    def energy(self) -> float:
        return self.value + self.p @ self.p / 2


@dataclass
class Branch:
    """A part of a path.

    first, last  its ends; it was made from first to last
    drawn        one of its points, by their weights exp(-energy)
    weight       the logarithm of the sum of the weights
    accept       the sum of min(1, weight / the first weight), over `steps` steps
    ends         True if it turned back, or diverged
    """

    first: Point
    last: Point
    drawn: Point
    weight: float
    accept: float = 0.0
    steps: int = 0
    ends: bool = False
    diverged: bool = False


def leap(density: Density, at: Point, step: float) -> Point:
    """A step of the leapfrog method."""
    p = at.p - step / 2 * at.gradient
    x = at.x + step * p
    value, gradient = density(x)
    return Point(x, p - step / 2 * gradient, value, gradient)


def grow(density: Density, at: Point, step: float, depth: int, start: float, rng: Any) -> Branch:
    """2**depth steps from here, less if they turn back or diverge; start is the first energy."""
    if depth == 0:
        to = leap(density, at, step)
        weight = start - to.energy()
        diverged = not weight > -1000  # not a number, too
        accept = 0.0 if diverged else min(1.0, np.exp(weight))
        return Branch(to, to, to, weight, accept, 1, diverged, diverged)
    one = grow(density, at, step, depth - 1, start, rng)
    if one.ends:
        return one
    two = grow(density, one.last, step, depth - 1, start, rng)
    both = Branch(one.first, two.last, one.drawn, np.logaddexp(one.weight, two.weight))
    both.accept, both.steps = one.accept + two.accept, one.steps + two.steps
    both.ends, both.diverged = two.ends or turns(one.first, two.last, step), two.diverged
    if np.log(rng.random()) < two.weight - both.weight:
        both.drawn = two.drawn
    return both


def turns(first: Point, last: Point, step: float) -> bool:
    """True if a path from first to last, made by such steps, comes nearer to its other end."""
    along = (last.x - first.x) * np.sign(step)
    return bool(along @ first.p < 0 or along @ last.p < 0)


def transition(density: Density, at: Point, step: float, rng: Any) -> tuple[Point, float, bool]:
    """A point drawn from a path through this one; the mean acceptance; whether it diverged."""
    start = Point(at.x, rng.normal(size=at.x.size), at.value, at.gradient)
    energy = start.energy()
    back = ahead = drawn = start
    weight, accept, steps = 0.0, 0.0, 0
    for depth in range(DEPTH):
        forward = rng.random() < 0.5
        end, signed = (ahead, step) if forward else (back, -step)
        branch = grow(density, end, signed, depth, energy, rng)
        accept, steps = accept + branch.accept, steps + branch.steps
        if branch.ends:
            break
        if np.log(rng.random()) < branch.weight - weight:
            drawn = branch.drawn
        weight = np.logaddexp(weight, branch.weight)
        back, ahead = (back, branch.last) if forward else (branch.last, ahead)
        if turns(back, ahead, 1.0):
            break
    return drawn, accept / steps, branch.diverged


def sample(
    density: Density, x: np.ndarray, warmup: int, draws: int, rng: Any, bar: tqdm
) -> tuple[np.ndarray, np.ndarray]:
    """The samples of a chain, and which of their paths diverged.

    During the warm-up the step size is adapted by dual averaging, as in Hoffman and Gelman.
    """
    at = Point(x, x, *density(x))
    log_step = mean = np.log(0.1)
    centre, error = np.log(1.0), 0.0
    samples, diverged = [], []
    for k in range(1, warmup + draws + 1):
        step = np.exp(log_step if k <= warmup else mean)
        at, accept, divergent = transition(density, at, step, rng)
        if k <= warmup:
            error += (ACCEPT - accept - error) / (k + 10)
            log_step = centre - np.sqrt(k) / 0.05 * error
            mean += k**-0.75 * (log_step - mean)
        else:
            samples.append(at.x)
            diverged.append(divergent)
        bar.update()
    return np.array(samples), np.array(diverged)


# ----------------------------------------------------------------------------------- diagnostics


def r_hat(chains: np.ndarray) -> float:
    """The deviation of all halves of chains together, divided by that within them: 1 at the end.

    chains  (chains, draws) numbers
    """
    halves = chains[:, : chains.shape[1] // 2 * 2].reshape(2 * len(chains), -1)
    within, n = halves.var(axis=1, ddof=1).mean(), halves.shape[1]
    return float(np.sqrt((n - 1) / n + halves.mean(axis=1).var(ddof=1) / within))


def effective_size(chains: np.ndarray) -> float:
    """How many independent draws are worth as much for a mean, by Geyer's monotone sums."""
    m, n = chains.shape
    centred = chains - chains.mean(axis=1, keepdims=True)
    spectra = np.abs(np.fft.rfft(centred, 2 * n)) ** 2
    covariances = np.fft.irfft(spectra)[:, :n].mean(axis=0) / n
    within = covariances[0] * n / (n - 1)
    total = covariances[0] + (chains.mean(axis=1).var(ddof=1) if m > 1 else 0.0)
    correlations = 1 - (within - covariances) / total
    correlations[0] = 1.0
    pairs = correlations[: n // 2 * 2].reshape(-1, 2).sum(axis=1)
    positive = pairs[: np.argmax(pairs < 0) if (pairs < 0).any() else len(pairs)]
    return float(m * n / (2 * np.minimum.accumulate(positive).sum() - 1))


# ------------------------------------------------------------------------------------ the picture


def draw_funnel(axes: Axes, title: str, chains: np.ndarray, diverged: np.ndarray) -> None:
    """log τ and the effect of the first school; paths that diverged in orange."""
    log_tau, theta = np.log(chains[..., 1]), chains[..., 2]
    axes.plot(theta[~diverged], log_tau[~diverged], ".", ms=3, color=LIGHT_BLUE)
    axes.plot(theta[diverged], log_tau[diverged], ".", ms=9, color=ORANGE)
    axes.set(xlim=(-25, 45), ylim=(-6, 4), xlabel="θ of school A", ylabel="log τ")
    axes.set_title(f"{title}: {diverged.sum()} of {diverged.size:,} paths diverge")


def draw(found: dict[str, Any], path: Path) -> None:
    """The funnel as both see it, the chains of log τ, and the effects."""
    figure = sheet(7.2)
    *funnels, chains, effects = figure.subplots(2, 2).flat
    for axes, (title, (samples, diverged)) in zip(funnels, found.items(), strict=True):
        draw_funnel(axes, title, samples, diverged)
    for color, (title, (samples, _)) in zip((ORANGE, BLUE), found.items(), strict=True):
        ordered = np.argsort(np.argsort(samples[..., 1].ravel())).reshape(samples.shape[:2])
        for k, ranks in enumerate(ordered):
            counts, edges = np.histogram(ranks, 20, (0, ordered.size))
            axes_label = title if k == 0 else None
            chains.stairs(
                counts / counts.mean(),
                edges,
                baseline=None,  # no lines down to 0 at both ends
                color=color,
                alpha=0.6,
                label=axes_label,
            )
    chains.axhline(1, color="#999999", lw=0.8)
    chains.set(xlabel="rank of τ", ylabel="frequency, 1 if even", ylim=(0, None))
    chains.set_title("How often each chain has the ranks of τ")
    chains.legend(loc="lower center", ncols=2)

    theta = found["free"][0][..., 2:].reshape(-1, len(SCHOOLS))
    rows = np.arange(len(SCHOOLS))
    low, middle, high = np.percentile(theta, [5, 50, 95], axis=0)
    style = {"fmt": "o", "capsize": 3}
    raw = 1.645 * np.array(ERRORS)
    effects.errorbar(EFFECTS, rows - 0.15, xerr=raw, color="#aaaaaa", label="alone", **style)
    spread = [middle - low, high - middle]
    effects.errorbar(middle, rows + 0.15, xerr=spread, color=BLUE, label="together", **style)
    effects.set_yticks(rows, list(SCHOOLS))
    effects.invert_yaxis()
    effects.set(
        title="Effects of the schools, with 90% intervals",
        xlabel="effect (points of the test)",
        ylabel="school",
    )
    effects.legend(ncols=2, loc="upper center", bbox_to_anchor=(0.5, -0.18))
    figure.savefig(path)


def main() -> None:
    options = command_line(__doc__, "300 draws of each chain, not 1,000").parse_args()
    draws = 300 if options.quick else 1_000
    warmup = max(200, draws // 2)
    exact = exact_means()
    found = {}
    for model in (centred, free):
        gradient = value_and_grad(model)
        density = gradient if options.eager else autograd_lite.compile(gradient)
        rng = np.random.default_rng(options.seed)
        start = time.perf_counter()
        with tqdm(total=CHAINS * (warmup + draws), unit="path") as bar:
            runs = [
                sample(density, rng.normal(size=10), warmup, draws, rng, bar) for _ in range(CHAINS)
            ]
        seconds = time.perf_counter() - start
        chains = quantities(model, np.array([samples for samples, _ in runs]))
        diverged = np.array([d for _, d in runs])
        found[model.__name__] = chains, diverged

        print(
            f"{model.__name__}: {CHAINS} chains of {draws:,} draws in {seconds:.1f} s, "
            f"{diverged.sum()} paths diverged"
        )
        print(f"{'':8}{'mean':>8}{'exact':>8}{'off/error':>10}{'deviation':>10}", end="")
        print(f"{'R-hat':>8}{'effective':>10}")
        for k, name in enumerate(NAMES):
            draws_of = chains[..., k]
            mean, deviation = draws_of.mean(), draws_of.std(ddof=1)
            size = effective_size(draws_of)
            off = (mean - exact[k]) / (deviation / np.sqrt(size))
            print(f"{name:8}{mean:8.2f}{exact[k]:8.2f}{off:10.2f}{deviation:10.2f}", end="")
            print(f"{r_hat(draws_of):8.3f}{size:10,.0f}")
        print()
    print_gain(density, np.full(10, 0.1))
    draw(found, options.output)
    print(f"wrote {options.output}")


if __name__ == "__main__":
    main()
