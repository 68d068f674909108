"""Linear algebra on nested lists and arrays of numbers and Values: solve, cholesky, logdet."""

from __future__ import annotations

from functools import cache
from math import inf

import numpy as np

from autograd_lite import functions
from autograd_lite.block import Block
from autograd_lite.leaves import array_of
from autograd_lite.value import Node, is_number

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from autograd_lite.value import Operand

__all__ = ["cholesky", "logdet", "solve"]


def solve(a: Any, b: Any) -> Any:
    """The x with a x = b.

    a  [n, n] nested lists or an array of numbers and Values
    b  [n], or [n, k] for k right-hand sides

    x is a list as b is one, or an array; of Values if there is one among a and b. With x_bar for
    the cotangent of x, b_bar = a^-T x_bar and a_bar = -b_bar x^T (Giles 2008, "Collected matrix
    derivative results for forward and reverse mode algorithmic differentiation").

    Raises ValueError for shapes that do not fit and for a matrix that is singular or not finite.
    """
    rows = _square(a, "solve: a")
    rhs = _rows(b, "solve: b")
    n = len(rows)
    k = len(rhs[0]) if rhs and isinstance(rhs[0], list) else 0
    if len(rhs) != n:
        raise ValueError(f"solve: a has {n} rows, but b has {len(rhs)}")
    right = [x for row in rhs for x in row] if k else rhs
    found = _solve_block(n, max(k, 1))([*_flat(rows), *right])
    return _like(b, [found[i * k : i * k + k] for i in range(n)] if k else found)


def cholesky(a: Any) -> Any:
    """The lower triangular L with L L^T = a, of a symmetric positive definite matrix.

    a  [n, n] nested lists or an array of numbers and Values, of which the lower triangle is read

    Its numbers are square roots and quotients of inner products, row by row: ordinary nodes.

    Raises ValueError for a matrix that is not positive definite.
    """
    rows = _square(a, "cholesky: a")
    lower: list[list[Any]] = [[0.0] * len(rows) for _ in rows]
    for i, row in enumerate(rows):
        for j in range(i + 1):
            left = row[j] - functions.dot(lower[i][:j], lower[j][:j]) if j else row[j]
            if i == j and not left > 0.0:
                number = left.data if isinstance(left, Node) else left
                raise ValueError(
                    f"cholesky: a is not positive definite: pivot {i} is {number:g}, not above 0"
                )
            lower[i][j] = functions.sqrt(left) if i == j else left / lower[j][j]
    return _like(a, lower)


def logdet(a: Any) -> Any:
    """log(det a), of a matrix whose determinant is positive.

    a  [n, n] nested lists or an array of numbers and Values

    Its derivative is a^-T.

    Raises ValueError for a determinant that is not positive.
    """
    rows = _square(a, "logdet: a")
    return _logdet_block(len(rows))(_flat(rows))[0]


def singular(matrix: Any) -> str:
    """What is wrong with a matrix that has no inverse, as an end of a sentence; "" of others."""
    if not np.isfinite(matrix).all():
        return "holds a number that is not finite"
    try:
        worst = float(np.linalg.cond(matrix, 1))
    except np.linalg.LinAlgError:
        worst = float("inf")
    if worst < 1 / np.finfo(float).eps:
        return ""
    return f"is singular: its condition number is {worst if worst == worst else inf:.3g}"


@cache
def _solve_block(n: int, k: int, name: str = "solve") -> Block:
    """The block of a and b [n, k], both row by row; name is that of the user's function."""

    def forward(numbers: list[float]) -> tuple[list[float], Any]:
        matrix = np.array(numbers[: n * n]).reshape(n, n)
        problem = singular(matrix)
        if problem:
            raise ValueError(f"{name}: a {problem}")
        found = np.linalg.solve(matrix, np.array(numbers[n * n :]).reshape(n, k))
        return found.ravel().tolist(), (matrix, found)

    def pullback(
        operands: Sequence[Operand], results: Sequence[Operand], cotangents: Sequence[Operand]
    ) -> list[Operand]:
        transposed = [operands[r * n + c] for c in range(n) for r in range(n)]
        sent = _solve_block(n, k, name)([*transposed, *cotangents])
        rows = [sent[i * k : i * k + k] for i in range(n)]
        solution = [results[i * k : i * k + k] for i in range(n)]
        return [*[-functions.dot(row, x) for row in rows for x in solution], *sent]

    def backward(kept: Any, cotangents: list[float]) -> list[float]:
        matrix, found = kept
        sent = np.linalg.solve(matrix.T, np.array(cotangents).reshape(n, k))
        return [*(-sent @ found.T).ravel().tolist(), *sent.ravel().tolist()]

    return Block("solve", forward, pullback, backward)


@cache
def _logdet_block(n: int) -> Block:
    """The block of a, row by row."""

    def forward(numbers: list[float]) -> tuple[list[float], Any]:
        matrix = np.array(numbers).reshape(n, n)
        sign, found = np.linalg.slogdet(matrix)
        if not sign > 0:
            determinant = sign * np.exp(found)
            raise ValueError(f"logdet: the determinant of a is {determinant:g}, not above 0")
        return [float(found)], matrix

    def pullback(
        operands: Sequence[Operand], results: Sequence[Operand], cotangents: Sequence[Operand]
    ) -> list[Operand]:
        unit = [float(r == c) for r in range(n) for c in range(n)]
        inverse = _solve_block(n, n, "logdet")([*operands, *unit])
        return [cotangents[0] * inverse[c * n + r] for r in range(n) for c in range(n)]

    def backward(kept: Any, cotangents: list[float]) -> list[float]:
        found: list[float] = (cotangents[0] * np.linalg.inv(kept).T).ravel().tolist()
        return found

    return Block("logdet", forward, pullback, backward)


# ------------------------------------------------------------------------------ containers


def _square(a: Any, name: str) -> list[list[Any]]:
    rows = _rows(a, name)
    for i, row in enumerate(rows):
        if not isinstance(row, list) or len(row) != len(rows):
            found = f"row {i} has {len(row)}" if isinstance(row, list) else f"row {i} is a number"
            raise ValueError(f"{name} must be a square matrix: of {len(rows)} rows, {found}")
    return rows


def _rows(thing: Any, name: str) -> list[Any]:
    """A vector or a matrix as lists of numbers and Values."""
    rows = thing.tolist() if isinstance(thing, np.ndarray) else thing
    if not isinstance(rows, (list, tuple)) or not len(rows):
        raise ValueError(
            f"{name} must be a list or an array of numbers, not {type(thing).__name__}"
        )
    found = [list(row) if isinstance(row, (list, tuple)) else row for row in rows]
    for i, row in enumerate(found):
        if isinstance(row, list) != isinstance(found[0], list) or (
            isinstance(row, list) and len(row) != len(found[0])
        ):
            raise ValueError(f"{name}: row {i} is not as long as row 0")
        for x in row if isinstance(row, list) else [row]:
            if not (isinstance(x, Node) or is_number(x)):
                raise TypeError(f"{name} must hold numbers and Values, not {type(x).__name__}")
    return found


def _flat(rows: list[list[Any]]) -> list[Any]:
    return [x for row in rows for x in row]


def _like(thing: Any, found: list[Any]) -> Any:
    """The result as a list, or as an array if thing is one."""
    if not isinstance(thing, np.ndarray):
        return found
    flat = _flat(found) if isinstance(found[0], list) else found
    return array_of(flat, thing.shape)
