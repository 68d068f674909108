"""Find out what a pendulum is like from a noisy film of it: gradients through an ODE solver.

    pip install ".[examples]"
    python examples/ode.py

A damped pendulum of length L swings by the angle θ, released from θ₀ with the velocity ω₀:

    θ' = ω,    ω' = -(g / L) sin θ - c ω.

Its angle was measured 20 times a second, with an error of 2 degrees. Four unknowns, L, c, θ₀ and
ω₀, are fitted by gradient descent on the mean squared error between what was measured and what the
Runge-Kutta method of order 4 computes. The solver is written in scalars, so `backward()` goes
through each of its steps.

The error of an oscillation has many minima: a period that is somewhat off fits every other swing.
So the fit begins with the first swing, and what it sees doubles until it is the whole. Length and
damping come out within 1% of the truth. The picture shows the fit and how the unknowns got there.
"""

from __future__ import annotations

import math
import random
import time
from pathlib import Path

import numpy as np
from common import BLUE, ORANGE, command_line, print_gain, sheet
from tqdm import tqdm

import autograd_lite
from autograd_lite import Value, dot, nn, sin

G = 9.81  # m/s²
DT = 0.05  # s between measurements
STAGES = [1.25, 2.5, 5, 10]  # s of the film that the fit sees
NOISE = math.radians(2)
NAMES = ["length (m)", "damping (1/s)", "first angle (rad)", "first velocity (rad/s)"]
LOOKS = [("#0072b2", "-"), ("#e69f00", "--"), ("#009e73", "-."), ("#cc79a7", ":")]
TRUTH = [1.3, 0.25, 2.0, 1.0]
GUESS = [1.0, 0.0, 1.5, 0.0]

State = tuple[Value, Value]  # the angle and its velocity


def slope(state: State, length: Value, damping: Value) -> State:
    """The right-hand sides: θ' and ω'."""
    angle, velocity = state
    return velocity, -(G / length) * sin(angle) - damping * velocity


def rk4(state: State, dt: float, *physics: Value) -> State:
    """The state after dt, by the classical Runge-Kutta method: its error is of order dt⁵."""
    k1 = slope(state, *physics)
    k2 = slope(moved(state, k1, dt / 2), *physics)
    k3 = slope(moved(state, k2, dt / 2), *physics)
    k4 = slope(moved(state, k3, dt), *physics)
    mean = [(a + 2 * (b + c) + d) / 6 for a, b, c, d in zip(k1, k2, k3, k4, strict=True)]
    return moved(state, mean, dt)


def moved(state: State, slope: State, dt: float) -> State:
    """state + dt slope."""
    (angle, velocity), (by_angle, by_velocity) = state, slope
    return angle + dt * by_angle, velocity + dt * by_velocity


def swing(unknowns: list[Value], steps: int, dt: float = DT) -> list[Value]:
    """The angles at 0, dt, 2 dt, ...; of plain floats it makes plain floats."""
    length, damping, *state = unknowns
    angles = [state[0]]
    for _ in range(steps):
        state = rk4(state, dt, length, damping)
        angles.append(state[0])
    return angles


def film(rng: random.Random) -> list[float]:
    """The measured angles: another step size than the fit's, and noise."""
    exact = swing(TRUTH, round(STAGES[-1] / DT) * 10, DT / 10)[::10]
    return [angle + rng.gauss(0, NOISE) for angle in exact]


def loss(unknowns: list[Value], measured: list[float]) -> Value:
    """The mean squared error."""
    angles = swing(unknowns, len(measured) - 1)
    errors = [angle - m for angle, m in zip(angles, measured, strict=True)]
    return dot(errors, errors) / len(errors)


def draw(measured: list[float], history: np.ndarray, losses: list[float], path: Path) -> None:
    """The film and the fit; the unknowns and the error on their way."""
    figure = sheet(7.2)
    motion, unknowns, error = figure.subplot_mosaic("AA;BC", height_ratios=[1.1, 1]).values()
    fine = np.arange(round(STAGES[-1] / DT) * 10 + 1) * DT / 10
    times = np.arange(len(measured)) * DT
    motion.plot(times, measured, "o", ms=3, color="#999999", label="measured")
    fit = history[-1].tolist()
    for values, style, label in ((GUESS, ":", "first guess"), (fit, "-", "fit")):
        angles = swing(values, len(fine) - 1, DT / 10)
        motion.plot(fine, angles, style, color=BLUE, label=label)
    motion.set(xlabel="time (s)", ylabel="angle (rad)", title="The pendulum")
    motion.legend(ncols=3, loc="upper right")

    for column, name, look in zip((history / TRUTH - 1).T, NAMES, LOOKS, strict=True):
        color, style = look
        unknowns.plot(100 * column, style, color=color, lw=1.2, label=name)
    unknowns.axhspan(-1, 1, color="#dddddd", label="within 1%")
    unknowns.set(yscale="symlog", xlabel="step", ylabel="% off the truth", title="The unknowns")
    unknowns.yaxis.set_major_formatter("{x:g}")
    unknowns.legend(ncols=2, loc="upper center", bbox_to_anchor=(0.45, -0.22))

    error.plot(np.degrees(np.sqrt(losses)), color=BLUE, label="of the fit")
    error.axhline(math.degrees(NOISE), color=ORANGE, label="of the measurements")
    error.set(
        xlabel="step",
        ylabel="root mean square (degrees)",
        yscale="log",
        title="The error, by length of the film",
    )
    error.set_yticks([2, 5, 10, 20, 50], [2, 5, 10, 20, 50])
    error.minorticks_off()
    error.legend(loc="upper center", bbox_to_anchor=(0.5, -0.22))
    for stage, seconds in enumerate(STAGES):
        start = stage * len(losses) // len(STAGES)
        for axes in (unknowns, error):
            axes.axvline(start, color="#bbbbbb", lw=0.7, zorder=0)
        error.text(start, 1, f" {seconds:g} s", transform=error.get_xaxis_transform(), va="top")
    figure.savefig(path)


def main() -> None:
    options = command_line(__doc__, "100 steps for each part of the film, not 400").parse_args()
    steps = 100 if options.quick else 400
    measured = film(random.Random(options.seed))
    unknowns = [nn.Parameter(x) for x in GUESS]
    error_of = loss if options.eager else autograd_lite.compile(loss)

    history, losses = [], []
    bar = tqdm(total=len(STAGES) * steps, unit="step")
    start = time.perf_counter()
    for seconds in STAGES:
        seen = measured[: round(seconds / DT) + 1]
        optimizer = nn.optim.Adam(unknowns, lr=0.05)
        schedule = nn.optim.CosineAnnealingLR(optimizer, steps)
        for _ in range(steps):
            error = error_of(unknowns, seen)
            optimizer.zero_grad()
            error.backward()
            optimizer.step()
            schedule.step()
            losses.append(error.data)
            history.append([x.data for x in unknowns])
            bar.set_postfix(seen=f"{seconds} s", loss=f"{error.data:.4f}", refresh=False)
            bar.update()
    bar.close()

    print(f"{'':22}{'truth':>8}{'guess':>8}{'fit':>8}{'off':>8}")
    for name, true, guess, x in zip(NAMES, TRUTH, GUESS, history[-1], strict=True):
        print(f"{name:22}{true:8.3f}{guess:8.3f}{x:8.3f}{x / true - 1:8.2%}")
    print(f"{len(history):,} steps in {time.perf_counter() - start:.1f} s")
    print_gain(error_of, unknowns, seen)
    draw(measured, np.array(history), losses, options.output)
    print(f"wrote {options.output}")


if __name__ == "__main__":
    main()
