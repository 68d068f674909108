"""The results of a compiled function: new ones at each call, of the types the function gives."""

import dataclasses
import types
from collections import OrderedDict, defaultdict, deque, namedtuple

import numpy as np
import pytest

import autograd_lite as ag
from autograd_lite import Value, compile, no_grad, take
from autograd_lite.compiler.results import Run
from autograd_lite.graph import cotangents, operands, partials, topological_order
from tests.support.agreement import agree
from tests.support.networks import Box

W = [Value(0.5), Value(-1.5), Value(2.0)]


def test_results_come_back_in_the_shape_that_the_function_gave_them():
    f = compile(lambda x: {"a": [x * 2, (x + 1, None)], "n": 3, "v": np.array([x, x * x])})
    for number in (2.0, 3.0):
        result = f(Value(number))
        assert result["a"][0].data == 2 * number
        assert result["a"][1][0].data == number + 1
        assert result["a"][1][1] is None
        assert result["n"] == 3
        assert [v.data for v in result["v"]] == [number, number * number]


@dataclasses.dataclass
class Losses:
    total: Value
    parts: list


Pair = namedtuple("Pair", "x y")


def test_results_of_other_types_are_new_ones_at_each_call():
    def f(x):
        return (
            Losses(x * 2, [x + 1]),
            OrderedDict(a=x * 3),
            defaultdict(list, {"b": x}),
            Pair(x, 1.0),
            np.zeros(2),
        )

    f = compile(f)
    for number in (1.0, 2.0, 3.0):
        losses, ordered, default, pair, array = f(Value(number))
        assert (losses.total.data, losses.parts[0].data) == (2 * number, number + 1)
        assert ordered["a"].data == 3 * number
        assert (default["b"].data, default["c"]) == (number, [])
        assert (pair.x.data, pair.y) == (number, 1.0)
        assert array.tolist() == [0.0, 0.0]
        array += 5
    assert f.recordings == 1


def test_what_was_there_before_comes_back_itself():
    box = Box()
    f = compile(lambda x, other: (x * box.w[0], box, other))
    for _ in range(2):
        assert f(1.0, W)[1] is box
    g = compile(lambda x, other: other)
    assert [g(1.0, box) is box for _ in range(2)] == [True, True]


@pytest.mark.parametrize(
    "wrap",
    [set, deque, iter, lambda xs: types.SimpleNamespace(xs=xs), lambda xs: lambda: xs],
)
def test_a_result_that_cannot_be_made_anew_makes_it_eager_with_a_warning(wrap):
    f = compile(lambda x: wrap([x * 2]))
    with pytest.warns(RuntimeWarning, match="it returns a .*, of which a recording cannot make"):
        f(1.0)
    assert f.recordings == 0


def test_a_result_that_nothing_depends_on():
    f = compile(lambda x: x)
    x = Value(2.0)
    f(x).backward()
    assert x.grad == 1.0
    assert compile(lambda x: Value(x))(4.0).is_leaf


@pytest.mark.parametrize("executor", ["auto", "interpret", "numpy"])
def test_functions_that_compute_nothing(executor):
    nothing = compile(executor=executor)(lambda: None)
    same = compile(executor=executor)(lambda x: (x, 2.0))
    assert [nothing() for _ in range(3)] == [None] * 3
    assert [(x, y) for x, y in map(same, (1.0, 3.0, 5.0))] == [(1, 2), (3, 2), (5, 2)]
    assert "0 scalars" in nothing.explain()


def test_results_take_part_in_eager_code_alone_and_together():
    x, w = Value(2.0), Value(3.0)
    f = compile(lambda x: (x * w, x + w))
    product, total = f(x)
    (product * product + total.exp()).backward()
    assert x.grad == pytest.approx(2 * 6 * 3 + np.exp(5))
    assert w.grad == pytest.approx(2 * 6 * 2 + np.exp(5))
    x.grad = w.grad = 0.0
    total.backward()
    assert (x.grad, w.grad) == (1.0, 1.0)
    total.backward()
    assert (x.grad, w.grad) == (2.0, 2.0)


def append(x, cache):
    cache.append(x)
    return ag.sum(cache)


@pytest.mark.parametrize("executor", ["interpret", "numpy"])
def test_results_may_be_kept(executor):
    """Each has the gradient of its own call, whatever the parameters are by then."""
    w = Value(0.0)
    f = compile(executor=executor)(lambda x: (x * w) ** 2)
    kept = []
    for i in range(20):
        w.data = float(i)
        kept.append(f(3.0))
    for i in (*range(20), *reversed(range(20))):
        w.grad = 0.0
        kept[i].backward()
        assert w.grad == pytest.approx(18.0 * i)
    assert f.recordings == 1


def test_a_pass_that_fails_leaves_no_cotangents_behind():
    x, fails = Value(2.0), Value(3.0)
    a, b = compile(lambda x: (x * 10.0, x * 1.0))(x)
    z = Value(0.0, (fails,), "fails")

    def backward():
        raise ZeroDivisionError

    z._backward = backward
    with pytest.raises(ZeroDivisionError):
        (a + z * fails).backward()
    b.backward()
    assert x.grad == 1.0


def test_under_no_grad_results_are_leaves():
    x = Value(2.0)
    f = compile(lambda x: x * x)
    with no_grad():
        assert f(x).is_leaf
        assert f(x).data == 4.0
    assert not f(x).is_leaf
    assert f.recordings == 1


def test_recorded_under_no_grad_it_has_gradients_outside():
    table = [Value(2.0), Value(3.0)]
    product = compile(lambda i, x: take(table, i) * x)
    with no_grad():
        assert product(np.int64(1), 4.0).parents == ()
    product(np.int64(1), 5.0).backward()
    assert product.recordings == 1
    assert [x.grad for x in table] == [0.0, 5.0]


def test_detach_and_no_grad_within():
    def f(x):
        with no_grad():
            y = x * x
        return x * y + x.detach() * W[0]

    agree(f, [(Value(2.0),), (Value(3.0),)], W)


def test_the_operands_of_a_result_are_those_of_the_program():
    @compile
    def both(x, y):
        return x * y, x - y

    x, y = Value(3.0), Value(5.0)
    for _ in range(2):
        product, difference = both(x, y)
    assert operands(product) == operands(difference) == (x, y)
    assert partials(product) == (5.0, 3.0)
    assert partials(difference) == (1.0, -1.0)
    found = cotangents(topological_order(product * difference))
    assert (found[x], found[y]) == (-10.0 + 15.0, -6.0 - 15.0)


def test_a_run_ends_without_code_of_pythons():
    """In which Python would lose a KeyboardInterrupt; compiled, the end of a run is in C."""
    assert not isinstance(getattr(Run, "__del__", None), types.FunctionType)


def test_what_was_passed_or_captured_comes_back_as_itself():
    log = [1.0]
    f = compile(lambda x, y: (x, [y], log, x * y))
    for i in range(5):
        x, y = Value(2.0), Value(3.0 + i)
        first, (second,), third, product = f(x, y)
        assert first is x
        assert second is y
        assert third is log
        product.backward()
        assert (x.grad, y.grad) == (3.0 + i, 2.0)
        with no_grad():
            assert f(x, y)[0] is x
