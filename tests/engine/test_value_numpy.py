"""NumPy is a good neighbour: its scalars, its functions, and object arrays of Values."""

import operator

import pytest

import autograd_lite as al
from autograd_lite import Value

np = pytest.importorskip("numpy")

SCALARS = [np.float64(2), np.float32(2), np.float16(2), np.longdouble(2), np.int64(2), np.int8(2),
           np.uint8(2)]  # fmt: skip
BINARY = [operator.add, operator.sub, operator.mul, operator.truediv, operator.pow,
          operator.floordiv, operator.mod]  # fmt: skip


@pytest.mark.parametrize("scalar", SCALARS, ids=lambda s: type(s).__name__)
class TestScalars:
    @pytest.mark.parametrize("operation", BINARY)
    def test_on_either_side(self, operation, scalar):
        v, w = Value(3.0), Value(3.0)
        right, left = operation(v, scalar), operation(scalar, w)
        assert (type(right), right.data) == (Value, operation(3.0, 2.0))
        assert (type(left), left.data) == (Value, operation(2.0, 3.0))
        expected = Value(3.0)
        operation(2.0, expected).backward()
        left.backward()
        assert w.grad == expected.grad

    def test_as_data(self, scalar):
        v = Value(scalar)
        v.grad = scalar
        assert (type(v.data), v.data, type(v.grad)) == (float, 2.0, float)

    def test_in_functions(self, scalar):
        assert (type(al.square(scalar)), al.square(scalar)) == (float, 4.0)
        assert al.dot([scalar, scalar], [Value(1.0), scalar]).data == 6.0

    def test_comparisons(self, scalar):
        assert Value(1.0) < scalar
        assert scalar > Value(1.0)


FUNCTIONS = [
    "exp",
    "exp2",
    "expm1",
    "log",
    "log2",
    "log10",
    "log1p",
    "sqrt",
    "cbrt",
    "square",
    "reciprocal",
    "negative",
    "absolute",
    "sin",
    "cos",
    "tan",
    "arcsin",
    "arccos",
    "arctan",
    "sinh",
    "cosh",
    "tanh",
    "arcsinh",
    "arctanh",
    "floor",
    "ceil",
    "rint",
    "trunc",
    "degrees",
    "radians",
    "rad2deg",
    "deg2rad",
]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_of_a_value(name):
    function = getattr(np, name)
    v = Value(0.3)
    node = function(v)
    assert type(node) is Value
    assert node.data == pytest.approx(float(function(0.3)), rel=1e-14)
    node.backward()
    if name not in ("floor", "ceil", "rint", "trunc"):
        assert v.grad != 0.0


@pytest.mark.parametrize(
    "name", ["arctan2", "hypot", "power", "maximum", "minimum", "fmod", "remainder"]
)
def test_a_function_of_two_values(name):
    function = getattr(np, name)
    x, y = Value(0.3), Value(0.7)
    node = function(x, y)
    assert node.data == pytest.approx(float(function(0.3, 0.7)), rel=1e-14)
    node.backward()
    assert (x.grad, y.grad) != (0.0, 0.0)


@pytest.mark.parametrize("operation", BINARY)
def test_an_array_of_numbers_gives_an_array_of_values(operation):
    v = Value(3.0)
    numbers = np.array([1.0, 2.0])
    for array, expected in (
        (operation(v, numbers), operation(3.0, numbers)),
        (operation(numbers, v), operation(numbers, 3.0)),
    ):
        assert array.dtype == object
        assert [node.data for node in array] == pytest.approx(list(expected))


def test_a_zero_dimensional_array_is_a_number():
    v = Value(3.0)
    node = v * np.array(2.0)
    node.backward()
    assert (node.data, v.grad) == (6.0, 2.0)


def test_matrix_products_differentiate():
    w = np.array([[Value(1.0), Value(2.0)], [Value(3.0), Value(4.0)]])
    x = np.array([10.0, 20.0])
    y = w @ x
    assert [node.data for node in y] == [50.0, 110.0]
    (y[0] * y[1]).backward()
    assert [[v.grad for v in row] for row in w] == [[1100.0, 2200.0], [500.0, 1000.0]]


def test_sums_and_means_differentiate():
    v = np.array([Value(1.0), Value(2.0)])
    (np.sum(v * v) + np.mean(v) + v.max()).backward()
    assert [x.grad for x in v] == [2.5, 5.5]


def test_where_takes_a_comparison():
    x, y = Value(1.0), Value(2.0)
    for condition, expected in ((np.float64(1) > 0, 1.0), (np.float64(1) < 0, 2.0)):
        assert al.where(condition, x, y).data == expected


def test_sequences_may_be_arrays():
    numbers = np.array([3.0, 4.0])
    assert al.norm(numbers) == 5.0
    x = Value(2.0)
    al.dot(np.array([x, x]), numbers).backward()
    assert x.grad == 7.0


def test_an_array_is_no_number():
    with pytest.raises(TypeError, match="data must be a real number, not ndarray"):
        Value(np.ones(1))
    with pytest.raises(TypeError, match=r"sum: element 0 .* not ndarray"):
        al.sum(np.ones((2, 2)))


INTO_NUMBERS = {
    "array": lambda v: np.array([v], dtype=float),
    "asarray": lambda v: np.asarray([v], np.float32),
    "full": lambda v: np.full(2, v, dtype=float),
    "astype": lambda v: np.array([v]).astype(float),
    "element": lambda v: operator.setitem(np.zeros(3), 0, v),
    "row": lambda v: operator.setitem(np.zeros(3), slice(0, 2), [v, v]),
    "complex element": lambda v: operator.setitem(np.zeros(3, complex), 0, v),
    "int element": lambda v: operator.setitem(np.zeros(3, int), 0, v),
    "float64": np.float64,
    "int64": np.int64,
}


@pytest.mark.parametrize("convert", INTO_NUMBERS.values(), ids=INTO_NUMBERS)
def test_an_array_of_numbers_takes_no_value(convert):
    """NumPy asks for float(v), so the error says what those write who want an array."""
    for remedy in ("a list or an array of dtype=object", "for the bare number, write .*v.data"):
        with pytest.raises(TypeError, match=f"drop the gradient.*{remedy}"):
            convert(Value(1.0))


def test_an_array_of_objects_keeps_the_gradient():
    v = Value(3.0)
    array = np.zeros(2, dtype=object)
    array[0] = v * 2
    (array.sum() + 1.0).backward()
    assert v.grad == 2.0


@pytest.mark.parametrize(
    "one", [np.float64(1), np.float32(1), np.int64(1), np.uint8(1), np.bool_(True), np.array(1.0)]
)
def test_a_value_equals_a_number_of_numpys(one):
    v, w = Value(1.0), Value(2.0)
    assert np.equal(v, one) == np.equal(one, v) == np.not_equal(w, one) == np.True_
    assert np.not_equal(v, one) == np.not_equal(one, v) == np.equal(w, one) == np.False_
    assert [v == one, one == v, w == one, one == w] == [True, True, False, False]
    assert [v != one, one != v, w != one, one != w] == [False, False, True, True]


def test_a_value_is_compared_as_a_double():
    assert Value(np.float32(0.1)) == np.float32(0.1)
    assert Value(0.1) != np.float32(0.1)


def test_equality_of_arrays_is_elementwise():
    v = Value(2.0)
    for xs in (np.array([2.0, 3.0]), np.array([2, 3]), np.array([2.0, 3.0], object)):
        assert (v == xs).tolist() == [True, False]
        assert (xs == v).tolist() == [True, False]
        assert (xs != v).tolist() == [False, True]
    vs = np.array([v, Value(3.0)])
    assert (vs == 2.0).tolist() == [True, False]
    assert (vs == [1.0, 3.0]).tolist() == [False, True]
    assert (vs == vs[::-1]).tolist() == [False, False]


@pytest.mark.parametrize(
    "spread",
    [np.var, np.std, lambda a: np.var(a, ddof=1), lambda a: a.std(axis=0)[0], lambda a: a[0].var()],
)
def test_the_variance_of_an_array_of_values(spread):
    numbers = np.array([[1.0, 2.0, 4.0], [0.5, -1.0, 3.0]])
    vs = np.vectorize(Value)(numbers)
    found = spread(vs)
    found.backward()
    assert found.data == pytest.approx(spread(numbers))
    h = 1e-6
    for k in np.ndindex(2, 3):
        up, down = numbers.copy(), numbers.copy()
        up[k], down[k] = up[k] + h, down[k] - h
        slope = (spread(up) - spread(down)) / (2 * h)
        assert vs[k].grad == pytest.approx(slope, abs=1e-8)


def test_the_conjugate_of_a_value_is_the_value():
    v = Value(2.0)
    assert v.conjugate() is v
