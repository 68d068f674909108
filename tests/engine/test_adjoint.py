"""The adjoint of an eager graph: cotangents as Values, which are differentiated further."""

import math
import random
from math import inf, nan

import pytest

import autograd_lite as al
from autograd_lite import Value, grad, operation
from autograd_lite.adjoint import adjoint
from autograd_lite.nary import constant
from autograd_lite.observers import Observer, observe
from autograd_lite.pullback import Graph
from tests.engine.test_block import polar
from tests.support.rules import FIXED, NARY, apply


def number(x):
    return x.data if isinstance(x, Value) else x


def numbers(xs):
    return [number(x) for x in xs]


def same(found, expected):
    assert numbers(found) == pytest.approx(numbers(expected), rel=1e-8, abs=1e-12, nan_ok=True)


def second(derive, output, inputs):
    """The derivatives of each first derivative."""
    return [derive([g], [1.0], inputs) for g in derive([output], [1.0], inputs)]


def by_program(outputs, cotangents, inputs):
    return Graph(outputs, inputs).pullback(cotangents)


@pytest.mark.parametrize("rule", FIXED + NARY, ids=lambda rule: rule.name)
def test_each_rule_as_its_derived_program(rule):
    draw = random.Random(rule.code)
    for _ in range(5):
        domain = [*rule.domain] * (3 if rule.nary else 1)
        operands = [
            Value(draw.uniform(*d)) if isinstance(d, tuple) else draw.choice([*d]) for d in domain
        ]
        if rule.static:
            operands[-1] = number(operands[-1])
        inputs = [x for x in operands if isinstance(x, Value)]
        y = apply(rule, *operands)
        same(adjoint([y], [1.5], inputs), by_program([y], [1.5], inputs))
        for found, expected in zip(
            second(adjoint, y, inputs), second(by_program, y, inputs), strict=True
        ):
            same(found, expected)


@pytest.mark.parametrize("at", [(0.0, 0.0), (1.0, 1.0), (-1.0, 0.0), (0.0, -0.0), (2.0, -2.0)])
@pytest.mark.parametrize("rule", [rule for rule in FIXED if not rule.static], ids=lambda r: r.name)
def test_at_kinks_and_ties(rule, at):
    inputs = [Value(x) for x in (*at, 0.0)[: len(rule.operands)]]
    y = apply(rule, *inputs)
    same(adjoint([y], [1.0], inputs), by_program([y], [1.0], inputs))


@pytest.mark.parametrize("seed", range(40))
def test_random_graphs_to_second_order(seed):
    draw = random.Random(seed)
    inputs = [Value(draw.uniform(0.2, 0.9)) for _ in range(3)]
    nodes = [*inputs, Value(0.4), constant(1.5)]
    for _ in range(12):
        rule = draw.choice(FIXED + NARY)
        operands = draw.choices(nodes[-8:], k=4 if rule.nary else len(rule.operands))
        if rule.static:
            operands[-1] = draw.choice([1, 2, 3])
        node = apply(rule, *operands)
        nodes += [node] * (math.isfinite(node.data) and abs(node.data) < 1e3)
    y = al.sum([al.tanh(x) for x in nodes])
    same(adjoint([y], [1.0], inputs), by_program([y], [1.0], inputs))
    for found, expected in zip(
        second(adjoint, y, inputs), second(by_program, y, inputs), strict=True
    ):
        same(found, expected)


def test_what_is_known_is_no_value():
    x, w = Value(2.0), Value(3.0)
    assert adjoint([x * 3.0 + w], [1.0], [w]) == [1.0]
    assert adjoint([w], [1.0], [x]) == [0.0]
    assert adjoint([2.0, x], [5.0, 4.0], [x]) == [4.0]
    far = al.exp(w)
    assert adjoint([x * far], [1.0], [x])[0] is far


def test_a_cotangent_of_0_stays_0_and_a_nan_is_seen():
    x = Value(0.0)
    assert numbers(adjoint([al.sqrt(x)], [constant(0.0)], [x])) == [0.0]
    (slope,) = adjoint([al.sqrt(x)], [constant(2.0)], [x])
    assert number(slope) == inf
    assert math.isnan(number(adjoint([al.relu(x)], [constant(nan)], [x])[0]))
    a, b = Value(1.0), Value(2.0)
    y = al.where(constant(1.0), a, b)
    assert numbers(adjoint([y], [constant(nan)], [b])) == [0.0]
    assert math.isnan(number(adjoint([y], [constant(nan)], [a])[0]))


def test_a_second_derivative_at_a_cotangent_of_0():
    """d/dg (g p) is p where g is 0, too."""
    x = Value(0.0)
    (g,) = adjoint([al.sum([x * x * x, x * al.sin(x), x * 2.0 * al.cos(x)])], [1.0], [x])
    assert numbers(adjoint([g], [1.0], [x])) == [2.0]


def test_through_a_block():
    x, y = Value(3.0), Value(4.0)
    r, angle = polar([x, y])
    inputs = [x, y]
    z = r * angle + r
    same(adjoint([z], [1.0], inputs), by_program([z], [1.0], inputs))
    for found, expected in zip(
        second(adjoint, z, inputs), second(by_program, z, inputs), strict=True
    ):
        same(found, expected)


def test_an_operation_of_a_user_calls_its_partials_on_values():
    @operation(lambda x, out: 3 * x * x)
    def cube(x):
        return x**3

    assert [f(2.0) for f in (grad(cube), grad(grad(cube)), grad(grad(grad(cube))))] == [12, 12, 6]


def test_what_was_made_by_hand_is_left_to_the_error_that_names_it():
    x = Value(2.0)
    mine = Value(4.0, (x,), "mine")
    mine._backward = lambda: None
    assert adjoint([mine * x], [1.0], [x]) is None
    assert adjoint([mine * x], [1.0], [mine])[0] is x
    with pytest.raises(TypeError, match="mine was made by hand"):
        al.pullback(mine * x, 1.0, x)


def test_within_a_pass_pullback_is_right_too():
    x = Value(2.0)
    inner = x * x
    found = []

    def backward():
        found.append(al.pullback(inner * inner, 1.0, inner).data)
        inner.grad += out.grad

    out = Value(1.0, (inner,), "mine")
    out._backward = backward
    (out * inner).backward()
    assert found == [8.0]
    assert x.grad == 20.0


def test_a_deep_graph():
    x = Value(0.5)
    y = x
    for _ in range(100_000):
        y = y * 0.5 + x
    (g,) = adjoint([y], [1.0], [x])
    assert g.data == pytest.approx(2.0)
    assert grad(grad(lambda x: deep(x)))(0.5) == pytest.approx(0.0)


def deep(x):
    y = x
    for _ in range(20_000):
        y = y * 0.5 + x
    return y


def test_constants_of_a_block_of_an_observer_are_values():
    """There, a constant stands for a plain number, and what is made of such is a number."""
    with observe(Observer()):
        x = Value(3.0)
        y = (2.0 - x * 4.0) * 5.0
        (g,) = adjoint([y], [1.0], [x])
        (h,) = adjoint([x * x * 2.0], [1.0], [x])
    assert isinstance(g, Value)
    assert (g.data, h.data) == (-20.0, 12.0)
