"""What one check is about: the function, its inputs, its results, and how exact they are."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from typing import Any

from autograd_lite import Value, no_grad, topological_order
from autograd_lite.callables import CompiledFunction, name_of
from autograd_lite.testing.arguments import Arguments
from autograd_lite.testing.message import error_message
from autograd_lite.testing.report import Finding, GradientError
from autograd_lite.testing.results import outputs_of, precision_of
from autograd_lite.testing.source import reproduction


class Checked:
    """A function at its inputs, while it is checked.

    f        the function
    grad     the function that gives its gradient, or None if its graph does
    name     its name
    x        the inputs
    outputs  the name of each number that f gives at x
    roots    those numbers, or the Values that hold them
    y        those numbers
    epsilon  the coarsest precision that f computes with
    random   where random directions and weights come from
    refusal  what f raised last at an input nearby, or None
    """

    def __init__(
        self,
        f: Callable[..., Any],
        args: Sequence[Any],
        arguments: Arguments,
        grad: Callable[..., Any] | None,
        options: dict[str, Any],
    ) -> None:
        self.f, self.arguments, self.grad = f, arguments, grad
        self.name = name_of(f)
        self.x = list(arguments.numbers)
        self.random = random.Random(options["seed"])
        self.refusal: Exception | None = None
        self._args, self._options = args, options

        first = f(*arguments.at(self.x))
        found = outputs_of(first, self.name)
        if not found:
            raise ValueError(f"check_grad: {self.name} gives no number to differentiate: {first!r}")
        self.outputs = [name for name, _ in found]
        self.roots = [out for _, out in found]
        self.y = list(map(number_of, self.roots))
        self.epsilon = max(arguments.epsilon, precision_of(first))
        tol_min, tol_rel = options["tol_min"], options["tol_rel"]
        self.tol_min = math.sqrt(self.epsilon) if tol_min is None else tol_min
        self.tol_rel = self.epsilon ** (1 / 3) if tol_rel is None else tol_rel
        self._check_repeatable()

    # ------------------------------------------------------------------------ evaluations

    def called(self, numbers: Sequence[float], f: Callable[..., Any] | None = None) -> list[Any]:
        """The numbers or Values that f, or a function in its place, gives at these numbers."""
        args = self.arguments.at(numbers)
        return self._outputs_in((f or self.f)(*args))

    def called_nearby(self, numbers: Sequence[float], recorded: bool) -> list[Any] | None:
        """Those that f gives, Values if it is recorded; None where f refuses the input."""
        args = self.arguments.at(numbers)
        try:
            with nullcontext() if recorded or self.grad is not None else no_grad():
                result = self.f(*args)
        except (ArithmeticError, ValueError) as refusal:
            self.refusal = refusal
            return None
        return self._outputs_in(result)

    def evaluated(self, numbers: Sequence[float]) -> list[float]:
        """The numbers that f gives; nan where f refuses the input."""
        found = self.called_nearby(numbers, recorded=False)
        return [math.nan] * len(self.outputs) if found is None else list(map(number_of, found))

    def _outputs_in(self, result: Any) -> list[Any]:
        found = outputs_of(result, self.name)
        if len(found) != len(self.outputs):
            raise ValueError(
                f"check_grad: {self.name} gives {len(self.outputs)} numbers, but {len(found)} for "
                "an input nearby"
            )
        return [out for _, out in found]

    def _check_repeatable(self) -> None:
        again = self.evaluated(self.x)
        for name, one, other in zip(self.outputs, self.y, again, strict=True):
            if one != other and (one == one or other == other):
                raise ValueError(
                    f"check_grad: {name} is {one!r} and then {other!r} for the same input; seed "
                    "its random numbers anew in each call, or call .eval() on a module that drops"
                )

    # -------------------------------------------------------------------------- gradients

    @property
    def inputs(self) -> list[Value]:
        """The leaves that hold the inputs."""
        return [value for value in self.arguments.values if value is not None]

    def passed(self, root: Any, order: list[Value] | None = None) -> list[float]:
        """The gradients of the inputs after one pass from root; other leaves keep theirs.

        order  the topological order of root, if it is known
        """
        if not isinstance(root, Value):
            return [0.0] * len(self.x)
        order = topological_order(root) if order is None else order
        inputs = self.inputs
        others = [(n, n.grad) for n in order if n.is_leaf and n not in self.arguments.lifted]
        for value in inputs:
            value.grad = 0.0
        root.backward()
        gradient = [value.grad for value in inputs]
        for node, grad in others:
            node.grad = grad
        return gradient

    @property
    def uncompiled(self) -> Callable[..., Any]:
        """What f was compiled of, which leaves a graph where f leaves one node; or f."""
        return self.f.function if isinstance(self.f, CompiledFunction) else self.f

    # ------------------------------------------------------------------ tolerances, errors

    def tolerance(self, one: float, other: float) -> float:
        """How far apart two derivatives may be."""
        average = (abs(one) + abs(other)) / 2
        return max(self.tol_min, self.tol_rel * average) if math.isfinite(average) else self.tol_min

    def error(self, checked: str, allowed: float, graph: Any, **facts: Any) -> GradientError:
        """The error of a wrong derivative.

        checked  what gave it
        allowed  how far it may be off
        graph    the result whose graph shows the error again, if it is a Value
        facts    those of the Finding
        """
        self.arguments.at(self.x)
        names = zip(self.arguments.values, self.arguments.names, strict=True)
        inputs = {value: name for value, name in names if value is not None}
        finding = Finding(inputs=inputs, **facts)
        # A graph written out says nothing of numbers that were read from .data.
        faithful = finding.fault is not None and not finding.fault.node.is_leaf
        graph = graph if faithful and isinstance(graph, Value) else None
        code = reproduction(self.f, self.grad, self._args, self._options, graph, list(inputs))
        message = error_message(
            self.f,
            finding,
            numbers=self.x,
            names=self.arguments.names,
            tolerance=allowed,
            checked=checked,
            code=code,
        )
        return GradientError(message, finding, code)


def number_of(out: Any) -> float:
    return float(out.data if isinstance(out, Value) else out)
