"""The file of an export in C: what a reader sees."""

import shutil
import subprocess

import pytest

from autograd_lite import Value, dot, export, nn, tanh
from autograd_lite.compiler.export.c_file import _indented, _signature

w, b = [Value(0.5), Value(-1.0)], Value(0.25)


def error(xs, ys):
    """The sum of squared errors of a neuron."""
    return sum((tanh(dot(w, x) + b) - y) ** 2 for x, y in zip(xs, ys, strict=True))


def test_a_neuron_reads_like_the_formulas():
    text = export(
        error, "c", [[1.0, 2.0], [3.0, 1.0], [0.5, 4.0], [2.0, 0.0]], [0.0, 1.0, -1.0, 0.5]
    ).text
    for line in (
        "   The sum of squared errors of a neuron.",
        "#define ERROR_PARAMETERS 3",
        "  ERROR_W = 0, /* w[2] */",
        "int error_value_and_grad(const ERROR_REAL *parameters, const ERROR_REAL *xs, "
        "const ERROR_REAL *ys,",
        f"{'':25}ERROR_REAL *value, ERROR_REAL *gradients, ERROR_REAL *work);",
        "  /* z1[1, 4] = w[1, 2] @ xs[2, 4] */",
        "  error_product(1, 4, 2, &w[0], 0, 1, &xs[0], 1, 2, &z1[0], 0, 1, 0);",
        "  ERROR_REAL *const dw = gradients;",
    ):
        assert line in text.splitlines(), line
    assert "error_tanh(" in text


def test_signatures_and_indents():
    assert _signature("void f", []) == "void f(void)"
    assert max(map(len, _signature("int f", ["const double *x"] * 20).splitlines())) < 100
    assert _indented(["for (;;) {", "x;", "}", "y;"]) == "  for (;;) {\n    x;\n  }\n  y;"


def test_what_must_be_set_is_said():
    rates = nn.optim.SGD([*w, b], lr=0.1)
    xs, ys = [[1.0, 2.0]], [0.0]
    line = "   Set `parameters` and `state` before the first call: "
    line += "source.parameters() and source.state() have the numbers."
    assert line in export(error, "c", xs, ys, optimizer=rates).text.splitlines()
    assert "   Set `parameters` before" in export(error, "c", xs, ys).text
    assert "before the first call" not in export(lambda x: x * x, "c", 1.0, name="f").text


@pytest.mark.full
@pytest.mark.skipif(not shutil.which("g++"), reason="needs g++")
def test_cpp_calls_the_function_and_is_told_to_compile_it_as_c(tmp_path):
    export(error, "c", [[1.0, 2.0]], [0.0]).save(tmp_path / "error.h")
    (tmp_path / "a.c").write_text('#define ERROR_IMPLEMENTATION\n#include "error.h"\n')
    (tmp_path / "b.cpp").write_text(
        '#include "error.h"\n'
        "int main() {\n"
        "  double p[] = {0.5, -1, 0.25}, xs[] = {1, 2}, ys[] = {0}, value, work[ERROR_WORK / 8];\n"
        "  return error_value_and_grad(p, xs, ys, &value, 0, work);\n"
        "}\n"
    )
    strict = ["-Wall", "-Wextra", "-pedantic", "-Werror"]
    for command in (
        ["gcc", "-std=c99", *strict, "-c", "a.c"],
        ["g++", *strict, "b.cpp", "a.o", "-lm"],
        ["./a.out"],
    ):
        subprocess.run(command, cwd=tmp_path, check=True)
    as_cpp = ["g++", "-x", "c++", "-c", "a.c"]
    refused = subprocess.run(as_cpp, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "compile the file that defines ERROR_IMPLEMENTATION as C" in refused.stderr
