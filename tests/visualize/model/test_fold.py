"""What is collapsed: scopes that are closed, nodes of the same structure, stages."""

from hypothesis import given, settings
from hypothesis import strategies as st

import visualize
from autograd_lite import Value, dot, exp, tanh
from autograd_lite import sum as sum_of


def loss_of(model, batch, inputs):
    with visualize.scopes(model):
        outs = [model([Value(0.1 * (i + j)) for j in range(inputs)]) for i in range(batch)]
        return sum_of([(out - 0.5) ** 2 for row in outs for out in row])


def boxes(drawing):
    return [box.title or box.operation for box in drawing.diagram.boxes]


def test_a_model_is_one_box_then_its_layers_then_its_neurons(mlp, drawn):
    loss = loss_of(mlp(3, 4, 2), 1, 3)
    picture = drawn(visualize.draw(loss, depth=0).svg)
    assert picture.texts(picture.node("MLP"))[1] == "26 parameters"
    assert not picture.frames
    picture = drawn(visualize.draw(loss, depth=1).svg)
    assert picture.texts(picture.node("Linear(3, 4)"))[1] == "16 parameters"
    assert picture.texts(picture.node("Linear(4, 2)"))[1] == "10 parameters"
    assert [picture.texts(frame) for frame in picture.frames] == [["MLP"]]
    drawing = visualize.draw(loss, depth=2)
    assert boxes(drawing).count("Neuron") == 6
    frames = [frame.title for frame in drawing.diagram.frames]
    assert sorted(frames) == ["Linear(3, 4)", "Linear(4, 2)", "MLP"]
    assert len(visualize.draw(loss).diagram.boxes) == len(visualize.trace(loss)[0])


def test_no_node_is_lost_in_a_collapsed_picture(mlp):
    loss = loss_of(mlp(3, 4, 2), 5, 3)
    nodes = visualize.trace(loss)[0]
    for options in ({"depth": 0}, {"depth": 1}, {"fold": True}, {"depth": 1, "fold": True}):
        diagram = visualize.draw(loss, **options).diagram
        shown = [node for box in diagram.boxes for node in box.members]
        assert sorted(map(id, shown)) == sorted(map(id, nodes))


def test_the_same_structure_is_drawn_once(mlp):
    loss = loss_of(mlp(3, 4, 2), 5, 3)
    drawing = visualize.draw(loss, fold=True, depth=2)
    titles = boxes(drawing)
    assert "Neuron × 20" in titles  # 4 neurons, 5 samples
    assert "Neuron × 10" in titles
    assert "**2 × 10" in titles
    first = next(box for box in drawing.diagram.boxes if box.title == "Neuron × 20")
    assert first.parameters == 16


def test_different_structure_is_not_folded():
    x, y = Value(1.0, label="x"), Value(2.0, label="y")
    root = sum_of([tanh(x) * 2, exp(y) * 2])
    titles = boxes(visualize.draw(root, fold=True))
    assert "tanh" in titles
    assert "exp" in titles
    assert titles.count("*") == 2


def test_leaves_of_a_scope_are_not_folded_with_those_it_is_given():
    @visualize.scope("shift")
    def shift(xs):
        return [dot([x, Value(1.0)], [Value(3.0), Value(4.0)]) for x in xs]

    root = sum_of(shift([Value(float(i)) for i in range(5)]))
    diagram = visualize.draw(root, fold=True).diagram
    leaves = {(box.size, box.frame) for box in diagram.boxes if box.kind == "data"}
    assert leaves == {(5, None), (15, 0)}


def test_rows_of_additions_are_one_box():
    root = Value(0.0)
    for i in range(50):
        root = root + tanh(Value(float(i)))
    titles = boxes(visualize.draw(root, fold=True))
    assert "tanh × 50" in titles
    (row,) = [b for b in visualize.draw(root, fold=True).diagram.boxes if "+" in b.title]
    assert row.size == 50


def test_fold_keeps_the_count_of_edges(mlp):
    loss = loss_of(mlp(3, 4, 2), 3, 3)
    drawing = visualize.draw(loss, fold=True)
    inside = sum(
        parent in set(box.members)
        for box in drawing.diagram.boxes
        for node in box.members
        for parent in node.parents
    )
    total = sum(len(node.parents) for node in visualize.trace(loss)[0])
    assert sum(edge.count for edge in drawing.diagram.edges) + inside == total


@settings(deadline=None)
@given(st.data())
def test_any_graph_folds_without_loss_and_in_order(graphs, data):
    root = data.draw(graphs)
    diagram = visualize.draw(root, fold=True).diagram
    shown = [node for box in diagram.boxes for node in box.members]
    assert len(shown) == len(set(shown)) == len(visualize.trace(root)[0])
    assert all(edge.parent < edge.user for edge in diagram.edges)
    assert diagram.boxes[-1].members[-1] is root


def test_a_long_chain_becomes_stages(drawn):
    x = chain = Value(0.5, label="x")
    for _ in range(25_000):
        chain = tanh(chain * x)
    drawing = visualize.draw(chain, fold=True)
    assert len(drawing.diagram.boxes) <= 13
    assert sum(box.size for box in drawing.diagram.boxes) == 50_001
    assert len(drawn(drawing.svg).nodes) == len(drawing.diagram.boxes)


def recurrence(turns):
    """The tanh of the last of some turns of a loop."""
    x, a, b = Value(0.5, label="x"), Value(0.9, label="a"), Value(0.1, label="b")
    for _ in range(turns):
        x = tanh(a * x + b)
    return tanh(x)


def test_stages_are_numbered_and_cut_between_turns_of_a_loop():
    names = boxes(visualize.draw(recurrence(499), fold=True))
    assert set(names[:3]) == {"x", "a", "b"}
    turns = [f"{k} of 12: 42 *, 42 +, 42 tanh" for k in range(1, 12)]
    assert names[3:] == [*turns, "12 of 12: 38 tanh, 37 *, 37 +"]


def test_what_is_no_turn_of_a_loop_stands_in_the_stages_around_it():
    names = boxes(visualize.draw(exp(exp(recurrence(492))), fold=True))
    assert names[-2:] == ["11 of 12: 42 *, 42 +, 42 tanh", "12 of 12: 31 tanh, 30 *, 30 +, ..."]


def test_leaves_stay_apart_from_stages_if_they_are_few():
    for inputs in (9, 200):
        a = Value(0.9, label="a")
        h = Value(0.5)
        for k in range(600):
            h = tanh(a * h + (Value(0.1, label=f"x{k}") if k < inputs else exp(h)))
        diagram = visualize.draw(h, fold=True).diagram
        leaves = [box.title for box in diagram.boxes if box.size == 1]
        assert leaves == (["a", *(f"x{k}" for k in range(9))] if inputs == 9 else ["a"])
        assert sum(box.size for box in diagram.boxes) == len(visualize.trace(h)[0])


def test_a_wide_batch_becomes_a_network(mlp):
    loss = loss_of(mlp(16, 8, 4), 300, 16)
    loss.backward()
    assert len(visualize.trace(loss)[0]) > 20_000 / 2
    drawing = visualize.draw(loss, fold=True, depth=1)
    titles = boxes(drawing)
    assert "Linear(16, 8) × 300" in titles
    assert "Linear(8, 4) × 300" in titles
    assert [b.parameters for b in drawing.diagram.boxes if "Linear" in b.title] == [136, 36]
