"""The SVG element: its bytes, colours, size and summary, and text of users in it."""

import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

import visualize
from autograd_lite import (
    Value,
    log,
)


def test_not_finite_and_parameter_differ_without_colour(drawn, parameter):
    w = parameter(0.0, label="w")
    root = log(w)
    root.backward()
    picture = drawn(visualize.draw(root, color=False).svg)
    assert {"parameter", "odd"} <= picture.classes("w")
    styles = visualize.draw(root).svg
    strokes = {
        kind: re.search(rf"^\.autograd \.{kind} path.*{{ (.*?):", styles, re.M)[1]
        for kind in ("parameter", "odd", "constant")
    }
    assert strokes["parameter"] == "stroke-width"
    assert strokes["odd"] == strokes["constant"] == "stroke-dasharray"
    assert "shade0" not in picture.classes("w")


def test_light_and_dark(neuron):
    svg = visualize.draw(neuron).svg
    assert "prefers-color-scheme: dark" in svg
    assert 'class="paper"' in svg


def test_the_size_of_a_picture_is_in_numbers(neuron):
    """A height of auto, outside of @media, leaves a blank page in CairoSVG."""
    svg = visualize.draw(neuron).svg
    root = ElementTree.fromstring(svg)
    assert root.get("style") is None
    _, _, width, height = root.attrib["viewBox"].split()
    assert (root.attrib["width"], root.attrib["height"]) == (f"{width}pt", f"{height}pt")
    assert re.findall(r".*\bauto\b.*", svg) == [
        "@media all { .autograd { max-width: 100%; height: auto; } }"
    ]


def test_the_result_of_a_folded_graph_is_the_roots():
    root = Value(5.0, label="x") + -20.0 + 3.0
    drawing = visualize.draw(root, fold=True)
    assert drawing.diagram.boxes[-1].data == -12.0
    root = Value(5.0, label="x") + -20.0 + -3.0
    drawing = visualize.draw(root, fold=True)
    assert (drawing.diagram.boxes[-1].low, drawing.diagram.boxes[-1].data) == (-18.0, -15.0)
    assert repr(drawing) == "<Computation graph: 5 nodes, result -18>"
    assert 'aria-label="Computation graph: 5 nodes, result -18"' in drawing.svg


SVG = "{http://www.w3.org/2000/svg}"


def texts(svg):
    return ["".join(t.itertext()) for t in ElementTree.fromstring(svg).iter(f"{SVG}text")]


HOSTILE = "<script>alert(1)</script> \"'\\ | { } \\n & &amp; \n 中文 😀 \x00 \ud800 \u202e"


@pytest.mark.parametrize("draw", [visualize.to_svg, lambda r: visualize.draw_dot(r).pipe()])
def test_hostile_labels_are_text(draw):
    y = Value(1.0, (Value(2.0, label=HOSTILE),), HOSTILE, label="x" * 10_000)
    svg = draw(y)
    root = ElementTree.fromstring(svg)
    assert {element.tag for element in root.iter()} <= {
        SVG + tag
        for tag in (
            "svg",
            "g",
            "title",
            "text",
            "polygon",
            "polyline",
            "path",
            "ellipse",
            "style",
            "rect",
        )
    }
    assert any("<script>alert(1)</script>" in text for text in texts(svg))
    assert any("x…" in text for text in texts(svg))


@given(st.text())
def test_any_label_is_drawn(label):
    svg = visualize.to_svg(Value(1.0, label=label))
    assert ElementTree.fromstring(svg).tag == f"{SVG}svg"


def test_the_same_bytes_in_every_process():
    code = (
        "import visualize; from autograd_lite import Value, dot\n"
        "xs = [Value(float(i)) for i in range(5)]\n"
        "print(ascii(visualize.to_svg(dot(xs, xs) + xs[0])))"
    )
    runs = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(runs) == 1
