"""Formulas in C99 with few parentheses, in which a number is a NAME_REAL, whatever that is."""

from __future__ import annotations

import math

from autograd_lite.operations.formulas import CONSTANTS, NotInCError, to_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from autograd_lite.operations.formulas import Tree

__all__ = ["is_in_parentheses", "number_in_c", "to_readable_c"]

# How tightly operators bind in C, from "? :" to a sign.
_CHOICE, _SIGN = 1, 6
_BINDS = {"==": 2, "!=": 2, "<": 3, "<=": 3, ">": 3, ">=": 3, "+": 4, "-": 4, "*": 5, "/": 5}


def number_in_c(number: float, real: str) -> str:
    """A number of type `real`."""
    if not math.isfinite(number):
        text = "NAN" if math.isnan(number) else "INFINITY" if number > 0 else "-INFINITY"
        return f"({real}){text}"
    return f"({real}){float(number)!r}"


def to_readable_c(tree: Tree, names: Mapping[str, str], real: str) -> str:
    """A formula, in parentheses unless it is one operand.

    names  {function: its name in C}

    Other strings of the tree stand in the text as they are: operands in C. Raises NotInCError for a
    function without a name.
    """
    return _text(tree, names, real, _SIGN + 1, False)


def _text(tree: Tree, names: Mapping[str, str], real: str, within: int, beside: bool) -> str:
    """The text, in parentheses if it binds less tightly than `within`.

    beside  True if something of type `real` stands beside it, to which C converts an int
    """
    match tree:
        case str():
            return number_in_c(CONSTANTS[tree], real) if tree in CONSTANTS else tree
        case int() | float():
            whole = beside and float(tree).is_integer() and 0 <= tree < 1000 and str(tree)[0] != "-"
            return str(int(tree)) if whole else number_in_c(tree, real)
        case ("-", x):
            binds, text = _SIGN, f"-{_text(x, names, real, _SIGN + 1, beside)}"
        case (sign, x, y) if sign in _BINDS:
            binds = _BINDS[sign]
            left = _text(x, names, real, binds, not _is_number(y))
            right = _text(y, names, real, binds + 1, not _is_number(x))
            text = f"{left} {sign} {right}"
        case ("where", condition, x, y):
            binds = _CHOICE
            chosen = [
                _text(z, names, real, _CHOICE + 1, not _is_number(other) or (beside and z is y))
                for z, other in ((x, y), (y, x))
            ]
            text = f"{_text(condition, names, real, 2, False)} ? {chosen[0]} : {chosen[1]}"
        case (function, *operands) if function in names:
            given = ", ".join(_text(x, names, real, 0, True) for x in operands)
            return f"{names[function]}({given})"
        case _:
            raise NotInCError(to_text(tree))
    return f"({text})" if binds < within else text


def _is_number(tree: Tree) -> bool:
    """True if no operand's type says that it is a `real`."""
    match tree:
        case int() | float():
            return True
        case ("-", x):
            return _is_number(x)
        case ("where", _, x, y):
            return _is_number(x) and _is_number(y)
    return False


def is_in_parentheses(text: str) -> bool:
    """True if it is one expression in parentheses, and not a cast."""
    if not (text.startswith("(") and text.endswith(")")):
        return False
    depth = 0
    for k, letter in enumerate(text):
        depth += (letter == "(") - (letter == ")")
        if not depth:
            return k == len(text) - 1
    return False
