"""Parity with PyTorch: values and gradients of every rule at ordinary and at awkward inputs."""

import math
from itertools import product
from math import inf, nan

import pytest

from autograd_lite import Value
from tests.support.rules import OPERATIONS, apply

torch = pytest.importorskip("torch")
from tests.support.torch_rules import in_torch  # noqa: E402

SIZES = [0.0, 1e-300, 1e-8, 0.3, 0.5, 1.0, 1.7, 2.0, 3.0, 40.0, 800.0, 1e10, 1e200, 1e308, inf]
AWKWARD = [sign * size for size in SIZES for sign in (1, -1)] + [nan]
FEW = [0.0, -0.0, 1.0, -1.0, 2.0, 800.0, 1e200, inf, -inf, nan]

STATIC = {
    "pow_c": [0.0, 1.0, 2.0, 3.0, -1.0, -2.0, 1 / 3, 2.5, inf, -inf, nan],
    "leaky_relu": [0.01, 0.0, 0.5],
    "elu": [1.0, 0.5, 2.0],
    "polygamma": [0, 1, 2, 3],
}


def overflows(*xs):
    return any(x != 0 and (x * x in (0.0, inf)) for x in xs)


# Where we differ on purpose: (at these operands, for this reason).
OURS = {
    # A value of nan has a partial of nan (or none): PyTorch gives a number all the same.
    "abs": (lambda x: x != x, "nan has the slope nan, not 0"),
    "sign": (lambda x: x != x, "the sign of nan is nan, not 0"),
    "acosh": (lambda x: x < 1 or overflows(x), "nan below 1; x * x does not overflow"),
    "fmod": (
        lambda x, y: y == 0 or math.isinf(x) or (x - math.fmod(x, y)) / y != math.trunc(x / y),
        "nan has the slope nan; the quotient is that of the value, also where x / y rounds up",
    ),
    # Below bounds that are equal the value follows them, which PyTorch's gradients of 0 deny.
    "clip": (lambda x, y, z: x < y == z, "the lower one of equal bounds has the gradient"),
    # Digits that PyTorch loses.
    "asinh": (lambda x: overflows(x), "x * x does not overflow"),
    "sinc": (
        lambda x: abs(x) < 1e-7 or abs(x) >= 1,
        "pi * x is not rounded, and the quotient rule cancels no digits",
    ),
    "expm1": (lambda x: x == -40, "exp(x), not out + 1, which cancels"),
    "sigmoid": (lambda x: x == 40, "out / (1 + exp(x)), not out * (1 - out), which cancels"),
    "atan2": (lambda x, y: overflows(x, y), "the squares neither overflow nor vanish"),
    "logsumexp": (
        lambda *xs: -40 in xs or abs(max(xs)) >= 1e10,
        "exp(-40) is not lost beside 1, nor log(2) in the partials of huge operands",
    ),
    "norm": (lambda *xs: overflows(*xs), "the squares neither overflow nor vanish"),
    "polygamma": (
        lambda x, n: n < 2 or x <= 0 or x == inf,
        "PyTorch's trigamma has 9 digits, its zeta function no arguments below 0",
    ),
}


def same(ours, theirs):
    """To 12 digits; below 1e-300 doubles lose digits, so that nothing is asked there."""
    return math.isclose(ours, theirs, rel_tol=1e-12, abs_tol=1e-300) or (
        ours != ours and theirs != theirs
    )


def inputs(rule):
    """Operands as awkward as the number of them allows."""
    if rule.static:
        return product(AWKWARD, STATIC[rule.name])
    n = 4 if rule.name == "dot" else 2 if rule.nary else len(rule.operands)
    return product(AWKWARD if n < 3 else FEW, repeat=n)


def of_torch(function, operands, n):
    """The value, and the gradient of the first n operands."""
    xs = [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in operands[:n]]
    out = function(*xs, *operands[n:])
    gradients = torch.autograd.grad(out, xs, allow_unused=True)
    return out.item(), *(0.0 if g is None else g.item() for g in gradients)


def of_ours(rule, operands, n):
    xs = [Value(x) for x in operands[:n]]
    out = apply(rule, *xs, *operands[n:])
    out.backward()
    return out.data, *(x.grad for x in xs)


# PyTorch has no cube root.
@pytest.mark.parametrize("rule", [r for r in OPERATIONS if r.name != "cbrt"], ids=lambda r: r.name)
def test_as_in_pytorch(rule):
    function = in_torch(rule)
    apart, _ = OURS.get(rule.name, (lambda *xs: False, ""))
    differences = {}
    for operands in inputs(rule):
        n = len(operands) - rule.static
        ours, theirs = of_ours(rule, operands, n), of_torch(function, operands, n)
        if not all(map(same, ours, theirs)):
            differences[operands] = ours, theirs
    assert {xs: both for xs, both in differences.items() if not apart(*xs)} == {}
    assert bool(differences) == (rule.name in OURS)  # no reason without a difference


def test_a_zero_cotangent_stays_zero():
    """The one difference on purpose of the chain rule."""
    x = torch.tensor(0.0, dtype=torch.float64, requires_grad=True)
    torch.where(x > 0, torch.sqrt(x), 1.0).backward()
    v = Value(0.0)
    apply(next(r for r in OPERATIONS if r.name == "where"), v > 0, v.sqrt(), 1.0).backward()
    assert math.isnan(x.grad.item())
    assert v.grad == 0.0


@pytest.mark.parametrize("name", ["softmax", "log_softmax", "prod"])
def test_what_is_made_of_several_rules(name):
    import autograd_lite as al

    for operands in product([0.0, 1.0, -2.0, 0.3, 30.0, -30.0], repeat=3):
        xs = [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in operands]
        stacked = torch.stack(xs)
        theirs = torch.prod(stacked) if name == "prod" else getattr(torch, name)(stacked, 0)[0]
        theirs.backward()
        vs = [Value(x) for x in operands]
        ours = getattr(al, name)(vs)
        ours = ours if name == "prod" else ours[0]
        ours.backward()
        assert ours.data == pytest.approx(theirs.item(), rel=1e-12)
        expected = [x.grad.item() for x in xs]
        assert [v.grad for v in vs] == pytest.approx(expected, rel=1e-12, abs=1e-14)
