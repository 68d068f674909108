"""Jacobians and Hessians: dense, built as the arguments are, or as sparse as they are."""

from __future__ import annotations

from autograd_lite import derivatives
from autograd_lite.callables import Transformed, name_of
from autograd_lite.derivatives import jacfwd, value_and_grad

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, Literal

    from autograd_lite.sparse import Sparse
    from autograd_lite.structure import Sparsity

__all__ = ["hessian", "jacobian", "sparsity", "value_grad_hessian"]


def jacobian(
    f: Callable[..., Any],
    argnums: int | Sequence[int] = 0,
    has_aux: bool = False,
    *,
    sparse: bool | Literal["arrays"] = False,
) -> Callable[..., Any]:
    """The function that gives the Jacobian of f: `jacrev`, or with sparse a sparse matrix.

    sparse  True for a scipy.sparse.csr_matrix, "arrays" for (data, indices, indptr) of one

    >>> jacobian(lambda x: [x[0] * x[1], x[0] + x[1]])([2.0, 3.0])
    [[3.0, 2.0], [1.0, 1.0]]

    A sparse matrix has a row for each number of the result, and a column for each number of the
    arguments, in their order. It is prepared at the first call: f is
    recorded, and differentiated for each number that is not always 0. Later calls take numbers and
    give arrays. See `hessian` for what it raises.
    """
    if not sparse:
        return derivatives.jacobian(f, argnums, has_aux)
    return _sparse("jacobian", f, argnums, has_aux, sparse)


def hessian(
    f: Callable[..., Any],
    argnums: int | Sequence[int] = 0,
    has_aux: bool = False,
    *,
    sparse: bool | Literal["arrays"] = False,
    lower: bool = False,
) -> Callable[..., Any]:
    """The function that gives the Hessian of f: forward over reverse.

    sparse  True for a scipy.sparse.csr_matrix, "arrays" for (data, indices, indptr) of one
    lower   True for the lower triangle of a sparse one, with the diagonal

    >>> hessian(lambda x: x[0] ** 2 * x[1])([2.0, 3.0])
    [[6.0, 4.0], [4.0, 0.0]]

    A sparse matrix has a row and a column for each number of the arguments with respect to which
    derivatives are taken: numbers, arrays, and lists, tuples, dicts and dataclasses of them, in
    their order. It is prepared at the first call, and again if f takes another branch.
    f must be a function that `compile` can record: one that draws no random numbers.

    Raises ValueError for a matrix that is not sparse, with the number of its non-zeros; TypeError
    for what `grad` does not take, and where f depends on Values from outside, unless within
    `no_grad`; ImportError without SciPy.
    """
    if not sparse:
        _check_lower("hessian", lower)
        return derivatives.hessian(f, argnums, has_aux)
    return _sparse("hessian", f, argnums, has_aux, sparse, lower)


def value_grad_hessian(
    f: Callable[..., Any],
    argnums: int | Sequence[int] = 0,
    *,
    sparse: bool | Literal["arrays"] = False,
    lower: bool = False,
) -> Callable[..., Any]:
    """The function that gives (f, gradient of f, Hessian of f), for one call of f.

    Arguments and errors are those of `hessian`.

    >>> value_grad_hessian(lambda x: x[0] ** 2 * x[1])([2.0, 3.0])
    (12.0, [12.0, 4.0], [[6.0, 4.0], [4.0, 0.0]])
    """
    if sparse:
        return _sparse("value_grad_hessian", f, argnums, False, sparse, lower)
    _check_lower("value_grad_hessian", lower)
    both = value_and_grad(f, argnums)

    def gradient_first(*args: Any, **kwargs: Any) -> Any:
        value, gradient = both(*args, **kwargs)
        return gradient, (value, gradient)

    gradient_first.__name__ = name_of(f)  # for messages
    matrix = jacfwd(gradient_first, argnums, has_aux=True)

    def value_gradient_hessian(*args: Any, **kwargs: Any) -> Any:
        found, (value, gradient) = matrix(*args, **kwargs)
        return value, gradient, found

    return Transformed(value_gradient_hessian, value_grad_hessian, f, argnums)


def sparsity(f: Callable[..., Any], *args: Any, argnums: int | Sequence[int] = 0) -> Sparsity:
    """Which numbers of the Jacobian of f are not always 0.

    args     the arguments of f
    argnums  as in `jacobian`

    Of a Hessian, it is `hessian(f, sparse=True).sparsity(*args)`.
    """
    return _sparse("jacobian", f, argnums, False, "arrays").sparsity(*args)


def _sparse(
    what: str,
    f: Callable[..., Any],
    argnums: int | Sequence[int],
    has_aux: bool,
    sparse: Any,
    lower: bool = False,
) -> Sparse:
    from autograd_lite.sparse import Sparse

    if has_aux:
        raise ValueError(
            f"{what}: with sparse, f gives numbers only, as it is recorded; call f itself for "
            "its auxiliary data"
        )
    return Sparse(what, f, argnums, sparse=sparse, lower=lower)


def _check_lower(what: str, lower: bool) -> None:
    if lower:
        raise ValueError(f"{what}: lower is for sparse=True")
