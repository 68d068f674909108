"""Functions of parameters as optimisers want them: of a vector, with exact derivatives.

`Problem` turns a function of nested parameters into functions of one flat vector, for SciPy, Ipopt
and others; `minimize` calls SciPy's and gives the parameters back in their structure.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd_lite import compile, dot, hessian, hvp, jacobian, no_grad, value_and_grad, vjp
from autograd_lite.callables import name_of
from autograd_lite.leaves import array_of, difference, leaves, number
from autograd_lite.nary import unary_of
from autograd_lite.nested import Tree
from autograd_lite.operations import kernels
from autograd_lite.value import Node, Value, is_number

__all__ = ["Problem", "minimize"]

Array = NDArray[np.float64]
OfVectors = Callable[..., Array]


class Problem:
    """f of nested parameters, and its constraints, as functions of a vector of their numbers.

    f            function of the parameters, written with this package's functions: an objective,
                 which gives a single number, or residuals, which are any numbers
    parameters   where the search begins: a float, an array, a module, or a list, tuple, dict or
                 dataclass of them
    constraints  `scipy.optimize.NonlinearConstraint(g, lb, ub)`, or several of them in a list: g is
                 a function of the parameters, and its derivatives are taken here
    bounds       (lower, upper) of the parameters, each a number for all of them, or built as they
                 are
    sparse       True for matrices of class `scipy.sparse.csr_matrix`, False for arrays

    The vectors x0, lower and upper are the start and the bounds, constraints_lower and
    constraints_upper the bounds of all constraints in order.

    >>> problem = Problem(lambda p: (p["a"] - 1) ** 2 + p["b"] ** 4, {"a": 3.0, "b": 2.0})
    >>> problem.value_and_grad(problem.x0)
    (20.0, array([ 4., 32.]))
    >>> problem.tree([1.0, 0.0])
    {'a': 1.0, 'b': 0.0}

    Each function is recorded when it is called first, as `compile` and `hessian(f, sparse=True)`
    record it, and checked as those are, except `hessp`. Other Values that f reads are constants.

    Raises TypeError for parameters that have no derivatives and for constraints of another kind,
    ValueError for a start that is not finite, and for bounds that cross or do not fit.
    """

    def __init__(
        self,
        f: Callable[[Any], Any],
        parameters: Any,
        constraints: Any = (),
        bounds: tuple[Any, Any] = (-np.inf, np.inf),
        sparse: bool = False,
    ) -> None:
        if not callable(f):
            raise TypeError(f"Problem: f must be a function, not {type(f).__name__}")
        if not isinstance(sparse, bool):
            raise TypeError(f"Problem: sparse must be True or False, not {sparse!r}")
        name = name_of(f)
        self._tree = tree = Tree("Problem", parameters, "parameters", False)
        if not tree.leaves:
            raise ValueError("Problem: the parameters hold no numbers")
        self.x0: Array = np.array([number(x) for x in tree.leaves])
        for k in np.flatnonzero(~np.isfinite(self.x0))[:1]:
            raise ValueError(
                f"Problem: {tree.path(k)} is {self.x0[k]}; the search must begin at finite numbers"
            )
        self.lower, self.upper = self._bounds(bounds, parameters)
        stacked, self.constraints_lower, self.constraints_upper = self._stacked(constraints)

        of_vector = _of_vector(f, tree)

        def objective(x: Any) -> Any:
            return _single(of_vector(x), name)

        def residuals(x: Any) -> Any:
            return _array(of_vector(x), f"Problem: what {name} gives")

        def lagrangian(x: Any, multipliers: Any, factor: Any) -> Any:
            return factor * objective(x) + dot(multipliers.tolist(), stacked(x).tolist())

        objective.__name__ = residuals.__name__ = lagrangian.__name__ = name  # for messages
        self._value: OfVectors = _program(name, lambda x: vjp(objective, x)[0])
        self._value_and_grad = _program(name, value_and_grad(objective))
        # A check of the product would take as long as thousands of them: the gradient is checked.
        self._products = 0
        self._hessp: Any = _program(name, lambda x, v: hvp(objective, (x,), (v,)), "never")
        self._residuals: OfVectors = _program(name, lambda x: vjp(residuals, x)[0])
        self._constraints: OfVectors = _program(name, lambda x: vjp(stacked, x)[0])
        n = self.x0.size
        self._hess = _matrix(hessian, objective, n, sparse)
        self._jac = _matrix(jacobian, residuals, n, sparse)
        self._constraints_jac = _matrix(jacobian, stacked, n, sparse)
        self._lagrangian_hess = _matrix(hessian, lagrangian, n, sparse)

    def tree(self, x: Any) -> Any:
        """The parameters, with the numbers of the vector x."""
        numbers = self._vector(x).tolist()
        pairs = zip(self._tree.leaves, numbers, strict=True)
        return self._tree.filled([Value(x) if isinstance(old, Value) else x for old, x in pairs])

    # -------------------------------------------------------------------------- an objective

    def value(self, x: Any) -> float:
        """f(x)."""
        return float(self._value(self._vector(x)))

    def grad(self, x: Any) -> Array:
        """The gradient of f at x."""
        return self.value_and_grad(x)[1]

    def value_and_grad(self, x: Any) -> tuple[float, Array]:
        """(f(x), the gradient of f at x): what SciPy's `minimize` calls with jac=True."""
        value, gradient = self._value_and_grad(self._vector(x))
        return float(value), gradient

    def hess(self, x: Any) -> Any:
        """The Hessian of f at x."""
        return self._hess(self._vector(x))

    def hessp(self, x: Any, v: Any) -> Array:
        """The Hessian of f at x times the vector v; no Hessian is built.

        At calls 1, 2, 4, 8 ... the gradient is computed, too, whose checks stand for those of the
        product: once they find a mistake, both are computed by f itself.
        """
        point, along = self._vector(x), self._vector(v, "v")
        self._products += 1
        if self._products & (self._products - 1) == 0:
            self._value_and_grad(point)
        mistaken = self._value_and_grad.mistaken
        product: OfVectors = self._hessp.function if mistaken else self._hessp
        return product(point, along)

    # ---------------------------------------------------------------------------- residuals

    def residuals(self, x: Any) -> Array:
        """f(x), all of its numbers: what SciPy's `least_squares` and `root` call."""
        return self._residuals(self._vector(x))

    def jac(self, x: Any) -> Any:
        """The Jacobian of the residuals at x: a row for each residual."""
        return self._jac(self._vector(x))

    # --------------------------------------------------------------------------- constraints

    def constraints(self, x: Any) -> Array:
        """The numbers of all constraints at x, in order."""
        return self._constraints(self._vector(x))

    def constraints_jac(self, x: Any) -> Any:
        """Their Jacobian at x: a row for each number."""
        return self._constraints_jac(self._vector(x))

    def lagrangian_hess(self, x: Any, multipliers: Any, factor: float = 1.0) -> Any:
        """The Hessian of factor * f(x) + sum of multiplier * constraint."""
        given = np.array(multipliers, float)
        if given.shape != self.constraints_lower.shape:
            raise ValueError(
                f"Problem: {given.size} multipliers for {self.constraints_lower.size} constraints"
            )
        return self._lagrangian_hess(self._vector(x), given, float(factor))

    # ---------------------------------------------------------------------- what was passed

    def _vector(self, x: Any, name: str = "x") -> Array:
        made = np.array(x, float)
        if made.shape != self.x0.shape:
            raise ValueError(
                f"Problem: {name} has the shape {made.shape}, and the parameters are "
                f"{self.x0.size} numbers"
            )
        return made

    def _bounds(self, bounds: Any, parameters: Any) -> tuple[Array, Array]:
        if not isinstance(bounds, tuple) or len(bounds) != 2:
            raise TypeError(
                "Problem: bounds must be (lower, upper), each a number or built as the parameters "
                f"are, not {bounds!r}; write (0.0, math.inf) for positive parameters"
            )
        for k, bound in enumerate(bounds):
            where = "" if is_number(bound) else difference(parameters, bound, f"bounds[{k}]")
            if where:
                raise ValueError(f"Problem: {where}, as in the parameters")
        n = self.x0.size
        lower, upper = (
            _filled(bound, n, f"Problem: bounds[{k}]") for k, bound in enumerate(bounds)
        )
        for k in _impossible(lower, upper)[:1]:
            raise ValueError(
                f"Problem: the bounds of {self._tree.path(k)} are {lower[k]} and {upper[k]}"
            )
        return lower, upper

    def _stacked(self, constraints: Any) -> tuple[Callable[[Any], Any], Array, Array]:
        """The function of a vector that gives the numbers of all constraints, and their bounds."""
        given = constraints if isinstance(constraints, (list, tuple)) else [constraints]
        functions, lower, upper = [], [np.zeros(0)], [np.zeros(0)]
        for k, constraint in enumerate(given):
            name = f"Problem: constraints[{k}]"
            _check_constraint(name, constraint)
            function = _of_vector(constraint.fun, self._tree)
            functions.append(function)
            with no_grad():
                size = _array(function(self.x0), name).size
            low = _filled(constraint.lb, size, f"{name}.lb")
            high = _filled(constraint.ub, size, f"{name}.ub")
            for i in _impossible(low, high)[:1]:
                raise ValueError(f"{name}: the bounds of number {i} are {low[i]} and {high[i]}")
            lower.append(low)
            upper.append(high)

        def stacked(x: Any) -> Any:
            return _array([g(x) for g in functions], "Problem: a constraint")

        return stacked, np.concatenate(lower), np.concatenate(upper)


def minimize(
    f: Callable[[Any], Any],
    parameters: Any,
    *,
    method: Any = None,
    constraints: Any = (),
    bounds: tuple[Any, Any] = (-np.inf, np.inf),
    sparse: bool = False,
    tol: float | None = None,
    callback: Callable[..., Any] | None = None,
    options: dict[str, Any] | None = None,
) -> Any:
    """SciPy's `minimize` of a function of nested parameters, with exact derivatives.

    f, parameters, constraints, bounds   those of `Problem`
    method   SciPy's name of it: by default BFGS, L-BFGS-B with bounds, SLSQP with constraints. Each
             is given the derivatives that it uses: gradients, Hessians or products with them
    sparse   True for sparse matrices, which only trust-constr takes
    tol, callback, options   those of SciPy's `minimize`; a callback is given vectors

    Gives SciPy's `OptimizeResult`, whose x has the structure of the parameters; `success`,
    `message`, `nfev` and the rest are SciPy's.

    >>> found = minimize(lambda p: (p["a"] - 1) ** 2 + p["b"] ** 2, {"a": 3.0, "b": 2.0})
    >>> found.success, round(found.x["a"], 6)
    (True, 1.0)

    Warns with a RuntimeWarning if SciPy says that it did not converge: the result is then where it
    stopped. Raises what `Problem` raises.
    """
    scipy = _scipy("minimize")
    name = method.lower() if isinstance(method, str) else "bfgs" if method is None else "custom"
    if sparse and name != "trust-constr":
        raise ValueError(
            f'minimize: sparse matrices are for method="trust-constr" only, not {method!r}'
        )
    problem = Problem(f, parameters, constraints, bounds, sparse)
    given: dict[str, Any] = {"fun": problem.value_and_grad, "jac": True}
    if name in _NO_GRADIENTS:
        given = {"fun": problem.value}
    elif name in _HESSIANS or sparse:
        given["hess"] = problem.hess
    elif name in _PRODUCTS:
        given["hessp"] = problem.hessp
    if np.isfinite([problem.lower, problem.upper]).any():
        given["bounds"] = scipy.Bounds(problem.lower, problem.upper)
    given["constraints"] = [*_for_scipy(problem, scipy, hess=name == "trust-constr")]
    given |= {"tol": tol, "callback": callback, "options": options}
    found = scipy.minimize(x0=problem.x0, method=method, **given)
    if not found.success:
        warnings.warn(
            f"minimize: {name_of(f)} did not converge: {found.message}",
            RuntimeWarning,
            stacklevel=2,
        )
    found.x = problem.tree(found.x)
    return found


_NO_GRADIENTS = {"nelder-mead", "powell", "cobyla", "cobyqa"}
_HESSIANS = {"dogleg", "trust-exact"}
_PRODUCTS = {"newton-cg", "trust-ncg", "trust-krylov", "trust-constr", "custom"}


def _for_scipy(problem: Problem, scipy: Any, hess: bool) -> Iterator[Any]:
    """The constraints of a problem as SciPy's: equations and inequalities apart, as SLSQP wants."""
    lower, upper = problem.constraints_lower, problem.constraints_upper
    bounded = np.isfinite(lower) | np.isfinite(upper)  # SLSQP fails where all are free
    for rows in np.flatnonzero(lower == upper), np.flatnonzero((lower != upper) & bounded):
        if rows.size:
            yield _rows(problem, scipy, rows, hess)


def _rows(problem: Problem, scipy: Any, rows: Any, hess: bool) -> Any:
    def of_multipliers(x: Any, multipliers: Any) -> Any:
        every = np.zeros(problem.constraints_lower.size)
        every[rows] = multipliers
        return problem.lagrangian_hess(x, every, 0.0)

    return scipy.NonlinearConstraint(
        lambda x: problem.constraints(x)[rows],
        problem.constraints_lower[rows],
        problem.constraints_upper[rows],
        jac=lambda x: problem.constraints_jac(x)[rows],
        **{"hess": of_multipliers} if hess else {},
    )


# ----------------------------------------------------------------------------- trees and vectors


def _program(name: str, function: Callable[..., Any], check: str = "auto") -> Any:
    """A function of vectors, compiled, in which Values from outside are numbers."""

    def numbers(*vectors: Any) -> Any:
        with no_grad():
            return function(*vectors)

    numbers.__name__ = name  # which warnings give
    return compile(numbers, check=check)


def _matrix(
    derivative: Any, function: Callable[..., Any], columns: int, sparse: bool
) -> Callable[..., Any]:
    """The derivative with respect to the first vector: a csr_matrix, or else an array."""
    found = derivative(function, sparse=sparse or "arrays")

    def matrix(*vectors: Any) -> Any:
        with no_grad():
            if sparse:
                return found(*vectors)
            data, indices, indptr = found(*vectors)
        dense = np.zeros((indptr.size - 1, columns))
        dense[np.repeat(np.arange(indptr.size - 1), np.diff(indptr)), indices] = data
        return dense

    return matrix


def _of_vector(f: Callable[[Any], Any], tree: Tree) -> Callable[[Any], Any]:
    """The function of an array of numbers or Values that f of the tree with these is."""

    def of_vector(x: Any) -> Any:
        filled = x.tolist()
        for k in tree.parameters:  # a module takes copies of nodes, so none of a leaf
            if isinstance(filled[k], Node):
                filled[k] = unary_of(kernels.POW_C, filled[k], 1.0)
        return f(tree.filled(filled))

    return of_vector


def _single(result: Any, name: str) -> Any:
    """The one number that an objective gives."""
    if isinstance(result, np.ndarray) and result.shape == ():
        result = result.item()
    if isinstance(result, Node) or is_number(result):
        return result
    count = _array(result, f"Problem: what {name} gives").size
    raise TypeError(
        f"Problem: {name} gave {type(result).__name__} of {count}, and an objective is a single "
        "number. Of residuals give the sum of squares, or call residuals and jac"
    )


def _array(result: Any, name: str) -> Any:
    """The numbers and Values of a result in an array of one axis."""
    found = [*leaves(result, name)]
    return array_of(found, (len(found),))


def _filled(bound: Any, n: int, name: str) -> Array:
    """n numbers: those of a bound in order, or one for all."""
    found = np.array([number(x) for x in leaves(bound, name)])
    if found.size not in (1, n):
        raise ValueError(f"{name} has {found.size} numbers, and {n} are bounded")
    return np.broadcast_to(found, (n,)).copy()


def _impossible(lower: Array, upper: Array) -> Any:
    """The places at which no number lies between the bounds."""
    return np.flatnonzero(~((lower <= upper) & (lower < np.inf) & (upper > -np.inf)))


def _check_constraint(name: str, constraint: Any) -> None:
    kind = _scipy("Problem: constraints").NonlinearConstraint
    if isinstance(constraint, kind):
        return
    raise TypeError(
        f"{name} must be a scipy.optimize.NonlinearConstraint of a function of the parameters, not "
        f"a {type(constraint).__name__}; write NonlinearConstraint(g, 0, 0) for g = 0, and "
        "NonlinearConstraint(g, 0, math.inf) for g >= 0"
    )


def _scipy(what: str) -> Any:
    try:
        import scipy.optimize
    except ModuleNotFoundError as problem:
        if problem.name != "scipy":
            raise
        raise ModuleNotFoundError(
            f'{what}: this needs SciPy: pip install "autograd-lite[optimize]"', name="scipy"
        ) from None
    return scipy.optimize
