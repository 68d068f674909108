"""A diagram in the DOT language, for Graphviz to lay out."""

from __future__ import annotations

from collections import Counter
from math import isfinite

from visualize.model.diagram import Box, Diagram, Edge
from visualize.picture.routes import pieces, points_of, ranks, routes
from visualize.picture.text import escape, quoted, short
from visualize.picture.theme import shade

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from visualize.picture.routes import Points
    from visualize.picture.text import Write

__all__ = ["header", "heading", "largest_gradient", "record", "rows", "to_dot"]

MOVES = 400
"""How many times Graphviz may move boxes to better positions.

Pictures of a hundred boxes need fewer. Without a bound a chain of 100 steps that share one
parameter takes minutes, as every long edge is a row of hidden boxes.
"""

PAGE = 940
"""The width of a page, in points: a wider picture goes from top to bottom, if it fits so."""

_LEAVES = ("parameter", "data", "constant")


def heading(box: Box) -> str:
    """The name of a box: "w", "y = tanh", "tanh × 16"."""
    if box.kind == "operation" or (box.kind == "outside" and box.operation):
        return f"{short(box.title)} = {box.operation}" if box.title else box.operation
    return box.title or box.kind


def rows(box: Box, write: Write) -> list[str]:
    """The lines of text in a box."""
    lines = [short(heading(box), 48)] if box.title or box.kind != "data" else []
    if box.wrong:
        lines.append("wrong here")
    if box.parameters:
        lines.append(f"{box.parameters:,} parameter{'s' * (box.parameters > 1)}")
    elif box.size > box.times and not box.shape:
        lines.append(f"{box.size:,} nodes")
    numbers = write(box.data)
    if write(box.low) != numbers:
        numbers = f"{write(box.low)} to {numbers}"
    if box.kind == "constant":
        return [*lines, numbers] if box.title or box.wrong else [numbers]
    grad = "grad" if box.size == 1 else "|grad|"
    return [*lines, f"data {numbers}", f"{grad} {write(box.grad)}"]


def to_dot(
    diagram: Diagram,
    write: Write,
    rankdir: str | None = None,
    partials: bool = False,
    color: bool = True,
    room: Sequence[int] = (),
    beside: Sequence[int] = (),
) -> str:
    """The diagram in the DOT language, for Graphviz to lay out.

    write     the function that writes a number
    rankdir   the direction of edges; None for the one in which the picture fits a page
    partials  True if local partials are to be written on the edges
    color     True if boxes are to be shaded by their gradients
    room      [boxes] how many characters the last line of each box has room for, if longer numbers
              are to be shown there
    beside    [edges] how many characters have room beside the partial, on the stepping page
    """
    texts = [rows(box, write) for box in diagram.boxes]
    labels = [_edge_text(edge, write, partials) for edge in diagram.edges]
    rankdir = rankdir or _direction(diagram, texts, labels)
    down = rankdir in ("TB", "BT")
    largest = largest_gradient(diagram) if color else 0.0
    nodes = [
        _node(i, box, lines, rankdir, largest, room[i] if room else 0)
        for i, (box, lines) in enumerate(zip(diagram.boxes, texts, strict=True))
    ]
    inside = routes(diagram)
    lines = header(rankdir, len(diagram.boxes))
    if beside:
        lines.append(f"  edge [fontsize=11] graph [ranksep={0.7 if down else 0.4}]")
    lines += _within(None, diagram, nodes, inside)
    pairs = Counter((edge.parent, edge.user) for edge in diagram.edges)
    for i, (edge, text) in enumerate(zip(diagram.edges, labels, strict=True)):
        space = " " * beside[i] if beside else ""
        if text and down:
            text = f"\N{NO-BREAK SPACE}{text}"  # it stands on the right of the line
            if pairs[edge.parent, edge.user] > 1:
                text += space
        else:
            text = f"{space}{text}" if rankdir == "LR" else f"{text}{space}"
        label = f' label="{text}"' if text else ""
        # The weight keeps operations in a straight line, and leaves beside it.
        weight = "" if diagram.boxes[edge.parent].kind in _LEAVES else " weight=2"
        if i in inside:
            lines += pieces(i, edge, inside[i], label)
        else:
            lines.append(f"  b{edge.parent} -> b{edge.user} [id=e{i}{label}{weight}]")
    return "\n".join([*lines, "}", ""])


def header(rankdir: str, boxes: int) -> list[str]:
    """The first lines of a picture in the DOT language.

    boxes  how many boxes the picture has
    """
    return [
        "digraph {",
        f'  graph [rankdir={rankdir} bgcolor=transparent nodesep=0.2 ranksep=0.4 fontname="Courier"'
        f" fontsize=11 nslimit={MOVES / max(1, boxes):.3g}]",
        "  node [shape=record style=filled fillcolor=white height=0.1"
        ' fontname="Courier" fontsize=11 margin="0.12,0.04"]',
        '  edge [fontname="Courier" fontsize=10 arrowsize=0.6]',
    ]


def _direction(diagram: Diagram, texts: list[list[str]], labels: list[str]) -> str:
    """From left to right if that fits a page's width, or else whichever way is narrower."""
    widths = [6.6 * max(map(len, lines), default=0) + 20 for lines in texts]
    ends, (levels, _) = list(widths), ranks(diagram)
    for edge, text in zip(diagram.edges, labels, strict=True):  # users come in order
        gap = 30 + 6 * len(text)
        ends[edge.user] = max(ends[edge.user], ends[edge.parent] + gap + widths[edge.user])
    across = Counter[int]()
    for level, width in zip(levels, widths, strict=True):
        across[level] += round(width + 15)
    return "LR" if max(ends) <= max(PAGE, *across.values()) else "TB"


def _node(i: int, box: Box, lines: list[str], rankdir: str, largest: float, room: int) -> str:
    classes = [box.kind]
    if not box.finite:
        classes.append("odd")
    elif largest and box.kind != "constant":
        classes.append(shade(box.grad, largest, box.size == 1))
    if not box.title and box.kind in ("data", "constant"):
        classes.append("bare")
    lines = [escape(line) for line in lines]
    if box.kind != "constant":
        lines[-1] += "\\ " * (room - len(lines[-1]))  # spaces that Graphviz does not take away
    if box.kind == "group":  # a double frame, which records cannot have
        shape, label = " shape=box peripheries=2", quoted("\\n".join(lines))
    else:
        shape = " shape=Mrecord" if box.kind in ("operation", "outside") else ""
        label = record(lines, rankdir)
    if box.wrong:
        shape += " penwidth=4"
    return f'b{i} [id=b{i} class="{" ".join(classes)}"{shape} label={label}]'


def record(fields: Sequence[str], rankdir: str) -> str:
    """The label of a box with a field for each text, one below the other."""
    label = " | ".join(fields)
    return quoted(f"{{ {label} }}" if rankdir in ("TB", "BT") else label)


def _within(
    f: int | None, diagram: Diagram, nodes: list[str], inside: dict[int, Points]
) -> list[str]:
    """The lines of the boxes and frames directly within frame f, or within no frame.

    The last box comes first: topological order begins with the last operand, and Graphviz draws
    what comes first on top, or on the left.
    """
    lines = [node for box, node in zip(diagram.boxes, nodes, strict=True) if box.frame == f][::-1]
    for inner, frame in enumerate(diagram.frames):
        if frame.outer == f:
            title = short(frame.title, 60).replace("\\", "\\\\").replace("&", "&amp;")
            lines += [
                f"subgraph cluster_{inner} {{",
                f"  graph [id=f{inner} label={quoted(title)} style=rounded labeljust=l]",
                *points_of(inner, inside),
                *_within(inner, diagram, nodes, inside),
                "}",
            ]
    return [f"  {line}" for line in lines]


def _edge_text(edge: Edge, write: Write, partials: bool) -> str:
    if edge.count > 1:
        return f"×{edge.count:,}"
    return write(edge.partial) if partials and edge.partial is not None else ""


def largest_gradient(diagram: Diagram) -> float:
    """The size of the largest finite gradient, 0 if there is none."""
    sizes = (abs(box.grad) for box in diagram.boxes if box.kind != "constant")
    return max((size for size in sizes if isfinite(size)), default=0.0)
