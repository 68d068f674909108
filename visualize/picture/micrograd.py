"""`draw_dot`: the graph as micrograd draws it, records of numbers and ovals of operations."""

from __future__ import annotations

from autograd_lite import Value
from visualize.model.nodes import trace
from visualize.model.select import NODE_LIMIT, refuse_large
from visualize.picture.text import escape, short

TYPE_CHECKING = False
if TYPE_CHECKING:
    import graphviz

__all__ = ["draw_dot"]


def draw_dot(root: Value, format: str = "svg", rankdir: str = "LR") -> graphviz.Digraph:
    """The graph of root as a graphviz.Digraph in micrograd's style.

    format   the format of the Digraph's own `render`; "svg" needs no Graphviz program
    rankdir  "LR" from left to right, "TB" from top to bottom

    Raises TypeError if root is not a Value, ValueError for a graph of over 1,000 nodes.
    """
    from graphviz import nohtml

    from visualize.picture.digraph import Digraph

    if rankdir not in ("LR", "TB"):
        raise ValueError(f"rankdir must be 'LR' or 'TB', not {rankdir!r}")
    refuse_large(
        root,
        f"draw_dot draws up to {NODE_LIMIT:,}: pass a part of the graph, such as the loss of one "
        "sample of a small model",
    )
    nodes, edges = trace(root)
    names = {node: f"v{i}" for i, node in enumerate(nodes)}
    dot = Digraph(
        format=format,
        graph_attr={"rankdir": rankdir},
        node_attr={"fontname": "Courier"},
    )
    for node, name in names.items():
        title = f"{escape(short(node.label))} | " if node.label else ""
        numbers = f"data {node.data:.4f} | grad {node.grad:.4f}"
        dot.node(name, label=f"{{ {title}{numbers} }}", shape="record")
        if not node.is_leaf:
            dot.node(f"{name}_op", label=nohtml(escape(short(node._op))))
            dot.edge(f"{name}_op", name)
    for parent, node in edges:
        dot.edge(names[parent], f"{names[node]}_op")
    return dot
