"""The second-order work of ADBench and GradBench: k-means, a saddle point, a particle.

k-means is a sum over points of the squared distance to the nearest centre; Newton's direction asks
for the diagonal of its Hessian, and Hv is one product with it. (Srajer, Kukelova and Fitzgibbon, A
benchmark of selected algorithmic differentiation tools, 2018.)

The saddle point and the particle are nested: a derivative of what was computed with derivatives.
(Pearlmutter and Siskind, Using programming language theory to make automatic differentiation sound
and efficient, 2008.)
"""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from math import hypot
from typing import Any

import numpy as np
from contests import Row, contest, installed, with_doubles

import autograd_lite as al
from autograd_lite import compile, grad, hvp

__all__ = ["kmeans", "particle", "saddle"]


def kmeans(points: int, centres: int, rounds: int) -> list[Row]:
    rng = np.random.default_rng(1)
    xs, at = rng.normal(size=(points, 3)), rng.normal(size=(centres, 3))
    v = rng.normal(size=at.shape)

    def ours() -> dict[str, Callable[[], Any]]:
        def cost(at: Any, xs: Any) -> Any:
            distances = [
                [al.sum([(a - b) ** 2 for a, b in zip(x, c, strict=True)]) for c in at] for x in xs
            ]
            return al.sum([reduce(al.minimum, row) for row in distances])

        product = compile(lambda at, xs, v: hvp(lambda at: cost(at, xs), (at,), (v,)),
                          check="never")  # fmt: skip
        # A row of the Hessian has no number beside the diagonal: a product has them all.
        ones = np.ones_like(at)
        return {
            "Hessian diagonal": lambda: product(at, xs, ones),
            "Hv": lambda: product(at, xs, v),
        }

    def jax() -> dict[str, Callable[[], Any]]:
        jax = with_doubles()

        def cost(at: Any) -> Any:
            return ((xs[:, None] - at) ** 2).sum(-1).min(1).sum()

        product = jax.jit(lambda at, v: jax.jvp(jax.grad(cost), (at,), (v,))[1])
        given, along, ones = (jax.numpy.asarray(x) for x in (at, v, np.ones_like(at)))
        return {
            "Hessian diagonal": lambda: product(given, ones).block_until_ready(),
            "Hv": lambda: product(given, along).block_until_ready(),
        }

    def torch() -> dict[str, Callable[[], Any]]:
        import torch

        given, along, samples = (torch.tensor(x) for x in (at, v, xs))
        ones = torch.ones_like(given)

        def product(v: Any) -> Any:
            p = given.requires_grad_()
            cost = ((samples[:, None] - p) ** 2).sum(-1).min(1).values.sum()
            (first,) = torch.autograd.grad(cost, p, create_graph=True)
            return torch.autograd.grad(first, p, v)[0]

        return {"Hessian diagonal": lambda: product(ones), "Hv": lambda: product(along)}

    made = installed({"autograd_lite": ours, "jax": jax, "torch": torch})
    rows = []
    for work in ("Hessian diagonal", "Hv"):
        calls = {name: calls[work] for name, calls in made.items()}
        title = f"k-means, {points:,} points, {centres} centres: {work}"
        rows += contest(title, calls, rounds)
    return rows


def descended(f: Callable[[Any], Any], gradient: Callable[[Any], Any], x: list[Any]) -> list[Any]:
    """Where f is least, by steps down its gradient, whose rate doubles and halves.

    It begins with 0.1; that of the paper, 1e-5, makes eight times as many steps.
    """
    value, slope, rate, steps = f(x), gradient(x), 0.1, 0
    while _length(slope) > 1e-5:
        if steps == 10:
            rate, steps = 2 * rate, 0
            continue
        there = [a - rate * b for a, b in zip(x, slope, strict=True)]
        if _length([a - b for a, b in zip(x, there, strict=True)]) <= 1e-5:
            break
        new = f(there)
        if new < value:
            x, value, slope, steps = there, new, gradient(there), steps + 1
        else:
            rate, steps = rate / 2, 0
    return x


def _length(v: list[Any]) -> float:
    return hypot(*[x.data if isinstance(x, al.Value) else x for x in v])


def saddle(rounds: int) -> list[Row]:
    """The least x of the largest value over y, of x x - y y in two dimensions each."""
    start = [1.0, 1.0]

    def f(x: Any, y: Any) -> Any:
        return x[0] * x[0] + x[1] * x[1] - (y[0] * y[0] + y[1] * y[1])

    def found(gradient_of: Callable[[Any], Any]) -> list[float]:
        def largest(x: Any) -> Any:
            return descended(lambda y: -f(x, y), gradient_of(lambda y: -f(x, y)), start)

        def worst(x: Any) -> Any:
            return f(x, largest(x))

        x = descended(worst, gradient_of(worst), start)
        return [*x, *largest(x)]

    def by_hand() -> list[float]:
        """Both gradients are 2 x and 2 y, as the largest value does not move with x."""
        x = descended(lambda x: f(x, start), lambda x: [2 * a for a in x], start)
        return [*x, *descended(lambda y: -f(x, y), lambda y: [2 * b for b in y], start)]

    calls: dict[str, Callable[[], Any]] = {
        "autograd_lite, eager": lambda: found(grad),
        "gradients by hand": by_hand,
    }
    return contest("saddle point", calls, rounds)


def particle(rounds: int) -> list[Row]:
    """How far from x = 0 a particle lands: the derivative with respect to a charge's place.

    The force is the derivative of a potential, at each of some forty steps.
    """
    place = 0.2

    def potential(at: Any, charges: Any) -> Any:
        x, y = at
        return al.sum([1 / al.sqrt((x - a) ** 2 + (y - b) ** 2) for a, b in charges])

    def by_hand(at: Any, charges: Any) -> Any:
        """The derivative of the potential."""
        x, y = at
        cubes = [al.sqrt((x - a) ** 2 + (y - b) ** 2) ** 3 for a, b in charges]
        return [
            al.sum([(a - x) / cube for (a, _), cube in zip(charges, cubes, strict=True)]),
            al.sum([(b - y) / cube for (_, b), cube in zip(charges, cubes, strict=True)]),
        ]

    def landing(w: Any, force: Callable[[Any, Any], Any]) -> Any:
        charges, dt = ((10.0, 10.0 - w), (10.0, 0.0)), 0.1
        x, y, vx, vy = w * 0.0, w * 0.0 + 8.0, w * 0.0 + 0.75, w * 0.0
        while True:
            ax, ay = force([x, y], charges)
            nx, ny = x + dt * vx, y + dt * vy
            if ny <= 0:
                return (x - y / vy * vx) ** 2
            x, y, vx, vy = nx, ny, vx - dt * ax, vy - dt * ay

    def derivative(force: Callable[[Any, Any], Any]) -> Callable[[], Any]:
        f = compile(grad(lambda w: landing(w, force)), check="never")
        return lambda: f(place)

    calls = {"autograd_lite": derivative(grad(potential)), "forces by hand": derivative(by_hand)}
    return contest("particle, 40 steps", calls, rounds)
