"""Problems for optimisers: derivatives against differences and SciPy's own, solvers, errors."""

import math
import random
import re
import warnings
from dataclasses import dataclass

import pytest

from autograd_lite import Value, exp, mean, nn, sample, scan, sin, tanh
from autograd_lite.optimize import Problem, minimize

np = pytest.importorskip("numpy")
optimize = pytest.importorskip("scipy.optimize")

START = {"x": np.array([-1.2, 0.7]), "y": [1.0, (0.3,)]}


def rosenbrock(p):
    x, (y, (z,)) = p["x"], p["y"]
    pairs = (x[0], x[1]), (x[1], y), (y, z)
    return sum(100 * (b - a * a) ** 2 + (1 - a) ** 2 for a, b in pairs)


def differences(f, x, h=1e-6):
    """The Jacobian by central differences: a row for each number of f."""
    return np.transpose([(f(x + h * e) - f(x - h * e)) / (2 * h) for e in np.eye(len(x))])


# --------------------------------------------------------------------------------- derivatives


def test_an_objective_of_nested_parameters_is_one_of_a_vector():
    problem = Problem(rosenbrock, START)
    x = np.array([-1.2, 0.7, 1.0, 0.3])
    assert problem.x0.tolist() == x.tolist()
    for point in x, x[::-1].copy(), np.ones(4):
        value, gradient = problem.value_and_grad(point)
        assert problem.value(point) == value == pytest.approx(optimize.rosen(point))
        np.testing.assert_allclose(gradient, optimize.rosen_der(point))
        np.testing.assert_allclose(problem.grad(point), gradient, rtol=1e-15)
        np.testing.assert_allclose(problem.hess(point), optimize.rosen_hess(point))
        v = np.array([0.5, -1.0, 2.0, 0.25])
        np.testing.assert_allclose(
            problem.hessp(point, v), optimize.rosen_hess(point) @ v, atol=1e-12
        )


def test_the_tree_of_a_vector_is_built_as_the_parameters_are():
    found = Problem(rosenbrock, START).tree(np.arange(4))
    assert found["x"].tolist() == [0.0, 1.0]
    assert found["y"] == [2.0, (3.0,)]
    assert START["x"].tolist() == [-1.2, 0.7]
    assert Problem(abs, -2.0).tree([1.5]) == 1.5
    (value,) = Problem(sum, [Value(2.0)]).tree([1.5])
    assert isinstance(value, Value)
    assert value.data == 1.5


@dataclass
class Line:
    slope: float
    intercept: float


def test_products_with_the_hessian_of_a_loop():
    def cost(p):
        (x, _), _ = scan(
            lambda c, u: ((c[0] + 0.1 * c[1], c[1] + u - sin(c[0])), None), (1.0, 0.0), p
        )
        return x * x

    x, v = np.array([0.5, -0.2, 0.1]), np.array([1.0, 0.5, -2.0])
    problem = Problem(cost, x)
    expected = differences(problem.grad, x) @ v
    assert problem.hessp(x, v) == pytest.approx(expected, abs=1e-8)
    assert problem.hess(x) @ v == pytest.approx(expected, abs=1e-8)


def test_residuals_and_their_jacobian():
    xs = [0.0, 0.5, 1.0, 2.0]

    def residuals(line):
        return [exp(line.slope * x) - line.intercept * x for x in xs]

    problem = Problem(residuals, Line(0.5, 1.0))
    x = np.array([0.3, -1.0])
    expected = [math.exp(0.3 * t) + t for t in xs]
    for _ in range(3):
        np.testing.assert_allclose(problem.residuals(x), expected)
        np.testing.assert_allclose(problem.jac(x), differences(problem.residuals, x), rtol=1e-8)
    assert Problem(lambda x: x * x, 3.0).jac([3.0]).tolist() == [[6.0]]


def test_a_result_of_residuals_may_be_nested_too():
    problem = Problem(lambda p: {"a": p[0] * p[1], "b": np.array([[p[0], 3.0]])}, [2.0, 5.0])
    assert problem.residuals(problem.x0).tolist() == [10.0, 2.0, 3.0]
    assert problem.jac(problem.x0).tolist() == [[5.0, 2.0], [1.0, 0.0], [0.0, 0.0]]


def test_constraints_in_order_and_the_lagrangian():
    product = optimize.NonlinearConstraint(lambda p: p[0] * p[1] * p[2], 1.0, math.inf)
    two = optimize.NonlinearConstraint(lambda p: (sin(p[0]), p[1] ** 3), [0.0, -1.0], 2.0)
    problem = Problem(lambda p: exp(p[0]) * p[2], np.array([0.5, 1.0, 2.0]), [product, two])
    assert problem.constraints_lower.tolist() == [1.0, 0.0, -1.0]
    assert problem.constraints_upper.tolist() == [math.inf, 2.0, 2.0]
    x, v = np.array([0.3, -1.5, 0.7]), np.array([0.4, -2.0, 1.5])
    expected = [0.3 * -1.5 * 0.7, math.sin(0.3), (-1.5) ** 3]
    np.testing.assert_allclose(problem.constraints(x), expected)
    jacobian = problem.constraints_jac(x)
    np.testing.assert_allclose(jacobian, differences(problem.constraints, x), atol=1e-9)

    def gradient(x):
        return 3.0 * problem.grad(x) + v @ problem.constraints_jac(x)

    hessian = problem.lagrangian_hess(x, v, 3.0)
    np.testing.assert_allclose(hessian, differences(gradient, x), atol=1e-8)
    np.testing.assert_allclose(problem.lagrangian_hess(x, 0 * v), problem.hess(x))


def test_sparse_matrices_hold_what_is_not_always_0():
    constraint = optimize.NonlinearConstraint(lambda p: [p["x"][0] * p["y"][0], p["x"][1]], 0, 1)
    dense = Problem(rosenbrock, START, constraint)
    sparse = Problem(rosenbrock, START, constraint, sparse=True)
    x, v = np.array([0.0, 0.5, -1.0, 2.0]), np.array([2.0, -1.0])  # at x[0] = 0 more numbers are 0
    pairs = [
        (sparse.hess(x), dense.hess(x), 4 + 2 * 3),
        (sparse.constraints_jac(x), dense.constraints_jac(x), 3),
        (sparse.lagrangian_hess(x, v), dense.lagrangian_hess(x, v), 4 + 2 * 3 + 2),
    ]
    for found, expected, nnz in pairs:
        assert found.format == "csr"
        assert found.nnz == nnz
        assert type(expected) is np.ndarray
        np.testing.assert_allclose(found.toarray(), expected)
    residuals = Problem(lambda p: [p[0] * p[1], p[1], 3.0], [1.0, 2.0], sparse=True)
    assert residuals.jac([1.0, 2.0]).toarray().tolist() == [[2.0, 1.0], [0.0, 1.0], [0.0, 0.0]]
    assert residuals.jac([1.0, 2.0]).nnz == 3


def test_a_module_is_parameters():
    rng = np.random.default_rng(0)
    xs, ys = rng.normal(size=(5, 2)).tolist(), rng.normal(size=5).tolist()
    model = nn.MLP(2, [3, 1], activation="tanh", rng=0)

    def loss(model):
        return mean([(model(x) - y) ** 2 for x, y in zip(xs, ys, strict=True)])

    problem = Problem(loss, model)
    x = problem.x0
    assert x.tolist() == [p.data for p in model.parameters()]
    np.testing.assert_allclose(problem.grad(x), differences(problem.value, x), atol=1e-9)
    np.testing.assert_allclose(problem.hess(x), differences(problem.grad, x), atol=1e-8)
    before = loss(model).data
    found = minimize(loss, model, method="L-BFGS-B")
    assert isinstance(found.x, nn.MLP)
    assert loss(found.x).data == pytest.approx(found.fun)
    assert found.fun < before / 2
    assert loss(model).data == before


def test_what_a_function_reads_is_read_at_each_call():
    weight, settings = Value(2.0), {"rate": 1.0}
    problem = Problem(lambda p: weight * settings["rate"] * p[0] ** 2, [3.0])
    for _ in range(3):
        assert problem.value_and_grad([3.0]) == (18.0, [12.0])
    weight.data, settings["rate"] = 5.0, 2.0
    assert problem.value_and_grad([3.0]) == (90.0, [60.0])
    assert problem.hess([3.0]).tolist() == [[20.0]]
    assert weight.grad == 0.0


def test_a_decision_on_the_parameters_is_taken_anew():
    problem = Problem(lambda x: x * x if x > 0 else -3 * x, 1.0)
    assert [problem.grad([x])[0] for x in (2.0, -1.0, 3.0, -2.0)] == [4.0, -3.0, 6.0, -3.0]


# -------------------------------------------------------------------------------------- SciPy

METHODS = ["BFGS", "CG", "Newton-CG", "L-BFGS-B", "TNC", "COBYQA", "SLSQP", "dogleg", "trust-ncg",
           "trust-exact", "trust-krylov", "trust-constr", "Nelder-Mead", "Powell"]  # fmt: skip


@pytest.mark.parametrize("method", [None, *METHODS])
def test_each_method_of_scipy_finds_the_minimum(method):
    if method == "COBYQA" and not hasattr(optimize, "_cobyqa_py"):
        pytest.skip("this SciPy has no COBYQA")

    def valley(p):
        return 100 * (p["y"] - p["x"][0] ** 2) ** 2 + (1 - p["x"][0]) ** 2

    found = minimize(valley, {"x": [-1.2], "y": 1.0}, method=method)
    assert found.success
    assert found.x["x"] + [found.x["y"]] == pytest.approx([1.0, 1.0], abs=1e-3)


def test_a_solver_of_the_users_is_given_all_derivatives():
    def newton(fun, x0, jac, hessp, **rest):
        step = jac(x0) / hessp(x0, np.ones(1))
        return optimize.OptimizeResult(x=x0 - step, fun=fun(x0 - step), success=True)

    assert minimize(lambda x: (x - 3) ** 2, 1.0, method=newton).x == 3.0


@pytest.mark.parametrize(
    ("method", "sparse"),
    [(None, False), ("SLSQP", False), ("trust-constr", False), ("trust-constr", True)],
)
def test_constraints_and_bounds(method, sparse):
    equation = optimize.NonlinearConstraint(lambda p: p["a"] + p["b"] ** 2, 2.0, 2.0)
    inequality = optimize.NonlinearConstraint(lambda p: [p["b"], p["a"]], -math.inf, [0.5, 9.0])
    found = minimize(
        lambda p: -p["b"] + 0.1 * (p["a"] - 1) ** 2,
        {"a": 1.0, "b": 0.2},
        method=method,
        constraints=[equation, inequality],
        sparse=sparse,
    )
    assert found.success
    assert found.x == pytest.approx({"a": 1.75, "b": 0.5}, abs=1e-4)
    bounded = minimize(
        lambda p: -p["a"] * p["b"],
        {"a": 0.3, "b": 0.4},
        method=method,
        sparse=sparse,
        constraints=optimize.NonlinearConstraint(lambda p: p["a"] + p["b"], 2.0, 2.0),
        bounds=({"a": 0.0, "b": 0.0}, {"a": 0.7, "b": math.inf}),
    )
    # The barriers of trust-constr keep that far from a bound.
    assert bounded.x == pytest.approx({"a": 0.7, "b": 1.3}, abs=1e-3)


@pytest.mark.parametrize("method", ["SLSQP", "trust-constr"])
def test_a_constraint_without_bounds_is_none(method):
    free = optimize.NonlinearConstraint(lambda x: x[0] * x[1], -np.inf, np.inf)
    found = minimize(
        lambda x: (x[0] - 1) ** 2 + x[1] ** 2, [3.0, 2.0], constraints=free, method=method
    )
    assert found.x == pytest.approx([1.0, 0.0], abs=1e-4)


def test_least_squares_and_root_take_residuals_and_jacobians():
    problem = Problem(lambda p: [p[0] ** 2 + p[1] - 3, tanh(p[0]) - p[1]], [1.0, 1.0])
    for solver in optimize.least_squares, optimize.root:
        found = solver(problem.residuals, problem.x0, jac=problem.jac)
        assert found.success
        assert problem.residuals(found.x) == pytest.approx([0.0, 0.0], abs=1e-9)
        assert found.x[0] ** 2 + math.tanh(found.x[0]) == pytest.approx(3.0)


def test_a_solver_that_stops_early_says_so():
    stop = {"maxiter": 2}
    with pytest.warns(RuntimeWarning, match=r"minimize: rosenbrock did not converge: Maximum"):
        found = minimize(rosenbrock, START, options=stop)
    assert not found.success
    assert found.nit == 2
    assert found.x["x"].tolist() != START["x"].tolist()
    assert found.fun == pytest.approx(float(rosenbrock(found.x)))


# ------------------------------------------------------------------------------------- errors


@pytest.mark.parametrize(
    ("changed", "error", "message"),
    [
        ({"parameters": {"a": [1.0, 2]}}, TypeError, "parameters['a'][1] is an int, 2, by which "
         "there is no derivative; write a float, as 2.0 for 2"),
        ({"parameters": np.array([1, 2])}, TypeError, "parameters is an array of int64, by which "
         "there is no derivative; write array.astype(float)"),
        ({"parameters": {"a": "x"}}, TypeError, "parameters['a'] is a str, 'x'"),
        ({"parameters": {"a": np.array([[1.0, math.nan]])}}, ValueError,
         "parameters['a'][0, 1] is nan; the search must begin at finite numbers"),
        ({"parameters": ()}, ValueError, "the parameters hold no numbers"),
        ({"f": 3.0}, TypeError, "f must be a function, not float"),
        ({"constraints": {"type": "eq", "fun": sum}}, TypeError, "constraints[0] must be a "
         "scipy.optimize.NonlinearConstraint of a function of the parameters, not a dict; write "
         "NonlinearConstraint(g, 0, 0) for g = 0"),
        ({"constraints": optimize.NonlinearConstraint(lambda p: p["a"], [1, 2, 3], 4)}, ValueError,
         "constraints[0].lb has 3 numbers, and 1 are bounded"),
        ({"bounds": 3.0}, TypeError, "bounds must be (lower, upper)"),
        ({"bounds": ({"b": 0.0, "a": 1.0}, 3.0)}, ValueError, "bounds[0] is a dict with the keys "
         "'b', 'a', not a dict with the keys 'a', 'b', as in the parameters"),
        ({"bounds": (0.0, {"a": 1.0, "b": -1.0})}, ValueError,
         "the bounds of parameters['b'] are 0.0 and -1.0"),
        ({"bounds": (math.inf, math.inf)}, ValueError,
         "the bounds of parameters['a'] are inf and inf"),
        ({"constraints": optimize.NonlinearConstraint(lambda p: [p["a"], p["b"]], 0, [1, -1])},
         ValueError, "constraints[0]: the bounds of number 1 are 0.0 and -1.0"),
        ({"constraints": optimize.NonlinearConstraint(lambda p: p["a"], math.nan, 1)}, ValueError,
         "constraints[0]: the bounds of number 0 are nan and 1.0"),
        ({"sparse": "arrays"}, TypeError, "sparse must be True or False, not 'arrays'"),
    ],
)  # fmt: skip
def test_what_is_no_problem(changed, error, message):
    given = {"f": lambda p: p["a"] * p["b"], "parameters": {"a": 1.0, "b": 2.0}}
    with pytest.raises(error, match=f"^Problem: {re.escape(message)}"):
        Problem(**{**given, **changed})


def test_an_objective_is_a_single_number_and_residuals_are_numbers():
    def pair(p):
        return [p, p]

    message = (
        "Problem: pair gave list of 2, and an objective is a single number. Of residuals give the "
        "sum of squares, or call residuals and jac"
    )
    for call in Problem(pair, 1.0).value, Problem(pair, 1.0).value_and_grad:
        with pytest.raises(TypeError, match=f"^{re.escape(message)}$"):
            call([1.0])
    with pytest.raises(TypeError, match=r"^Problem: what <lambda> gives: expected numbers and Val"):
        Problem(lambda p: None, 1.0).residuals([1.0])


def test_a_vector_of_another_length():
    problem = Problem(sum, [1.0, 2.0])
    with pytest.raises(ValueError, match=r"^Problem: x has the shape \(3,\), and the parameters "):
        problem.value([1.0, 2.0, 3.0])
    with pytest.raises(ValueError, match=r"^Problem: v has the shape \(\), and the parameters are"):
        problem.hessp([1.0, 2.0], 1.0)
    with pytest.raises(ValueError, match=r"^Problem: 1 multipliers for 0 constraints$"):
        problem.lagrangian_hess([1.0, 2.0], [1.0])


def test_what_scipy_refuses_is_an_error_of_scipy():
    with pytest.raises(ValueError, match="Unknown solver"):
        minimize(rosenbrock, START, method="steepest")
    constraint = optimize.NonlinearConstraint(lambda p: p["y"][0], 0.0, 1.0)
    with pytest.warns(RuntimeWarning, match="Method BFGS cannot handle constraints"):
        minimize(rosenbrock, START, method="BFGS", constraints=constraint)


WITHOUT_SCIPY = """
import sys
class Absent:
    def find_spec(self, name, *rest):
        if name.partition(".")[0] == "scipy":
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Absent())
from autograd_lite.optimize import Problem, minimize
problem = Problem(lambda x: x * x, 3.0)
print(problem.value([2.0]), problem.grad([2.0]), problem.hess([2.0]))
for call in lambda: minimize(abs, 1.0), lambda: Problem(abs, 1.0, constraints=[1]):
    try:
        call()
    except ModuleNotFoundError as problem:
        print(problem.name, problem)
"""


def test_sparse_matrices_are_for_one_method():
    message = 'minimize: sparse matrices are for method="trust-constr" only, not None'
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        minimize(rosenbrock, START, sparse=True)


def test_a_hessian_that_cannot_be_recorded_names_the_function():
    def drawn(x):
        return sample(random.random) * x * x

    with pytest.raises(TypeError, match=r"^hessian: drawn cannot be recorded: it draws random num"):
        Problem(drawn, 1.0).hess([1.0])


def test_without_scipy(python):
    told = 'this needs SciPy: pip install "autograd-lite[optimize]"'
    assert python("-c", WITHOUT_SCIPY).splitlines() == [
        "4.0 [4.] [[2.]]",
        f"scipy minimize: {told}",
        f"scipy Problem: constraints: {told}",
    ]


def test_nothing_of_it_is_imported_with_the_package(python):
    show = "import sys, autograd_lite; print('scipy' in sys.modules, 'numpy' in sys.modules)"
    assert python("-c", show).split() == ["False", "False"]
    alone = "import sys, autograd_lite.optimize; print('scipy' in sys.modules)"
    assert python("-c", alone).split() == ["False"]


def test_the_examples_of_the_docstrings():
    import doctest

    import autograd_lite.optimize as module

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert doctest.testmod(module) == (0, 5)


def test_products_are_those_of_the_function_once_a_check_of_the_gradient_finds_a_mistake():
    """What no name leads to changes: products were those of the first call for ever."""
    large = np.ones(200_000)
    problem = Problem(lambda x: large[5] * x[0] ** 2 * x[1], [1.0, 2.0])
    found = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for k in range(1, 13):
            large[5] = k
            found.append(problem.hessp([1.0, 2.0], [1.0, 0.0]).tolist())
    assert found[0] == [4.0, 2.0]
    assert found[8:] == [[4.0 * k, 2.0 * k] for k in range(9, 13)]
    assert "runs eagerly from now on" in str(caught[0].message)
