"""The drawings of the views of a stepping page, whose numbers its script shows step by step."""

from __future__ import annotations

import re

from visualize.picture.dot import rows, to_dot
from visualize.picture.svg import to_svg

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from visualize.model.diagram import Diagram
    from visualize.picture.text import Write

__all__ = ["drawing", "needed"]

_SHORT = 4  # characters of a number that any edge has room for


def drawing(
    k: int,
    diagram: Diagram,
    seeds: Sequence[tuple[float, int]],
    about: str,
    rankdir: str | None,
    write: Write,
    color: bool,
) -> str:
    """The pictures of view k, one for each direction from which the script may choose.

    seeds    [boxes] the gradient received from outside the view, and over how many edges
    about    one sentence about the picture, for screen readers
    rankdir  the only direction, if there is but one
    """
    room, beside = _room(diagram, seeds, write), _beside(diagram, write)
    pictures = []
    for i, direction in enumerate([rankdir] if rankdir else ["LR", "TB"]):
        dot = to_dot(diagram, write, direction, True, False, room, beside)
        svg = to_svg(diagram, dot, about, write, partials=True, color=color, changing=True)
        svg = svg.replace(' role="img"', ' role="group"', 1)
        svg = re.sub(r"<style>.*?</style>\n", "", svg, flags=re.DOTALL)  # the page has one for all
        svg = re.sub(r"<title>[^<]*</title>\n", "", svg)  # tooltips would tell the results
        pictures.append(re.sub(r' id="(\w+)"', rf' id="view{k}-{"tall-" * i}\1"', svg))
    return f'<div id="view{k}" hidden>\n{"".join(pictures)}</div>'


def needed(diagram: Diagram, write: Write) -> Hashable:
    """What a drawing depends on, but for its texts: one serves all that need the same."""
    boxes = tuple([(x.kind, x.shape, x.frame, len(rows(x, write))) for x in diagram.boxes])
    edges = tuple([(x.parent, x.user, x.operand, x.count) for x in diagram.edges])
    partials = tuple([x.partial is None for x in diagram.edges])
    frames = tuple([(frame.title, frame.outer) for frame in diagram.frames])
    return boxes, edges, partials, frames, all(box.finite for box in diagram.boxes)


def _room(diagram: Diagram, seeds: Sequence[tuple[float, int]], write: Write) -> list[int]:
    """[boxes] the length of the last line at its longest, while the gradient is added up."""
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
    usual = len(write(-1 / 3))  # of numbers that others come to, as leaves are changed
    return [len("grad ") + max(n, usual) for n in room]


def _beside(diagram: Diagram, write: Write) -> list[int]:
    """[edges] the room for what is sent along an edge, in characters; 0 where that is not shown."""
    spaces = []
    for edge in diagram.edges:
        parent, user = diagram.boxes[edge.parent], diagram.boxes[edge.user]
        if edge.partial is None or max(parent.size, user.size) > 1 or parent.kind == "constant":
            spaces.append(0)
        else:
            add = user.grad * edge.partial if user.grad else 0.0
            spaces.append(max(len(write(-abs(add))), _SHORT) + 2)
    return spaces
