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


def _polygamma(n: Any, x: Any) -> Any:
    whole = isinstance(n, float) and n.is_integer()
    return autograd_lite.polygamma(int(n) if whole else n, x)


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    name: getattr(autograd_lite, name)
    for name in ("prod", *(rule.name for rule in RULES))
    if name in autograd_lite.__all__
} | {"abs": abs, "neg": operator.neg, "polygamma": _polygamma}


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
    if not text:
        raise ExpressionError("the formula is empty")
    if len(text) > LONGEST:
        raise ExpressionError(f"the formula has over {LONGEST:,} characters")
    try:
        tree = ast.parse(text, mode="eval")
    except SyntaxError as error:
        line = text.splitlines()[(error.lineno or 1) - 1]
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
    if isinstance(root, list):
        raise reader.fault(tree.body, "the result is a list: a graph has one result")
    unused = [name for name in at if name not in reader.variables]
    if unused:
        raise ExpressionError(f"{unused[0]} is given a number, but is not in the formula")
    if not isinstance(root, Value):
        raise ExpressionError("the formula has no variable: nothing to differentiate")
    return root


def _pointing(line: str, column: int, message: str) -> ExpressionError:
    from unicodedata import east_asian_width

    wide = sum(east_asian_width(character) in "WF" for character in line[:column])
    return ExpressionError(f"{message}\n  {line}\n  {' ' * (column + wide)}^")


class _Reader:
    def __init__(self, text: str, at: Mapping[str, float]) -> None:
        self.lines, self.at = text.splitlines(), at
        self.variables: dict[str, Value] = {}

    def fault(self, node: ast.expr, message: str, behind: bool = False) -> ExpressionError:
        """The error that points at the start of the node, or at what stands behind it."""
        row, column = node.lineno, node.col_offset
        if behind:
            row, column = node.end_lineno or row, node.end_col_offset or column
        line = self.lines[row - 1]
        return _pointing(line, len(line.encode()[:column].decode()), message)

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
                return self._operate(_OPERATORS[type(op)], left, right)
            case ast.UnaryOp(op=op, operand=operand) if type(op) in _OPERATORS:
                return self._operate(_OPERATORS[type(op)], operand)
            case ast.Call(func=ast.Name(id=name), args=args, keywords=[]):
                return self._call(node, name, args)
            case ast.List(elts=elements) | ast.Tuple(elts=elements):
                return [self.read(element) for element in elements]
            case ast.Call(func=ast.Attribute() as method):
                return self.read(method)  # which says what is wrong with it
            case ast.Attribute(value=value, attr=name):
                self.read(value)
                hint = f": write {name}(x)" if name in _FUNCTIONS else ""
                raise self.fault(value, f"a formula has no attributes{hint}", behind=True)
        raise self.fault(node, "a formula has numbers, names, + - * / **, calls and lists only")

    def _variable(self, node: ast.expr, name: str) -> Value:
        if name not in self.at:
            call = f"is an operation: write {name}(x)" if name in _FUNCTIONS else ""
            raise self.fault(node, f"{name} {call or f'has no number: add --at {name}=1'}")
        return self.variables.setdefault(name, Value(self.at[name], label=name))

    def _operate(self, function: Callable[..., Any], *nodes: ast.expr) -> Any:
        operands = [self.read(node) for node in nodes]
        for node, operand in zip(nodes, operands, strict=True):
            if isinstance(operand, list):
                raise self.fault(node, "a list goes into an operation such as sum only")
        if any(isinstance(x, Value) for x in operands):
            return function(*operands)
        # Numbers too go through Value, whose arithmetic never raises: 1 / 0 is inf.
        return function(*map(Value, operands)).data

    def _call(self, node: ast.expr, name: str, args: list[ast.expr]) -> Any:
        from inspect import signature

        if name not in _FUNCTIONS:
            raise self.fault(node, f"{name} is no operation of autograd_lite")
        parameters = list(signature(_FUNCTIONS[name]).parameters.values())
        most = len(parameters)
        least = sum(parameter.default is parameter.empty for parameter in parameters)
        if not least <= len(args) <= most:
            count = (
                f"{most} operand{'s' * (most > 1)}"
                if least == most
                else f"{least} or {most} operands"
            )
            raise self.fault(node, f"{name} takes {count}, not {len(args)}")
        operands = [self.read(arg) for arg in args]
        for arg, operand, parameter in zip(args, operands, parameters, strict=False):
            listed = isinstance(operand, list)
            if listed != (parameter.name in ("xs", "ys")):
                kind = "numbers, not a list" if listed else "a list: write [x, y]"
                raise self.fault(arg, f"{name} takes {kind}")
        try:
            return _FUNCTIONS[name](*operands)
        except (TypeError, ValueError) as error:
            raise self.fault(node, str(error)) from None
