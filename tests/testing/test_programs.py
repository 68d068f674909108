"""Random programs: what they are made of, and how they shrink."""

import math
import random

import pytest
from hypothesis import Phase, find, given, settings

import autograd_lite as al
from autograd_lite import Value, operation
from autograd_lite.operations.rules import OPERATIONS
from autograd_lite.testing import (
    RandomProgram,
    check_grad,
    expressions,
)


@operation(lambda x, out: 2 * x * out)
def bell_of_tests(x):
    return math.exp(x * x)


@operation(lambda x, y, z, w, out: (1.0, 2.0, 3.0, 4.0))
def four_of_tests(x, y, z, w):
    return x + 2 * y + 3 * z + 4 * w


@given(expressions(depth=4))
def test_an_expression_is_a_graph_of_its_depth(expression):
    inputs = [Value(x) for x in expression.inputs]
    root = expression(*inputs)
    assert isinstance(root, Value)
    assert 1 <= depth_of(root) <= 4
    nodes = [node for node in al.topological_order(root) if not node.is_leaf]
    assert len(nodes) == len(expression.steps)  # no dead code
    assert root.data == pytest.approx(expression(*expression.inputs), rel=1e-12, nan_ok=True)


def depth_of(root):
    depths = {}
    for node in reversed(al.topological_order(root)):
        depths[node] = 1 + max((depths[parent] for parent in node.parents), default=-1)
    return depths[root]


@given(expressions())
def test_the_repr_of_an_expression_is_its_code(expression):
    namespace = {name: getattr(al, name) for name in al.__all__}
    exec(repr(expression), namespace)
    assert namespace["expression"](*expression.inputs) == pytest.approx(
        expression(*expression.inputs), nan_ok=True
    )


def exists(condition, **options):
    """Whether a few thousand expressions have one that meets the condition."""
    find(
        expressions(**options),
        condition,
        random=random.Random(0),
        settings=settings(max_examples=5000, phases=[Phase.generate], database=None),
    )


@pytest.mark.parametrize(
    "condition",
    [
        lambda e: len(e.steps) > 7,
        lambda e: len(e.inputs) == 4,
        lambda e: any(step.places().count(0) > 1 for step in e.steps),  # x * x
        lambda e: sum(0 in step.places() for step in e.steps) > 1,  # fan-out
        lambda e: any(isinstance(x, float) for step in e.steps for x in step.operands),
        lambda e: any(step.rule.nary and len(step.operands) > 2 for step in e.steps),
    ],
)
def test_expressions_have_sharing_fan_out_constants_and_nary_nodes(condition):
    exists(condition)


@pytest.mark.parametrize("rule", OPERATIONS, ids=lambda rule: rule.name)
def test_expressions_use_the_rule(rule):
    exists(lambda e: any(step.rule is rule for step in e.steps), operations=[rule, "add"])


def test_expressions_of_given_operations_use_no_other():
    @settings(max_examples=30)
    @given(expressions(operations=["mul", al.tanh, bell_of_tests, four_of_tests]))
    def test(expression):
        names = {step.rule.name for step in expression.steps}
        assert names <= {"mul", "tanh", "bell_of_tests", "four_of_tests"}
        check_grad(expression, *expression.inputs)

    test()


def test_a_failing_program_shrinks_to_one_step():
    def lacks_tanh(expression):
        return not any(step.rule.name == "tanh" for step in expression.steps)

    smallest = find(
        expressions(), lambda e: not lacks_tanh(e), random=random.Random(0), settings=settings(
            max_examples=5000, database=None
        )
    )  # fmt: skip
    assert isinstance(smallest, RandomProgram)
    assert [step.rule.name for step in smallest.steps] == ["tanh"]


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"depth": 0}, "at least 1, not 0"),
        ({"operations": []}, "at least one operation"),
        ({"operations": ["no"]}, "'no' is no operation"),
    ],
)
def test_what_cannot_be_drawn_is_named(options, match):
    with pytest.raises(ValueError, match=match):
        find(expressions(**options), lambda e: True)


def test_no_false_alarm():
    """The engine is right, so the checker must say so; `long` looks at 3,000 programs."""
    seen = {"compared": 0, "excluded": 0}

    @given(expressions(depth=8))
    def test(expression):
        report = check_grad(expression, *expression.inputs)
        seen["compared"] += report.compared
        seen["excluded"] += len(report.excluded)

    test()
    assert seen["compared"] > 10 * seen["excluded"]
