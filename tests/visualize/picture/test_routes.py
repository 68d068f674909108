"""Edges that skip what lies in a frame run within the frame."""

import re

import pytest

import visualize
from autograd_lite import Value, exp, tanh

PAIR = re.compile(r"(-?[\d.]+),(-?[\d.]+)")


@visualize.scope("inner")
def inner(x):
    return tanh(exp(x) * x)


@visualize.scope("block")
def block(x):
    """x skips the inner scope, and in it the exp."""
    return x + inner(x * 2)


def points_of(path):
    return [(float(x), float(y)) for x, y in PAIR.findall(path)]


def line_of(edge):
    """Points on an edge: eight on each of its Bezier curves."""
    paths = [child.attrib["d"] for child in edge if child.tag.endswith("path")]
    assert len(paths) == 1
    start, *rest = points_of(paths[0])
    found = [start]
    for a, b, end in zip(rest[::3], rest[1::3], rest[2::3], strict=True):
        for t in (k / 8 for k in range(1, 9)):
            weights = (1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3
            corners = zip(weights, (start, a, b, end), strict=True)
            x, y = map(sum, zip(*((w * x, w * y) for w, (x, y) in corners), strict=True))
            found.append((x, y))
        start = end
    return found


def box_of(element):
    """The left, right, top and bottom of a frame or a box."""
    shapes = [child.attrib for child in element if child.tag.endswith(("path", "polygon"))]
    xs, ys = zip(*points_of(shapes[0].get("d") or shapes[0]["points"]), strict=True)
    return min(xs), max(xs), min(ys), max(ys)


def is_within(point, box):
    left, right, top, bottom = box
    return left - 1 <= point[0] <= right + 1 and top - 1 <= point[1] <= bottom + 1


@pytest.mark.parametrize("rankdir", ["TB", "BT", "LR", "RL"])
@pytest.mark.parametrize("depth", [1, None])
def test_an_edge_stays_in_the_frame_that_it_enters(drawn, depth, rankdir):
    out = block(block(tanh(Value(0.5, label="x"))))
    out.backward()
    drawing = visualize.draw(out, depth=depth, rankdir=rankdir)
    picture, diagram = drawn(drawing.svg), drawing.diagram
    edges = {edge.attrib["id"]: line_of(edge) for edge in picture.edges}
    frames = {frame.attrib["id"]: box_of(frame) for frame in picture.frames}
    assert edges.keys() == {f"e{i}" for i in range(len(diagram.edges))}
    skipping = 0
    for i, edge in enumerate(diagram.edges):
        line, frame = edges[f"e{i}"], diagram.boxes[edge.user].frame
        while frame is not None and diagram.boxes[edge.parent].frame != frame:
            inside = [is_within(point, frames[f"f{frame}"]) for point in line]
            assert inside == sorted(inside), "an edge leaves a frame and enters again"
            # Of a long line the part before the frame is short: it enters at the frame's top.
            if len(line) > 17:
                skipping += 1
                assert sum(inside) > len(inside) / 2
            frame = diagram.frames[frame].outer
    assert skipping


def test_an_edge_in_pieces_is_one_line_from_box_to_box(drawn):
    x = tanh(Value(0.5, label="x"))
    drawing = visualize.draw(block(x), rankdir="TB")
    assert re.search(r"b\d+ -> q\d+_0", drawing.dot)
    assert "q" not in re.sub(r"<style>.*?</style>", "", drawing.svg, flags=re.DOTALL).split("b0")[0]
    picture = drawn(drawing.svg)
    boxes = {node.attrib["id"]: box_of(node) for node in picture.nodes}
    for edge, element in zip(
        drawing.diagram.edges,
        sorted(picture.edges, key=lambda e: int(e.attrib["id"][1:])),
        strict=True,
    ):
        line = line_of(element)
        for (x, y), box in ((line[0], edge.parent), (line[-1], edge.user)):
            left, right, top, bottom = boxes[f"b{box}"]
            assert left - 8 <= x <= right + 8
            assert top - 8 <= y <= bottom + 8
        heads = [child for child in element if child.tag.endswith("polygon")]
        assert len(heads) == 1
