"""Hypothesis strategies of numbers: Values, and operands of a rule."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from itertools import combinations
from typing import Any

from hypothesis import strategies as st

from autograd_lite import Value
from autograd_lite.operations.rules import Domain, Rule
from autograd_lite.testing.spelling import rule_of

__all__ = ["inputs_for", "values"]

APART = 1e-3  # how far operands stay from kinks and ties


@cache
def numbers(low: float, high: float) -> st.SearchStrategy[float]:
    """Floats of an interval; made once, as hypothesis takes time to check a strategy."""
    return st.floats(low, high, allow_subnormal=False).map(lambda x: x + 0.0)  # no -0.0


def numbers_of(domain: Domain) -> st.SearchStrategy[float]:
    """Numbers of an operand's domain."""
    if isinstance(domain, range):
        return st.sampled_from(domain).map(float)
    return numbers(*domain)


@cache
def below(n: int) -> st.SearchStrategy[int]:
    """Ints from 0 to n - 1."""
    return st.integers(0, n - 1)


@st.composite
def values(
    draw: st.DrawFn, min_value: float = -3.0, max_value: float = 3.0, label: str = ""
) -> Value:
    """Leaves with a number between min_value and max_value, both included."""
    return Value(draw(numbers(min_value, max_value)), label=label)


def smooth(rule: Rule, operands: Sequence[float]) -> bool:
    """True if the operands are off the rule's kinks, and off ties if these are kinks."""
    tied = rule.ties and any(abs(x - y) < APART for x, y in combinations(operands, 2))
    parents = operands[: len(operands) - rule.static]
    return not tied and all(abs(x - kink) > APART for x in parents for kink in rule.kinks)


def inputs_for(rule: Rule | str | Callable[..., Any]) -> st.SearchStrategy[tuple[float, ...]]:
    """Operands of a rule, from its domain in the table, at least 1e-3 away from kinks and ties.

    rule  the rule, its name, or the function of the operation

    They are in the order of the rule's formulas: a static parameter c is the last one. An n-ary
    rule gets one to four operands, `dot` two or four, the second half being the other side.
    """
    rule = rule_of(rule)

    def operands(domains: Sequence[Domain]) -> st.SearchStrategy[tuple[float, ...]]:
        return st.tuples(*map(numbers_of, domains)).filter(lambda xs: smooth(rule, xs))

    if not rule.nary:
        return operands(rule.domain)
    sizes = (2, 4) if rule.name == "dot" else (1, 2, 3, 4)
    return st.sampled_from(sizes).flatmap(lambda n: operands(rule.domain[:1] * n))
