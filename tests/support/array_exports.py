"""Functions to export to languages of arrays: a name, the function, and arguments of it."""

import random
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np

import autograd_lite as al
from autograd_lite import Value, nn

Made = tuple[Callable[..., Any], tuple[Any, ...]]
draw = random.Random(0)
arrays = np.random.default_rng(0)


def matrix(rows: int, columns: int) -> list[list[Value]]:
    return [vector(columns) for _ in range(rows)]


def vector(n: int) -> list[Value]:
    return [Value(draw.gauss(0, 0.5)) for _ in range(n)]


def chapter() -> Made:
    w0, b0, w1, b1 = matrix(6, 2), vector(6), matrix(3, 6), vector(3)

    def loss(xs: Any, ys: Any) -> Any:
        total = 0.0
        for x, y in zip(xs, ys, strict=True):
            hidden = [al.relu(al.dot(row, x) + b) for row, b in zip(w0, b0, strict=True)]
            out = [al.dot(row, hidden) + b for row, b in zip(w1, b1, strict=True)]
            total = total + sum((a - b) ** 2 for a, b in zip(out, y, strict=True))
        return total / len(xs)

    return loss, (arrays.normal(size=(9, 2)), arrays.normal(size=(9, 3)))


def moons() -> Made:
    model = nn.MLP(2, [8, 8, 1], rng=random.Random(1))

    def loss(xs: Any, ys: Any) -> Any:
        hinge = sum((1 - y * model(x)).relu() for x, y in zip(xs, ys, strict=True))
        return hinge / len(ys) + 1e-4 * sum(p * p for p in model.parameters())

    return loss, (arrays.normal(size=(10, 2)), arrays.choice([-1.0, 1.0], size=10))


def rosenbrock() -> Made:
    def value(x: Any) -> Any:
        return sum(100 * (b - a * a) ** 2 + (1 - a) ** 2 for a, b in pairwise(x))

    return value, (vector(10),)


def softmax() -> Made:
    layer = nn.Linear(4, 3, rng=random.Random(0))

    def loss(xs: Any, labels: Any) -> Any:
        return nn.cross_entropy(layer(xs), labels)

    return loss, (arrays.normal(size=(7, 4)), arrays.integers(0, 3, size=7))


def attention() -> Made:
    layer = nn.MultiheadAttention(8, 2, rng=random.Random(0))

    def loss(x: Any) -> Any:
        out, _ = layer(x, x, x, is_causal=True)
        return sum(o * o for row in out for o in row)

    return loss, (arrays.normal(size=(5, 8)),)


def embedding() -> Made:
    table, layer = nn.Embedding(6, 4), nn.Linear(4, 6, rng=random.Random(2))

    def loss(tokens: Any, following: Any) -> Any:
        return nn.cross_entropy(layer(table(tokens)), following)

    return loss, (np.array([1, 3, 1, 5]), np.array([3, 1, 5, 0]))


def bigrams() -> Made:
    """Two arguments choose from one table, and one from what the other has chosen."""
    letters, following = vector(5), matrix(5, 5)

    def loss(xs: Any, ys: Any) -> Any:
        total = 0.0
        for x, y in zip(xs, ys, strict=True):
            alike = al.take(letters, x) * al.take(letters, y)
            total = total - al.take(al.log_softmax(al.take(following, x)), y) + alike
        return total / len(xs)

    return loss, (np.array([0, 3, 3, 1, 4, 4]), np.array([3, 3, 1, 4, 4, 0]))


def triangle() -> Made:
    """A product with a matrix, and one with its triangle: what the one adds to is turned."""
    w = matrix(5, 5)

    def loss(x: Any) -> Any:
        z = [sum(x[i] * w[i][j] for i in range(5)) for j in range(5)]
        rows = [sum(w[i][j] * z[j] for j in range(i + 1)) for i in range(5)]
        return sum(a * b for a, b in zip(rows, z, strict=True))

    return loss, (arrays.normal(size=5),)


def convolution() -> Made:
    layers = nn.Conv2d(1, 3, 3, rng=random.Random(0)), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten()
    model = nn.Sequential(*layers, nn.Linear(12, 4, rng=random.Random(1)))

    def loss(images: Any, labels: Any) -> Any:
        return nn.cross_entropy(model(images), labels)

    return loss, (arrays.normal(size=(3, 1, 6, 6)), np.array([0, 1, 3]))


def recurrent(steps: int = 14) -> Made:
    inner, outer, b, out = matrix(4, 4), matrix(4, 2), vector(4), vector(4)

    def loss(xs: Any, ys: Any) -> Any:
        h, total = [0.0] * 4, 0.0
        for x, y in zip(xs, ys, strict=True):
            news = [sum(w * v for w, v in zip(row, x, strict=True)) for row in outer]
            sums = [sum(w * v for w, v in zip(row, h, strict=True)) for row in inner]
            h = [al.tanh(p + q + r) for p, q, r in zip(news, sums, b, strict=True)]
            total = total + (sum(w * v for w, v in zip(out, h, strict=True)) - y) ** 2
        return total / len(xs)

    return loss, (arrays.normal(size=(steps, 2)), arrays.normal(size=steps))


def option() -> Made:
    spot, volatility, rate = Value(100.0), Value(0.2), Value(0.01)

    def price(draws: Any, strike: float) -> Any:
        total = 0.0
        for z in draws:
            drift = rate - volatility * volatility / 2
            total = total + al.relu(spot * al.exp(drift + volatility * z) - strike)
        return al.exp(-rate) * total / len(draws)

    return price, (arrays.normal(size=40), 105.0)


def clusters() -> Made:
    centres = matrix(3, 2)

    def loss(points: Any) -> Any:
        total = 0.0
        for x, y in points:
            a, b, c = [(x - p) ** 2 + (y - q) ** 2 for p, q in centres]
            total = total + al.minimum(al.minimum(a, b), c)
        return total

    return loss, (arrays.normal(size=(11, 2)),)


def tangle() -> Made:
    """A random graph, in which little is alike."""
    graph = random.Random(3)
    leaves = vector(5)
    plan = [(graph.randrange(5), graph.random(), graph.random()) for _ in range(50)]

    def value(x: Any) -> Any:
        known = [*leaves, *x]
        for kind, i, j in plan:
            a, b = known[int(i * len(known))], known[int(j * len(known))]
            made = [a * b, a + b, al.tanh(a) - b, al.sqrt(a * a + 1), al.relu(a) * 0.5]
            known.append(al.tanh(made[kind]))
        return sum(known[-9:])

    return value, (vector(2),)


MADE = {
    make.__name__: make
    for make in (
        *(chapter, moons, rosenbrock, softmax, attention, embedding, convolution, recurrent),
        *(option, clusters, tangle, bigrams, triangle),
    )
}


def detaching(language: str) -> tuple[Any, Any, list[Value]]:
    """A source, its function, and its parameters, some of which are detached: computed numbers, and
    one by which the derivative is 0 for the example, so that a comparison there would not find it.
    """
    x = [Value(0.5), Value(-1.0), Value(0.25)]

    def loss(scale: Any) -> Any:
        scores = [scale * v for v in x]
        shift = al.largest(scores).data  # as a softmax has it
        gap = (x[0] - x[1]).detach()
        return al.sum(al.exp(s - shift) * s for s in scores) + scale * x[2].detach() ** 2 * gap

    return al.export(loss, language, 0.0, name="f"), loss, x


def at_kinks(language: str) -> tuple[Any, list[Value]]:
    """A source, recorded off its kinks and ties, and its parameters at these, with gradients."""
    x = [Value(0.3), Value(0.4), Value(0.5), Value(0.6)]

    def total() -> Any:
        a, b, c, _ = x
        return (
            (abs(a) + 2 * al.softplus(a) + 3 * al.logsigmoid(a) + 5 * al.sign(a) * (a + 1))
            + (7 * al.relu(a) + 11 * al.elu(a, 0.5) + 13 * al.leaky_relu(a, 0.1))
            + (17 * al.maximum(b, c) + 19 * al.minimum(b, c) + 23 * al.clip(b, 0.0, 1.0))
            + (29 * al.copysign(a, b) + 31 * al.logsumexp([b, c]))
            + (37 * al.largest([b, c]) + 41 * al.where(b <= c, c, b))
        )

    source = al.export(total, language, name="f")
    for value, number in zip(x, (0.0, 1.0, 1.0, 0.0), strict=True):
        value.data, value.grad = number, 0.0
    total().backward()
    return source, x
