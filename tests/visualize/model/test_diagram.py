"""The boxes and edges of a picture: one by one, with the products of a dot, and for groups."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import visualize
from autograd_lite import (
    Value,
    dot,
)
from autograd_lite import sum as sum_of


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
    assert repr(drawing) == "<Computation graph: 7 nodes, result 2>"
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


def loss_of(model, batch, inputs):
    with visualize.scopes(model):
        outs = [model([Value(0.1 * (i + j)) for j in range(inputs)]) for i in range(batch)]
        return sum_of([(out - 0.5) ** 2 for row in outs for out in row])


def test_thousands_of_edges_between_two_nodes_are_one_line(drawn):
    x = Value(1.0)
    drawing = visualize.draw(dot([x] * 5_000, [1.0] * 5_000), fold=True)
    assert [(edge.count, edge.partial) for edge in drawing.diagram.edges] == [(5_000, None)] * 2
    picture = drawn(drawing.svg)
    assert picture.texts(picture.edges[0]) == ["×5,000"]
    assert len(visualize.draw(x * x, fold=True).diagram.edges) == 2


def test_a_folded_frame_says_how_many_calls_it_stands_for(mlp, drawn):
    model = mlp(3, 4, 2)
    drawing = visualize.draw(loss_of(model, 1, 3), fold=True)
    titles = [frame.title for frame in drawing.diagram.frames]
    assert sorted(titles) == ["Linear(3, 4)", "Linear(4, 2)", "MLP", "Neuron × 2", "Neuron × 4"]
    picture = drawn(drawing.svg)
    assert ["Neuron × 4"] in map(picture.texts, picture.frames)
    five = visualize.draw(loss_of(model, 5, 3), fold=True).diagram
    assert {"MLP × 5", "Linear(3, 4) × 5", "Neuron × 20"} <= {f.title for f in five.frames}
    assert "Neuron" in {f.title for f in visualize.draw(loss_of(model, 1, 3)).diagram.frames}


def test_leaves_in_one_box_keep_the_name_that_they_share():
    W, b = [Value(1.0), Value(2.0)], [Value(3.0), Value(4.0)]  # noqa: N806
    visualize.label(W=W, b=b[:1])
    root = (3 * W[0] + b[0]).tanh() + (3 * W[1] + b[1]).tanh()
    titles = {box.title for box in visualize.draw(root, fold=True).diagram.boxes}
    assert {"W × 2", "data × 2"} <= titles


def test_a_closed_box_leaves_constants_out_of_its_numbers(drawn):
    @visualize.scope("line")
    def line(x):
        return x * 1000 + 1

    root = line(Value(2.0)) * 0.001
    root.backward()
    drawing = visualize.draw(root, depth=0)
    (box,) = [box for box in drawing.diagram.boxes if box.title == "line"]
    assert (box.size, box.low, box.data) == (4, 2000.0, 2001.0)
    assert box.grad == pytest.approx(0.001 * 2**0.5)
    assert {"several nodes: range of data, norm of grad,", "no constants"} <= set(
        drawn(drawing.svg).texts()
    )
    folded = visualize.draw(Value(1.0) * 5 + Value(2.0) * 5, fold=True).diagram
    (five,) = [box for box in folded.boxes if box.kind == "constant"]
    assert (five.size, five.low, five.data) == (2, 5.0, 5.0)
