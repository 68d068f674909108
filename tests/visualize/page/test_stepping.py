"""explain: the numbers and formulas that a stepping page holds."""

import json
import math
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import visualize
from autograd_lite import Value, dot, sqrt, tanh
from autograd_lite import sum as sum_of
from tests.support.mathml import read


def data_of(page):
    text = re.search(r'<script type="application/json" id="data">(.*?)</script>', page.html, re.S)[
        1
    ]
    return json.loads(text)


def number(x):
    return float(x) if isinstance(x, str) else x


@settings(deadline=None)
@given(st.data())
def test_the_numbers_are_the_engines(graphs, data):
    root = data.draw(graphs)
    (view,) = data_of(visualize.explain(root))["views"]
    nodes, edges = visualize.trace(root)
    for node in nodes:
        node.grad = 0.0
    root.backward()
    assert len(view["boxes"]) == len(nodes)
    assert [(parent, user) for parent, user, *_ in view["edges"]] == [
        (nodes.index(parent), nodes.index(user)) for parent, user in edges
    ]
    for box, node in zip(view["boxes"], nodes, strict=True):
        assert repr(number(box["data"])) == repr(node.data)
        assert repr(number(box["grad"])) == repr(node.grad)
    partials = [number(partial) for _, _, partial, *_ in view["edges"]]
    assert repr(partials) == repr([p for node in nodes for p in node.partials])


def test_gradients_are_of_one_pass_and_none_is_changed():
    a = Value(1.0, label="a")
    b = a + a
    c = b + b
    c.backward()
    c.backward()
    assert a.grad == 8.0
    (view,) = data_of(visualize.explain(c))["views"]
    assert [box["grad"] for box in view["boxes"]] == [4.0, 2.0, 1.0]
    assert (a.grad, b.grad, c.grad) == (8.0, 2.0, 1.0)


def test_a_gradient_of_zero_stays_zero_through_an_infinite_partial():
    x = Value(0.0, label="x")
    root = sqrt(x) * 0.0 + x
    root.backward()
    assert x.grad == 1.0
    (view,) = data_of(visualize.explain(root))["views"]
    assert [box["grad"] for box in view["boxes"] if box["name"] == "x"] == [1.0]


def test_formulas_are_spelt_with_names_and_numbers(neuron):
    (view,) = data_of(visualize.explain(neuron))["views"]
    boxes = {box["heading"]: box for box in view["boxes"]}
    assert (boxes["v3 = *"]["formula"], boxes["v3 = *"]["numbers"]) == ("w * x", "0.5 * 2")
    assert boxes["v3 = *"]["partials"] == [["mi", "x"], ["mi", "w"]]
    (partial,) = boxes["y = tanh"]["partials"]
    assert read(partial, {"v4": 0.5}) == pytest.approx(1 - math.tanh(0.5) ** 2)
    assert boxes["v11 = **2"]["formula"] == "v9**2"
    assert boxes["v9 = -"]["numbers"] == "0.4621 - 1"
    (view,) = data_of(visualize.explain(sum_of([Value(float(i)) for i in range(9)])))["views"]
    assert re.fullmatch(r"sum\((v\d, ){5}…\)", view["boxes"][-1]["formula"])


def test_products_of_a_dot(neuron):
    xs = [Value(float(i), label=f"x{i}") for i in range(3)]
    root = dot(xs, [Value(2.0, label=f"w{i}") for i in range(3)])
    (view,) = data_of(visualize.explain(root, products=True))["views"]
    formulas = [box["formula"] for box in view["boxes"] if box["kind"] == "operation"]
    assert formulas[:3] == ["x0 * w0", "x1 * w1", "x2 * w2"]


def test_the_result_is_the_roots_though_it_shares_a_box():
    x = Value(5.0, label="x")
    root = tanh(x) + -20.0 + 3.0
    root.label = "root"
    view = data_of(visualize.explain(root, fold=True))["views"][0]
    assert view["boxes"][view["root"]]["heading"] == "+ × 2"
    about = visualize.explain(root, fold=True).html.split(' aria-label="Computation graph of ')[1]
    assert about.startswith("root: 6 nodes, result -16")


def test_wrong_arguments(neuron, tmp_path):
    with pytest.raises(TypeError, match="must be a Value, such as a loss, not NoneType"):
        visualize.explain(None)
    with pytest.raises(ValueError, match="rankdir must be 'LR', 'TB', 'RL' or 'BT', not 'XY'"):
        visualize.explain(neuron, rankdir="XY")
    for depth in (-1, "a"):
        with pytest.raises(ValueError, match="depth must be an int of 0 or more, or None"):
            visualize.explain(neuron, depth=depth)
    with pytest.raises(ValueError, match="products cannot be drawn with depth or fold"):
        visualize.explain(neuron, products=True, depth=0)
    for name in ("x.svg", "x", "html"):
        with pytest.raises(ValueError, match=r"its name must end in \.html, not .*" + name):
            visualize.explain(neuron, tmp_path / name)
        with pytest.raises(ValueError, match=r"must end in \.html"):
            visualize.explain(neuron).save(tmp_path / name)
    assert not list(tmp_path.iterdir())
    visualize.explain(neuron, str(tmp_path / "x.HTML"))
    with pytest.raises(ValueError, match="number must be a format"):
        visualize.explain(neuron, number="%.4f")
    with pytest.raises(OSError, match="cannot write"):
        visualize.explain(neuron, tmp_path / "missing" / "page.html")
