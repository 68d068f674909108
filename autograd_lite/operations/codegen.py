"""Writes the rule table as C: `kernels.h`, and the codes of the rules for `kernels.pxd`."""

from __future__ import annotations

from pathlib import Path

from autograd_lite.operations.formulas import NotInCError, to_c
from autograd_lite.operations.rules import RULES, Rule, table_checksum

_PREAMBLE = """\
/* Written by codegen.py from the table in rules.py. */
#include "ieee.h"

#define COMPILED 1

"""


def _kernel(rule: Rule) -> str | None:
    """The C function of a rule: reads its operands, writes its partials, returns its value."""
    if rule.name == "leaf" or (rule.nary and not rule.loop):
        return None
    names = {"xs": ("x", "n", "out"), "x": ("x",)}.get(rule.operands, tuple(rule.operands))
    reads = " ".join(f"const double {name} = a[{i}];" for i, name in enumerate(names))
    try:
        if rule.nary:
            body = f"return {to_c(rule.partials[0].tree)};"
        else:
            writes = " ".join(f"d[{i}] = {to_c(p.tree)};" for i, p in enumerate(rule.partials))
            body = f"const double out = {to_c(rule.value.tree)}; {writes} return out;"
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
        + f"static const unsigned int TABLE_CHECKSUM = {table_checksum()}u;\n"
        + f"enum {{\n{codes}}};\n"
    )
    names = "".join(f'        {rule.name.upper()} "CODE_{rule.name}"\n' for rule in RULES)
    _write(folder / "kernels.h", header)
    _write(folder / "kernels_codes.pxi", f'cdef extern from "kernels.h":\n    enum:\n{names}')


def _write(path: Path, text: str) -> None:
    if not path.exists() or path.read_text() != text:
        path.write_text(text)
