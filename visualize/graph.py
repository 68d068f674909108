"""What is drawn: the nodes and edges of a graph, in an order that depends on nothing else."""

from __future__ import annotations

from autograd_lite import Value, topological_order

__all__ = ["NODE_LIMIT", "checked", "nodes_of", "trace"]

NODE_LIMIT = 1_000
"""The most nodes that are drawn one by one; more are neither laid out fast nor readable."""

EDGE_LIMIT = 4_000
"""The most edges that are drawn one by one: a sum of a million terms has as many edges."""


def trace(root: Value) -> tuple[list[Value], list[tuple[Value, Value]]]:
    """The nodes that root depends on, and the edges (parent, node), as micrograd's trace.

    Both are lists in topological order, parents before their users. `x * x` has two edges.

    Raises TypeError if root is not a Value, ValueError if the graph has a cycle.
    """
    nodes = nodes_of(root)
    return nodes, [(parent, node) for node in nodes for parent in node.parents]


def nodes_of(root: Value) -> list[Value]:
    """The nodes that root depends on, parents before their users."""
    nodes = topological_order(checked(root))[::-1]
    seen = set(nodes)
    if len(seen) < len(nodes) or any(p not in seen for node in nodes for p in node.parents):
        raise ValueError("the graph has a cycle: a node depends on itself")
    return nodes


def checked(root: Value) -> Value:
    if not isinstance(root, Value):
        raise TypeError(
            f"the root of a graph must be a Value, such as a loss, not {type(root).__name__}"
        )
    return root


def refuse_large(root: Value, advice: str) -> None:
    """Raise ValueError with the advice if the graph is too large to draw node by node.

    The count stops at the limit, so that a graph of a million nodes is refused at once.
    """
    met = [checked(root)]
    seen = {root}
    edges = 0
    for node in met:  # the list grows while it is walked
        parents = node.parents
        edges += len(parents)
        if edges > EDGE_LIMIT:
            raise ValueError(f"the graph has more than {EDGE_LIMIT:,} edges; {advice}")
        for parent in parents:
            if parent not in seen:
                seen.add(parent)
                met.append(parent)
        if len(met) > NODE_LIMIT:
            raise ValueError(f"the graph has more than {NODE_LIMIT:,} nodes; {advice}")
