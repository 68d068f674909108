"""Drawings of a stepping page: which views have the same."""

import re

import pytest

import visualize
from autograd_lite import Value, tanh
from tests.visualize.page.test_views import data_of
from visualize.page.drawings import drawing, needed
from visualize.page.views import Book
from visualize.picture.text import number_format

WRITE = number_format(".4g")


def diagram_of(root):
    return Book(root, None, False, False).views[0].diagram


def product(x, y):
    return diagram_of(Value(x, label="x") * Value(y, label="y"))


def test_numbers_and_names_do_not_matter():
    other = diagram_of(Value(-5000.5, label="a_long_name") * Value(0.25, label="b"))
    assert needed(product(1.0, 2.0), WRITE) == needed(other, WRITE)


@pytest.mark.parametrize(
    "other",
    [
        Value(1.0, label="x") * 2.0,  # a constant
        tanh(Value(1.0, label="x")),
        Value(float("inf"), label="x") * Value(2.0, label="y"),  # the legend says "not finite"
    ],
)
def test_boxes_and_edges_and_legend_matter(other):
    assert needed(product(1.0, 2.0), WRITE) != needed(diagram_of(other), WRITE)


def test_which_box_an_edge_leads_from_matters():
    x, y = Value(1.0, label="x"), Value(2.0, label="y")
    assert needed(diagram_of(x * x + y), WRITE) != needed(diagram_of(x * y + x), WRITE)


def test_a_view_has_a_drawing_in_each_direction_and_the_legend_each_shade():
    html = drawing(3, product(1.0, 2.0), [(0.0, 0), (0.0, 0), (1.0, 0)], "x y", None, WRITE, True)
    assert html.count("<svg ") == 2
    assert {"view3-b0", "view3-tall-b0"} <= set(re.findall(r' id="([^"]*)"', html))
    assert html.count("grad &gt; 0") == html.count("grad &lt; 0") == 2


def test_a_view_without_a_drawing_of_its_own_has_its_texts(mlp):
    model = mlp(8, 8, 4)
    with visualize.scopes(model):
        outs = [model([Value(0.1 * (i + j)) for j in range(8)]) for i in range(6)]
    page = visualize.explain(sum(o * o for out in outs for o in out))
    views = data_of(page)["views"]
    shared = [view for k, view in enumerate(views) if view["drawing"] != k]
    assert shared
    assert len(re.findall(r'<div id="view\d+"', page.html)) == len(views) - len(shared)
    for view in shared:
        first = views[view["drawing"]]
        assert first["drawing"] == view["drawing"]
        for box, known in zip(view["boxes"], first["boxes"], strict=True):
            assert "texts" not in known
            assert box["texts"][0].startswith(box["heading"][:40]) or box["kind"] == "constant"
