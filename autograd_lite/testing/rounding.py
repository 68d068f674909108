"""How far rounding blurs the number of a graph, and the gradients of its leaves.

Terms that cancel leave their rounding behind, which may be larger than what is left of them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from autograd_lite import Value, topological_order
from autograd_lite.testing.locate import partials_of


def blur_of_value(order: Sequence[Value], epsilon: float) -> float:
    """How far rounding blurs the number of order[0], after a pass from it.

    Each node is rounded, and an error there reaches the result times the node's gradient. These
    errors are independent, so their squares add up.
    """
    blurs = [node.grad * _rounded(node) for node in order if not node.is_leaf]
    return epsilon / 2 * math.hypot(*(blur for blur in blurs if math.isfinite(blur)))


def _rounded(node: Value) -> float:
    """The size of what is rounded in a node: of an n-ary one the terms, not their sum."""
    if node.rule is None or not node.rule.nary:
        return node.data
    terms = zip(node.parents, node.partials, strict=True)
    return max(abs(node.data), math.hypot(*(parent.data * partial for parent, partial in terms)))


def blur_of_gradient(root: Value, epsilon: float) -> dict[Value, float]:
    """A bound on the rounding errors of the gradient of each node in a pass from root.

    The running error of the pass: each product and each sum is rounded, and what a cotangent is
    off by goes on to the parents.
    """
    order = topological_order(root)
    sent, sizes, blurs = (dict.fromkeys(order, 0.0) for _ in range(3))
    sent[root] = 1.0
    for node in order:
        if sent[node] == blurs[node] == 0.0:
            continue
        for parent, partial in _partials(node):
            term = sent[node] * partial if sent[node] else 0.0
            sent[parent] += term
            sizes[parent] += abs(term)  # the sum is no larger, in whatever order it is added up
            blurs[parent] += epsilon / 2 * (abs(term) + sizes[parent])
            if blurs[node]:
                blurs[parent] += abs(partial) * blurs[node]
    return blurs


def _partials(node: Value) -> Iterable[tuple[Value, float]]:
    """(parent, partial) of each operand: the terms of one that occurs twice may cancel."""
    if node.rule is None:
        return partials_of(node)
    return zip(node.parents, node.partials, strict=True)
