"""Learn the laws of a pendulum: a network whose derivatives are the motion keeps its energy.

    pip install ".[examples]"
    python examples/physics.py

A pendulum with the angle q and the momentum p moves as its energy H says (Hamilton's equations):

    q' = ∂H/∂p,    p' = -∂H/∂q,    H = p²/2 + 1 - cos q,

where time is counted in units of the square root of length / gravity. From noisy measurements of
q' and p' two networks learn how it moves. The plain one has two outputs, q' and p'. The other has
one, H, and its derivatives are the motion (Greydanus, Dzamba and Yosinski, 2019): `grad` is part of
the loss, and `backward()` differentiates it again. It is never shown an energy. But all motions
that it can have keep its H, and so it finds the energy, up to a constant.

At a single point the errors of both are about as large. But when they go on by themselves, those
of the plain network add up, and its swings grow or shrink; the other's go on in the same circle.
The swings are computed by the Runge-Kutta method of order 4, of which `scan` makes one operation of
2,000 steps. The picture physics.png shows them, their energies, and the energy that was found.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from common import (
    BLUE,
    LIGHT_BLUE,
    ORANGE,
    command_line,
    data,
    epochs,
    print_gain,
    sheet,
)

import autograd_lite
from autograd_lite import Value, grad, nn, no_grad, scan, sin

DT = 0.05  # of a step
SWINGS, LENGTH, EVERY = 20, 30, 4  # swings, measurements of each, steps between them
NOISE = 0.1  # of a measured q' or p'
BATCH_SIZE = 20
WIDEST = 2.0  # radians, the largest angle that is measured
START, STEPS = (1.5, 0.0), 2000  # of the swing on which the networks are compared
GREY = "#999999"

Field = Callable[[Any], Any]  # of a state (q, p): (q', p')


def pendulum(state: Any) -> Any:
    """The motion of the pendulum."""
    angle, momentum = state
    return momentum, -sin(angle)


def energy(states: np.ndarray) -> np.ndarray:
    """The energy of each state."""
    angle, momentum = states.T
    return momentum**2 / 2 + 1 - np.cos(angle)


def hamiltonian(model: nn.Module) -> Field:
    """The motion of which the output of a network is the energy."""

    def motion(state: Any) -> Any:
        by_angle, by_momentum = grad(model)(state)
        return by_momentum, -by_angle

    return motion


def swing(field: Field, start: Any, steps: int) -> np.ndarray:
    """The states at 0, DT, 2 DT, ..., by the Runge-Kutta method of order 4: (steps, 2)."""

    def slope(state: np.ndarray) -> np.ndarray:
        return np.array(field(state))

    def step(state: np.ndarray, _: None) -> tuple[np.ndarray, np.ndarray]:
        k1 = slope(state)
        k2 = slope(state + DT / 2 * k1)
        k3 = slope(state + DT / 2 * k2)
        k4 = slope(state + DT * k3)
        return state + DT / 6 * (k1 + 2 * (k2 + k3) + k4), state

    return data(scan(step, np.array(start), None, steps)[1])


def measured(rng: random.Random) -> tuple[np.ndarray, np.ndarray]:
    """States of some swings, and their noisy slopes."""
    starts = [(rng.uniform(-WIDEST, WIDEST), 0.0) for _ in range(SWINGS)]
    states = np.concatenate([swing(pendulum, s, LENGTH * EVERY)[::EVERY] for s in starts])
    slopes = [[x + rng.gauss(0, NOISE) for x in pendulum(state)] for state in states]
    return states, np.array(slopes)


def error(field: Field) -> Callable[[Any, Any], Value]:
    """The function of states and slopes that is the mean squared error of a motion."""

    def loss(states: Any, slopes: Any) -> Value:
        return nn.mse_loss([field(state) for state in states], slopes)

    return loss


def train(model: nn.Module, loss: Callable[..., Value], batches: Any) -> None:
    """Adam, with a learning rate that falls to 0."""
    optimizer = nn.optim.Adam(model.parameters(), lr=0.01)
    schedule = nn.optim.CosineAnnealingLR(optimizer, batches.total)
    for states, slopes in batches:
        value = loss(states, slopes)
        optimizer.zero_grad()
        value.backward()
        optimizer.step()
        schedule.step()
        batches.set_postfix(loss=f"{value.data:.4f}", refresh=False)


def draw(
    exact: np.ndarray, swings: dict[str, np.ndarray], found: nn.Module, states: Any, path: Path
) -> None:
    """The swings as paths of states; their energies; the energy that the network found."""
    figure = sheet(5.6)
    panels = figure.subplot_mosaic("AB;AC", width_ratios=[1.25, 1])
    phases, energies, shape = panels.values()
    q, p = np.meshgrid(np.linspace(-2.2, 2.2, 45), np.linspace(-2.2, 2.2, 45))
    with no_grad():
        heights, bottom = data(found(np.stack([q, p], axis=2))), found([0.0, 0.0]).data
    phases.contour(q, p, heights, 12, colors=LIGHT_BLUE, linewidths=0.8, linestyles="solid")
    colours = dict(zip(swings, (BLUE, ORANGE), strict=True))
    times = np.arange(len(exact)) * DT
    for name in reversed(swings):
        phases.plot(*swings[name].T, color=colours[name], lw=1, label=name)
        energies.plot(times, energy(swings[name]), color=colours[name])
    phases.plot(*states.T, ".", ms=2, color=GREY, zorder=0, label="measured")
    phases.set(xlabel="angle q (rad)", ylabel="momentum p (m √(g l³))", aspect="equal")
    phases.set_title("The swings, and lines of equal H of the network")
    phases.legend(ncols=3, loc="upper center", bbox_to_anchor=(0.5, -0.12))
    energies.plot(times, energy(exact), ":", color="black")
    energies.set(xlabel="time (√(l/g))", ylabel="energy (m g l)", ylim=(0, None))
    energies.set_title("Energy of the swings; dotted: exact")

    angles = q[0]
    with no_grad():
        heights = data(found(np.stack([angles, 0 * angles], axis=1))) - bottom
    shape.plot(angles, heights, color=BLUE, label="H(q, 0) - H(0, 0)")
    shape.plot(angles, 1 - np.cos(angles), ":", color="black", label="1 - cos q")
    shape.set(xlabel="angle q (rad)", ylabel="energy (m g l)", ylim=(0, 2.6))
    shape.set_title("The energy that it found")
    shape.legend(loc="upper center")
    figure.savefig(path)


def main() -> None:
    options = command_line(__doc__, "30 passes over the measurements, not 100").parse_args()
    rng = random.Random(options.seed)
    states, slopes = measured(rng)
    energetic = nn.MLP(2, [16, 16, 1], activation="tanh", rng=rng)
    plain = nn.MLP(2, [16, 16, 2], activation="tanh", rng=rng)
    motions = {"Hamiltonian": (energetic, hamiltonian(energetic)), "plain": (plain, plain)}
    unseen, _ = measured(rng)
    truth = np.array([pendulum(state) for state in unseen])
    exact = swing(pendulum, START, STEPS)

    losses, swings, rows = [], {}, []
    for name, (model, motion) in motions.items():
        loss = error(motion) if options.eager else autograd_lite.compile(error(motion))
        start = time.perf_counter()
        train(model, loss, epochs(30 if options.quick else 100, states, slopes, BATCH_SIZE, rng))
        seconds = time.perf_counter() - start
        with no_grad():
            off = data([motion(state) for state in unseen]) - truth
            swings[name] = swing(motion, START, STEPS)
        energies = energy(swings[name])
        angles = np.abs(swings[name] - exact)[:, 0]
        rows.append([np.sqrt(np.mean(off**2)), energies[-1], np.ptp(energies), max(angles[:200])])
        print(f"{name}: {seconds:.1f} s of training")
        losses.append(loss)

    print(f"{'':40}{'Hamiltonian':>12}{'plain':>12}{'exact':>12}")
    exactly = [0, energy(exact)[-1], np.ptp(energy(exact)), 0]
    titles = [
        "error of q' and p' in new states (rms)",
        f"energy at time {STEPS * DT:g}",
        "largest less least energy until then",
        "error of q until time 10, at most",
    ]
    for title, *row in zip(titles, *rows, exactly, strict=True):
        print(f"{title:40}" + "".join(f"{x:12.3f}" for x in row))
    print_gain(losses[0], states[:BATCH_SIZE], slopes[:BATCH_SIZE])
    draw(exact, swings, energetic, states, options.output)
    print(f"wrote {options.output}")


if __name__ == "__main__":
    main()
