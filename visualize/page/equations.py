"""The equation that gave a box its number, with names and with numbers: "w * x", "0.5 * 2"."""

from __future__ import annotations

import re
from math import copysign, isnan

from autograd_lite import dot
from autograd_lite.operations import kernels
from autograd_lite.operations.formulas import OPERATORS, to_text
from autograd_lite.value import nary
from visualize.picture.text import short

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from autograd_lite.operations.formulas import Tree
    from autograd_lite.operations.rules import Rule
    from visualize.model.diagram import Box

    Write = Callable[[float], str]

__all__ = ["Equation", "equation", "readable"]

TERMS = 6
"""The most operands that are written out."""


class Equation:
    """How a box's number came about.

    formula   the operation, with names in place of its operands
    numbers   the same with numbers; "" if they do not give the box's number any more, as some were
              set since
    partials  for each operand, the formula of the partial by it, or "" if that is not told
    """

    def __init__(self, formula: str, numbers: str, partials: Sequence[str] = ()) -> None:
        self.formula, self.numbers, self.partials = formula, numbers, partials


def equation(
    box: Box,
    name: str,
    words: Sequence[str],
    numbers: Sequence[float],
    partials: Mapping[int, float | None],
    write: Write,
) -> Equation:
    """The equation of a box that an operation made.

    words     the names of its operands
    numbers   their numbers
    partials  the partials by operands that are drawn, to compare with their formulas
    """
    rule, c = box.rule, write(box.static)
    # 1 / 0 is not 1 / -0.
    written = ["-0" if x == 0 and copysign(1, x) < 0 else write(x) for x in numbers]
    formula, in_numbers = _value(box, words, c), _value(box, written, c)
    if rule is None or rule.derivative is not None:  # it cannot be computed again
        return Equation(formula, in_numbers)
    again, by = _computed(rule, box.static, numbers)
    if not _equal(again, box.data):
        return Equation(formula, "")
    return Equation(
        formula,
        in_numbers,
        [
            _partial(rule, k, words, name, c) if _equal(by[k], partials.get(k)) else ""
            for k in range(len(words))
        ],
    )


def readable(name: str) -> str:
    """The name of an operand; in quotes if it would be read as a number."""
    try:
        float(name)
    except ValueError:
        return name
    return f'"{name}"'


# ---------------------------------------------------------------------------------- as text


def _value(box: Box, operands: Sequence[str], c: str) -> str:
    rule = box.rule
    if rule is not None and rule.name == "dot":
        half = len(operands) // 2
        pairs = zip(operands[:half], operands[half:], strict=True)
        return _listed([f"{_factor(x)}*{_factor(y)}" for x, y in pairs], " + ")
    if rule is not None and rule.static and rule.symbol.startswith("**"):
        return f"{_factor(operands[0])}**{c}"
    if rule is not None and rule.value.text and not rule.nary:
        return _put(rule.value.tree, _letters(rule, operands, c))
    arguments = [f"({x})" if "," in x else x for x in operands]
    return f"{short(box.operation)}({_listed(arguments, ', ')}){_which_result(box)}"


def _which_result(box: Box) -> str:
    """The place of a program's result among several, as an index."""
    program = box.members[0]._program if box.members else None
    place = None if program is None else program[1].place(box.members[0])
    return "" if place is None else f"[{place}]"


def _partial(rule: Rule, k: int, operands: Sequence[str], name: str, c: str) -> str:
    if rule.name == "dot":
        half = len(operands) // 2
        return operands[(k + half) % len(operands)]
    if rule.static and rule.symbol.startswith("**"):
        return ""
    if rule.nary:
        terms = {"x": operands[k], "n": str(len(operands)), "out": name}
        return _put(rule.partials[0].tree, terms)
    return _put(rule.partials[k].tree, _letters(rule, operands, c) | {"out": name})


def _letters(rule: Rule, operands: Sequence[str], c: str) -> dict[str, str]:
    """The operand, or the static parameter, that each letter of the rule stands for."""
    return dict(zip(rule.operands, [*operands, c], strict=False))


def _listed(terms: Sequence[str], between: str) -> str:
    return between.join(terms if len(terms) <= TERMS else [*terms[: TERMS - 1], "…"])


_ATOM = re.compile(r"[^\W\d]\w*(?:\.\w+|\[[^][]*\])*|\d[\w.+-]*|\"[^\"]*\"")


def _put(tree: Tree, terms: Mapping[str, str]) -> str:
    """The formula with these terms in place of its letters."""

    def put(tree: Tree, alone: bool) -> Tree:
        if isinstance(tree, str):
            text = terms.get(tree, tree)
            return text if alone and "," not in text else _factor(text)
        if isinstance(tree, tuple):
            return tree[0], *[put(x, tree[0] not in OPERATORS) for x in tree[1:]]
        return tree

    return to_text(put(tree, alone=True))


def _factor(text: str) -> str:
    """The text, in parentheses unless it is one name or number."""
    return text if _ATOM.fullmatch(text) else f"({text})"


# ------------------------------------------------------------------------------- computed again


def _computed(rule: Rule, c: float, numbers: Sequence[float]) -> tuple[float, Sequence[float]]:
    """The value and the partials of a rule of the engine's own."""
    if rule.name == "dot":
        xs, ys = numbers[: len(numbers) // 2], numbers[len(numbers) // 2 :]
        return dot(xs, ys), [*ys, *xs]
    if rule.nary:
        out = nary(rule.code, numbers)
        partial = kernels.FUNCTIONS[rule.code]
        return out, [partial(x, float(len(numbers)), out)[0] for x in numbers]
    operands = (*numbers, c) if len(numbers) == 1 else numbers
    out, *by = kernels.FUNCTIONS[rule.code](*operands)
    return out, by


def _equal(x: float, y: float | None) -> bool:
    """Whether the two are the same number, but for rounding of the last digits."""
    if y is None or x == y or (isnan(x) and isnan(y)):
        return y is not None
    return abs(x - y) <= 1e-9 * max(abs(x), abs(y)) and abs(x - y) != float("inf")
