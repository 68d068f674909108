"""Where the SVG is written: a picture laid out, with titles, its own style sheet and a legend."""

from __future__ import annotations

import re

from visualize.model.diagram import Box, Diagram, Edge
from visualize.picture.dot import heading, largest_gradient, rows
from visualize.picture.engine import LayoutError, layout
from visualize.picture.routes import joined
from visualize.picture.text import escape_html, printable, short
from visualize.picture.theme import BOUNDS, shade, stylesheet

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from autograd_lite import Value
    from visualize.picture.text import Write

__all__ = ["framed", "summary", "to_svg"]


def to_svg(
    diagram: Diagram,
    dot: str,
    about: str,
    write: Write,
    partials: bool,
    color: bool,
    changing: bool = False,
) -> str:
    """The SVG element of a diagram.

    dot       the diagram in the DOT language, from `to_dot`
    about     one sentence about the whole, for screen readers
    write     the function that writes a number
    partials  True if local partials stand on the edges
    color     True if boxes are shaded by their gradients
    changing  True if other numbers will be shown, so that the legend has each shade
    """
    titles = {f"b{i}": _box_title(box, write) for i, box in enumerate(diagram.boxes)}
    names = [short(heading(box)) for box in diagram.boxes]
    for i, edge in enumerate(diagram.edges):
        titles[f"e{i}"] = _edge_title(edge, names[edge.parent], names[edge.user], write)
    for i, frame in enumerate(diagram.frames):
        titles[f"f{i}"] = printable(frame.title)
    return framed(dot, about, titles, _keys(diagram, partials, color, changing))


def framed(
    dot: str, about: str, titles: Mapping[str, str], keys: Sequence[Sequence[tuple[str, str]]]
) -> str:
    """The SVG element of any picture: the DOT laid out, with titles, a style sheet and a legend.

    about   one sentence about the whole, for screen readers
    titles  the titles of boxes, edges and frames, by their ids
    keys    the rows of the legend, each of (CSS class of a small box or "", text)
    """
    svg = joined(layout(dot))
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
    body = _with_titles_on_top(body)
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" class="autograd" role="img"'
        f' aria-label="{escape_html(about)}" width="{width:g}pt" height="{height:g}pt"'
        f' viewBox="0 0 {width:g} {height:g}">\n'
        f"<style>{stylesheet()}</style>\n"
        f'<rect class="paper" width="{width:g}" height="{height:g}"/>\n'
        f"{body}{legend}</svg>\n"
    )


def _with_titles_on_top(body: str) -> str:
    """The picture with the titles of frames above the lines, which would strike them through."""
    titles: list[str] = []

    def take(found: re.Match[str]) -> str:
        titles.append(found[2])
        return found[1]

    body = re.sub(r'(<g id="\w+" class="cluster">(?:.|\n)*?)(<text .*?</text>\n)', take, body)
    if not titles:
        return body
    end = body.rindex("</g>")
    return f'{body[:end]}<g class="titles">\n{"".join(titles)}</g>\n{body[end:]}'


def summary(root: Value, diagram: Diagram, write: Write) -> str:
    """One sentence about the picture of root's graph."""
    size = sum(len(box.members) for box in diagram.boxes)
    name = f" of {root.label[:100]}" if root.label else ""
    return printable(
        f"Computation graph{name}: {size:,} node{'s' * (size > 1)}, result {write(root.data)}"
    )


def _box_title(box: Box, write: Write) -> str:
    """The text about a box for tooltips and screen readers."""
    kind = "" if box.kind in ("operation", heading(box)) else f" ({box.kind})"
    numbers = [row for row in rows(box, write) if row != short(heading(box), 48)]
    return printable(f"{heading(box)}{kind}: {', '.join(numbers)}")


def _edge_title(edge: Edge, parent: str, user: str, write: Write) -> str:
    if edge.partial is None:
        return f"{edge.count:,} edge{'s' * (edge.count > 1)} from {parent} to {user}"
    return f"local partial of {user} with respect to {parent}: {write(edge.partial)}"


_KINDS = {
    "operation": "operation",
    "parameter": "parameter",
    "data": "data",
    "constant": "constant",
    "group": "several nodes",
    "outside": "from outside",
}


def _keys(
    diagram: Diagram, partials: bool, color: bool, changing: bool
) -> list[list[tuple[str, str]]]:
    """The rows of the legend, for `framed`."""
    kinds = [kind for kind in _KINDS if any(box.kind == kind for box in diagram.boxes)]
    groups = [[(f"{kind} shade0", _KINDS[kind]) for kind in kinds]]
    if any(not box.finite for box in diagram.boxes):
        groups[0].append(("data odd", "not finite"))
    largest = largest_gradient(diagram)
    if color and (largest > 0 or changing):
        uppers = [bound * largest for bound in (*BOUNDS[1:], 1.0)]
        shaded = [box for box in diagram.boxes if box.kind != "constant" and box.finite]
        used = {
            shade(grad, of, box.size == 1).rstrip("1234")
            for box in shaded
            for grad, of in ([(box.grad, largest)] if not changing else [(-1, 1), (0, 1), (1, 1)])
        }
        names = {"plus": "grad > 0, size", "minus": "grad < 0, size", "size": "|grad|"}
        if "shade0" in used:
            groups[0].append(("data shade0", "grad 0"))
        groups += [
            [
                ("", text),
                *((f"data {name}{i}", f"\u2264 {upper:.2g}") for i, upper in enumerate(uppers, 1)),
            ]
            for name, text in names.items()
            if name in used
        ]
    if any(box.size > 1 and box.kind != "constant" for box in diagram.boxes):
        groups.append([("", "several nodes: range of data, norm of grad,"), ("", "no constants")])
    if partials and any(e.partial is not None and e.count == 1 for e in diagram.edges):
        groups.append([("", "on edges: local partials")])
    return groups


def _legend(
    rows: Sequence[Sequence[tuple[str, str]]], width: float, top: float
) -> tuple[str, float, float]:
    """The SVG of the legend below the picture, its width and its height.

    rows   as of `framed`
    width  the width of the picture
    top    the height of the picture, below which the legend begins
    """
    out: list[str] = []
    x, y, right = 8.0, top + 6, 0.0
    limit = max(width, 240.0)
    for items in rows:
        for classes, text in items:
            key = 20 if classes else 0
            taken = key + 6.03 * len(text) + 14
            if x + taken > limit and x > 8:
                x, y = 8.0, y + 16
            if classes:
                out.append(_key(classes, x, y))
            at = f'x="{x + key:g}" y="{y + 9:g}"'
            out.append(f'<text {at} font-size="10">{escape_html(text)}</text>')
            x += taken
            right = max(right, x)
        x, y = 8.0, y + 16
    return f'<g class="legend">\n{chr(10).join(out)}\n</g>\n', right, y - top + 4


def _key(classes: str, x: float, y: float) -> str:
    """A small box of these CSS classes; those of operations have round corners of radius r."""
    r = 4 if classes.startswith(("operation", "outside")) else 0
    w, h = 14 - 2 * r, 10 - 2 * r
    path = f"M{x + r:g},{y:g}h{w}q{r},0 {r},{r}v{h}q0,{r} -{r},{r}h-{w}q-{r},0 -{r},-{r}v-{h}z"
    if r:
        path = path.replace(f"v-{h}z", f"v-{h}q0,-{r} {r},-{r}z")
    inner = (
        f'<path fill="none" d="M{x + 2.5:g},{y + 2.5:g}h9v5h-9z"/>'
        if classes.startswith("group")
        else ""
    )
    return f'<g class="node {classes}"><path fill="white" d="{path}"/>{inner}</g>'
