"""What the page needs to compute its numbers again: the program, and the names of its leaves."""

from __future__ import annotations

from visualize.model.nodes import kind_of
from visualize.model.tensors import tensors
from visualize.page.equations import readable
from visualize.page.program import Program, runs
from visualize.picture.text import short

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from autograd_lite import Value
    from autograd_lite.operations.rules import Rule
    from visualize.page.views import Book, View

__all__ = ["Laboratory"]

LARGEST = 1_000_000
"""The most edges of a program that a page carries: at most 10 MB, and 6 ms for both passes."""


class Laboratory:
    """The program of a page, if it is not too large to be carried.

    program  the program, or None
    places   the place of each node in it
    rules    the rules that it uses
    """

    def __init__(self, book: Book) -> None:
        self.program: Program | None = None
        self.places: dict[Value, int] = {}
        self.rules: list[Rule] = []
        self._book = book
        if sum(len(book.graph.parents(node)) for node in book.nodes) > LARGEST:
            return
        (first, *_) = book.views
        products = not first.groups  # then each box is a node of the program
        self.program = (
            Program.of_products(first.diagram) if products else Program.of_graph(book.graph)
        )
        self.rules = self.program.rules
        self.places = (
            {box.members[0]: i for i, box in enumerate(first.diagram.boxes) if box.members}
            if products
            else book.index
        )

    def nodes(self, view: View, i: int) -> list[int | list[int]]:
        """The places in the program of the nodes in a box, as `runs`."""
        box = view.diagram.boxes[i]
        if self.program is None:
            return []
        return runs([self.places[node] for node in box.members] or [i])

    def as_json(self) -> dict[str, Any] | None:
        """What lab.js reads; None if the page cannot compute."""
        if self.program is None:
            return None
        places, graph = self.places, self._book.graph
        names = {place: readable(short(self._book.names[node])) for node, place in places.items()}
        leaves = [node for node in places if node.is_leaf]
        arrays = tensors(leaves, graph) if self._book.large else []
        within = {node for tensor in arrays for node in tensor.nodes}
        usual = {place: f"v{place}" for place in names}
        return {
            "program": self.program.as_json(),
            "leaves": [
                {
                    "node": places[node],
                    "name": names[places[node]],
                    "parameter": kind_of(node) == "parameter",
                }
                for node in leaves
                if not node.is_constant and node not in within
            ],
            "tensors": [
                {
                    "name": short(tensor.title, 80),
                    "parts": tensor.parts,
                    "indexes": [runs(axis) for axis in tensor.indexes],
                    "nodes": runs([places[node] for node in tensor.nodes]),
                    "parameter": kind_of(tensor.nodes[0]) == "parameter",
                }
                for tensor in arrays
            ],
            "constants": runs([places[node] for node in leaves if node.is_constant]),
            "kept": self.program.kept,
            "names": {
                place: names[place]
                for node, place in places.items()
                if not node.is_leaf and (names[place] != usual[place] or place in self.program.kept)
            },
            "symbols": [rule.symbol for rule in self.program.rules],
        }
