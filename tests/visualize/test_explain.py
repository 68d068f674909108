"""explain: what the stepping page holds. What it does is tested in a browser."""

import base64
import hashlib
import html
import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import visualize
from autograd_lite import Value, dot, sqrt, tanh
from autograd_lite import sum as sum_of

HOSTILE = "</script><script>alert(1)</script><!-- \"'\\ | { } & 中文 😀"


def data_of(page):
    text = re.search(r'<script type="application/json" id="data">(.*?)</script>', page.html, re.S)[
        1
    ]
    return json.loads(text)


def number(x):
    return float(x) if isinstance(x, str) else x


def test_one_file_with_a_strict_policy_and_no_network(neuron):
    page = visualize.explain(neuron).html
    script = re.findall(r"<script>(.*?)</script>", page, re.S)
    assert len(script) == 1
    digest = base64.b64encode(hashlib.sha256(script[0].encode()).digest()).decode()
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)[1]
    assert policy == (
        f"default-src 'none'; script-src 'sha256-{digest}'; style-src 'unsafe-inline'; "
        "base-uri 'none'; form-action 'none'"
    )
    urls = set(re.findall(r"\w+://[^\s\"'<>]+", page))
    assert urls == {"http://www.w3.org/2000/svg"}  # the name of the format, never fetched
    assert not re.search(r"\s(src|href|on\w+)=", page)


def test_it_can_be_written_and_shown_in_a_notebook(neuron, tmp_path):
    page = visualize.explain(neuron, tmp_path / "page.html")
    assert (tmp_path / "page.html").read_text("utf-8") == page.html
    frame = page._repr_html_()
    assert 'sandbox="allow-scripts"' in frame
    assert html.unescape(re.search(r'srcdoc="([^"]*)"', frame)[1]) == page.html
    assert visualize.explain(neuron).html == page.html
    assert repr(page) == "<Backpropagation through loss, step by step>"


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
    assert boxes["v3 = *"]["partials"] == ["x", "w"]
    assert boxes["y = tanh"]["partials"] == ["1 - y * y"]
    assert boxes["v11 = **2"]["formula"] == "v9**2"
    assert boxes["v9 = -"]["numbers"] == "0.4621 - 1"
    (view,) = data_of(visualize.explain(sum_of([Value(float(i)) for i in range(9)])))["views"]
    assert re.fullmatch(r"sum\((v\d, ){5}…\)", view["boxes"][-1]["formula"])


def test_a_name_that_a_label_has_is_not_given_again():
    first, second = tanh(Value(1.0, label="v2")), Value(2.0, label="v4")
    (view,) = data_of(visualize.explain(first * second))["views"]
    assert [box["name"] for box in view["boxes"]] == ["v2", "v4", "v5", "v3"]
    xs = [Value(1.0, label="p0"), Value(2.0, label="p2")]
    (view,) = data_of(visualize.explain(dot(xs, xs), products=True))["views"]
    assert [box["name"] for box in view["boxes"]] == ["p2", "p0", "p1", "p3", "v2"]


def test_products_of_a_dot(neuron):
    xs = [Value(float(i), label=f"x{i}") for i in range(3)]
    root = dot(xs, [Value(2.0, label=f"w{i}") for i in range(3)])
    (view,) = data_of(visualize.explain(root, products=True))["views"]
    formulas = [box["formula"] for box in view["boxes"] if box["kind"] == "operation"]
    assert formulas[:3] == ["x0 * w0", "x1 * w1", "x2 * w2"]


def test_products_are_shown_of_a_larger_graph_or_refused():
    xs = [Value(float(i)) for i in range(60)]
    (view,) = data_of(visualize.explain(dot(xs, xs[::-1]), products=True))["views"]
    assert len(view["boxes"]) == 60 + 60 + 1
    xs = [Value(float(i)) for i in range(600)]
    with pytest.raises(ValueError, match="would have 1,201 boxes; leave products out"):
        visualize.explain(dot(xs, xs[::-1]), products=True)


def test_the_result_is_the_roots_though_it_shares_a_box():
    x = Value(5.0, label="x")
    root = tanh(x) + -20.0 + 3.0
    root.label = "root"
    view = data_of(visualize.explain(root, fold=True))["views"][0]
    assert view["boxes"][view["root"]]["heading"] == "+ × 2"
    about = visualize.explain(root, fold=True).html.split(' aria-label="Computation graph of ')[1]
    assert about.startswith("root = +: 6 nodes, result -16")


def test_hostile_labels_stay_text():
    x = Value(1.0, label=HOSTILE)
    page = visualize.explain(tanh(Value(2.0, (x,), HOSTILE, label=HOSTILE * 500))).html
    assert page.count("<script") == page.count("</script") == 2
    assert data_of(visualize.explain(x))["views"][0]["boxes"][0]["name"].startswith("</script>")


def test_a_large_graph_starts_collapsed_and_opens(mlp):
    model = mlp(8, 8, 4)
    with visualize.scopes(model):
        loss = sum_of([sum_of(model([Value(0.1 * j) for j in range(8)])) for _ in range(6)])
    data = data_of(visualize.explain(loss))
    views = data["views"]
    (whole,) = [box for box in views[0]["boxes"] if box["heading"] == "MLP × 6"]
    inside = views[whole["open"]]
    assert inside["outer"] == 0
    assert inside["caption"] == "The first of 6 of the same structure."
    headings = [box["heading"] for box in inside["boxes"]]
    assert {"Linear(8, 8)", "Linear(8, 4)"} <= set(headings)
    layer = views[inside["boxes"][headings.index("Linear(8, 4)")]["open"]]
    assert [box["heading"] for box in layer["boxes"]].count("Neuron") == 4


def test_leaves_and_results_from_outside_are_counted(mlp):
    model = mlp(8, 8, 4)
    with visualize.scopes(model):
        loss = sum_of([sum_of(model([Value(0.1 * j) for j in range(8)])) for _ in range(6)])
    views = data_of(visualize.explain(loss))["views"]
    nodes = visualize.trace(loss)[0]
    assert (views[0]["leaves"], views[0]["outside"]) == (sum(n.is_leaf for n in nodes), 0)
    (layer,) = [view for view in views if view["title"] == "Linear(8, 4)"]
    assert (layer["leaves"], layer["outside"]) == (4 * 9, 8)


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
