"""The file of an export in C: what a reader sees."""

from autograd_lite import Value, dot, export, tanh
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
