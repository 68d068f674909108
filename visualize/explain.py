"""`explain`: one HTML file that steps through the forward and the backward pass."""

from __future__ import annotations

import os
import re
from functools import cached_property
from itertools import count
from math import isfinite
from string import Template

from autograd_lite import Value
from visualize.diagram import Box, Diagram, by_group
from visualize.draw import check_options, products_of
from visualize.files import write as write_file
from visualize.fold import Group, by_scope, folded, staged
from visualize.graph import cotangents, nodes_of, partials_of
from visualize.scopes import calls_in
from visualize.svg import heading, largest_gradient, summary, to_dot, to_svg
from visualize.text import escape_html, number_format, short
from visualize.theme import BOUNDS, COLORS, stylesheet

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

__all__ = ["Page", "explain"]

VIEW_BOXES = 40
"""The most boxes in one view; a larger one starts collapsed."""

PAGE_BOXES = 600
"""The most boxes in a page; what is left then stays closed, and says so."""

ALIKE = 24
"""How many of many like nodes a view shows."""

_INTERVAL = 1400  # milliseconds between two steps that play

_PAGE = Template("""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="$policy">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>$title</title>
<style>
$style
</style>
</head>
<body>
<main>
<h1>$title</h1>
<noscript><p>This page needs JavaScript to walk through the graph.</p></noscript>
<nav id="trail" aria-label="Opened boxes" hidden></nav>
<p id="caption" class="hint"></p>
<div id="picture" class="picture" role="region" aria-label="Computation graph" tabindex="0">
$pictures
</div>
<div class="controls" role="group" aria-label="Steps">
<button id="first" type="button" aria-label="First step">&#x21E4;</button>
<button id="back" type="button" aria-label="Step back">&#x2190;</button>
<button id="play" type="button">Play</button>
<button id="next" type="button" aria-label="Next step">&#x2192;</button>
<button id="last" type="button" aria-label="Last step">&#x21E5;</button>
<div class="track">
<input id="slider" type="range" min="0" max="0" value="0" aria-label="Step">
<div class="passes" aria-hidden="true"><span id="forward">forward</span><span
id="backward">backward</span></div>
</div>
<output id="count" for="slider"></output>
</div>
<div class="panels">
<section id="explanation" class="panel" aria-label="This step" aria-live="polite"></section>
<section id="details" class="panel" aria-label="A node" aria-live="polite"></section>
</div>
<p class="hint keys"><kbd>&#x2190;</kbd> <kbd>&#x2192;</kbd> step, <kbd>Space</kbd> plays,
<kbd>Home</kbd> <kbd>End</kbd> jump, <kbd>Tab</kbd> moves between nodes, <kbd>Enter</kbd> or
<kbd>Space</kbd> on a node follows or opens it, <kbd>Escape</kbd> goes back.</p>
</main>
<script type="application/json" id="data">$data</script>
<script>$script</script>
</body>
</html>
""")


class Page:
    """A stepping page. It shows itself in notebooks, in a frame that is cut off from them.

    html  the whole file
    """

    def __init__(self, html: str, title: str) -> None:
        self.html, self._title = html, title

    def __repr__(self) -> str:
        return f"<{self._title}>"

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the page to a file.

        Raises ValueError if its name does not end in .html, OSError if it cannot be written.
        """
        write_file(_checked(path), self.html)

    def _repr_html_(self) -> str:
        return (
            '<iframe sandbox="allow-scripts" title="Backpropagation step by step" '
            f'style="width: 100%; height: 720px; border: 0" srcdoc="{escape_html(self.html)}">'
            "</iframe>"
        )


def _checked(path: str | os.PathLike[str]) -> str | os.PathLike[str]:
    if isinstance(path, (str, os.PathLike)) and not os.fspath(path).lower().endswith(".html"):
        raise ValueError(f"the stepping page is HTML: its name must end in .html, not {path}")
    return path


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
    write = number_format(number)
    check_options(depth, fold, products, rankdir)
    if path is not None:
        _checked(path)
    book = _Book(root, depth, fold, products)
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
        data.append(book.data(view, seeds, write))
    script = _resource("page.js")
    title = f"Backpropagation through {name}, step by step"
    page = Page(
        _PAGE.substitute(
            policy=_policy(script),
            title=escape_html(title),
            style=_variables() + stylesheet() + _resource("page.css"),
            pictures="\n".join(pictures),
            data=_json(
                {
                    "root": name,
                    "number": number,
                    "interval": _INTERVAL,
                    "bounds": BOUNDS if color else {},
                    "views": data,
                }
            ),
            script=script,
        ),
        title,
    )
    if path is not None:
        page.save(path)
    return page


def _svg(
    view: _View,
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


def _resource(name: str) -> str:
    from importlib.resources import files

    return files("visualize").joinpath(name).read_text(encoding="utf-8")


def _policy(script: str) -> str:
    """A Content-Security-Policy that lets this script run, and nothing else in."""
    from base64 import b64encode
    from hashlib import sha256

    digest = b64encode(sha256(script.encode()).digest()).decode()
    return (
        f"default-src 'none'; script-src 'sha256-{digest}'; style-src 'unsafe-inline'; "
        "base-uri 'none'; form-action 'none'"
    )


def _variables() -> str:
    light, dark = ("; ".join(f"--{n}: {c[i]}" for n, c in COLORS.items()) for i in (0, 1))
    return f":root {{ {light} }}\n@media (prefers-color-scheme: dark) {{ :root {{ {dark} }} }}\n"


def _json(thing: Any) -> str:
    """JSON that cannot end the script element it stands in."""
    import json

    text = json.dumps(thing, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _number(x: float) -> float | str:
    """The number for JSON, which has no nan and no inf."""
    return x if isfinite(x) else "NaN" if x != x else "Infinity" if x > 0 else "-Infinity"


# ------------------------------------------------------------------------------------ views


class _View:
    """One picture of the page.

    groups  what the boxes stand for, if they are groups
    outer   the view whose box it opens
    opens   the view that opens each box, by the box's index
    """

    def __init__(
        self,
        title: str,
        caption: str,
        diagram: Diagram,
        groups: list[Group],
        outer: int | None,
    ) -> None:
        self.title, self.caption, self.diagram = title, caption, diagram
        self.groups, self.outer = groups, outer
        self.opens: dict[int, int] = {}


class _Book:
    """The views of a page, the whole graph first, then what its boxes open to."""

    def __init__(self, root: Value, depth: int | None, fold: bool, products: bool) -> None:
        self.nodes = nodes = nodes_of(root)
        self.grads = cotangents(nodes)
        self.place = {node: i for i, node in enumerate(nodes)}
        self.calls = calls_in(nodes)
        self.names = _names(nodes)
        self.views: list[_View] = []
        if products:
            diagram = products_of(root, lambda _: self.grads, measured=True)
            self._add(_View("The whole graph", "", diagram, [], None))
            return
        small = len(nodes) <= VIEW_BOXES and sum(len(n.parents) for n in nodes) <= 4 * VIEW_BOXES
        if depth is None and not small:
            depth = 0
        self._open("The whole graph", "", nodes, depth, None, fold)
        for k, view in enumerate(self.views):  # the list grows while it is walked
            for i, group in enumerate(view.groups):
                box = view.diagram.boxes[i]
                opens = len(group.nodes) > 1 and not group.outside and box.kind != "constant"
                if opens and self._room():
                    view.opens[i] = len(self.views)
                    self._open_group(group, box, k)

    def _room(self) -> bool:
        return sum(len(view.diagram.boxes) for view in self.views) < PAGE_BOXES

    def _open_group(self, group: Group, box: Box, outer: int) -> None:
        nodes, caption, depth = group.nodes, "", group.inner
        if group.collapsed and group.times > 1:
            nodes, caption = (
                list(group.unit),
                f"The first of {group.times:,} of the same structure.",
            )
        elif not group.collapsed and len(nodes) > ALIKE:
            nodes = nodes[:ALIKE]
            caption = f"{ALIKE} of {len(group.nodes):,} nodes, all of the same structure."
        self._open(heading(box), caption, sorted(nodes, key=self.place.__getitem__), depth, outer)

    def _open(
        self,
        title: str,
        caption: str,
        nodes: list[Value],
        depth: int | None,
        outer: int | None,
        fold: bool = False,
    ) -> None:
        groups = by_scope(nodes, self.calls, depth)
        if fold or len(groups) > VIEW_BOXES:
            groups = folded(groups)
        if len(groups) > VIEW_BOXES:
            groups = staged(groups, 12)
        inside = set(nodes)
        outside = sorted(
            {p for node in nodes for p in node.parents} - inside, key=self.place.__getitem__
        )
        if len(outside) > ALIKE:
            around = [Group("from outside", outside, collapsed=True, outside=True)]
        else:
            around = [Group("", [node], outside=True) for node in outside]
        groups = around + groups
        diagram = by_group(groups, self.grads.__getitem__, measured=True)
        self._add(_View(title, caption, diagram, groups, outer))

    def _add(self, view: _View) -> None:
        taken = {node.label for node in self.nodes}
        products = (name for name in map("p{}".format, count()) if name not in taken)
        for box in view.diagram.boxes:
            if box.size == 1 and box.kind != "constant" and not box.title:
                box.title = self.names[box.members[0]] if box.members else next(products)
        self.views.append(view)

    # ----------------------------------------------------------------------- for the script

    def data(
        self, view: _View, seeds: list[tuple[float, int]], write: Callable[[float], str]
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
            "root": self._root(view),
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

    def _root(self, view: _View) -> int:
        """The box that holds the root of the graph; in a part of the graph without it, the last."""
        boxes = view.diagram.boxes
        found = (i for i, box in enumerate(boxes) if self.nodes[-1] in box.members)
        return next(found, len(boxes) - 1)

    def seeds(self, view: _View) -> list[tuple[float, int]]:
        """What each box receives from users outside the view, and from how many edges."""
        boxes = view.diagram.boxes
        if view.outer is None:
            return [(float(i == self._root(view)), 0) for i in range(len(boxes))]
        within = {node for group in view.groups if not group.outside for node in group.nodes}
        seeds = []
        for box in boxes:
            node = box.members[0]
            sent = [amount for user, amount in self.received.get(node, ()) if user not in within]
            start = float(node is self.nodes[-1])
            seeds.append((sum(sent, start), len(sent)) if box.size == 1 else (0.0, 0))
        return seeds

    @cached_property
    def received(self) -> dict[Value, list[tuple[Value, float]]]:
        """What each node that a view within shows receives, by user, in the engine's order."""
        shown: dict[Value, list[tuple[Value, float]]] = {
            box.members[0]: []
            for view in self.views
            if view.outer is not None
            for box in view.diagram.boxes
            if box.size == 1
        }
        for node in reversed(self.nodes) if shown else ():
            grad = self.grads[node]
            for parent, partial in zip(node.parents, partials_of(node), strict=True):
                if parent in shown:
                    shown[parent].append((node, grad * partial if grad else 0.0))
        return shown


def _names(nodes: list[Value]) -> dict[Value, str]:
    """A name for each node without a label: v and its place, or a later number if that is taken."""
    taken = {node.label for node in nodes}
    later = (name for name in map("v{}".format, count(len(nodes))) if name not in taken)
    own = ((node, f"v{i}") for i, node in enumerate(nodes) if not node.label)
    return {node: next(later) if name in taken else name for node, name in own}


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
