"""Operations of users in compiled functions: called once for each node, when it is computed."""

import math
from itertools import count

import numpy as np
import pytest

import autograd_lite as ag
from autograd_lite import Value, compile, operation, vmap
from autograd_lite.compiler.tape.executor import MAX_WORKSPACES
from autograd_lite.operations import kernels
from tests.support.agreement import agree

EXECUTORS = ["interpret", "numpy", "auto"]
every_way = pytest.mark.parametrize("way", ["eager", *EXECUTORS])
every_executor = pytest.mark.parametrize("executor", EXECUTORS)


def compiled(function, way):
    return function if way == "eager" else compile(function, executor=way)


def changing(w, slope):
    """Sum of slope * x * w over xs by an operation whose derivative is read from slope[0]."""

    @operation(lambda x, out: slope[0])
    def sloping(x):
        return x * slope[0]

    return lambda xs: ag.sum([sloping(x * w) for x in xs])


def watched(function, monkeypatch):
    """With what the operation is called from now on; compiled functions do not see this list."""
    calls, code = [], function(Value(1.0)).rule.code
    evaluate = kernels.FUNCTIONS[code]
    monkeypatch.setitem(kernels.FUNCTIONS, code, lambda *xs: calls.append(xs) or evaluate(*xs))
    return calls


# ---------------------------------------------------------------- what changes after the call


@every_way
def test_the_partials_are_those_of_the_call(way):
    w, slope = Value(2.0), [0.0]
    f = compiled(changing(w, slope), way)
    for number in (2.0, 3.0, 5.0):
        slope[0] = number
        y = f([1.0] * 20)
        slope[0] = 7.0
        w.grad = 0.0
        y.backward()
        assert w.grad == 20 * number


def test_the_partials_are_those_of_the_call_in_a_batch():
    w, slope = Value(2.0), [0.0]
    f = vmap(changing(w, slope))
    for number in (2.0, 3.0, 5.0):
        slope[0] = number
        ys = f(np.ones((8, 4)))
        slope[0] = 7.0
        w.grad = 0.0
        ag.sum(ys).backward()
        assert w.grad == 32 * number


@every_way
def test_results_that_live_on_keep_the_partials_of_their_calls(way, monkeypatch):
    """More of them than workspaces, so that most are run again for their gradients."""
    w, slope = Value(2.0), [3.0]

    @operation(lambda x, out: slope[0])
    def sloping(x):
        return x * slope[0]

    f = compiled(lambda xs: ag.sum([sloping(x * w) for x in xs]), way)
    results = [f([1.0 + i] * 20) for i in range(3 * MAX_WORKSPACES)]
    calls = watched(sloping, monkeypatch)
    slope[0] = 100.0
    for i, y in [*enumerate(results), *reversed([*enumerate(results)])]:
        w.grad = 0.0
        y.backward()
        assert w.grad == 60.0 * (1.0 + i)
    assert calls == []


@every_way
def test_the_gradient_that_arrays_do_not_give_is_of_the_call_too(way):
    """The square root's partial is infinite at 0, where its cotangent is 0."""
    w, slope = Value(2.0), [3.0]

    @operation(lambda x, out: slope[0])
    def sloped(x):
        return x * slope[0]

    def function(xs):
        roots = [(x * w).sqrt() * 0.0 for x in xs]
        return ag.sum([sloped(x * w) for x in xs]) + ag.sum(roots)

    f = compiled(function, way)
    for _ in range(3):
        slope[0] = 3.0
        y = f([0.0] * 19 + [1.0])
        slope[0] = 7.0
        w.grad = 0.0
        y.backward()
        assert w.grad == 3.0


@every_executor
def test_each_node_has_its_own_partials(executor, monkeypatch):
    """Also where two have the same operand."""
    w, numbers = Value(2.0), count()

    @operation(lambda x, out: 0.0)
    def counting(x):
        return 0.0

    f = compile(lambda x: [counting(x * w) for _ in range(20)], executor=executor, check="never")
    f(1.0), f(1.0), f(1.0)
    code = counting(w).rule.code
    monkeypatch.setitem(kernels.FUNCTIONS, code, lambda x, c: (i := float(next(numbers)), i))
    results = f(1.0)
    assert sorted(y.data for y in results) == list(range(20))
    for y in results:
        w.grad = 0.0
        y.backward()
        assert w.grad == y.data


@every_executor
def test_it_is_called_once_for_a_node_and_for_no_padding(executor, monkeypatch):
    w = Value(2.0)

    @operation(lambda x, out: 1.0)
    def same(x):
        return x

    def function(rows):  # of different lengths, which arrays pad
        return [ag.sum([same(x * w) for x in row]) for row in rows]

    rows = [[float(10 * i + j) for j in range(i + 1)] for i in range(6)]
    f = compile(function, executor=executor, check="never")
    f(rows), f(rows), f(rows)
    calls = watched(same, monkeypatch)
    results = f(rows)
    assert sorted(calls) == sorted((2 * x, 0.0) for row in rows for x in row)
    calls.clear()
    for row, y in zip(rows, results, strict=True):
        w.grad = 0.0
        y.backward()
        assert w.grad == sum(row)
    assert calls == []


# ------------------------------------------------------------------------ partials that are odd


@every_way
def test_partials_that_raise_do_so_at_the_call(way):
    @operation(lambda x, out: 1 / x)
    def log_of(x):
        return math.log(x) if x else 0.0

    w = Value(1.0)
    f = compiled(lambda xs: ag.sum([log_of(x * w) for x in xs]), way)
    numbers = [1.0] * 20
    f(numbers), f(numbers)
    with pytest.raises(ZeroDivisionError):
        f([*numbers[1:], 0.0])
    y = f([*numbers[1:], 2.0])  # and leave nothing behind
    assert y.data == math.log(2.0)


@every_way
def test_partials_that_are_nan(way):
    """Come out as nan, but where the cotangent is 0."""
    slope = [1.0]

    @operation(lambda x, out: slope[0])
    def same(x):
        return x

    f = compiled(lambda xs: (ag.sum([same(x) for x in xs]), same(xs[0]) * 0.0), way)
    for number in (1.0, 1.0, math.nan):
        slope[0] = number
        x = Value(1.0)
        results = f([x, *[1.0] * 20])
        results[1].backward()
        assert x.grad == 0.0
        results[0].backward()
        assert repr(x.grad) == repr(number)


@every_way
def test_a_wrong_number_of_partials_is_an_error_at_the_call(way):
    partials = [(1.0, 1.0)]

    @operation(lambda x, y, out: partials[0])
    def added(x, y):
        return x + y

    f = compiled(lambda xs, w: ag.sum([added(x, w) for x in xs]), way)
    w = Value(1.0)
    for _ in range(3):
        f([1.0] * 20, w).backward()
    assert w.grad == 60.0
    partials[0] = (1.0,)
    with pytest.raises(TypeError, match="added: 2 operands, but 1 partials"):
        f([1.0] * 20, w)


# -------------------------------------------------------------------- three operands and more


def of_three(x, y, z):
    return x * y + z


def of_four(x, y, z, u):
    return x * y + z * u


WIDE = [
    operation(lambda x, y, z, out: (y, x, 1.0))(of_three),
    operation(lambda x, y, z, u, out: (y, x, u, z))(of_four),
]
every_width = pytest.mark.parametrize("wide", WIDE, ids=["three", "four"])


def on_rows(wide, n):
    return lambda rows: ag.sum([wide(*row[:n]) for row in rows])


@every_width
@every_executor
def test_of_several_operands_numbers_are_no_guards(wide, executor):
    n = 3 + WIDE.index(wide)
    f = on_rows(wide, n)
    g = compile(f, executor=executor)
    rng = np.random.default_rng(0)
    for _ in range(6):
        rows = [[Value(x) for x in row] for row in rng.normal(size=(10, n))]
        again = [[Value(x.data) for x in row] for row in rows]
        expected, found = f(rows), g(again)
        assert found.data == pytest.approx(expected.data, rel=1e-12)
        expected.backward(), found.backward()
        for row, other in zip(rows, again, strict=True):
            assert [x.grad for x in other] == pytest.approx([x.grad for x in row], rel=1e-12)
    assert g.recordings == 1


@every_width
def test_of_several_operands_numbers_are_no_guards_in_a_batch(wide):
    n = 3 + WIDE.index(wide)
    f = vmap(on_rows(wide, n))
    rng = np.random.default_rng(0)
    for _ in range(4):
        batch = rng.normal(size=(5, 3, n))
        expected = [on_rows(wide, n)(rows) for rows in batch.tolist()]
        assert f(batch) == pytest.approx(expected, rel=1e-12)
    assert f.recordings == 1


W = [Value(0.5), Value(-1.5), Value(2.0)]


def test_operations_of_the_users():
    @ag.operation(lambda x, y, z, u, out: (u, y, z, x))
    def odd(x, y, z, u):
        return x * u + (y * y + z * z) / 2

    agree(lambda x, y: odd(x, y, 2.0, W[0]).lgamma(), [(Value(2.0), Value(1.5))] * 2, W)


@pytest.mark.parametrize("executor", ["interpret", "numpy"])
def test_operations_of_one_name_are_two(executor):
    def scale(by):
        @ag.operation(lambda x, out: by)
        def scaled(x):
            return x * by

        return scaled

    twice, tenfold = scale(2.0), scale(10.0)
    f = compile(lambda xs: ag.sum([twice(x) + tenfold(x) for x in xs]), executor=executor)
    xs = [Value(1.0), Value(2.0)]
    for _ in range(3):
        result = f(xs)
    assert result.data == 36.0
    result.backward()
    assert [x.grad for x in xs] == [12.0, 12.0]


def test_the_compiler_is_imported_after_an_operation_of_the_users(python):
    program = """
from autograd_lite import Value, compile, operation
@operation(lambda x, out: 2 * x)
def mine(x):
    return x * x
print(compile(lambda x: mine(x))(Value(3.0)).data)
"""
    assert python("-c", program) == "9.0\n"
