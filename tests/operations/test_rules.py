"""Every rule of the table: its values, its partials against differences, its ways in."""

import math
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd_lite as al
from autograd_lite import Value
from autograd_lite.operations import kernels
from autograd_lite.operations.rules import RULES, Rule
from tests.support.differences import check_partials, domains, samples
from tests.support.rules import (
    FIXED,
    NARY,
    OPERATIONS,
    OPERATORS,
    apply,
    apply_to_values,
    bits,
    parents_among,
)

every_rule = pytest.mark.parametrize("rule", OPERATIONS, ids=lambda rule: rule.name)
a_few = settings(max_examples=5)  # where all operands are treated alike


@every_rule
@given(st.data())
def test_the_partials_are_the_slopes(rule, data):
    operands = data.draw(samples(rule))
    node = apply_to_values(rule, *operands)
    assert len(node.partials) == len(parents_among(rule, operands))
    check_partials(lambda *xs: apply(rule, *xs), operands, node.partials)


@every_rule
@given(st.data())
def test_a_number_and_a_value_give_the_same(rule, data):
    operands = data.draw(samples(rule))
    number = apply(rule, *operands)
    node = apply_to_values(rule, *operands)
    assert type(number) is float
    assert bits(node.data) == bits(number)


@every_rule
@a_few
@given(st.data())
def test_backward_gives_the_partials(rule, data):
    node = apply_to_values(rule, *data.draw(samples(rule)))
    node.backward()
    assert tuple(parent.grad for parent in node.parents) == node.partials


@every_rule
@a_few
@given(st.data())
def test_the_node_says_how_it_was_made(rule, data):
    operands = data.draw(samples(rule))
    parents = [Value(x) for x in parents_among(rule, operands)]
    node = apply(rule, *parents, *operands[len(parents) :])
    assert node.rule is rule
    assert all(parent is given for parent, given in zip(node.parents, parents, strict=True))
    assert node._prev == set(parents)
    assert node._op == rule.symbol.format(c=operands[-1])
    assert not node.is_leaf


METHODS = [rule for rule in FIXED if rule.name not in OPERATORS and rule.name != "where"]


@pytest.mark.parametrize("rule", METHODS, ids=lambda rule: rule.name)
@a_few
@given(st.data())
def test_the_method_is_the_free_function(rule, data):
    operands = data.draw(samples(rule))
    if rule.name == "polygamma":
        assert not hasattr(Value, "polygamma")  # the derivative of lgamma: a function only
        return
    others = map(Value, operands[1:]) if rule.name == "pow" else operands[1:]
    node = getattr(Value(operands[0]), rule.name)(*others)
    assert node.rule is rule
    assert bits(node.data) == bits(apply(rule, *operands))


@pytest.mark.parametrize("rule", [r for r in OPERATIONS if r.name not in OPERATORS],
                         ids=lambda rule: rule.name)  # fmt: skip
def test_the_free_function_is_documented(rule):
    function = getattr(al, rule.name)
    assert rule.name in al.__all__
    assert function.__name__ == rule.name
    assert len(function.__doc__) > 20


@every_rule
def test_the_row_is_complete(rule):
    assert RULES[rule.code] is rule
    assert [r.name for r in RULES].count(rule.name) == 1
    assert len(rule.partials) == (1 if rule.nary else len(parents_among(rule, rule.operands)))
    assert len(rule.domain) == len(rule.operands)
    assert rule.value.text


@every_rule
def test_the_domain_is_where_the_rule_is_finite(rule):
    """So that no sampled check compares nan with nan."""
    for corner in (min, max):
        operands = [corner(domain) for domain in domains(rule)]
        node = apply_to_values(rule, *operands)
        assert all(map(math.isfinite, (node.data, *node.partials)))


def test_the_table_has_rules_of_every_kind():
    """A guard for the tests above, which would pass on an empty table."""
    assert len(FIXED) >= 50
    assert {rule.name for rule in NARY} == {"sum", "mean", "norm", "logsumexp", "dot"}


@every_rule
def test_the_page_says_how_it_is_called(rule):
    """The row of docs/operations.md, as Python, gives what the table's formula does."""
    page = Path(__file__).parents[2] / "docs" / "operations.md"
    row = r"^\| `([^`]+)`(?:<br>\(`([^`]+)`\))? \|"
    rows = re.findall(row, page.read_text(encoding="utf-8"), re.M)
    written, symbol = rows[OPERATIONS.index(rule)]
    operands = [0.6 * domain[0] + 0.4 * domain[-1] for domain in rule.domain]
    if rule.operands == "xc" and isinstance(rule.domain[1], range):
        operands[1] = 2
    names = {name: getattr(al, name) for name in al.__all__} | dict(
        zip("xyz", operands, strict=False)
    )
    names |= {"abs": abs, "xs": [0.3, -0.2, 0.9], "ys": [2.0, 0.5, 1.5]}
    if rule.static:
        names["c"] = operands[-1]
    expected = (
        apply(rule, *names["xs"], *names["ys"] * (rule.name == "dot"))
        if rule.nary
        else (kernels.FUNCTIONS[rule.code](*operands, *[0.0] * (rule.operands == "x"))[0])
    )
    assert eval(written, names) == expected
    if symbol:
        assert symbol == rule.symbol.replace("{c:g}", "c")
    else:
        assert rule.symbol.replace("{c:g}", "c").replace(" ", "") in written.replace(" ", "")


def test_a_rule_shows_its_operands():
    assert repr(Rule("twice", "x", "2 * x", "2")) == "<Rule twice(x) = 2 * x>"
    assert repr(Rule("apart", "xy", "x - y", "1", "-1")) == "<Rule apart(x, y) = x - y>"
    assert repr(Rule("all_of", "xs", "sum(x)", "1")) == "<Rule all_of(xs) = sum(x)>"
