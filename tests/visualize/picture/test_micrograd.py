"""draw_dot: micrograd's pictures, with no Graphviz program."""

import xml.etree.ElementTree as ElementTree

import graphviz
import pytest

import visualize
from autograd_lite import Value, dot, no_grad, tanh

SVG = "{http://www.w3.org/2000/svg}"


def neuron():
    w, x, b = Value(0.5, label="w"), Value(2.0, label="x"), Value(-1.0, label="b")
    y = tanh(w * x + b)
    y.backward()
    return y


def texts(svg):
    return ["".join(t.itertext()) for t in ElementTree.fromstring(svg).iter(f"{SVG}text")]


def test_draw_dot_is_micrograds():
    picture = visualize.draw_dot(neuron())
    assert isinstance(picture, graphviz.Digraph)
    assert picture.source == (
        "digraph {\n"
        "\tgraph [rankdir=LR]\n"
        "\tnode [fontname=Courier]\n"
        '\tv0 [label="{ x | data 2.0000 | grad 0.5000 }" shape=record]\n'
        '\tv1 [label="{ w | data 0.5000 | grad 2.0000 }" shape=record]\n'
        '\tv2 [label="{ b | data -1.0000 | grad 1.0000 }" shape=record]\n'
        '\tv3 [label="{ data 1.0000 | grad 1.0000 }" shape=record]\n'
        '\tv3_op [label="*"]\n'
        "\tv3_op -> v3\n"
        '\tv4 [label="{ data 0.0000 | grad 1.0000 }" shape=record]\n'
        '\tv4_op [label="+"]\n'
        "\tv4_op -> v4\n"
        '\tv5 [label="{ data 0.0000 | grad 1.0000 }" shape=record]\n'
        "\tv5_op [label=tanh]\n"
        "\tv5_op -> v5\n"
        "\tv1 -> v3_op\n"
        "\tv0 -> v3_op\n"
        "\tv3 -> v4_op\n"
        "\tv2 -> v4_op\n"
        "\tv4 -> v5_op\n"
        "}\n"
    )


def test_rankdir_is_checked():
    assert "rankdir=TB" in visualize.draw_dot(neuron(), rankdir="TB").source
    with pytest.raises(ValueError, match="rankdir must be 'LR' or 'TB', not 'RL'"):
        visualize.draw_dot(neuron(), rankdir="RL")


def test_leaves_made_without_recording_and_sums_of_products_are_drawn():
    with no_grad():
        x = Value(2.0) * 3
    y = dot([x, x], [1.0, 2.0])
    assert visualize.draw_dot(y).source.count("v0 -> v1_op") == 2
