"""A diagram as DOT, and as an SVG element that styles itself."""

from __future__ import annotations

import re
from collections import Counter
from math import isfinite

from visualize.diagram import Box, Diagram, Edge, single
from visualize.layout import LayoutError, layout
from visualize.text import escape, escape_html, printable, short
from visualize.theme import BOUNDS, shade, stylesheet

__all__ = ["framed", "header", "heading", "largest_gradient", "summary", "to_dot", "to_svg"]

MOVES = 400
"""How often Graphviz may improve on where the boxes stand.

Pictures of a hundred boxes need fewer. Without a bound a chain of 100 steps that share one
parameter takes minutes: every long edge is a row of hidden boxes to be placed.
"""

PAGE = 1_000
"""The width of a page, in points."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from autograd_lite import Value

    Write = Callable[[float], str]

_LEAVES = ("parameter", "data", "constant")


def heading(box: Box) -> str:
    """What a box is called: "w", "y = tanh", "tanh x 16"."""
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
    elif box.size > box.times:
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
) -> str:
    """The diagram in the DOT language, for Graphviz to lay out.

    rankdir  None for the direction in which it fits a page
    room     how many characters the last line of each box has room for, if other numbers are to
             come
    """
    texts = [rows(box, write) for box in diagram.boxes]
    labels = [_edge_text(edge, write, partials) for edge in diagram.edges]
    rankdir = rankdir or _direction(diagram, texts, labels)
    largest = largest_gradient(diagram) if color else 0.0
    nodes = [
        _node(i, box, lines, rankdir, largest, room[i] if room else 0)
        for i, (box, lines) in enumerate(zip(diagram.boxes, texts, strict=True))
    ]
    lines = [*header(rankdir, len(diagram.boxes)), *_within(None, diagram, nodes)]
    for i, (edge, text) in enumerate(zip(diagram.edges, labels, strict=True)):
        if text and rankdir in ("TB", "BT"):
            text = f"\N{NO-BREAK SPACE}{text}"  # it stands on the right of the line
        label = f' label="{text}"' if text else ""
        # Straight from operation to operation; leaves stand beside that.
        weight = "" if diagram.boxes[edge.parent].kind in _LEAVES else " weight=2"
        lines.append(f"  b{edge.parent} -> b{edge.user} [id=e{i}{label}{weight}]")
    return "\n".join([*lines, "}", ""])


def header(rankdir: str, boxes: int) -> list[str]:
    """The first lines of a picture of so many boxes in the DOT language."""
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
    ends, levels = list(widths), [0] * len(widths)
    for edge, text in zip(diagram.edges, labels, strict=True):  # in the order of their users
        gap = 30 + 6 * len(text)
        ends[edge.user] = max(ends[edge.user], ends[edge.parent] + gap + widths[edge.user])
        levels[edge.user] = max(levels[edge.user], levels[edge.parent] + 1)
    across = Counter[int]()
    for level, width in zip(levels, widths, strict=True):
        across[level] += round(width + 15)
    return "LR" if max(ends) <= max(PAGE, *across.values()) else "TB"


def _node(i: int, box: Box, lines: list[str], rankdir: str, largest: float, room: int) -> str:
    classes = [box.kind]
    if not box.finite:
        classes.append("odd")
    elif largest and box.kind != "constant":
        classes.append(shade(box.grad, largest))
    if not box.title and box.kind in ("data", "constant"):
        classes.append("bare")
    lines = [escape(line) for line in lines]
    if box.kind != "constant":
        lines[-1] = lines[-1].ljust(room, "\N{NO-BREAK SPACE}")
    if box.kind == "group":  # a double frame, which records cannot have
        shape, label = " shape=box peripheries=2", "\\n".join(lines)
    else:
        shape, label = (
            " shape=Mrecord" if box.kind in ("operation", "outside") else "",
            " | ".join(lines),
        )
        if rankdir in ("TB", "BT"):
            label = f"{{ {label} }}"
    if box.wrong:
        shape += " penwidth=4"
    label = label.replace('"', '\\"')
    return f'b{i} [id=b{i} class="{" ".join(classes)}"{shape} label="{label}"]'


def _within(f: int | None, diagram: Diagram, nodes: list[str]) -> list[str]:
    """The boxes and frames that lie within a frame, or within none."""
    lines = [node for box, node in zip(diagram.boxes, nodes, strict=True) if box.frame == f]
    for inner, frame in enumerate(diagram.frames):
        if frame.outer == f:
            title = short(frame.title, 60).replace("\\", "\\\\").replace('"', '\\"')
            title = title.replace("&", "&amp;")
            lines += [
                f"subgraph cluster_{inner} {{",
                f'  graph [id=f{inner} label="{title}" style=rounded labeljust=l]',
                *_within(inner, diagram, nodes),
                "}",
            ]
    return [f"  {line}" for line in lines]


def _edge_text(edge: Edge, write: Write, partials: bool) -> str:
    if edge.count > 1:
        return f"×{edge.count:,}"
    return write(edge.partial) if partials and edge.partial is not None else ""


def largest_gradient(diagram: Diagram) -> float:
    """The largest size of a gradient that is finite."""
    sizes = (abs(box.grad) for box in diagram.boxes if box.kind != "constant")
    return max((size for size in sizes if isfinite(size)), default=0.0)


def to_svg(
    diagram: Diagram, dot: str, about: str, write: Write, partials: bool, color: bool
) -> str:
    """The laid out DOT as an SVG element with titles, a style sheet and a legend.

    dot    what `to_dot` made of the diagram
    about  one sentence about the whole, for screen readers
    """
    titles = {f"b{i}": box_title(box, write) for i, box in enumerate(diagram.boxes)}
    names = [short(heading(box)) for box in diagram.boxes]
    for i, edge in enumerate(diagram.edges):
        titles[f"e{i}"] = _edge_title(edge, names[edge.parent], names[edge.user], write)
    for i, frame in enumerate(diagram.frames):
        titles[f"f{i}"] = printable(frame.title)
    return framed(dot, about, titles, _keys(diagram, partials, color))


def framed(
    dot: str, about: str, titles: Mapping[str, str], keys: Sequence[Sequence[tuple[str, str]]]
) -> str:
    """The laid out DOT as an SVG element with titles, a style sheet and a legend.

    about   one sentence about the whole, for screen readers
    titles  of boxes, edges and frames, by their ids
    keys    the rows of the legend: (the class of a small box or "", what it says)
    """
    svg = layout(dot)
    head = re.match(r'<svg width="[^"]*" height="[^"]*"\s+viewBox="([^"]*)"[^>]*>', svg)
    if head is None:
        raise LayoutError("the layout engine gave no SVG")
    _, _, width, height = map(float, head[1].split())
    legend, legend_width, legend_height = _legend(keys, width, height)
    width, height = max(width, legend_width), height + legend_height
    body = (
        re.sub(
            r'(<g id="(\w+)" class="[^"]*">\s*)<title>[^<]*</title>',
            lambda found: f"{found[1]}<title>{escape_html(titles.get(found[2], ''))}</title>",
            svg[head.end() :],
        )
        .replace("<title></title>", "")
        .removesuffix("\n")
        .removesuffix("</svg>")
    )
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" class="autograd" role="img"'
        f' aria-label="{escape_html(about)}" width="{width:g}pt" height="{height:g}pt"'
        f' viewBox="0 0 {width:g} {height:g}">\n'
        f"<style>{stylesheet()}</style>\n"
        f'<rect class="paper" width="{width:g}" height="{height:g}"/>\n'
        f"{body}{legend}</svg>\n"
    )


def summary(root: Value, diagram: Diagram, write: Write) -> str:
    """One sentence about the picture of root's graph."""
    size = sum(len(box.members) for box in diagram.boxes)
    name = heading(single(root, root.grad))
    return printable(
        f"Computation graph of {name[:100]}: {size:,} node{'s' * (size > 1)}, "
        f"result {write(root.data)}"
    )


def box_title(box: Box, write: Write) -> str:
    """The whole text about a box, for a tooltip and for screen readers."""
    kind = "" if box.kind in ("operation", heading(box)) else f" ({box.kind})"
    numbers = [row for row in rows(box, write) if row != short(heading(box), 48)]
    return printable(f"{heading(box)}{kind}: {', '.join(numbers)}")


def _edge_title(edge: Edge, parent: str, user: str, write: Write) -> str:
    if edge.partial is None:
        return f"{edge.count:,} edge{'s' * (edge.count > 1)} from {parent} to {user}"
    return f"local partial of {user} by {parent}: {write(edge.partial)}"


_KINDS = {
    "operation": "operation",
    "parameter": "parameter",
    "data": "data",
    "constant": "constant",
    "group": "several nodes",
    "outside": "from outside",
}


def _keys(diagram: Diagram, partials: bool, color: bool) -> list[list[tuple[str, str]]]:
    """The rows of the legend."""
    kinds = [kind for kind in _KINDS if any(box.kind == kind for box in diagram.boxes)]
    groups = [[(f"{kind} shade0", _KINDS[kind]) for kind in kinds]]
    if any(not box.finite for box in diagram.boxes):
        groups[0].append(("data odd", "not finite"))
    largest = largest_gradient(diagram)
    if color and largest > 0:
        shades = [("data shade0", "grad 0")]
        uppers = [largest, *(bound * largest for bound in BOUNDS.values())]
        for name, upper in reversed(list(zip(BOUNDS, uppers, strict=False))):
            shades.append((f"data {name}", f"to {upper:.2g}"))
        groups.append(shades)
    if any(box.size > 1 and box.kind != "constant" for box in diagram.boxes):
        groups.append([("", "several: range and norm"), ("", "without constants")])
    if partials and any(e.partial is not None and e.count == 1 for e in diagram.edges):
        groups.append([("", "on edges: local partials")])
    return groups


def _legend(
    rows: Sequence[Sequence[tuple[str, str]]], width: float, top: float
) -> tuple[str, float, float]:
    """The legend below the picture, and the width and height that it takes."""
    out: list[str] = []
    x, y, right = 8.0, top + 6, 0.0
    limit = max(width, 240.0)
    for items in rows:
        for kind, text in items:
            taken = (20 if kind else 0) + 6.03 * len(text) + 14
            if x + taken > limit and x > 8:
                x, y = 8.0, y + 16
            if kind:
                out.append(_key(kind, x, y))
            tx = x + (20 if kind else 0)
            out.append(f'<text x="{tx:g}" y="{y + 9:g}" font-size="10">{escape_html(text)}</text>')
            x += taken
            right = max(right, x)
        x, y = 8.0, y + 16
    return f'<g class="legend">\n{chr(10).join(out)}\n</g>\n', right, y - top + 4


def _key(kind: str, x: float, y: float) -> str:
    """A small box of this kind."""
    r = 4 if kind.startswith(("operation", "outside")) else 0
    w, h = 14 - 2 * r, 10 - 2 * r
    path = f"M{x + r:g},{y:g}h{w}q{r},0 {r},{r}v{h}q0,{r} -{r},{r}h-{w}q-{r},0 -{r},-{r}v-{h}z"
    if r:
        path = path.replace(f"v-{h}z", f"v-{h}q0,-{r} {r},-{r}z")
    inner = (
        f'<path fill="none" d="M{x + 2.5:g},{y + 2.5:g}h9v5h-9z"/>'
        if kind.startswith("group")
        else ""
    )
    return f'<g class="node {kind}"><path fill="white" d="{path}"/>{inner}</g>'
