"""The forward pass: numbers along a graph, by the partials that its nodes have."""

import math
import random
from math import inf, nan

import pytest

import autograd_lite as al
from autograd_lite import Value, forward, jacfwd, jvp
from autograd_lite.forward import active_nodes, depends_on_others, pushforward
from autograd_lite.nary import constant
from autograd_lite.pullback import Graph
from tests.engine.test_block import polar
from tests.support.rules import FIXED, NARY, apply


def pushed(outputs, inputs, *directions):
    return pushforward(tuple(outputs), tuple(inputs), directions)


@pytest.mark.parametrize("seed", range(40))
def test_tangents_are_those_of_the_derived_program(seed):
    draw = random.Random(seed)
    inputs = [Value(draw.uniform(0.2, 0.9)) for _ in range(3)]
    nodes = [*inputs, Value(0.4), constant(1.5)]
    for _ in range(30):
        rule = draw.choice(FIXED + NARY)
        operands = draw.choices(nodes[-8:], k=4 if rule.nary else len(rule.operands))
        if rule.static:
            operands[-1] = draw.choice([1, 2, 3])
        node = apply(rule, *operands)
        nodes += [node] * math.isfinite(node.data)  # at inf, the two have other partials
    outputs = nodes[-4:]
    directions = [[draw.gauss(0, 1) for _ in inputs] for _ in range(2)]
    for direction, found in zip(directions, pushed(outputs, inputs, *directions), strict=True):
        expected = Graph(outputs, inputs, numbers=True).pushforward(direction)
        assert found == pytest.approx(expected, rel=1e-9, nan_ok=True)


def test_outputs_may_be_inputs_and_what_does_not_depend_on_them():
    x, w = Value(2.0), Value(3.0)
    y = x * w
    assert pushed([x, w, y, y * y, constant(1.0)], [x], [1.0]) == [[1.0, 0.0, 3.0, 36.0, 0.0]]
    assert pushed([y * x, y], [y, x], [1.0, 0.0], [0.0, 1.0]) == [[2.0, 1.0], [6.0, 0.0]]
    assert pushed([], [x], [1.0]) == [[]]


def test_a_tangent_of_0_stays_0_and_the_arm_not_taken_sends_nothing():
    x = Value(0.0)
    assert pushed([al.sqrt(x * x)], [x], [1.0]) == [[0.0]]
    a, b = Value(1.0), Value(2.0)
    assert pushed([al.where(constant(1.0), a, b)], [a, b], [3.0, nan]) == [[3.0]]
    assert pushed([al.floor(a) + b], [a, b], [inf, 1.0]) == [[1.0]]


def test_partials_do_not_suffice_for_blocks_and_nodes_made_by_hand():
    x = Value(2.0)
    by_hand = Value(3.0, (x,), "mine")
    by_hand._backward = lambda: None
    r, _ = polar([x, 1.0])
    for node in (by_hand, r):
        assert pushed([node * x], [x], [1.0]) is None
        assert pushed([node * x], [Value(1.0)], [1.0]) == [[0.0]]
    assert jvp(lambda x: polar([x, 1.0])[0], (2.0,), (1.0,))[1] == pytest.approx(2 / 5**0.5)


def test_a_graph_is_as_it_was():
    x, w = Value(2.0), Value(3.0)
    y = al.sum([x * w, x, al.sin(x)]) * x
    y.backward()
    before = [(node, node.grad) for node in al.topological_order(y)]
    assert pushed([y], [x], [1.0]) == [[x.grad]]
    assert len(active_nodes((y,), (x,))) == 4
    assert depends_on_others((y,), (x,)) is True
    assert [(node, node.grad) for node in al.topological_order(y)] == before
    for node, _ in before:
        node.grad = 0.0
    y.backward()
    assert {node: node.grad for node in al.topological_order(y)} == dict(before)


def test_active_nodes_are_parents_first_and_have_derivatives():
    x, w = Value(2.0), Value(3.0)
    far = al.exp(w)
    a = x * far
    b = al.sin(a)
    assert active_nodes((b, a), (x,)) == [a, b]
    assert active_nodes((b * al.floor(x),), (a,))[0] is b
    assert active_nodes((al.floor(x),), (x,)) == []


def test_others_are_leaves_that_are_no_numbers():
    x, w = Value(2.0), Value(3.0)
    assert depends_on_others((x * 5.0,), (x,)) is False
    assert depends_on_others((x * w,), (x,)) is True
    assert depends_on_others((w,), (x,)) is True
    assert depends_on_others((al.sum([x, w]),), (x, w)) is False
    assert depends_on_others((al.dot([x, 1.0], [w, 1.0]),), (x,)) is True


def test_within_a_pass_derivatives_are_right_too():
    """There the counts of the pass are where places would be."""
    x = Value(2.0)
    xs = [Value(1.0), Value(3.0)]
    shared = x * x
    total = al.dot(xs, [2.0, 3.0])
    found = []

    def backward():
        y = shared * total
        assert pushforward((y,), (shared,), [[1.0]]) is None
        assert active_nodes((y,), (shared,)) is None
        assert depends_on_others((y,), (shared,)) is None
        found.append(jvp(lambda t: t * t * shared.data * xs[0].data, (3.0,), (1.0,))[1])
        found.append(jacfwd(lambda t: t * shared * total)(1.0).data)
        shared.grad += out.grad

    out = Value(1.0, (shared,), "mine")
    out._backward = backward
    (out + total).backward()
    assert found == [24.0, 44.0]
    assert (x.grad, xs[0].grad) == (4.0, 2.0)


def test_a_deep_graph():
    x = Value(0.5)
    y = x
    for _ in range(100_000):
        y = y + x
    assert pushed([y], [x], [1.0]) == [[100_001.0]]
    assert depends_on_others((y,), (x,)) is False


def test_an_interrupt_leaves_no_place_behind(monkeypatch):
    @al.operation(lambda x, out: 2.0)
    def twice(x):
        return 2 * x

    def interrupted(code):
        raise KeyboardInterrupt

    x = Value(3.0)
    y = twice(x * x) * x
    assert pushed([x * x], [x], [1.0]) == [[6.0]]  # of which it is known that it has a derivative
    monkeypatch.setattr(forward, "is_flat", interrupted)
    for look in (lambda: pushed([y], [x], [1.0]), lambda: active_nodes((y,), (x,))):
        with pytest.raises(KeyboardInterrupt):
            look()
    monkeypatch.undo()
    y.backward()
    assert x.grad == 54.0
    assert pushed([y], [x], [1.0]) == [[54.0]]
