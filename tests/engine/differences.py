"""Partial derivatives against central differences: the checker of the rule table."""

import sys

from hypothesis import strategies as st

from autograd_lite.testing.strategies import smooth

STEP = sys.float_info.epsilon ** (1 / 3)
TOLERANCE_MIN, TOLERANCE_RELATIVE = 1e-8, 1e-6
N = 4  # operands of an n-ary rule


def intervals(rule):
    """The interval to sample for each operand."""
    return rule.domain[:1] * N if rule.nary else rule.domain


def samples(rule):
    """Operands from the domain of a rule, away from its kinks and ties."""
    operands = [
        st.floats(low, high).filter(lambda x: all(abs(x - kink) > 1e-3 for kink in rule.kinks))
        for low, high in intervals(rule)
    ]
    return st.tuples(*operands).filter(lambda xs: smooth(rule, xs))


def central_difference(function, operands, i):
    """(f(x + h) - f(x - h)) / 2h in operand i."""
    x = operands[i]
    h = STEP * max(1.0, abs(x))
    above = function(*operands[:i], x + h, *operands[i + 1 :])
    below = function(*operands[:i], x - h, *operands[i + 1 :])
    return (above - below) / ((x + h) - (x - h))


def check_partials(function, operands, partials):
    """Raise AssertionError if a partial is not the slope of function in the operand beside it."""
    for i, partial in enumerate(partials):
        slope = central_difference(function, operands, i)
        tolerance = max(TOLERANCE_MIN, TOLERANCE_RELATIVE * (abs(partial) + abs(slope)) / 2)
        assert abs(partial - slope) <= tolerance, (
            f"at {operands}, by operand {i}: the partial is {partial}, the slope {slope}"
        )
