"""The speed of derivatives: Hv, third order, eager derivatives, and sparse matrices.

    pip install ".[dev]"
    python benchmarks/derivatives.py            # a Markdown table, one minute
    python benchmarks/derivatives.py --quick    # little work, to see that it runs
    python benchmarks/derivatives.py --json

Contestants take turns, so that a machine that speeds up or slows down does so for all, and the
table shows medians over the rounds. PyTorch, JAX and CasADi have a row where they are installed.
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

import autograd_lite as al
from autograd_lite import Value, compile, grad, hessian, hvp, jvp, value_and_grad


@dataclass
class Row:
    """One line of the table.

    microseconds  of one call
    error         the largest relative difference from our own result, None for ours
    """

    work: str
    contestant: str
    microseconds: float
    error: float | None = None


def take_turns(calls: dict[str, Callable[[], Any]], rounds: int, repeat: int) -> dict[str, float]:
    """The median time of each call, in microseconds."""
    taken: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(rounds):
        for name, call in calls.items():
            start = perf_counter()
            for _ in range(repeat):
                call()
            taken[name].append((perf_counter() - start) / repeat * 1e6)
    return {name: statistics.median(times) for name, times in taken.items()}


# ------------------------------------------------------------------- a small MLP, 163 parameters

SIZES = (6, 16, 3)
RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(20, 6)), RNG.normal(size=(20, 3))
SHAPES = [(16, 6), (16,), (3, 16), (3,)]
PARAMETERS = [RNG.normal(size=shape) / 2 for shape in SHAPES]
DIRECTION = [RNG.normal(size=shape) for shape in SHAPES]


def loss(parameters: list[Any], tanh: Callable[[Any], Any], x: Any, y: Any) -> Any:
    """The mean squared error over 20 samples, of arrays of JAX or PyTorch."""
    w1, b1, w2, b2 = parameters
    errors = tanh(x @ w1.T + b1) @ w2.T + b2 - y
    return (errors * errors).mean()


def scalar_loss(parameters: list[Any], xs: Any, ys: Any) -> Any:
    """The same of nested lists, scalar by scalar."""
    w1, b1, w2, b2 = parameters
    squares = []
    for x, y in zip(xs, ys, strict=True):
        hidden = [al.tanh(al.dot(w, x) + b) for w, b in zip(w1, b1, strict=True)]
        outputs = [al.dot(w, hidden) + b for w, b in zip(w2, b2, strict=True)]
        squares += [(out - target) ** 2 for out, target in zip(outputs, y, strict=True)]
    return al.mean(squares)


def leaves(tree: Any) -> list[Any]:
    return [x for part in tree for x in leaves(part)] if isinstance(tree, list) else [tree]


def ours() -> dict[str, Callable[[], Any]]:
    p, v = ([x.tolist() for x in xs] for xs in (PARAMETERS, DIRECTION))
    x, y = X.tolist(), Y.tolist()

    def product(p: Any, v: Any, x: Any, y: Any) -> Any:
        return hvp(lambda p: scalar_loss(p, x, y), (p,), (v,))

    def third(p: Any, v: Any, x: Any, y: Any) -> Any:
        return grad(lambda p: al.dot(leaves(product(p, v, x, y)), leaves(v)))(p)

    # Checks at calls 2, 4, 8 ... would run the function beside its program.
    of_second, of_third = (compile(f, check="never") for f in (product, third))
    return {"Hv": lambda: of_second(p, v, x, y), "third order": lambda: of_third(p, v, x, y)}


def jax() -> dict[str, Callable[[], Any]]:
    import jax

    jax.config.update("jax_enable_x64", True)
    p, v = ([jax.numpy.asarray(x) for x in xs] for xs in (PARAMETERS, DIRECTION))
    f = lambda p: loss(p, jax.numpy.tanh, X, Y)  # noqa: E731
    product = jax.jit(lambda p, v: jax.jvp(jax.grad(f), (p,), (v,))[1])

    def inner(p: Any, v: Any) -> Any:
        found = jax.jvp(jax.grad(f), (p,), (v,))[1]
        return sum((a * b).sum() for a, b in zip(found, v, strict=True))

    third = jax.jit(jax.grad(inner))
    return {
        "Hv": lambda: [x.block_until_ready() for x in product(p, v)],
        "third order": lambda: [x.block_until_ready() for x in third(p, v)],
    }


def torch() -> dict[str, Callable[[], Any]]:
    import torch

    p = [torch.tensor(x, requires_grad=True) for x in PARAMETERS]
    v = [torch.tensor(x) for x in DIRECTION]
    x, y = torch.tensor(X), torch.tensor(Y)

    def product(create_graph: bool = False) -> Any:
        first = torch.autograd.grad(loss(p, torch.tanh, x, y), p, create_graph=True)
        along = sum((a * b).sum() for a, b in zip(first, v, strict=True))
        return torch.autograd.grad(along, p, create_graph=create_graph)

    def third() -> Any:
        along = sum((a * b).sum() for a, b in zip(product(True), v, strict=True))
        return torch.autograd.grad(along, p)

    return {"Hv": product, "third order": third}


def flat(arrays: Any) -> Any:
    return np.concatenate([np.asarray(x, float).ravel() for x in arrays])


def mlp(rounds: int, repeat: int) -> list[Row]:
    """Ours beside the others that are installed."""
    contestants: dict[str, dict[str, Callable[[], Any]]] = {"autograd_lite": ours()}
    for make in (jax, torch):
        try:
            contestants[make.__name__] = make()
        except ImportError:
            continue
    rows = []
    for work in ("Hv", "third order"):
        calls = {name: made[work] for name, made in contestants.items()}
        results = {name: [call() for _ in range(5)][-1] for name, call in calls.items()}
        expected = flat(results["autograd_lite"])
        for name, time in take_turns(calls, rounds, repeat).items():
            error = float(np.abs(flat(_plain(results[name])) / expected - 1).max())
            own = name == "autograd_lite"
            rows.append(Row(f"MLP, {len(expected)} parameters: {work}", name, time,
                            None if own else error))  # fmt: skip
    return rows


def _plain(arrays: Any) -> Any:
    return [x.detach().numpy() if hasattr(x, "detach") else x for x in arrays]


# ------------------------------------------------------------------------------ sparse matrices


def rosenbrock(x: Any) -> Any:
    """A chain of n variables, each of which meets the next one."""
    total: Any = 0.0
    for a, b in pairwise(x):
        total = total + 100 * (b - a**2) ** 2 + (1 - a) ** 2
    return total


def oscillator(a: Any, b: Any, u: Any) -> tuple[Any, Any]:
    """The velocities of van der Pol's oscillator with a force u."""
    return b, (1 - a * a) * b - a + u


def collocation(z: Any) -> tuple[Any, list[Any]]:
    """The cost and the constraints of ten seconds of it, by Hermite and Simpson."""
    points = [tuple(z[k : k + 3]) for k in range(0, len(z), 3)]
    h = 10.0 / (len(points) - 1)
    cost: Any = 0.0
    constraints = [points[0][0] - 1.0, points[0][1]]
    for (a, b, u), (p, q, w) in pairwise(points):
        (da, db), (dp, dq) = oscillator(a, b, u), oscillator(p, q, w)
        m1, m2 = (a + p) / 2 + h / 8 * (da - dp), (b + q) / 2 + h / 8 * (db - dq)
        um = (u + w) / 2
        d1, d2 = oscillator(m1, m2, um)
        constraints += [p - a - h / 6 * (da + 4 * d1 + dp), q - b - h / 6 * (db + 4 * d2 + dq)]
        ends = a * a + b * b + u * u + p * p + q * q + w * w
        cost = cost + h / 6 * (ends + 4 * (m1 * m1 + m2 * m2 + um * um))
    return cost, constraints


def constraints(z: Any) -> list[Any]:
    return collocation(z)[1]


def lagrangian(z: Any, multipliers: Any) -> Any:
    cost, found = collocation(z)
    for m, c in zip(multipliers, found, strict=True):
        cost = cost + m * c
    return cost


@dataclass
class Matrix:
    """A sparse matrix by both: ours, and CasADi's expressions of its variables.

    arguments  with which ours is called, arrays
    """

    work: str
    ours: Callable[[], Any]
    arguments: tuple[Any, ...]
    casadi: Callable[[Any, list[list[Any]], list[Any]], list[Any]]


def matrices(n: int, intervals: int) -> list[Matrix]:
    z, multipliers = RNG.normal(size=3 * intervals + 3), RNG.normal(size=2 * intervals + 2)
    lower: dict[str, Any] = {"sparse": "arrays", "lower": True}

    def of_rosenbrock(casadi: Any, lists: Any, vectors: Any) -> list[Any]:
        value = rosenbrock(lists[0])
        matrix, gradient = casadi.hessian(value, vectors[0])
        return [value, gradient, casadi.tril(matrix).T]

    def of_constraints(casadi: Any, lists: Any, vectors: Any) -> list[Any]:
        return [casadi.jacobian(casadi.vcat(constraints(lists[0])), vectors[0]).T]

    def of_lagrangian(casadi: Any, lists: Any, vectors: Any) -> list[Any]:
        return [casadi.tril(casadi.hessian(lagrangian(*lists), vectors[0])[0]).T]

    oscillator = f"van der Pol, {intervals:,} intervals"
    return [
        Matrix(
            f"Rosenbrock, n = {n:,}: value, gradient, Hessian",
            lambda: al.value_grad_hessian(rosenbrock, **lower),
            (np.linspace(-1.2, 1.0, n),),
            of_rosenbrock,
        ),
        Matrix(
            f"{oscillator}: Jacobian",
            lambda: al.jacobian(constraints, sparse="arrays"),
            (z,),
            of_constraints,
        ),
        Matrix(
            f"{oscillator}: Hessian",
            lambda: al.hessian(lagrangian, **lower),
            (z, multipliers),
            of_lagrangian,
        ),
    ]


def with_casadi(casadi: Any, matrix: Matrix) -> tuple[Callable[[], Any], list[Any]]:
    """What writes the numbers into arrays, the quickest call of CasADi's, and the arrays.

    It keeps matrices by columns, so that its transposed one has our order.
    """
    vectors = [casadi.SX.sym(f"x{k}", len(x)) for k, x in enumerate(matrix.arguments)]
    lists = [[v[i] for i in range(v.numel())] for v in vectors]
    function = casadi.Function("f", vectors, matrix.casadi(casadi, lists, vectors))
    buffer, call = function.buffer()
    given = [x.copy() for x in matrix.arguments]
    made = [np.zeros(function.nnz_out(k)) for k in range(function.n_out())]
    for k, array in enumerate(given):
        buffer.set_arg(k, memoryview(array))
    for k, array in enumerate(made):
        buffer.set_res(k, memoryview(array))
    call.keeps = buffer, given, made  # type: ignore[attr-defined]
    return call, made


def sparse(rounds: int, repeat: int, sizes: list[tuple[int, int]]) -> list[Row]:
    """The preparation of sparse matrices and their calls, beside CasADi where it is installed."""
    try:
        import casadi
    except ImportError:
        casadi = None
    rows = []
    for matrix in [matrix for size in sizes for matrix in matrices(*size)]:
        start = perf_counter()
        derivative = matrix.ours()
        expected = flat(_numbers(derivative(*matrix.arguments)))
        rows.append(
            Row(f"{matrix.work}, prepared", "autograd_lite", 1e6 * (perf_counter() - start))
        )
        calls = {"autograd_lite": lambda d=derivative, m=matrix: d(*m.arguments)}
        for _ in range(5):
            calls["autograd_lite"]()  # past the calls that check
        error = None
        if casadi is not None:
            start = perf_counter()
            calls["casadi"], made = with_casadi(casadi, matrix)
            calls["casadi"]()
            taken = 1e6 * (perf_counter() - start)
            size = np.abs(expected).max()
            error = float(np.abs(flat(made) - expected).max() / size)
            rows.append(Row(f"{matrix.work}, prepared", "casadi", taken))
        for name, time in take_turns(calls, rounds, repeat).items():
            own = name == "autograd_lite"
            rows.append(Row(matrix.work, name, time, None if own else error))
    return rows


def _numbers(found: Any) -> list[Any]:
    """The arrays of a call: [value, gradient, numbers of the matrix] or the last of them."""
    return [found.data] if hasattr(found, "indptr") else [found[0], found[1], found[2].data]


# ------------------------------------------------------------------------- an eager gradient


def chain(length: int) -> Callable[[Any], Any]:
    """A function of one number, of ten nodes a step."""

    def f(x: Any) -> Any:
        y = x
        for _ in range(length):
            y = al.tanh(y * 1.01 + x) * 0.5 + y * y * 0.1
        return y

    return f


def eager(length: int, rounds: int, repeat: int) -> list[Row]:
    """Derivatives of a chain, beside the pass and the building of its graph."""
    f = chain(length)
    y = f(Value(0.3))
    calls: dict[str, Callable[[], Any]] = {
        "f alone": lambda: f(Value(0.3)),
        "backward() alone": y.backward,
        "f, backward()": lambda: f(Value(0.3)).backward(),
        "grad(f)": lambda: grad(f)(0.3),
        "value_and_grad(f)": lambda: value_and_grad(f)(0.3),
        "jvp": lambda: jvp(f, (0.3,), (1.0,)),
        "hvp": lambda: hvp(f, (0.3,), (1.0,)),
        "hessian(f)": lambda: hessian(f)(0.3),
        "grad(grad(f))": lambda: grad(grad(f))(0.3),
    }
    times = take_turns(calls, rounds, max(1, repeat // length))
    assert math.isfinite(grad(f)(0.3))
    work = f"eager, {len(al.topological_order(y)):,} nodes"
    return [Row(work, name, time) for name, time in times.items()]


def table(rows: list[Row]) -> str:
    lines = ["| work | contestant | us | relative difference |", "|---|---|--:|--:|"]
    for row in rows:
        error = "" if row.error is None else f"{row.error:.0e}"
        lines.append(f"| {row.work} | {row.contestant} | {row.microseconds:,.1f} | {error} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="little work: the numbers say little")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    options = parser.parse_args()
    rounds, repeat = (3, 10) if options.quick else (30, 200)
    rows = mlp(rounds, repeat)
    for length in [3, 100] if options.quick else [3, 100, 3000]:
        rows += eager(length, rounds, repeat)
    sizes = [(30, 10)] if options.quick else [(1000, 200), (10_000, 2000)]
    rows += sparse(rounds, repeat, sizes)
    print(json.dumps([asdict(row) for row in rows]) if options.json else table(rows))


if __name__ == "__main__":
    main()
