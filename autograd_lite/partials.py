"""The partial derivatives of rules, as functions that append their nodes to a scalar program.

A formula is turned into Python once: that of `tanh`, 1 - out * out, is called for each tanh.
"""

from __future__ import annotations

from functools import cache
from math import inf

from autograd_lite.operations.formulas import CONSTANTS
from autograd_lite.operations.rules import CODES, RULES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any, TypeAlias

    from autograd_lite.operations.formulas import Tree
    from autograd_lite.operations.rules import Rule

    Appended: TypeAlias = Callable[[Any, int, Sequence[int]], list[tuple[int, int]]]

__all__ = ["is_flat", "partials_of", "wins"]

# The rules that functions and operators of formulas are, where the names differ.
_RULES = {
    "+": "add",
    "-": "sub",
    "*": "mul",
    "/": "div",
    "fabs": "abs",
    "round_even": "round",
    "floor_divide": "floordiv",
    "floor_mod": "mod",
}
_COMPARISONS = {  # the code of each, and whether its operands are turned
    "<": ("less", False),
    "<=": ("less_equal", False),
    ">": ("less", True),
    ">=": ("less_equal", True),
    "==": ("equal", False),
}


@cache
def partials_of(code: int) -> Appended:
    """A function of Nodes, a node of this rule and its parents: (parent, node of its partial).

    Partials that are always 0 are left out.
    """
    rule = RULES[code]
    if rule.nary:
        names = {"x": "x", "out": "i", "n": "b.number(len(p))"}
        return _function(f"[(x, {_source(rule.again[0].tree, names)}) for x in p]")
    names = {x: f"p[{k}]" for k, x in enumerate(rule.operands)}
    names |= {"out": "i", "c": "b.number(b.static[i])"}
    trees = [(k, formula.tree) for k, formula in enumerate(rule.again) if formula.tree != 0]
    source = f"[{', '.join(f'(p[{k}], {_source(tree, names)})' for k, tree in trees)}]"
    if any(isinstance(tree, tuple) for _, tree in trees):
        source = f"[(p, d) for p, d in {source} if b.numbers[d] != 0]"
    return _function(source)


@cache
def wins(code: int) -> Appended:
    """[(y, node that is 1 if y is larger than x, else 0)], of a node of `larger` and (x, y)."""
    names = {"x": "p[0]", "y": "p[1]", "out": "i"}
    return _function(f"[(p[1], {_source(RULES[code].partials[1].tree, names)})]")


@cache
def is_flat(code: int) -> bool:
    """True if all derivatives of a rule are 0 wherever it has them."""
    rule: Rule = RULES[code]
    return rule.user_module is None and all(formula.text == "0" for formula in rule.again)


def _function(source: str) -> Appended:
    made: Appended = eval(compile(f"lambda b, i, p: {source}", "<partials>", "eval"), {"inf": inf})
    return made


def _source(tree: Tree, names: Mapping[str, str]) -> str:
    """The source of the node of a formula, in which b are the Nodes.

    names  {name in the formula: source of its node}
    """
    if isinstance(tree, str):
        return names[tree] if tree in names else f"b.number({CONSTANTS[tree]!r})"
    if not isinstance(tree, tuple):
        return f"b.number({float(tree)!r})"
    function, *trees = tree
    if function == "where":
        return _where(trees, names)
    xs = [_source(x, names) for x in trees]
    given = ", ".join(xs)
    if function in _COMPARISONS:
        name, turned = _COMPARISONS[function]
        return f"b.op({CODES[name]}, {', '.join(xs[::-1]) if turned else given})"
    if function == "!=":
        return f"b.op({CODES['sub']}, b.number(1.0), b.op({CODES['equal']}, {given}))"
    if function == "-" and len(xs) == 1:
        return f"b.op({CODES['neg']}, {given})"
    if function == "power":
        return f"b.power({given})"
    code = CODES[_RULES.get(str(function), str(function))]
    if RULES[code].static:  # the order of a derivative stands first in formulas
        return f"b.of_order({code}, {given if function == 'gaussian' else ', '.join(xs[::-1])})"
    return f"b.op({code}, {given})"


def _where(trees: Sequence[Any], names: Mapping[str, str]) -> str:
    condition, yes, no = trees
    if isinstance(condition, tuple) and condition[0] == "!=" and condition[2] == 0:
        condition = condition[1]
    arms = f"lambda: {_source(yes, names)}, lambda: {_source(no, names)}"
    return f"b.where({_source(condition, names)}, {arms})"
