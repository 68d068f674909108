"""Tables of addresses become contractions: loops over views, and copies of what lies scattered."""

import pytest

from autograd_lite import Value, dot
from autograd_lite.compiler.lift.instructions import Contraction, Gather, Ref
from tests.support.lifting import Lifted


def table(n, m):
    return [[Value(0.1 * i - 0.3 * j) for i in range(m)] for j in range(n)]


def test_a_matrix_and_a_vector():
    lifted = Lifted(lambda rows, xs: [dot(row, xs) for row in rows], table(3, 4), [1.0] * 4)
    (product,) = lifted.program.forward
    out = lifted.program.outputs[0]
    expected = Contraction((3,), (4,), Ref(out, (1, 0)), Ref(0, (4, 1)), Ref(12, (0, 1)))
    assert product == expected
    assert lifted.agrees()


@pytest.mark.parametrize("sign", [1, -1])
def test_a_bias_is_added_or_subtracted(sign):
    rows, bias = table(3, 4), table(1, 3)[0]

    def function(xs):
        products = [dot(row, xs) for row in rows]
        return [y + b if sign > 0 else y - b for y, b in zip(products, bias, strict=True)]

    lifted = Lifted(function, [1.0] * 4)
    product, added = lifted.program.forward
    assert (product.sums, product.add) == ((4,), False)
    assert (added.sums, added.b, added.add, added.negate) == ((), None, True, sign < 0)
    assert lifted.agrees()


def test_windows_of_a_convolution_overlap():
    xs, kernel = [0.1 * i * i for i in range(9)], table(1, 3)[0]
    lifted = Lifted(lambda xs, k: [dot(k, xs[i : i + 3]) for i in range(7)], xs, kernel)
    (product,) = lifted.program.forward
    assert sorted(ref.strides for ref in (product.a, product.b)) == [(0, 1), (1, 1)]
    assert lifted.agrees()


def test_scattered_operands_are_copied_once_for_all_that_read_them():
    xs, weights = table(1, 12)[0], [table(6, 12) for _ in range(2)]
    places = [5, 0, 7, 2, 11, 3, 1, 8, 4, 10, 6, 9]
    shuffled = [places[i:] + places[:i] for i in (0, 5)]

    def function(xs):
        xs = [x.tanh() for x in xs]
        return [
            [dot(row, [xs[i] for i in order]) for row in rows]
            for order, rows in zip(shuffled, weights, strict=True)
        ]

    lifted = Lifted(function, xs)
    copies = [it for it in lifted.program.forward if isinstance(it, Gather)]
    tables = [it.table.tobytes() for it in copies]
    assert copies
    assert len(set(tables)) == len(tables)
    assert lifted.agrees()
