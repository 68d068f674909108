"""The table in JavaScript: the values and the partials of every rule are Python's, to 4 ulps."""

import itertools
import random
import re
from importlib.resources import files
from math import inf, nan

import pytest

from autograd_lite import Value, operation
from autograd_lite.nary import in_pairs, nary
from autograd_lite.operations import kernels
from autograd_lite.operations.formulas import FUNCTIONS, IN_MATH
from autograd_lite.operations.javascript import in_javascript, key, rules_in_javascript
from autograd_lite.operations.rules import CODES, RULES, TABLE, Rule, register
from tests.support.javascript import agree, as_json, javascript, needs_javascript

TABLE_RULES = RULES[1:TABLE]

AWKWARD = [0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 2.0, 2.5, -3.0, 1e-20, 1e16, -750.0, 710.0, 5e-324]
AWKWARD += [1e300, -1e300, 1e-300, inf, -inf, nan]
FEW = [0.0, -0.0, 1.0, -2.0, 0.5, 1e300, inf, -inf, nan]

CALL = """
const result = given.map(([name, operands, c]) => {
  const D = operands.map(Number), Q = D.map((_, k) => k), P = D.map(() => NaN);
  const out = RULES[name](D, Q, 0, D.length, Number(c), P);
  return [out, ...P];
});
"""


def operands_of(rule, draw):
    """Lists of operands: over the domain of the rule, and awkward ones."""
    n = (4 if rule.pairs else 3) if rule.nary else len(rule.operands)
    domain = rule.domain * n if rule.nary else rule.domain
    for _ in range(200):
        yield [
            float(draw.choice(side)) if isinstance(side, range) else draw.uniform(*side)
            for side in domain[:n]
        ]
    awkward = AWKWARD if n < 3 else FEW
    last = [[0.0, 1.0, 2.0, 3.0]] if rule.name in ("polygamma", "sinc_derivative") else [awkward]
    choices = [*([awkward] * (n - 1)), *(last if rule.static else [awkward])]
    every = [*itertools.product(*choices)]
    yield from every if len(every) < 1000 else draw.sample(every, 1000)


def in_python(rule, numbers):
    """The value and the partials."""
    if rule.pairs:
        half = len(numbers) // 2
        node = in_pairs(rule.code, [*map(Value, numbers[:half])], [*map(Value, numbers[half:])])
        return [node.data, *node.partials]
    if rule.nary:
        node = nary(rule.code, [*map(Value, numbers)])
        return [node.data, *node.partials]
    more = [0.0] * (rule.operands == "x")
    return [*kernels.FUNCTIONS[rule.code](*numbers, *more)]


@needs_javascript
def test_every_rule_agrees_with_python():
    draw = random.Random(1)
    calls = []
    for rule in TABLE_RULES:
        calls += [(rule, [*numbers]) for numbers in operands_of(rule, draw)]
    given = [
        (key(rule), numbers[:-1] if rule.static else numbers, numbers[-1])
        for rule, numbers in calls
    ]
    given = [(name, as_json(numbers), as_json(c)) for name, numbers, c in given]
    found = javascript(rules_in_javascript(TABLE_RULES) + CALL, given)
    wrong = {}
    for (rule, numbers), theirs in zip(calls, found, strict=True):
        ours = in_python(rule, numbers)
        if not all(agree(rule, x, y, numbers[-1]) for x, y in zip(ours, theirs, strict=True)):
            wrong.setdefault(rule.name, []).append((numbers, ours, theirs))
    assert not wrong, {name: (len(some), some[:3]) for name, some in wrong.items()}


def declared(script):
    return set(re.findall(r"^(?:function|const) (\w+)", script, re.MULTILINE)) - {"RULES"}


def test_every_function_of_formulas_is_there():
    text = files("autograd_lite.operations").joinpath("ieee.js").read_text("utf-8")
    assert set(FUNCTIONS) <= IN_MATH | declared(text)
    assert not IN_MATH - set(FUNCTIONS)


def test_a_page_carries_only_what_its_rules_call():
    def carried(*names):
        return declared(rules_in_javascript([RULES[CODES[name]] for name in names]))

    assert carried("mul", "tanh", "relu") == set()
    assert carried("pow_c") >= {"power"}
    assert "erf" not in carried("pow_c", "norm")
    assert carried("gelu") >= {"normal_cdf", "erfc", "erf", "ERFC", "product_error", "gaussian"}
    assert len(rules_in_javascript([RULES[CODES["mul"]]])) < 200


@needs_javascript
def test_rules_that_users_add():
    """One of formulas is carried under a name that no other rule has; one of Python is not."""
    rules = [
        Rule("root_mean_square_js", "xs", "sqrt(sum(x * x) / n)", "x / n / out"),
        Rule("twice_js", "x", "2 * x", "2"),
    ]
    for rule in rules:
        register(rule)
    assert [*map(key, rules)] == [f"rule{rule.code}" for rule in rules]
    given = [(key(rules[0]), [3.0, 4.0], 0.0), (key(rules[1]), [-0.5], 0.0)]
    found = javascript(rules_in_javascript(rules) + CALL, given)
    assert found == [in_python(rules[0], [3.0, 4.0]), [-1.0, 2.0]]

    @operation(lambda x, out: 3.0)
    def thrice(x):
        return 3 * x

    assert not in_javascript(thrice(Value(1.0)).rule)


def test_the_coefficients_of_the_error_function():
    """Taylor's of erf, and Chebyshev's of erfc, each to the last bit."""
    mpmath = pytest.importorskip("mpmath")
    mp, mpf = mpmath.mp, mpmath.mpf
    text = files("autograd_lite.operations").joinpath("ieee.js").read_text("utf-8")
    listed = {
        name: [*map(float, re.search(rf"const {name} = \[(.*?)\]", text, re.S)[1].split(",")[:-1])]
        for name in ("ERF", "ERFC")
    }
    with mp.workdps(50):
        taylor = [
            2 / mp.sqrt(mp.pi) * (-1) ** k / (mp.factorial(k) * (2 * k + 1)) - (k == 0)
            for k in range(len(listed["ERF"]))
        ]
        nodes = [mp.cos(mp.pi * (k + mpf("0.5")) / 64) for k in range(64)]
        numbers = []
        for t in nodes:
            x = 3 * (1 + t) / (1 - t)
            numbers.append(mp.exp(x * x) * mp.erfc(x) * (1 + 2 * x))
        chebyshev = [
            mp.fsum(y * mp.cos(j * mp.acos(t)) for t, y in zip(nodes, numbers, strict=True))
            / (32 if j else 64)
            for j in range(len(listed["ERFC"]))
        ]
    assert listed["ERF"] == [*map(float, taylor)]
    assert listed["ERFC"] == [*map(float, chebyshev)]
