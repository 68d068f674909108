"""Arrays of tracers give what the arrays of numbers give that they stand for."""

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd_lite import Value, compile
from autograd_lite.compiler.record.arrays import TracerArray
from tests.support import numpy_programs

W = Value(2.0)
A, B = np.array([1.0, -2.0, 3.0]), np.array([-1.0, -2.0, 0.5])
MATRIX = np.array([[1.0, -2.0], [0.0, np.nan]])

DATA = {
    "compared": lambda x: x > 0,
    "with a number on the left": lambda x: np.greater_equal(0.5, x),
    "with an array of numbers": lambda x: np.array([1.0, -2.0, 4.0]) != x,
    "with one of its elements": lambda x: x <= x[1],
    "mean": lambda x: (x > 0).mean(),
    "mean of numbers": lambda x: x.mean(),
    "np.mean": lambda x: np.mean(x == x[0]),
    "sum": lambda x: np.sum(x > 0),
    "cumsum": lambda x: np.cumsum(x > 0),
    "any": lambda x: np.any(x > 2) | (x > 2).all(),
    "where": lambda x: np.where(x > 0, x, 0),
    "where ints": lambda x: np.where(x > 0, 1, -1),
    "logic": lambda x: np.logical_not(x > 0) & ~(x > 2) ^ (x == 3),
    "largest": lambda x: np.maximum(x, 0) + x.max() + np.min(x),
    "clip": lambda x: np.clip(x, -1, 1) + x.clip(0, 2),
    "sign": lambda x: np.sign(x),
    "isnan": lambda x: np.isnan(x) | np.isinf(x) | np.isfinite(x),
    "astype": lambda x: (x > 0).astype(float) + (x > 0).astype(int),
    "transposed": lambda x: (x.reshape(3, 1) > x).T.sum(axis=1),
    "of a copy": lambda x: np.multiply(x.copy(), x < 2),
}


@pytest.mark.parametrize("function", DATA.values(), ids=DATA)
def test_what_is_data_needs_one_recording(function):
    compiled = compile(function)
    for x in (A, B, -A, B * 0):
        found, expected = compiled(x), function(x)
        assert np.array_equal(found, expected)
        assert (type(found), found.dtype) == (type(expected), expected.dtype)
    assert compiled.recordings == 1


READ = {
    "mask": lambda x: x[x > 0],
    "row of a mask": lambda x: np.stack([x, -x])[:, x > 0],
    "count": lambda x: np.count_nonzero(x > 0),
    "sorted": lambda x: np.sort(x),
    "place": lambda x: np.argmax(x),
}


@pytest.mark.parametrize("function", READ.values(), ids=READ)
def test_what_needs_the_bools_themselves_reads_them(function):
    compiled = compile(function)
    for x in (A, B, A, -A):
        assert np.array_equal(compiled(x), function(x))


def test_a_mask_selects_what_is_written():
    def function(x):
        y = x.copy()
        y[y < 0] = 7.0
        y += 1
        return y

    compiled = compile(function)
    for x in (A, B, -A):
        before = x.copy()
        assert np.array_equal(compiled(x), function(x))
        assert np.array_equal(x, before)


def test_results_are_arrays_like_others():
    assert type(compile(lambda x: (x, x * 2, [x > 0]))(A)[1]) is np.ndarray
    assert not issubclass(type(compile(lambda x: x[:2])(A)), TracerArray)


# ------------------------------------------------------------------- all of NumPy, beside NumPy


def calls_of(rng, n):
    """Arguments of n calls that have one shape and different numbers."""
    shape = rng.choice(numpy_programs.SHAPES)
    kinds = [(rng.choice([*numpy_programs.NUMBERS]), rng.choice("CF")) for _ in range(2)]
    return [[numpy_programs.array(rng, shape, *kind) for kind in kinds] for _ in range(n)]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("source", numpy_programs.OPERATIONS)
def test_an_operation_gives_what_it_gives_in_numpy(source):
    rng = random.Random(source)
    for check in ("never", "never", "always"):
        numpy_programs.as_numpy(numpy_programs.OPERATIONS[source], calls_of(rng, 4), check, source)


@pytest.mark.filterwarnings("ignore")
@given(st.randoms(use_true_random=False))
def test_programs_of_operations_give_what_they_give_in_numpy(rng):
    sources = [*numpy_programs.OPERATIONS]
    operations = [(rng.choice(sources), rng.randrange(4), rng.randrange(4)) for _ in range(3)]
    check = rng.choice(["never", "always"])
    numpy_programs.as_numpy(numpy_programs.program(operations), calls_of(rng, 4), check, operations)


def test_a_buffer_of_an_array_is_that_of_its_numbers():
    known = {}

    def function(x):
        key = x.tobytes()
        if key not in known:
            known[key] = float((x * x).sum())
        return known[key] * 1.0

    compiled = compile(function, check="never")
    with pytest.warns(RuntimeWarning, match="each call changes"):
        assert [compiled(np.array([1.0 * i, 2.0])) for i in range(4)] == [4.0, 5.0, 8.0, 13.0]


def test_a_view_of_what_was_read_cannot_be_written():
    def function(x):
        z = x * 2
        np.asarray(z)[0] = 7.0
        return z

    with pytest.warns(RuntimeWarning, match="runs eagerly from now on"):
        assert np.array_equal(compile(function)(A), function(A))


@pytest.mark.parametrize(
    "view",
    [
        lambda x: x.astype(float, copy=False),
        lambda x: np.asarray(x, float),
        lambda x: np.atleast_1d(x, x)[0],
        lambda x: np.atleast_2d(x)[0],
        lambda x: np.atleast_3d(x)[0, :, 0],
        lambda x: np.einsum("i->i", x),
        lambda x: np.meshgrid(x, x, copy=False, sparse=True)[0][0],
    ],
)
@pytest.mark.parametrize("of_argument", [True, False])
@pytest.mark.filterwarnings("ignore:function runs eagerly from now on")
def test_what_is_written_into_a_view_is_written_into_the_array(view, of_argument):
    def function(x):
        y = x if of_argument else x * 2
        view(y)[0] = 5 * x[1]
        return y.sum()

    compiled = compile(function, check="never")
    for k in range(3):
        assert compiled(np.array([k, 2.0, 3.0])) == function(np.array([k, 2.0, 3.0]))


def test_an_argument_is_written_into_though_the_first_call_left_its_numbers():
    def rectified(x):
        np.maximum(x, 0, out=x)
        return x.sum()

    compiled = compile(rectified, check="never")
    with pytest.warns(RuntimeWarning, match="it changes an argument, a ndarray"):
        compiled(np.array([1.0, 2.0]))
    x = np.array([-1.0, 2.0])
    assert (compiled(x), x.tolist()) == (2.0, [0.0, 2.0])


def test_a_copy_is_no_view():
    def function(x):
        y = x * 2
        for z in (y.astype(float), y.astype(float, order="F"), np.array(y, float), np.triu(y)):
            z[0] = 7.0
        return y

    compiled = compile(function, check="never")
    for x in (A, A + 1):
        assert np.array_equal(compiled(x), function(x))


@pytest.mark.filterwarnings("ignore:function runs eagerly from now on")
@pytest.mark.parametrize(
    "change",
    [lambda x: np.add.at(x, [0, 0], x[1]), lambda x: x.resize((2,), refcheck=False)],
)
def test_what_changes_an_array_in_place_changes_it(change):
    def function(x):
        y = x * 2
        change(y)
        return y.sum()

    compiled = compile(function, check="never")
    for k in range(3):
        assert compiled(np.array([k, 2.0, 3.0])) == function(np.array([k, 2.0, 3.0]))


@pytest.mark.parametrize("axes", [(0, 1, 2), (2, 1, 0), (1, 2, 0), (2, 0, 1)])
def test_axes_lie_in_memory_as_those_of_the_argument(axes):
    compiled = compile(lambda x: (x.ravel("K"), (x * 2).ravel("A"), x.strides))
    x = np.arange(24.0).reshape(2, 3, 4).transpose(axes)
    for array in (x, x + 1, x > 5, np.asfortranarray(x)):
        assert not numpy_programs.differ(compiled(array), compiled.function(array))


@pytest.mark.parametrize(
    "of", [lambda x: x[0].item(), lambda x: x.tolist()[0], lambda x: x.item(0)]
)
def test_an_item_is_a_number_of_pythons(of):
    compiled = compile(of, check="never")
    for x in (A, B, A > 0, B > 0):
        assert (compiled(x), type(compiled(x))) == (of(x), type(of(x)))
