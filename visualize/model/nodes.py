"""The nodes of a graph, in an order that depends on the graph alone, and plain factors of dots."""

from __future__ import annotations

from array import array
from types import MappingProxyType

from autograd_lite import Value, topological_order
from autograd_lite.fields import weights_of
from autograd_lite.graph import operands, partials
from visualize.model.names import names_of_parameters

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Protocol

    class Failure(Protocol):
        """An error that knows its graph, such as an AnomalyError or a GradientError."""

        root: Value | None
        node: Value | None


__all__ = ["Graph", "checked", "culprit_of", "kind_of", "nodes_of", "trace"]

LONG = 24
"""The most plain numbers of a vector that are drawn one by one."""


def trace(root: Value) -> tuple[list[Value], list[tuple[Value, Value]]]:
    """The nodes that root depends on, and the edges (parent, node), as in micrograd's `trace`.

    Both lists are in topological order, parents before their users. `x * x` has two edges.

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


class Factor(Value):
    """A plain number that a dot multiplies by, as a constant of a picture."""

    __slots__ = ()

    @property
    def is_constant(self) -> bool:
        return True


class Graph:
    """The nodes that a picture shows: those that root depends on, and plain factors of dots.

    A dot does not keep its plain numbers as parents. Here they are constants; dots of the same
    vector of numbers, such as the neurons of a layer, share them.

    The results of a block, or of a compiled function, have its operands as parents; the hub between
    them, which has no number, is left out.

    names    what variables call some nodes; a label, or the name that a module has, comes first

    nodes    all nodes, parents before their users, root last
    vectors  the whole vector of each number in a long one, which is drawn as one box
    """

    def __init__(self, root: Value, names: Mapping[Value, str] = MappingProxyType({})) -> None:
        self.nodes: list[Value] = []
        self._factors: dict[Value, tuple[Value, ...]] = {}
        self._parents: dict[Value, tuple[Value, ...]] = {}
        self.vectors: dict[Value, tuple[Value, ...]] = {}
        made: dict[bytes, tuple[Value, ...]] = {}
        nodes = nodes_of(root)
        hubs = {node._block[0] for node in nodes if node._block is not None}
        for node in nodes:
            if node in hubs:
                continue
            weights = weights_of(node)
            if weights:
                key = array("d", weights).tobytes()
                if key not in made:
                    made[key] = tuple(map(Factor, weights))
                    self.nodes += made[key]
                    if len(weights) > LONG:
                        self.vectors.update(dict.fromkeys(made[key], made[key]))
                self._factors[node] = made[key]
            self.nodes.append(node)
        unlabelled = [n for n in self.nodes if not n.label and kind_of(n) == "parameter"]
        taken = {node.label for node in self.nodes}
        self._names = names_of_parameters(unlabelled, taken)
        taken.update(self._names.values())
        for node, name in names.items():
            if name not in taken:
                self._names.setdefault(node, name)

    def parents(self, node: Value) -> tuple[Value, ...]:
        """The operands of the node; of a dot first one side, then the other, even plain numbers."""
        known = self._parents.get(node)
        if known is None:
            known = self._parents[node] = operands(node) + self._factors.get(node, ())
        return known

    def sent(self, node: Value) -> Iterable[tuple[Value, float]]:
        """Each parent that is no plain factor, and the partial with respect to it."""
        return zip(operands(node), partials(node), strict=True)

    def label(self, node: Value) -> str:
        """The label of the node, or the name that its module or a variable has for it, or ""."""
        return node.label or self._names.get(node, "")


def checked(root: object) -> Value:
    """The root; TypeError if it is no Value."""
    if not isinstance(root, Value):
        raise TypeError(
            f"the root of a graph must be a Value, such as a loss, not {type(root).__name__}"
        )
    return root


def culprit_of(root: Value | Failure) -> tuple[Value, Value | None]:
    """The root of the graph to draw; and, of a failure, the node where the graph went wrong."""
    if isinstance(root, Exception) and hasattr(root, "root"):
        if root.root is None:
            raise TypeError("the error has no graph: its function gave plain numbers")
        return checked(root.root), root.node
    return checked(root), None


def kind_of(node: Value) -> str:
    """One of "operation", "constant", "parameter" and "data".

    A parameter is a leaf of a class named Parameter: nn has one, and is not imported here.
    """
    if not node.is_leaf:
        return "operation"
    if node.is_constant:
        return "constant"
    return "parameter" if any(c.__name__ == "Parameter" for c in type(node).__mro__) else "data"
