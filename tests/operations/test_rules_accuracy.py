"""Values and partials are as near to the exact ones as docs/accuracy.md promises."""

import importlib.util
import math
import random
from pathlib import Path

import pytest

from autograd_lite import Value
from tests.support.differences import number
from tests.support.rules import OPERATIONS

mpmath = pytest.importorskip("mpmath")

DOCS = Path(__file__).parents[2] / "docs"
_spec = importlib.util.spec_from_file_location("accuracy", DOCS / "accuracy.py")
accuracy = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(accuracy)

SAMPLES = 100
every_rule = pytest.mark.parametrize("rule", OPERATIONS, ids=lambda rule: rule.name)


@every_rule
def test_the_bounds_hold(rule):
    of_value, of_partials = accuracy.errors(rule, SAMPLES)
    bounds = accuracy.CASES[rule.name].bounds
    assert of_value <= bounds[0]
    assert of_partials <= bounds[1]


@every_rule
def test_what_is_compared_with_is_the_derivative(rule):
    """The partials of the reference, against mpmath's differences of its value."""
    case = accuracy.CASES[rule.name]
    rng = random.Random(rule.name)
    domains = rule.domain[:1] * accuracy.N if rule.nary else rule.domain
    with mpmath.mp.workdps(60):
        for _ in range(10):
            point = [mpmath.mpf(number(rng, domain)) for domain in domains]
            for i, partial in enumerate(case.partials):
                slope = mpmath.diff(
                    lambda x, i=i, xs=point: case.value(*xs[:i], x, *xs[i + 1 :]), point[i]
                )
                assert mpmath.almosteq(slope, mpmath.mpf(partial(*point)), 1e-20, 1e-20)


@pytest.mark.parametrize("x", [-709.7, -709.8, -712.0, -716.0])
def test_silu_where_exp_overflows(x):
    """Hardly any sample is drawn there."""
    y = Value(x).silu()
    case = accuracy.CASES["silu"]
    with mpmath.mp.workdps(accuracy.DIGITS):
        assert accuracy.ulps(y.data, case.value(mpmath.mpf(x)), 0) <= case.bounds[0]
        assert accuracy.ulps(*y.partials, case.partials[0](mpmath.mpf(x)), 0) <= case.bounds[1]


def test_the_page_states_the_bounds_that_are_tested():
    rows = [line for line in (DOCS / "accuracy.md").read_text().splitlines() if "| `" in line]
    promised = [accuracy.promise(rule) for rule in accuracy.measured()]
    assert len(rows) == len(promised) == len(OPERATIONS)
    for row, promise in zip(rows, promised, strict=True):
        cells, expected = row.split(" | "), promise.split(" | ")
        assert all(
            cell == text for cell, text in zip(cells, expected, strict=True) if text != "{}"
        ), row


@pytest.mark.parametrize(
    ("name", "naive"),
    [
        ("log1p", lambda x: math.log(1 + x)),
        ("softplus", lambda x: math.log(1 + math.exp(x))),
        ("sigmoid", lambda x: 1 - 1 / (1 + math.exp(x))),
        ("gelu", lambda x: x * (1 + math.erf(x / math.sqrt(2))) / 2),
        ("erfc", lambda x: 1 - math.erf(x)),
        ("sin", lambda x: math.nan),
    ],
)
def test_a_naive_formula_would_not_pass(name, naive, monkeypatch):
    def node(rule, xs):
        try:
            return Value(naive(*xs))
        except (OverflowError, ValueError):
            return Value(0.0)

    monkeypatch.setattr(accuracy, "node", node)
    rule = next(rule for rule in OPERATIONS if rule.name == name)
    of_value, _ = accuracy.errors(rule, SAMPLES)
    assert of_value > accuracy.CASES[name].bounds[0]
