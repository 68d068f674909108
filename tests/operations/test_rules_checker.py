"""The checker that guards the rule table rejects wrong derivatives."""

import math
import random

import pytest

from autograd_lite.operations import kernels
from autograd_lite.operations.formulas import to_text
from autograd_lite.operations.rules import RULES, Rule
from autograd_lite.testing.strategies import smooth
from tests.support.differences import check_partials, domains, number
from tests.support.rules import OPERATIONS, apply


def points(rule, n=12):
    """Fixed operands inside the domain of the rule."""
    draw = random.Random(1)
    found = []
    while len(found) < n:
        operands = tuple(number(draw, domain) for domain in domains(rule))
        if smooth(rule, operands):
            found.append(operands)
    return found


def wrong(tree):
    """What a slip of the pen would make of a function in a formula."""
    swapped = {"+": "-", "-": "+", "*": "/", "/": "*"}
    match tree:
        case (sign, x, y) if sign in swapped:
            return [x, y, (swapped[sign], x, y)]
        case ("where", _, x, y):
            return [x, y]
        case (_, x):
            return [x]
    return []


def slips(tree):
    """The formula with one slip of the pen, wherever it may be."""
    yield from wrong(tree)
    if isinstance(tree, tuple):
        for i, x in enumerate(tree[1:], 1):
            yield from ((*tree[:i], slip, *tree[i + 1 :]) for slip in slips(x))


def mutants(tree):
    """The formula with a wrong sign, a factor or term too many or too few, a function dropped."""
    yield from (("-", tree), ("*", 2, tree), ("/", tree, 2), ("+", tree, 1), 0)
    yield from slips(tree)


def trees(rule):
    return [partial.tree for partial in rule.partials]


def evaluator(rule, partials):
    """The partials of the rule by these formulas, evaluated at operands as the engine does."""
    code = len(RULES)
    RULES.append(Rule(rule.name, rule.operands, rule.value.text, *map(to_text, partials)))
    try:
        kernel = kernels.FUNCTIONS[code]
    finally:
        kernels.FUNCTIONS.pop(code, None)
        RULES.pop()
    if not rule.nary:
        return lambda operands: kernel(*operands, *[0.0] * (rule.operands == "x"))[1:]
    return lambda xs: [kernel(x, len(xs), apply(rule, *xs))[0] for x in xs]


def passes(rule, partials):
    partials_at = evaluator(rule, partials)
    try:
        for operands in points(rule):
            check_partials(lambda *xs: apply(rule, *xs), operands, partials_at(operands))
    except (AssertionError, ValueError):  # a ValueError of polygamma, of an order below 0
        return False
    return True


def equal(rule, partials):
    """Whether the formulas are the rule's own at all the points, so that no check can tell."""
    right, mutated = evaluator(rule, trees(rule)), evaluator(rule, partials)
    try:
        return all(
            math.isclose(x, y, rel_tol=1e-4, abs_tol=1e-4)
            for operands in points(rule)
            for x, y in zip(right(operands), mutated(operands), strict=True)
        )
    except ValueError:
        return False


# The formula of dot, its other factor, stands in the engine.
@pytest.mark.parametrize("rule", [r for r in OPERATIONS if r.name != "dot"], ids=lambda r: r.name)
def test_wrong_partials_are_rejected(rule):
    right = trees(rule)
    assert passes(rule, right)
    for i, tree in enumerate(right):
        rejected = 0
        for mutant in mutants(tree):
            partials = [*right[:i], mutant, *right[i + 1 :]]
            assert passes(rule, partials) == equal(rule, partials), f"{tree} as {mutant}"
            rejected += not equal(rule, partials)
        assert rejected


def test_the_message_names_operand_partial_and_slope():
    with pytest.raises(AssertionError, match=r"at \(3.0, 5.0\), by operand 1: the partial is 4.0"):
        check_partials(lambda x, y: x * y, (3.0, 5.0), (5.0, 4.0))


def test_a_small_slope_is_not_taken_for_zero():
    with pytest.raises(AssertionError, match=r"the partial is 0\.0"):
        check_partials(lambda x: 1e-4 * x, (1.0,), (0.0,))
