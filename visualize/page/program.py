"""The program of a graph as the page's engine reads it, and what the page cannot compute."""

from __future__ import annotations

from math import isfinite

from autograd_lite.fields import static_of
from autograd_lite.graph import partials
from autograd_lite.operations.javascript import in_javascript, key
from visualize.page.equations import computed, equal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from autograd_lite import Value
    from autograd_lite.operations.rules import Rule
    from visualize.model.diagram import Diagram
    from visualize.model.nodes import Graph

__all__ = ["Program", "number", "runs"]

_LEAF, _KEPT = -1, -2
_ROW = 4  # places in a row that are written as one


class Program:
    """The nodes of a graph in an order in which they can be computed, the root last.

    rules  the rules that its nodes use
    kept   {place of a node: why the page cannot compute it}
    stale  {place of a node: its number and partials}, of operands that were set since
    """

    def __init__(self) -> None:
        self.rules: list[Rule] = []
        self.kept: dict[int, str] = {}
        self._places: dict[Rule, int] = {}
        self._code: list[int] = []
        self._parents: list[list[int]] = []
        self._constants: dict[int, float | str] = {}
        self._data: dict[int, float | str] = {}
        self._partials: dict[int, list[float | str]] = {}
        self.stale: dict[int, list[float | str]] = {}

    @staticmethod
    def of_graph(graph: Graph) -> Program:
        """The program of the nodes of a graph, in their order."""
        made = Program()
        index: dict[Value, int] = {}
        for node in graph.nodes:
            operands = graph.parents(node)
            index[node] = made._add(node, [index[x] for x in operands], operands)
        return made

    @staticmethod
    def of_products(diagram: Diagram) -> Program:
        """The program of a diagram that has a box for each product: each box is a node of it."""
        made = Program()
        for box in diagram.boxes:
            parents = [i for i, _ in box.operands]
            if box.members and box.rule is box.members[0].rule:
                operands = [diagram.boxes[i].members[0] for i in parents]
                made._add(box.members[0], parents, operands)
            else:
                assert box.rule is not None  # a product, or the sum of several
                made._compute(box.rule, parents, 0.0)
        return made

    def _add(self, node: Value, parents: list[int], operands: Sequence[Value]) -> int:
        """Add a node of these operands, which have these places, and return its place."""
        place = len(self._code)
        if node.is_leaf:
            self._code.append(_LEAF)
            self._parents.append([])
            self._data[place] = number(node.data)
        elif (rule := node.rule) is not None and in_javascript(rule):
            self._compute(rule, parents, static_of(node))
            if not _holds(node, rule, operands):
                self.stale[place] = [number(x) for x in (node.data, *partials(node))]
        else:
            self._code.append(_KEPT)
            self._parents.append(parents)
            self._data[place] = number(node.data)
            self._partials[place] = [number(x) for x in partials(node)]
            self.kept[place] = _why(node)
        return place

    def _compute(self, rule: Rule, parents: list[int], static: float) -> None:
        """Add a node that the page can compute."""
        if rule not in self._places:
            self._places[rule] = len(self.rules)
            self.rules.append(rule)
        if rule.static:
            self._constants[len(self._code)] = number(static)
        self._code.append(self._places[rule])
        self._parents.append(parents)

    def as_json(self) -> dict[str, Any]:
        """What the engine of the page reads: engine.js says what each list is."""
        return {
            "rules": [key(rule) for rule in self.rules],
            "code": self._code,
            "parents": [runs(parents) for parents in self._parents],
            "constants": self._constants,
            "data": self._data,
            "partials": self._partials,
            "stale": self.stale,
        }


def runs(places: Sequence[int]) -> list[int | list[int]]:
    """The places, with [first, step, count] for those that follow each other in equal steps."""
    found: list[int | list[int]] = []
    i, n = 0, len(places)
    while i < n:
        j = i + 1
        if j < n:
            step = places[j] - places[i]
            while j < n and places[j] - places[j - 1] == step:
                j += 1
        if j - i >= _ROW:
            found.append([places[i], step, j - i])
        else:
            j = i + 1
            found.append(places[i])
        i = j
    return found


def _holds(node: Value, rule: Rule, operands: Sequence[Value]) -> bool:
    """Whether the numbers of a node are still those of its operands: they may be set."""
    out, by = computed(rule, static_of(node), [x.data for x in operands])
    return equal(out, node.data) and all(map(equal, by, partials(node)))


def _why(node: Value) -> str:
    """Why the page cannot compute a node."""
    if node._block is not None:
        return "a compiled function, a loop or a solver computed it"
    if node.rule is not None:
        return "its operation is a function of Python"
    return "its operation was written by hand, with a _backward of its own"


def number(x: float) -> float | str:
    """The number for JSON, which has no nan and no inf."""
    return x if isfinite(x) else "NaN" if x != x else "Infinity" if x > 0 else "-Infinity"
