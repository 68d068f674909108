"""What the page needs to compute its numbers again: the program, and the names of its leaves."""

from __future__ import annotations

from visualize.model.nodes import kind_of
from visualize.page.equations import readable
from visualize.page.program import Program
from visualize.picture.text import short

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from autograd_lite import Value
    from autograd_lite.operations.rules import Rule
    from visualize.page.views import Book, View

__all__ = ["Laboratory"]

LARGEST = 500_000
"""The most edges of a program that a page carries: some 5 MB, and 3 ms for both passes."""


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

    def nodes(self, view: View, i: int) -> list[int]:
        """The places in the program of the nodes in a box."""
        box = view.diagram.boxes[i]
        if self.program is None:
            return []
        return [self.places[node] for node in box.members] or [i]

    def as_json(self) -> dict[str, Any] | None:
        """What lab.js reads; None if the page cannot compute."""
        if self.program is None:
            return None
        places = self.places
        names = {place: readable(short(self._book.names[node])) for node, place in places.items()}
        return {
            "program": self.program.as_json(),
            "leaves": [
                {"node": place, "name": names[place], "parameter": kind_of(node) == "parameter"}
                for node, place in places.items()
                if node.is_leaf and not node.is_constant
            ],
            "constants": [place for node, place in places.items() if node.is_constant],
            "kept": self.program.kept,
            "names": {place: names[place] for place in self.program.kept},
        }
