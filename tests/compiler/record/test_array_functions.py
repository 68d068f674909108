"""Other functions of NumPy's, of arrays of tracers."""

import numpy as np
import pytest

from autograd_lite import Value, compile
from tests.support import numpy_programs

W = Value(2.0)
A, B = np.array([1.0, -2.0, 3.0]), np.array([-1.0, -2.0, 0.5])


def test_creation_and_types_read_no_numbers():
    def function(x):
        z = np.zeros_like(x)
        z[0] = x[0] * 2
        types = x.dtype == np.float64, np.result_type(x, 1) == np.float64
        return z, np.ones_like(x), types, x.shape, np.ndim(x)

    compiled = compile(function)
    for x in (A, B, -A):
        assert not numpy_programs.differ(compiled(x), function(x))
    assert compiled.recordings == 1


@pytest.mark.parametrize(
    "function", [lambda i: np.maximum(2**53 + 1, i), lambda i: np.where(i > 0, 2**53 + 1, i)]
)
def test_an_int_that_no_double_holds_has_all_its_digits(function):
    compiled = compile(function, check="never")
    with pytest.warns(RuntimeWarning, match="no double holds the int 9007199254740993"):
        assert np.array_equal(compiled(np.arange(3)), function(np.arange(3)))
    assert np.array_equal(compiled(-np.arange(3)), function(-np.arange(3)))


def test_arrays_of_values_are_compared_and_selected_as_data():
    def function(x):
        chosen = np.where(x > 0, x * W, x)
        return (chosen != 1.0) * chosen

    compiled = compile(function)
    for numbers in (A, B, -A):
        xs = np.array([Value(x) for x in numbers])
        found, expected = compiled(xs), function(xs)
        assert [x.data for x in found] == [x.data for x in expected]
        assert type(found) is np.ndarray
    assert compiled.recordings == 1


def test_a_choice_among_values_and_numbers_is_a_decision_on_the_type():
    def function(x):
        return np.where(x > 0, np.array([W * 1, W * 2, 5.0], dtype=object), 3)

    compiled = compile(function)
    for x in (A, -A):
        found, expected = compiled(x), function(x)
        assert [*map(type, found)] == [*map(type, expected)]
        assert [getattr(y, "data", y) for y in found] == [getattr(y, "data", y) for y in expected]
