"""Operations by hand, as in micrograd's lecture: `Value(data, parents, op)` and `_backward`."""

import math
import weakref

import pytest

from autograd_lite import Value, no_grad


def tanh_by_hand(x):
    t = math.tanh(x.data)
    out = Value(t, (x,), "tanh")

    def _backward():
        x.grad += (1 - t**2) * out.grad

    out._backward = _backward
    return out


def build_topo(root):
    """The lecture's recursive sort."""
    topo, visited = [], set()

    def visit(v):
        if v not in visited:
            visited.add(v)
            for child in v._prev:
                visit(child)
            topo.append(v)

    visit(root)
    return topo


def neuron():
    """The neuron of the lecture, whose tanh is written by hand."""
    x1, x2 = Value(2.0, label="x1"), Value(0.0, label="x2")
    w1, w2 = Value(-3.0, label="w1"), Value(1.0, label="w2")
    b = Value(6.8813735870195432, label="b")
    x1w1 = x1 * w1
    x2w2 = x2 * w2
    n = x1w1 + x2w2 + b
    return tanh_by_hand(n), (x1, w1, x2, w2)


def test_the_neuron_of_the_lecture():
    o, leaves = neuron()
    o.backward()
    assert [leaf.grad for leaf in leaves] == pytest.approx([-1.5, 1.0, 0.5, 0.0])
    assert (o._op, o.is_leaf, o.rule, len(o._prev)) == ("tanh", False, None, 1)
    assert all(math.isnan(partial) for partial in o.partials)


def test_the_lecture_calls_backward_by_itself():
    o, leaves = neuron()
    o.grad = 1.0
    for node in reversed(build_topo(o)):
        node._backward()
    assert [leaf.grad for leaf in leaves] == pytest.approx([-1.5, 1.0, 0.5, 0.0])


def test_micrograds_readme():
    a, b = Value(-4.0), Value(2.0)
    c = a + b
    d = a * b + b**3
    c += c + 1
    c += 1 + c + (-a)
    d += d * 2 + (b + a).relu()
    d += 3 * d + (b - a).relu()
    e = c - d
    f = e**2
    g = f / 2.0
    g += 10.0 / f
    g.backward()
    assert f"{g.data:.4f} {a.grad:.4f} {b.grad:.4f}" == "24.7041 138.8338 645.5773"


def test_manual_backward_of_a_leaf_does_nothing():
    x = Value(1.0)
    x.grad = 5.0
    x._backward()
    assert x.grad == 5.0


def test_manual_backward_adds():
    x = Value(3.0)
    y = x * x
    y.grad = 10.0
    y._backward()
    y._backward()
    assert x.grad == 120.0


def test_by_hand_between_the_engines_nodes():
    x = Value(0.3)
    y = tanh_by_hand(x * 2) * 5
    expected = Value(0.3)
    ((expected * 2).tanh() * 5).backward()
    y.backward()
    y.backward()
    assert x.grad == pytest.approx(2 * expected.grad)


def test_without_a_backward_nothing_is_sent():
    x = Value(1.0)
    (Value(2.0, (x,), "stop") * 3).backward()
    assert x.grad == 0.0


@pytest.mark.parametrize("children", [list, set, tuple, iter])
def test_parents_come_in_any_iterable(children):
    x, y = Value(1.0), Value(2.0)
    assert Value(3.0, children([x, y]), "+")._prev == {x, y}


def test_a_node_by_hand_is_freed_at_once():
    """Its closure refers to it: a cycle, if the engine did not break it."""
    x = Value(0.5)
    out = tanh_by_hand(x)
    out.backward()
    freed = weakref.ref(out)
    del out
    assert freed() is None


@pytest.mark.parametrize(
    "closure",
    [
        lambda x, out: lambda o=out: setattr(x, "grad", x.grad + 2 * o.grad),
        lambda x, out: lambda *, o=out: setattr(x, "grad", x.grad + 2 * o.grad),
        lambda x, out: lambda: setattr(x, "grad", x.grad + 2 * out.grad),
    ],
    ids=["default", "keyword default", "cell"],
)
def test_however_the_closure_holds_its_node(closure):
    x = Value(0.5)
    out = Value(1.0, (x,), "double")
    out._backward = closure(x, out)
    out.backward()
    assert x.grad == 2.0
    freed = weakref.ref(out)
    del out
    assert freed() is None


def test_a_closure_shares_its_variables():
    calls = 0
    x = Value(0.5)
    out = Value(1.0, (x,), "count")

    def _backward():
        nonlocal calls
        calls += 1
        x.grad += out.grad

    out._backward = _backward
    out.backward()
    out.backward()
    assert calls == 2


def test_any_callable_will_do():
    class Double:
        def __init__(self, x):
            self.x = x

        def __call__(self):
            self.x.grad += 2.0

    x = Value(0.5)
    out = Value(1.0, (x,), "double")
    out._backward = Double(x)
    out.backward()
    assert x.grad == 2.0


def test_backward_of_the_same_graph_within_a_backward_is_refused():
    x = Value(0.5)
    y = x * 2
    out = Value(1.0, (y,), "bad")
    out._backward = lambda: (y * 3).backward()
    x.grad = 7.0
    with pytest.raises(RuntimeError, match=r"differentiate a graph of its own"):
        (out + x).backward()
    assert x.grad == 7.0


def test_backward_of_another_graph_within_a_backward():
    x = Value(0.5)
    y = x * 1.0
    out = Value(math.exp(y.data), (y,), "exp")

    def _backward():
        inner = y.detach()
        inner.exp().backward()
        y.grad += out.grad * inner.grad

    out._backward = _backward
    (out * 2).backward()
    assert x.grad == pytest.approx(2 * math.exp(0.5))


def test_manual_backward_within_a_backward_leaves_the_pass_alone():
    x = Value(0.5)
    y = x * 2
    helper = y * 3  # not in the graph below, but on the same y
    out = Value(3.0, (y,), "triple")

    def _backward():
        helper.grad = out.grad
        helper._backward()

    out._backward = _backward
    (out + y).backward()
    assert (y.grad, x.grad) == (4.0, 8.0)


def test_within_no_grad_it_is_a_leaf():
    x = Value(0.5)
    with no_grad():
        out = tanh_by_hand(x)
    assert (out.data, out.is_leaf) == (math.tanh(0.5), True)
    out.backward()
    assert x.grad == 0.0


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_an_exception_leaves_the_gradients_of_leaves_as_they_were(error):
    x, w = Value(0.5), Value(2.0)
    x.grad, w.grad = 3.0, 4.0
    out = Value(1.0, (x,), "bad")

    def fail():
        x.grad += 100.0
        raise error("as told")

    out._backward = fail
    y = out * w + x
    with pytest.raises(error, match="as told"):
        y.backward()
    assert (x.grad, w.grad) == (3.0, 4.0)
    out._backward = lambda: setattr(x, "grad", x.grad + 10 * out.grad)
    y.backward()
    assert (x.grad, w.grad) == (3.0 + 1.0 + 20.0, 4.0 + 1.0)


def test_backward_is_set_on_nodes_by_hand_only():
    x = Value(1.0)
    for node in (x, x * 2):
        with pytest.raises(AttributeError, match="made by hand only"):
            node._backward = lambda: None
    with pytest.raises(TypeError, match="must be a function, not int"):
        Value(1.0, (x,), "f")._backward = 3


@pytest.mark.parametrize("child", [1.0, None, "x", [Value(1.0)]])
def test_children_are_values(child):
    with pytest.raises(TypeError, match=f"_children must be Values, not {type(child).__name__}"):
        Value(1.0, (child,), "f")
