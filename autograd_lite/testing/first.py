"""The first derivatives of a function, compared with differences of its numbers."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from autograd_lite import Value, pullback, topological_order
from autograd_lite import sum as sum_of
from autograd_lite.graph import cotangents
from autograd_lite.testing.checked import Checked, number_of
from autograd_lite.testing.compare import Comparison, Direction, Traced
from autograd_lite.testing.differences import DOUBT
from autograd_lite.testing.locate import operands_by_hand, overwritten
from autograd_lite.testing.rounding import blur_of_gradient, blur_of_value

COTANGENT = -1024.0
"""A gradient of the result other than 1, which the gradients of the inputs must follow: of the
other sign, larger than common limits of clipping, and a power of 2, so that all rounds alike."""

BACKWARD, GIVEN, NODES = "reverse mode", "grad=", "reverse mode, as nodes"


class FirstOrder(Comparison):
    """The numbers of f, and their derivatives by backward(), or by grad=.

    as_nodes  True to check the derivatives that `pullback` gives, too
    """

    def __init__(self, checked: Checked, as_nodes: bool) -> None:
        super().__init__(checked, checked.outputs, checked.y)
        checked.arguments.at(self.x)
        if checked.grad is not None:
            if len(self.outputs) != 1:
                raise ValueError(
                    f"check_grad: with grad= {checked.name} must give one number, not "
                    f"{len(self.outputs)}"
                )
            self.gradients = {GIVEN: [self._gradient_at(GIVEN, 0, self.x)]}
            return
        self.gradients = {BACKWARD: [self._reverse(i) for i in range(len(self.outputs))]}
        if as_nodes:
            self.gradients[NODES] = [self._of_root(NODES, root) for root in checked.roots]

    def _reverse(self, i: int) -> list[float]:
        """The gradient of output i from backward(); note how far rounding blurs the output."""
        root = self.checked.roots[i]
        if not isinstance(root, Value):
            return [0.0] * len(self.x)
        order = topological_order(root)
        gradient = self.checked.passed(root, order)
        self.roundings[i] = max(self.roundings[i], blur_of_value(order, self.epsilon))
        return gradient

    def _of_root(self, mode: str, root: Any) -> list[float]:
        if mode == BACKWARD:
            return self.checked.passed(root)
        return list(map(number_of, pullback(root, 1.0, self.checked.inputs)))

    def _gradient_at(self, mode: str, i: int, numbers: Sequence[float]) -> list[float]:
        """The gradient of output i there."""
        if mode == GIVEN:
            assert self.checked.grad is not None
            arguments = self.checked.arguments
            return arguments.read(self.checked.grad(*arguments.at(numbers)))
        return self._of_root(mode, self.checked.called(numbers)[i])

    # ----------------------------------------------------------------- what is compared

    def evaluated(self, numbers: Sequence[float]) -> list[float]:
        return self.checked.evaluated(numbers)

    def derivatives(self, line: Direction) -> dict[str, list[float]]:
        return {
            mode: [line.along(gradient) for gradient in gradients]
            for mode, gradients in self.gradients.items()
        }

    def derivative_at(self, mode: str, i: int, line: Direction, numbers: Sequence[float]) -> float:
        return line.along(self._gradient_at(mode, i, numbers))

    def follows(
        self, mode: str, i: int, line: Direction, derivative: float, moves: list[float]
    ) -> float:
        return sum(g * move for g, move in zip(self.gradients[mode][i], moves, strict=True))

    def traced(self, mode: str, i: int, line: Direction) -> Traced:
        f = self.checked.uncompiled
        made = None if mode == GIVEN else lambda numbers: self.checked.called(numbers, f)[i]
        return Traced(self.outputs[i], line, made, as_nodes=mode == NODES)

    # ------------------------------------------------------------------------ other passes

    def compare_passes(self) -> None:
        """Compare the gradient of f with that of programs made of it.

        A multiple of f shows a `_backward` that does not multiply by the gradient of its result,
        which is 1 where f alone is differentiated. More users show one that writes `=` in place of
        `+=`: two calls give them to the inputs, the third pass to what lies between.
        """
        __tracebackhide__ = True
        checked, gradients = self.checked, self.gradients[BACKWARD]
        many = len(self.y) > 1
        weights = [checked.random.uniform(0.5, 1.5) for _ in self.y] if many else [1.0]
        once = [
            sum(w * gradient[i] for w, gradient in zip(weights, gradients, strict=True))
            for i in range(len(self.x))
        ]

        def terms(f: Callable[..., Any]) -> list[Any]:
            outs = checked.called(self.x, f)
            return [w * out for w, out in zip(weights, outs, strict=True)]

        self.compare_pass(
            lambda f: sum_of([COTANGENT * term for term in terms(f)]),
            [COTANGENT * one for one in once],
            output=f"{COTANGENT:g} * {checked.name}",
            against=f"{COTANGENT:g} times f's own",
            when=f"the result's own gradient is {COTANGENT:g}",
        )
        self.compare_pass(
            lambda f: sum_of([*terms(f), *terms(f)]),
            [2 * one for one in once],
            output=f"{checked.name} used twice",
            against="2 times f's own",
            when="the inputs have other users: f(x) + f(x) was differentiated",
        )
        used = terms(checked.f)
        operands = operands_by_hand(sum_of(used))
        if operands:
            sent = cotangents(topological_order(sum_of(operands)))
            own = [sent.get(value, 0.0) for value in checked.inputs]
            both = sum_of([*used, *operands])
            self.compare_pass(
                lambda f: both,
                [one + other for one, other in zip(once, own, strict=True)],
                output=checked.name,
                against="by the partials",
                when="each operand of a node made by hand has another user",
            )

    def compare_pass(
        self, program: Callable[[Any], Any], expected: list[float], **described: str
    ) -> None:
        """Compare the gradients of one backward pass, through program(f), with those expected."""
        __tracebackhide__ = True
        checked = self.checked
        root = program(checked.f)
        if not isinstance(root, Value):
            return
        found = checked.passed(root)
        apart = [
            i
            for i, (one, got) in enumerate(zip(expected, found, strict=True))
            if math.isfinite(one) and not abs(got - one) <= checked.tolerance(got, one)
        ]
        if not apart:
            return
        # Large terms may have cancelled, in an order of their own in either pass.
        f = checked.uncompiled
        blurs = blur_of_gradient(root if f is checked.f else program(f), self.epsilon)
        for i in apart:
            error = blurs.get(checked.inputs[i], 0.0)
            if not abs(found[i] - expected[i]) <= 2 * DOUBT * error:  # of the two passes
                raise checked.error(
                    checked=BACKWARD,
                    allowed=self.allowed(found[i], expected[i], 2 * error),
                    by=checked.arguments.names[i],
                    reverse=found[i],
                    differences=expected[i],
                    error=2 * error,
                    graph=root,
                    root=root,
                    fault=overwritten(root),
                    **described,
                )
