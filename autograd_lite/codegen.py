"""Writes the rule table as C: `kernels.h`, and the codes of the rules for `kernels.pxd`."""

from __future__ import annotations

from pathlib import Path

from autograd_lite.expressions import NotInCError, to_c
from autograd_lite.rules import RULES, Rule, digest

# The twins of the functions in ieee.py that differ from C's, or that C spells differently.
_PREAMBLE = """\
/* Written by codegen.py from the table in rules.py. */
#include <math.h>

#define COMPILED 1

static inline double ieee_power(double x, double y) { return y == 2.0 ? x * x : pow(x, y); }
static inline double ieee_exp2(double x) { return ieee_power(2.0, x); }
static inline double ieee_cbrt(double x) {
    const double root = ieee_power(fabs(x), 1.0 / 3.0);
    if (root == 0.0 || !(root < INFINITY)) return root == root ? copysign(root, x) : NAN;
    return copysign(root - (root - fabs(x) / root / root) / 3.0, x);
}
static inline double rounded_off(double x, double y, double product) {
    const double x_high = 134217729.0 * x - (134217729.0 * x - x);
    const double y_high = 134217729.0 * y - (134217729.0 * y - y);
    const double x_low = x - x_high, y_low = y - y_high;
    return ((x_high * y_high - product) + x_high * y_low + x_low * y_high) + x_low * y_low;
}
static inline double ieee_gaussian(double x, double c) {
    const double square = x * x, out = exp(-c * square);
    if (!(1.0 < square && square < 1600.0)) return out;
    return out - out * (c * rounded_off(x, x, square));
}
static inline double ieee_normal_cdf(double x) {
    const double sqrt2 = 1.4142135623730951, sqrt2_low = -9.667293313452913e-17;
    const double z = -x / sqrt2, out = erfc(z) / 2.0;
    if (!(0.5 < z && z < 28.0)) return out;
    const double product = z * sqrt2;
    const double left = (-x - product) - rounded_off(z, sqrt2, product) - z * sqrt2_low;
    return out - exp(-z * z) * (left / sqrt2) * 0.5641895835477563;
}
static inline double ieee_times_sigmoid(double a, double x) {
    if (x < -700.0) return a * exp(x / 2.0) * exp(x / 2.0);
    return a / (1.0 + exp(-x));
}

"""


def _kernel(rule: Rule) -> str | None:
    """The C function of a rule: reads its operands, writes its partials, returns its value."""
    if rule.name in ("leaf", "dot"):  # no formula in x, n and out
        return None
    names = {"xs": ("x", "n", "out"), "x": ("x",)}.get(rule.operands, tuple(rule.operands))
    reads = " ".join(f"const double {name} = a[{i}];" for i, name in enumerate(names))
    try:
        if rule.nary:
            body = f"return {to_c(rule.partials[0])};"
        else:
            writes = " ".join(f"d[{i}] = {to_c(p)};" for i, p in enumerate(rule.partials))
            body = f"const double out = {to_c(rule.value)}; {writes} return out;"
    except NotInCError:
        return None
    return f"static double k_{rule.name}(const double *a, double *d) {{ {reads} {body} }}\n"


def write_kernels(folder: Path) -> None:
    """Write the generated files into `folder`, leaving a file alone that is current."""
    kernels = {rule.name: _kernel(rule) for rule in RULES}
    table = ", ".join(f"k_{rule.name}" if kernels[rule.name] else "NULL" for rule in RULES)
    codes = "".join(f"    CODE_{rule.name} = {rule.code},\n" for rule in RULES)
    header = (
        _PREAMBLE
        + "".join(kernel for kernel in kernels.values() if kernel)
        + "\ntypedef double (*kernel_t)(const double *, double *);\n"
        + f"static const kernel_t KERNELS[] = {{{table}}};\n"
        + f"static const int N_KERNELS = {len(RULES)};\n"
        + f"static const unsigned int DIGEST = {digest()}u;\n"
        + f"enum {{\n{codes}}};\n"
    )
    names = "".join(f'        {rule.name.upper()} "CODE_{rule.name}"\n' for rule in RULES)
    _write(folder / "kernels.h", header)
    _write(folder / "kernels_codes.pxi", f'cdef extern from "kernels.h":\n    enum:\n{names}')


def _write(path: Path, text: str) -> None:
    if not path.exists() or path.read_text() != text:
        path.write_text(text)
