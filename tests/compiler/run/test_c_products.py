"""Products in C against those of NumPy, for strides and sizes of all kinds."""

import itertools
import random

import numpy as np
import pytest

from autograd_lite.compiler.lift.instructions import Contraction, Ref
from autograd_lite.compiler.plan.groups import Repeat
from autograd_lite.compiler.run.c_products import Products, _cut
from tests.support.in_c import agree, needs_compiler


def dense(base, axes, sizes, gaps=0):
    """The ref of a dense array that has these of the loops, in this order, and its size."""
    strides, step = [0] * len(sizes), 1
    for axis in reversed(axes):
        strides[axis] = step
        step *= sizes[axis] + gaps
    return Ref(base, tuple(strides)), step


def contraction(draw, base):
    """A random one, whose arrays lie one after the other, and the first address behind them."""
    n = draw.randint(1, 3)
    sums = draw.choice([1, 1, 2])
    sizes = [draw.choice([1, 2, 3, 5, 8, 9, 16, 17, 21]) for _ in range(n + sums)]
    outer, inner = range(n), range(n, n + sums)
    # Each outer loop is a's, b's, or that of both; all sums are both's.
    owners = [draw.choice(["a", "b", "ab"]) for _ in outer]
    owners[0] = draw.choice("ab")
    factors = {}
    for name in "ab":
        axes = [i for i in outer if name in owners[i]] + list(inner)
        draw.shuffle(axes)
        factors[name], size = dense(base, axes, sizes, draw.choice([0, 0, 1]))
        base += size
    axes = list(outer)
    draw.shuffle(axes)
    out, size = dense(base, axes, sizes[:n], draw.choice([0, 0, 1]))
    it = Contraction(
        tuple(sizes[:n]), tuple(sizes[n:]), Ref(out.base, out.strides[:n]),
        factors["a"], factors["b"], draw.random() < 0.3,
    )  # fmt: skip
    return it, base + size


@needs_compiler
@pytest.mark.parametrize("seed", range(3))
def test_products_of_many_strides(seed):
    draw, base, groups = random.Random(seed), 0, []
    for _ in range(40):
        it, base = contraction(draw, base)
        groups.append(it)
    agree(groups, base)


@needs_compiler
def test_every_size_of_a_tile():
    """What is left of rows and columns, beside the numbers that belong to others."""
    groups, base = [], 0
    for rows, columns in itertools.product((1, 2, 3, 4, 5, 7, 8, 9, 12, 15), (1, 3, 8, 11, 16, 25)):
        n = 6
        a, b = Ref(base, (n, 0, 1)), Ref(base + rows * n, (0, 1, columns))
        out = Ref(base + rows * n + n * columns, (columns, 1))
        groups.append(Contraction((rows, columns), (n,), out, a, b))
        base = out.base + rows * columns
    agree(groups, base)


@needs_compiler
def test_a_product_in_a_repetition():
    a, b, out = Ref(0, (4, 4, 0, 1)), Ref(40, (0, 0, 1, 8)), Ref(80, (24, 8, 1))
    groups = [Repeat(2, [Contraction((3, 8), (4,), out, a, b)])]
    agree(groups, 200)


def test_two_products_of_the_same_strides_are_one_function():
    products = Products()
    for base in (0, 1000):
        a, b = Ref(base, (6, 0, 1)), Ref(base + 100, (0, 1, 8))
        out = Ref(base + 500, (8, 1))
        assert products.function(Contraction((4, 8), (6,), out, a, b), 0)[0] == "product_0"
    assert "product_1" not in "".join(products.definitions())


def test_what_is_cut_is_whole():
    for size, pieces in itertools.product(range(1, 60), ((8, 4), (4, 4), (16,))):
        found = [
            range(start + i * piece, start + (i + 1) * piece)
            for start, piece, count in _cut(size, *pieces)
            for i in range(count)
        ]
        assert list(itertools.chain(*found)) == list(range(size))
        assert all(len(part) <= pieces[0] for part in found)
    assert np.sum([count for *_, count in _cut(64, 8, 4)]) == 8
