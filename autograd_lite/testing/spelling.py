"""How an operation of the rule table is called, and how a call of it is written down."""

from __future__ import annotations

import operator
import sys
from collections.abc import Callable, Sequence
from typing import Any

import autograd_lite
from autograd_lite.nary import binary_of, fixed, nary, unary_of
from autograd_lite.operations.rules import CODES, RULES, TABLE, Rule
from autograd_lite.value import required

OPERATORS: dict[str, tuple[Callable[..., Any], str]] = {
    "add": (operator.add, "{} + {}"),
    "sub": (operator.sub, "{} - {}"),
    "mul": (operator.mul, "{} * {}"),
    "div": (operator.truediv, "{} / {}"),
    "floordiv": (operator.floordiv, "{} // {}"),
    "mod": (operator.mod, "{} % {}"),
    "neg": (operator.neg, "-{}"),
    "abs": (abs, "abs({})"),
    "pow": (operator.pow, "{} ** {}"),
    "pow_c": (operator.pow, "{} ** {}"),
}


def call(rule: Rule, *operands: Any) -> Any:
    """The operation of `rule` on numbers and Values, in the order of the rule's formulas.

    A static parameter c is the last operand; `dot` is of the first half with the second.
    """
    if rule.code >= TABLE:
        return _call_of_users(rule, operands)
    if rule.name in OPERATORS:
        return OPERATORS[rule.name][0](*operands)
    function = getattr(autograd_lite, rule.name)
    if rule.name == "dot":
        half = len(operands) // 2
        return function(operands[:half], operands[half:])
    if rule.name == "polygamma":
        x, order = operands
        return function(int(order), x)
    return function(operands) if rule.nary else function(*operands)


def _call_of_users(rule: Rule, operands: Sequence[Any]) -> Any:
    if rule.nary:
        return nary(rule.code, operands)
    if rule.static:
        return unary_of(rule.code, *operands)
    if len(operands) == 1:
        return unary_of(rule.code, operands[0], 0.0)
    if len(operands) == 2:
        return binary_of(rule.code, *operands)
    node = fixed(rule.code, tuple(required(x, rule.name) for x in operands))
    return node if any(isinstance(x, autograd_lite.Value) for x in operands) else node.data


def written(rule: Rule, operands: Sequence[str]) -> str:
    """The Python expression of `call(rule, *operands)`, with operands that are names or numbers.

    Raises LookupError for a user's operation that no other module can import.
    """
    if rule.name in OPERATORS:
        return OPERATORS[rule.name][1].format(*operands)
    if rule.name == "dot":
        half = len(operands) // 2
        return f"dot([{', '.join(operands[:half])}], [{', '.join(operands[half:])}])"
    if rule.name == "polygamma":
        x, order = operands
        return f"polygamma({order.removesuffix('.0')}, {x})"
    if rule.nary:
        return f"{rule.name}([{', '.join(operands)}])"
    return f"{rule.name}({', '.join(operands)})"


def module_of(rule: Rule) -> str | None:
    """The module to import the operation's function from; None for an operator.

    Raises LookupError for a user's operation that is not at the top level of a module.
    """
    if rule.code < TABLE:
        return None if rule.name in OPERATORS else "autograd_lite"
    name = rule.user_module
    if name is None or name == "__main__" or not hasattr(sys.modules.get(name), rule.name):
        raise LookupError(f"the operation {rule.name} is not at the top level of a module")
    return name


def rule_of(operation: Rule | str | Callable[..., Any]) -> Rule:
    """The rule of an operation that is given as its rule, its name or its function.

    Raises ValueError if there is none.
    """
    if isinstance(operation, Rule):
        return operation
    name = operation if isinstance(operation, str) else getattr(operation, "__name__", "")
    if name not in CODES or not RULES[CODES[name]].public:
        raise ValueError(
            f"{operation!r} is no operation of the table; give a name such as 'tanh', or a "
            "function that autograd_lite.operation made"
        )
    return RULES[CODES[name]]
