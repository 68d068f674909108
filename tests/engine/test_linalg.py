"""solve, cholesky and logdet against NumPy, with their derivatives, compiled and in batches."""

import numpy as np
import pytest

import autograd_lite as ag
from autograd_lite import Value, compile, vmap
from autograd_lite.derivatives import grad, hessian
from autograd_lite.linalg import cholesky, logdet, solve
from autograd_lite.testing import check_grad
from tests.support.derivatives import orders

RNG = np.random.default_rng(0)
A = RNG.normal(size=(4, 4))
POSITIVE = A @ A.T + np.eye(4)
B = RNG.normal(size=4)
C = RNG.normal(size=(4, 2))


def as_values(array):
    return np.vectorize(Value, otypes=[object])(array)


def numbers(found):
    return np.vectorize(lambda x: x.data if isinstance(x, Value) else x, otypes=[float])(found)


@pytest.mark.parametrize("b", [B, C], ids=["vector", "matrix"])
@pytest.mark.parametrize(
    "make", [as_values, lambda x: as_values(x).tolist(), np.array, np.ndarray.tolist]
)
def test_solve(b, make):
    found = solve(make(A), make(b))
    assert type(found) is type(make(b))
    assert numbers(found) == pytest.approx(np.linalg.solve(A, b))


def test_cholesky_and_logdet():
    for make in (as_values, lambda x: as_values(x).tolist(), np.array, np.ndarray.tolist):
        lower = cholesky(make(POSITIVE))
        assert type(lower) is type(make(A))
        assert numbers(lower) == pytest.approx(np.linalg.cholesky(POSITIVE))
        assert numbers([logdet(make(POSITIVE))]) == pytest.approx(np.linalg.slogdet(POSITIVE)[1])
    assert isinstance(logdet(POSITIVE), float)


def weighted(found):
    flat = np.array(found, object).ravel().tolist()
    return ag.sum([(k + 1) * x * x for k, x in enumerate(flat)])


@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        (lambda a, b: weighted(solve(a, b)), (A.tolist(), B.tolist())),
        (lambda a, b: weighted(solve(a, b)), (A.tolist(), C.tolist())),
        (lambda a: weighted(cholesky(a)), (POSITIVE.tolist(),)),
        (logdet, (POSITIVE.tolist(),)),
    ],
    ids=["solve", "solve matrix", "cholesky", "logdet"],
)
def test_gradients(function, arguments):
    check_grad(function, *arguments)
    check_grad(compile(function), *arguments)


def test_derivatives_to_third_order():
    by_solve = orders(lambda a: solve([[a]], [3.0])[0], 2.0)
    assert by_solve == pytest.approx([1.5, -0.75, 0.75, -1.125])
    by_logdet = orders(lambda a: logdet([[a, 0.0], [1.0, 4.0]]), 2.0)
    assert by_logdet == pytest.approx([np.log(8), 1 / 2, -1 / 4, 1 / 4])
    by_cholesky = orders(lambda a: cholesky([[a]])[0][0], 4.0)
    assert by_cholesky == pytest.approx([2, 1 / 4, -1 / 32, 3 / 256])


def test_the_hessian_of_solve():
    """Against that of Cramer's rule."""

    def by_cramer(p):
        a, b, c, d, e, f = p
        return (d * e - b * f) / (a * d - b * c)

    def by_solve(p):
        a, b, c, d, e, f = p
        return solve([[a, b], [c, d]], [e, f])[0]

    p = [2.0, 0.5, -1.0, 3.0, 0.7, -0.2]
    expected = np.array(hessian(by_cramer)(p))
    assert np.array(hessian(by_solve)(p)) == pytest.approx(expected)
    assert np.array(compile(hessian(by_solve))(p)) == pytest.approx(expected)


def test_a_compiled_function_and_a_batch():
    f = compile(lambda a, b: solve(a, b))
    g = vmap(lambda b: solve(A.tolist(), b))
    bs = RNG.normal(size=(3, 4))
    for _ in range(4):
        matrix, right = A + 0.1 * RNG.normal(size=A.shape), RNG.normal(size=4)
        assert f(matrix.tolist(), right.tolist()) == pytest.approx(np.linalg.solve(matrix, right))
        assert np.array(g(bs)) == pytest.approx(np.linalg.solve(A, bs.T).T)
    assert f.recordings == g.recordings == 1


@pytest.mark.parametrize("function", [solve, lambda a, b: cholesky(a)], ids=["solve", "cholesky"])
def test_arrays_are_recorded_once(function):
    f = compile(function)
    for k in range(4):
        found, expected = f(POSITIVE + k, B), function(POSITIVE + k, B)
        assert (found.dtype, found.shape) == (expected.dtype, expected.shape)
        assert found == pytest.approx(expected)
    assert f.recordings == 1


def test_gaussian_log_likelihood():
    """-2 log p(y) of y ~ N(0, K) less a constant, by cholesky and by solve and logdet."""

    def by_cholesky(k, y):
        lower = cholesky(k)
        z = solve(lower, y)
        return 2 * ag.sum([ag.log(lower[i][i]) for i in range(len(lower))]) + ag.dot(z, z)

    def by_solve(k, y):
        return logdet(k) + ag.dot(y, solve(k, y))

    k, y = POSITIVE.tolist(), B.tolist()
    assert by_cholesky(k, y) == pytest.approx(by_solve(k, y))
    check_grad(by_cholesky, k, y)


# ------------------------------------------------------------------------- what goes wrong


@pytest.mark.parametrize("make", [np.array, as_values])
def test_a_singular_matrix(make):
    singular = np.array([[1.0, 2.0], [2.0, 4.0]])
    with pytest.raises(ValueError, match=r"solve: a is singular: its condition number is \S+"):
        solve(make(singular), [1.0, 2.0])
    with pytest.raises(ValueError, match="logdet: the determinant of a is 0, not above 0"):
        logdet(make(singular))
    with pytest.raises(ValueError, match="not positive definite: pivot 1 is 0, not above 0"):
        cholesky(make(singular))


def test_a_matrix_of_nan_is_not_solved():
    with pytest.raises(ValueError, match="solve: a holds a number that is not finite"):
        solve([[float("nan"), 0.0], [0.0, 1.0]], [1.0, 1.0])


@pytest.mark.parametrize(
    ("a", "b", "message"),
    [
        ([[1.0, 2.0]], [1.0], "solve: a must be a square matrix: of 1 rows, row 0 has 2"),
        ([1.0], [1.0], "solve: a must be a square matrix: of 1 rows, row 0 is a number"),
        ([[1.0]], [1.0, 2.0], "solve: a has 1 rows, but b has 2"),
        ([[1.0, 2.0], [3.0]], [1.0, 2.0], "solve: a: row 1 is not as long as row 0"),
        ([], [], "solve: a must be a list or an array of numbers, not list"),
        (1.0, 2.0, "solve: a must be a list or an array of numbers, not float"),
    ],
)
def test_shapes_that_do_not_fit(a, b, message):
    with pytest.raises(ValueError, match=message):
        solve(a, b)


def test_what_is_no_number():
    with pytest.raises(TypeError, match="solve: b must hold numbers and Values, not str"):
        solve([[1.0]], ["a"])


def test_the_derivative_of_logdet_names_it_where_the_matrix_is_singular():
    gradient = compile(grad(logdet))
    gradient(2 * np.eye(2))
    with pytest.raises(ValueError, match="logdet: the determinant of a is 0, not above 0"):
        gradient(np.ones((2, 2)))
