"""The checker is checked: for every rule it catches every usual mistake in a derivative."""

import random

import pytest

from autograd_lite import Value, tanh
from autograd_lite.operations import ieee
from autograd_lite.operations.formulas import CONSTANTS, to_python
from autograd_lite.operations.rules import OPERATIONS
from autograd_lite.testing import GradientError, check_grad
from autograd_lite.testing.spelling import call
from autograd_lite.testing.strategies import smooth

every_rule = pytest.mark.parametrize("rule", OPERATIONS, ids=lambda rule: rule.name)

NAMES = vars(ieee) | CONSTANTS


def points(rule, n=3):
    """Fixed operands in the domain of the rule, away from kinks and ties."""
    draw = random.Random(1)
    domain = rule.domain[:1] * 4 if rule.nary else rule.domain
    found = []
    while len(found) < n:
        xs = [draw.choice(d) if isinstance(d, range) else draw.uniform(*d) for d in domain]
        if smooth(rule, xs):
            found.append(xs)
    return found


def split(rule, operands):
    """The parents' numbers and, if there is one, the static parameter."""
    n = len(operands) - rule.static
    return operands[:n], operands[n:]


def true_node(rule, operands):
    parents, static = split(rule, operands)
    return call(rule, *map(Value, parents), *static)


# ---------------------------------------------------------------------------- the mistakes


def with_a_term_less(tree):
    """The formula without one term of a sum within it; None if there is no sum."""
    match tree:
        case ("+" | "-", x, _):
            return x
        case (function, *operands):
            for i, x in enumerate(operands):
                if (less := with_a_term_less(x)) is not None:
                    return (function, *operands[:i], less, *operands[i + 1 :])
    return None


def dropped_term(rule, operands, partials):
    formulas = [with_a_term_less(formula.tree) or 0 for formula in rule.partials]
    parents, static = split(rule, operands)
    out = true_node(rule, operands).data
    names = NAMES | {"out": out, "c": static[0] if static else 0.0, "n": float(len(parents))}
    if not rule.nary:
        names |= dict(zip("xyz", parents, strict=False))
        return [eval(to_python(formula), names) for formula in formulas]
    return [eval(to_python(formulas[0]), names | {"x": x, "y": 0.0}) for x in parents]


def off(partial):
    return partial + 1e-3 * max(1.0, abs(partial))


# name -> (rule, operands, partials) -> wrong partials
WRONG_PARTIALS = {
    "dropped term": dropped_term,
    "wrong sign": lambda rule, xs, partials: [-p for p in partials],
    "factor 2": lambda rule, xs, partials: [2 * p for p in partials],
    "swapped parents": lambda rule, xs, partials: [*partials[1:], partials[0]],
    "off by 1e-3": lambda rule, xs, partials: [off(p) for p in partials],
    "wrong for negative inputs": lambda rule, xs, partials: [
        2 * p if x < 0 else p for x, p in zip(xs, partials, strict=False)
    ],
}

# name -> (parent, cotangent): how the cotangent is sent wrongly
WRONG_SENDING = {
    "= for +=": lambda parent, cotangent: setattr(parent, "grad", cotangent),
    "wrong under fan-out": lambda parent, cotangent: setattr(
        parent, "grad", parent.grad + cotangent * (0.5 if parent.grad else 1.0)
    ),
}

FLAT = {"sign", "floor", "ceil", "trunc", "round", "floordiv"}  # their derivative is 0
POSITIVE = {
    "pow_c", "reciprocal", "sqrt", "cbrt", "log", "log2", "log10", "acosh", "lgamma", "polygamma",
}  # fmt: skip
UNARY = {r.name for r in OPERATIONS if len(r.operands) - r.static == 1 and not r.nary}

# What is no mistake in these rules, as it changes no partial.
NO_MISTAKE = {
    "dropped term": FLAT,
    "wrong sign": FLAT,
    "factor 2": FLAT,
    "= for +=": FLAT,
    "wrong under fan-out": FLAT,
    "swapped parents": UNARY | {"add", "floordiv", "sum", "mean"},
    "wrong for negative inputs": FLAT | POSITIVE | {"relu"},
    "off by 1e-3": set(),
}


def by_hand(rule, wrong=lambda rule, xs, partials: partials, send=None):
    """The rule as an operation made by hand, with wrong partials or wrong sending."""

    def operate(*operands):
        parents, static = split(rule, operands)
        numbers = [x.data for x in parents]
        out = Value(call(rule, *numbers, *static), parents, rule.name)

        def backward():
            partials = wrong(
                rule, [*numbers, *static], true_node(rule, [*numbers, *static]).partials
            )
            for parent, partial in zip(parents, partials, strict=True):
                if send is None:
                    parent.grad += out.grad * partial
                else:
                    send(parent, out.grad * partial)

        out._backward = backward
        return out

    return operate


def changes(rule, operands, wrong):
    """Whether the mistake shows at these operands."""
    right = true_node(rule, operands).partials
    mistaken = wrong(rule, operands, right)
    return any(abs(p - q) > 1e-4 * max(1.0, abs(p)) for p, q in zip(right, mistaken, strict=True))


def check_at(rule, operation, operands):
    parents, static = split(rule, operands)
    return check_grad(lambda *xs: operation(*xs, *static), *parents)


@every_rule
def test_the_right_partials_pass(rule):
    for operands in points(rule, n=6):
        report = check_at(rule, by_hand(rule), operands)
        assert report.compared > 0
        assert report.excluded == ()


@pytest.mark.once
@every_rule
@pytest.mark.parametrize("mistake", WRONG_PARTIALS)
def test_wrong_partials_are_caught(rule, mistake):
    wrong = WRONG_PARTIALS[mistake]
    shown = [operands for operands in points(rule) if changes(rule, operands, wrong)]
    assert bool(shown) is (rule.name not in NO_MISTAKE[mistake])
    for operands in shown:
        with pytest.raises(GradientError, match="first apart at") as caught:
            check_at(rule, by_hand(rule, wrong), operands)
        assert caught.value.fault.node._op == rule.name


@pytest.mark.once
@every_rule
@pytest.mark.parametrize("mistake", WRONG_SENDING)
def test_wrong_sending_is_caught(rule, mistake):
    operation = by_hand(rule, send=WRONG_SENDING[mistake])
    shown = [operands for operands in points(rule) if any(true_node(rule, operands).partials)]
    assert bool(shown) is (rule.name not in NO_MISTAKE[mistake])
    for operands in shown:
        with pytest.raises(GradientError, match="used twice"):
            check_at(rule, operation, operands)


def test_every_exemption_is_one():
    """The tests above pass over no rule but those that are named."""
    names = {rule.name for rule in OPERATIONS}
    assert set(NO_MISTAKE) == set(WRONG_PARTIALS) | set(WRONG_SENDING)
    assert all(exempt <= names for exempt in NO_MISTAKE.values())


@every_rule
def test_the_node_at_fault_is_named_within_a_larger_graph(rule):
    wrong = WRONG_PARTIALS["off by 1e-3"]
    for operands in points(rule, n=2):
        parents, static = split(rule, operands)

        def f(*xs, static=static):
            inner = [tanh(x) * 1e-3 + x for x in xs]  # close to x, so within the domain
            return by_hand(rule, wrong)(*inner, *static) * 0.5 + xs[0] * xs[-1]

        with pytest.raises(GradientError) as caught:
            check_grad(f, *parents)
        assert caught.value.fault.node._op == rule.name
