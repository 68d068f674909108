"""What rules give where they have no derivative, or no number: IEEE 754, and PyTorch's choices."""

from math import inf, log, nan, pi

import pytest

from tests.support.rules import OPERATIONS, OPERATORS, apply, apply_to_values, bits, parents_among

RULE = {rule.name: rule for rule in OPERATIONS}

# rule, operands, value, partials
EDGES = [
    # poles and overflow: never an exception
    ("div", (1, 0), inf, (inf, -inf)),
    ("div", (-1, 0), -inf, (inf, inf)),
    ("div", (1, -0.0), -inf, (-inf, -inf)),
    ("div", (0, 0), nan, (inf, nan)),
    ("div", (inf, inf), nan, (0, nan)),
    ("reciprocal", (0,), inf, (-inf,)),
    ("reciprocal", (-0.0,), -inf, (-inf,)),
    ("mul", (1e200, 1e200), inf, (1e200, 1e200)),
    ("mul", (0, inf), nan, (inf, 0)),
    ("add", (inf, -inf), nan, (1, 1)),
    ("sub", (inf, inf), nan, (1, -1)),
    ("square", (1e200,), inf, (2e200,)),
    ("exp", (1000,), inf, (inf,)),
    ("exp", (-1000,), 0, (0,)),
    ("exp", (-inf,), 0, (0,)),
    ("exp2", (1024,), inf, (inf,)),
    ("expm1", (1000,), inf, (inf,)),
    ("expm1", (-inf,), -1, (0,)),
    ("sinh", (1000,), inf, (inf,)),
    ("sinh", (-1000,), -inf, (inf,)),
    ("cosh", (-1000,), inf, (-inf,)),
    ("tanh", (1000,), 1, (0,)),
    # the ends of domains
    ("log", (0,), -inf, (inf,)),
    ("log", (-0.0,), -inf, (-inf,)),
    ("log", (-1,), nan, (-1,)),
    ("log", (inf,), inf, (0,)),
    ("log2", (0,), -inf, (inf,)),
    ("log10", (0,), -inf, (inf,)),
    ("log1p", (-1,), -inf, (inf,)),
    ("log1p", (-2,), nan, (-1,)),
    ("sqrt", (0,), 0, (inf,)),
    ("sqrt", (-1,), nan, (nan,)),
    ("sqrt", (inf,), inf, (0,)),
    ("cbrt", (0,), 0, (inf,)),
    ("cbrt", (-8,), -2, (1 / 12,)),
    ("cbrt", (-inf,), -inf, (0,)),
    ("asin", (1,), pi / 2, (inf,)),
    ("asin", (2,), nan, (nan,)),
    ("acos", (-1,), pi, (-inf,)),
    ("acosh", (1,), 0, (inf,)),
    ("acosh", (-3,), nan, (nan,)),
    ("atanh", (1,), inf, (inf,)),
    ("atanh", (-1,), -inf, (inf,)),
    ("atanh", (2,), nan, (-1 / 3,)),
    ("sin", (inf,), nan, (nan,)),
    ("atan", (inf,), pi / 2, (0,)),
    ("lgamma", (0,), inf, (-inf,)),
    ("lgamma", (-0.0,), inf, (inf,)),
    ("lgamma", (-1,), inf, (nan,)),
    ("lgamma", (inf,), inf, (inf,)),
    ("polygamma", (0, 1), inf, (-inf,)),
    ("polygamma", (-1e-300, 1), inf, (inf,)),
    ("polygamma", (inf, 1), 0, (0,)),
    ("polygamma", (1, 200), nan, (nan,)),
    # powers
    ("pow", (0, 0), 1, (0, 0)),
    ("pow", (0, 2), 0, (0, 0)),
    ("pow", (0, -1), inf, (-inf, -inf)),
    ("pow", (-0.0, -1), -inf, (-inf, inf)),
    ("pow", (-2, 3), -8, (12, nan)),
    ("pow", (-8, 1 / 3), nan, (nan, nan)),
    ("pow", (5, 0), 1, (0, log(5))),
    ("pow", (nan, 0), 1, (0, nan)),
    ("pow", (1, nan), 1, (nan, 0)),
    ("pow", (10, 1000), inf, (inf, inf)),
    ("pow", (inf, -1), 0, (0, nan)),
    ("pow_c", (0, 0), 1, (0,)),
    ("pow_c", (0, 0.5), 0, (inf,)),
    ("pow_c", (0, 1), 0, (1,)),
    ("pow_c", (0, 2), 0, (0,)),
    ("pow_c", (0, -1), inf, (-inf,)),
    ("pow_c", (-2, 3), -8, (12,)),
    ("pow_c", (-8, 1 / 3), nan, (nan,)),
    ("pow_c", (-1e200, 3), -inf, (inf,)),
    ("pow_c", (nan, 0), 1, (0,)),
    # kinks
    ("abs", (0,), 0, (0,)),
    ("abs", (-0.0,), 0, (0,)),
    ("abs", (-inf,), inf, (-1,)),
    ("sign", (0,), 0, (0,)),
    ("relu", (0,), 0, (0,)),
    ("relu", (-0.0,), 0, (0,)),
    ("relu", (-inf,), 0, (0,)),
    ("leaky_relu", (0, 0.1), 0, (0.1,)),
    ("elu", (0, 1.5), 0, (1.5,)),
    ("selu", (0,), 0, (1.0507009873554805 * 1.6732632423543772,)),
    ("floor", (-0.5,), -1, (0,)),
    ("floor", (-inf,), -inf, (0,)),
    ("ceil", (-0.5,), -0.0, (0,)),
    ("round", (0.5,), 0, (0,)),
    ("round", (1.5,), 2, (0,)),
    ("round", (-2.5,), -2, (0,)),
    ("copysign", (0, -1), -0.0, (0, 0)),
    ("copysign", (3, -0.0), -3, (-1, 0)),
    ("atan2", (0, 0), 0, (0, 0)),
    ("atan2", (0, -1), pi, (-1, 0)),
    ("atan2", (1e200, 1e200), pi / 4, (5e-201, -5e-201)),
    ("hypot", (0, 0), 0, (nan, nan)),
    ("hypot", (1e200, 0), 1e200, (1, 0)),
    ("hypot", (inf, nan), inf, (nan, nan)),
    ("norm", (0, 0), 0, (0, 0)),
    ("norm", (3e200, -4e200), 5e200, (0.6, -0.8)),
    ("norm", (3e-200, 4e-200), 5e-200, (0.6, 0.8)),
    # ties, and bounds
    ("maximum", (2, 2), 2, (0.5, 0.5)),
    ("minimum", (2, 2), 2, (0.5, 0.5)),
    ("maximum", (inf, inf), inf, (0.5, 0.5)),
    ("maximum", (1, inf), inf, (0, 1)),
    ("clip", (1, 1, 2), 1, (1, 0, 0)),
    ("clip", (2, 1, 2), 2, (1, 0, 0)),
    ("clip", (0, 1, 2), 1, (0, 1, 0)),
    ("clip", (3, 1, 2), 2, (0, 0, 1)),
    ("clip", (0, 1, 1), 1, (0, 1, 0)),
    ("clip", (0, 2, 1), 1, (0, 0, 1)),
    ("clip", (0, -inf, inf), 0, (1, 0, 0)),
    ("where", (-0.0, 1, 2), 2, (0, 0, 1)),
    ("where", (nan, 1, 2), 1, (0, 1, 0)),
    ("where", (1, 5, nan), 5, (0, 1, 0)),
    # saturation
    ("sigmoid", (1000,), 1, (0,)),
    ("sigmoid", (-1000,), 0, (0,)),
    ("logsigmoid", (-1000,), -1000, (1,)),
    ("logsigmoid", (1000,), 0, (0,)),
    ("softplus", (1000,), 1000, (1,)),
    ("softplus", (-1000,), 0, (0,)),
    ("silu", (1000,), 1000, (1,)),
    ("silu", (-1000,), 0, (0,)),
    ("silu", (-inf,), nan, (nan,)),
    ("gelu", (40,), 40, (1,)),
    ("gelu", (-40,), 0, (0,)),
    ("gelu", (1e308,), 1e308, (1,)),
    ("erfc", (inf,), 0, (0,)),
    ("logsumexp", (1000, 1000), 1000 + log(2), (0.5, 0.5)),
    ("logsumexp", (-1000, -1000), -1000 + log(2), (0.5, 0.5)),
    ("logsumexp", (inf, 0), inf, (nan, 0)),
    ("logsumexp", (-inf, 0), 0, (0, 1)),
    ("logsumexp", (-inf, -inf), -inf, (nan, nan)),
    ("sum", (inf, -inf), nan, (1, 1)),
    ("mean", (1e308, -1e308), 0, (0.5, 0.5)),
    ("dot", (0, inf), nan, (inf, 0)),
]  # fmt: skip


@pytest.mark.parametrize(
    ("rule", "operands", "value", "partials"),
    [pytest.param(RULE[name], *rest, id=f"{name}{rest[0]}") for name, *rest in EDGES],
)
def test_the_edge(rule, operands, value, partials):
    node = apply_to_values(rule, *map(float, operands))
    assert node.data == pytest.approx(value, rel=1e-13, abs=0, nan_ok=True)
    assert node.partials == pytest.approx(partials, rel=1e-13, abs=0, nan_ok=True)
    if rule.name not in OPERATORS:  # on floats those are Python's own, which raise
        assert bits(apply(rule, *map(float, operands))) == bits(node.data)


# By their position: the condition, the arm not taken, and a number of which the sign is read.
UNREAD = {("where", 0), ("where", 2), ("copysign", 1)}


@pytest.mark.parametrize(
    ("rule", "i"),
    [
        pytest.param(rule, i, id=f"{rule.name}-{i}")
        for rule in OPERATIONS
        for i in range(len(parents_among(rule, rule.operands)))
        if (rule.name, i) not in UNREAD
    ],
)
def test_nan_is_not_lost(rule, i):
    operands = [2.0] * len(rule.operands)
    operands[i] = nan
    result = apply(rule, *operands)
    assert result != result
