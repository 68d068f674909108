"""Which Values a function reads besides its arguments, and derivatives with respect to them."""

from __future__ import annotations

from autograd_lite import graph
from autograd_lite.observers import Observer
from autograd_lite.pullback import parents_of
from autograd_lite.value import Node, Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["Reading", "gradient"]


class Reading(Observer):
    """Notes the nodes that a function makes, to find those that were there before.

    results  what the function gave: numbers and Values
    """

    def __init__(self) -> None:
        self._made: set[int] = set()
        self._nodes: list[Value] = []
        self.results: list[Any] = []

    def made(self, node: Any) -> None:
        self._made.add(id(node))
        self._nodes.append(node)  # alive, so that its id stays its own

    def captured(self) -> list[Value]:
        """The Values on which the results depend, and which were there before."""
        found: dict[int, Value] = {}
        met: set[int] = set()
        stack: list[Any] = [x for x in self.results if isinstance(x, Node)]
        while stack:
            node = stack.pop()
            if id(node) in met:
                continue
            met.add(id(node))
            if id(node) in self._made:
                stack += parents_of(node)
            else:
                found[id(node)] = node
        return list(found.values())[::-1]


def gradient(root: Value, inputs: list[Value]) -> list[float]:
    """d root / d input for each input, with the others held fixed; no `.grad` is touched.

    root  none of the inputs
    """
    ends = dict.fromkeys(inputs)
    derivatives = graph.cotangents(graph.order_without(root, ends.__contains__), ends)
    return [derivatives[x] for x in inputs]
