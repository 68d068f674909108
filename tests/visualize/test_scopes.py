"""Collapsing: scopes as boxes and frames, folding, stages."""

import gc
import threading
import weakref

import pytest
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


# ------------------------------------------------------------------------------------ scopes


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


def test_a_scope_stops_at_its_arguments_and_at_earlier_scopes():
    @visualize.scope("square")
    def square(x):
        return x * x

    @visualize.scope("soft")
    def soft(xs):
        powers = [exp(x) for x in xs]
        total = sum_of(powers)
        return {"out": [p / total for p in powers]}

    x = Value(2.0, label="x")
    before = tanh(x)
    squared = square(before)
    out = soft([squared, before])["out"]
    root = out[0] + out[1]
    members = {
        box.title: [node._op for node in box.members]
        for box in visualize.draw(root, depth=0).diagram.boxes
        if box.kind == "group"
    }
    assert members == {"square": ["*"], "soft": ["exp", "exp", "sum", "/", "/"]}
    assert square.__name__ == "square"


def test_the_result_of_an_earlier_scope_that_is_not_an_argument_is_not_swallowed():
    class Cell:
        def __init__(self):
            self.state = Value(0.1)

        @visualize.scope("step")
        def step(self, x):
            self.state = tanh(self.state + x)
            return self.state

    cell = Cell()
    for _ in range(3):
        root = cell.step(Value(1.0))
    groups = [b for b in visualize.draw(root, depth=0).diagram.boxes if b.title == "step"]
    assert [len([n for n in b.members if not n.is_leaf]) for b in groups] == [2, 2, 2]


def test_a_block_is_a_scope():
    x = Value(2.0, label="x")
    with visualize.scope("outer"):
        y = x * x
        with visualize.scope("inner"):
            z = (y + 1).tanh()
    loss = z.exp() * y
    assert sorted(boxes(visualize.draw(loss, depth=0))) == ["*", "exp", "outer"]
    assert "inner" in boxes(visualize.draw(loss, depth=1))


def test_one_scope_object_in_nested_blocks_and_threads():
    named = visualize.scope("step")
    outcomes = []

    def work():
        with named:
            a = Value(1.0) * 2
            with named:
                b = a * 3
        outcomes.append(boxes(visualize.draw(b * a, depth=0)))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes == [outcomes[0]] * 4
    assert sorted(outcomes[0]) == ["*", "step"]


def test_an_exception_in_a_scope_leaves_no_state_behind(mlp):
    model = mlp(2, 2)
    cls = type(model)
    call = cls.__call__
    with pytest.raises(TypeError), visualize.scopes(model):
        model(None)
    assert cls.__call__ is call

    @visualize.scope("fails")
    def fails():
        raise KeyError("no")

    with pytest.raises(KeyError):
        fails()
    drawing = visualize.draw(loss_of(model, 1, 2), depth=0)
    assert "fails" not in boxes(drawing)


def test_a_class_that_inherits_its_call_gets_it_back(mlp):
    class Child(mlp):
        __str__ = object.__str__

    model = Child(2, 2)
    with visualize.scopes(model):
        root = sum_of(model([1.0, 2.0]))
    assert "__call__" not in vars(Child)
    assert "Child 2 to 2" in boxes(visualize.draw(root, depth=0))


@pytest.mark.parametrize(
    ("taken", "given", "sizes"),
    [
        ((64,), (16,), "64 to 16"),
        ((32, 64), (32, 16), "64 to 16"),
        ((2, 5, 8), (2, 5, 4), "8 to 4"),
        ((8,), (8,), "8 to 8"),
        ((7, 3), (7,), "3 to 1"),
        ((3,), (), "3 to 1"),
        ((2, 1, 8, 8), (2, 4, 6, 6), "1×8×8 to 4×6×6"),
        ((4, 1_000), (4, 0), "1,000 to 0"),
    ],
)
def test_a_module_is_called_by_what_it_takes_and_gives(taken, given, sizes):
    def array(shape, x):
        return [array(shape[1:], x) for _ in range(shape[0])] if shape else x

    class Squeeze:
        def parameters(self):
            return []

        def __repr__(self):
            return "[Squeeze, of another]"

        def __call__(self, x):
            state.append(Value(3.0) * 3)
            return array(given, Value(2.0) * 2), state

    x = array(taken, Value(1.0))
    for args, kwargs in ((x,), {}), ((), {"x": x}):
        state = []
        squeeze = Squeeze()
        with visualize.scopes(squeeze):
            squeeze(*args, **kwargs)
        assert f"Squeeze {sizes}" in boxes(visualize.draw(state[0] + 1, depth=0))


def test_a_class_that_passes_the_call_to_its_base_is_recorded_once(mlp):
    class Child(mlp):
        def __call__(self, x):
            return super().__call__(x)

        def __str__(self):
            return "Child"

    child, parent = Child(2, 2), mlp(2, 2)
    child.inner = parent  # so that both classes are recorded
    with visualize.scopes(child):
        root = sum_of(child([1.0, 2.0])) + sum_of(parent([1.0, 2.0]))
    assert sorted(t for t in boxes(visualize.draw(root, depth=0)) if t in ("Child", "MLP")) == [
        "Child",
        "MLP",
    ]
    assert "MLP" not in boxes(visualize.draw(root, depth=1))


def test_blocks_that_overlap_leave_the_class_as_it_was(mlp):
    call = mlp.__call__
    one, other = visualize.scopes(mlp(2, 2)), visualize.scopes(mlp(2, 2))
    one.__enter__()
    other.__enter__()
    one.__exit__(None, None, None)
    assert mlp.__call__ is not call
    other.__exit__(None, None, None)
    assert mlp.__call__ is call


HOSTILE = '{a|b}<c> \\N \\G "q" & &amp; <b>x</b> </title><script> \n'


def test_hostile_titles_are_text(drawn):
    @visualize.scope(HOSTILE)
    def f(x):
        return tanh(x) * 2

    shown = " ".join(HOSTILE.split())
    root = f(Value(1.0)) + 1
    collapsed = drawn(visualize.draw(root, depth=0).svg)
    assert shown[:30] in " ".join(collapsed.texts())
    (frame,) = drawn(visualize.draw(root).svg).frames
    assert "".join(drawn(visualize.draw(root).svg).texts(frame)).startswith(shown[:30])


def test_other_models_are_not_recorded(mlp):
    mine, other = mlp(2, 2), mlp(2, 2)
    with visualize.scopes(mine):
        root = sum_of(other([1.0, 2.0]))
    assert "MLP" not in boxes(visualize.draw(root, depth=0))


def test_scopes_keep_no_graph_alive():
    @visualize.scope("f")
    def f(x):
        return x * 2

    x = Value(1.0)
    out = f(x)
    alive = weakref.ref(out)
    del out
    gc.collect()
    assert alive() is None


@pytest.mark.parametrize("model", [None, 3, "model", lambda x: x, Value(1.0)])
def test_what_is_no_model_is_named(model):
    with (
        pytest.raises(TypeError, match=f"expected a model.*not {type(model).__name__}"),
        visualize.scopes(model),
    ):
        pass
    with pytest.raises(TypeError, match="title must be a str, not int"):
        visualize.scope(3)


def test_threads_record_scopes_of_their_own(mlp):
    drawn = []

    def work(seed):
        loss = loss_of(mlp(3, 2, seed=seed), 2, 3)
        drawn.append(boxes(visualize.draw(loss, depth=0)).count("MLP"))

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert drawn == [2, 2, 2, 2]
    assert not hasattr(mlp.__call__, "__wrapped__")


# ----------------------------------------------------------------------------------- folding


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


# ------------------------------------------------------------------------------- large graphs


def test_a_long_chain_becomes_stages(drawn):
    x = chain = Value(0.5, label="x")
    for _ in range(25_000):
        chain = tanh(chain * x)
    drawing = visualize.draw(chain, fold=True)
    assert len(drawing.diagram.boxes) <= 13
    assert sum(box.size for box in drawing.diagram.boxes) == 50_001
    assert len(drawn(drawing.svg).nodes) == len(drawing.diagram.boxes)


def test_a_wide_batch_becomes_a_network(mlp):
    loss = loss_of(mlp(16, 8, 4), 300, 16)
    loss.backward()
    assert len(visualize.trace(loss)[0]) > 20_000 / 2
    drawing = visualize.draw(loss, fold=True, depth=1)
    titles = boxes(drawing)
    assert "Linear(16, 8) × 300" in titles
    assert "Linear(8, 4) × 300" in titles
    assert [b.parameters for b in drawing.diagram.boxes if "Linear" in b.title] == [136, 36]


def test_collapsing_too_little_is_refused_with_advice():
    @visualize.scope("pair")
    def pair(x):
        return tanh(x) * 2

    root = sum_of([pair(Value(float(i))) for i in range(1_001)])
    with pytest.raises(ValueError, match=r"would have 2,003 boxes; write depth=0, fold=True to"):
        visualize.draw(root, depth=0)
    with pytest.raises(ValueError, match=r"boxes; write depth=2, fold=True to"):
        visualize.draw(root, depth=2)
    assert len(visualize.draw(root, depth=2, fold=True).diagram.boxes) < 10


def test_thousands_of_edges_between_two_nodes_are_one_line(drawn):
    x = Value(1.0)
    drawing = visualize.draw(dot([x] * 5_000, [1.0] * 5_000), fold=True)
    assert [(edge.count, edge.partial) for edge in drawing.diagram.edges] == [(5_000, None)] * 2
    picture = drawn(drawing.svg)
    assert picture.texts(picture.edges[0]) == ["×5,000"]
    assert len(visualize.draw(x * x, fold=True).diagram.edges) == 2


def test_a_function_that_runs_later_is_no_scope():
    with pytest.raises(TypeError, match="scope: steps does not run when it is called: write  with"):

        @visualize.scope("steps")
        def steps():
            yield Value(1.0)


def test_a_class_that_takes_no_call_leaves_the_others_as_they_were(mlp):
    class Sealed(type):
        def __setattr__(cls, name, value):
            raise TypeError(f"{name} is sealed")

    class Layer(metaclass=Sealed):
        def parameters(self):
            return []

        def __call__(self, x):
            return x

    model = mlp(2, 2)
    model.layers[1] = Layer()
    own = type(model).__call__
    with pytest.raises(TypeError, match="sealed"), visualize.scopes(model):
        pass
    assert type(model).__call__ is own
    with visualize.scopes(mlp(2, 2)):
        assert type(model).__call__ is not own
    assert type(model).__call__ is own
    assert not visualize.model.scopes._modules_recorded


# ------------------------------------------------------------------------------- closed boxes


def test_a_folded_frame_says_how_many_calls_it_stands_for(mlp, drawn):
    model = mlp(3, 4, 2)
    drawing = visualize.draw(loss_of(model, 1, 3), fold=True)
    titles = [frame.title for frame in drawing.diagram.frames]
    assert sorted(titles) == ["Linear(3, 4)", "Linear(4, 2)", "MLP", "Neuron × 2", "Neuron × 4"]
    assert ["Neuron × 4"] in map(drawn(drawing.svg).texts, drawn(drawing.svg).frames)
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
