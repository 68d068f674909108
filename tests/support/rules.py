"""How a rule of the table is called from Python, and the rules by how they take operands."""

import autograd_lite as al
from autograd_lite.operations.rules import OPERATIONS
from autograd_lite.testing.spelling import OPERATORS as WRITTEN
from autograd_lite.testing.spelling import call

OPERATORS = WRITTEN.keys() - {"pow"}  # which has a free function, for floats too

NARY = [rule for rule in OPERATIONS if rule.nary]
FIXED = [rule for rule in OPERATIONS if not rule.nary]


def apply(rule, *operands):
    """The rule by its operator or free function; `dot` of the first half with the second."""
    return al.pow(*operands) if rule.name == "pow" else call(rule, *operands)


def parents_among(rule, operands):
    """The operands that are parents of the rule's node: all but a static parameter."""
    return operands[:-1] if rule.static else operands


def apply_to_values(rule, *numbers):
    """The rule's node, with a leaf for each parent."""
    parents = [al.Value(x) for x in parents_among(rule, numbers)]
    return apply(rule, *parents, *numbers[len(parents) :])


def bits(x):
    """A double as text that tells -0.0 from 0.0; every nan is alike."""
    return "nan" if x != x else x.hex()
