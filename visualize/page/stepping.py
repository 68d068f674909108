"""`explain`: one HTML file that steps through the forward and the backward pass."""

from __future__ import annotations

import os

from autograd_lite import Value
from autograd_lite.callables import CompiledFunction
from visualize.model.diagram import Box
from visualize.model.nodes import checked
from visualize.model.select import check_options
from visualize.page.boundary import Boundary
from visualize.page.code import Call, Recording
from visualize.page.drawings import drawing, needed
from visualize.page.equations import Equation, equation, readable
from visualize.page.laboratory import Laboratory
from visualize.page.matrices import formulas
from visualize.page.page import Page, check_path
from visualize.page.program import number as _number
from visualize.page.views import Book, View
from visualize.picture.dot import heading, largest_gradient, rows
from visualize.picture.svg import summary
from visualize.picture.text import number_format, short
from visualize.picture.theme import BOUNDS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Sequence
    from typing import Any

    from visualize.model.diagram import Operand
    from visualize.picture.text import Write

__all__ = ["explain"]

_INTERVAL = 1400  # milliseconds between two steps that play


def explain(
    what: Value | Callable[..., Any] | Recording,
    *arguments: Any,
    path: str | os.PathLike[str] | None = None,
    depth: int | None = None,
    fold: bool = False,
    products: bool = False,
    color: bool = True,
    rankdir: str | None = None,
    number: str = ".4g",
    boundary: tuple[Callable[..., Any], Sequence[Any], Sequence[Any]] | None = None,
) -> Page:
    """A page that walks through the forward and then the backward pass of a graph.

    `explain(loss)`, or `explain(loss, "page.html")`, is about the graph of a Value.
    `explain(f, *arguments)` calls a function that gives one, eagerly if it is compiled, and shows
    its source beside the graph: the line of each step, and the nodes of each line. A float among
    the arguments becomes a leaf, and the function's variables give their names to nodes.

    path      a file to write it to, with a name in .html; `Page.save` does so as well
    depth     how many scopes around a node start open; None opens all of a small graph
    fold      start with nodes of the same structure in one box: "tanh × 16"
    products  show the products that a dot adds up, too; then no box is collapsed
    color     shade by the sign and size of the gradient
    rankdir   "LR" from left to right, "TB" from top to bottom, or "RL", "BT"; None for "LR" where
              the window has room for it, and else "TB"
    number    how numbers are written, such as ".4g" or ".2f"
    boundary  (model, X, y), as `plot_decision_boundary` takes them: show the class that the model
              gives each point of the plane, and the samples over it, as leaves are changed

    The gradients are those of one `backward()` from zero, whatever `.grad` holds, and no `.grad`
    is changed. A graph of more than 40 nodes starts collapsed, and its boxes open on click.

    Raises TypeError if there is no Value, and if the function does not take the arguments,
    ValueError for products of over 1,000 boxes or 4,000 edges, for a path that does not end in
    .html, and for a boundary that the page could not compute as the model does, OSError if the file
    cannot be written.
    """
    if isinstance(what, Value) and arguments:
        if len(arguments) > 1 or path is not None:
            raise TypeError("explain: of a Value it takes one path, and no other argument")
        (path,) = arguments
    write = number_format(number)
    check_options(depth, fold, products, rankdir)
    if path is not None:
        check_path(path)
    call = _recorded(what, arguments)
    root = checked(what) if call is None else call.root
    book = Book(root, depth, fold, products, {} if call is None else call.names)
    lab = Laboratory(book)
    plane = None if boundary is None else Boundary(boundary)
    name = readable(short(book.names[root]))
    regular = book.large or isinstance(what, CompiledFunction)
    matrices = lab.program is not None and regular and not products
    pictures, data = [], []
    drawn: dict[Hashable, int] = {}  # the view whose drawing serves all that need the same
    for k, view in enumerate(book.views):
        seeds = book.seeds(view)
        data.append(_data(book, lab, view, seeds, write))
        first = data[-1]["drawing"] = drawn.setdefault(needed(view.diagram, write), k)
        if first == k:
            about = short(view.title, 80) if k else summary(root, view.diagram, write)
            pictures.append(drawing(k, view.diagram, seeds, about, rankdir, write, color))
        else:
            for box, one in zip(view.diagram.boxes, data[-1]["boxes"], strict=True):
                one["texts"] = rows(box, write)
        if call is not None and call.blocks:
            for box, one in zip(view.diagram.boxes, data[-1]["boxes"], strict=True):
                one["lines"] = call.lines(box.members)
    page = Page(
        f"Backpropagation{f' through {name}' * bool(book.graph.label(root))}, step by step",
        "\n".join(pictures),
        {
            "root": name,
            "number": number,
            "interval": _INTERVAL,
            "bounds": BOUNDS if color else [],
            "views": data,
            "lab": lab.as_json(),
            "code": [] if call is None else call.blocks,
            "matrices": formulas(book.graph, lab.places) if matrices else [],
            "beside": call is not None and call.beside,
            **({} if plane is None else {"boundary": plane.as_json(lab.places)}),
        },
        [*lab.rules, *([] if plane is None else plane.rules)],
    )
    if path is not None:
        page.save(path)
    return page


def _recorded(what: Any, arguments: tuple[Any, ...]) -> Recording | None:
    """What is known of the code that made the graph."""
    if isinstance(what, Recording):
        return what
    return Call(what, arguments) if callable(what) else None


# ------------------------------------------------------------------------- data of the script


def _data(
    book: Book, lab: Laboratory, view: View, seeds: list[tuple[float, int]], write: Write
) -> dict[str, Any]:
    """A view as view.js reads it: its boxes and edges, and the words about them."""
    boxes = view.diagram.boxes
    names = [_name(box, write) for box in boxes]
    partials: list[dict[int, float | None]] = [{} for _ in boxes]
    for edge in view.diagram.edges:
        if edge.partial is not None:
            partials[edge.user][edge.operand] = edge.partial
    operand = _operand_of(book, view, names, write)
    nodes = [node for box in boxes for node in box.members]
    return {
        "title": short(view.title),
        "times": view.times,
        "alike": view.alike,
        "leaves": sum(node.is_leaf for node in nodes),
        "outside": sum(
            not node.is_leaf for group in view.groups if group.outside for node in group.nodes
        ),
        "largest": largest_gradient(view.diagram),
        "outer": view.outer,
        "root": book.root_of(view),
        "boxes": [
            {
                "name": names[i],
                "heading": short(heading(box), 80),
                "kind": box.kind,
                "size": box.size,
                "shape": list(box.shape),
                "nodes": lab.nodes(view, i),
                "outside": bool(view.groups and view.groups[i].outside),
                "low": _number(box.low),
                "data": _number(box.data),
                "grad": _number(box.grad),
                "seed": _number(seeds[i][0]),
                "seeds": seeds[i][1],
                "open": view.opens.get(i),
                **_equation(box, names[i], map(operand, box.operands), partials[i], write),
            }
            for i, box in enumerate(boxes)
        ],
        "edges": [
            [
                e.parent,
                e.user,
                None if e.partial is None else _number(e.partial),
                e.count,
                e.operand,
            ]
            for e in view.diagram.edges
        ],
    }


def _name(box: Box, write: Write) -> str:
    """The name of a box in formulas."""
    if box.kind == "constant" and not box.title:
        return write(box.data)
    return readable(short(box.title)) if box.size == 1 else short(heading(box))


def _operand_of(
    book: Book, view: View, names: list[str], write: Write
) -> Callable[[Operand], tuple[str, float]]:
    """The function that gives the name and the number of an operand.

    The only result of a closed scope has the name of the scope, if nothing else on the page has
    that name. Any other operand in a box of several nodes has its own name.
    """
    boxes = view.diagram.boxes

    def operand(one: Operand) -> tuple[str, float]:
        i, node = one
        if node is None or (boxes[i].size == 1 and boxes[i].kind != "group"):
            return names[i], boxes[i].data
        if node.is_constant and not node.label:
            return write(node.data), node.data
        closed = view.groups[i].closed and book.called[names[i]] == 1
        if closed and book.results(view.groups[i]) == {node}:
            return names[i], node.data
        return readable(short(book.names[node])), node.data

    return operand


def _equation(
    box: Box,
    name: str,
    operands: Iterable[tuple[str, float]],
    partials: dict[int, float | None],
    write: Write,
) -> dict[str, Any]:
    """The equation of a box; an empty one if the box has no operands."""
    pairs = list(operands)
    if not pairs:
        return Equation()._asdict()
    words, numbers = zip(*pairs, strict=True)
    return equation(box, name, words, numbers, partials, write)._asdict()
