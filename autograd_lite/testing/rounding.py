"""How far rounding blurs the number of a graph, and the gradients of its leaves.

Terms that cancel leave their rounding behind, which may be larger than what is left of them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from random import Random

from autograd_lite import Value, topological_order
from autograd_lite.graph import cotangents, operands, partials
from autograd_lite.observers import Observer

PASSES = 8
"""How many times a pass, forward or backward, is rounded at random."""


def blur_of_value(order: Sequence[Value], epsilon: float) -> float:
    """How far rounding blurs the number of order[0], after a pass from it.

    Each node is rounded, and an error there reaches the result times the node's gradient. These
    errors are independent, so their squares add up.
    """
    blurs = [node.grad * _rounded(node) for node in order if not node.is_leaf]
    return epsilon / 2 * math.hypot(*(blur for blur in blurs if math.isfinite(blur)))


def _rounded(node: Value) -> float:
    """The size of the numbers rounded in a node: of an n-ary one the terms, not the sum."""
    if node.rule is None or not node.rule.nary:
        return node.data
    terms = zip(node.parents, node.partials, strict=True)
    return max(abs(node.data), math.hypot(*(parent.data * partial for parent, partial in terms)))


class RoundedAnew(Observer):
    """Rounds each number that an operation gives to the other side, or not, at random.

    A gradient differs as much between such runs as rounding blurs the numbers behind it.
    """

    def __init__(self, epsilon: float, seed: int) -> None:
        self.epsilon, self.random = epsilon, Random(seed)

    def made(self, node: Value) -> None:
        if not node.is_leaf:
            node.data += self.random.choice((-1, 1)) * self.epsilon / 2 * _rounded(node)


def blur_of_gradient(root: Value, epsilon: float) -> dict[Value, float]:
    """How far rounding blurs the gradient of each node in a pass from root.

    The pass runs again, each product and each sum in it rounded at random. What is off by the same
    rounding cancels as it does in the pass; a bound would add it up, and allow mistakes.

    Source: Parker, "Monte Carlo arithmetic", UCLA CSD-970002 (1997).
    """
    order = topological_order(root)
    edges = {node: list(zip(operands(node), partials(node), strict=True)) for node in order}
    draw = Random(0)

    def rounded(number: float) -> float:
        return number + number * draw.uniform(-epsilon, epsilon)

    exact = cotangents(order)
    passes = [_pass(order, edges, rounded) for _ in range(PASSES)]
    return {node: max(abs(one[node] - exact[node]) for one in passes) for node in order}


def _pass(
    order: Sequence[Value],
    edges: dict[Value, list[tuple[Value, float]]],
    rounded: Callable[[float], float],
) -> dict[Value, float]:
    """The derivatives of order[0] with respect to each node, by rounded products and sums."""
    sent = dict.fromkeys(order, 0.0)
    sent[order[0]] = 1.0
    for node in order:
        if sent[node]:
            for operand, partial in edges[node]:
                sent[operand] = rounded(sent[operand] + rounded(sent[node] * partial))
    return sent
