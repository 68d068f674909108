"""Memory as arrays: reads of any addresses, and writes to any."""

import numpy as np
import pytest

from autograd_lite.compiler.export.arrays import Arrays
from autograd_lite.compiler.export.expressions import number
from autograd_lite.compiler.export.numpy import DIALECT
from autograd_lite.compiler.export.python import Printer

SIZE = 40


def memory():
    """Two arrays that lie mixed, x and w, and constants behind them."""
    arrays = Arrays(SIZE, np.ones(SIZE, np.int64), [(30, 6, "z1")])
    for known, addresses in ("x", np.arange(12)[::2]), ("w", np.arange(12)[1::2].reshape(2, 3)):
        k = arrays.array(known, addresses.shape, made=True)
        arrays.own(addresses, k, np.arange(addresses.size).reshape(addresses.shape))
    arrays.constant(np.arange(20, 24), np.array([2.0, 2.0, 3.0, 3.0]))
    return arrays


def given(arrays):
    """The numbers of a memory whose element at each address is that address, as arrays."""
    numbers = {"x": np.arange(12.0)[::2], "w": np.arange(12.0)[1::2].reshape(2, 3)}
    return {"np": np, **numbers, **arrays.tables}


@pytest.mark.parametrize(
    "addresses",
    [
        np.arange(12),
        np.arange(12)[::-1],
        np.arange(12).reshape(3, 4),
        np.array([[0, 1], [2, 3], [4, 5]]),
        np.array([11, 0, 0, 3]),
        np.array([[1], [5]]),
        np.array(7),
    ],
)
def test_what_is_read_is_what_is_there(addresses):
    arrays = memory()
    text = Printer(DIALECT).text(arrays.read(addresses))
    found = eval(text, given(arrays))
    np.testing.assert_array_equal(np.broadcast_to(found, addresses.shape), addresses)


def test_constants_are_numbers_or_tables():
    arrays, printer = memory(), Printer(DIALECT)
    assert printer.text(arrays.read(np.array([20, 21]))) == "2"
    assert eval(printer.text(arrays.read(np.array([21, 22]))), given(arrays)).tolist() == [2, 3]


def test_what_is_alike_along_an_axis_is_one_element():
    arrays, printer = memory(), Printer(DIALECT)
    to = np.arange(30, 36).reshape(2, 3)
    arrays.write(to, arrays.read(np.array([[0], [4]])))
    assert [printer.assign(line) for line in arrays.lines] == ["z1 = x[:3:2]"]
    assert printer.text(arrays.read(arrays.same[to])) == "z1[:, None]"


def test_parts_of_several_arrays_are_written_one_by_one():
    arrays, printer = memory(), Printer(DIALECT)
    to = np.arange(4)
    arrays.written[to] = True
    arrays.write(to, arrays.read(np.arange(4, 8)), 1)
    space = given(arrays)
    for line in arrays.lines:
        exec(printer.assign(line), space)
    assert space["x"].tolist()[:2] == [0 + 4, 2 + 6]
    assert space["w"].ravel().tolist()[:2] == [1 + 5, 3 + 7]


def test_a_state_is_gone_back_to():
    arrays = memory()
    state = arrays.state()
    arrays.write(np.arange(30, 32), number(1.0))
    arrays.array("more", (2,), made=True)
    arrays.set_state(state)
    assert arrays.is_open(np.arange(30, 32))
    assert len(arrays.arrays) == 2


@pytest.mark.parametrize(
    ("places", "text"),
    [
        ([0, 1, 2], "np.arange(3)"),
        ([1, 3, 5], "np.arange(1, 7, 2)"),
        ([0, 0, 1, 1], "np.repeat(np.arange(2), 2)"),
        ([[0, 0], [0, 1]], "np.minimum(np.arange(2)[:, None], np.arange(2))"),
        ([[2, 3], [3, 4]], "2 + (np.arange(2)[:, None] + np.arange(2))"),
        ([0, 0, 0, 1, 1, 1, 2], "INDEX"),
    ],
)
def test_ints_are_ranges_or_tables(places, text):
    arrays = memory()
    found = Printer(DIALECT).text(arrays.ints(np.array(places)))
    assert found == text
    assert eval(found, given(arrays)).tolist() == places
