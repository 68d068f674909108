"""Ufuncs of arrays of tracers give what they give for the numbers."""

import random

import numpy as np
import pytest

from autograd_lite import compile
from tests.support import numpy_programs

A, B = np.array([1.0, -2.0, 3.0]), np.array([-1.0, -2.0, 0.5])
MATRIX = np.array([[1.0, -2.0], [0.0, np.nan]])


def test_means_along_an_axis():
    def function(x):
        return x.mean(axis=0), x.mean(1, keepdims=True), (x > 0).mean(axis=0), (x > 0).any(axis=1)

    compiled = compile(function)
    for x in (MATRIX, -MATRIX, MATRIX.T.copy()):
        for found, expected in zip(compiled(x), function(x), strict=True):
            assert np.array_equal(found, expected, equal_nan=True)
            assert found.dtype == expected.dtype
    assert compiled.recordings == 1


ORDERED = {
    "max": lambda x: np.abs(x).max() + x.min(),
    "sort": lambda x: np.sort(x),
    "sorted in place": lambda x: [y := x.copy(), y.sort()][0],
    "argmax": lambda x: x.argmax(),
    "argmin": lambda x: np.argmin(x),
    "argsort": lambda x: np.argsort(-x),
    "partition": lambda x: np.partition(x, 1)[1],
    "maximum": lambda x: np.maximum(x, 0.5).sum(),
}


@pytest.mark.parametrize("function", ORDERED.values(), ids=ORDERED)
def test_nan_has_the_place_that_it_has_in_numpy(function):
    compiled = compile(function)
    for x in (A, [np.nan, 1.0, 2.0], [1.0, np.nan, 2.0], B, [2.0, 1.0, np.nan], [np.nan] * 3, -A):
        found, expected = compiled(np.array(x)), function(np.array(x))
        assert np.array_equal(found, expected, equal_nan=True)
        assert type(found) is type(expected)


FUNCTIONS = """exp exp2 expm1 log log2 log10 log1p sqrt cbrt reciprocal sin cos tan arcsin arccos
arctan
sinh cosh tanh arcsinh arccosh arctanh degrees radians deg2rad rad2deg arctan2 hypot logaddexp"""


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", FUNCTIONS.split())
def test_a_function_gives_what_it_gives_in_numpy(name):
    function = getattr(np, name)
    arguments = {1: lambda a, b: function(a), 2: function}[function.nin]
    for dtype in numpy_programs.NUMBERS:
        rng = random.Random(name)
        calls = [[numpy_programs.array(rng, (6,), dtype, "C") for _ in "ab"] for _ in range(4)]
        numpy_programs.as_numpy(arguments, calls, "never", (name, dtype))


def test_each_method_of_values_that_has_a_name_of_numpys_is_recorded():
    """What is an operation of Values is data of arrays of numbers, too."""
    names = ["arcsinh", "cbrt", "deg2rad", "rint", "tanh", "trunc"]

    def function(x):
        return [getattr(np, name)(x) for name in names]

    compiled = compile(function, check="never")
    for x in (A, B, -A):
        assert not numpy_programs.differ(compiled(x), function(x))
    assert compiled.recordings == 1


def test_powers_of_constants_wrap_as_in_numpy():
    for function in (
        lambda x: 3**x % 10,
        lambda x: np.array([3, 5]) ** x,
        lambda x: (7 // x)[0] ** 40,
        lambda x: [y := np.zeros(2, int), np.power(3, x, out=y)][0],
    ):
        compiled = compile(function, check="never")
        for x in (np.array([1, 2]), np.array([39, 40]), np.array([60, 96])):
            found, expected = compiled(x), function(x)
            assert np.array_equal(found, expected)
            assert found.dtype == expected.dtype


@pytest.mark.parametrize("x", [np.array([1, 2]), np.array([True, False])])
def test_complex_numbers_are_numpys(x):
    for function in (
        lambda x: (1j * x).imag,
        lambda x: np.abs(x + 1j),
        lambda x: (x ** (0.5 + 0j)).real,
        lambda x: np.exp(1j * x),
    ):
        found, expected = compile(function)(x), function(x)
        assert np.array_equal(found, expected)
        assert found.dtype == expected.dtype
