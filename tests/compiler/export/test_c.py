"""Exports in C: compiled strictly by each compiler, run, and compared with the interpreter."""

import random
import re
from types import SimpleNamespace

import numpy as np
import pytest

import autograd_lite as al
from autograd_lite import Value, nn
from autograd_lite.compiler.export import ExportError, c
from tests.compiler.fuzz_exports import scalar
from tests.support.c99 import COMPILERS, SANITIZED, expected, printed
from tests.support.in_c import needs_compiler
from tests.support.scalar_programs import program

draw = random.Random(0)
X = [[draw.gauss(0, 1) for _ in range(3)] for _ in range(10)]
Y = [draw.choice([-1.0, 1.0]) for _ in range(10)]
network = nn.MLP(3, [5, 1], rng=random.Random(1))
table = [[Value(draw.gauss(0, 1)) for _ in range(4)] for _ in range(6)]
shared = Value(0.3)


def hinge(xs, ys):
    """The mean hinge loss."""
    return al.mean([(1 - y * network(x)).relu() for x, y in zip(xs, ys, strict=True)])


def embedded(tokens, targets):
    """Rows of a table, as logits."""
    rows = [[al.take(column, t) for column in zip(*table, strict=True)] for t in tokens]
    losses = [
        al.logsumexp(row) - al.take(row, target) for row, target in zip(rows, targets, strict=True)
    ]
    return al.sum(losses)


def recurrent(xs):
    """A loop in which each step needs the last."""
    h = [Value(0.0)] * 4
    for x in xs:
        h = [al.tanh(al.dot(table[i], h) + table[4][i] * x[0]) for i in range(4)]
    return al.sum(h)


def functions(x):
    """What C99 has under another name, or not at all."""
    y = shared * x + 1.5
    return al.lgamma(y) + al.erf(y) + y % 1.0 + al.expm1(y) + y**shared + al.gelu(y)


def unread(x):
    """The number of a parameter, and another that only another loss reads."""
    return table[0][0] * x + table[0][2]


def two(x):
    return {"double": shared * x, "square": shared * shared}


LOSSES = [
    (hinge, (X, Y)),
    (embedded, ([0, 5, 2, -1], [3, 0, 1, 1])),
    (recurrent, (X,)),
    (functions, (0.7,)),
    (unread, (2.0,)),
    (two, (3.0,)),
]


@pytest.fixture(params=LOSSES, ids=lambda loss: loss[0].__name__)
def source(request):
    f, args = request.param
    return al.export(f, "c", *args)


@needs_compiler
def test_a_source_is_checked_and_says_so(source):
    assert "Checked when it was made: run by a C compiler" in re.sub(r"\s+", " ", source.text)
    name = source.exported.name
    assert all(name in line for line in source.text.splitlines() if line.startswith("static"))
    assert not re.search(r"\b(malloc|long|__(?!cplusplus)\w+)\b", source.text)


@pytest.mark.slow
@pytest.mark.once
@pytest.mark.parametrize("compiler", COMPILERS)
def test_no_warning_the_same_numbers_and_nothing_outside_of_arrays(source, compiler, tmp_path):
    """In double precision under sanitizers."""
    status, numbers = printed(source, tmp_path, compiler, flags=SANITIZED)
    np.testing.assert_allclose(numbers, expected(source), rtol=1e-12, atol=1e-14)
    assert status == 0
    status, numbers = printed(source, tmp_path, compiler, "float")
    largest = np.abs(expected(source)).max()
    np.testing.assert_allclose(numbers, expected(source), rtol=1e-5, atol=1e-5 * largest)
    assert status == 0


@pytest.mark.slow
@pytest.mark.parametrize("compiler", COMPILERS[:1])
def test_what_is_out_of_range_or_not_finite_is_told(compiler, tmp_path):
    source = al.export(embedded, "c", [0, 5], [3, 0])
    for wrong in ([6, 0], [0, -7]):
        status, numbers = printed(source, tmp_path, compiler, arguments=(wrong, [0, 0]))
        assert status == 2
        assert not numbers.any()
    source = al.export(hinge, "c", X, Y)
    status, numbers = printed(source, tmp_path, compiler, arguments=(X, [np.float64("nan")] * 10))
    assert status == 1


@needs_compiler
@pytest.mark.parametrize("seed", range(8))
def test_random_programs(seed):
    f, args = program(seed)
    try:
        text = al.export(f, "c", *args).text  # which is checked, or raises
    except ExportError as problem:
        assert "decides by a number" in str(problem)  # noqa: PT017
    else:
        assert "Checked when" in text


@needs_compiler
def test_numbers_are_scattered_over_the_gradients_and_the_work_memory():
    f, args = program(1269)
    assert "Checked when" in al.export(scalar(f), "c", *args).text


def test_names_are_words_of_no_language():
    """Nor those of C's library, nor two that macros cannot tell."""
    values = {
        "int": Value(1.0),
        "exp": Value(2.0),
        "W": Value(3.0),
        "w": Value(4.0),
        "y0": Value(5.0),
    }

    def step(index, work):
        v = values
        return v["int"] * index + v["exp"] * work + v["W"] * v["w"] + al.exp(v["y0"])

    text = al.export(step, "c", 1.0, 2.0).text
    assert "STEP_INT_" in text
    assert "STEP_W_2" in text
    assert "int step_value_and_grad(const STEP_REAL *parameters, STEP_REAL index, " in text


@needs_compiler
def test_no_name_breaks_the_c():
    names = ["a*/b", "M_PI", "unix", "two\nlines", "hostile_product", "INFINITY", "??/", "\\"]
    values = {name: Value(1.5) for name in names}

    def hostile(int32_t, linux):
        rows = [[v * int32_t for v in values.values()], [v * linux for v in values.values()]]
        return al.dot(*rows)

    assert "Checked when" in al.export(hostile, "c", 1.0, 2.0).text


def test_a_function_that_c_lacks_is_named():
    def curved(x):
        return al.hessian(lambda z: al.sinc(z * shared))(x)

    with pytest.raises(ExportError, match=r"curved uses sinc_derivative.*which C has not"):
        al.export(curved, "c", 0.4)


@needs_compiler
@pytest.mark.parametrize("problem", ["x.c:1:1: error: expected ';'", "x.c:1: fatal error: math.h"])
def test_what_a_compiler_refuses_is_not_given_out(problem, monkeypatch):
    """One that finds no headers says nothing of the source."""
    monkeypatch.setattr(c, "Library", lambda text: SimpleNamespace(problem=problem, wait=lambda: 0))
    if "fatal" in problem:
        assert "Not checked: the C compiler does not work" in al.export(unread, "c", 2.0).text
    else:
        with pytest.raises(ExportError, match="the C of unread is refused"):
            al.export(unread, "c", 2.0)


@needs_compiler
def test_whole_numbers_that_are_no_int_of_32_bits_are_floats():
    w = Value(0.5)
    assert "int32_t k" in al.export(lambda k: w * k, "c", 2**31 - 1).text
    assert "REAL k" in al.export(lambda k: w * k, "c", 2**31).text
