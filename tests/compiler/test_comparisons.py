"""Comparisons are data: 0 or 1 in every executor, without gradient, until Python asks for truth."""

import math
import random
from array import array
from math import inf, nan

import numpy as np
import pytest

import autograd_lite as ag
from autograd_lite import Value, compile, vmap, where
from autograd_lite.compiler.choice import EXECUTORS, ExecutorChoice
from autograd_lite.compiler.tape.opcodes import LEAF
from autograd_lite.compiler.tape.tape import Tape
from autograd_lite.operations import kernels
from autograd_lite.operations.rules import CODES
from tests.support.bool_expressions import Arrays, Scalars
from tests.support.lifting import Lifted

HOLDS = {
    "less": lambda x, y: x < y,
    "less_equal": lambda x, y: x <= y,
    "equal": lambda x, y: x == y,
}
every_comparison = pytest.mark.parametrize("name", HOLDS)
every_executor = pytest.mark.parametrize("executor", EXECUTORS)
EDGES = [0.0, -0.0, 1.0, -1.0, 5e-324, 1e300, inf, -inf, nan]
W = [Value(0.5), Value(-1.5), Value(2.0), Value(0.1)]


# ------------------------------------------------------------------------ the rules, in executors


@every_comparison
@pytest.mark.parametrize("y", EDGES)
@pytest.mark.parametrize("x", EDGES)
def test_its_kernel_is_that_of_python(name, x, y):
    expected = float(HOLDS[name](x, y)), 0.0, 0.0
    assert kernels.binary(CODES[name], x, y) == expected
    assert kernels.FUNCTIONS[CODES[name]](x, y) == expected


@every_comparison
def test_arrays_compare_what_they_are_given_as_ieee_has_it(name):
    xs, ys = map(list, zip(*[(x, y) for x in EDGES for y in EDGES], strict=True))
    lifted = Lifted(lambda xs, ys: [*map(HOLDS[name], xs, ys)], xs, ys)
    found = lifted.by_arrays(lifted.leaves, [])
    assert found.tolist() == [float(HOLDS[name](x, y)) for x, y in zip(xs, ys, strict=True)]
    assert lifted.arrays.calls[0] == 1


@every_comparison
def test_both_executors_agree_where_it_chooses_multiplies_and_adds_up(name):
    def function(xs, y):
        holds = [HOLDS[name](ag.tanh(x * w), y) for x, w in zip(xs, W, strict=True)]
        chosen = [where(b, x * w, ag.exp(w)) for b, x, w in zip(holds, xs, W, strict=True)]
        return ag.sum(chosen) * ag.mean(holds) + sum(b * w for b, w in zip(holds, W, strict=True))

    assert Lifted(function, [0.3, -0.7, 1.1, 0.9], 0.05).agrees()


def test_nothing_is_sent_through_it_even_where_the_cotangent_is_infinite():
    x, y = Value(0.5), Value(inf)
    lifted = Lifted(lambda x, y: (x * W[0] < 1.0) * y, x, y)
    expected = [inf, 0.0, 0.0, 1.0]  # with respect to W[0], x and y
    assert lifted.by_reference(lifted.leaves, [1.0]).tolist() == expected
    run = lifted.run(lifted.leaves)
    assert [*run.outputs, *run.gradient([1.0])] == expected
    compile(lambda x, y: (x * W[0] < 1.0) * y)(x, y).backward()  # the call that is recorded
    assert (x.grad, y.grad) == (0.0, 1.0)


def test_what_decides_is_computed_by_the_reference_where_it_is_not_finite():
    """log sum exp(-inf) is -inf to the reference, and NaN in arrays."""

    def function(xs):
        total = ag.logsumexp([x * w for x, w in zip(xs, W, strict=True)])
        return where(total < 0.0, W[0], W[1])

    lifted = Lifted(function, [1.0, 2.0, 3.0, 4.0])
    for row, falls_back in (((-inf, inf, -inf, -inf), True), ((1.0, 2.0, 3.0, 4.0), False)):
        leaves = np.append(row, lifted.leaves[4:])
        assert (lifted.by_arrays(leaves, np.ones(1)) is None) == falls_back
        reference = lifted.reference.forward(array("d", leaves), array("q"))
        assert lifted.run(leaves).outputs == reference.outputs


def test_that_a_comparison_decides_is_no_reason_to_ask_the_reference():
    lifted = Lifted(lambda x: where(x < 1.0, x * W[0], -x), 2.0)
    assert lifted.program.deciding.tolist() == []


def test_explain_writes_it_as_it_is_written():
    def function(xs, ys):
        return ag.sum([where(x <= y, x * W[0], y) for x, y in zip(xs, ys, strict=True)])

    assert "a1[3] = xs <= ys" in Lifted(function, [1.0, 2.0, 3.0], [2.0] * 3).explain(
        {range(3): "xs", range(3, 6): "ys"}
    )


ROUNDED = {
    "leaves": (lambda x, y: x == y, False),
    "less": (lambda x, y: x * y < y, False),
    "product": (lambda x, y: x * y == y, True),
    "chosen": (lambda x, y: ag.maximum(x, y) == -y, False),
    "chosen product": (lambda x, y: ag.maximum(x * y, y) == y, True),
    "rounded": (lambda x, y: ag.floor(x * y) == y, True),
    "floor": (lambda x, y: ag.floor(x) == y, False),
    "comparison": (lambda x, y: (x * y < 1) == (x < y), False),
    "logic": (lambda x, y: ((x * y < 1) & (x < y)) != (y < 0), False),
    "count": (lambda x, y: (x < y) + (y < x) * 2 == y, False),
    "weighted": (lambda x, y: (x < y) + (y < x) * 0.1 == y, True),
}


@pytest.mark.parametrize(("function", "rounded"), ROUNDED.values(), ids=ROUNDED)
def test_equality_is_exact_where_rounding_may_change_it(function, rounded):
    lifted = Lifted(lambda x, y: function(x, y) * W[0], 1.0, 2.0)
    choice = ExecutorChoice(lifted.tape, lifted.wrt, "numpy", exact=False)
    assert lifted.tape.equality_is_rounded() == rounded
    assert (choice.executor is choice.interpreter) == rounded


def test_it_is_no_public_function():
    for name in HOLDS:
        assert not hasattr(ag, name)
        with pytest.raises(ValueError, match="is an operation of autograd_lite"):
            ag.operation(lambda x, y: (0.0, 0.0))(_named(name))


def _named(name):
    def function(x, y):
        return x * y

    function.__name__ = name
    return function


def test_a_tape_of_it_reads_well():
    code = CODES["less_equal"]
    tape = Tape([LEAF, LEAF, code], [0, 0, 0, 2], [0, 1], [0] * 3, [0, 1, -1], [2], 2)
    assert "%2 = less_equal(%0, %1)" in str(tape)


# --------------------------------------------------------------------------- in compiled functions


def outcome(function, rows, grads=()):
    """What a call gives: its type and number, then the gradients; or the type of its error."""
    try:
        result = function(*rows)
    except (TypeError, ZeroDivisionError, OverflowError) as error:
        return type(error), ()
    if isinstance(result, Value):
        for x in grads:
            x.grad = 0.0
        result.backward()
        return type(result), [result.data, *[x.grad for x in grads]]
    return (type(result), getattr(result, "dtype", None)), np.ravel(np.asarray(result, float))


def numbers(rng, n):
    draw = rng.choice([lambda: rng.gauss(0, 1), lambda: rng.choice([*EDGES[:4], inf, nan])])
    return [draw() for _ in range(n)]


def agrees(source, names, rows, executor, grads=lambda row: ()):
    scope = vars(ag) | {"np": np, "total": ag.sum, "sum": sum, "abs": abs}
    function = eval(f"lambda {names}: {source}", scope)
    compiled = compile(executor=executor)(function)
    for row in rows:
        with np.errstate(all="ignore"):
            kind, expected = outcome(function, row, grads(row))
            found_kind, found = outcome(compiled, row, grads(row))
        assert (found_kind, len(found)) == (kind, len(expected)), (source, row)
        assert np.allclose(found, expected, rtol=1e-9, atol=1e-12, equal_nan=True), (source, row)
    return compiled


@pytest.mark.parametrize("seed", range(90))
def test_random_expressions_give_what_python_gives_and_need_one_recording(seed):
    rng = random.Random(seed)
    rows = [[*map(Value, numbers(rng, 2)), *numbers(rng, 3)] for _ in range(5)]
    source = Scalars(seed).expression()
    compiled = agrees(source, "v, w, a, b, c", rows, EXECUTORS[seed % 3], lambda row: row[:2])
    assert compiled.recordings == 1, source


@pytest.mark.parametrize("seed", range(90))
def test_random_expressions_of_arrays_give_what_numpy_gives(seed):
    rng = random.Random(seed)
    rows = [[*(np.array(numbers(rng, 3)) for _ in "xy"), *numbers(rng, 2)] for _ in range(4)]
    agrees(Arrays(seed).expression(), "x, y, a, b", rows, EXECUTORS[seed % 3])


def bounce(v, y):
    for _ in range(5):
        v, y = v - 0.3, y + v * 0.3
        v, y = where(y < 0, -0.8 * v, v), where(y < 0, -y, y)
    return v * y


@every_executor
def test_a_ball_that_bounces_needs_one_recording(executor):
    compiled = compile(executor=executor)(bounce)
    for speed in np.linspace(-3, 3, 9):
        v, y = Value(float(speed)), Value(1.0)
        expected = outcome(bounce, (v, y), (v, y))
        assert outcome(compiled, (v, y), (v, y)) == (expected[0], pytest.approx(expected[1]))
    assert compiled.recordings == 1


def test_the_accuracy_of_a_batch_needs_one_recording():
    def accuracy(xs, labels):
        return ag.mean(
            [(x * W[0] + W[1] > 0) == (label > 0) for x, label in zip(xs, labels, strict=True)]
        )

    compiled, rng = compile(accuracy), random.Random(0)
    for _ in range(5):
        xs, labels = ([rng.gauss(0, 5) for _ in range(8)] for _ in range(2))
        assert compiled(xs, labels) == accuracy(xs, labels)
        assert type(compiled(xs, labels)) is float
    assert compiled.recordings == 1


def test_the_accuracy_of_a_batch_of_arrays_needs_one_recording():
    def accuracy(xs, labels):
        return ((xs > 0) == labels).mean(), np.where(xs > 0, 1, -1), (xs != labels).sum()

    compiled, rng = compile(accuracy), np.random.default_rng(0)
    for _ in range(4):
        xs, labels = rng.normal(size=9), rng.integers(0, 2, 9).astype(float)
        for found, expected in zip(compiled(xs, labels), accuracy(xs, labels), strict=True):
            assert np.array_equal(found, expected)
            assert type(found) is type(expected)
            assert found.dtype == expected.dtype
    assert compiled.recordings == 1


def test_vmap_selects_for_each_sample():
    function = vmap(lambda y, a: where(y < 0, a * W[0], a * W[1]))
    ys, a = [-1.0, 2.0, nan, -0.0], [1.0, 2.0, 3.0, 4.0]
    assert [x.data for x in function(ys, a)] == [0.5, -3.0, -4.5, -6.0]
    assert function.recordings == 1


@every_executor
def test_bool_is_a_guard_with_the_users_line(executor):
    def function(x):
        return x * 2 if (x > 0) & (x < 3) else -x if x != 0 else x + 1

    compiled = compile(executor=executor)(function)
    for number in (1.0, 2.0, 5.0, -1.0, 0.0, 1.5, nan):
        found, expected = compiled(Value(number)).data, function(Value(number)).data
        assert found == expected or found != found != expected
    assert "else -x if x != 0" in compiled.explain()


def test_a_comparison_whose_truth_is_asked_is_decided_by_its_numbers():
    """By the guard that there has always been, and not by an equality of its outcome."""

    def function(x, y):
        holds = x < y
        return x * 1 if not holds else y * 2

    compiled = compile(function)
    compiled(Value(1.0), Value(2.0))
    (program,) = compiled.programs()
    (guard,) = program.guards.guards
    assert (guard.op, guard.outcome) == ("<", True)
    assert not program.guards.exact
    assert not np.isin(program.tape.codes, [CODES[name] for name in HOLDS]).any()


READ = {
    "index": lambda x: [1.0, 2.0][x > 0],
    "take": lambda x: ag.take([1.0, 2.0], x > 0),
    "key": lambda x: {True: 1.0, False: 2.0}[x > 0],
    "text": lambda x: f"{x > 0}",
    "int": lambda x: int(x > 0) + [5, 6][int(x > 0)],
    "shift": lambda x: (x > 0) << 2,
    "and": lambda x: (x > 0) and (x < 2),
    "not": lambda x: not x > 0,
    "chain": lambda x: 0 < x < 2,
    "count": lambda x: [x > 0, x > 1].count(True),
    "in": lambda x: True in (x > 0, x > 1),
    "of ints": lambda x: (x > 0) & 3,
    "sorted": lambda x: sorted([x > 0, x > 1, x > -1]),
    "filter": lambda x: sum(1 for y in (x, x - 1) if y > 0),
    "isinstance": lambda x: isinstance(x > 0, bool) and isinstance(x > 0, int),
    "real": lambda x: (x > 0).real,
    "division": lambda x: 1 / (x > 0),
    "power": lambda x: (x > 0) ** 2,
    "list": lambda x: [7] * (x > 0),
    "range": lambda x: [*range(x > 0)],
}


@pytest.mark.parametrize("function", READ.values(), ids=READ)
def test_what_needs_the_bool_itself_reads_it(function):
    compiled = compile(function)
    for number in (1.0, -1.0, 3.0, nan, 0.5, -2.0):
        expected = found = None
        try:
            expected = function(number)
        except ZeroDivisionError:
            with pytest.raises(ZeroDivisionError):
                compiled(number)
        else:
            found = compiled(number)
        assert (type(found), found) == (type(expected), expected)


def test_eager_code_sees_the_bools_of_python():
    x, y = Value(1.0), Value(2.0)
    for holds in (x < y, x <= y, x > y, x >= y, x == 1.0, x != 1.0, x.isnan(), ag.isfinite(x)):
        assert type(holds) is bool
    assert math.isnan(Value(nan).data)
    assert Value(nan).isnan()
    assert (x == y) is False
    assert (x != y) is True
