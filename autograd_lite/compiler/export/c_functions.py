"""Functions of formulas in C99: those of <math.h> for a float or a double, and what it lacks."""

from __future__ import annotations

import re

from autograd_lite.operations.formulas import FUNCTIONS, with_terms

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from autograd_lite.operations.formulas import Tree

__all__ = ["FINITE", "IN_C", "PRODUCT", "PUT", "definitions", "put_in", "with_formulas"]

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


# ------------------------------------------------------------------------- functions of arrays

PRODUCT = """\
/* out = a @ b, or out += a @ b if add is set: `rows` x n numbers times n x `columns`. Each factor
   and the result is given by a pointer, and by its steps down and along. */
static void P_product(int32_t rows, int32_t columns, int32_t n, const R *a, int32_t a_down,
                      int32_t a_along, const R *b, int32_t b_down, int32_t b_along, R *out,
                      int32_t down, int32_t along, int add)
{
  for (int32_t j = 0; j < columns; j += 8) {
    const int32_t wide = columns - j < 8 ? columns - j : 8;
    for (int32_t first = 0; first < n; first += 16) { /* of b, 16 rows of 8 columns */
      const int32_t deep = n - first < 16 ? n - first : 16;
      R panel[16][8] = {{0}};
      for (int32_t k = 0; k < deep; k++)
        for (int32_t t = 0; t < wide; t++)
          panel[k][t] = b[(first + k) * b_down + (j + t) * b_along];
      for (int32_t i = 0, tall; i < rows; i += tall) { /* of a, 4 rows, or 1 of the last ones */
        const R *x = a + i * a_down + first * a_along;
        R sums[4][8] = {{0}};
        tall = rows - i < 4 ? 1 : 4;
        if (tall == 4)
          for (int32_t k = 0; k < deep; k++)
            for (int32_t t = 0; t < 8; t++) {
              sums[0][t] += x[k * a_along] * panel[k][t];
              sums[1][t] += x[k * a_along + a_down] * panel[k][t];
              sums[2][t] += x[k * a_along + 2 * a_down] * panel[k][t];
              sums[3][t] += x[k * a_along + 3 * a_down] * panel[k][t];
            }
        else
          for (int32_t k = 0; k < deep; k++)
            for (int32_t t = 0; t < 8; t++) sums[0][t] += x[k * a_along] * panel[k][t];
        for (int32_t r = 0; r < tall; r++)
          for (int32_t t = 0; t < wide; t++) {
            R *to = out + (i + r) * down + (j + t) * along;
            *to = (add || first ? *to : 0) + sums[r][t];
          }
      }
    }
  }
}
"""

PUT = """\
/* 1 if a new number is finite; it takes the place of the old one if `commit` is set. */
static int P_put(R *old, R x, int commit)
{
  if (commit) *old = x;
  return x - x == 0;
}
"""

FINITE = """\
/* 1 if all of n numbers are finite. */
static int P_finite(const R *x, int32_t n)
{
  int finite = 1;
  for (int32_t i = 0; i < n; i++) finite &= x[i] - x[i] == 0;
  return finite;
}
"""
