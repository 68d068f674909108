"""The speed of derivatives: of a network, sparse, of second order within others, and eager.

    pip install ".[dev]" jax casadi==3.8.2 ddx-ad==4.3.0 asdex
    python benchmarks/derivatives.py            # a Markdown table, four minutes
    python benchmarks/derivatives.py --quick    # little work, to see that it runs
    python benchmarks/derivatives.py --json

Contestants take turns, so that a machine that speeds up or slows down does so for all, and the
table shows medians over the rounds. All compute with doubles, and each one's result is compared
with ours. There is one thread. Ours are called for three seconds before, as programs that are
called often are compiled in the background, where there is a C compiler. PyTorch, JAX, CasADi, ddx
and asdex have a row where they are installed.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from itertools import pairwise
from time import process_time
from typing import Any

import numpy as np
from contests import ONE_THREAD, Row, contest, flat, installed, often, take_turns, with_doubles
from machine import machine
from second_order import kmeans, particle, saddle

import autograd_lite as al
from autograd_lite import Value, compile, grad, hessian, hvp, jvp, value_and_grad

# ------------------------------------------------------------------- a small MLP, 163 parameters

SIZES = (6, 16, 3)
RNG = np.random.default_rng(0)
SHAPES = [(16, 6), (16,), (3, 16), (3,)]
PARAMETERS = [RNG.normal(size=shape) / 2 for shape in SHAPES]
DIRECTION = [RNG.normal(size=shape) for shape in SHAPES]


def loss(parameters: list[Any], tanh: Callable[[Any], Any], x: Any, y: Any) -> Any:
    """The mean squared error over all samples, of arrays of JAX or PyTorch."""
    w1, b1, w2, b2 = parameters
    errors = tanh(x @ w1.T + b1) @ w2.T + b2 - y
    return (errors * errors).mean()


def scalar_loss(parameters: list[Any], xs: Any, ys: Any) -> Any:
    """The same, scalar by scalar."""
    w1, b1, w2, b2 = parameters
    squares = []
    for x, y in zip(xs, ys, strict=True):
        hidden = [al.tanh(al.dot(w, x) + b) for w, b in zip(w1, b1, strict=True)]
        outputs = [al.dot(w, hidden) + b for w, b in zip(w2, b2, strict=True)]
        squares += [(out - target) ** 2 for out, target in zip(outputs, y, strict=True)]
    return al.mean(squares)


def split(p: Any) -> list[Any]:
    """One vector as the parameters."""
    parts, start = [], 0
    for shape in SHAPES:
        size = math.prod(shape)
        parts.append(p[start : start + size].reshape(shape))
        start += size
    return parts


def ours(x: Any, y: Any) -> dict[str, Callable[[], Any]]:
    def product(p: Any, v: Any, x: Any, y: Any) -> Any:
        return hvp(lambda p: scalar_loss(p, x, y), (p,), (v,))

    def third(p: Any, v: Any, x: Any, y: Any) -> Any:
        def along(p: Any) -> Any:
            found = zip(product(p, v, x, y), v, strict=True)
            return al.sum([(a * b).sum() for a, b in found])

        return grad(along)(p)

    def of_vector(p: Any, x: Any, y: Any) -> Any:
        return hessian(lambda p: scalar_loss(split(p), x, y))(p)

    # Checks at calls 2, 4, 8 ... would run the function beside its program.
    second, third, full = (compile(f, check="never") for f in (product, third, of_vector))
    vector = flat(PARAMETERS)
    return {
        "Hv": lambda: second(PARAMETERS, DIRECTION, x, y),
        "third order": lambda: third(PARAMETERS, DIRECTION, x, y),
        "Hessian": lambda: full(vector, x, y),
    }


def jax(x: Any, y: Any) -> dict[str, Callable[[], Any]]:
    jax = with_doubles()
    p, v = ([jax.numpy.asarray(x) for x in xs] for xs in (PARAMETERS, DIRECTION))
    f = lambda p: loss(p, jax.numpy.tanh, x, y)  # noqa: E731
    product = jax.jit(lambda p, v: jax.jvp(jax.grad(f), (p,), (v,))[1])

    def inner(p: Any, v: Any) -> Any:
        found = jax.jvp(jax.grad(f), (p,), (v,))[1]
        return sum((a * b).sum() for a, b in zip(found, v, strict=True))

    third = jax.jit(jax.grad(inner))
    full = jax.jit(jax.hessian(lambda p: f(split(p))))
    vector = jax.numpy.asarray(flat(PARAMETERS))
    return {
        "Hv": lambda: [x.block_until_ready() for x in product(p, v)],
        "third order": lambda: [x.block_until_ready() for x in third(p, v)],
        "Hessian": lambda: full(vector).block_until_ready(),
    }


def torch(x: Any, y: Any) -> dict[str, Callable[[], Any]]:
    import torch

    p = [torch.tensor(x, requires_grad=True) for x in PARAMETERS]
    v = [torch.tensor(x) for x in DIRECTION]
    x, y = torch.tensor(x), torch.tensor(y)

    def product(create_graph: bool = False) -> Any:
        first = torch.autograd.grad(loss(p, torch.tanh, x, y), p, create_graph=True)
        along = sum((a * b).sum() for a, b in zip(first, v, strict=True))
        return torch.autograd.grad(along, p, create_graph=create_graph)

    def third() -> Any:
        along = sum((a * b).sum() for a, b in zip(product(True), v, strict=True))
        return torch.autograd.grad(along, p)

    vector = torch.tensor(flat(PARAMETERS))
    full = torch.func.hessian(lambda p: loss(split(p), torch.tanh, x, y))
    return {"Hv": product, "third order": third, "Hessian": lambda: full(vector)}


def mlp(rounds: int, samples: int) -> list[Row]:
    """Derivatives of an MLP, ours beside the others that are installed."""
    x, y = RNG.normal(size=(samples, 6)), RNG.normal(size=(samples, 3))
    made = installed({"autograd_lite": ours, "jax": jax, "torch": torch}, x, y)
    rows = []
    for work in ("Hv", "third order", "Hessian"):
        calls = {name: calls[work] for name, calls in made.items()}
        rows += contest(f"MLP, 163 parameters, {samples} samples: {work}", calls, rounds)
    return rows


# ------------------------------------------------------------------- values and gradients


def chained(n: int, rounds: int) -> list[Row]:
    """Value and gradient of a function of n numbers, of which each meets the next one."""
    x = np.linspace(-1.2, 1.0, n)

    def ours() -> Callable[[], Any]:
        f = compile(value_and_grad(rosenbrock), check="never")
        return lambda: f(x)

    def jax() -> Callable[[], Any]:
        jax = with_doubles()

        def f(x: Any) -> Any:
            return (100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum()

        g, given = jax.jit(jax.value_and_grad(f)), jax.numpy.asarray(x)
        return lambda: jax.block_until_ready(g(given))

    def casadi() -> Callable[[], Any]:
        import casadi

        def made(casadi: Any, lists: Any, vectors: Any) -> list[Any]:
            value = rosenbrock(lists[0])
            return [value, casadi.gradient(value, vectors[0])]

        call, arrays = with_casadi(casadi, Matrix("", list, (x,), made))
        return lambda: call() or arrays

    def ddx() -> Callable[[], Any]:
        import ddx  # type: ignore[import-not-found]

        run = ddx.equation(lambda: rosenbrock([ddx.var(f"x{i:06}") for i in range(n)]))
        run.compile(backend=ddx.Backend.INTERPRET)
        call = run.buffer(x)
        return lambda: call() or [call.value, call.jacobian]

    made = installed({"autograd_lite": ours, "jax": jax, "casadi": casadi, "ddx": ddx})
    return contest(f"Rosenbrock, n = {n:,}: value and gradient", made, rounds)


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


def sparse(rounds: int, sizes: list[tuple[int, int]]) -> list[Row]:
    """The preparation of sparse matrices and their calls, beside CasADi where it is installed."""
    try:
        import casadi
    except ImportError:
        casadi = None
    rows = []
    for matrix in [matrix for size in sizes for matrix in matrices(*size)]:
        start = process_time()
        derivative = matrix.ours()
        expected = flat(_numbers(derivative(*matrix.arguments)))
        rows.append(
            Row(f"{matrix.work}, prepared", "autograd_lite", 1e6 * (process_time() - start))
        )
        calls = {"autograd_lite": lambda d=derivative, m=matrix: d(*m.arguments)}
        often(calls["autograd_lite"], rounds)
        error = None
        if casadi is not None:
            start = process_time()
            calls["casadi"], made = with_casadi(casadi, matrix)
            calls["casadi"]()
            taken = 1e6 * (process_time() - start)
            size = np.abs(expected).max()
            error = float(np.abs(flat(made) - expected).max() / size)
            rows.append(Row(f"{matrix.work}, prepared", "casadi", taken))
        for name, time in take_turns(calls, rounds).items():
            own = name == "autograd_lite"
            rows.append(Row(matrix.work, name, time, None if own else error))
    return rows


def colored(n: int, rounds: int) -> list[Row]:
    """A whole sparse Hessian, beside one that is coloured and compressed in JAX."""
    x = np.linspace(-1.2, 1.0, n)

    def ours() -> Callable[[], Any]:
        derivative = al.hessian(rosenbrock, sparse="arrays")
        return lambda: derivative(x)[0]

    def asdex() -> Callable[[], Any]:
        import asdex  # type: ignore[import-not-found]

        jax = with_doubles()

        def f(x: Any) -> Any:
            return (100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum()

        given = jax.numpy.asarray(x)
        derivative = jax.jit(asdex.hessian(f, given))
        return lambda: jax.block_until_ready(derivative(given))

    made = installed({"autograd_lite": ours, "asdex": asdex})
    return contest(f"Rosenbrock, n = {n:,}: whole sparse Hessian", made, rounds)


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


def eager(length: int, rounds: int) -> list[Row]:
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
    times = take_turns(calls, rounds)
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
    rounds, samples = (3, 2) if options.quick else (30, 20)
    rows = mlp(rounds, samples)
    for n in (20,) if options.quick else (1000, 10_000):
        rows += chained(n, rounds)
    rows += sparse(rounds, [(30, 10)] if options.quick else [(1000, 200), (10_000, 2000)])
    rows += colored(30 if options.quick else 1000, rounds)
    rows += kmeans(20 if options.quick else 200, 5, rounds)
    rows += particle(rounds) if options.quick else [*particle(rounds), *saddle(3)]
    for length in [3, 100] if options.quick else [3, 100, 3000]:
        rows += eager(length, rounds)
    if options.json:
        packages = "numpy", "torch", "jax", "casadi", "ddx-ad", "asdex"
        ran_on = machine("autograd_lite", *packages)
        print(json.dumps({"machine": ran_on, "rows": [asdict(row) for row in rows]}))
    else:
        print(table(rows))


if __name__ == "__main__":
    if ONE_THREAD.items() <= os.environ.items():
        main()
    else:  # as libraries read it when they are imported
        command = [sys.executable, *sys.argv]
        sys.exit(subprocess.run(command, env={**os.environ, **ONE_THREAD}, check=False).returncode)
