"""Calls in C against the same calls in NumPy, and some functions against the C library's."""

import math
from array import array

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from autograd_lite.compiler.run import native
from autograd_lite.compiler.run.native import MAX_DOT, MAX_PRODUCTS, MAX_SUM
from autograd_lite.compiler.run.operations import Operation, compile_calls

pytestmark = pytest.mark.skipif(not native.IN_C, reason="needs the extension")

CONDITIONS = ["less", "less_equal", "greater", "greater_equal", "equal", "not_equal"]
BINARY = [
    "add",
    "subtract",
    "multiply",
    "divide",
    "maximum",
    "minimum",
    "power",
    "arctan2",
    "fmod",
    "remainder",
    "floor_divide",
]
UNARY = [
    "copyto",
    "negative",
    "absolute",
    "sqrt",
    "exp",
    "expm1",
    "log",
    "log1p",
    "tanh",
    *native.LIBM,
]
OTHERS = ["copyto where", "add.reduce", "maximum.reduce", "matmul", "take", "put", "add.at"]
OF_INTS = ["take int", "add int", "multiply int", "remainder int"]
IN_LOOPS = [  # test_strips.py
    "where", "multiply add", "multiply subtract", "subtract product",
    "strips", "load", "store", "finish", "repeat",
]  # fmt: skip
SPECIAL = [0.0, -0.0, 1.0, -1.0, math.inf, -math.inf, math.nan, 5e-324, 1e308, -1e308]


def both(call):
    """What the call writes in C, and what in NumPy; where it writes nothing, both have the old."""
    before = call.out.copy()
    in_c = compile_calls([call])
    assert call.in_c() is not None
    in_c()
    got = call.out.copy()
    call.out[...] = before
    with np.errstate(all="ignore"):
        call.in_numpy()()
    return got, call.out.copy()


@st.composite
def views(draw, n):
    """n arrays of one shape, each a view of its own memory: strided, turned, repeated."""
    shape = draw(st.lists(st.integers(1, 11), max_size=3))
    rng = np.random.default_rng(draw(st.integers(0, 999)))
    arrays = []
    for i in range(n):
        axes = draw(st.permutations(range(len(shape))))
        steps = [draw(st.sampled_from([1, 2, -1])) for _ in shape]
        room = rng.normal(size=[shape[a] * abs(s) for a, s in zip(axes, steps, strict=True)])
        room.ravel()[: len(SPECIAL)] = rng.permutation(SPECIAL)[: room.size]
        view = room[(*[slice(None, None, s) for s in steps], ...)].transpose(np.argsort(axes))
        if i and shape and draw(st.booleans()):
            view = view[draw(st.integers(0, 1)) and slice(0, 1)]  # what is repeated
        arrays.append(view)
    return arrays


def test_every_function_is_compared_below():
    masks = [f"{name}?" for name in CONDITIONS]
    compared = [*BINARY, *CONDITIONS, *masks, *UNARY, *OTHERS, *OF_INTS, *IN_LOOPS]
    assert sorted(native.CODES) == sorted(compared)


@given(data=st.data())
def test_binary(data):
    out, a, b = data.draw(views(3))
    for name in BINARY:
        if out.size <= native.MAX_NUMBERS.get(name, out.size):
            got, wanted = both(Operation(name, out, (a, b)))
            np.testing.assert_allclose(got, wanted, rtol=1e-15, atol=0)
            assert (np.signbit(got) == np.signbit(wanted))[wanted != 0].all()


@given(data=st.data())
def test_conditions_as_numbers_and_as_masks(data):
    out, a, b = data.draw(views(3))
    for name in CONDITIONS:
        np.testing.assert_array_equal(*both(Operation(name, out, (a, b))))
        mask = np.zeros(out.shape, bool)
        np.testing.assert_array_equal(*both(Operation(name, mask, (a, b))))
        np.testing.assert_array_equal(*both(Operation("copyto", out, (a, mask))))


@given(data=st.data())
def test_unary(data):
    out, a = data.draw(views(2))
    for name in UNARY:
        if out.size <= native.MAX_NUMBERS.get(name, out.size):
            got, wanted = both(Operation(name, out, (a,)))
            near_a_zero = 1e-15 if name == "lgamma" else 0
            np.testing.assert_allclose(got, wanted, rtol=1e-14, atol=near_a_zero)


RANGES = {
    "exp": (math.exp, -745, 709.78, 2),
    "expm1": (math.expm1, -50, 709.78, 2),
    "log": (math.log, 5e-324, 1.7e308, 2),
    "log1p": (math.log1p, -1 + 1e-16, 1.7e308, 2),
    "tanh": (math.tanh, -30, 30, 3),
}


@pytest.mark.parametrize("name", RANGES)
def test_functions_of_lanes_are_those_of_the_c_library_to_a_few_units(name):
    function, low, high, units = RANGES[name]
    rng = np.random.default_rng(0)
    small = rng.normal(size=20_000) * 10.0 ** rng.uniform(-20, 1, 20_000)
    edges = [-745.1, -708.4, -720.0, 1e-300, 0.34657, 0.34658, 5e-324, 3e-310, 22.0, -40.0, 1.0]
    x = np.concatenate([rng.uniform(low, high, 20_000), small, np.exp(small), edges])
    x = x[(x >= low) & (x <= high)]
    out = np.empty_like(x)
    for i in range(0, len(x), 500):
        compile_calls([Operation(name, out[i : i + 500], (x[i : i + 500],))])()
    wanted = np.array([function(v) for v in x.tolist()])
    assert (np.abs(out - wanted) <= units * np.spacing(np.abs(wanted))).all()


@pytest.mark.parametrize("name", RANGES)
def test_functions_of_lanes_at_infinities_nan_and_zeros(name):
    x = np.array([0.0, -0.0, math.inf, -math.inf, math.nan, -1.0, -2.0, 710.0, 1e308])
    got, wanted = both(Operation(name, np.empty(9), (x,)))
    np.testing.assert_allclose(got, wanted, rtol=1e-15, atol=0)
    assert (np.signbit(got) == np.signbit(wanted))[wanted == 0].all()


@given(data=st.data())
def test_reductions(data):
    (a,) = data.draw(views(1))
    assume(a.size <= MAX_SUM)
    a = np.nan_to_num(a, nan=3.0, posinf=2.0, neginf=-2.0) % 10
    out = np.empty(a.shape[: data.draw(st.integers(0, max(a.ndim - 1, 0)))])
    if a.ndim > out.ndim + 1:
        a = np.ascontiguousarray(a)  # several loops that are none are left to NumPy
    for name in ("add.reduce", "maximum.reduce"):
        got, wanted = both(Operation(name, out, (a,)))
        np.testing.assert_allclose(got, wanted, rtol=1e-13)


def test_the_largest_is_nan_where_one_is():
    rows = [[1.0, math.nan, 3.0], [math.nan, 1.0, 2.0], [2.0, 1.0, math.nan], [3.0, 2.0, 4.0]]
    got, _ = both(Operation("maximum.reduce", np.empty(4), (np.array(rows),)))
    np.testing.assert_array_equal(got, [math.nan, math.nan, math.nan, 4.0])


@pytest.mark.parametrize("n", [8, 9, 16, 27])
def test_the_largest_of_several_lanes_is_nan_where_one_is(n):
    rows = np.random.default_rng(n).normal(size=(2 * n, n))
    rows[np.arange(n), np.arange(n)] = math.nan
    rows[n + np.arange(n), np.arange(n)] = math.inf
    rows[-1] = -math.inf
    got, wanted = both(Operation("maximum.reduce", np.empty(2 * n), (rows,)))
    np.testing.assert_array_equal(got, wanted)
    assert np.isnan(got[:n]).all()


@given(data=st.data())
def test_products(data):
    """Of matrices in every order, in every stride, stacked or not, and of vectors."""
    sizes = st.integers(1, 19)
    rows, columns, n = (data.draw(sizes) for _ in range(3))
    stack = data.draw(st.sampled_from([(), (3,)]))
    rng = np.random.default_rng(0)

    def matrix(*shape):
        turned = data.draw(st.booleans())
        room = rng.normal(size=(*stack, *(shape[::-1] if turned else shape)))
        room = np.concatenate([room, room], data.draw(st.sampled_from([-1, -2])))
        room = room[..., : shape[turned], : shape[not turned]]
        return room.swapaxes(-1, -2) if turned else room

    a, b, out = matrix(rows, n), matrix(n, columns), matrix(rows, columns)
    calls = [Operation("matmul", out, (a, b))]
    if not stack:
        calls.append(Operation("matmul", out[:, 0], (a, b[:, 0])))
        calls.append(Operation("matmul", out[0], (a[0], b)))
        calls.append(Operation("matmul", out[0, 0, ...], (a[0], b[:, 0])))
    for call in calls:
        np.testing.assert_allclose(*both(call), rtol=1e-12, atol=1e-13)


def test_a_long_dot_takes_one_call():
    x, y = np.random.default_rng(0).normal(size=(2, MAX_DOT))
    for a, b in ((x, y), (x[::3], y[: len(x[::3])])):
        np.testing.assert_allclose(
            *both(Operation("matmul", np.empty(()), (a, b))), rtol=1e-12, atol=1e-12
        )


def test_places():
    rng = np.random.default_rng(0)
    a, places = rng.normal(size=30), rng.permutation(30)[:9]
    np.testing.assert_array_equal(*both(Operation("take", np.empty(9), (a, places))))
    np.testing.assert_array_equal(*both(Operation("put", np.zeros(30), (a[:9], places))))
    twice = np.append(places, places)
    np.testing.assert_array_equal(*both(Operation("add.at", np.zeros(30), (a[:18], twice))))
    ints = np.array([-7, -1, 0, 3, 8])
    for name in ("add", "multiply", "remainder"):
        np.testing.assert_array_equal(*both(Operation(name, ints.copy(), (ints, np.array(4)))))
    np.testing.assert_array_equal(
        *both(Operation("take", np.empty(5, int), (ints, np.arange(5)[::-1].copy())))
    )


def test_what_numpy_does_faster_is_left_to_it():
    n = MAX_SUM
    for call in (
        Operation("sin", np.ones(65), (np.ones(65),)),
        Operation("tanh", np.ones(513), (np.ones(513),)),
        Operation("matmul", np.ones(()), (np.ones(MAX_DOT + 1), np.ones(MAX_DOT + 1))),
        Operation("matmul", np.ones((2, 2)), (np.ones((2, n + 1)), np.ones((n + 1, 2)))),
        Operation(
            "matmul",
            np.ones((MAX_PRODUCTS // n, 2)),
            (np.ones((MAX_PRODUCTS // n, n)), np.ones((n, 2))),
        ),
        Operation("add.reduceat", np.ones(2), (np.ones(4), np.array([0, 2]))),
    ):
        assert call.in_c() is None


def test_what_c_would_misread_is_left_to_numpy():
    x, places = np.ones(8), np.arange(8)
    long = np.ones(MAX_SUM + 1)
    for operation in (
        Operation("take", np.ones(4), (x, places[::2])),
        Operation("take", np.ones(8), (x, places.astype(np.int32))),
        Operation("put", x[::2], (np.ones(4), places[:4])),
        Operation("add", x, (x, places)),
        Operation("add", x, (x, x.astype(np.float32))),
        Operation("add", places, (places, x.astype(np.int32))),
        Operation("add.reduce", np.ones(()), (long,)),
    ):
        assert operation.in_c() is None


@given(data=st.data())
def test_stretches_are_collected(data):
    starts = data.draw(st.lists(st.integers(0, 80), max_size=5))
    addresses = np.array([start + i for start in starts for i in range(start % 19)], int)
    stretches = native.stretches_of(addresses)
    assert len(stretches) <= (len(addresses) if stretches.typecode == "i" else 2 * len(starts))
    numbers = array("d", np.random.default_rng(0).normal(size=100))
    out = array("d", bytes(8 * len(addresses)))
    assert native.collect(numbers, stretches, out)
    np.testing.assert_array_equal(out, np.array(numbers)[addresses])
    wrong = data.draw(st.integers(0, 99))
    numbers[wrong] = data.draw(st.sampled_from([math.nan, math.inf, -math.inf]))
    assert native.collect(numbers, stretches) == (wrong not in addresses)
    assert native.collect(numbers, stretches, out) == (wrong not in addresses)
    np.testing.assert_array_equal(out, np.array(numbers)[addresses])


def test_stretches_are_collected_by_numpy_too(monkeypatch):
    numbers, stretches = array("d", [1.0, 2.0, math.inf, 4.0]), array("q", [3, 1, 0, 2])
    out = array("d", [0.0] * 3)
    monkeypatch.setattr(native, "IN_C", False)
    assert native.collect(numbers, stretches, out)
    assert out.tolist() == [4.0, 1.0, 2.0]
    assert not native.collect(numbers, array("q", [1, 2]))
    assert native.collect(numbers, array("q"))
    assert native.collect(numbers, array("i", [3, 0, 0]), out)
    assert out.tolist() == [4.0, 1.0, 1.0]
    assert not native.collect(numbers, array("i", [0, 2]))
