"""Adding an operation is adding an entry: rules that the engine has not are right everywhere."""

import copy
import math

import numpy as np
import pytest

import autograd_lite as ag
from autograd_lite import Value, compile, vmap
from autograd_lite.operations.rules import RULES, TABLE, Rule, register
from autograd_lite.testing import check_grad
from autograd_lite.testing.spelling import call
from tests.support.in_c import C

NEW = [
    Rule("new_sum_of_squares", "xs", "sum(x * x)", "2 * x"),
    Rule("new_rms", "xs", "sqrt(sum(x * x) / n)", "x / (n * out)"),
    Rule("new_variation", "xs", "n * n + sum(fabs(x)) / 2", "where(x < 0, -0.5, 0.5)"),
    Rule("new_count", "xs", "sum(where(x == x, 1, 1)) + n", "0"),
    Rule("new_log_product", "xs", "sum(log(x * x))", "2 / x"),
    Rule("new_rsqrt", "x", "1 / sqrt(x * x)", "-out / x"),
    Rule("new_scaled", "xc", "c * sin(x)", "c * cos(x)"),
    Rule("new_cross", "xy", "x * sin(y)", "sin(y)", "x * cos(y)"),
    Rule("new_power", "xy", "x * power(y, 2)", "power(y, 2)", "2 * x * y"),
    Rule("new_blend", "xyz", "x * y + (1 - x) * z", "y - z", "x", "1 - x"),
]
for _rule in NEW:
    register(_rule)

EXPECTED = {
    "new_sum_of_squares": lambda *xs: sum(x * x for x in xs),
    "new_rms": lambda *xs: math.sqrt(sum(x * x for x in xs) / len(xs)),
    "new_variation": lambda *xs: len(xs) ** 2 + sum(map(abs, xs)) / 2,
    "new_count": lambda *xs: 2 * len(xs),
    "new_log_product": lambda *xs: sum(math.log(x * x) for x in xs),
    "new_rsqrt": lambda x: 1 / abs(x),
    "new_scaled": lambda x, c: c * math.sin(x),
    "new_cross": lambda x, y: x * math.sin(y),
    "new_power": lambda x, y: x * y**2,
    "new_blend": lambda x, y, z: x * y + (1 - x) * z,
}
every_rule = pytest.mark.parametrize("rule", NEW, ids=lambda rule: rule.name)
every_executor = pytest.mark.parametrize("executor", ["interpret", "numpy", C, "c", "auto"])
C = 0.7


def width(rule, n=3):
    return n if rule.nary else len(rule.operands) - rule.static


def on(rule, xs):
    return call(rule, *xs, *[C] * rule.static)


def expected(rule, xs):
    return EXPECTED[rule.name](*xs, *[C] * rule.static)


@every_rule
@pytest.mark.parametrize("n", [1, 2, 3, 4, 7])
def test_its_value_and_its_gradient(rule, n):
    numbers = [0.3 * i - 1.1 for i in range(width(rule, n))]
    node = on(rule, [Value(x) for x in numbers])
    assert node.rule is rule
    assert node.data == pytest.approx(expected(rule, numbers), rel=1e-14)
    assert check_grad(lambda *xs: on(rule, xs), *numbers).excluded == ()
    assert on(rule, numbers) == node.data
    assert type(on(rule, numbers)) is float
    assert copy.deepcopy(node).partials == node.partials


@every_rule
@every_executor
def test_compiled(rule, executor):
    """Rows of several lengths where it takes any number."""
    rng = np.random.default_rng(0)
    sizes = [width(rule, 1 + i % 4) for i in range(12)]

    def function(rows, w):
        return ag.sum([ag.tanh(on(rule, [x * w for x in row])) for row in rows])

    f = compile(function, executor=executor)
    for _ in range(4):
        rows = [rng.uniform(0.5, 2, n).tolist() for n in sizes]
        w, v = Value(1.5), Value(1.5)
        eager, found = function([[*map(Value, row)] for row in rows], w), f(rows, v)
        assert found.data == pytest.approx(eager.data, rel=1e-12)
        eager.backward(), found.backward()
        assert v.grad == pytest.approx(w.grad, rel=1e-11, abs=1e-13)
    assert f.recordings == 1


@every_rule
def test_in_a_batch(rule):
    batch = np.random.default_rng(0).uniform(0.5, 2, (6, width(rule)))
    w = Value(1.0)
    results = vmap(lambda xs: on(rule, [x * w for x in xs]))(batch)
    assert [y.data for y in results] == pytest.approx([expected(rule, xs) for xs in batch.tolist()])
    ag.sum(results).backward()
    v = Value(1.0)
    ag.sum([on(rule, [x * v for x in xs]) for xs in batch.tolist()]).backward()
    assert w.grad == pytest.approx(v.grad, rel=1e-12, abs=1e-14)


@every_rule
def test_it_is_explained_and_drawn(rule):
    visualize = pytest.importorskip("visualize")
    f = compile(lambda xs, w: on(rule, [x * w for x in xs]), executor="numpy")
    f([1.5] * width(rule), Value(2.0))
    assert "operation" in f.explain()
    node = on(rule, [Value(1.5) for _ in range(width(rule))])
    assert rule.name in visualize.draw(node).dot


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        (Rule("new_wrong", "xs", "", "2 * x"), r"one sum\(...\) of a term in x"),
        (Rule("new_wrong", "xs", "norm(x)", "x / out"), r"one sum\(...\) of a term in x"),
        (Rule("new_wrong", "xs", "sum(x) / sum(x * x)", "1"), r"one sum\(...\) of a term in x"),
        (Rule("new_wrong", "xs", "sum(n)", "1"), "the sum of n has no operand x in it"),
        (Rule("new_wrong", "xs", "sum(x * y)", "y"), "y is not known in 'x \\* y'"),
        (Rule("new_wrong", "xs", "x + sum(x)", "1"), "x is not known in 'x \\+ total'"),
        (Rule("new_wrong", "xs", "sum(x * x)", "2 * y"), "y is not known in '2 \\* y'"),
        (
            Rule("new_wrong", "xs", "sum(x * x)"),
            "the partial derivative with respect to each parent",
        ),
        (
            Rule("new_wrong", "xy", "x * y", "y"),
            "the partial derivative with respect to each parent",
        ),
        (Rule("new_wrong", "x", "squared(x)", "2 * x"), "squared is not known in 'squared\\(x\\)'"),
        (Rule("new_wrong", "x", "x +", "1"), "'x \\+' is no formula"),
        (Rule("new_wrong", "x", "x", "2 *"), "'2 \\*' is no formula"),
        (Rule("new_wrong", "xs", "sum(x", "1"), "'sum\\(x' is no formula"),
        (Rule("new_wrong", "x", "x * c", "c"), "c is not known in 'x \\* c'"),
        (Rule("new_wrong", "xyc", "x * y * c", "y * c", "x * c"), "its operands are one of"),
        (Rule("new_wrong", "ab", "a * b", "b", "a"), "its operands are one of"),
        (Rule("norm", "xs", "sum(fabs(x))", "1"), "'norm' is an operation of autograd_lite"),
    ],
    ids=repr,
)
def test_one_that_nobody_could_compute_is_an_error(rule, message):
    before = len(RULES)
    with pytest.raises(ValueError, match=message):
        register(rule)
    assert len(RULES) == before >= TABLE
