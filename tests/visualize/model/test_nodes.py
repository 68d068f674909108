"""The nodes of a graph in their order, which of them went wrong, and partials by hand."""

import threading
import time

import pytest

import visualize
from autograd_lite import (
    AnomalyError,
    Value,
    detect_anomaly,
    log,
    no_grad,
    operation,
    tanh,
)
from autograd_lite.testing import GradientError, check_grad


def test_trace_is_ordered_and_keeps_both_edges_of_a_square():
    x = Value(3.0)
    y = x * x
    nodes, edges = visualize.trace(y)
    assert nodes == [x, y]
    assert edges == [(x, y), (x, y)]


def test_a_cycle_is_named():
    class Ouroboros(Value):
        @property
        def parents(self):
            return (self,)

    with pytest.raises(ValueError, match="cycle"):
        visualize.to_svg(Ouroboros(1.0))


@pytest.mark.parametrize("root", [None, [], [Value(1.0)], 1.0, "y"])
def test_what_is_no_value_is_named(root, tmp_path):
    for draw in visualize.draw_dot, visualize.to_svg, visualize.trace:
        with pytest.raises(TypeError, match=f"must be a Value.*not {type(root).__name__}"):
            draw(root)


@pytest.mark.parametrize("root", [None, [], 1.0, [Value(1.0)]])
def test_foreign_objects(root):
    with pytest.raises(TypeError, match=f"must be a Value.* not {type(root).__name__}"):
        visualize.draw(root)


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
    assert (
        "local partial of double with respect to x: 2"
        in visualize.draw(out, partials=True, **options).svg
    )
    assert runs


def test_drawing_changes_nothing(neuron):
    nodes = visualize.trace(neuron)[0]
    before = [(node.data, node.grad, node.label) for node in nodes]
    visualize.draw(neuron, partials=True, fold=True).svg  # noqa: B018
    visualize.explain(neuron)
    assert [(node.data, node.grad, node.label) for node in nodes] == before


def test_a_value_made_without_recording_is_a_leaf(drawn):
    with no_grad():
        x = Value(2.0) * 3
    assert len(drawn(visualize.draw(x).svg).nodes) == 1
