"""A formula as a sequence of operations that write into given arrays."""

from __future__ import annotations

import ast
import math

from autograd_lite.operations.formulas import CONSTANTS, parse
from autograd_lite.operations.rules import CODES, RULES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeAlias

    Step: TypeAlias = tuple[str, tuple[str | float, ...], str]

__all__ = ["RESULT", "steps_of"]

RESULT = "result"

_OPERATORS = {
    ast.Add: "add", ast.Sub: "subtract", ast.Mult: "multiply", ast.Div: "divide",
    ast.Lt: "less", ast.LtE: "less_equal", ast.Gt: "greater", ast.GtE: "greater_equal",
    ast.Eq: "equal", ast.NotEq: "not_equal",
}  # fmt: skip
# Of two numbers one is not less than the other where neither is nan. Where one is, so is what is
# computed, and then the caller asks the reference executor.
_NEGATED = {
    "less": "greater_equal", "less_equal": "greater", "greater": "less_equal",
    "greater_equal": "less", "equal": "not_equal", "not_equal": "equal",
}  # fmt: skip
# What the functions of a formula are called here; `calls.py` has those that are not NumPy's.
_FUNCTIONS = {
    "acos": "arccos", "acosh": "arccosh", "asin": "arcsin", "asinh": "arcsinh", "atan": "arctan",
    "atan2": "arctan2", "atanh": "arctanh", "fabs": "absolute", "floor_mod": "remainder",
    "round_even": "rint",
} | {
    name: name
    for name in (
        *("cbrt", "ceil", "copysign", "cos", "cosh", "erf", "erfc", "exp", "exp2", "expm1"),
        *("floor", "floor_divide", "fmod", "hypot", "lgamma", "log", "log1p", "log2", "log10"),
        *("polygamma", "power", "sin", "sinh", "sqrt", "tan", "tanh", "trunc"),
    )
}  # fmt: skip

# Rules that NumPy has as they are, by their formulas.
_WHOLE = {RULES[CODES[name]].value: name for name in ("maximum", "minimum")}


def steps_of(text: str) -> list[Step]:
    """The calls (function, operands, target) of a formula.

    An operand is a number, a name in the formula, or an earlier target: RESULT, or "t0", "t1", ...
    for numbers and "c0", "c1", ... for conditions.
    """
    if text in _WHOLE:
        return [(_WHOLE[text], ("x", "y"), RESULT)]
    writer = _Writer()
    operand = writer.value(parse(text), RESULT, 0)
    if operand != RESULT:
        writer.steps.append(("copyto", (operand,), RESULT))
    return writer.steps


class _Writer:
    def __init__(self) -> None:
        self.steps: list[Step] = []

    def value(self, node: ast.expr, target: str, depth: int) -> str | float:
        """Where the value of an expression stands: its name, or the target."""
        match node:
            case ast.Constant(value=int() | float() as number):
                return float(number)
            case ast.Name(id=name):
                return math.nan if name == "NAN" else CONSTANTS.get(name, name)
            case ast.UnaryOp(operand=operand):
                self.call("negative", [operand], target, depth)
            case ast.BinOp(left=left, op=op, right=right):
                self.call(_OPERATORS[type(op)], [left, right], target, depth)
            case ast.Call(func=ast.Name(id="where"), args=[condition, yes, no]):
                assert isinstance(condition, ast.Compare)
                self.where(condition, yes, no, target, depth)
            case ast.Call(func=ast.Name(id=name), args=args):
                if name not in _FUNCTIONS:
                    raise NotImplementedError(f"{name} is not known as a function of arrays")
                self.call(_FUNCTIONS[name], args, target, depth)
            case _:
                raise SyntaxError(f"not a formula: {ast.unparse(node)}")
        return target

    def call(self, function: str, operands: list[ast.expr], target: str, depth: int) -> None:
        """Target = function(operands); the first that is no name may be computed in the target."""
        values: list[str | float] = []
        free = target if target[0] != "c" else f"t{depth}"
        for operand in operands:
            value = self.value(operand, free, depth + 1)
            values.append(value)
            if value == free:
                free = f"t{depth}" if free == target else f"t{depth}'"
        self.steps.append((function, tuple(values), target))

    def where(
        self, condition: ast.Compare, yes: ast.expr, no: ast.expr, target: str, depth: int
    ) -> None:
        operands = [condition.left, condition.comparators[0]]
        compare = _OPERATORS[type(condition.ops[0])]
        arms = ast.unparse(yes), ast.unparse(no)
        if arms == ("1", "0"):
            self.call(compare, operands, target, depth)
        elif arms == ("0", "1"):
            self.call(_NEGATED[compare], operands, target, depth)
        elif ast.unparse(condition) == f"{arms[1]} <= {arms[0]}":
            self.call("maximum", operands, target, depth)
        else:
            value = self.value(no, target, depth + 1)
            if value != target:
                self.steps.append(("copyto", (value,), target))
            self.call(compare, operands, f"c{depth}", depth + 1)
            value = self.value(yes, f"t{depth}", depth + 1)
            self.steps.append(("copyto", (value, f"c{depth}"), target))
