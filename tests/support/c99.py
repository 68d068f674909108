"""Exports in C as programs of their own: compiled strictly, run, and what they print."""

import ctypes
import subprocess

import numpy as np

from autograd_lite.compiler.export.c import file_of
from autograd_lite.compiler.export.c_formulas import number_in_c
from autograd_lite.compiler.run.compiler import Library
from tests.support.in_c import COMPILERS

STRICT = ["-std=c99", "-Wall", "-Wextra", "-pedantic", "-Wconversion", "-Wshadow", "-Werror"]
SANITIZED = ["-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=undefined"]

__all__ = ["COMPILERS", "SANITIZED", "STRICT", "expected", "printed", "stepping"]


def printed(source, folder, compiler, real="double", flags=("-O1",), arguments=None):
    """What a program prints that calls the function once: its status, then each number of the
    results, and of the gradients.

    arguments  in place of the recorded ones
    """
    exported, file = source.exported, file_of(source.exported)
    kind = f"{file.upper}_REAL"
    (folder / "export.h").write_text(source.text)
    lines = [
        f"#define {kind} {real}",
        f"#define {file.upper}_IMPLEMENTATION",
        '#include "export.h"',
    ]
    lines.append("#include <stdio.h>")
    passed = []

    def array(name, numbers, kind, size=None):
        numbers = np.ravel(numbers)
        text = ", ".join(number_in_c(x, kind) for x in numbers.tolist())
        size = len(numbers) if size is None else size
        lines.append(f"static {kind} {name}_of_mine[{size}] = {{{text or 0}}};")
        passed.append(f"{name}_of_mine")

    if exported.parameters:
        array("parameters", np.concatenate([p.numbers.ravel() for p in exported.parameters]), kind)
    if exported.state:
        array("state", np.concatenate([s.numbers.ravel() for s in exported.state]), kind)
    given = [a.numbers for a in exported.arguments] if arguments is None else arguments
    for name, argument, numbers in zip(file.arguments, exported.arguments, given, strict=True):
        whole = name in file.integers
        numbers = np.array(numbers, int if whole else float)
        array(name, numbers, "int32_t" if whole else kind)
        if not argument.shape:
            passed[-1] += "[0]"
    if file.n_results:
        array("results", [], kind, file.n_results)
    if exported.differentiable:
        array("gradients", [], kind, f"{file.upper}_PARAMETERS")
    array("work", [], kind, f"{file.upper}_WORK / sizeof({kind})")
    shown = [("results", file.n_results)]
    shown += [("gradients", file.starts[-1])] if exported.differentiable else []
    if exported.is_step:
        shown += [("parameters", file.starts[-1]), ("state", file.state_starts[-1])]
    shown = [(name, n) for name, n in shown if n]
    lines += ["int main(void)", "{", f'  printf("%d\\n", {file.function}({", ".join(passed)}));']
    for name, n in shown:
        lines.append(
            f'  for (int i = 0; i < {n}; i++) printf("%.17g\\n", (double){name}_of_mine[i]);'
        )
    lines += ["  return 0;", "}", ""]
    (folder / "main.c").write_text("\n".join(lines))
    command = [compiler, *STRICT, *flags, "-o", "program", "main.c", "-lm"]
    made = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert not made.stderr, made.stderr
    assert made.returncode == 0
    ran = subprocess.run([folder / "program"], capture_output=True, text=True)
    assert not ran.stderr, ran.stderr
    assert ran.returncode == 0
    status, *numbers = ran.stdout.split()
    return int(status), np.array([float(x) for x in numbers])


def expected(source):
    """The same numbers of the interpreter."""
    numbers, _ = source.exported.reference
    found = [*numbers.results, *(numbers.gradients or {}).values()]
    if source.exported.is_step:
        every = (*source.exported.parameters, *source.exported.state)
        found += [numbers.state.get(x.name, x.numbers) for x in every]
    return np.concatenate([np.ravel(x) for x in found])


def stepping(source):
    """A function that makes a step in C, of (parameters, state, *arguments): its status, and the
    results.
    """
    file = file_of(source.exported)
    library = Library(f"#define {file.upper}_IMPLEMENTATION\n{source.text}")
    library.wait()
    assert not library.problem
    address = library.address(file.function)

    def step(parameters, state, *arguments):
        results, work = np.zeros(file.n_results), np.full(file.laid.regions[-1].size + 1, np.nan)
        arrays = [parameters, *([state] if len(state) else []), *arguments, results, work]
        kinds = [ctypes.c_void_p] * len(arrays)
        call = ctypes.CFUNCTYPE(ctypes.c_int, *kinds)(address)
        return call(*(x.ctypes.data for x in arrays)), results

    return step
