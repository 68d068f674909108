"""Every formula of the rule table as operations on arrays, against the engine's own functions."""

import math
from array import array

import numpy as np
import pytest

from autograd_lite.compiler.lift.instructions import Elementwise, Ref
from autograd_lite.compiler.lift.specialized import (
    Specialized,
    formula,
    is_zero_where,
    partials_of,
    value_of,
)
from autograd_lite.compiler.run.binder import Binder
from autograd_lite.compiler.run.operations import compile_calls
from autograd_lite.compiler.tape.executor import UserResults
from autograd_lite.operations import kernels
from autograd_lite.operations.rules import CODES, RULES, TABLE

FIXED = [rule for rule in RULES[1:TABLE] if not rule.nary]
EDGES = [0.0, -0.0, 1.0, -1.0, 2.0, -2.0, 0.5, 30.0, -30.0, 800.0, -800.0, math.inf, -math.inf]


def points(rule):
    """Operands of the rule [k, n]: from its domain, and all pairs of edges."""
    count = len(rule.operands) - rule.static
    rng = np.random.default_rng(rule.code)
    inside = [rng.uniform(*rule.domain[i], 50) for i in range(count)]
    edges = np.meshgrid(*[EDGES[: 13 if count < 3 else 7]] * count)
    return np.stack([np.append(x, e) for x, e in zip(inside, edges, strict=True)])


def computed(what, operands):
    """The formula at named operands, as the lifted program computes it."""
    n = len(next(iter(operands.values())))
    memory = np.concatenate([*operands.values(), np.full(n, 7.0)])
    refs = {name: Ref(i * n, (1,)) for i, name in enumerate(operands)}
    mapped = Elementwise((n,), Ref(len(refs) * n, (1,)), what, refs)
    with np.errstate(all="ignore"):
        calls = Binder(memory, np.zeros(0, np.int64), UserResults(array("d"))).bind([mapped])
        compile_calls(calls)()
    return memory[-n:]


def statics(rule):
    if not rule.static:
        return [0.0]
    return {
        "polygamma": [0.0, 1.0],
        "pow_c": [-2.0, -1.5, -1.0, -0.5, 0.5, 1.5, 3.0, 2.7, 5.0, math.nan],
    }.get(rule.name, [0.0, 0.3, 2.0])


@pytest.mark.parametrize("rule", FIXED, ids=[rule.name for rule in FIXED])
def test_value_and_partials(rule):
    xs = points(rule)
    for c in statics(rule):
        expected = np.array([one(rule, column, c) for column in xs.T]).T
        named = dict(zip("xyz", xs, strict=False))
        formulas = [value_of(rule.code, c), *partials_of(rule.code, c)]
        named["out"] = expected[0]
        for what, numbers in zip(formulas, expected, strict=True):
            used = {name: named[name] for name in what.names}
            got = computed(what, used) if used else np.full(len(numbers), float(str(what)))
            # Where it is not finite, the reference executor is asked anyway.
            some = np.isfinite(got)
            np.testing.assert_allclose(got[some], numbers[some], rtol=1e-12, atol=1e-13)
            assert (some | ~np.isfinite(numbers)).mean() > 0.75


def one(rule, operands, c):
    if len(operands) == 1:
        return kernels.FUNCTIONS[rule.code](float(operands[0]), c)
    return kernels.FUNCTIONS[rule.code](*map(float, operands))


@pytest.mark.parametrize(
    ("c", "text", "partial"),
    [
        (-1.0, "1 / x", "-1.0 * (1 / (x * x))"),
        (0.5, "sqrt(x)", "0.5 * (1 / sqrt(x))"),
        (3.0, "x * x * x", "3.0 * (x * x)"),
        (2.5, "power(x, 2.5)", "2.5 * (x * sqrt(x))"),
    ],
)
def test_powers_become_what_is_fast(c, text, partial):
    assert str(value_of(CODES["pow_c"], c)) == text
    assert [str(p) for p in partials_of(CODES["pow_c"], c)] == [partial]


def test_numbers_and_names():
    assert [str(p) for p in partials_of(CODES["sub"], 0.0)] == ["1", "-1.0"]
    assert partials_of(CODES["exp"], 0.0)[0].names == ("out",)
    assert formula("exp(x - out)").names == ("x", "out")


@pytest.mark.parametrize(
    ("text", "zero", "whether"),
    [
        ("x / y", {"x"}, True),
        ("x / y", {"y"}, False),
        ("x / y", {"x", "y"}, False),
        ("-out / y", {"out"}, True),
        ("2 * x", {"x"}, True),
        ("x * y", {"y"}, True),
        ("x + y", {"x"}, False),
        ("x - y", {"x", "y"}, True),
        ("where(x <= 0, 0, x)", {"x"}, True),
        ("where(x <= 0, 0, 1)", {"x"}, False),
        ("exp(x)", {"x"}, False),
        ("tanh(x)", {"x"}, True),
    ],
)
def test_what_is_zero(text, zero, whether):
    assert is_zero_where(formula(text), zero) is whether


def test_a_function_in_python_is_not_said_to_be_zero():
    mine = Specialized(("fabs", "x0"), ("x0", "place"), "fabs", code=99, part=0)
    assert not is_zero_where(mine, {"x0"})
