"""Partial derivatives against central differences: the checker of the rule table."""

import sys

from hypothesis import strategies as st

from autograd_lite.testing.strategies import smooth

STEP = sys.float_info.epsilon ** (1 / 3)
TOLERANCE_MIN, TOLERANCE_RELATIVE = 1e-8, 1e-6
N = 4  # operands of an n-ary rule


def domains(rule):
    """The interval or range to sample for each operand.

    That of the table keeps the condition of `where` off the jump at 0. Here it is 0 as well: the
    difference of two points beside a jump is that of the arm that both take.
    """
    if rule.name == "where":
        return (range(2), *rule.domain[1:])
    return rule.domain[:1] * N if rule.nary else rule.domain


def number(draw, domain):
    """A number of the domain, drawn by a `random.Random`."""
    return float(draw.choice(domain)) if isinstance(domain, range) else draw.uniform(*domain)


def samples(rule):
    """Operands from the domain of a rule, away from its kinks and ties."""
    operands = [
        st.sampled_from(domain).map(float) if isinstance(domain, range) else st.floats(*domain)
        for domain in domains(rule)
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
