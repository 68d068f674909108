"""The second derivatives of a function, compared with differences of its gradient.

Along a line v through the inputs they are H v, the Hessian times v. Forward over reverse it is the
tangent of the gradient G along v; reverse over reverse it is the gradient of v . G, as H is
symmetric.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from autograd_lite import Value, pullback
from autograd_lite import sum as sum_of
from autograd_lite.pullback import Graph
from autograd_lite.testing.checked import Checked, number_of
from autograd_lite.testing.compare import Comparison, Direction, Traced

FORWARD, REVERSE, BACKWARD = (
    "forward over reverse",
    "reverse over reverse",
    "backward() of the gradient",
)


class SecondOrder(Comparison):
    """The gradients of f by backward(), and their derivatives in both modes.

    Output i * n + j is the derivative of the number i of f with respect to the input j of n.
    """

    against = "differences of the gradient"

    def __init__(self, checked: Checked) -> None:
        checked.arguments.at(checked.x)
        names = [f"(d {out} / d {by})" for out in checked.outputs for by in checked.arguments.names]
        super().__init__(checked, names, [d for y in checked.roots for d in checked.passed(y)])
        self._gradients = list(map(self._gradient, checked.roots))

    def _gradient(self, root: Any) -> list[Any]:
        """The gradient as Values, or numbers where it depends on no input."""
        return list(pullback([root], [1.0], self.checked.inputs))

    def _products(self, mode: str, gradient: list[Any], line: Direction) -> list[float]:
        """The Hessian times the line, whose gradient this is, by one mode."""
        inputs = self.checked.inputs
        if mode == FORWARD:
            steps = [0.0] * len(inputs)
            for k, step in line.steps:
                steps[k] = step
            return list(map(number_of, Graph(gradient, inputs).pushforward(steps)))
        along = _along(line, gradient)
        if mode == BACKWARD:
            return self.checked.passed(along)
        return list(map(number_of, pullback([along], [1.0], inputs)))

    # ----------------------------------------------------------------- what is compared

    def evaluated(self, numbers: Sequence[float]) -> list[float]:
        roots = self.checked.called_nearby(numbers, recorded=True)
        if roots is None:
            return [math.nan] * len(self.outputs)
        return [d for root in roots for d in self.checked.passed(root)]

    def derivatives(self, line: Direction) -> dict[str, list[float]]:
        self.checked.arguments.at(self.x)
        return {
            mode: [d for gradient in self._gradients for d in self._products(mode, gradient, line)]
            for mode in (FORWARD, REVERSE, BACKWARD)
        }

    def derivative_at(self, mode: str, i: int, line: Direction, numbers: Sequence[float]) -> float:
        output, by = divmod(i, len(self.x))
        gradient = self._gradient(self.checked.called(numbers)[output])
        return self._products(mode, gradient, line)[by]

    def follows(
        self, mode: str, i: int, line: Direction, derivative: float, moves: list[float]
    ) -> float:
        way = sum(moves[k] * step for k, step in line.steps)
        return derivative * way / sum(step * step for _, step in line.steps)

    def traced(self, mode: str, i: int, line: Direction) -> Traced:
        checked = self.checked
        f, (output, by) = checked.uncompiled, divmod(i, len(self.x))

        def gradient(numbers: Sequence[float]) -> list[Any]:
            return self._gradient(checked.called(numbers, f)[output])

        if mode == FORWARD:
            return Traced(self.outputs[i], line, lambda numbers: gradient(numbers)[by], True)
        return Traced(
            f"(d {checked.outputs[output]} / d {line.by})",
            self.coordinate(by),
            lambda numbers: _along(line, gradient(numbers)),
            as_nodes=mode == REVERSE,
        )

    def graph_of(self, i: int, root: Value | None) -> Any:
        return self.checked.called(self.x, self.checked.uncompiled)[i // len(self.x)]


def _along(line: Direction, gradient: list[Any]) -> Any:
    """The derivative along the line, as a Value if the gradient has one."""
    if len(line.steps) == 1 and line.steps[0][1] == 1.0:
        return gradient[line.steps[0][0]]
    return sum_of([gradient[k] * step for k, step in line.steps])
