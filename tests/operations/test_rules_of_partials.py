"""The rules that partials are made of, which have no function: in every executor, both builds."""

import math
import random
from array import array
from itertools import product

import numpy as np
import pytest

import autograd_lite as al
from autograd_lite import Value
from autograd_lite.compiler.choice import ExecutorChoice
from autograd_lite.compiler.tape.opcodes import LEAF
from autograd_lite.compiler.tape.tape import Tape
from autograd_lite.nary import binary_of, in_pairs, unary_of
from autograd_lite.operations import kernels
from autograd_lite.operations.rules import CODES, RULES
from tests.operations.test_kernels import EDGES
from tests.support.differences import check_partials, number
from tests.support.rules import bits

mpmath = pytest.importorskip("mpmath")

NAMES = ["larger", "gaussian", "normal_cdf", "times_sigmoid", "sinpi", "cospi", "sinc_derivative"]
every_rule = pytest.mark.parametrize("rule", [RULES[CODES[name]] for name in NAMES],
                                     ids=lambda rule: rule.name)  # fmt: skip
inf, nan = math.inf, math.nan


def node(rule, *operands):
    if len(operands) - rule.static == 2:
        return binary_of(rule.code, *map(Value, operands))
    return unary_of(rule.code, Value(operands[0]), operands[1] if rule.static else 0.0)


@every_rule
def test_the_partials_are_the_slopes(rule):
    rng = random.Random(rule.name)
    for _ in range(30):
        *operands, last = [number(rng, domain) for domain in rule.domain]
        c = [last] * rule.static
        operands += [last] * (not rule.static)
        partials = node(rule, *operands, *c).partials
        check_partials(lambda *xs, c=c: node(rule, *xs, *c).data, operands, partials)


@every_rule
@pytest.mark.skipif(not al.compiled, reason="interpreted: the twin is all there is")
def test_both_builds_give_the_same_bits(rule):
    whole = rule.name == "sinc_derivative"
    last = [0.0, 1.0, 2.0, 3.0] if whole else [0.5, 1.0] if rule.static else EDGES
    for operands in product(*[EDGES] * (len(rule.operands) - 1), last):
        made = node(rule, *operands)
        twin = kernels.FUNCTIONS[rule.code](*operands, *[0.0] * (rule.operands == "x"))
        assert list(map(bits, (made.data, *made.partials))) == list(map(bits, twin)), operands


@pytest.mark.parametrize("order", range(6))
def test_the_derivatives_of_sinc(order):
    rng = random.Random(order)
    with mpmath.mp.workdps(60):
        for x in [0.0, 1e-300, 1e-9, 1.0, -1.0, 2.0, *[rng.uniform(-4, 4) for _ in range(30)]]:
            exact = mpmath.diff(mpmath.sincpi, mpmath.mpf(x), order)
            found = node(RULES[CODES["sinc_derivative"]], x, float(order)).data
            assert found == pytest.approx(float(exact), rel=1e-12, abs=2e-14 * math.pi**order)


def test_the_larger_of_two_is_what_largest_finds():
    """The first of equals and the last NaN, to which the derivative goes."""
    for x, y in product([*EDGES, 1.0], repeat=2):
        made = node(RULES[CODES["larger"]], x, y)
        assert bits(made.data) == bits(al.largest([x, y]))
        assert made.partials == ((0.0, 1.0) if y > x or y != y else (1.0, 0.0))


def test_a_gaussian_is_flat_where_it_is_0():
    for x in (50.0, inf, -inf):
        made = node(RULES[CODES["gaussian"]], x, 1.0)
        assert (made.data, made.partials) == (0.0, (0.0,))


# ---------------------------------------------------------------------------------------- chain

CHAIN = CODES["chain"]


def test_a_chain_is_a_sum_of_products_in_which_a_0_stays_0():
    xs, ys = [Value(2.0), Value(0.0), Value(-1.5)], [Value(3.0), Value(inf), Value(4.0)]
    made = in_pairs(CHAIN, xs, ys)
    assert (made.data, made.rule.name, made.parents) == (0.0, "chain", (*xs, *ys))
    assert made.partials == (3.0, inf, 4.0, 2.0, 0.0, -1.5)
    made.backward()
    assert [x.grad for x in (*xs, *ys)] == [3.0, inf, 4.0, 2.0, 0.0, -1.5]


def test_a_chain_of_numbers_is_a_number_and_among_values_a_parent():
    assert in_pairs(CHAIN, [2.0, 0.0], [3.0, nan]) == 6.0
    x = Value(2.0)
    made = in_pairs(CHAIN, [x, 0.0], [3.0, nan])
    assert [parent.is_constant for parent in made.parents] == [False, True, True, True]
    assert (made.data, made.partials[0]) == (6.0, 3.0)
    with pytest.raises(ValueError, match="the lengths differ, 2 and 1"):
        in_pairs(CHAIN, [x, 0.0], [3.0])


@pytest.mark.parametrize("executor", ["interpret", "numpy"])
@pytest.mark.parametrize("ys", [[3.0, -1.0, 4.0], [3.0, inf, 4.0]], ids=["finite", "infinite"])
def test_a_chain_in_a_program(executor, ys):
    n = 3
    xs = [2.0, 0.0, -1.5]
    codes, offsets = [LEAF] * 2 * n + [CHAIN], [0] * 2 * n + [0, 2 * n]
    slots = [*range(2 * n), -1]
    tape = Tape(codes, offsets, np.arange(2 * n), np.zeros(2 * n + 1), slots, [2 * n], 2 * n)
    choice = ExecutorChoice(tape, [*range(2 * n)], executor, False)
    for _ in range(3):
        run = choice.forward(array("d", xs + ys), array("q"), ())
        assert run.outputs.tolist() == [0.0]
        assert run.gradient([1.0]).tolist() == [*ys, *xs]


@every_rule
@pytest.mark.parametrize("executor", ["interpret", "numpy"])
def test_in_a_program(rule, executor):
    n = len(rule.operands) - rule.static
    c = 1.0 if rule.static else 0.0
    tape = Tape([LEAF] * n + [rule.code], [0] * n + [0, n], range(n), [0.0] * n + [c],
                [*range(n), -1], [n], n)  # fmt: skip
    choice = ExecutorChoice(tape, [*range(n)], executor, False)
    rng = random.Random(rule.name)
    for _ in range(20):
        operands = [number(rng, domain) for domain in rule.domain[:n]]
        made = node(rule, *operands, *[c] * rule.static)
        run = choice.forward(array("d", operands), array("q"), ())
        assert run.outputs[0] == pytest.approx(made.data, rel=1e-12)
        assert run.gradient([1.0]).tolist() == pytest.approx(list(made.partials), rel=1e-12)
