"""Edges that skip what lies in a frame run within the frame: each enters at its top.

Graphviz would lead such an edge from outside along the frame, and in where its user lies: the
residual connection of a block would run outside the block. So it goes through a point that nobody
sees, in the frame and above what it skips, and through another above its user. `joined` makes one
line of its pieces.
"""

from __future__ import annotations

import re
from functools import reduce
from itertools import pairwise

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TypeAlias

    from visualize.model.diagram import Diagram, Edge

    Points: TypeAlias = list[tuple[int, int]]

__all__ = ["joined", "pieces", "points_of", "ranks", "routes"]

_PAIR = re.compile(r"(-?[\d.]+),(-?[\d.]+)")
_ROUND = 24.0  # how far from a joint a line begins to turn, at most
_PIECE = re.compile(
    r'<g id="(e\d+)_(\d+)" class="edge">\s*(?:<title>.*?</title>\s*)?<path [^>]* d="([^"]*)"/>\s*'
    r"</g>\s*"
)


def routes(diagram: Diagram) -> dict[int, Points]:
    """{index of an edge: its points, the first behind the parent}, of edges that need any.

    Each point is (the frame that it lies in, how many ranks it lies above the user).
    """
    rank, level = ranks(diagram)
    found: dict[int, Points] = {}
    for i, edge in enumerate(diagram.edges):
        around = set(_frames(diagram, edge.parent))
        room = rank[edge.user] - rank[edge.parent] - 1
        points: Points = []
        for frame in _frames(diagram, edge.user):
            above = min(level[frame, edge.user], room)
            behind = points[0][1] if points else 0
            if frame not in around and above > behind:
                # Two points with a straight line between them: a single long curve would swing out.
                low = [(frame, behind + 1)] if above > behind + 1 else []
                points = [(frame, above), *low, *points]
        if points:
            found[i] = points
    return found


def _frames(diagram: Diagram, box: int) -> Iterator[int]:
    """The frames around a box, innermost first."""
    frame = diagram.boxes[box].frame
    while frame is not None:
        yield frame
        frame = diagram.frames[frame].outer


def ranks(diagram: Diagram) -> tuple[list[int], dict[tuple[int, int], int]]:
    """[boxes] the rank of each; and of each (frame, box) its rank within the frame.

    A box that has no edge to it stands above its first user, and counts in no frame.
    """
    frames = [set(_frames(diagram, i)) for i in range(len(diagram.boxes))]
    sources = set(range(len(frames))) - {edge.user for edge in diagram.edges}
    rank = [1] * len(frames)
    level = {(frame, i): 0 for i, around in enumerate(frames) for frame in around}
    users: dict[int, list[int]] = {source: [] for source in sources}
    for edge in diagram.edges:  # in the order of their users, which come behind their parents
        parent, user = edge.parent, edge.user
        if parent in sources:
            users[parent].append(user)
            continue
        rank[user] = max(rank[user], rank[parent] + 1)
        for frame in frames[parent] & frames[user]:
            level[frame, user] = max(level[frame, user], level[frame, parent] + 1)
    for source, those in users.items():
        rank[source] = min((rank[user] for user in those), default=1) - 1
    return rank, level


def points_of(frame: int, found: dict[int, Points]) -> list[str]:
    """The lines of DOT of the points directly within a frame."""
    return [
        f'{_name(i, k)} [shape=point style=invis label="" width=0 height=0]'
        for i, points in found.items()
        for k, (f, _) in enumerate(points)
        if f == frame
    ]


def _name(i: int, k: int) -> str:
    """The name of point k of edge i."""
    return f"q{i}_{k}"


def pieces(i: int, edge: Edge, points: Points, look: str) -> list[str]:
    """The lines of DOT of an edge through points: its pieces, the last of which has the head.

    i     the index of the edge
    look  the attributes of the last piece
    """
    names = [f"b{edge.parent}", *(_name(i, k) for k in range(len(points))), f"b{edge.user}"]
    ranks = [above for _, above in points]
    lines = [f"  {names[0]} -> {names[1]} [id=e{i}_0 dir=none headclip=false]"]
    for k, (here, there) in enumerate(pairwise([*ranks, 0]), 1):
        piece = f"id=e{i}{look}" if k == len(points) else f"id=e{i}_{k} dir=none headclip=false"
        # By its weight a point stands as low as it can, or the frame would grow above its boxes.
        away = f"tailclip=false minlen={here - there} weight={2 if k == len(points) else 8}"
        lines.append(f"  {names[k]} -> {names[k + 1]} [{piece} {away}]")
    return lines


def joined(svg: str) -> str:
    """The picture with one line for each edge through points."""
    found: dict[str, dict[int, str]] = {}
    for edge, k, line in _PIECE.findall(svg):
        found.setdefault(edge, {})[int(k)] = line
    svg = _PIECE.sub("", svg)
    for edge, parts in found.items():
        start, *others = (parts[k] for k in sorted(parts))
        last = re.compile(rf'(<g id="{edge}" class="edge">.*?<path [^>]* d=")([^"]*)', re.DOTALL)
        head = last.search(svg)
        assert head is not None
        line = reduce(_joint, [*others, head[2]], start)
        svg = f"{svg[: head.start()]}{head[1]}{line}{svg[head.end() :]}"
    return svg


def _joint(line: str, more: str) -> str:
    """Two paths of Bezier curves as one, round where they meet."""
    before, behind = _points(line), _points(more)
    joint, a, b = before[-1], before[-4], behind[3]
    arriving, leaving = joint - a, b - joint
    direction = _unit(_unit(arriving) + _unit(leaving))
    before[-2] = joint - direction * min(abs(arriving) / 3, _ROUND)
    behind[1] = joint + direction * min(abs(leaving) / 3, _ROUND)
    start, *rest = (f"{z.real:.2f},{z.imag:.2f}" for z in before + behind[1:])
    return f"M{start}C{' '.join(rest)}"


def _points(line: str) -> list[complex]:
    """The points of a path, two of each curve between its ends."""
    return [complex(float(x), float(y)) for x, y in _PAIR.findall(line)]


def _unit(z: complex) -> complex:
    return z / abs(z) if z else z
