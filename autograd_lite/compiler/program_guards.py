"""The outputs of a program, and the guards on them."""

from __future__ import annotations

from array import array
from copy import copy
from itertools import chain

from autograd_lite.compiler.record.guards import Guard
from autograd_lite.compiler.record.numbers import is_bool, is_int, number_type
from autograd_lite.compiler.record.template import Hole
from autograd_lite.compiler.tape import loops
from autograd_lite.compiler.tape.opcodes import GREATER, LESS, OPPOSITE, SAME, UNORDERED
from autograd_lite.value import Node, Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import Any

    from autograd_lite.compiler.record.recorder import Recording
    from autograd_lite.compiler.tape.ranges import Ints

__all__ = ["Guards", "Outputs"]


class Outputs:
    """The nodes whose numbers a program gives: its results, then others, each of them once.

    The results are those that are nodes, then those that are plain numbers.
    """

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self.numbers: list[Node] = []
        self.constants: dict[str, Node] = {}
        self._indices: dict[Node, int] = {}

    def add(self, node: Node) -> int:
        """Add a node at the end, and give its index."""
        self.nodes.append(node)
        return len(self.nodes) - 1

    def hole(self, node: Node) -> Hole:
        """The hole for a result."""
        number = number_type(node)
        results = self.nodes if number is None else self.numbers
        results.append(node)
        return Hole(len(results) - 1, number)

    def index_of(self, node: Node) -> int:
        """The index of a node that is asked for besides the results."""
        if node not in self._indices:
            self._indices[node] = self.add(node)
        return self._indices[node]

    def constant(self, number: float) -> Node:
        """The node of a number that is known."""
        return self.constants.setdefault(repr(number), Value(number))

    def at(self, now: Mapping[int, Node]) -> Callable[[Node], Hole]:
        """The function that gives the hole for a node's number, which stands among all outputs.

        now  {id of a Value: the node that has its number}
        """

        def hole(node: Node) -> Hole:
            node = now.get(id(node), node)
            return Hole(self.index_of(node), number_type(node) or float)

        return hole


class Guards:
    """The guards of a recording, on its tape's outputs.

    guards              in the order of the decisions
    written, constants  as `broken` reads them
    exact   True if one compares a computed number bit for bit, or whether two are equal, or it is 0
    """

    def __init__(self, recording: Recording, outputs: Outputs) -> None:
        self.guards = [guard for _, _, guard in recording.guards]
        self.written, self.constants = array("q"), array("d")
        equal = [(x, y) for x, y, guard in recording.guards if guard.op in ("is", "==")]
        self.exact = _is_rounded(chain.from_iterable(equal), recording)
        for x, y, guard in recording.guards:
            i, j, number = outputs.index_of(x), -1, 0.0
            if isinstance(y, Node):
                j = outputs.index_of(y)
            else:
                number = y
            ways = _WAYS[guard.op]
            if number != number and guard.op == "is":  # x is NaN: it does not equal itself
                ways, j = UNORDERED, i
            self.written.extend((i, ways if guard.outcome else ~ways, j))
            self.constants.append(number)

    def behind(self, first: int, n: int) -> Guards:
        """The same of outputs among which there are n more before `first`."""
        moved = copy(self)
        moved.written = self.written[:]
        for k, i in enumerate(self.written):
            if k % 3 != 1 and i >= first:  # not the ways
                moved.written[k] = i + n
        return moved

    def at(self, addresses: Ints) -> array[int]:
        """`written`, with the addresses of the outputs rather than their positions."""
        moved = self.written[:]
        for k, i in enumerate(self.written):
            if k % 3 != 1 and i >= 0:  # not the ways
                moved[k] = int(addresses[i])
        return moved

    def failed(self, outputs: array[float]) -> Guard | None:
        """The first guard that does not hold."""
        i = loops.broken(outputs, self.written, self.constants)
        return self.guards[i] if i >= 0 else None


def _is_rounded(numbers: Iterable[Any], recording: Recording) -> bool:
    """Whether another order of computing may change one of them. Ints that are computed of ints do
    not change, nor counts of comparisons, of which an equality is found by its tape.
    """
    # By ids, as asking an outer recording's number for its hash reads it.
    computed_from = {id(x): operands for x, (_, operands) in recording.computed_from.items()}
    todo, seen = [*numbers], set[int]()
    while todo:
        node = todo.pop()
        if not isinstance(node, Node) or id(node) in seen or is_bool(node):
            continue
        seen.add(id(node))
        operands = computed_from.get(id(node), node.parents)
        if operands and not is_int(node) and node._op != "**1":  # which makes a copy
            return True
        todo += operands
    return False


# How x and y may compare where a comparison is true; "is" is bit for bit, and "/" is "==" of what
# Python divides by, and "**" is ">" of what it raises to a power.
_WAYS = {
    "<": LESS,
    "<=": LESS | SAME | OPPOSITE,
    ">": GREATER,
    ">=": GREATER | SAME | OPPOSITE,
    "==": SAME | OPPOSITE,
    "is": SAME,
    "/": SAME | OPPOSITE,
    "**": GREATER,
}
