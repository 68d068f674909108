"""`explain`: one HTML file that steps through the forward and the backward pass."""

from __future__ import annotations

import os
import re
from math import isfinite

from autograd_lite import Value
from visualize.diagram import Box, Diagram
from visualize.dot import heading, largest_gradient, to_dot
from visualize.drawing import check_options
from visualize.page import Page, check_path
from visualize.program import is_compiled
from visualize.svg import summary, to_svg
from visualize.text import number_format, short
from visualize.theme import BOUNDS
from visualize.views import Book, View

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

__all__ = ["explain"]

_INTERVAL = 1400  # milliseconds between two steps that play


def explain(
    root: Value,
    path: str | os.PathLike[str] | None = None,
    *,
    depth: int | None = None,
    fold: bool = False,
    products: bool = False,
    color: bool = True,
    rankdir: str | None = None,
    number: str = ".4g",
) -> Page:
    """A page that walks through the forward and then the backward pass of root's graph.

    path      a file to write it to, with a name in .html; `Page.save` does so as well
    depth     how many scopes around a node start open; None opens all of a small graph
    fold      start with nodes of the same structure in one box: "tanh x 16"
    products  show the products that a dot adds up, too; then no box is collapsed
    color     shade by the size of the gradient
    rankdir   "LR" from left to right, "TB" from top to bottom, or "RL", "BT"; None for "LR" where
              the window has room for it, and else "TB"
    number    how numbers are written, such as ".4g" or ".2f"

    The gradients are those of one `backward()` from zero, whatever `.grad` holds, and no `.grad`
    is changed. A graph of more than 40 nodes starts collapsed, and its boxes open on click.

    Raises TypeError if root is not a Value, ValueError for products of over 1,000 boxes or 4,000
    edges and for a path that does not end in .html, OSError if the file cannot be written.
    """
    if is_compiled(root):
        raise TypeError(
            "explain shows the graph of a Value; for a compiled function f, write "
            "visualize.draw(f), or f.explain() for its text"
        )
    write = number_format(number)
    check_options(depth, fold, products, rankdir)
    if path is not None:
        check_path(path)
    book = Book(root, depth, fold, products)
    name = short(root.label) or book.names[root]
    pictures, data = [], []
    for k, view in enumerate(book.views):
        seeds = book.seeds(view)
        room = _room(view.diagram, seeds, write)
        about = summary(root, view.diagram, write) if view.outer is None else short(view.title, 80)
        svgs = [
            _svg(view, about, direction, room, write, color, f"view{k}-{'tall-' * i}")
            for i, direction in enumerate([rankdir] if rankdir else ["LR", "TB"])
        ]
        pictures.append(f'<div id="view{k}" hidden>\n{"".join(svgs)}</div>')
        data.append(_data(book, view, seeds, write))
    page = Page(
        f"Backpropagation through {name}, step by step",
        "\n".join(pictures),
        {
            "root": name,
            "number": number,
            "interval": _INTERVAL,
            "bounds": BOUNDS if color else {},
            "views": data,
        },
    )
    if path is not None:
        page.save(path)
    return page


def _svg(
    view: View,
    about: str,
    rankdir: str,
    room: list[int],
    write: Callable[[float], str],
    color: bool,
    prefix: str,
) -> str:
    """The picture of a view, for the script to fill in.

    about   one sentence about it, for screen readers
    room    how many characters the last line of each box has room for
    prefix  what its identifiers start with
    """
    dot = to_dot(view.diagram, write, rankdir, partials=True, color=False, room=room)
    svg = to_svg(view.diagram, dot, about, write, partials=True, color=color)
    svg = svg.replace(' role="img"', ' role="group"', 1)
    svg = re.sub(r"<style>.*?</style>\n", "", svg, flags=re.DOTALL)  # the page has it once
    svg = re.sub(r"<title>[^<]*</title>\n", "", svg)  # which would show the results at once
    return re.sub(r' id="(\w+)"', rf' id="{prefix}\1"', svg)


def _room(
    diagram: Diagram, seeds: list[tuple[float, int]], write: Callable[[float], str]
) -> list[int]:
    """The length of the last line of each box at its longest, on the way to its gradient."""
    grads = [seed for seed, _ in seeds]
    room = [
        max(len(write(grad)), len(write(box.grad)))
        for grad, box in zip(grads, diagram.boxes, strict=True)
    ]
    for edge in sorted(diagram.edges, key=lambda edge: -edge.user):
        up = diagram.boxes[edge.user].grad
        if edge.partial is not None and up:
            grads[edge.parent] += up * edge.partial
            room[edge.parent] = max(room[edge.parent], len(write(grads[edge.parent])))
    return [len("grad ") + n for n in room]


# ------------------------------------------------------------------- what the script is told


def _data(
    book: Book, view: View, seeds: list[tuple[float, int]], write: Callable[[float], str]
) -> dict[str, Any]:
    boxes = view.diagram.boxes
    names = [
        write(box.data)
        if box.kind == "constant" and not box.title
        else short(box.title if box.size == 1 else heading(box))
        for box in boxes
    ]
    parents: list[list[int]] = [[] for _ in boxes]
    for edge in view.diagram.edges:
        parents[edge.user].append(edge.parent)
    nodes = [node for box in boxes for node in box.members]
    return {
        "title": short(view.title),
        "caption": view.caption,
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
                "low": _number(box.low),
                "data": _number(box.data),
                "grad": _number(box.grad),
                "seed": _number(seeds[i][0]),
                "seeds": seeds[i][1],
                "open": view.opens.get(i),
                **_formulas(box, i, boxes, parents[i], names, write),
            }
            for i, box in enumerate(boxes)
        ],
        "edges": [
            [e.parent, e.user, None if e.partial is None else _number(e.partial), e.count]
            for e in view.diagram.edges
        ],
    }


def _number(x: float) -> float | str:
    """The number for JSON, which has no nan and no inf."""
    return x if isfinite(x) else "NaN" if x != x else "Infinity" if x > 0 else "-Infinity"


_OPERAND = re.compile(r"\b(?:x|y|z|out)\b")


def _formulas(
    box: Box,
    i: int,
    boxes: list[Box],
    parents: list[int],
    names: list[str],
    write: Callable[[float], str],
) -> dict[str, Any]:
    """The operation and its partials, with names and with numbers in place of x and y."""
    if box.kind != "operation":
        return {"formula": "", "numbers": "", "partials": []}
    node = box.members[0] if box.members else None
    rule = node.rule if node is not None else None
    numbers = [write(boxes[p].data) for p in parents]
    numbers = [f"({n})" if n.startswith("-") else n for n in numbers]
    words = [names[p] for p in parents]
    if node is None and len(parents) == 2:  # a product of a dot
        value: str = "x * y"
        partials: tuple[str, ...] = ("y", "x")
    elif rule is not None and not rule.nary and not rule.static and rule.value:
        value, partials = rule.value, rule.partials
    else:
        call = _call(short(box.operation), words), _call(short(box.operation), numbers)
        return {"formula": call[0], "numbers": call[1], "partials": []}
    by_name = dict(zip("xyz", words, strict=False)) | {"out": names[i]}
    by_number = dict(zip("xyz", numbers, strict=False))

    def put(formula: str, terms: dict[str, str]) -> str:
        return _OPERAND.sub(lambda found: terms.get(found[0], found[0]), formula)

    return {
        "formula": put(value, by_name),
        "numbers": put(value, by_number),
        "partials": [put(partial, by_name) for partial in partials],
    }


def _call(name: str, arguments: list[str]) -> str:
    if name.startswith("*") and len(arguments) == 1:
        return f"{arguments[0]}{name}"
    shown = arguments if len(arguments) <= 6 else [*arguments[:5], "…"]
    return f"{name}({', '.join(shown)})"
