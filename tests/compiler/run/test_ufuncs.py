"""Every formula of the rule table as operations on arrays, against the engine's own functions."""

import math
from array import array

import numpy as np
import pytest

from autograd_lite.compiler.lift.instructions import Ref
from autograd_lite.compiler.lift.specialized import (
    partials_of,
    value_of,
)
from autograd_lite.compiler.plan.groups import Loop, Statement
from autograd_lite.compiler.run import native
from autograd_lite.compiler.run.binder import Binder
from autograd_lite.compiler.run.operations import compile_calls
from autograd_lite.compiler.run.ufuncs import steps_of
from autograd_lite.compiler.tape.executor import UserResults
from autograd_lite.operations import kernels
from autograd_lite.operations.formulas import parse
from autograd_lite.operations.rules import RULES, TABLE

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
    loop = Loop((n,), [Statement(Ref(len(refs) * n, (1,)), what.tree, refs)])
    with np.errstate(all="ignore"):
        calls = Binder(memory, np.zeros(0, np.int64), UserResults(array("d"))).bind([loop])
        compile_calls(calls)()
    return memory[-n:]


def statics(rule):
    if not rule.static:
        return [0.0]
    return {
        "polygamma": [0.0, 1.0],
        "pow_c": [-2.0, -1.5, -1.0, -0.5, 0.5, 1.5, 3.0, 2.7, 5.0, math.nan],
    }.get(rule.name, [0.0, 0.3, 2.0])


@pytest.mark.parametrize("in_c", sorted({native.IN_C, False}))
@pytest.mark.parametrize("rule", FIXED, ids=[rule.name for rule in FIXED])
def test_value_and_partials(monkeypatch, rule, in_c):
    monkeypatch.setattr(native, "IN_C", in_c)
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
    ("text", "steps"),
    [
        ("x", [("copyto", ("x",), "result")]),
        ("x * y + 1", [("multiply", ("x", "y"), "result"), ("add", ("result", 1.0), "result")]),
        ("where(y <= x, x, y)", [("maximum", ("y", "x"), "result")]),
        ("where(x < y, 0, 1)", [("greater_equal", ("x", "y"), "result")]),
        (
            "where(x < 0, exp(x), x)",
            [
                ("copyto", ("x",), "result"),
                ("less", ("x", 0.0), "c0"),
                ("exp", ("x",), "t0"),
                ("copyto", ("t0", "c0"), "result"),
            ],
        ),
    ],
)
def test_the_steps_of_a_formula(text, steps):
    assert steps_of(parse(text)) == steps
