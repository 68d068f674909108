"""What stands in boxes and on edges, how they are shaded, and where they stand."""

import re
import xml.etree.ElementTree as ElementTree

import pytest

import visualize
from autograd_lite import (
    Value,
    dot,
    exp,
    log,
    tanh,
)
from autograd_lite import sum as sum_of


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
    with_partials = drawn(visualize.draw(neuron, partials=True, rankdir="LR").svg)
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


def test_shades_follow_the_sign_and_size_of_the_gradient(drawn):
    xs = [Value(1.0, label=f"x{i}") for i in range(5)]
    root = dot(xs, [1.0, -0.5, 0.1, 0.01, 0.0])
    root.backward()
    picture = drawn(visualize.draw(root).svg)
    shades = [picture.classes(f"x{i}") - {"data"} for i in range(5)]
    assert shades == [{"plus4"}, {"minus3"}, {"plus2"}, {"plus1"}, {"shade0"}]
    bounds = ["≤ 0.01", "≤ 0.1", "≤ 0.5", "≤ 1"]
    assert picture.texts(picture.legend)[-11:] == [
        "grad 0",
        *("grad > 0, size", *bounds),
        *("grad < 0, size", *bounds),
    ]
    plain = drawn(visualize.draw(root, color=False).svg)
    assert plain.classes("x0") == {"data"}


def test_the_legend_has_the_colours_that_are_there(drawn):
    x = Value(2.0)
    root = exp(x)
    root.backward()
    legend = drawn(visualize.draw(root).svg).legend
    assert "grad > 0, size" in drawn(visualize.draw(root).svg).texts()
    assert not {"grad < 0, size", "|grad|", "grad 0"} & {t.text for t in legend}


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


def test_inputs_stand_in_their_own_order(drawn):
    """Operands from top to bottom, or from left to right, as the expression has them."""
    a, b, c, d = (Value(float(i), label=name) for i, name in enumerate("abcd"))
    for root in (a * b + c * d, dot([a, b, c, d], [1.0, 2.0, 3.0, 4.0])):
        for rankdir, axis in (("LR", "y"), ("TB", "x")):
            picture = drawn(visualize.draw(root, rankdir=rankdir).svg)
            text = "{http://www.w3.org/2000/svg}text"
            places = [float(picture.node(name).find(text).attrib[axis]) for name in "abcd"]
            assert places == sorted(places)


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


def test_a_constant_may_have_a_label(drawn):
    root = Value(1.0) * 2
    constant = next(node for node in root.parents if node.is_constant)
    constant.label = "two\n" * 5_000
    picture = drawn(visualize.draw(root).svg)
    (node,) = [n for n in picture.nodes if "constant" in n.attrib["class"].split()]
    title, number = picture.texts(node)
    assert len(title) == 48
    assert number == "2"
