"""What a graph consists of, in an order that depends on nothing else."""

from __future__ import annotations

from array import array

from autograd_lite import Value, topological_order
from autograd_lite.graph import operands, partials
from autograd_lite.value import weights_of
from visualize.model.names import names_of_parameters

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Protocol

    class Failure(Protocol):
        """An error that knows its graph, such as an AnomalyError or a GradientError."""

        root: Value | None
        node: Value


__all__ = [
    "Graph",
    "checked",
    "culprit_of",
    "kind_of",
    "nodes_of",
    "trace",
]


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


LONG = 24
"""The most plain numbers of a vector that are drawn one by one."""


class Factor(Value):
    """A plain number that a dot multiplies by, as a constant of a picture."""

    __slots__ = ()

    @property
    def is_constant(self) -> bool:
        return True


class Graph:
    """What a picture shows: the nodes that root depends on, and the plain factors of dots.

    The results of a compiled function that was replayed have its operands as parents; the node
    between them, which has no number, is left out.

    nodes  parents before their users, root last

    A dot does not keep its plain numbers as parents. Here they are constants; dots of the same
    vector of numbers, such as the neurons of a layer, share them.

    vectors  of each number in a long vector, the whole: it is drawn as one box
    """

    def __init__(self, root: Value) -> None:
        self.nodes: list[Value] = []
        self._factors: dict[Value, tuple[Value, ...]] = {}
        self.vectors: dict[Value, tuple[Value, ...]] = {}
        made: dict[bytes, tuple[Value, ...]] = {}
        nodes = nodes_of(root)
        programs = set()
        for node in nodes:
            program = node._program
            if program is not None:
                programs.add(program[0])
        for node in nodes:
            if node in programs:
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

    def parents(self, node: Value) -> tuple[Value, ...]:
        """The operands of the node; of a dot one side and then the other, plain numbers too."""
        return operands(node) + self._factors.get(node, ())

    def sent(self, node: Value) -> Iterable[tuple[Value, float]]:
        """Each parent that is no plain factor, and the partial by it."""
        return zip(operands(node), partials(node), strict=True)

    def label(self, node: Value) -> str:
        """The label of the node, or the name that its module has for a parameter, or ""."""
        return node.label or self._names.get(node, "")


def checked(root: object) -> Value:
    if not isinstance(root, Value):
        raise TypeError(
            f"the root of a graph must be a Value, such as a loss, not {type(root).__name__}"
        )
    return root


def culprit_of(thing: Value | Failure) -> tuple[Value, Value | None]:
    """The root of the graph to draw; and of a failure's graph the node where it went wrong."""
    if isinstance(thing, Exception) and hasattr(thing, "root"):
        if thing.root is None:
            raise TypeError("the error has no graph: its function gave plain numbers")
        return checked(thing.root), thing.node
    return checked(thing), None


def kind_of(node: Value) -> str:
    """One of "operation", "constant", "parameter" and "data".

    A parameter is a leaf of a class named Parameter: nn has one, and is not imported here.
    """
    if not node.is_leaf:
        return "operation"
    if node.is_constant:
        return "constant"
    return "parameter" if any(c.__name__ == "Parameter" for c in type(node).__mro__) else "data"
