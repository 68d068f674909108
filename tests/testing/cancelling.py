"""Random programs whose terms cancel: what `check_grad` says of right gradients, and of wrong ones.

    python tests/testing/cancelling.py                             # 100,000 programs: four minutes
    python tests/testing/cancelling.py --mistakes --programs 1000  # how small a mistake is caught

All programs are right, so each GradientError is a false alarm. `program(seed)` makes one again.
"""

from __future__ import annotations

import argparse
import math
import random
from collections.abc import Callable
from typing import Any

import autograd_lite as al
from autograd_lite import Value
from autograd_lite.testing import GradientError, check_grad

Program = tuple[Callable[..., Any], tuple[Any, ...]]
Draw = random.Random


def size(draw: Draw, low: float = -8.0, high: float = 8.0) -> float:
    """A positive number of any order of magnitude."""
    return 10.0 ** draw.uniform(low, high)


def close(draw: Draw, scale: float, n: int = 3) -> list[float]:
    """Numbers near scale, which differ by anything from their own size to their last digits."""
    spread = scale * size(draw, -14, 0)
    return [scale + spread * draw.uniform(-1, 1) for _ in range(n)]


def vector(draw: Draw, scale: float, n: int = 3) -> list[float]:
    return [scale * draw.uniform(0.2, 2) * draw.choice([-1, 1]) for _ in range(n)]


def centred(draw: Draw) -> Program:
    weights = vector(draw, 1.0)

    def f(xs):
        middle = al.mean(xs)
        return al.sum([w * (x - middle) for w, x in zip(weights, xs, strict=True)])

    return f, (close(draw, size(draw)),)


def variance(draw: Draw) -> Program:
    def f(xs):
        return al.mean([x * x for x in xs]) - al.mean(xs) ** 2

    return f, (close(draw, size(draw)),)


def cosine(draw: Draw) -> Program:
    """Of parallel vectors, where it is 1 and its derivative 0."""
    a = vector(draw, size(draw))
    factor, apart = size(draw), size(draw, -14, 0)
    b = [factor * x * (1 + apart * draw.uniform(-1, 1)) for x in a]
    return lambda a, b: al.dot(a, b) / (al.norm(a) * al.norm(b)), (a, b)


def logsumexps(draw: Draw) -> Program:
    shift = draw.choice([-1, 1]) * size(draw, -2, 6)

    def f(xs):
        return al.logsumexp([x + shift for x in xs]) - al.logsumexp(xs)

    return f, (vector(draw, size(draw, -2, 2)),)


def chain(draw: Draw) -> Program:
    """((x + a) - a + b) - b ...: what is left is x, rounded."""
    addends = [draw.choice([-1, 1]) * size(draw) for _ in range(draw.randint(1, 8))]

    def f(x, y):
        for addend in addends:
            y = (y + addend * x) - addend * x
        return y * x

    return f, tuple(vector(draw, size(draw, -4, 4), 2))


def softmax(draw: Draw) -> Program:
    def f(xs):
        return al.softmax(xs)[0] - 1.0

    first, *rest = vector(draw, 1.0, 4)
    return f, ([first + size(draw, -1, 3), *rest],)


def normalised(draw: Draw) -> Program:
    weights = vector(draw, size(draw))

    def f(xs):
        return al.dot(xs, weights) / al.norm(xs)

    return f, (vector(draw, size(draw)),)


def determinant(draw: Draw) -> Program:
    a, b = vector(draw, size(draw), 2)
    factor, apart = size(draw, -3, 3), size(draw, -14, 0)
    return lambda a, b, c, d: a * d - b * c, (a, b, factor * a, factor * b * (1 + apart))


def root(draw: Draw) -> Program:
    """The smaller root of a quadratic equation, as it should not be computed."""

    def f(b, c):
        return (al.sqrt(b * b - 4 * c) - b) / 2

    b = size(draw, -4, 6)
    return f, (b, b * b * size(draw, -14, -1))


def squares(draw: Draw) -> Program:
    """x² - y² less (x + y)(x - y), which is 0 but for rounding."""
    return lambda x, y: (x * x - y * y) - (x + y) * (x - y), tuple(close(draw, size(draw), 2))


def versine(draw: Draw) -> Program:
    return lambda x: 1 - al.cos(x), (size(draw, -8, 0),)


def standardised(draw: Draw) -> Program:
    """As batch and layer norm do: of numbers that share a large part."""
    weights = vector(draw, 1.0, 4)

    def f(xs):
        middle = al.mean(xs)
        apart = [x - middle for x in xs]
        spread = al.sqrt(al.mean([d * d for d in apart]) + 1e-5)
        return al.dot(apart, weights) / spread

    scale = size(draw, -4, 6)
    return f, (close(draw, scale, 4),)


KINDS = [
    centred, variance, cosine, logsumexps, chain, softmax, normalised, determinant, root,
    squares, versine, standardised,
]  # fmt: skip


def outer(draw: Draw, f: Callable[..., Any]) -> Callable[..., Any]:
    """What a larger program makes of the result."""
    weight = draw.choice([-1, 1]) * size(draw, -4, 4)
    return draw.choice(
        [
            f,
            lambda *xs: weight * f(*xs),
            lambda *xs: f(*xs) + weight,
            lambda *xs: al.tanh(f(*xs)),
            lambda *xs: f(*xs) ** 2,
            lambda *xs: [f(*xs), weight * f(*xs)],
            lambda *xs: f(*xs) * weight - f(*xs) * weight * 0.999,
        ]
    )


def program(seed: int) -> tuple[str, Callable[..., Any], tuple[Any, ...]]:
    """(kind, f, arguments) of a program; the same for the same seed."""
    draw = random.Random(seed)
    kind = draw.choice(KINDS)
    f, args = kind(draw)
    return kind.__name__, outer(draw, f), args


def false_alarms(seeds: range) -> list[tuple[int, str, GradientError]]:
    """(seed, kind, error) of each program whose right gradient is called wrong."""
    alarms = []
    for seed in seeds:
        kind, f, args = program(seed)
        try:
            check_grad(f, *args)
        except GradientError as error:
            alarms.append((seed, kind, error))
    return alarms


def off(y: Any, by: float) -> Any:
    """The number or the list of numbers y, with a gradient that is wrong by this share."""
    if isinstance(y, list):
        return [off(each, by) for each in y]
    out = Value(y.data, (y,), "off")

    def backward() -> None:
        y.grad += (1 + by) * out.grad

    out._backward = backward
    return out


def caught(f: Callable[..., Any], args: tuple[Any, ...], by: float) -> bool:
    """True if a gradient that is wrong by this share is caught."""
    try:
        check_grad(lambda *xs: off(f(*xs), by), *args)
    except GradientError:
        return True
    return False


def smallest_caught(f: Callable[..., Any], args: tuple[Any, ...]) -> float:
    """The smallest power of 2 such that a gradient that is wrong by this share is caught."""
    sizes = (2.0**-k for k in range(20, -1, -1))
    return next((size for size in sizes if caught(f, args, size)), math.inf)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--programs", type=int, default=100_000)
    parser.add_argument("--mistakes", action="store_true", help="how small a mistake is caught")
    options = parser.parse_args()
    seeds = range(options.programs)
    if options.mistakes:
        found = [smallest_caught(*program(seed)[1:]) for seed in seeds]
        for size in (1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0):
            print(f"wrong by {size:g}: caught in {sum(x <= size for x in found) / len(found):.1%}")
        return
    alarms = false_alarms(seeds)
    for seed, kind, error in alarms:
        print(f"program({seed}), {kind}: {str(error).partition(chr(10))[0]}")
    print(f"{len(alarms)} false alarms in {options.programs:,} programs")


if __name__ == "__main__":
    main()
