"""Options that are checked, and graphs that are too large to draw."""

import pytest

import visualize
from autograd_lite import (
    Value,
    tanh,
)
from autograd_lite import sum as sum_of


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


def test_large_graphs_are_refused_at_once():
    chain = x = Value(1.0)
    for _ in range(300_000):
        chain = chain + x
    wide = sum_of([x] * 300_000)
    for refused in chain, wide:
        for draw in visualize.draw_dot, visualize.to_svg:
            with pytest.raises(ValueError, match=r"the graph has more than [14],000 (nodes|edges)"):
                draw(refused)


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
