"""Graphs of Values, read and differentiated as Values: blocks, calls of programs, what is seen."""

import math

import pytest

import autograd_lite as al
from autograd_lite import Value, compile, grad, hessian, jacfwd, jvp, pullback
from autograd_lite.leaves import leaves
from autograd_lite.linalg import solve
from autograd_lite.nary import constant
from autograd_lite.observers import Observer, observe
from autograd_lite.pullback import Graph, ancestors, depends_on_others
from tests.engine.test_block import polar, polar_by_rules


def test_ancestors_are_parents_first_and_end_at_inputs():
    x, y = Value(2.0), Value(3.0)
    z = x * y
    out = z + al.sin(z)
    order = ancestors([out], [z])
    assert [node._op for node in order] == ["sin", "+"]
    assert {*ancestors([out], [])} == {x, y, z, *out.parents, out}
    assert ancestors([x], [x]) == []


def test_others_are_leaves_that_are_no_numbers():
    x, w = Value(2.0), Value(3.0)
    assert not depends_on_others([x * 5.0], [x])
    assert not depends_on_others([x * constant(5.0)], [x])
    assert depends_on_others([x * w], [x])
    assert not depends_on_others([x * w], [x, w])


def test_a_graph_has_nodes_for_what_depends_on_the_inputs_alone():
    x, w = Value(2.0), Value(3.0)
    far = al.exp(al.sin(w) * w)
    graph = Graph([x * far], [x])
    assert len(graph) == 3  # x, far and the product
    (found,) = graph.pullback([1.0])
    assert found is far


def test_with_numbers_no_value_is_made():
    made = []

    class Counter(Observer):
        def made(self, node):
            made.append(node)

    x = Value(0.7)
    y = al.sin(x) * x
    graph = Graph([y], [x], numbers=True)
    with observe(Counter()):
        assert graph.pullback([1.0]) == [pytest.approx(math.cos(0.7) * 0.7 + math.sin(0.7))]
        assert graph.pushforward([2.0]) == [2 * graph.pullback([1.0])[0]]
    assert made == []


def test_a_recording_need_not_know_that_its_graph_is_read():
    """A dot with plain numbers has them as its partials, which are read there."""
    f = compile(lambda x: grad(lambda x: al.dot([x, x * x], [2.0, 3.0]))(x))
    assert [f(x) for x in (1.0, 2.0, 3.0)] == [8.0, 14.0, 20.0]
    assert f.recordings == 1


def test_derivatives_of_a_block():
    """As those of rules, to third order, in both modes, within compile and of its results."""
    by_block = lambda v: al.sin(polar(v)[0]) * polar(v)[1]  # noqa: E731
    by_rules = lambda v: al.sin(polar_by_rules(*v)[0]) * polar_by_rules(*v)[1]  # noqa: E731
    v = [0.8, 1.3]
    assert grad(by_block)(v) == pytest.approx(grad(by_rules)(v), rel=1e-13)
    for transform in (hessian, lambda f: jacfwd(hessian(f))):
        found, expected = transform(by_block)(v), transform(by_rules)(v)
        assert _flat(found) == pytest.approx(_flat(expected), rel=1e-11)
    compiled = compile(hessian(by_block))
    for _ in range(3):
        assert _flat(compiled(v)) == pytest.approx(_flat(hessian(by_rules)(v)), rel=1e-11)
    assert compiled.recordings == 1
    found = jvp(lambda v: polar(v)[1], (v,), ([1.0, 0.5],))
    assert found[1] == pytest.approx(jvp(lambda v: polar_by_rules(*v)[1], (v,), ([1.0, 0.5],))[1])


def test_results_of_compiled_calls_of_arrays_and_of_batches():
    w = [Value(0.5), Value(-0.3)]
    f = compile(lambda x: al.tanh(al.dot(w, x)), executor="numpy")
    batch = al.vmap(lambda x: al.tanh(al.dot(w, x)))
    xs = [[1.0, 2.0], [0.5, -1.0], [0.2, 0.1]]
    for _ in range(3):
        for y, x in [(f(xs[0]), xs[0]), *zip(batch(xs), xs, strict=True)]:
            expected = al.tanh(al.dot(w, x))
            first, wanted = pullback(y, 1.0, w), pullback(expected, 1.0, w)
            second, more = pullback(first, [1.0, 2.0], w), pullback(wanted, [1.0, 2.0], w)
            assert [v.data for v in first] == pytest.approx([v.data for v in wanted])
            assert [v.data for v in second] == pytest.approx([v.data for v in more])


def test_a_value_that_is_passed_twice_to_a_compiled_function():
    f = compile(lambda x, y: x * y**2)
    for _ in range(3):
        x = Value(3.0)
        (dx,) = pullback(f(x, x), 1.0, [x])
        assert dx.data == 27.0
        assert pullback(dx, 1.0, [x])[0].data == 18.0


def test_an_index_in_a_compiled_call():
    table = [Value(2.0), Value(3.0), Value(5.0)]
    f = compile(lambda i, x: al.take(table, i) ** 2 * x)
    for i in (0, 1, 2, 0, -1):
        x = Value(7.0)
        found = pullback(f(i, x), 1.0, [*table, x])
        expected = [0.0] * 3
        expected[i] = 14 * table[i].data
        assert [float(getattr(v, "data", v)) for v in found] == [*expected, table[i].data ** 2]


def _flat(x):
    return [leaf for part in x for leaf in _flat(part)] if isinstance(x, list) else [x]


def by_scan(p):
    carry, _ = al.scan(lambda c, x: (al.sin(c * x) + p[0], None), 0.5, p)
    return carry


def by_root(p):
    def newton(f, x):
        for _ in range(50):
            x = x - f(x) / (3 * x * x + 1)
        return x

    return al.implicit_root(lambda x, a: x**3 + x - a, newton)(1.0, p[0] * p[1]) * p[1]


def by_solve(p):
    return solve([[p[0], p[1]], [p[1], 3.0]], [1.0, 2.0])[0]


@pytest.mark.parametrize("f", [by_scan, by_root, by_solve])
def test_derivatives_of_a_block_within_no_grad_of_a_program(f):
    """Tangents were 0: the cotangents that the pullback was given were detached, as Values are."""
    transforms = [
        lambda p, v: grad(f)(p),
        lambda p, v: grad(lambda q: al.dot(grad(f)(q), v))(p),
        lambda p, v: jvp(f, (p,), (v,)),
        lambda p, v: al.hvp(f, (p,), (v,)),
        lambda p, v: hessian(f)(p),
    ]
    for transform in transforms:
        program = compile(al.no_grad()(transform), check="never")
        for p in [0.5, 0.7], [0.9, 0.4]:
            expected, found = transform(p, [1.0, -0.3]), program(p, [1.0, -0.3])
            assert [*leaves(found, "")] == pytest.approx([*leaves(expected, "")])
        assert program.recordings == 1


@pytest.mark.parametrize("f", [by_scan, by_root, by_solve])
def test_the_pullback_of_a_block_within_no_grad(f):
    """The Jacobian of a root was 0, as that of what no node depends on."""
    xs = [Value(0.5), Value(0.7)]
    y = f(xs)
    with al.no_grad():
        found = pullback([y], [1.0], xs)
    assert [g.data for g in found] == pytest.approx(grad(f)([0.5, 0.7]))
    assert all(g.is_leaf for g in found)
