"""Comparisons in a program: numbers that are 0 or 1, in every executor, with no gradient."""

from array import array
from math import inf, nan

import numpy as np
import pytest

import autograd_lite as ag
from autograd_lite import Value
from autograd_lite.compiler.choice import ExecutorChoice
from autograd_lite.compiler.tape.interpreter import Interpreter
from autograd_lite.compiler.tape.opcodes import LEAF
from autograd_lite.compiler.tape.tape import Tape
from autograd_lite.operations import kernels
from autograd_lite.operations.rules import CODES
from tests.support.lifting import Lifted

HOLDS = {
    "less": lambda x, y: x < y,
    "less_equal": lambda x, y: x <= y,
    "equal": lambda x, y: x == y,
}
every_comparison = pytest.mark.parametrize("name", HOLDS)
EDGES = [0.0, -0.0, 1.0, -1.0, 5e-324, 1e300, inf, -inf, nan]


def comparing(name, function, *args):
    """The program of a function, in which fmod stands for the comparison."""
    lifted = Lifted(function, *args)
    lifted.tape.codes[lifted.tape.codes == CODES["fmod"]] = CODES[name]
    lifted.reference = Interpreter(lifted.tape, lifted.wrt)
    return lifted


@every_comparison
@pytest.mark.parametrize("y", EDGES)
@pytest.mark.parametrize("x", EDGES)
def test_its_kernel_is_that_of_python(name, x, y):
    for computed in (kernels.binary, kernels.FUNCTIONS.__getitem__):
        found = computed(CODES[name], x, y) if computed is kernels.binary else None
        found = found or computed(CODES[name])(x, y)
        assert found == (float(HOLDS[name](x, y)), 0.0, 0.0)


@every_comparison
def test_arrays_compare_what_they_are_given_as_ieee_has_it(name):
    pairs = [(x, y) for x in EDGES for y in EDGES]
    lifted = comparing(
        name, lambda xs, ys: [*map(ag.fmod, xs, ys)], *map(list, zip(*pairs, strict=True))
    )
    found = lifted.by_arrays(lifted.leaves, np.ones(len(pairs)))
    assert found[: len(pairs)].tolist() == [float(HOLDS[name](x, y)) for x, y in pairs]
    assert lifted.arrays.calls[0] == 1


W = [Value(0.5), Value(-1.5), Value(2.0), Value(0.1)]


@every_comparison
def test_both_executors_agree_where_it_chooses_multiplies_and_adds_up(name):
    def function(xs, y):
        below = [ag.fmod(ag.tanh(x * w), y) for x, w in zip(xs, W, strict=True)]
        chosen = [ag.where(b, x * w, ag.exp(w)) for b, x, w in zip(below, xs, W, strict=True)]
        return ag.sum(chosen) * ag.mean(below) + sum(b * w for b, w in zip(below, W, strict=True))

    lifted = comparing(name, function, [0.3, -0.7, 1.1, 0.9], Value(0.05))
    assert lifted.agrees()
    assert lifted.by_arrays(lifted.leaves, np.ones(1))[2] == 0.0  # for y, by which it decides


def test_nothing_is_sent_through_it_even_where_the_cotangent_is_infinite():
    lifted = comparing("less", lambda x, y: ag.fmod(x * W[0], 1.0) * y, Value(0.5), Value(inf))
    expected = [inf, 0.0, 0.0, 1.0]  # with respect to W[0], x and y
    assert lifted.by_reference(lifted.leaves, [1.0]).tolist() == expected
    run = lifted.run(lifted.leaves)
    assert [*run.outputs, *run.gradient([1.0])] == expected


def test_what_decides_is_computed_by_the_reference_where_it_is_not_finite():
    """log sum exp(-inf) is -inf to the reference, and NaN in arrays."""

    def function(xs):
        return ag.where(
            ag.fmod(ag.logsumexp([x * w for x, w in zip(xs, W, strict=True)]), 0.0), W[0], W[1]
        )

    lifted = comparing("less", function, [1.0, 2.0, 3.0, 4.0])
    rows = [(-inf, inf, -inf, -inf), (1.0, 2.0, 3.0, 4.0)]
    for row, falls_back in zip(rows, (True, False), strict=True):
        leaves = np.append(row, lifted.leaves[4:])
        assert (lifted.by_arrays(leaves, np.ones(1)) is None) == falls_back
    leaves = np.append(rows[0], lifted.leaves[4:])
    assert (
        lifted.run(leaves).outputs
        == lifted.reference.forward(array("d", leaves), array("q")).outputs
    )


def test_that_a_comparison_decides_is_no_reason_to_ask_the_reference():
    lifted = comparing("less", lambda x: ag.where(ag.fmod(x, 1.0), x, -x), 2.0)
    assert lifted.program.deciding.tolist() == []


def test_explain_writes_it_as_it_is_written():
    def function(xs, ys):
        return ag.sum([ag.where(ag.fmod(x, y), x, y) for x, y in zip(xs, ys, strict=True)])

    text = comparing("less_equal", function, [1.0, 2.0, 3.0], [2.0, 2.0, 2.0]).explain()
    assert "a1[3] = x <= x[3:]" in text


ROUNDED = {
    "leaves": ("equal", lambda x, y: ag.fmod(x, y), False),
    "less": ("less", lambda x, y: ag.fmod(x * y, y), False),
    "product": ("equal", lambda x, y: ag.fmod(x * y, y), True),
    "chosen": ("equal", lambda x, y: ag.fmod(ag.maximum(x, y), -y), False),
    "chosen product": ("equal", lambda x, y: ag.fmod(ag.maximum(x * y, y), y), True),
    "rounded": ("equal", lambda x, y: ag.fmod(ag.floor(x), y), False),
    "comparison": ("equal", lambda x, y: ag.fmod(ag.fmod(x, y), y), False),
    "count": ("equal", lambda x, y: ag.fmod(ag.fmod(x, y) + ag.fmod(y, x) * 2, y), False),
    "weighted": ("equal", lambda x, y: ag.fmod(ag.fmod(x, y) + ag.fmod(y, x) * 0.1, y), True),
}


@pytest.mark.parametrize(("name", "function", "rounded"), ROUNDED.values(), ids=ROUNDED)
def test_equality_is_exact_where_rounding_may_change_it(name, function, rounded):
    lifted = comparing(name, function, Value(1.0), Value(2.0))
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
