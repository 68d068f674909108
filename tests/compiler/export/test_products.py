"""Sums of products: each is what NumPy's einsum gives, and matrix products are written as such."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd_lite.compiler.export.expressions import name, transpose
from autograd_lite.compiler.export.numpy import DIALECT
from autograd_lite.compiler.export.products import product
from autograd_lite.compiler.export.python import Printer

SIZES = (2, 3, 4, 5)
LETTERS = "ijkl"


def reader(known, axes):
    def read(order):
        whole = name(known, tuple(SIZES[i] for i in axes))
        return transpose(whole, tuple(axes.index(i) for i in order))

    return read


def written(axes_a, axes_b, outer, n=4):
    """The text of the product, and its axes."""
    found, axes = product(
        reader("a", axes_a), reader("b", axes_b), axes_a, axes_b, SIZES[:n], outer
    )
    return Printer(DIALECT).text(found), axes, found.shape


some = st.lists(st.sampled_from(range(4)), unique=True, max_size=4)


@given(axes_a=some, axes_b=some, outer=st.integers(0, 4))
def test_a_product_is_the_sum_of_products(axes_a, axes_b, outer):
    if not axes_a and not axes_b:
        return
    text, axes, shape = written(axes_a, axes_b, outer)
    rng = np.random.default_rng(0)
    a, b = (rng.normal(size=[SIZES[i] for i in order]) for order in (axes_a, axes_b))
    found = eval(text, {"np": np, "a": a, "b": b})
    words = ["".join(LETTERS[i] for i in order) for order in (axes_a, axes_b, axes)]
    expected = np.einsum(f"{words[0]},{words[1]}->{words[2]}", a, b)
    missing = [SIZES[i] for i in range(outer, 4) if i not in (*axes_a, *axes_b)]
    assert sorted(axes) == axes
    assert np.shape(found) == shape
    np.testing.assert_allclose(found, expected * np.prod(missing))


@pytest.mark.parametrize(
    ("axes", "outer", "n", "text"),
    [
        (([0, 2], [1, 2]), 2, 3, "a @ b.T"),
        (([2, 0], [2, 1]), 2, 3, "a.T @ b"),
        (([1, 2], [0, 2]), 2, 3, "b @ a.T"),
        (([0, 1], [1]), 1, 2, "a @ b"),
        (([1, 0], [1]), 1, 2, "b @ a"),
        (([0], [0]), 0, 1, "a @ b"),
        (([0, 1], [0, 1]), 1, 2, "(a * b).sum(axis=1)"),
        (([0, 1, 3], [0, 2, 3]), 3, 4, 'np.einsum("ijl,ikl->ijk", a, b)'),
    ],
)
def test_products_read_as_one_writes_them(axes, outer, n, text):
    assert written(*axes, outer, n)[0] == text


def test_every_order_of_two_matrices_is_a_matrix_product():
    for a, b in itertools.product(([0, 2], [2, 0]), ([1, 2], [2, 1])):
        assert "einsum" not in written(a, b, 2, 3)[0]
