"""Which boxes a picture has: options are checked, and a graph that is too large is refused."""

from __future__ import annotations

from autograd_lite import Value
from autograd_lite.graph import grads
from visualize.model.diagram import Diagram, by_group, by_product
from visualize.model.fold import by_scope, folded, staged
from visualize.model.nodes import Graph, checked
from visualize.model.scopes import scopes_in

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "NODE_LIMIT",
    "ONE_BY_ONE",
    "check_options",
    "diagram_of",
    "products_of",
    "refuse_large",
]

NODE_LIMIT = 1_000
"""The most nodes that are drawn one by one; more are neither laid out fast nor readable."""

EDGE_LIMIT = 4_000
"""The most edges that are drawn one by one: a sum of a million terms has as many edges."""

OVERVIEW = 120
"""The most boxes that a folded picture has; more are gathered into stages."""

ONE_BY_ONE = "leave products out, and write fold=True to draw what has the same structure once"
"""The advice where products are too many."""


def check_options(depth: int | None, fold: bool, products: bool, rankdir: str | None) -> None:
    """Raise ValueError if the options make no picture."""
    if rankdir not in ("LR", "TB", "RL", "BT", None):
        raise ValueError(f"rankdir must be 'LR', 'TB', 'RL' or 'BT', not {rankdir!r}")
    if depth is not None and (not isinstance(depth, int) or depth < 0):
        raise ValueError(f"depth must be an int of 0 or more, or None, not {depth!r}")
    if products and (depth is not None or fold):
        raise ValueError(
            "products cannot be drawn with depth or fold: they are no nodes to collapse"
        )


def diagram_of(
    root: Value, depth: int | None, fold: bool, products: bool, *, measured: bool
) -> Diagram:
    """The boxes of root's graph, with the gradients that its nodes hold.

    measured  True if a `_backward` written by hand is to be run for its partials

    Raises ValueError, with advice, if the boxes or edges are too many.
    """
    if products:
        refuse_large(root, ONE_BY_ONE)
        graph = Graph(root)
        return products_of(graph, grads(graph.nodes), measured=measured)
    if fold:
        advice = "draw a part of the graph, such as the loss of one sample"
    elif depth is not None:
        advice = f"write depth={depth}, fold=True to draw what has the same structure once"
    else:
        advice = (
            "write draw(root, fold=True) to draw what has the same structure once, or build the "
            "graph within visualize.scopes(model) and write draw(root, depth=0) to draw each call "
            "of a module as one box"
        )
        refuse_large(root, advice)
    graph = Graph(root)
    groups = by_scope(graph.nodes, scopes_in(graph), depth, graph)
    if fold:
        groups = folded(groups, graph)
        if len(groups) > OVERVIEW:
            groups = staged(groups, graph)
    diagram = by_group(groups, grads(graph.nodes).__getitem__, graph, measured=measured)
    return _if_small(diagram, advice)


def products_of(graph: Graph, grads: Mapping[Value, float], *, measured: bool) -> Diagram:
    """The boxes of the graph and of the products that a dot adds up; ValueError if too many.

    measured  True if a `_backward` written by hand is to be run for its partials
    """
    diagram = by_product(graph, grads.__getitem__, scopes_in(graph), measured=measured)
    return _if_small(diagram, ONE_BY_ONE)


def _if_small(diagram: Diagram, advice: str) -> Diagram:
    """The diagram; ValueError with the advice if it has too many boxes or edges."""
    for drawn, limit, name in (
        (diagram.boxes, NODE_LIMIT, "boxes"),
        (diagram.edges, EDGE_LIMIT, "edges"),
    ):
        if len(drawn) > limit:
            raise ValueError(f"the picture would have {len(drawn):,} {name}; {advice}")
    return diagram


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
