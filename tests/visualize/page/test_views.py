"""The views of a page: the whole graph, and what each box opens to."""

import json
import re

import pytest

import visualize
from autograd_lite import Value, dot, tanh
from autograd_lite import sum as sum_of


def data_of(page):
    text = re.search(r'<script type="application/json" id="data">(.*?)</script>', page.html, re.S)[
        1
    ]
    return json.loads(text)


def number(x):
    return float(x) if isinstance(x, str) else x


def test_a_name_that_a_label_has_is_not_given_again():
    first, second = tanh(Value(1.0, label="v2")), Value(2.0, label="v4")
    (view,) = data_of(visualize.explain(first * second))["views"]
    assert [box["name"] for box in view["boxes"]] == ["v2", "v4", "v5", "out"]
    (view,) = data_of(visualize.explain(Value(1.0, label="out") * second))["views"]
    assert [box["name"] for box in view["boxes"]] == ["v4", "out", "v2"]
    xs = [Value(1.0, label="p0"), Value(2.0, label="p2")]
    (view,) = data_of(visualize.explain(dot(xs, xs), products=True))["views"]
    assert [box["name"] for box in view["boxes"]] == ["p2", "p0", "p1", "p3", "out"]


def test_nodes_of_one_label_are_told_apart():
    h = Value(2.0, label="h")
    for _ in range(2):
        h = h * Value(3.0, label="h₂")
        h.label = "h"
    (view,) = data_of(visualize.explain(h))["views"]
    names = [box["name"] for box in view["boxes"]]
    assert len(set(names)) == 5
    assert {box["name"]: box["formula"] for box in view["boxes"] if box["formula"]} == {
        "h₃": "h * h₂",
        "h₄": "h₃ * h₂₂",
    }
    assert {box["heading"] for box in view["boxes"]} >= {"h", "h₃ = *", "h₄ = *"}


def test_a_constant_of_the_number_of_the_result_is_not_the_result():
    def twice(x):  # a function, as constants are told to an observer while it runs
        return x * 2

    (view,) = data_of(visualize.explain(twice, 1.0))["views"]
    assert view["boxes"][view["root"]]["name"] == "twice"
    assert [box["seed"] for box in view["boxes"]] == [0.0, 0.0, 1.0]


def test_products_are_shown_of_a_larger_graph_or_refused():
    xs = [Value(float(i)) for i in range(60)]
    (view,) = data_of(visualize.explain(dot(xs, xs[::-1]), products=True))["views"]
    assert len(view["boxes"]) == 60 + 60 + 1
    xs = [Value(float(i)) for i in range(600)]
    with pytest.raises(ValueError, match="would have 1,201 boxes; leave products out"):
        visualize.explain(dot(xs, xs[::-1]), products=True)


def test_a_large_graph_starts_collapsed_and_opens(mlp):
    model = mlp(8, 8, 4)
    with visualize.scopes(model):
        loss = sum_of([sum_of(model([Value(0.1 * j) for j in range(8)])) for _ in range(6)])
    data = data_of(visualize.explain(loss))
    views = data["views"]
    (whole,) = [box for box in views[0]["boxes"] if box["heading"] == "MLP × 6"]
    inside = views[whole["open"]]
    assert inside["outer"] == 0
    assert inside["times"] == len(inside["alike"]) == 6
    assert inside["alike"][0] == whole["open"]
    assert (
        len({views[k]["drawing"] for k in inside["alike"]}) == 2
    )  # leaves of the first come first
    headings = [box["heading"] for box in inside["boxes"]]
    assert {"Linear(8, 8)", "Linear(8, 4)"} <= set(headings)
    layer = views[inside["boxes"][headings.index("Linear(8, 4)")]["open"]]
    boxes = {box["heading"]: box for box in layer["boxes"]}
    assert {"tanh × 8", "parameter × 36", "Neuron × 4"} == boxes.keys()
    neuron = views[boxes["Neuron × 4"]["open"]]
    assert [box["kind"] for box in neuron["boxes"]].count("parameter") == 8 + 1


def test_of_many_alike_as_many_open_as_the_page_has_room_for(mlp):
    model = mlp(8, 8, 4)
    with visualize.scopes(model):
        loss = sum_of([sum_of(model([Value(0.1 * i)] * 8)) for i in range(200)])
    views = data_of(visualize.explain(loss))["views"]
    (whole,) = [box for box in views[0]["boxes"] if box["heading"] == "MLP × 200"]
    inside = views[whole["open"]]
    assert 2 < len(inside["alike"]) < inside["times"] == 200
    assert sum(len(view["boxes"]) for view in views) < 700


def test_leaves_and_results_from_outside_are_counted(mlp):
    model = mlp(8, 8, 4)
    with visualize.scopes(model):
        loss = sum_of([sum_of(model([Value(0.1 * j) for j in range(8)])) for _ in range(6)])
    views = data_of(visualize.explain(loss))["views"]
    nodes = visualize.trace(loss)[0]
    assert (views[0]["leaves"], views[0]["outside"]) == (sum(n.is_leaf for n in nodes), 0)
    layers = [view for view in views if view["title"] == "Linear(8, 4)"]
    assert len(layers) == 6
    assert {(layer["leaves"], layer["outside"]) for layer in layers} == {(4 * 9, 8)}


def test_in_an_opened_box_the_gradients_from_outside_are_there(mlp):
    model = mlp(8, 8, 4)
    with visualize.scopes(model):
        out = model([Value(0.1 * j) for j in range(8)])
    loss = sum_of([(o - 1) ** 2 for o in out]) + sum_of([p * p for p in model.parameters()])
    for view in data_of(visualize.explain(loss))["views"]:
        grads = [number(box["seed"]) for box in view["boxes"]]
        for user in reversed(range(len(grads))):
            for parent, to, partial, *_ in view["edges"]:
                single = view["boxes"][user]["size"] == view["boxes"][parent]["size"] == 1
                if to == user and single and partial is not None:
                    grads[parent] += view["boxes"][user]["grad"] * number(partial)
        closed = {p for p, u, partial, *_ in view["edges"] if partial is None}
        for i, box in enumerate(view["boxes"]):
            if box["size"] == 1 and box["kind"] not in ("outside",) and i not in closed:
                users = {u for p, u, *_ in view["edges"] if p == i}
                if users or view["outer"] is not None:
                    assert grads[i] == pytest.approx(box["grad"], abs=1e-12)


def test_what_does_not_fit_on_the_page_says_so():
    x = chain = Value(0.5, label="x")
    for _ in range(1_500):
        chain = tanh(chain * x)
    views = data_of(visualize.explain(chain))["views"]
    boxes = [box for view in views for box in view["boxes"]]
    assert sum(box["size"] for box in views[0]["boxes"]) == 3_001
    assert len(boxes) < 1_000
    assert any(box["size"] > 1 and box["open"] is None for box in boxes)
