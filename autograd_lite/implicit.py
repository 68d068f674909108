"""Functions that are given by an equation: a root, a fixed point, and their derivatives.

Where r(x, theta) = 0 defines x, the implicit function theorem gives dx / dtheta = -J^-1 dr / dtheta
with J = dr / dx. How x was found does not matter.
"""

from __future__ import annotations

from math import isfinite
from operator import add

import numpy as np

from autograd_lite import functions, linalg, observers
from autograd_lite.block import Block
from autograd_lite.callables import name_of
from autograd_lite.compiler.record.numbers import NumberTracer
from autograd_lite.compiler.record.tracers import NotRecordedError, ValueTracer
from autograd_lite.leaves import difference, leaves, number, put
from autograd_lite.pullback import Graph, by_operand
from autograd_lite.reading import Reading, gradient
from autograd_lite.value import Node, Value, number_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from autograd_lite.value import Operand

__all__ = ["fixed_point", "implicit_root"]

CLOSE = 1e-6
"""A root is one from which Newton's method moves no further than this times max(1, |x|)."""


def implicit_root(
    residual: Callable[..., Any], solve: Callable[[Callable[[Any], Any], Any], Any]
) -> Callable[..., Any]:
    """root(x0, *theta): the x with residual(x, *theta) = 0, as a function of theta.

    residual  function of x and theta, written with this package's functions; it gives as many
              numbers as x has. Values that it reads besides are parameters like theta
    solve     function of f and x0 that gives x with f(x) = 0, such as scipy.optimize.newton, fsolve
              or root: f(x) is residual(x, *theta) for the numbers of theta. It may use Values

    x0, x and each theta are numbers or Values, or lists, arrays and other containers of them. x
    holds Values if theta does, or residual reads some.

    The derivative is -J^-1 dr / dtheta, J = dr / dx (implicit function theorem); of every order, as
    it is written in Values. Nothing of what solve does is differentiated.

    Raises RuntimeError if solve says that it failed, or gives numbers that are not finite. When a
    derivative is taken, it raises ValueError for a singular J, and where x is no root: where
    Newton's method would move it by more than 1e-6 max(1, |x|).
    """
    name = name_of(residual)

    def root(x0: Any, *theta: Any) -> Any:
        equation = _Equation(name, residual, solve, x0, theta)
        found = equation.solve(equation.numbers)
        equation.capture(found)
        operands = [*equation.operands, *equation.captured]
        block = Block(
            name, equation.forward, equation.pullback, equation.backward, equation.captured
        )
        return put(x0, block(operands))

    return root


def fixed_point(
    f: Callable[..., Any],
    x0: Any,
    *theta: Any,
    tolerance: float = 1e-12,
    steps: int = 10_000,
) -> Any:
    """The x with f(x, *theta) = x, found from x0 by x = f(x, *theta), again and again.

    f          function of x and theta that gives what x is: a number, or a container of numbers;
               Values that it reads besides are parameters like theta
    tolerance  it stops when no number changes by more than this times max(1, |x|)
    steps      the largest number of steps

    The derivative is that of `implicit_root` with f(x) - x for a residual.

    Raises RuntimeError if it does not converge, and what `implicit_root` raises.
    """

    def residual(x: Any, *theta: Any) -> list[Any]:
        after, before = list(leaves(f(x, *theta), name)), list(leaves(x, name))
        if len(after) != len(before):
            raise ValueError(f"{name} gives {len(after)} numbers for an x of {len(before)}")
        return [a - b for a, b in zip(after, before, strict=True)]

    def iterate(residual: Callable[[Any], Any], x: Any) -> Any:
        for step in range(steps):
            numbers, changes = list(leaves(x, name)), [number(r) for r in residual(x)]
            if not all(map(isfinite, changes)):
                raise RuntimeError(
                    f"{name} has not converged: after step {step + 1} x is not finite"
                )
            x = put(x, map(add, numbers, changes))
            change = max(map(abs, changes))
            if change <= tolerance * max(1.0, *map(abs, numbers)):
                return x
        raise RuntimeError(
            f"{name} has not converged in {steps} steps: the last one changed x by {change:.3g}"
        )

    name = f"fixed_point: {name_of(f)}"
    residual.__name__ = name
    return implicit_root(residual, iterate)(x0, *theta)


class _Equation:
    """residual(x, *theta) = 0, and how it is solved.

    operands  the numbers and Values of x0, on which x does not depend, and those of theta
    numbers   their numbers
    captured  Values that residual reads besides
    """

    def __init__(
        self,
        name: str,
        residual: Callable[..., Any],
        solver: Callable[..., Any],
        x0: Any,
        theta: tuple[Any, ...],
    ) -> None:
        self.name, self._residual, self._solver = name, residual, solver
        self._x0, self._theta = x0, theta
        start, given = list(leaves(x0, name)), list(leaves(theta, name))
        self._n = len(start)
        self.operands: list[Any] = [*start, *given]
        self.numbers = [number(x) for x in self.operands]
        self.captured: list[Value] = []
        self._known: list[float] | None = None

    # -------------------------------------------------------------------------- the solution

    def solve(self, numbers: list[float]) -> list[float]:
        """x for these numbers of x0 and theta; no observer is told."""
        return observers.unobserved(self._solve, numbers)  # type: ignore[no-any-return]

    def _solve(self, numbers: list[float]) -> list[float]:
        theta = put(self._theta, numbers[self._n :])

        def f(x: Any) -> Any:
            found = self._residual(x, *theta)
            if any(isinstance(r, Node) for r in leaves(x, self.name)):
                return found  # for derivatives with respect to x
            return put(found, map(number, leaves(found, self.name)))

        answer = self._solver(f, put(self._x0, numbers[: self._n]))
        done = getattr(answer, "success", getattr(answer, "converged", True))
        if not done:
            said = getattr(answer, "message", getattr(answer, "flag", answer))
            raise RuntimeError(f"{self.name}: the solver did not converge: {said}")
        if difference(self._x0, answer, "x"):  # no x, but SciPy's report of one
            answer = getattr(answer, "x", getattr(answer, "root", answer))
        found = [number(x) for x in leaves(answer, f"{self.name}: what solve gives")]
        if len(found) != self._n:
            raise ValueError(f"{self.name}: solve gave {len(found)} numbers, and x0 has {self._n}")
        if not all(map(isfinite, found)):
            raise RuntimeError(f"{self.name}: solve gave {found}, which are not all finite")
        return found

    def forward(self, numbers: list[float]) -> tuple[list[float], Any]:
        """x, and what `backward` needs, for the numbers of the operands and of what is captured."""
        n = len(self.operands)
        for x, given in zip(self.captured, numbers[n:], strict=True):
            if number_of(x) != given and given == given:
                raise TypeError(self._refusal())
        found, self._known = self._known, None  # of the call, which had to know what is captured
        found = found or self._solve(numbers[:n])
        return found, (numbers, found)

    def capture(self, found: list[float]) -> None:
        """Note which Values the residual reads, at the solution."""
        self._known = found
        watch = Reading()
        observers.unobserved(self._watched, watch, found)
        self.captured = watch.captured()
        if observers.tracing() and any(map(_changes, self.captured)):
            raise NotRecordedError(self._refusal())

    def _watched(self, watch: Reading, found: list[float]) -> None:
        with observers.observe(watch):
            xs = [Value(x) for x in found]
            theta = [Value(x) for x in self.numbers[self._n :]]
            watch.results = self._residuals(xs, theta)

    def _refusal(self) -> str:
        return (
            f"{self.name} reads a Value that the compiled function computes, or is passed; pass it "
            "to the root as an argument"
        )

    # ------------------------------------------------------------------------ its derivatives

    def _residuals(self, xs: Sequence[Operand], theta: Sequence[Operand]) -> list[Any]:
        """The numbers and Values of the residual."""
        found = self._residual(put(self._x0, xs), *put(self._theta, theta))
        residuals = list(leaves(found, self.name))
        if len(residuals) != self._n:
            raise ValueError(
                f"{self.name} gives {len(residuals)} numbers for an x of {self._n}: as many "
                "equations as unknowns are needed"
            )
        return residuals

    def backward(
        self, kept: tuple[list[float], list[float]], cotangents: list[float]
    ) -> list[float]:
        """The cotangents of the operands and of what is captured, as numbers."""
        numbers, found = kept
        xs = [Value(x) for x in found]
        theta = [Value(x) for x in numbers[self._n : len(self.operands)]]
        residuals = [functions.sum([r]) for r in self._residuals(xs, theta)]  # which no input is
        inputs = [*xs, *theta, *self.captured]
        rows = np.array([gradient(r, inputs) for r in residuals])
        jacobian, by_others = np.split(rows, [self._n], axis=1)
        self._check(jacobian, [number(r) for r in residuals], found)
        sent = np.linalg.solve(jacobian.T, np.negative(cotangents))
        nonzero = np.flatnonzero(sent)  # a cotangent of 0 stays 0 through an infinite partial
        return [*[0.0] * self._n, *(sent[nonzero] @ by_others[nonzero]).tolist()]

    def pullback(
        self,
        operands: Sequence[Operand],
        results: Sequence[Operand],
        cotangents: Sequence[Operand],
    ) -> list[Operand]:
        """The cotangents of the operands and of what is captured, in Values."""
        theta, captured = operands[self._n : len(self.operands)], operands[len(self.operands) :]
        residuals = self._residuals(results, theta)
        inputs = [x for x in (*results, *theta, *captured) if isinstance(x, Node)]
        system = Graph(residuals, inputs)
        unit = np.eye(self._n).tolist()
        jacobian = [system.pullback(row)[: self._n] for row in unit]
        numbers = [[number(x) for x in row] for row in jacobian]
        self._check(numbers, [number(r) for r in residuals], [number(x) for x in results])
        transposed = [list(column) for column in zip(*jacobian, strict=True)]
        sent = linalg.solve(transposed, [-g for g in cotangents])
        found = system.pullback(sent)[self._n :]
        return [*[0.0] * self._n, *by_operand(found, [*theta, *captured])]

    def _check(self, jacobian: Any, residuals: list[float], found: list[float]) -> None:
        """Raise ValueError for a singular Jacobian, and for an x that is no root."""
        problem = linalg.singular(jacobian)
        if problem:
            raise ValueError(
                f"{self.name}: x has no derivative at x = {_shown(found)}, as the Jacobian there "
                f"{problem}"
            )
        step = float(np.abs(np.linalg.solve(jacobian, residuals)).max())
        if not step <= CLOSE * max(1.0, *map(abs, found)):
            raise ValueError(
                f"{self.name}: x = {_shown(found)} is no root: the residual is "
                f"{_shown(residuals)} there, and Newton's method would move x by {step:.3g}. Let "
                "the solver go on"
            )


def _changes(node: Value) -> bool:
    """True if a compiled function computes the node, or is passed it."""
    return issubclass(type(node), (NumberTracer, ValueTracer)) or not Node.is_leaf.__get__(node)


def _shown(numbers: Sequence[float]) -> str:
    shown = [f"{x:.6g}" for x in numbers[:5]]
    more = [] if len(numbers) <= 5 else [f"... {len(numbers) - 5} more"]
    return shown[0] if len(numbers) == 1 else f"[{', '.join(shown + more)}]"
