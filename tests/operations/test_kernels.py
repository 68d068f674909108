"""The C kernel of a rule and its Python twin agree bit for bit, at the edges too."""

from itertools import product
from math import inf, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_lite as al
from autograd_lite import Value
from autograd_lite.operations import kernels
from tests.support.rules import FIXED, NARY, apply, apply_to_values, bits

pytestmark = pytest.mark.skipif(not al.compiled, reason="interpreted: the twin is all there is")

EDGES = [
    edge
    for size in (
        0.0, 5e-324, 1e-310, 1e-8, 0.5, 1.0, 1.5, 2.0, 709.7, 745.2, 2.0**52, 1e200, 1.7e308, inf
    )
    for edge in (size, -size)
] + [nan]  # fmt: skip

# polygamma has no C kernel, and takes no float for its order.
IN_C = [rule for rule in FIXED if rule.name != "polygamma"]


def assert_twins(rule, operands):
    node = apply_to_values(rule, *operands)
    twin = kernels.FUNCTIONS[rule.code](*operands, *[0.0] * (rule.operands == "x"))
    compiled = (node.data, *node.partials)
    assert list(map(bits, compiled)) == list(map(bits, twin)), operands


@pytest.mark.parametrize("rule", IN_C, ids=lambda rule: rule.name)
def test_at_the_edges(rule):
    edges = EDGES[::3] if len(rule.operands) == 3 else EDGES
    for operands in product(edges, repeat=len(rule.operands)):
        assert_twins(rule, operands)


@pytest.mark.parametrize("rule", IN_C, ids=lambda rule: rule.name)
@given(st.data())
def test_anywhere(rule, data):
    anywhere = st.one_of(st.floats(), st.floats(-40, 40))
    assert_twins(rule, data.draw(st.tuples(*[anywhere] * len(rule.operands))))


# dot has no kernel, and logsumexp shifts what it gives to its own; test_two_builds has both.
@pytest.mark.parametrize(
    "rule", [r for r in NARY if r.name not in ("dot", "logsumexp")], ids=lambda rule: rule.name
)
@pytest.mark.parametrize("x", EDGES)
def test_the_partials_of_n_operands(rule, x):
    operands = (x, 1.5, -2.0)
    node = apply(rule, *map(Value, operands))
    twins = [kernels.FUNCTIONS[rule.code](operand, 3, node.data)[0] for operand in operands]
    assert list(map(bits, node.partials)) == list(map(bits, twins))
