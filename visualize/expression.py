"""A formula as a graph: "tanh(w*x + b)" at w = 0.5, x = 2, b = -1.

The text is parsed and only what is listed here is computed; nothing of it is ever executed.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from typing import Any

import autograd_lite
from autograd_lite import Value
from autograd_lite.rules import RULES

__all__ = ["ExpressionError", "evaluate"]

LONGEST = 10_000

_OPERATORS: dict[type[ast.AST], Callable[..., Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
}

_FUNCTIONS: dict[str, Callable[..., Any]] = {
    name: getattr(autograd_lite, name)
    for name in ("prod", *(rule.name for rule in RULES))
    if name in autograd_lite.__all__
} | {"abs": abs, "neg": operator.neg}


class ExpressionError(ValueError):
    """What is wrong with a formula, with a line that points at it."""


def evaluate(text: str, at: Mapping[str, float]) -> Value:
    """The graph of the formula, its variables labelled leaves with the numbers of `at`.

    It may use numbers, variables, + - * / **, the operations of autograd_lite by name, and lists
    for those that take any number of operands.

    Raises ExpressionError for anything else, for a variable with no number, and for a number with
    no variable.
    """
    text = text.strip()
    if len(text) > LONGEST:
        raise ExpressionError(f"the formula has over {LONGEST:,} characters")
    try:
        tree = ast.parse(text, mode="eval")
    except SyntaxError as error:
        line = text.splitlines()[(error.lineno or 1) - 1] if text else ""
        raise _pointing(line, max(0, (error.offset or 1) - 1), error.msg) from None
    except (MemoryError, RecursionError):
        raise ExpressionError("the formula is nested too deeply") from None
    except ValueError as error:
        raise ExpressionError(f"the formula cannot be read: {error}") from None
    reader = _Reader(text, at)
    try:
        root = reader.read(tree.body)
    except RecursionError:
        raise ExpressionError("the formula is nested too deeply") from None
    unused = [name for name in at if name not in reader.variables]
    if unused:
        raise ExpressionError(f"{unused[0]} is given a number, but is not in the formula")
    if isinstance(root, list):
        raise reader.fault(tree.body, "the result is a list: a graph has one result")
    if not isinstance(root, Value):
        raise ExpressionError("the formula has no variable: nothing to differentiate")
    return root


def _pointing(line: str, column: int, message: str) -> ExpressionError:
    return ExpressionError(f"{message}\n  {line}\n  {' ' * column}^")


class _Reader:
    def __init__(self, text: str, at: Mapping[str, float]) -> None:
        self.lines, self.at = text.splitlines(), at
        self.variables: dict[str, Value] = {}

    def fault(self, node: ast.expr, message: str) -> ExpressionError:
        line = self.lines[node.lineno - 1]
        return _pointing(line, len(line.encode()[: node.col_offset].decode()), message)

    def read(self, node: ast.expr) -> Any:
        match node:
            case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
                try:
                    return float(number)
                except OverflowError:
                    raise self.fault(node, "the number is too large") from None
            case ast.Name(id=name):
                return self._variable(node, name)
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
                return self._apply(node, _OPERATORS[type(op)], [self.read(left), self.read(right)])
            case ast.UnaryOp(op=op, operand=operand) if type(op) in _OPERATORS:
                return self._apply(node, _OPERATORS[type(op)], [self.read(operand)])
            case ast.Call(func=ast.Name(id=name), args=args, keywords=[]):
                if name not in _FUNCTIONS:
                    raise self.fault(node, f"{name} is no operation of autograd_lite")
                return self._apply(node, _FUNCTIONS[name], [self.read(arg) for arg in args])
            case ast.List(elts=elements) | ast.Tuple(elts=elements):
                return [self.read(element) for element in elements]
        raise self.fault(node, "a formula has numbers, names, + - * / **, calls and lists only")

    def _variable(self, node: ast.expr, name: str) -> Value:
        if name not in self.at:
            call = f"is an operation: write {name}(x)" if name in _FUNCTIONS else ""
            raise self.fault(node, f"{name} {call or f'has no number: add --at {name}=1'}")
        return self.variables.setdefault(name, Value(self.at[name], label=name))

    def _apply(self, node: ast.expr, function: Callable[..., Any], operands: list[Any]) -> Any:
        alone = all(isinstance(x, float) for x in operands)
        try:
            # Numbers too go through Value, whose arithmetic never raises: 1 / 0 is inf.
            out = function(*(Value(x) for x in operands) if alone else operands)
        except (TypeError, ValueError) as error:
            raise self.fault(node, str(error)) from None
        return out.data if alone and isinstance(out, Value) else out
