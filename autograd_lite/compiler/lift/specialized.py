"""The formulas of the rule table with their static parameter put in, simplified and named."""

from __future__ import annotations

import ast
import math
from functools import cache

from autograd_lite.operations import ieee
from autograd_lite.operations.formulas import CONSTANTS, parse, parts_of_sum
from autograd_lite.operations.rules import RULES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["Formula", "formula", "formulas_of_sum", "partials_of", "value_of", "vanishes"]


class Formula:
    """An expression of elementwise operations, in the language of `expressions.py`.

    text   the expression, or the code of a rule that a user wrote in Python: names may be shared
    names  the operands that it reads, in order: of x, y, z, out
    label  the rule that it is the value of, or with a prime, a partial of; or ""
    static  the static parameter of that rule as text, if it has one
    part   of a user's rule: 0 for its value, 1, 2, ... for its partials; -1 of an expression.
           Its last operand is the place where these are kept
    """

    __slots__ = ("label", "names", "part", "static", "text")

    def __init__(
        self,
        text: str,
        names: tuple[str, ...],
        label: str = "",
        part: int = -1,
        static: tuple[str, ...] = (),
    ) -> None:
        self.text, self.names, self.label, self.part = text, names, label, part
        self.static = static

    def __str__(self) -> str:
        return self.text if self.part < 0 else f"{self.label}({', '.join(self.names[:-1])})"


@cache
def formula(text: str) -> Formula:
    """The formula of a text without static parameter."""
    return _formula(text, math.nan, "")


def value_of(code: int, c: float) -> Formula:
    """The value of a rule of a fixed number of operands, whose static parameter is c."""
    rule = RULES[code]
    if rule.derivative is not None:
        return Formula(str(code), _operands(code), rule.name, 0)
    return _formula(rule.value, c if rule.static else math.nan, rule.name)


def partials_of(code: int, c: float) -> list[Formula]:
    """Its partials; they read the value as `out`."""
    rule = RULES[code]
    if rule.derivative is not None:
        names = _operands(code)
        return [Formula(str(code), names, rule.name + "'", 1 + i) for i in range(len(names) - 1)]
    c = c if rule.static else math.nan
    return [_formula(partial, c, rule.name + "'") for partial in rule.partials]


def formulas_of_sum(code: int) -> tuple[Formula, Formula, Formula]:
    """Of an n-ary rule the term that is summed, its value of the sum x and y = n, and the partial
    by x, with y = n.
    """
    rule = RULES[code]
    term, value = parts_of_sum(rule)
    names = {"total": "x", "n": "y"}
    trees = [_Renamed(names).visit(tree) for tree in (value, parse(rule.partials[0]))]
    texts = map(ast.unparse, (term, *trees))
    return tuple(map(formula, texts))  # type: ignore[return-value]


class _Renamed(ast.NodeTransformer):
    def __init__(self, names: dict[str, str]) -> None:
        self.names = names

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return ast.Name(self.names.get(node.id, node.id), ast.Load())


def _operands(code: int) -> tuple[str, ...]:
    """Names for the operands of a user's rule, which may have more than x, y and z."""
    return (*(f"x{i}" for i in range(len(RULES[code].operands))), "place")


def _formula(text: str, c: float, label: str) -> Formula:
    tree = _Folder(c).visit(parse(text))
    if isinstance(tree, ast.Name) and tree.id in CONSTANTS:
        tree = _literal(CONSTANTS[tree.id])
    found = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    names = tuple(name for name in ("x", "y", "z", "out") if name in found)
    static = (f"{c:.6g}",) if c == c else ()
    return Formula(ast.unparse(tree), names, label, static=static)


# 1 if the nearest whole number is even, -1 if it is odd.
_PARITY = "1 - 2 * fabs(round_even({0}) - 2 * round_even(round_even({0}) * 0.5))"

_SINC_SERIES = "0.0"
for _k, _divisor in zip(range(len(ieee.SINC), 0, -1), ieee.SINC, strict=True):
    _term = (-1) ** _k * math.pi ** (2 * _k) / _divisor
    _SINC_SERIES = f"{_term!r} + ({{0}}) * ({{0}}) * ({_SINC_SERIES})"

# What the engine computes to the last digits far out, and arrays to the 1e-9 that is promised.
_PLAINLY = {
    "gaussian": "exp(-({1}) * ({0}) * ({0}))",
    "normal_cdf": "erfc(({0}) / -1.4142135623730951) / 2",
    "times_sigmoid": "({0}) / (1 + exp(-({1})))",
    "sinpi": f"sin(PI * (({{0}}) - round_even({{0}}))) * ({_PARITY})",
    "cospi": f"sin(PI * (0.5 - fabs(({{0}}) - round_even({{0}})))) * ({_PARITY})",
    "sinc_slope": f"({{0}}) * ({_SINC_SERIES})",
}


class _Folder(ast.NodeTransformer):
    """Puts c in, and computes what follows from it: x ** -0.5 needs no `where(c == 0, ...)`."""

    def __init__(self, c: float) -> None:
        self.c = c

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return _literal(self.c) if node.id == "c" else node

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.expr:
        self.generic_visit(node)
        x = _number(node.operand)
        return node if x is None else _literal(-x)

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        self.generic_visit(node)
        x, y = _number(node.left), _number(node.right)
        if x is not None and y is not None:
            if isinstance(node.op, ast.Add):
                return _literal(x + y)
            if isinstance(node.op, ast.Sub):
                return _literal(x - y)
        if isinstance(node.op, ast.Mult) and x == 1:
            return node.right
        return node

    def visit_Call(self, node: ast.Call) -> Any:
        self.generic_visit(node)
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        if name == "where":
            condition, yes, no = node.args
            decided = _decided(condition)
            return node if decided is None else yes if decided else no
        if name == "power":
            return _power(node)
        if name in _PLAINLY:
            operands = [ast.unparse(operand) for operand in node.args]
            return ast.parse(_PLAINLY[name].format(*operands), mode="eval").body
        return node


def _power(call: ast.Call) -> ast.expr:
    """x to a small whole or half number, by multiplications, divisions and roots."""
    x, exponent = call.args
    c = _number(exponent)
    known = {
        0: "1", 1: "x", 2: "x * x", 3: "x * x * x", -1: "1 / x", -2: "1 / (x * x)",
        0.5: "sqrt(x)", -0.5: "1 / sqrt(x)", 1.5: "x * sqrt(x)", -1.5: "1 / (x * sqrt(x))",
    }  # fmt: skip
    if c not in known or not isinstance(x, ast.Name):
        return call
    return ast.parse(known[c], mode="eval").body


def _decided(condition: ast.expr) -> bool | None:
    if not isinstance(condition, ast.Compare) or not isinstance(condition.ops[0], ast.Eq):
        return None
    x, y = _number(condition.left), _number(condition.comparators[0])
    return None if x is None or y is None else x == y


def _literal(number: float) -> ast.expr:
    if number != number:
        return ast.Name("NAN", ast.Load())
    return ast.Constant(number)


def _number(node: ast.expr) -> float | None:
    if isinstance(node, ast.Constant):
        return float(node.value)  # type: ignore[arg-type]
    if isinstance(node, ast.Name) and node.id in CONSTANTS:
        return CONSTANTS[node.id]
    return None


def vanishes(what: Formula, zero: set[str]) -> bool:
    """Whether the formula is 0 (or nan) where these operands are 0, whatever the others are."""
    return what.part < 0 and _vanishes(parse(what.text), zero)


def _vanishes(node: ast.expr, zero: set[str]) -> bool:
    match node:
        case ast.Name(id=name):
            return name in zero
        case ast.Constant(value=number):
            return number == 0
        case ast.UnaryOp(operand=x):
            return _vanishes(x, zero)
        case ast.BinOp(left=x, op=ast.Div(), right=y):
            return _vanishes(x, zero) and not _vanishes(y, zero)
        case ast.BinOp(left=x, op=ast.Mult(), right=y):
            return _vanishes(x, zero) or _vanishes(y, zero)
        case ast.BinOp(left=x, right=y):
            return _vanishes(x, zero) and _vanishes(y, zero)
        case ast.Call(func=ast.Name(id="where"), args=[_, x, y]):
            return _vanishes(x, zero) and _vanishes(y, zero)
        case ast.Call(func=ast.Name(id="tanh" | "sqrt" | "fabs" | "sin" | "expm1"), args=[x]):
            return _vanishes(x, zero)
    return False
