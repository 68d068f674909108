"""What a graph consists of, in an order that depends on nothing else."""

from __future__ import annotations

import threading
from array import array

from autograd_lite import Value, topological_order
from autograd_lite.value import program_of, weights_of
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
    "cotangents",
    "culprit_of",
    "grads_of",
    "kind_of",
    "nodes_of",
    "partials_of",
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
        self._programs: dict[Value, tuple[Value, ...]] = {}
        self.vectors: dict[Value, tuple[Value, ...]] = {}
        made: dict[bytes, tuple[Value, ...]] = {}
        nodes = nodes_of(root)
        programs = set()
        for node in nodes:
            program = program_of(node)
            if program is not None:
                programs.add(program[0])
                self._programs[node] = program[0].parents
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
        parents = self._programs.get(node)
        return node.parents + self._factors.get(node, ()) if parents is None else parents

    def sent(self, node: Value) -> Iterable[tuple[Value, float]]:
        """Each parent that is no plain factor, and the partial by it."""
        return zip(self.parents(node), partials_of(node), strict=False)

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


def partials_of(node: Value) -> tuple[float, ...]:
    """The derivative of node by each of its parents; of a program's result by its operands.

    A `_backward` written by hand states no partials, so it is run with gradient 1 to see what it
    adds to its parents; then all gradients are put back. Meanwhile no other thread may run a
    `backward()` through these nodes. Of a parent that appears twice it tells only the sum, which is
    given to the first.
    """
    if node.rule is not None or node.is_leaf:
        return node.partials
    program = program_of(node)
    if program is not None:
        return program[1].partials(node)
    parents = tuple(dict.fromkeys(node.parents))
    with _measuring:
        before = [(n, n.grad) for n in (node, *parents)]
        try:
            for n in parents:
                n.grad = 0.0
            node.grad = 1.0
            node._backward()
            measured = {n: n.grad for n in parents}
        finally:
            for n, grad in before:
                n.grad = grad
    return tuple(measured.pop(parent, 0.0) for parent in node.parents)


# Held while `partials_of` borrows the gradients of some nodes; whoever reads gradients waits.
_measuring = threading.RLock()


def grads_of(nodes: list[Value]) -> dict[Value, float]:
    """The `.grad` of each node, none of them while another thread's drawing borrows it."""
    with _measuring:
        return {node: node.grad for node in nodes}


def cotangents(graph: Graph) -> dict[Value, float]:
    """The derivative of root by each node of its graph: what one `backward` from zero gives.

    No `.grad` is touched. The order of additions is the engine's, so the sums are equal bit for
    bit.
    """
    grads = dict.fromkeys(graph.nodes, 0.0)
    grads[graph.nodes[-1]] = 1.0
    for node in reversed(graph.nodes):
        grad = grads[node]
        if grad != 0.0:  # a cotangent of 0 stays 0 through an infinite partial
            for parent, partial in graph.sent(node):
                grads[parent] += grad * partial
    return grads
