"""Sources for any number of samples: what is made of several recordings, and what is not."""

import numpy as np
import pytest

import autograd_lite as al
from autograd_lite import Value
from autograd_lite.compiler.export.expressions import name, number, operation
from autograd_lite.compiler.export.numpy import DIALECT
from autograd_lite.compiler.export.python import Printer
from autograd_lite.compiler.export.samples import SIZES, DifferentError, Size, unified
from tests.support.array_exports import MADE

ANY = ["chapter", "moons", "rosenbrock", "softmax", "attention", "option", "clusters"]


def size(formula):
    return Size([formula(n) for n in SIZES])


@pytest.mark.parametrize(
    ("formula", "text"),
    [
        (lambda n: n, "n"),
        (lambda n: n - 1, "n - 1"),
        (lambda n: 3 * n + 2, "3 * n + 2"),
        (lambda n: 16 - n, "16 - n"),
        (lambda n: 4 * n * n, "4 * n * n"),
    ],
)
def test_a_size_is_a_formula_of_n(formula, text):
    assert str(size(formula)) == text


def test_sizes_are_computed_with_and_compared():
    n = size(lambda n: n)
    assert str(n + 1) == "n + 1"
    assert str(2 * n - 3) == "2 * n - 3"
    assert n - n == 0
    assert n > 2
    assert n < 100
    with pytest.raises(DifferentError):
        assert n > 6
    with pytest.raises(DifferentError):
        str(Size([1, 2, 4]))


@pytest.mark.parametrize(
    ("formula", "text"),
    [
        (lambda n: 0.25, "0.25 * z"),
        (lambda n: 1 / n, "z / n"),
        (lambda n: 3 / n, "3 * z / n"),
        (lambda n: 0.1 * n, "0.1 * n * z"),
        (lambda n: 2 / (n - 1), "2 * z / (n - 1)"),
    ],
)
def test_a_number_is_a_formula_of_n(formula, text):
    z = name("z", ())
    found = unified([operation("*", number(formula(n)), z) for n in SIZES])
    assert Printer(DIALECT).text(found) == text


def test_what_is_not_alike_is_refused():
    with pytest.raises(DifferentError):
        unified([number(float(n * n * n)) for n in SIZES])
    with pytest.raises(DifferentError):
        unified([name("x", ()), name("y", ()), name("x", ())])
    with pytest.raises(DifferentError):
        unified([np.arange(n) for n in SIZES])


def grown(arg, n, rng):
    """n samples of the kind of an argument."""
    if np.ndim(arg) == 0 or isinstance(arg, list):
        return arg
    picked = arg[rng.integers(0, len(arg), n)]
    return picked + 0.1 * rng.normal(size=picked.shape) if arg.dtype == float else picked


@pytest.mark.parametrize("name", ANY)
@pytest.mark.parametrize("n", [2, 31])
def test_a_source_runs_for_any_number_of_samples(name, n):
    function, args = MADE[name]()
    source = al.export(function, "numpy", *args, name="f")
    assert "(n," in source.text
    rng = np.random.default_rng(n)
    if isinstance(args[0], list):  # samples that are Values
        args = ([Value(rng.normal()) for _ in range(n)],)
        parameters, given = {"x": np.array([v.data for v in args[0]])}, []
    else:
        given = args = [grown(arg, n, rng) for arg in args]
        parameters = source.parameters()
    values = {p.name: p.values for p in source.exported.parameters}
    if isinstance(args[0], list):
        values = {"x": np.array(args[0], dtype=object)}
    for some in values.values():
        for x in some.flat:
            x.grad = 0.0
    expected = function(*args)
    expected.backward()
    space = {}
    exec(source.text, space)
    value, grads = space["f_and_grad"](parameters, *given)
    assert value == pytest.approx(expected.data, rel=1e-12)
    gradients = {
        known: np.reshape([x.grad for x in some.flat], some.shape) for known, some in values.items()
    }
    largest = max(np.abs(g).max() for g in gradients.values())
    for known, gradient in gradients.items():
        np.testing.assert_allclose(grads[known], gradient, rtol=0, atol=1e-12 * largest)


def test_a_function_of_vectors_of_one_length_is_for_that_length():
    w = [Value(1.0), Value(2.0)]
    source = al.export(
        lambda x: sum(p * q for p, q in zip(w, x, strict=False)), "numpy", [1.0, 2.0]
    )
    assert "x  (2,)" in source.text


def test_what_does_other_things_for_other_numbers_is_for_the_recorded_one():
    w = Value(2.0)

    def loss(xs):
        return sum((w * x) ** (1 + len(xs) % 3) for x in xs)

    source = al.export(loss, "numpy", np.arange(1.0, 5.0))
    assert "xs  (4,)" in source.text


def test_what_goes_through_something_of_the_recorded_length_is_for_that_length():
    w, ones = Value(2.0), [1.0] * 4

    def loss(xs):
        return sum(w * x * one for x, one in zip(xs, ones, strict=False))

    source = al.export(loss, "numpy", np.arange(1.0, 5.0))
    assert "xs  (4,)" in source.text


W = [Value(0.5), Value(-0.3)]


def shape_of(f):
    return al.export(f, "numpy", [0.5, 1.5, -1.0, 2.0, 0.25, 3.0, 0.75, -2.0]).shapes.get("xs")


def test_few_samples_are_refused_where_the_function_does_other_things_with_them():
    def scaled(xs):
        return sum(W[0] * x for x in xs) / (len(xs) if len(xs) > 4 else 4)

    source = al.export(scaled, "numpy", [0.5, 1.5, -1.0, 2.0, 0.25, 3.0, 0.75, -2.0])
    space = {}
    exec(str(source), space)
    given = source.parameters(), np.array([1.0, 2.0])
    with pytest.raises(ValueError, match="there must be at least 3 samples"):
        space["scaled"](*given)


def test_few_samples_are_refused_where_the_function_raises():
    def spread(xs):
        if len(xs) < 2:
            raise ValueError
        mean = sum(xs) / len(xs)
        return sum((W[0] * x - mean) ** 2 for x in xs) / (len(xs) - 1)

    text = str(al.export(spread, "numpy", [0.5, 1.5, -1.0, 2.0]))
    assert "if n < 2:" in text


def test_one_sample_is_refused_where_two_are_read():
    def products(xs):
        y = [al.dot(W, x) for x in xs]
        return sum(y[i] * y[i - 1] for i in range(1, len(y))) + W[0]

    source = al.export(products, "numpy", np.ones((6, 2)))
    space = {}
    exec(str(source), space)
    with pytest.raises(ValueError, match="there must be at least 2 samples"):
        space["products_and_grad"](source.parameters(), np.ones((1, 2)))


def test_an_index_from_the_end_is_none_of_few_samples():
    def last(p):
        return sum(x * x for x in p) + (p[len(p) - 4] * 3 if len(p) >= 4 else 0)

    assert "if n < 4:" in str(al.export(last, "numpy", [Value(1.0 + i) for i in range(9)]))


@pytest.mark.parametrize(
    "f",
    [
        lambda xs: sum(W[0] * x for x in xs) / min(len(xs), 16),
        lambda xs: sum(W[0] * x * k for x, k in zip(xs, [2.0] * 20, strict=False)),
        lambda xs: sum(W[0] * x for x in xs[:30]),
    ],
    ids=["a bound", "a list of its own", "the first thirty"],
)
def test_what_ends_at_a_length_beyond_the_example_is_for_one_length(f):
    assert shape_of(lambda xs: sum(W[0] * x for x in xs) / len(xs)) == ("n",)
    assert shape_of(f) is None
