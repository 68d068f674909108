"""Functions of formulas in C99: those of <math.h> for a float or a double, and what it lacks."""

from __future__ import annotations

import re

from autograd_lite.operations.formulas import FUNCTIONS, with_terms

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from autograd_lite.operations.formulas import Tree

__all__ = ["IN_C", "definitions", "put_in", "with_formulas"]

_LIBRARY = {name: function.c for name, function in FUNCTIONS.items() if function.c}
_LIBRARY = {name: c for name, c in _LIBRARY.items() if not c.startswith("ieee_")}
_LIBRARY |= {"cbrt": "cbrt", "exp2": "exp2", "lgamma": "lgamma"}
_OF_TWO = {"atan2", "copysign", "fmod", "hypot"}

# (what it calls, its parameters, its body); R stands for NAME_REAL and P for the prefix.
_OURS: dict[str, tuple[tuple[str, ...], str, str]] = {
    "maximum": ((), "R x, R y", "  return x > y || x != x ? x : y;"),
    "power": (
        (),
        "R x, R y",
        """\
  if (y == 2) return x * x;
  if (sizeof(R) == sizeof(float)) return (R)powf((float)x, (float)y);
  return (R)pow((double)x, (double)y);""",
    ),
    "floor_mod": (
        ("fmod", "copysign"),
        "R x, R y",
        """\
  const R left = P_fmod(x, y);
  if (left == 0) return P_copysign(left, y);
  return (left < 0) != (y < 0) ? left + y : left;""",
    ),
    "floor_divide": (
        ("fmod", "copysign", "round_even"),
        "R x, R y",
        """\
  const R left = P_fmod(x, y);
  R quotient = (x - left) / y;
  if (y == 0) return x / y;
  if (left != 0 && (left < 0) != (y < 0)) quotient -= 1;
  return quotient != 0 ? P_round_even(quotient) : P_copysign(0, x / y);""",
    ),
    # Abramowitz and Stegun, 6.4.6, 6.4.7 and 6.4.11, as in autograd_lite/operations/ieee.py.
    "polygamma": (
        (),
        "R order, R at",
        """\
  static const double bernoulli[8] = {
    1.0 / 6, -1.0 / 30, 1.0 / 42, -1.0 / 30, 5.0 / 66, -691.0 / 2730, 7.0 / 6, -3617.0 / 510};
  const double pi = 3.141592653589793;
  const int n = (int)order, reflected = at < 0 && n < 2;
  const double angle = pi * ((double)at - floor((double)at + 0.5));
  double x = reflected ? 1 - (double)at : (double)at, near = 0, far, factorial = 1, rising;
  int k;
  if (at != at || (double)at == -(double)INFINITY) return (R)NAN;
  if (at == 0) return n % 2 ? (R)INFINITY : (R)copysign(INFINITY, -(double)at);
  if (at < 0 && (double)at == floor((double)at)) return n % 2 ? (R)INFINITY : (R)NAN;
  if (n > 100 || x < -1e4) return (R)NAN;
  for (k = 2; k <= n; k++) factorial *= k;
  for (; x < 20 + n; x += 1) near += pow(x, -n - 1);
  far = n ? factorial / n * pow(x, -n) : -log(x);
  far += factorial / 2 * pow(x, -n - 1);
  rising = factorial * (n + 1) / 2;
  for (k = 1; k <= 8; k++) {
    far += bernoulli[k - 1] * rising * pow(x, -2 * k - n);
    rising *= (2.0 * k + n) * (2.0 * k + n + 1) / ((2.0 * k + 1) * (2.0 * k + 2));
  }
  x = (factorial * near + far) * (n % 2 ? 1 : -1);
  if (reflected) x = n ? pow(pi / sin(angle), 2) - x : x - pi / tan(angle);
  return (R)x;""",
    ),
}

IN_C = _LIBRARY.keys() | _OURS.keys()
"""The functions of formulas that are there; others have formulas of these, or are not in C."""


def with_formulas(tree: Tree) -> Tree:
    """The tree with formulas for the functions that have some."""
    if not isinstance(tree, tuple):
        return tree
    name, *operands = tree[0], *map(with_formulas, tree[1:])
    function = FUNCTIONS.get(name)
    if function and function.arrays and name not in IN_C:
        terms = dict(zip("xy", operands, strict=False))
        return with_formulas(with_terms(function.arrays.tree, terms))
    return (name, *operands)


def definitions(used: Iterable[str], prefix: str, real: str) -> Iterator[str]:
    """The static functions for these and what they call, each before its first use."""
    wanted = dict.fromkeys(name for f in sorted(used) for name in (*_called(f), f))
    for name in wanted:
        if name in _OURS:
            _, parameters, body = _OURS[name]
            text = f"static R P_{name}({parameters})\n{{\n{body}\n}}"
        else:
            c, two = _LIBRARY[name], name in _OF_TWO
            parameters = "R x, R y" if two else "R x"
            single = "(float)x, (float)y" if two else "(float)x"
            double = "(double)x, (double)y" if two else "(double)x"
            text = (
                f"static R P_{name}({parameters})\n{{\n"
                f"  return sizeof(R) == sizeof(float) ? (R){c}f({single}) : (R){c}({double});\n}}"
            )
        yield put_in(f"{text}\n", prefix, real)


def _called(name: str) -> tuple[str, ...]:
    return _OURS[name][0] if name in _OURS else ()


def put_in(text: str, prefix: str, real: str) -> str:
    """A text with the prefix for P, and the type of numbers for R."""
    text = re.sub(r"\bP_", f"{prefix}_", text)
    return re.sub(r"\bR\b", real, text)
