"""What solvers save if they are given derivatives: evaluations and time, by problem.

    pip install ".[dev]"
    python benchmarks/optimisers.py            # a Markdown table, one minute
    python benchmarks/optimisers.py --quick    # little work, to see that it runs
    python benchmarks/optimisers.py --json

Without derivatives, SciPy takes differences of the same compiled function. Contestants of a
problem take turns, so that a machine that slows down does so for all; the table has medians.
Ipopt has a row where cyipopt is installed; it cannot go without derivatives.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
from collections.abc import Callable
from dataclasses import asdict, dataclass
from itertools import pairwise
from time import perf_counter
from typing import Any

import numpy as np
import scipy.optimize
from sklearn.datasets import load_breast_cancer

from autograd_lite import dot, mean, sin, softplus, sqrt
from autograd_lite.optimize import Problem


@dataclass
class Row:
    """One line of the table.

    derivatives   what the solver was given, besides values
    evaluations   calls of the function, be it for its value or for derivatives
    milliseconds  of a solution
    first         milliseconds of the first one, in which functions are recorded
    result        the objective at the end
    """

    problem: str
    solver: str
    derivatives: str
    evaluations: int
    milliseconds: float
    first: float
    result: float


class Counted:
    """A function that counts its calls."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function, self.calls = function, 0

    def __call__(self, *args: Any) -> Any:
        self.calls += 1
        return self.function(*args)


@dataclass
class Contestant:
    """A way to solve a problem.

    solve      gives the result; it calls what it is given
    functions  of these it is given counted ones
    """

    solver: str
    derivatives: str
    solve: Callable[..., float]
    functions: list[Callable[..., Any]]


def compete(problem: str, contestants: list[Contestant], rounds: int) -> list[Row]:
    """All in turn, after a first solution each."""
    times: list[list[float]] = [[] for _ in contestants]
    counts, results = [0] * len(contestants), [0.0] * len(contestants)
    for _ in range(rounds + 1):
        for k, contestant in enumerate(contestants):
            counted = [Counted(f) for f in contestant.functions]
            start = perf_counter()
            results[k] = contestant.solve(*counted)
            times[k].append(1000 * (perf_counter() - start))
            counts[k] = sum(f.calls for f in counted)
    return [
        Row(problem, c.solver, c.derivatives, n, statistics.median(t[1:]), t[0], result)
        for c, n, t, result in zip(contestants, counts, times, results, strict=True)
    ]


# ------------------------------------------------------------------------------- the problems


def logistic_regression() -> tuple[str, list[Contestant]]:
    """Benign or malign, by 30 features of cells of 569 tumours; penalised."""
    features, labels = load_breast_cancer(return_X_y=True)
    xs = ((features - features.mean(axis=0)) / features.std(axis=0)).tolist()
    signs = (2.0 * labels - 1).tolist()

    def loss(p: Any) -> Any:
        scores = [dot(p["w"], x) + p["b"] for x in xs]
        losses = [softplus(-s * z) for s, z in zip(signs, scores, strict=True)]
        return mean(losses) + 0.005 * dot(p["w"], p["w"])

    problem = Problem(loss, {"w": [0.0] * 30, "b": 0.0})
    minimize = scipy.optimize.minimize

    def bfgs(f: Any) -> float:
        return float(minimize(f, problem.x0, method="BFGS").fun)

    def with_gradient(f: Any) -> float:
        return float(minimize(f, problem.x0, jac=True, method="BFGS").fun)

    def newton(f: Any, product: Any) -> float:
        found = minimize(f, problem.x0, jac=True, hessp=product, method="Newton-CG")
        return float(found.fun)

    both = problem.value_and_grad
    return "logistic regression, 31 parameters", [
        Contestant("BFGS", "none", bfgs, [problem.value]),
        Contestant("BFGS", "gradient", with_gradient, [both]),
        Contestant("Newton-CG", "gradient, Hessian times vector", newton, [both, problem.hessp]),
    ]


def denoise(n: int) -> tuple[str, list[Contestant]]:
    """A curve with a few jumps from n noisy points of it, by a smooth total variation."""
    rng = np.random.default_rng(0)
    clean = np.repeat(rng.normal(size=10), n // 10)
    points = (clean + 0.3 * rng.normal(size=n)).tolist()

    def residuals(u: Any) -> list[Any]:
        steps = [b - a for a, b in pairwise(u)]
        away = [x - y for x, y in zip(u, points, strict=True)]
        return away + [d / sqrt(sqrt(0.01 + d * d)) for d in steps]  # whose square is about |d|

    problem = Problem(residuals, points, sparse=True)

    def solve(f: Any, jacobian: Any = "2-point") -> float:
        return float(scipy.optimize.least_squares(f, problem.x0, jac=jacobian).cost)

    return f"{n:,} noisy points made a curve", [
        Contestant("least_squares", "none", solve, [problem.residuals]),
        Contestant("least_squares", "sparse Jacobian", solve, [problem.residuals, problem.jac]),
    ]


def pendulum() -> tuple[str, list[Contestant]]:
    """Length, damping and start of a pendulum from 100 measured angles: 200 Runge-Kutta steps."""
    truth, dt, n = [1.3, 0.25, 2.0, 1.0], 0.025, 200

    def slope(angle: Any, velocity: Any, length: Any, damping: Any) -> tuple[Any, Any]:
        return velocity, -9.81 / length * sin(angle) - damping * velocity

    def angles(p: Any) -> list[Any]:
        length, damping, a, v = p
        found = []
        for k in range(n):
            if k % 2 == 0:
                found.append(a)
            a1, v1 = slope(a, v, length, damping)
            a2, v2 = slope(a + dt / 2 * a1, v + dt / 2 * v1, length, damping)
            a3, v3 = slope(a + dt / 2 * a2, v + dt / 2 * v2, length, damping)
            a4, v4 = slope(a + dt * a3, v + dt * v3, length, damping)
            a = a + dt / 6 * (a1 + 2 * a2 + 2 * a3 + a4)
            v = v + dt / 6 * (v1 + 2 * v2 + 2 * v3 + v4)
        return found

    noise = np.random.default_rng(0).normal(size=n // 2) * math.radians(2)
    measured = [float(a) + e for a, e in zip(angles(truth), noise.tolist(), strict=True)]

    def residuals(p: Any) -> list[Any]:
        return [a - m for a, m in zip(angles(p), measured, strict=True)]

    problem = Problem(residuals, [1.2, 0.1, 1.8, 0.5])

    def solve(f: Any, jacobian: Any = "2-point") -> float:
        return float(scipy.optimize.least_squares(f, problem.x0, jac=jacobian).cost)

    return "a pendulum from its film, 4 unknowns", [
        Contestant("least_squares", "none", solve, [problem.residuals]),
        Contestant("least_squares", "Jacobian", solve, [problem.residuals, problem.jac]),
    ]


def oscillator(n: int) -> tuple[str, list[Contestant]]:
    """Van der Pol's oscillator brought to rest with little force, by trapezoidal collocation."""
    h = 5 / n

    def cost(z: Any) -> Any:
        return h * sum(a * a + b * b + u * u for a, b, u in z)

    def defects(z: Any) -> list[Any]:
        def slope(a: Any, b: Any, u: Any) -> tuple[Any, Any]:
            return b, (1 - a * a) * b - a + u

        found = [z[0][0] - 1.0, z[0][1]]
        for before, after in pairwise(z):
            for k in range(2):
                mean = (slope(*before)[k] + slope(*after)[k]) / 2
                found.append(after[k] - before[k] - h * mean)
        return found

    equations = scipy.optimize.NonlinearConstraint(defects, 0, 0)
    start = [[1 - k / n, 0.0, 0.0] for k in range(n + 1)]
    problem = Problem(cost, start, equations, bounds=(-2.0, 2.0))
    bounds = scipy.optimize.Bounds(problem.lower, problem.upper)

    def slsqp(f: Any, c: Any, jacobian: Any = None) -> float:
        constraint: dict[str, Any] = {"type": "eq", "fun": c}
        if jacobian is not None:
            constraint["jac"] = jacobian
        found = scipy.optimize.minimize(
            f,
            problem.x0,
            jac=jacobian is not None,
            bounds=bounds,
            constraints=constraint,
            method="SLSQP",
            options={"maxiter": 200},
        )
        return float(found.fun)

    both, c, jacobian = problem.value_and_grad, problem.constraints, problem.constraints_jac
    return f"van der Pol's oscillator, {3 * (n + 1)} unknowns", [
        Contestant("SLSQP", "none", slsqp, [problem.value, c]),
        Contestant("SLSQP", "gradient, Jacobian", slsqp, [both, c, jacobian]),
        *ipopt(cost, start, equations),
    ]


def ipopt(cost: Any, start: Any, equations: Any) -> list[Contestant]:
    """Ipopt with sparse Jacobian and Hessian, if cyipopt is there."""
    try:
        import cyipopt
    except ImportError:
        return []
    problem = Problem(cost, start, equations, bounds=(-2.0, 2.0), sparse=True)

    class Sparse:
        def __init__(self, value: Any, grad: Any, c: Any, jacobian: Any, hessian: Any) -> None:
            self.objective, self.gradient, self.constraints = value, grad, c
            self._jacobian, self._hessian = jacobian, hessian
            self._jacobian_at = problem.constraints_jac(problem.x0).tocoo()
            zero = np.zeros(problem.constraints_lower.size)
            at = problem.lagrangian_hess(problem.x0, zero).tocoo()
            self._lower = at.row >= at.col
            self._hessian_at = at.row[self._lower], at.col[self._lower]

        def jacobianstructure(self) -> Any:
            return self._jacobian_at.row, self._jacobian_at.col

        def hessianstructure(self) -> Any:
            return self._hessian_at

        def jacobian(self, x: Any) -> Any:
            return self._jacobian(x).data

        def hessian(self, x: Any, multipliers: Any, factor: float) -> Any:
            return self._hessian(x, multipliers, factor).data[self._lower]

    def solve(*functions: Any) -> float:
        solver = cyipopt.Problem(
            n=problem.x0.size,
            m=problem.constraints_lower.size,
            problem_obj=Sparse(*functions),
            lb=problem.lower,
            ub=problem.upper,
            cl=problem.constraints_lower,
            cu=problem.constraints_upper,
        )
        solver.add_option("print_level", 0)
        solver.add_option("sb", "yes")
        return float(solver.solve(problem.x0)[1]["obj_val"])

    given = [problem.value, problem.grad, problem.constraints]
    matrices = [problem.constraints_jac, problem.lagrangian_hess]
    return [Contestant("Ipopt", "gradient, sparse Jacobian and Hessian", solve, given + matrices)]


def table(rows: list[Row]) -> str:
    lines = [
        "| problem | solver | derivatives | evaluations | ms | the first time | result |",
        "|---|---|---|--:|--:|--:|--:|",
    ]
    for row in rows:
        cells = row.problem, row.solver, row.derivatives, f"{row.evaluations:,}"
        times = f"{row.milliseconds:,.1f}", f"{row.first:,.0f}", f"{row.result:.6g}"
        lines.append(f"| {' | '.join(cells + times)} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="little work: the numbers say little")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    options = parser.parse_args()
    rounds, points, steps = (1, 50, 10) if options.quick else (7, 300, 40)
    problems = [logistic_regression(), denoise(points), pendulum(), oscillator(steps)]
    rows = [row for name, contestants in problems for row in compete(name, contestants, rounds)]
    print(json.dumps([asdict(row) for row in rows]) if options.json else table(rows))


if __name__ == "__main__":
    main()
