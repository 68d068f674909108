"""Swing up a pole on a cart: optimal control by direct collocation, with sparse exact derivatives.

    pip install ".[examples]"
    python examples/control.py

A pole hangs from a cart on a rail. The cart is to swing it up within two seconds by a force that
pushes to the left and to the right, and all is to be at rest again, a metre further on. Of the
forces that do, the one with the least integral of its square is looked for (Kelly, An introduction
to trajectory optimization, 2017).

The unknowns are the position of the cart, the angle of the pole, their velocities, and the force,
at 41 points in time; between two of them the force is a line and the state a cubic polynomial. That
it obeys the equations of motion s' = f(s, u) in the middle, too, is Simpson's rule:

    s[k+1] - s[k] = h / 6 (f[k] + 4 f[k+1/2] + f[k+1])

These are constraints of an optimisation: SciPy's SLSQP solves it, with the gradient of the cost and
the Jacobian of the constraints. As each equation concerns two points, most of the Jacobian is zero,
and so is the Hessian of the Lagrangian; the picture shows which places are not. Last, the motion is
simulated by the Runge-Kutta method with the force that was found.
"""

from __future__ import annotations

import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import scipy.optimize
from common import BLUE, LIGHT_BLUE, ORANGE, command_line, print_gain, sheet
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

import autograd_lite
from autograd_lite import Value, cos, jacobian, sin, value_and_grad
from autograd_lite.optimize import Problem, minimize

CART, POLE, LENGTH, G = 1.0, 0.3, 0.5, 9.81  # kg, kg, m, m/s²
SECONDS, DISTANCE, FORCE = 2.0, 1.0, 20.0  # s, m, and the largest force in N
NAMES = ["position (m)", "angle", "velocity (m/s)", "turning (1/s)", "force (N)"]
FRAMES = 8  # of the film strip


# ---------------------------------------------------------------------------------- the problem


def slopes(state: Any, force: Any) -> list[Any]:
    """What the state (position, angle, and their velocities) changes by per second."""
    _, angle, velocity, turning = state
    s, c = sin(angle), cos(angle)
    inertia = CART + POLE * s * s
    push = force + LENGTH * POLE * s * turning**2
    acceleration = (push + POLE * G * c * s) / inertia
    return [velocity, turning, acceleration, -(push * c + (CART + POLE) * G * s) / inertia / LENGTH]


def effort(points: Any) -> Any:
    """The integral of the square of the force, which is a line between two points."""
    forces = [force for *_, force in points]
    h = SECONDS / (len(forces) - 1)
    return h / 3 * sum(a * a + a * b + b * b for a, b in pairwise(forces))


def defects(points: Any) -> list[Any]:
    """By how much points that follow one another miss the equations of motion."""
    h = SECONDS / (len(points) - 1)
    found = []
    for (*s0, u0), (*s1, u1) in pairwise(points):
        f0, f1 = slopes(s0, u0), slopes(s1, u1)
        ends = zip(s0, s1, f0, f1, strict=True)
        middle = [(a + b) / 2 + h / 8 * (p - q) for a, b, p, q in ends]
        moved = zip(s0, s1, f0, slopes(middle, (u0 + u1) / 2), f1, strict=True)
        found += [b - a - h / 6 * (p + 4 * m + q) for a, b, p, m, q in moved]
    return found


def bounds(count: int) -> tuple[np.ndarray, np.ndarray]:
    """The least and the largest numbers at each point: hanging at the start, upright at the end."""
    largest = np.tile([2.0, np.inf, np.inf, np.inf, FORCE], (count, 1))
    least = -largest
    least[0, :4] = largest[0, :4] = 0.0
    least[-1, :4] = largest[-1, :4] = [DISTANCE, np.pi, 0.0, 0.0]
    return least, largest


def guess(count: int) -> np.ndarray:
    """Points on the straight line from the first state to the last, without a force."""
    return np.linspace(0, 1, count)[:, None] * [DISTANCE, np.pi, 0.0, 0.0, 0.0]


def solve_eagerly(start: np.ndarray) -> Any:
    """What `minimize` does, with derivatives that are taken anew at each call."""
    shape = start.shape
    gradient, rows = value_and_grad(effort), jacobian(lambda z: np.array(defects(z)))

    def value_and_gradient(x: np.ndarray) -> tuple[float, np.ndarray]:
        value, found = gradient(x.reshape(shape))
        return value, found.ravel()

    constraint = {
        "type": "eq",
        "fun": lambda x: np.array(defects(x.reshape(shape))),
        "jac": lambda x: rows(x.reshape(shape)).reshape(-1, start.size),
    }
    box = scipy.optimize.Bounds(*(bound.ravel() for bound in bounds(len(start))))
    options = {"jac": True, "method": "SLSQP", "constraints": constraint, "bounds": box}
    found = scipy.optimize.minimize(value_and_gradient, start.ravel(), **options)
    found.x = found.x.reshape(shape)
    return found


# -------------------------------------------------------------------------------- the simulation


def simulate(forces: np.ndarray, steps: int = 50) -> np.ndarray:
    """The last state, by so many Runge-Kutta steps between two points."""
    h = SECONDS / (len(forces) - 1) / steps
    state = np.zeros(4)
    for before, after in pairwise(forces):
        for k in range(steps):
            now, middle, later = before + (after - before) * (k + np.array([0, 0.5, 1])) / steps
            k1 = np.array(slopes(state, now))
            k2 = np.array(slopes(state + h / 2 * k1, middle))
            k3 = np.array(slopes(state + h / 2 * k2, middle))
            k4 = np.array(slopes(state + h * k3, later))
            state = state + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
    return state


# ------------------------------------------------------------------------------------ the picture


def draw(points: np.ndarray, patterns: dict[str, np.ndarray], path: Path) -> None:
    """A film strip, the motion in time, and where the matrices are not zero."""
    figure = sheet(8.2)
    layout = [["film"] * 4, ["force", "force", "motion", "motion"], [*["J"] * 2, *["H"] * 2]]
    axes = figure.subplot_mosaic(layout, height_ratios=[0.9, 1, 1.9])
    draw_film(axes["film"], points)
    times = np.linspace(0, SECONDS, len(points))
    axes["force"].plot(times, points[:, 4], color=ORANGE)
    axes["force"].axhline(0, color="#999999", lw=0.8)
    axes["force"].set(title="The force", xlabel="time (s)", ylabel="force (N)")
    axes["motion"].plot(times, np.degrees(points[:, 1]), color=BLUE)
    axes["motion"].set(title="The pole", xlabel="time (s)", ylabel="angle (degrees)")
    axes["motion"].set_yticks([0, 90, 180])
    for name, (title, pattern) in zip("JH", patterns.items(), strict=True):
        axes[name].spy(pattern, markersize=1, color=BLUE, marker="s")
        filled = f"{pattern.sum():,} of {pattern.size:,} places"
        axes[name].set_title(f"{title}:\n{filled}", pad=8)
        axes[name].set(xlabel="variable", ylabel="equation" if name == "J" else "variable")
        axes[name].spines[:].set_visible(True)
        axes[name].tick_params(top=False, labeltop=False, bottom=True, labelbottom=True)
    figure.savefig(path)


def draw_film(axes: Axes, points: np.ndarray) -> None:
    """Cart and pole at some times, side by side; each frame has a rail of its own."""
    chosen = np.linspace(0, len(points) - 1, FRAMES).round().astype(int)
    for frame, k in enumerate(chosen):
        position, angle = points[k, :2]
        x, y = 1.9 * frame + position, 0.0
        tip = x + LENGTH * np.sin(angle), y - LENGTH * np.cos(angle)
        trail = points[max(0, k - 5) : k + 1]
        axes.plot(
            1.9 * frame + trail[:, 0] + LENGTH * np.sin(trail[:, 1]),
            -LENGTH * np.cos(trail[:, 1]),
            color=LIGHT_BLUE,
            lw=2,
        )
        axes.plot([1.9 * frame - 0.5, 1.9 * frame + 1.3], [y, y], color="#cccccc", lw=1, zorder=0)
        axes.add_patch(Rectangle((x - 0.18, y - 0.07), 0.36, 0.14, color="#777777"))
        axes.plot([x, tip[0]], [y, tip[1]], color=BLUE, lw=2.5)
        axes.plot(*tip, "o", color=ORANGE, ms=6)
        axes.text(
            1.9 * frame + 0.35, -0.98, f"{SECONDS * k / (len(points) - 1):.2f} s", ha="center"
        )
    axes.set(
        xticks=[], yticks=[], aspect="equal", xlim=(-0.6, 1.9 * FRAMES - 0.5), ylim=(-1.05, 0.62)
    )
    axes.set_title("The swing-up")
    axes.spines[:].set_visible(False)


def main() -> None:
    options = command_line(__doc__, "26 points in time, not 41").parse_args()
    count = 26 if options.quick else 41
    start = guess(count) + 0.01 * np.random.default_rng(options.seed).normal(size=(count, 5))
    motion = scipy.optimize.NonlinearConstraint(defects, 0, 0)

    began = time.perf_counter()
    if options.eager:
        found = solve_eagerly(start)
    else:
        found = minimize(effort, start, method="SLSQP", constraints=motion, bounds=bounds(count))
    seconds = time.perf_counter() - began
    points = found.x
    print(f"{found.message}: {found.nit} iterations, {found.nfev} evaluations, {seconds:.1f} s")
    print(f"effort {found.fun:.3f} N² s, largest force {np.abs(points[:, 4]).max():.2f} N")
    print(f"the equations of motion are missed by {np.abs(defects(points)).max():.1e} at most")
    position, angle, *_ = simulate(points[:, 4])
    print(
        f"simulated, the pole ends {abs(np.degrees(angle) - 180):.2f} degrees from upright, "
        f"the cart {abs(position - DISTANCE) * 100:.2f} cm from its place"
    )

    problem = Problem(effort, start, motion, sparse=True)
    multipliers = np.ones(problem.constraints_lower.size)
    matrices = {
        "Jacobian of the motion": problem.constraints_jac(problem.x0),
        "Hessian of the Lagrangian": problem.lagrangian_hess(problem.x0, multipliers),
    }
    patterns = {}
    for name, matrix in matrices.items():
        pattern = np.zeros(matrix.shape, bool)
        at = matrix.tocoo()
        pattern[at.row, at.col] = True
        patterns[name] = pattern
        print(f"{name}: {matrix.shape[0]} x {matrix.shape[1]}, {matrix.nnz:,} places not always 0")
    if not options.eager:
        values = [[Value(x) for x in point] for point in points.tolist()]
        print_gain(autograd_lite.compile(defects), values)
    draw(points, patterns, options.output)
    print(f"wrote {options.output}")


if __name__ == "__main__":
    main()
