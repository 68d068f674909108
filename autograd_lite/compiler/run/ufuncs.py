"""A formula as a sequence of operations that write into given arrays."""

from __future__ import annotations

from autograd_lite.operations.formulas import CONSTANTS, FUNCTIONS
from autograd_lite.operations.rules import CODES, RULES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import TypeAlias

    from autograd_lite.operations.formulas import Tree

    Step: TypeAlias = tuple[str, tuple[str | float, ...], str]

__all__ = ["NEGATED", "RESULT", "UFUNCS", "WHOLE", "steps_of"]

RESULT = "result"

UFUNCS = {
    "+": "add", "-": "subtract", "*": "multiply", "/": "divide", "<": "less", "<=": "less_equal",
    ">": "greater", ">=": "greater_equal", "==": "equal", "!=": "not_equal",
} | {name: function.numpy for name, function in FUNCTIONS.items()}  # fmt: skip
# Of two numbers one is not less than the other where neither is nan. Where one is, so is what is
# computed, and then the caller asks the reference executor.
NEGATED = {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "==": "!=", "!=": "=="}

# Rules that NumPy has as they are, by their formulas.
WHOLE = {RULES[CODES[name]].value.tree: name for name in ("maximum", "minimum")}
WHOLE[RULES[CODES["larger"]].value.tree] = "maximum"  # but for nans


def steps_of(tree: Tree) -> list[Step]:
    """The calls (function, operands, target) of a formula.

    An operand is a number, a name in the formula, or an earlier target: RESULT, or "t0", "t1", ...
    for numbers and "c0", "c1", ... for conditions.
    """
    if tree in WHOLE:
        return [(WHOLE[tree], ("x", "y"), RESULT)]
    writer = _Writer()
    operand = writer.value(tree, RESULT, 0)
    if operand != RESULT:
        writer.steps.append(("copyto", (operand,), RESULT))
    return writer.steps


class _Writer:
    def __init__(self) -> None:
        self.steps: list[Step] = []

    def value(self, tree: Tree, target: str, depth: int) -> str | float:
        """Where the value of an expression stands: its name, or the target."""
        match tree:
            case int() | float():
                return float(tree)
            case str():
                return CONSTANTS.get(tree, tree)
            case ("-", x):
                self.call("negative", [x], target, depth)
            case ("where", condition, yes, no):
                self.where(condition, yes, no, target, depth)
            case (function, *operands):
                self.call(UFUNCS[function], operands, target, depth)
        return target

    def call(self, function: str, operands: Iterable[Tree], target: str, depth: int) -> None:
        """Target = function(operands); the first that is no name may be computed in the target."""
        values: list[str | float] = []
        free = target if target[0] != "c" else f"t{depth}"
        for operand in operands:
            value = self.value(operand, free, depth + 1)
            values.append(value)
            if value == free:
                free = f"t{depth}" if free == target else f"t{depth}'"
        self.steps.append((function, tuple(values), target))

    def where(self, condition: Tree, yes: Tree, no: Tree, target: str, depth: int) -> None:
        assert isinstance(condition, tuple)
        compare, *operands = condition
        if (yes, no) == (1, 0):
            self.call(UFUNCS[compare], operands, target, depth)
        elif (yes, no) == (0, 1):
            self.call(UFUNCS[NEGATED[compare]], operands, target, depth)
        elif condition == ("<=", no, yes):
            self.call("maximum", operands, target, depth)
        else:
            value = self.value(no, target, depth + 1)
            if value != target:
                self.steps.append(("copyto", (value,), target))
            self.call(UFUNCS[compare], operands, f"c{depth}", depth + 1)
            value = self.value(yes, f"t{depth}", depth + 1)
            self.steps.append(("copyto", (value, f"c{depth}"), target))
