"""Prints accuracy.md: the error of every operation against mpmath, beside the promised bound.

Run as `python docs/accuracy.py > docs/accuracy.md`. What each operation and its derivatives ought
to give is written here once more, as mathematics has it and in a form that loses no digits, rather
than as `rules.py` computes it; mpmath evaluates that with 50 digits.
"""

from __future__ import annotations

import platform
import random
import sys
from collections.abc import Callable, Iterator
from math import copysign, exp, inf, log, ulp
from typing import Any, NamedTuple

from mpmath import mp, mpf

from autograd_lite import Value
from autograd_lite.operations.rules import OPERATIONS, Rule
from autograd_lite.testing.spelling import call

DIGITS = 50
N = 4  # operands of an n-ary rule

Exact = Callable[..., Any]
Interval = tuple[float, float]

REAL, POSITIVE, UNIT = (-1e300, 1e300), (1e-300, 1e300), (-1.0, 1.0)
EXPONENT = (-708.0, 709.0)  # where exp gives a normal double


class Case(NamedTuple):
    """What is measured of one rule.

    value     the function, of mpmath's numbers
    partials  its partial derivatives; of an n-ary rule, that with respect to its first operand
    domain    for each operand, the interval from which it is drawn
    bounds    how many ulps the value and the worst partial may be off
    sizes     near a zero that no double hits, the error is counted in ulps of this instead: the
              largest of what is added up there
    note      why a bound is more than 4, or what the size is
    """

    value: Exact
    partials: tuple[Exact, ...]
    domain: tuple[Interval, ...] = (REAL,)
    bounds: tuple[int, int] = (4, 4)
    sizes: tuple[Exact | None, Exact | None] = (None, None)
    note: str = ""


def case(value: Exact, *partials: Exact, **rest: Any) -> Case:
    return Case(value, partials, **rest)


def largest(*xs: Any) -> Any:
    return max(map(abs, xs))


def sigmoid(x: Any) -> Any:
    return 1 / (1 + mp.exp(-x))


def slope_of_gelu(x: Any) -> tuple[Any, Any]:
    return mp.ncdf(x), x * mp.npdf(x)


def slope_of_silu(x: Any) -> tuple[Any, Any]:
    return sigmoid(x), x * sigmoid(x) * sigmoid(-x)


def sinc(x: Any) -> Any:
    return mp.sinpi(x) / (mp.pi * x) if x else mpf(1)


def slope_of_sinc(x: Any) -> tuple[Any, Any]:
    if abs(x) < 1e-10:  # where the two would cancel; the next term is 1e-42 of these
        first = -(mp.pi**2) * x / 3
        return first, -first * (mp.pi * x) ** 2 / 10
    return mp.cospi(x) / x, -sinc(x) / x


def whole(x: Any) -> Any:
    """x without its digits behind the point."""
    return mp.sign(x) * mp.floor(abs(x))


def largest_of_polygamma(x: Any, n: Any) -> Any:
    """The largest of what is added up; below 0 that is, mostly, what the nearest pole gives."""
    least = 1 if n == 0 else 0
    return least if x > 0 else max(least, mp.factorial(n) / abs(x - mp.nint(x)) ** (n + 1))


def above(*xs: Any) -> Any:
    """log(sum exp(x - the largest)): what logsumexp adds to the largest."""
    *others, most = sorted(xs)
    return mp.log1p(sum(mp.exp(x - most) for x in others))


PAIR, TRIPLE = (REAL, REAL), (REAL, REAL, REAL)
POWERS = ((1e-9, 1e9), (-20.0, 20.0))
QUOTIENT = ((-1e15, 1e15), (1e-3, 1e3))
SCALE = mpf("1.0507009873554804934193349852946")
ALPHA = mpf("1.6732632423543772848170429916717")
REFLECTED = "left of 0, in ulps of the largest term"
ROUNDED = "the derivative rounds the exponent y - 1: its error is multiplied by log x"

CASES = {
    # ------------------------------------------------------------------------------ arithmetic
    "add": case(lambda x, y: x + y, lambda x, y: 1, lambda x, y: 1, domain=PAIR),
    "sub": case(lambda x, y: x - y, lambda x, y: 1, lambda x, y: -1, domain=PAIR),
    "mul": case(lambda x, y: x * y, lambda x, y: y, lambda x, y: x, domain=PAIR),
    "div": case(lambda x, y: x / y, lambda x, y: 1 / y, lambda x, y: -x / y**2, domain=PAIR),
    "floordiv": case(lambda x, y: mp.floor(x / y), lambda x, y: 0, lambda x, y: 0, domain=QUOTIENT),
    "mod": case(
        lambda x, y: x - y * mp.floor(x / y),
        lambda x, y: 1,
        lambda x, y: -mp.floor(x / y),
        domain=QUOTIENT,
    ),
    "fmod": case(
        lambda x, y: x - y * whole(x / y),
        lambda x, y: 1,
        lambda x, y: -whole(x / y),
        domain=QUOTIENT,
    ),
    "neg": case(lambda x: -x, lambda x: -1),
    "abs": case(abs, mp.sign),
    "pow": case(
        mp.power,
        lambda x, y: y * mp.power(x, y - 1),
        lambda x, y: mp.power(x, y) * mp.log(x),
        domain=POWERS,
        bounds=(4, 512),
        note=ROUNDED,
    ),
    "pow_c": case(
        mp.power, lambda x, c: c * mp.power(x, c - 1), domain=POWERS, bounds=(4, 512), note=ROUNDED
    ),
    "reciprocal": case(lambda x: 1 / x, lambda x: -1 / x**2),
    "square": case(lambda x: x * x, lambda x: 2 * x),
    "sqrt": case(mp.sqrt, lambda x: 1 / (2 * mp.sqrt(x)), domain=(POSITIVE,)),
    "cbrt": case(lambda x: mp.sign(x) * mp.cbrt(abs(x)), lambda x: 1 / (3 * mp.cbrt(abs(x)) ** 2)),
    # ------------------------------------------------------------ exponentials and logarithms
    "exp": case(mp.exp, mp.exp, domain=(EXPONENT,)),
    "exp2": case(lambda x: mpf(2) ** x, lambda x: mpf(2) ** x * mp.ln2, domain=((-1021, 1023),)),
    "expm1": case(mp.expm1, mp.exp, domain=(EXPONENT,)),
    "log": case(mp.log, lambda x: 1 / x, domain=(POSITIVE,)),
    "log2": case(lambda x: mp.log(x) / mp.ln2, lambda x: 1 / (x * mp.ln2), domain=(POSITIVE,)),
    "log10": case(mp.log10, lambda x: 1 / (x * mp.ln10), domain=(POSITIVE,)),
    "log1p": case(mp.log1p, lambda x: 1 / (1 + x), domain=((-1.0, 1e300),)),
    # ------------------------------------------------------- trigonometric, hyperbolic, special
    "sin": case(mp.sin, mp.cos),
    "cos": case(mp.cos, lambda x: -mp.sin(x)),
    "tan": case(mp.tan, lambda x: mp.sec(x) ** 2),
    "sinc": case(
        sinc,
        lambda x: sum(slope_of_sinc(x)),
        domain=((-1e15, 1e15),),
        sizes=(None, lambda x: largest(*slope_of_sinc(x)) if abs(x) > 0.5 else 0),
        note="the derivative in ulps of its larger term beyond 1/2: it has zeros, first at 1.43",
    ),
    "degrees": case(lambda x: x * 180 / mp.pi, lambda x: 180 / mp.pi),
    "radians": case(lambda x: x * mp.pi / 180, lambda x: mp.pi / 180),
    "asin": case(mp.asin, lambda x: 1 / mp.sqrt(1 - x * x), domain=(UNIT,)),
    "acos": case(mp.acos, lambda x: -1 / mp.sqrt(1 - x * x), domain=(UNIT,)),
    "atan": case(mp.atan, lambda x: 1 / (1 + x * x)),
    "sinh": case(mp.sinh, mp.cosh, domain=(EXPONENT,)),
    "cosh": case(mp.cosh, mp.sinh, domain=(EXPONENT,)),
    "tanh": case(
        mp.tanh,
        lambda x: mp.sech(x) ** 2,
        domain=(EXPONENT,),
        sizes=(None, lambda x: 1),
        note="the derivative is 1 - out² as in PyTorch, in ulps of 1: it is 0 from 19.1",
    ),
    "asinh": case(mp.asinh, lambda x: 1 / mp.sqrt(1 + x * x)),
    "acosh": case(mp.acosh, lambda x: 1 / mp.sqrt((x - 1) * (x + 1)), domain=((1.0, 1e300),)),
    "atanh": case(mp.atanh, lambda x: 1 / (1 - x * x), domain=(UNIT,)),
    "erf": case(mp.erf, lambda x: 2 / mp.sqrt(mp.pi) * mp.exp(-x * x), domain=((-26.6, 26.6),)),
    "erfc": case(mp.erfc, lambda x: -2 / mp.sqrt(mp.pi) * mp.exp(-x * x), domain=((-26.5, 26.5),)),
    "lgamma": case(
        lambda x: mp.re(mp.loggamma(x)),
        mp.digamma,
        domain=((-1e4, 1e6),),
        bounds=(16, 16),
        sizes=(lambda x: max(1, -x), lambda x: largest_of_polygamma(x, 0)),
        note="below 1 in ulps of 1, as there are zeros at 1, 1.46 and 2; " + REFLECTED,
    ),
    "polygamma": case(
        lambda x, n: mp.polygamma(int(n), x),
        lambda x, n: mp.polygamma(int(n) + 1, x),
        domain=((-1e4, 1e6), (0.0, 3.0)),
        bounds=(16, 16),
        sizes=(largest_of_polygamma, lambda x, n: largest_of_polygamma(x, n + 1)),
        note="order 0 to 3; of order 0 below 1 in ulps of 1, as it has a zero at 1.46; "
        + REFLECTED,
    ),
    # ----------------------------------------------------------------------------- activations
    "sigmoid": case(sigmoid, lambda x: sigmoid(x) * sigmoid(-x), domain=(EXPONENT,)),
    "logsigmoid": case(lambda x: -mp.log1p(mp.exp(-x)), lambda x: sigmoid(-x), domain=(EXPONENT,)),
    "softplus": case(lambda x: mp.log1p(mp.exp(x)), sigmoid, domain=(EXPONENT,)),
    "relu": case(lambda x: max(x, 0), lambda x: x > 0),
    "leaky_relu": case(
        lambda x, c: x if x > 0 else c * x,
        lambda x, c: 1 if x > 0 else c,
        domain=(REAL, (0.0, 1.0)),
    ),
    "elu": case(
        lambda x, c: x if x > 0 else c * mp.expm1(x),
        lambda x, c: 1 if x > 0 else c * mp.exp(x),
        domain=(EXPONENT, (0.1, 2.0)),
    ),
    "selu": case(
        lambda x: SCALE * (x if x > 0 else ALPHA * mp.expm1(x)),
        lambda x: SCALE * (1 if x > 0 else ALPHA * mp.exp(x)),
        domain=(EXPONENT,),
    ),
    "gelu": case(
        lambda x: x * mp.ncdf(x),
        lambda x: sum(slope_of_gelu(x)),
        domain=((-37.5, 1e300),),
        sizes=(None, lambda x: largest(*slope_of_gelu(x))),
        note="the derivative in ulps of its larger term: it has a zero at -0.75",
    ),
    "silu": case(
        lambda x: x * sigmoid(x),
        lambda x: sum(slope_of_silu(x)),
        domain=((-716.0, 709.0),),
        sizes=(None, lambda x: largest(*slope_of_silu(x))),
        note="the derivative in ulps of its larger term: it has a zero at -1.28",
    ),
    # ----------------------------------------------------------------------- steps and choices
    "sign": case(mp.sign, lambda x: 0),
    "floor": case(mp.floor, lambda x: 0),
    "ceil": case(mp.ceil, lambda x: 0),
    "trunc": case(whole, lambda x: 0),
    "round": case(mp.nint, lambda x: 0),
    "maximum": case(max, lambda x, y: x > y, lambda x, y: y > x, domain=PAIR),
    "minimum": case(min, lambda x, y: x < y, lambda x, y: y < x, domain=PAIR),
    "copysign": case(
        lambda x, y: abs(x) * mp.sign(y),
        lambda x, y: mp.sign(x) * mp.sign(y),
        lambda x, y: 0,
        domain=PAIR,
    ),
    "atan2": case(
        mp.atan2,
        lambda x, y: y / (x * x + y * y),
        lambda x, y: -x / (x * x + y * y),
        domain=PAIR,
    ),
    "hypot": case(
        mp.hypot, lambda x, y: x / mp.hypot(x, y), lambda x, y: y / mp.hypot(x, y), domain=PAIR
    ),
    "where": case(
        lambda x, y, z: y if x else z,
        lambda x, y, z: 0,
        lambda x, y, z: x != 0,
        lambda x, y, z: x == 0,
        domain=TRIPLE,
    ),
    "clip": case(
        lambda x, y, z: min(max(x, y), z),
        lambda x, y, z: y <= x <= z,
        lambda x, y, z: x < y,
        lambda x, y, z: x > z,
        domain=(REAL, (-9.0, -1e-9), (1e-9, 9.0)),
    ),
    # ----------------------------------------------------------------------------------- n-ary
    "sum": case(
        lambda *xs: sum(xs),
        lambda *xs: 1,
        sizes=(largest, None),
        note="in ulps of the largest term",
    ),
    "mean": case(
        lambda *xs: sum(xs) / N,
        lambda *xs: mpf(1) / N,
        sizes=(largest, None),
        note="in ulps of the largest term",
    ),
    "norm": case(
        lambda *xs: mp.sqrt(sum(x * x for x in xs)),
        lambda *xs: xs[0] / mp.sqrt(sum(x * x for x in xs)),
    ),
    "logsumexp": case(
        lambda *xs: max(xs) + above(*xs),
        lambda *xs: mp.exp(xs[0] - max(xs) - above(*xs)),
        domain=(EXPONENT,),
        bounds=(4, 2048),
        sizes=(lambda *xs: largest(max(xs), above(*xs)), None),
        note="the value in ulps of the largest operand; of a partial exp(-t), t ulps are lost",
    ),
    "dot": case(
        lambda a, b, c, d: a * c + b * d,
        lambda a, b, c, d: c,
        sizes=(lambda a, b, c, d: largest(a * c, b * d), None),
        note="in ulps of the largest term",
    ),
}


# ------------------------------------------------------------------------------- measuring


def draw(rng: random.Random, interval: Interval) -> float:
    """A number of the interval: near 0, anywhere, or of any size."""
    low, high = interval
    how = rng.randrange(3)
    if how == 0:
        return rng.uniform(max(low, -5.0), min(high, 5.0))
    if how == 1 or low == 1.0:
        return rng.uniform(low, high)
    ends = [end for end in interval if end != 0 and (end > 0 or low < 0)]
    end = rng.choice(ends)
    least = 1e-300 if low * high <= 0 else min(map(abs, interval))
    return copysign(exp(rng.uniform(log(least), log(abs(end)))), end)


def operands(rule: Rule, samples: int) -> Iterator[list[float]]:
    """Operands to measure at, the same ones every time."""
    rng = random.Random(rule.name)
    domain = CASES[rule.name].domain
    for _ in range(samples):
        xs = [draw(rng, domain[i % len(domain)]) for i in range(N if rule.nary else len(domain))]
        if rule.name == "polygamma":
            xs[1] = float(rng.randrange(4))
        if rule.name == "where":
            xs[0] *= rng.randrange(2)
        yield xs


def node(rule: Rule, xs: list[float]) -> Value:
    """The rule's node, as the functions and operators make it."""
    parents = [Value(x) for x in (xs[:-1] if rule.static else xs)]
    made: Value = call(rule, *parents, *xs[len(parents) :])
    return made


def ulps(computed: float, exact: Any, size: Any) -> float:
    """The error in units of the last place of `size`; 0 where no normal double is near enough."""
    if abs(exact) > sys.float_info.max or 0 < abs(exact) < sys.float_info.min:
        return 0.0
    if computed != computed:  # the largest of errors would not show a nan among them
        return inf
    return float(abs(mpf(computed) - exact) / ulp(float(max(abs(exact), size))))


def errors(rule: Rule, samples: int) -> tuple[float, float]:
    """The worst error of the value and of the partials, in ulps."""
    case = CASES[rule.name]
    value_size, partial_size = case.sizes
    of_value = of_partials = 0.0
    with mp.workdps(DIGITS):
        for xs in operands(rule, samples):
            point = [mpf(x) for x in xs]
            made = node(rule, xs)
            size = value_size(*point) if value_size else 0
            of_value = max(of_value, ulps(made.data, mpf(case.value(*point)), size))
            size = partial_size(*point) if partial_size else 0
            for partial, computed in zip(case.partials, made.partials, strict=False):  # n-ary: one
                of_partials = max(of_partials, ulps(computed, mpf(partial(*point)), size))
    return of_value, of_partials


# -------------------------------------------------------------------------------- the table

HEADER = """\
# Accuracy

How far is a value or a partial derivative from the exact one? The error is counted in
ulps, units in the last place of the exact result: a correctly rounded result is at most 0.5 ulps
away. The table has the largest error that was measured, and a bound that is promised;
`tests/operations/test_rules_accuracy.py` holds the bounds. `python docs/accuracy.py` draws
{samples:,} operands for each operation, compares with mpmath's results at {digits} digits, and
writes this page. Measured errors depend on the C library (here {libc}).

Operands are drawn close to 0, evenly from the domain, and evenly by their magnitude. Results beyond
the normal doubles, from 2.2e-308 to 1.8e308, are not counted.

| operation | drawn from | value: worst | bound | partials: worst | bound | |
|---|---|--:|--:|--:|--:|---|
"""


def promise(rule: Rule) -> str:
    """What the table says of a rule, with {} where it says what was measured."""
    case = CASES[rule.name]
    domain = " × ".join(f"{low:g} .. {high:g}" for low, high in case.domain)
    bounds = case.bounds
    return f"| `{rule.name}` | {domain} | {{}} | {bounds[0]} | {{}} | {bounds[1]} | {case.note} |"


def measured() -> Iterator[Rule]:
    """The rules that the table has."""
    return iter(OPERATIONS)


def table(samples: int) -> str:
    header = HEADER.format(samples=samples, digits=DIGITS, libc=" ".join(platform.libc_ver()))
    lines = [
        promise(rule).format(*map("{:.3g}".format, errors(rule, samples))) for rule in measured()
    ]
    return header + "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(table(3000), end="")
