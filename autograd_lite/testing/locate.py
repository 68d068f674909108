"""Where in a graph a gradient goes wrong.

Let the inputs move along a line. Differences of two recordings give every node's slope t along it;
by the recorded partials p it should be the sum of p * t over the parents. What is missing there,
times the node's cotangent, is what the node adds to the error of the result, and these add up to
all of it. If they do not, the partials are right and the backward pass added them up wrongly.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from autograd_lite import Value, topological_order
from autograd_lite.graph import cotangents, operands, partials
from autograd_lite.pullback import Graph


class Fault(NamedTuple):
    """The node where a gradient goes wrong, and a sentence that says how."""

    node: Value
    reason: str


def partial_sums(node: Value) -> list[tuple[Value, float]]:
    """(operand, sum of its partials) of each distinct operand of node."""
    total: dict[Value, float] = {}
    for operand, partial in zip(operands(node), partials(node), strict=True):
        total[operand] = total.get(operand, 0.0) + partial
    return list(total.items())


def operands_by_hand(root: Any) -> list[Value]:
    """The operands of nodes made by hand that are no leaves."""
    order = topological_order(root) if isinstance(root, Value) else []
    operands = (x for node in order if node.rule is None for x in node.parents if not x.is_leaf)
    return list(dict.fromkeys(operands))


def overwritten(root: Value) -> Fault | None:
    """The first node, from the root, that did not receive the sum of what its users send."""
    order = topological_order(root)
    leaves = [(node, node.grad) for node in order if node.is_leaf]
    for leaf, _ in leaves:
        leaf.grad = 0.0
    root.backward()
    received = {node: node.grad for node in order}
    for leaf, grad in leaves:
        leaf.grad = grad
    expected = cotangents(order)
    for node in order:
        if not _close(received[node], expected[node]):
            return _misadded(node, order, expected[node], received[node])
    return None


def _misadded(node: Value, order: list[Value], sent: float, got: float) -> Fault:
    users = [user for user in order if node in user.parents]
    by_hand = dict.fromkeys(f"{user._op!r}" for user in users if user.rule is None)
    advice = (
        f"; the _backward of {', '.join(by_hand)} must multiply by out.grad, and add with +="
        if by_hand
        else ""
    )
    return Fault(
        node,
        f"its {len(users)} users send it {sent:.10g} in all, but it received {got:.10g}{advice}",
    )


def _close(one: float, other: float) -> bool:
    return math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-300) or (one != one and other != other)


def derived_otherwise(root: Value) -> Fault | None:
    """The first node, parents before users, whose partials are others if they are nodes."""
    for node in reversed(topological_order(root)):
        by_numbers = dict(partial_sums(node))
        if node.rule is None or not by_numbers:
            continue
        by_nodes = Graph([node], [*by_numbers], numbers=True).pullback([1.0])
        for operand, (one, other) in zip(
            by_numbers, zip(by_numbers.values(), by_nodes, strict=True), strict=True
        ):
            if math.isfinite(one) and not _close(one, other):
                return Fault(
                    node,
                    f"its partial derivative with respect to {operand.data:.10g} is {other:.10g} "
                    f"where it is differentiated further, but {one:.10g} in backward()",
                )
    return None


def parting(
    root: Value, above: Value, below: Value, h: float, moves: dict[Value, float], missing: float
) -> Fault | None:
    """The first node, parents before users, that makes the gradient wrong.

    above, below  the result again, with the inputs moved by h and by -h along the line
    moves         how far each input moves along the line
    missing       what the gradient lacks along the line
    """
    order, up, down = (topological_order(result)[::-1] for result in (root, above, below))
    if not math.isfinite(missing):
        return _not_finite(order[::-1], cotangents(order[::-1]))
    if not _alike(order, up) or not _alike(order, down):
        return None  # the function branches: there is no graph to compare with
    slopes = {node: (a.data - b.data) / (2 * h) for node, a, b in zip(order, up, down, strict=True)}
    slopes.update(moves)  # the same nodes in all three graphs
    sent = cotangents(order[::-1])
    lacks = []
    for node in order:
        if node in moves:
            continue
        expected = sum(partial * slopes[parent] for parent, partial in partial_sums(node))
        lacks.append((node, expected, sent[node] * (slopes[node] - expected)))
    if not all(math.isfinite(lack) for _, _, lack in lacks):
        return _not_finite(order[::-1], sent)
    largest = max((abs(lack) for _, _, lack in lacks), default=0.0)
    if abs(sum(lack for _, _, lack in lacks) - missing) > abs(missing) / 2:
        return overwritten(root)
    for node, expected, lack in lacks:
        if abs(lack) >= largest / 2:
            return Fault(node, _wrong_slope(node, expected, slopes[node]))
    return None


def _alike(order: list[Value], other: list[Value]) -> bool:
    return len(order) == len(other) and all(
        a._op == b._op for a, b in zip(order, other, strict=True)
    )


def _wrong_slope(node: Value, expected: float, found: float) -> str:
    if node.is_leaf:
        return (
            f"it is a leaf, but its number follows the input with the slope {found:.10g}: "
            "something read .data, and the gradient is lost there"
        )
    partials = ", ".join(f"{partial:.10g}" for _, partial in partial_sums(node))
    return (
        f"as the input moves, its slope is {found:.10g}, but {expected:.10g} by its partial "
        f"derivatives ({partials})"
    )


def _not_finite(order: list[Value], sent: dict[Value, float]) -> Fault | None:
    for node in order:
        partials = [partial for _, partial in partial_sums(node)]
        if not all(map(math.isfinite, partials)):
            numbers = ", ".join(f"{partial:.10g}" for partial in partials)
            product = "" if sent[node] else "; as its own gradient is 0, it sends 0"
            return Fault(node, f"its partial derivatives are not finite ({numbers}){product}")
    return None
