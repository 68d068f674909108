"""What a compiled function computes of plain numbers alone is compared as a number in it."""

import copy
import math
import operator
import pickle
import random
import statistics
import warnings
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd_lite as ag
import visualize
from autograd_lite import Value, compile, largest, sample, take, vmap
from tests.support.agreement import agree

W = Value(2.0)
EXECUTORS = pytest.mark.parametrize("executor", ["auto", "interpret", "numpy"])
NAN = math.nan


def unit(x, y):
    n = (x * x + y * y) ** 0.5
    return [x * W, y * W] if n == 0 else [x / n * W, y / n * W]


def is_nan(x):
    y = x * 2
    return W * 100 if y != y else W * y


def root(a):
    x, new = a, (a + 1) / 2
    while new != x:
        x, new = new, (new + a / new) / 2
    return x * W


@EXECUTORS
@pytest.mark.parametrize(
    ("f", "calls", "recordings"),
    [
        (unit, [(0.0, 0.0), (3.0, 4.0), (-1.0, 0.0)], 2),
        (is_nan, [(NAN,), (1.0,), (math.inf,)], 2),
        (root, [(9.0,), (2.0,), (0.25,)], None),
        (lambda x: W * (1 if operator.eq(2.0, x * 2) else 3), [(1.0,), (2.0,)], 2),
        (lambda x: W if x * 2 in (2.0, 4.0) else W * 3, [(1.0,), (2.0,), (3.0,)], None),
        (lambda x, y: W * [x * 2, y * 2, 6.0].count(6.0), [(3.0, 3.0), (3.0, 1.0)], 2),
        (lambda x, y: W * [0.0, x + 1, y].index(y), [(3.0, 4.0), (3.0, 1.0), (0.0, 0.0)], 3),
        (lambda x: {2.0: W, 4.0: W * 3}[x * 2], [(1.0,), (2.0,)], 2),
        (lambda x: {x * 2: W, x + 1: W * 3}[2.0], [(1.0,), (2.0,), (0.0,)][:1], 1),
        (lambda x, y: W * len({x * 2, y + 1, x}), [(1.0, 1.0), (1.0, 2.0)], 2),
        (lambda x, y: W * len(np.unique(np.array([x * 2, y, y * 2]))), [(1.0, 1.0), (1.0, 3.0)], 2),
        (lambda x, y: W if largest([x * 2, y * 2]) == 4 else W * 3, [(1.0, 2.0), (1.0, 3.0)], 2),
        (lambda x, y: W if ag.sum([x, y, 1.0]) == 4 else W * 3, [(1.0, 2.0), (1.0, 3.0)], 2),
        (lambda x, y: W if ag.dot([x, y], [2, 1]) == 4 else W * 3, [(1.0, 2.0), (1.0, 3.0)], 2),
        (lambda x, y: W * len({*ag.softmax([x, y])}), [(1.0, 1.0), (2.0, 2.0)], None),
        (lambda x, y: W if (x, y * 2) == (1.0, 4.0) else W * 3, [(1.0, 2.0), (1.0, 3.0)], 2),
        (lambda x: W if x * 2 == W else W * 3, [(1.0,), (2.0,)], 2),
        (lambda x: W if W * x == 4.0 else W * 3, [(1.0,), (2.0,)], 2),
        (lambda x: W if W * x != W * x else W * 3, [(1.0,), (NAN,)], 1),
        (lambda x: W * (len({W * x, W * x})), [(1.0,), (2.0,)], 1),
        (lambda x: W if x * 1.0 == 10**400 else W * 3, [(1.0,), (math.inf,)], 1),
        (lambda x: W if x < 10**400 else W * 3, [(1.0,), (math.inf,)], 2),
        (lambda x: W if x <= 10**400 else W * 3, [(1e308,), (math.inf,)], 2),
        (lambda x: W if x > -(10**400) else W * 3, [(-1e308,), (-math.inf,)], 2),
        (lambda x: W if x < 2**53 + 1 else W * 3, [(2.0**53,), (2.0**53 + 2,)], 2),
        (lambda x: W if x == Fraction(1, 10) else W * 3, [(0.1,), (0.5,)], 1),
        (lambda x: W if x == Decimal("0.5") else W * 3, [(0.1,), (0.5,)], 2),
        (lambda x: W if x == np.complex64(0.5) else W * 3, [(0.1,), (0.5,)], 2),
        (lambda x: W if x == 0.5 + 1j else W * 3, [(0.1,), (0.5,)], 1),
    ],
)  # fmt: skip
def test_computed_numbers(f, calls, recordings, executor):
    with warnings.catch_warnings():
        if recordings is None:
            warnings.simplefilter("ignore", RuntimeWarning)
        compiled = compile(f, executor=executor)
        agree(f, [*calls] * 2, [W], recordings, compiled=compiled, rel=1e-9)


def test_a_number_that_take_gives():
    f = compile(lambda i: W if take([1.0, 2.0, 1.0], i) == 1 else W * 3)
    assert [f(np.int64(i)).data for i in (0, 1, 2, 1)] == [2.0, 6.0, 2.0, 6.0]
    assert f.recordings == 2


def test_a_number_that_is_drawn():
    rng = random.Random(0)

    def f(x):
        return W if x + sample(lambda: rng.randrange(2)) == 2 else W * 3

    state = rng.getstate()
    expected = [f(1.0).data for _ in range(10)]
    rng.setstate(state)
    compiled = compile(f)
    assert [compiled(1.0).data for _ in range(10)] == expected
    assert compiled.recordings == 2


def test_values_are_compared_by_number_with_numbers():
    """Parameters, Values that are passed, and what is computed of them; two of them by identity."""
    one, other = Value(1.0), Value(1.0)

    def f(x, v):
        return [
            W * (v == 1), W * operator.ne(1.0, v), W * (v * x == 2.0), W * (v == x), W * (W == 2),
            W * (one == other), W * (one == one), W * [one, other].index(other),
            W * (v * 2 == v * 2),
        ]  # fmt: skip

    compiled = compile(f)
    for args in [(2.0, Value(1.0)), (1.0, Value(1.0)), (2.0, Value(3.0)), (2.0, Value(NAN))] * 2:
        assert [y.data for y in compiled(*args)] == [y.data for y in f(*args)]


def test_each_sample_of_a_batch_decides():
    f = vmap(lambda x, y: W * 0 if x * 2 == y + 1 else W * x)
    assert [v.data for v in f([1.0, 2.0, 3.0], [1.0, 2.0, 5.0])] == [0.0, 4.0, 0.0]
    assert [v.data for v in f([1.0, NAN], [NAN, NAN])] == pytest.approx([2.0, NAN], nan_ok=True)
    assert f.recordings == 2


def test_after_the_call_what_was_kept_is_the_number():
    kept = []

    def f(x, i):
        kept[:] = [x, x * 2, x * 2, i + 1]
        assert kept[1] == kept[2] == x * 2
        return W * x

    compile(f)(1.0, np.int64(2))
    x, y, z, i = kept
    assert (y, len({x, y, z}), f"{y:.1f}", repr(y)) == (z, 2, "2.0", "2.0")
    assert [isinstance(v, float) for v in kept] == [True, True, True, False]
    for found in (sum(kept), y * z, 3.0 - y, y**2, -x, math.sin(x), round(y), divmod(y, x), i % 2):
        assert not isinstance(found, Value)
    assert (sum(kept), y // 1.5, y * 3 == 3 * W, i | 4) == (8.0, 1.0, True, 7)


@pytest.fixture
def stored():
    """A float, an int and a bool that the first calls of a function have stored."""
    kept = {}

    def f(x, n):
        if not kept:
            kept.update(float=x * 2, int=n + 1, bool=x > 0)
        return x + kept["float"]

    compiled = compile(f)
    compiled(1.5, 1)
    kept.clear()
    compiled(1.5, 2)  # from its second value on, an int is data
    return kept


PLAIN = {"float": 3.0, "int": 3, "bool": True}


@pytest.mark.parametrize("name", PLAIN)
@pytest.mark.parametrize(
    "use",
    [
        copy.copy,
        copy.deepcopy,
        lambda x: copy.deepcopy([x])[0],
        lambda x: pickle.loads(pickle.dumps(x)),
        compile(lambda x: 2 * x, check="never"),
        compile(lambda x: x, check="never"),
        lambda x: np.array([x, x]).dtype,
        lambda x: (np.array([1.0, 2.0]) * x).dtype,
        lambda x: type(np.sin(x)),
        lambda x: x.as_integer_ratio(),
        lambda x: (x.real, x.imag, x.conjugate()),
        lambda x: statistics.mean([x, x]),
        lambda x: {3.0: "three", True: "one"}[x],
    ],
)
def test_what_was_kept_is_used_as_the_number(stored, name, use):
    for _ in range(3):
        found, expected = use(stored[name]), use(PLAIN[name])
        assert (type(found), found) == (type(expected), expected)


def test_an_int_that_was_kept_is_an_index(stored):
    i = stored["int"]
    assert (range(9)[i], np.zeros(i).shape, i.bit_length(), "abcd"[i]) == (3, (3,), 2, "d")


def test_a_float_that_was_kept_has_the_methods_of_floats(stored):
    x = stored["float"]
    assert (x.hex(), x.is_integer(), np.sqrt([x])[0]) == ((3.0).hex(), True, math.sqrt(3.0))
    assert (statistics.mean([x, 1.0]), type(x)(2)) == (2.0, 2.0)


@pytest.mark.parametrize(
    "f", [statistics.mean, statistics.variance, statistics.harmonic_mean, statistics.median]
)
@pytest.mark.parametrize("number", [float, int])
def test_statistics_gives_plain_numbers(f, number):
    compiled = compile(lambda xs: f(xs))
    for i in range(4):
        for xs in [number(i), number(2)], [number(i), 4.0]:
            found, expected = compiled(xs), f(xs)
            assert (type(found), found) == (type(expected), expected)


class StopError(Exception):
    def __init__(self, number):
        super().__init__(number, "text")
        self.number, self.value = number, W


def test_an_exception_that_goes_out_has_plain_numbers():
    @compile
    def f(x):
        if x > 1:
            raise StopError(2 * x)
        return x

    f(0.5)
    for x in (2.0, 3.0, 2.0):
        with pytest.raises(StopError) as caught:
            f(x)
        error = caught.value
        assert (type(error.number), type(error.args[0])) == (float, float)
        assert (error.number, error.args, error.value) == (2 * x, (2 * x, "text"), W)


def test_equal_sums_are_decided_as_in_eager_code():
    """Arrays add up in another order, so such a program is run node by node."""
    rng = np.random.default_rng(0)

    def f(xs, ys):
        a, b = 0.0, 0.0
        for x, y in zip(xs, ys, strict=True):
            a, b = a + x * 0.1, b + y * 0.1
        return W if a == b else W * 3

    for executor in ("auto", "numpy"):
        compiled = compile(f, executor=executor)
        for _ in range(5):
            xs = rng.normal(size=50).tolist()
            for ys in (xs, xs[::-1]):
                assert compiled(xs, ys).data == f(xs, ys).data
        assert compiled.recordings <= 2


def test_a_scope_within_a_recording_reads_no_number():
    @compile
    def f(x):
        with visualize.scope("square"):
            y = x * x
        return y * W

    assert [f(x).data for x in (1.0, 2.0, 3.0)] == [2.0, 8.0, 18.0]
    assert f.recordings == 1


def test_tables_of_parameters_ask_for_no_number():
    table = {W: 1.0}

    @compile
    def f(x):
        return W * x * table[W] + sum({W: x, W * x: 2.0}.values())

    assert [f(x).data for x in (1.0, 2.0, 3.0)] == [5.0, 8.0, 11.0]
    assert f.recordings == 1


@pytest.mark.parametrize(
    "kept", [[Value(1.0)], {"w": Value(1.0)}, [(Value(1.0), "w")], {"w": (2, Value(1.0))}]
)
@pytest.mark.parametrize("first", ["value", "number"])
def test_a_value_that_replaces_its_number_is_seen(kept, first):
    """Though they are equal: a recording is bound to the Value."""

    def exchange(thing, value):
        if isinstance(thing, tuple):
            return tuple(exchange(x, value) for x in thing)
        return value if isinstance(thing, (Value, float)) else thing

    def place(value):
        for key in range(len(kept)) if isinstance(kept, list) else kept:
            kept[key] = exchange(kept[key], value)

    def found(thing):
        if isinstance(thing, (tuple, list)):
            return next(x for x in map(found, thing) if x is not None)
        return thing if isinstance(thing, (Value, float)) else None

    @compile
    def f(x):
        return found(list(kept.values()) if isinstance(kept, dict) else kept) * x * W

    for i in range(4):
        value = Value(1.0)
        place(value if (i % 2 == 0) == (first == "value") else 1.0)
        y = f(3.0)
        y.backward()
        assert y.data == 6.0
        assert value.grad == (6.0 if (i % 2 == 0) == (first == "value") else 0.0)


BIG = 2**60 + 1
i8 = np.int64


def congruences(s, a, c, m):
    for _ in range(3):
        s = (s * a + c) % m
    return s


def caught(x):
    try:
        return 1 / (x**2 + 1)
    except OverflowError:
        return -1.0


BEYOND = {
    "rest": (lambda x, y: x % y, [(5, 3), (9, 5), (BIG, 7), (BIG + 4, 7), (-BIG, 7), (4, BIG)]),
    "divmod": (lambda x, y: divmod(x, y), [(5, 3), (9, 5), (BIG, 7), (BIG + 4, 7)]),
    "congruences": (congruences, [(1, 5, 3, 7), (5, 7, 2, 11), (77, 1103515245, 12345, 2**31)]),
    "a small rest": (lambda a, b: (a * a * a) % b, [(5, 7), (10, 7), (300000, 7), (300003, 12)]),
    "taken": (lambda i: take([BIG, BIG + 1, 3], i), [(0,), (1,), (2,)]),
    "rounded": (lambda x: round(x) // 3, [(1.5,), (7.0,), (1e300,), (2.0**60,)]),
    "floor": (lambda x, n: math.floor(x) > n, [(1.5, i8(1)), (0.5, i8(1)), (1e200, i8(1))]),
    "NumPy's rest": (lambda x: x % 7, [(i8(5),), (i8(BIG),), (i8(2**63 - 1),), (i8(6),)]),
    "NumPy's comparison": (lambda x: x == 2**53 + 1, [(i8(5),), (i8(2**53 + 1),), (i8(2**53),)]),
    "NumPy's wrap": (lambda x: x * x, [(i8(3),), (i8(2**40),), (i8(2**32),), (i8(4),)]),
    "an array": (lambda a: a % 7, [(np.array([x, 1]),) for x in (1, BIG, 2**62 + 1, 5)]),
    "unsigned": (lambda x: int(x % 7), [(np.uint64(x),) for x in (5, 2**63 + 1, 2**63 + 2)]),
    "overflow": (lambda x: 2 / (x**2 + 1), [(1.0,), (2.0,), (1e200,), (-1e200,), (3.0,)]),
    "overflow below": (lambda x: (x**3, 1.0)[1], [(2.0,), (-1e200,), (4.0,)]),
    "overflow that is caught": (caught, [(1.0,), (2.0,), (1e200,)]),
    "division by NumPy's 0": (lambda x: i8(7) // x + i8(7) % x, [(i8(2),), (i8(3),), (i8(0),)]),
}


@pytest.mark.parametrize("name", BEYOND)
@pytest.mark.filterwarnings("ignore:divide by zero|overflow|invalid:RuntimeWarning")
def test_what_no_double_computes_is_what_python_and_numpy_compute(name):
    """Ints beyond 2**53, which a program would round, and Python's exceptions."""
    function, calls = BEYOND[name]
    compiled = compile(function, check="never")
    for args in calls:
        try:
            expected = function(*args)
        except (OverflowError, ZeroDivisionError) as error:
            with pytest.raises(type(error)):
                compiled(*args)
        else:
            found = compiled(*args)
            assert np.array_equal(found, expected)
            assert type(found) is type(expected)


# ------------------------------------------------------------------------- random functions

FLOATS = ["-1", "0", "0.5", "1", "2", "4", "nan", "inf"]
ARITHMETIC = {
    "+": lambda x, y: x + y,
    "-": lambda x, y: x - y,
    "*": lambda x, y: x * y,
    "half": lambda x, y: x / 2,
    "largest": lambda x, y: largest([x, y]) * 1,  # a float of its own: NaNs are told by identity
    "maximum": ag.maximum,
    "sum": lambda x, y: ag.sum([x, y, 1.0]),
    "relu": lambda x, y: ag.relu(x),
    "abs": lambda x, y: abs(x),
}
QUESTIONS = {
    "==": lambda x, y, xs: x == y,
    "!=": lambda x, y, xs: x != y,
    "== 1": lambda x, y, xs: x == 1,
    "2 !=": lambda x, y, xs: operator.ne(2.0, x),
    "is nan": lambda x, y, xs: x != x,
    "in": lambda x, y, xs: x in (1.0, y, 2.0),
    "not in": lambda x, y, xs: 4 not in [x, y],
    "count": lambda x, y, xs: xs.count(x),
    "index": lambda x, y, xs: xs.index(x),
    "get": lambda x, y, xs: {x: 1, 2.0: 3}.get(y, 5),
    "set": lambda x, y, xs: len({*xs}),
    "subset": lambda x, y, xs: {x} <= {y, 0.5},
    "lists": lambda x, y, xs: [x, y] == [1.0, x],
    "unique": lambda x, y, xs: len(np.unique(np.array([x, y, 1.0, x]))) if x == x and y == y else 7,
}


def halvings(x):
    n = 0
    while x + 1 != 1 and x == x and abs(x) < math.inf and n < 60:
        x, n = x / 2, n + 1
    return n


@st.composite
def programs(draw):
    n = draw(st.integers(1, 3))
    steps = [
        (draw(st.sampled_from([*ARITHMETIC])), draw(st.integers(0, n + i - 1)),
         draw(st.integers(0, n + i - 1)))
        for i in range(draw(st.integers(1, 5)))
    ]  # fmt: skip
    last = n + len(steps) - 1
    asked = [
        (
            draw(st.sampled_from([*QUESTIONS])),
            draw(st.integers(0, last)),
            draw(st.integers(0, last)),
        )
        for _ in range(draw(st.integers(1, 4)))
    ]
    calls = draw(st.lists(st.lists(st.sampled_from(FLOATS), min_size=n, max_size=n), min_size=2,
                          max_size=6))  # fmt: skip
    return steps, asked, draw(st.booleans()), calls


@settings(deadline=2000)
@given(programs(), st.sampled_from(["auto", "interpret", "numpy"]))
def test_random_functions_of_floats(program, executor):
    steps, asked, loops, calls = program

    def f(*args):
        xs = list(args)
        for name, i, j in steps:
            xs.append(ARITHMETIC[name](xs[i], xs[j]))
        answers = [int(QUESTIONS[name](xs[i], xs[j], xs)) for name, i, j in asked]
        answers.append(halvings(xs[-1]) if loops else 0)
        return [W * answer for answer in answers]

    compiled, batched = compile(f, executor=executor), vmap(f)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of functions that go too many ways
        for call in [*calls, *calls]:
            expected = [y.data for y in f(*map(float, call))]
            assert [y.data for y in compiled(*map(float, call))] == expected
        columns = [[float(x) for x in column] for column in zip(*calls, strict=True)]
        expected = [[y.data for y in f(*map(float, call))] for call in calls]
        assert [[y.data for y in sample] for sample in batched(*columns)] == expected


@pytest.mark.parametrize("kind", [int, np.int64])
@pytest.mark.parametrize("apply", [operator.or_, operator.xor, operator.and_])
def test_bits_of_ints_are_read(apply, kind):
    for function in (apply, lambda a, b: apply(a, 3) + b, lambda a, b: apply(3, a) + b):
        compiled = compile(function)
        for a, b in ((5, 2), (6, 3), (4, 9), (6, 3)):
            found, expected = compiled(kind(a), kind(b)), function(kind(a), kind(b))
            assert found == expected
            assert type(found) is type(expected)
        assert compiled.recordings > 1
