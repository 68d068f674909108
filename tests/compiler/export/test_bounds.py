"""Decisions on arguments: bounds that a source checks, and what is refused."""

from math import inf, nextafter

import numpy as np
import pytest

from autograd_lite import Value, exp, nn, where
from autograd_lite.compiler.export.reading import read
from autograd_lite.compiler.export.recorded import ExportError

w = Value(0.5)
linear = nn.Linear(2, 3, rng=0)


def bounds(f, *args):
    return {a.name: (a.lowest, a.highest) for a in read(f, args).arguments}


def checked(x):
    if not 0 <= x <= 1:
        raise ValueError
    return w * x


def above(x):
    return w * x if x > 2.0 else -w


def even(k):
    return w * k if k > 2 else -w


def test_a_decision_on_an_argument_is_a_bound():
    assert bounds(checked, 0.5) == {"x": (0.0, 1.0)}
    assert bounds(above, 3.0) == {"x": (nextafter(2.0, inf), inf)}
    assert bounds(above, 1.0) == {"x": (-inf, 2.0)}


def test_a_bound_of_an_int_is_an_int():
    assert bounds(even, 5) == {"k": (3.0, inf)}
    assert bounds(even, 1) == {"k": (-inf, 2.0)}


@pytest.mark.parametrize("labels", [[0, 2], np.array([0, 2])])
def test_labels_are_within_their_range(labels):
    found = bounds(lambda x, labels: nn.cross_entropy(linear(x), labels), np.ones((2, 2)), labels)
    assert found == {"x": (-inf, inf), "labels": (0.0, 2.0)}


def test_what_python_raises_an_error_for_is_no_bound():
    assert bounds(lambda x, y: w * (x / y), 1.0, 2.0) == {"x": (-inf, inf), "y": (-inf, inf)}
    assert bounds(lambda x: w * (x * x + 1e-5) ** -0.5, 1.0) == {"x": (-inf, inf)}


@pytest.mark.parametrize(
    ("f", "args", "instead"),
    [
        (lambda xs: sum(x * w if x > 0 else w for x in xs), ([1.0, -1.0],), "where(condition"),
        (lambda x: x * w if (x * w).data > 0 else w, (1.0,), "where(condition"),
        (lambda x: x * w if w.data > 0 else w, (1.0,), "where(condition"),
        (lambda x, y: x * w if x > y else w, (1.0, 0.5), "where(condition"),
        (lambda x: x * w if x else w, (1.0,), "where(condition"),
        (lambda x: w * float(x), (1.0,), "exp(x)"),
        (lambda x: w * hash(x), (1.0,), "exp(x)"),
        (lambda i, j: [w, exp(w)][i[0]] * j, (np.array([1, 0]), 1.0), "take(table, i)"),
    ],
)
def test_other_decisions_are_refused_by_their_line(f, args, instead):
    with pytest.raises(ExportError, match=r"test_bounds\.py") as caught:
        read(f, args)
    assert instead in str(caught.value)


def test_where_decides_anew():
    assert bounds(lambda xs: sum(where(x > 0, x * w, w) for x in xs), [1.0, -1.0])
