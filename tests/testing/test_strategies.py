"""The strategies of numbers draw what they say."""

import math

import pytest
from hypothesis import find, given, settings
from hypothesis import strategies as st

import autograd_lite as al
from autograd_lite import operation
from autograd_lite.nn.testing import modules
from autograd_lite.operations.rules import CODES, OPERATIONS, RULES
from autograd_lite.testing import (
    RandomProgram,
    check_grad,
    inputs_for,
    values,
)
from autograd_lite.testing.spelling import call


@operation(lambda x, out: 2 * x * out)
def gauss_of_tests(x):
    return math.exp(x * x)


@given(values(0.5, 2.0, label="x"))
def test_values_are_leaves(v):
    assert v.is_leaf
    assert 0.5 <= v.data <= 2.0
    assert v.label == "x"


@pytest.mark.parametrize("rule", OPERATIONS, ids=lambda rule: rule.name)
@settings(max_examples=20)
@given(st.data())
def test_inputs_for_a_rule_pass(rule, data):
    operands = data.draw(inputs_for(rule))
    parents, static = (
        operands[: len(operands) - rule.static],
        operands[len(operands) - rule.static :],
    )
    domain = rule.domain[:1] * len(operands) if rule.nary else rule.domain
    assert all(min(d) <= x <= max(d) for x, d in zip(operands, domain, strict=True))
    report = check_grad(lambda *xs: call(rule, *xs, *static), *parents)
    assert (report.compared > 0, report.kinks) == (True, ())


def test_a_rule_is_given_as_itself_or_its_name_or_its_function():
    for given_as in (RULES[CODES["tanh"]], "tanh", al.tanh):
        assert len(find(inputs_for(given_as), lambda xs: True)) == 1
    assert len(find(inputs_for(gauss_of_tests), lambda xs: True)) == 1
    with pytest.raises(ValueError, match="'tan_h' is no operation of the table"):
        inputs_for("tan_h")


def test_former_names_are_deprecated():
    with pytest.warns(DeprecationWarning, match=r"autograd_lite\.testing\.RandomProgram now"):
        assert al.testing.Expression is RandomProgram
    with pytest.warns(DeprecationWarning, match=r"autograd_lite\.nn\.testing\.modules now"):
        assert al.testing.modules is modules
